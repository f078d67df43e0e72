//! A trigger's id as it is kept.

use std::fmt;

/// Room for an id without an allocation.
const INLINE: usize = 14;

/// A text in sixteen bytes: most ids are short, and are then in no memory of their own.
#[derive(Clone, PartialEq)]
pub(super) struct Id(Repr);

/// A text has one form only, told by its length, so that equal ids are equal here.
#[derive(Clone, PartialEq)]
enum Repr {
    Short { length: u8, text: [u8; INLINE] },
    Long(Box<Box<str>>),
}

impl Id {
    pub(super) fn as_str(&self) -> &str {
        match &self.0 {
            // It was a text when it was put there.
            Repr::Short { length, text } => {
                std::str::from_utf8(&text[..usize::from(*length)]).unwrap_or_default()
            }
            Repr::Long(text) => text,
        }
    }
}

impl From<Box<str>> for Id {
    fn from(id: Box<str>) -> Self {
        if id.len() > INLINE {
            return Self(Repr::Long(Box::new(id)));
        }
        let mut text = [0; INLINE];
        text[..id.len()].copy_from_slice(id.as_bytes());
        Self(Repr::Short { length: id.len() as u8, text })
    }
}

impl From<Id> for Box<str> {
    fn from(id: Id) -> Self {
        match id.0 {
            Repr::Long(text) => *text,
            Repr::Short { .. } => id.as_str().into(),
        }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_as_it_was_whatever_its_length() {
        assert_eq!(size_of::<Id>(), 16);
        for text in ["", "vip-1000", "fourteen-bytes", "fifteen-bytes-x", &"long".repeat(32)] {
            let id = Id::from(Box::<str>::from(text));
            assert_eq!((id.as_str(), format!("{id:?}")), (text, format!("{text:?}")));
            assert_eq!(id, id.clone());
            assert_eq!(&*Box::<str>::from(id), text);
        }
    }
}

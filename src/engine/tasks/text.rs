//! Texts that are kept where they stand.

use std::ops::Deref;
use std::sync::Arc;

/// How many bytes have room beside their length.
const ROOM: usize = 22;

/// A text that takes no memory of its own where it is short, as most ids and
/// names are, so that comparing one reads no other line.
#[derive(Debug, Clone)]
pub(in crate::engine) enum Text {
    Short { len: u8, bytes: [u8; ROOM] },
    Long(Arc<str>),
}

impl Text {
    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Long(text) => text.as_bytes(),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let mut bytes = [0; ROOM];
        match bytes.get_mut(..text.len()) {
            Some(room) => {
                room.copy_from_slice(text.as_bytes());
                Self::Short { len: text.len() as u8, bytes }
            }
            None => Self::Long(text.into()),
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        // It was made of a text, so that it is one.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_any_length_is_the_same_again_and_short_ones_take_no_memory() {
        for len in [0, 1, 20, 21, 22, 23, 24, 300] {
            let text = format!("{}é", "x".repeat(len));
            let kept = Text::from(&*text);
            assert_eq!((&*kept, kept.as_bytes()), (&*text, text.as_bytes()));
            assert_eq!(matches!(kept, Text::Short { .. }), text.len() <= ROOM);
        }
        assert_eq!(size_of::<Option<Text>>(), 24);
    }
}

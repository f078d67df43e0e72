//! Whom the data of an event names as owners.

use std::borrow::Cow;

use super::json::{self, each_element};
use super::text::{push_json_string, push_key};

/// Few read the owners, so they stay text until somebody does.
#[derive(Debug, Clone, Default)]
pub(super) enum Owners<'a> {
    #[default]
    None,
    Listed(Vec<Cow<'a, str>>),
    /// A JSON array of strings.
    Raw(&'a str),
}

impl<'a> Owners<'a> {
    /// The owners that verified JSON lists; `None` where it is anything but an array of strings.
    pub(super) fn of_raw(raw: &'a str) -> Option<Self> {
        holds_only_strings(raw).then_some(Self::Raw(raw))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let (listed, raw) = match self {
            Owners::None => (&[][..], None),
            Owners::Listed(owners) => (&owners[..], None),
            Owners::Raw(raw) => (&[][..], Some(*raw)),
        };
        let mut read = Vec::new();
        if let Some(raw) = raw {
            // Read before, when the data was: it is an array of strings.
            let _ = each_element(raw, |owner| {
                read.extend(json::string(owner)?);
                Ok(())
            });
        }
        listed.iter().map(|owner| Cow::Borrowed(&**owner)).chain(read)
    }

    /// Appends them as a further member of an object, if there are any.
    pub(super) fn push_json(&self, text: &mut String) {
        let mut is_empty = true;
        for owner in self.iter() {
            if is_empty {
                push_key(text, "owners");
            }
            text.push(if is_empty { '[' } else { ',' });
            push_json_string(text, &owner);
            is_empty = false;
        }
        if !is_empty {
            text.push(']');
        }
    }
}

impl<'a, O: Into<Cow<'a, str>>> FromIterator<O> for Owners<'a> {
    fn from_iter<I: IntoIterator<Item = O>>(owners: I) -> Self {
        Self::Listed(owners.into_iter().map(Into::into).collect())
    }
}

impl PartialEq for Owners<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// Whether the JSON value `raw` is an array of strings: only commas and space stand between those.
fn holds_only_strings(raw: &str) -> bool {
    let (mut in_string, mut escaped) = (false, false);
    let Some(inner) = raw.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else { return false };
    inner.bytes().all(|byte| {
        let was_in_string = in_string;
        in_string ^= byte == b'"' && !escaped;
        escaped = was_in_string && !escaped && byte == b'\\';
        was_in_string || in_string || byte == b',' || byte.is_ascii_whitespace()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_strings_whatever_stands_in_them() {
        for raw in [r#"[]"#, r#"[ ]"#, r#"["a"]"#, "[ \"a\\\"]\\\\\" ,\n\"[1]\" ]", r#"["1",""]"#] {
            assert!(holds_only_strings(raw), "{raw}");
        }
        for raw in [r#"[1]"#, r#"["a",null]"#, r#"[["a"]]"#, r#"[{}]"#, r#""a""#, "{}", r#"["\\",1]"#, "true"]
        {
            assert!(!holds_only_strings(raw), "{raw}");
        }
    }

    #[test]
    fn owners_are_equal_however_they_came() {
        let raw = Owners::of_raw(r#"["a", "b\u00f6b"]"#).unwrap();
        assert_eq!(raw, Owners::from_iter(["a", "böb"]));
        assert_eq!(Owners::of_raw("[]").unwrap(), Owners::None);
        assert_ne!(raw, Owners::from_iter(["böb", "a"]));
    }
}

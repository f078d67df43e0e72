//! The keys of objects: borrowed, compared, found again.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Visitor};

use super::super::place::{Refusal, offset_in, shown};

/// The rest of `text` from the quote on that opens `key`, a key in it. An escaped
/// key is no part of the text; it is found from its value: the last quote before
/// that which no backslash escapes, the closing one aside.
pub(in crate::event) fn key_at<'de>(text: &'de str, key: &Cow<'de, str>, value: &'de str) -> &'de str {
    if let Cow::Borrowed(key) = key {
        return &text[offset_in(text, key).saturating_sub(1)..];
    }
    let before = text[..offset_in(text, value)].trim_ascii_end().trim_end_matches(':').trim_ascii_end();
    let mut quote = before.len().saturating_sub(1);
    while let Some(at) = before[..quote].rfind('"') {
        quote = at;
        if !before[..at].ends_with('\\') {
            break;
        }
    }
    &text[quote..]
}

/// The rest of `text` from the value on that belongs to `key`, a key in it;
/// `None` for an escaped key.
pub(in crate::event) fn value_at<'de>(text: &'de str, key: &Cow<'de, str>) -> Option<&'de str> {
    let Cow::Borrowed(key) = key else { return None };
    let rest = &text[offset_in(text, key) + key.len() + 1..];
    // Most texts have no space around the colon.
    let rest = rest.strip_prefix(':').or_else(|| rest.trim_ascii_start().strip_prefix(':'))?;
    Some(if rest.starts_with('"') { rest } else { rest.trim_ascii_start() })
}

/// The refusal of a key that its object has already.
pub(in crate::event) fn twice<'de>(text: &'de str, key: &Cow<'de, str>, value: &'de str) -> Refusal<'de> {
    let message = format!("the key {:?} comes twice in one object", shown(key));
    Refusal::invalid(key_at(text, key, value), message)
}

/// The keys of one object. Few and unescaped ones, which is nearly always, cost no allocation.
#[derive(Default)]
pub(in crate::event) struct Keys<'de> {
    few: [&'de str; 8],
    len: usize,
    many: Option<hashbrown::HashSet<Cow<'de, str>, foldhash::fast::RandomState>>,
}

impl<'de> Keys<'de> {
    /// False where the key is there already.
    pub(in crate::event) fn insert(&mut self, key: Cow<'de, str>) -> bool {
        if self.few[..self.len].contains(&&*key)
            || self.many.as_ref().is_some_and(|many| many.contains(&*key))
        {
            return false;
        }
        match key {
            Cow::Borrowed(key) if self.len < self.few.len() => {
                self.few[self.len] = key;
                self.len += 1;
            }
            key => {
                self.many.get_or_insert_default().insert(key);
            }
        }
        true
    }
}

/// A key, borrowed where nothing in it is escaped.
pub(in crate::event) struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

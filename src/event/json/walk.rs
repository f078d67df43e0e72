//! The walk over one value that finds what the grammar allows and this crate does not.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::number;
use super::super::place::Refusal;
use super::{Key, Keys, Slot, parse, stop, string, twice};
use crate::error::ErrorKind;

/// How deep containers may nest.
#[derive(Debug, Clone, Copy)]
pub(in crate::event) struct Depth {
    /// Levels that may still open.
    left: usize,
    /// What the caller set, for the message.
    limit: usize,
}

impl Depth {
    /// Levels of an event, where nothing else was asked for.
    pub(in crate::event) const DEFAULT: usize = 64;

    pub(in crate::event) fn new(limit: usize) -> Self {
        Self { left: limit, limit }
    }

    /// Whether so many levels may still open.
    pub(in crate::event) fn has(self, levels: usize) -> bool {
        self.left >= levels
    }

    pub(in crate::event) fn is_left(self) -> bool {
        self.left > 0
    }

    /// What is left inside a container.
    pub(in crate::event) fn inside(self) -> Self {
        Self { left: self.left.saturating_sub(1), ..self }
    }
}

/// Walks the JSON value that `text` is; at least one level must be left.
pub(in crate::event) fn verify(text: &str, depth: Depth) -> Result<(), Refusal<'_>> {
    parse(text, "expected a value", |json, slot| Walk { text, depth, slot }.deserialize(json))
}

/// The same for a value whose grammar is known to be right.
pub(in crate::event) fn verify_raw(raw: &str, depth: Depth) -> Result<(), Refusal<'_>> {
    match raw.as_bytes().first() {
        Some(b'"') => string(raw).map(drop),
        Some(b'{' | b'[') if depth.left == 0 => {
            let message = format!("nested deeper than the limit of {} levels", depth.limit);
            Err(Refusal::new(ErrorKind::Limit, raw, message))
        }
        Some(b'{' | b'[') => verify(raw, depth),
        Some(b'-' | b'0'..=b'9') if !number::is_finite(raw) => Err(Refusal::beyond_range(raw)),
        _ => Ok(()),
    }
}

/// Walks one value where it stands. `depth` counts the value itself and is not
/// used up: a container too deep is refused by the one around it, which takes
/// its members raw and so knows where they start.
#[derive(Clone, Copy)]
pub(in crate::event) struct Walk<'w, 'de> {
    pub(in crate::event) text: &'de str,
    pub(in crate::event) depth: Depth,
    pub(in crate::event) slot: &'w Slot<'de>,
}

impl<'de> Walk<'_, 'de> {
    /// The same inside a container.
    pub(in crate::event) fn inside(self) -> Self {
        Self { depth: self.depth.inside(), ..self }
    }

    /// The next value of a map whose values are this walk.
    pub(in crate::event) fn member<A: MapAccess<'de>>(self, map: &mut A) -> Result<(), A::Error> {
        if self.depth.left > 0 {
            return map.next_value_seed(self);
        }
        let value: &RawValue = map.next_value()?;
        verify_raw(value.get(), self.depth).map_err(|refusal| stop(self.slot, refusal))
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let inside = self.inside();
        if inside.depth.left > 0 {
            while seq.next_element_seed(inside)?.is_some() {}
            return Ok(());
        }
        while let Some(element) = seq.next_element::<&RawValue>()? {
            verify_raw(element.get(), inside.depth).map_err(|refusal| stop(self.slot, refusal))?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = Keys::default();
        while let Some(key) = map.next_key_seed(Key)? {
            if !keys.insert(key.clone()) {
                let value: &RawValue = map.next_value()?;
                return Err(stop(self.slot, twice(self.text, &key, value.get())));
            }
            self.inside().member(&mut map)?;
        }
        Ok(())
    }
}

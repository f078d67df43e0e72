//! JSON read strictly: `serde_json` is the grammar, this adds what the grammar
//! leaves open (SPEC section 11): no key twice in an object, no number beyond a
//! float, a bounded depth.

mod keys;
mod walk;

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::Deserializer;
use serde_json::value::RawValue;

pub(in crate::event) use keys::{Key, Keys, key_at, twice, value_at};
pub(in crate::event) use walk::{Depth, Walk, verify, verify_raw};

use super::place::Refusal;

/// A fault that a visitor finds travels beside `serde_json`'s own error, which
/// could not say where it is.
pub(in crate::event) type Slot<'de> = Cell<Option<Refusal<'de>>>;

/// Puts `refusal` aside and stops the parser.
pub(in crate::event) fn stop<'de, E: serde::de::Error>(slot: &Slot<'de>, refusal: Refusal<'de>) -> E {
    slot.set(Some(refusal));
    E::custom("")
}

/// Runs a visitor over the whole of `text`, which must hold `wanted`.
pub(in crate::event) fn parse<'de>(
    text: &'de str,
    wanted: &str,
    visit: impl FnOnce(&mut Deserializer<serde_json::de::StrRead<'de>>, &Slot<'de>) -> serde_json::Result<()>,
) -> Result<(), Refusal<'de>> {
    let slot = Cell::new(None);
    let mut json = Deserializer::from_str(text);
    let Err(error) = visit(&mut json, &slot).and_then(|()| json.end()) else { return Ok(()) };
    if let Some(refusal) = slot.take() {
        return Err(refusal);
    }
    if error.is_data() {
        let start = text.trim_ascii_start();
        return Err(Refusal::invalid(start, format!("{wanted}, found {}", type_name(start))));
    }
    Err(Refusal::from_json_error(&error, text))
}

/// Hands each member of the JSON object `text` to `take`: the key unescaped,
/// the value as raw text. Keys are not compared; what is inside the values is
/// not looked at beyond the grammar.
pub(in crate::event) fn each_member<'de, F>(text: &'de str, take: F) -> Result<(), Refusal<'de>>
where
    F: FnMut(Cow<'de, str>, &'de str) -> Result<(), Refusal<'de>>,
{
    parse(text, "expected an object", |json, slot| json.deserialize_map(Members { take, slot }))
}

/// Hands each element of the JSON array `text` to `take`, as raw text.
pub(in crate::event) fn each_element<'de, F>(text: &'de str, take: F) -> Result<(), Refusal<'de>>
where
    F: FnMut(&'de str) -> Result<(), Refusal<'de>>,
{
    parse(text, "expected an array", |json, slot| json.deserialize_seq(Elements { take, slot }))
}

/// The text of a JSON string, borrowed where nothing in it is escaped; `None`
/// where `raw` is something else.
pub(in crate::event) fn string(raw: &str) -> Result<Option<Cow<'_, str>>, Refusal<'_>> {
    let Some(inner) = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Ok(None);
    };
    if !inner.as_bytes().contains(&b'\\') {
        return Ok(Some(Cow::Borrowed(inner)));
    }
    match serde_json::from_str::<String>(raw) {
        Ok(text) => Ok(Some(Cow::Owned(text))),
        Err(error) => Err(Refusal::from_json_error(&error, raw)),
    }
}

/// What a raw value is, for messages.
pub(in crate::event) fn type_name(raw: &str) -> &'static str {
    match raw.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        Some(_) => "a number",
        None => "nothing",
    }
}

struct Members<'w, 'de, F> {
    take: F,
    slot: &'w Slot<'de>,
}

impl<'de, F> Visitor<'de> for Members<'_, 'de, F>
where
    F: FnMut(Cow<'de, str>, &'de str) -> Result<(), Refusal<'de>>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Key)? {
            let value: &RawValue = map.next_value()?;
            (self.take)(key, value.get()).map_err(|refusal| stop(self.slot, refusal))?;
        }
        Ok(())
    }
}

struct Elements<'w, 'de, F> {
    take: F,
    slot: &'w Slot<'de>,
}

impl<'de, F> Visitor<'de> for Elements<'_, 'de, F>
where
    F: FnMut(&'de str) -> Result<(), Refusal<'de>>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element::<&RawValue>()? {
            (self.take)(element.get()).map_err(|refusal| stop(self.slot, refusal))?;
        }
        Ok(())
    }
}

//! Data walked where it stands, in one pass that also notes what it says about
//! a series.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::json::{Key, Keys, Walk, key_at, stop, twice, value_at, verify_raw};
use super::place::offset_in;
use super::scan::Shape;

/// The members of data that `tripline.value.observed` gives a meaning, as raw
/// text: `kind`, `name`, `value`, `sequence`, `dimensions` and `owners`.
pub(super) type RawFields<'de> = [Option<&'de str>; 6];

const OWNERS: usize = 5;

/// Collects [`RawFields`].
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fields<'de> {
    raw: RawFields<'de>,
    /// The one walked last, from its value on: it ends where the next key or the bracket starts.
    open: Option<(usize, &'de str)>,
    is_odd: bool,
}

impl<'de> Fields<'de> {
    pub(super) fn raw(&self) -> RawFields<'de> {
        self.raw
    }

    /// Notes the member `name`, if it is one of them.
    pub(super) fn set(&mut self, name: &str, raw: &'de str) {
        if let Some(at) = Self::position(name) {
            self.raw[at] = Some(raw);
        }
    }

    /// Notes a member of data that [`Scan`](super::scan::Scan) reads. True where it is one of
    /// them, false where it is another, `None` where it was there before.
    #[inline]
    pub(super) fn note(&mut self, name: &str, raw: &'de str, shape: Shape) -> Option<bool> {
        let Some(at) = Self::position(name) else { return Some(false) };
        self.is_odd |= at == OWNERS && shape != Shape::Strings && raw != "null";
        self.raw[at].replace(raw).is_none().then_some(true)
    }

    /// The owners are something else than strings.
    pub(super) fn is_odd(&self) -> bool {
        self.is_odd
    }

    /// The data is over; `text` is the whole of it.
    pub(super) fn end(&mut self, text: &str) {
        self.close(bracket(text));
    }

    fn close(&mut self, until: &str) {
        if let Some((at, start)) = self.open.take() {
            self.raw[at] = Some(between(start, until));
        }
    }

    fn position(name: &str) -> Option<usize> {
        Some(match name {
            "kind" => 0,
            "name" => 1,
            "value" => 2,
            "sequence" => 3,
            "dimensions" => 4,
            "owners" => OWNERS,
            _ => return None,
        })
    }
}

/// Walks an object as [`Walk`] does, and notes its [`Fields`].
pub(super) struct FieldsWalk<'w, 'f, 'de> {
    pub(super) walk: Walk<'w, 'de>,
    pub(super) fields: &'f mut Fields<'de>,
}

impl<'de> DeserializeSeed<'de> for FieldsWalk<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FieldsWalk<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (walk, fields) = (self.walk.inside(), self.fields);
        let mut keys = Keys::default();
        while let Some(key) = map.next_key_seed(Key)? {
            let (start, raw) = match value_at(walk.text, &key) {
                // A number is taken raw: to walk it would be to convert it, which may never be needed.
                Some(start) if !start.starts_with(is_number_start) => (start, None),
                _ => {
                    let raw = map.next_value::<&RawValue>()?.get();
                    (raw, Some(raw))
                }
            };
            if fields.open.is_some() {
                fields.close(key_at(walk.text, &key, start));
            }
            let field = Fields::position(&key);
            let is_new = field.map_or_else(|| keys.insert(key.clone()), |at| fields.raw[at].is_none());
            if !is_new {
                return Err(stop(walk.slot, twice(walk.text, &key, start)));
            }
            if let Some(raw) = raw {
                verify_raw(raw, walk.depth).map_err(|refusal| stop(walk.slot, refusal))?;
                fields.set(&key, raw);
            } else {
                fields.open = field.map(|at| (at, start));
                walk.member(&mut map)?;
            }
        }
        Ok(())
    }
}

fn is_number_start(first: char) -> bool {
    first == '-' || first.is_ascii_digit()
}

/// The value that starts at `start`, where `until` is the next key or the bracket that follows.
pub(super) fn between<'de>(start: &'de str, until: &str) -> &'de str {
    let raw = start[..offset_in(start, until)].trim_ascii_end();
    raw.strip_suffix(',').map_or(raw, str::trim_ascii_end)
}

/// The rest of the object `text` from the bracket on that closes it.
pub(super) fn bracket(text: &str) -> &str {
    let text = text.trim_ascii_end();
    &text[text.strip_suffix('}').unwrap_or(text).len()..]
}

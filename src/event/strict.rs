//! The strict JSON of events, for rooms that read other documents with it.

use std::borrow::Cow;

use super::json::{self, Depth};
use super::number::{self, Inexact};
use super::place::{self, Refusal};
use crate::error::ErrorKind;

/// What is wrong with a text.
#[derive(Debug)]
pub(crate) struct JsonFault {
    pub(crate) kind: ErrorKind,
    /// In bytes from the start of the text.
    pub(crate) offset: usize,
    pub(crate) message: String,
}

/// Whether `text` is one JSON value without a key twice in one object, a number
/// beyond a 64-bit float, a lone surrogate, or more than `max_depth` levels (at least one).
pub(crate) fn verify(text: &str, max_depth: usize) -> Result<(), JsonFault> {
    json::verify(text, Depth::new(max_depth)).map_err(|refusal| fault(text, refusal))
}

/// The members of the verified object `text` that `names` lists, as raw JSON in
/// that order. `null` counts as absent; what is no object has none.
pub(crate) fn members<'a, const N: usize>(text: &'a str, names: [&str; N]) -> [Option<&'a str>; N] {
    let mut members = [None; N];
    each_member(text, |name, value| {
        if let Some(at) = names.iter().position(|known| *known == &*name) {
            members[at] = Some(value).filter(|value| *value != "null");
        }
    });
    members
}

/// Hands every member of the verified object `text` to `take`, the value as raw JSON.
pub(crate) fn each_member<'a>(text: &'a str, mut take: impl FnMut(Cow<'a, str>, &'a str)) {
    // Verified before: only what is no object fails, and that has no members.
    let _ = json::each_member(text, |name, value| {
        take(name, value);
        Ok(())
    });
}

/// Hands every element of the verified array `text` to `take`, as raw JSON.
pub(crate) fn each_element<'a>(text: &'a str, mut take: impl FnMut(&'a str)) {
    // As above.
    let _ = json::each_element(text, |element| {
        take(element);
        Ok(())
    });
}

/// The text of a verified JSON string; `None` where `raw` is something else.
pub(crate) fn string(raw: &str) -> Option<Cow<'_, str>> {
    json::string(raw).ok().flatten()
}

/// What the verified value `raw` is, for messages.
pub(crate) fn type_name(raw: &str) -> &'static str {
    json::type_name(raw)
}

/// The float that the JSON number `raw` means; else why there is none.
pub(crate) fn float(raw: &str) -> Result<f64, String> {
    number::float(raw).map_err(|inexact| match inexact {
        Inexact::Between(nearest) => {
            let (number, nearest) = (shown(raw), shown(&nearest));
            format!("{number} cannot be held exactly by a 64-bit float; nearest {nearest}")
        }
        Inexact::Beyond => format!("{} is beyond the range of a 64-bit float", shown(raw)),
    })
}

/// A text cut to a length that fits into a message.
pub(crate) fn shown(text: &str) -> String {
    place::shown(text)
}

fn fault(text: &str, refusal: Refusal<'_>) -> JsonFault {
    let (kind, offset, message) = refusal.into_parts(text);
    JsonFault { kind, offset, message }
}

//! What typed data is read with: members as raw text, faults that are collected.

use std::borrow::Cow;

use super::envelope::Stamp;
use super::json::{self, each_element, each_member, type_name};
use super::owners::Owners;
use super::place::shown;
use super::{Data, Event};
use crate::error::{Error, Fault};

/// The JSON text that `event` carries; `wanted` is what its object should hold.
pub(super) fn json_data<'a>(event: &'a Event<'_>, wanted: &str) -> Result<&'a str, Error> {
    match event.data() {
        Some(Data::Json(raw)) => Ok(raw),
        Some(Data::Text(_)) => Err(not_an_object(wanted, "text of another content type")),
        Some(Data::Binary(_)) => Err(not_an_object(wanted, "binary data")),
        None => Err(not_an_object(wanted, "nothing")),
    }
}

/// Hands each member of verified JSON, which must be an object, to `take`.
pub(super) fn each_data_member<'a>(
    raw: &'a str,
    wanted: &str,
    mut take: impl FnMut(&str, &'a str),
) -> Result<(), Error> {
    let raw = raw.trim_ascii();
    if !raw.starts_with('{') {
        return Err(not_an_object(wanted, type_name(raw)));
    }
    let walked = each_member(raw, |name, value| {
        take(&name, value);
        Ok(())
    });
    walked.map_err(|refusal| refusal.into_error(raw, 1))
}

/// The members of verified JSON that `names` lists, in that order.
pub(super) fn data_members<'a, const N: usize>(
    raw: &'a str,
    wanted: &str,
    names: [&str; N],
) -> Result<[Option<&'a str>; N], Error> {
    let mut members = [None; N];
    each_data_member(raw, wanted, |name, value| note(&mut members, names, name, value))?;
    Ok(members)
}

fn not_an_object(wanted: &str, found: &str) -> Error {
    let message = format!("must be a JSON object with {wanted}, found {found}");
    Error::from_faults(vec![Fault::new("data", message)])
}

fn note<'a, const N: usize>(
    members: &mut [Option<&'a str>; N],
    names: [&str; N],
    name: &str,
    value: &'a str,
) {
    if let Some(at) = names.iter().position(|known| *known == name) {
        members[at] = Some(value);
    }
}

/// A member that is `null` is absent, where it may be.
pub(super) fn present(raw: Option<&str>) -> Option<&str> {
    raw.filter(|raw| *raw != "null")
}

/// All faults are found, not only the first. What cannot be read stands as
/// empty until [`or`](Faults::or) refuses the whole.
#[derive(Debug, Default)]
pub(super) struct Faults {
    faults: Vec<Fault>,
}

impl Faults {
    pub(super) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.faults.push(Fault::new(path, message));
    }

    /// `value`, if there were no faults.
    pub(super) fn or<T>(self, value: T) -> Result<T, Error> {
        if self.faults.is_empty() { Ok(value) } else { Err(Error::from_faults(self.faults)) }
    }

    pub(super) fn string<'a>(&mut self, path: impl FnOnce() -> String, raw: &'a str) -> Cow<'a, str> {
        match json::string(raw) {
            Ok(Some(text)) => text,
            _ => {
                self.add(path(), format!("must be a string, found {}", type_name(raw)));
                Cow::Borrowed("")
            }
        }
    }

    pub(super) fn required_string<'a>(&mut self, path: &str, raw: Option<&'a str>) -> Cow<'a, str> {
        match raw {
            Some(raw) => self.string(|| path.to_owned(), raw),
            None => {
                self.add(path, "is missing");
                Cow::Borrowed("")
            }
        }
    }

    /// A string that must be there and hold something.
    pub(super) fn required_text<'a>(&mut self, path: &str, raw: Option<&'a str>) -> Cow<'a, str> {
        let text = self.required_string(path, raw);
        if raw == Some("\"\"") {
            self.not_empty(path, &text);
        }
        text
    }

    pub(super) fn optional_string<'a>(&mut self, path: &str, raw: Option<&'a str>) -> Option<Cow<'a, str>> {
        present(raw).map(|raw| self.string(|| path.to_owned(), raw))
    }

    /// A string that must hold something where it is there.
    pub(super) fn optional_text<'a>(&mut self, path: &str, raw: Option<&'a str>) -> Option<Cow<'a, str>> {
        present(raw).map(|raw| self.required_text(path, Some(raw)))
    }

    pub(super) fn not_empty(&mut self, path: &str, text: &str) {
        if text.is_empty() {
            self.add(path, "must not be empty");
        }
    }

    /// An RFC 3339 time.
    pub(super) fn optional_time(&mut self, path: &str, raw: Option<&str>) -> Option<Stamp> {
        let raw = present(raw)?;
        let Ok(Some(text)) = json::string(raw) else {
            self.add(path, format!("must be a string with an RFC 3339 time, found {}", type_name(raw)));
            return None;
        };
        Stamp::read(&text).map_err(|error| self.add(path, error.to_string())).ok()
    }

    /// A time that can be read back once it is written.
    pub(super) fn readable_time(&mut self, path: &str, time: Option<Stamp>) {
        if let Some(Err(error)) = time.map(Stamp::instant) {
            self.add(path, error.to_string());
        }
    }

    /// The members that `names` lists of an object inside the data; `wanted` is what it should hold.
    pub(super) fn optional_object<'a, const N: usize>(
        &mut self,
        path: &str,
        raw: Option<&'a str>,
        wanted: &str,
        names: [&str; N],
    ) -> Option<[Option<&'a str>; N]> {
        let raw = present(raw)?;
        let mut members = [None; N];
        let walked = each_member(raw, |name, value| {
            note(&mut members, names, &name, value);
            Ok(())
        });
        if walked.is_err() {
            self.add(path, format!("must be an object with {wanted}, found {}", type_name(raw)));
            return None;
        }
        Some(members)
    }

    pub(super) fn dimensions<'a>(&mut self, raw: Option<&'a str>) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let Some(raw) = present(raw) else { return Vec::new() };
        let mut pairs = Vec::new();
        let read = each_member(raw, |name, value| {
            let value = self.string(|| format!("data.dimensions.{}", shown(&name)), value);
            pairs.push((name, value));
            Ok(())
        });
        if read.is_err() {
            self.add("data.dimensions", format!("must be an object of strings, found {}", type_name(raw)));
        }
        pairs.sort();
        pairs
    }

    pub(super) fn owners<'a>(&mut self, raw: Option<&'a str>) -> Owners<'a> {
        let Some(raw) = present(raw) else { return Owners::None };
        if let Some(owners) = Owners::of_raw(raw) {
            return owners;
        }
        let mut at = 0;
        let read = each_element(raw, |owner| {
            self.string(|| format!("data.owners[{at}]"), owner);
            at += 1;
            Ok(())
        });
        if read.is_err() {
            self.add("data.owners", format!("must be an array of strings, found {}", type_name(raw)));
        }
        Owners::None
    }
}

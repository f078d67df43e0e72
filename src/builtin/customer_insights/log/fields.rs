//! The fields of a record, and every fault in them.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::error::{Error, ErrorKind, Fault};
use crate::event::strict::{self, JsonFault};
use crate::time::{datetime, parse_instant};

/// Collects what is wrong with the fields of one record.
#[derive(Debug, Default)]
pub(super) struct Fields {
    faults: Vec<(&'static str, Fault)>,
    set_aside: Vec<&'static str>,
}

impl Fields {
    pub(super) fn refuse(&mut self, path: &'static str, message: impl Into<String>) {
        self.faults.push((path, Fault::new(path, message)));
    }

    pub(super) fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// Optional fields whose value is of no use.
    pub(super) fn into_set_aside(self) -> Vec<&'static str> {
        self.set_aside
    }

    /// All faults as one error, and the path of the first.
    pub(super) fn into_error(self) -> (Error, &'static str) {
        let name = self.faults.first().map_or("record", |(path, _)| *path);
        (Error::from_faults(self.faults.into_iter().map(|(_, fault)| fault).collect()), name)
    }

    /// A string; none where the field is absent, `null`, or empty.
    pub(super) fn text<'a>(&mut self, path: &'static str, raw: Option<&'a str>) -> Option<Cow<'a, str>> {
        let raw = raw?;
        let text = strict::string(raw);
        if text.is_none() {
            self.refuse(path, format!("must be a string, found {}", strict::type_name(raw)));
        }
        text.filter(|text| !text.is_empty())
    }

    /// A string that must be there and hold something.
    pub(super) fn required<'a>(&mut self, path: &'static str, raw: Option<&'a str>) -> Option<Cow<'a, str>> {
        let text = self.text(path, raw);
        match raw {
            None => self.refuse(path, "is missing"),
            Some("\"\"") => self.refuse(path, "must not be empty"),
            Some(_) => {}
        }
        text
    }

    pub(super) fn required_time(&mut self, path: &'static str, raw: Option<&str>) -> Option<DateTime<Utc>> {
        let text = self.required(path, raw)?;
        time(&text).map_err(|message| self.refuse(path, message)).ok()
    }

    /// A time that counts as absent where it is none.
    pub(super) fn time(&mut self, path: &'static str, raw: Option<&str>) -> Option<DateTime<Utc>> {
        let text = self.text(path, raw)?;
        time(&text).map_err(|_| self.set_aside.push(path)).ok()
    }

    /// An object, or a string that holds one; none where the field is absent, `null`, or an empty string.
    pub(super) fn object<'a>(
        &mut self,
        path: &'static str,
        raw: Option<&'a str>,
        max_depth: usize,
    ) -> Result<Option<Cow<'a, str>>, (Error, &'static str)> {
        let Some(raw) = raw else { return Ok(None) };
        if raw.starts_with('{') {
            return Ok(Some(Cow::Borrowed(raw)));
        }
        let Some(text) = strict::string(raw) else {
            let found = strict::type_name(raw);
            self.refuse(path, format!("must be an object, or a string that holds one, found {found}"));
            return Ok(None);
        };
        if text.trim_ascii().is_empty() {
            return Ok(None);
        }
        let JsonFault { kind, offset, message } = match strict::verify(&text, max_depth) {
            Ok(()) if text.trim_ascii().starts_with('{') => {
                return Ok(Some(Cow::Owned(text.trim_ascii().to_owned())));
            }
            Ok(()) => {
                let found = strict::type_name(text.trim_ascii());
                self.refuse(path, format!("must hold an object, found {found}"));
                return Ok(None);
            }
            Err(fault) => fault,
        };
        let message = format!("`{path}` holds no JSON at byte {} of its text: {message}", offset + 1);
        Err((Error::new(kind, message), path))
    }

    /// A number of members: whole, not negative, written as a number or as a string of digits.
    pub(super) fn count(&mut self, path: &'static str, raw: &str) -> Option<f64> {
        let text = strict::string(raw);
        let digits = text.as_deref().filter(|text| is_digits(text)).map(without_leading_zeros);
        let number = match (digits, raw.as_bytes().first()) {
            (Some(digits), _) => strict::float(digits),
            (None, Some(b'-' | b'0'..=b'9')) => strict::float(raw),
            (None, _) => Err(format!("must be a number, found {}", strict::type_name(raw))),
        };
        let whole = number.and_then(|number| match number {
            number if number < 0.0 => Err(format!("must not be negative, found {}", strict::shown(raw))),
            number if number.fract() != 0.0 => Err(format!("must be whole, found {}", strict::shown(raw))),
            number => Ok(number),
        });
        whole.map_err(|message| self.refuse(path, message)).ok()
    }
}

/// The refusal of a text that is not the JSON it should be, named for the report.
pub(super) fn json_name(kind: ErrorKind) -> &'static str {
    if kind == ErrorKind::Limit { "depth" } else { "JSON" }
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    match parse_instant(text) {
        Ok(nanos) => Ok(datetime(nanos)),
        Err(error) if text.len() <= 60 => Err(error.to_string()),
        Err(_) => Err(format!("{:?} is not an RFC 3339 time: it is too long", strict::shown(text))),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn without_leading_zeros(digits: &str) -> &str {
    let number = digits.trim_start_matches('0');
    if number.is_empty() { "0" } else { number }
}

//! Context attributes: what they may be called and what they may hold.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind};

/// The value of an extension attribute: the CloudEvents types that JSON tells apart.
///
/// URIs, times and binary values travel as strings, as the CloudEvents JSON
/// format has it.
///
/// ```
/// use tripline::event::{Event, ExtensionValue};
///
/// let event = Event::new("1", "/s", "t")?
///     .with_extension("partition", 7)?
///     .with_extension("sampled", true)?
///     .with_extension("traceparent", "00-0af7-b7ad-01")?;
/// assert_eq!(event.extension("partition"), Some(&ExtensionValue::Integer(7)));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtensionValue<'a> {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number of 32 bits, as CloudEvents bounds it.
    Integer(i32),
    /// Any text.
    String(Cow<'a, str>),
}

impl<'a> ExtensionValue<'a> {
    /// The canonical string form of the CloudEvents type system: what filters compare.
    pub(super) fn canonical(&self) -> Cow<'_, str> {
        match self {
            Self::Boolean(true) => Cow::Borrowed("true"),
            Self::Boolean(false) => Cow::Borrowed("false"),
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::String(text) => Cow::Borrowed(text),
        }
    }

    pub(super) fn into_owned(self) -> ExtensionValue<'static> {
        match self {
            Self::Boolean(value) => ExtensionValue::Boolean(value),
            Self::Integer(value) => ExtensionValue::Integer(value),
            Self::String(value) => ExtensionValue::String(Cow::Owned(value.into_owned())),
        }
    }
}

impl From<bool> for ExtensionValue<'_> {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i32> for ExtensionValue<'_> {
    fn from(value: i32) -> Self {
        Self::Integer(value)
    }
}

impl<'a> From<&'a str> for ExtensionValue<'a> {
    fn from(value: &'a str) -> Self {
        Self::String(Cow::Borrowed(value))
    }
}

impl From<String> for ExtensionValue<'_> {
    fn from(value: String) -> Self {
        Self::String(Cow::Owned(value))
    }
}

impl<'a> From<Cow<'a, str>> for ExtensionValue<'a> {
    fn from(value: Cow<'a, str>) -> Self {
        Self::String(value)
    }
}

/// The members of an event that CloudEvents names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    SpecVersion,
    Id,
    Source,
    Type,
    Time,
    Subject,
    DataContentType,
    DataSchema,
    Data,
    DataBase64,
}

impl Member {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "specversion" => Self::SpecVersion,
            "id" => Self::Id,
            "source" => Self::Source,
            "type" => Self::Type,
            "time" => Self::Time,
            "subject" => Self::Subject,
            "datacontenttype" => Self::DataContentType,
            "dataschema" => Self::DataSchema,
            "data" => Self::Data,
            "data_base64" => Self::DataBase64,
            _ => return None,
        })
    }

    /// A bit of its own.
    pub(super) fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Why `name` cannot name an extension attribute; `None` where it can.
pub(super) fn extension_name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if Member::named(name).is_some() {
        Some("CloudEvents has a meaning for it")
    } else if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        Some("only a-z and 0-9 may stand in it")
    } else {
        None
    }
}

/// A required attribute's text, which must not be empty.
pub(super) fn required<'a>(name: &str, value: Cow<'a, str>) -> Result<Cow<'a, str>, Error> {
    if value.is_empty() {
        return Err(Error::new(ErrorKind::Invalid, format!("`{name}` must not be empty")).at(name));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_named_by_lower_case_letters_and_digits_of_any_number() {
        for name in ["a", "7", "traceparent", "dataref", "x2", &"long".repeat(20)] {
            assert_eq!(extension_name_fault(name), None, "{name}");
        }
        for name in
            ["", "A", "aB", "a_b", "a-b", "a.b", "é", " a", "data", "data_base64", "id", "specversion"]
        {
            assert!(extension_name_fault(name).is_some(), "{name}");
        }
    }
}

//! An event's payload.

use std::borrow::Cow;

use super::json::{self, Depth, verify};
use super::push_json_string;
use crate::error::Error;

/// The payload of an event.
///
/// JSON is equal where it has the same tokens; white space between them makes
/// no difference.
///
/// ```
/// use tripline::event::{Data, Event};
///
/// let event = Event::new("1", "/s", "t")?.with_data(Data::json(r#"{"count": 1.0}"#)?);
/// assert_eq!(event.data().and_then(Data::as_json), Some(r#"{"count": 1.0}"#));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Data<'a> {
    /// One JSON value as text, kept as it was written; [`Data::json`] makes one.
    #[non_exhaustive]
    Json(Cow<'a, str>),
    /// Text of a content type that is not JSON.
    Text(Cow<'a, str>),
    /// Bytes; `data_base64` in JSON.
    Binary(Cow<'a, [u8]>),
}

impl<'a> Data<'a> {
    /// JSON that this library has written, which needs no check.
    pub(crate) fn written(text: String) -> Self {
        Self::Json(Cow::Owned(text))
    }

    /// JSON data, checked as strictly as a [`Reader`](super::Reader) checks it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind`](crate::ErrorKind) `Syntax`, `Invalid` (a key twice, a
    /// number beyond a 64-bit float) or `Limit` (too deep), with the line and
    /// column.
    ///
    /// ```
    /// use tripline::event::Data;
    /// assert_eq!(Data::json("[1, 2]")?.as_json(), Some("[1, 2]"));
    /// assert_eq!(Data::json("[1, NaN]").unwrap_err().place(), Some("1:5"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn json(text: impl Into<Cow<'a, str>>) -> Result<Self, Error> {
        let text = text.into();
        let inside_an_event = Depth::new(Depth::DEFAULT).inside();
        verify(&text, inside_an_event).map_err(|refusal| refusal.into_error(&text, 1))?;
        Ok(Self::Json(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
            Cow::Owned(text) if text.trim_ascii().len() < text.len() => {
                Cow::Owned(text.trim_ascii().to_owned())
            }
            text => text,
        }))
    }

    /// The JSON text, if this is JSON.
    ///
    /// ```
    /// use tripline::event::Data;
    /// assert_eq!(Data::json("null")?.as_json(), Some("null"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn as_json(&self) -> Option<&str> {
        match self {
            Self::Json(text) => Some(text),
            _ => None,
        }
    }

    /// The text, if this is text.
    ///
    /// ```
    /// use tripline::event::Data;
    /// assert_eq!(Data::Text("<a/>".into()).as_text(), Some("<a/>"));
    /// ```
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, if this is binary.
    ///
    /// ```
    /// use tripline::event::Data;
    /// assert_eq!(Data::Binary(vec![1, 2].into()).as_binary(), Some(&[1, 2][..]));
    /// ```
    pub fn as_binary(&self) -> Option<&[u8]> {
        match self {
            Self::Binary(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Under a media type that is JSON a string is JSON, under another it is text.
    pub(super) fn settle(&mut self, is_json: bool) {
        let settled = match self {
            Self::Text(text) if is_json => {
                let mut raw = String::with_capacity(text.len() + 2);
                push_json_string(&mut raw, text);
                Self::Json(Cow::Owned(raw))
            }
            Self::Json(raw) if !is_json && raw.starts_with('"') => match raw {
                Cow::Borrowed(raw) => {
                    json::string(raw).ok().flatten().map_or(Self::Json(Cow::Borrowed(raw)), Self::Text)
                }
                Cow::Owned(raw) => match json::string(raw) {
                    Ok(Some(text)) => Self::Text(Cow::Owned(text.into_owned())),
                    _ => return,
                },
            },
            _ => return,
        };
        *self = settled;
    }

    pub(super) fn into_owned(self) -> Data<'static> {
        match self {
            Self::Json(text) => Data::Json(Cow::Owned(text.into_owned())),
            Self::Text(text) => Data::Text(Cow::Owned(text.into_owned())),
            Self::Binary(bytes) => Data::Binary(Cow::Owned(bytes.into_owned())),
        }
    }
}

impl PartialEq for Data<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Json(left), Self::Json(right)) => left == right || tokens(left).eq(tokens(right)),
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::Binary(left), Self::Binary(right)) => left == right,
            _ => false,
        }
    }
}

impl Eq for Data<'_> {}

/// The bytes of JSON without the white space between its tokens.
fn tokens(json: &str) -> impl Iterator<Item = u8> {
    let (mut in_string, mut escaped) = (false, false);
    json.bytes().filter(move |byte| {
        let was_in_string = in_string;
        in_string ^= *byte == b'"' && !escaped;
        escaped = was_in_string && !escaped && *byte == b'\\';
        was_in_string || !byte.is_ascii_whitespace()
    })
}

/// Whether data of this media type is JSON: `application/json`, `text/json`, anything that ends with `+json`.
pub(super) fn is_json_content_type(content_type: &str) -> bool {
    let (media_type, _) = content_type.split_once(';').unwrap_or((content_type, ""));
    let media_type = media_type.trim_ascii();
    let ends_with = |end: &str| {
        let start = media_type.len().checked_sub(end.len());
        start.and_then(|start| media_type.get(start..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    ends_with("/json") || ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_equal_whatever_white_space_stands_between_its_tokens() {
        let data = |text: &'static str| Data::json(text).unwrap();
        assert_eq!(
            data(r#"{"a":[1,"x y\\"],"b\"":null}"#),
            data("{ \"a\" : [ 1 ,\n\"x y\\\\\" ] ,\t\"b\\\"\":null }")
        );
        assert_ne!(data(r#""x y""#), data(r#""xy""#));
        assert_ne!(data(r#"["\" "]"#), data(r#"["\""]"#));
        assert_ne!(data("1.0"), data("1"));
    }

    #[test]
    fn a_string_is_json_or_text_as_the_media_type_has_it() {
        let mut data = Data::Text("a\"b".into());
        data.settle(false);
        assert_eq!(data.as_text(), Some("a\"b"));
        data.settle(true);
        assert_eq!(data.as_json(), Some(r#""a\"b""#));
        data.settle(false);
        assert_eq!(data.as_text(), Some("a\"b"));
        let mut object = Data::json("{}").unwrap();
        object.settle(false);
        assert_eq!(object.as_json(), Some("{}"), "an object stays what it is under any type");
    }

    #[test]
    fn media_types_of_json_are_known_in_any_case_and_with_parameters() {
        for json in [
            "application/json",
            "text/json",
            "Application/JSON; charset=utf-8",
            "application/vnd.x+json",
            "a/b+JSON ;q=1",
        ] {
            assert!(is_json_content_type(json), "{json}");
        }
        for other in [
            "text/plain",
            "application/jsonl",
            "json",
            "application/json-seq",
            "",
            "text/xml; a=/json",
            "é+jsoné",
        ] {
            assert!(!is_json_content_type(other), "{other}");
        }
    }
}

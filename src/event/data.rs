//! An event's payload.

use std::borrow::Cow;

use super::json::{self, Depth, verify};
use super::push_json_string;
use super::reader::MAX_DEPTH;
use crate::error::Error;

/// The payload of an event.
///
/// ```
/// use tripline::event::{Data, Event};
///
/// let event = Event::new("1", "/s", "t")?.with_data(Data::json(r#"{"count": 1.0}"#)?);
/// assert_eq!(event.data().and_then(Data::as_json), Some(r#"{"count": 1.0}"#));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
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
        let inside_an_event = Depth::new(MAX_DEPTH).inside();
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

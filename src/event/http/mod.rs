//! Events in HTTP messages: the HTTP protocol binding of CloudEvents 1.0.2.
//!
//! A message is headers and a body; whether it is a request or a response, and
//! who sends it, is the host's affair. Three [`Mode`]s tell how events stand
//! in it: *binary* (the attributes are headers, the body is the data),
//! *structured* (the body is one JSON event) and *batch* (a JSON array of
//! them). [`Message`] is what was read, [`Content`] is what is to be sent.
//!
//! ```
//! use http::{Method, Request, StatusCode, Uri};
//! use tripline::event::Event;
//! use tripline::event::http::{Content, Message, Mode};
//!
//! // Taken in, by any server.
//! let request = Request::post("/events")
//!     .header("ce-specversion", "1.0")
//!     .header("ce-id", "7")
//!     .header("ce-source", "/instances/contoso")
//!     .header("ce-type", "tripline.value.observed")
//!     .header("content-type", "application/json")
//!     .body(br#"{"kind":"segment","name":"vip","value":1004}"#.to_vec())?;
//! let message = Message::read(request.headers(), request.body())?;
//! assert_eq!((message.mode(), message.events()[0].id()), (Mode::Binary, "7"));
//!
//! // Sent out, by any client.
//! let event = Event::new("8", "/instances/contoso", "com.example.happened")?.with_subject("caf\u{e9} 1");
//! let request = Content::binary(&event)?.into_request(Method::POST, Uri::from_static("https://example.com/hook"));
//! assert_eq!(request.headers()["ce-subject"], "caf%C3%A9%201");
//! let response = Content::structured(&event).into_response(StatusCode::OK);
//! assert_eq!(response.headers()["content-type"], "application/cloudevents+json");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod content;
mod media;
mod read;
mod value;

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};

pub use content::Content;

use super::{Event, Reader};
use crate::error::Error;

/// How events stand in an HTTP message ("content mode" in CloudEvents).
///
/// ```
/// use http::HeaderMap;
/// use tripline::event::http::Mode;
///
/// let mut headers = HeaderMap::new();
/// assert_eq!(Mode::of(&headers), None);
/// headers.insert("content-type", "application/cloudevents-batch+json; charset=utf-8".parse()?);
/// assert_eq!(Mode::of(&headers), Some(Mode::Batch));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// One event: its attributes are headers, its data is the body.
    Binary,
    /// One event: the body is its JSON form.
    Structured,
    /// Any number of events: the body is a JSON array of them.
    Batch,
}

impl Mode {
    /// The mode that the content type announces. Under any other type a message
    /// is in binary mode if it has a header `ce-specversion`, and else no
    /// CloudEvent at all.
    ///
    /// ```
    /// use http::Response;
    /// use tripline::event::http::Mode;
    /// let page = Response::builder().header("content-type", "text/html").body(())?;
    /// assert_eq!(Mode::of(page.headers()), None);
    /// let event = Response::builder().header("content-type", "text/html").header("ce-specversion", "1.0").body(())?;
    /// assert_eq!(Mode::of(event.headers()), Some(Mode::Binary));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let content_type = headers.get(CONTENT_TYPE).map_or(&[][..], HeaderValue::as_bytes);
        if media::starts_with(content_type, media::BATCH) {
            Some(Self::Batch)
        } else if media::starts_with(content_type, media::SINGLE) {
            Some(Self::Structured)
        } else {
            headers.contains_key("ce-specversion").then_some(Self::Binary)
        }
    }
}

/// The events that an HTTP message carries. They borrow from its headers and its body.
///
/// ```
/// use http::Request;
/// use tripline::event::http::{Message, Mode};
///
/// let request = Request::post("/events")
///     .header("content-type", "application/cloudevents-batch+json")
///     .body(br#"[{"specversion":"1.0","id":"1","source":"/s","type":"t"},
///                {"specversion":"1.0","id":"2","source":"/s","type":"t"}]"#.to_vec())?;
/// let message = Message::read(request.headers(), request.body())?;
/// assert_eq!((message.mode(), message.events().len()), (Mode::Batch, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    mode: Mode,
    events: Vec<Event<'a>>,
}

impl<'a> Message<'a> {
    /// Reads a message with the bounds of [`Reader::new`].
    ///
    /// # Errors
    ///
    /// As [`Reader::read_http`].
    ///
    /// ```
    /// use http::HeaderMap;
    /// use tripline::event::http::Message;
    /// let error = Message::read(&HeaderMap::new(), b"").unwrap_err();
    /// assert_eq!(error.faults()[0].to_string(), "ce-specversion: is missing");
    /// ```
    pub fn read(headers: &'a HeaderMap, body: &'a [u8]) -> Result<Self, Error> {
        Reader::new().read_http(headers, body)
    }

    /// How the events stood in it.
    ///
    /// ```
    /// # use tripline::event::{Event, http::{Content, Message, Mode}};
    /// let (headers, body) = Content::batch(&[]).into_parts();
    /// assert_eq!(Message::read(&headers, &body)?.mode(), Mode::Batch);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The events in the order of the body: one, or in [`Mode::Batch`] any number.
    ///
    /// ```
    /// # use tripline::event::{Event, http::{Content, Message}};
    /// let (headers, body) = Content::structured(&Event::new("1", "/s", "t")?).into_parts();
    /// assert_eq!(Message::read(&headers, &body)?.events()[0].id(), "1");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn events(&self) -> &[Event<'a>] {
        &self.events
    }

    /// The events themselves.
    ///
    /// ```
    /// # use tripline::event::{Event, http::{Content, Message}};
    /// let (headers, body) = Content::structured(&Event::new("1", "/s", "t")?).into_parts();
    /// let owned: Vec<Event<'static>> =
    ///     Message::read(&headers, &body)?.into_events().into_iter().map(Event::into_owned).collect();
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn into_events(self) -> Vec<Event<'a>> {
        self.events
    }
}

//! Events out: headers and a body.

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};

use super::media::{self, BATCH_JSON, SINGLE_JSON};
use super::value;
use crate::error::{Error, ErrorKind};
use crate::event::place::shown;
use crate::event::{Data, Event};

/// The headers and the body of an HTTP message that carries events.
///
/// ```
/// use http::{Method, Uri};
/// use tripline::event::{Data, Event, http::Content};
///
/// let event = Event::new("7", "/instances/contoso", "com.example.happened")?.with_data(Data::json(r#"{"n":1}"#)?);
/// let request = Content::binary(&event)?.into_request(Method::POST, Uri::from_static("/hook"));
/// assert_eq!(request.headers()["ce-source"], "/instances/contoso");
/// assert_eq!(request.headers()["content-type"], "application/json");
/// assert_eq!(request.body(), br#"{"n":1}"#);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Content {
    /// One event in [`Mode::Binary`](super::Mode::Binary): each attribute is a header, percent-encoded, the data is the body.
    ///
    /// HTTP has no types: whoever reads it gets extension attributes as strings,
    /// data as its content type has it, and empty text or bytes as no data. Data
    /// without a content type gets one, `application/json` or, for bytes,
    /// `application/octet-stream`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] at `datacontenttype` where that is not printable
    /// ASCII, has space around it, or is one of CloudEvents' own, which would announce another mode;
    /// [`ErrorKind::Limit`] for more or longer extension attributes than headers
    /// can hold. (Servers have narrower limits, often 8 KiB for all headers; the
    /// structured mode has none.)
    ///
    /// ```
    /// use tripline::event::{Event, http::Content};
    /// let event = Event::new("7", "/s", "t")?.with_extension("flag", true)?;
    /// assert_eq!(Content::binary(&event)?.headers()["ce-flag"], "true");
    /// let event = event.with_data_content_type("application/cloudevents+json");
    /// assert_eq!(Content::binary(&event).unwrap_err().place(), Some("datacontenttype"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn binary(event: &Event<'_>) -> Result<Self, Error> {
        let mut headers = HeaderMap::new();
        for name in ["specversion", "id", "source", "type", "time", "subject", "dataschema"] {
            if let Some(value) = event.attribute(name) {
                insert(&mut headers, name, &value)?;
            }
        }
        for (name, value) in event.extensions() {
            insert(&mut headers, name, &value.canonical())?;
        }
        if let Some(content_type) = content_type(event)? {
            headers.try_insert(CONTENT_TYPE, content_type).map_err(|_| too_many())?;
        }
        let body = match event.data() {
            None => Vec::new(),
            Some(Data::Json(text) | Data::Text(text)) => text.as_bytes().to_vec(),
            Some(Data::Binary(bytes)) => bytes.to_vec(),
        };
        Ok(Self { headers, body })
    }

    /// One event in [`Mode::Structured`](super::Mode::Structured): the body is [`Event::to_json`]. Nothing is lost.
    ///
    /// ```
    /// use tripline::event::{Event, http::Content};
    /// let content = Content::structured(&Event::new("7", "/s", "t")?);
    /// assert_eq!(content.body(), br#"{"specversion":"1.0","id":"7","source":"/s","type":"t"}"#);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn structured(event: &Event<'_>) -> Self {
        Self::json(SINGLE_JSON, event.to_json())
    }

    /// Any number of events in [`Mode::Batch`](super::Mode::Batch): the body is
    /// [`Event::batch_to_json`]. CloudEvents has it that batches are sent only to those who ask for them.
    ///
    /// ```
    /// use tripline::event::http::Content;
    /// assert_eq!(Content::batch(&[]).headers()["content-type"], "application/cloudevents-batch+json");
    /// ```
    pub fn batch(events: &[Event<'_>]) -> Self {
        Self::json(BATCH_JSON, Event::batch_to_json(events))
    }

    fn json(content_type: &'static str, text: String) -> Self {
        // The host adds some of its own.
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { headers, body: text.into_bytes() }
    }

    /// The headers; for the structured modes only the content type.
    ///
    /// ```
    /// # use tripline::event::{Event, http::Content};
    /// assert_eq!(Content::structured(&Event::new("7", "/s", "t")?).headers().len(), 1);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    ///
    /// ```
    /// # use tripline::event::http::Content;
    /// assert_eq!(Content::batch(&[]).body(), b"[]");
    /// ```
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Headers and body apart.
    ///
    /// ```
    /// # use tripline::event::http::Content;
    /// let (headers, body) = Content::batch(&[]).into_parts();
    /// assert_eq!((headers.len(), body), (1, b"[]".to_vec()));
    /// ```
    pub fn into_parts(self) -> (HeaderMap, Vec<u8>) {
        (self.headers, self.body)
    }

    /// A request that carries it; the host adds what its target wants besides.
    ///
    /// ```
    /// # use tripline::event::http::Content;
    /// use http::{Method, Uri};
    /// let request = Content::batch(&[]).into_request(Method::POST, Uri::from_static("https://example.com/events"));
    /// assert_eq!(request.uri().path(), "/events");
    /// ```
    pub fn into_request(self, method: Method, uri: Uri) -> Request<Vec<u8>> {
        let mut request = Request::new(self.body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers;
        request
    }

    /// A response that carries it.
    ///
    /// ```
    /// # use tripline::event::http::Content;
    /// use http::StatusCode;
    /// assert_eq!(Content::batch(&[]).into_response(StatusCode::OK).body(), b"[]");
    /// ```
    pub fn into_response(self, status: StatusCode) -> Response<Vec<u8>> {
        let mut response = Response::new(self.body);
        *response.status_mut() = status;
        *response.headers_mut() = self.headers;
        response
    }
}

fn insert(headers: &mut HeaderMap, attribute: &str, value: &str) -> Result<(), Error> {
    let name = HeaderName::try_from(format!("ce-{attribute}"));
    // What is percent-encoded is always a header's value.
    let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value::encode(value))) else {
        let message = format!("the name of {} bytes is longer than a header's can be", attribute.len());
        return Err(Error::new(ErrorKind::Limit, message).at(shown(attribute)));
    };
    headers.try_insert(name, value).map(drop).map_err(|_| too_many())
}

fn too_many() -> Error {
    Error::new(ErrorKind::Limit, "the event has more attributes than one message can have headers")
}

/// The content type of the body. Data without one has the implied one, which a message must spell out.
fn content_type(event: &Event<'_>) -> Result<Option<HeaderValue>, Error> {
    let refused = |message: String| Error::new(ErrorKind::Invalid, message).at("datacontenttype");
    match (event.data_content_type(), event.data()) {
        (Some(content_type), _) if media::starts_with(content_type.as_bytes(), media::SINGLE) => {
            Err(refused(format!("{:?} announces an event, not the data of one", shown(content_type))))
        }
        (Some(content_type), _) => match HeaderValue::from_str(content_type) {
            Ok(value) if content_type.is_ascii() && content_type.trim_ascii() == content_type => {
                Ok(Some(value))
            }
            _ => Err(refused(format!("{:?} cannot be a content type in HTTP", shown(content_type)))),
        },
        (None, Some(Data::Binary(_))) => Ok(Some(HeaderValue::from_static("application/octet-stream"))),
        (None, Some(Data::Json(_) | Data::Text(_))) => Ok(Some(HeaderValue::from_static("application/json"))),
        (None, None) => Ok(None),
    }
}

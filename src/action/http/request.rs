//! Requests from values that people and events give, and answers read as JSON.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::ActionError;
use super::super::secret::fault_of_url;
use crate::error::Fault;

/// A request in the making, out of values that people and events give.
///
/// What comes from an input cannot break out of its place: a part of the path
/// or the query is percent-encoded, and what no URL or header can hold makes
/// [`build`](Self::build) fail with every field that is at fault.
///
/// ```
/// use serde_json::json;
/// use tripline::action::HttpRequest;
///
/// let request = HttpRequest::post("https://api.example.com/v1/boards")
///     .with_segment("board", "entrance/hall")
///     .with_segment("", "notes")
///     .with_query("notify", "everybody & Ana")
///     .with_header("idempotency-key", "", "d-17")
///     .with_json(&json!({"text": "hello"}))
///     .build()?;
/// assert_eq!(request.uri(), "https://api.example.com/v1/boards/entrance%2Fhall/notes?notify=everybody%20%26%20Ana");
/// assert_eq!(request.headers()["content-type"], "application/json");
///
/// let error = HttpRequest::get("https://api.example.com/v1/boards")
///     .with_segment("board", "..")
///     .with_header("x-author", "author", "Ana\r\nx-admin: yes")
///     .build()
///     .unwrap_err();
/// let fields: Vec<_> = error.fields().iter().map(|fault| fault.path()).collect();
/// assert_eq!(fields, ["board", "author"]);
/// # Ok::<(), tripline::action::ActionError>(())
/// ```
#[derive(Clone)]
pub struct HttpRequest {
    method: Method,
    url_field: String,
    /// Scheme, host and path.
    url: String,
    /// Without its question mark.
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
    faults: Vec<Fault>,
    /// A body that cannot be written is the action's fault, not the input's.
    unwritable: Option<String>,
}

impl HttpRequest {
    /// A request to an absolute `http` or `https` URL without user info and
    /// without a fragment. It may have a query, which is kept as it is.
    ///
    /// ```
    /// # use tripline::action::HttpRequest;
    /// let request = HttpRequest::new(http::Method::HEAD, "https://example.com/").build()?;
    /// assert_eq!(request.method(), "HEAD");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    pub fn new(method: Method, url: &str) -> Self {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        Self {
            method,
            url_field: "url".to_owned(),
            url: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: Vec::new(),
            faults: Vec::new(),
            unwritable: None,
        }
    }

    /// A `GET`.
    ///
    /// ```
    /// # use tripline::action::HttpRequest;
    /// assert_eq!(HttpRequest::get("https://example.com/a?b").build()?.uri(), "https://example.com/a?b");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    pub fn get(url: &str) -> Self {
        Self::new(Method::GET, url)
    }

    /// A `POST`.
    ///
    /// ```
    /// # use tripline::action::HttpRequest;
    /// assert_eq!(HttpRequest::post("https://example.com/").build()?.method(), "POST");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    pub fn post(url: &str) -> Self {
        Self::new(Method::POST, url)
    }

    /// The same, where the URL itself comes from a field of the input: a fault of it is that field's.
    ///
    /// ```
    /// # use tripline::action::HttpRequest;
    /// let error = HttpRequest::post("ftp://example.com").with_url_field("webhook").build().unwrap_err();
    /// assert_eq!(error.to_string(), "webhook: the URL does not start with https:// or http://");
    /// ```
    #[must_use]
    pub fn with_url_field(mut self, field: impl Into<String>) -> Self {
        self.url_field = field.into();
        self
    }

    /// The same with one more step of the path, percent-encoded. `field` says
    /// which field of the input it comes from; empty for none.
    ///
    /// Refused are an empty step, `.` and `..`, which would lead to another
    /// place, and control characters.
    ///
    /// ```
    /// # use tripline::action::HttpRequest;
    /// let request = HttpRequest::get("https://example.com/users/").with_segment("user", "ana@contoso.example").build()?;
    /// assert_eq!(request.uri(), "https://example.com/users/ana%40contoso.example");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    #[must_use]
    pub fn with_segment(mut self, field: &str, text: &str) -> Self {
        match text {
            "" => self.fault(field, "is empty"),
            "." | ".." => self.fault(field, format!("{text:?} leads to another place")),
            _ => {
                self.refuse_control(field, text);
                if !self.url.ends_with('/') {
                    self.url.push('/');
                }
                push_encoded(&mut self.url, text);
            }
        }
        self
    }

    /// The same with one more parameter of the query, percent-encoded. Its name
    /// is the field's name too. Control characters are refused.
    ///
    /// ```
    /// # use tripline::action::HttpRequest;
    /// let request = HttpRequest::get("https://example.com/items").with_query("$top", "10").build()?;
    /// assert_eq!(request.uri(), "https://example.com/items?$top=10");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    #[must_use]
    pub fn with_query(mut self, name: &str, text: &str) -> Self {
        self.refuse_control(name, text);
        if !self.query.is_empty() {
            self.query.push('&');
        }
        // A dollar stays: the options of OData begin with one, and not every gateway knows it by its code.
        for (at, part) in name.split('$').enumerate() {
            self.query.push_str(if at > 0 { "$" } else { "" });
            push_encoded(&mut self.query, part);
        }
        self.query.push('=');
        push_encoded(&mut self.query, text);
        self
    }

    /// The same with a header, which takes the place of one of that name.
    /// `field` says which field of the input it comes from; empty for none.
    /// It holds printable ASCII, spaces and tabs.
    ///
    /// ```
    /// # use tripline::action::HttpRequest;
    /// let error = HttpRequest::get("https://example.com/").with_header("x-note", "note", "a\0b").build().unwrap_err();
    /// assert_eq!(error.to_string(), r#"note: holds U+0000, which cannot stand in a header"#);
    /// ```
    #[must_use]
    pub fn with_header(mut self, name: &str, field: &str, text: &str) -> Self {
        let odd = text.chars().find(|c| !matches!(c, ' '..='~' | '\t'));
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(text), odd) {
            (Ok(name), Ok(value), None) => {
                self.headers.insert(name, value);
            }
            (Err(_), ..) => self.fault(field, format!("{name:?} cannot be the name of a header")),
            (_, _, Some(odd)) => {
                self.fault(field, format!("holds U+{:04X}, which cannot stand in a header", u32::from(odd)));
            }
            (_, Err(_), None) => self.fault(field, "cannot stand in a header"),
        }
        self
    }

    /// The same with a body in JSON, and the headers that say so.
    ///
    /// ```
    /// # use tripline::action::HttpRequest;
    /// let request = HttpRequest::post("https://example.com/").with_json(&[1, 2]).build()?;
    /// assert_eq!(request.body(), b"[1,2]");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    #[must_use]
    pub fn with_json<B: Serialize + ?Sized>(mut self, body: &B) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body = bytes,
            Err(error) => self.unwritable = Some(error.to_string()),
        }
        self
    }

    /// The same with a body of any type.
    ///
    /// ```
    /// # use tripline::action::HttpRequest;
    /// let request = HttpRequest::post("https://example.com/").with_body("text/plain; charset=utf-8", "hello").build()?;
    /// assert_eq!(request.body(), b"hello");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.with_header("content-type", "", content_type)
    }

    /// The request.
    ///
    /// # Errors
    ///
    /// [`ErrorClass::InvalidInput`](super::super::ErrorClass::InvalidInput) with
    /// every field that is at fault. [`ErrorClass::Permanent`](super::super::ErrorClass::Permanent)
    /// where the body cannot be written as JSON.
    ///
    /// ```
    /// # use tripline::action::HttpRequest;
    /// assert!(HttpRequest::get("https://user:pass@example.com/").build().is_err());
    /// ```
    pub fn build(mut self) -> Result<Request<Vec<u8>>, ActionError> {
        if let Some(error) = self.unwritable {
            return Err(ActionError::permanent(format!("the body cannot be written as JSON: {error}")));
        }
        let uri = match self.uri() {
            Ok(uri) if self.faults.is_empty() => uri,
            Ok(_) => return Err(ActionError::of_faults(self.faults)),
            Err(fault) => {
                self.faults.insert(0, Fault::new(self.url_field, fault));
                return Err(ActionError::of_faults(self.faults));
            }
        };
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers;
        Ok(request)
    }

    fn uri(&self) -> Result<Uri, String> {
        let separator = if self.query.is_empty() { "" } else { "?" };
        let url = format!("{}{separator}{}", self.url, self.query);
        if let Some(fault) = fault_of_url(&url) {
            return Err(format!("the URL {fault}"));
        }
        if url.contains('#') {
            return Err("the URL has a fragment, which is not sent".to_owned());
        }
        let uri: Uri = url.parse().map_err(|_| "the URL cannot be read".to_owned())?;
        match uri.authority() {
            None => Err("the URL has no host".to_owned()),
            Some(authority) if authority.as_str().contains('@') => {
                Err("the URL holds user info, which belongs into a credential".to_owned())
            }
            // With a host alone there is no port; with more there is one that is a number.
            Some(authority) if authority.host() != authority.as_str() && uri.port_u16().is_none() => {
                Err("the URL has a port that is no number up to 65535".to_owned())
            }
            Some(_) => Ok(uri),
        }
    }

    fn refuse_control(&mut self, field: &str, text: &str) {
        if let Some(odd) = text.chars().find(|c| c.is_control()) {
            self.fault(field, format!("holds the control character U+{:04X}", u32::from(odd)));
        }
    }

    fn fault(&mut self, field: &str, message: impl Into<String>) {
        self.faults.push(Fault::new(field, message));
    }
}

/// Reads an answer's body as JSON.
///
/// # Errors
///
/// [`ErrorClass::Permanent`](super::super::ErrorClass::Permanent) with an unknown
/// outcome: the service has done it, and its answer cannot be read. The message
/// has the place and nothing of the body.
///
/// ```
/// use tripline::action::read_json;
///
/// #[derive(serde::Deserialize)]
/// struct Posted { note: u64 }
///
/// let posted: Posted = read_json(&http::Response::new(br#"{"note":17}"#.to_vec()))?;
/// assert_eq!(posted.note, 17);
/// let error = read_json::<Posted>(&http::Response::new(b"<html>".to_vec())).err().unwrap();
/// assert_eq!(error.to_string(), "the answer is not the JSON that is expected, from line 1, column 1 on");
/// # Ok::<(), tripline::action::ActionError>(())
/// ```
pub fn read_json<T: DeserializeOwned>(response: &Response<Vec<u8>>) -> Result<T, ActionError> {
    serde_json::from_slice(response.body()).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        ActionError::permanent(format!(
            "the answer is not the JSON that is expected, from line {line}, column {column} on"
        ))
        .with_outcome_unknown(true)
    })
}

/// Appends a text with everything percent-encoded that is not unreserved (RFC 3986, section 2.3).
pub(super) fn push_encoded(url: &mut String, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
            url.extend(['%', digit(byte >> 4), digit(byte)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn faults(request: HttpRequest) -> Vec<String> {
        request.build().unwrap_err().fields().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_cannot_be_sent_to_is_a_fault_of_the_field_that_the_url_came_from() {
        for url in [
            "",
            "/a",
            "example.com",
            "ftp://example.com",
            "https://",
            "https://a b/",
            "https://a/\r\nx: y",
            "https://a/\0",
            "https://a/#b",
            "https://u@a/",
            "https://u:p@a/",
            "https://a/é",
            "https://[::1/",
            "https://a:99999999/",
            "https://a:/",
            "https://\\a/",
        ] {
            let faults = faults(HttpRequest::post(url).with_url_field("webhook").with_query("q", "1"));
            assert!(faults.len() == 1 && faults[0].starts_with("webhook: the URL "), "{url:?} {faults:?}");
        }
    }

    #[test]
    fn all_faulty_fields_are_told_at_once() {
        let request = HttpRequest::get("/relative")
            .with_segment("a", "")
            .with_segment("b", "..")
            .with_segment("c", "x\ny")
            .with_query("d", "\0")
            .with_header("x-e", "e", "\u{7f}")
            .with_header("x f", "f", "ok")
            .with_header("x-g", "g", "é")
            .with_header("x-h", "h", "a\tb ~");
        assert_eq!(
            faults(request),
            [
                "url: the URL does not start with https:// or http://",
                "a: is empty",
                "b: \"..\" leads to another place",
                "c: holds the control character U+000A",
                "d: holds the control character U+0000",
                "e: holds U+007F, which cannot stand in a header",
                "f: \"x f\" cannot be the name of a header",
                "g: holds U+00E9, which cannot stand in a header",
            ]
        );
    }

    #[test]
    fn a_body_that_cannot_be_written_is_not_the_inputs_fault() {
        let body = std::collections::BTreeMap::from([((1, 2), 3)]);
        assert!(HttpRequest::post("https://a/").with_json(&body).build().unwrap_err().is_permanent());
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_path_or_a_query_stays_there(text in any::<String>(), name in "[a-z$]{1,5}") {
            let request = HttpRequest::get("https://example.com/a").with_segment("f", &text).with_query(&name, &text);
            match request.build() {
                Err(error) => {
                    let is_refused = text.chars().any(char::is_control) || ["", ".", ".."].contains(&&*text);
                    prop_assert!(is_refused && error.is_invalid_input(), "{error}");
                }
                Ok(request) => {
                    let uri = request.uri();
                    prop_assert_eq!(uri.host(), Some("example.com"));
                    let segments: Vec<&str> = uri.path().split('/').collect();
                    prop_assert_eq!(segments.len(), 3);
                    prop_assert_eq!(decoded(segments[2]), text.clone());
                    let (key, value) = uri.query().unwrap().split_once('=').unwrap();
                    prop_assert_eq!((decoded(key), decoded(value)), (name, text));
                }
            }
        }

        #[test]
        fn a_header_holds_the_text_or_is_refused(text in any::<String>()) {
            match HttpRequest::get("https://a/").with_header("x-a", "a", &text).build() {
                Ok(request) => prop_assert_eq!(request.headers()["x-a"].as_bytes(), text.as_bytes()),
                Err(error) => prop_assert_eq!(error.fields()[0].path(), "a"),
            }
        }
    }

    fn decoded(text: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'%' => {
                    let digits: String = rest.by_ref().take(2).map(char::from).collect();
                    u8::from_str_radix(&digits, 16).unwrap()
                }
                byte => byte,
            });
        }
        String::from_utf8(bytes).unwrap()
    }
}

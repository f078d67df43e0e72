//! Answers as JSON; those that refuse as problem details.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::error::{self, Error};

/// An answer being put together.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: Option<(&'static str, Vec<u8>)>,
}

impl Answer {
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    pub(super) fn json(status: StatusCode, value: &Value) -> Self {
        Self::text(status, value.to_string())
    }

    /// JSON that is written already.
    pub(super) fn text(status: StatusCode, json: String) -> Self {
        Self { body: Some(("application/json", json.into_bytes())), ..Self::empty(status) }
    }

    pub(super) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn at(self, location: String) -> Self {
        self.with(LOCATION, location)
    }

    pub(super) fn after(self, seconds: u64) -> Self {
        self.with(RETRY_AFTER, seconds.to_string())
    }

    pub(super) fn into_response(self) -> Response<Vec<u8>> {
        let (content_type, body) = match self.body {
            Some((content_type, body)) => (Some(content_type), body),
            None => (None, Vec::new()),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        // Nothing in it is anybody else's, and none of it stays as it is.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        for (name, value) in self.headers {
            // All of them are made here, of visible ASCII.
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// Why a request is refused: [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem details, with each faulty
/// field and the limit, where there is one.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    fields: Vec<(String, String)>,
    members: Map<String, Value>,
    allow: Option<&'static str>,
    retry_after: Option<u64>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let (fields, members) = (Vec::new(), Map::new());
        Self { status, detail: detail.into(), fields, members, allow: None, retry_after: None }
    }

    /// With every fault of an error by its field.
    pub(super) fn invalid(error: &Error) -> Self {
        let told = |fault: &error::Fault| (fault.path().to_owned(), fault.message().to_owned());
        let fields: Vec<_> = error.faults().iter().map(told).collect();
        let detail = match fields.len() {
            0 => format!("the body cannot be read: {error}"),
            1 => "one field is faulty".to_owned(),
            n => format!("{n} fields are faulty"),
        };
        Self { fields, ..Self::new(StatusCode::BAD_REQUEST, detail) }
    }

    pub(super) fn field(name: &str, why: impl Into<String>) -> Self {
        let fields = vec![(name.to_owned(), why.into())];
        Self { fields, ..Self::new(StatusCode::BAD_REQUEST, "one field is faulty") }
    }

    pub(super) fn with_field(mut self, name: &str, why: impl Into<String>) -> Self {
        self.fields.push((name.to_owned(), why.into()));
        self
    }

    pub(super) fn with_limit(self, limit: usize) -> Self {
        self.with_member("limit", limit)
    }

    pub(super) fn with_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn with_allow(mut self, methods: &'static str) -> Self {
        self.allow = Some(methods);
        self
    }

    pub(super) fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn into_answer(self) -> Answer {
        let title = self.status.canonical_reason().unwrap_or_default();
        let mut body = json!({"title": title, "status": self.status.as_u16(), "detail": self.detail});
        if !self.fields.is_empty() {
            let fields = self.fields.into_iter().map(|(field, why)| json!({"field": field, "message": why}));
            body["errors"] = fields.collect();
        }
        if let Value::Object(object) = &mut body {
            object.extend(self.members);
        }
        let mut answer = Answer::json(self.status, &body);
        answer.body = answer.body.map(|(_, body)| ("application/problem+json", body));
        answer.headers.extend(self.allow.map(|methods| (ALLOW, methods.to_owned())));
        answer.headers.extend(self.retry_after.map(|seconds| (RETRY_AFTER, seconds.to_string())));
        answer
    }
}

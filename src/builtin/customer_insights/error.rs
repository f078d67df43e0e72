//! What the service says when it refuses.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use serde_json::Value;

use crate::action::{ActionContext, ActionError, classify};

/// The longest pause that is taken over from an answer.
const MAX_PAUSE: Duration = Duration::from_secs(3_600);

/// Nested results that are kept.
const MAX_RESULTS: usize = 8;

/// What the service answers when it refuses: `ApiErrorResult`.
///
/// Microsoft publishes its members, and not what each error code means; so the
/// HTTP status decides what to do next, and this only where the status leaves it open:
///
/// | status | `exceptionCulprit` | class |
/// |---|---|---|
/// | 400, 409, 422 | `user` | [invalid input](crate::action::ErrorClass::InvalidInput) |
/// | 400, 409, 422 | `system`, `external` | [transient](crate::action::ErrorClass::Transient), and it may have been carried out |
/// | 403 with `Retry-After` | any, none | [throttled](crate::action::ErrorClass::Throttled): a used up quota, as [Azure API Management](https://learn.microsoft.com/azure/api-management/quota-policy) says it |
/// | any other | any, none | as [`classify`](crate::action::classify()) has it |
///
/// The error code, and those of the nested results, stand in the error's
/// message. `message` and `params` do not: they may repeat what was sent.
///
/// ```
/// use http::Response;
/// use tripline::builtin::customer_insights::ApiErrorResult;
///
/// let body = r#"{"httpStatusCode":400,"exceptionCulprit":"user","errorCode":"InvalidFilter","resultSeverity":"error",
///     "message":"the filter is wrong","params":["$filter"],"ciResults":[{"errorCode":"UnknownAttribute"}]}"#;
/// let said = ApiErrorResult::of(&Response::new(body.into())).expect("it is one");
/// assert_eq!((said.error_code(), said.exception_culprit()), (Some("InvalidFilter"), Some("user")));
/// assert_eq!(said.ci_results()[0].error_code(), Some("UnknownAttribute"));
/// assert!(ApiErrorResult::of(&Response::new(b"<html>".to_vec())).is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ApiErrorResult {
    status: Option<u16>,
    culprit: Option<String>,
    code: Option<String>,
    severity: Option<String>,
    message: Option<String>,
    params: Value,
    results: Vec<ApiErrorResult>,
}

impl ApiErrorResult {
    /// What a response's body says, whatever its status; nothing where it is
    /// something else. Members of another type than theirs are left out, and
    /// of nested results the first eight are kept.
    ///
    /// ```
    /// # use http::Response;
    /// # use tripline::builtin::customer_insights::ApiErrorResult;
    /// let said = |body: &str| ApiErrorResult::of(&Response::new(body.into()));
    /// assert_eq!(said(r#"{"errorCode":7,"exceptionCulprit":"system"}"#).unwrap().error_code(), None);
    /// assert!(said(r#"{"value":[]}"#).is_none());
    /// ```
    #[must_use]
    pub fn of(response: &Response<Vec<u8>>) -> Option<Self> {
        let body: Value = serde_json::from_slice(response.body()).ok()?;
        let names = ["httpStatusCode", "exceptionCulprit", "errorCode"];
        let is_one = names.iter().any(|name| body.get(name).is_some());
        is_one.then(|| Self::read(&body, true))
    }

    fn read(object: &Value, is_outer: bool) -> Self {
        let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
        let nested = object.get("ciResults").and_then(Value::as_array).filter(|_| is_outer);
        let status = object.get("httpStatusCode");
        let status = status.and_then(|status| match status {
            Value::String(digits) => digits.parse().ok(),
            number => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        });
        Self {
            status,
            culprit: text("exceptionCulprit"),
            code: text("errorCode"),
            severity: text("resultSeverity"),
            message: text("message"),
            params: object.get("params").cloned().unwrap_or_default(),
            results: nested
                .into_iter()
                .flatten()
                .take(MAX_RESULTS)
                .map(|result| Self::read(result, false))
                .collect(),
        }
    }

    /// The status that the service names; it may be another than the answer's own.
    ///
    /// ```
    /// # use http::Response;
    /// # use tripline::builtin::customer_insights::ApiErrorResult;
    /// let said = ApiErrorResult::of(&Response::new(br#"{"httpStatusCode":"404"}"#.to_vec())).unwrap();
    /// assert_eq!(said.http_status_code(), Some(404));
    /// ```
    pub fn http_status_code(&self) -> Option<u16> {
        self.status
    }

    /// Who is at fault: `system`, `user`, `external`, or any other word.
    ///
    /// ```
    /// # use http::Response;
    /// # use tripline::builtin::customer_insights::ApiErrorResult;
    /// let said = ApiErrorResult::of(&Response::new(br#"{"exceptionCulprit":"external"}"#.to_vec())).unwrap();
    /// assert_eq!(said.exception_culprit(), Some("external"));
    /// ```
    pub fn exception_culprit(&self) -> Option<&str> {
        self.culprit.as_deref()
    }

    /// What went wrong, as a word of the service.
    ///
    /// ```
    /// # use http::Response;
    /// # use tripline::builtin::customer_insights::ApiErrorResult;
    /// let said = ApiErrorResult::of(&Response::new(br#"{"errorCode":"EntityNotFound"}"#.to_vec())).unwrap();
    /// assert_eq!(said.error_code(), Some("EntityNotFound"));
    /// ```
    pub fn error_code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// How bad it is, as a word of the service.
    ///
    /// ```
    /// # use http::Response;
    /// # use tripline::builtin::customer_insights::ApiErrorResult;
    /// let said = ApiErrorResult::of(&Response::new(br#"{"errorCode":"E","resultSeverity":"error"}"#.to_vec())).unwrap();
    /// assert_eq!(said.result_severity(), Some("error"));
    /// ```
    pub fn result_severity(&self) -> Option<&str> {
        self.severity.as_deref()
    }

    /// What went wrong, for people. It may repeat what was sent.
    ///
    /// ```
    /// # use http::Response;
    /// # use tripline::builtin::customer_insights::ApiErrorResult;
    /// let said = ApiErrorResult::of(&Response::new(br#"{"errorCode":"E","message":"no"}"#.to_vec())).unwrap();
    /// assert_eq!(said.message(), Some("no"));
    /// ```
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// What the message speaks of, in the service's own form; null where there is nothing.
    ///
    /// ```
    /// # use http::Response;
    /// # use tripline::builtin::customer_insights::ApiErrorResult;
    /// let said = ApiErrorResult::of(&Response::new(br#"{"errorCode":"E","params":["$filter"]}"#.to_vec())).unwrap();
    /// assert_eq!(said.params()[0], "$filter");
    /// ```
    pub fn params(&self) -> &Value {
        &self.params
    }

    /// The results that this one is made of.
    ///
    /// ```
    /// # use http::Response;
    /// # use tripline::builtin::customer_insights::ApiErrorResult;
    /// let said = ApiErrorResult::of(&Response::new(br#"{"errorCode":"E"}"#.to_vec())).unwrap();
    /// assert!(said.ci_results().is_empty());
    /// ```
    pub fn ci_results(&self) -> &[ApiErrorResult] {
        &self.results
    }

    fn blames(&self, culprit: &str) -> bool {
        self.culprit.as_deref().is_some_and(|word| word.eq_ignore_ascii_case(culprit))
    }

    /// The codes that can be shown: words, each once.
    fn codes(&self) -> Vec<&str> {
        let mut codes = Vec::new();
        for code in self.code.iter().chain(self.results.iter().filter_map(|result| result.code.as_ref())) {
            let is_word = (1..=64).contains(&code.len())
                && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
            if is_word && !codes.contains(&code.as_str()) {
                codes.push(code.as_str());
            }
        }
        codes
    }
}

/// What an answer that is no success means: `error` is what its status alone says.
pub(super) fn explain(ctx: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
    let said = ApiErrorResult::of(response).unwrap_or_default();
    let codes = said.codes().join(", ");
    let during = |error: ActionError| match &*codes {
        "" => error,
        codes => error.during(&format!("Customer Insights says {codes}")),
    };
    match response.status().as_u16() {
        400 | 409 | 422 if said.blames("user") => ActionError::invalid_input("", during(error).to_string()),
        400 | 409 | 422 if said.blames("system") || said.blames("external") => {
            during(ActionError::transient(error.to_string()).with_outcome_unknown(true))
        }
        403 if response.headers().contains_key(RETRY_AFTER) => {
            let throttled =
                classify(StatusCode::TOO_MANY_REQUESTS, response.headers(), ctx.now(), MAX_PAUSE).err();
            let pause = throttled.and_then(|error| error.retry_after());
            let throttled = ActionError::throttled(error.to_string());
            during(pause.into_iter().fold(throttled, ActionError::with_retry_after))
        }
        _ => during(error),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::action::{ErrorClass, classify};

    fn explained(status: u16, headers: &[(&'static str, &str)], body: &str) -> ActionError {
        let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
        let mut response = Response::new(body.as_bytes().to_vec());
        *response.status_mut() = status.try_into().unwrap();
        for (name, value) in headers {
            response.headers_mut().insert(*name, value.parse().unwrap());
        }
        let error = classify(response.status(), response.headers(), ctx.now(), MAX_PAUSE).unwrap_err();
        explain(&ctx, &response, error)
    }

    fn said(culprit: &str) -> String {
        format!(
            r#"{{"httpStatusCode":400,"exceptionCulprit":"{culprit}","errorCode":"E-1","message":"SECRET","params":["SECRET"],"ciResults":[{{"errorCode":"E-2"}},{{"errorCode":"E-1"}},{{"errorCode":"not a word"}},7]}}"#
        )
    }

    #[test]
    fn every_class_there_is_comes_of_an_answer() {
        let cases = [
            (400, "user", ErrorClass::InvalidInput, false),
            (409, "USER", ErrorClass::InvalidInput, false),
            (422, "user", ErrorClass::InvalidInput, false),
            (400, "system", ErrorClass::Transient, true),
            (409, "external", ErrorClass::Transient, true),
            (400, "nobody", ErrorClass::Permanent, false),
            (404, "user", ErrorClass::Permanent, false),
            (403, "user", ErrorClass::Permanent, false),
            (401, "user", ErrorClass::AuthExpired, false),
            (410, "user", ErrorClass::Gone, false),
            (429, "system", ErrorClass::Throttled, false),
            (408, "user", ErrorClass::Transient, false),
            (500, "user", ErrorClass::Transient, true),
            (503, "external", ErrorClass::Transient, true),
        ];
        for (status, culprit, class, is_unknown) in cases {
            let error = explained(status, &[], &said(culprit));
            assert_eq!(
                (error.class(), error.is_outcome_unknown()),
                (class, is_unknown),
                "{status} {culprit}"
            );
            let reason = error.reason();
            assert!(reason.contains("Customer Insights says E-1, E-2: the service answered"), "{reason}");
            assert!(reason.contains(&status.to_string()) && !reason.contains("SECRET"), "{reason}");
        }
    }

    #[test]
    fn a_pause_is_kept_and_a_used_up_quota_is_one() {
        let pause = [("retry-after", "42")];
        assert_eq!(explained(429, &pause, &said("system")).retry_after(), Some(Duration::from_secs(42)));
        let error = explained(403, &pause, r#"{"statusCode":403,"message":"Out of call volume quota."}"#);
        assert_eq!(
            (error.class(), error.retry_after()),
            (ErrorClass::Throttled, Some(Duration::from_secs(42)))
        );
        assert_eq!(error.to_string(), "the service answered 403 Forbidden");
        let error = explained(403, &[("retry-after", "999999")], "");
        assert_eq!(error.retry_after(), Some(MAX_PAUSE));
        assert!(explained(403, &[("retry-after", "soon")], "").is_throttled());
    }

    #[test]
    fn what_is_no_such_result_leaves_the_class_to_the_status() {
        let deep = format!("{}{}", "[".repeat(4_000), "]".repeat(4_000));
        for body in [
            "",
            "<html>",
            "null",
            "[]",
            "7",
            "{}",
            r#"{"errorCode":{}}"#,
            r#"{"errorCode":"a b\r\nx: y"}"#,
            &deep,
        ] {
            for (status, class) in [(400, ErrorClass::Permanent), (500, ErrorClass::Transient)] {
                let error = explained(status, &[], body);
                assert_eq!(error.class(), class, "{body}");
                assert!(error.to_string().starts_with("the service answered"), "{error}");
            }
        }
    }
}

//! Answers read as far as what their fields are.

use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use serde_json::Value;

use crate::action::Truncated;
use crate::event::strict;
use crate::time::{Nanos, parse_instant};

/// As in events (SPEC, section 11).
const DEPTH: usize = 64;

/// The most bytes of a name or a word, and of what is kept of a message: an event has room for all of them.
const MAX_TEXT: usize = 1_024;

/// The entries of an answer: those of an array, of an object's `value`, or the object itself.
///
/// Errors say why it is none, in words that hold nothing of it.
pub(super) fn entries(response: &Response<Vec<u8>>) -> Result<Vec<Value>, String> {
    if Truncated::is_marked(response) {
        return Err(format!("it is longer than {} bytes", response.body().len()));
    }
    if response.status() == StatusCode::NO_CONTENT {
        return Ok(Vec::new());
    }
    let content = response.headers().get(CONTENT_TYPE);
    if !content.is_none_or(|content| is_json(content.as_bytes())) {
        return Err("its content type is not JSON".to_owned());
    }
    let text = std::str::from_utf8(response.body()).map_err(|_| "it is not UTF-8".to_owned())?;
    if text.trim_ascii().is_empty() {
        return Err("it is empty".to_owned());
    }
    strict::verify(text, DEPTH)
        .map_err(|fault| format!("it is no JSON from byte {} on", fault.offset + 1))?;
    match serde_json::from_str(text).map_err(|_| "it is no JSON".to_owned())? {
        Value::Array(entries) => Ok(entries),
        Value::Null => Ok(Vec::new()),
        Value::Object(mut members) => match members.remove("value") {
            Some(Value::Array(entries)) => Ok(entries),
            Some(_) => Err("its value is no list".to_owned()),
            None => Ok(vec![Value::Object(members)]),
        },
        _ => Err("it is neither a list nor an object".to_owned()),
    }
}

/// `application/json`, or any type that ends in `+json`, in any case.
fn is_json(content: &[u8]) -> bool {
    let essence = content.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let essence = essence.to_ascii_lowercase();
    essence.ends_with(b"/json") || essence.ends_with(b"+json")
}

/// A name or a word that is there, not empty and not too long.
pub(super) fn text<'v>(entry: &'v Value, name: &str) -> Option<&'v str> {
    message(entry, name).filter(|text| is_short(text))
}

/// A text of any length that is there and not empty.
pub(super) fn message<'v>(entry: &'v Value, name: &str) -> Option<&'v str> {
    entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Whether a name is not too long.
pub(super) fn is_short(text: &str) -> bool {
    text.len() <= MAX_TEXT
}

/// A text cut to what is kept of it.
pub(super) fn short(text: &str) -> &str {
    let end = (0..=MAX_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// A time; where the text has no zone, it is UTC.
pub(super) fn time(entry: &Value, name: &str) -> Option<Nanos> {
    let text = text(entry, name)?;
    parse_instant(text).or_else(|_| parse_instant(&format!("{text}Z"))).ok()
}

/// A number that a 64-bit float holds exactly.
pub(super) fn number(value: &Value) -> Option<f64> {
    let Value::Number(number) = value else { return None };
    strict::float(&number.to_string()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, content: Option<&str>) -> Result<usize, String> {
        let mut response = Response::new(body.as_bytes().to_vec());
        if let Some(content) = content {
            response.headers_mut().insert(CONTENT_TYPE, content.parse().unwrap());
        }
        entries(&response).map(|entries| entries.len())
    }

    #[test]
    fn a_list_is_read_in_every_form_it_comes_in() {
        for (body, count) in
            [("[1,2]", 2), (r#"{"value":[1]}"#, 1), (r#"{"jobId":"j"}"#, 1), ("null", 0), (" [] \n", 0)]
        {
            assert_eq!(read(body, None), Ok(count), "{body}");
            for content in ["application/json", "application/JSON; charset=utf-8", "application/problem+json"]
            {
                assert_eq!(read(body, Some(content)), Ok(count), "{body} {content}");
            }
        }
    }

    #[test]
    fn garbage_is_told_from_an_answer_and_is_not_repeated() {
        let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        for body in
            ["", "  ", "<html>KEY</html>", "7", "\"KEY\"", "[1", r#"{"value":7}"#, r#"{"a":1,"a":2}"#, &deep]
        {
            let why = read(body, None).unwrap_err();
            assert!(why.starts_with("it") && !why.contains("KEY"), "{why}");
        }
        assert!(read("[]", Some("text/html")).is_err());
        let mut response = Response::new(vec![0xff]);
        assert!(entries(&response).is_err());
        *response.body_mut() = b"[]".to_vec();
        Truncated::mark(&mut response);
        assert!(entries(&response).is_err());
    }

    #[test]
    fn times_and_numbers_are_read_exactly_or_not_at_all() {
        let entry = serde_json::json!({"a": "2026-03-01T02:00:00Z", "b": "2026-03-01T02:00:00", "c": "soon", "d": 7, "e": ""});
        assert_eq!(time(&entry, "a"), Some(1_772_330_400_000_000_000));
        assert_eq!(time(&entry, "b"), time(&entry, "a"));
        for name in ["c", "d", "e", "f"] {
            assert_eq!(time(&entry, name), None, "{name}");
        }
        let number = |text: &str| number(&serde_json::from_str(text).unwrap());
        assert_eq!((number("1004"), number("0.1"), number("-0.0")), (Some(1004.0), Some(0.1), Some(-0.0)));
        assert_eq!((number("9007199254740993"), number("\"7\"")), (None, None));
    }
}

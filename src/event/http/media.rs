//! Media types: what a content type says about the body.

use std::borrow::Cow;

use super::value;

/// What the content types of one event start with.
pub(super) const SINGLE: &str = "application/cloudevents";
/// What the content types of a batch start with.
pub(super) const BATCH: &str = "application/cloudevents-batch";
pub(super) const SINGLE_JSON: &str = "application/cloudevents+json";
pub(super) const BATCH_JSON: &str = "application/cloudevents-batch+json";

/// Whether `content_type` starts with `prefix`, in any case.
pub(super) fn starts_with(content_type: &[u8], prefix: &str) -> bool {
    let content_type = content_type.trim_ascii_start();
    content_type.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// A media type and its character set (RFC 9110, section 8.3.1).
#[derive(Debug, PartialEq)]
pub(super) struct MediaType<'a> {
    /// `type/subtype`, without parameters.
    pub(super) essence: &'a str,
    pub(super) charset: Option<Cow<'a, str>>,
}

impl<'a> MediaType<'a> {
    pub(super) fn parse(content_type: &'a str) -> Result<Self, &'static str> {
        let (essence, mut rest) = split(content_type, |byte| byte == b';');
        let essence = essence.trim_ascii();
        if !essence.split_once('/').is_some_and(|(left, right)| is_token(left) && is_token(right)) {
            return Err("is not a media type: it is not of the form type/subtype");
        }
        let mut charset = None;
        while let Some(parameter) = rest.strip_prefix(';') {
            let parameter = parameter.trim_ascii_start();
            let (name, after) = split(parameter, |byte| matches!(byte, b'=' | b';'));
            let Some(value) = after.strip_prefix('=') else {
                if !name.trim_ascii().is_empty() {
                    return Err("is not a media type: a parameter has no value");
                }
                rest = after;
                continue;
            };
            let mut in_quotes = false;
            let mut escaped = false;
            let (value, after) = split(value, |byte| {
                let was_escaped = escaped;
                escaped = in_quotes && !was_escaped && byte == b'\\';
                in_quotes ^= byte == b'"' && !was_escaped;
                byte == b';' && !in_quotes
            });
            let value = value.trim_ascii_end();
            let unquoted =
                value::unquote(value).map_err(|_| "is not a media type: a quoted string is open")?;
            if !is_token(name) || !(is_token(value) || value.starts_with('"')) {
                return Err("is not a media type: a parameter is not of the form name=value");
            }
            if name.eq_ignore_ascii_case("charset") && charset.replace(unquoted).is_some() {
                return Err("has two character sets");
            }
            rest = after;
        }
        Ok(Self { essence, charset })
    }

    /// Whether it names no character set, or UTF-8, which ASCII is too.
    pub(super) fn is_utf_8(&self) -> bool {
        let is =
            |charset: &str| ["utf-8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known));
        self.charset.as_deref().is_none_or(is)
    }

    /// Whether its data is text: `text/…`, XML, or anything that names a character set.
    pub(super) fn is_text(&self) -> bool {
        let is = |part: &str, end: bool| {
            let at = if end { self.essence.len().checked_sub(part.len()) } else { Some(0) };
            let found = at.and_then(|at| self.essence.get(at..at + part.len()));
            found.is_some_and(|found| found.eq_ignore_ascii_case(part))
        };
        self.charset.is_some() || is("text/", false) || is("/xml", true) || is("+xml", true)
    }
}

/// The text up to the first byte that ends it, and the rest from that byte on.
fn split(text: &str, ends: impl FnMut(u8) -> bool) -> (&str, &str) {
    let at = text.bytes().position(ends).unwrap_or(text.len());
    // A byte that ends something is ASCII.
    (&text[..at], &text[at..])
}

/// `token` of RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_is_its_essence_and_its_character_set() {
        for (text, essence, charset) in [
            ("application/json", "application/json", None),
            (" text/plain ", "text/plain", None),
            ("text/plain;charset=utf-8", "text/plain", Some("utf-8")),
            ("text/plain ; a=b ; Charset=UTF-8", "text/plain", Some("UTF-8")),
            (r#"text/plain; charset="utf-8""#, "text/plain", Some("utf-8")),
            (r#"text/plain; a="; charset=x\""; charset="u\tf-8""#, "text/plain", Some("utf-8")),
            ("text/plain;; ;charset=latin1;", "text/plain", Some("latin1")),
            ("a.b+c/d-e", "a.b+c/d-e", None),
        ] {
            let expected = MediaType { essence, charset: charset.map(Cow::Borrowed) };
            assert_eq!(MediaType::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_media_type_is_refused() {
        for text in [
            "",
            "json",
            "/json",
            "a/",
            "a/b/c",
            "a b/c",
            "a/b, c/d",
            "é/b",
            "a/b; c",
            "a/b; c=",
            "a/b; =c",
            "a/b; c=d e",
            "a/b; c=\"d",
            "a/b; c=d\"e\"",
            "a/b; c =d",
            "a/b; charset=utf-8; charset=utf-16",
        ] {
            assert!(MediaType::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn text_is_what_says_so() {
        let is_text = |text| MediaType::parse(text).unwrap().is_text();
        for text in
            ["text/plain", "TEXT/csv", "application/xml", "image/svg+XML", "application/yaml; charset=utf-8"]
        {
            assert!(is_text(text), "{text}");
        }
        for binary in
            ["application/octet-stream", "image/png", "application/text", "application/yaml", "a/xmlx"]
        {
            assert!(!is_text(binary), "{binary}");
        }
    }
}

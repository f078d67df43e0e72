//! Where in a text something is wrong, and how that is said.

use crate::error::{Error, ErrorKind};

/// Why a text is refused. `at` is the rest of the text from the offending byte
/// on: its address is the place, so that nothing has to count while all is well.
#[derive(Debug)]
pub(super) struct Refusal<'a> {
    kind: ErrorKind,
    at: &'a str,
    message: String,
}

impl<'a> Refusal<'a> {
    pub(super) fn new(kind: ErrorKind, at: &'a str, message: impl Into<String>) -> Self {
        Self { kind, at, message: message.into() }
    }

    pub(super) fn invalid(at: &'a str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, at, message)
    }

    /// A number that no float can hold.
    pub(super) fn beyond_range(at: &'a str) -> Self {
        let number = shown(word(at));
        Self::invalid(at, format!("{number} is beyond the range of a 64-bit float, about 1.8e308"))
    }

    /// What `serde_json` says about `text`, with the place and the text found there.
    pub(super) fn from_json_error(error: &serde_json::Error, text: &'a str) -> Self {
        let said = error.to_string();
        let said = said.rsplit_once(" at line ").map_or(&*said, |(said, _)| said);
        let syntax = |at, message| Self::new(ErrorKind::Syntax, at, message);
        if error.is_eof() {
            let message = match said.strip_prefix("EOF while parsing ") {
                _ if text.trim_ascii().is_empty() => "the text is empty".to_owned(),
                place => format!("the text ends inside {}", place.unwrap_or("a value")),
            };
            return syntax(&text[text.len()..], message);
        }
        let at = offset(text, error.line(), error.column());
        let rest = &text[at..];
        let start = &text[word_start(text, at)..];
        match said {
            "number out of range" => Self::beyond_range(start),
            "recursion limit exceeded" => {
                Self::new(ErrorKind::Limit, rest, "nested deeper than the JSON parser goes")
            }
            "expected value" | "expected ident" | "invalid number" => match word(start) {
                "" => syntax(rest, format!("expected a value, found {}", found(rest))),
                word => syntax(start, format!("{} is not a JSON value", shown(word))),
            },
            "trailing characters" => {
                syntax(rest, format!("{} follows where the text should end", found(rest)))
            }
            _ if said.starts_with("control character") => {
                // Strings that are skipped stop before the character, strings that are read behind it.
                let at = at + rest.find(|c: char| c < ' ').unwrap_or(0);
                let code = text.as_bytes().get(at).copied().unwrap_or_default();
                syntax(&text[at..], format!("the control character 0x{code:02x} must be escaped in a string"))
            }
            _ if said.contains("escape") || said.contains("unicode") => {
                let escape = text[..at].rfind('\\').filter(|_| !rest.starts_with('\\')).unwrap_or(at);
                let sequence: String = text[escape..].chars().take(6).collect();
                syntax(&text[escape..], format!("{said}: {sequence:?}"))
            }
            said => syntax(rest, format!("{said}, found {}", found(rest))),
        }
    }

    /// The kind, the offset in `document`, and what is wrong there.
    pub(super) fn into_parts(self, document: &str) -> (ErrorKind, usize, String) {
        (self.kind, offset_in(document, self.at), self.message)
    }

    /// The refusal with its place in `document`, whose first line has the number `first_line`.
    pub(super) fn into_error(self, document: &str, first_line: u64) -> Error {
        let place = place(document.as_bytes(), offset_in(document, self.at), first_line);
        Error::new(self.kind, self.message).at(place)
    }
}

/// How many bytes into `text` its part `part` starts.
pub(super) fn offset_in(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len())
}

/// `line:column` of a byte, both from 1; columns count bytes.
pub(super) fn place(document: &[u8], offset: usize, first_line: u64) -> String {
    let before = &document[..offset.min(document.len())];
    let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    let lines = before.iter().filter(|&&byte| byte == b'\n').count() as u64;
    format!("{}:{}", first_line.saturating_add(lines), before.len() - line_start + 1)
}

/// A text cut to a length that fits into a message.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

/// The byte that `serde_json` means: its column counts the bytes of the line up
/// to and with that byte, so that a line break is byte 0 of the next line.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let line_start = match line {
        0 | 1 => 0,
        line => text.match_indices('\n').nth(line - 2).map_or(0, |(newline, _)| newline + 1),
    };
    let at = (line_start + column).saturating_sub(1).min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// Where the number or word starts that goes on at `at`.
fn word_start(text: &str, at: usize) -> usize {
    let before = text.as_bytes()[..at].iter().rposition(|&byte| !is_word_byte(byte));
    before.map_or(0, |before| before + 1)
}

/// The number or word at the start of `rest`.
fn word(rest: &str) -> &str {
    let end = rest.bytes().position(|byte| !is_word_byte(byte));
    &rest[..end.unwrap_or(rest.len())]
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_')
}

fn found(rest: &str) -> String {
    match (word(rest), rest.chars().next()) {
        (_, None) => "the end".to_owned(),
        ("", Some(character)) => format!("{character:?}"),
        (word, _) => shown(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_columns_count_bytes() {
        let text = "é\n\nab";
        let places: Vec<String> = [0, 2, 3, 4, 5, 6].map(|offset| place(text.as_bytes(), offset, 1)).into();
        assert_eq!(places, ["1:1", "1:3", "2:1", "3:1", "3:2", "3:3"]);
        assert_eq!(place(text.as_bytes(), 4, 7), "9:1");
    }

    #[test]
    fn a_control_character_behind_a_wide_one_is_named() {
        for text in ["\"é\u{1}\"", "\"a\u{1}é\"", "{\"specversion\":\"é\u{1}\"}", "[\"x\",\"日本\u{1}\"]"]
        {
            let skipped = serde_json::from_str::<serde::de::IgnoredAny>(text).map(drop);
            let read = serde_json::from_str::<serde_json::Value>(text).map(drop);
            for error in [skipped, read].into_iter().filter_map(Result::err) {
                let refusal = Refusal::from_json_error(&error, text);
                assert_eq!(
                    refusal.message, "the control character 0x01 must be escaped in a string",
                    "{text:?}"
                );
                assert!(refusal.at.starts_with('\u{1}'), "{text:?}");
            }
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shown(&"é".repeat(60)), "é".repeat(60));
        assert_eq!(shown(&"é".repeat(61)), format!("{}… (122 bytes)", "é".repeat(60)));
    }
}

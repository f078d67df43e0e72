//! What may stand in a header, after RFC 5322 and RFC 2047.

use crate::base64;
use crate::builtin::email::Mailbox;

/// The longest value that is written as it is, so that its line stays within 78 characters.
const MOST_PLAIN: usize = 60;
/// Bytes in an encoded word: 52 letters and 12 around them, which with a header's name stay within 76 (RFC 2047, section 2).
const WORD: usize = 39;

/// A subject: as it is, or where it cannot stand so, in encoded words.
pub(super) fn unstructured(text: &str) -> String {
    let text = text.trim();
    let is_plain = text.len() <= MOST_PLAIN && !text.contains("=?") && text.bytes().all(is_printable);
    if is_plain { text.to_owned() } else { encoded(text) }
}

/// Mailboxes, each on a line of its own.
pub(super) fn mailboxes(list: &[Mailbox]) -> String {
    list.iter().map(mailbox).collect::<Vec<_>>().join(",\r\n ")
}

pub(super) fn mailbox(mailbox: &Mailbox) -> String {
    let address = mailbox.address();
    match mailbox.name() {
        None => address.to_owned(),
        Some(name) => format!("{}\r\n <{address}>", phrase(name)),
    }
}

fn phrase(name: &str) -> String {
    if name.len() > MOST_PLAIN || name.contains("=?") || !name.bytes().all(is_printable) {
        return encoded(name);
    }
    let mut quoted = String::from("\"");
    for c in name.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// Encoded words, a line each; none ends within a character (RFC 2047, section 5).
fn encoded(text: &str) -> String {
    let mut words = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(boundary(rest, WORD));
        words.push_str(if words.is_empty() { "=?UTF-8?B?" } else { "\r\n =?UTF-8?B?" });
        base64::push(&mut words, word.as_bytes());
        words.push_str("?=");
        rest = after;
    }
    words
}

/// The last place at or before `most` where a character begins, or the end.
fn boundary(text: &str, most: usize) -> usize {
    if most >= text.len() {
        return text.len();
    }
    (1..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_stays_so_and_the_rest_is_encoded_in_short_lines() {
        assert_eq!(unstructured(" Full refresh failed "), "Full refresh failed");
        assert_eq!(unstructured("é"), "=?UTF-8?B?w6k=?=");
        assert_eq!(unstructured("=?UTF-8?B?w6k=?="), "=?UTF-8?B?PT9VVEYtOD9CP3c2az0/PQ==?=");
        let long = unstructured(&"\u{1F600}é".repeat(60));
        for line in format!("Subject: {long}").split("\r\n") {
            assert!(line.len() <= 76, "{line}");
        }
        assert!(!unstructured("a\r\nBcc: b").contains("Bcc"));
    }

    #[test]
    fn a_name_is_quoted_or_encoded() {
        let shown = |name: &str| mailbox(&Mailbox::new("a@b").unwrap().with_name(name).unwrap());
        assert_eq!(shown("Ana"), "\"Ana\"\r\n <a@b>");
        assert_eq!(shown("M., \"Ana\" \\ <x@y>"), "\"M., \\\"Ana\\\" \\\\ <x@y>\"\r\n <a@b>");
        assert_eq!(shown("Ána"), "=?UTF-8?B?w4FuYQ==?=\r\n <a@b>");
        assert_eq!(mailbox(&Mailbox::new("a@b").unwrap()), "a@b");
    }
}

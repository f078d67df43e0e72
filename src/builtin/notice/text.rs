//! Text from outside, made fit to be shown.

/// A character that has no place in a line that people read: controls, the
/// line and paragraph separators, and the marks that turn the direction of what follows.
pub(in super::super) fn is_odd(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// One line of at most `most` characters: odd characters become spaces, and
/// what is longer ends in an ellipsis.
pub(in super::super) fn clean(text: &str, most: usize) -> String {
    let mut line = String::new();
    // What is far beyond the end is not even looked at.
    for c in text.chars().take(most.saturating_mul(2) + 64) {
        match is_odd(c) || c.is_whitespace() {
            true if line.is_empty() || line.ends_with(' ') => {}
            true => line.push(' '),
            false => line.push(c),
        }
    }
    line.truncate(line.trim_end().len());
    if let Some((end, _)) = line.char_indices().nth(most) {
        let last = line[..end].char_indices().next_back().map_or(0, |(at, _)| at);
        line.truncate(last);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_one_line_of_bounded_length() {
        for (text, most, line) in [
            ("a\r\nBcc: b\0c", 20, "a Bcc: b c"),
            ("  a \t b  ", 20, "a b"),
            ("abcdef", 6, "abcdef"),
            ("abcdefg", 6, "abcde…"),
            ("äöüßéà", 3, "äö…"),
            ("\u{202E}evil\u{2028}x", 20, "evil x"),
            ("", 5, ""),
            ("\r\n", 5, ""),
        ] {
            assert_eq!(clean(text, most), line, "{text:?}");
        }
        assert_eq!(clean(&"x".repeat(1 << 20), 160).chars().count(), 160);
    }
}

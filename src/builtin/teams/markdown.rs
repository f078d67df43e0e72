//! Plain text in a place where Markdown is read.

/// A plain text as the Markdown of an Adaptive Card that shows it as it is.
///
/// What would be emphasis, a link, code, HTML, an entity, or one of the card's
/// own functions (`{{DATE(…)}}`) gets a backslash, and so does what would begin a
/// heading or a list on a line. The subset is that of
/// [Adaptive Cards](https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features),
/// escapes are those of CommonMark, section 2.4.
///
/// ```
/// use tripline::builtin::teams::escape_markdown;
/// assert_eq!(escape_markdown("[pay](https://evil.example) svc_crm"), r"\[pay\]\(https://evil.example\) svc\_crm");
/// assert_eq!(escape_markdown("-5 is below 0"), "-5 is below 0");
/// assert_eq!(escape_markdown("- no list\n1. nor this"), "\\- no list\n1\\. nor this");
/// ```
pub fn escape_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            escaped.push('\n');
        }
        let marker = marker(line);
        for (at, c) in line.char_indices() {
            if Some(at) == marker || r"\`*_{}[]()<>&~|".contains(c) {
                escaped.push('\\');
            }
            escaped.push(c);
        }
    }
    escaped
}

/// Where the character stands that makes the line a heading, a rule or a part of a list.
fn marker(line: &str) -> Option<usize> {
    let start = line.len() - line.trim_start().len();
    let rest = &line[start..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let is_number = |text: &str| text.as_bytes().first().is_some_and(u8::is_ascii_digit);
    match rest.as_bytes().get(digits)? {
        b'#' | b'=' if digits == 0 => Some(start),
        b'+' | b'-' if digits == 0 && !is_number(&rest[1..]) => Some(start),
        b'.' if digits > 0 && !is_number(&rest[digits + 1..]) => Some(start + digits),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_comes_from_outside_means_anything() {
        for (text, escaped) in [
            ("**bold** `code` ~~gone~~", r"\*\*bold\*\* \`code\` \~\~gone\~\~"),
            ("<at>Ana</at> &amp;", r"\<at\>Ana\</at\> \&amp;"),
            ("{{DATE(2026-03-01T02:00:00Z, SHORT)}}", r"\{\{DATE\(2026-03-01T02:00:00Z, SHORT\)\}\}"),
            ("# a\n  ## b\n=== ", "\\# a\n  \\## b\n\\=== "),
            ("+ a\n---\n-5\n+5.5", "\\+ a\n\\---\n-5\n+5.5"),
            ("10. a\n1.5\n2026", "10\\. a\n1.5\n2026"),
            (r"a\b", r"a\\b"),
            ("a | b", r"a \| b"),
            ("C:\\*", r"C:\\\*"),
            ("", ""),
        ] {
            assert_eq!(escape_markdown(text), escaped, "{text:?}");
        }
    }
}

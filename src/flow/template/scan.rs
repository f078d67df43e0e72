//! A template's text taken apart, as far as needed to judge it before it runs.
//!
//! The grammar is the template engine's; this only finds where expressions and
//! tags begin and end, and the words in them.

/// A part of a template's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Text,
    /// What stands between `{{` and `}}`.
    Expression(&'t str),
    /// What stands between `{%` and `%}`.
    Tag(&'t str),
    Comment,
}

/// A word or a sign of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'t> {
    Word(&'t str),
    Sign(char),
    /// A text in quotes, or a number.
    Literal,
}

/// The most bytes of one template.
pub(super) const MAX_SOURCE: usize = 64 << 10;

/// The most words and signs of one expression or tag: the engine's own stack
/// grows with each, and it bounds only what stands in brackets.
const MAX_TOKENS: usize = 500;

/// The most tags of one template, for the same reason.
const MAX_TAGS: usize = 500;

/// Whether a text is more than the engine may see, and what of it.
pub(super) fn fault_of_size(text: &str) -> Option<String> {
    if text.len() > MAX_SOURCE {
        return Some(format!("a template of {} bytes is over the limit of {MAX_SOURCE}", text.len()));
    }
    let mut tags = 0;
    for piece in pieces(text) {
        let (Piece::Expression(inner) | Piece::Tag(inner)) = piece else { continue };
        tags += usize::from(matches!(piece, Piece::Tag(_)));
        let tokens = tokens(inner).len();
        if tokens > MAX_TOKENS {
            return Some(format!(
                "an expression of {tokens} words and signs is over the limit of {MAX_TOKENS}"
            ));
        }
    }
    (tags > MAX_TAGS).then(|| format!("{tags} tags are over the limit of {MAX_TAGS}"))
}

/// Whether nothing in the text means anything to the template engine.
pub(super) fn is_plain(text: &str) -> bool {
    !["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))
}

/// The text in pieces. What is not closed ends it: the engine refuses it.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() {
            pieces.push(Piece::Text);
        }
        let (piece, after) = match from.as_bytes().get(1) {
            Some(b'{') => {
                close(from, "}}").map_or((None, ""), |(inner, after)| (Some(Piece::Expression(inner)), after))
            }
            Some(b'%') => match close(from, "%}") {
                Some((inner, after)) if first_word(inner) == "raw" => (Some(Piece::Text), after_raw(after)),
                Some((inner, after)) => (Some(Piece::Tag(inner)), after),
                None => (None, ""),
            },
            Some(b'#') => {
                let after = from.find("#}").map_or("", |at| &from[at + 2..]);
                (Some(Piece::Comment), after)
            }
            _ => (Some(Piece::Text), &from[1..]),
        };
        pieces.extend(piece);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text);
    }
    pieces
}

/// What the text is one expression of, with nothing around it.
pub(super) fn only_expression(text: &str) -> Option<&str> {
    match (pieces(text).as_slice(), text.starts_with("{{") && text.ends_with("}}")) {
        ([Piece::Expression(inner)], true) => Some(inner),
        _ => None,
    }
}

/// The words and signs of an expression or a tag.
pub(super) fn tokens(inner: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = inner.trim_start();
    while let Some(c) = rest.chars().next() {
        let length = if c == '"' || c == '\'' {
            tokens.push(Token::Literal);
            quoted(rest)
        } else if c.is_alphanumeric() || c == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let is_word = !c.is_ascii_digit();
            tokens.push(if is_word { Token::Word(&rest[..length]) } else { Token::Literal });
            length
        } else {
            tokens.push(Token::Sign(c));
            c.len_utf8()
        };
        rest = rest[length..].trim_start();
    }
    tokens
}

/// The first word of a tag: what kind of tag it is.
pub(super) fn first_word(inner: &str) -> &str {
    let inner = inner.trim_start();
    inner.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// What stands between the mark that `from` begins with and the closing one,
/// texts in quotes skipped and the signs for white space taken away, and what comes after.
fn close<'t>(from: &'t str, end: &str) -> Option<(&'t str, &'t str)> {
    let mut at = 2;
    while let Some(c) = from[at..].chars().next() {
        if from[at..].starts_with(end) {
            let inner = from[2..at].trim_start_matches(['-', '+']);
            return Some((inner.strip_suffix(['-', '+']).unwrap_or(inner), &from[at + 2..]));
        }
        at += if c == '"' || c == '\'' { quoted(&from[at..]) } else { c.len_utf8() };
    }
    None
}

/// The length of the text in quotes that `rest` begins with.
fn quoted(rest: &str) -> usize {
    let mut characters = rest.char_indices();
    let Some((_, quote)) = characters.next() else { return 0 };
    let mut is_escaped = false;
    for (at, c) in characters {
        if c == quote && !is_escaped {
            return at + c.len_utf8();
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    rest.len()
}

/// What comes after the end of a raw block.
fn after_raw(mut rest: &str) -> &str {
    while let Some(at) = rest.find("{%") {
        rest = &rest[at..];
        match close(rest, "%}") {
            Some((inner, after)) if first_word(inner) == "endraw" => return after,
            _ => rest = &rest[2..],
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_tags_and_comments_are_told_from_text() {
        let text = "a {{ x }}{%- if y -%}{# {{ no }} #}{% raw %}{{ no }}{% endraw %}{ {{ '}}' }}";
        assert_eq!(
            pieces(text),
            [
                Piece::Text,
                Piece::Expression(" x "),
                Piece::Tag(" if y "),
                Piece::Comment,
                Piece::Text,
                Piece::Text,
                Piece::Text,
                Piece::Expression(" '}}' "),
            ]
        );
    }

    #[test]
    fn only_an_expression_that_stands_alone_keeps_its_type() {
        for (text, inner) in [
            ("{{ x }}", Some(" x ")),
            ("{{- x -}}", Some(" x ")),
            (r#"{{ "}} {{" }}"#, Some(r#" "}} {{" "#)),
            (" {{ x }}", None),
            ("{{ x }}\n", None),
            ("{{ x }}{{ y }}", None),
            ("{{ x", None),
            ("{% if x %}{% endif %}", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(only_expression(text), inner, "{text:?}");
        }
    }

    #[test]
    fn words_are_told_from_texts_and_numbers() {
        assert_eq!(
            tokens(r#"a.b|d("x|y\"", 1e5) is odd"#),
            [
                Token::Word("a"),
                Token::Sign('.'),
                Token::Word("b"),
                Token::Sign('|'),
                Token::Word("d"),
                Token::Sign('('),
                Token::Literal,
                Token::Sign(','),
                Token::Literal,
                Token::Sign(')'),
                Token::Word("is"),
                Token::Word("odd"),
            ]
        );
    }
}

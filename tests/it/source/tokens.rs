//! Rust text as tokens: it knows comments, strings and words, and nothing of grammar.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    Literal,
    Mark,
    /// `/// …`, one line of it.
    Doc,
    /// `//! …`, one line of it.
    InnerDoc,
}

#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    pub(crate) fn is(&self, text: &str) -> bool {
        self.text == text && matches!(self.kind, Kind::Word | Kind::Mark)
    }

    pub(crate) fn is_doc(&self) -> bool {
        matches!(self.kind, Kind::Doc | Kind::InnerDoc)
    }
}

/// The text as tokens; plain comments and white space are gone.
pub(crate) fn read(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = next_token(rest, first);
        let (token, tail) = rest.split_at(length);
        if let Some(kind) = kind {
            tokens.push(Token { kind, text: token.to_owned(), line });
        }
        line += token.matches('\n').count();
        rest = tail;
    }
    tokens
}

/// Kind and length of what `rest` starts with; no kind for what is left out.
fn next_token(rest: &str, first: char) -> (Option<Kind>, usize) {
    if first.is_whitespace() {
        return (None, first.len_utf8());
    }
    if rest.starts_with("//") {
        let kind = match rest.as_bytes().get(2) {
            Some(b'/') if rest.as_bytes().get(3) != Some(&b'/') => Some(Kind::Doc),
            Some(b'!') => Some(Kind::InnerDoc),
            _ => None,
        };
        return (kind, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (None, block_comment(rest));
    }
    if let Some(length) = string(rest) {
        return (Some(Kind::Literal), length);
    }
    if first == '\'' {
        return (Some(Kind::Literal), character_or_lifetime(rest));
    }
    if first.is_alphanumeric() || first == '_' {
        let word = rest.strip_prefix("r#").unwrap_or(rest);
        let end = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
        let kind = if first.is_ascii_digit() { Kind::Literal } else { Kind::Word };
        return (Some(kind), rest.len() - word.len() + end);
    }
    let double = ["::", "->", "=>"].iter().any(|mark| rest.starts_with(mark));
    (Some(Kind::Mark), if double { 2 } else { first.len_utf8() })
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match rest.as_bytes().get(at..at + 2) {
            Some(b"/*") => depth += 1,
            Some(b"*/") => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of a string literal of any kind, where `rest` starts with one.
fn string(rest: &str) -> Option<usize> {
    let body = rest.trim_start_matches(['b', 'c', 'r']);
    let prefix = &rest[..rest.len() - body.len()];
    if !["", "b", "c", "r", "br", "cr"].contains(&prefix) {
        return None;
    }
    if prefix.ends_with('r') {
        let quoted = body.trim_start_matches('#');
        let hashes = &body[..body.len() - quoted.len()];
        let inside = quoted.strip_prefix('"')?;
        let end = format!("\"{hashes}");
        return Some(inside.find(&end).map_or(rest.len(), |at| rest.len() - inside.len() + at + end.len()));
    }
    let inside = body.strip_prefix('"')?;
    let mut escaped = false;
    let end = inside.find(|c| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    });
    Some(end.map_or(rest.len(), |at| rest.len() - inside.len() + at + 1))
}

fn character_or_lifetime(rest: &str) -> usize {
    let inside = &rest[1..];
    let first = inside.chars().next().map_or(0, char::len_utf8);
    if let Some(escape) = inside.strip_prefix('\\') {
        let after = escape.chars().next().map_or(0, char::len_utf8);
        return escape[after..].find('\'').map_or(rest.len(), |at| 2 + after + at + 1);
    }
    if inside[first..].starts_with('\'') {
        return 1 + first + 1;
    }
    1 + inside.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inside.len())
}

#[test]
fn comments_strings_and_characters_are_not_code() {
    let text = r##"a // use crate::x
        /* use /* nested */ crate::x */ b "crate::\" x" c r#"crate::"x"# d '"' e '\'' f 'static g b"x" r#use 1_000u64 "##;
    let words: Vec<String> =
        read(text).into_iter().filter(|token| token.kind == Kind::Word).map(|token| token.text).collect();
    assert_eq!(words, ["a", "b", "c", "d", "e", "f", "g", "r#use"]);
}

#[test]
fn every_token_knows_its_line() {
    let lines: Vec<(String, usize)> =
        read("a\n/* \n */ b \"\n\"\nc").into_iter().map(|token| (token.text, token.line)).collect();
    assert_eq!(lines, [("a".into(), 1), ("b".into(), 3), ("\"\n\"".into(), 3), ("c".into(), 5)]);
}

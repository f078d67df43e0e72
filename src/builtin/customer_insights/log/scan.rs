//! The tokens of one JSON value, a byte at a time: where the value ends, and
//! where what follows belongs to no value.
//!
//! It answers one question, where a record ends, and holds against the grammar
//! only what that answer rests on: strings, brackets, and that two values never
//! stand side by side. So a record with a bad number in it still ends where it
//! ends, and one that was cut short does not swallow the record after it. What
//! the record says is judged later, strictly, on its whole text.

/// Levels whose brackets are held against each other; deeper ones are counted.
const LEVELS: u32 = 128;

/// The member whose array holds records.
const RECORDS: &[u8] = b"records";

/// Where in a value the bytes seen so far end.
#[derive(Debug, Clone)]
pub(super) struct Scanner {
    /// One bit for each open bracket, the innermost lowest; set for an object.
    kinds: u128,
    depth: u32,
    beyond: u64,
    wanted: Wanted,
    inside: Inside,
    name: Name,
}

/// What came of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scanned {
    /// The value goes on.
    More,
    /// The value ends before the byte that comes next.
    End,
    /// The bracket was read that opens the array of a `records` member of the value itself.
    Records,
    /// The next byte cannot stand where it stands; what would.
    Fault(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Value,
    Key,
    Colon,
    /// A comma or a closing bracket.
    Next,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Text,
    Escape,
    /// A number, a word, or whatever else stands between marks.
    Word,
}

/// How much of [`RECORDS`] the key read last is, where that is a key of the value itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Other,
    Prefix(usize),
}

impl Scanner {
    /// Before a value.
    pub(super) fn new() -> Self {
        Self {
            kinds: 0,
            depth: 0,
            beyond: 0,
            wanted: Wanted::Value,
            inside: Inside::Nothing,
            name: Name::Other,
        }
    }

    /// In an object, behind one of its members.
    pub(super) fn behind_member() -> Self {
        Self { kinds: 1, depth: 1, wanted: Wanted::Next, ..Self::new() }
    }

    /// Reads on, and gives how many of the bytes that took.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> (usize, Scanned) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let step = match self.inside {
                Inside::Text => {
                    let (read, step) = self.text(&bytes[at..]);
                    at += read;
                    step
                }
                Inside::Escape if byte != b'\n' => {
                    self.inside = Inside::Text;
                    at += 1;
                    Scanned::More
                }
                Inside::Escape => Scanned::Fault(IN_TEXT),
                Inside::Word if !ends_word(byte) => {
                    at += 1;
                    Scanned::More
                }
                Inside::Word => {
                    self.inside = Inside::Nothing;
                    self.after_word()
                }
                Inside::Nothing => {
                    let step = self.mark(byte);
                    at += usize::from(!matches!(step, Scanned::Fault(_)));
                    step
                }
            };
            if step != Scanned::More {
                return (at, step);
            }
        }
        (at, Scanned::More)
    }

    /// The part of a string that `bytes` start with.
    fn text(&mut self, bytes: &[u8]) -> (usize, Scanned) {
        let stop = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n'));
        let length = stop.unwrap_or(bytes.len());
        if let Name::Prefix(known) = self.name {
            let goes_on = self.wanted == Wanted::Key && RECORDS[known..].starts_with(&bytes[..length]);
            self.name = if goes_on { Name::Prefix(known + length) } else { Name::Other };
        }
        match stop.map(|stop| bytes[stop]) {
            None => (length, Scanned::More),
            Some(b'\n') => (length, Scanned::Fault(IN_TEXT)),
            Some(b'\\') => {
                self.inside = Inside::Escape;
                self.name = Name::Other;
                (length + 1, Scanned::More)
            }
            Some(_) => {
                self.inside = Inside::Nothing;
                (length + 1, self.after_word())
            }
        }
    }

    /// Behind a string, a number or a word.
    fn after_word(&mut self) -> Scanned {
        if self.beyond > 0 {
            return Scanned::More;
        }
        if self.wanted == Wanted::Key {
            self.wanted = Wanted::Colon;
            return Scanned::More;
        }
        self.after_value()
    }

    fn after_value(&mut self) -> Scanned {
        self.wanted = Wanted::Next;
        if self.depth == 0 { Scanned::End } else { Scanned::More }
    }

    /// A byte outside strings and words.
    fn mark(&mut self, byte: u8) -> Scanned {
        if is_space(byte) {
            return Scanned::More;
        }
        if self.beyond > 0 {
            return self.mark_beyond(byte);
        }
        match byte {
            b'}' | b']' if self.depth > 0 && self.in_object() == (byte == b'}') => {
                self.kinds >>= 1;
                self.depth -= 1;
                return self.after_value();
            }
            b',' if self.depth > 0 => {
                self.wanted = if self.in_object() { Wanted::Key } else { Wanted::Value };
            }
            b':' if self.wanted == Wanted::Colon => self.wanted = Wanted::Value,
            b'}' | b']' | b',' | b':' => return Scanned::Fault(self.expected()),
            b'{' | b'[' if self.wanted == Wanted::Value => return self.open(byte == b'{'),
            b'"' if matches!(self.wanted, Wanted::Value | Wanted::Key) => {
                self.inside = Inside::Text;
                let is_own_key = self.wanted == Wanted::Key && self.depth == 1;
                self.name = if is_own_key { Name::Prefix(0) } else { Name::Other };
            }
            b'{' | b'[' | b'"' => return Scanned::Fault(self.expected()),
            _ if matches!(self.wanted, Wanted::Value | Wanted::Key) => {
                self.inside = Inside::Word;
                self.name = Name::Other;
            }
            _ => return Scanned::Fault(self.expected()),
        }
        Scanned::More
    }

    fn mark_beyond(&mut self, byte: u8) -> Scanned {
        match byte {
            b'{' | b'[' => self.beyond += 1,
            b'}' | b']' => self.beyond -= 1,
            b'"' => self.inside = Inside::Text,
            _ => {}
        }
        if self.beyond == 0 {
            self.wanted = Wanted::Next;
        }
        Scanned::More
    }

    fn open(&mut self, object: bool) -> Scanned {
        let is_records = !object && self.depth == 1 && self.name == Name::Prefix(RECORDS.len());
        self.name = Name::Other;
        if self.depth == LEVELS {
            self.beyond = 1;
            return Scanned::More;
        }
        self.kinds = self.kinds << 1 | u128::from(object);
        self.depth += 1;
        self.wanted = if object { Wanted::Key } else { Wanted::Value };
        if is_records { Scanned::Records } else { Scanned::More }
    }

    fn in_object(&self) -> bool {
        self.kinds & 1 == 1
    }

    fn expected(&self) -> &'static str {
        match (self.wanted, self.in_object()) {
            (Wanted::Value, _) => "a value",
            (Wanted::Key, _) => "a key",
            (Wanted::Colon, _) => "`:`",
            (Wanted::Next, true) => "`,` or `}`",
            (Wanted::Next, false) => "`,` or `]`",
        }
    }
}

const IN_TEXT: &str = "the end of the string";

/// White space of JSON.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn ends_word(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b',' | b':' | b'"' | b'{' | b'}' | b'[' | b']')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the first value of `text` ends; the same whatever it is cut into.
    fn end(text: &str) -> (usize, Scanned) {
        let whole = Scanner::new().scan(text.as_bytes());
        let mut scanner = Scanner::new();
        let mut at = 0;
        let mut last = Scanned::More;
        while at < text.len() && last == Scanned::More {
            let (read, step) = scanner.scan(&text.as_bytes()[at..=at]);
            at += read;
            last = step;
        }
        assert_eq!((at, last), whole, "{text}");
        whole
    }

    #[test]
    fn a_value_ends_behind_its_last_byte() {
        for (text, length) in [
            ("{} ", 2),
            ("[[],{}]]", 7),
            (r#"{"a":"}\"]\\","b":[1,{"c":null}]},"#, 33),
            (r#""a\"b","#, 6),
            ("12,", 2),
            ("NaN]", 3),
            ("tru\n", 3),
            (r#"{"a":NaN,"b":+1.e,"c":é}x"#, 25),
            (r#"{"a":,"b":1,}x"#, 13),
            ("[1,,]x", 5),
        ] {
            assert_eq!(end(text), (length, Scanned::End), "{text}");
        }
        for text in ["{", r#"{"a"#, r#"{"a\"#, r#"{"a":1"#, "12", "[", ""] {
            assert_eq!(end(text), (text.len(), Scanned::More), "{text}");
        }
    }

    #[test]
    fn two_values_side_by_side_and_brackets_that_do_not_match_are_faults() {
        for (text, at, expected) in [
            ("{\"a\":1,\n{\"b\"", 8, "a key"),
            ("{\"a\":1\n{\"b\"", 7, "`,` or `}`"),
            ("{\"a\"\n{", 5, "`:`"),
            ("{\"a\":{}\n{", 8, "`,` or `}`"),
            ("[1\n{", 3, "`,` or `]`"),
            ("{\"a\":\"x\"y\"", 8, "`,` or `}`"),
            ("{]", 1, "a key"),
            ("[}", 1, "a value"),
            ("{:", 1, "a key"),
            ("{\"a\":1 2", 7, "`,` or `}`"),
            ("{\"a\":\"b\nc", 7, IN_TEXT),
            ("{\"a\":\"b\\\nc", 8, IN_TEXT),
        ] {
            assert_eq!(end(text), (at, Scanned::Fault(expected)), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_followed_to_its_end_however_deep() {
        for depth in [1, 127, 128, 129, 130, 100_000] {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            assert_eq!(
                Scanner::new().scan(format!("{open}1{close},").as_bytes()),
                (depth * 2 + 1, Scanned::End)
            );
            let (open, close) = (r#"{"a":"#.repeat(depth), "}".repeat(depth));
            let text = format!("{open}\"}}]\"{close}]");
            assert_eq!(Scanner::new().scan(text.as_bytes()), (text.len() - 1, Scanned::End), "{depth}");
        }
    }

    #[test]
    fn only_a_member_of_the_value_itself_named_records_that_holds_an_array_is_told() {
        for (text, at) in [(r#"{"records":["#, 12), (r#"{"a":{"b":[]}, "records" : [1"#, 28)] {
            assert_eq!(end(text), (at, Scanned::Records), "{text}");
        }
        for text in [
            r#"{"records":{}}"#,
            r#"{"records":"["}"#,
            r#"{"records2":[]}"#,
            r#"{"record":[]}"#,
            r#"{"Records":[]}"#,
            r#"{"rec\u006frds":[]}"#,
            r#"{"a":{"records":[]}}"#,
            r#"{"a":"records","b":[]}"#,
            r#"{"records":1,"b":[]}"#,
            r#"[{"records":[]}]"#,
        ] {
            assert_eq!(end(text), (text.len(), Scanned::End), "{text}");
        }
        let mut scanner = Scanner::behind_member();
        assert_eq!(scanner.scan(br#", "records":[1], "b":2}"#), (13, Scanned::Records));
        assert_eq!(scanner.scan(br#"1], "b":2}]"#), (10, Scanned::End));
    }
}

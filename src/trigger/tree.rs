//! A JSON document as a tree in which every value knows where it stands.
//!
//! Numbers keep their digits and objects keep every member in the order of the
//! text, a repeated one too: what a document may say is for the reader to
//! judge, who can name each place by path, line and column.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::place::place;
use crate::error::{Error, ErrorKind};

/// The most bytes of a document.
const MAX_BYTES: usize = 16 << 20;

/// How deep values may be nested.
const MAX_DEPTH: usize = 64;

/// The most values of a document: they take more memory than their text.
const MAX_VALUES: usize = 2_000_000;

/// One value of a document.
#[derive(Debug)]
pub(crate) struct Node<'t> {
    /// Where it begins, in bytes; unlike any other value's of the document.
    pub(crate) offset: usize,
    pub(crate) value: Value<'t>,
}

#[derive(Debug)]
pub(crate) enum Value<'t> {
    Null,
    Bool(bool),
    /// As it is written.
    Number(&'t str),
    Text(Cow<'t, str>),
    Array(Vec<Node<'t>>),
    Object(Vec<Member<'t>>),
}

#[derive(Debug)]
pub(crate) struct Member<'t> {
    pub(crate) name: Cow<'t, str>,
    pub(crate) node: Node<'t>,
}

impl<'t> Node<'t> {
    /// Reads a whole document.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] where it is too large or too deep,
    /// [`ErrorKind::Syntax`] where it is not JSON; the place is `line:column`.
    pub(crate) fn parse(text: &'t str) -> Result<Self, Error> {
        if text.len() > MAX_BYTES {
            let message = format!("the text has {} bytes, the limit is {MAX_BYTES}", text.len());
            return Err(Error::new(ErrorKind::Limit, message));
        }
        // This finds every mistake but those inside strings, and bounds nothing:
        // it is not recursive.
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
            syntax(text, start + column.saturating_sub(1), &error)
        })?;
        Parser { text, values: 0 }.node(raw, 1)
    }

    /// The member of an object; the first where it is repeated.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match &self.value {
            Value::Object(members) => {
                members.iter().find(|member| member.name == name).map(|member| &member.node)
            }
            _ => None,
        }
    }

    /// The node at a path, as far as it exists, and what is left of the path.
    pub(crate) fn descend<'n, 'p>(&'n self, path: &'p str) -> (&'n Self, &'p str) {
        let mut node = self;
        let mut rest = path;
        while !rest.is_empty() {
            let (next, after) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                Some((index, after)) => (node.element(index), after),
                None => {
                    let (name, after) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
                    (node.get(name), after)
                }
            };
            let Some(next) = next else { break };
            node = next;
            rest = after.strip_prefix('.').unwrap_or(after);
        }
        (node, rest)
    }

    fn element(&self, index: &str) -> Option<&Self> {
        match &self.value {
            Value::Array(nodes) => nodes.get(index.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// What it is, with an article.
    pub(crate) fn noun(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }

    /// The path to the value that begins at `offset`, such as `triggers[3].on`.
    pub(crate) fn path_to(&self, offset: usize) -> String {
        let mut path = String::new();
        let mut node = self;
        while node.offset != offset {
            // Values stand in the order of the text, so the last that begins
            // before the offset holds it.
            node = match &node.value {
                Value::Array(nodes) => {
                    let next = nodes.partition_point(|node| node.offset <= offset);
                    let Some(index) = next.checked_sub(1) else { break };
                    path.push_str(&format!("[{index}]"));
                    &nodes[index]
                }
                Value::Object(members) => {
                    let next = members.partition_point(|member| member.node.offset <= offset);
                    let Some(index) = next.checked_sub(1) else { break };
                    push_name(&mut path, &members[index].name);
                    &members[index].node
                }
                _ => break,
            };
        }
        path
    }
}

/// Appends a member's name to a path.
pub(crate) fn push_name(path: &mut String, name: &str) {
    let is_plain =
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'));
    if !is_plain {
        // Quoted, so that a name with a point or a bracket stays one step.
        path.push_str(&format!("[{name:?}]"));
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

fn syntax(text: &str, offset: usize, error: &serde_json::Error) -> Error {
    let message = error.to_string();
    // The library's own place is relative to what it was given.
    let what = message.split(" at line ").next().unwrap_or_default();
    Error::new(ErrorKind::Syntax, format!("this is not JSON: {what}")).at(place(text, offset))
}

struct Parser<'t> {
    text: &'t str,
    values: usize,
}

impl<'t> Parser<'t> {
    fn node(&mut self, raw: &'t RawValue, depth: usize) -> Result<Node<'t>, Error> {
        let source = raw.get();
        let offset = source.as_ptr().addr() - self.text.as_ptr().addr();
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(self.limit(offset, format!("the document has more than {MAX_VALUES} values")));
        }
        let value = match source.as_bytes().first() {
            Some(b'n') => Value::Null,
            Some(b't') => Value::Bool(true),
            Some(b'f') => Value::Bool(false),
            Some(b'"') => Value::Text(self.string(raw)?),
            Some(b'[' | b'{') if depth > MAX_DEPTH => {
                return Err(self.limit(offset, format!("values are nested deeper than {MAX_DEPTH}")));
            }
            Some(b'[') => {
                let raws: Vec<&'t RawValue> = self.read(raw)?;
                let nodes = raws.into_iter().map(|raw| self.node(raw, depth + 1));
                Value::Array(nodes.collect::<Result<_, _>>()?)
            }
            Some(b'{') => {
                let Pairs(raws) = self.read(raw)?;
                let members = raws.into_iter().map(|(name, raw)| {
                    Ok(Member { name: self.string(name)?, node: self.node(raw, depth + 1)? })
                });
                Value::Object(members.collect::<Result<_, Error>>()?)
            }
            _ => Value::Number(source),
        };
        Ok(Node { offset, value })
    }

    fn string(&self, raw: &'t RawValue) -> Result<Cow<'t, str>, Error> {
        self.read::<Text<'t>>(raw).map(|Text(text)| text)
    }

    fn read<T: Deserialize<'t>>(&self, raw: &'t RawValue) -> Result<T, Error> {
        let offset = raw.get().as_ptr().addr() - self.text.as_ptr().addr();
        serde_json::from_str(raw.get()).map_err(|error| syntax(self.text, offset, &error))
    }

    fn limit(&self, offset: usize, message: String) -> Error {
        Error::new(ErrorKind::Limit, message).at(place(self.text, offset))
    }
}

/// A string, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

/// The members of an object, unread, with those that are repeated.
struct Pairs<'t>(Vec<(&'t RawValue, &'t RawValue)>);

impl<'t> Deserialize<'t> for Pairs<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'t> Visitor<'t> for Read {
            type Value = Pairs<'t>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'t>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut raws = Vec::new();
                while let Some(pair) = members.next_entry()? {
                    raws.push(pair);
                }
                Ok(Pairs(raws))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::Lines;
    use super::*;

    fn place_of(error: &Error) -> String {
        error.place().unwrap_or_default().to_owned()
    }

    #[test]
    fn every_value_knows_where_it_begins() {
        let text = "{ \"a\\u0062\" : [1, {\"é\":\n  \"x\"}],\n\"b\":-0.50e+1 }";
        let root = Node::parse(text).unwrap();
        let a = root.get("ab").unwrap();
        let Value::Array(items) = &a.value else { panic!("{a:?}") };
        let x = items[1].get("é").unwrap();
        assert!(matches!(&x.value, Value::Text(Cow::Borrowed("x"))));
        let b = root.get("b").unwrap();
        assert!(matches!(b.value, Value::Number("-0.50e+1")));
        assert_eq!(root.path_to(x.offset), "ab[1].é");
        assert_eq!(root.path_to(b.offset), "b");
        assert_eq!(root.path_to(root.offset), "");
        let mut lines = Lines::new(text);
        assert_eq!(lines.place(items[1].offset), (1, 19));
        assert_eq!(lines.place(x.offset), (2, 3));
        assert_eq!(lines.place(b.offset), (3, 5));
    }

    #[test]
    fn names_that_would_be_misread_are_quoted_in_a_path() {
        let root = Node::parse(r#"{"a.b":{"":{"data-x":1}}}"#).unwrap();
        let inner =
            root.get("a.b").and_then(|node| node.get("")).and_then(|node| node.get("data-x")).unwrap();
        assert_eq!(root.path_to(inner.offset), r#"["a.b"][""].data-x"#);
    }

    #[test]
    fn what_is_not_json_is_refused_at_its_place() {
        for (text, place) in [
            ("", "1:1"),
            ("{", "1:1"),
            ("{\n  \"é\": NaN}", "2:8"),
            ("[1,]", "1:4"),
            ("[01]", "1:3"),
            ("[1] 2", "1:5"),
            ("[+1]", "1:2"),
            ("[1e]", "1:4"),
            ("{'a':1}", "1:2"),
            ("[\"\u{1}\"]", "1:2"),
            ("\u{feff}{}", "1:1"),
            (r#"["\x"]"#, "1:4"),
        ] {
            let error = Node::parse(text).unwrap_err();
            assert_eq!((error.kind(), &*place_of(&error)), (ErrorKind::Syntax, place), "{text:?} {error}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_refused_at_its_string() {
        for text in [r#"{"a":["\ud800"]}"#, r#"{"a":["\udc00x"]}"#, r#"{"a":["\ud800\ud800"]}"#] {
            let error = Node::parse(text).unwrap_err();
            assert_eq!((error.kind(), &*place_of(&error)), (ErrorKind::Syntax, "1:7"), "{error}");
        }
        assert!(Node::parse(r#"{"\ud800":1}"#).is_err());
        assert!(Node::parse(r#"["\ud83d\ude00"]"#).is_ok());
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Node::parse(&nested(MAX_DEPTH)).is_ok());
        let error = Node::parse(&nested(MAX_DEPTH + 1)).unwrap_err();
        assert_eq!((error.kind(), &*place_of(&error)), (ErrorKind::Limit, "1:65"));
        assert!(Node::parse(&nested(50_000)).unwrap_err().is_limit());
        assert!(Node::parse(&" ".repeat(MAX_BYTES + 1)).unwrap_err().is_limit());
        let raw: &RawValue = serde_json::from_str("[0,0,0]").unwrap();
        assert!(Parser { text: raw.get(), values: MAX_VALUES - 4 }.node(raw, 1).is_ok());
        let error = Parser { text: raw.get(), values: MAX_VALUES - 3 }.node(raw, 1).unwrap_err();
        assert_eq!((error.kind(), &*place_of(&error)), (ErrorKind::Limit, "1:6"));
    }
}

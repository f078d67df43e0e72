//! Reads what a document says and notes every fault, instead of stopping at
//! the first.

use std::time::Duration;

use super::float::float;
use super::place::Lines;
use super::tree::{Node, Value};
use super::words::{cut, quoted};
use crate::error::{Error, Fault};
use crate::time::parse_duration;

/// The most faults that are listed; the last of them says how many more there are.
const MAX_FAULTS: usize = 1_000;

/// Collects the faults of one document. Its methods read one value each, and
/// give nothing where they noted a fault.
pub(crate) struct Reader<'t> {
    text: &'t str,
    root: &'t Node<'t>,
    noted: Vec<Noted>,
    unlisted: usize,
}

struct Noted {
    /// Where the faulty value begins.
    offset: usize,
    /// What is missing below it, as the end of a path.
    missing: String,
    message: String,
    /// Where the same stands for the first time.
    first: Option<usize>,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str, root: &'t Node<'t>) -> Self {
        Self { text, root, noted: Vec::new(), unlisted: 0 }
    }

    /// Notes a fault of a value.
    pub(crate) fn fault(&mut self, node: &Node<'_>, message: impl Into<String>) {
        self.note(node.offset, String::new(), message.into(), None);
    }

    /// Notes a fault at a path below a value, which need not exist.
    pub(crate) fn fault_below(&mut self, node: &Node<'_>, path: &str, message: impl Into<String>) {
        let (node, missing) = node.descend(path);
        self.note(node.offset, missing.to_owned(), message.into(), None);
    }

    /// Notes that a value says again what another says.
    pub(crate) fn repeated(&mut self, node: &Node<'_>, first: &Node<'_>, message: impl Into<String>) {
        self.note(node.offset, String::new(), message.into(), Some(first.offset));
    }

    fn note(&mut self, offset: usize, missing: String, message: String, first: Option<usize>) {
        if self.is_full() {
            self.unlisted += 1;
        } else {
            self.noted.push(Noted { offset, missing, message, first });
        }
    }

    /// Whether further faults are only counted.
    pub(super) fn is_full(&self) -> bool {
        self.noted.len() >= MAX_FAULTS
    }

    /// What was read, or all faults in the order of the text.
    pub(crate) fn finish<T>(mut self, read: Option<T>) -> Result<T, Error> {
        let read = match read {
            Some(read) if self.noted.is_empty() => return Ok(read),
            _ => self.faults(),
        };
        Err(Error::from_faults(read))
    }

    fn faults(&mut self) -> Vec<Fault> {
        self.noted.sort_by_key(|noted| (noted.offset, !noted.missing.is_empty()));
        let mut offsets: Vec<usize> =
            self.noted.iter().flat_map(|noted| [Some(noted.offset), noted.first]).flatten().collect();
        offsets.sort_unstable();
        offsets.dedup();
        let mut lines = Lines::new(self.text);
        let places: Vec<(usize, usize)> = offsets.iter().map(|offset| lines.place(*offset)).collect();
        let place = |offset: usize| {
            let (line, column) = offsets.binary_search(&offset).map_or((1, 1), |at| places[at]);
            format!("line {line}, column {column}")
        };
        let mut faults: Vec<Fault> = Vec::with_capacity(self.noted.len());
        for noted in &self.noted {
            let first =
                noted.first.map(|first| format!("; the first is at {}", place(first))).unwrap_or_default();
            let message = format!("{} ({}{first})", noted.message, place(noted.offset));
            faults.push(Fault::new(noted.missing.as_str(), message).under(&self.root.path_to(noted.offset)));
        }
        if self.unlisted > 0 {
            faults.push(Fault::new("", format!("{} more faults are not listed", self.unlisted)));
        }
        faults
    }

    /// The elements of an array.
    pub(crate) fn items<'n>(&mut self, node: &'n Node<'t>) -> Option<&'n [Node<'t>]> {
        match &node.value {
            Value::Array(nodes) => Some(nodes),
            _ => self.mistyped(node, "an array"),
        }
    }

    pub(crate) fn text<'n>(&mut self, node: &'n Node<'t>) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) => Some(text),
            _ => self.mistyped(node, "a string"),
        }
    }

    pub(crate) fn boolean(&mut self, node: &Node<'t>) -> Option<bool> {
        match node.value {
            Value::Bool(value) => Some(value),
            _ => self.mistyped(node, "a boolean"),
        }
    }

    /// A number that a float holds without surprise, see [`float`].
    pub(crate) fn number(&mut self, node: &Node<'t>) -> Option<f64> {
        match node.value {
            Value::Number(digits) => float(digits).map_err(|why| self.fault(node, why)).ok(),
            _ => self.mistyped(node, "a number"),
        }
    }

    /// A whole number of things.
    pub(crate) fn count(&mut self, node: &Node<'t>) -> Option<u32> {
        let Value::Number(digits) = node.value else {
            return self.mistyped(node, "a whole number");
        };
        let count = float(digits)
            .ok()
            .filter(|number| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number));
        if count.is_none() {
            self.fault(node, format!("{} is not a whole number from 0 to {}", cut(digits), u32::MAX));
        }
        count.map(|number| number as u32)
    }

    /// An ISO 8601 duration.
    pub(crate) fn duration(&mut self, node: &Node<'t>) -> Option<Duration> {
        match &node.value {
            Value::Text(text) => {
                parse_duration(text).map_err(|error| self.fault(node, error.to_string())).ok()
            }
            _ => self.mistyped(node, "a duration such as \"PT10M\""),
        }
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(&mut self, node: &Node<'t>, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(node)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let all: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            self.fault(node, format!("{} is not one of {}", quoted(text), all.join(", ")));
        }
        found
    }

    /// Notes that a value is of the wrong type.
    pub(crate) fn mistyped<T>(&mut self, node: &Node<'_>, wanted: &str) -> Option<T> {
        let is = match &node.value {
            Value::Number(digits) => cut(digits),
            Value::Text(text) => quoted(text),
            Value::Bool(value) => value.to_string(),
            _ => node.noun().to_owned(),
        };
        self.fault(node, format!("{is} is not {wanted}"));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_listed_in_the_order_of_the_text_with_their_places() {
        let text = "{\"b\":1,\n \"a\":[true,2],\"é\":{},\"b\":2}";
        let root = Node::parse(text).unwrap();
        let mut reader = Reader::new(text, &root);
        let mut fields = reader.fields(&root).unwrap();
        fields.required("c", Reader::number);
        fields.optional("b", Reader::text);
        let items = fields.optional("a", Reader::items).unwrap();
        fields.reader.number(&items[0]);
        fields.reader.fault_below(&root, "a[1].x.y[3]", "no");
        fields.end();
        let error = reader.finish(Some(())).unwrap_err();
        let faults: Vec<String> = error.faults().iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "c: `c` is missing (line 1, column 1)",
                "b: 1 is not a string (line 1, column 6)",
                "a[0]: true is not a number (line 2, column 7)",
                "a[1].x.y[3]: no (line 2, column 12)",
                "é: unknown field `é` (line 2, column 19)",
                "b: the field `b` is repeated (line 2, column 26; the first is at line 1, column 6)",
            ]
        );
    }

    #[test]
    fn faults_beyond_the_limit_are_counted() {
        let text = format!("[{}1]", "1,".repeat(MAX_FAULTS + 9));
        let root = Node::parse(&text).unwrap();
        let mut reader = Reader::new(&text, &root);
        for node in reader.items(&root).unwrap() {
            reader.text(node);
        }
        let error = reader.finish(Some(())).unwrap_err();
        assert_eq!(error.faults().len(), MAX_FAULTS + 1);
        assert_eq!(error.faults()[MAX_FAULTS].message(), "10 more faults are not listed");
    }
}

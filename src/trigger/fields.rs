//! Reads what a document says and notes every fault, instead of stopping at
//! the first.

use std::collections::BTreeMap;
use std::time::Duration;

use super::quoted;
use super::tree::{Lines, Member, Node, Value, push_name};
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
        let (node, missing) = descend(node, path);
        self.note(node.offset, missing.to_owned(), message.into(), None);
    }

    /// Notes that a value says again what another says.
    pub(crate) fn repeated(&mut self, node: &Node<'_>, first: &Node<'_>, message: impl Into<String>) {
        self.note(node.offset, String::new(), message.into(), Some(first.offset));
    }

    fn note(&mut self, offset: usize, missing: String, message: String, first: Option<usize>) {
        if self.noted.len() < MAX_FAULTS {
            self.noted.push(Noted { offset, missing, message, first });
        } else {
            self.unlisted += 1;
        }
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
        self.noted.sort_by_key(|noted| noted.offset);
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

    /// The fields of an object.
    pub(crate) fn fields<'r, 'n>(&'r mut self, node: &'n Node<'t>) -> Option<Fields<'r, 'n, 't>> {
        match &node.value {
            Value::Object(members) => {
                Some(Fields { reader: self, node, members, asked: Vec::new(), elsewhere: None })
            }
            _ => self.mistyped(node, "an object"),
        }
    }

    /// The elements of an array.
    pub(crate) fn items<'n>(&mut self, node: &'n Node<'t>) -> Option<&'n [Node<'t>]> {
        match &node.value {
            Value::Array(nodes) => Some(nodes),
            _ => self.mistyped(node, "an array"),
        }
    }

    /// An object of strings, sorted by name.
    pub(crate) fn texts_by_name<'n>(&mut self, node: &'n Node<'t>) -> Option<BTreeMap<&'n str, &'n str>> {
        let fields = self.fields(node)?;
        let members = fields.members;
        fields.close();
        let mut texts = BTreeMap::new();
        let mut is_sound = true;
        for Member { name, node } in members {
            match self.text(node) {
                Some(text) => _ = texts.entry(&**name).or_insert(text),
                None => is_sound = false,
            }
        }
        is_sound.then_some(texts)
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

    fn mistyped<T>(&mut self, node: &Node<'_>, wanted: &str) -> Option<T> {
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

/// The fields of one object, asked for one by one; what nobody asked for is
/// unknown.
pub(crate) struct Fields<'r, 'n, 't> {
    pub(crate) reader: &'r mut Reader<'t>,
    pub(crate) node: &'n Node<'t>,
    members: &'n [Member<'t>],
    asked: Vec<&'static str>,
    elsewhere: Option<(&'static [&'static str], &'static str)>,
}

impl<'n, 't> Fields<'_, 'n, 't> {
    /// Reads the field where it is there.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Reader<'t>, &'n Node<'t>) -> Option<T>,
    ) -> Option<T> {
        let node = self.take(name)?;
        read(self.reader, node)
    }

    /// Reads the field; it is a fault where it is missing.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Reader<'t>, &'n Node<'t>) -> Option<T>,
    ) -> Option<T> {
        match self.take(name) {
            Some(node) => read(self.reader, node),
            None => {
                self.reader.fault_below(self.node, name, "the field is missing");
                None
            }
        }
    }

    /// The field as it is.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'n Node<'t>> {
        self.asked.push(name);
        self.node.get(name)
    }

    /// Fields that are known in another place, for the message about them.
    pub(crate) fn elsewhere(&mut self, names: &'static [&'static str], place: &'static str) {
        self.elsewhere = Some((names, place));
    }

    /// Notes every field that was not asked for, and every repeated one.
    pub(crate) fn end(self) {
        for Member { name, node } in self.members {
            if self.asked.contains(&&**name) {
                continue;
            }
            let hint = match self.elsewhere {
                Some((names, place)) if names.contains(&&**name) => format!("; it belongs {place}"),
                _ => match self.asked.iter().find(|known| is_close(known, name)) {
                    Some(known) => format!("; did you mean `{known}`?"),
                    None => String::new(),
                },
            };
            let mut shown = String::new();
            push_name(&mut shown, name);
            self.reader.fault(node, format!("unknown field `{}`{hint}", cut(&shown)));
        }
        self.close();
    }

    /// Notes every repeated field, where it cannot be known which are allowed.
    pub(crate) fn close(self) {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        order.sort_by_key(|at| (&self.members[*at].name, *at));
        for pair in order.chunk_by(|a, b| self.members[*a].name == self.members[*b].name) {
            let (first, rest) = (&self.members[pair[0]], &pair[1..]);
            for at in rest {
                let message = format!("the field `{}` is repeated", cut(&first.name));
                self.reader.repeated(&self.members[*at].node, &first.node, message);
            }
        }
    }
}

/// The node at a path, as far as it exists, and what is left of the path.
fn descend<'n, 't, 'p>(mut node: &'n Node<'t>, path: &'p str) -> (&'n Node<'t>, &'p str) {
    let mut rest = path;
    while !rest.is_empty() {
        let (next, after) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((index, after)) => (element(node, index), after),
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

fn element<'n, 't>(node: &'n Node<'t>, index: &str) -> Option<&'n Node<'t>> {
    match &node.value {
        Value::Array(nodes) => nodes.get(index.parse::<usize>().ok()?),
        _ => None,
    }
}

/// The float that a number means. A fraction is rounded to the nearest float,
/// as everywhere; an integer must be exact, and nothing becomes infinite or zero.
pub(crate) fn float(digits: &str) -> Result<f64, String> {
    let shown = cut(digits);
    let number: f64 = digits.parse().map_err(|_| format!("{shown} is not a number"))?;
    if number.is_infinite() {
        return Err(format!("{shown} is beyond the limit of a 64-bit float, {:e}", f64::MAX));
    }
    let mantissa = digits.split(['e', 'E']).next().unwrap_or(digits);
    if number == 0.0 && mantissa.contains(|c: char| matches!(c, '1'..='9')) {
        return Err(format!("{shown} is nearer to zero than any 64-bit float"));
    }
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_integer = mantissa.len() == digits.len() && fraction.trim_end_matches('0').is_empty();
    // Rust writes a float's exact value where no digits are cut off.
    if is_integer && format!("{:.0}", number.abs()) != integer.trim_start_matches('-') {
        return Err(format!("a 64-bit float cannot hold {shown} exactly: the nearest is {number}"));
    }
    Ok(number + 0.0)
}

/// Long digits or names, cut.
fn cut(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether one was probably meant by the other: the same but for case, `_` and
/// `-`, or one slip of a finger away.
fn is_close(known: &str, given: &str) -> bool {
    let plain = |text: &str| text.replace(['_', '-'], "").to_lowercase();
    let (known, given) = (plain(known), plain(given));
    if known == given {
        return true;
    }
    let (mut a, mut b) = (known.as_bytes(), given.as_bytes());
    let shortest = a.len().min(b.len());
    while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b) {
        if x != y {
            break;
        }
        (a, b) = (rest_a, rest_b);
    }
    while let ([rest_a @ .., x], [rest_b @ .., y]) = (a, b) {
        if x != y {
            break;
        }
        (a, b) = (rest_a, rest_b);
    }
    let is_swap = matches!((a, b), ([p, q], [r, s]) if p == s && q == r);
    shortest >= 3 && (is_swap || (a.len() <= 1 && b.len() <= 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_is_exact_or_refused_with_its_digits() {
        for (digits, number) in [
            ("0", 0.0),
            ("-0", 0.0),
            ("1000", 1000.0),
            ("-12.5e1", -125.0),
            ("0.1", 0.1),
            ("9007199254740992", 9_007_199_254_740_992.0),
            ("9007199254740994.0", 9_007_199_254_740_994.0),
            ("1e23", 1e23),
            ("18446744073709551616", 18_446_744_073_709_551_616.0),
            ("0e999999999999", 0.0),
        ] {
            let read = float(digits).unwrap();
            assert_eq!((read, read.is_sign_negative()), (number, number < 0.0), "{digits}");
        }
        for digits in [
            "9007199254740993",
            "-9007199254740993",
            "9007199254740993.0",
            "18446744073709551615",
            "1e999",
            "-1e999",
            "1e-400",
        ] {
            let why = float(digits).unwrap_err();
            assert!(why.contains(digits), "{why}");
        }
        assert!(float("9007199254740993").unwrap_err().ends_with("the nearest is 9007199254740992"));
        assert!(float(&"9".repeat(1000)).unwrap_err().len() < 200);
    }

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        for (known, given) in [
            ("staleAfter", "stale_after"),
            ("rearm", "reArm"),
            ("rearm", "rarm"),
            ("above", "abvoe"),
            ("hold", "holds"),
            ("within", "witin"),
        ] {
            assert!(is_close(known, given), "{known} {given}");
        }
        for (known, given) in [("on", "in"), ("above", "below"), ("hold", "colour"), ("keep", "kelp!")] {
            assert!(!is_close(known, given), "{known} {given}");
        }
    }

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
                "c: the field is missing (line 1, column 1)",
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

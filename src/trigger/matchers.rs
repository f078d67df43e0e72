//! Matchers and dimensions in JSON: read and written.

use super::object::Object;
use super::reader::Reader;
use super::tree::{Node, Value};
use super::{DimensionRule, Matcher};
use crate::event::{Dimensions, push_json_string};

/// Reads a name, `"*"`, or one of `prefix`, `suffix`, `oneOf`.
pub(super) fn read<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Matcher> {
    match &node.value {
        Value::Text(text) => return Some(Matcher::from(&**text)),
        Value::Object(_) => {}
        _ => {
            return reader.mistyped(node, "a name, \"*\", or an object with `prefix`, `suffix` or `oneOf`");
        }
    }
    let mut fields = reader.fields(node)?;
    let prefix = fields.optional("prefix", Reader::text).map(Matcher::prefix);
    let suffix = fields.optional("suffix", Reader::text).map(Matcher::suffix);
    let one_of = fields.optional("oneOf", read_names).map(Matcher::one_of);
    let given = ["prefix", "suffix", "oneOf"].iter().filter(|name| node.get(name).is_some()).count();
    if given != 1 {
        fields.reader.fault(node, format!("{given} of `prefix`, `suffix`, `oneOf`: it takes exactly one"));
    }
    fields.end();
    prefix.or(suffix).or(one_of)
}

/// The names, each in its place: for what is none, which is noted, one stands
/// in that no other equals.
fn read_names<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Vec<Box<str>>> {
    let nodes = reader.items(node)?;
    let names = nodes.iter().enumerate();
    Some(names.map(|(i, node)| reader.text(node).map_or(format!("\0{i}").into(), Box::from)).collect())
}

/// Reads an object of strings, or `"each"`.
pub(super) fn read_dimensions<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<DimensionRule> {
    match &node.value {
        Value::Text(text) if text == "each" => Some(DimensionRule::Each),
        Value::Object(_) => reader.texts_by_name(node).map(|texts| Dimensions::from_iter(texts).into()),
        _ => reader.mistyped(node, "an object of strings or \"each\""),
    }
}

pub(super) fn write(object: &mut Object<'_>, name: &'static str, matcher: &Matcher) {
    match matcher {
        Matcher::Any => object.text(name, "*"),
        Matcher::Exact(text) => object.text(name, text),
        Matcher::Prefix(text) => object.object(name, |object| object.text("prefix", text)),
        Matcher::Suffix(text) => object.object(name, |object| object.text("suffix", text)),
        Matcher::OneOf(names) => object.object(name, |object| {
            object.array("oneOf", names, |out, name| push_json_string(out, name));
        }),
    }
}

/// Writes it where it is not what its absence says.
pub(super) fn write_unless_any(object: &mut Object<'_>, name: &'static str, matcher: &Matcher) {
    if *matcher != Matcher::Any {
        write(object, name, matcher);
    }
}

pub(super) fn write_dimensions(object: &mut Object<'_>, rule: &DimensionRule) {
    match rule {
        DimensionRule::None => {}
        DimensionRule::Each => object.text("dimensions", "each"),
        DimensionRule::Exact(these) => these.push_json(object.member("dimensions")),
    }
}

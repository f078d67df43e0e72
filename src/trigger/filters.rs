//! The filters of a trigger's `where` from JSON.

use super::reader::Reader;
use super::tree::{Node, Value};
use super::words::quoted;
use crate::error::Error;
use crate::event::filter::{Filter, FilterValue, Op};

/// The most attributes that one filter names.
const MAX_ATTRIBUTES: usize = 1_000;

type Dialect = for<'r, 't, 'n> fn(&'r mut Reader<'t>, &'n Node<'t>) -> Option<Result<Filter, Error>>;

/// What a filter object has exactly one of.
const DIALECTS: [(&str, Dialect); 7] = [
    ("exact", |reader, node| read_attributes(reader, node).map(Filter::exact)),
    ("prefix", |reader, node| read_attributes(reader, node).map(Filter::prefix)),
    ("suffix", |reader, node| read_attributes(reader, node).map(Filter::suffix)),
    ("all", |reader, node| read_list(reader, node).map(Filter::all)),
    ("any", |reader, node| read_list(reader, node).map(Filter::any)),
    ("not", |reader, node| read(reader, node).map(|filter| Ok(Filter::not(filter)))),
    ("data", read_data),
];

/// Reads one filter; it is nothing where a fault was noted.
pub(super) fn read<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Filter> {
    let mut fields = reader.fields(node)?;
    let mut read = Vec::new();
    for (name, dialect) in DIALECTS {
        if let Some(value) = fields.take(name) {
            read.push((name, dialect(fields.reader, value)));
        }
    }
    if read.len() != 1 {
        let all = DIALECTS.map(|(name, _)| format!("`{name}`")).join(", ");
        let message = match read.len() {
            0 => format!("no filter: it takes one of {all}"),
            _ => {
                let names: Vec<String> = read.iter().map(|(name, _)| format!("`{name}`")).collect();
                format!(
                    "{} together: a filter takes exactly one; put them side by side in `all`",
                    names.join(" and ")
                )
            }
        };
        fields.reader.fault(node, message);
    }
    fields.end();
    let is_one = read.len() == 1;
    let mut sound = None;
    for (_, filter) in read {
        match filter {
            Some(Ok(filter)) => sound = Some(filter),
            Some(Err(error)) => {
                for fault in error.faults() {
                    reader.fault_below(node, fault.path(), fault.message());
                }
            }
            None => {}
        }
    }
    sound.filter(|_| is_one)
}

fn read_attributes<'n, 't>(reader: &mut Reader<'t>, node: &'n Node<'t>) -> Option<Vec<(&'n str, &'n str)>> {
    let pairs = reader.texts_by_name(node)?;
    if pairs.len() > MAX_ATTRIBUTES {
        reader.fault(node, format!("{} attributes are more than the limit of {MAX_ATTRIBUTES}", pairs.len()));
        return None;
    }
    Some(pairs.into_iter().collect())
}

fn read_list<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Vec<Filter>> {
    let nodes = reader.items(node)?;
    // Every element is read, so that every fault is noted.
    let filters: Vec<Option<Filter>> = nodes.iter().map(|node| read(reader, node)).collect();
    filters.into_iter().collect()
}

/// Where a part is faulty one stands in that is allowed with the others, so
/// that these are judged as well.
fn read_data<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Result<Filter, Error>> {
    let mut fields = reader.fields(node)?;
    let path = fields.required("path", Reader::text);
    let op = fields.required("op", read_op);
    let value = match fields.take("value") {
        Some(value) => read_value(fields.reader, value),
        None if op == Some(Op::Exists) => Some(FilterValue::from(true)),
        None => fields.required("value", read_value),
    };
    fields.end();
    let is_whole = path.is_some() && op.is_some() && value.is_some();
    let any = if op == Some(Op::Exists) { FilterValue::from(true) } else { FilterValue::from("") };
    let filter = Filter::data(path.unwrap_or(""), op.unwrap_or(Op::Eq), value.unwrap_or(any));
    Some(filter).filter(|filter| is_whole || filter.is_err())
}

fn read_op<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Op> {
    let word = reader.text(node)?;
    let op = Op::from_word(word);
    if op.is_none() {
        let all = "`eq`, `ne`, `lt`, `le`, `gt`, `ge`, `contains`, `exists`";
        reader.fault(node, format!("{} is not one of {all}", quoted(word)));
    }
    op
}

fn read_value<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<FilterValue> {
    let value = match &node.value {
        Value::Null => Some(FilterValue::NULL),
        Value::Bool(value) => Some(FilterValue::from(*value)),
        // As a decimal of any length: that is how filters compare.
        Value::Number(digits) => FilterValue::from_raw_json(digits),
        Value::Text(text) => Some(FilterValue::from(&**text)),
        Value::Array(_) | Value::Object(_) => None,
    };
    if value.is_none() {
        reader.fault(node, format!("{} is not a string, a number, a boolean or null", node.noun()));
    }
    value
}

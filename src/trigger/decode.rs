//! A trigger, or a list of them, from JSON, with every fault.

use std::collections::BTreeMap;
use std::time::Duration;

use super::on::{self, On};
use super::reader::Reader;
use super::tree::{Node, Value};
use super::words::quoted;
use super::{Trigger, TriggerBuilder, filters, matchers};
use crate::error::Error;
use crate::event::filter::Filter;

pub(super) fn one(text: &str) -> Result<Trigger, Error> {
    let root = Node::parse(text)?;
    let mut reader = Reader::new(text, &root);
    let trigger = read_trigger(&mut reader, &root);
    reader.finish(trigger)
}

pub(super) fn list(text: &str) -> Result<Vec<Trigger>, Error> {
    let root = Node::parse(text)?;
    let mut reader = Reader::new(text, &root);
    let triggers = match &root.value {
        Value::Object(_) if root.get("triggers").is_none() => {
            read_trigger(&mut reader, &root).map(|one| vec![one])
        }
        Value::Object(_) => reader.fields(&root).and_then(|mut fields| {
            let triggers = fields.required("triggers", read_triggers);
            fields.end();
            triggers
        }),
        Value::Array(_) => read_triggers(&mut reader, &root),
        _ => {
            reader.fault(&root, format!("{} is neither a trigger nor a list of triggers", root.noun()));
            None
        }
    };
    reader.finish(triggers)
}

fn read_triggers<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Vec<Trigger>> {
    let nodes = reader.items(node)?;
    let mut places: BTreeMap<&str, (usize, &Node<'t>)> = BTreeMap::new();
    let mut triggers = Vec::with_capacity(nodes.len().min(1_024));
    for (i, node) in nodes.iter().enumerate() {
        triggers.extend(read_trigger(reader, node));
        let Some((id_node, Value::Text(id))) = node.get("id").map(|node| (node, &node.value)) else {
            continue;
        };
        let (first, first_node) = *places.entry(id).or_insert((i, id_node));
        if first < i {
            let message = format!("{} is the id of trigger [{first}] too: ids are unique", quoted(id));
            reader.repeated(id_node, first_node, message);
        }
    }
    Some(triggers)
}

/// Where a part is faulty something stands in for it that is allowed, so that
/// the builder judges all the others.
fn read_trigger<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Trigger> {
    let mut fields = reader.fields(node)?;
    fields.elsewhere(on::INNER, "inside `on`");
    let id = fields.required("id", Reader::text);
    let name = fields.optional("name", Reader::text);
    let enabled = fields.optional("enabled", Reader::boolean);
    let on = fields.required("on", on::read);
    let source = fields.optional("source", matchers::read);
    let filters = fields.optional("where", read_filters);
    let cooldown = fields.optional("cooldown", Reader::duration);
    let limit = fields.optional("limit", read_limit);
    fields.end();

    let is_whole = id.is_some() && on.is_some();
    let On { subject, draft, noted } = on.unwrap_or_else(On::placeholder);
    let mut builder = TriggerBuilder::new(id.unwrap_or("id"), subject, draft);
    if let Some(name) = name {
        builder = builder.with_name(name);
    }
    if let Some(enabled) = enabled {
        builder = builder.with_enabled(enabled);
    }
    if let Some(source) = source {
        builder = builder.with_source(source);
    }
    for filter in filters.into_iter().flatten() {
        builder = builder.with_filter(filter);
    }
    if let Some(cooldown) = cooldown {
        builder = builder.with_cooldown(cooldown);
    }
    if let Some((max, per)) = limit {
        builder = builder.with_limit(max, per);
    }
    match builder.check() {
        Ok(trigger) => is_whole.then_some(trigger),
        Err(faults) => {
            let noted = noted.map(|name| format!("on.{name}"));
            for fault in faults {
                if !noted.as_ref().is_some_and(|noted| fault.path().starts_with(noted)) {
                    reader.fault_below(node, fault.path(), fault.message());
                }
            }
            None
        }
    }
}

fn read_filters<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Vec<Filter>> {
    let nodes = reader.items(node)?;
    Some(nodes.iter().filter_map(|node| filters::read(reader, node)).collect())
}

fn read_limit<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<(u32, Duration)> {
    let mut fields = reader.fields(node)?;
    let max = fields.required("max", Reader::count);
    let per = fields.required("per", Reader::duration);
    fields.end();
    // What stands in is allowed with the other.
    (max.is_some() || per.is_some()).then_some((max.unwrap_or(1), per.unwrap_or(Duration::from_secs(1))))
}

//! A trigger, or a list of them, from JSON, with every fault.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fields::Fields;
use super::on::{self, On};
use super::reader::Reader;
use super::tree::{Node, Value};
use super::words::quoted;
use super::{Matcher, Trigger, TriggerBuilder, filters, matchers};
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

fn read_trigger<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Trigger> {
    let mut fields = reader.fields(node)?;
    fields.elsewhere(on::INNER, "inside `on`");
    let draft = Draft::read(&mut fields, "on");
    fields.end();
    draft.finish(reader, node)
}

/// The members of a trigger, read and not yet judged together.
pub(crate) struct Draft<'n> {
    /// The name of the member that says what to watch for.
    on_name: &'static str,
    id: Option<&'n str>,
    name: Option<&'n str>,
    enabled: Option<bool>,
    on: Option<On>,
    source: Option<Matcher>,
    filters: Option<Vec<Filter>>,
    cooldown: Option<Duration>,
    limit: Option<(u32, Duration)>,
}

impl<'n> Draft<'n> {
    pub(crate) fn read(fields: &mut Fields<'_, 'n, '_>, on_name: &'static str) -> Self {
        Self {
            on_name,
            id: fields.required("id", Reader::text),
            name: fields.optional("name", Reader::text),
            enabled: fields.optional("enabled", Reader::boolean),
            on: fields.required(on_name, on::read),
            source: fields.optional("source", matchers::read),
            filters: fields.optional("where", read_filters),
            cooldown: fields.optional("cooldown", Reader::duration),
            limit: fields.optional("limit", read_limit),
        }
    }

    /// The trigger, or nothing and every fault noted. Where a part is faulty
    /// something stands in for it that is allowed, so that the builder judges all the others.
    pub(crate) fn finish(self, reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Trigger> {
        let is_whole = self.id.is_some() && self.on.is_some();
        let On { subject, draft, noted } = self.on.unwrap_or_else(On::placeholder);
        let mut builder = TriggerBuilder::new(self.id.unwrap_or("id"), subject, draft);
        if let Some(name) = self.name {
            builder = builder.with_name(name);
        }
        if let Some(enabled) = self.enabled {
            builder = builder.with_enabled(enabled);
        }
        if let Some(source) = self.source {
            builder = builder.with_source(source);
        }
        for filter in self.filters.into_iter().flatten() {
            builder = builder.with_filter(filter);
        }
        if let Some(cooldown) = self.cooldown {
            builder = builder.with_cooldown(cooldown);
        }
        if let Some((max, per)) = self.limit {
            builder = builder.with_limit(max, per);
        }
        match builder.check() {
            Ok(trigger) => is_whole.then_some(trigger),
            Err(faults) => {
                let noted = noted.map(|name| format!("on.{name}"));
                for fault in faults {
                    if !noted.as_ref().is_some_and(|noted| fault.path().starts_with(noted)) {
                        let path = match fault.path().strip_prefix("on") {
                            Some(rest) if rest.is_empty() || rest.starts_with('.') => {
                                format!("{}{rest}", self.on_name)
                            }
                            _ => fault.path().to_owned(),
                        };
                        reader.fault_below(node, &path, fault.message());
                    }
                }
                None
            }
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

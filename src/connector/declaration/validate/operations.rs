//! Operations among each other: their ids, their paths, their lists, their revisions.

use std::collections::BTreeMap;

use super::texts::MAX_SUMMARY;
use super::{Findings, quoted};
use crate::connector::declaration::operation::{self, DEPRECATED, Kind, Operation};
use crate::connector::{ChoiceList, Connector, Profile, Revision};

pub(super) fn check(connector: &Connector, findings: &mut Findings) {
    triggers(&connector.triggers, findings);
    if connector.triggers.is_empty() && connector.actions.is_empty() {
        findings.add("triggers", "there are none, and no actions", "offer a trigger or an action at least");
    }
    for list in &connector.lists {
        self::list(list, findings);
    }
    let operations = operation::all(connector);
    collisions(&operations, findings);
    revisions(connector, &operations, findings);
}

fn triggers(names: &[String], findings: &mut Findings) {
    for (at, name) in names.iter().enumerate() {
        let place = format!("triggers[{at}]");
        if Profile::named(name).is_none() {
            let known: Vec<&str> = Profile::all().iter().map(Profile::name).collect();
            let what = format!("{} is no trigger that a connector offers", quoted(name));
            findings.add(&place, what, format!("choose from {}", known.join(", ")));
        }
        if names[..at].contains(name) {
            findings.add(&place, format!("{} is there twice", quoted(name)), "take one of them away");
        }
    }
}

fn list(list: &ChoiceList, findings: &mut Findings) {
    let place = format!("lists.{}", list.name());
    if !is_name(list.name()) {
        let what = format!("{} cannot stand in a path and an operation's id", quoted(list.name()));
        findings.add(&place, what, "write ASCII letters and digits, a letter first, 64 at most");
    }
    if list.title().trim().is_empty() {
        findings.add(&place, "has no title", "say in a word or two what is in it");
    }
    let parameters: Vec<&str> = list.parameters().collect();
    for (at, name) in parameters.iter().enumerate() {
        if !is_name(name) {
            let what = format!("the parameter {} cannot stand in a query", quoted(name));
            findings.add(&place, what, "write ASCII letters and digits, a letter first, 64 at most");
        }
        if *name == "connectionId" {
            let what = "the parameter connectionId is the platform's own";
            findings.add(&place, what, "give the parameter another name");
        }
        if parameters[..at].contains(name) {
            let what = format!("the parameter {} is there twice", quoted(name));
            findings.add(&place, what, "take one of them away");
        }
    }
}

/// As the name of an action: what can stand in a path and in an operation's id.
fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whatever differs in case only is the same, in ids and in paths.
fn collisions(operations: &[Operation<'_>], findings: &mut Findings) {
    let mut ids: BTreeMap<String, &Operation<'_>> = BTreeMap::new();
    let mut paths: BTreeMap<(&str, String), &Operation<'_>> = BTreeMap::new();
    for operation in operations {
        if let Kind::Webhook(_) | Kind::Polling(_) = operation.kind
            && ids.contains_key(&operation.id.to_lowercase())
        {
            // A trigger that is named twice was told of.
            continue;
        }
        let Operation { id, place, path, method, .. } = operation;
        let first = *ids.entry(id.to_lowercase()).or_insert(operation);
        if !std::ptr::eq(first, operation) {
            let what = format!("its operation {id:?} is also {} of {}", first.id, first.place);
            findings.add(place, what, "give it a name that differs in more than case");
            continue;
        }
        let first = *paths.entry((method, path.to_lowercase())).or_insert(operation);
        if !std::ptr::eq(first, operation) {
            let what = format!("its path {path:?} is also that of {}", first.place);
            findings.add(place, what, "give it a name that differs in more than case");
        }
    }
}

fn revisions(connector: &Connector, operations: &[Operation<'_>], findings: &mut Findings) {
    let ids: Vec<&str> = operations.iter().map(|operation| &*operation.id).collect();
    let mut told: BTreeMap<&str, ()> = BTreeMap::new();
    let mut numbers: BTreeMap<(&str, u32), &str> = BTreeMap::new();
    for (id, revision) in &connector.revisions {
        let place = format!("revisions.{id}");
        if !ids.contains(&id.as_str()) {
            let what = format!("there is no operation {}", quoted(id));
            findings.add(&place, what, format!("write one of {}", some(&ids)));
        }
        if told.insert(id, ()).is_some() {
            findings.add(&place, "is there twice", "say once which revision it is");
            continue;
        }
        if revision.family().trim().is_empty() {
            findings.add(&place, "the family has no name", "write the id of its first operation");
        }
        if revision.number() == 0 {
            findings.add(&place, "the number is 0", "count from 1");
        }
        if let Some(other) = numbers.insert((revision.family(), revision.number()), id) {
            let what = format!("{other} is number {} of the family already", revision.number());
            findings.add(&place, what, "count on");
        }
        let is_long = |operation: &&Operation<'_>| matches!(operation.kind, Kind::Action(action) if action.title().chars().count() + DEPRECATED.len() > MAX_SUMMARY);
        let operation = operations.iter().find(|operation| operation.id == *id);
        if revision.is_deprecated() && operation.as_ref().is_some_and(is_long) {
            let what = format!("its title has no room for {DEPRECATED:?} within {MAX_SUMMARY} characters");
            findings.add(&place, what, "shorten the title");
        }
        replacement(&place, id, revision, connector, &ids, findings);
    }
}

fn replacement(
    place: &str,
    id: &str,
    revision: &Revision,
    connector: &Connector,
    ids: &[&str],
    findings: &mut Findings,
) {
    let Some(replacement) = revision.replacement() else { return };
    if !revision.is_deprecated() {
        let remedy = "deprecate it, or leave out the replacement";
        findings.add(place, "has a replacement and is not deprecated", remedy);
    }
    let is_deprecated =
        |(other, revision): &(String, Revision)| other == replacement && revision.is_deprecated();
    if replacement == id || !ids.contains(&replacement) {
        let what = format!("the replacement {} is no other operation", quoted(replacement));
        findings.add(place, what, format!("write one of {}", some(ids)));
    } else if connector.revisions.iter().any(is_deprecated) {
        let what = format!("the replacement {} is deprecated itself", quoted(replacement));
        findings.add(place, what, "name the operation that is to be used now");
    }
}

/// The ids as a finding shows them, not all where there are many.
fn some(ids: &[&str]) -> String {
    const MOST: usize = 20;
    let shown = ids.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    if ids.len() > MOST { format!("{shown} and {} more", ids.len() - MOST) } else { shown }
}

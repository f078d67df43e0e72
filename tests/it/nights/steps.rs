//! A case, `{"name", "triggers", "steps"}`, and what decides it. Times are RFC 3339 or offsets from
//! 2026-01-01T00:00:00Z. The triggers are added at the time of the first step that has one. A step is one of
//! - `[at, outcome]` or `[at, outcome, item]`: an `ingestion` task, in short;
//! - `{"task": {"at", "outcome", "process"?: "ingestion", "item"?: id or {"id", "name"?}, "failure"?, "jobId"?, …}}`;
//! - `{"job": {"at", "jobId", "outcome"?: "succeeded", "scope"?: "full", "submission"?, "operation"?, …}}`;
//! - `{"value": {"at", "name", "kind"?: "segment", "value"?: 1, …}}`;
//! - `{"event": {"at", "type", "data"?}}`; in all of these also `source` (else `/s`), `id` (else `e1`, `e2`, … counting
//!   events) and `subject`; without `at` the event has no time; what else there is belongs to the data;
//! - `{"tick": at}`, `{"flush": at}`, `{"add": trigger}`, `{"remove": id}`, `{"enable": id}`, `{"disable": id}`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::event::{JOB, REFRESH, VALUE};
use super::model::Model;
use super::told::stamp;
use crate::corpus::{BASE, time};
use crate::model::Ns;

/// Those that are not 0.
pub(crate) type Counts = BTreeMap<&'static str, u64>;

/// Something that decides.
pub(crate) trait Subject {
    fn add(&mut self, now: Ns, trigger: &Value) -> bool;
    fn remove(&mut self, id: &str) -> bool;
    fn enable(&mut self, id: &str, on: bool) -> bool;
    fn event(&mut self, now: Ns, json: &Value) -> String;
    fn tick(&mut self, t: Ns);
    fn flush(&mut self, t: Ns);
    fn firings(&mut self) -> Vec<String>;
    fn timeout(&self) -> Option<Ns>;
    fn counts(&self) -> Counts;
}

/// What one step gave, as far as it can be seen from outside.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    /// What became of the step.
    pub(crate) said: String,
    pub(crate) firings: Vec<String>,
    pub(crate) timeout: Option<Ns>,
    pub(crate) counts: Counts,
}

/// A subject, the largest time it was handed so far, and how many events.
pub(crate) struct Driven<S> {
    pub(crate) subject: S,
    pub(crate) now: Ns,
    events: usize,
}

impl<S: Subject> Driven<S> {
    pub(crate) fn new(mut subject: S, case: &Value) -> Self {
        let now = steps_of(case).iter().find_map(moved_to).unwrap_or(BASE);
        for trigger in case["triggers"].as_array().into_iter().flatten() {
            assert!(subject.add(now, trigger), "{trigger} is refused");
        }
        Self { subject, now, events: 0 }
    }

    pub(crate) fn step(&mut self, step: &Value) -> Seen {
        let said = self.give(step);
        let (firings, timeout) = (self.subject.firings(), self.subject.timeout());
        Seen { said, firings, timeout, counts: self.subject.counts() }
    }

    /// Hands one step in.
    pub(crate) fn give(&mut self, step: &Value) -> String {
        self.now = self.now.max(moved_to(step).unwrap_or(self.now));
        let word = |name: &str| step.get(name).and_then(Value::as_str);
        let subject = &mut self.subject;
        if let Some(json) = event(step, self.events + 1) {
            self.events += 1;
            return subject.event(self.now, &json);
        }
        let done = if step.get("tick").is_some() {
            subject.tick(time(&step["tick"]));
            true
        } else if step.get("flush").is_some() {
            subject.flush(time(&step["flush"]));
            true
        } else if let Some(trigger) = step.get("add") {
            subject.add(self.now, trigger)
        } else if let Some(id) = word("remove") {
            subject.remove(id)
        } else if let Some(id) = word("enable") {
            subject.enable(id, true)
        } else if let Some(id) = word("disable") {
            subject.enable(id, false)
        } else {
            panic!("unknown step {step}")
        };
        (if done { "done" } else { "refused" }).to_owned()
    }
}

pub(crate) fn steps_of(case: &Value) -> &[Value] {
    case["steps"].as_array().map_or(&[][..], Vec::as_slice)
}

/// The time of a step that has one.
pub(crate) fn moved_to(step: &Value) -> Option<Ns> {
    let given = step.get("tick").or(step.get("flush")).map(time);
    given.or_else(|| described(step)?.1.get("at").map(time))
}

/// The type and the members of the event that a step stands for.
fn described(step: &Value) -> Option<(String, Map<String, Value>)> {
    let v = match step.as_array().map(Vec::as_slice) {
        Some([at, outcome]) => json!({"task": {"at": at, "outcome": outcome}}),
        Some([at, outcome, item]) => json!({"task": {"at": at, "outcome": outcome, "item": item}}),
        _ => step.clone(),
    };
    let (word, members) = v.as_object()?.iter().next()?;
    let event_type = match word.as_str() {
        "task" => REFRESH,
        "job" => JOB,
        "value" => VALUE,
        "event" => members["type"].as_str()?,
        _ => return None,
    };
    Some((event_type.to_owned(), members.as_object()?.clone()))
}

/// The CloudEvent that a step stands for; `n` is its number, counted from one.
pub(crate) fn event(step: &Value, n: usize) -> Option<Value> {
    let (event_type, mut members) = described(step)?;
    let mut event = json!({"specversion": "1.0", "type": event_type});
    event["id"] = members.remove("id").unwrap_or_else(|| json!(format!("e{n}")));
    event["source"] = members.remove("source").unwrap_or_else(|| json!("/s"));
    if let Some(at) = members.remove("at") {
        event["time"] = json!(stamp(time(&at)));
    }
    if let Some(subject) = members.remove("subject") {
        event["subject"] = subject;
    }
    let mut default = |name: &str, value: Value| {
        members.entry(name).or_insert(value);
    };
    if event_type == REFRESH {
        default("process", json!("ingestion"));
    } else if event_type == JOB {
        default("scope", json!("full"));
        default("outcome", json!("succeeded"));
    } else if event_type == VALUE {
        default("kind", json!("segment"));
        default("value", json!(1));
    }
    if let Some(Value::String(id)) = members.get("item") {
        members.insert("item".to_owned(), json!({"id": id}));
    }
    if step.get("event").is_none() {
        event["data"] = Value::Object(members);
    } else if let Some(data) = members.remove("data") {
        event["data"] = data;
    }
    Some(event)
}

impl Subject for Model {
    fn add(&mut self, now: Ns, trigger: &Value) -> bool {
        Model::add(self, trigger, now)
    }

    fn remove(&mut self, id: &str) -> bool {
        Model::remove(self, id)
    }

    fn enable(&mut self, id: &str, on: bool) -> bool {
        Model::enable(self, id, on)
    }

    fn event(&mut self, now: Ns, json: &Value) -> String {
        Model::event(self, json, now)
    }

    fn tick(&mut self, t: Ns) {
        Model::tick(self, t);
    }

    fn flush(&mut self, t: Ns) {
        Model::flush(self, t);
    }

    fn firings(&mut self) -> Vec<String> {
        self.take_firings()
    }

    fn timeout(&self) -> Option<Ns> {
        Model::timeout(self)
    }

    fn counts(&self) -> Counts {
        Model::counts(self).clone()
    }
}

//! A firing as one line of JSON.

use std::ops::Range;

use super::{Facts, Firing, Key};
use crate::event::{Outcome, Process, Scope, Submission, push_json_number, push_json_string};
use crate::time::{Nanos, format_duration, push_instant};
use crate::trigger::{TriggerKind, push_condition_json};

/// Appends the object; what stands before it is nothing, or ends with a colon.
pub(super) fn push(out: &mut String, firing: &Firing) {
    let parts = &firing.parts;
    let mut line = Line::new(std::mem::take(out));
    line.text("id", firing.id().as_str());
    line.text("trigger", firing.trigger());
    line.text("type", firing.trigger_type());
    line.text("transition", parts.transition.as_str());
    line.instant("time", Some(parts.time));
    match (&parts.key, firing.trigger.kind()) {
        (Key::Series(series), _) => line.with("series", |out| series.push_json(out)),
        (Key::Whole, TriggerKind::NoData { kind, name, .. }) => line.object("series", |series| {
            series.text("kind", kind.as_str());
            series.text("name", name.as_exact().unwrap_or("*"));
        }),
        (Key::Item { source, .. } | Key::Job { source, .. }, _) => line.text("source", source),
        (Key::Whole, _) => {}
    }
    if let Some(facts) = firing.facts() {
        facts.push_json(&mut line);
    }
    for (name, value) in [("value", parts.value), ("previousValue", parts.previous)] {
        if let Some(value) = value {
            line.with(name, |out| push_json_number(out, value));
        }
    }
    match firing.trigger.kind() {
        TriggerKind::NoData { within, .. } => {
            line.object("condition", |condition| condition.text("within", &format_duration(within)));
        }
        TriggerKind::SegmentThresholdCrossed { threshold, .. }
        | TriggerKind::MeasureThresholdCrossed { threshold, .. } => {
            line.with("condition", |out| push_condition_json(out, threshold));
        }
        _ => {}
    }
    line.instant("crossedAt", parts.crossed_at);
    line.instant("dueAt", parts.due_at);
    if let Some(length) = firing.length() {
        line.text("length", &format_duration(length));
    }
    line.with("suppressed", |out| push_count(out, parts.suppressed));
    if let Some(event) = &parts.event {
        line.object("event", |line| {
            line.text("source", event.source());
            line.text("id", event.id());
            line.text("type", event.event_type());
            line.instant("time", Some(event.instant()));
        });
    }
    if !parts.owners.is_empty() {
        line.with("owners", |out| {
            for (at, owner) in parts.owners.iter().enumerate() {
                out.push(if at == 0 { '[' } else { ',' });
                push_json_string(out, owner);
            }
            out.push(']');
        });
    }
    line.out.push('}');
    *out = line.out;
}

fn push_count(out: &mut String, count: u64) {
    use std::fmt::Write;
    // Writing to a `String` does not fail.
    let _ = write!(out, "{count}");
}

impl Facts {
    fn push_json(&self, line: &mut Line) {
        line.optional("process", self.process.as_ref().map(Process::as_str));
        if let Some(item) = &self.item {
            line.with("item", |out| item.push_json(out));
        }
        line.optional("outcome", self.outcome.as_ref().map(Outcome::as_str));
        if let Some(failure) = &self.failure {
            line.with("failure", |out| failure.push_json(out));
        }
        line.optional("jobId", self.job_id.as_deref());
        line.optional("scope", self.scope.as_ref().map(Scope::as_str));
        line.optional("submission", self.submission.as_ref().map(Submission::as_str));
        line.optional("operation", self.operation.as_deref());
        if let Some(phases) = &self.phases {
            line.object("phases", |line| {
                phases.iter().for_each(|(phase, outcome)| line.text(phase.as_str(), outcome.as_str()));
            });
        }
    }
}

impl Key {
    /// The member of an explanation that says what the trigger judged: its name and its value.
    pub(crate) fn json(&self) -> Option<(&'static str, String)> {
        let mut line = Line::new(String::new());
        match self {
            Self::Series(series) => {
                let mut text = String::new();
                series.push_json(&mut text);
                Some(("series", text))
            }
            Self::Item { source, process, id } => {
                line.text("source", source);
                line.text("process", process.as_str());
                line.optional("id", id.as_deref());
                line.out.push('}');
                Some(("item", line.out))
            }
            Self::Job { source, id } => {
                line.text("source", source);
                line.text("id", id);
                line.out.push('}');
                Some(("job", line.out))
            }
            Self::Whole => None,
        }
    }
}

/// One line of JSON under construction.
struct Line {
    out: String,
    /// The last instant that was written, and where: those of a firing are often the same.
    last: Option<(Nanos, Range<usize>)>,
}

impl Line {
    fn new(out: String) -> Self {
        Self { out, last: None }
    }

    fn name(&mut self, name: &str) {
        // A value is never written without a member before it, so an object that
        // is just beginning is where the text is empty or ends with a colon.
        let begins = self.out.is_empty() || self.out.ends_with(':');
        self.out.push(if begins { '{' } else { ',' });
        push_json_string(&mut self.out, name);
        self.out.push(':');
    }

    fn with(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        self.name(name);
        write(&mut self.out);
    }

    fn text(&mut self, name: &str, value: &str) {
        self.with(name, |out| push_json_string(out, value));
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    fn object(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.name(name);
        write(self);
        self.out.push('}');
    }

    fn instant(&mut self, name: &str, value: Option<Nanos>) {
        let Some(value) = value else { return };
        self.name(name);
        self.out.push('"');
        let start = self.out.len();
        match &self.last {
            Some((last, range)) if *last == value => self.out.extend_from_within(range.clone()),
            _ => push_instant(&mut self.out, value),
        }
        self.last = Some((value, start..self.out.len()));
        self.out.push('"');
    }
}

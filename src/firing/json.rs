//! A firing as one line of JSON.

use std::ops::Range;

use super::{Facts, Firing, Key};
use crate::event::{Outcome, Process, Scope, Submission, push_json_number, push_json_string};
use crate::time::{Nanos, format_duration, push_instant};
use crate::trigger::{TriggerKind, push_condition_json};

/// A member's name as it stands before its value, a comma first. It must need no escapes.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}

/// Appends the object; what stands before it is nothing, or ends with a colon.
pub(super) fn push(out: &mut String, firing: &Firing) {
    let (trigger, parts) = firing.parts();
    let mut line = Line::new(std::mem::take(out));
    line.text(key!("id"), firing.id().as_str());
    line.text(key!("trigger"), firing.trigger());
    line.text(key!("type"), firing.trigger_type());
    line.text(key!("transition"), parts.transition.as_str());
    line.instant(key!("time"), Some(parts.time));
    match (&parts.key, trigger.kind()) {
        (Key::Series(series), _) => line.with(key!("series"), |out| series.push_json(out)),
        (Key::Whole, TriggerKind::NoData { kind, name, .. }) => line.object(key!("series"), |series| {
            series.text(key!("kind"), kind.as_str());
            series.text(key!("name"), name.as_exact().unwrap_or("*"));
        }),
        (Key::Item { source, .. } | Key::Job { source, .. }, _) => line.text(key!("source"), source),
        (Key::Whole, _) => {}
    }
    if let Some(facts) = firing.facts() {
        facts.push_json(&mut line);
    }
    for (key, value) in [(key!("value"), parts.value), (key!("previousValue"), parts.previous)] {
        if let Some(value) = value {
            line.with(key, |out| push_json_number(out, value));
        }
    }
    match trigger.kind() {
        TriggerKind::NoData { within, .. } => {
            line.object(key!("condition"), |condition| {
                condition.text(key!("within"), &format_duration(within))
            });
        }
        TriggerKind::SegmentThresholdCrossed { threshold, .. }
        | TriggerKind::MeasureThresholdCrossed { threshold, .. } => {
            line.with(key!("condition"), |out| push_condition_json(out, threshold));
        }
        _ => {}
    }
    line.instant(key!("crossedAt"), parts.crossed_at);
    line.instant(key!("dueAt"), parts.due_at);
    if let Some(length) = firing.length() {
        line.text(key!("length"), &format_duration(length));
    }
    line.with(key!("suppressed"), |out| push_count(out, parts.suppressed));
    if let Some(event) = &parts.event {
        line.object(key!("event"), |line| {
            line.text(key!("source"), event.source());
            line.text(key!("id"), event.id());
            line.text(key!("type"), event.event_type());
            line.instant(key!("time"), Some(event.instant()));
        });
    }
    if !parts.owners.is_empty() {
        line.with(key!("owners"), |out| {
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
        line.optional(key!("process"), self.process.as_ref().map(Process::as_str));
        if let Some(item) = &self.item {
            line.with(key!("item"), |out| item.push_json(out));
        }
        line.optional(key!("outcome"), self.outcome.as_ref().map(Outcome::as_str));
        if let Some(failure) = &self.failure {
            line.with(key!("failure"), |out| failure.push_json(out));
        }
        line.optional(key!("jobId"), self.job_id.as_deref());
        line.optional(key!("scope"), self.scope.as_ref().map(Scope::as_str));
        line.optional(key!("submission"), self.submission.as_ref().map(Submission::as_str));
        line.optional(key!("operation"), self.operation.as_deref());
        if let Some(phases) = &self.phases {
            line.object(key!("phases"), |line| {
                phases.iter().for_each(|(phase, outcome)| line.pair(phase.as_str(), outcome.as_str()));
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
                line.text(key!("source"), source);
                line.text(key!("process"), process.as_str());
                line.optional(key!("id"), id.as_deref());
                line.out.push('}');
                Some(("item", line.out))
            }
            Self::Job { source, id } => {
                line.text(key!("source"), source);
                line.text(key!("id"), id);
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

    /// Begins a member. The keys are this file's own, made by `key!`.
    fn key(&mut self, key: &'static str) {
        if self.begins() {
            self.out.push('{');
            self.out.push_str(&key[1..]);
        } else {
            self.out.push_str(key);
        }
    }

    /// Whether an object is just beginning. A value is never written without a
    /// member before it, so that is where the text is empty or ends with a colon.
    fn begins(&self) -> bool {
        matches!(self.out.as_bytes().last(), None | Some(b':'))
    }

    fn with(&mut self, key: &'static str, write: impl FnOnce(&mut String)) {
        self.key(key);
        write(&mut self.out);
    }

    /// A member whose name is data too.
    fn pair(&mut self, name: &str, value: &str) {
        self.out.push(if self.begins() { '{' } else { ',' });
        push_json_string(&mut self.out, name);
        self.out.push(':');
        push_json_string(&mut self.out, value);
    }

    fn text(&mut self, key: &'static str, value: &str) {
        self.with(key, |out| push_json_string(out, value));
    }

    fn optional(&mut self, key: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    fn object(&mut self, key: &'static str, write: impl FnOnce(&mut Self)) {
        self.key(key);
        write(self);
        self.out.push('}');
    }

    fn instant(&mut self, key: &'static str, value: Option<Nanos>) {
        let Some(value) = value else { return };
        self.key(key);
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

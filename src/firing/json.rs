//! A firing as one line of JSON.

use std::ops::Range;

use super::{Facts, Firing, Key};
use crate::event::{
    Outcome, Process, Scope, Submission, push_json_count, push_json_number, push_json_string,
    push_json_string_end,
};
use crate::time::{Nanos, format_duration, push_instant};
use crate::trigger::{TriggerKind, push_condition_json};

/// A member's name as it stands before its value, a comma first. It must need no escapes.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}

/// The same before a text, whose first quote it has.
macro_rules! text {
    ($name:literal) => {
        concat!(",\"", $name, "\":\"")
    };
}

/// The same of an object's first member.
macro_rules! first {
    ($name:literal) => {
        concat!("{\"", $name, "\":\"")
    };
}

/// Appends the object.
pub(super) fn push(out: &mut String, firing: &Firing) {
    out.push_str(first!("id"));
    out.push_str(firing.id().as_str());
    out.push_str(concat!("\"", text!("trigger")));
    push_json_string_end(out, firing.trigger());
    push_rest(Line { out, last: None }, firing);
}

/// Where a text has something of a firing already.
pub(crate) struct Written {
    pub(crate) id: Range<usize>,
    /// Its trigger's id, with the quote at its end.
    pub(crate) trigger: Range<usize>,
    pub(crate) time: Range<usize>,
}

/// The same where `out` has something of it already.
pub(super) fn push_after(out: &mut String, firing: &Firing, written: Written) {
    out.push_str(first!("id"));
    out.extend_from_within(written.id);
    out.push_str(concat!("\"", text!("trigger")));
    out.extend_from_within(written.trigger);
    push_rest(Line { out, last: Some((firing.parts().1.time, written.time)) }, firing);
}

fn push_rest(mut line: Line<'_>, firing: &Firing) {
    let (trigger, parts) = firing.parts();
    line.word(text!("type"), firing.trigger_type());
    line.word(text!("transition"), parts.transition.as_str());
    line.instant(text!("time"), Some(parts.time));
    match (&parts.key, trigger.kind()) {
        (Key::Series(series), _) => line.with(key!("series"), |out| series.push_json(out)),
        (Key::Whole, TriggerKind::NoData { kind, name, .. }) => line.object(key!("series"), |series| {
            series.text(first!("kind"), kind.as_str());
            series.text(text!("name"), name.as_exact().unwrap_or("*"));
        }),
        (Key::Item { source, .. } | Key::Job { source, .. }, _) => line.text(text!("source"), source),
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
                condition.text(first!("within"), &format_duration(within));
            });
        }
        TriggerKind::SegmentThresholdCrossed { threshold, .. }
        | TriggerKind::MeasureThresholdCrossed { threshold, .. } => {
            line.with(key!("condition"), |out| push_condition_json(out, threshold));
        }
        _ => {}
    }
    line.instant(text!("crossedAt"), parts.crossed_at);
    line.instant(text!("dueAt"), parts.due_at);
    if let Some(length) = firing.length() {
        line.text(text!("length"), &format_duration(length));
    }
    line.with(key!("suppressed"), |out| push_json_count(out, parts.suppressed));
    if let Some(event) = &parts.event {
        line.object(key!("event"), |line| {
            line.text(first!("source"), event.source());
            line.text(text!("id"), event.id());
            line.text(text!("type"), event.event_type());
            line.instant(text!("time"), Some(event.instant()));
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
}

impl Facts {
    fn push_json(&self, line: &mut Line<'_>) {
        line.optional(text!("process"), self.process.as_ref().map(Process::as_str));
        if let Some(item) = &self.item {
            line.with(key!("item"), |out| item.push_json(out));
        }
        line.optional(text!("outcome"), self.outcome.as_ref().map(Outcome::as_str));
        if let Some(failure) = &self.failure {
            line.with(key!("failure"), |out| failure.push_json(out));
        }
        line.optional(text!("jobId"), self.job_id.as_deref());
        line.optional(text!("scope"), self.scope.as_ref().map(Scope::as_str));
        line.optional(text!("submission"), self.submission.as_ref().map(Submission::as_str));
        line.optional(text!("operation"), self.operation.as_deref());
        if let Some(phases) = &self.phases {
            line.object(key!("phases"), |line| {
                for (at, (phase, outcome)) in phases.iter().enumerate() {
                    line.out.push(if at == 0 { '{' } else { ',' });
                    push_json_string(line.out, phase.as_str());
                    line.out.push(':');
                    push_json_string(line.out, outcome.as_str());
                }
            });
        }
    }
}

impl Key {
    /// The member of an explanation that says what the trigger judged: its name and its value.
    pub(crate) fn json(&self) -> Option<(&'static str, String)> {
        let mut text = String::new();
        let mut line = Line { out: &mut text, last: None };
        let name = match self {
            Self::Series(series) => {
                series.push_json(line.out);
                return Some(("series", text));
            }
            Self::Item { source, process, id } => {
                line.text(first!("source"), source);
                line.text(text!("process"), process.as_str());
                line.optional(text!("id"), id.as_deref());
                "item"
            }
            Self::Job { source, id } => {
                line.text(first!("source"), source);
                line.text(text!("id"), id);
                "job"
            }
            Self::Whole => return None,
        };
        text.push('}');
        Some((name, text))
    }
}

/// One line of JSON under construction. The keys are this file's own, made by `key!` and the like.
struct Line<'o> {
    out: &'o mut String,
    /// The last instant that was written, and where: those of a firing are often the same.
    last: Option<(Nanos, Range<usize>)>,
}

impl Line<'_> {
    fn with(&mut self, key: &'static str, write: impl FnOnce(&mut String)) {
        self.out.push_str(key);
        write(self.out);
    }

    fn text(&mut self, key: &'static str, value: &str) {
        self.out.push_str(key);
        push_json_string_end(self.out, value);
    }

    /// A text of this library's own, which needs no escapes.
    fn word(&mut self, key: &'static str, word: &'static str) {
        self.out.push_str(key);
        self.out.push_str(word);
        self.out.push('"');
    }

    fn optional(&mut self, key: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    fn object(&mut self, key: &'static str, write: impl FnOnce(&mut Self)) {
        self.out.push_str(key);
        write(self);
        self.out.push('}');
    }

    fn instant(&mut self, key: &'static str, value: Option<Nanos>) {
        let Some(value) = value else { return };
        self.out.push_str(key);
        let start = self.out.len();
        match &self.last {
            Some((last, range)) if *last == value => self.out.extend_from_within(range.clone()),
            _ => push_instant(self.out, value),
        }
        self.last = Some((value, start..self.out.len()));
        self.out.push('"');
    }
}

//! A firing in English.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::text::clean;
use crate::event::Process;
use crate::firing::Firing;

/// Most characters of what comes from outside.
const MOST: usize = 160;
/// Most characters of a failure's message, which says most.
const MOST_OF_MESSAGE: usize = 400;
/// Most characters of a dimension's name.
const MOST_OF_NAME: usize = 48;
/// Most dimensions that are told.
const MOST_DIMENSIONS: usize = 6;

/// What has fired, in one line.
pub(super) fn title(firing: &Firing) -> String {
    let outcome = firing.outcome().map_or("ended", |outcome| word_of_outcome(outcome.as_str()));
    let title = match firing.trigger_type() {
        "fullRefreshCompleted" => format!("Full refresh {outcome}"),
        "unificationCompleted" => format!("Unification {outcome}"),
        "noData" => format!("No data from {}", subject(firing)),
        "eventReceived" => {
            let event_type = firing.event().map_or("an event", |event| event.event_type());
            format!("Received {}", clean(event_type, MOST))
        }
        _ if firing.series().is_some() => {
            format!("{} {}", capitalised(&subject(firing)), verdict(firing))
        }
        _ if firing.process() == Some(&Process::INGESTION) => {
            format!("Refresh of {} {outcome}", subject(firing))
        }
        _ => format!("{} {outcome}", capitalised(&subject(firing))),
    };
    clean(&title, 2 * MOST - 40)
}

/// What the firing is about, as in the middle of a sentence: `data source "Loyalty CSV"`.
pub(in super::super) fn subject(firing: &Firing) -> String {
    if let Some(series) = firing.series() {
        return format!(
            "{} \"{}\"",
            clean(&series.kind().to_string(), MOST_OF_NAME),
            clean(series.name(), MOST)
        );
    }
    let item = firing.item().map(|item| clean(item.name().unwrap_or(item.id()), MOST));
    match (firing.process().map(|process| process.as_str()), item) {
        (Some("ingestion"), Some(item)) => format!("data source \"{item}\""),
        (Some(process), Some(item)) => format!("{} of \"{item}\"", clean(process, MOST_OF_NAME)),
        (Some(process), None) => clean(process, MOST_OF_NAME),
        (None, Some(item)) => format!("\"{item}\""),
        (None, None) => match firing.job_id() {
            Some(job) => format!("job \"{}\"", clean(job, MOST)),
            None => format!("trigger \"{}\"", firing.trigger()),
        },
    }
}

/// The facts, in the order in which a person asks for them.
pub(super) fn facts(firing: &Firing) -> Vec<(String, String)> {
    let json: Value = serde_json::from_str(&firing.to_json()).unwrap_or_default();
    let mut facts = Facts(Vec::new());
    facts.push("Value", json.get("value").map(Value::to_string));
    facts.push("Before", json.get("previousValue").map(Value::to_string));
    facts.push("Condition", json.get("condition").map(condition));
    if let Some(series) = firing.series() {
        let dimensions = series.dimensions();
        for (name, value) in dimensions.iter().take(MOST_DIMENSIONS) {
            facts.push(&clean(name, MOST_OF_NAME), Some(clean(value, MOST)));
        }
        let rest = dimensions.len().saturating_sub(MOST_DIMENSIONS);
        facts.push("More dimensions", (rest > 0).then(|| rest.to_string()));
    }
    let failure = firing.failure();
    let message = failure.and_then(|failure| failure.message());
    facts.push("Failure", message.map(|message| clean(message, MOST_OF_MESSAGE)));
    facts.push("Retrying", failure.filter(|failure| failure.is_retrying()).map(|_| "yes".to_owned()));
    facts.push(
        "Phases",
        firing.phases().map(|phases| {
            let phases: Vec<_> = phases
                .iter()
                .map(|(phase, outcome)| format!("{phase} {}", word_of_outcome(outcome.as_str())))
                .collect();
            clean(&phases.join(", "), MOST)
        }),
    );
    facts.push("Submission", firing.submission().map(|word| clean(&word.to_string(), MOST_OF_NAME)));
    facts.push("Job", firing.job_id().map(|job| clean(job, MOST)));
    facts.push("Source", firing.source().map(|source| clean(source, MOST)));
    facts.push("Since", firing.crossed_at().filter(|at| *at != firing.time()).map(minute));
    facts.push("Time", Some(minute(firing.time())));
    let (trigger, _) = firing.parts();
    facts.push("Trigger", Some(clean(trigger.name().unwrap_or(firing.trigger()), MOST)));
    let held_back = firing.suppressed();
    facts.push("Held back before", (held_back > 0).then(|| held_back.to_string()));
    facts.0
}

struct Facts(Vec<(String, String)>);

impl Facts {
    fn push(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.0.push((name.to_owned(), value));
        }
    }
}

/// What has become of the series: `is above 1000`.
fn verdict(firing: &Firing) -> String {
    let json: Value = serde_json::from_str(&firing.to_json()).unwrap_or_default();
    let Some(is) = json.get("condition") else { return "has fired".to_owned() };
    if let Some(change) = is.get("changesBy") {
        let verb = match change.get("direction").and_then(Value::as_str) {
            Some("up") => "rose",
            Some("down") => "fell",
            _ => "changed",
        };
        return format!("{verb} by {} or more", amount(change));
    }
    let still = match firing.transition().as_str() {
        "cleared" => "is no longer",
        "reminder" => "is still",
        _ => "is",
    };
    format!("{still} {}", condition(is))
}

/// A condition of SPEC section 3 in words: `above 1000`.
fn condition(is: &Value) -> String {
    let bounds = |range: &Value| {
        let bound = |name: &str| range.get(name).map_or_else(|| "?".to_owned(), Value::to_string);
        (bound("low"), bound("high"))
    };
    match is.as_object().and_then(|members| members.iter().next()) {
        Some((name, bound)) => match name.as_str() {
            "above" => format!("above {bound}"),
            "atOrAbove" => format!("at or above {bound}"),
            "below" => format!("below {bound}"),
            "atOrBelow" => format!("at or below {bound}"),
            "entersRange" => {
                let (low, high) = bounds(bound);
                format!("between {low} and {high}")
            }
            "leavesRange" => {
                let (low, high) = bounds(bound);
                format!("outside {low} to {high}")
            }
            "changesBy" => format!("a change by {} or more", amount(bound)),
            "within" => format!("nothing for {}", bound.as_str().unwrap_or("too long")),
            _ => clean(&is.to_string(), MOST),
        },
        None => clean(&is.to_string(), MOST),
    }
}

fn amount(change: &Value) -> String {
    let amount = change.get("amount").map_or_else(|| "?".to_owned(), Value::to_string);
    let is_percent = change.get("percent").and_then(Value::as_bool).unwrap_or(false);
    if is_percent { format!("{amount} %") } else { amount }
}

fn word_of_outcome(outcome: &str) -> &str {
    match outcome {
        "timedOut" => "timed out",
        "skipped" => "was skipped",
        "canceled" => "was canceled",
        other => other,
    }
}

fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

fn minute(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

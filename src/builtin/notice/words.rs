//! A firing in English.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::text::clean;
use crate::event::{Process, push_json_number};
use crate::firing::Firing;
use crate::time::format_duration;
use crate::trigger::{TriggerKind, condition_json};

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
    let (trigger, _) = firing.parts();
    if let (TriggerKind::NoData { kind, name, .. }, None) = (trigger.kind(), firing.item()) {
        let kind = if kind.as_str() == "dataSource" { "data source" } else { kind.as_str() };
        let kind = clean(kind, MOST_OF_NAME);
        return match name.as_exact() {
            Some(name) => format!("{kind} \"{}\"", clean(name, MOST)),
            None => format!("any {kind}"),
        };
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
    let mut facts = Facts(Vec::new());
    facts.push("Value", firing.value().map(number));
    facts.push("Before", firing.previous_value().map(number));
    facts.push("Condition", condition_of(firing).as_ref().map(condition));
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
    let Some(is) = &condition_of(firing) else { return "has fired".to_owned() };
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

/// The condition as it stands in the firing's JSON. (All of that may be long.)
fn condition_of(firing: &Firing) -> Option<Value> {
    let (trigger, _) = firing.parts();
    if let TriggerKind::NoData { within, .. } = trigger.kind() {
        return Some(json!({"within": format_duration(within)}));
    }
    serde_json::from_str(&condition_json(trigger.threshold()?)).ok()
}

/// A condition in words: `above 1000`.
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

fn number(value: f64) -> String {
    let mut text = String::new();
    push_json_number(&mut text, value);
    text
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::event::{JobCompleted, RefreshCompleted, SeriesKind, SeriesRef};
    use crate::threshold::{Direction, Range, Threshold, ThresholdBuilder};
    use crate::trigger::Trigger;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_330_400 + second, 0).unwrap()
    }

    /// The titles and conditions that a measure gives while it takes these values, a minute each.
    fn told(threshold: ThresholdBuilder, values: &[f64]) -> Vec<(String, String)> {
        let mut engine = Engine::new();
        engine
            .add(at(0), Trigger::measure_threshold_crossed("m", "revenue", threshold).build().unwrap())
            .unwrap();
        let revenue = SeriesRef::measure("/s", "revenue");
        for (minute, value) in (0..).zip(values) {
            let _ = engine.observe_series(at(60 * minute), &revenue, at(60 * minute), *value).unwrap();
        }
        std::iter::from_fn(|| engine.poll_firing())
            .map(|firing| {
                let condition = facts(&firing).into_iter().find(|(name, _)| name == "Condition").unwrap().1;
                (title(&firing), condition)
            })
            .collect()
    }

    #[test]
    fn every_condition_is_told_in_words() {
        for (threshold, values, said, is) in [
            (Threshold::above(10.0), [1.0, 11.0], "is above 10", "above 10"),
            (Threshold::at_or_above(10.5), [1.0, 11.0], "is at or above 10.5", "at or above 10.5"),
            (Threshold::below(-10.0), [1.0, -11.0], "is below -10", "below -10"),
            (Threshold::at_or_below(10.0), [11.0, 1.0], "is at or below 10", "at or below 10"),
            (
                Threshold::enters_range(Range::new(5.0, 6.0)),
                [1.0, 5.5],
                "is between 5 and 6",
                "between 5 and 6",
            ),
            (
                Threshold::leaves_range(Range::new(5.0, 6.0)),
                [5.5, 1.0],
                "is outside 5 to 6",
                "outside 5 to 6",
            ),
            (Threshold::changes_by(3.0), [1.0, 9.0], "changed by 3 or more", "a change by 3 or more"),
            (
                Threshold::changes_by_percent(10.0).with_direction(Direction::Down),
                [10.0, 1.0],
                "fell by 10 % or more",
                "a change by 10 % or more",
            ),
            (
                Threshold::changes_by_percent(10.0).with_direction(Direction::Up),
                [1.0, 10.0],
                "rose by 10 % or more",
                "a change by 10 % or more",
            ),
        ] {
            assert_eq!(told(threshold, &values), [(format!("Measure \"revenue\" {said}"), is.to_owned())]);
        }
        let cleared = told(Threshold::above(10.0).with_notify_cleared(true), &[1.0, 11.0, 2.0]);
        assert_eq!(cleared[1].0, "Measure \"revenue\" is no longer above 10");
    }

    #[test]
    fn what_has_no_series_is_told_too() {
        let fired = |trigger: Trigger, event: crate::event::Event<'_>| {
            let mut engine = Engine::new();
            engine.add(at(0), trigger).unwrap();
            let _ = engine.handle_event(at(0), &event).unwrap();
            title(&engine.poll_firing().unwrap())
        };
        let job = JobCompleted::new("j-9", "full", "timedOut").into_event("1", "/s").unwrap();
        assert_eq!(
            fired(Trigger::full_refresh_completed("f").build().unwrap(), job),
            "Full refresh timed out"
        );
        let export = RefreshCompleted::new("export", "failed").into_event("1", "/s").unwrap();
        assert_eq!(fired(Trigger::refresh_completed("e").build().unwrap(), export), "Export failed");
        let other = crate::event::Event::new("1", "/s", "com.example\r\nBcc: x").unwrap();
        let trigger = Trigger::event_received("o", "com.example\r\nBcc: x").build().unwrap();
        assert_eq!(fired(trigger, other), "Received com.example Bcc: x");

        let mut engine = Engine::new();
        let day = std::time::Duration::from_secs(86_400);
        let silent = Trigger::no_data("n", SeriesKind::SEGMENT, "vip", day).with_from_start(true);
        engine.add(at(0), silent.build().unwrap()).unwrap();
        engine.handle_timeout(at(100_000)).unwrap();
        let firing = engine.poll_firing().unwrap();
        assert_eq!(title(&firing), "No data from segment \"vip\"");
        assert!(facts(&firing).contains(&("Condition".to_owned(), "nothing for P1D".to_owned())));
    }
}

//! Times, numbers and conditions as people read them.

use chrono::{DateTime, SecondsFormat, Utc};
use tripline::Trigger;
use tripline::event::Series;
use tripline::firing::Firing;
use tripline::threshold::{Change, Condition, Direction, Range, Threshold};
use tripline::time::format_duration;
use tripline::trigger::{DimensionRule, Matcher, TriggerKind};

/// ISO 8601 in UTC, to the second.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A time, or a dash where there is none.
pub fn time_or_dash(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "–".to_owned(), time)
}

/// With commas between thousands, and all the digits that it has.
pub fn number(value: f64) -> String {
    if value.abs() >= 1e15 || (value != 0.0 && value.abs() < 1e-6) || !value.is_finite() {
        return format!("{value:e}").replace('-', "−");
    }
    with_commas(&value.to_string())
}

/// The same with as many digits behind the point as are given.
pub fn rounded(value: f64, digits: usize) -> String {
    with_commas(&format!("{value:.digits$}"))
}

/// A whole number with commas.
pub fn count(value: u64) -> String {
    with_commas(&value.to_string())
}

/// As many as one, or as others.
pub fn counted(count: usize, one: &str, others: &str) -> String {
    format!("{} {}", with_commas(&count.to_string()), if count == 1 { one } else { others })
}

fn with_commas(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("−", digits));
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = sign.to_owned();
    for (place, digit) in whole.char_indices() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(rest);
    out
}

/// What a series is called, without its source.
pub fn series(series: &Series) -> String {
    let dimensions: Vec<String> =
        series.dimensions().iter().map(|(name, value)| format!("{name} {value}")).collect();
    let of = if dimensions.is_empty() { String::new() } else { format!(", {}", dimensions.join(", ")) };
    format!("{} {}{of}", series.kind().as_str(), series.name())
}

/// What a trigger watches for.
pub fn trigger(trigger: &Trigger) -> String {
    match trigger.kind() {
        TriggerKind::DataSourceRefreshFailed { data_source, settle, .. } => {
            let settled = if settle.is_zero() {
                String::new()
            } else {
                format!(" and none succeeded within {}", format_duration(settle))
            };
            format!("a refresh of {} failed{settled}", named("data source", data_source))
        }
        TriggerKind::DataSourceRefreshSucceeded { data_source } => {
            format!("a refresh of {} succeeded", named("data source", data_source))
        }
        TriggerKind::SegmentThresholdCrossed { segment, threshold } => {
            format!("{} {}", named("segment", segment), crossing(threshold))
        }
        TriggerKind::MeasureThresholdCrossed { measure, dimensions, threshold } => {
            format!("{}{} {}", named("measure", measure), of(dimensions), crossing(threshold))
        }
        TriggerKind::FullRefreshCompleted { submission, outcome } => format!(
            "a full refresh{} {}",
            submission.map_or(String::new(), |submission| format!(" ({})", submission.as_str())),
            ended(outcome.map(|outcome| outcome.as_str()))
        ),
        TriggerKind::UnificationCompleted { outcome } => {
            format!("unification {}", ended(outcome.map(|outcome| outcome.as_str())))
        }
        TriggerKind::RefreshCompleted { process, item, outcome } => format!(
            "{} of {} {}",
            process.map_or("a task", |process| process.as_str()),
            named("item", item),
            ended(outcome.map(|outcome| outcome.as_str()))
        ),
        TriggerKind::NoData { kind, name, within, .. } => {
            let kind = if kind.as_str() == "dataSource" { "data source" } else { kind.as_str() };
            format!("nothing from {} for {}", named(kind, name), format_duration(within))
        }
        TriggerKind::EventReceived { event_type } => format!("an event {event_type}"),
        _ => trigger.type_name().to_owned(),
    }
}

fn ended(outcome: Option<&str>) -> String {
    outcome.map_or_else(|| "ended".to_owned(), |outcome| format!("ended as {outcome}"))
}

fn of(dimensions: &DimensionRule) -> String {
    match dimensions {
        DimensionRule::Each => ", each combination".to_owned(),
        DimensionRule::Exact(dimensions) => {
            dimensions.iter().map(|(name, value)| format!(", {name} {value}")).collect()
        }
        _ => String::new(),
    }
}

fn named(kind: &str, matcher: &Matcher) -> String {
    match matcher {
        Matcher::Any => format!("any {kind}"),
        Matcher::Exact(name) => format!("{kind} {name}"),
        Matcher::Prefix(prefix) => format!("{kind} {prefix}…"),
        Matcher::Suffix(suffix) => format!("{kind} …{suffix}"),
        Matcher::OneOf(names) => format!("{kind} {}", names.join(" or ")),
        _ => format!("some {kind}"),
    }
}

fn crossing(threshold: &Threshold) -> String {
    let mut text = condition(&threshold.condition());
    if let Some(rearm) = threshold.rearm() {
        let is_range = matches!(threshold.condition(), Condition::EntersRange(_) | Condition::LeavesRange(_));
        let (at, beyond) = if is_range { ("", " beyond its ends") } else { ("at ", "") };
        text.push_str(&format!(", re-arms {at}{}{beyond}", number(rearm)));
    }
    if !threshold.hold().is_zero() {
        text.push_str(&format!(", held for {}", format_duration(threshold.hold())));
    }
    if let Some(occurrences) = threshold.occurrences() {
        text.push_str(&format!(", {} times", occurrences.at_least()));
    }
    text
}

/// A condition on a number.
pub fn condition(condition: &Condition) -> String {
    let between = |range: &Range| format!("{} to {}", number(range.low()), number(range.high()));
    match condition {
        Condition::Above(bound) => format!("above {}", number(*bound)),
        Condition::AtOrAbove(bound) => format!("at or above {}", number(*bound)),
        Condition::Below(bound) => format!("below {}", number(*bound)),
        Condition::AtOrBelow(bound) => format!("at or below {}", number(*bound)),
        Condition::EntersRange(range) => format!("enters {}", between(range)),
        Condition::LeavesRange(range) => format!("leaves {}", between(range)),
        Condition::ChangesBy(change) => changing(change),
        other => other.name().to_owned(),
    }
}

fn changing(change: &Change) -> String {
    let way = match change.direction() {
        Direction::Up => "rises",
        Direction::Down => "falls",
        _ => "changes",
    };
    let percent = if change.percent() { " %" } else { "" };
    format!("{way} by {}{percent} or more", number(change.amount()))
}

/// What happened, of a firing.
pub fn firing(firing: &Firing) -> String {
    let mut words = vec![match (firing.previous_value(), firing.value()) {
        (Some(before), Some(value)) => format!("{} → {}", number(before), number(value)),
        (None, Some(value)) => number(value),
        _ => of_task(firing),
    }];
    words.extend(firing.condition().map(|on| condition(&on)));
    if let (Some(crossed), Some(due)) = (firing.crossed_at(), firing.due_at()) {
        words.push(format!("inside since {}, due {}", time(crossed), time(due)));
    }
    if firing.suppressed() > 0 {
        words.push(format!("after {} that a cooldown swallowed", count(firing.suppressed())));
    }
    words.retain(|word| !word.is_empty());
    words.join("; ")
}

fn of_task(firing: &Firing) -> String {
    let item = firing.item().map(|item| item.name().unwrap_or(item.id()).to_owned());
    let parts = [
        firing.scope().map(|scope| scope.as_str().to_owned()),
        firing.submission().map(|submission| submission.as_str().to_owned()),
        firing.process().map(|process| process.as_str().to_owned()),
        item,
        firing.outcome().map(|outcome| outcome.as_str().to_owned()),
        firing.failure().and_then(|failure| failure.message().map(str::to_owned)),
    ];
    let told: Vec<String> = parts.into_iter().flatten().collect();
    match firing.event() {
        _ if !told.is_empty() => told.join(", "),
        Some(event) => format!("the event {}", event.id()),
        None => "nothing was reported".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_all_their_digits_and_commas_between_thousands() {
        for (value, text) in [
            (0.0, "0"),
            (950.0, "950"),
            (1_004.0, "1,004"),
            (-61_200.5, "−61,200.5"),
            (1_234_567.0, "1,234,567"),
            (0.25, "0.25"),
            (1e20, "1e20"),
            (-1e-9, "−1e−9"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!((rounded(1_234.56, 1), counted(1, "run", "runs")), ("1,234.6".into(), "1 run".into()));
    }

    #[test]
    fn triggers_are_told_in_words() {
        for (on, words) in [
            (
                r#"{"type":"segmentThresholdCrossed","segment":"vip","above":1000,"rearm":950,"hold":"PT10M"}"#,
                "segment vip above 1,000, re-arms at 950, held for PT10M",
            ),
            (
                r#"{"type":"measureThresholdCrossed","measure":"active","dimensions":{"region":"EMEA"},"entersRange":{"low":1,"high":2},"rearm":0.5}"#,
                "measure active, region EMEA enters 1 to 2, re-arms 0.5 beyond its ends",
            ),
            (
                r#"{"type":"measureThresholdCrossed","measure":"*","dimensions":"each","changesBy":{"amount":15,"percent":true,"direction":"up"}}"#,
                "any measure, each combination rises by 15 % or more",
            ),
            (
                r#"{"type":"noData","kind":"dataSource","name":"Loyalty CSV","within":"PT36H"}"#,
                "nothing from data source Loyalty CSV for P1DT12H",
            ),
            (r#"{"type":"unificationCompleted","outcome":"failed"}"#, "unification ended as failed"),
            (
                r#"{"type":"dataSourceRefreshFailed","settle":"PT30M"}"#,
                "a refresh of any data source failed and none succeeded within PT30M",
            ),
        ] {
            let one = Trigger::from_json(&format!(r#"{{"id":"t","on":{on}}}"#)).unwrap();
            assert_eq!(trigger(&one), words);
        }
    }
}

//! Measures: what their evaluations came to.

use serde_json::Value;

use super::answer::{is_short, number, short, text, time};
use super::cursor::{Cursor, Mark};
use super::group::{Group, Trace};
use super::id::{digest, id};
use super::limits::Limits;
use super::named::named;
use super::report::Notes;
use crate::event::{Event, Outcome, SeriesKind, ValueObserved};
use crate::time::{Nanos, datetime};

/// What the measures of an answer say.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub(super) groups: Vec<Group>,
    /// Measures whose latest values are new and do not stand there.
    pub(super) unsaid: Vec<String>,
}

/// One evaluation of a measure.
struct Evaluation<'v> {
    at: Option<Nanos>,
    values: &'v Value,
}

/// Values with the dimensions that each is for.
type Values<'v> = Vec<(Vec<&'v str>, Option<f64>)>;

/// What a list of measures says that was not told yet.
pub(super) fn read(
    entries: &[Value],
    source: &str,
    cursor: &mut Cursor,
    limits: &Limits,
    notes: &mut Notes<'_>,
) -> Measured {
    let mut measured = Measured::default();
    for (name, entry) in named(entries, &["name"], "a measure", &mut cursor.measures, limits, notes) {
        match new_evaluation(entry, name, cursor, notes) {
            None => {}
            Some(at) if values_of(entry).is_none() => {
                // A date that was told has no values to be asked for.
                let is_told = at.is_some() && cursor.measures.get(name).is_some_and(|mark| mark.at == at);
                measured.unsaid.extend((!is_told).then(|| name.to_owned()));
            }
            Some(at) => measured.groups.extend(one(entry, name, at, source, cursor, limits, notes)),
        }
    }
    measured
}

/// What the answer about a single measure says that was not told yet.
pub(super) fn read_one(
    entries: &[Value],
    name: &str,
    source: &str,
    cursor: &Cursor,
    limits: &Limits,
    notes: &mut Notes<'_>,
) -> Vec<Group> {
    let place = format!("measure {}", short(name));
    let Some(entry) = entries.iter().find(|entry| text(entry, "name").is_none_or(|own| own == name)) else {
        notes.faulty(&place, "name");
        return Vec::new();
    };
    let Some(at) = new_evaluation(entry, name, cursor, notes) else { return Vec::new() };
    if values_of(entry).is_none() {
        notes.faulty(&place, "output.values");
        return Vec::new();
    }
    one(entry, name, at, source, cursor, limits, notes)
}

/// The time of the latest evaluation, if that has succeeded.
fn new_evaluation(
    entry: &Value,
    name: &str,
    cursor: &Cursor,
    notes: &mut Notes<'_>,
) -> Option<Option<Nanos>> {
    let place = format!("measure {}", short(name));
    // One that was never evaluated has none.
    let latest = entry.get("latestEvaluation").filter(|latest| !latest.is_null())?;
    let Some(word) = text(latest, "state") else {
        notes.faulty(&place, "latestEvaluation.state");
        return None;
    };
    let (outcome, _) = notes.outcome(&place, word)?;
    if outcome != Outcome::SUCCEEDED {
        return None;
    }
    let at = time(latest, "evaluationDate");
    let told = cursor.measures.get(name).and_then(|mark| mark.at);
    if at.is_some() && at < told {
        notes.counts.early += 1;
        return None;
    }
    Some(at)
}

/// The evaluations that were not told, the oldest first.
fn one(
    entry: &Value,
    name: &str,
    at: Option<Nanos>,
    source: &str,
    cursor: &Cursor,
    limits: &Limits,
    notes: &mut Notes<'_>,
) -> Vec<Group> {
    let place = format!("measure {}", short(name));
    let before = cursor.measures.get(name);
    // Of a measure that is new here, what was before the start is not told, but for its latest value.
    let from = before.and_then(|mark| mark.at).or(Some(cursor.start));
    let mut evaluations = Vec::new();
    let history = entry.get("outputHistory").and_then(Value::as_array).into_iter().flatten();
    for past in history.take(limits.values()) {
        let past = Evaluation {
            at: time(past, "evaluationDate"),
            values: past.get("values").unwrap_or(&Value::Null),
        };
        let is_new = if before.is_some() { past.at > from } else { past.at >= from };
        // What has no time cannot be told from what was told; the latest is told as such.
        if past.at.is_some() && is_new && past.at < at {
            evaluations.push(past);
        }
    }
    evaluations.sort_by_key(|past| past.at);
    evaluations.dedup_by_key(|past| past.at);
    evaluations.extend(values_of(entry).map(|values| Evaluation { at, values }));

    let Some(dimensions) = dimensions(entry) else {
        notes.faulty(&place, "definition.dimensions");
        return Vec::new();
    };
    let mut turn = before.map_or(0, |mark| mark.turn);
    let mut groups = Vec::new();
    for Evaluation { at, values } in evaluations {
        let found = read_values(values, name, dimensions.len(), &place, notes);
        let what = digest_of(&found);
        if before.is_some_and(|mark| mark.at == at && mark.what == what) {
            continue;
        }
        turn += u64::from(at.is_none());
        let when = at.map_or_else(|| format!("?{turn}"), |at| at.to_string());
        notes.counts.over += found.len().saturating_sub(limits.values()) as u64;
        let mut events = Vec::new();
        for (keys, value) in found.into_iter().take(limits.values()) {
            let told = shown(value);
            let parts = ["measure", name, &when, &told].into_iter().chain(keys.iter().copied());
            let event_id = id(&parts.collect::<Vec<_>>());
            let observed = ValueObserved::new(SeriesKind::MEASURE, name.to_owned(), value);
            let observed = dimensions.iter().zip(keys).fold(observed, |observed, (dimension, key)| {
                observed.with_dimension((*dimension).to_owned(), key.to_owned())
            });
            match observed.into_event(event_id, source) {
                Ok(event) => events.push(at.map(datetime).into_iter().fold(event, Event::with_time)),
                Err(_) => notes.faulty(&place, "name"),
            }
        }
        let mark = Mark { at, what, turn, busy: false };
        groups.push(Group { events, trace: Trace::Measure(name.to_owned(), mark) });
    }
    groups
}

fn values_of(entry: &Value) -> Option<&Value> {
    entry.get("output").and_then(|output| output.get("values")).filter(|values| values.is_object())
}

/// The names of the dimensions, given as strings or as objects with a `name`; nothing where one is neither.
fn dimensions(entry: &Value) -> Option<Vec<&str>> {
    let all = entry.get("definition").and_then(|definition| definition.get("dimensions"));
    let all = all.and_then(Value::as_array).into_iter().flatten();
    all.map(|dimension| match dimension {
        Value::String(name) => Some(name.as_str()).filter(|name| is_short(name)),
        object => text(object, "name"),
    })
    .collect()
}

/// The numbers of `values`: nested as deep as there are dimensions; without one, the only one there is, or
/// the one that has the measure's name.
fn read_values<'v>(
    values: &'v Value,
    name: &str,
    depth: usize,
    place: &str,
    notes: &mut Notes<'_>,
) -> Values<'v> {
    let mut found = Vec::new();
    if depth == 0 {
        let only = values.as_object().filter(|members| members.len() == 1);
        let value = values.get(name).or_else(|| only.and_then(|members| members.values().next()));
        leaf(value.unwrap_or(values), Vec::new(), place, &mut found, notes);
    } else {
        descend(values, depth, &mut Vec::new(), place, &mut found, notes);
    }
    // The order of an answer's members means nothing.
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    found
}

fn digest_of(values: &Values<'_>) -> String {
    let shown: Vec<String> = values.iter().map(|(_, value)| shown(*value)).collect();
    let parts =
        values.iter().zip(&shown).flat_map(|((keys, _), value)| keys.iter().copied().chain([value.as_str()]));
    digest(&parts.collect::<Vec<_>>())
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| value.to_string())
}

fn descend<'v>(
    values: &'v Value,
    depth: usize,
    keys: &mut Vec<&'v str>,
    place: &str,
    found: &mut Values<'v>,
    notes: &mut Notes<'_>,
) {
    if depth == 0 {
        leaf(values, keys.clone(), place, found, notes);
        return;
    }
    let Some(members) = values.as_object() else {
        notes.faulty(place, "values");
        return;
    };
    for (key, values) in members {
        keys.push(key);
        descend(values, depth - 1, keys, place, found, notes);
        keys.pop();
    }
}

fn leaf<'v>(
    value: &'v Value,
    keys: Vec<&'v str>,
    place: &str,
    found: &mut Values<'v>,
    notes: &mut Notes<'_>,
) {
    match value {
        _ if !keys.iter().all(|key| is_short(key)) => notes.faulty(place, "values"),
        Value::Null => found.push((keys, None)),
        value => match number(value) {
            Some(number) => found.push((keys, Some(number))),
            None => notes.faulty(place, "values"),
        },
    }
}

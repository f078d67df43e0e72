//! What an answer says, read without any memory: the naive half of the comparison.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tripline::event::{Event, JobCompleted, RefreshCompleted, ValueObserved};

/// What an event is about, in words that both halves can say.
pub(super) type Key = String;

/// Everything that has ended, or has a value, by an answer to this path.
pub(super) fn keys_of_answer(path: &str, body: &Value, start: DateTime<Utc>) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    let list = body.get("value").unwrap_or(body);
    let entries: Vec<&Value> = match list {
        Value::Array(entries) => entries.iter().collect(),
        Value::Object(_) => vec![list],
        _ => Vec::new(),
    };
    for entry in entries {
        match path {
            path if path.contains("/workflows/") => keys_of_job(entry, start, &mut keys),
            path if path.contains("/manage/segments") => keys_of_segment(entry, &mut keys),
            path if path.contains("/manage/measures") => keys_of_measure(entry, start, &mut keys),
            _ => {}
        }
    }
    keys
}

fn keys_of_job(job: &Value, start: DateTime<Utc>, keys: &mut BTreeSet<Key>) {
    let id = job["jobId"].as_str().unwrap();
    let ended = has_ended(&job["jobStatus"]).then(|| time(&job["endTimestamp"]).unwrap());
    if ended.is_some_and(|ended| ended < start) {
        return;
    }
    for task in job["tasks"].as_array().unwrap() {
        if has_ended(&task["taskStatus"]) {
            let ended = time(&task["endTimestamp"]).unwrap();
            let operation = task["operationType"].as_str().unwrap().to_lowercase();
            let process = if operation == "tablemeasures" { "entitymeasures" } else { &operation };
            if ended >= start {
                keys.insert(format!("task {id} {process} {ended}"));
            }
        }
    }
    if ended.is_some() {
        keys.insert(format!("job {id}"));
    }
}

fn keys_of_segment(segment: &Value, keys: &mut BTreeSet<Key>) {
    let status = &segment["evaluationStatus"];
    if status["jobStatus"] == "CompletedSuccess" {
        let at = time(&status["evaluationDate"]).unwrap();
        let count = status["entityCount"].as_u64().unwrap();
        keys.insert(format!("segment {} {at} {count}", segment["name"].as_str().unwrap()));
    }
}

fn keys_of_measure(measure: &Value, start: DateTime<Utc>, keys: &mut BTreeSet<Key>) {
    if measure["latestEvaluation"]["state"] != "completed" || measure.get("output").is_none() {
        return;
    }
    let latest = time(&measure["latestEvaluation"]["evaluationDate"]).unwrap();
    let all = measure["outputHistory"].as_array().unwrap().iter().chain([&measure["output"]]);
    let dimensions: Vec<&str> = measure["definition"]["dimensions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dimension| dimension["name"].as_str().unwrap())
        .collect();
    for evaluation in all {
        let at = time(&evaluation["evaluationDate"]).unwrap();
        if at < start && at != latest {
            continue;
        }
        let name = measure["name"].as_str().unwrap();
        let mut add = |pairs: &[(&str, &str)], value: &Value| {
            keys.insert(key_of_value(name, at, pairs.to_vec(), value.as_f64()));
        };
        match dimensions[..] {
            [] => add(&[], &evaluation["values"]["value"]),
            [one] => {
                for (key, value) in evaluation["values"].as_object().unwrap() {
                    add(&[(one, key)], value);
                }
            }
            [one, other] => {
                for (key, values) in evaluation["values"].as_object().unwrap() {
                    for (under, value) in values.as_object().unwrap() {
                        add(&[(one, key), (other, under)], value);
                    }
                }
            }
            _ => panic!("no measure here has more"),
        }
    }
}

fn key_of_value(name: &str, at: DateTime<Utc>, mut pairs: Vec<(&str, &str)>, value: Option<f64>) -> Key {
    pairs.sort_unstable();
    format!("measure {name} {at} {pairs:?} {value:?}")
}

/// The words that mean an end, of all three vocabularies.
fn has_ended(word: &Value) -> bool {
    let ends = "successful failed timedOut aborted skipped deleted Successful Canceled Skipped";
    let word = word.as_str().unwrap();
    ends.split(' ').any(|end| end == word) || word.starts_with("Failed (")
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str().map(|text| text.parse().unwrap())
}

/// The same of an event.
pub(super) fn key_of_event(event: &Event<'_>) -> Key {
    assert_eq!(event.source(), "/instances/contoso");
    if let Some(refresh) = RefreshCompleted::from_event(event).unwrap() {
        let process = refresh.process().as_str().to_lowercase();
        if let (None, Some(item)) = (refresh.job_id(), refresh.item()) {
            return format!("source {} {}", item.id(), refresh.outcome());
        }
        return format!("task {} {process} {}", refresh.job_id().unwrap(), refresh.ended_at().unwrap());
    }
    if let Some(job) = JobCompleted::from_event(event).unwrap() {
        return format!("job {}", job.job_id());
    }
    let value = ValueObserved::from_event(event).unwrap().expect("nothing else is told");
    let at = event.time().unwrap();
    match value.kind().as_str() {
        "segment" => format!("segment {} {at} {}", value.name(), value.value().unwrap()),
        _ => key_of_value(value.name(), at, value.dimensions().collect(), value.value()),
    }
}

//! The corpus of nights: cases with what they give, run by the model and by the engine. Besides the steps of a case
//! there are
//! - `{"said": "accepted" | "ignored" | "duplicate" | "invalid data.item.id" | "limit data.jobId" | "done" | "refused"}`:
//!   what the step before got;
//! - `{"timeout": at or null}`: the next time at which the clock matters;
//! - `{"counts": {…}}`: every count but `events` and `firings` that is not 0.
//!
//! `firings` holds all firings in order; of each, the members given are compared, null meaning absent; `at` is its time,
//! `item` and `event` may be the id alone. A string is the whole firing as it is written.

use serde_json::{Value, json};

use super::engine::engine;
use super::model::Model;
use super::steps::{Driven, Subject, steps_of};
use crate::corpus::{BASE, cases_in, time};
use crate::model::clock;

/// Runs one case; says at which step what was otherwise than written.
fn run_case(case: &Value, subject: impl Subject) -> Result<(), String> {
    let is_step = |step: &Value| ["said", "timeout", "counts"].iter().all(|word| step.get(word).is_none());
    let mut driven = Driven::new(subject, case);
    let (mut said, mut fired) = (String::new(), Vec::new());
    for (i, step) in steps_of(case).iter().enumerate() {
        let wrong = |have: String| Err(format!("step {} {step}: is {have}", i + 1));
        if is_step(step) {
            let seen = driven.step(step);
            said = seen.said;
            fired.extend(seen.firings);
        } else if let Some(want) = step.get("said") {
            if *want != said {
                return wrong(said);
            }
        } else if let Some(want) = step.get("timeout") {
            let have = driven.subject.timeout();
            if have != (!want.is_null()).then(|| time(want)) {
                return wrong(format!("{:?}", have.map(|t| clock::words(t - BASE))));
            }
        } else {
            let mut have = driven.subject.counts();
            have.retain(|name, _| *name != "events" && *name != "firings");
            if step["counts"] != json!(have) {
                return wrong(json!(have).to_string());
            }
        }
    }
    let expected = case["firings"].as_array().cloned().unwrap_or_default();
    for (n, (want, have)) in expected.iter().zip(&fired).enumerate() {
        if let Some(text) = want.as_str().filter(|text| text != have) {
            return Err(format!("firing {} should be\n  {text}, is\n  {have}", n + 1));
        }
        let parsed: Value = serde_json::from_str(have).map_err(|e| format!("{have}: {e}"))?;
        for (member, want) in want.as_object().into_iter().flatten() {
            if !same(member, want, &parsed) {
                return Err(format!("firing {}: {member} should be {want}\n  of {have}", n + 1));
            }
        }
    }
    if expected.len() == fired.len() {
        return Ok(());
    }
    Err(format!("{} firings, should be {}:\n  {}", fired.len(), expected.len(), fired.join("\n  ")))
}

fn same(member: &str, want: &Value, firing: &Value) -> bool {
    let have = &firing[if member == "at" { "time" } else { member }];
    match member {
        _ if want.is_null() || have.is_null() => want == have,
        "at" | "dueAt" => time(want) == time(have),
        "item" | "event" if want.is_string() => *want == have["id"],
        _ => want == have,
    }
}

/// How many jobs may be open in a case.
pub(crate) fn most_jobs(case: &Value) -> usize {
    case["jobs"].as_u64().map_or(10_000, |n| n as usize)
}

/// Runs the whole corpus, each case on a subject of its own, and lists every case that differs.
fn run_all<S: Subject>(fresh: impl Fn(usize) -> S) {
    let all = cases_in("tests/it/nights/corpus");
    let mut problems = Vec::new();
    for (file, case) in &all {
        if let Err(problem) = run_case(case, fresh(most_jobs(case))) {
            problems.push(format!("{file}: {}\n  {problem}", case["name"].as_str().unwrap_or("?")));
        }
    }
    assert!(problems.is_empty(), "{} of {} cases differ\n{}", problems.len(), all.len(), problems.join("\n"));
}

#[test]
fn the_model_of_nights_gives_what_their_corpus_says() {
    run_all(Model::new);
}

#[test]
fn the_engine_gives_what_the_corpus_of_nights_says() {
    run_all(|most_jobs| engine(most_jobs, 7));
}

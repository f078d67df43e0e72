//! What is reached only by many events.

use serde_json::{Value, json};
use tripline::engine::Engine;

use super::engine::engine;
use super::model::Model;
use super::steps::{Driven, Subject};

fn phase(at: usize, process: &str, job: usize) -> Value {
    let (at, job) = (format!("PT{at}S"), format!("j{job}"));
    json!({"task": {"at": at, "process": process, "outcome": "succeeded", "jobId": job}})
}

fn night(on: Value) -> Value {
    json!({"triggers": [{"id": "t", "on": on}], "steps": [{"tick": "PT0S"}]})
}

#[test]
fn ten_thousand_jobs_may_be_open_and_no_more() {
    let mut run = Driven::new(engine(10_000, 7), &night(json!({"type": "unificationCompleted"})));
    let mut say = |step: Value| run.step(&step).said;
    for job in 0..10_000 {
        assert_eq!(say(phase(0, "map", job)), "accepted", "{job}");
    }
    assert_eq!(say(phase(0, "map", 10_000)), "limit data.jobId");
    assert_eq!(say(phase(0, "match", 9_999)), "accepted");
    assert_eq!(say(phase(0, "merge", 9_999)), "accepted");
    assert_eq!(say(phase(0, "map", 10_000)), "accepted", "one is done, so there is room");
    assert_eq!(say(phase(0, "map", 10_001)), "limit data.jobId");
    assert_eq!(say(json!({"tick": "P2D"})), "done");
    assert_eq!(say(phase(0, "map", 10_001)), "limit data.jobId", "48 hours are not over");
    assert_eq!(say(json!({"tick": "P2DT1S"})), "done");
    assert_eq!(say(phase(0, "map", 10_001)), "accepted", "all of them are too old");
    let seen = run.step(&phase(0, "match", 10_001)).counts;
    assert_eq!((seen["over_limit"], seen["jobs_dropped"], seen["firings"]), (3, 10_000, 1));
}

/// Both fire alike, step by step.
fn agree(on: Value, steps: impl Iterator<Item = Value>) {
    let night = night(on);
    let mut model: Driven<Model> = Driven::new(Model::new(10_000), &night);
    let mut engine: Driven<Engine> = Driven::new(engine(10_000, 7), &night);
    for (n, step) in steps.enumerate() {
        let (want, have) = (model.step(&step), engine.step(&step));
        assert_eq!(want, have, "step {n} {step}");
    }
    assert!(Subject::counts(&model.subject).contains_key("firings"));
}

#[test]
fn ids_of_received_events_are_exact_for_the_1024_latest_times() {
    let received = |second: i32| json!({"event": {"at": format!("PT{second}S"), "type": "x"}});
    let old = [10, 10, 6, 5, 4, 0, 0, 1_030, 1_031, 6, 7, 8, 5];
    let all = (5..1_029).chain(old).chain(1_029..1_040).chain(old);
    agree(json!({"type": "eventReceived", "eventType": "x"}), all.map(received));
}

#[test]
fn ids_of_tasks_are_exact_for_the_16_latest_times() {
    let failed = |second: i32| json!([format!("PT{second}S"), "failed", "a"]);
    let old = [10, 10, 6, 5, 4, 0, 0, 22, 23, 6, 7, 8, 5];
    let all = (5..21).chain(old).chain(21..30).chain(old);
    agree(json!({"type": "dataSourceRefreshFailed"}), all.map(failed));
}

#[test]
fn sixty_four_failures_of_an_item_are_kept_the_oldest_ones() {
    let settling = || json!({"type": "dataSourceRefreshFailed", "settle": "PT100S"});
    let at = |second: i32, outcome: &str| json!([format!("PT{second}S"), outcome, "a"]);
    let failed = |second: i32| at(second, "failed");
    // 64 of them, then later and older ones, then successes that answer all but the first, and what is left.
    let many = || (10..74).map(failed).chain([80, 74, 73, 10, 9, 9, 8].map(failed));
    let ends = |answer: i32| [at(answer, "succeeded"), json!({"tick": "PT150S"}), json!({"tick": "PT300S"})];
    for answer in [81, 108, 109, 110, 111, 170, 171, 172, 173, 174, 180, 181] {
        agree(settling(), many().chain(ends(answer)).chain([5, 60, 100, 140].map(failed)));
    }
}

#[test]
fn sixty_four_successes_of_an_item_are_remembered_the_latest_ones() {
    let settling = json!({"type": "dataSourceRefreshFailed", "settle": "PT100S"});
    let at = |second: i32, outcome: &str| json!([format!("PT{second}S"), outcome, "a"]);
    let many = (10..75).chain([5, 75]).map(|second| at(second, "succeeded"));
    let late = [4, 5, 8, 9, 10, 11, 12, 74, 75, 76].map(|second| at(second, "failed"));
    agree(settling, many.chain(late).chain([json!({"tick": "PT500S"}), at(3, "failed"), at(76, "failed")]));
}

//! Random nights: tasks, jobs and any other event, the engine held against a model of its own and against itself.
//! `TRIPLINE_NIGHTS` says how many, `TRIPLINE_SEED` where to begin.

mod bounds;
mod cases;
mod engine;
mod event;
mod generate;
mod job;
mod model;
mod properties;
mod shrink;
mod steps;
mod task;
mod told;
mod trigger;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};

use crate::corpus::BASE;
use crate::model::{Ns, clock};
use cases::most_jobs;
use engine::{engine, trigger_of};
use model::Model;
use steps::{Driven, Seen, event, steps_of};

/// A random night with a time in every event.
pub(crate) fn timed_night(seed: u64) -> Value {
    properties::timed(&generate::night(seed))
}

/// The events of a night as JSON, in the order in which they are handed in.
pub(crate) fn events_of(night: &Value) -> Vec<String> {
    let mut events = Vec::new();
    for step in steps_of(night) {
        events.extend(event(step, events.len() + 1).map(|json| json.to_string()));
    }
    events
}

/// Runs a night on both; says at which step they first differ and how, or how many firings there were.
fn compare(night: &Value) -> Result<usize, String> {
    let mut model = Driven::new(Model::new(most_jobs(night)), night);
    let mut engine = Driven::new(engine(most_jobs(night), 7), night);
    let mut fired = 0;
    for (n, step) in steps_of(night).iter().enumerate() {
        let at = |what: String| Err(format!("step {} {step}\n  {what}", n + 1));
        let want = model.step(step);
        let have = match catch_unwind(AssertUnwindSafe(|| engine.step(step))) {
            Ok(have) => have,
            Err(_) => return at("panic: of the engine".into()),
        };
        if want != have {
            return at(differences(&want, &have));
        }
        fired += want.firings.len();
    }
    Ok(fired)
}

fn differences(want: &Seen, have: &Seen) -> String {
    let mut lines = vec![];
    let mut line = |name: &str, want: &dyn std::fmt::Display, have: &dyn std::fmt::Display| {
        if want.to_string() != have.to_string() {
            lines.push(format!("{name}:\n    model  {want}\n    engine {have}"));
        }
    };
    let words = |t: Option<Ns>| t.map_or("none".to_owned(), |t| clock::words(t - BASE));
    line("said", &want.said, &have.said);
    for n in 0..want.firings.len().max(have.firings.len()) {
        let one = |all: &[String]| all.get(n).cloned().unwrap_or_else(|| "none".to_owned());
        line(&format!("firing {}", n + 1), &one(&want.firings), &one(&have.firings));
    }
    line("timeout", &words(want.timeout), &words(have.timeout));
    line("counts", &json!(want.counts), &json!(have.counts));
    lines.join("\n  ")
}

/// How they differ in one word, so that shrinking does not slip from one difference to another.
fn sort_of(problem: &str) -> String {
    let second = problem.lines().nth(1).unwrap_or_default().trim();
    second.split(':').next().unwrap_or_default().to_owned()
}

/// Whether a night, made smaller, is one that could have been made at all.
fn is_sound(night: &Value) -> bool {
    let known = ["tick", "flush", "add", "remove", "enable", "disable"];
    let is_step =
        |step: &Value| known.iter().any(|word| step.get(word).is_some()) || event(step, 1).is_some();
    let added = steps_of(night).iter().filter_map(|step| step.get("add"));
    night["steps"].is_array()
        && steps_of(night).iter().all(is_step)
        && night["triggers"].as_array().into_iter().flatten().chain(added).all(|t| trigger_of(t).is_ok())
}

/// A failing night made small, in the corpus's form, with what the model gives.
fn report(night: &Value, problem: impl Fn(&Value) -> Option<String>) -> String {
    let sort = problem(night).map(|p| sort_of(&p));
    let mut small = shrink::shrink(night, &mut |night| {
        is_sound(night) && problem(night).is_some_and(|p| Some(sort_of(&p)) == sort)
    });
    let problem = problem(&small).unwrap_or_default();
    let mut model = Driven::new(Model::new(most_jobs(&small)), &small);
    let fired = steps_of(&small).iter().flat_map(|step| model.step(step).firings);
    let parsed = fired.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    small["firings"] = parsed.collect();
    let list = |name: &str| {
        let lines = small[name].as_array().into_iter().flatten().map(Value::to_string);
        lines.collect::<Vec<_>>().join(",\n   ")
    };
    let (triggers, steps, firings) = (list("triggers"), list("steps"), list("firings"));
    format!(
        "{problem}\n{{\"name\":{},\"jobs\":{},\n  \"triggers\":[\n   {triggers}],\n  \"steps\":[\n   {steps}],\n  \
         \"firings\":[\n   {firings}]}}",
        small["name"],
        most_jobs(&small)
    )
}

fn number_of(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The seeds of a run.
fn seeds(share: u64) -> Range<u64> {
    let first = number_of("TRIPLINE_SEED", 0);
    first..first + number_of("TRIPLINE_NIGHTS", 10_000).div_ceil(share)
}

/// Holds what gives the number of firings, or a problem, against a share of the nights.
fn hold(share: u64, run: impl Fn(&Value, u64) -> Result<usize, String>) {
    let most = number_of("TRIPLINE_REPORTS", 3) as usize;
    let (mut fired, mut reports) = (0, Vec::new());
    for seed in seeds(share) {
        let night = generate::night(seed);
        match run(&night, seed) {
            Ok(firings) => fired += firings,
            Err(_) => {
                reports.push(format!("seed {seed}: {}", report(&night, |night| run(night, seed).err())))
            }
        }
        if reports.len() >= most {
            break;
        }
    }
    assert!(reports.is_empty(), "{}", reports.join("\n\n"));
    assert!(fired > 0, "the nights fire nothing");
}

#[test]
fn random_nights_find_no_difference_between_engine_and_model() {
    hold(1, |night, _| compare(night));
}

/// The nights reach what they are made for.
#[test]
fn random_nights_reach_every_type_and_count() {
    let mut reached = std::collections::BTreeMap::<String, u64>::new();
    for seed in 0..1_000 {
        let night = generate::night(seed);
        let mut model = Driven::new(Model::new(most_jobs(&night)), &night);
        for step in steps_of(&night) {
            let seen = model.step(step);
            for line in &seen.firings {
                let firing: Value = serde_json::from_str(line).unwrap();
                let word = |name: &str| firing[name].as_str().unwrap_or_default().to_owned();
                let due = if firing.get("dueAt").is_some() { " at a deadline" } else { "" };
                *reached.entry(word("type") + due).or_default() += 1;
                *reached.entry("after a swallowed one".into()).or_default() +=
                    u64::from(firing["suppressed"] != 0);
            }
            *reached.entry(seen.said.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
        }
        for (name, n) in model.step(&json!({"tick": "PT0S"})).counts {
            *reached.entry(format!("count {name}")).or_default() += n;
        }
    }
    let needed = [
        ("dataSourceRefreshFailed", 500),
        ("dataSourceRefreshFailed at a deadline", 500),
        ("dataSourceRefreshSucceeded", 200),
        ("refreshCompleted", 500),
        ("fullRefreshCompleted", 100),
        ("unificationCompleted", 150),
        ("eventReceived", 200),
        ("noData at a deadline", 200),
        ("after a swallowed one", 100),
        ("accepted", 5_000),
        ("ignored", 1_000),
        ("duplicate", 200),
        ("invalid", 200),
        ("limit", 100),
        ("refused", 100),
        ("count suppressed", 500),
        ("count limited", 200),
        ("count disabled", 200),
        ("count without_job", 100),
        ("count jobs_dropped", 50),
        ("count over_limit", 100),
        ("count not_watched", 20),
    ];
    for (name, least) in needed {
        let n = reached.get(name).copied().unwrap_or(0);
        assert!(n >= least, "{name}: {n}, should be {least} or more of {reached:#?}");
    }
}

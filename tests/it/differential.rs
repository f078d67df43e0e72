//! The engine held against the model: random triggers, random steps, and everything that can be seen compared after
//! each. `TRIPLINE_CASES` says how many cases, `TRIPLINE_SEED` where to begin.

pub(crate) mod left_out;
pub(crate) mod shrink;
pub(crate) mod steps;
pub(crate) mod triggers;

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};

use crate::corpus::{BASE, ModelSubject, Subject, moved_to, observation, shown, time};
use crate::engine_subject::EngineSubject;
use crate::model::rule::Rule;
use crate::model::{ModelFiring, Ns, Receipt, Series, clock};

/// What one step gave, as far as it can be seen from outside.
#[derive(Debug, PartialEq)]
struct Seen {
    receipt: Option<Receipt>,
    refused: bool,
    firings: Vec<ModelFiring>,
    timeout: Option<Ns>,
}

/// A subject, the clock as a caller keeps it, and how far the observations are counted.
struct Driven<S> {
    subject: S,
    now: Ns,
    observed: usize,
}

impl<S: Subject> Driven<S> {
    fn new(subject: S, case: &Value) -> Self {
        let now = case["steps"].as_array().into_iter().flatten().find_map(moved_to).unwrap_or(BASE);
        let mut driven = Self { subject, now, observed: 0 };
        for trigger in case["triggers"].as_array().into_iter().flatten() {
            driven.subject.add(now, trigger).unwrap_or_else(|e| panic!("{trigger}: {e}"));
        }
        driven
    }

    fn step(&mut self, step: &Value) -> Seen {
        let id = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let mut receipt = None;
        let mut refused = false;
        if let Some(mut o) = observation(step, self.observed + 1) {
            self.observed += 1;
            if o.value.is_some_and(f64::is_infinite) {
                // It comes as a bare number, not as an event.
                (o.id, o.sequence, o.subject, o.owners) = (None, None, None, vec![]);
            }
            let given = self.subject.observe(self.now.max(o.at), &o);
            if matches!(given, Receipt::Accepted | Receipt::Ignored) {
                self.now = self.now.max(o.at);
            }
            receipt = Some(given);
        } else if let Some(at) = step.get("tick").map(time) {
            self.now = self.now.max(at);
            self.subject.tick(at);
        } else if let Some(at) = step.get("flush").map(time) {
            self.now = self.now.max(at);
            self.subject.flush(at);
        } else if let Some(t) = step.get("add") {
            refused = self.subject.add(self.now, t).is_err();
        } else if let Some(t) = step.get("replace") {
            refused = self.subject.replace(self.now, t, step["applyNow"] == true).is_err();
        } else if let Some(t) = step.get("remove") {
            self.subject.remove(self.now, &id(t));
        } else if let Some(t) = step.get("enable") {
            self.subject.enable(&id(t), true);
        } else if let Some(t) = step.get("disable") {
            self.subject.enable(&id(t), false);
        }
        let (firings, timeout) = (self.subject.firings(), self.subject.timeout());
        Seen { receipt, refused, firings, timeout }
    }
}

/// Every series that occurs, and every trigger that does not keep one state for all of them.
fn pairs(case: &Value) -> (Vec<Series>, Vec<String>) {
    let steps = || case["steps"].as_array().into_iter().flatten();
    let mut series: Vec<Series> = steps().filter_map(|s| observation(s, 1)).map(|o| o.series).collect();
    series.sort();
    series.dedup();
    let given = case["triggers"].as_array().into_iter().flatten();
    let all: Vec<&Value> = given.chain(steps().filter_map(|s| s.get("add").or(s.get("replace")))).collect();
    let mut ids: Vec<String> = all.iter().filter_map(|t| t["id"].as_str().map(str::to_owned)).collect();
    ids.sort();
    ids.dedup();
    let is_whole = |t: &&Value| Rule::parse(t).is_ok_and(|rule| rule.is_whole());
    ids.retain(|id| !all.iter().any(|t| t["id"] == **id && is_whole(t)));
    (series, ids)
}

/// Runs a case on both; says at which step they first differ and how.
pub(crate) fn compare(case: &Value) -> Result<Vec<ModelFiring>, String> {
    let (series, ids) = pairs(case);
    let mut model = Driven::new(ModelSubject::default(), case);
    let mut engine = Driven::new(EngineSubject::new(7), case);
    let (mut fired, mut replaced_ids) = (Vec::new(), Vec::new());
    for (n, step) in case["steps"].as_array().into_iter().flatten().enumerate() {
        let at = |what: String| Err(format!("step {} {step}\n  {what}", n + 1));
        let mut want = model.step(step);
        let have = match catch_unwind(AssertUnwindSafe(|| engine.step(step))) {
            Ok(have) => have,
            Err(panic) => return at(format!("the engine panics: {}", message(&*panic))),
        };
        // Not ruled: the event behind a reminder that a replacement turned on.
        let replaced = step.get("replace").map(|t| t["id"].clone());
        replaced_ids.extend(replaced);
        for (want, have) in want.firings.iter_mut().zip(&have.firings) {
            let is_open = have.transition == "reminder" && replaced_ids.iter().any(|id| *id == have.trigger);
            if is_open && have.event.is_none() {
                (want.event, want.owners) = (None, vec![]);
            }
        }
        if want != have {
            return at(differences(&want, &have));
        }
        for id in &ids {
            for s in &series {
                let (want, have) = (model.subject.state(id, s), engine.subject.state(id, s));
                if want != have {
                    return at(format!("state of {id} on {s:?}\n    model  {want:?}\n    engine {have:?}"));
                }
            }
        }
        fired.extend(want.firings);
    }
    Ok(fired)
}

fn differences(want: &Seen, have: &Seen) -> String {
    let mut lines = vec![];
    let mut line = |name: &str, want: String, have: String| {
        if want != have {
            lines.push(format!("{name}\n    model  {want}\n    engine {have}"));
        }
    };
    let words = |t: Option<Ns>| t.map_or("none".to_owned(), |t| clock::words(t - BASE));
    line("receipt", format!("{:?}", want.receipt), format!("{:?}", have.receipt));
    line("refused", want.refused.to_string(), have.refused.to_string());
    line("timeout", words(want.timeout), words(have.timeout));
    for n in 0..want.firings.len().max(have.firings.len()) {
        let one = |all: &[ModelFiring]| all.get(n).map_or("none".to_owned(), |f| shown(f).to_string());
        line(&format!("firing {}", n + 1), one(&want.firings), one(&have.firings));
    }
    lines.join("\n  ")
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("?").to_owned()
}

/// How they differ in one word, so that shrinking does not slip from one difference to another.
fn sort_of(problem: &str) -> String {
    let second = problem.lines().nth(1).unwrap_or_default().trim();
    second.split(' ').take(if second.contains("panics") { 9 } else { 1 }).collect()
}

/// A failing case made small, in the corpus's form, with what the model gives.
fn report(case: &Value, problem: &str) -> String {
    let sort = sort_of(problem);
    let mut small = shrink::shrink(case, &mut |case| {
        !left_out::is_left_out(case) && compare(case).is_err_and(|p| sort_of(&p) == sort)
    });
    let problem = compare(&small).err().unwrap_or_default();
    let mut model = Driven::new(ModelSubject::default(), &small);
    let steps = small["steps"].as_array().cloned().unwrap_or_default();
    let fired: Vec<Value> = steps.iter().flat_map(|s| model.step(s).firings).map(|f| shown(&f)).collect();
    small["firings"] = json!(fired);
    let line = |v: &Value| v.to_string();
    let list = |name: &str| {
        small[name].as_array().into_iter().flatten().map(line).collect::<Vec<_>>().join(",\n   ")
    };
    format!(
        "{problem}\n{{\"name\":{},\n  \"triggers\":[\n   {}],\n  \"steps\":[\n   {}],\n  \"firings\":[\n   {}]}}",
        small["name"],
        list("triggers"),
        list("steps"),
        list("firings")
    )
}

fn number_of(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The seeds of a run.
pub(crate) fn seeds(share: u64) -> std::ops::Range<u64> {
    let first = number_of("TRIPLINE_SEED", 0);
    first..first + number_of("TRIPLINE_CASES", 20_000) / share
}

#[test]
fn a_differential_run_finds_no_difference_between_engine_and_model() {
    let most = number_of("TRIPLINE_REPORTS", 3);
    let mut reports = Vec::new();
    let mut firings = 0;
    for seed in seeds(1) {
        let case = steps::case(seed);
        match compare(&case) {
            Ok(fired) => firings += fired.len(),
            Err(problem) => reports.push(format!("seed {seed}: {}", report(&case, &problem))),
        }
        if reports.len() as u64 >= most {
            break;
        }
    }
    assert!(reports.is_empty(), "{}", reports.join("\n\n"));
    assert!(firings > 0, "the cases fire nothing");
}

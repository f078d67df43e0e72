//! Input in time order: neither the order of series at one instant nor a split by series shows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::hold;
use super::run::{Run, engine, steps_of};
use crate::corpus::{BASE, moved_to, observation, time};
use crate::differential::triggers::World;
use crate::model::{Ns, Series, clock};
use crate::random::Random;

/// The triggers that look at each series by itself, and all observations in the order of time.
fn ordered(case: &Value, seed: u64) -> Value {
    let mut triggers = case["triggers"].as_array().cloned().unwrap_or_default();
    triggers.retain(|t| {
        let silent = t["on"]["type"] == "noData";
        let whole = t["on"]["fromStart"] == true || t["on"]["segment"] == "*" || t["on"]["measure"] == "*";
        t.get("limit").is_none() && !(silent && (whole || t["on"]["name"] == "*"))
    });
    let mut steps: Vec<Value> =
        steps_of(case).iter().filter(|s| s.get("observe").is_some()).cloned().collect();
    steps.sort_by_key(at);
    let last = steps_of(case).iter().filter_map(moved_to).max().unwrap_or(BASE);
    let end = last - BASE + 10 * World::new(&mut Random(seed)).unit;
    let flush = json!({"flush": clock::words(end)});
    json!({"triggers": triggers, "steps": steps, "flush": flush})
}

fn at(step: &Value) -> Ns {
    time(&step["observe"]["at"])
}

fn series(step: &Value) -> Series {
    observation(step, 1).unwrap().series
}

/// The observations of each instant mixed anew, those of one series in their order.
fn mixed(steps: &[Value], r: &mut Random) -> Vec<Value> {
    let mut all = Vec::new();
    for instant in steps.chunk_by(|a, b| at(a) == at(b)) {
        let mut queues: BTreeMap<Series, Vec<Value>> = BTreeMap::new();
        for step in instant.iter().rev() {
            queues.entry(series(step)).or_default().push(step.clone());
        }
        while !queues.is_empty() {
            let keys: Vec<Series> = queues.keys().cloned().collect();
            let key = r.pick(&keys);
            all.extend(queues.get_mut(&key).and_then(Vec::pop));
            queues.retain(|_, queue| !queue.is_empty());
        }
    }
    all
}

type ByKey = BTreeMap<(String, String), Vec<String>>;

fn by_key(runs: &[Run]) -> ByKey {
    let mut all = ByKey::new();
    for (trigger, series, json) in runs.iter().flat_map(|run| &run.fired) {
        all.entry((trigger.clone(), series.clone())).or_default().push(json.clone());
    }
    all
}

fn run(case: &Value, steps: &[Value]) -> Run {
    let mut run = Run::new(case, engine(7)).through(steps);
    run.step(&case["flush"]);
    run
}

fn compare(want: &ByKey, have: &ByKey) -> Result<usize, String> {
    if want == have {
        return Ok(want.values().map(Vec::len).sum());
    }
    let keys = || want.keys().chain(have.keys());
    let key = keys().find(|key| want.get(*key) != have.get(*key));
    let shown = |all: &ByKey| key.and_then(|key| all.get(key)).map(|all| all.join("\n    "));
    Err(format!("{key:?} should fire\n    {:?}\n  fires\n    {:?}", shown(want), shown(have)))
}

#[test]
fn the_order_of_series_at_one_instant_does_not_show() {
    hold(25, &|case, seed| {
        let (case, mut r) = (ordered(case, seed), Random(!seed));
        let want = by_key(&[run(&case, steps_of(&case))]);
        let other = mixed(steps_of(&case), &mut r);
        compare(&want, &by_key(&[run(&case, &other)]))
    });
}

#[test]
fn series_split_over_two_engines_fire_as_in_one() {
    hold(25, &|case, seed| {
        let (case, mut r) = (ordered(case, seed), Random(!seed));
        let want = by_key(&[run(&case, steps_of(&case))]);
        let mut sides = BTreeMap::new();
        let parts = steps_of(&case).iter().cloned();
        let (left, right): (Vec<Value>, Vec<Value>) =
            parts.partition(|step| *sides.entry(series(step)).or_insert_with(|| r.percent(50)));
        compare(&want, &by_key(&[run(&case, &left), run(&case, &right)]))
    });
}

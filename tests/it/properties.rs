//! What must hold whatever comes: the engine held against itself, over the cases of the differential run.
//! `TRIPLINE_CASES` scales how many, `TRIPLINE_SEED` says where to begin.

mod ordered;
pub(crate) mod restored;
pub(crate) mod run;

use serde_json::Value;
use tripline::engine::{Engine, Limits};

use crate::corpus::observation;
use crate::differential::{left_out, seeds, shrink, steps};
use crate::engine_subject::event;
use crate::random::Random;

use run::{Run, engine, same, same_firings, steps_of};

/// Holds a property against a share of the cases; it says how many firings it saw, or what is wrong.
fn hold(share: u64, property: &dyn Fn(&Value, u64) -> Result<usize, String>) {
    let (mut fired, mut reports) = (0, Vec::new());
    for seed in seeds(share) {
        let case = steps::case(seed);
        match property(&case, seed) {
            Ok(firings) => fired += firings,
            Err(_) => reports.push(report(&case, seed, property)),
        }
        if reports.len() >= 3 {
            break;
        }
    }
    assert!(reports.is_empty(), "{}", reports.join("\n\n"));
    assert!(fired > 0, "the cases fire nothing");
}

fn report(case: &Value, seed: u64, property: &dyn Fn(&Value, u64) -> Result<usize, String>) -> String {
    let small =
        shrink::shrink(case, &mut |case| !left_out::is_left_out(case) && property(case, seed).is_err());
    let problem = property(&small, seed).err().unwrap_or_default();
    format!("seed {seed}: {problem}\n{small}")
}

#[test]
fn events_in_batches_fire_as_one_by_one() {
    hold(25, &|case, seed| {
        let plain = Run::new(case, engine(7)).through(steps_of(case));
        let (mut run, mut r) = (Run::new(case, engine(7)), Random(!seed));
        let mut batch = Vec::new();
        for step in steps_of(case) {
            let event = observation(step, 1).and_then(|o| event(&o));
            let is_event = event.is_some();
            batch.extend(event);
            if !is_event || r.percent(25) {
                run.batch(&mut batch);
            }
            if !is_event {
                run.step(step);
            }
        }
        run.batch(&mut batch);
        same(&plain, &run)
    });
}

#[test]
fn numbers_by_name_in_batches_and_by_handle_fire_alike() {
    hold(25, &|case, seed| {
        let (mut names, mut handles) = (Run::new(case, engine(7)), Run::new(case, engine(8)));
        let (mut batches, mut r) = (Run::new(case, engine(9)), Random(!seed));
        let mut batch = Vec::new();
        for step in steps_of(case) {
            let number = observation(step, 1);
            let is_number = number.is_some();
            if let Some(o) = number {
                names.by_name(&o);
                handles.by_handle(&o);
                batch.push(o);
            }
            if !is_number || r.percent(20) {
                batches.numbers(&mut batch);
            }
            if !is_number {
                for run in [&mut names, &mut handles, &mut batches] {
                    run.step(step);
                }
            }
        }
        batches.numbers(&mut batch);
        same(&names, &handles)?;
        same(&names, &batches)
    });
}

#[test]
fn no_hash_seed_shows_in_firings_or_snapshots() {
    hold(25, &|case, seed| {
        let (mut one, mut other) = (Run::new(case, engine(seed)), Run::new(case, engine(!seed)));
        for (n, step) in steps_of(case).iter().enumerate() {
            one.step(step);
            other.step(step);
            if n % 8 == 0 && one.engine.snapshot() != other.engine.snapshot() {
                return Err(format!("the snapshots differ after step {}", n + 1));
            }
        }
        same(&one, &other)
    });
}

#[test]
fn a_timeout_that_does_not_move_the_clock_changes_nothing() {
    hold(25, &|case, seed| {
        let plain = Run::new(case, engine(7)).through(steps_of(case));
        let (mut run, mut r) = (Run::new(case, engine(7)), Random(!seed));
        for step in steps_of(case) {
            run.step(step);
            for _ in 0..r.below(3) {
                let Some(clock) = run.engine.clock() else { break };
                let back = r.pick(&[0, 0, 1, 60_000_000_000, 120_000_000_000, 86_400_000_000_000]);
                run.engine.handle_timeout(clock - chrono::TimeDelta::nanoseconds(back)).unwrap();
                run.poll();
            }
        }
        same(&plain, &run)
    });
}

#[test]
fn explanations_change_nothing_and_are_json() {
    hold(40, &|case, _| {
        let plain = Run::new(case, engine(7)).through(steps_of(case));
        let mut run = Run::new(case, engine(7));
        run.engine.set_explain(true);
        let mut told = 0;
        for step in steps_of(case) {
            run.step(step);
            while let Some(explanation) = run.engine.poll_explanation() {
                let json = explanation.to_json();
                let parsed: Value = serde_json::from_str(&json).map_err(|e| format!("{e}: {json}"))?;
                let parsed = &parsed["explain"];
                told += usize::from(parsed.get("fired").is_some_and(|fired| !fired.is_null()));
                if parsed["reason"].as_str().is_none_or(str::is_empty) {
                    return Err(format!("no reason: {json}"));
                }
            }
        }
        if told < run.fired.len() {
            return Err(format!("{told} firings explained of {}", run.fired.len()));
        }
        same_firings(&plain, &run)
    });
}

#[test]
fn full_loses_nothing_when_the_same_input_is_handed_in_again() {
    hold(25, &|case, seed| {
        let plain = Run::new(case, engine(7)).through(steps_of(case));
        let mut r = Random(!seed);
        let limits = Limits::default().with_pending(1 + r.below(2));
        let small = Engine::builder().with_skew(None).with_hash_seed(7).with_limits(limits).build();
        let mut run = Run::new(case, small);
        for step in steps_of(case) {
            let mut tries = 0;
            while run.give(step).is_err_and(|e| e.is_full()) {
                let before = run.fired.len();
                if r.percent(50) {
                    run.poll();
                } else {
                    run.poll_one();
                }
                tries += 1;
                if run.fired.len() == before || tries > 1_000 {
                    return Err(format!("full without firings, or for ever, at {step}"));
                }
            }
        }
        run.poll();
        same(&plain, &run)
    });
}

#[test]
fn a_full_batch_goes_on_where_it_stopped() {
    hold(40, &|case, _| {
        let observations = || steps_of(case).iter().filter(|step| step.get("observe").is_some());
        let mut plain = Run::new(case, engine(7));
        observations().for_each(|step| plain.step(step));
        let limits = Limits::default().with_pending(1);
        let small = Engine::builder().with_skew(None).with_hash_seed(7).with_limits(limits).build();
        let mut run = Run::new(case, small);
        let events: Vec<_> =
            observations().map(|step| observation(step, 1).and_then(|o| event(&o))).collect();
        if events.iter().any(Option::is_none) {
            return Ok(plain.fired.len());
        }
        let events: Vec<_> = events.into_iter().flatten().collect();
        let mut from = 0;
        loop {
            let report = run.engine.handle_batch(run.now(), &events[from..]);
            from += report.taken();
            run.poll();
            if !report.is_full() {
                break;
            }
        }
        same(&plain, &run)
    });
}

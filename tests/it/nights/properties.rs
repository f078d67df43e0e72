//! What must hold whatever a night brings: the engine held against itself.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tripline::engine::Engine;
use tripline::event::Event;

use super::cases::most_jobs;
use super::engine::{engine, said};
use super::steps::{Driven, Subject, event, moved_to, steps_of};
use super::told::stamp;
use super::{hold, model::HOUR};
use crate::corpus::time as time_of;
use crate::engine_subject::time;
use crate::model::Ns;
use crate::random::Random;

/// What a whole night fires, and the engine at its end.
fn plain(night: &Value) -> (Vec<String>, Engine) {
    let mut driven = Driven::new(engine(most_jobs(night), 7), night);
    let fired = steps_of(night).iter().flat_map(|step| driven.step(step).firings).collect();
    (fired, driven.subject)
}

fn same(want: &[String], have: &[String]) -> Result<usize, String> {
    let n = want.iter().zip(have).take_while(|(want, have)| want == have).count();
    let one = |all: &[String]| all.get(n).cloned().unwrap_or_else(|| "nothing".to_owned());
    if n == want.len() && n == have.len() {
        return Ok(n);
    }
    Err(format!("firing {}\n  fires: should fire {}\n  fires {}", n + 1, one(want), one(have)))
}

fn same_state(want: &Engine, have: &Engine) -> Result<(), String> {
    let are_same = want.snapshot() == have.snapshot();
    are_same.then_some(()).ok_or_else(|| "they differ\n  snapshots: at the end".to_owned())
}

#[test]
fn a_night_cut_anywhere_fires_as_one_that_is_not() {
    hold(20, |night, seed| {
        let (want, whole) = plain(night);
        let (mut run, mut r, mut have) =
            (Driven::new(engine(most_jobs(night), 7), night), Random(!seed), vec![]);
        for step in steps_of(night) {
            run.give(step);
            if r.percent(25) {
                let (bytes, mut other) = (run.subject.snapshot(), engine(most_jobs(night), r.next()));
                for trigger in run.subject.triggers() {
                    other.add(time(run.now), trigger.clone()).unwrap();
                }
                let report = other.restore(&bytes).map_err(|e| format!("it is refused\n  restore: {e}"))?;
                if report.kept() != other.triggers().count() || other.snapshot() != bytes {
                    return Err(format!("it differs\n  restored: {report:?}"));
                }
                run.subject = other;
            }
            if r.percent(70) {
                have.extend(run.subject.firings());
            }
        }
        have.extend(run.subject.firings());
        if whole.poll_timeout() != run.subject.poll_timeout() || whole.clock() != run.subject.clock() {
            return Err("they differ\n  clocks: at the end".into());
        }
        same(&want, &have)
    });
}

#[test]
fn no_hash_seed_shows_in_a_night() {
    hold(20, |night, seed| {
        let (want, one) = plain(night);
        let mut other = Driven::new(engine(most_jobs(night), seed ^ 0x5555), night);
        let have: Vec<String> = steps_of(night).iter().flat_map(|step| other.step(step).firings).collect();
        same_state(&one, &other.subject)?;
        same(&want, &have)
    });
}

#[test]
fn a_tick_that_does_not_move_the_clock_changes_nothing_in_a_night() {
    hold(20, |night, seed| {
        let (want, one) = plain(night);
        let (mut run, mut r, mut have) =
            (Driven::new(engine(most_jobs(night), 7), night), Random(!seed), vec![]);
        for step in steps_of(night) {
            have.extend(run.step(step).firings);
            for _ in 0..r.below(3) {
                let Some(clock) = run.subject.clock() else { break };
                let back = r.pick(&[0, 0, 1, 60_000_000_000, 86_400_000_000_000]);
                run.subject.handle_timeout(clock - TimeDelta::nanoseconds(back)).unwrap();
                have.extend(run.subject.firings());
            }
        }
        same_state(&one, &run.subject)?;
        same(&want, &have)
    });
}

#[test]
fn explanations_change_nothing_in_a_night_and_are_json() {
    hold(40, |night, _| {
        let (want, _) = plain(night);
        let (mut run, mut have) = (Driven::new(engine(most_jobs(night), 7), night), vec![]);
        run.subject.set_explain(true);
        for step in steps_of(night) {
            have.extend(run.step(step).firings);
            while let Some(explanation) = run.subject.poll_explanation() {
                let json = explanation.to_json();
                let parsed: Value = serde_json::from_str(&json).map_err(|e| format!("{json}\n  bad: {e}"))?;
                if parsed["explain"]["reason"].as_str().is_none_or(str::is_empty) {
                    return Err(format!("{json}\n  reason: none"));
                }
            }
        }
        same(&want, &have)
    });
}

/// The night with a time in every event, since a batch has one `now` for all.
pub(super) fn timed(night: &Value) -> Value {
    let mut night = night.clone();
    let mut now = steps_of(&night).iter().find_map(moved_to).unwrap_or_default();
    for step in night["steps"].as_array_mut().into_iter().flatten() {
        now = now.max(moved_to(step).unwrap_or(now));
        for word in ["task", "job", "value", "event"] {
            if let Some(Value::Object(members)) = step.get_mut(word) {
                members.entry("at").or_insert(json!(stamp(now)));
            }
        }
    }
    night
}

#[test]
fn a_night_in_batches_fires_as_event_by_event() {
    hold(20, |night, seed| {
        let night = &timed(night);
        let (want, one) = plain(night);
        let (mut run, mut r) = (Driven::new(engine(most_jobs(night), 7), night), Random(!seed));
        let (mut have, mut batch, mut n) = (vec![], vec![], 0);
        let mut hand_in = |run: &mut Driven<Engine>, batch: &mut Vec<String>| {
            let events: Vec<Event<'_>> =
                batch.iter().map(|text| Event::from_json(text.as_bytes()).unwrap()).collect();
            let report = run.subject.handle_batch(time(run.now), &events);
            assert_eq!(report.taken(), events.len());
            batch.clear();
            have.extend(run.subject.firings());
        };
        for step in steps_of(night) {
            match event(step, n + 1) {
                Some(json) => {
                    n += 1;
                    batch.push(json.to_string());
                    run.now = run.now.max(moved_to(step).unwrap_or(run.now));
                    if r.percent(75) {
                        continue;
                    }
                    hand_in(&mut run, &mut batch);
                }
                None => {
                    hand_in(&mut run, &mut batch);
                    run.give(step);
                    hand_in(&mut run, &mut batch);
                }
            }
        }
        hand_in(&mut run, &mut batch);
        same_state(&one, &run.subject)?;
        same(&want, &have)
    });
}

#[test]
fn a_night_handed_in_twice_fires_nothing_more() {
    hold(20, |night, _| {
        let mut night = night.clone();
        night["jobs"] = json!(10_000);
        let times: Vec<Ns> = steps_of(&night).iter().filter_map(moved_to).collect();
        let range = times.iter().max().zip(times.iter().min()).map_or(0, |(last, first)| last - first);
        let mut run = Driven::new(engine(10_000, 7), &night);
        let fired: usize = steps_of(&night).iter().map(|step| run.step(step).firings.len()).sum();
        if range >= 24 * HOUR {
            return Ok(fired);
        }
        let mut n = 0;
        for step in steps_of(&night) {
            let Some(json) = event(step, n + 1) else { continue };
            n += 1;
            let said = Subject::event(&mut run.subject, run.now, &json);
            let firings = run.subject.firings();
            if !firings.is_empty() || !(said == "duplicate" || said.starts_with("invalid")) {
                return Err(format!("{json}\n  again: {said}, {firings:?}"));
            }
        }
        Ok(fired)
    });
}

#[test]
fn a_full_engine_loses_nothing_of_a_night_handed_in_again() {
    hold(20, |night, seed| {
        let (want, _) = plain(night);
        let mut r = Random(!seed);
        let limits = engine(most_jobs(night), 7).limits().clone().with_pending(1 + r.below(2));
        let small = Engine::builder().with_skew(None).with_hash_seed(7).with_limits(limits).build();
        let (mut run, mut have, mut n) = (Driven::new(small, night), vec![], 0);
        for step in steps_of(night) {
            let json = event(step, n + 1);
            n += usize::from(json.is_some());
            run.now = run.now.max(moved_to(step).unwrap_or(run.now));
            for tries in 0.. {
                let engine = &mut run.subject;
                let text = json.as_ref().map(Value::to_string);
                let is_full = if let Some(text) = &text {
                    let event = Event::from_json(text.as_bytes()).unwrap();
                    said(&engine.handle_event(time(run.now), &event)).starts_with("full")
                } else if let Some(at) = step.get("tick") {
                    engine.handle_timeout(time(time_of(at))).is_err_and(|e| e.is_full())
                } else if let Some(at) = step.get("flush") {
                    engine.flush(time(time_of(at))).is_err_and(|e| e.is_full())
                } else {
                    run.give(step);
                    false
                };
                if !is_full {
                    break;
                }
                let before = have.len();
                have.extend(run.subject.firings());
                if have.len() == before || tries > 1_000 {
                    return Err(format!("{step}\n  full: without firings, or for ever"));
                }
            }
        }
        have.extend(run.subject.firings());
        same(&want, &have)
    });
}

#[test]
fn the_tasks_of_a_job_make_one_unification_in_any_order() {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for seed in super::seeds(20) {
        let mut r = Random(seed);
        let words = ["succeeded", "succeeded", "failed", "timedOut", "canceled", "skipped", "odd", "even"];
        let task = |r: &mut Random, process: &str| {
            let at = format!("PT{}M", r.between(0, 3));
            let id = format!("e-{process}");
            let owners = json!([process]);
            json!({"task": {"at": at, "process": process, "outcome": r.pick(&words), "jobId": "j", "id": id,
                "owners": owners}})
        };
        let tasks = ["map", "match", "merge"].map(|process| task(&mut r, process));
        let told = orders.map(|order| {
            let steps = order.map(|n| tasks[n].clone());
            let night =
                json!({"triggers": [{"id": "t", "on": {"type": "unificationCompleted"}}], "steps": steps});
            plain(&night).0
        });
        assert_eq!(told[0].len(), 1, "seed {seed}");
        assert!(told.iter().all(|one| *one == told[0]), "seed {seed}: {told:#?}");
    }
}

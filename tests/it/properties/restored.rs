//! Snapshots: cut anywhere, damaged, and taken into other triggers.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tripline::engine::Replace;
use tripline::{ErrorKind, Trigger};

use super::hold;
use super::run::{Run, engine, same_firings, steps_of, trigger_of};
use crate::differential::triggers::{World, condition, option, trigger};
use crate::model::rule::Rule;
use crate::random::Random;

/// Goes on in another engine, with the same triggers.
pub(crate) fn restart(run: &mut Run, hash_seed: u64) -> Result<(), String> {
    let (bytes, mut other) = (run.engine.snapshot(), engine(hash_seed));
    for trigger in run.engine.triggers() {
        other.add(run.now(), trigger.clone()).unwrap();
    }
    let report = other.restore(&bytes).map_err(|e| e.to_string())?;
    let others = [report.changed(), report.added(), report.dropped()].concat();
    if report.kept() != other.triggers().count() || !others.is_empty() {
        return Err(format!("{report:?}"));
    }
    if report.series() != run.engine.series_count() || other.series_count() != report.series() {
        return Err(format!("{} series: {report:?}", run.engine.series_count()));
    }
    if other.snapshot() != bytes {
        return Err("the snapshot of what was restored differs".to_owned());
    }
    run.engine = other;
    Ok(())
}

#[test]
fn a_run_cut_anywhere_fires_as_one_that_is_not() {
    hold(25, &|case, seed| {
        let plain = Run::new(case, engine(7)).through(steps_of(case));
        let (mut run, mut r) = (Run::new(case, engine(7)), Random(!seed));
        for step in steps_of(case) {
            let _ = run.give(step);
            if r.percent(20) {
                restart(&mut run, r.next())?;
            }
            if r.percent(70) {
                run.poll();
            }
        }
        run.poll();
        same_firings(&plain, &run)
    });
}

/// The trigger with another condition, another option, or altogether another one.
fn changed(r: &mut Random, w: &World, before: &Trigger) -> Value {
    let before: Value = serde_json::from_str(&before.to_json()).unwrap();
    let id = before["id"].as_str().unwrap();
    loop {
        let mut t = before.clone();
        if r.percent(15) {
            t = trigger(r, w, id);
        } else if t["on"]["type"] == "noData" {
            t["on"]["within"] = w.span(r.between(1, 6));
        } else if r.percent(60) {
            condition(r, w, &mut t["on"]);
        }
        let names = ["hold", "keep", "remindEvery", "notifyCleared", "staleAfter", "lateness", "occurrences"];
        if t["on"]["type"] != "noData" && r.percent(50) {
            let name = r.pick(&names);
            option(r, w, &mut t, name);
        }
        if Rule::parse(&t).is_ok() {
            return t;
        }
    }
}

#[test]
fn restoring_into_changed_triggers_is_replacing_adding_and_removing_them() {
    hold(20, &|case, seed| {
        let (w, mut r) = (World::new(&mut Random(seed)), Random(!seed));
        let (before, after) = steps_of(case).split_at(r.below(steps_of(case).len() + 1));
        let mut live = Run::new(case, engine(7)).through(before);
        let (bytes, now) = (live.engine.snapshot(), live.now());
        let mut cold = Run::new(&json!({"steps": case["steps"]}), engine(9));
        let (mut kept, mut others, mut removed, mut added) = (0, Vec::new(), Vec::new(), Vec::new());
        for t in live.engine.triggers().cloned().collect::<Vec<_>>() {
            match r.below(5) {
                0 => removed.push(t.id().to_owned()),
                1 | 2 => {
                    let before = t;
                    let t = trigger_of(&changed(&mut r, &w, &before));
                    match t == before {
                        true => kept += 1,
                        false => others.push(t.id().to_owned()),
                    }
                    live.engine.replace(now, t.clone(), Replace::Quiet).unwrap();
                    cold.engine.add(now, t).unwrap();
                }
                _ => {
                    kept += 1;
                    cold.engine.add(now, t).unwrap();
                }
            }
        }
        if r.percent(40) {
            let t = trigger_of(&trigger(&mut r, &w, "new"));
            added.push(t.id().to_owned());
            live.engine.add(now, t.clone()).unwrap();
            cold.engine.add(now, t).unwrap();
        }
        for id in &removed {
            live.engine.remove(id).unwrap();
        }
        cold.fired.clone_from(&live.fired);
        let report = cold.engine.restore(&bytes).map_err(|e| e.to_string())?;
        let lists = [report.changed(), report.added(), report.dropped()];
        if report.kept() != kept || lists != [&others[..], &added[..], &removed[..]] {
            return Err(format!("{report:?}"));
        }
        let (live, cold) = (live.through(after), cold.through(after));
        same_firings(&live, &cold)
    });
}

fn is_refused(run: &mut Run, bytes: &[u8]) -> bool {
    run.engine.restore(bytes).is_err_and(|e| e.kind() == ErrorKind::Snapshot && !e.to_string().is_empty())
}

#[test]
fn a_snapshot_cut_or_damaged_anywhere_is_refused_and_changes_nothing() {
    hold(500, &|case, seed| {
        let mut run = Run::new(case, engine(7)).through(steps_of(case));
        let (bytes, mut r) = (run.engine.snapshot(), Random(!seed));
        let (step, mut at) = (1 + bytes.len() / 400, 0);
        while at < bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= r.pick(&[1, 2, 16, 128, 255]);
            if !is_refused(&mut run, &bytes[..at]) || !is_refused(&mut run, &damaged) {
                return Err(format!("taken, though cut or damaged at byte {at} of {}", bytes.len()));
            }
            at += 1 + r.below(step);
        }
        let mut longer = bytes.clone();
        longer.push(0);
        if !is_refused(&mut run, &longer) || run.engine.snapshot() != bytes {
            return Err("a refused snapshot changed the engine".to_owned());
        }
        Ok(run.fired.len())
    });
}

/// With the checksum of the damaged content: what a hostile hand would write.
#[test]
fn a_snapshot_forged_anywhere_is_refused_or_taken_but_never_a_panic() {
    hold(200, &|case, seed| {
        let mut run = Run::new(case, engine(7)).through(steps_of(case));
        let (bytes, mut r) = (run.engine.snapshot(), Random(!seed));
        let content = bytes.len() - 32;
        for _ in 0..150 {
            let mut forged = bytes[..content].to_vec();
            if r.percent(20) {
                forged.truncate(10 + r.below(content - 10));
            } else {
                let at = 10 + r.below(content - 10);
                forged[at] = r.pick(&[0, 1, 2, 127, 128, 255]);
            }
            let digest = Sha256::digest(&forged);
            forged.extend(&digest[..]);
            let mut other = engine(8);
            for trigger in run.engine.triggers() {
                other.add(run.now(), trigger.clone()).unwrap();
            }
            let before = other.snapshot();
            match other.restore(&forged) {
                Ok(_) => {
                    let _ = other.snapshot();
                }
                Err(e) if e.kind() == ErrorKind::Snapshot && other.snapshot() == before => {}
                Err(e) => return Err(format!("{e}, or the engine changed")),
            }
        }
        run.poll();
        Ok(run.fired.len())
    });
}

//! The machine goes down at every call, and once more while it recovers.

use super::run::{DAY, OPTIONS, Run};
use super::sim::{Fault, Sim};
use crate::journal::contract::Journal;
use crate::journal::file::journal::FileJournal;

/// Holds the journal against every crash of a day; the first fault ends it.
pub(super) fn suite() -> Result<(), String> {
    let whole = Sim::new();
    Run::default().drive(&whole, DAY)?;
    for call in 0..whole.calls() {
        let sim = Sim::new().with_fault(call, Fault::Crash);
        let mut run = Run::default();
        run.drive(&sim, DAY).map_err(|fault| format!("before it went down at call {call}: {fault}"))?;
        for image in sim.crashed(call as u64, 8) {
            let place = |fault| format!("down at call {call}: {fault}");
            run.check_crashed(&image.copy()).map_err(place)?;
            run.check_crashed_twice(&image, call as u64).map_err(place)?;
        }
    }
    Ok(())
}

#[test]
fn every_acknowledged_batch_is_there_after_a_crash_at_any_call() {
    suite().unwrap();
}

#[test]
fn some_crashes_leave_a_tail_to_tell_of_and_some_do_not() {
    let whole = Sim::new();
    Run::default().drive(&whole, DAY).unwrap();
    let (mut with, mut without) = (0, 0);
    for call in 0..whole.calls() {
        let sim = Sim::new().with_fault(call, Fault::Crash);
        Run::default().drive(&sim, DAY).unwrap();
        for image in sim.crashed(call as u64, 8) {
            let journal = FileJournal::open_in(image.storage(), OPTIONS).unwrap();
            *if journal.found().tail().is_some() { &mut with } else { &mut without } += 1;
        }
    }
    assert!(with > 50 && without > 50, "{with} with a tail, {without} without");
}

#[test]
fn the_day_is_long_enough_to_show_something() {
    let sim = Sim::new();
    let mut run = Run::default();
    run.drive(&sim, DAY).unwrap();
    assert!(sim.calls() > 60, "{} calls", sim.calls());
    assert!(sim.names().len() >= 3, "{:?}", sim.names());
    assert!(!sim.names().contains(&"00000000000000000002.journal".to_owned()), "two segments were trimmed");
}

//! The disk refuses, at every call: no room, no device, half a write.

use std::error::Error as _;
use std::io::{self, ErrorKind};

use super::run::{DAY, OPTIONS, Run, told};
use super::sim::{Fault, Sim};
use crate::error::{self, Error};
use crate::journal::contract::{Entry, Journal};
use crate::journal::file::journal::FileJournal;

const FAULTS: [Fault; 4] = [
    Fault::Error(ErrorKind::Other),
    Fault::Error(ErrorKind::StorageFull),
    Fault::Error(ErrorKind::Interrupted),
    Fault::Short,
];

pub(super) fn suite() -> Result<(), String> {
    let whole = Sim::new();
    Run::default().drive(&whole, DAY)?;
    for fault in FAULTS {
        for call in 0..whole.calls() {
            let place = |found| format!("{fault:?} at call {call}: {found}");
            let sim = Sim::new().with_fault(call, fault);
            let mut run = Run::default();
            run.drive(&sim, DAY).map_err(place)?;
            // And then a crash, which takes with it what only seemed to be there.
            for image in sim.crashed(call as u64, 2) {
                run.check_crashed(&image).map_err(place)?;
            }
        }
    }
    looks()
}

/// It cannot be read, at each call of an opening and a reading, once.
fn looks() -> Result<(), String> {
    let whole = Sim::new();
    let mut run = Run::default();
    run.drive(&whole, DAY)?;
    hold_looks(&whole, &run)?;
    let mut torn = 0;
    for call in 0..whole.calls() {
        let sim = Sim::new().with_fault(call, Fault::Crash);
        let mut run = Run::default();
        run.drive(&sim, DAY)?;
        for image in sim.crashed(call as u64, 2) {
            let journal =
                FileJournal::open_in(image.copy().storage(), OPTIONS).map_err(|error| told(&error))?;
            // Where something has to be cut more is written and read.
            if call % 8 == 0 || (torn < 4 && journal.found().tail().is_some()) {
                torn += usize::from(journal.found().tail().is_some());
                hold_looks(&image, &run).map_err(|found| format!("down at call {call}: {found}"))?;
            }
        }
    }
    if torn < 4 { Err(format!("{torn} were torn")) } else { Ok(()) }
}

fn hold_looks(image: &Sim, run: &Run) -> Result<(), String> {
    for look in 0.. {
        let sim = image.copy().with_failing_look(look);
        let read = FileJournal::open_in(sim.storage(), OPTIONS)
            .and_then(|journal| journal.read(journal.first())?.collect::<Result<Vec<Entry>, Error>>());
        if sim.looks() <= look {
            return Ok(());
        }
        let place = |found| format!("the look {look} fails: {found}");
        check_told(read.map(|entries| entries.len())).map_err(place)?;
        run.check_crashed(&sim).map_err(place)?;
    }
    Ok(())
}

/// What the disk has refused is told as that, with its cause.
pub(super) fn check_told<T: std::fmt::Debug>(result: Result<T, Error>) -> Result<(), String> {
    let error = match result {
        Ok(found) => return Err(format!("it is taken for {found:?}")),
        Err(error) => error,
    };
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    match (error.kind(), cause) {
        (error::ErrorKind::Storage, Some(cause)) if cause.kind() == ErrorKind::Other => Ok(()),
        _ => Err(format!("it is told as {:?}: {}", error.kind(), told(&error))),
    }
}

#[test]
fn a_disk_that_refuses_at_any_call_poisons_the_handle_and_loses_nothing() {
    suite().unwrap();
}

//! Snapshots on a disk that breaks.

use std::io::ErrorKind as Io;

use super::errors::check_told;
use super::run::told;
use super::sim::{Fault, Sim};
use crate::error::{Error, ErrorKind};
use crate::journal::chain::Chain;
use crate::journal::file::snapshots::FileSnapshots;
use crate::journal::lsn::Lsn;
use crate::journal::snapshots::{Snapshot, Snapshots};

const PUTS: u64 = 4;

pub(super) fn suite() -> Result<(), String> {
    crashes()?;
    refusals()?;
    damage()
}

fn snapshot(number: u64) -> Snapshot {
    let bytes = format!("state {number} ").repeat(20).into_bytes();
    Snapshot::new(Lsn::new(10 * number), bytes)
        .with_chain(Chain::from_bytes([number as u8; 16]))
        .with_configuration([7; 32])
}

fn open(sim: &Sim) -> Result<FileSnapshots, Error> {
    FileSnapshots::open_in(sim.storage())
}

/// Puts snapshots until the machine goes down; the last that is there for certain, and the last that was tried.
fn put_all(sim: &Sim) -> (u64, u64) {
    let (mut put, mut tried) = (0, 0);
    let Ok(mut snapshots) = open(sim).or_else(|_| open(sim)) else { return (0, 0) };
    for number in 1..=PUTS {
        tried = number;
        match snapshots.put(&snapshot(number)) {
            Ok(()) => put = number,
            Err(_) if sim.is_down() => break,
            Err(_) => {}
        }
    }
    (put, tried)
}

/// The latest is whole, and none older than what was put for certain.
fn check(sim: &Sim, put: u64, tried: u64) -> Result<u64, String> {
    let snapshots = open(sim).map_err(|error| told(&error))?;
    let latest = snapshots.latest().map_err(|error| told(&error))?;
    if !latest.damaged().is_empty() {
        return Err(format!("after a crash {:?} is damaged", latest.damaged()));
    }
    let number = latest.snapshot().map_or(0, |snapshot| snapshot.lsn().get() / 10);
    if latest.snapshot().is_some_and(|found| *found != snapshot(number)) {
        return Err(format!("snapshot {number} is not what was put"));
    }
    if (put..=tried).contains(&number) {
        Ok(number)
    } else {
        Err(format!("{put} was put, {number} is the latest"))
    }
}

fn crashes() -> Result<(), String> {
    let whole = Sim::new();
    put_all(&whole);
    for call in 0..whole.calls() {
        let sim = Sim::new().with_fault(call, Fault::Crash);
        let (put, tried) = put_all(&sim);
        for image in sim.crashed(call as u64, 20) {
            let place = |fault| format!("down at call {call}: {fault}");
            crashes_again(&image, put, tried, call as u64).map_err(place)?;
            let number = check(&image, put, tried).map_err(place)?;
            // What was seen once is there for certain.
            check(&image.crashed(0, 0)[0], number, tried).map_err(place)?;
        }
    }
    Ok(())
}

/// The machine goes down once more at each call of the opening.
fn crashes_again(image: &Sim, put: u64, tried: u64, seed: u64) -> Result<(), String> {
    for call in 0.. {
        let again = image.copy().with_fault(call, Fault::Crash);
        let is_open = open(&again).is_ok();
        if is_open && !again.is_down() {
            return if call > 0 { Ok(()) } else { Err("opening makes nothing safe".to_owned()) };
        }
        for image in again.crashed(seed, 2) {
            let place = |fault| format!("and again at call {call} of the opening: {fault}");
            let number = check(&image, put, tried).map_err(place)?;
            check(&image.crashed(0, 0)[0], number, tried).map_err(place)?;
        }
    }
    Ok(())
}

fn refusals() -> Result<(), String> {
    let whole = Sim::new();
    put_all(&whole);
    for fault in [Fault::Error(Io::StorageFull), Fault::Error(Io::Other), Fault::Short] {
        for call in 0..whole.calls() {
            let sim = Sim::new().with_fault(call, fault);
            let (put, tried) = put_all(&sim);
            for image in sim.crashed(call as u64, 2) {
                check(&image, put, tried).map_err(|found| format!("{fault:?} at call {call}: {found}"))?;
            }
        }
    }
    // One that cannot be read now is not damaged: the one before must not be given in its place.
    for look in 0.. {
        let sim = whole.copy().with_failing_look(look);
        let latest = open(&sim).and_then(|snapshots| snapshots.latest());
        if sim.looks() <= look {
            break;
        }
        let place = |found| format!("the look {look} fails: {found}");
        check_told(latest).map_err(place)?;
        check(&sim, PUTS, PUTS).map_err(place)?;
    }
    Ok(())
}

/// The newest is damaged: the one before is given, and it is told. Both are: nothing is given.
fn damage() -> Result<(), String> {
    let sim = Sim::new();
    put_all(&sim);
    let names = sim.names();
    let [older, newest] = &names[..] else { return Err(format!("two are kept, and there are {names:?}")) };
    let length = sim.contents(newest).len();
    let flipped = (0..8 * length).map(|bit| sim.damaged(newest, |bytes| bytes[bit / 8] ^= 1 << (bit % 8)));
    let cut = (0..length).map(|cut| sim.damaged(newest, |bytes| bytes.truncate(cut)));
    let longer = [sim.damaged(newest, |bytes| bytes.push(0))];
    let swapped = [sim.damaged(newest, |bytes| *bytes = sim.contents(older))];
    for image in flipped.chain(cut).chain(longer).chain(swapped) {
        let snapshots = open(&image).map_err(|error| told(&error))?;
        let latest = snapshots.latest().map_err(|error| told(&error))?;
        if latest.snapshot() != Some(&snapshot(PUTS - 1)) {
            return Err("the one before is not given in its place".to_owned());
        }
        if latest.damaged().iter().map(|damage| damage.segment()).collect::<Vec<_>>() != [PUTS] {
            return Err("it is passed over in silence".to_owned());
        }
        let both = image.damaged(older, |bytes| bytes[100] ^= 1);
        let latest = open(&both).and_then(|snapshots| snapshots.latest());
        if latest.is_ok() || latest.is_err_and(|error| error.kind() != ErrorKind::Corrupt) {
            return Err("both are damaged, and it is no error".to_owned());
        }
    }
    Ok(())
}

#[test]
fn a_snapshot_is_there_whole_or_the_one_before_is_whatever_happens() {
    suite().unwrap();
}

#[test]
fn the_snapshot_that_was_put_last_is_the_latest_whatever_its_number() {
    let sim = Sim::new();
    let mut snapshots = open(&sim).unwrap();
    for number in [9, 3] {
        snapshots.put(&snapshot(number)).unwrap();
    }
    drop(snapshots);
    assert_eq!(open(&sim).unwrap().latest().unwrap().into_snapshot(), Some(snapshot(3)));
}

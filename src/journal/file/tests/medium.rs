//! The medium gives back something else than was written.

use super::run::{DAY, OPTIONS, Run, told};
use super::sim::Sim;
use crate::error::{Error, ErrorKind};
use crate::journal::contract::Journal;
use crate::journal::file::journal::FileJournal;
use crate::journal::found::Damage;
use crate::journal::lsn::Lsn;

/// A journal that was closed in order, damaged in every way, one at a time.
pub(super) fn suite() -> Result<(), String> {
    let (sim, run) = closed()?;
    let first = open(&sim).map_err(|error| told(&error))?.first();
    for name in sim.names() {
        let length = sim.contents(&name).len();
        for bit in 0..8 * length {
            let image = sim.damaged(&name, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
            let place = |fault| format!("{name} with bit {bit} flipped: {fault}");
            check(&image, &run, first, run.mark).map_err(place)?;
        }
        for cut in 0..length {
            let image = sim.damaged(&name, |bytes| bytes.truncate(cut));
            let place = |fault| format!("{name} cut at {cut}: {fault}");
            check(&image, &run, first, run.mark).map_err(place)?;
        }
        let place = |fault| format!("{name} lost: {fault}");
        check(&sim.without(&name), &run, first, run.mark).map_err(place)?;
        for at in (0..length).step_by(64) {
            for byte in [0, 0xff] {
                let end = (at + 64).min(length);
                let image = sim.damaged(&name, |bytes| bytes[at..end].fill(byte));
                let place = |fault| format!("{name} with {byte} for the sector at {at}: {fault}");
                check(&image, &run, first, run.mark).map_err(place)?;
            }
        }
    }
    exchanged()
}

/// Segments of two journals that differ in their batches alone.
fn exchanged() -> Result<(), String> {
    let (sim, run) = closed()?;
    let other = Sim::new();
    let mut other_run = Run::default();
    // One attempt more: other bytes from the first batch on.
    let _ = other_run.drive(&Sim::new(), &DAY[..1]);
    other_run.forget();
    other_run.drive(&other, DAY)?;
    let first = open(&sim).map_err(|error| told(&error))?.first();
    for name in sim.names() {
        let theirs = other.contents(&name);
        let image = sim.damaged(&name, |bytes| *bytes = theirs);
        let place = |fault| format!("{name} of another journal: {fault}");
        check(&image, &run, first, run.mark).map_err(place)?;
    }
    Ok(())
}

fn closed() -> Result<(Sim, Run), String> {
    let (sim, mut run) = (Sim::new(), Run::default());
    run.drive(&sim, DAY)?;
    Ok((sim, run))
}

fn open(sim: &Sim) -> Result<FileJournal, Error> {
    FileJournal::open_in(sim.storage(), OPTIONS)
}

/// `Corrupt` with its place, or batches that are right, none older than the mark, and word of those that are lost.
pub(super) fn check(image: &Sim, run: &Run, first: Lsn, mark: u64) -> Result<(), String> {
    let journal = match open(image) {
        Ok(journal) => journal,
        Err(error) => return check_corrupt(&error),
    };
    let found = journal.found().clone();
    let read = match journal.read(first) {
        Ok(read) => read,
        Err(error) if error.kind() == ErrorKind::OutOfRange && journal.first() > first => return Ok(()),
        Err(error) => return check_corrupt(&error),
    };
    let mut next = first;
    for entry in read {
        match entry {
            Ok(entry) => run.check_entry(next, entry.lsn(), entry.batch())?,
            Err(error) => return check_corrupt(&error),
        }
        next = next.next();
    }
    if next > run.acknowledged() {
        return Ok(());
    }
    if found.tail_lost() != Some(next) {
        return Err(format!("batches from {next} on are lost in silence: {found:?}"));
    }
    if next.get() <= mark {
        return Err(format!("batch {next} is lost, and {mark} was marked"));
    }
    Ok(())
}

fn check_corrupt(error: &Error) -> Result<(), String> {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Damage>());
    match (error.kind(), source) {
        (ErrorKind::Corrupt, Some(_)) => Ok(()),
        _ => Err(format!("damage gives {:?}: {}", error.kind(), told(error))),
    }
}

#[test]
fn no_damage_to_the_medium_gives_wrong_batches_or_loses_some_in_silence() {
    suite().unwrap();
}

#[test]
fn one_flipped_bit_in_the_last_batch_is_told_as_a_lost_tail() {
    let (sim, run) = closed().unwrap();
    let name = sim.names().pop().unwrap();
    let contents = sim.contents(&name);
    let end = contents.iter().rposition(|byte| *byte != 0).unwrap();
    for bit in 0..8 * 40 {
        let image = sim.damaged(&name, |bytes| bytes[end - bit / 8] ^= 1 << (bit % 8));
        let journal = open(&image).unwrap();
        assert_eq!(journal.found().tail_lost(), Some(run.acknowledged()), "bit {bit} from the end");
    }
}

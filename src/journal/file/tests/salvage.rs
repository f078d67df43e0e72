//! What is kept of a damaged journal.

use super::errors::check_told;
use super::run::{DAY, Do, OPTIONS, Run};
use super::sim::{Fault, Sim};
use crate::error::ErrorKind;
use crate::journal::contract::Journal;
use crate::journal::file::journal::FileJournal;
use crate::journal::file::salvage::salvage;
use crate::journal::lsn::Lsn;

fn closed() -> (Sim, Run) {
    let (sim, mut run) = (Sim::new(), Run::default());
    run.drive(&sim, DAY).unwrap();
    (sim, run)
}

fn opens(sim: &Sim) -> Result<FileJournal, ErrorKind> {
    FileJournal::open_in(sim.storage(), OPTIONS).map_err(|error| error.kind())
}

/// It opens, what it gives is right, and it goes on.
fn check_salvaged(image: &Sim, run: &Run, first: Lsn, kept: Lsn) {
    let mut journal = opens(image).unwrap();
    if kept > Lsn::ZERO {
        assert_eq!(journal.last(), kept);
        let mut next = first;
        for entry in journal.read(first).unwrap() {
            let entry = entry.unwrap();
            run.check_entry(next, entry.lsn(), entry.batch()).unwrap();
            next = next.next();
        }
        assert_eq!(next, kept.next());
    }
    let last = journal.last();
    journal.append(last, &crate::journal::batch::Batch::new()).unwrap();
    journal.sync().unwrap();
    drop(journal);
    assert_eq!(opens(image).unwrap().last(), last.next());
}

#[test]
fn a_journal_without_damage_is_left_as_it_is() {
    let (sim, run) = closed();
    let before: Vec<_> = sim.names().iter().map(|name| sim.contents(name)).collect();
    let report = salvage(&*sim.storage(), OPTIONS.segment_bytes).unwrap();
    assert_eq!((report.kept(), report.damage()), (run.acknowledged(), None));
    assert!(report.set_aside().is_empty());
    assert_eq!(sim.names().iter().map(|name| sim.contents(name)).collect::<Vec<_>>(), before);
}

#[test]
fn what_stands_before_the_damage_is_kept_and_what_is_lost_is_told() {
    let (sim, run) = closed();
    let first = opens(&sim).unwrap().first();
    let (mut salvaged, mut without_anything) = (0, 0);
    for name in sim.names() {
        for at in (0..sim.contents(&name).len()).step_by(7) {
            let image = sim.damaged(&name, |bytes| bytes[at] ^= 0x10);
            let Err(kind) = opens(&image).map(drop) else { continue };
            assert_eq!(kind, ErrorKind::Corrupt);
            let report = salvage(&*image.storage(), OPTIONS.segment_bytes).unwrap();
            assert!(report.damage().is_some());
            assert!(report.kept() < run.acknowledged());
            assert!(report.acknowledged() >= report.kept().next(), "{report:?}");
            assert!(report.acknowledged() <= run.acknowledged(), "{report:?}");
            assert!(opens(&image.copy()).unwrap().found().tail().is_none(), "what was given up is no tail");
            check_salvaged(&image, &run, first, report.kept());
            salvaged += 1;
            without_anything += u32::from(report.kept() == Lsn::ZERO);
        }
    }
    assert!(salvaged > 50, "{salvaged}");
    assert!(without_anything > 5, "the front itself was damaged in {without_anything}");
}

#[test]
fn a_salvage_that_is_interrupted_can_be_done_again() {
    let (sim, run) = closed();
    let first = opens(&sim).unwrap().first();
    let name = sim.names().remove(0);
    let image = sim.damaged(&name, |bytes| bytes[100] ^= 1);
    for call in 0.. {
        let again = image.copy().with_fault(call, Fault::Crash);
        let done = salvage(&*again.storage(), OPTIONS.segment_bytes).is_ok();
        if done && !again.is_down() {
            assert!(call > 5, "{call}");
            return;
        }
        for after in again.crashed(call as u64, 3) {
            let report = salvage(&*after.storage(), OPTIONS.segment_bytes).unwrap();
            check_salvaged(&after, &run, first, report.kept());
        }
    }
}

#[test]
fn a_salvage_that_cannot_read_takes_nothing_for_damaged_and_can_be_done_again() {
    let (sim, run) = closed();
    let first = opens(&sim).unwrap().first();
    let name = sim.names().remove(0);
    let image = sim.damaged(&name, |bytes| bytes[400] ^= 1);
    let report = salvage(&*image.copy().storage(), OPTIONS.segment_bytes).unwrap();
    let kept = report.kept();
    assert!(report.damage().is_some() && kept > Lsn::ZERO);
    for look in 0.. {
        let again = image.copy().with_failing_look(look);
        let report = salvage(&*again.storage(), OPTIONS.segment_bytes);
        if again.looks() <= look {
            assert!(look > 20, "{look}");
            return;
        }
        check_told(report).unwrap_or_else(|found| panic!("the look {look} fails: {found}"));
        salvage(&*again.storage(), OPTIONS.segment_bytes).unwrap();
        // Where all that is behind the damage was set aside before, what is left may end too early, and says so.
        let found = opens(&again.copy()).unwrap().found().clone();
        assert!(found.tail_lost().is_none_or(|from| from == kept.next()), "the look {look}: {found:?}");
        check_salvaged(&again, &run, first, kept);
    }
}

#[test]
fn a_second_damage_is_set_aside_under_a_name_of_its_own() {
    let sim = Sim::new();
    let mut run = Run::default();
    run.drive(&sim, &[Do::Append, Do::Sync, Do::Append, Do::Sync]).unwrap();
    let name = sim.names().remove(0);
    let once = sim.damaged(&name, |bytes| bytes[20] ^= 1);
    let report = salvage(&*once.storage(), OPTIONS.segment_bytes).unwrap();
    assert_eq!(report.set_aside(), [format!("{name}.damaged")]);
    let twice = once.damaged(&name, |bytes| bytes[20] ^= 1);
    let report = salvage(&*twice.storage(), OPTIONS.segment_bytes).unwrap();
    assert_eq!(report.set_aside(), [format!("{name}.2.damaged")]);
    assert!(opens(&twice).is_ok());
}

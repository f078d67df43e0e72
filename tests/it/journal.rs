//! Journals and stores of snapshots are held against their suites, and the suites against journals with one fault each.

#[cfg(feature = "journal-file")]
mod file;

use tripline::journal::{
    Batch, Chain, Entries, Entry, Found, Journal, Latest, Lsn, MemoryJournal, MemorySnapshots, Snapshot,
    Snapshots,
};
use tripline::testing::{Check, journal_conformance, snapshots_conformance};
use tripline::{Error, ErrorKind};

#[test]
fn the_journal_and_the_snapshots_in_memory_conform() {
    journal_conformance(|| {
        let store = MemoryJournal::new();
        move || Ok(store.reopen())
    })
    .assert();
    snapshots_conformance(|| {
        let store = MemorySnapshots::new();
        move || Ok(store.clone())
    })
    .assert();
}

#[test]
fn what_is_behind_a_box_conforms_as_what_is_in_it() {
    journal_conformance(|| {
        let store = MemoryJournal::new();
        move || Ok(Box::new(store.reopen()) as Box<dyn Journal>)
    })
    .assert();
    snapshots_conformance(|| {
        let store = MemorySnapshots::new();
        move || Ok(Box::new(store.clone()) as Box<dyn Snapshots>)
    })
    .assert();
}

#[test]
fn what_was_not_synced_is_lost_in_a_crash_and_what_was_is_not() {
    let mut journal = MemoryJournal::new();
    for lsn in 0..5 {
        journal.append(Lsn::new(lsn), &Batch::new()).unwrap();
        if lsn == 2 {
            assert_eq!(journal.sync().unwrap(), Lsn::new(3));
        }
    }
    let chain_of_four = journal.read(Lsn::new(4)).unwrap().next().unwrap().unwrap().chain();
    journal.crash(1);
    assert_eq!(journal.append(Lsn::new(5), &Batch::new()).unwrap_err().kind(), ErrorKind::Poisoned);
    assert_eq!(journal.read(Lsn::FIRST).unwrap_err().kind(), ErrorKind::Poisoned);
    let again = journal.reopen();
    assert_eq!((again.last(), again.chain()), (Lsn::new(4), chain_of_four));
    again.crash(0);
    assert_eq!(again.reopen().last(), Lsn::new(4), "opening makes it durable");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    IgnoresWhatIsExpected,
    WritesAndSaysFenced,
    SkipsANumber,
    HasNoChain,
    NeverSyncs,
    SaysThatNothingIsSynced,
    FindsNothing,
    ReadsFromTheNext,
    ReadsOnceOnly,
    LosesEmptyRecords,
    GivesNothingBeyondTheEnd,
    GivesLaterOnesForTrimmedOnes,
    TrimsOneTooMany,
    TrimsBeyondTheEnd,
    ForgetsItsNumberAfterATrim,
}

use Fault as F;

/// Every fault, and the check that has to find it.
const PLANTED: &[(Fault, Check)] = &[
    (F::IgnoresWhatIsExpected, Check::Fencing),
    (F::WritesAndSaysFenced, Check::Fencing),
    (F::SkipsANumber, Check::Numbers),
    (F::HasNoChain, Check::Numbers),
    (F::NeverSyncs, Check::Durability),
    (F::SaysThatNothingIsSynced, Check::Durability),
    (F::FindsNothing, Check::Durability),
    (F::ReadsFromTheNext, Check::Reads),
    (F::ReadsOnceOnly, Check::Reads),
    (F::LosesEmptyRecords, Check::Reads),
    (F::GivesNothingBeyondTheEnd, Check::Reads),
    (F::GivesLaterOnesForTrimmedOnes, Check::Trimming),
    (F::TrimsOneTooMany, Check::Trimming),
    (F::TrimsBeyondTheEnd, Check::Trimming),
    (F::ForgetsItsNumberAfterATrim, Check::Trimming),
];

#[test]
fn the_suite_catches_every_planted_fault_of_a_journal_by_its_name() {
    for &(fault, wanted) in PLANTED {
        let report = journal_conformance(|| opener(fault));
        let found: Vec<Check> = report.findings().iter().map(|finding| finding.check()).collect();
        assert!(found.contains(&wanted), "{fault:?}: {wanted:?} has not found it: {report}");
    }
    journal_conformance(|| opener(F::None)).assert();
}

/// Opens a faulty journal over one store; every opening is a crash for those before it.
fn opener(fault: Fault) -> impl FnMut() -> Result<Faulty, Error> {
    let store = MemoryJournal::new();
    move || {
        if fault == F::NeverSyncs {
            store.crash(0);
        }
        let inner = store.reopen();
        let found = if fault == F::FindsNothing {
            MemoryJournal::new().found().clone()
        } else {
            inner.found().clone()
        };
        Ok(Faulty { fault, inner, found, has_read: false.into() })
    }
}

struct Faulty {
    fault: Fault,
    inner: MemoryJournal,
    found: Found,
    has_read: std::sync::atomic::AtomicBool,
}

impl Journal for Faulty {
    fn found(&self) -> &Found {
        &self.found
    }

    fn first(&self) -> Lsn {
        self.inner.first()
    }

    fn last(&self) -> Lsn {
        let is_empty = self.inner.first() > self.inner.last();
        if self.fault == F::ForgetsItsNumberAfterATrim && is_empty { Lsn::ZERO } else { self.inner.last() }
    }

    fn chain(&self) -> Chain {
        if self.fault == F::HasNoChain { Chain::START } else { self.inner.chain() }
    }

    fn append(&mut self, expected: Lsn, batch: &Batch) -> Result<Lsn, Error> {
        match self.fault {
            F::IgnoresWhatIsExpected => self.inner.append(self.inner.last(), batch),
            F::WritesAndSaysFenced => {
                let result = self.inner.append(expected, batch);
                if result.is_err() {
                    self.inner.append(self.inner.last(), batch)?;
                }
                result
            }
            F::SkipsANumber => self.inner.append(expected, batch).map(Lsn::next),
            F::LosesEmptyRecords => {
                let mut kept = Batch::new();
                batch.records().filter(|record| !record.is_empty()).for_each(|record| kept.push(record));
                self.inner.append(expected, &kept)
            }
            _ => self.inner.append(expected, batch),
        }
    }

    fn sync(&mut self) -> Result<Lsn, Error> {
        match self.fault {
            F::NeverSyncs => Ok(self.inner.last()),
            F::SaysThatNothingIsSynced => self.inner.sync().map(|_| Lsn::ZERO),
            _ => self.inner.sync(),
        }
    }

    fn read(&self, from: Lsn) -> Result<Entries<'_>, Error> {
        let has_read = self.has_read.swap(true, std::sync::atomic::Ordering::Relaxed);
        match self.fault {
            F::ReadsFromTheNext if from <= self.inner.last() => self.inner.read(from.next()),
            F::ReadsOnceOnly if has_read => Ok(Entries::new(std::iter::empty::<Result<Entry, Error>>())),
            F::GivesNothingBeyondTheEnd if from > self.inner.last() => {
                self.inner.read(self.inner.last().next())
            }
            F::GivesLaterOnesForTrimmedOnes => self.inner.read(from.max(self.inner.first())),
            _ => self.inner.read(from),
        }
    }

    fn trim(&mut self, before: Lsn) -> Result<(), Error> {
        match self.fault {
            F::TrimsOneTooMany if before <= self.inner.last() => self.inner.trim(before.next()),
            F::TrimsBeyondTheEnd => self.inner.trim(before.min(self.inner.last().next())),
            _ => self.inner.trim(before),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    GivesTheHighest,
    GivesTheFirst,
    LosesTheChain,
    LosesTheConfiguration,
    CutsLongOnes,
    ForgetsWhenClosed,
    TellsDamageThatIsNone,
}

#[test]
fn the_suite_catches_every_planted_fault_of_a_store_of_snapshots() {
    for flaw in [
        Flaw::GivesTheHighest,
        Flaw::GivesTheFirst,
        Flaw::LosesTheChain,
        Flaw::LosesTheConfiguration,
        Flaw::CutsLongOnes,
        Flaw::ForgetsWhenClosed,
        Flaw::TellsDamageThatIsNone,
    ] {
        let report = snapshots_conformance(|| {
            let store = MemorySnapshots::new();
            move || {
                let store =
                    if flaw == Flaw::ForgetsWhenClosed { MemorySnapshots::new() } else { store.clone() };
                Ok(Flawed { flaw, store })
            }
        });
        assert_eq!(report.findings().len(), 1, "{flaw:?}");
    }
}

struct Flawed {
    flaw: Flaw,
    store: MemorySnapshots,
}

impl Snapshots for Flawed {
    fn put(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        let latest = self.store.latest()?.into_snapshot();
        let whole = |bytes: &[u8]| {
            Snapshot::new(snapshot.lsn(), bytes.to_vec())
                .with_chain(snapshot.chain())
                .with_configuration(snapshot.configuration())
        };
        match self.flaw {
            Flaw::GivesTheHighest if latest.is_some_and(|latest| latest.lsn() > snapshot.lsn()) => Ok(()),
            Flaw::GivesTheFirst if self.store.latest()?.snapshot().is_some() => Ok(()),
            Flaw::LosesTheChain => self.store.put(&whole(snapshot.bytes()).with_chain(Chain::START)),
            Flaw::LosesTheConfiguration => {
                self.store.put(&whole(snapshot.bytes()).with_configuration([0; 32]))
            }
            Flaw::CutsLongOnes => {
                self.store.put(&whole(&snapshot.bytes()[..snapshot.bytes().len().min(65_536)]))
            }
            _ => self.store.put(snapshot),
        }
    }

    fn latest(&self) -> Result<Latest, Error> {
        let latest = self.store.latest()?;
        if self.flaw == Flaw::TellsDamageThatIsNone {
            let damage = tripline::journal::Damage::new(1, 0, "none");
            return Ok(latest.with_damaged(vec![damage]));
        }
        Ok(latest)
    }
}

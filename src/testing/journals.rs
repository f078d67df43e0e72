//! The suites that every journal and every store of snapshots is held against.

use super::{Check, Report};
use crate::error::{Error, ErrorKind};
use crate::journal::{Batch, Chain, Entry, Found, Journal, Lsn, Snapshot, Snapshots};

/// Holds a journal against everything that a [`Journal`] promises and that can
/// be seen without taking its storage apart.
///
/// `make` makes a new, empty store each time it is called, and gives what opens
/// it: as often as it is called, always the same store.
///
/// What only a broken disk shows (a sync that saves nothing, a batch that is
/// there by half) is for the author's own tests; those of the file journal of
/// this library show how.
///
/// ```
/// use tripline::journal::MemoryJournal;
/// use tripline::testing::journal_conformance;
///
/// journal_conformance(|| {
///     let store = MemoryJournal::new();
///     move || Ok(store.reopen())
/// })
/// .assert();
/// ```
pub fn journal_conformance<J, O, M>(make: M) -> Report
where
    J: Journal,
    O: FnMut() -> Result<J, Error>,
    M: Fn() -> O,
{
    let mut report = Report::new("the journal");
    note(&mut report, Check::Numbers, numbers(&mut make()));
    note(&mut report, Check::Fencing, fencing(&mut make()));
    note(&mut report, Check::Durability, durability(&mut make()));
    note(&mut report, Check::Reads, reads(&mut make()));
    note(&mut report, Check::Trimming, trimming(&mut make()));
    report
}

/// Holds a store against everything that [`Snapshots`] promise and that can be
/// seen without taking it apart. `make` is as for [`journal_conformance`].
///
/// ```
/// use tripline::journal::MemorySnapshots;
/// use tripline::testing::snapshots_conformance;
///
/// snapshots_conformance(|| {
///     let store = MemorySnapshots::new();
///     move || Ok(store.clone())
/// })
/// .assert();
/// ```
pub fn snapshots_conformance<S, O, M>(make: M) -> Report
where
    S: Snapshots,
    O: FnMut() -> Result<S, Error>,
    M: Fn() -> O,
{
    let mut report = Report::new("the store of snapshots");
    note(&mut report, Check::Snapshots, snapshots(&mut make()));
    report
}

pub(super) fn note(report: &mut Report, check: Check, result: Result<(), String>) {
    report.looked_at(check);
    if let Err(found) = result {
        report.found(check, found);
    }
}

/// Batches as they come: without records, with empty ones, with every byte, and a long one.
fn batch(number: u64) -> Batch {
    let mut batch = Batch::new();
    match number % 5 {
        0 => {}
        1 => batch.push(b""),
        2 => {
            batch.push(b"first");
            batch.push(b"");
            batch.push(b"third");
        }
        3 => batch.push(&(0..=u8::MAX).collect::<Vec<u8>>()),
        _ => batch.push(&vec![0; 100_000]),
    }
    batch.push(&number.to_le_bytes());
    batch
}

/// The chain after so many of these.
fn chain(count: u64) -> Chain {
    (1..=count).fold(Chain::START, |chain, number| chain.after(Lsn::new(number), &batch(number)))
}

fn append<J: Journal>(journal: &mut J, number: u64) -> Result<(), String> {
    let expected = journal.last();
    let lsn = journal
        .append(expected, &batch(number))
        .map_err(|error| format!("append after {expected}: {error}"))?;
    equal("the number that append gives", lsn.get(), number)
}

fn open<J, O: FnMut() -> Result<J, Error>>(open: &mut O) -> Result<J, String> {
    open().map_err(|error| format!("opening: {error}"))
}

/// An open journal with so many batches, all of them synced.
fn filled<J: Journal, O: FnMut() -> Result<J, Error>>(opener: &mut O, count: u64) -> Result<J, String> {
    let mut journal = open(opener)?;
    for number in 1..=count {
        append(&mut journal, number)?;
    }
    let synced = journal.sync().map_err(|error| format!("sync: {error}"))?;
    equal("what sync gives", synced.get(), count)?;
    Ok(journal)
}

pub(super) fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, wanted: T) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("{what} is {found:?}, wanted: {wanted:?}")) }
}

fn refused<T>(what: &str, result: Result<T, Error>, wanted: ErrorKind) -> Result<(), String> {
    match result {
        Ok(_) => Err(format!("{what} succeeds, wanted: {wanted:?}")),
        Err(error) => equal(&format!("what {what} fails as"), error.kind(), wanted),
    }
}

/// Reads from a batch to the last, and holds each against what was appended.
fn check_read<J: Journal>(journal: &J, from: u64, last: u64) -> Result<(), String> {
    let read = journal.read(Lsn::new(from)).map_err(|error| format!("read from {from}: {error}"))?;
    let entries: Result<Vec<Entry>, Error> = read.collect();
    let entries = entries.map_err(|error| format!("reading from {from}: {error}"))?;
    equal(
        &format!("how many batches are read from {from}"),
        entries.len() as u64,
        (last + 1).saturating_sub(from),
    )?;
    for (number, entry) in (from..).zip(entries) {
        equal(&format!("the number of batch {number}"), entry.lsn().get(), number)?;
        if *entry.batch() != batch(number) {
            return Err(format!("batch {number} comes back changed"));
        }
        equal(&format!("the chain before batch {number}"), entry.chain_before(), chain(number - 1))?;
        equal(&format!("the chain after batch {number}"), entry.chain(), chain(number))?;
    }
    Ok(())
}

fn numbers<J: Journal, O: FnMut() -> Result<J, Error>>(opener: &mut O) -> Result<(), String> {
    let mut journal = open(opener)?;
    equal("what an empty journal has found", journal.found().clone(), Found::new(Lsn::FIRST, Lsn::ZERO))?;
    equal("the end of an empty journal", (journal.first(), journal.last()), (Lsn::FIRST, Lsn::ZERO))?;
    equal("the chain of an empty journal", journal.chain(), Chain::START)?;
    for number in 1..=12 {
        append(&mut journal, number)?;
        equal("the last batch after an append", journal.last().get(), number)?;
        equal("the chain after an append", journal.chain(), chain(number))?;
    }
    equal("the first batch after appends", journal.first(), Lsn::FIRST)
}

fn fencing<J: Journal, O: FnMut() -> Result<J, Error>>(opener: &mut O) -> Result<(), String> {
    let mut journal = filled(opener, 3)?;
    for expected in [0, 2, 4] {
        let what = format!("an append after {expected}, where 3 is the last,");
        refused(&what, journal.append(Lsn::new(expected), &batch(9)), ErrorKind::Fenced)?;
    }
    equal("the last batch after appends that were fenced", journal.last().get(), 3)?;
    check_read(&journal, 1, 3)?;
    append(&mut journal, 4).map_err(|fault| format!("after appends that were fenced: {fault}"))?;
    match opener() {
        Err(error) => equal("what a second opening fails as", error.kind(), ErrorKind::Locked),
        Ok(mut other) => {
            equal("the end that a second owner sees", other.last().get(), 4)?;
            append(&mut other, 5)?;
            let last = journal.last();
            refused(
                "an append after another owner has written",
                journal.append(last, &batch(6)),
                ErrorKind::Fenced,
            )?;
            check_read(&other, 1, 5)
        }
    }
}

fn durability<J: Journal, O: FnMut() -> Result<J, Error>>(opener: &mut O) -> Result<(), String> {
    drop(filled(opener, 5)?);
    let mut journal = open(opener)?;
    for _ in 0..2 {
        equal("the last batch after opening again", journal.last().get(), 5)?;
        let found = journal.found();
        equal("what opening again has found", (found.first().get(), found.last().get()), (1, 5))?;
        if found.tail().is_some() || found.high_water() > found.last() {
            return Err(format!("nothing was lost, and opening again has found {found:?}"));
        }
        equal("the chain after opening again", journal.chain(), chain(5))?;
        check_read(&journal, 1, 5).map_err(|fault| format!("after opening again: {fault}"))?;
        drop(journal);
        journal = open(opener)?;
    }
    append(&mut journal, 6).map_err(|fault| format!("after opening again: {fault}"))?;
    drop(journal);
    // It was not synced: it may be there or not.
    let journal = open(opener)?;
    let last = journal.last().get();
    if !(5..=6).contains(&last) {
        return Err(format!("five batches were synced and a sixth was not, and the last is {last}"));
    }
    check_read(&journal, 1, last)
}

fn reads<J: Journal, O: FnMut() -> Result<J, Error>>(opener: &mut O) -> Result<(), String> {
    let mut journal = filled(opener, 5)?;
    append(&mut journal, 6)?;
    for _ in 0..2 {
        for from in 1..=7 {
            check_read(&journal, from, 6)?;
        }
    }
    refused("a read from before the first batch", journal.read(Lsn::ZERO), ErrorKind::OutOfRange)?;
    refused("a read from beyond the end", journal.read(Lsn::new(8)), ErrorKind::OutOfRange)?;
    two_at_a_time(&journal)?;
    append(&mut journal, 7).map_err(|fault| format!("after reads: {fault}"))
}

fn two_at_a_time<J: Journal>(journal: &J) -> Result<(), String> {
    let told = |error: Error| format!("one of two reads at a time: {error}");
    let (one, other) = (journal.read(Lsn::FIRST).map_err(told)?, journal.read(Lsn::FIRST).map_err(told)?);
    for (one, other) in one.zip(other) {
        equal("what the other of two reads gives", other.map_err(told)?.lsn(), one.map_err(told)?.lsn())?;
    }
    Ok(())
}

fn trimming<J: Journal, O: FnMut() -> Result<J, Error>>(opener: &mut O) -> Result<(), String> {
    let mut journal = filled(opener, 9)?;
    let trim = |journal: &mut J, before: u64| {
        journal.trim(Lsn::new(before)).map_err(|error| format!("a trim below {before}: {error}"))
    };
    for before in [4, 2, 4] {
        trim(&mut journal, before)?;
        let first = journal.first().get();
        if first > 4 {
            return Err(format!("after a trim below 4 the first batch is {first}"));
        }
        check_read(&journal, first, 9).map_err(|fault| format!("after a trim below 4: {fault}"))?;
        refused(
            "a read from below the first batch",
            journal.read(Lsn::new(first - 1)),
            ErrorKind::OutOfRange,
        )?;
    }
    refused("a trim beyond the end", journal.trim(Lsn::new(11)), ErrorKind::OutOfRange)?;
    trim(&mut journal, 10)?;
    equal("the last batch after a trim of everything", journal.last().get(), 9)?;
    equal("the chain after a trim of everything", journal.chain(), chain(9))?;
    drop(journal);
    let mut journal = open(opener)?;
    equal("the last batch after a trim and opening again", journal.last().get(), 9)?;
    equal("the chain after a trim and opening again", journal.chain(), chain(9))?;
    append(&mut journal, 10).map_err(|fault| format!("after a trim of everything: {fault}"))?;
    check_read(&journal, journal.first().get(), 10)
}

fn snapshots<S: Snapshots, O: FnMut() -> Result<S, Error>>(opener: &mut O) -> Result<(), String> {
    let mut store = open(opener)?;
    check_latest(&store, None, "of an empty store")?;
    // A lower number after a higher one: what is put last is the latest.
    for (number, byte, bytes) in [(3, 1, 0), (9, 2, 1), (7, 3, 1_000_000), (7, 4, 10)] {
        let snapshot = Snapshot::new(Lsn::new(number), vec![byte; bytes])
            .with_chain(chain(number))
            .with_configuration([byte; 32]);
        store.put(&snapshot).map_err(|error| format!("putting {number}: {error}"))?;
        check_latest(&store, Some(&snapshot), &format!("after {number} was put"))?;
        drop(store);
        store = open(opener)?;
        check_latest(&store, Some(&snapshot), &format!("after {number} was put and the store opened again"))?;
    }
    Ok(())
}

fn check_latest<S: Snapshots>(store: &S, wanted: Option<&Snapshot>, when: &str) -> Result<(), String> {
    let latest = store.latest().map_err(|error| format!("the latest {when}: {error}"))?;
    if !latest.damaged().is_empty() {
        return Err(format!("{when} damage is told, and there is none: {:?}", latest.damaged()));
    }
    let told = |snapshot: Option<&Snapshot>| {
        snapshot.map(|snapshot| {
            (snapshot.lsn(), snapshot.chain(), snapshot.configuration(), snapshot.bytes().len())
        })
    };
    equal(
        &format!("the latest {when} (number, chain, configuration, length)"),
        told(latest.snapshot()),
        told(wanted),
    )?;
    if latest.snapshot() == wanted { Ok(()) } else { Err(format!("the latest {when} has other bytes")) }
}

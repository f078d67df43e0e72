//! The suite that the ports of a partition are held against, all three together.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::journals::{equal, note};
use super::{Check, Report};
use crate::action::{Effect, Field, Metadata, Registry, action_fn};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind};
use crate::event::ValueObserved;
use crate::firing::Firing;
use crate::flow::{Flow, Step};
use crate::journal::{Chain, Journal, Lsn, MemoryJournal, MemorySnapshots, Snapshots};
use crate::partition::{Partition, Partitions, Watermark};
use crate::pipeline::{Commit, Pipeline, PipelineBuilder};
use crate::shard::{Input, Inputs, MemoryInputs, Shard};
use crate::threshold::Threshold;
use crate::trigger::Trigger;

/// How many events the inputs tell; each is followed by a watermark.
const EVENTS: u64 = 24;
/// Commits of one input each, so that much can go wrong between them.
const AT_ONCE: usize = 3;

/// One partition's ports as [`shard_conformance`] opens, fills and harms them: always those of the same store.
pub trait ShardStore {
    /// The log of inputs.
    type Inputs: Inputs;
    /// The journal.
    type Journal: Journal;
    /// The snapshots.
    type Snapshots: Snapshots;

    /// Opens the log of inputs, as another process would.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened.
    fn inputs(&mut self) -> Result<Self::Inputs, Error>;

    /// Opens the journal, as another process would.
    ///
    /// # Errors
    ///
    /// [`Locked`](ErrorKind::Locked) where one is open and the store allows no other; where it cannot be opened.
    fn journal(&mut self) -> Result<Self::Journal, Error>;

    /// Opens the snapshots, as another process would.
    ///
    /// # Errors
    ///
    /// As [`journal`](Self::journal).
    fn snapshots(&mut self) -> Result<Self::Snapshots, Error>;

    /// Writes an input behind the others, as a feeder does.
    ///
    /// # Errors
    ///
    /// Where the log does not take it.
    fn feed(&mut self, input: &[u8]) -> Result<(), Error>;

    /// Lets the log go of its first so many inputs, as its retention does.
    ///
    /// # Errors
    ///
    /// Where it cannot.
    fn trim_inputs(&mut self, count: usize) -> Result<(), Error>;

    /// Takes a batch out of the journal, as a slip of an operator does: behind the adapter's back, by the
    /// means of the store below. Nothing is open then.
    ///
    /// # Errors
    ///
    /// Where it cannot.
    fn drop_batch(&mut self, lsn: Lsn) -> Result<(), Error>;
}

type OpenShard<S> =
    Shard<<S as ShardStore>::Inputs, <S as ShardStore>::Journal, <S as ShardStore>::Snapshots>;

/// Holds a log of inputs, a journal and a store of snapshots, together, against all that a
/// [`Shard`] builds on: the log is read on where the journal says, however often the owner changes;
/// of two owners one is fenced, its snapshots too; a batch that is missing from the chain is told.
///
/// `make` makes a new, empty store each time. Hold the journal and the snapshots against
/// [`journal_conformance`](super::journal_conformance) and [`snapshots_conformance`](super::snapshots_conformance) first.
///
/// ```
/// use tripline::Error;
/// use tripline::journal::{Lsn, MemoryJournal, MemorySnapshots};
/// use tripline::shard::MemoryInputs;
/// use tripline::testing::{ShardStore, shard_conformance};
///
/// struct Memory(MemoryInputs, MemoryJournal, MemorySnapshots);
///
/// impl ShardStore for Memory {
///     type Inputs = MemoryInputs;
///     type Journal = MemoryJournal;
///     type Snapshots = MemorySnapshots;
///
///     fn inputs(&mut self) -> Result<MemoryInputs, Error> {
///         Ok(self.0.clone())
///     }
///     fn journal(&mut self) -> Result<MemoryJournal, Error> {
///         Ok(self.1.reopen())
///     }
///     fn snapshots(&mut self) -> Result<MemorySnapshots, Error> {
///         Ok(self.2.clone())
///     }
///     fn feed(&mut self, input: &[u8]) -> Result<(), Error> {
///         self.0.push(input);
///         Ok(())
///     }
///     fn trim_inputs(&mut self, count: usize) -> Result<(), Error> {
///         self.0.trim(count as u64);
///         Ok(())
///     }
///     fn drop_batch(&mut self, lsn: Lsn) -> Result<(), Error> {
///         self.1.drop_batch(lsn);
///         Ok(())
///     }
/// }
///
/// shard_conformance(|| Memory(MemoryInputs::new(), MemoryJournal::new(), MemorySnapshots::new())).assert();
/// ```
pub fn shard_conformance<S: ShardStore>(make: impl Fn() -> S) -> Report {
    let mut report = Report::new("the ports of the shard");
    note(&mut report, Check::Inputs, inputs(&mut make()));
    note(&mut report, Check::Resumption, resumption(&mut make()));
    note(&mut report, Check::Ownership, ownership(&mut make()));
    note(&mut report, Check::Chain, chain(&mut make()));
    for at in [1, 5] {
        note(&mut report, Check::Chain, missing(&mut make(), Lsn::new(at)));
    }
    report
}

/// Commits are read one after the other, each following the one before; and the whole fires what it should.
fn chain<S: ShardStore>(store: &mut S) -> Result<(), String> {
    feed(store)?;
    let mut shard = open(store)?.with_checkpoint_every(0);
    while take(&mut shard)? > 0 {}
    drop(shard);
    let journal = told("opening the journal", store.journal())?;
    let (mut lsn, mut chain, mut next) = (Lsn::ZERO, Chain::START, 0);
    for entry in told("reading the journal", journal.read(Lsn::FIRST))? {
        let commit = told("reading the journal", entry.and_then(Commit::read))?;
        told("a commit", partition().and_then(|own| commit.check_follows(own, lsn, chain)))?;
        let same = Commit::from_bytes(&commit.to_bytes());
        if told("a commit's own bytes", same)? != commit || commit.next_offset() < next {
            return Err(format!("commit {} comes back changed, or goes back in the log", commit.lsn()));
        }
        (lsn, chain, next) = (commit.lsn(), commit.chain(), commit.next_offset());
    }
    equal("the end of the chain", (lsn, chain), (journal.last(), journal.chain()))
}

/// The same with a batch taken out of the middle: opening must tell, and must not heal it.
fn missing<S: ShardStore>(store: &mut S, at: Lsn) -> Result<(), String> {
    feed(store)?;
    let mut shard = open(store)?.with_checkpoint_every(0);
    for _ in 0..8 {
        take(&mut shard)?;
    }
    drop(shard);
    told("taking a batch out", store.drop_batch(at))?;
    // Twice: what was told once must not be mended by the telling.
    for _ in 0..2 {
        match try_open(store) {
            Ok(_) => return Err(format!("batch {at} was taken out of the chain, and a shard opens")),
            Err(error) => {
                equal(
                    &format!("what opening fails as without batch {at}"),
                    error.kind(),
                    ErrorKind::Corrupt,
                )?;
            }
        }
    }
    Ok(())
}

fn inputs<S: ShardStore>(store: &mut S) -> Result<(), String> {
    let texts: Vec<Vec<u8>> =
        (0..10).map(|number| vec![b'a' + number; 1 + 9_000 * usize::from(number)]).collect();
    let mut log = told("opening the log", store.inputs())?;
    equal("what an empty log gives", told("reading an empty log", log.read(0, 10))?.len(), 0)?;
    for text in &texts[..8] {
        told("feeding", store.feed(text))?;
    }
    let all = told("reading", log.read(0, 100))?;
    same("what is read of eight inputs", &all, &texts[..8])?;
    if !all.windows(2).all(|pair| pair[0].offset() < pair[1].offset()) {
        return Err("the offsets do not ascend".to_owned());
    }
    let mut other = told("opening the log again", store.inputs())?;
    for (place, input) in all.iter().enumerate() {
        for most in [1, 3, 100] {
            let want = &all[place..(place + most).min(all.len())];
            let what = format!("what is read from the input {place} on, at most {most},");
            let read = told(&what, other.read(input.offset(), most))?;
            equal(&what, offsets(&read), offsets(want))?;
            equal(&format!("whether {what} is the same again"), read == want, true)?;
        }
    }
    let end = all[7].offset() + 1;
    equal("what is read at the end", told("reading at the end", log.read(end, 10))?.len(), 0)?;
    for text in &texts[8..] {
        told("feeding", store.feed(text))?;
    }
    let more = told("reading on", log.read(end, 10))?;
    same("what is read on", &more, &texts[8..])?;
    told("trimming the log", store.trim_inputs(5))?;
    for (log, name) in [(&mut log, "this reader"), (&mut other, "another reader")] {
        for input in &all[..5] {
            match log.read(input.offset(), 10) {
                Ok(read) => {
                    return Err(format!("{name} gives {} inputs from one on that is gone", read.len()));
                }
                Err(error) => {
                    equal("what a read of what is gone fails as", error.kind(), ErrorKind::OutOfRange)?
                }
            }
        }
        let kept = told("reading what is kept", log.read(all[5].offset(), 3))?;
        equal("what is kept", offsets(&kept), offsets(&all[5..8]))?;
    }
    Ok(())
}

/// However often the owner changes, and whether there are snapshots: the same firings and the same state.
fn resumption<S: ShardStore>(store: &mut S) -> Result<(), String> {
    let (want, state) = reference()?;
    feed(store)?;
    let mut fired = Vec::new();
    for turn in 0_u64.. {
        // Some owners leave a snapshot behind, and some many commits.
        let mut shard = open(store)?.with_checkpoint_every([0, 0, 3][(turn % 3) as usize]);
        let mut has_read = false;
        for _ in 0..=turn % 4 {
            let taken = told("taking", shard.take(now()))?;
            has_read |= taken.inputs() > 0;
            fired.extend(taken.receipt().firings().iter().map(Firing::to_json));
        }
        if !has_read {
            equal("the firings over many owners", fired, want)?;
            return equal("the state over many owners", shard.pipeline().engine().snapshot() == state, true);
        }
    }
    Ok(())
}

fn ownership<S: ShardStore>(store: &mut S) -> Result<(), String> {
    let (_, state) = reference()?;
    feed(store)?;
    let mut old = open(store)?.with_checkpoint_every(0);
    take(&mut old)?;
    let mut heir = match try_open(store) {
        Ok(heir) => heir.with_checkpoint_every(0),
        Err(error) if error.kind() == ErrorKind::Locked => return Ok(()), // one at a time: nothing to hold
        Err(error) => return Err(format!("a second owner: {error}")),
    };
    take(&mut heir)?;
    let last = heir.pipeline().last();
    match old.take(now()) {
        Ok(_) => return Err("an owner commits after another has".to_owned()),
        Err(error) => equal("what a commit behind another's fails as", error.kind(), ErrorKind::Fenced)?,
    }
    match old.take(now()) {
        Ok(_) => return Err("an owner that was fenced goes on".to_owned()),
        Err(error) => equal("what it fails as then", error.kind(), ErrorKind::Poisoned)?,
    }
    let journal = told("opening the journal", store.journal())?;
    equal("the end of the journal after one was fenced", journal.last(), last)?;
    drop(journal);

    // An owner that sleeps before it puts its snapshot, while its heir lets go of what is behind that.
    let mut sleeper = open(store)?.with_checkpoint_every(0);
    take(&mut sleeper)?;
    let mut heir = open(store)?.with_checkpoint_every(0);
    for _ in 0..2 {
        take(&mut heir)?;
        told("a checkpoint", heir.checkpoint())?;
    }
    match sleeper.checkpoint() {
        Ok(()) => return Err("a snapshot is put over that of another owner, who knows more".to_owned()),
        Err(error) => equal("what a snapshot of long ago fails as", error.kind(), ErrorKind::Fenced)?,
    }
    let mut last = open(store)?;
    while take(&mut last)? > 0 {}
    equal("the state over owners that were fenced", last.pipeline().engine().snapshot() == state, true)
}

/// What one owner fires from the same inputs, and the state that it comes to.
fn reference() -> Result<(Vec<String>, Vec<u8>), String> {
    let (log, journal, snapshots) = (MemoryInputs::new(), MemoryJournal::new(), MemorySnapshots::new());
    for input in told("the inputs", made())? {
        log.push(input);
    }
    let opened = builder().and_then(|builder| Shard::open(builder, now(), log, journal, snapshots));
    let mut shard = told("the reference", opened)?;
    told("the flow", flow().and_then(|flow| shard.set_flows(start(), [flow])))?;
    let mut fired = Vec::new();
    loop {
        let taken = told("the reference", shard.take(now()))?;
        fired.extend(taken.receipt().firings().iter().map(Firing::to_json));
        if taken.inputs() == 0 {
            break;
        }
    }
    if fired.is_empty() {
        return Err("the inputs of the suite fire nothing".to_owned());
    }
    Ok((fired, shard.pipeline().engine().snapshot()))
}

fn open<S: ShardStore>(store: &mut S) -> Result<OpenShard<S>, String> {
    told("opening", try_open(store))
}

fn try_open<S: ShardStore>(store: &mut S) -> Result<OpenShard<S>, Error> {
    let (inputs, journal, snapshots) = (store.inputs()?, store.journal()?, store.snapshots()?);
    let shard = Shard::open(builder()?, now(), inputs, journal, snapshots)?;
    let mut shard = shard.with_inputs_at_once(AT_ONCE);
    shard.set_flows(start(), [flow()?])?;
    Ok(shard)
}

fn take<I: Inputs, J: Journal, S: Snapshots>(shard: &mut Shard<I, J, S>) -> Result<usize, String> {
    told("taking", shard.take(now())).map(|taken| taken.inputs())
}

fn feed<S: ShardStore>(store: &mut S) -> Result<(), String> {
    told("the inputs", made())?.iter().try_for_each(|input| told("feeding", store.feed(input)))
}

/// Two segments that cross their bound now and then, held for a while that only watermarks end.
fn made() -> Result<Vec<Vec<u8>>, Error> {
    let mut inputs = Vec::new();
    for number in 0..EVENTS {
        let at = start() + TimeDelta::seconds(90 * i64::try_from(number).unwrap_or_default());
        let (name, members) = (["vip", "new"][(number % 2) as usize], f64::from((number % 5) as u32) * 400.0);
        let event = ValueObserved::new("segment", name, members).into_event(format!("e-{number}"), "/s")?;
        inputs.push(event.with_time(at).to_json().into_bytes());
        inputs.push(Watermark::event(at + TimeDelta::seconds(60))?.to_json().into_bytes());
    }
    Ok(inputs)
}

fn flow() -> Result<Flow, Error> {
    let above = Threshold::above(1000.0).with_hold(Duration::from_secs(60));
    let trigger = Trigger::segment_threshold_crossed("crossed", "*", above).build()?;
    let tell = Step::new("tell", "postNote").with_input("text", "{{ trigger.value }}");
    Flow::builder(trigger).with_step(tell).build()
}

fn builder() -> Result<PipelineBuilder, Error> {
    let metadata = Metadata::new("postNote")
        .with_effect(Effect::Guarded)
        .with_input(Field::string("text").with_required(true));
    let mut registry = Registry::new();
    registry.add(action_fn(metadata, |_, _: Value| async { Ok(()) }))?;
    Ok(Pipeline::builder(registry).with_engine(Engine::builder().with_partition(partition()?)))
}

/// The only one there is: it owns everything.
fn partition() -> Result<Partition, Error> {
    Partitions::new(1)?.get(0)
}

fn start() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// The host's clock, which must not matter to what fires.
fn now() -> DateTime<Utc> {
    start() + TimeDelta::days(1)
}

fn offsets(inputs: &[Input]) -> Vec<(u64, usize)> {
    inputs.iter().map(|input| (input.offset(), input.bytes().len())).collect()
}

fn same(what: &str, found: &[Input], wanted: &[Vec<u8>]) -> Result<(), String> {
    let lengths = |texts: &mut dyn Iterator<Item = usize>| texts.collect::<Vec<_>>();
    let found_lengths = lengths(&mut found.iter().map(|input| input.bytes().len()));
    equal(&format!("the lengths of {what}"), found_lengths, lengths(&mut wanted.iter().map(Vec::len)))?;
    let is_same = found.iter().map(Input::bytes).eq(wanted.iter().map(Vec::as_slice));
    equal(&format!("whether {what} comes byte for byte"), is_same, true)
}

fn told<T>(what: &str, result: Result<T, Error>) -> Result<T, String> {
    result.map_err(|error| format!("{what}: {error}"))
}

//! The same by one process, to be compared with.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use tripline::engine::Engine;
use tripline::flow::Flow;
use tripline::journal::{Journal, Lsn, MemoryJournal, MemorySnapshots};
use tripline::pipeline::Commit;
use tripline::shard::{MemoryInputs, Shard};

use crate::Failure;
use crate::actions::{self, Note};
use crate::feeder;
use crate::ports::{self, PARTITIONS};
use crate::source::{self, Source};

/// What a partition comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How many inputs it has taken.
    pub inputs: u64,
    /// What fired, each as its JSON, in the order of the commits.
    pub firings: Vec<Vec<u8>>,
    /// The state of its engine.
    pub state: Vec<u8>,
}

/// All of it.
#[derive(Debug, Clone)]
pub struct Whole {
    /// How many events there are, those that are told twice counted twice.
    pub events: u64,
    pub partitions: Vec<Outcome>,
    /// What is told, by the ids of the deliveries.
    pub notes: BTreeMap<String, Note>,
}

/// Each partition in memory, from its first input to its last.
///
/// # Errors
///
/// None that is expected.
pub fn partitions(source: Source) -> Result<Whole, Failure> {
    let logs: Vec<MemoryInputs> = (0..PARTITIONS).map(|_| MemoryInputs::new()).collect();
    let mut counts = vec![0; logs.len()];
    let events = feeder::inputs(source, |_, to, event| {
        let json = event.to_json();
        for &partition in to {
            logs[partition as usize].push(json.clone());
            counts[partition as usize] += 1;
        }
        Ok(())
    })?;
    let mut whole = Whole { events, partitions: Vec::new(), notes: BTreeMap::new() };
    for (partition, (log, inputs)) in (0..).zip(logs.into_iter().zip(counts)) {
        let outcome = run(partition, log, inputs, &mut whole.notes)?;
        whole.partitions.push(outcome);
    }
    Ok(whole)
}

fn run(
    partition: u32,
    log: MemoryInputs,
    inputs: u64,
    notes: &mut BTreeMap<String, Note>,
) -> Result<Outcome, Failure> {
    // Nobody is told from here, and nobody asks what time it is.
    let (nobody, now) = (SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), source::start());
    let builder = ports::builder(partition, nobody, None)?;
    let journal = MemoryJournal::new();
    let mut shard =
        Shard::open(builder, now, log, journal.reopen(), MemorySnapshots::new())?.with_checkpoint_every(0);
    let _ = shard.set_flows(now, source::flows()?)?;
    loop {
        let taken = shard.take(now)?;
        if let Some((offset, error)) = taken.refused().first() {
            return Err(format!("partition {partition}, input {offset}: {error}").into());
        }
        while let Some(work) = shard.poll_send() {
            let text = work.input()["text"].as_str().unwrap_or_default().to_owned();
            let note = actions::note(partition, work.context(), text);
            notes.insert(note.id.clone(), note);
            shard.complete(now, work.lease(), Ok(().into()))?;
        }
        if taken.inputs() == 0 && !taken.is_full() {
            break;
        }
    }
    let mut firings = Vec::new();
    let journal = journal.reopen();
    for entry in journal.read(Lsn::FIRST)? {
        firings.extend(Commit::read(entry?)?.firings().map(<[u8]>::to_vec));
    }
    Ok(Outcome { inputs, firings, state: shard.pipeline().engine().snapshot() })
}

/// One engine without partitions takes everything: what fired, as JSON, in its order.
///
/// # Errors
///
/// None that is expected.
pub fn engine(source: Source) -> Result<Vec<Vec<u8>>, Failure> {
    let mut engine = Engine::builder().with_skew(None).build();
    for flow in source::flows()? {
        engine.add(source::start(), Flow::trigger(&flow).clone())?;
    }
    let mut firings = Vec::new();
    let mut latest = source::start();
    feeder::inputs(source, |_, _, event| {
        let time = event.time().unwrap_or(latest);
        latest = latest.max(time);
        if event.event_type() == tripline::partition::Watermark::EVENT_TYPE {
            // The last one alone says something that the events do not: it is over.
            engine.handle_timeout(time)?;
        } else {
            let _ = engine.handle_event(latest, event)?;
        }
        while let Some(firing) = engine.poll_firing() {
            firings.push(firing.to_json().into_bytes());
        }
        Ok(())
    })?;
    Ok(firings)
}

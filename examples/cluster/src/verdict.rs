//! What the cluster has come to, and whether that is what one process comes to.

use std::collections::BTreeMap;

use chrono::Utc;
use tripline::Error;
use tripline::journal::{Chain, Journal, Latest, Lsn, Snapshot, Snapshots, refuse};
use tripline::pipeline::{Commit, recover};

use crate::Failure;
use crate::nats::{Link, NatsJournal, NatsSnapshots};
use crate::one::{Outcome, Whole};
use crate::ports::{self, CLUSTER, PARTITIONS};
use crate::receiver::Receiver;

/// Snapshots that are looked at while owners are at work: whoever looks must mend nothing.
struct LookedAt(NatsSnapshots);

impl Snapshots for LookedAt {
    fn put(&mut self, _: &Snapshot) -> Result<(), Error> {
        Err(refuse::superseded())
    }

    fn latest(&self) -> Result<Latest, Error> {
        self.0.latest()
    }
}

/// How many faults of one kind are told of.
const SHOWN: usize = 3;

/// Whether a partition has taken so many inputs, and all that follows is delivered and settled.
///
/// # Errors
///
/// As [`recover`], and where the server does not answer.
pub fn is_done(link: &Link, partition: u32, inputs: u64, receiver: &Receiver) -> Result<bool, Failure> {
    let journal = NatsJournal::open(link, CLUSTER, partition)?;
    if journal.last() == Lsn::ZERO {
        return Ok(inputs == 0);
    }
    let last = journal.read(journal.last())?.next().ok_or("a journal without its last batch")??;
    if Commit::read(last)?.next_offset() < inputs {
        return Ok(false);
    }
    let mut snapshots = LookedAt(NatsSnapshots::open(link, CLUSTER, partition)?);
    let builder = ports::builder(partition, receiver.address(), None)?;
    let (pipeline, _) = recover(builder, Utc::now(), &journal, &mut snapshots)?;
    Ok(pipeline.dispatcher().is_idle() && pipeline.flows().live() == 0)
}

/// What a partition has come to, with its chain held from the first commit that is there to the last.
///
/// # Errors
///
/// [`Corrupt`](tripline::ErrorKind::Corrupt) where a commit is missing, changed or another's.
pub fn read(link: &Link, partition: u32, receiver: &Receiver) -> Result<Outcome, Failure> {
    let journal = NatsJournal::open(link, CLUSTER, partition)?;
    let mut snapshots = LookedAt(NatsSnapshots::open(link, CLUSTER, partition)?);
    let mut outcome = Outcome { inputs: 0, firings: Vec::new(), state: Vec::new() };
    let mut before: Option<(Lsn, Chain)> =
        (journal.first() == Lsn::FIRST).then_some((Lsn::ZERO, Chain::START));
    for entry in journal.read(journal.first())? {
        let commit = Commit::read(entry?)?;
        if let Some((lsn, chain)) = before {
            commit.check_follows(ports::partition(partition)?, lsn, chain)?;
        }
        before = Some((commit.lsn(), commit.chain()));
        if commit.next_offset() < outcome.inputs {
            return Err(format!("commit {} goes back to input {}", commit.lsn(), commit.next_offset()).into());
        }
        outcome.inputs = commit.next_offset();
        outcome.firings.extend(commit.firings().map(<[u8]>::to_vec));
    }
    let builder = ports::builder(partition, receiver.address(), None)?;
    let (pipeline, _) = recover(builder, Utc::now(), &journal, &mut snapshots)?;
    if let Some(dead) = pipeline.dispatcher().dead_letters().next() {
        return Err(format!("a delivery was given up: {dead:?}").into());
    }
    outcome.state = pipeline.engine().snapshot();
    Ok(outcome)
}

/// All partitions, each as it is or why it does not read.
pub fn read_all(link: &Link, receiver: &Receiver) -> Vec<Result<Outcome, String>> {
    (0..PARTITIONS)
        .map(|partition| read(link, partition, receiver).map_err(|error| error.to_string()))
        .collect()
}

/// What is not as in one process, in words; nothing where all is. Where the journals do not keep everything, they have the last of
/// the firings.
pub fn compare(have: &[Result<Outcome, String>], want: &Whole, keeps: bool) -> Vec<String> {
    let mut faults = Vec::new();
    for (partition, (have, want)) in have.iter().zip(&want.partitions).enumerate() {
        let have = match have {
            Ok(have) => have,
            Err(error) => {
                faults.push(format!("partition {partition} does not read: {error}"));
                continue;
            }
        };
        if have.inputs != want.inputs {
            faults.push(format!("partition {partition} has taken {} inputs of {}", have.inputs, want.inputs));
        }
        let are_the_last = !keeps && want.firings.ends_with(&have.firings);
        if have.firings != want.firings && !are_the_last {
            let place =
                have.firings.iter().zip(&want.firings).take_while(|(have, want)| have == want).count();
            let shown = |firings: &[Vec<u8>]| {
                firings.get(place).map_or("nothing".into(), |json| String::from_utf8_lossy(json).into_owned())
            };
            faults.push(format!(
                "partition {partition} has {} firings and should have {}; the first that differs is number {place}:\n  it is {}\n  not   {}",
                have.firings.len(),
                want.firings.len(),
                shown(&have.firings),
                shown(&want.firings)
            ));
        }
        if have.state != want.state {
            faults.push(format!("partition {partition} ends in another state"));
        }
    }
    faults
}

/// Whether all partitions together fire what one engine does, by id and bytes.
pub fn compare_union(parts: &Whole, engine: &[Vec<u8>]) -> Vec<String> {
    let count = |firings: &mut dyn Iterator<Item = &Vec<u8>>| {
        let mut counted = BTreeMap::<Vec<u8>, usize>::new();
        firings.for_each(|firing| *counted.entry(firing.clone()).or_default() += 1);
        counted
    };
    let parts = count(&mut parts.partitions.iter().flat_map(|outcome| &outcome.firings));
    let engine = count(&mut engine.iter());
    let all = parts.keys().chain(engine.keys());
    let differing = all.filter(|firing| parts.get(*firing) != engine.get(*firing));
    differing
        .take(SHOWN)
        .map(|firing| {
            let times = |counted: &BTreeMap<Vec<u8>, usize>| counted.get(firing).copied().unwrap_or(0);
            format!(
                "{} times in the partitions, {} times in one engine: {}",
                times(&parts),
                times(&engine),
                String::from_utf8_lossy(firing)
            )
        })
        .collect()
}

/// What the receiver should not have, or has not.
pub fn compare_notes(receiver: &Receiver, want: &Whole) -> Vec<String> {
    let received = receiver.received();
    let mut faults = Vec::new();
    let missing: Vec<_> = want.notes.keys().filter(|id| !received.notes.contains_key(*id)).collect();
    if !missing.is_empty() {
        let shown = &missing[..missing.len().min(SHOWN)];
        faults.push(format!("{} notes were never told, among them {shown:?}", missing.len()));
    }
    let others: Vec<_> =
        received.notes.values().filter(|note| want.notes.get(&note.id) != Some(*note)).collect();
    if !others.is_empty() {
        let shown = &others[..others.len().min(SHOWN)];
        faults.push(format!(
            "{} notes say something else than in one process, among them {shown:?}",
            others.len()
        ));
    }
    if let Some(id) = received.changed.first() {
        faults.push(format!("the note {id} was told again with something else to say"));
    }
    faults
}

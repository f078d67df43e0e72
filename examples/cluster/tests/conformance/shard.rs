//! All ports together, under the library's own loop.

use std::cell::Cell;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cluster::nats::{InputWriter, Link, NatsInputs, NatsJournal, NatsSnapshots};
use serde_json::{Value, json};
use tripline::action::{Effect, Field, Metadata, Registry, action_fn};
use tripline::engine::Engine;
use tripline::event::ValueObserved;
use tripline::flow::{Flow, Step};
use tripline::journal::{Journal, Lsn, MemoryJournal, MemorySnapshots, Snapshots};
use tripline::partition::Partitions;
use tripline::pipeline::{Commit, Pipeline};
use tripline::shard::{Inputs, MemoryInputs, Shard};
use tripline::testing::{ShardStore, shard_conformance};
use tripline::threshold::Threshold;
use tripline::{Error, ErrorKind, Trigger};

use crate::world::World;

/// Who owns the segment below.
const PARTITION: u32 = 5;
const EVENTS: u64 = 900;

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_330_400, 0).unwrap()
}

/// Every third one crosses the threshold.
fn event(number: u64) -> String {
    let members = if number.is_multiple_of(3) { 1004.0 } else { 998.0 };
    let at = start() + TimeDelta::seconds(i64::try_from(number).unwrap());
    let event =
        ValueObserved::new("segment", "vip", members).into_event(format!("t-{number}"), "/instances/contoso");
    event.unwrap().with_time(at).to_json()
}

fn open<I: Inputs, J: Journal, S: Snapshots>(
    inputs: I,
    journal: J,
    snapshots: S,
) -> Result<Shard<I, J, S>, Error> {
    let mut registry = Registry::new();
    let post = Metadata::new("postNote")
        .with_effect(Effect::Guarded)
        .with_input(Field::string("text").with_required(true));
    registry.add(action_fn(post, |_, _: Value| async { Ok(()) })).unwrap();
    let partition = Partitions::new(16).unwrap().get(PARTITION).unwrap();
    let pipeline = Pipeline::builder(registry).with_engine(Engine::builder().with_partition(partition));
    let mut shard = Shard::open(pipeline, start(), inputs, journal, snapshots)?
        .with_inputs_at_once(7)
        .with_checkpoint_every(10);
    let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
    let tell = Step::new("tell", "postNote").with_input("text", "VIPs: {{ trigger.value }}");
    shard.set_flows(start(), [Flow::builder(trigger).with_step(tell).build()?])?;
    Ok(shard)
}

/// Takes once, and does what is to be done.
fn turn<I: Inputs, J: Journal, S: Snapshots>(shard: &mut Shard<I, J, S>) -> Result<(), Error> {
    let taken = shard.take(start())?;
    assert!(taken.refused().is_empty());
    while let Some(work) = shard.poll_send() {
        shard.complete(start(), work.lease(), Ok(json!({})))?;
    }
    Ok(())
}

/// What fired, as far as the journal says, behind what is known already.
fn watch<J: Journal>(journal: &J, seen: &mut Lsn, firings: &mut Vec<Vec<u8>>) -> Result<(), Error> {
    for entry in journal.read(seen.next())? {
        let commit = Commit::read(entry?)?;
        firings.extend(commit.firings().map(<[u8]>::to_vec));
        *seen = commit.lsn();
    }
    Ok(())
}

fn in_memory() -> Vec<Vec<u8>> {
    let (inputs, journal) = (MemoryInputs::new(), MemoryJournal::new());
    for number in 0..EVENTS {
        inputs.push(event(number));
    }
    let mut shard = open(inputs, journal.reopen(), MemorySnapshots::new()).unwrap();
    let (mut seen, mut firings) = (Lsn::ZERO, Vec::new());
    while shard.pipeline().next_offset() < EVENTS {
        turn(&mut shard).unwrap();
        watch(&journal.reopen(), &mut seen, &mut firings).unwrap();
    }
    firings
}

/// The ports of one partition of the suite's.
struct Store<'a> {
    world: &'a World,
    partition: u32,
    fed: u64,
}

impl ShardStore for Store<'_> {
    type Inputs = NatsInputs;
    type Journal = NatsJournal;
    type Snapshots = NatsSnapshots;

    fn inputs(&mut self) -> Result<NatsInputs, Error> {
        NatsInputs::open(&self.world.link, "suite", self.partition)
    }

    fn journal(&mut self) -> Result<NatsJournal, Error> {
        NatsJournal::open(&self.world.link, "suite", self.partition)
    }

    fn snapshots(&mut self) -> Result<NatsSnapshots, Error> {
        NatsSnapshots::open(&self.world.link, "suite", self.partition)
    }

    fn feed(&mut self, input: &[u8]) -> Result<(), Error> {
        let mut writer = InputWriter::open(&self.world.link, "suite", self.partition)?;
        writer.append(self.fed, input.to_vec())?;
        self.fed = writer.flush()?;
        Ok(())
    }

    fn trim_inputs(&mut self, count: usize) -> Result<(), Error> {
        self.inputs()?.trim(count as u64)
    }

    fn drop_batch(&mut self, lsn: Lsn) -> Result<(), Error> {
        self.world.jetstream(async |context| {
            let stream = context.get_stream(format!("suite_journal_{}", self.partition)).await.unwrap();
            assert!(stream.delete_message(lsn.get()).await.unwrap());
        });
        Ok(())
    }
}

#[test]
fn the_ports_of_a_shard_are_what_they_are_everywhere() {
    let Some(world) = World::start("suite") else { return };
    let stores = Cell::new(0);
    shard_conformance(|| Store { world: &world, partition: stores.replace(stores.get() + 1), fed: 0 })
        .assert();
}

#[test]
fn a_partition_on_nats_whose_server_is_killed_fires_what_one_in_memory_fires() {
    let Some(mut world) = World::start("shard") else { return };
    let link = world.link.clone();
    let mut writer = InputWriter::open(&link, "tests", PARTITION).unwrap();
    for number in 0..EVENTS {
        writer.append(number, event(number)).unwrap();
    }
    writer.flush().unwrap();

    let ports = |link: &Link| {
        let inputs = NatsInputs::open(link, "tests", PARTITION)?;
        open(
            inputs,
            NatsJournal::open(link, "tests", PARTITION)?,
            NatsSnapshots::open(link, "tests", PARTITION)?,
        )
    };
    let (mut seen, mut firings) = (Lsn::ZERO, Vec::new());
    let (mut turns, mut owners, mut from_snapshot) = (0_u64, 0, 0);
    let (done, is_done) = mpsc::channel::<()>();
    let server = &mut world;
    let kills = thread::scope(|scope| {
        let killing = scope.spawn(move || {
            let mut kills = 0_u64;
            while is_done.recv_timeout(Duration::from_millis(120 + 37 * (kills % 7)))
                == Err(mpsc::RecvTimeoutError::Timeout)
            {
                server.kill_server();
                kills += 1;
            }
            kills
        });
        let mut shard = None;
        while shard.as_ref().is_none_or(|shard: &Shard<_, _, _>| shard.pipeline().next_offset() < EVENTS) {
            let turned = match &mut shard {
                None => ports(&link).map(|opened| {
                    owners += 1;
                    from_snapshot += u64::from(opened.recovery().snapshot().is_some());
                    shard = Some(opened);
                }),
                Some(shard) => turn(shard),
            };
            if let Err(error) = turned {
                let is_expected =
                    error.is_fenced() || matches!(error.kind(), ErrorKind::Storage | ErrorKind::Poisoned);
                assert!(is_expected, "{error}");
                shard = None;
            }
            watch(&NatsJournal::open(&link, "tests", PARTITION).unwrap(), &mut seen, &mut firings).unwrap();
            turns += 1;
            if turns.is_multiple_of(40) {
                shard = None;
            }
        }
        drop(done);
        killing.join().unwrap()
    });
    assert_eq!(firings, in_memory());
    assert_eq!(firings.len() as u64, EVENTS / 3 - 1, "the first value crosses nothing");
    let first = NatsJournal::open(&link, "tests", PARTITION).unwrap().first();
    println!(
        "{turns} turns of {owners} owners over {kills} kills, {from_snapshot} of them from a snapshot; \
         the journal begins with {first}"
    );
    assert!(kills > 3 && owners > 3 && from_snapshot > 2 && first > Lsn::FIRST);
}

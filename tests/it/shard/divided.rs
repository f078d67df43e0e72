//! Random input over many partitions, whose owners come and go: what fires is what one process fires.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::time::Duration;
use tripline::action::{Effect, Field, Metadata, Registry, action_fn};
use tripline::engine::Engine;
use tripline::flow::{Flow, Step};
use tripline::journal::{Chain, Journal, Lsn, MemoryJournal, MemorySnapshots};
use tripline::partition::{Partition, Partitions, Router, Watermark};
use tripline::pipeline::{Commit, Pipeline};
use tripline::shard::{MemoryInputs, Shard};

use crate::differential::seeds;
use crate::partition::{Fired, Input, note, note_json};
use crate::random::Random;

/// What a partition has committed, and the state of its engine.
#[derive(Debug, PartialEq, Default)]
struct Outcome {
    firings: Vec<String>,
    state: Vec<u8>,
}

/// How often what happened to owners, so that none of it stays away.
#[derive(Debug, Default)]
struct Happened {
    firings: usize,
    crashes: usize,
    fenced: usize,
    from_snapshots: usize,
}

struct Ports {
    partition: Partition,
    log: MemoryInputs,
    journal: MemoryJournal,
    snapshots: MemorySnapshots,
    outcome: Outcome,
    /// The last commit that was seen, and the chain after it.
    seen: (Lsn, Chain),
}

type MemoryShard = Shard<MemoryInputs, MemoryJournal, MemorySnapshots>;

impl Ports {
    fn new(partition: Partition, log: MemoryInputs) -> Self {
        Self {
            partition,
            log,
            journal: MemoryJournal::new(),
            snapshots: MemorySnapshots::new(),
            outcome: Outcome::default(),
            seen: (Lsn::ZERO, Chain::START),
        }
    }

    fn open(&self, input: &Input, now: DateTime<Utc>, hash_seed: u64) -> MemoryShard {
        let metadata = Metadata::new("postNote")
            .with_effect(Effect::Guarded)
            .with_input(Field::string("text").with_required(true));
        let mut registry = Registry::new();
        registry.add(action_fn(metadata, |_, _: Value| async { Ok(()) })).unwrap();
        let engine = Engine::builder().with_hash_seed(hash_seed).with_partition(self.partition);
        let pipeline = Pipeline::builder(registry).with_engine(engine);
        let (journal, snapshots) = (self.journal.reopen(), self.snapshots.clone());
        let mut shard = Shard::open(pipeline, now, self.log.clone(), journal, snapshots).unwrap();
        let tell = || Step::new("tell", "postNote").with_input("text", "hi");
        let flow =
            |trigger: &tripline::Trigger| Flow::builder(trigger.clone()).with_step(tell()).build().unwrap();
        shard.set_flows(input.start(), input.triggers.iter().map(flow)).unwrap();
        shard
    }

    /// Reads what was committed since, as somebody does who trusts nobody.
    fn look(&mut self) {
        let journal = self.journal.reopen();
        for entry in journal.read(self.seen.0.next()).unwrap() {
            let commit = Commit::read(entry.unwrap()).unwrap();
            commit.check_follows(self.partition, self.seen.0, self.seen.1).unwrap();
            self.seen = (commit.lsn(), commit.chain());
            self.outcome
                .firings
                .extend(commit.firings().map(|json| String::from_utf8(json.to_vec()).unwrap()));
        }
    }

    /// Whether there was anything to take; what may be sent is done at once.
    fn step(&mut self, shard: &mut MemoryShard, now: DateTime<Utc>) -> Result<bool, tripline::Error> {
        shard.handle_timeout(now)?;
        self.look();
        let taken = shard.take(now)?;
        self.look();
        while let Some(work) = shard.poll_send() {
            shard.complete(now, work.lease(), Ok(json!({})))?;
            self.look();
        }
        Ok(taken.inputs() > 0 || taken.is_full())
    }

    /// One owner from the beginning to the end.
    fn by_one(mut self, input: &Input) -> Outcome {
        let mut shard = self.open(input, input.start(), 1).with_checkpoint_every(0);
        while self.step(&mut shard, input.end()).unwrap() {}
        self.outcome.state = shard.pipeline().engine().snapshot();
        self.outcome
    }

    /// Owners that crash, sleep, and are two at a time.
    fn by_many(mut self, input: &Input, random: &mut Random, happened: &mut Happened) -> Outcome {
        let mut now = input.start();
        let mut sleepers: Vec<MemoryShard> = Vec::new();
        let mut is_over = false;
        while !is_over {
            now += Duration::from_secs(random.below(90_000) as u64);
            if random.below(4) == 0 {
                self.journal.crash(random.below(3) as u64);
                self.journal = self.journal.reopen();
                happened.crashes += 1;
            }
            let hash_seed = random.below(1_000) as u64;
            let shard = self.open(input, now, hash_seed).with_inputs_at_once(1 + random.below(9) as usize);
            let mut shard = shard.with_checkpoint_every(random.below(4) as u64 * 2);
            happened.from_snapshots += usize::from(shard.recovery().snapshot().is_some());
            self.look();
            for _ in 0..random.below(6) {
                is_over = !self.step(&mut shard, now).unwrap();
            }
            is_over &= shard.pipeline().next_offset() > 0;
            // Somebody who slept through all this believes to be the owner still.
            if let Some(mut sleeper) = sleepers.pop().filter(|_| random.below(2) == 0) {
                let told = if random.below(2) == 0 {
                    sleeper.checkpoint()
                } else {
                    self.step(&mut sleeper, now).map(drop)
                };
                happened.fenced += usize::from(told.is_err_and(|error| error.is_fenced()));
                self.look();
            }
            if is_over {
                is_over = self.open(input, now, 3).take(now).unwrap().inputs() == 0;
                self.outcome.state = shard.pipeline().engine().snapshot();
            }
            sleepers.push(shard);
        }
        self.look();
        self.outcome
    }
}

/// The logs of the partitions, as a feeder writes them.
fn logs(input: &Input, partitions: Partitions) -> Vec<MemoryInputs> {
    let logs: Vec<MemoryInputs> = partitions.iter().map(|_| MemoryInputs::new()).collect();
    let (router, mut watermark) = (Router::new(partitions, &input.triggers), Watermark::new(Duration::ZERO));
    let tell = |at| {
        let json = Watermark::event(at).unwrap().to_json();
        for log in &logs {
            log.push(json.as_str());
        }
    };
    for event in &input.events {
        if let Some(at) = watermark.note(event.time().unwrap()).unwrap() {
            tell(at);
        }
        for place in router.route(event).unwrap_or_default() {
            logs[place as usize].push(event.to_json());
        }
    }
    tell(input.end());
    logs
}

fn hold(share: u64, input: fn(u64) -> Input) {
    let mut happened = Happened::default();
    for seed in seeds(share) {
        let input = input(seed);
        let mut random = Random(!seed);
        let partitions = Partitions::new(random.pick(&[1, 2, 5])).unwrap();
        let mut want = Fired::new();
        let mut one = input.engine(None, false);
        for event in &input.events {
            let _ = one.handle_event(event.time().unwrap(), event);
        }
        one.handle_timeout(input.end()).unwrap();
        note(&mut one, &mut want);
        let mut have = Fired::new();
        for (partition, log) in partitions.iter().zip(logs(&input, partitions)) {
            let alone = Ports::new(partition, log.clone()).by_one(&input);
            let divided = Ports::new(partition, log).by_many(&input, &mut random, &mut happened);
            assert_eq!(divided.firings, alone.firings, "seed {seed}, {partition}");
            assert!(divided.state == alone.state, "seed {seed}, {partition}: another state");
            happened.firings += alone.firings.len();
            alone.firings.into_iter().for_each(|firing| note_json(firing, &mut have));
        }
        assert_eq!(have, want, "seed {seed}, {} partitions", partitions.count());
    }
    let Happened { firings, crashes, fenced, from_snapshots } = happened;
    assert!(firings > 50 && crashes > 50 && fenced > 10 && from_snapshots > 10, "{happened:?}");
}

#[test]
fn thresholds_over_owners_that_come_and_go_fire_as_in_one_engine() {
    hold(400, Input::of_thresholds);
}

#[test]
fn nights_over_owners_that_come_and_go_fire_as_in_one_engine() {
    hold(400, Input::of_a_night);
}

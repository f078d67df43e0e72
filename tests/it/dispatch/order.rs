//! Order per key in a host that ends anywhere, loses answers, gets them late, and sends again what was given up.
//!
//! The dispatcher's state is stored as a whole, now and then, and what is to be
//! sent waits for that, as it does in a pipeline. What receivers see is held
//! against plain lists: of each key, all that has not ended, in the order in
//! which it was handed in.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};
use tripline::action::{ActionError, Effect, RetryPolicy};
use tripline::dispatch::{
    Admission, Completion, Delivery, DeliveryId, Dispatcher, LanePolicy, Lease, Limits, Outcome, Work,
};

use super::{at, number};
use crate::random::Random;

const LANES: u64 = 2;
const KEYS: u64 = 3;

/// A mistake that a host can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plant {
    SendsBeforeItIsStored,
    HandsInWithoutKeys,
    RestoresAnOlderState,
}

const PLANTS: [Plant; 3] =
    [Plant::SendsBeforeItIsStored, Plant::HandsInWithoutKeys, Plant::RestoresAnOlderState];

/// The lane and the key of a delivery.
type Line = (u64, u64);

/// What has not ended, by the words of the contract: each with its turn.
#[derive(Clone, Default)]
struct Lines(BTreeMap<Line, VecDeque<(u64, u64)>>);

impl Lines {
    fn end(&mut self, id: u64) {
        // What was a dead letter at once stood in no line.
        if let Some(line) = self.0.get_mut(&line(id)) {
            line.retain(|(_, other)| *other != id);
        }
    }

    /// The turn of a delivery, if it is the one that may go.
    fn may_go(&self, id: u64) -> Result<u64, String> {
        match self.0.get(&line(id)).and_then(VecDeque::front) {
            Some((turn, first)) if *first == id => Ok(*turn),
            first => Err(format!("{id} is sent, and first is {first:?}")),
        }
    }
}

struct Flight {
    id: u64,
    lease: Lease,
    answers_at: Option<i64>,
    result: Result<Value, ActionError>,
}

struct Host {
    random: Random,
    now: i64,
    plant: Option<Plant>,
    dispatcher: Dispatcher,
    lines: Lines,
    /// What would be there after a crash.
    stored: (Vec<u8>, Lines),
    /// What may be sent once it is stored that it is.
    unsent: Vec<Work>,
    flights: Vec<Flight>,
    /// How many have been handed in, and which of them are to be handed in again.
    ids: u64,
    lost: Vec<u64>,
    turns: u64,
    /// The last turn that a receiver has seen, and of what.
    seen: BTreeMap<Line, (u64, u64)>,
    counts: BTreeMap<&'static str, u64>,
}

/// What a delivery is stands in its number.
fn line(id: u64) -> Line {
    (id % LANES, id / LANES % KEYS)
}

fn machine() -> Dispatcher {
    let policy = LanePolicy::default()
        .with_concurrency(3)
        .with_timeout(Duration::from_secs(10))
        .with_circuit_failures(4)
        .with_cool_down(Duration::from_secs(15), Duration::from_secs(40));
    Dispatcher::builder()
        .with_default_policy(policy)
        .with_limits(Limits::default().with_deliveries(20))
        .build()
        .unwrap()
}

impl Host {
    fn new(seed: u64, plant: Option<Plant>) -> Self {
        let dispatcher = machine();
        Self {
            random: Random(seed ^ 0x0721_911E_0000_0007),
            now: 1_000,
            plant,
            lines: Lines::default(),
            stored: (dispatcher.snapshot(), Lines::default()),
            dispatcher,
            unsent: Vec::new(),
            flights: Vec::new(),
            ids: 0,
            lost: Vec::new(),
            turns: 0,
            seen: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn run(&mut self) -> Result<(), String> {
        for _ in 0..80 {
            self.now += [0, 0, 1, 3, 12][self.random.below(5)];
            match self.random.below(10) {
                0..5 => self.hand_in(),
                5 => self.send_again(),
                6 => self.call_off(),
                7 => {
                    let lane = self.random.below(LANES);
                    let _ = self.dispatcher.enable(&format!("lane-{lane}"));
                }
                _ => {}
            }
            self.work(false)?;
            if self.random.percent(12) {
                self.crash()?;
            }
        }
        // Faults stop: whatever stands in a line has its turn.
        for _ in 0..2_000 {
            let answer = self.flights.iter().filter_map(|flight| flight.answers_at).min();
            let timeout = self.dispatcher.poll_timeout().map(|at| at.timestamp());
            let Some(next) = answer.into_iter().chain(timeout).min() else { break };
            self.now = self.now.max(next);
            self.work(true)?;
        }
        match self.lines.0.values().flatten().next() {
            Some(left) => Err(format!("{left:?} never had its turn")),
            None => Ok(()),
        }
    }

    fn hand_in(&mut self) {
        let again = self.random.percent(50).then(|| self.lost.pop()).flatten();
        let id = again.unwrap_or(self.ids);
        self.ids = self.ids.max(id + 1);
        let (lane, key) = line(id);
        let effect = self.random.pick(&[Effect::Guarded, Effect::Idempotent, Effect::Unsafe]);
        let retry = RetryPolicy::fixed(3, Duration::from_secs(7)).build().unwrap();
        let name = DeliveryId::new(format!("d-{id}")).unwrap();
        let mut delivery = Delivery::new(name, format!("lane-{lane}"), "a", json!({"n": id}))
            .with_effect(effect)
            .with_retry(retry);
        if self.plant != Some(Plant::HandsInWithoutKeys) {
            delivery = delivery.with_order_key(format!("key-{key}"));
        }
        if self.random.percent(10) {
            delivery = delivery.with_expires_at(at(self.now + self.random.between(0, 60)));
        }
        match self.dispatcher.handle_delivery(at(self.now), delivery) {
            Ok(Admission::Queued) => self.line_up(id),
            // It was handed in before and is a dead letter, or it is too late or too much.
            _ => self.count("not taken in"),
        }
    }

    fn line_up(&mut self, id: u64) {
        self.turns += 1;
        let line = self.lines.0.entry(line(id)).or_default();
        line.push_back((self.turns, id));
        if line.len() > 1 {
            self.count("behind others");
        }
    }

    fn send_again(&mut self) {
        let dead: Vec<u64> =
            self.dispatcher.dead_letters().map(|letter| number(letter.delivery().id())).collect();
        if dead.is_empty() {
            return;
        }
        let id = self.random.pick(&dead);
        if self.dispatcher.redrive(at(self.now), &format!("d-{id}")).is_ok() {
            self.line_up(id);
            self.count("sent again");
        }
    }

    fn call_off(&mut self) {
        let id = self.random.below(self.ids + 1);
        if self.dispatcher.cancel(at(self.now), &format!("d-{id}")).unwrap() {
            self.count("called off");
        }
    }

    /// Answers, the clock, storing, sending.
    fn work(&mut self, is_calm: bool) -> Result<(), String> {
        while let Some(due) = self.flights.iter().position(|f| f.answers_at.is_some_and(|at| at <= self.now))
        {
            let flight = self.flights.swap_remove(due);
            let end = self.dispatcher.complete(at(self.now), flight.lease, flight.result).unwrap();
            self.count(if end == Completion::Late { "answers too late" } else { "answers" });
        }
        self.dispatcher.handle_timeout(at(self.now)).unwrap();
        self.take_out();
        if is_calm || self.random.percent(75) {
            self.store_and_send(is_calm)?;
        }
        Ok(())
    }

    fn take_out(&mut self) {
        while let Some(work) = self.dispatcher.poll_work() {
            self.unsent.push(work);
        }
        while let Some(outcome) = self.dispatcher.poll_outcome() {
            match outcome {
                Outcome::Delivered { id, .. } | Outcome::Cancelled { id, .. } => self.lines.end(number(&id)),
                Outcome::Dead(letter) => self.lines.end(number(letter.delivery().id())),
                _ => {}
            }
        }
    }

    fn store_and_send(&mut self, is_calm: bool) -> Result<(), String> {
        if self.plant != Some(Plant::SendsBeforeItIsStored) || self.random.percent(50) {
            let older = std::mem::replace(&mut self.stored.0, self.dispatcher.snapshot());
            if self.plant == Some(Plant::RestoresAnOlderState) && self.random.percent(50) {
                self.stored.0 = older;
            }
            self.stored.1 = self.lines.clone();
        }
        for work in std::mem::take(&mut self.unsent) {
            if !is_calm && self.random.percent(2) {
                return self.crash();
            }
            // It was called off, or lost, before it was sent.
            if self.dispatcher.is_live(work.lease()) {
                self.arrive(&work, is_calm)?;
            }
        }
        Ok(())
    }

    /// A receiver sees an attempt.
    fn arrive(&mut self, work: &Work, is_calm: bool) -> Result<(), String> {
        let id = number(work.id());
        let turn = self.lines.may_go(id)?;
        if let Some(other) = self
            .flights
            .iter()
            .find(|other| line(other.id) == line(id) && self.dispatcher.is_live(other.lease))
        {
            return Err(format!("{id} is sent while {} is under way", other.id));
        }
        let before = self.seen.insert(line(id), (turn, id));
        match before {
            Some((later, other)) if later > turn => {
                return Err(format!("{id} comes after {other}, whose turn was later"));
            }
            Some((same, _)) if same == turn => self.count("repeated"),
            _ => self.count("in turn"),
        }
        let fails = |random: &mut Random| match random.below(4) {
            0 => ActionError::throttled("slower").with_retry_after(Duration::from_secs(random.below(30))),
            1 => ActionError::permanent("no"),
            2 => ActionError::transient("no answer").with_outcome_unknown(true),
            _ => ActionError::transient("down"),
        };
        let (answers_at, result) = match self.random.below(100) {
            _ if is_calm => (Some(self.now + 1), Ok(Value::Null)),
            0..15 => (None, Ok(Value::Null)),
            15..45 => (Some(self.now + self.random.between(0, 12)), Err(fails(&mut self.random))),
            _ => (Some(self.now + self.random.between(0, 12)), Ok(Value::Null)),
        };
        if answers_at.is_none() {
            self.count("answers that never come");
        }
        self.flights.push(Flight { id, lease: work.lease(), answers_at, result });
        Ok(())
    }

    /// The process ends; the next begins with what is stored.
    fn crash(&mut self) -> Result<(), String> {
        self.count("crashes");
        self.unsent.clear();
        self.flights.clear();
        self.dispatcher = machine();
        self.dispatcher.restore(&self.stored.0).unwrap();
        let lines = std::mem::replace(&mut self.lines, self.stored.1.clone());
        // Who handed them in has no word that they are safe.
        for (_, id) in lines.0.values().flatten() {
            if self.dispatcher.explain(&format!("d-{id}")).is_none() {
                self.lost.push(*id);
            }
        }
        let cut_off = self.dispatcher.handle_restart(at(self.now)).unwrap();
        *self.counts.entry("cut off").or_default() += cut_off as u64;
        self.take_out();
        self.store_and_send(true)
    }
}

#[test]
fn deliveries_of_one_order_key_go_one_after_the_other_in_order_over_crashes_and_lost_answers() {
    let mut reached: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 0..1_000 {
        let mut host = Host::new(seed, None);
        host.run().unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        host.counts.into_iter().for_each(|(what, n)| *reached.entry(what).or_default() += n);
    }
    println!("{reached:#?}");
    for (what, least) in [
        ("answers", 15_000),
        ("answers that never come", 3_000),
        ("answers too late", 10_000),
        ("behind others", 10_000),
        ("called off", 1_500),
        ("crashes", 5_000),
        ("cut off", 8_000),
        ("in turn", 20_000),
        ("repeated", 10_000),
        ("sent again", 3_000),
    ] {
        let count = reached.get(what).copied().unwrap_or(0);
        assert!(count >= least, "{what}: {count}, of {reached:#?}");
    }
}

#[test]
fn a_host_that_does_not_store_before_it_sends_or_forgets_keys_is_caught_breaking_the_order() {
    for plant in PLANTS {
        let ends = (0..100).filter_map(|seed| Host::new(seed, Some(plant)).run().err());
        let caught: Vec<String> = ends.collect();
        println!("{plant:?} is caught in {} of 100 schedules, first as {:?}", caught.len(), caught.first());
        assert!(caught.len() >= 10, "{plant:?} is caught {} times", caught.len());
    }
}

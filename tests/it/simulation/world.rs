//! One schedule in virtual time: what happens around the host, and in which order.

use serde_json::json;
use tripline::action::{ActionError, Registry};
use tripline::dispatch::Lease;
use tripline::event::Event;
use tripline::journal::{Batch, Lsn, MemoryJournal, MemorySnapshots};
use tripline::pipeline::{Pipeline, Receipt};
use tripline::{Error, ErrorKind};

use super::clock::{at, millis};
use super::model::{Model, Said};
use super::receivers::{InFlight, Receivers};
use super::restart::Zombie;
use super::setup::{self, KINDS};
use super::{Plant, fault};
use crate::random::Random;

/// Why the host does not go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// The process has ended.
    Crash,
    /// A promise is broken.
    Fault(String),
}

pub(super) struct World {
    pub(super) random: Random,
    /// Milliseconds that have passed, and how far the host's clock is off.
    pub(super) time: i64,
    offset: i64,
    pub(super) registry: Registry,
    pub(super) journal: MemoryJournal,
    pub(super) snapshots: MemorySnapshots,
    pub(super) pipeline: Pipeline,
    pub(super) zombie: Option<Zombie>,
    pub(super) in_flight: Vec<InFlight>,
    pub(super) model: Model,
    pub(super) receivers: Receivers,
    /// Every batch that is in the journal, or was before it was trimmed.
    pub(super) archive: Vec<Batch>,
    /// Two that have gone through all durable batches: one in one go, one cut by snapshots.
    pub(super) scratch: Pipeline,
    pub(super) cut: Pipeline,
    /// Whether that is so after every step, and the last of its snapshots.
    pub(super) is_cut_everywhere: bool,
    pub(super) latest_cut: Vec<u8>,
    /// Checkpoints since a snapshot was damaged.
    pub(super) checkpoints: usize,
    /// Crashes of a thousand places where one may be.
    pub(super) crashes: usize,
    pub(super) is_calm: bool,
    plant: Option<Plant>,
    /// Events that have not come yet, or were refused, or lost.
    pub(super) withheld: Vec<Event<'static>>,
    sent: Vec<Event<'static>>,
    pub(super) versions: u32,
    pub(super) counts: std::collections::BTreeMap<&'static str, u64>,
    /// Firings and runs that have been looked at, see `verify`.
    pub(super) looked: super::verify::Looked,
}

impl World {
    pub(super) fn new(seed: u64, plant: Option<Plant>) -> Self {
        let mut random = Random(seed ^ 0x0721_911E_0000_0006);
        let crashes = random.pick(&[0, 2, 5, 15, 40]);
        let registry = setup::registry();
        let build = || setup::builder(&registry).build().unwrap();
        Self {
            random,
            time: 0,
            offset: 0,
            journal: MemoryJournal::new(),
            snapshots: MemorySnapshots::new(),
            pipeline: build(),
            zombie: None,
            in_flight: Vec::new(),
            model: Model::default(),
            receivers: Receivers::default(),
            archive: Vec::new(),
            scratch: build(),
            cut: build(),
            is_cut_everywhere: seed.is_multiple_of(8),
            latest_cut: Vec::new(),
            checkpoints: 0,
            crashes,
            is_calm: false,
            plant,
            withheld: Vec::new(),
            sent: Vec::new(),
            versions: 0,
            counts: std::collections::BTreeMap::new(),
            looked: super::verify::Looked::default(),
            registry,
        }
    }

    pub(super) fn has_planted(&self, plant: Plant) -> bool {
        self.plant == Some(plant)
    }

    pub(super) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        at(self.time + self.offset)
    }

    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// The whole schedule.
    pub(super) fn run(&mut self, steps: usize) -> Result<(), String> {
        for kind in 0..KINDS.len() {
            self.going_on(|world| world.define(kind))?;
        }
        for _ in 0..steps {
            self.going_on(Self::step)?;
        }
        self.drain()
    }

    /// One step and all that follows; where the process ends in it, another one begins.
    fn going_on(&mut self, step: impl FnOnce(&mut Self) -> Result<(), Stop>) -> Result<(), String> {
        let mut done = step(self).and_then(|()| self.work());
        loop {
            done = match done {
                Ok(()) => self.verify(),
                Err(Stop::Crash) => self.restart(),
                Err(Stop::Fault(why)) => return Err(why),
            };
            if done.is_ok() {
                return Ok(());
            }
        }
    }

    /// What is due: writing, sending, answers, the clock.
    fn work(&mut self) -> Result<(), Stop> {
        self.pump()?;
        self.answers()?;
        self.tick()?;
        self.pump()
    }

    /// Every batch that was written, every attempt that arrived and the state at the end.
    pub(super) fn trace(&self) -> Vec<u8> {
        let batches = self.archive.iter().flat_map(|batch| batch.as_bytes().iter().copied());
        let arrivals = self.receivers.arrivals.iter().flat_map(|arrival| {
            format!("{} {} {:?}\n", arrival.id, arrival.is_executed, arrival.told).into_bytes()
        });
        batches.chain(arrivals).chain(self.pipeline.snapshot()).collect()
    }

    fn step(&mut self) -> Result<(), Stop> {
        match self.random.below(100) {
            0..38 => self.events(),
            38..62 => self.wait_until_due(),
            62..72 => {
                self.time += self.random.between(1, 8_000);
                Ok(())
            }
            72..76 => self.configure(),
            76..88 => self.operate(),
            88..93 if self.has_planted(Plant::ThrowsDeadLettersAway) => self.tidy_up(),
            88..93 => self.checkpoint(),
            93..95 if self.has_planted(Plant::RestartsUnasked) => self.restart_unasked(),
            93..95 => {
                self.offset += 1_000 * self.random.between(-300, 300);
                Ok(())
            }
            95..97 => self.take_over(),
            97..99 => self.wake_zombie(),
            _ => Ok(()),
        }
    }

    /// Notes an input that was taken in, or why it was not.
    pub(super) fn note(&mut self, said: Said, given: Result<Receipt, Error>) -> Result<Option<Error>, Stop> {
        match given {
            Ok(receipt) => {
                if let Some(lsn) = receipt.lsn() {
                    let now = self.now();
                    self.model.take(lsn, now, said);
                }
                Ok(None)
            }
            Err(error) => Ok(Some(error)),
        }
    }

    pub(super) fn events(&mut self) -> Result<(), Stop> {
        let mut events = Vec::new();
        for _ in 0..self.random.between(1, 4) {
            let number = self.sent.len() as u64;
            let (kind, value) = (self.random.below(KINDS.len()), self.random.between(20, 100));
            let event = setup::event(kind, number, self.time, value);
            self.sent.push(event.clone());
            match self.random.below(100) {
                0..10 => self.withheld.push(event),
                10..15 => events.extend([event, self.random.pick(&self.sent)]),
                _ => events.push(event),
            }
        }
        if self.random.percent(30) && !self.withheld.is_empty() {
            events.push(self.withheld.swap_remove(self.random.below(self.withheld.len())));
        }
        self.hand_in(events)
    }

    pub(super) fn hand_in(&mut self, events: Vec<Event<'static>>) -> Result<(), Stop> {
        if events.is_empty() {
            return Ok(());
        }
        let (now, is_full) = (self.now(), self.pipeline.is_full());
        let before = self.pipeline.flows().live();
        let given = self.pipeline.handle_events_keeping(now, &events, &[setup::cursor(&events)]);
        let fired = given.as_ref().map_or(0, |receipt| receipt.firings().len());
        if let Ok(receipt) = &given
            && !receipt.refused().is_empty()
        {
            return fault(format!("refused: {:?}", receipt.refused()));
        }
        if self.pipeline.flows().live() > before + fired || (before >= setup::RUNS && fired > 0) {
            return fault(format!("{} runs, and {fired} have fired", self.pipeline.flows().live()));
        }
        let refused = self.note(Said::Events(events.clone()), given)?;
        match refused {
            None if is_full => fault("events are taken in though it is full"),
            None => {
                self.count("events");
                Ok(())
            }
            Some(error) if error.kind() == ErrorKind::Full && is_full => {
                self.count("full");
                if !self.has_planted(Plant::TakesFullForTaken) {
                    self.withheld.extend(events);
                }
                Ok(())
            }
            Some(error) => fault(format!("events are refused: {error}")),
        }
    }

    /// The host's clock stands at the next thing that is due.
    fn wait_until_due(&mut self) -> Result<(), Stop> {
        let answer = self.in_flight.iter().filter_map(|flight| flight.answers_at).min();
        let timeout = self.pipeline.poll_timeout().map(|at| millis(at) - self.offset);
        if let Some(due) = [answer, timeout].into_iter().flatten().min() {
            // Not for the days after which an engine clears away what nobody asks for.
            self.time = self.time.max(due.min(self.time + 3_600_000));
        }
        Ok(())
    }

    fn answers(&mut self) -> Result<(), Stop> {
        while let Some(at) =
            self.in_flight.iter().position(|flight| flight.answers_at.is_some_and(|at| at <= self.time))
        {
            self.point()?;
            let flight = self.in_flight.swap_remove(at);
            let late = self.pipeline.dispatcher().counts().late();
            let mut result = flight.result;
            if self.has_planted(Plant::TakesALostReplyForSuccess)
                && result.as_ref().is_err_and(|error| error.is_outcome_unknown())
            {
                result = Ok(json!({"ok": true}));
            }
            if self.has_planted(Plant::ForgetsThePause) {
                result = result.map_err(|error| error.with_retry_after(std::time::Duration::ZERO));
            }
            let (now, is_delivered) = (self.now(), result.is_ok());
            if self.has_planted(Plant::ForgetsACompletion) && is_delivered && self.random.percent(10) {
                self.receivers.arrivals[flight.arrival].told = Some((Lsn::ZERO, now, true));
                continue;
            }
            let given = self.pipeline.complete(now, flight.lease, result);
            let lsn = given.as_ref().ok().and_then(Receipt::lsn);
            if let Some(refused) = self.note(Said::Other, given)? {
                return fault(format!("a completion is refused: {refused}"));
            }
            let is_live = self.pipeline.dispatcher().counts().late() == late;
            self.count(if is_live { "completions" } else { "late completions" });
            if is_live {
                self.receivers.arrivals[flight.arrival].told = lsn.map(|lsn| (lsn, now, is_delivered));
            }
            if self.random.percent(5) {
                self.tell_again(flight.lease)?;
            }
            if self.random.percent(50) {
                self.pump()?;
            }
        }
        Ok(())
    }

    /// A reply that comes twice changes nothing.
    fn tell_again(&mut self, lease: Lease) -> Result<(), Stop> {
        let (now, result) = (self.now(), self.random.pick(&[true, false]));
        let result = if result { Ok(json!({})) } else { Err(ActionError::transient("told twice")) };
        let late = self.pipeline.dispatcher().counts().late();
        let given = self.pipeline.complete(now, lease, result);
        if let Some(refused) = self.note(Said::Other, given)? {
            return fault(format!("a completion is refused: {refused}"));
        }
        if self.pipeline.dispatcher().counts().late() != late + 1 {
            return fault("a reply was taken for the end of an attempt twice");
        }
        self.count("replies told twice");
        Ok(())
    }

    fn tick(&mut self) -> Result<(), Stop> {
        for _ in 0..50 {
            let (now, is_full) = (self.now(), self.pipeline.is_full());
            let given = self.pipeline.handle_timeout(now);
            let has_moved = given.as_ref().is_ok_and(|receipt| receipt.lsn().is_some());
            if let Some(refused) = self.note(Said::Tick(!is_full), given)? {
                return fault(format!("the clock is refused: {refused}"));
            }
            if !has_moved {
                return Ok(());
            }
        }
        fault(format!("it is always due, now at {:?}", self.pipeline.poll_timeout()))
    }

    /// Faults stop: all that is on its way ends.
    fn drain(&mut self) -> Result<(), String> {
        self.is_calm = true;
        self.zombie = None;
        for _ in 0..3_000 {
            self.going_on(|world| {
                for target in ["note", "first", "line", "charge", "plain", "sorry"] {
                    let now = world.now();
                    let given = world.pipeline.enable_target(now, target);
                    world.note(Said::Other, given)?;
                }
                world.pump()?;
                if !world.pipeline.is_full() {
                    let some = world.withheld.len().min(4);
                    let events = world.withheld.drain(..some).collect();
                    world.hand_in(events)?;
                }
                world.wait_until_due()
            })?;
            let (flows, dispatcher) = (self.pipeline.flows(), self.pipeline.dispatcher());
            let is_soon = self
                .pipeline
                .poll_timeout()
                .is_some_and(|at| millis(at) < self.time + self.offset + 3_600_000);
            if flows.live() == 0 && dispatcher.is_idle() && self.withheld.is_empty() && !is_soon {
                if let Some(lost) = self.sent.iter().find(|event| !self.model.seen.contains(event.id())) {
                    return Err(format!("the event {} was never taken in", lost.id()));
                }
                return self.settled();
            }
        }
        let (flows, dispatcher) = (self.pipeline.flows(), self.pipeline.dispatcher());
        Err(format!("it does not drain: {} runs, {} deliveries", flows.live(), dispatcher.pending()))
    }
}

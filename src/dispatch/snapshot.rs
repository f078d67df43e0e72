//! The dispatcher's whole state as bytes, and back.
//!
//! Format, version 1: the words `tripline/dispatch`, the version as two bytes
//! (little end first), the state as JSON, and the SHA-256 of all before it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Dispatcher;
use super::circuit::Circuit;
use super::dead::Attempts;
use super::lane::{Job, JobState, Place};
use super::record::{DeadRecord, DeliveryRecord, OutcomeRecord};
use super::timers::Timed;
use crate::action::ThrottleSnapshot;
use crate::error::{Error, ErrorKind};
use crate::sealed::Sealed;
use crate::time::Nanos;

const VERSION: u16 = 1;
const SEALED: Sealed = Sealed::new("tripline/dispatch", VERSION..=VERSION);

#[derive(Serialize, Deserialize)]
struct State {
    clock: Nanos,
    next: [u64; 4],
    jobs: Vec<JobRecord>,
    lanes: Vec<LaneRecord>,
    /// In the order of their turns.
    runnable: Vec<u64>,
    gates: Vec<GateRecord>,
    throttles: BTreeMap<String, ThrottleSnapshot>,
    dead: Vec<DeadRecord>,
    outcomes: Vec<OutcomeRecord>,
    counts: BTreeMap<String, u64>,
}

#[derive(Serialize, Deserialize)]
struct JobRecord {
    number: u64,
    lane: u64,
    delivery: DeliveryRecord,
    attempts: Attempts,
    before: u32,
    first: Option<Nanos>,
    expires: Option<Nanos>,
    state: StateRecord,
}

#[derive(Serialize, Deserialize)]
enum StateRecord {
    Ready,
    Behind,
    Waiting(Nanos),
    InFlight { lease: u64, started: Nanos, deadline: Nanos },
}

#[derive(Serialize, Deserialize)]
struct LaneRecord {
    number: u64,
    name: String,
    circuit: Circuit,
    held: Option<Nanos>,
    disabled: Option<(Nanos, String)>,
    has_pass: bool,
    wake: Option<Nanos>,
}

#[derive(Serialize, Deserialize)]
struct GateRecord {
    number: u64,
    throttle: String,
    key: String,
    waiting: VecDeque<u64>,
    is_passing: bool,
    wake: Option<Nanos>,
}

impl Dispatcher {
    /// The whole state as bytes that [`restore`](Self::restore) reads: what is
    /// pending and under way, dead letters, unpolled outcomes, circuits,
    /// throttles and counts. Inputs and outputs are in it, so it is to be kept as they are.
    ///
    /// ```
    /// use tripline::dispatch::Dispatcher;
    /// assert!(Dispatcher::new().snapshot().starts_with(b"tripline/dispatch"));
    /// ```
    pub fn snapshot(&self) -> Vec<u8> {
        SEALED.seal(VERSION, |mut bytes| {
            // Every key in it is a text and every number finite, so it is always written.
            let _ = serde_json::to_writer(&mut bytes, &self.state());
            bytes
        })
    }

    /// Takes the state of a snapshot in place of its own. Limits, policies, the
    /// seed and the throttles' rates are its own still. Attempts that were under
    /// way keep their leases: a host that still makes them may tell their end,
    /// and for one that is gone [`handle_restart`](Self::handle_restart) tells that nobody does.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Snapshot`] where the bytes are cut, damaged, or of another
    /// kind or version; the dispatcher is then as it was.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/work.rs")]
    /// let mut after = Dispatcher::new();
    /// after.restore(&dispatcher.snapshot())?;
    /// assert_eq!((after.pending(), after.in_flight()), (1, 1));
    /// let _ = after.complete(now, work.lease(), Ok(json!({})))?;
    /// assert!(after.is_idle());
    ///
    /// assert_eq!(after.restore(b"tripline").unwrap_err().to_string(), "the snapshot is cut short: it has 8 bytes");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let state = serde_json::from_slice(SEALED.open(bytes)?)
            .map_err(|error| fail("the snapshot's state does not read").caused_by(error))?;
        let config = (*self.config).clone();
        let mut new = Self::of(config, self.throttles.clone());
        new.take_state(state).map_err(|why| fail(&format!("the snapshot's state is not one: {why}")))?;
        *self = new;
        Ok(())
    }

    fn state(&self) -> State {
        let is_kept = |letter: &Arc<_>| {
            let letter: &Arc<super::DeadLetter> = letter;
            self.dead.get(letter.delivery.id.as_str()).is_some_and(|kept| Arc::ptr_eq(kept, letter))
        };
        State {
            clock: self.clock,
            next: [self.next_job, self.next_lane, self.next_lease, self.next_gate],
            jobs: self.jobs.iter().map(|(number, job)| job_record(number, job)).collect(),
            lanes: self
                .lanes
                .iter()
                .map(|(number, lane)| LaneRecord {
                    number,
                    name: lane.name.to_string(),
                    circuit: lane.circuit,
                    held: lane.held,
                    disabled: lane.disabled.clone(),
                    has_pass: lane.place == Place::Queued { has_pass: true },
                    wake: lane.wake,
                })
                .collect(),
            runnable: self.runnable.iter().copied().collect(),
            gates: self
                .gates
                .iter()
                .map(|(number, gate)| GateRecord {
                    number: *number,
                    throttle: gate.throttle.to_string(),
                    key: gate.key.to_string(),
                    waiting: gate.waiting.clone(),
                    is_passing: gate.is_passing,
                    wake: gate.wake,
                })
                .collect(),
            throttles: self
                .throttles
                .iter()
                .map(|(name, throttle)| (name.to_string(), throttle.snapshot()))
                .collect(),
            dead: self.dead.iter().map(|letter| DeadRecord::of(letter)).collect(),
            outcomes: self.outcomes.iter().map(|outcome| OutcomeRecord::of(outcome, is_kept)).collect(),
            counts: self.counts.iter().map(|(name, count)| (name.to_owned(), count)).collect(),
        }
    }

    fn take_state(&mut self, state: State) -> Result<(), String> {
        self.clock = state.clock;
        [self.next_job, self.next_lane, self.next_lease, self.next_gate] = state.next;
        for (name, throttle) in state.throttles {
            // One that is no longer there, or keeps fewer keys now, begins anew.
            if let Some(own) = self.throttles.get_mut(&*name) {
                let _ = own.restore(throttle);
            }
        }
        for (name, count) in &state.counts {
            self.counts.set(name, *count);
        }
        self.number_gates(&state.gates)?;
        let passes = self.take_lanes(state.lanes)?;
        for record in state.jobs {
            self.take_job(record)?;
        }
        for letter in state.dead {
            let _ = self.dead.push(letter.read()?, &self.config.limits);
        }
        for outcome in state.outcomes {
            let outcome = outcome.read(|id| self.dead.get(id).cloned())?;
            self.outcomes.push_back(outcome);
        }
        self.take_gates(state.gates);
        for number in state.runnable {
            let Some(lane) = self.lanes.get_mut(number) else {
                return Err(format!("there is no lane {number}"));
            };
            if lane.place == Place::Idle {
                let gate = lane.gate.and_then(|gate| self.gates.get(&gate));
                let has_pass = passes.contains(&number) && gate.is_some_and(|gate| gate.is_passing);
                lane.place = Place::Queued { has_pass };
                self.runnable.push_back(number);
            }
        }
        let lanes: Vec<u64> = self.lanes.iter().map(|(number, _)| number).collect();
        for number in lanes {
            // What another policy lets through now.
            self.enqueue(number);
            self.note_standing(number);
        }
        self.settle();
        Ok(())
    }

    /// Gates keep their numbers, which say who is first at equal instants.
    fn number_gates(&mut self, records: &[GateRecord]) -> Result<(), String> {
        for record in records {
            let name: (Arc<str>, Arc<str>) = (record.throttle.as_str().into(), record.key.as_str().into());
            if record.number >= self.next_gate || self.gate_names.insert(name, record.number).is_some() {
                return Err(format!("the gate {} cannot be", record.number));
            }
        }
        Ok(())
    }

    /// Gives back which lanes had the pass of their gate.
    fn take_lanes(&mut self, records: Vec<LaneRecord>) -> Result<Vec<u64>, String> {
        let mut passes = Vec::new();
        for record in records {
            let number = record.number;
            if number >= self.next_lane
                || self.lanes.contains(number)
                || self.lane_names.contains_key(&*record.name)
            {
                return Err(format!("the lane {number} cannot be"));
            }
            self.add_target(number, record.name.into());
            if let Some(lane) = self.lanes.get_mut(number) {
                lane.circuit = record.circuit;
                lane.held = record.held;
                lane.disabled = record.disabled;
                lane.wake = record.wake;
            }
            if record.has_pass {
                passes.push(number);
            }
            if let Some(at) = record.wake {
                self.schedule(at, Timed::Lane(number));
            }
        }
        Ok(passes)
    }

    fn take_job(&mut self, record: JobRecord) -> Result<(), String> {
        let number = record.number;
        let delivery = record.delivery.read()?;
        let fault = |what: &str| Err(format!("the delivery {:?} {what}", delivery.id.as_str()));
        let (taken, hash) = self.find(delivery.id.as_str());
        if number >= self.next_job || self.jobs.contains(number) || taken.is_some() {
            return fault("is there twice");
        }
        let Some(lane) = self.lanes.get_mut(record.lane).filter(|lane| lane.name == delivery.target) else {
            return fault("is of no lane");
        };
        let is_behind = lane.join(number, delivery.order_key.as_ref());
        let state = match record.state {
            StateRecord::Behind if is_behind => JobState::Behind,
            _ if is_behind => return fault("is out of order"),
            StateRecord::Ready | StateRecord::Behind => {
                lane.ready.insert(number);
                JobState::Ready
            }
            StateRecord::Waiting(until) => JobState::Waiting { until },
            StateRecord::InFlight { lease, started, deadline } => {
                if lease >= self.next_lease || self.leases.contains(lease) {
                    return fault("has a lease that cannot be");
                }
                self.leases.insert(lease, number);
                lane.in_flight += 1;
                JobState::InFlight { lease, started, deadline }
            }
        };
        self.bytes += delivery.bytes();
        self.ids.insert(hash, number);
        let job = Job {
            delivery,
            hash,
            lane: record.lane,
            attempts: record.attempts,
            before: record.before,
            first: record.first,
            expires: record.expires,
            state,
        };
        self.jobs.insert(number, job);
        match state {
            JobState::Waiting { until } => self.schedule(until, Timed::Retry(number)),
            JobState::InFlight { lease, deadline, .. } => self.schedule(deadline, Timed::Lease(lease)),
            _ => {}
        }
        if let Some(at) = record.expires {
            self.schedule(at, Timed::Expiry(number));
        }
        Ok(())
    }

    /// Lanes wait where they waited, as far as their policy still leads them there.
    fn take_gates(&mut self, records: Vec<GateRecord>) {
        for record in records {
            let name: (Arc<str>, Arc<str>) = (record.throttle.into(), record.key.into());
            let number = record.number;
            if !self.gates.contains_key(&number) {
                self.gate_names.remove(&name);
                continue;
            }
            for lane_number in record.waiting {
                if let Some(lane) = self.lanes.get_mut(lane_number)
                    && lane.gate == Some(number)
                    && lane.place == Place::Idle
                    && let Some(gate) = self.gates.get_mut(&number)
                {
                    lane.place = Place::AtGate;
                    gate.waiting.push_back(lane_number);
                }
            }
            if let Some(gate) = self.gates.get_mut(&number) {
                gate.is_passing = record.is_passing;
                gate.wake = record.wake;
            }
            if let Some(at) = record.wake {
                self.schedule(at, Timed::Gate(number));
            }
        }
    }
}

fn job_record(number: u64, job: &Job) -> JobRecord {
    JobRecord {
        number,
        lane: job.lane,
        delivery: DeliveryRecord::of(&job.delivery),
        attempts: job.attempts.clone(),
        before: job.before,
        first: job.first,
        expires: job.expires,
        state: match job.state {
            JobState::Ready => StateRecord::Ready,
            JobState::Behind => StateRecord::Behind,
            JobState::Waiting { until } => StateRecord::Waiting(until),
            JobState::InFlight { lease, started, deadline } => {
                StateRecord::InFlight { lease, started, deadline }
            }
        },
    }
}

/// What stands between the header and the checksum.
fn fail(message: &str) -> Error {
    Error::new(ErrorKind::Snapshot, message)
}

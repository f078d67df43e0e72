//! Whose turn it is.

use chrono::TimeDelta;

use super::Dispatcher;
use super::lane::{Block, JobState, Place};
use super::timers::Timed;
use super::work::{Lease, Work};
use crate::action::{ActionContext, Slot};
use crate::time::{Nanos, datetime, instant, nanos_of};

/// The latest instant that a deadline can have.
const END_OF_TIME: Nanos = Nanos::MAX - 2;

/// After how long a throttle is asked again that has no room for a key.
const NO_ROOM: TimeDelta = TimeDelta::seconds(1);

impl Dispatcher {
    /// The next attempt that is to be made now, at the time of the last input.
    /// Poll it until it gives `None`; a host that has enough to do stops
    /// earlier and polls again later, after [`handle_timeout`](Self::handle_timeout).
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/work.rs")]
    /// assert_eq!(work.attempt(), 1);
    /// assert!(dispatcher.poll_work().is_none(), "it is under way");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn poll_work(&mut self) -> Option<Work> {
        while !self.has_too_many_outcomes() {
            let number = self.runnable.pop_front()?;
            let work = self.try_lane(number);
            self.enqueue(number);
            self.note_standing(number);
            self.settle();
            if work.is_some() {
                return work;
            }
        }
        None
    }

    fn try_lane(&mut self, number: u64) -> Option<Work> {
        let lane = self.lanes.get_mut(number)?;
        let has_pass = lane.place == Place::Queued { has_pass: true };
        let gate = lane.gate.filter(|_| has_pass);
        lane.place = Place::Idle;
        let work = match lane.block(self.clock) {
            Some(Block::Until(at)) => {
                if lane.wake != Some(at) {
                    lane.wake = Some(at);
                    self.schedule(at, Timed::Lane(number));
                }
                None
            }
            Some(Block::Other) => None,
            None if self.may_pass(number, has_pass) => self.start(number),
            None => None,
        };
        // The pass goes to the next, unless the gate is closed for all.
        if let Some(gate) = gate {
            self.pass_on(gate);
        }
        work
    }

    /// Asks the lane's throttle; where it says no, the lane waits at its gate.
    fn may_pass(&mut self, number: u64, has_pass: bool) -> bool {
        let Some(lane) = self.lanes.get_mut(number) else { return false };
        let Some((at_gate, gate)) = lane.gate.and_then(|gate| Some((gate, self.gates.get_mut(&gate)?)))
        else {
            return true;
        };
        if !has_pass && (gate.is_passing || !gate.waiting.is_empty()) {
            gate.waiting.push_back(number);
            lane.place = Place::AtGate;
            return false;
        }
        let now = datetime(self.clock);
        let Some(throttle) = self.throttles.get_mut(&gate.throttle) else { return true };
        let later = match throttle.take(now, &gate.key) {
            Ok(Slot::Granted) => return true,
            Ok(Slot::NotBefore(at)) => at,
            // Too many other keys count just now; some will not any more in a while.
            _ => now + NO_ROOM,
        };
        let at = instant(later).unwrap_or(END_OF_TIME);
        gate.waiting.push_front(number);
        gate.wake = Some(at);
        lane.place = Place::AtGate;
        self.schedule(at, Timed::Gate(at_gate));
        false
    }

    /// Gives the pass of a gate to the lane that has waited longest, unless the gate is closed until later.
    pub(super) fn pass_on(&mut self, number: u64) {
        let Some(gate) = self.gates.get_mut(&number) else { return };
        gate.is_passing = false;
        if gate.wake.is_some() {
            return;
        }
        if let Some(first) = gate.waiting.pop_front()
            && let Some(lane) = self.lanes.get_mut(first)
        {
            gate.is_passing = true;
            lane.place = Place::Queued { has_pass: true };
            self.runnable.push_front(first);
        }
    }

    fn start(&mut self, number: u64) -> Option<Work> {
        let lane = self.lanes.get_mut(number)?;
        let job_number = lane.ready.pop_first()?;
        let job = self.jobs.get_mut(job_number)?;
        let lease = self.next_lease;
        self.next_lease += 1;
        let timeout = job.delivery.timeout.unwrap_or(lane.policy.timeout);
        let deadline = self.clock.saturating_add(nanos_of(timeout)).min(END_OF_TIME);
        lane.in_flight += 1;
        lane.circuit.begin(lease);
        job.first.get_or_insert(self.clock);
        job.state = JobState::InFlight { lease, started: self.clock, deadline };
        let context = ActionContext::of_attempt(
            datetime(self.clock),
            job.delivery.id.shared(),
            job.attempts.count().saturating_add(1),
            datetime(deadline),
            job.delivery.firing.clone(),
        );
        let work = Work { lease: Lease(lease), delivery: job.delivery.clone(), context };
        self.leases.insert(lease, job_number);
        self.counts.attempts += 1;
        self.schedule(deadline, Timed::Lease(lease));
        Some(work)
    }

    /// Puts a lane that may have something to hand out among those that are tried.
    // One copy of it for all that ask: the way of a delivery is longer than what a processor keeps of code.
    #[inline(never)]
    pub(super) fn enqueue(&mut self, number: u64) {
        if let Some(lane) = self.lanes.get_mut(number)
            && lane.place == Place::Idle
            && match lane.block(self.clock) {
                None => true,
                // It is tried once, which sets its alarm.
                Some(Block::Until(at)) => lane.wake != Some(at),
                Some(Block::Other) => false,
            }
        {
            lane.place = Place::Queued { has_pass: false };
            self.runnable.push_back(number);
        }
    }

    /// Nothing is in the way of a delivery but its lane.
    pub(super) fn make_ready(&mut self, number: u64) {
        let Some(job) = self.jobs.get_mut(number) else { return };
        job.state = JobState::Ready;
        let lane_number = job.lane;
        if let Some(lane) = self.lanes.get_mut(lane_number) {
            lane.ready.insert(number);
        }
        // Of a lane with a delivery in it, this changes neither whether it is idle nor whether it is full.
        self.enqueue(lane_number);
    }
}

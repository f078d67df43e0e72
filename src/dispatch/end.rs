//! What follows from the end of an attempt.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::Dispatcher;
use super::dead::{Attempt, DeadLetter, DeadReason};
use super::lane::{Job, JobState};
use super::outcome::{Completion, Outcome};
use super::timers::Timed;
use super::work::Lease;
use crate::action::{ActionError, ErrorClass, Jitter};
use crate::error::Error;
use crate::time::{Nanos, datetime, instant};

impl Dispatcher {
    /// Tells how an attempt ended. It is never refused for want of room. At the
    /// very deadline it is in time; later it changes nothing, and is counted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) where the time is outside the years 1677 to 2262.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/work.rs")]
    /// # use tripline::dispatch::Completion;
    /// let completion = dispatcher.complete(work.deadline(), work.lease(), Ok(json!({"note": 17})))?;
    /// assert_eq!(completion, Completion::Delivered);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn complete(
        &mut self,
        now: DateTime<Utc>,
        lease: Lease,
        result: Result<Value, ActionError>,
    ) -> Result<Completion, Error> {
        let now = instant(now)?;
        // What was due before happens before; what is due at this very instant, after.
        self.advance(now.saturating_sub(1));
        self.clock = self.clock.max(now);
        let completion = match self.leases.get(lease.0).copied() {
            Some(number) => self.conclude(number, lease.0, result),
            None => {
                self.counts.late += 1;
                Completion::Late
            }
        };
        self.advance(now);
        self.settle();
        Ok(completion)
    }

    fn conclude(&mut self, number: u64, lease: u64, result: Result<Value, ActionError>) -> Completion {
        let Some(job) = self.jobs.get(number) else { return Completion::Late };
        let (lane, attempt) = (job.lane, job.attempts.count().saturating_add(1));
        match result {
            Ok(output) => {
                if let Some(lane) = self.lanes.get_mut(lane) {
                    lane.circuit.answered();
                }
                self.release(number);
                let Some(job) = self.end(number) else { return Completion::Late };
                self.counts.delivered += 1;
                self.outcomes.push_back(Outcome::Delivered {
                    id: job.delivery.id.clone(),
                    target: job.delivery.target.clone(),
                    attempt,
                    at: datetime(self.clock),
                    output,
                });
                Completion::Delivered
            }
            Err(error) => self.fail(number, lease, error),
        }
    }

    /// Nothing was told of an attempt by its deadline.
    pub(super) fn lose(&mut self, lease: u64) {
        let Some(number) = self.leases.get(lease).copied() else { return };
        self.counts.lost += 1;
        let error = ActionError::transient("nothing was told of the attempt by its deadline");
        let _ = self.fail(number, lease, error.with_outcome_unknown(true));
    }

    fn fail(&mut self, number: u64, lease: u64, error: ActionError) -> Completion {
        self.note_health(number, lease, &error);
        let started = match self.state_of(number) {
            Some(JobState::InFlight { started, .. }) => started,
            _ => self.clock,
        };
        self.release(number);
        let Some(job) = self.jobs.get_mut(number) else { return Completion::Late };
        let attempt = Attempt {
            number: job.attempts.count().saturating_add(1),
            started,
            ended: self.clock,
            error: error.clone(),
        };
        job.attempts.push(attempt);
        match self.next_attempt(number, &error) {
            Ok(until) => {
                self.counts.retries += 1;
                self.wait(number, until);
                Completion::Retry(datetime(until))
            }
            Err(reason) => {
                let target = self.jobs.get(number).map(|job| job.lane);
                self.give_up(number, reason);
                if let Some(lane) = target.filter(|_| error.is_gone()) {
                    self.disable(lane, error.reason());
                }
                Completion::Dead
            }
        }
    }

    /// What an error says about the target, rather than about the delivery.
    fn note_health(&mut self, number: u64, lease: u64, error: &ActionError) {
        let lane = self.jobs.get(number).and_then(|job| self.lanes.get_mut(job.lane));
        let (Some(lane), clock) = (lane, self.clock) else { return };
        if error.class() == ErrorClass::Transient {
            let has_opened = lane.circuit.failed(clock, lease, &lane.policy);
            self.counts.circuits_opened += u64::from(has_opened);
            return;
        }
        lane.circuit.answered();
        if !error.is_throttled() {
            return;
        }
        self.counts.throttled += 1;
        // The whole target asks for a pause, and so does whoever shares its throttle.
        let cap = self.jobs.get(number).map(|job| job.delivery.retry.max_retry_after());
        let Some(pause) = error.retry_after().map(|pause| pause.min(cap.unwrap_or(pause))) else { return };
        let until =
            TimeDelta::from_std(pause).ok().and_then(|pause| datetime(clock).checked_add_signed(pause));
        let Some((until, nanos)) = until.and_then(|until| Some((until, instant(until).ok()?))) else {
            return;
        };
        lane.held = lane.held.max(Some(nanos));
        if let Some(gate) = lane.gate.and_then(|gate| self.gates.get(&gate))
            && let Some(throttle) = self.throttles.get_mut(&gate.throttle)
        {
            // Without room for the key the lane itself is held back all the same.
            let _ = throttle.hold_back(datetime(clock), &gate.key, until);
        }
    }

    /// When a failed delivery is tried again, or why it is not.
    pub(super) fn next_attempt(&self, number: u64, error: &ActionError) -> Result<Nanos, DeadReason> {
        let job = self.jobs.get(number).ok_or(DeadReason::Refused)?;
        if !error.is_retryable() {
            return Err(DeadReason::Refused);
        }
        if self.lanes.get(job.lane).is_some_and(|lane| lane.disabled.is_some()) {
            return Err(DeadReason::TargetDisabled);
        }
        let delivery = &*job.delivery;
        if !error.may_retry(delivery.effect.unwrap_or_default()) && !delivery.retry_unsafe {
            return Err(DeadReason::OutcomeUnknown);
        }
        let next = delivery.retry.next_attempt(
            datetime(self.clock),
            datetime(job.first.unwrap_or(self.clock)),
            job.attempts.count().saturating_sub(job.before),
            error.retry_after(),
            &Jitter::new(self.config.seed, delivery.id.as_str()),
        );
        let next = next.and_then(|at| instant(at).ok()).ok_or(DeadReason::OutOfAttempts)?;
        if job.expires.is_some_and(|expires| expires <= next) {
            return Err(DeadReason::Expired);
        }
        Ok(next)
    }

    pub(super) fn wait(&mut self, number: u64, until: Nanos) {
        let Some(job) = self.jobs.get_mut(number) else { return };
        job.state = JobState::Waiting { until };
        let expires = job.expires;
        self.schedule(until, Timed::Retry(number));
        if let Some(at) = expires {
            // Its entry may have been cleared away while the attempt was under way.
            self.schedule(at, Timed::Expiry(number));
        }
    }

    /// Ends the lease of a delivery and frees its place; whether it had one.
    pub(super) fn release(&mut self, number: u64) -> bool {
        let Some(job) = self.jobs.get_mut(number) else { return false };
        let JobState::InFlight { lease, .. } = job.state else { return false };
        job.state = JobState::Behind;
        let lane_number = job.lane;
        self.leases.remove(lease);
        if let Some(lane) = self.lanes.get_mut(lane_number) {
            lane.in_flight -= 1;
            lane.circuit.called_off(lease);
        }
        self.enqueue(lane_number);
        true
    }

    /// Takes a delivery out of all tables.
    pub(super) fn end(&mut self, number: u64) -> Option<Job> {
        let job = self.jobs.remove(number)?;
        self.ids.remove(job.hash, number);
        self.bytes -= job.delivery.bytes();
        let lane = self.lanes.get_mut(job.lane);
        let next = lane.and_then(|lane| lane.leave(number, job.delivery.order_key.as_ref()));
        if let Some(next) = next.filter(|next| self.state_of(*next) == Some(JobState::Behind)) {
            self.make_ready(next);
        }
        self.note_standing(job.lane);
        Some(job)
    }

    pub(super) fn give_up(&mut self, number: u64, reason: DeadReason) {
        let Some(job) = self.end(number) else { return };
        let letter = DeadLetter { delivery: job.delivery, attempts: job.attempts, reason, at: self.clock };
        let letter = Arc::new(letter);
        self.counts.dead += 1;
        self.counts.dead_dropped += self.dead.push(letter.clone(), &self.config.limits);
        self.outcomes.push_back(Outcome::Dead(letter));
    }

    /// Switches a target off, and gives up what waits for it. What is under way may end.
    fn disable(&mut self, number: u64, reason: String) {
        let Some(lane) = self.lanes.get_mut(number) else { return };
        if lane.disabled.is_some() {
            return;
        }
        lane.disabled = Some((self.clock, reason.clone()));
        let (target, jobs) = (lane.name.clone(), lane.jobs.clone());
        self.counts.targets_disabled += 1;
        self.outcomes.push_back(Outcome::TargetDisabled { target, at: datetime(self.clock), reason });
        for job in jobs {
            if !matches!(self.state_of(job), Some(JobState::InFlight { .. })) {
                self.give_up(job, DeadReason::TargetDisabled);
            }
        }
        self.note_standing(number);
    }
}

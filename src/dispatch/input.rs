//! What a host hands in, attempts' ends apart.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::dead::{Attempts, DeadReason};
use super::delivery::Delivery;
use super::lane::{Job, JobState, Lane};
use super::outcome::{Admission, Outcome};
use super::timers::Timed;
use super::{Dispatcher, Gate};
use crate::error::{Error, ErrorKind};
use crate::time::{Nanos, datetime, instant};

impl Dispatcher {
    /// Takes a delivery in.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] with every fault, [`ErrorKind::Limit`] where the
    /// input is too large, there are too many targets, or the time is outside the years 1677 to
    /// 2262, and [`ErrorKind::Full`] where too much is pending or too many
    /// outcomes wait: hand it in again later.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/work.rs")]
    /// assert_eq!(work.id().as_str(), "d-17");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_delivery(&mut self, now: DateTime<Utc>, delivery: Delivery) -> Result<Admission, Error> {
        let (now, lane) =
            self.check(now, std::slice::from_ref(&delivery)).inspect_err(|_| self.counts.refused += 1)?;
        self.advance(now);
        let admission = self.admit(delivery, lane);
        self.settle();
        Ok(admission)
    }

    /// Takes several in as one input: all or, on an error, none. They stand in
    /// the order given, and are admitted as such in the answer.
    ///
    /// # Errors
    ///
    /// As [`handle_delivery`](Self::handle_delivery).
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::dispatch::{Admission, Delivery, DeliveryId, Dispatcher, Limits};
    ///
    /// let delivery = |id| Ok::<_, tripline::Error>(Delivery::new(DeliveryId::new(id)?, "board", "postNote", ()));
    /// let mut dispatcher = Dispatcher::builder().with_limits(Limits::default().with_deliveries(1)).build()?;
    /// let both = [delivery("d-1")?, delivery("d-2")?];
    /// assert_eq!(dispatcher.handle_deliveries(DateTime::UNIX_EPOCH, both)?, [Admission::Queued; 2]);
    /// assert!(dispatcher.handle_delivery(DateTime::UNIX_EPOCH, delivery("d-3")?).unwrap_err().is_full());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn handle_deliveries(
        &mut self,
        now: DateTime<Utc>,
        deliveries: impl IntoIterator<Item = Delivery>,
    ) -> Result<Vec<Admission>, Error> {
        let deliveries: Vec<Delivery> = deliveries.into_iter().collect();
        let now = match self.check(now, &deliveries) {
            Ok((now, _)) => now,
            Err(error) => {
                self.counts.refused += deliveries.len() as u64;
                return Err(error);
            }
        };
        self.advance(now);
        let admissions = deliveries.into_iter().map(|delivery| self.admit(delivery, None)).collect();
        self.settle();
        Ok(admissions)
    }

    /// Refuses what cannot be taken in; else the time, and the lane of the last one, if there is one already.
    fn check(&self, now: DateTime<Utc>, deliveries: &[Delivery]) -> Result<(Nanos, Option<u64>), Error> {
        let now = instant(now)?;
        for delivery in deliveries {
            delivery.check(self.config.limits.input_bytes())?;
        }
        self.refuse_where_full()?;
        let (mut number, mut new) = (None, 0);
        for delivery in deliveries {
            number = self.lane_names.get(&delivery.target).copied();
            match number.and_then(|number| self.lanes.get(number)) {
                Some(lane) if lane.is_full() => return Err(full(lane)),
                Some(_) => {}
                // Counted as if all were different, which errs on the side of the bound.
                None => new += 1,
            }
        }
        let most = self.config.limits.targets();
        if new > 0 && self.lanes.len() - self.idle_lanes.len() + new > most {
            let message =
                format!("{most} targets are waited for or switched off, which is the limit of targets");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        Ok((now, number))
    }

    fn admit(&mut self, delivery: Delivery, lane: Option<u64>) -> Admission {
        let (number, hash) = self.find(delivery.id.as_str());
        if number.is_some() || self.dead.get(delivery.id.as_str()).is_some() {
            self.counts.duplicates += 1;
            return Admission::Duplicate;
        }
        self.counts.accepted += 1;
        let expires = delivery.expires_at.and_then(|at| instant(at).ok());
        let lane = lane.unwrap_or_else(|| self.lane_for(&delivery.target));
        let number = self.queue(Arc::new(delivery), hash, lane, Attempts::default(), expires);
        let is_disabled = self.lanes.get(lane).is_some_and(|lane| lane.disabled.is_some());
        if is_disabled {
            self.give_up(number, DeadReason::TargetDisabled);
        } else if expires.is_some_and(|at| at <= self.clock) {
            self.give_up(number, DeadReason::Expired);
        } else {
            return Admission::Queued;
        }
        Admission::Dead
    }

    /// Puts a delivery at the end of its lane.
    fn queue(
        &mut self,
        delivery: Arc<Delivery>,
        hash: u64,
        lane_number: u64,
        attempts: Attempts,
        expires: Option<Nanos>,
    ) -> u64 {
        let number = self.next_job;
        self.next_job += 1;
        self.bytes += delivery.bytes();
        self.ids.insert(hash, number);
        let is_behind = self
            .lanes
            .get_mut(lane_number)
            .is_some_and(|lane| lane.join(number, delivery.order_key.as_ref()));
        let before = attempts.count();
        let job = Job {
            delivery,
            hash,
            lane: lane_number,
            attempts,
            before,
            first: None,
            expires,
            state: JobState::Behind,
        };
        self.jobs.insert(number, job);
        if let Some(at) = expires {
            self.schedule(at, Timed::Expiry(number));
        }
        if !is_behind {
            self.make_ready(number);
        }
        self.note_standing(lane_number);
        number
    }

    /// The lane of a target, a new one if need be; an idle one makes room for it.
    pub(super) fn lane_for(&mut self, target: &Arc<str>) -> u64 {
        if let Some(number) = self.lane_names.get(target) {
            return *number;
        }
        while self.lanes.len() >= self.config.limits.targets()
            && let Some(oldest) = self.idle_lanes.pop_first()
        {
            self.forget_lane(oldest);
            self.counts.targets_forgotten += 1;
        }
        let number = self.next_lane;
        self.next_lane += 1;
        self.add_target(number, target.clone());
        number
    }

    pub(super) fn add_target(&mut self, number: u64, target: Arc<str>) {
        let policies = &self.config.policies;
        let fitting = policies.iter().filter(|(beginning, _)| target.starts_with(&***beginning));
        let policy = fitting.max_by_key(|(beginning, _)| beginning.len()).map(|(_, policy)| policy);
        let policy = policy.unwrap_or(&self.config.policy).clone();
        let gate = policy.throttle.clone().map(|throttle| {
            let key = policy.throttle_key.clone().unwrap_or_else(|| target.clone());
            let name = (throttle, key);
            let number = *self.gate_names.entry(name.clone()).or_insert(self.next_gate);
            self.next_gate = self.next_gate.max(number + 1);
            let gate = self.gates.entry(number).or_insert_with(|| {
                let (throttle, key) = name;
                Gate { throttle, key, lanes: 0, waiting: VecDeque::new(), is_passing: false, wake: None }
            });
            gate.lanes += 1;
            number
        });
        self.lane_names.insert(target.clone(), number);
        self.lanes.insert(number, Lane::new(target, policy, gate));
    }

    fn forget_lane(&mut self, number: u64) {
        let Some(lane) = self.lanes.remove(number) else { return };
        self.lane_names.remove(&lane.name);
        if let Some(number) = lane.gate
            && let Some(gate) = self.gates.get_mut(&number)
        {
            gate.lanes -= 1;
            if gate.lanes == 0
                && let Some(gate) = self.gates.remove(&number)
            {
                self.gate_names.remove(&(gate.throttle, gate.key));
            }
        }
    }

    /// Calls a pending delivery off; whether there was one of this id. An attempt
    /// that is under way loses its lease: the host gives it up, and whether
    /// it was carried out is not known.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Full`] where too many outcomes wait, [`ErrorKind::Limit`]
    /// where the time is outside the years 1677 to 2262.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/work.rs")]
    /// assert!(dispatcher.cancel(now, "d-17")?);
    /// assert!(!dispatcher.is_live(work.lease()));
    /// assert!(!dispatcher.cancel(now, "d-17")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&mut self, now: DateTime<Utc>, id: &str) -> Result<bool, Error> {
        let now = instant(now)?;
        self.refuse_where_outcomes_wait()?;
        self.advance(now);
        let (number, _) = self.find(id);
        if let Some(number) = number {
            self.call_off(number);
        }
        self.settle();
        Ok(number.is_some())
    }

    fn call_off(&mut self, number: u64) {
        let is_under_way = self.release(number);
        let Some(job) = self.end(number) else { return };
        let was_unknown = job.attempts.kept.iter().any(|attempt| attempt.error.is_outcome_unknown());
        self.counts.cancelled += 1;
        self.outcomes.push_back(Outcome::Cancelled {
            id: job.delivery.id.clone(),
            target: job.delivery.target.clone(),
            at: datetime(self.clock),
            is_outcome_unknown: is_under_way || was_unknown,
        });
    }

    /// Sends a dead letter again, under the same key: it goes to the end of its
    /// lane, its retry policy begins anew, its attempts are counted on, and it
    /// does not expire any more.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownDelivery`] where there is no such dead letter,
    /// [`ErrorKind::TargetDisabled`] where its target is switched off,
    /// [`ErrorKind::Full`] and [`ErrorKind::Limit`] as with a new delivery. It stays a dead letter then.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// dispatcher.redrive(now, "d-17")?;
    /// let work = dispatcher.poll_work().unwrap();
    /// assert_eq!((work.attempt(), work.context().idempotency_key()), (2, "d-17"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn redrive(&mut self, now: DateTime<Utc>, id: &str) -> Result<(), Error> {
        let Some(letter) = self.dead.get(id).cloned() else { return Err(unknown(id)) };
        if self.is_disabled(letter.delivery.target()) {
            let message = format!("the target {:?} is switched off", letter.delivery.target());
            return Err(Error::new(ErrorKind::TargetDisabled, message));
        }
        let (now, lane) = self.check(now, std::slice::from_ref(&*letter.delivery))?;
        self.advance(now);
        self.dead.remove(id);
        self.counts.redriven += 1;
        let lane = lane.unwrap_or_else(|| self.lane_for(&letter.delivery.target));
        let hash = self.ids.hash(id);
        self.queue(letter.delivery.clone(), hash, lane, letter.attempts.clone(), None);
        self.settle();
        Ok(())
    }

    /// Lets a dead letter go for good; whether there was one of this id.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// assert!(dispatcher.discard("d-17"));
    /// assert_eq!(dispatcher.counts().dead_discarded(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn discard(&mut self, id: &str) -> bool {
        let was_there = self.dead.remove(id).is_some();
        self.counts.dead_discarded += u64::from(was_there);
        was_there
    }

    /// Switches a target on again; whether it was off. Its dead letters stay
    /// what they are until they are [sent again](Self::redrive).
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::action::ActionError;
    /// use tripline::dispatch::{Admission, Delivery, DeliveryId, Dispatcher};
    ///
    /// let (mut dispatcher, now) = (Dispatcher::new(), DateTime::UNIX_EPOCH);
    /// let delivery = |id| Ok::<_, tripline::Error>(Delivery::new(DeliveryId::new(id)?, "hook/7", "post", ()));
    /// let _ = dispatcher.handle_delivery(now, delivery("d-1")?)?;
    /// let lease = dispatcher.poll_work().unwrap().lease();
    /// let _ = dispatcher.complete(now, lease, Err(ActionError::gone("no longer here")))?;
    /// assert!(dispatcher.is_disabled("hook/7"));
    /// assert_eq!(dispatcher.handle_delivery(now, delivery("d-2")?)?, Admission::Dead);
    ///
    /// assert!(dispatcher.enable("hook/7"));
    /// dispatcher.redrive(now, "d-2")?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn enable(&mut self, target: &str) -> bool {
        let Some(number) = self.lane_names.get(target).copied() else { return false };
        let was_off = self.lanes.get_mut(number).is_some_and(|lane| lane.disabled.take().is_some());
        self.note_standing(number);
        was_off
    }

    pub(super) fn refuse_where_outcomes_wait(&self) -> Result<(), Error> {
        if self.has_too_many_outcomes() {
            let message = format!("{} outcomes wait to be polled", self.outcomes.len());
            return Err(Error::new(ErrorKind::Full, message));
        }
        Ok(())
    }

    fn refuse_where_full(&self) -> Result<(), Error> {
        self.refuse_where_outcomes_wait()?;
        let limits = &self.config.limits;
        for (count, most, what) in [
            (self.jobs.len(), limits.deliveries(), "deliveries"),
            (self.bytes, limits.bytes(), "bytes of deliveries"),
        ] {
            if count >= most {
                let message = format!("{count} {what} are pending, and {most} may be");
                return Err(Error::new(ErrorKind::Full, message));
            }
        }
        Ok(())
    }
}

#[cold]
fn full(lane: &Lane) -> Error {
    let (count, name, most) = (lane.jobs.len(), &lane.name, lane.policy.pending);
    let message = format!("{count} deliveries to the target {name:?} are pending, and {most} may be");
    Error::new(ErrorKind::Full, message)
}

fn unknown(id: &str) -> Error {
    Error::new(ErrorKind::UnknownDelivery, format!("there is no dead letter {id:?}"))
}

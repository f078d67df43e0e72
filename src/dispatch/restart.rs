//! A process begins where another has ended.

use chrono::{DateTime, Utc};

use super::Dispatcher;
use super::dead::{Attempt, DeadReason};
use super::lane::JobState;
use super::timers::Timed;
use crate::action::ActionError;
use crate::error::Error;
use crate::time::instant;

/// From this attempt on one that a restart cuts off counts as a failure: perhaps it is what ends the process.
const PATIENCE: u32 = 32;

impl Dispatcher {
    /// Tells that nobody carries out what was under way, because the process
    /// that did has ended: a host calls it once, after it has restored what that
    /// process left. How many attempts that were.
    ///
    /// Their outcomes are unknown. What may be done twice is due again at once,
    /// and this does not count against its [retries](crate::action::RetryPolicy),
    /// but for what has had 32 attempts already; what may not is given up as
    /// [`OutcomeUnknown`](DeadReason::OutcomeUnknown). Whoever does not call it
    /// waits until each attempt is lost at its deadline.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Full`](crate::ErrorKind::Full) where too many outcomes wait
    /// to be polled, [`ErrorKind::Limit`](crate::ErrorKind::Limit) where the
    /// time is outside the years 1677 to 2262. Nothing has happened then.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/work.rs")]
    /// let mut after = Dispatcher::new();
    /// after.restore(&dispatcher.snapshot())?; // taken while the attempt was under way
    /// assert_eq!(after.handle_restart(now)?, 1);
    /// // Nothing says that it may be done twice:
    /// assert!(after.poll_work().is_none());
    /// assert_eq!(after.dead_letter("d-17").unwrap().reason(), tripline::dispatch::DeadReason::OutcomeUnknown);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_restart(&mut self, now: DateTime<Utc>) -> Result<usize, Error> {
        let now = instant(now)?;
        self.refuse_where_outcomes_wait()?;
        let jobs: Vec<u64> = self.leases.iter().map(|(_, job)| *job).collect();
        for number in &jobs {
            self.cut_off(*number);
        }
        // Released before the clock moves, so that no attempt is lost at a deadline that it could not keep.
        self.advance(now);
        for number in &jobs {
            self.resume(*number);
        }
        self.settle();
        Ok(jobs.len())
    }

    fn cut_off(&mut self, number: u64) {
        let Some(JobState::InFlight { started, .. }) = self.state_of(number) else { return };
        self.release(number);
        self.counts.cut_off += 1;
        let Some(job) = self.jobs.get_mut(number) else { return };
        let attempt = job.attempts.count().saturating_add(1);
        let error = ActionError::transient("the process that made the attempt ended before it told of it");
        job.attempts.push(Attempt {
            number: attempt,
            started,
            ended: self.clock,
            error: error.with_outcome_unknown(true),
        });
        if attempt < PATIENCE {
            job.before = job.before.saturating_add(1);
        }
    }

    fn resume(&mut self, number: u64) {
        let Some(job) = self.jobs.get(number) else { return };
        let expires = job.expires;
        let error = ActionError::transient("").with_outcome_unknown(true);
        let is_off = self.lanes.get(job.lane).is_some_and(|lane| lane.disabled.is_some());
        let may_repeat =
            error.may_retry(job.delivery.effect.unwrap_or_default()) || job.delivery.retry_unsafe;
        if is_off {
            self.give_up(number, DeadReason::TargetDisabled);
        } else if !may_repeat {
            self.give_up(number, DeadReason::OutcomeUnknown);
        } else if expires.is_some_and(|at| at <= self.clock) {
            self.give_up(number, DeadReason::Expired);
        } else if job.attempts.count() < PATIENCE {
            if let Some(at) = expires {
                // Its entry may have been cleared away while the attempt was under way.
                self.schedule(at, Timed::Expiry(number));
            }
            self.make_ready(number);
        } else {
            match self.next_attempt(number, &error) {
                Ok(until) => self.wait(number, until),
                Err(reason) => self.give_up(number, reason),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::action::{Effect, RetryPolicy};
    use crate::dispatch::{Delivery, DeliveryId, Outcome};
    use crate::time::datetime;

    fn delivery(id: &str, effect: Effect) -> Delivery {
        Delivery::new(DeliveryId::new(id).unwrap(), "t", "a", json!({}))
            .with_effect(effect)
            .with_retry(RetryPolicy::none())
    }

    #[test]
    fn what_may_be_repeated_is_due_again_and_what_may_not_is_given_up() {
        let mut before = Dispatcher::new();
        for (id, effect) in [("g", Effect::Guarded), ("u", Effect::Unsafe), ("i", Effect::Idempotent)] {
            let _ = before.handle_delivery(datetime(0), delivery(id, effect).with_order_key(id)).unwrap();
        }
        while before.poll_work().is_some() {}
        let mut after = Dispatcher::new();
        after.restore(&before.snapshot()).unwrap();
        assert!(after.poll_work().is_none());
        // Long after every deadline: nothing is lost for that.
        let now = datetime(86_400_000_000_000);
        assert_eq!(after.handle_restart(now).unwrap(), before.in_flight());
        assert_eq!((after.counts().cut_off(), after.counts().lost()), (before.in_flight() as u64, 0));
        let mut ids = Vec::new();
        while let Some(work) = after.poll_work() {
            assert_eq!(work.attempt(), 2);
            ids.push(work.id().to_string());
            let _ = after.complete(now, work.lease(), Ok(json!(1))).unwrap();
        }
        assert_eq!(ids, ["g", "i"]);
        let Some(Outcome::Dead(letter)) = after.poll_outcome() else {
            panic!("the unsafe one is a dead letter")
        };
        assert_eq!((letter.delivery().id().as_str(), letter.reason()), ("u", DeadReason::OutcomeUnknown));
        assert!(after.is_idle());
        assert_eq!(after.handle_restart(now).unwrap(), 0);
    }

    #[test]
    fn what_was_cut_off_still_expires() {
        let expiring = |at| delivery("d", Effect::Guarded).with_expires_at(datetime(at));
        for (expires, restarts, is_dead) in [(100, 50, false), (100, 100, true)] {
            let mut dispatcher = Dispatcher::new();
            let _ = dispatcher.handle_delivery(datetime(0), expiring(expires)).unwrap();
            assert!(dispatcher.poll_work().is_some());
            // Its entry among the timers is not meant while the attempt is under way, and goes off for nothing.
            dispatcher.settle();
            dispatcher.handle_restart(datetime(restarts)).unwrap();
            assert_eq!(dispatcher.is_idle(), is_dead);
            dispatcher.handle_timeout(datetime(expires)).unwrap();
            assert_eq!(dispatcher.dead_letter("d").unwrap().reason(), DeadReason::Expired);
        }
    }

    #[test]
    fn what_ends_the_process_every_time_is_given_up_in_the_end() {
        let mut dispatcher = Dispatcher::new();
        let _ = dispatcher.handle_delivery(datetime(0), delivery("d", Effect::Guarded)).unwrap();
        let mut starts = 0;
        while dispatcher.poll_work().is_some() {
            starts += 1;
            assert_eq!(dispatcher.handle_restart(datetime(starts)).unwrap(), 1);
        }
        assert_eq!(starts, i64::from(PATIENCE));
        assert_eq!(dispatcher.dead_letter("d").unwrap().reason(), DeadReason::OutOfAttempts);
    }
}

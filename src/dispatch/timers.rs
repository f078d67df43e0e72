//! What happens as time goes by.

use chrono::{DateTime, Utc};

use super::Dispatcher;
use super::dead::DeadReason;
use super::lane::JobState;
use crate::error::Error;
use crate::time::{DeadlineQueue, Nanos, instant};

/// What a deadline is for; at equal instants they go off in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timed {
    /// An attempt is lost.
    Lease(u64),
    /// A delivery is of no use any more.
    Expiry(u64),
    /// A failed one is due again.
    Retry(u64),
    /// A pause that a target asked for, or its circuit's, is over.
    Lane(u64),
    /// A throttle may let one through.
    Gate(u64),
}

/// Entries that nobody means any more are cleared away where there are more of
/// them than of others, and at least so many.
const SLACK: usize = 1_024;

impl Dispatcher {
    /// Moves the clock: lost attempts, expiries, retries and pauses that are due
    /// by `now` happen, in order. A time that has passed already is a no-op.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Full`](crate::ErrorKind::Full) where too many outcomes wait
    /// to be polled, [`ErrorKind::Limit`](crate::ErrorKind::Limit) where the
    /// time is outside the years 1677 to 2262. Nothing has happened then.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/work.rs")]
    /// assert_eq!(dispatcher.poll_timeout(), Some(work.deadline()));
    /// dispatcher.handle_timeout(work.deadline())?;
    /// assert_eq!(dispatcher.counts().lost(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_timeout(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        let now = instant(now)?;
        self.refuse_where_outcomes_wait()?;
        self.advance(now);
        self.settle();
        Ok(())
    }

    /// Lets all happen that is due at or before `now`.
    pub(super) fn advance(&mut self, now: Nanos) {
        while let Some((at, timed)) = self.timers.peek().filter(|(at, _)| *at <= now) {
            self.timers.pop();
            if self.is_meant(at, timed) {
                self.clock = self.clock.max(at);
                self.go_off(timed);
            }
        }
        self.clock = self.clock.max(now);
    }

    fn go_off(&mut self, timed: Timed) {
        match timed {
            Timed::Lease(lease) => self.lose(lease),
            Timed::Expiry(job) => self.give_up(job, DeadReason::Expired),
            Timed::Retry(job) => self.make_ready(job),
            Timed::Lane(lane) => {
                if let Some(lane) = self.lanes.get_mut(lane) {
                    lane.wake = None;
                }
                self.enqueue(lane);
            }
            Timed::Gate(gate) => {
                if let Some(gate) = self.gates.get_mut(&gate) {
                    gate.wake = None;
                }
                self.pass_on(gate);
            }
        }
    }

    pub(super) fn schedule(&mut self, at: Nanos, timed: Timed) {
        self.timers.push(at, timed);
        // A job has a retry or a lease, and an expiry; a lane and a gate have one entry each.
        let meant = 2 * self.jobs.len() + self.lanes.len() + self.gates.len();
        if self.timers.len() > 2 * meant + SLACK {
            let mut timers = std::mem::replace(&mut self.timers, DeadlineQueue::new());
            timers.retain(|at, timed| self.is_meant(at, timed));
            self.timers = timers;
        }
    }

    /// Sees to it that the earliest entry is one that is meant, so that nobody waits for nothing.
    #[inline(never)]
    pub(super) fn settle(&mut self) {
        while self.timers.peek().is_some_and(|(at, timed)| !self.is_meant(at, timed)) {
            self.timers.pop();
        }
    }

    fn is_meant(&self, at: Nanos, timed: Timed) -> bool {
        match timed {
            Timed::Lease(lease) => self
                .leases
                .get(lease)
                .is_some_and(|job| matches!(self.state_of(*job), Some(JobState::InFlight { deadline, .. }) if deadline == at)),
            // An attempt that is under way may end in its own time.
            Timed::Expiry(job) => self.jobs.get(job).is_some_and(|job| {
                job.expires == Some(at) && !matches!(job.state, JobState::InFlight { .. })
            }),
            Timed::Retry(job) => self.state_of(job) == Some(JobState::Waiting { until: at }),
            Timed::Lane(lane) => self.lanes.get(lane).is_some_and(|lane| lane.wake == Some(at)),
            Timed::Gate(gate) => self.gates.get(&gate).is_some_and(|gate| gate.wake == Some(at)),
        }
    }
}

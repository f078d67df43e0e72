//! Why a delivery waits, in words.

use super::Dispatcher;
use super::lane::{Job, JobState, Lane, Place};
use crate::time::{Nanos, format_instant};

impl Dispatcher {
    /// What a delivery waits for, in words: for people, not for programs.
    /// `None` where none of this id is pending or a dead letter.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// assert_eq!(
    ///     dispatcher.explain("d-17").unwrap(),
    ///     "dead since 2026-03-01T02:00:00Z after 1 attempts: trying again changes nothing: there is no such board",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain(&self, id: &str) -> Option<String> {
        if let Some(letter) = self.dead.get(id) {
            return Some(letter.explain());
        }
        let number = self.find(id).0?;
        let job = self.jobs.get(number)?;
        let lane = self.lanes.get(job.lane)?;
        let attempt = job.attempts.count().saturating_add(1);
        Some(match job.state {
            JobState::InFlight { started, deadline, .. } => {
                let (started, deadline) = (format_instant(started), format_instant(deadline));
                format!("attempt {attempt} is under way since {started}, until {deadline} at the latest")
            }
            JobState::Waiting { until } => {
                let most = job.before.saturating_add(job.delivery.retry.count()).saturating_add(1);
                let last = job.attempts.kept.back().map(|attempt| attempt.error.reason()).unwrap_or_default();
                let until = format_instant(until);
                format!(
                    "waits until {until} for attempt {attempt} of {most} at most; the last failed: {last}"
                )
            }
            JobState::Behind => self.explain_behind(number, job, lane),
            JobState::Ready => self.explain_ready(number, lane),
        })
    }

    fn explain_behind(&self, number: u64, job: &Job, lane: &Lane) -> String {
        let key = job.delivery.order_key.as_ref();
        let before = lane.before(number, key).and_then(|number| self.jobs.get(number));
        let id = before.map(|job| job.delivery.id.to_string()).unwrap_or_default();
        format!(
            "waits until {id} has ended, which came earlier with the order key {:?}",
            key.map_or("", |key| &**key)
        )
    }

    fn explain_ready(&self, number: u64, lane: &Lane) -> String {
        let target = &*lane.name;
        if let Some(until) = lane.circuit.closed_until(self.clock) {
            let until = format_instant(until);
            return format!(
                "the target {target:?} failed too often in a row and is left alone until {until}"
            );
        }
        if let Some(until) = lane.held.filter(|until| *until > self.clock) {
            return format!("the target {target:?} asked for a pause until {}", format_instant(until));
        }
        if lane.circuit.is_probing() {
            return format!(
                "the target {target:?} failed too often in a row: one attempt is under way to see whether it is well"
            );
        }
        if lane.in_flight >= lane.policy.concurrency {
            return format!(
                "the target {target:?} has {} attempts under way, as many as it may",
                lane.in_flight
            );
        }
        if let (Place::AtGate, Some(until)) = (lane.place, self.gate_opens(lane)) {
            return format!("the target {target:?} is throttled until {}", format_instant(until));
        }
        match lane.ready.first().filter(|first| **first < number).and_then(|first| self.jobs.get(*first)) {
            Some(first) => format!("is due, behind {} of the target {target:?}", first.delivery.id),
            None => "is due".to_owned(),
        }
    }

    fn gate_opens(&self, lane: &Lane) -> Option<Nanos> {
        self.gates.get(&lane.gate?)?.wake
    }
}

//! One round of questions, and what an answer to each means.

use std::collections::VecDeque;

use chrono::TimeDelta;
use http::Response;

use super::answer::entries;
use super::jobs::{Listed, Listing};
use super::report::Notes;
use super::step::Step;
use super::{Poller, measures, segments, sources};
use crate::action::{ActionContext, ActionError, classify};
use crate::builtin::customer_insights::error::explain;
use crate::error::Error;
use crate::time::{Nanos, instant};

/// How long a job that is listed nowhere any more is waited for (SPEC, section 11: open jobs).
const PATIENCE: TimeDelta = TimeDelta::hours(48);

/// The longest pause that the service can ask for.
const MAX_PAUSE: std::time::Duration = std::time::Duration::from_secs(3_600);

/// The questions that are left of a round.
#[derive(Debug, Default)]
pub(super) struct Round {
    steps: VecDeque<Step>,
    /// How many jobs are asked for.
    top: u32,
    usual_top: u32,
    /// Whether jobs were listed in it.
    has_listed: bool,
}

/// What an answer comes to.
pub(super) enum Reply {
    Done,
    /// The same question is to be asked for so many.
    Again(u32),
    Refused(ActionError),
}

impl Round {
    pub(super) fn new(asks_sources: bool, top: u32) -> Self {
        // The status first: it alone says whether a failure will be tried again.
        let mut steps = VecDeque::from([Step::Status, Step::Jobs, Step::History]);
        steps.extend(asks_sources.then_some(Step::Sources));
        steps.extend([Step::Segments, Step::Measures]);
        Self { steps, top, usual_top: top, has_listed: false }
    }

    pub(super) fn next(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }

    pub(super) fn is_over(&self) -> bool {
        self.steps.is_empty()
    }

    pub(super) fn end(&mut self) {
        self.steps.clear();
    }

    pub(super) fn top(&self) -> u32 {
        self.top
    }

    /// The same question comes next, for more.
    pub(super) fn widen(&mut self, step: Step, top: u32) {
        self.top = top;
        self.steps.push_front(step);
    }
}

impl Poller {
    /// What the answer to a question means; what it says is put where it is told from.
    pub(super) fn reply(&mut self, step: &Step, response: &Response<Vec<u8>>) -> Result<Reply, Error> {
        let now = instant(self.clock)?;
        if let Err(error) = classify(response.status(), response.headers(), self.clock, MAX_PAUSE) {
            let ctx = ActionContext::new(self.clock, "");
            return Ok(Reply::Refused(explain(&ctx, response, error)));
        }
        let entries = match entries(response) {
            Ok(entries) => entries,
            Err(why) => {
                let mut notes = Notes { counts: &mut self.counts, report: &mut self.report };
                notes.unreadable(step.word(), &why);
                // What stands between may have spoken in place of the service.
                let message = format!("the answer about {} cannot be read: {why}", step.word());
                return Ok(Reply::Refused(ActionError::transient(message)));
            }
        };
        self.counts.answers += 1;
        self.trouble = None;
        let mut notes = Notes { counts: &mut self.counts, report: &mut self.report };
        let (limits, source, cursor) = (&self.config.limits, &*self.config.source, &mut self.cursor);
        let groups = match step {
            Step::Status | Step::Jobs | Step::History => {
                let leaves_ingestion = self.config.asks_sources;
                let listing = Listing { source, now, limits, leaves_ingestion };
                let listed = listing.read(&entries, cursor, &mut notes);
                return Ok(self.listed(step, entries.len(), listed));
            }
            Step::Sources => sources::read(&entries, source, cursor, limits, &mut notes),
            Step::Segments => segments::read(&entries, source, cursor, limits, &mut notes),
            Step::Measures => {
                let measured = measures::read(&entries, source, cursor, limits, &mut notes);
                self.round.steps.extend(measured.unsaid.into_iter().map(Step::Measure));
                measured.groups
            }
            Step::Measure(name) => measures::read_one(&entries, name, source, cursor, limits, &mut notes),
        };
        self.groups.extend(groups);
        Ok(Reply::Done)
    }

    fn listed(&mut self, step: &Step, count: usize, listed: Listed) -> Reply {
        self.groups.extend(listed.groups);
        let top = self.round.top;
        // Full, and nothing known in it: there may be more behind it that nobody has seen.
        let is_cut = *step != Step::Status && count >= top as usize && !listed.is_connected;
        if is_cut && top < self.config.limits.max_top() {
            return Reply::Again(top.saturating_mul(2).min(self.config.limits.max_top()));
        }
        self.counts.gaps += u64::from(is_cut);
        self.round.top = self.round.usual_top;
        self.round.has_listed |= *step == Step::Jobs;
        Reply::Done
    }

    /// Gives up jobs that were listed nowhere for long; at the end of a round, so that what has
    /// happened while nobody asked is seen before.
    pub(super) fn forget(&mut self) {
        let Ok(now) = instant(self.clock) else { return };
        if !std::mem::take(&mut self.round.has_listed) {
            return;
        }
        let patience = PATIENCE.num_nanoseconds().unwrap_or(Nanos::MAX);
        let is_late = |seen: Nanos| now.saturating_sub(seen) > patience;
        let late: Vec<String> = self
            .cursor
            .open
            .iter()
            .filter(|(_, open)| is_late(open.seen))
            .map(|(job, _)| job.clone())
            .collect();
        for job in late {
            // One that was told, with tasks that never ended, is over.
            if self.cursor.has_told(&job, &job) {
                self.cursor.close(job, now, self.config.limits.jobs());
            } else {
                self.counts.vanished += 1;
                self.cursor.open.remove(&job);
            }
        }
    }
}

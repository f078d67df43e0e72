//! What a poller takes at most, and what it has done.

use crate::bounds::{counts, limits};
use crate::error::Fault;

/// How much a [`Poller`](super::Poller) takes and remembers.
///
/// ```
/// use tripline::builtin::customer_insights::poll::Limits;
/// assert_eq!(Limits::default().with_jobs(500).jobs(), 500);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    answer_bytes: usize,
    top: u32,
    max_top: u32,
    jobs: usize,
    tasks: usize,
    series: usize,
    values: usize,
    events: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer_bytes: 4 << 20,
            top: 50,
            max_top: 800,
            jobs: 200,
            tasks: 1_000,
            series: 1_000,
            values: 5_000,
            events: 1_000,
        }
    }
}

limits! {
    "builtin::customer_insights::poll";
    /// Bytes of one answer, 4 MiB by default; a longer one counts as unreadable.
    answer_bytes, with_answer_bytes: usize, "Limits::default().answer_bytes(), 4 << 20";
    /// Jobs that are asked for at once, 50 by default. Where none of them is
    /// known from before, twice as many are asked for, and so on.
    top, with_top: u32, "Limits::default().top(), 50";
    /// Jobs that are asked for at once at most, 800 by default. Where even
    /// then none is known, jobs may have been missed: see [`Counts::gaps`].
    max_top, with_max_top: u32, "Limits::default().max_top(), 800";
    /// Jobs that are remembered, 200 by default that have ended and as many
    /// that have not. Of those that have ended the first to end make room;
    /// further ones that run are looked at again when there is room.
    jobs, with_jobs: usize, "Limits::default().jobs(), 200";
    /// Tasks of one job, 1,000 by default; what comes behind them is not told.
    tasks, with_tasks: usize, "Limits::default().tasks(), 1_000";
    /// Segments, and measures, and data sources, 1,000 of each by default;
    /// further ones are not told, until others are no longer listed.
    series, with_series: usize, "Limits::default().series(), 1_000";
    /// Values of one evaluation of a measure, 5,000 by default, and evaluations in its history; what comes
    /// behind them is not told.
    values, with_values: usize, "Limits::default().values(), 5_000";
    /// Events of one batch, 1,000 by default. What belongs together, one job or
    /// one evaluation of a measure, is in one batch and may go over it.
    events, with_events: usize, "Limits::default().events(), 1_000";
}

impl Limits {
    /// The bounds with which nothing would ever be told.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let all = [
            ("answerBytes", self.answer_bytes),
            ("top", self.top as usize),
            ("jobs", self.jobs),
            ("tasks", self.tasks),
            ("series", self.series),
            ("values", self.values),
            ("events", self.events),
        ];
        let of_none = all.into_iter().filter(|(_, most)| *most == 0);
        let mut faults: Vec<Fault> =
            of_none.map(|(name, _)| Fault::new(format!("limits.{name}"), "0: it takes at least 1")).collect();
        if self.jobs > 0 && self.jobs / 2 < self.top as usize {
            let message = format!("{} is below twice top, which is {}", self.jobs, self.top);
            faults.push(Fault::new("limits.jobs", message));
        }
        if self.max_top < self.top {
            let message = format!("{} is below top, which is {}", self.max_top, self.top);
            faults.push(Fault::new("limits.maxTop", message));
        }
        faults
    }
}

/// What a poller has done since it was first built; it is in the cursor, so that a restart goes on counting.
///
/// ```
/// use chrono::DateTime;
/// use tripline::builtin::customer_insights::poll::Poller;
/// let poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
/// assert!(poller.counts().iter().all(|(_, count)| count == 0));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub(super) requests: u64,
    pub(super) answers: u64,
    pub(super) rounds: u64,
    pub(super) batches: u64,
    pub(super) events: u64,
    pub(super) early: u64,
    pub(super) not_ended: u64,
    pub(super) unknown_words: u64,
    pub(super) faulty: u64,
    pub(super) left_to_sources: u64,
    pub(super) over: u64,
    pub(super) gaps: u64,
    pub(super) vanished: u64,
    pub(super) unreadable: u64,
    pub(super) throttled: u64,
    pub(super) failed: u64,
    pub(super) given_up: u64,
    pub(super) renewals: u64,
    pub(super) ignored_answers: u64,
}

counts! {
    "builtin::customer_insights::poll::Poller", "Poller::builder(\"contoso\").build(chrono::DateTime::UNIX_EPOCH).unwrap()";
    /// Requests handed out.
    requests;
    /// Answers with a success that could be read.
    answers;
    /// Rounds begun.
    rounds;
    /// Batches handed out.
    batches;
    /// Events in them.
    events;
    /// Jobs, tasks and refreshes that had ended before the first start, or before the oldest job that is
    /// remembered; each is counted as often as it is listed.
    early;
    /// Jobs and tasks met that had not ended, as often as they were listed.
    not_ended;
    /// Status words met that nobody here knows, as often as they were listed; see [`PollReport`](super::PollReport).
    unknown_words;
    /// Entries of an answer that cannot be read, or whose names have over 1,024 bytes, as often as they were listed.
    faulty;
    /// Ingestion tasks of jobs that are not told since data sources tell of themselves.
    left_to_sources;
    /// What was over a bound and was not told, as often as it was listed.
    over;
    /// Listings of jobs that may not reach back to those known from before.
    gaps;
    /// Jobs that were running and are listed nowhere any more, given up after two days.
    vanished;
    /// Answers that are no JSON, too long, or of another type.
    unreadable;
    /// Times that the service, or the poller's own throttle, made it wait.
    throttled;
    /// Requests that failed, for whatever reason.
    failed;
    /// Questions given up until the next round, after their last attempt.
    given_up;
    /// Times that a new token was asked for.
    renewals;
    /// Answers that nobody waited for any more.
    ignored_answers;
}

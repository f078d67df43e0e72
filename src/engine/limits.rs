//! The engine's bounds and what it counts.

use std::time::Duration;

use crate::bounds::{counts, limits};

/// How much an [`Engine`](super::Engine) takes in; over a bound it refuses,
/// with [`ErrorKind::Limit`](crate::ErrorKind::Limit), and counts.
///
/// ```
/// use tripline::engine::{Engine, Limits};
///
/// let limits = Limits::default().with_series(50_000);
/// let engine = Engine::builder().with_limits(limits).build();
/// assert_eq!(engine.limits().series(), 50_000);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    series: usize,
    series_per_trigger: usize,
    triggers: usize,
    dedupe_ids: usize,
    dedupe_window: Duration,
    series_idle: Duration,
    jobs: usize,
    job_window: Duration,
    waiting: usize,
    pending: usize,
    explanations: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            series: 1_000_000,
            series_per_trigger: 100_000,
            triggers: 1_000_000,
            dedupe_ids: 1_000_000,
            dedupe_window: Duration::from_secs(24 * 3_600),
            series_idle: Duration::from_secs(30 * 24 * 3_600),
            jobs: 10_000,
            job_window: Duration::from_secs(48 * 3_600),
            waiting: 1_000_000,
            pending: 100_000,
            explanations: 100_000,
        }
    }
}

limits! {
    "engine";
    /// Series in all, and as many items of tasks, 1,000,000 by default.
    series, with_series: usize, "Limits::default().series(), 1_000_000";
    /// Series, or items, of one trigger, 100,000 by default.
    series_per_trigger, with_series_per_trigger: usize, "Limits::default().series_per_trigger(), 100_000";
    /// Triggers, 1,000,000 by default.
    triggers, with_triggers: usize, "Limits::default().triggers(), 1_000_000";
    /// Event ids remembered against duplicates, 1,000,000 by default; the oldest go first.
    dedupe_ids, with_dedupe_ids: usize, "Limits::default().dedupe_ids(), 1_000_000";
    /// How long an event id is remembered in event time, 24 hours by default.
    dedupe_window, with_dedupe_window: Duration, "Limits::default().dedupe_window().as_secs(), 86_400";
    /// After how long without a report a series whose side is unknown, with
    /// nothing armed and no deadline, makes room for another: 30 days by default.
    series_idle, with_series_idle: Duration, "Limits::default().series_idle().as_secs(), 30 * 86_400";
    /// Jobs that a unification waits for, and as many that are done and
    /// remembered, so that nothing is told of them again: 10,000 by default.
    jobs, with_jobs: usize, "Limits::default().jobs(), 10_000";
    /// How long in event time a job is kept after the first task that a unification took of it, 48 hours by default.
    job_window, with_job_window: Duration, "Limits::default().job_window().as_secs(), 48 * 3_600";
    /// Observations that wait for some trigger's `lateness`, 1,000,000 by default.
    waiting, with_waiting: usize, "Limits::default().waiting(), 1_000_000";
    /// Firings that wait to be polled, 100,000 by default. One input may go
    /// over it; after that inputs are refused as
    /// [`ErrorKind::Full`](crate::ErrorKind::Full) until it is below again.
    pending, with_pending: usize, "Limits::default().pending(), 100_000";
    /// Explanations that wait to be polled, 100,000 by default; further ones are counted and left out.
    explanations, with_explanations: usize, "Limits::default().explanations(), 100_000";
}

/// What an engine has seen since it was made or restored.
///
/// ```
/// use tripline::engine::Engine;
/// assert_eq!(Engine::new().counts().firings(), 0);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub(super) events: u64,
    pub(super) duplicates: u64,
    pub(super) late: u64,
    pub(super) ignored: u64,
    pub(super) invalid: u64,
    pub(super) skewed: u64,
    pub(super) over_limit: u64,
    pub(super) not_watched: u64,
    pub(super) without_job: u64,
    pub(super) jobs_dropped: u64,
    pub(super) firings: u64,
    pub(super) suppressed: u64,
    pub(super) limited: u64,
    pub(super) disabled: u64,
    pub(super) waiting_dropped: u64,
    pub(super) series_dropped: u64,
    pub(super) explanations_dropped: u64,
}

counts! {
    "engine::Engine", "Engine::new()";
    /// Events and observations handed in, whatever became of them.
    events;
    /// Events whose (source, id) was seen before: they changed nothing.
    duplicates;
    /// Observations older than what was judged already, dropped for at least one trigger.
    late;
    /// Events accepted that no trigger watches.
    ignored;
    /// Events refused because their data is not what their type promises.
    invalid;
    /// Events refused because they are too far ahead of `now`.
    skewed;
    /// Events refused, wholly or for one trigger, because a bound was reached.
    over_limit;
    /// Observations and tasks that some trigger could not take in, because it
    /// watches as many series, items or jobs as it may.
    not_watched;
    /// Tasks that unifications ignored because they belong to no job.
    without_job;
    /// Jobs forgotten while a unification still waited for them.
    jobs_dropped;
    /// Firings emitted.
    firings;
    /// Firings that a `cooldown` swallowed.
    suppressed;
    /// Firings that a `limit` swallowed.
    limited;
    /// Firings that a disabled trigger did not give.
    disabled;
    /// Waiting observations and failures dropped: their trigger was removed or no longer waits for them, or 64
    /// failures of one item waited already.
    waiting_dropped;
    /// Idle series and items dropped to make room.
    series_dropped;
    /// Explanations left out because too many waited to be polled.
    explanations_dropped;
}

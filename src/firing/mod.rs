//! What was noticed: a firing, its id, and its JSON form.

mod event_ref;
mod id;
mod json;
mod record;

pub use event_ref::EventRef;
pub use id::FiringId;
pub(crate) use json::Written;
pub(crate) use record::FiringRecord;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::event::{Failure, Item, Outcome, Process, Scope, Series, Submission};
use crate::few::Few;
use crate::threshold::{Condition, Threshold, Transition};
use crate::time::{Nanos, datetime};
use crate::trigger::Trigger;

/// A trigger has fired: which one, on what, when and why.
///
/// Its JSON form ([`to_json`](Firing::to_json)) is what replay prints and what
/// everything that follows is handed.
///
/// ```
/// use chrono::DateTime;
/// use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
///
/// let (mut engine, at) = (Engine::new(), |second| DateTime::from_timestamp(second, 0).unwrap());
/// engine.add(at(0), Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?)?;
/// let vip = SeriesRef::segment("/instances/contoso", "vip");
/// for (second, members) in [(0, 998.0), (60, 1004.0)] {
///     let _ = engine.observe_series(at(second), &vip, at(second), members)?;
/// }
/// let firing = engine.poll_firing().unwrap();
/// assert_eq!((firing.trigger(), firing.value(), firing.previous_value()), ("vip-1000", Some(1004.0), Some(998.0)));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Firing {
    /// Shared by all who hold the firing: a flow's run, its deliveries, their records.
    inner: Arc<Inner>,
}

#[derive(Debug, Clone, PartialEq)]
struct Inner {
    /// As it was when it fired.
    trigger: Trigger,
    parts: Parts,
    id: KnownId,
}

/// The id, once it was asked for: all that follows from a firing asks.
#[derive(Clone, Default)]
struct KnownId(OnceLock<FiringId>);

impl PartialEq for KnownId {
    /// It follows from the rest.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for KnownId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

/// What distinguishes one firing of a trigger from another; the engine fills it in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parts {
    pub(crate) key: Key,
    pub(crate) transition: Transition,
    pub(crate) time: Nanos,
    pub(crate) ordinal: u64,
    pub(crate) value: Option<f64>,
    pub(crate) previous: Option<f64>,
    pub(crate) crossed_at: Option<Nanos>,
    pub(crate) due_at: Option<Nanos>,
    pub(crate) suppressed: u64,
    pub(crate) event: Option<EventRef>,
    pub(crate) owners: Few<Box<str>>,
    pub(crate) facts: Option<Box<Facts>>,
}

/// What a task or a job said that led to a firing.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Facts {
    pub(crate) process: Option<Process>,
    pub(crate) item: Option<Item<'static>>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) failure: Option<Failure<'static>>,
    pub(crate) job_id: Option<Box<str>>,
    pub(crate) scope: Option<Scope>,
    pub(crate) submission: Option<Submission>,
    pub(crate) operation: Option<Box<str>>,
    pub(crate) phases: Option<[(Process, Outcome); 3]>,
}

/// What a trigger's state is kept by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Key {
    Series(Series),
    /// The tasks of one process about one item, or, without an id, about none.
    Item {
        source: Box<str>,
        process: Process,
        id: Option<Box<str>>,
    },
    Job {
        source: Box<str>,
        id: Box<str>,
    },
    /// One state for all that the trigger watches.
    Whole,
}

impl Firing {
    pub(crate) fn new(trigger: Trigger, parts: Parts) -> Self {
        Self { inner: Arc::new(Inner { trigger, parts, id: KnownId::default() }) }
    }

    /// What it was made of.
    pub(crate) fn parts(&self) -> (&Trigger, &Parts) {
        (&self.inner.trigger, &self.inner.parts)
    }

    /// The idempotency key; computed at each call.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.id(), firing.clone().id());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn id(&self) -> FiringId {
        *self.inner.id.0.get_or_init(|| FiringId::of(self.trigger(), &self.inner.parts))
    }

    /// The id of the trigger.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.trigger(), "vip-1000");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn trigger(&self) -> &str {
        self.inner.trigger.id()
    }

    /// The type of the trigger, as in its JSON.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.trigger_type(), "segmentThresholdCrossed");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn trigger_type(&self) -> &'static str {
        self.inner.trigger.type_name()
    }

    /// What happened.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.transition(), tripline::threshold::Transition::Crossed);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn transition(&self) -> Transition {
        self.inner.parts.transition
    }

    /// When: the due time of a hold or another deadline, else the event's time.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.time(), at(60));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn time(&self) -> DateTime<Utc> {
        datetime(self.inner.parts.time)
    }

    /// The series; `None` for a trigger on tasks, jobs or events as such, and
    /// where one silence stands for all that is watched.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.series().unwrap().name(), "vip");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn series(&self) -> Option<&Series> {
        match &self.inner.parts.key {
            Key::Series(series) => Some(series),
            _ => None,
        }
    }

    /// Where the series, the item or the job is.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing_of_task.rs")]
    /// assert_eq!(firing.source(), Some("/instances/contoso"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn source(&self) -> Option<&str> {
        match &self.inner.parts.key {
            Key::Series(series) => Some(series.source()),
            Key::Item { source, .. } | Key::Job { source, .. } => Some(source),
            Key::Whole => None,
        }
    }

    /// For a task: what it did.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing_of_task.rs")]
    /// assert_eq!(firing.process(), Some(&tripline::event::Process::INGESTION));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn process(&self) -> Option<&Process> {
        self.facts()?.process.as_ref()
    }

    /// For a task: what it was about.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing_of_task.rs")]
    /// assert_eq!(firing.item().and_then(|item| item.name()), Some("Loyalty CSV"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn item(&self) -> Option<&Item<'static>> {
        self.facts()?.item.as_ref()
    }

    /// How the task, the job or the unification as a whole ended.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing_of_task.rs")]
    /// assert_eq!(firing.outcome(), Some(&tripline::event::Outcome::FAILED));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn outcome(&self) -> Option<&Outcome> {
        self.facts()?.outcome.as_ref()
    }

    /// For a task that failed: what it said about that.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing_of_task.rs")]
    /// assert_eq!(firing.failure().and_then(|failure| failure.message()), Some("login refused"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn failure(&self) -> Option<&Failure<'static>> {
        self.facts()?.failure.as_ref()
    }

    /// The job, or the one that the task belongs to.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing_of_task.rs")]
    /// assert_eq!(firing.job_id(), Some("j-9"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn job_id(&self) -> Option<&str> {
        self.facts()?.job_id.as_deref()
    }

    /// For a job: how much it refreshed.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing_of_job.rs")]
    /// assert_eq!(firing.scope(), Some(&tripline::event::Scope::FULL));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn scope(&self) -> Option<&Scope> {
        self.facts()?.scope.as_ref()
    }

    /// For a job: how it was started, where it says so.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing_of_job.rs")]
    /// assert_eq!(firing.submission(), Some(&tripline::event::Submission::SCHEDULED));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn submission(&self) -> Option<&Submission> {
        self.facts()?.submission.as_ref()
    }

    /// For a job: `all` or the one process that it ran, where it says so.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing_of_job.rs")]
    /// assert_eq!(firing.operation(), Some("all"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn operation(&self) -> Option<&str> {
        self.facts()?.operation.as_deref()
    }

    /// For a unification: map, match and merge with their outcomes.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing_of_job.rs")]
    /// assert_eq!(firing.phases(), None, "a full refresh has none");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn phases(&self) -> Option<&[(Process, Outcome); 3]> {
        self.facts()?.phases.as_ref()
    }

    fn facts(&self) -> Option<&Facts> {
        self.inner.parts.facts.as_deref()
    }

    /// The value: of the observation that fired it, or the last one known at a deadline.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.value(), Some(1004.0));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn value(&self) -> Option<f64> {
        self.inner.parts.value
    }

    /// For a crossing: the last value before the one that crossed.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.previous_value(), Some(998.0));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn previous_value(&self) -> Option<f64> {
        self.inner.parts.previous
    }

    /// The condition that came to hold; `None` for a trigger without one.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.condition(), Some(tripline::threshold::Condition::Above(1000.0)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn condition(&self) -> Option<Condition> {
        self.inner.trigger.threshold().map(Threshold::condition)
    }

    /// When the episode began.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.crossed_at(), Some(at(60)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn crossed_at(&self) -> Option<DateTime<Utc>> {
        self.inner.parts.crossed_at.map(datetime)
    }

    /// For what a deadline brought about: when it was due, which is its `time`.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.due_at(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        self.inner.parts.due_at.map(datetime)
    }

    /// For a cleared episode: how long it was, from its crossing to its end.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.length(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn length(&self) -> Option<Duration> {
        let crossed_at =
            self.inner.parts.crossed_at.filter(|_| self.inner.parts.transition == Transition::Cleared)?;
        u64::try_from(i128::from(self.inner.parts.time) - i128::from(crossed_at))
            .ok()
            .map(Duration::from_nanos)
    }

    /// How many firings of this trigger and series the cooldown has swallowed since the last one.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.suppressed(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn suppressed(&self) -> u64 {
        self.inner.parts.suppressed
    }

    /// The event it goes back to: the one that fired it, or for a deadline the
    /// one that set it. `None` for the `observe` lanes, which carry no events.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.event(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn event(&self) -> Option<&EventRef> {
        self.inner.parts.event.as_ref()
    }

    /// The owners that this event named.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert_eq!(firing.owners().count(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn owners(&self) -> impl Iterator<Item = &str> {
        self.inner.parts.owners.iter().map(AsRef::as_ref)
    }

    /// The firing with the owners that a catalogue names, where its event named none.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// let firing = firing.with_owners_if_none(["ana@contoso.example"]);
    /// assert_eq!(firing.owners().next(), Some("ana@contoso.example"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_owners_if_none<O: Into<String>>(mut self, owners: impl IntoIterator<Item = O>) -> Self {
        if self.inner.parts.owners.is_empty() {
            let owners = owners.into_iter().map(|owner| owner.into().into_boxed_str());
            Arc::make_mut(&mut self.inner).parts.owners = owners.collect();
        }
        self
    }

    /// The firing as one line of JSON. What is absent is left out; an infinite value is `null`.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert!(firing.to_json().contains(r#""value":1004,"previousValue":998,"condition":{"above":1000}"#));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        let mut text = String::with_capacity(768);
        json::push(&mut text, self);
        text
    }

    /// Appends [`to_json`](Self::to_json)'s text where `text` has something of it already.
    pub(crate) fn push_json_after(&self, text: &mut String, written: Written) {
        json::push_after(text, self, written);
    }
}

//! What to watch for: a [`Trigger`], its kinds, and its JSON.
//!
//! A trigger is made by a builder or read from JSON. Either way it is valid by
//! construction, and either way *every* fault is named, with its path:
//!
//! ```
//! use tripline::Trigger;
//!
//! let error = Trigger::list_from_json(
//!     r#"{"triggers":[
//!       {"id":"vip-1000","on":{"type":"segmentThresholdCrossed","segment":"vip","above":1000,"rearm":1200}},
//!       {"id":"quiet","on":{"type":"noData","kind":"segment","name":"vip","within":"10M"},"color":"red"}]}"#,
//! )
//! .unwrap_err();
//! let places: Vec<&str> = error.faults().iter().map(|fault| fault.path()).collect();
//! assert_eq!(places, ["triggers[0].on.rearm", "triggers[1].on.within", "triggers[1].color"]);
//! assert!(error.faults()[0].message().ends_with("(line 2, column 100)"), "{error}");
//! ```

mod body;
mod builder;
mod check;
mod decode;
mod encode;
mod fields;
mod filters;
mod float;
mod id;
mod kind;
mod matcher;
mod matchers;
mod object;
mod on;
mod place;
mod reader;
mod thresholds;
mod tree;
mod words;

pub use builder::TriggerBuilder;
pub use kind::{DimensionRule, Limit, PartitionKey, TriggerKind};
pub use matcher::Matcher;

pub(crate) use encode::{condition_json, push_condition_json};
pub(crate) use fields::Fields;
pub(crate) use reader::Reader;
pub(crate) use tree::{Node, Value as NodeValue};
pub(crate) use words::is_close;
#[cfg(feature = "flow")]
pub(crate) use {decode::Draft, encode::trigger_json, on::INNER};

use std::time::Duration;

use crate::error::Error;
use crate::event::SeriesKind;
use crate::event::filter::Filter;
use crate::threshold::{Threshold, ThresholdBuilder};
use body::{Body, Silence};
use id::Id;

/// What to watch for, under an id: valid by construction and never changed.
///
/// [`TriggerBuilder::from`] it makes another. A trigger without options takes
/// 64 bytes and the names it asks for, with an id of up to 14 bytes.
///
/// ```
/// use tripline::threshold::Threshold;
/// use tripline::Trigger;
///
/// let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0).with_rearm(950.0))
///     .with_name("VIP segment passes 1,000 members")
///     .build()?;
/// assert_eq!(Trigger::from_json(&trigger.to_json())?, trigger);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    id: Id,
    /// The segments, measures, items, names or the event type it is about.
    subject: Matcher,
    body: Body<Threshold>,
    /// Absent where everything in it is at its default.
    rest: Option<Box<Rest>>,
}

/// What every kind of trigger can have, and most have not.
#[derive(Debug, Clone, PartialEq)]
struct Rest {
    name: Option<Box<str>>,
    enabled: bool,
    source: Option<Matcher>,
    filters: Vec<Filter>,
    cooldown: Option<Duration>,
    limit: Option<Limit>,
}

impl Rest {
    const DEFAULT: Self =
        Self { name: None, enabled: true, source: None, filters: Vec::new(), cooldown: None, limit: None };
}

impl Trigger {
    /// Watches segments' member counts.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// use tripline::Trigger;
    /// let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
    /// assert_eq!(trigger.type_name(), "segmentThresholdCrossed");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn segment_threshold_crossed(
        id: impl Into<Box<str>>,
        segment: impl Into<Matcher>,
        threshold: impl Into<ThresholdBuilder>,
    ) -> TriggerBuilder {
        TriggerBuilder::new(id, segment.into(), Body::Segment(threshold.into()))
    }

    /// Watches measures' values; only the series without dimensions, unless
    /// [`with_dimensions`](TriggerBuilder::with_dimensions) or
    /// [`with_each_dimensions`](TriggerBuilder::with_each_dimensions) says otherwise.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// use tripline::Trigger;
    /// let trigger = Trigger::measure_threshold_crossed("churn", "churn-rate", Threshold::above(0.05)).build()?;
    /// assert_eq!(trigger.type_name(), "measureThresholdCrossed");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn measure_threshold_crossed(
        id: impl Into<Box<str>>,
        measure: impl Into<Matcher>,
        threshold: impl Into<ThresholdBuilder>,
    ) -> TriggerBuilder {
        let body = Box::new((DimensionRule::None, threshold.into()));
        TriggerBuilder::new(id, measure.into(), Body::Measure(body))
    }

    /// Watches for silence: nothing reported of a segment or a measure, or no
    /// success of a data source, for `within`. With the name `*` there is one
    /// silence for the whole trigger.
    ///
    /// ```
    /// use tripline::event::SeriesKind;
    /// use tripline::Trigger;
    /// use std::time::Duration;
    /// let day = Duration::from_secs(86_400);
    /// let trigger = Trigger::no_data("vip-quiet", SeriesKind::SEGMENT, "vip", day).build()?;
    /// assert_eq!(trigger.type_name(), "noData");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn no_data(
        id: impl Into<Box<str>>,
        kind: impl Into<SeriesKind>,
        name: impl Into<Matcher>,
        within: Duration,
    ) -> TriggerBuilder {
        let silence = Silence { kind: kind.into(), within, from_start: false };
        TriggerBuilder::new(id, name.into(), Body::NoData(Box::new(silence)))
    }

    /// Watches for refreshes of data sources that fail, or take too long; only
    /// failures that the platform will not try again, unless
    /// [`with_including_retrying`](TriggerBuilder::with_including_retrying) says
    /// otherwise.
    ///
    /// ```
    /// use tripline::Trigger;
    /// use std::time::Duration;
    /// let trigger = Trigger::data_source_refresh_failed("crm-fails", "ds-42")
    ///     .with_settle(Duration::from_secs(3600))
    ///     .build()?;
    /// assert_eq!(trigger.type_name(), "dataSourceRefreshFailed");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn data_source_refresh_failed(
        id: impl Into<Box<str>>,
        data_source: impl Into<Matcher>,
    ) -> TriggerBuilder {
        TriggerBuilder::new(id, data_source.into(), Body::RefreshFailed(Box::default()))
    }

    /// Watches for refreshes of data sources that succeed.
    ///
    /// ```
    /// use tripline::Trigger;
    /// let trigger = Trigger::data_source_refresh_succeeded("refreshed", "*").build()?;
    /// assert_eq!(trigger.type_name(), "dataSourceRefreshSucceeded");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn data_source_refresh_succeeded(
        id: impl Into<Box<str>>,
        data_source: impl Into<Matcher>,
    ) -> TriggerBuilder {
        TriggerBuilder::new(id, data_source.into(), Body::RefreshSucceeded)
    }

    /// Watches for the end of full refreshes, however started and however ended,
    /// unless [`with_submission`](TriggerBuilder::with_submission) and
    /// [`with_outcome`](TriggerBuilder::with_outcome) say otherwise.
    ///
    /// ```
    /// use tripline::event::{Outcome, Submission};
    /// use tripline::Trigger;
    /// let trigger = Trigger::full_refresh_completed("night-failed")
    ///     .with_submission(Submission::SCHEDULED)
    ///     .with_outcome(Outcome::FAILED)
    ///     .build()?;
    /// assert_eq!(trigger.type_name(), "fullRefreshCompleted");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn full_refresh_completed(id: impl Into<Box<str>>) -> TriggerBuilder {
        TriggerBuilder::new(id, Matcher::Any, Body::FullRefresh(Box::default()))
    }

    /// Watches for the end of unification: once per job, when `map`, `match` and
    /// `merge` have all ended, however, unless
    /// [`with_outcome`](TriggerBuilder::with_outcome) says otherwise.
    ///
    /// ```
    /// use tripline::Trigger;
    /// let trigger = Trigger::unification_completed("unified").with_outcome("succeeded").build()?;
    /// assert_eq!(trigger.type_name(), "unificationCompleted");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn unification_completed(id: impl Into<Box<str>>) -> TriggerBuilder {
        TriggerBuilder::new(id, Matcher::Any, Body::Unification(Box::default()))
    }

    /// Watches for the end of tasks of any process, on any item, however ended,
    /// unless [`with_process`](TriggerBuilder::with_process),
    /// [`with_item`](TriggerBuilder::with_item) and
    /// [`with_outcome`](TriggerBuilder::with_outcome) say otherwise.
    ///
    /// ```
    /// use tripline::event::{Outcome, Process};
    /// use tripline::Trigger;
    /// let trigger = Trigger::refresh_completed("export-failed")
    ///     .with_process(Process::EXPORT)
    ///     .with_outcome(Outcome::FAILED)
    ///     .build()?;
    /// assert_eq!(trigger.type_name(), "refreshCompleted");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn refresh_completed(id: impl Into<Box<str>>) -> TriggerBuilder {
        TriggerBuilder::new(id, Matcher::Any, Body::Refresh(Box::default()))
    }

    /// Watches for events of a type, which is compared byte for byte;
    /// [`with_filter`](TriggerBuilder::with_filter) asks more of them.
    ///
    /// ```
    /// use tripline::event::filter::Filter;
    /// use tripline::Trigger;
    /// let trigger = Trigger::event_received("order-paid", "com.example.order.paid")
    ///     .with_filter(Filter::prefix([("subject", "eu/")])?)
    ///     .build()?;
    /// assert_eq!(trigger.type_name(), "eventReceived");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn event_received(id: impl Into<Box<str>>, event_type: impl Into<Box<str>>) -> TriggerBuilder {
        TriggerBuilder::new(id, Matcher::exact(event_type), Body::Event)
    }

    /// The names that it is about; any for what is about jobs.
    pub(crate) fn subject(&self) -> &Matcher {
        &self.subject
    }

    /// Its id, unique in an engine.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
    /// assert_eq!(trigger.id(), "vip-1000");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// What people call it.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// let builder = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0));
    /// assert_eq!(builder.with_name("Many VIPs").build()?.name(), Some("Many VIPs"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.rest().name.as_deref()
    }

    /// Whether it fires; a disabled trigger keeps its state and fires nothing.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
    /// assert!(trigger.enabled());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn enabled(&self) -> bool {
        self.rest().enabled
    }

    /// What it watches for.
    ///
    /// ```
    /// use tripline::trigger::{DimensionRule, TriggerKind};
    /// use tripline::{threshold::Threshold, Trigger};
    ///
    /// let trigger = Trigger::measure_threshold_crossed("churn", "churn-rate", Threshold::above(0.05))
    ///     .with_each_dimensions()
    ///     .build()?;
    /// let TriggerKind::MeasureThresholdCrossed { dimensions, .. } = trigger.kind() else { unreachable!() };
    /// assert_eq!(dimensions, &DimensionRule::Each);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn kind(&self) -> TriggerKind<'_> {
        self.body.view(&self.subject)
    }

    /// The name of its kind in JSON (`on.type`).
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
    /// assert_eq!(trigger.type_name(), "segmentThresholdCrossed");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn type_name(&self) -> &'static str {
        self.body.type_name()
    }

    /// The threshold, where its kind has one.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
    /// assert_eq!(trigger.threshold().map(|threshold| threshold.condition().name()), Some("above"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn threshold(&self) -> Option<&Threshold> {
        self.body.threshold()
    }

    /// The sources it listens to; every one where absent.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// let builder = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0));
    /// let trigger = builder.with_source("/instances/contoso").build()?;
    /// assert!(!trigger.source().unwrap().matches("/instances/fabrikam"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn source(&self) -> Option<&Matcher> {
        self.rest().source.as_ref()
    }

    /// The filters that an event must pass, all of them.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
    /// assert!(trigger.filters().is_empty());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn filters(&self) -> &[Filter] {
        &self.rest().filters
    }

    /// How long after a firing the next one of the same series, item or job is
    /// swallowed.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// use std::time::Duration;
    /// let builder = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0));
    /// let hour = Duration::from_secs(3600);
    /// assert_eq!(builder.with_cooldown(hour).build()?.cooldown(), Some(hour));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn cooldown(&self) -> Option<Duration> {
        self.rest().cooldown
    }

    /// How often it may fire at most, over all series, items and jobs together.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
    /// assert_eq!(trigger.limit(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn limit(&self) -> Option<Limit> {
        self.rest().limit
    }

    /// By what its state can be divided among partitions.
    ///
    /// It is the whole trigger where it has a `limit`, for `eventReceived`, and
    /// for `noData` where one silence stands for many series: on the name `*`,
    /// and, before the first report, with `fromStart` unless the name and the
    /// source are exact and the series is a segment's (a measure may have one for
    /// each of its dimensions, and a data source's name may be another's id).
    ///
    /// ```
    /// use tripline::event::SeriesKind;
    /// use tripline::trigger::{PartitionKey, Trigger};
    /// use std::time::Duration;
    ///
    /// let day = Duration::from_secs(86_400);
    /// let quiet = Trigger::no_data("quiet", SeriesKind::SEGMENT, "*", day).build()?;
    /// assert_eq!(quiet.partition_key(), PartitionKey::Whole);
    /// let quiet = Trigger::no_data("quiet", SeriesKind::SEGMENT, "vip", day).build()?;
    /// assert_eq!(quiet.partition_key(), PartitionKey::Series);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn partition_key(&self) -> PartitionKey {
        if self.limit().is_some() {
            return PartitionKey::Whole;
        }
        match &self.body {
            Body::Segment(_) | Body::Measure(_) => PartitionKey::Series,
            Body::RefreshFailed(_) | Body::RefreshSucceeded | Body::Refresh(_) => PartitionKey::Item,
            Body::FullRefresh(_) | Body::Unification(_) => PartitionKey::Job,
            Body::Event => PartitionKey::Whole,
            Body::NoData(silence) => self.silence_key(silence),
        }
    }

    fn silence_key(&self, silence: &Silence) -> PartitionKey {
        let is_segment = silence.kind == SeriesKind::SEGMENT;
        let is_one_series = is_segment
            && self.subject.as_exact().is_some()
            && self.source().is_some_and(|source| source.as_exact().is_some());
        if self.subject == Matcher::Any || (silence.from_start && !is_one_series) {
            PartitionKey::Whole
        } else if is_segment || silence.kind == SeriesKind::MEASURE {
            PartitionKey::Series
        } else {
            PartitionKey::Item
        }
    }

    /// Reads one trigger.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Syntax`](crate::ErrorKind::Syntax) where the text is not
    /// JSON (the place is `line:column`), [`ErrorKind::Limit`](crate::ErrorKind::Limit)
    /// where it is over 16 MiB, 64 levels deep or 2,000,000 values, and
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with *every* fault
    /// otherwise: unknown, repeated, missing and mistyped members, and all that
    /// [`TriggerBuilder::build`] refuses.
    ///
    /// ```
    /// use tripline::Trigger;
    ///
    /// let trigger = Trigger::from_json(
    ///     r#"{"id":"vip-1000","on":{"type":"segmentThresholdCrossed","segment":"vip","above":1000,"hold":"PT10M"}}"#,
    /// )?;
    /// assert_eq!(trigger.id(), "vip-1000");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn from_json(text: &str) -> Result<Self, Error> {
        decode::one(text)
    }

    /// Reads a trigger file: one trigger, an array of them, or `{"triggers":[…]}`.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json); two triggers with the same id are a
    /// fault as well.
    ///
    /// ```
    /// use tripline::Trigger;
    ///
    /// let triggers = Trigger::list_from_json(
    ///     r#"[{"id":"a","on":{"type":"segmentThresholdCrossed","segment":"vip","above":1000}},
    ///         {"id":"b","on":{"type":"noData","kind":"segment","name":"vip","within":"P1D"}}]"#,
    /// )?;
    /// assert_eq!(triggers.len(), 2);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn list_from_json(text: &str) -> Result<Vec<Self>, Error> {
        decode::list(text)
    }

    /// The trigger as JSON on one line; options at their default are left out,
    /// and the order of members is fixed. [`from_json`](Self::from_json) gives
    /// an equal trigger.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
    /// assert_eq!(
    ///     trigger.to_json(),
    ///     r#"{"id":"vip-1000","on":{"type":"segmentThresholdCrossed","segment":"vip","above":1000}}"#,
    /// );
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        encode::trigger_json(self, "on")
    }

    fn rest(&self) -> &Rest {
        const DEFAULT: &Rest = &Rest::DEFAULT;
        self.rest.as_deref().unwrap_or(DEFAULT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_without_options_takes_64_bytes() {
        assert_eq!(size_of::<Trigger>(), 64);
        let trigger = Trigger::segment_threshold_crossed("id", "vip", Threshold::above(1.0)).build().unwrap();
        assert!(trigger.rest.is_none());
    }

    #[test]
    fn what_is_said_in_two_ways_is_kept_in_one() {
        let builder = || Trigger::segment_threshold_crossed("id", "vip", Threshold::above(1.0));
        let plain = builder().build().unwrap();
        let same =
            builder().with_source("*").with_cooldown(Duration::ZERO).with_enabled(true).build().unwrap();
        assert_eq!(same, plain);
        let star = builder().with_source(Matcher::exact("*")).build().unwrap();
        assert_eq!(star.source(), Some(&Matcher::one_of(["*"])));
    }
}

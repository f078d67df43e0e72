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

mod builder;
mod decode;
mod encode;
mod fields;
mod filters;
mod float;
mod kind;
mod matcher;
mod matchers;
mod object;
mod place;
mod reader;
mod thresholds;
mod tree;
mod words;

pub use builder::TriggerBuilder;
pub use kind::{DimensionRule, Limit, PartitionKey, TriggerKind};
pub use matcher::Matcher;

pub(crate) use encode::condition_json;

use std::time::Duration;

use crate::error::Error;
use crate::event::SeriesKind;
use crate::event::filter::Filter;
use crate::threshold::{Threshold, ThresholdBuilder};
use builder::Draft;

/// What to watch for, under an id: valid by construction and never changed.
///
/// [`TriggerBuilder::from`] it makes another. A trigger without options takes
/// 64 bytes and its two names.
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
    id: Box<str>,
    /// The segments, measures or names it is about.
    subject: Matcher,
    body: Body,
    /// Absent where everything in it is at its default.
    rest: Option<Box<Rest>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Segment(Threshold),
    Measure(Box<(DimensionRule, Threshold)>),
    NoData(Box<Silence>),
}

#[derive(Debug, Clone, PartialEq)]
struct Silence {
    kind: SeriesKind,
    within: Duration,
    from_start: bool,
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
        TriggerBuilder::new(id, segment.into(), Draft::Segment(threshold.into()))
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
        TriggerBuilder::new(id, measure.into(), Draft::Measure(DimensionRule::None, threshold.into()))
    }

    /// Watches for silence: nothing reported of a segment or a measure for
    /// `within`. With the name `*` there is one silence for the whole trigger.
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
        TriggerBuilder::new(
            id,
            name.into(),
            Draft::NoData(Silence { kind: kind.into(), within, from_start: false }),
        )
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
        &self.id
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
        match &self.body {
            Body::Segment(threshold) => {
                TriggerKind::SegmentThresholdCrossed { segment: &self.subject, threshold }
            }
            Body::Measure(body) => {
                let (dimensions, threshold) = &**body;
                TriggerKind::MeasureThresholdCrossed { measure: &self.subject, dimensions, threshold }
            }
            Body::NoData(silence) => {
                let Silence { kind, within, from_start } = &**silence;
                TriggerKind::NoData { kind, name: &self.subject, within: *within, from_start: *from_start }
            }
        }
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
        match &self.body {
            Body::Segment(_) => "segmentThresholdCrossed",
            Body::Measure(_) => "measureThresholdCrossed",
            Body::NoData(_) => "noData",
        }
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
        match &self.body {
            Body::Segment(threshold) => Some(threshold),
            Body::Measure(body) => Some(&body.1),
            Body::NoData(_) => None,
        }
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

    /// How long after a firing the next one of the same series is swallowed.
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

    /// How often it may fire at most, over all series together.
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
    /// It is the whole trigger where it has a `limit`, and for `noData` where
    /// one silence stands for many series: on the name `*`, and, before the
    /// first report, with `fromStart` unless the name and the source are exact
    /// and the series is a segment's (a measure may have one for each of its
    /// dimensions).
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
            Body::NoData(_) if self.subject == Matcher::Any => PartitionKey::Whole,
            Body::NoData(silence) if silence.from_start => {
                let source = self.source().and_then(Matcher::as_exact);
                let is_one_series = silence.kind == SeriesKind::SEGMENT
                    && self.subject.as_exact().is_some()
                    && source.is_some();
                if is_one_series { PartitionKey::Series } else { PartitionKey::Whole }
            }
            Body::NoData(_) => PartitionKey::Series,
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
        encode::trigger_json(self)
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

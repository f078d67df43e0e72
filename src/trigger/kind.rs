//! What a trigger watches for, and how its state is divided.

use std::time::Duration;

use super::Matcher;
use crate::event::{Dimensions, Outcome, Process, SeriesKind, Submission};
use crate::threshold::Threshold;

/// What a trigger watches for, with what each kind needs to know.
///
/// It is a view of a [`Trigger`](super::Trigger), cheap to copy; more kinds
/// will be added.
///
/// ```
/// use tripline::threshold::Threshold;
/// use tripline::trigger::{Trigger, TriggerKind};
///
/// let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
/// let TriggerKind::SegmentThresholdCrossed { segment, threshold } = trigger.kind() else { unreachable!() };
/// assert!(segment.matches("vip"));
/// assert_eq!(threshold.condition().name(), "above");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum TriggerKind<'a> {
    /// The refresh of a data source failed: an `ingestion` task ended as `failed` or `timedOut`.
    DataSourceRefreshFailed {
        /// Which data sources, by id or by name; any also means a task without an item.
        data_source: &'a Matcher,
        /// Whether a failure counts that the platform itself will try again.
        include_retrying: bool,
        /// How long a success may follow, so that nothing fires; zero does not wait.
        settle: Duration,
    },
    /// The refresh of a data source succeeded: an `ingestion` task ended so.
    DataSourceRefreshSucceeded {
        /// Which data sources, by id or by name; any also means a task without an item.
        data_source: &'a Matcher,
    },
    /// A segment's member count passes a threshold.
    SegmentThresholdCrossed {
        /// Which segments.
        segment: &'a Matcher,
        /// When.
        threshold: &'a Threshold,
    },
    /// A measure's value passes a threshold.
    MeasureThresholdCrossed {
        /// Which measures.
        measure: &'a Matcher,
        /// Which of their series.
        dimensions: &'a DimensionRule,
        /// When.
        threshold: &'a Threshold,
    },
    /// A job of the scope `full` ended.
    FullRefreshCompleted {
        /// How it was started; `None` is any way.
        submission: Option<&'a Submission>,
        /// How it ended; `None` is any way.
        outcome: Option<&'a Outcome>,
    },
    /// The three phases of unification, `map`, `match` and `merge`, of one job have ended.
    UnificationCompleted {
        /// How they ended together; `None` is any way.
        outcome: Option<&'a Outcome>,
    },
    /// A task ended.
    RefreshCompleted {
        /// What it did; `None` is anything.
        process: Option<&'a Process>,
        /// To which items, by id or by name; any also means a task without one.
        item: &'a Matcher,
        /// How it ended; `None` is any way.
        outcome: Option<&'a Outcome>,
    },
    /// Nothing is reported for a while; of a data source, no success.
    NoData {
        /// Of what: a segment, a measure or a data source.
        kind: &'a SeriesKind,
        /// Which of them.
        name: &'a Matcher,
        /// How long a silence is told.
        within: Duration,
        /// Whether the wait begins when the trigger is added, rather than with the first report.
        from_start: bool,
    },
    /// An event of a certain type came.
    EventReceived {
        /// The type, byte for byte.
        event_type: &'a str,
    },
}

/// Which series of a measure are meant, by their dimensions.
///
/// In JSON it is left out, an object, or `"each"`.
///
/// ```
/// use tripline::trigger::DimensionRule;
/// assert_eq!(DimensionRule::default(), DimensionRule::None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DimensionRule {
    /// Only the series without any.
    #[default]
    None,
    /// The series with exactly these.
    Exact(Dimensions),
    /// Every combination, each with its own state.
    Each,
}

impl DimensionRule {
    /// Whether the series with these dimensions is meant.
    ///
    /// ```
    /// use tripline::event::Dimensions;
    /// use tripline::trigger::DimensionRule;
    ///
    /// let emea = Dimensions::from_iter([("region", "EMEA")]);
    /// assert!(DimensionRule::Each.matches(&emea));
    /// assert!(!DimensionRule::None.matches(&emea));
    /// assert!(DimensionRule::Exact(emea.clone()).matches(&emea));
    /// ```
    pub fn matches(&self, dimensions: &Dimensions) -> bool {
        match self {
            Self::None => dimensions.is_empty(),
            Self::Exact(these) => these == dimensions,
            Self::Each => true,
        }
    }
}

/// No dimensions at all are the series without any.
impl From<Dimensions> for DimensionRule {
    fn from(dimensions: Dimensions) -> Self {
        if dimensions.is_empty() { Self::None } else { Self::Exact(dimensions) }
    }
}

/// At most so many firings of one trigger in so long.
///
/// ```
/// use tripline::threshold::Threshold;
/// use tripline::trigger::Trigger;
/// use std::time::Duration;
///
/// let hour = Duration::from_secs(3600);
/// let trigger = Trigger::segment_threshold_crossed("any-1000", "*", Threshold::above(1000.0))
///     .with_limit(30, hour)
///     .build()?;
/// let limit = trigger.limit().unwrap();
/// assert_eq!((limit.max(), limit.per()), (30, hour));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub(super) max: u32,
    pub(super) per: Duration,
}

impl Limit {
    /// The most firings.
    ///
    /// ```
    /// # use tripline::{threshold::Threshold, trigger::Trigger};
    /// # use std::time::Duration;
    /// let builder = Trigger::segment_threshold_crossed("id", "vip", Threshold::above(1.0));
    /// let trigger = builder.with_limit(30, Duration::from_secs(60)).build()?;
    /// assert_eq!(trigger.limit().map(|limit| limit.max()), Some(30));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn max(&self) -> u32 {
        self.max
    }

    /// In how long.
    ///
    /// ```
    /// # use tripline::{threshold::Threshold, trigger::Trigger};
    /// # use std::time::Duration;
    /// let builder = Trigger::segment_threshold_crossed("id", "vip", Threshold::above(1.0));
    /// let trigger = builder.with_limit(30, Duration::from_secs(60)).build()?;
    /// assert_eq!(trigger.limit().map(|limit| limit.per()), Some(Duration::from_secs(60)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn per(&self) -> Duration {
        self.per
    }
}

/// By what a trigger's state can be divided among partitions.
///
/// A partition judges only the triggers whose key for an event it owns, so
/// nothing fires twice where an event concerns two partitions.
///
/// ```
/// use tripline::threshold::Threshold;
/// use tripline::trigger::{PartitionKey, Trigger};
///
/// let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
/// assert_eq!(trigger.partition_key(), PartitionKey::Series);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PartitionKey {
    /// Each series has its own state.
    Series,
    /// Each item (a data source, say) has its own state.
    Item,
    /// Each job has its own state.
    Job,
    /// There is one state for the whole trigger: one partition owns it.
    Whole,
}

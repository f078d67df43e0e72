//! A threshold: one condition and its options, valid by construction.

use std::fmt;
use std::time::Duration;

use super::condition::{Condition, Occurrences, OnFirst, OnMissing};

/// When a number has crossed: one [`Condition`] and its options.
///
/// A `Threshold` is valid by construction: [`ThresholdBuilder::build`](super::ThresholdBuilder::build) checks
/// everything and names every fault. It cannot be changed; take a
/// [`ThresholdBuilder::from`](super::ThresholdBuilder) it to make another.
///
/// ```
/// use tripline::threshold::Threshold;
/// use std::time::Duration;
///
/// // Above 1,000 for ten minutes; noticed again only after 950 has been seen.
/// let threshold = Threshold::above(1000.0).with_rearm(950.0).with_hold(Duration::from_secs(600)).build()?;
/// assert_eq!(threshold.rearm(), Some(950.0));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Threshold {
    repr: Repr,
}

/// A bound and nothing else takes 16 bytes: most triggers are that, and an
/// engine keeps a million of them. Each threshold has one form only.
#[derive(Clone, PartialEq)]
enum Repr {
    Above(f64),
    AtOrAbove(f64),
    Below(f64),
    AtOrBelow(f64),
    Full(Box<Full>),
}

#[derive(Clone, PartialEq)]
struct Full {
    condition: Condition,
    rearm: Option<f64>,
    options: Options,
}

/// The options beside the condition and `rearm`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Options {
    pub(super) hold: Duration,
    pub(super) keep: Duration,
    pub(super) occurrences: Option<Occurrences>,
    pub(super) on_first: OnFirst,
    pub(super) on_missing: OnMissing,
    pub(super) stale_after: Option<Duration>,
    pub(super) lateness: Duration,
    pub(super) remind_every: Option<Duration>,
    pub(super) notify_cleared: bool,
}

impl Options {
    pub(super) const DEFAULT: Self = Self {
        hold: Duration::ZERO,
        keep: Duration::ZERO,
        occurrences: None,
        on_first: OnFirst::Quiet,
        on_missing: OnMissing::Keep,
        stale_after: None,
        lateness: Duration::ZERO,
        remind_every: None,
        notify_cleared: false,
    };
}

impl Threshold {
    /// Of a builder whose values were checked.
    pub(super) fn checked(condition: Condition, rearm: Option<f64>, options: Options) -> Self {
        let is_plain = rearm.is_none() && options == Options::DEFAULT;
        let repr = match condition {
            Condition::Above(bound) if is_plain => Repr::Above(bound),
            Condition::AtOrAbove(bound) if is_plain => Repr::AtOrAbove(bound),
            Condition::Below(bound) if is_plain => Repr::Below(bound),
            Condition::AtOrBelow(bound) if is_plain => Repr::AtOrBelow(bound),
            _ => Repr::Full(Box::new(Full { condition, rearm, options })),
        };
        Self { repr }
    }

    pub(super) fn options(&self) -> &Options {
        const DEFAULT: &Options = &Options::DEFAULT;
        match &self.repr {
            Repr::Full(full) => &full.options,
            _ => DEFAULT,
        }
    }

    /// The condition.
    ///
    /// ```
    /// use tripline::threshold::{Condition, Threshold};
    /// assert_eq!(Threshold::below(3.0).build()?.condition(), Condition::Below(3.0));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn condition(&self) -> Condition {
        match &self.repr {
            Repr::Above(bound) => Condition::Above(*bound),
            Repr::AtOrAbove(bound) => Condition::AtOrAbove(*bound),
            Repr::Below(bound) => Condition::Below(*bound),
            Repr::AtOrBelow(bound) => Condition::AtOrBelow(*bound),
            Repr::Full(full) => full.condition,
        }
    }

    /// The hysteresis, where one was given: for a bound, the value at which
    /// the threshold is armed again; for a range, the distance beyond its end.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// assert_eq!(Threshold::above(3.0).with_rearm(2.0).build()?.rearm(), Some(2.0));
    /// assert_eq!(Threshold::above(3.0).build()?.rearm(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn rearm(&self) -> Option<f64> {
        match &self.repr {
            Repr::Full(full) => full.rearm,
            _ => None,
        }
    }

    /// How long the value must stay inside before it counts; zero by default.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// assert!(Threshold::above(3.0).build()?.hold().is_zero());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn hold(&self) -> Duration {
        self.options().hold
    }

    /// How long the value must stay outside before the episode ends; zero by
    /// default.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// assert_eq!(Threshold::above(3.0).with_keep(minute).build()?.keep(), minute);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn keep(&self) -> Duration {
        self.options().keep
    }

    /// How many of the last observations must be inside, where asked for.
    ///
    /// ```
    /// use tripline::threshold::{Occurrences, Threshold};
    /// let often = Occurrences::of_last(3, 5);
    /// assert_eq!(Threshold::above(3.0).with_occurrences(often).build()?.occurrences(), Some(often));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn occurrences(&self) -> Option<Occurrences> {
        self.options().occurrences
    }

    /// What the very first value does where it is inside.
    ///
    /// ```
    /// use tripline::threshold::{OnFirst, Threshold};
    /// assert_eq!(Threshold::above(3.0).build()?.on_first(), OnFirst::Quiet);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn on_first(&self) -> OnFirst {
        self.options().on_first
    }

    /// What a missing value (null, NaN) means.
    ///
    /// ```
    /// use tripline::threshold::{OnMissing, Threshold};
    /// assert_eq!(Threshold::above(3.0).build()?.on_missing(), OnMissing::Keep);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn on_missing(&self) -> OnMissing {
        self.options().on_missing
    }

    /// After how long without a report the side is unknown; never by default.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// assert_eq!(Threshold::above(3.0).build()?.stale_after(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn stale_after(&self) -> Option<Duration> {
        self.options().stale_after
    }

    /// How long observations wait for earlier ones that come late; zero by
    /// default.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// assert!(Threshold::above(3.0).build()?.lateness().is_zero());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn lateness(&self) -> Duration {
        self.options().lateness
    }

    /// How often an episode that lasts is told again; never by default.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// assert_eq!(Threshold::above(3.0).build()?.remind_every(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn remind_every(&self) -> Option<Duration> {
        self.options().remind_every
    }

    /// Whether the end of an episode is told as well; false by default.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// assert!(Threshold::above(3.0).with_notify_cleared(true).build()?.notify_cleared());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn notify_cleared(&self) -> bool {
        self.options().notify_cleared
    }
}

impl fmt::Debug for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threshold")
            .field("condition", &self.condition())
            .field("rearm", &self.rearm())
            .field("options", self.options())
            .finish()
    }
}

//! What about a number is to be noticed (a bound, a range or a step), and the
//! words of the options beside it.

use std::time::Duration;

/// The one condition of a [`Threshold`](super::Threshold).
///
/// Equal to the bound is outside for `Above` and `Below` and inside for
/// `AtOrAbove` and `AtOrBelow`. Numbers are compared as they are, without an
/// epsilon; `-0.0` equals `0.0`.
///
/// ```
/// use tripline::threshold::{Condition, Threshold};
///
/// let threshold = Threshold::above(1000.0).build()?;
/// assert_eq!(threshold.condition(), Condition::Above(1000.0));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Condition {
    /// The value is greater than the bound.
    Above(f64),
    /// The value is the bound or greater.
    AtOrAbove(f64),
    /// The value is less than the bound.
    Below(f64),
    /// The value is the bound or less.
    AtOrBelow(f64),
    /// The value lies in the range.
    EntersRange(Range),
    /// The value lies outside the range.
    LeavesRange(Range),
    /// The value differs from the one before it by so much.
    ChangesBy(Change),
}

impl Condition {
    /// The condition's name in JSON.
    ///
    /// ```
    /// use tripline::threshold::Condition;
    /// assert_eq!(Condition::AtOrAbove(3.0).name(), "atOrAbove");
    /// ```
    pub fn name(&self) -> &'static str {
        match self {
            Self::Above(_) => "above",
            Self::AtOrAbove(_) => "atOrAbove",
            Self::Below(_) => "below",
            Self::AtOrBelow(_) => "atOrBelow",
            Self::EntersRange(_) => "entersRange",
            Self::LeavesRange(_) => "leavesRange",
            Self::ChangesBy(_) => "changesBy",
        }
    }
}

/// An interval of numbers; each end belongs to it unless said otherwise.
///
/// Whether it is a valid one (finite, `low` below `high`, or equal with both
/// ends included) is checked when the threshold is built.
///
/// ```
/// use tripline::threshold::Range;
///
/// let comfortable = Range::new(18.0, 24.0).with_include_high(false);
/// assert_eq!(comfortable, Range::from(18.0..24.0));
/// assert_eq!(Range::new(18.0, 24.0), Range::from(18.0..=24.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) include_low: bool,
    pub(super) include_high: bool,
}

impl Range {
    /// The interval from `low` to `high`, both included.
    ///
    /// ```
    /// use tripline::threshold::Range;
    /// assert!(Range::new(1.0, 2.0).include_high());
    /// ```
    pub fn new(low: f64, high: f64) -> Self {
        Self { low, high, include_low: true, include_high: true }
    }

    /// Says whether `low` itself belongs to the interval.
    ///
    /// ```
    /// use tripline::threshold::Range;
    /// assert!(!Range::new(1.0, 2.0).with_include_low(false).include_low());
    /// ```
    #[must_use]
    pub fn with_include_low(mut self, include_low: bool) -> Self {
        self.include_low = include_low;
        self
    }

    /// Says whether `high` itself belongs to the interval.
    ///
    /// ```
    /// use tripline::threshold::Range;
    /// assert!(!Range::new(1.0, 2.0).with_include_high(false).include_high());
    /// ```
    #[must_use]
    pub fn with_include_high(mut self, include_high: bool) -> Self {
        self.include_high = include_high;
        self
    }

    /// The lower end.
    ///
    /// ```
    /// use tripline::threshold::Range;
    /// assert_eq!(Range::new(1.0, 2.0).low(), 1.0);
    /// ```
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The upper end.
    ///
    /// ```
    /// use tripline::threshold::Range;
    /// assert_eq!(Range::new(1.0, 2.0).high(), 2.0);
    /// ```
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Whether the lower end belongs to the interval.
    ///
    /// ```
    /// use tripline::threshold::Range;
    /// assert!(Range::new(1.0, 2.0).include_low());
    /// ```
    pub fn include_low(&self) -> bool {
        self.include_low
    }

    /// Whether the upper end belongs to the interval.
    ///
    /// ```
    /// use tripline::threshold::Range;
    /// assert!(!Range::from(1.0..2.0).include_high());
    /// ```
    pub fn include_high(&self) -> bool {
        self.include_high
    }

    /// Whether the value lies in the interval.
    ///
    /// ```
    /// use tripline::threshold::Range;
    /// assert!(Range::from(1.0..2.0).contains(1.0));
    /// assert!(!Range::from(1.0..2.0).contains(2.0));
    /// ```
    pub fn contains(&self, value: f64) -> bool {
        let above_low = value > self.low || (self.include_low && value == self.low);
        let below_high = value < self.high || (self.include_high && value == self.high);
        above_low && below_high
    }

    /// The same interval with zeros made positive.
    pub(super) fn normalised(self) -> Self {
        Self { low: self.low + 0.0, high: self.high + 0.0, ..self }
    }
}

impl From<(f64, f64)> for Range {
    fn from((low, high): (f64, f64)) -> Self {
        Self::new(low, high)
    }
}

impl From<std::ops::RangeInclusive<f64>> for Range {
    fn from(range: std::ops::RangeInclusive<f64>) -> Self {
        Self::new(*range.start(), *range.end())
    }
}

impl From<std::ops::Range<f64>> for Range {
    fn from(range: std::ops::Range<f64>) -> Self {
        Self::new(range.start, range.end).with_include_high(false)
    }
}

/// A step between two observations that follow each other.
///
/// ```
/// use tripline::threshold::{Change, Condition, Direction, Threshold};
///
/// let threshold = Threshold::changes_by_percent(10.0).with_direction(Direction::Down).build()?;
/// let Condition::ChangesBy(change) = threshold.condition() else { unreachable!() };
/// assert_eq!((change.amount(), change.percent(), change.direction()), (10.0, true, Direction::Down));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    pub(super) amount: f64,
    pub(super) percent: bool,
    pub(super) direction: Direction,
}

impl Change {
    /// A step of so much, in either direction.
    ///
    /// ```
    /// use tripline::threshold::{Change, Condition, Threshold, ThresholdBuilder};
    /// let built = ThresholdBuilder::new(Condition::ChangesBy(Change::new(5.0))).build()?;
    /// assert_eq!(built, Threshold::changes_by(5.0).build()?);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn new(amount: f64) -> Self {
        Self { amount, percent: false, direction: Direction::Either }
    }

    /// Says whether the amount is a percentage of the previous value.
    ///
    /// ```
    /// use tripline::threshold::Change;
    /// assert!(Change::new(5.0).with_percent(true).percent());
    /// ```
    #[must_use]
    pub fn with_percent(mut self, percent: bool) -> Self {
        self.percent = percent;
        self
    }

    /// Says which way the value must go.
    ///
    /// ```
    /// use tripline::threshold::{Change, Direction};
    /// assert_eq!(Change::new(5.0).with_direction(Direction::Up).direction(), Direction::Up);
    /// ```
    #[must_use]
    pub fn with_direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// The least step that is noticed, in the value's own unit or in percent.
    ///
    /// ```
    /// use tripline::threshold::Change;
    /// assert_eq!(Change::new(5.0).amount(), 5.0);
    /// ```
    pub fn amount(&self) -> f64 {
        self.amount
    }

    /// Whether the amount is a percentage of the previous value.
    ///
    /// ```
    /// use tripline::threshold::Change;
    /// assert!(!Change::new(5.0).percent());
    /// ```
    pub fn percent(&self) -> bool {
        self.percent
    }

    /// Which way the value must go.
    ///
    /// ```
    /// use tripline::threshold::{Change, Direction};
    /// assert_eq!(Change::new(5.0).direction(), Direction::Either);
    /// ```
    pub fn direction(&self) -> Direction {
        self.direction
    }
}

/// Which way a value must go for [`Change`] to notice it.
///
/// ```
/// use tripline::threshold::Direction;
/// assert_eq!(Direction::default(), Direction::Either);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Direction {
    /// To a greater value.
    Up,
    /// To a lesser value.
    Down,
    /// To any other value.
    #[default]
    Either,
}

/// How often the value must have been inside.
///
/// ```
/// use tripline::threshold::Occurrences;
/// use std::time::Duration;
///
/// let often = Occurrences::of_last(3, 5);
/// assert_eq!(often, Occurrences::OfLast { at_least: 3, of_last: 5 });
/// assert_eq!(often.at_least(), Occurrences::within(3, Duration::from_secs(3600)).at_least());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Occurrences {
    /// At least so many of the last so many present observations.
    OfLast {
        /// 1 to 1,000.
        at_least: u32,
        /// `at_least` to 1,000.
        of_last: u32,
    },
    /// At least so many in the time that ends with this observation.
    Within {
        /// 1 to 1,000.
        at_least: u32,
        /// More than zero; an observation exactly this long ago still counts.
        within: Duration,
    },
}

impl Occurrences {
    /// At least `at_least` of the last `of_last` observations that had a value.
    ///
    /// ```
    /// use tripline::threshold::{Occurrences, Threshold};
    /// assert!(Threshold::above(3.0).with_occurrences(Occurrences::of_last(3, 5)).build().is_ok());
    /// ```
    pub fn of_last(at_least: u32, of_last: u32) -> Self {
        Self::OfLast { at_least, of_last }
    }

    /// At least `at_least` within so long, inclusive of exactly so long ago.
    ///
    /// ```
    /// use tripline::threshold::{Occurrences, Threshold};
    /// use std::time::Duration;
    /// let often = Occurrences::within(3, Duration::from_secs(3600));
    /// assert!(Threshold::above(3.0).with_occurrences(often).build().is_ok());
    /// ```
    pub fn within(at_least: u32, within: Duration) -> Self {
        Self::Within { at_least, within }
    }

    /// How many observations must be inside.
    ///
    /// ```
    /// use tripline::threshold::Occurrences;
    /// assert_eq!(Occurrences::of_last(3, 5).at_least(), 3);
    /// ```
    pub fn at_least(&self) -> u32 {
        match *self {
            Self::OfLast { at_least, .. } | Self::Within { at_least, .. } => at_least,
        }
    }
}

/// What the first value of a series does where it is inside.
///
/// ```
/// use tripline::threshold::OnFirst;
/// assert_eq!(OnFirst::default(), OnFirst::Quiet);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnFirst {
    /// It sets the side and fires nothing: the value must leave once.
    #[default]
    Quiet,
    /// It counts as a crossing.
    Fire,
}

/// What a missing value (null, NaN) means.
///
/// ```
/// use tripline::threshold::OnMissing;
/// assert_eq!(OnMissing::default(), OnMissing::Keep);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnMissing {
    /// The side stays as it was; a running hold is cancelled.
    #[default]
    Keep,
    /// It is treated as a value outside.
    Outside,
    /// It is treated as a value inside.
    Inside,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_belongs_to_a_range_only_where_it_is_included() {
        let values = [0.9, 1.0, 1.5, 2.0, 2.1];
        let inside = |range: Range| values.map(|value| range.contains(value));
        assert_eq!(inside(Range::new(1.0, 2.0)), [false, true, true, true, false]);
        assert_eq!(inside(Range::from(1.0..2.0)), [false, true, true, false, false]);
        assert_eq!(inside(Range::new(1.0, 2.0).with_include_low(false)), [false, false, true, true, false]);
    }
}

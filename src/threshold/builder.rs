//! Builds a threshold and names every fault of what it was given.

mod check;

use std::time::Duration;

use super::condition::{Change, Condition, Direction, Occurrences, OnFirst, OnMissing, Range};
use super::config::{Options, Threshold};
use crate::error::Error;
use check::Faults;

/// A [`Threshold`] in the making; [`build`](Self::build) checks it.
///
/// ```
/// use tripline::threshold::Threshold;
///
/// let error = Threshold::above(f64::NAN).with_rearm(f64::INFINITY).build().unwrap_err();
/// let places: Vec<&str> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(places, ["above", "rearm"]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdBuilder {
    condition: Condition,
    /// A direction given to a condition that has none.
    stray_direction: bool,
    rearm: Option<f64>,
    options: Options,
}

impl ThresholdBuilder {
    /// Starts from a condition, with every option at its default.
    ///
    /// ```
    /// use tripline::threshold::{Condition, Threshold, ThresholdBuilder};
    /// assert_eq!(ThresholdBuilder::new(Condition::Above(3.0)), Threshold::above(3.0));
    /// ```
    pub fn new(condition: Condition) -> Self {
        Self { condition, stray_direction: false, rearm: None, options: Options::DEFAULT }
    }

    /// Says which way the value must go; for `changesBy` only.
    ///
    /// ```
    /// use tripline::threshold::{Direction, Threshold};
    /// assert!(Threshold::changes_by(5.0).with_direction(Direction::Up).build().is_ok());
    /// assert!(Threshold::above(5.0).with_direction(Direction::Up).build().is_err());
    /// ```
    #[must_use]
    pub fn with_direction(mut self, direction: Direction) -> Self {
        match &mut self.condition {
            Condition::ChangesBy(change) => change.direction = direction,
            _ => self.stray_direction = true,
        }
        self
    }

    /// Asks for hysteresis: for a bound, the value to go back to before the
    /// next crossing counts; for a range, how far beyond its end.
    ///
    /// `above` is armed again at or below `rearm`, `atOrAbove` below it,
    /// mirrored for `below` and `atOrBelow`. On the wrong side it is refused.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// assert!(Threshold::above(1000.0).with_rearm(950.0).build().is_ok());
    /// assert!(Threshold::above(1000.0).with_rearm(1050.0).build().is_err());
    /// ```
    #[must_use]
    pub fn with_rearm(mut self, rearm: f64) -> Self {
        self.rearm = Some(rearm);
        self
    }

    /// Asks that the value stays inside for so long.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// use std::time::Duration;
    /// assert!(Threshold::above(3.0).with_hold(Duration::from_secs(600)).build().is_ok());
    /// ```
    #[must_use]
    pub fn with_hold(mut self, hold: Duration) -> Self {
        self.options.hold = hold;
        self
    }

    /// Asks that the value stays outside for so long before the episode ends.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// use std::time::Duration;
    /// assert!(Threshold::above(3.0).with_keep(Duration::from_secs(600)).build().is_ok());
    /// ```
    #[must_use]
    pub fn with_keep(mut self, keep: Duration) -> Self {
        self.options.keep = keep;
        self
    }

    /// Asks that the value was inside so often; excludes `rearm`.
    ///
    /// ```
    /// use tripline::threshold::{Occurrences, Threshold};
    /// assert!(Threshold::above(3.0).with_occurrences(Occurrences::of_last(6, 5)).build().is_err());
    /// ```
    #[must_use]
    pub fn with_occurrences(mut self, occurrences: Occurrences) -> Self {
        self.options.occurrences = Some(occurrences);
        self
    }

    /// Says what the very first value does where it is inside.
    ///
    /// ```
    /// use tripline::threshold::{OnFirst, Threshold};
    /// assert!(Threshold::above(3.0).with_on_first(OnFirst::Fire).build().is_ok());
    /// ```
    #[must_use]
    pub fn with_on_first(mut self, on_first: OnFirst) -> Self {
        self.options.on_first = on_first;
        self
    }

    /// Says what a missing value means.
    ///
    /// ```
    /// use tripline::threshold::{OnMissing, Threshold};
    /// assert!(Threshold::above(3.0).with_on_missing(OnMissing::Outside).build().is_ok());
    /// ```
    #[must_use]
    pub fn with_on_missing(mut self, on_missing: OnMissing) -> Self {
        self.options.on_missing = on_missing;
        self
    }

    /// Lets the side become unknown after so long without a report.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// use std::time::Duration;
    /// assert!(Threshold::above(3.0).with_stale_after(Duration::ZERO).build().is_err());
    /// ```
    #[must_use]
    pub fn with_stale_after(mut self, stale_after: Duration) -> Self {
        self.options.stale_after = Some(stale_after);
        self
    }

    /// Lets observations wait so long for earlier ones that come late.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// use std::time::Duration;
    /// assert!(Threshold::above(3.0).with_lateness(Duration::from_secs(5)).build().is_ok());
    /// ```
    #[must_use]
    pub fn with_lateness(mut self, lateness: Duration) -> Self {
        self.options.lateness = lateness;
        self
    }

    /// Tells an episode that lasts again and again, at most once a minute.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// use std::time::Duration;
    /// assert!(Threshold::above(3.0).with_remind_every(Duration::from_secs(59)).build().is_err());
    /// ```
    #[must_use]
    pub fn with_remind_every(mut self, remind_every: Duration) -> Self {
        self.options.remind_every = Some(remind_every);
        self
    }

    /// Says whether the end of an episode is told as well.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// assert!(Threshold::above(3.0).with_notify_cleared(true).build().is_ok());
    /// ```
    #[must_use]
    pub fn with_notify_cleared(mut self, notify_cleared: bool) -> Self {
        self.options.notify_cleared = notify_cleared;
        self
    }

    /// The threshold, if everything about it is allowed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with *every* fault; the
    /// paths are the members' names in JSON (`above`, `entersRange.low`,
    /// `rearm`, `occurrences.atLeast`):
    ///
    /// - a number that is not finite, an amount that is not above zero;
    /// - a range with `low` above `high`, or equal with an end excluded;
    /// - a `rearm` on the wrong side of its bound; for a range a negative one,
    ///   or one so large that the threshold could never be armed again;
    /// - `occurrences` outside 1 to 1,000, with `atLeast` above `ofLast`, over
    ///   no time, or together with `rearm`;
    /// - `staleAfter` of zero, `remindEvery` below a minute, and any duration
    ///   above 292 years;
    /// - with `changesBy`, which has no episodes: `rearm`, `hold`, `keep`,
    ///   `occurrences`, `remindEvery`, `notifyCleared`; with any other
    ///   condition a direction.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    ///
    /// assert!(Threshold::enters_range(1.0..=1.0).build().is_ok());
    /// let error = Threshold::enters_range(1.0..1.0).build().unwrap_err();
    /// assert_eq!(error.faults()[0].path(), "entersRange");
    /// ```
    pub fn build(self) -> Result<Threshold, Error> {
        let Self { condition, stray_direction, rearm, options } = self;
        let mut faults = Faults::default();
        let condition = faults.check_condition(condition);
        if stray_direction {
            faults.add("direction", format!("`{}` has no direction, only `changesBy` has", condition.name()));
        }
        // Zeros are kept positive: `-0.0 + 0.0` is `0.0`.
        let rearm = rearm.map(|rearm| rearm + 0.0);
        if let Some(rearm) = rearm {
            faults.check_rearm(condition, rearm);
        }
        faults.check_options(&options);
        faults.check_together(condition, rearm, &options);
        faults.none_or_error()?;
        Ok(Threshold::checked(condition, rearm, options))
    }
}

/// Where a threshold begins.
impl Threshold {
    /// The value is greater than `bound`.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// assert_eq!(Threshold::above(10.0).build()?.condition().name(), "above");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn above(bound: f64) -> ThresholdBuilder {
        ThresholdBuilder::new(Condition::Above(bound))
    }

    /// The value is `bound` or greater.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// assert_eq!(Threshold::at_or_above(10.0).build()?.condition().name(), "atOrAbove");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn at_or_above(bound: f64) -> ThresholdBuilder {
        ThresholdBuilder::new(Condition::AtOrAbove(bound))
    }

    /// The value is less than `bound`.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// assert_eq!(Threshold::below(10.0).build()?.condition().name(), "below");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn below(bound: f64) -> ThresholdBuilder {
        ThresholdBuilder::new(Condition::Below(bound))
    }

    /// The value is `bound` or less.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// assert_eq!(Threshold::at_or_below(10.0).build()?.condition().name(), "atOrBelow");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn at_or_below(bound: f64) -> ThresholdBuilder {
        ThresholdBuilder::new(Condition::AtOrBelow(bound))
    }

    /// The value comes into the range. A jump across the whole range is none.
    ///
    /// ```
    /// use tripline::threshold::{Condition, Range, Threshold};
    /// let threshold = Threshold::enters_range(18.0..=24.0).build()?;
    /// assert_eq!(threshold.condition(), Condition::EntersRange(Range::new(18.0, 24.0)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn enters_range(range: impl Into<Range>) -> ThresholdBuilder {
        ThresholdBuilder::new(Condition::EntersRange(range.into()))
    }

    /// The value goes out of the range. A jump across the whole range is none.
    ///
    /// ```
    /// use tripline::threshold::{Condition, Range, Threshold};
    /// let threshold = Threshold::leaves_range(18.0..24.0).build()?;
    /// assert_eq!(threshold.condition(), Condition::LeavesRange(Range::from(18.0..24.0)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn leaves_range(range: impl Into<Range>) -> ThresholdBuilder {
        ThresholdBuilder::new(Condition::LeavesRange(range.into()))
    }

    /// The value differs from the previous observation by `amount` or more,
    /// in either direction (see [`ThresholdBuilder::with_direction`]).
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// assert_eq!(Threshold::changes_by(25.0).build()?.condition().name(), "changesBy");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn changes_by(amount: f64) -> ThresholdBuilder {
        ThresholdBuilder::new(Condition::ChangesBy(Change::new(amount)))
    }

    /// The value differs from the previous observation by `amount` percent of
    /// it or more. From zero any change is an infinite percentage.
    ///
    /// ```
    /// use tripline::threshold::{Direction, Threshold};
    /// assert!(Threshold::changes_by_percent(10.0).with_direction(Direction::Up).build().is_ok());
    /// ```
    pub fn changes_by_percent(amount: f64) -> ThresholdBuilder {
        ThresholdBuilder::new(Condition::ChangesBy(Change::new(amount).with_percent(true)))
    }
}

impl From<Threshold> for ThresholdBuilder {
    fn from(threshold: Threshold) -> Self {
        Self {
            condition: threshold.condition(),
            stray_direction: false,
            rearm: threshold.rearm(),
            options: threshold.options().clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MAX_DURATION;

    fn paths(builder: ThresholdBuilder) -> Vec<String> {
        let faults = builder.build().map_or_else(|error| error.faults().to_vec(), |_| Vec::new());
        faults.iter().map(|fault| fault.path().to_owned()).collect()
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_rearm_on_the_wrong_side_is_refused_and_one_at_the_bound_is_not() {
        for (builder, fine, wrong) in [
            (Threshold::above(10.0), [10.0, 9.0], 10.5),
            (Threshold::at_or_above(10.0), [10.0, -9.0], 10.5),
            (Threshold::below(10.0), [10.0, 11.0], 9.5),
            (Threshold::at_or_below(10.0), [10.0, 1e300], 9.5),
        ] {
            for rearm in fine {
                assert!(paths(builder.clone().with_rearm(rearm)).is_empty(), "{builder:?} {rearm}");
            }
            assert_eq!(paths(builder.clone().with_rearm(wrong)), ["rearm"], "{builder:?}");
            assert_eq!(paths(builder.with_rearm(f64::NAN)), ["rearm"]);
        }
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused_where_they_stand() {
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(paths(Threshold::above(x)), ["above"]);
            assert_eq!(paths(Threshold::at_or_above(x)), ["atOrAbove"]);
            assert_eq!(paths(Threshold::below(x)), ["below"]);
            assert_eq!(paths(Threshold::at_or_below(x)), ["atOrBelow"]);
            assert_eq!(paths(Threshold::enters_range(x..=1.0)), ["entersRange.low"]);
            assert_eq!(paths(Threshold::leaves_range(x..=x)), ["leavesRange.low", "leavesRange.high"]);
            assert_eq!(paths(Threshold::changes_by(x)), ["changesBy.amount"]);
        }
        assert_eq!(paths(Threshold::changes_by_percent(0.0)), ["changesBy.amount"]);
    }

    #[test]
    fn a_range_holds_at_least_one_number() {
        assert!(paths(Threshold::enters_range(1.0..=1.0)).is_empty());
        assert!(paths(Threshold::enters_range(1.0..2.0)).is_empty());
        assert_eq!(paths(Threshold::enters_range(2.0..=1.0)), ["entersRange"]);
        assert_eq!(paths(Threshold::leaves_range(1.0..1.0)), ["leavesRange"]);
        assert_eq!(
            paths(Threshold::leaves_range(Range::new(1.0, 1.0).with_include_low(false))),
            ["leavesRange"]
        );
    }

    #[test]
    fn the_margin_of_a_range_leaves_a_value_to_be_armed_again_at() {
        let leaves =
            |low: f64, high: f64, margin: f64| paths(Threshold::leaves_range(low..=high).with_rearm(margin));
        assert!(leaves(10.0, 20.0, 5.0).is_empty());
        assert_eq!(leaves(10.0, 20.0, 5.000000000000001), ["rearm"]);
        assert!(leaves(f64::MIN, f64::MAX, f64::MAX).is_empty());
        assert!(leaves(0.0, f64::from_bits(2), f64::from_bits(1)).is_empty());
        assert_eq!(leaves(0.0, f64::from_bits(1), f64::from_bits(1)), ["rearm"]);
        // 0.3 - 0.1 is a little less than twice 0.1 in exact arithmetic, though not when rounded.
        assert_eq!(leaves(0.1, 0.3, 0.1), ["rearm"]);
        assert_eq!(leaves(10.0, 20.0, -1.0), ["rearm"]);

        let enters = |margin| paths(Threshold::enters_range(-1e308..=1e308).with_rearm(margin));
        assert!(enters(7e307).is_empty());
        assert_eq!(enters(8e307), ["rearm"]);
        assert_eq!(enters(-0.5), ["rearm"]);
    }

    #[test]
    fn a_step_refuses_everything_that_needs_an_episode_each_by_its_name() {
        let builder = Threshold::changes_by(1.0)
            .with_rearm(0.0)
            .with_hold(MINUTE)
            .with_keep(MINUTE)
            .with_occurrences(Occurrences::of_last(1, 1))
            .with_remind_every(MINUTE)
            .with_notify_cleared(true);
        assert_eq!(paths(builder), ["rearm", "hold", "keep", "occurrences", "remindEvery", "notifyCleared"]);
        let at_default = Threshold::changes_by(1.0).with_hold(Duration::ZERO).with_notify_cleared(false);
        assert!(paths(at_default).is_empty());
        assert_eq!(paths(Threshold::above(1.0).with_direction(Direction::Up)), ["direction"]);
    }

    #[test]
    fn occurrences_are_bounded_and_exclude_rearm() {
        let occurrences = |occurrences| paths(Threshold::above(1.0).with_occurrences(occurrences));
        assert!(occurrences(Occurrences::of_last(1, 1)).is_empty());
        assert!(occurrences(Occurrences::of_last(1000, 1000)).is_empty());
        assert_eq!(occurrences(Occurrences::of_last(0, 1)), ["occurrences.atLeast"]);
        assert_eq!(occurrences(Occurrences::of_last(3, 2)), ["occurrences.ofLast"]);
        assert_eq!(
            occurrences(Occurrences::of_last(1001, 1001)),
            ["occurrences.atLeast", "occurrences.ofLast"]
        );
        assert_eq!(occurrences(Occurrences::within(3, Duration::ZERO)), ["occurrences.within"]);
        let with_rearm = Threshold::above(1.0).with_occurrences(Occurrences::of_last(1, 1)).with_rearm(1.0);
        assert_eq!(paths(with_rearm), ["rearm"]);
    }

    #[test]
    fn durations_have_a_limit_and_some_a_least_length() {
        let long = MAX_DURATION + Duration::from_nanos(1);
        let builder = Threshold::above(1.0)
            .with_hold(long)
            .with_keep(long)
            .with_stale_after(long)
            .with_lateness(long)
            .with_remind_every(long)
            .with_occurrences(Occurrences::within(1, long));
        let all = ["hold", "keep", "occurrences.within", "staleAfter", "lateness", "remindEvery"];
        assert_eq!(paths(builder), all);
        assert_eq!(paths(Threshold::above(1.0).with_stale_after(Duration::ZERO)), ["staleAfter"]);
        assert_eq!(
            paths(Threshold::above(1.0).with_remind_every(MINUTE - Duration::from_nanos(1))),
            ["remindEvery"]
        );
        assert!(paths(Threshold::above(1.0).with_remind_every(MINUTE).with_hold(MAX_DURATION)).is_empty());
    }

    #[test]
    fn a_negative_zero_becomes_zero_everywhere() {
        let sign = |number: f64| number.is_sign_negative();
        let threshold = Threshold::above(-0.0).with_rearm(-0.0).build().unwrap();
        let Condition::Above(bound) = threshold.condition() else { panic!("{threshold:?}") };
        assert!(!sign(bound) && !threshold.rearm().is_some_and(sign));
        let threshold = Threshold::enters_range(-0.0..=-0.0).build().unwrap();
        let Condition::EntersRange(range) = threshold.condition() else { panic!("{threshold:?}") };
        assert!(!sign(range.low()) && !sign(range.high()));
    }

    #[test]
    fn a_threshold_goes_back_to_its_builder_unchanged() {
        let change = Change::new(3.0).with_direction(Direction::Down);
        for builder in [
            Threshold::above(1.0).with_rearm(0.5).with_hold(MINUTE).with_on_first(OnFirst::Fire),
            ThresholdBuilder::new(Condition::ChangesBy(change)).with_on_missing(OnMissing::Inside),
        ] {
            let threshold = builder.clone().build().unwrap();
            assert_eq!(ThresholdBuilder::from(threshold.clone()), builder);
            assert_eq!(builder.build().unwrap(), threshold);
        }
    }

    #[test]
    fn a_threshold_without_options_is_small() {
        assert_eq!(size_of::<Threshold>(), 16);
    }
}

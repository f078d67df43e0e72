//! Where a value stands: inside, outside, or in the band between the bound
//! and the level that re-arms.
//!
//! Values are compared as integers that keep the order of the floats, so that
//! "just above" is "plus one" and every comparison is exact.

use super::condition::{Condition, Direction};
use super::config::Threshold;
use super::exact;
use super::key::key;

/// Where a present value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    In,
    Out,
    Band,
}

/// A condition on levels, compiled to two intervals of keys.
///
/// `inner` lies within `outer`. Upright: inside is `inner`, outside is what is
/// not in `outer`. Inverted (`leavesRange`): outside is `inner`, inside is what
/// is not in `outer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level {
    inverted: bool,
    inner: (i64, i64),
    outer: (i64, i64),
}

/// What a condition compares with: levels, or the previous value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Judge {
    Level(Level),
    Change { amount: f64, percent: bool, direction: Direction },
}

impl Judge {
    pub(crate) fn new(threshold: &Threshold) -> Self {
        let rearm = threshold.rearm();
        let upright = |inner, outer| Self::Level(Level { inverted: false, inner, outer });
        match threshold.condition() {
            Condition::Above(bound) => {
                let rearm = rearm.unwrap_or(bound);
                upright((key(bound) + 1, i64::MAX), (key(rearm) + 1, i64::MAX))
            }
            Condition::AtOrAbove(bound) => {
                let rearm = rearm.unwrap_or(bound);
                upright((key(bound), i64::MAX), (key(rearm), i64::MAX))
            }
            Condition::Below(bound) => {
                let rearm = rearm.unwrap_or(bound);
                upright((i64::MIN, key(bound) - 1), (i64::MIN, key(rearm) - 1))
            }
            Condition::AtOrBelow(bound) => {
                let rearm = rearm.unwrap_or(bound);
                upright((i64::MIN, key(bound)), (i64::MIN, key(rearm)))
            }
            Condition::EntersRange(range) => {
                let inner = edges(range.low, range.include_low, range.high, range.include_high);
                let margin = rearm.unwrap_or(0.0);
                // Out is what is at least `margin` beyond a bound, and not in.
                let low = exact::key_at_most_difference(range.low, margin).min(inner.0 - 1);
                let high = exact::key_at_least_sum(range.high, margin).max(inner.1 + 1);
                upright(inner, (low + 1, high - 1))
            }
            Condition::LeavesRange(range) => {
                let outer = edges(range.low, range.include_low, range.high, range.include_high);
                let margin = rearm.unwrap_or(0.0);
                let low = exact::key_at_least_sum(range.low, margin).max(outer.0);
                let high = exact::key_at_most_difference(range.high, margin).min(outer.1);
                Self::Level(Level { inverted: true, inner: (low, high), outer })
            }
            Condition::ChangesBy(change) => {
                Self::Change { amount: change.amount, percent: change.percent, direction: change.direction }
            }
        }
    }
}

impl Level {
    pub(crate) fn zone(&self, key: i64) -> Zone {
        let in_inner = self.inner.0 <= key && key <= self.inner.1;
        let in_outer = self.outer.0 <= key && key <= self.outer.1;
        match (self.inverted, in_inner, in_outer) {
            (false, true, _) | (true, _, false) => Zone::In,
            (false, _, false) | (true, true, _) => Zone::Out,
            _ => Zone::Band,
        }
    }

    /// Every key at which a value can leave a quiet interval: two upward, two downward.
    pub(crate) fn edges(&self) -> [Option<i64>; 4] {
        [self.outer.1.checked_add(1), above(self.inner.0), self.outer.0.checked_sub(1), below(self.inner.1)]
    }

    /// The keys around `key` through which a value can move without changing
    /// anything, given the side it is on; `key` is one of them.
    pub(crate) fn quiet(&self, inside: bool, key: i64) -> (i64, i64) {
        if inside != self.inverted {
            return self.outer;
        }
        if key < self.inner.0 {
            (i64::MIN, self.inner.0 - 1)
        } else {
            (self.inner.1.saturating_add(1), i64::MAX)
        }
    }
}

/// A lower edge, unless the interval has none.
fn above(edge: i64) -> Option<i64> {
    (edge != i64::MIN).then_some(edge)
}

/// An upper edge, unless the interval has none.
fn below(edge: i64) -> Option<i64> {
    (edge != i64::MAX).then_some(edge)
}

/// The keys of an interval with its inclusions.
fn edges(low: f64, include_low: bool, high: f64, include_high: bool) -> (i64, i64) {
    (key(low) + i64::from(!include_low), key(high) - i64::from(!include_high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(threshold: super::super::ThresholdBuilder, value: f64) -> Zone {
        match Judge::new(&threshold.build().unwrap()) {
            Judge::Level(level) => level.zone(key(value)),
            Judge::Change { .. } => panic!("no level"),
        }
    }

    #[test]
    fn equal_to_the_bound_is_outside_for_above_and_inside_for_at_or_above() {
        assert_eq!(zone(Threshold::above(5.0), 5.0), Zone::Out);
        assert_eq!(zone(Threshold::at_or_above(5.0), 5.0), Zone::In);
        assert_eq!(zone(Threshold::below(5.0), 5.0), Zone::Out);
        assert_eq!(zone(Threshold::at_or_below(5.0), 5.0), Zone::In);
    }

    #[test]
    fn above_re_arms_at_its_level_and_at_or_above_only_below_it() {
        assert_eq!(zone(Threshold::above(5.0).with_rearm(3.0), 3.0), Zone::Out);
        assert_eq!(zone(Threshold::at_or_above(5.0).with_rearm(3.0), 3.0), Zone::Band);
        assert_eq!(zone(Threshold::below(5.0).with_rearm(7.0), 7.0), Zone::Out);
        assert_eq!(zone(Threshold::at_or_below(5.0).with_rearm(7.0), 7.0), Zone::Band);
    }

    #[test]
    fn a_range_re_arms_its_margin_beyond_the_bounds_in_exact_arithmetic() {
        let range = || Threshold::enters_range((0.3, 0.6)).with_rearm(0.1);
        // As floats, 0.6 + 0.1 rounds down to 0.7; exactly it lies above it, so 0.7 is not beyond the margin yet.
        assert_eq!(zone(range(), 0.19999999999999998), Zone::Out);
        assert_eq!(zone(range(), 0.2), Zone::Band);
        assert_eq!(zone(range(), 0.3), Zone::In);
        assert_eq!(0.6 + 0.1, 0.7);
        assert_eq!(zone(range(), 0.7), Zone::Band);
        assert_eq!(zone(range(), 0.7000000000000001), Zone::Out);
        let leaves = || Threshold::leaves_range((10.0, 20.0)).with_rearm(2.0);
        assert_eq!(
            [9.0, 10.0, 11.0, 12.0, 18.0, 18.5, 20.0, 20.5].map(|v| zone(leaves(), v)),
            [Zone::In, Zone::Band, Zone::Band, Zone::Out, Zone::Out, Zone::Band, Zone::Band, Zone::In]
        );
    }
}

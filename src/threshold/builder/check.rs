//! What a threshold may not be.

use std::time::Duration;

use super::super::condition::{Condition, Occurrences, Range};
use super::super::config::Options;
use super::super::exact::moved_by;
use crate::error::{Error, Fault};
use crate::time::{MAX_DURATION, format_duration};

/// The most observations that [`Occurrences`] can look at.
const MAX_OCCURRENCES: u32 = 1_000;

/// The shortest distance between two reminders.
const MIN_REMINDER: Duration = Duration::from_secs(60);

/// The faults found so far.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// One error for all of them, if there are any.
    pub(super) fn none_or_error(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::from_faults(self.0)) }
    }

    pub(super) fn add(&mut self, path: &str, message: impl Into<String>) {
        self.0.push(Fault::new(path, message));
    }

    /// Whether the number is finite; it is a fault where not.
    fn finite(&mut self, path: &str, number: f64) -> bool {
        if !number.is_finite() {
            self.add(path, format!("{number} is not a finite number"));
        }
        number.is_finite()
    }

    /// The condition with its zeros made positive (`-0.0 + 0.0` is `0.0`).
    pub(super) fn check_condition(&mut self, condition: Condition) -> Condition {
        let name = condition.name();
        match condition {
            Condition::Above(bound) => Condition::Above(self.check_bound(name, bound)),
            Condition::AtOrAbove(bound) => Condition::AtOrAbove(self.check_bound(name, bound)),
            Condition::Below(bound) => Condition::Below(self.check_bound(name, bound)),
            Condition::AtOrBelow(bound) => Condition::AtOrBelow(self.check_bound(name, bound)),
            Condition::EntersRange(range) => Condition::EntersRange(self.check_range(name, range)),
            Condition::LeavesRange(range) => Condition::LeavesRange(self.check_range(name, range)),
            Condition::ChangesBy(change) => {
                let path = "changesBy.amount";
                if self.finite(path, change.amount) && change.amount <= 0.0 {
                    self.add(
                        path,
                        format!("{} is not above zero; the direction is said apart", number(change.amount)),
                    );
                }
                condition
            }
        }
    }

    fn check_bound(&mut self, name: &str, bound: f64) -> f64 {
        self.finite(name, bound);
        bound + 0.0
    }

    fn check_range(&mut self, name: &str, range: Range) -> Range {
        let (low, high) = (range.low(), range.high());
        let finite =
            [("low", low), ("high", high)].map(|(end, at)| self.finite(&format!("{name}.{end}"), at));
        if finite == [true, true] {
            if low > high {
                self.add(name, format!("low {} is above high {}", number(low), number(high)));
            } else if low == high && !(range.include_low() && range.include_high()) {
                let at = number(low);
                self.add(
                    name,
                    format!("nothing lies in it: low and high are both {at} and an end is excluded"),
                );
            }
        }
        range.normalised()
    }

    pub(super) fn check_rearm(&mut self, condition: Condition, rearm: f64) {
        let path = "rearm";
        if !self.finite(path, rearm) {
            return;
        }
        let r = number(rearm);
        match condition {
            Condition::Above(bound) | Condition::AtOrAbove(bound) if rearm > bound => {
                let (name, bound) = (condition.name(), number(bound));
                self.add(
                    path,
                    format!("{r} is above the bound {bound}: `{name}` takes a rearm at or below it"),
                );
            }
            Condition::Below(bound) | Condition::AtOrBelow(bound) if rearm < bound => {
                let (name, bound) = (condition.name(), number(bound));
                self.add(
                    path,
                    format!("{r} is below the bound {bound}: `{name}` takes a rearm at or above it"),
                );
            }
            Condition::EntersRange(_) | Condition::LeavesRange(_) if rearm < 0.0 => {
                self.add(path, format!("{r} is negative: for a range it is a distance from its ends"));
            }
            Condition::EntersRange(range) => {
                let ends = [range.low() - rearm, range.high() + rearm];
                if is_ordered(range) && ends.iter().any(|end| end.is_infinite()) {
                    self.add(path, format!("{r} is so far beyond the range that no number lies there"));
                }
            }
            Condition::LeavesRange(range) if is_ordered(range) && !fits_twice(rearm, range) => {
                let (low, high) = (number(range.low()), number(range.high()));
                let limit = "half the range is the most";
                self.add(
                    path,
                    format!("{r} leaves no value between {low} and {high} to be armed again at: {limit}"),
                );
            }
            _ => {}
        }
    }

    pub(super) fn check_options(&mut self, options: &Options) {
        self.check_length("hold", options.hold, Duration::ZERO);
        self.check_length("keep", options.keep, Duration::ZERO);
        if let Some(occurrences) = options.occurrences {
            self.check_occurrences(occurrences);
        }
        if let Some(stale_after) = options.stale_after {
            self.check_length("staleAfter", stale_after, Duration::from_nanos(1));
        }
        self.check_length("lateness", options.lateness, Duration::ZERO);
        if let Some(remind_every) = options.remind_every {
            self.check_length("remindEvery", remind_every, MIN_REMINDER);
        }
    }

    fn check_occurrences(&mut self, occurrences: Occurrences) {
        let at_least = occurrences.at_least();
        if at_least == 0 || at_least > MAX_OCCURRENCES {
            self.add("occurrences.atLeast", format!("{at_least} is not between 1 and {MAX_OCCURRENCES}"));
        }
        match occurrences {
            Occurrences::OfLast { of_last, .. } if of_last == 0 || of_last > MAX_OCCURRENCES => {
                self.add("occurrences.ofLast", format!("{of_last} is not between 1 and {MAX_OCCURRENCES}"));
            }
            Occurrences::OfLast { of_last, .. } if of_last < at_least => {
                let message =
                    format!("of the last {of_last} never are {at_least} inside: ofLast is atLeast or more");
                self.add("occurrences.ofLast", message);
            }
            Occurrences::OfLast { .. } => {}
            Occurrences::Within { within, .. } => {
                self.check_length("occurrences.within", within, Duration::from_nanos(1));
            }
        }
    }

    fn check_length(&mut self, path: &str, length: Duration, least: Duration) {
        if length > MAX_DURATION {
            self.add(path, format!("{} s is longer than the limit of 292 years", length.as_secs()));
        } else if length < least {
            let (length, limit) = (format_duration(length), format_duration(least));
            let limit = if least.as_nanos() == 1 { "above zero".into() } else { format!("at least {limit}") };
            self.add(path, format!("{length} is too short: it must be {limit}"));
        }
    }

    /// What excludes what (SPEC section 3, rules 10 and 11).
    pub(super) fn check_together(&mut self, condition: Condition, rearm: Option<f64>, options: &Options) {
        if !matches!(condition, Condition::ChangesBy(_)) {
            if options.occurrences.is_some() && rearm.is_some() {
                self.add("rearm", "`occurrences` excludes it: that is armed again by fewer inside");
            }
            return;
        }
        let given = [
            ("rearm", rearm.is_some()),
            ("hold", !options.hold.is_zero()),
            ("keep", !options.keep.is_zero()),
            ("occurrences", options.occurrences.is_some()),
            ("remindEvery", options.remind_every.is_some()),
            ("notifyCleared", options.notify_cleared),
        ];
        for (path, _) in given.iter().filter(|(_, given)| *given) {
            self.add(path, "`changesBy` excludes it: a step has no sides and no episode");
        }
    }
}

/// Whether the range was found in order, so that more can be said about it.
fn is_ordered(range: Range) -> bool {
    range.low().is_finite() && range.high().is_finite() && range.low() <= range.high()
}

/// Whether `2 * margin <= high - low`, exactly: then a value exists that lies
/// so far inside both ends.
fn fits_twice(margin: f64, range: Range) -> bool {
    let (low, high) = (range.low(), range.high());
    if (high - low).is_finite() {
        moved_by(high, low, margin * 2.0)
    } else {
        // Numbers so large lose nothing by halving.
        moved_by(high / 2.0, low / 2.0, margin)
    }
}

/// A number as a person would write it.
fn number(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 { format!("{number}") } else { format!("{number:?}") }
}

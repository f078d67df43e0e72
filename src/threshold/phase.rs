//! The words for where a series stands.

use std::fmt;

/// On which side of its condition a series is.
///
/// ```
/// use tripline::threshold::{Monitor, Side, Threshold};
/// use chrono::DateTime;
///
/// let mut monitor = Monitor::new(Threshold::above(10.0).build()?);
/// assert_eq!(monitor.side(), Side::Unknown);
/// monitor.handle_value(DateTime::UNIX_EPOCH, Some(11.0))?;
/// assert_eq!(monitor.side(), Side::Inside);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Side {
    /// No value yet, or the last one is older than `staleAfter`.
    Unknown,
    /// The condition holds.
    Inside,
    /// The condition does not hold.
    Outside,
}

/// What a series is waiting for; with the side, it tells why nothing fires.
///
/// ```
/// use tripline::threshold::{Monitor, Phase, Threshold};
/// use chrono::DateTime;
///
/// let mut monitor = Monitor::new(Threshold::above(10.0).build()?);
/// monitor.handle_value(DateTime::UNIX_EPOCH, Some(11.0))?;
/// assert_eq!(monitor.phase(), Phase::Spent);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// No value yet.
    Unseen,
    /// The next entry fires.
    Armed,
    /// Inside, and `hold` is running.
    Holding,
    /// The episode has fired; it must end before the next one can.
    Fired,
    /// It was inside when first seen: it must leave once before it can fire.
    Spent,
    /// Without sides: every report is compared (`changesBy`) or awaited (`noData`).
    Watching,
    /// `noData` has fired; the next report ends the silence.
    Silent,
}

/// What a firing says happened.
///
/// ```
/// use tripline::threshold::Transition;
/// assert_eq!(Transition::Cleared.as_str(), "cleared");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Transition {
    /// The condition came to hold (and was held for `hold`).
    Crossed,
    /// The episode is over; only with `notifyCleared`.
    Cleared,
    /// The episode goes on; only with `remindEvery`.
    Reminder,
    /// For triggers without sides: it happened.
    Occurred,
}

impl Side {
    /// The word of the JSON surfaces: `unknown`, `inside`, `outside`.
    ///
    /// ```
    /// use tripline::threshold::Side;
    /// assert_eq!(Side::Inside.as_str(), "inside");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Inside => "inside",
            Self::Outside => "outside",
        }
    }
}

impl Phase {
    /// The word of the JSON surfaces, such as `armed`.
    ///
    /// ```
    /// use tripline::threshold::Phase;
    /// assert_eq!(Phase::Holding.as_str(), "holding");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unseen => "unseen",
            Self::Armed => "armed",
            Self::Holding => "holding",
            Self::Fired => "fired",
            Self::Spent => "spent",
            Self::Watching => "watching",
            Self::Silent => "silent",
        }
    }
}

impl Transition {
    /// The word of the JSON form: `crossed`, `cleared`, `reminder`, `occurred`.
    ///
    /// ```
    /// use tripline::threshold::Transition;
    /// assert_eq!(Transition::Crossed.to_string(), "crossed");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crossed => "crossed",
            Self::Cleared => "cleared",
            Self::Reminder => "reminder",
            Self::Occurred => "occurred",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

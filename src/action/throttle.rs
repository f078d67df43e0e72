//! How fast something may be called: windows and spacing over given time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
use crate::time::{MAX_DURATION, Nanos, datetime, format_duration, instant, nanos_of};

/// The most calls that a window can hold, since the time of each is kept.
const MAX_CALLS: u32 = 10_000;

const MAX_KEYS: usize = 10_000;

/// How fast: at most so many calls within any span of a given length, a
/// minimum distance between two calls, or both.
///
/// ```
/// use std::time::Duration;
/// use tripline::action::Rate;
///
/// // Customer Insights: 100 calls in 60 seconds, for each connection.
/// let rate = Rate::new(100, Duration::from_secs(60))?;
/// // Teams: about four a second.
/// let rate = Rate::spaced(Duration::from_millis(250))?;
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    max: u32,
    per: Nanos,
    spacing: Nanos,
}

impl Rate {
    /// A rate that is written in the code, within the bounds of [`new`](Self::new).
    pub(crate) const fn fixed(max: u32, seconds: u32) -> Self {
        Self { max, per: seconds as Nanos * 1_000_000_000, spacing: 0 }
    }

    /// At most `max` calls within any span of the length `per`: a call counts
    /// until exactly `per` later, when the next may come.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where `max` is not 1 to 10,000, or `per` not more than zero and up to 292 years.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tripline::action::Rate;
    /// assert!(Rate::new(100, Duration::from_secs(60)).is_ok());
    /// assert!(Rate::new(0, Duration::from_secs(60)).is_err());
    /// ```
    pub fn new(max: u32, per: Duration) -> Result<Self, Error> {
        if !(1..=MAX_CALLS).contains(&max) {
            let message = format!("a window of {max} calls: it takes 1 to {MAX_CALLS}");
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        Ok(Self { max, per: span(per)?, spacing: 0 })
    }

    /// At least `every` from one call to the next.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where `every` is not more than zero and up to 292 years.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tripline::action::Rate;
    /// assert!(Rate::spaced(Duration::from_millis(250)).is_ok());
    /// assert!(Rate::spaced(Duration::ZERO).is_err());
    /// ```
    pub fn spaced(every: Duration) -> Result<Self, Error> {
        Self::new(1, every)
    }

    /// The same with at least `every` from one call to the next besides.
    ///
    /// # Errors
    ///
    /// As [`spaced`](Self::spaced).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tripline::action::Rate;
    /// // A hundred a minute, but not all at once.
    /// let rate = Rate::new(100, Duration::from_secs(60))?.with_spacing(Duration::from_millis(100))?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn with_spacing(self, every: Duration) -> Result<Self, Error> {
        Ok(Self { spacing: span(every)?, ..self })
    }
}

fn span(duration: Duration) -> Result<Nanos, Error> {
    if duration.is_zero() || duration > MAX_DURATION {
        let message =
            format!("a span of {}: it takes more than none, up to 292 years", format_duration(duration));
        return Err(Error::new(ErrorKind::Invalid, message));
    }
    Ok(nanos_of(duration))
}

/// Keeps calls to one [`Rate`] for each key, such as a connection or a host.
///
/// It never waits: it says when. The windows slide and are exact, so that no
/// span of their length, wherever it begins, holds more calls than the rate
/// allows. Everybody who shares a limit should share the key. Should `now` be
/// earlier than before, the latest time seen counts instead: a clock that is
/// put back allows no call twice.
///
/// It remembers at most 10,000 keys ([`with_max_keys`](Self::with_max_keys)); those
/// whose calls no longer count are forgotten when room is needed.
///
/// ```
/// use std::time::Duration;
/// use chrono::{DateTime, TimeDelta};
/// use tripline::action::{Rate, Slot, Throttle};
///
/// let mut throttle = Throttle::new(Rate::new(2, Duration::from_secs(60))?);
/// let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
/// assert_eq!(throttle.take(now, "contoso")?, Slot::Granted);
/// assert_eq!(throttle.take(now, "contoso")?, Slot::Granted);
/// assert_eq!(throttle.take(now, "contoso")?, Slot::NotBefore(now + TimeDelta::seconds(60)));
/// assert_eq!(throttle.take(now, "fabrikam")?, Slot::Granted);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Throttle {
    rate: Rate,
    max_keys: usize,
    latest: Nanos,
    keys: BTreeMap<Box<str>, Calls>,
    /// No key can be forgotten before this; a search before it is in vain.
    first_idle: Nanos,
}

/// The calls of one key that may still count.
#[derive(Debug, Clone, Default)]
struct Calls {
    /// When they were made, the oldest first; never more than the window holds.
    taken: VecDeque<Nanos>,
    /// Until when the key is held back.
    held_until: Option<Nanos>,
}

/// Whether a call may be made.
///
/// ```
/// # use std::time::Duration;
/// # use chrono::DateTime;
/// # use tripline::action::{Rate, Slot, Throttle};
/// # let mut throttle = Throttle::new(Rate::spaced(Duration::from_secs(1))?);
/// match throttle.take(DateTime::UNIX_EPOCH, "contoso")? {
///     Slot::Granted => { /* call now */ }
///     Slot::NotBefore(at) => { /* ask again at `at` */ }
///     _ => {}
/// }
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Slot {
    /// Now; it was counted.
    Granted,
    /// Not before this; nothing was counted. Another caller may be first then, so ask again.
    NotBefore(DateTime<Utc>),
}

impl Throttle {
    /// A throttle that has seen no call.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::{Rate, Throttle};
    /// let throttle = Throttle::new(Rate::new(100, Duration::from_secs(60))?);
    /// assert_eq!(throttle.keys(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn new(rate: Rate) -> Self {
        Self { rate, max_keys: MAX_KEYS, latest: Nanos::MIN, keys: BTreeMap::new(), first_idle: Nanos::MIN }
    }

    /// The most keys that are remembered; 10,000 by default, and at least one.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use chrono::DateTime;
    /// # use tripline::action::{Rate, Throttle};
    /// let mut throttle = Throttle::new(Rate::spaced(Duration::from_secs(1))?).with_max_keys(1);
    /// let _ = throttle.take(DateTime::UNIX_EPOCH, "contoso")?;
    /// assert!(throttle.take(DateTime::UNIX_EPOCH, "fabrikam").unwrap_err().is_limit());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_max_keys(mut self, most: usize) -> Self {
        self.max_keys = most.max(1);
        self
    }

    /// How many keys are remembered.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use chrono::DateTime;
    /// # use tripline::action::{Rate, Throttle};
    /// let mut throttle = Throttle::new(Rate::spaced(Duration::from_secs(1))?);
    /// let _ = throttle.take(DateTime::UNIX_EPOCH, "contoso")?;
    /// assert_eq!(throttle.keys(), 1);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// Asks to call now, and counts the call if it may be made.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] where the key is new, and the calls of as many
    /// others as can be remembered still count; or where `now` is outside the years 1677 to 2262.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use chrono::{DateTime, TimeDelta};
    /// # use tripline::action::{Rate, Slot, Throttle};
    /// let mut throttle = Throttle::new(Rate::spaced(Duration::from_secs(1))?);
    /// let now = DateTime::UNIX_EPOCH;
    /// assert_eq!(throttle.take(now, "contoso")?, Slot::Granted);
    /// assert_eq!(throttle.take(now, "contoso")?, Slot::NotBefore(now + TimeDelta::seconds(1)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn take(&mut self, now: DateTime<Utc>, key: &str) -> Result<Slot, Error> {
        let now = self.advance(now)?;
        let rate = self.rate;
        let calls = self.calls(now, key)?;
        if let Some(at) = calls.not_before(rate).filter(|at| *at > now) {
            return Ok(Slot::NotBefore(datetime(at)));
        }
        if calls.taken.len() >= rate.max as usize {
            calls.taken.pop_front();
        }
        calls.taken.push_back(now);
        Ok(Slot::Granted)
    }

    /// From when on a call may be made: `now`, or later. Counts nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] where `now` is outside the years 1677 to 2262.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use chrono::{DateTime, TimeDelta};
    /// # use tripline::action::{Rate, Throttle};
    /// let mut throttle = Throttle::new(Rate::spaced(Duration::from_secs(1))?);
    /// let now = DateTime::UNIX_EPOCH;
    /// assert_eq!(throttle.not_before(now, "contoso")?, now);
    /// let _ = throttle.take(now, "contoso")?;
    /// assert_eq!(throttle.not_before(now, "contoso")?, now + TimeDelta::seconds(1));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn not_before(&self, now: DateTime<Utc>, key: &str) -> Result<DateTime<Utc>, Error> {
        let now = instant(now)?.max(self.latest);
        let at = self.keys.get(key).and_then(|calls| calls.not_before(self.rate));
        Ok(datetime(at.map_or(now, |at| at.max(now))))
    }

    /// Lets no call of this key through before `until`, as a server's
    /// `Retry-After` asks for. A time before that of an earlier one changes nothing.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use chrono::{DateTime, TimeDelta};
    /// # use tripline::action::{Rate, Slot, Throttle};
    /// let mut throttle = Throttle::new(Rate::new(100, Duration::from_secs(60))?);
    /// let now = DateTime::UNIX_EPOCH;
    /// let until = now + TimeDelta::seconds(30);
    /// throttle.hold_back(now, "contoso", until)?;
    /// assert_eq!(throttle.take(now, "contoso")?, Slot::NotBefore(until));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn hold_back(&mut self, now: DateTime<Utc>, key: &str, until: DateTime<Utc>) -> Result<(), Error> {
        let until = instant(until)?;
        let now = self.advance(now)?;
        if until > now {
            let calls = self.calls(now, key)?;
            calls.held_until = calls.held_until.max(Some(until));
        }
        Ok(())
    }

    /// The whole state, to be stored; the rate and the bound on keys are the host's to give again.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use chrono::DateTime;
    /// # use tripline::action::{Rate, Slot, Throttle};
    /// let rate = Rate::spaced(Duration::from_secs(1))?;
    /// let mut throttle = Throttle::new(rate);
    /// let _ = throttle.take(DateTime::UNIX_EPOCH, "contoso")?;
    /// let text = serde_json::to_string(&throttle.snapshot())?;
    ///
    /// let mut throttle = Throttle::new(rate);
    /// throttle.restore(serde_json::from_str(&text)?)?;
    /// assert!(matches!(throttle.take(DateTime::UNIX_EPOCH, "contoso")?, Slot::NotBefore(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn snapshot(&self) -> ThrottleSnapshot {
        let keys = self.keys.iter().map(|(key, calls)| KeySnapshot {
            key: key.clone(),
            taken: calls.taken.iter().copied().collect(),
            held_until: calls.held_until,
        });
        ThrottleSnapshot { latest: self.latest, keys: keys.collect() }
    }

    /// Takes up a stored state in place of this one. Under another rate than
    /// before, what has been counted counts as far as it was kept.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Snapshot`] where the state is none that
    /// [`snapshot`](Self::snapshot) gives, [`ErrorKind::Limit`] where it has more keys than can be
    /// remembered; this throttle is as it was then.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::{Rate, Throttle};
    /// let mut throttle = Throttle::new(Rate::spaced(Duration::from_secs(1))?);
    /// throttle.restore(throttle.snapshot())?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn restore(&mut self, snapshot: ThrottleSnapshot) -> Result<(), Error> {
        let ThrottleSnapshot { latest, keys } = snapshot;
        if keys.len() > self.max_keys {
            let message = format!("the snapshot has {} keys, the limit is {}", keys.len(), self.max_keys);
            return Err(Error::new(ErrorKind::Limit, message));
        }
        if !keys.is_sorted_by(|a, b| a.key < b.key) {
            return Err(Error::new(ErrorKind::Snapshot, "the keys of the snapshot are not in order"));
        }
        let mut restored = BTreeMap::new();
        for KeySnapshot { key, taken, held_until } in keys {
            if !taken.is_sorted() || taken.last().is_some_and(|last| *last > latest) {
                let message = format!("the calls of {key:?} in the snapshot are not in order");
                return Err(Error::new(ErrorKind::Snapshot, message));
            }
            let first = taken.len().saturating_sub(self.rate.max as usize);
            restored.insert(key, Calls { taken: taken[first..].iter().copied().collect(), held_until });
        }
        self.latest = latest;
        self.keys = restored;
        self.first_idle = Nanos::MIN;
        Ok(())
    }

    fn advance(&mut self, now: DateTime<Utc>) -> Result<Nanos, Error> {
        self.latest = instant(now)?.max(self.latest);
        Ok(self.latest)
    }

    /// The calls of a key, which is new or not.
    fn calls(&mut self, now: Nanos, key: &str) -> Result<&mut Calls, Error> {
        // Looked up twice, because a borrow that is given back here would last over the insertion.
        if !self.keys.contains_key(key) {
            self.make_room(now, key)?;
            self.keys.insert(key.into(), Calls::default());
            self.first_idle = self.first_idle.min(now);
        }
        self.keys.get_mut(key).ok_or_else(|| no_room(key, self.max_keys))
    }

    /// Forgets keys whose calls no longer count, if there is no room for another.
    fn make_room(&mut self, now: Nanos, key: &str) -> Result<(), Error> {
        if self.keys.len() < self.max_keys {
            return Ok(());
        }
        if now >= self.first_idle {
            let rate = self.rate;
            self.keys.retain(|_, calls| calls.idle_from(rate) > now);
            self.first_idle =
                self.keys.values().map(|calls| calls.idle_from(rate)).min().unwrap_or(Nanos::MIN);
        }
        if self.keys.len() < self.max_keys { Ok(()) } else { Err(no_room(key, self.max_keys)) }
    }
}

fn no_room(key: &str, most: usize) -> Error {
    let message =
        format!("no room for the throttle key {key:?}: the calls of {most} others count, which is the limit");
    Error::new(ErrorKind::Limit, message)
}

impl Calls {
    /// From when on the next call may be made.
    fn not_before(&self, rate: Rate) -> Option<Nanos> {
        let spaced = self.taken.back().map(|last| last.saturating_add(rate.spacing));
        let oldest = self.taken.len().checked_sub(rate.max as usize).and_then(|at| self.taken.get(at));
        spaced.max(oldest.map(|oldest| oldest.saturating_add(rate.per))).max(self.held_until)
    }

    /// From when on it is as if there had been no call.
    fn idle_from(&self, rate: Rate) -> Nanos {
        let last = self.taken.back().map(|last| last.saturating_add(rate.per.max(rate.spacing)));
        last.max(self.held_until).unwrap_or(Nanos::MIN)
    }
}

/// The state of a [`Throttle`], for any serde format; what is in it is the throttle's own.
///
/// ```
/// # use std::time::Duration;
/// # use tripline::action::{Rate, Throttle};
/// let snapshot = Throttle::new(Rate::spaced(Duration::from_secs(1))?).snapshot();
/// assert_eq!(snapshot, serde_json::from_str(&serde_json::to_string(&snapshot)?)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ThrottleSnapshot {
    latest: Nanos,
    keys: Vec<KeySnapshot>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KeySnapshot {
    key: Box<str>,
    taken: Vec<Nanos>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held_until: Option<Nanos>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: i64) -> DateTime<Utc> {
        datetime(nanos)
    }

    fn rate(max: u32, per: u64) -> Rate {
        Rate::new(max, Duration::from_nanos(per)).unwrap()
    }

    fn take(throttle: &mut Throttle, now: i64, key: &str) -> Result<i64, ErrorKind> {
        match throttle.take(at(now), key) {
            Ok(Slot::Granted) => Ok(now),
            Ok(Slot::NotBefore(later)) => Ok(later.timestamp_nanos_opt().unwrap()),
            Err(error) => Err(error.kind()),
        }
    }

    #[test]
    fn a_window_slides_and_its_end_is_exclusive() {
        let mut throttle = Throttle::new(rate(3, 10));
        for (now, expected) in
            [(0, 0), (4, 4), (5, 5), (5, 10), (9, 10), (10, 10), (13, 14), (14, 14), (15, 15), (15, 20)]
        {
            assert_eq!(take(&mut throttle, now, "k"), Ok(expected), "{now}");
        }
    }

    #[test]
    fn spacing_holds_beside_a_window() {
        let mut throttle = Throttle::new(rate(2, 100).with_spacing(Duration::from_nanos(30)).unwrap());
        for (now, expected) in
            [(0, 0), (0, 30), (29, 30), (30, 30), (31, 100), (100, 100), (101, 130), (130, 130)]
        {
            assert_eq!(take(&mut throttle, now, "k"), Ok(expected), "{now}");
        }
    }

    #[test]
    fn a_clock_that_is_put_back_allows_nothing_twice() {
        let mut throttle = Throttle::new(rate(1, 10));
        assert_eq!(take(&mut throttle, 1_000, "k"), Ok(1_000));
        assert_eq!(take(&mut throttle, 0, "k"), Ok(1_010));
        // Another key's call is counted at the latest time seen.
        assert_eq!(take(&mut throttle, 0, "other"), Ok(0));
        assert_eq!(take(&mut throttle, 1_009, "other"), Ok(1_010));
        assert_eq!(throttle.not_before(at(0), "new").unwrap(), at(1_009));
    }

    #[test]
    fn a_key_is_forgotten_only_when_room_is_needed_and_none_of_its_calls_count() {
        let mut throttle = Throttle::new(rate(1, 10)).with_max_keys(2);
        assert_eq!(take(&mut throttle, 0, "a"), Ok(0));
        assert_eq!(take(&mut throttle, 5, "b"), Ok(5));
        assert_eq!(take(&mut throttle, 9, "c"), Err(ErrorKind::Limit));
        assert_eq!(take(&mut throttle, 9, "a"), Ok(10));
        assert_eq!(take(&mut throttle, 10, "c"), Ok(10));
        assert_eq!(throttle.keys(), 2);
        assert_eq!(take(&mut throttle, 12, "a"), Err(ErrorKind::Limit));
        assert_eq!(take(&mut throttle, 15, "a"), Ok(15));
        assert_eq!(take(&mut throttle, 15, "c"), Ok(20));
    }

    #[test]
    fn a_key_that_is_held_back_is_not_forgotten_and_a_shorter_hold_changes_nothing() {
        let mut throttle = Throttle::new(rate(9, 10)).with_max_keys(1);
        throttle.hold_back(at(0), "a", at(50)).unwrap();
        throttle.hold_back(at(0), "a", at(40)).unwrap();
        throttle.hold_back(at(0), "b", at(0)).unwrap();
        assert_eq!(take(&mut throttle, 49, "a"), Ok(50));
        assert_eq!(take(&mut throttle, 49, "b"), Err(ErrorKind::Limit));
        assert!(throttle.hold_back(at(49), "b", at(60)).unwrap_err().is_limit());
        assert_eq!(take(&mut throttle, 50, "b"), Ok(50));
    }

    #[test]
    fn a_key_held_back_for_long_does_not_keep_newer_ones_from_being_forgotten() {
        let mut throttle = Throttle::new(rate(1, 10)).with_max_keys(2);
        throttle.hold_back(at(0), "a", at(1_000)).unwrap();
        for (now, key) in [(0, "b"), (10, "c"), (20, "d"), (30, "e")] {
            assert_eq!(take(&mut throttle, now, key), Ok(now), "{key}");
        }
        assert_eq!(take(&mut throttle, 30, "a"), Ok(1_000));
    }

    #[test]
    fn a_state_goes_on_where_it_was_stored_and_under_another_rate_too() {
        let mut throttle = Throttle::new(rate(3, 10));
        for now in [0, 1, 2] {
            assert_eq!(take(&mut throttle, now, "é"), Ok(now));
        }
        throttle.hold_back(at(2), "b", at(7)).unwrap();
        let text = serde_json::to_string(&throttle.snapshot()).unwrap();
        assert_eq!(
            text,
            r#"{"latest":2,"keys":[{"key":"b","taken":[],"heldUntil":7},{"key":"é","taken":[0,1,2]}]}"#
        );
        for (rate, expected) in [(rate(3, 10), 10), (rate(2, 10), 11), (rate(1, 5), 7), (rate(4, 10), 2)] {
            let mut restored = Throttle::new(rate);
            restored.restore(serde_json::from_str(&text).unwrap()).unwrap();
            assert_eq!(take(&mut restored, 1, "é").map(|at| at.max(2)), Ok(expected));
            assert_eq!(take(&mut restored, 2, "b"), Ok(7));
        }
    }

    #[test]
    fn a_damaged_state_is_refused_and_changes_nothing() {
        let mut throttle = Throttle::new(rate(1, 10)).with_max_keys(2);
        assert_eq!(take(&mut throttle, 0, "k"), Ok(0));
        let before = throttle.snapshot();
        for (text, kind) in [
            (r#"{"latest":5,"keys":[{"key":"a","taken":[2,1]}]}"#, ErrorKind::Snapshot),
            (r#"{"latest":5,"keys":[{"key":"a","taken":[1,6]}]}"#, ErrorKind::Snapshot),
            (r#"{"latest":5,"keys":[{"key":"a","taken":[]},{"key":"a","taken":[]}]}"#, ErrorKind::Snapshot),
            (r#"{"latest":5,"keys":[{"key":"b","taken":[]},{"key":"a","taken":[]}]}"#, ErrorKind::Snapshot),
            (
                r#"{"latest":5,"keys":[{"key":"a","taken":[]},{"key":"b","taken":[]},{"key":"c","taken":[]}]}"#,
                ErrorKind::Limit,
            ),
        ] {
            let error = throttle.restore(serde_json::from_str(text).unwrap()).unwrap_err();
            assert_eq!(error.kind(), kind, "{text}");
            assert_eq!(throttle.snapshot(), before);
        }
        assert!(serde_json::from_str::<ThrottleSnapshot>(r#"{"latest":5,"keys":[],"more":1}"#).is_err());
    }

    #[test]
    fn a_rate_without_calls_or_length_is_refused_with_its_value() {
        let second = Duration::from_secs(1);
        assert!(Rate::new(MAX_CALLS, MAX_DURATION).is_ok());
        for (error, value) in [
            (Rate::new(0, second).unwrap_err(), "0 calls"),
            (Rate::new(MAX_CALLS + 1, second).unwrap_err(), "10001 calls"),
            (Rate::new(1, Duration::ZERO).unwrap_err(), "PT0S"),
            (Rate::spaced(MAX_DURATION + second).unwrap_err(), "292 years"),
            (rate(1, 1).with_spacing(Duration::ZERO).unwrap_err(), "PT0S"),
        ] {
            assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains(value), "{error}");
        }
    }

    #[test]
    fn the_longest_span_at_the_end_of_time_does_not_overflow() {
        let mut throttle = Throttle::new(Rate::spaced(MAX_DURATION).unwrap());
        let end = i64::MAX - 2;
        assert_eq!(take(&mut throttle, end, "k"), Ok(end));
        assert_eq!(take(&mut throttle, end, "k"), Ok(i64::MAX));
        assert_eq!(throttle.take(DateTime::<Utc>::MAX_UTC, "k").unwrap_err().kind(), ErrorKind::Limit);
    }
}

//! When a failed attempt is to be followed by another.

mod builder;
mod json;

pub use builder::RetryPolicyBuilder;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use crate::error::Error;

/// How often a failed action is tried again, and when: a pure function of the
/// attempt, the times and a seed.
///
/// The kinds, their defaults and their ranges are those of Azure Logic Apps
/// ([retry policies](https://learn.microsoft.com/azure/logic-apps/error-exception-handling#retry-policies),
/// [limits](https://learn.microsoft.com/azure/logic-apps/logic-apps-limits-and-config#retry-policy-limits)),
/// with one more for webhooks:
///
/// | kind | retry n comes after |
/// |---|---|
/// | [`none`](Self::none) | no retry |
/// | [`fixed`](Self::fixed) | `interval` |
/// | [`exponential`](Self::exponential) | a time between max(2^(n-2) × `interval`, `minimumInterval`) and min(2^(n-1) × `interval`, `maximumInterval`); from 0 instead of 2^(n-2) × `interval` for the first |
/// | [`standard_webhooks`](Self::standard_webhooks) | 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, each up to a tenth longer |
///
/// Where the two ends cross, the lower one counts, and never more than
/// `maximumInterval`. The time within a range is drawn from a hash of the seed,
/// the delivery and the attempt ([`Jitter`]), so that deliveries that failed
/// together do not come back together, and a replay gives the same times. A
/// server's `Retry-After` can make a wait longer, up to a cap, and never shorter.
///
/// ```
/// use std::time::Duration;
/// use chrono::{DateTime, TimeDelta};
/// use tripline::action::{Jitter, RetryPolicy};
///
/// let policy = RetryPolicy::fixed(2, Duration::from_secs(30)).build()?;
/// let started = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
/// let jitter = Jitter::new(7, "d_17");
/// let next = policy.next_attempt(started, started, 1, None, &jitter);
/// assert_eq!(next, Some(started + TimeDelta::seconds(30)));
/// assert_eq!(policy.next_attempt(started, started, 3, None, &jitter), None); // the first and two retries failed
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    kind: Kind,
    budget: Option<Duration>,
    max_retry_after: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Fixed { count: u32, interval: Duration },
    Exponential { count: u32, interval: Duration, minimum: Duration, maximum: Duration },
    StandardWebhooks,
}

/// Logic Apps' longest wait between two attempts.
const MAX_INTERVAL: Duration = Duration::from_secs(86_400);

/// The waits of the standard's example schedule after its first, immediate attempt:
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#deliverability-and-reliability>
const STANDARD_WEBHOOKS: [Duration; 9] = {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 3_600;
    [
        Duration::from_secs(5),
        Duration::from_secs(5 * MINUTE),
        Duration::from_secs(30 * MINUTE),
        Duration::from_secs(2 * HOUR),
        Duration::from_secs(5 * HOUR),
        Duration::from_secs(10 * HOUR),
        Duration::from_secs(14 * HOUR),
        Duration::from_secs(20 * HOUR),
        Duration::from_secs(24 * HOUR),
    ]
};

impl RetryPolicy {
    /// No retry.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::action::{Jitter, RetryPolicy};
    /// let now = DateTime::UNIX_EPOCH;
    /// assert_eq!(RetryPolicy::none().next_attempt(now, now, 1, None, &Jitter::new(7, "d_17")), None);
    /// ```
    pub fn none() -> Self {
        Self::of(Kind::None)
    }

    /// `count` retries, each `interval` after the failure.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tripline::action::RetryPolicy;
    /// let policy = RetryPolicy::fixed(2, Duration::from_secs(30)).build()?;
    /// assert_eq!(policy.count(), 2);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn fixed(count: u32, interval: Duration) -> RetryPolicyBuilder {
        RetryPolicyBuilder::from(Self::of(Kind::Fixed { count, interval }))
    }

    /// Retries after times that double; by default Logic Apps' own policy: 4
    /// retries, from 7 seconds on, at least 5 seconds and at most an hour each.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tripline::action::RetryPolicy;
    ///
    /// assert_eq!(RetryPolicy::exponential().build()?, RetryPolicy::default());
    /// let patient = RetryPolicy::exponential()
    ///     .with_count(10)
    ///     .with_interval(Duration::from_secs(60))
    ///     .with_minimum_interval(Duration::from_secs(30))
    ///     .with_maximum_interval(Duration::from_secs(6 * 3600))
    ///     .with_budget(Duration::from_secs(86_400))
    ///     .build()?;
    /// assert_eq!(patient.count(), 10);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn exponential() -> RetryPolicyBuilder {
        RetryPolicyBuilder::from(Self::default())
    }

    /// The schedule that Standard Webhooks gives as its example: nine retries
    /// over a good three days. Each wait is up to a tenth longer than there.
    ///
    /// ```
    /// use tripline::action::RetryPolicy;
    /// assert_eq!(RetryPolicy::standard_webhooks().count(), 9);
    /// ```
    pub fn standard_webhooks() -> Self {
        Self::of(Kind::StandardWebhooks)
    }

    fn of(kind: Kind) -> Self {
        Self { kind, budget: None, max_retry_after: MAX_INTERVAL }
    }

    /// Reads a policy from JSON: `{"type":"none"}`, `{"type":"standardWebhooks"}`,
    /// `{"type":"fixed","count":2,"interval":"PT30S"}`, or `{"type":"exponential"}` with
    /// `count`, `interval`, `minimumInterval` and `maximumInterval` where they differ
    /// from the default. Every kind but `none` also takes `budget` and `maximumRetryAfter`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Syntax`](crate::ErrorKind::Syntax) where it is not JSON,
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with every fault and
    /// its path, a field that is not known among them.
    ///
    /// ```
    /// use tripline::action::RetryPolicy;
    ///
    /// let policy = RetryPolicy::from_json(r#"{"type":"exponential","count":10,"maximumInterval":"PT6H"}"#)?;
    /// assert_eq!(policy.count(), 10);
    ///
    /// let error = RetryPolicy::from_json(r#"{"type":"fixed","count":91,"interval":"PT1S","jitter":1}"#).unwrap_err();
    /// let places: Vec<&str> = error.faults().iter().map(|fault| fault.path()).collect();
    /// assert_eq!(places, ["count", "interval", "jitter"]);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn from_json(text: &str) -> Result<Self, Error> {
        json::from_text(text)
    }

    /// Reads the policy that stands at a place of a larger document.
    #[cfg(feature = "flow")]
    pub(crate) fn read_at<'t>(
        reader: &mut crate::trigger::Reader<'t>,
        node: &crate::trigger::Node<'t>,
    ) -> Option<Self> {
        json::read(reader, node)
    }

    /// The policy as JSON on one line, as [`from_json`](Self::from_json) reads
    /// it. The numbers of its kind are always written, the rest where it is not at its default.
    ///
    /// ```
    /// use tripline::action::RetryPolicy;
    /// assert_eq!(
    ///     RetryPolicy::default().to_json(),
    ///     r#"{"type":"exponential","count":4,"interval":"PT7S","minimumInterval":"PT5S","maximumInterval":"PT1H"}"#,
    /// );
    /// ```
    pub fn to_json(&self) -> String {
        json::to_text(self)
    }

    /// The most retries; with the first attempt there is one attempt more.
    ///
    /// ```
    /// use tripline::action::RetryPolicy;
    /// assert_eq!((RetryPolicy::none().count(), RetryPolicy::default().count()), (0, 4));
    /// ```
    pub fn count(&self) -> u32 {
        match self.kind {
            Kind::None => 0,
            Kind::Fixed { count, .. } | Kind::Exponential { count, .. } => count,
            Kind::StandardWebhooks => STANDARD_WEBHOOKS.len() as u32,
        }
    }

    /// The longest time from the first attempt to the last, where there is such a limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tripline::action::RetryPolicy;
    /// let day = Duration::from_secs(86_400);
    /// assert_eq!(RetryPolicy::exponential().with_budget(day).build()?.budget(), Some(day));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn budget(&self) -> Option<Duration> {
        self.budget
    }

    /// The longest wait that a server's `Retry-After` can ask for; a day by default.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tripline::action::RetryPolicy;
    /// assert_eq!(RetryPolicy::default().max_retry_after(), Duration::from_secs(86_400));
    /// ```
    pub fn max_retry_after(&self) -> Duration {
        self.max_retry_after
    }

    /// From when on the next attempt may be made, or nothing where this was the last.
    ///
    /// `failed_at` is when the attempt failed, `started_at` when the *first* one was
    /// made, `attempt` which one has failed (1 is the first, and so is 0),
    /// `retry_after` what the server asked for. An attempt that would come
    /// later than the budget after `started_at` is not made.
    ///
    /// ```
    /// use std::time::Duration;
    /// use chrono::{DateTime, TimeDelta};
    /// use tripline::action::{Jitter, RetryPolicy};
    ///
    /// let policy = RetryPolicy::default();
    /// let failed = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
    /// let next = policy.next_attempt(failed, failed, 1, None, &Jitter::new(7, "d_17")).unwrap();
    /// assert!((5..=7).contains(&(next - failed).num_seconds()));
    ///
    /// let asked = Some(Duration::from_secs(120));
    /// let next = policy.next_attempt(failed, failed, 1, asked, &Jitter::new(7, "d_17"));
    /// assert_eq!(next, Some(failed + TimeDelta::seconds(120)));
    /// ```
    pub fn next_attempt(
        &self,
        failed_at: DateTime<Utc>,
        started_at: DateTime<Utc>,
        attempt: u32,
        retry_after: Option<Duration>,
        jitter: &Jitter<'_>,
    ) -> Option<DateTime<Utc>> {
        let attempt = attempt.max(1);
        let (least, most) = self.range(attempt)?;
        let delay = jitter.pick(attempt, least, most);
        let delay = delay.max(retry_after.unwrap_or_default().min(self.max_retry_after));
        let next = failed_at.checked_add_signed(TimeDelta::from_std(delay).ok()?)?;
        let is_over = self.budget.is_some_and(|budget| {
            // A clock that was put back has used up nothing.
            (next - started_at).to_std().unwrap_or_default() > budget
        });
        (!is_over).then_some(next)
    }

    /// Between which times the wait before retry `n` is, counted from 1; nothing where there is no such retry.
    fn range(&self, n: u32) -> Option<(Duration, Duration)> {
        if n > self.count() {
            return None;
        }
        match self.kind {
            Kind::None => None,
            Kind::Fixed { interval, .. } => Some((interval, interval)),
            Kind::Exponential { interval, minimum, maximum, .. } => {
                let times = |exponent: u32| interval.saturating_mul(1 << exponent.min(31));
                let least = if n == 1 { Duration::ZERO } else { times(n - 2) };
                let least = least.max(minimum).min(maximum);
                Some((least, times(n - 1).min(maximum).max(least)))
            }
            Kind::StandardWebhooks => {
                let delay = *STANDARD_WEBHOOKS.get(n as usize - 1)?;
                Some((delay, delay + delay / 10))
            }
        }
    }
}

impl Default for RetryPolicy {
    /// Logic Apps' default, see [`exponential`](Self::exponential).
    fn default() -> Self {
        Self::of(Kind::Exponential {
            count: 4,
            interval: Duration::from_secs(7),
            minimum: Duration::from_secs(5),
            maximum: Duration::from_secs(3_600),
        })
    }
}

/// Where the spread of retries comes from: the host's seed and the delivery's
/// key. The same two give the same times, on any machine.
///
/// ```
/// use chrono::DateTime;
/// use tripline::action::{Jitter, RetryPolicy};
///
/// let next = |key| {
///     let at = DateTime::UNIX_EPOCH;
///     RetryPolicy::default().next_attempt(at, at, 4, None, &Jitter::new(7, key))
/// };
/// assert_eq!(next("d_17"), next("d_17"));
/// assert_ne!(next("d_17"), next("d_18"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jitter<'k> {
    seed: u64,
    key: &'k str,
}

impl<'k> Jitter<'k> {
    /// Jitter for one delivery. Hosts that share a receiver should have seeds of their own.
    ///
    /// ```
    /// use tripline::action::Jitter;
    /// assert_ne!(Jitter::new(7, "d_17"), Jitter::new(8, "d_17"));
    /// ```
    pub fn new(seed: u64, key: &'k str) -> Self {
        Self { seed, key }
    }

    /// A time from `least` to `most`, both inclusive, each nanosecond as likely as the others: the first eight
    /// bytes of SHA-256 over seed, attempt and key, as a fraction of the range.
    fn pick(&self, attempt: u32, least: Duration, most: Duration) -> Duration {
        let count = most.saturating_sub(least).as_nanos() + 1;
        if count == 1 {
            return least;
        }
        let mut hash = Sha256::new();
        // Both numbers have a fixed length, so that no key stands for another with another attempt.
        hash.update(self.seed.to_be_bytes());
        hash.update(attempt.to_be_bytes());
        hash.update(self.key.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.finalize()[..8]);
        // No range is longer than a day, which has fewer than 2^47 nanoseconds.
        let more = (u128::from(u64::from_be_bytes(first)) * count) >> 64;
        least + Duration::from_nanos(u64::try_from(more).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn delay(policy: &RetryPolicy, attempt: u32, retry_after: Option<u64>) -> Option<Duration> {
        let jitter = Jitter::new(7, "d_17");
        let next = policy.next_attempt(at(1_000), at(1_000), attempt, retry_after.map(secs), &jitter);
        next.map(|next| (next - at(1_000)).to_std().unwrap())
    }

    #[test]
    fn the_ranges_are_those_of_logic_apps_table() {
        let default = RetryPolicy::default();
        let ranges: Vec<_> = (1..=5).map(|n| default.range(n)).collect();
        let table =
            [(5, 7), (7, 14), (14, 28), (28, 56)].map(|(least, most)| Some((secs(least), secs(most))));
        assert_eq!(ranges, [&table[..], &[None]].concat());
    }

    #[test]
    fn a_range_is_cut_by_the_smallest_and_the_largest_interval() {
        let policy = RetryPolicy::exponential()
            .with_count(90)
            .with_interval(secs(10))
            .with_minimum_interval(secs(15))
            .with_maximum_interval(secs(60))
            .build()
            .unwrap();
        for (n, least, most) in
            [(1, 15, 15), (2, 15, 20), (3, 20, 40), (4, 40, 60), (5, 60, 60), (33, 60, 60), (90, 60, 60)]
        {
            assert_eq!(policy.range(n), Some((secs(least), secs(most))), "{n}");
        }
        assert_eq!(policy.range(91), None);
    }

    #[test]
    fn jitter_fills_its_range_from_end_to_end_and_leaves_it_nowhere() {
        let (least, most) = (secs(7), secs(14));
        let tenth = (most - least) / 10;
        let mut seen = [0; 10];
        for key in 0..2_000 {
            let key = format!("d_{key}");
            let delay = Jitter::new(7, &key).pick(2, least, most);
            assert!((least..=most).contains(&delay), "{delay:?}");
            seen[((delay - least).as_nanos() / (tenth.as_nanos() + 1)) as usize] += 1;
        }
        assert!(seen.iter().all(|count| (140..=260).contains(count)), "{seen:?}");
        let range = (Duration::ZERO, Duration::from_nanos(1));
        let both = (0..64).map(|n| Jitter::new(n, "d").pick(1, range.0, range.1));
        assert_eq!(both.collect::<std::collections::BTreeSet<_>>().len(), 2);
    }

    #[test]
    fn jitter_differs_by_seed_key_and_attempt_and_never_by_time() {
        let policy = RetryPolicy::exponential().with_count(90).build().unwrap();
        let next = |seed, key, attempt, failed_at: i64| {
            let next =
                policy.next_attempt(at(failed_at), at(failed_at), attempt, None, &Jitter::new(seed, key));
            next.unwrap() - at(failed_at)
        };
        assert_eq!(next(1, "a", 5, 0), next(1, "a", 5, 99));
        let all = [
            next(1, "a", 5, 0),
            next(2, "a", 5, 0),
            next(1, "b", 5, 0),
            next(1, "a", 6, 0),
            next(1, "", 5, 0),
        ];
        let distinct: std::collections::BTreeSet<_> = all.into_iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn the_schedule_for_webhooks_is_the_standards_and_a_tenth_at_most() {
        let policy = RetryPolicy::standard_webhooks();
        let mut since_start = 0;
        // "Time since start" of the table in the specification.
        for (attempt, expected) in
            [5, 305, 2_105, 9_305, 27_305, 63_305, 113_705, 185_705, 272_105].into_iter().enumerate()
        {
            let (least, most) = policy.range(attempt as u32 + 1).unwrap();
            since_start += least.as_secs();
            assert_eq!(since_start, expected);
            assert_eq!(most, least + least / 10);
            let delay = delay(&policy, attempt as u32 + 1, None).unwrap();
            assert!((least..=most).contains(&delay));
        }
        assert_eq!(delay(&policy, 10, None), None);
    }

    #[test]
    fn what_the_server_asks_for_only_lengthens_and_is_capped() {
        let policy = RetryPolicy::fixed(3, secs(30)).with_max_retry_after(secs(600)).build().unwrap();
        for (asked, expected) in [(None, 30), (Some(0), 30), (Some(29), 30), (Some(31), 31), (Some(601), 600)]
        {
            assert_eq!(delay(&policy, 1, asked), Some(secs(expected)), "{asked:?}");
        }
        assert_eq!(delay(&policy, 1, Some(u64::MAX)), Some(secs(600)));
        assert_eq!(delay(&policy, 4, Some(1)), None);
        assert_eq!(delay(&RetryPolicy::none(), 1, Some(1)), None);
        // A cap below the policy's own wait does not shorten that.
        let policy = RetryPolicy::fixed(3, secs(30)).with_max_retry_after(secs(10)).build().unwrap();
        assert_eq!(delay(&policy, 1, Some(20)), Some(secs(30)));
    }

    #[test]
    fn the_budget_runs_from_the_first_attempt_and_its_end_is_within() {
        let policy = RetryPolicy::fixed(90, secs(30)).with_budget(secs(100)).build().unwrap();
        let next = |failed_at: i64, asked: Option<u64>| {
            policy.next_attempt(at(failed_at), at(1_000), 2, asked.map(secs), &Jitter::new(7, "d"))
        };
        assert_eq!(next(1_070, None), Some(at(1_100)));
        assert_eq!(next(1_071, None), None);
        assert_eq!(next(1_000, Some(100)), Some(at(1_100)));
        assert_eq!(next(1_000, Some(101)), None);
        // The clock was put back.
        assert_eq!(next(0, None), Some(at(30)));
    }

    #[test]
    fn the_ends_of_time_give_no_attempt_and_no_panic() {
        let jitter = Jitter::new(7, "d");
        for attempt in [0, 1, 2, 4, 5, u32::MAX] {
            for (failed_at, started_at) in [
                (DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC),
                (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC),
            ] {
                for policy in [RetryPolicy::default(), RetryPolicy::standard_webhooks()] {
                    let next =
                        policy.next_attempt(failed_at, started_at, attempt, Some(Duration::MAX), &jitter);
                    assert!(next.is_none() || failed_at == DateTime::<Utc>::MIN_UTC);
                }
            }
        }
        let first = delay(&RetryPolicy::default(), 1, None);
        assert_eq!(delay(&RetryPolicy::default(), 0, None), first);
    }
}

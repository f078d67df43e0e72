//! A policy under construction.

use std::time::Duration;

use super::{Kind, MAX_INTERVAL, RetryPolicy};
use crate::error::{Error, Fault};
use crate::time::{MAX_DURATION, format_duration};

/// Logic Apps' ranges: <https://learn.microsoft.com/azure/logic-apps/logic-apps-limits-and-config#retry-policy-limits>.
const MAX_COUNT: u32 = 90;
const MIN_INTERVAL: Duration = Duration::from_secs(5);

/// Makes a [`RetryPolicy`], and names every fault of it.
///
/// What a kind does not have is a fault where it is set: an `interval` of the
/// schedule for webhooks, say.
///
/// ```
/// use std::time::Duration;
/// use tripline::action::{RetryPolicy, RetryPolicyBuilder};
///
/// let policy = RetryPolicyBuilder::from(RetryPolicy::standard_webhooks())
///     .with_budget(Duration::from_secs(86_400))
///     .build()?;
/// assert_eq!(policy.to_json(), r#"{"type":"standardWebhooks","budget":"P1D"}"#);
///
/// let error = RetryPolicy::fixed(91, Duration::from_secs(1)).build().unwrap_err();
/// assert_eq!(error.faults().len(), 2);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RetryPolicyBuilder {
    policy: RetryPolicy,
    /// Names of what was set and the kind does not have.
    foreign: Vec<&'static str>,
}

impl RetryPolicyBuilder {
    /// The most retries, 0 to 90.
    ///
    /// ```
    /// # use tripline::action::RetryPolicy;
    /// assert_eq!(RetryPolicy::exponential().with_count(0).build()?.count(), 0);
    /// assert!(RetryPolicy::exponential().with_count(91).build().is_err());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_count(mut self, retries: u32) -> Self {
        match &mut self.policy.kind {
            Kind::Fixed { count, .. } | Kind::Exponential { count, .. } => *count = retries,
            _ => self.foreign.push("count"),
        }
        self
    }

    /// The wait, or where it begins to double: 5 seconds to a day.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::RetryPolicy;
    /// assert!(RetryPolicy::exponential().with_interval(Duration::from_secs(5)).build().is_ok());
    /// assert!(RetryPolicy::exponential().with_interval(Duration::from_secs(4)).build().is_err());
    /// ```
    #[must_use]
    pub fn with_interval(mut self, wait: Duration) -> Self {
        match &mut self.policy.kind {
            Kind::Fixed { interval, .. } | Kind::Exponential { interval, .. } => *interval = wait,
            _ => self.foreign.push("interval"),
        }
        self
    }

    /// The shortest wait of an exponential policy: 5 seconds to a day, and at most the longest.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::RetryPolicy;
    /// let minute = Duration::from_secs(60);
    /// assert!(RetryPolicy::exponential().with_minimum_interval(minute).build().is_ok());
    /// assert!(RetryPolicy::fixed(1, minute).with_minimum_interval(minute).build().is_err());
    /// ```
    #[must_use]
    pub fn with_minimum_interval(mut self, shortest: Duration) -> Self {
        match &mut self.policy.kind {
            Kind::Exponential { minimum, .. } => *minimum = shortest,
            _ => self.foreign.push("minimumInterval"),
        }
        self
    }

    /// The longest wait of an exponential policy: 5 seconds to a day.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::RetryPolicy;
    /// let day = Duration::from_secs(86_400);
    /// assert!(RetryPolicy::exponential().with_maximum_interval(day).build().is_ok());
    /// assert!(RetryPolicy::exponential().with_maximum_interval(day * 2).build().is_err());
    /// ```
    #[must_use]
    pub fn with_maximum_interval(mut self, longest: Duration) -> Self {
        match &mut self.policy.kind {
            Kind::Exponential { maximum, .. } => *maximum = longest,
            _ => self.foreign.push("maximumInterval"),
        }
        self
    }

    /// The longest time from the first attempt to the last; no limit by default.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::RetryPolicy;
    /// let hour = Duration::from_secs(3600);
    /// assert_eq!(RetryPolicy::exponential().with_budget(hour).build()?.budget(), Some(hour));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_budget(mut self, longest: Duration) -> Self {
        self.policy.budget = Some(longest);
        self
    }

    /// The longest wait that a server's `Retry-After` can ask for; a day by default, and at most.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::RetryPolicy;
    /// let minute = Duration::from_secs(60);
    /// assert_eq!(RetryPolicy::exponential().with_max_retry_after(minute).build()?.max_retry_after(), minute);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_max_retry_after(mut self, longest: Duration) -> Self {
        self.policy.max_retry_after = longest;
        self
    }

    /// The policy, if nothing is wrong with it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with every fault; the
    /// paths are the names in JSON.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::RetryPolicy;
    /// let error = RetryPolicy::fixed(2, Duration::from_secs(1)).build().unwrap_err();
    /// assert_eq!(error.to_string(), "interval: PT1S is outside PT5S to P1D");
    /// ```
    pub fn build(self) -> Result<RetryPolicy, Error> {
        let faults = self.faults();
        if faults.is_empty() { Ok(self.policy) } else { Err(Error::from_faults(faults)) }
    }

    pub(super) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let kind = self.policy.kind;
        for name in &self.foreign {
            faults.push(Fault::new(*name, format!("a policy of the type `{}` has no `{name}`", kind.name())));
        }
        let count = self.policy.count();
        if count > MAX_COUNT {
            faults.push(Fault::new("count", format!("{count} retries are over the limit of {MAX_COUNT}")));
        }
        let mut check = |name: &str, duration: Duration| {
            let is_within = (MIN_INTERVAL..=MAX_INTERVAL).contains(&duration);
            if !is_within {
                let (least, most) = (format_duration(MIN_INTERVAL), format_duration(MAX_INTERVAL));
                let message = format!("{} is outside {least} to {most}", format_duration(duration));
                faults.push(Fault::new(name, message));
            }
            is_within
        };
        match kind {
            Kind::Fixed { interval, .. } => {
                check("interval", interval);
            }
            Kind::Exponential { interval, minimum, maximum, .. } => {
                check("interval", interval);
                let are_within = check("minimumInterval", minimum) & check("maximumInterval", maximum);
                if are_within && minimum > maximum {
                    let (least, most) = (format_duration(minimum), format_duration(maximum));
                    let message = format!("{least} is over `maximumInterval`, which is {most}");
                    faults.push(Fault::new("minimumInterval", message));
                }
            }
            Kind::None | Kind::StandardWebhooks => {}
        }
        if let Some(budget) = self.policy.budget.filter(|budget| budget.is_zero() || *budget > MAX_DURATION) {
            let message = format!(
                "{} is not a budget: it takes more than none, up to 292 years",
                format_duration(budget)
            );
            faults.push(Fault::new("budget", message));
        }
        let cap = self.policy.max_retry_after;
        if cap > MAX_INTERVAL {
            let message =
                format!("{} is over the limit of {}", format_duration(cap), format_duration(MAX_INTERVAL));
            faults.push(Fault::new("maximumRetryAfter", message));
        }
        faults
    }
}

impl From<RetryPolicy> for RetryPolicyBuilder {
    fn from(policy: RetryPolicy) -> Self {
        Self { policy, foreign: Vec::new() }
    }
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Fixed { .. } => "fixed",
            Self::Exponential { .. } => "exponential",
            Self::StandardWebhooks => "standardWebhooks",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn faults(builder: RetryPolicyBuilder) -> Vec<String> {
        builder.build().unwrap_err().faults().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_ends_of_each_range_are_allowed_and_what_is_beyond_is_named() {
        let day = SECOND * 86_400;
        for (count, interval) in [(0, SECOND * 5), (90, day)] {
            assert!(RetryPolicy::fixed(count, interval).build().is_ok());
        }
        let beyond = RetryPolicy::exponential()
            .with_count(91)
            .with_interval(day + Duration::from_nanos(1))
            .with_minimum_interval(SECOND * 5 - Duration::from_nanos(1))
            .with_maximum_interval(Duration::MAX)
            .with_budget(Duration::ZERO)
            .with_max_retry_after(day + SECOND);
        assert_eq!(
            faults(beyond),
            [
                "count: 91 retries are over the limit of 90",
                "interval: P1DT0.000000001S is outside PT5S to P1D",
                "minimumInterval: PT4.999999999S is outside PT5S to P1D",
                "maximumInterval: P213503982334601DT7H15.999999999S is outside PT5S to P1D",
                "budget: PT0S is not a budget: it takes more than none, up to 292 years",
                "maximumRetryAfter: P1DT1S is over the limit of P1D",
            ]
        );
    }

    #[test]
    fn a_shortest_wait_over_the_longest_is_a_fault() {
        let builder = RetryPolicy::exponential().with_minimum_interval(SECOND * 3_601);
        assert_eq!(faults(builder), ["minimumInterval: PT1H1S is over `maximumInterval`, which is PT1H"]);
    }

    #[test]
    fn what_a_kind_does_not_have_is_a_fault() {
        let all = |policy: RetryPolicy| {
            RetryPolicyBuilder::from(policy)
                .with_count(1)
                .with_interval(SECOND * 5)
                .with_minimum_interval(SECOND * 5)
                .with_maximum_interval(SECOND * 5)
        };
        assert!(all(RetryPolicy::default()).build().is_ok());
        assert_eq!(faults(all(RetryPolicy::standard_webhooks())).len(), 4);
        let fixed = all(RetryPolicy::fixed(1, SECOND * 5).build().unwrap());
        assert_eq!(
            faults(fixed),
            [
                "minimumInterval: a policy of the type `fixed` has no `minimumInterval`",
                "maximumInterval: a policy of the type `fixed` has no `maximumInterval`",
            ]
        );
    }
}

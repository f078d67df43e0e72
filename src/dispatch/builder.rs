//! A dispatcher under construction.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::limits::Limits;
use super::policy::LanePolicy;
use super::{Config, Dispatcher};
use crate::action::Throttle;
use crate::error::{Error, Fault};
use crate::time::{MAX_DURATION, format_duration};

/// Makes a [`Dispatcher`], and names every fault of what it is to be.
///
/// ```
/// use std::time::Duration;
/// use tripline::dispatch::{Dispatcher, LanePolicy};
///
/// let error = Dispatcher::builder()
///     .with_policy("teams/", LanePolicy::default().with_throttle("no such"))
///     .with_default_policy(LanePolicy::default().with_timeout(Duration::ZERO))
///     .build()
///     .unwrap_err();
/// assert_eq!(error.faults().len(), 2);
/// ```
#[derive(Debug, Clone)]
pub struct DispatcherBuilder {
    config: Config,
    throttles: BTreeMap<Arc<str>, Throttle>,
}

impl DispatcherBuilder {
    pub(super) fn new() -> Self {
        Self { config: Config::default(), throttles: BTreeMap::new() }
    }

    /// Its bounds.
    ///
    /// ```
    /// use tripline::dispatch::{Dispatcher, Limits};
    /// let dispatcher = Dispatcher::builder().with_limits(Limits::default().with_targets(9)).build()?;
    /// assert_eq!(dispatcher.limits().targets(), 9);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// What the spread of retries is drawn from, 0 by default. Hosts that share
    /// receivers should have seeds of their own, and keep them over a restart.
    ///
    /// ```
    /// # use tripline::dispatch::Dispatcher;
    /// let dispatcher = Dispatcher::builder().with_seed(7).build()?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// How targets are treated that no other policy is for.
    ///
    /// ```
    /// # use tripline::dispatch::{Dispatcher, LanePolicy};
    /// let one_by_one = LanePolicy::default().with_concurrency(1);
    /// let dispatcher = Dispatcher::builder().with_default_policy(one_by_one).build()?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_default_policy(mut self, policy: LanePolicy) -> Self {
        self.config.policy = Arc::new(policy);
        self
    }

    /// How targets are treated whose name begins so; of several that fit, the longest counts.
    ///
    /// ```
    /// # use tripline::dispatch::{Dispatcher, LanePolicy};
    /// let dispatcher = Dispatcher::builder()
    ///     .with_policy("teams/", LanePolicy::default().with_concurrency(2))
    ///     .with_policy("teams/sales", LanePolicy::default().with_concurrency(1))
    ///     .build()?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_policy(mut self, beginning: impl Into<Arc<str>>, policy: LanePolicy) -> Self {
        self.config.policies.insert(beginning.into(), Arc::new(policy));
        self
    }

    /// A throttle that policies can name.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::{Rate, Throttle};
    /// # use tripline::dispatch::{Dispatcher, LanePolicy};
    /// let a_quarter = Rate::spaced(Duration::from_millis(250))?;
    /// let dispatcher = Dispatcher::builder()
    ///     .with_throttle("teams", Throttle::new(a_quarter))
    ///     .with_policy("teams/", LanePolicy::default().with_throttle("teams"))
    ///     .build()?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_throttle(mut self, name: impl Into<Arc<str>>, throttle: Throttle) -> Self {
        self.throttles.insert(name.into(), throttle);
        self
    }

    /// The dispatcher, if nothing is wrong with it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with every fault: a
    /// throttle that is named and not there, a time of none or over 292 years,
    /// a bound with which nothing would ever be taken in.
    ///
    /// ```
    /// # use tripline::dispatch::{Dispatcher, LanePolicy};
    /// let policy = LanePolicy::default().with_throttle("graph");
    /// let error = Dispatcher::builder().with_policy("mail", policy).build().unwrap_err();
    /// assert_eq!(error.to_string(), "policies[mail].throttle: there is no throttle \"graph\"");
    /// ```
    pub fn build(self) -> Result<Dispatcher, Error> {
        let mut faults = self.config.limits.faults();
        let named = self.config.policies.iter().map(|(name, policy)| (format!("policies[{name}]"), policy));
        for (place, policy) in named.chain([("policy".to_owned(), &self.config.policy)]) {
            if let Some(name) = policy.throttle.as_ref().filter(|name| !self.throttles.contains_key(*name)) {
                faults
                    .push(Fault::new(format!("{place}.throttle"), format!("there is no throttle {name:?}")));
            }
            let times = [
                ("timeout", policy.timeout),
                ("coolDown", policy.cool_down),
                ("maxCoolDown", policy.max_cool_down),
            ];
            for (name, time) in times {
                if time == Duration::ZERO || time > MAX_DURATION {
                    let message =
                        format!("{}: it takes more than none, up to 292 years", format_duration(time));
                    faults.push(Fault::new(format!("{place}.{name}"), message));
                }
            }
        }
        if faults.is_empty() {
            Ok(Dispatcher::of(self.config, self.throttles))
        } else {
            Err(Error::from_faults(faults))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_with_which_nothing_is_ever_taken_in_is_refused() {
        let limits = Limits::default().with_deliveries(0).with_bytes(0).with_input_bytes(0).with_targets(0);
        let limits = limits.with_outcomes(0).with_dead_letters(0).with_dead_letter_bytes(0);
        let error = DispatcherBuilder::new().with_limits(limits).build().unwrap_err();
        let places: Vec<&str> = error.faults().iter().map(Fault::path).collect();
        let none = ["deliveries", "bytes", "inputBytes", "targets", "outcomes"];
        assert_eq!(places, none.map(|name| format!("limits.{name}")));
        assert!(error.to_string().starts_with("limits.deliveries: 0: it takes at least 1"), "{error}");
        let keeps_no_dead_letters = Limits::default().with_dead_letters(0).with_dead_letter_bytes(0);
        assert!(DispatcherBuilder::new().with_limits(keeps_no_dead_letters).build().is_ok());
    }
}

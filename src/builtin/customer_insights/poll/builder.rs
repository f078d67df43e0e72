//! How a poller is made.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::cursor::Cursor;
use super::limits::{Counts, Limits};
use super::{Config, Poller};
use crate::action::{Rate, RetryPolicy};
use crate::builtin::customer_insights::service::{BASE, RATE};
use crate::error::{Error, Fault};
use crate::time::{format_duration, instant};

/// A [`Poller`] in the making.
///
/// ```
/// use std::time::Duration;
/// use chrono::DateTime;
/// use tripline::builtin::customer_insights::poll::Poller;
///
/// let poller = Poller::builder("contoso").with_interval(Duration::from_secs(300)).build(DateTime::UNIX_EPOCH)?;
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct PollerBuilder {
    config: Config,
    rate: Rate,
    cursor: Option<Cursor>,
}

impl PollerBuilder {
    pub(super) fn new(instance: String) -> Self {
        let config = Config {
            source: format!("/instances/{instance}"),
            instance,
            base: BASE.to_owned(),
            interval: Duration::from_secs(60),
            answer_time: Duration::from_secs(20),
            retry: RetryPolicy::default(),
            seed: 0,
            asks_sources: false,
            limits: Limits::default(),
        };
        Self { config, rate: RATE, cursor: None }
    }

    /// With what was told before: the cursor that was stored with the last events.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::{Cursor, Poller};
    /// # let stored = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?.cursor().to_json();
    /// let poller = Poller::builder("contoso").with_cursor(Cursor::from_json(&stored)?).build(DateTime::UNIX_EPOCH)?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn with_cursor(mut self, cursor: Cursor) -> Self {
        self.cursor = Some(cursor);
        self
    }

    /// At another address, as in [`GetItems::with_base`](super::super::GetItems::with_base).
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// let builder = Poller::builder("contoso").with_base("https://ci.contoso.example/v1");
    /// ```
    pub fn with_base(mut self, base: impl Into<String>) -> Self {
        self.config.base = base.into();
        self
    }

    /// From the begin of one round to the begin of the next; a minute if not set.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// let builder = Poller::builder("contoso").with_interval(Duration::from_secs(300));
    /// ```
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.config.interval = interval;
        self
    }

    /// How long an answer may take; 20 seconds if not set. After twice that
    /// long without a word the request counts as lost.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// let builder = Poller::builder("contoso").with_answer_time(Duration::from_secs(5));
    /// ```
    pub fn with_answer_time(mut self, time: Duration) -> Self {
        self.config.answer_time = time;
        self
    }

    /// How often a question is asked again in its round, and with what pauses; as
    /// [`RetryPolicy::default`] if not set. Whoever polls many instances gives each a seed of its own.
    ///
    /// ```
    /// # use tripline::action::RetryPolicy;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// let builder = Poller::builder("contoso").with_retry(RetryPolicy::none(), 7);
    /// ```
    pub fn with_retry(mut self, policy: RetryPolicy, seed: u64) -> Self {
        self.config.retry = policy;
        self.config.seed = seed;
        self
    }

    /// How fast it may ask; all that the service takes if not set. Where actions
    /// use the same connection, it is to be given its share.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::Rate;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// let builder = Poller::builder("contoso").with_rate(Rate::new(40, Duration::from_secs(60))?);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn with_rate(mut self, rate: Rate) -> Self {
        self.rate = rate;
        self
    }

    /// Whether data sources tell how their refreshes ended, and the ingestion
    /// tasks of jobs do not; no if not set. Told by both, each would be told twice.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// let builder = Poller::builder("contoso").with_data_sources(true);
    /// ```
    pub fn with_data_sources(mut self, tell: bool) -> Self {
        self.config.asks_sources = tell;
        self
    }

    /// With other bounds.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::poll::{Limits, Poller};
    /// let builder = Poller::builder("contoso").with_limits(Limits::default().with_jobs(500));
    /// ```
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// The poller, whose first round begins at `now`. Without a cursor it tells
    /// nothing that ended before `now`, but for the latest value of each segment and measure.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with every fault: an instance that no path can
    /// hold, a bound or a time of nothing, a cursor of another instance.
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) where `now` is outside the years 1677 to 2262.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// let error = Poller::builder("..").with_interval(Duration::ZERO).build(DateTime::UNIX_EPOCH).unwrap_err();
    /// let places: Vec<&str> = error.faults().iter().map(|fault| fault.path()).collect();
    /// assert_eq!(places, ["instance", "interval"]);
    /// ```
    pub fn build(self, now: DateTime<Utc>) -> Result<Poller, Error> {
        let Self { config, rate, cursor } = self;
        let start = instant(now)?;
        let mut faults = config.faults();
        if let Some(cursor) = cursor.as_ref().filter(|cursor| cursor.instance != config.instance) {
            let message = format!("it is of the instance {:?}, not {:?}", cursor.instance, config.instance);
            faults.push(Fault::new("cursor", message));
        }
        if !faults.is_empty() {
            return Err(Error::from_faults(faults));
        }
        let is_new = cursor.is_none();
        let cursor = cursor.unwrap_or_else(|| Cursor::new(config.instance.clone(), start));
        let mut counts = Counts::default();
        for (name, count) in &cursor.counts {
            counts.set(name, *count);
        }
        Ok(Poller::starting(config, rate, cursor, counts, is_new, now))
    }
}

impl Config {
    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let request = super::step::Step::Status.request(&self.base, &self.instance, 1, self.answer());
        for fault in request.err().iter().flat_map(|error| error.fields()) {
            let field = if fault.path() == "url" { "base" } else { fault.path() };
            faults.push(Fault::new(field, fault.message()));
        }
        for (name, time) in [("interval", self.interval), ("answerTime", self.answer_time)] {
            if time.is_zero() || time > Duration::from_secs(366 * 86_400) {
                let message = format!("{}: it takes more than none, up to a year", format_duration(time));
                faults.push(Fault::new(name, message));
            }
        }
        faults.extend(self.limits.faults());
        faults
    }
}

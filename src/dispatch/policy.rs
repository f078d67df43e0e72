//! How a target is treated.

use std::sync::Arc;
use std::time::Duration;

/// How a target is treated: how many at once, how long each, how fast, and when
/// it is left alone for a while.
///
/// ```
/// use std::time::Duration;
/// use tripline::action::{Rate, Throttle};
/// use tripline::dispatch::{Dispatcher, LanePolicy};
///
/// let policy = LanePolicy::default().with_concurrency(1).with_throttle("customer-insights");
/// let dispatcher = Dispatcher::builder()
///     .with_throttle("customer-insights", Throttle::new(Rate::new(100, Duration::from_secs(60))?))
///     .with_policy("contoso/", policy) // every target whose name begins so
///     .build()?;
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanePolicy {
    pub(super) concurrency: u32,
    pub(super) pending: usize,
    pub(super) timeout: Duration,
    pub(super) failures: u32,
    pub(super) cool_down: Duration,
    pub(super) max_cool_down: Duration,
    pub(super) throttle: Option<Arc<str>>,
    pub(super) throttle_key: Option<Arc<str>>,
}

impl LanePolicy {
    /// The most attempts at once, 4 by default; 0 counts as 1.
    ///
    /// ```
    /// # use tripline::dispatch::LanePolicy;
    /// assert_ne!(LanePolicy::default().with_concurrency(1), LanePolicy::default());
    /// ```
    #[must_use]
    pub fn with_concurrency(mut self, most: u32) -> Self {
        self.concurrency = most.max(1);
        self
    }

    /// How many deliveries may be pending, 100,000 by default; 0 counts as 1.
    /// One input may go over it; after that further ones to the target are
    /// refused until it is below again.
    ///
    /// ```
    /// # use tripline::dispatch::LanePolicy;
    /// assert_eq!(LanePolicy::default().with_pending(100_000), LanePolicy::default());
    /// ```
    #[must_use]
    pub fn with_pending(mut self, most: usize) -> Self {
        self.pending = most.max(1);
        self
    }

    /// How long an attempt may take where the delivery does not say, 20 seconds by default.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::dispatch::LanePolicy;
    /// assert_eq!(LanePolicy::default().with_timeout(Duration::from_secs(20)), LanePolicy::default());
    /// ```
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// After how many failures in a row the target is left alone, 5 by default;
    /// 0 counts as 1. Only what tells that the target is unwell counts:
    /// transient errors and lost attempts. Any other answer ends the row.
    ///
    /// ```
    /// # use tripline::dispatch::LanePolicy;
    /// assert_eq!(LanePolicy::default().with_circuit_failures(5), LanePolicy::default());
    /// ```
    #[must_use]
    pub fn with_circuit_failures(mut self, failures: u32) -> Self {
        self.failures = failures.max(1);
        self
    }

    /// For how long it is left alone, 30 seconds by default and at most 10
    /// minutes: after `first` one attempt is made, and each time that it fails
    /// the next pause is twice as long, up to `longest`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::dispatch::LanePolicy;
    /// let (first, longest) = (Duration::from_secs(30), Duration::from_secs(600));
    /// assert_eq!(LanePolicy::default().with_cool_down(first, longest), LanePolicy::default());
    /// ```
    #[must_use]
    pub fn with_cool_down(mut self, first: Duration, longest: Duration) -> Self {
        (self.cool_down, self.max_cool_down) = (first, longest);
        self
    }

    /// The [throttle](super::DispatcherBuilder::with_throttle) that it goes by; by
    /// itself, unless it shares a [key](Self::with_throttle_key) with others.
    ///
    /// ```
    /// # use tripline::dispatch::LanePolicy;
    /// assert_ne!(LanePolicy::default().with_throttle("graph"), LanePolicy::default());
    /// ```
    #[must_use]
    pub fn with_throttle(mut self, name: impl Into<Arc<str>>) -> Self {
        self.throttle = Some(name.into());
        self
    }

    /// The key under which it is throttled, the target's own name by default:
    /// all targets with the same key share one rate.
    ///
    /// ```
    /// # use tripline::dispatch::LanePolicy;
    /// let shared = LanePolicy::default().with_throttle("graph").with_throttle_key("tenant-7");
    /// assert_ne!(shared, LanePolicy::default().with_throttle("graph"));
    /// ```
    #[must_use]
    pub fn with_throttle_key(mut self, key: impl Into<Arc<str>>) -> Self {
        self.throttle_key = Some(key.into());
        self
    }
}

impl Default for LanePolicy {
    fn default() -> Self {
        Self {
            concurrency: 4,
            pending: 100_000,
            timeout: Duration::from_secs(20),
            failures: 5,
            cool_down: Duration::from_secs(30),
            max_cool_down: Duration::from_secs(600),
            throttle: None,
            throttle_key: None,
        }
    }
}

//! What an action is told about the attempt that it is run for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{ActionError, CheckedAddresses, Secret, Secrets};
use crate::firing::Firing;

/// How long an attempt may take where nobody says otherwise.
const USUAL_TIME: TimeDelta = TimeDelta::seconds(20);

/// What an action is told about the attempt that it is run for: the time, the
/// key, the number, the deadline, the secrets, and what led to it.
///
/// The host (or the dispatcher for it) makes one for every attempt. It is
/// cheap to clone, so that a future can own one.
///
/// ```
/// use chrono::{DateTime, TimeDelta};
/// use tripline::action::{ActionContext, Secret};
///
/// let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap(); // the host's clock
/// let ctx = ActionContext::new(now, "d-17")
///     .with_attempt(3)
///     .with_deadline(now + TimeDelta::seconds(5))
///     .with_secrets(std::collections::BTreeMap::from([("token".to_owned(), Secret::new("s3cr3t"))]));
///
/// assert_eq!((ctx.idempotency_key(), ctx.attempt()), ("d-17", 3));
/// assert_eq!(ctx.secret("token")?.expose(), "s3cr3t");
/// assert!(ctx.firing().is_none(), "nothing fired: it is a test");
/// # Ok::<(), tripline::action::ActionError>(())
/// ```
#[derive(Clone)]
pub struct ActionContext {
    now: DateTime<Utc>,
    key: Arc<str>,
    attempt: u32,
    deadline: DateTime<Utc>,
    firing: Option<Firing>,
    secrets: Option<Arc<dyn Secrets>>,
    addresses: Option<CheckedAddresses>,
}

impl ActionContext {
    /// A first attempt at `now` under an idempotency key: with twenty seconds
    /// of time, no firing and no secrets.
    ///
    /// ```
    /// # use chrono::{DateTime, TimeDelta};
    /// # use tripline::action::ActionContext;
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// assert_eq!((ctx.attempt(), ctx.deadline()), (1, ctx.now() + TimeDelta::seconds(20)));
    /// ```
    pub fn new(now: DateTime<Utc>, idempotency_key: impl Into<Arc<str>>) -> Self {
        Self {
            now,
            key: idempotency_key.into(),
            attempt: 1,
            deadline: now.checked_add_signed(USUAL_TIME).unwrap_or(DateTime::<Utc>::MAX_UTC),
            firing: None,
            secrets: None,
            addresses: None,
        }
    }

    /// What the dispatcher knows of an attempt; they are counted from 1.
    pub(crate) fn of_attempt(
        now: DateTime<Utc>,
        key: Arc<str>,
        attempt: u32,
        deadline: DateTime<Utc>,
        firing: Option<Firing>,
    ) -> Self {
        Self { now, key, attempt, deadline, firing, secrets: None, addresses: None }
    }

    /// The same with the number of the attempt; zero counts as one.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::action::ActionContext;
    /// assert_eq!(ActionContext::new(DateTime::UNIX_EPOCH, "d-17").with_attempt(2).attempt(), 2);
    /// ```
    #[must_use]
    pub fn with_attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt.max(1);
        self
    }

    /// The same with the time at which the attempt is given up.
    ///
    /// ```
    /// # use chrono::{DateTime, TimeDelta};
    /// # use tripline::action::ActionContext;
    /// let now = DateTime::UNIX_EPOCH;
    /// let ctx = ActionContext::new(now, "d-17").with_deadline(now + TimeDelta::seconds(5));
    /// assert_eq!(ctx.time_left().as_secs(), 5);
    /// ```
    #[must_use]
    pub fn with_deadline(mut self, deadline: DateTime<Utc>) -> Self {
        self.deadline = deadline;
        self
    }

    /// The same with the firing that led to it.
    ///
    /// ```
    /// # use tripline::action::ActionContext;
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// let ctx = ActionContext::new(at(61), firing.id().to_string()).with_firing(firing);
    /// assert_eq!(ctx.firing().unwrap().trigger(), "vip-1000");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_firing(mut self, firing: Firing) -> Self {
        self.firing = Some(firing);
        self
    }

    /// The same with the secrets that the action may ask for. An
    /// `Arc<dyn Secrets>` is taken too, so that many attempts can share one.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use std::sync::Arc;
    /// # use chrono::DateTime;
    /// # use tripline::action::{ActionContext, Secret, Secrets};
    /// let shared: Arc<dyn Secrets> = Arc::new(BTreeMap::from([("token".to_owned(), Secret::new("s3cr3t"))]));
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17").with_secrets(shared.clone());
    /// assert!(ctx.secret("token").is_ok());
    /// ```
    #[must_use]
    pub fn with_secrets(mut self, secrets: impl Secrets + 'static) -> Self {
        self.secrets = Some(Arc::new(secrets));
        self
    }

    /// The same for a guarded target: the addresses that may be connected to.
    ///
    /// ```
    /// # use std::net::IpAddr;
    /// # use chrono::DateTime;
    /// # use tripline::action::{ActionContext, CheckedAddresses};
    /// let checked = CheckedAddresses::new([IpAddr::from([203, 0, 113, 7])]);
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17").with_checked_addresses(checked.clone());
    /// assert_eq!(ctx.checked_addresses(), Some(&checked));
    /// ```
    #[must_use]
    pub fn with_checked_addresses(mut self, addresses: CheckedAddresses) -> Self {
        self.addresses = Some(addresses);
        self
    }

    /// The time at which the attempt began, by the host's clock. It does not move while the action runs.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::action::ActionContext;
    /// assert_eq!(ActionContext::new(DateTime::UNIX_EPOCH, "d-17").now(), DateTime::UNIX_EPOCH);
    /// ```
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// What tells this delivery from every other: the same over all its attempts,
    /// and after a restart or a redrive too.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::action::ActionContext;
    /// assert_eq!(ActionContext::new(DateTime::UNIX_EPOCH, "d-17").idempotency_key(), "d-17");
    /// ```
    pub fn idempotency_key(&self) -> &str {
        &self.key
    }

    /// The number of the attempt, from 1.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::action::ActionContext;
    /// assert_eq!(ActionContext::new(DateTime::UNIX_EPOCH, "d-17").with_attempt(0).attempt(), 1);
    /// ```
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// When the attempt is given up: the future is dropped then.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::action::ActionContext;
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17").with_deadline(DateTime::UNIX_EPOCH);
    /// assert_eq!(ctx.deadline(), ctx.now());
    /// ```
    pub fn deadline(&self) -> DateTime<Utc> {
        self.deadline
    }

    /// How long the attempt could take when it began; zero if the deadline had passed.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::action::ActionContext;
    /// assert_eq!(ActionContext::new(DateTime::UNIX_EPOCH, "d-17").time_left().as_secs(), 20);
    /// ```
    pub fn time_left(&self) -> Duration {
        (self.deadline - self.now).to_std().unwrap_or_default()
    }

    /// The firing that led to it; a test, or something run by hand, has none.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::action::ActionContext;
    /// assert!(ActionContext::new(DateTime::UNIX_EPOCH, "by-hand").firing().is_none());
    /// ```
    pub fn firing(&self) -> Option<&Firing> {
        self.firing.as_ref()
    }

    /// The secret of this name.
    ///
    /// # Errors
    ///
    /// [`ErrorClass::Permanent`](super::ErrorClass::Permanent) with the name,
    /// where there is none: somebody must add it.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::action::ActionContext;
    /// let error = ActionContext::new(DateTime::UNIX_EPOCH, "d-17").secret("token").unwrap_err();
    /// assert_eq!(error.to_string(), "there is no secret \"token\"");
    /// ```
    pub fn secret(&self, name: &str) -> Result<Secret, ActionError> {
        self.secrets
            .as_ref()
            .and_then(|secrets| secrets.secret(name))
            .ok_or_else(|| ActionError::permanent(format!("there is no secret {name:?}")))
    }

    /// For a guarded target: the addresses that may be connected to.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::action::ActionContext;
    /// assert_eq!(ActionContext::new(DateTime::UNIX_EPOCH, "d-17").checked_addresses(), None);
    /// ```
    pub fn checked_addresses(&self) -> Option<&CheckedAddresses> {
        self.addresses.as_ref()
    }
}

impl fmt::Debug for ActionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionContext")
            .field("now", &self.now)
            .field("idempotency_key", &self.key)
            .field("attempt", &self.attempt)
            .field("deadline", &self.deadline)
            .field("firing", &self.firing.as_ref().map(|firing| firing.id()))
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

//! What a connector's service holds at most, and what it has done.

use std::time::Duration;

/// The bounds of a [`ConnectorService`](super::ConnectorService); its pipeline has bounds of its own.
///
/// ```
/// use tripline::connector::Limits;
/// assert_eq!(Limits::default().with_per_principal(20).per_principal(), 20);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    body_bytes: usize,
    requests: usize,
    per_principal: usize,
    subscriptions: usize,
    expiry: Duration,
    activity_step: Duration,
    resolve_timeout: Duration,
    action_timeout: Duration,
    poll_interval: Duration,
    poll_page: usize,
    poll_bytes: usize,
    choices: usize,
    states: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 256 << 10,
            requests: 1_000,
            per_principal: 500,
            subscriptions: 50_000,
            expiry: Duration::from_secs(30 * 86_400),
            activity_step: Duration::from_secs(3_600),
            resolve_timeout: Duration::from_secs(10),
            action_timeout: Duration::from_secs(100),
            poll_interval: Duration::from_secs(60),
            poll_page: 100,
            poll_bytes: 1 << 20,
            choices: 5_000,
            states: 100,
        }
    }
}

crate::bounds::limits! {
    "connector";
    /// Bytes of a request's body, 256 KiB by default; a larger one is answered with 413.
    body_bytes, with_body_bytes: usize, "Limits::default().body_bytes(), 256 << 10";
    /// Requests that are not answered yet, 1,000 by default; further ones are answered with 503.
    requests, with_requests: usize, "Limits::default().requests(), 1_000";
    /// Subscriptions and polled triggers of one principal, 500 by default; further ones are answered with 429.
    per_principal, with_per_principal: usize, "Limits::default().per_principal(), 500";
    /// Subscriptions and polled triggers of all principals, 50,000 by default; further ones are answered with 503.
    subscriptions, with_subscriptions: usize, "Limits::default().subscriptions(), 50_000";
    /// After how long without a delivery, a read or a poll a subscription ends, 30 days by default.
    expiry, with_expiry: Duration, "Limits::default().expiry().as_secs(), 30 * 86_400";
    /// How much later a read or a poll must be than the last that was written down to be written down as well, an hour by
    /// default: so much later may a subscription end after a restart.
    activity_step, with_activity_step: Duration, "Limits::default().activity_step().as_secs(), 3_600";
    /// How long the resolving of a callback's host may take, 10 seconds by default; after that the answer is 503.
    resolve_timeout, with_resolve_timeout: Duration, "Limits::default().resolve_timeout().as_secs(), 10";
    /// How long an action, or the listing of choices, may take: 100 seconds by default, for the platform waits 120; after that the answer is 504.
    action_timeout, with_action_timeout: Duration, "Limits::default().action_timeout().as_secs(), 100";
    /// How long a poller is asked to wait where nothing more waits for it, a minute by default.
    poll_interval, with_poll_interval: Duration, "Limits::default().poll_interval().as_secs(), 60";
    /// Firings of one answer to a poll, 100 by default.
    poll_page, with_poll_page: usize, "Limits::default().poll_page(), 100";
    /// Bytes of one answer to a poll, 1 MiB by default; one firing may go over it.
    poll_bytes, with_poll_bytes: usize, "Limits::default().poll_bytes(), 1 << 20";
    /// Choices of one list, 5,000 by default; the answer says where there are more.
    choices, with_choices: usize, "Limits::default().choices(), 5_000";
    /// Series that a status shows, 100 by default.
    states, with_states: usize, "Limits::default().states(), 100";
}

/// What a service has done since it was built.
///
/// ```
#[doc = include_str!("../../../docs/snippets/connector.rs")]
/// assert!(service.counts().iter().all(|(_, count)| count == 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub(super) requests: u64,
    pub(super) subscribed: u64,
    pub(super) unsubscribed: u64,
    pub(super) polled: u64,
    pub(super) expired: u64,
    pub(super) gone: u64,
    pub(super) missed: u64,
    pub(super) faulty: u64,
    pub(super) forged: u64,
    pub(super) too_large: u64,
    pub(super) over_cap: u64,
    pub(super) busy: u64,
    pub(super) timed_out: u64,
    pub(super) late: u64,
    pub(super) cut: u64,
    pub(super) unopened: u64,
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        impl Counts {
            $(
                $(#[$doc])*
                ///
                /// ```
                #[doc = include_str!("../../../docs/snippets/connector.rs")]
                #[doc = concat!("assert_eq!(service.counts().", stringify!($name), "(), 0);")]
                /// # Ok::<(), Box<dyn std::error::Error>>(())
                /// ```
                pub fn $name(&self) -> u64 {
                    self.$name
                }
            )*

            /// Every count with its name, in a fixed order: what a host shows or exports.
            ///
            /// ```
            #[doc = include_str!("../../../docs/snippets/connector.rs")]
            /// assert_eq!(service.counts().iter().next(), Some(("requests", 0)));
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name)),*].into_iter()
            }
        }
    };
}

counts! {
    /// Requests that were handed in.
    requests;
    /// Subscriptions that were made.
    subscribed;
    /// Subscriptions that were taken out by those whose they were.
    unsubscribed;
    /// Polled triggers that were made.
    polled;
    /// Subscriptions and polled triggers that ended because nobody wanted anything of them.
    expired;
    /// Subscriptions that ended because their receiver answered 410.
    gone;
    /// Firings that a poll came too late for.
    missed;
    /// Requests answered with 400.
    faulty;
    /// Of these, polls with a state that was not made here, for this principal and this trigger.
    forged;
    /// Requests answered with 413.
    too_large;
    /// Requests answered with 429, because the principal has as many subscriptions as it may.
    over_cap;
    /// Requests answered with 503, because of a bound of the service or of its pipeline.
    busy;
    /// Requests whose resolving, listing or action took too long.
    timed_out;
    /// Ends of resolvings, listings and actions that nobody waited for any more.
    late;
    /// Lists of choices that had more than may be shown.
    cut;
    /// Subscriptions whose secrets the sealer did not open when the service was built: nothing is delivered to them.
    unopened;
}

//! What became of deliveries.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::dead::DeadLetter;
use super::delivery::DeliveryId;

/// What became of a delivery that was handed in.
///
/// ```
/// # use chrono::DateTime;
/// # use serde_json::json;
/// # use tripline::dispatch::{Admission, Delivery, DeliveryId, Dispatcher};
/// let mut dispatcher = Dispatcher::new();
/// let delivery = Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", json!({}));
/// assert_eq!(dispatcher.handle_delivery(DateTime::UNIX_EPOCH, delivery.clone())?, Admission::Queued);
/// assert_eq!(dispatcher.handle_delivery(DateTime::UNIX_EPOCH, delivery)?, Admission::Duplicate);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
#[non_exhaustive]
pub enum Admission {
    /// It will be delivered.
    Queued,
    /// One of this id is pending, or a dead letter: nothing has changed.
    Duplicate,
    /// It is a dead letter at once: its target is switched off, or it has expired.
    Dead,
}

/// What became of an attempt whose end was told.
///
/// ```
/// # use chrono::DateTime;
/// # use serde_json::{Value, json};
/// # use tripline::dispatch::{Completion, Delivery, DeliveryId, Dispatcher};
/// let (mut dispatcher, now) = (Dispatcher::new(), DateTime::UNIX_EPOCH);
/// let _ = dispatcher.handle_delivery(now, Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", json!({})))?;
/// let work = dispatcher.poll_work().unwrap();
/// assert_eq!(dispatcher.complete(now, work.lease(), Ok(Value::Null))?, Completion::Delivered);
/// assert_eq!(dispatcher.complete(now, work.lease(), Ok(Value::Null))?, Completion::Late);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
#[non_exhaustive]
pub enum Completion {
    /// It is done.
    Delivered,
    /// It failed, and is tried again, not before then.
    Retry(DateTime<Utc>),
    /// It failed, and was given up: it is a dead letter.
    Dead,
    /// The attempt had ended before, at its deadline or because it was called off. It is counted and changes nothing.
    Late,
}

/// What has ended, for the host to know: see [`poll_outcome`](super::Dispatcher::poll_outcome).
///
/// ```
/// # use chrono::DateTime;
/// # use serde_json::json;
/// # use tripline::dispatch::{Delivery, DeliveryId, Dispatcher, Outcome};
/// # let (mut dispatcher, now) = (Dispatcher::new(), DateTime::UNIX_EPOCH);
/// # let _ = dispatcher.handle_delivery(now, Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", json!({})))?;
/// # let lease = dispatcher.poll_work().unwrap().lease();
/// # let _ = dispatcher.complete(now, lease, Ok(json!({"note": 17})))?;
/// match dispatcher.poll_outcome() {
///     Some(Outcome::Delivered { id, output, attempt, .. }) => {
///         assert_eq!((id.as_str(), attempt, output), ("d-17", 1, json!({"note": 17})));
///     }
///     Some(Outcome::Dead(letter)) => println!("{}: {letter}", letter.delivery().id()),
///     _ => {}
/// }
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Outcome {
    /// A delivery was carried out.
    #[non_exhaustive]
    Delivered {
        /// Which one.
        id: DeliveryId,
        /// Its target.
        target: Arc<str>,
        /// Which attempt it was.
        attempt: u32,
        /// When that was told.
        at: DateTime<Utc>,
        /// What the action gave.
        output: Value,
    },
    /// A delivery was given up.
    Dead(Arc<DeadLetter>),
    /// A delivery was called off.
    #[non_exhaustive]
    Cancelled {
        /// Which one.
        id: DeliveryId,
        /// Its target.
        target: Arc<str>,
        /// When.
        at: DateTime<Utc>,
        /// Whether an attempt may have carried it out all the same: one was
        /// running, or one before had ended without an answer.
        is_outcome_unknown: bool,
    },
    /// A target wants nothing more (410): nothing is sent there until it is
    /// [switched on](super::Dispatcher::enable) again. What waited for it are dead letters.
    #[non_exhaustive]
    TargetDisabled {
        /// Which one.
        target: Arc<str>,
        /// When.
        at: DateTime<Utc>,
        /// What the target said.
        reason: String,
    },
    /// A delivery that was sent to a running [`drive`](super::drive()) could not be taken in.
    #[non_exhaustive]
    Refused {
        /// Which one.
        id: DeliveryId,
        /// Why.
        reason: String,
    },
}

impl fmt::Debug for Outcome {
    /// Without outputs: what a service answers may be nobody else's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered { id, target, attempt, at, output: _ } => f
                .debug_struct("Delivered")
                .field("id", id)
                .field("target", target)
                .field("attempt", attempt)
                .field("at", at)
                .finish_non_exhaustive(),
            Self::Dead(letter) => f.debug_tuple("Dead").field(letter).finish(),
            Self::Cancelled { id, target, at, is_outcome_unknown } => f
                .debug_struct("Cancelled")
                .field("id", id)
                .field("target", target)
                .field("at", at)
                .field("is_outcome_unknown", is_outcome_unknown)
                .finish(),
            Self::TargetDisabled { target, at, reason } => f
                .debug_struct("TargetDisabled")
                .field("target", target)
                .field("at", at)
                .field("reason", reason)
                .finish(),
            Self::Refused { id, reason } => {
                f.debug_struct("Refused").field("id", id).field("reason", reason).finish()
            }
        }
    }
}

//! Deliveries and what became of them, as a snapshot has them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dead::{Attempts, DeadLetter, DeadReason};
use super::delivery::{Delivery, DeliveryId};
use super::outcome::Outcome;
use crate::action::{Effect, RetryPolicy};
use crate::firing::FiringRecord;
use crate::time::{MAX_DURATION, Nanos, datetime, instant, nanos_of};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DeliveryRecord {
    id: String,
    target: String,
    action: String,
    input: Value,
    order_key: Option<String>,
    retry: RetryPolicy,
    effect: Option<Effect>,
    retry_unsafe: bool,
    timeout: Option<i64>,
    expires_at: Option<Nanos>,
    firing: Option<FiringRecord>,
}

impl DeliveryRecord {
    pub(super) fn of(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            target: delivery.target.to_string(),
            action: delivery.action.to_string(),
            input: Value::clone(&delivery.input),
            order_key: delivery.order_key.as_deref().map(str::to_owned),
            retry: delivery.retry.clone(),
            effect: delivery.effect,
            retry_unsafe: delivery.retry_unsafe,
            timeout: delivery.timeout.map(nanos_of),
            expires_at: delivery.expires_at.and_then(|at| instant(at).ok()),
            firing: delivery.firing.as_ref().map(FiringRecord::of),
        }
    }

    pub(super) fn read(self) -> Result<Arc<Delivery>, String> {
        let id = DeliveryId::new(self.id).map_err(|error| error.to_string())?;
        let mut delivery = Delivery::new(id, self.target, self.action, self.input).with_retry(self.retry);
        delivery.order_key = self.order_key.map(Into::into);
        delivery.effect = self.effect;
        delivery.retry_unsafe = self.retry_unsafe;
        delivery.timeout = self
            .timeout
            .map(|nanos| u64::try_from(nanos).map_or(MAX_DURATION, std::time::Duration::from_nanos));
        delivery.expires_at = self.expires_at.map(datetime);
        delivery.firing = self.firing.map(FiringRecord::read).transpose()?;
        // Limits may have changed since; what was taken in once stays.
        delivery.check(usize::MAX).map_err(|error| error.to_string())?;
        Ok(Arc::new(delivery))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DeadRecord {
    delivery: DeliveryRecord,
    attempts: Attempts,
    reason: DeadReason,
    at: Nanos,
}

impl DeadRecord {
    pub(super) fn of(letter: &DeadLetter) -> Self {
        Self {
            delivery: DeliveryRecord::of(&letter.delivery),
            attempts: letter.attempts.clone(),
            reason: letter.reason,
            at: letter.at,
        }
    }

    pub(super) fn read(self) -> Result<Arc<DeadLetter>, String> {
        let delivery = self.delivery.read()?;
        Ok(Arc::new(DeadLetter { delivery, attempts: self.attempts, reason: self.reason, at: self.at }))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum OutcomeRecord {
    Delivered {
        id: String,
        target: String,
        attempt: u32,
        at: Nanos,
        output: Value,
    },
    /// One that is still kept, by its id.
    Kept(String),
    Dead(Box<DeadRecord>),
    Cancelled {
        id: String,
        target: String,
        at: Nanos,
        is_outcome_unknown: bool,
    },
    TargetDisabled {
        target: String,
        at: Nanos,
        reason: String,
    },
    Refused {
        id: String,
        reason: String,
    },
}

impl OutcomeRecord {
    /// `is_kept` says whether it is this very dead letter that is kept.
    pub(super) fn of(outcome: &Outcome, is_kept: impl FnOnce(&Arc<DeadLetter>) -> bool) -> Self {
        let nanos = |at| instant(at).unwrap_or_default();
        match outcome {
            Outcome::Delivered { id, target, attempt, at, output } => Self::Delivered {
                id: id.to_string(),
                target: target.to_string(),
                attempt: *attempt,
                at: nanos(*at),
                output: output.clone(),
            },
            Outcome::Dead(letter) if is_kept(letter) => Self::Kept(letter.delivery.id.to_string()),
            Outcome::Dead(letter) => Self::Dead(Box::new(DeadRecord::of(letter))),
            Outcome::Cancelled { id, target, at, is_outcome_unknown } => Self::Cancelled {
                id: id.to_string(),
                target: target.to_string(),
                at: nanos(*at),
                is_outcome_unknown: *is_outcome_unknown,
            },
            Outcome::TargetDisabled { target, at, reason } => {
                Self::TargetDisabled { target: target.to_string(), at: nanos(*at), reason: reason.clone() }
            }
            Outcome::Refused { id, reason } => Self::Refused { id: id.to_string(), reason: reason.clone() },
        }
    }

    pub(super) fn read(self, kept: impl FnOnce(&str) -> Option<Arc<DeadLetter>>) -> Result<Outcome, String> {
        let id = |text: String| DeliveryId::new(text).map_err(|error| error.to_string());
        Ok(match self {
            Self::Delivered { id: text, target, attempt, at, output } => {
                Outcome::Delivered { id: id(text)?, target: target.into(), attempt, at: datetime(at), output }
            }
            Self::Kept(text) => {
                Outcome::Dead(kept(&text).ok_or_else(|| format!("there is no dead letter {text:?}"))?)
            }
            Self::Dead(letter) => Outcome::Dead(letter.read()?),
            Self::Cancelled { id: text, target, at, is_outcome_unknown } => Outcome::Cancelled {
                id: id(text)?,
                target: target.into(),
                at: datetime(at),
                is_outcome_unknown,
            },
            Self::TargetDisabled { target, at, reason } => {
                Outcome::TargetDisabled { target: target.into(), at: datetime(at), reason }
            }
            Self::Refused { id: text, reason } => Outcome::Refused { id: id(text)?, reason },
        })
    }
}

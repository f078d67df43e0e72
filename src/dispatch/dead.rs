//! What was given up, and why.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::delivery::{Delivery, DeliveryId};
use super::limits::Limits;
use crate::action::ActionError;
use crate::time::{Nanos, datetime, format_instant};

/// The most attempts of one delivery whose reasons are kept: two sendings of
/// the longest policy and more. Of further ones the oldest are let go, and counted.
const MAX_ATTEMPTS: usize = 200;

/// An attempt that failed.
///
/// ```
#[doc = include_str!("../../docs/snippets/dead.rs")]
/// let attempt = &dead.attempts()[0];
/// assert_eq!((attempt.number(), attempt.ended_at()), (1, now));
/// assert_eq!(attempt.error().to_string(), "there is no such board");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    pub(super) number: u32,
    pub(super) started: Nanos,
    pub(super) ended: Nanos,
    pub(super) error: ActionError,
}

impl Attempt {
    /// Which one it was, counted from 1 over all sendings of the delivery.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// assert_eq!(dead.attempts()[0].number(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn number(&self) -> u32 {
        self.number
    }

    /// When it began.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// assert_eq!(dead.attempts()[0].started_at(), now);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn started_at(&self) -> DateTime<Utc> {
        datetime(self.started)
    }

    /// When it was known to have failed.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// assert_eq!(dead.attempts()[0].ended_at(), now);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ended_at(&self) -> DateTime<Utc> {
        datetime(self.ended)
    }

    /// Why it failed.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// assert!(dead.attempts()[0].error().is_permanent());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn error(&self) -> &ActionError {
        &self.error
    }
}

/// The failed attempts of a delivery, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Attempts {
    pub(super) kept: VecDeque<Attempt>,
    pub(super) dropped: u32,
}

impl Attempts {
    pub(super) fn push(&mut self, attempt: Attempt) {
        if self.kept.len() >= MAX_ATTEMPTS {
            self.kept.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.kept.push_back(attempt);
    }

    /// How many there were.
    pub(super) fn count(&self) -> u32 {
        self.dropped.saturating_add(self.kept.len() as u32)
    }
}

/// Why a delivery was given up.
///
/// ```
#[doc = include_str!("../../docs/snippets/dead.rs")]
/// assert_eq!(dead.reason(), DeadReason::Refused);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DeadReason {
    /// Trying again changes nothing: the last attempt says why.
    Refused,
    /// Its retry policy allows no further attempt.
    OutOfAttempts,
    /// It may have been carried out, and carrying it out twice is not safe.
    OutcomeUnknown,
    /// It was of no use any more before it could be delivered.
    Expired,
    /// Its target wants nothing more (410), or was switched off for that before.
    TargetDisabled,
}

impl DeadReason {
    /// The reason in words.
    ///
    /// ```
    /// # use tripline::dispatch::DeadReason;
    /// assert_eq!(DeadReason::Expired.as_str(), "it expired");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "trying again changes nothing",
            Self::OutOfAttempts => "no further attempt is allowed",
            Self::OutcomeUnknown => "it may have been carried out, and twice is not safe",
            Self::Expired => "it expired",
            Self::TargetDisabled => "its target is switched off",
        }
    }
}

/// A delivery that was given up, with every attempt's reason and time.
///
/// It is kept until it is [sent again](super::Dispatcher::redrive), discarded,
/// or room is needed.
///
/// ```
#[doc = include_str!("../../docs/snippets/dead.rs")]
/// assert_eq!(dead.to_string(), "trying again changes nothing: there is no such board");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct DeadLetter {
    pub(super) delivery: Arc<Delivery>,
    pub(super) attempts: Attempts,
    pub(super) reason: DeadReason,
    pub(super) at: Nanos,
}

impl DeadLetter {
    /// What was to be done.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// assert_eq!(dead.delivery().target(), "board");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// The failed attempts, oldest first: the last 200, of which
    /// [`attempts_before`](Self::attempts_before) says how many came before.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// assert_eq!(dead.attempts().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attempts(&self) -> &VecDeque<Attempt> {
        &self.attempts.kept
    }

    /// How many attempts came before those that are kept.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// assert_eq!(dead.attempts_before(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attempts_before(&self) -> u32 {
        self.attempts.dropped
    }

    /// Why it was given up.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// assert_eq!(dead.reason(), DeadReason::Refused);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reason(&self) -> DeadReason {
        self.reason
    }

    /// When it was given up.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// assert_eq!(dead.at(), now);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn at(&self) -> DateTime<Utc> {
        datetime(self.at)
    }

    pub(super) fn explain(&self) -> String {
        let (at, tries) = (format_instant(self.at), self.attempts.count());
        format!("dead since {at} after {tries} attempts: {self}")
    }

    pub(super) fn bytes(&self) -> usize {
        // A reason is cut to a length of its own; its causes are not counted one by one.
        let told = self.attempts.kept.iter().map(|attempt| 128 + attempt.error.reason().len());
        self.delivery.bytes() + told.sum::<usize>()
    }
}

impl fmt::Display for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.as_str())?;
        match self.attempts.kept.back() {
            Some(last) => write!(f, ": {}", last.error.reason()),
            None => Ok(()),
        }
    }
}

/// The dead letters that are kept, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct DeadLetters {
    letters: BTreeMap<u64, (Arc<DeadLetter>, usize)>,
    /// Looked up alone: its order, drawn anew by every process, is never seen.
    by_id: HashMap<DeliveryId, u64, RandomState>,
    next: u64,
    bytes: usize,
}

impl DeadLetters {
    pub(super) fn get(&self, id: &str) -> Option<&Arc<DeadLetter>> {
        if self.letters.is_empty() {
            return None;
        }
        self.letters.get(self.by_id.get(id)?).map(|(letter, _)| letter)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<DeadLetter>> {
        self.letters.values().map(|(letter, _)| letter)
    }

    /// Keeps one more; how many had to make room.
    pub(super) fn push(&mut self, letter: Arc<DeadLetter>, limits: &Limits) -> u64 {
        let bytes = letter.bytes();
        self.by_id.insert(letter.delivery.id.clone(), self.next);
        self.letters.insert(self.next, (letter, bytes));
        self.next += 1;
        self.bytes += bytes;
        let mut dropped = 0;
        while self.letters.len() > limits.dead_letters() || self.bytes > limits.dead_letter_bytes() {
            let Some((_, (oldest, bytes))) = self.letters.pop_first() else { break };
            self.by_id.remove(oldest.delivery.id.as_str());
            self.bytes -= bytes;
            dropped += 1;
        }
        dropped
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Arc<DeadLetter>> {
        let (letter, bytes) = self.letters.remove(&self.by_id.remove(id)?)?;
        self.bytes -= bytes;
        Some(letter)
    }
}

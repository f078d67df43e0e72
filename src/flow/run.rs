//! One run of a flow, as it is remembered.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::step::StepOutcome;
use crate::dispatch::joined;
use crate::few::Few;
use crate::firing::{Firing, FiringId};
use crate::time::{Nanos, datetime};

/// The name of a run: the firing's id, `_`, and which of its runs it is, counted from 1.
///
/// ```
#[doc = include_str!("../../docs/snippets/flows.rs")]
/// let receipt = flows.handle_firing(now, &firing)?;
/// assert_eq!(receipt.started()[0].as_str(), format!("{}_1", firing.id()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RunId {
    /// Filled up with zeros.
    text: [u8; LONGEST_ID],
    length: u8,
}

/// The length of a firing's id.
const FIRING_ID: usize = 22;

/// The longest text: a firing's id, `_`, and the digits of a number.
const LONGEST_ID: usize = FIRING_ID + 1 + 20;

impl RunId {
    pub(super) fn new(firing: FiringId, number: u64) -> Self {
        let mut text = [0; LONGEST_ID];
        let (id, rest) = text.split_at_mut(FIRING_ID);
        id.copy_from_slice(firing.as_str().as_bytes());
        let digits = number.checked_ilog10().unwrap_or(0) as usize + 1;
        // There is room for every number.
        rest[0] = b'_';
        let mut left = number;
        for digit in rest[1..=digits].iter_mut().rev() {
            *digit = b'0' + (left % 10) as u8;
            left /= 10;
        }
        Self { text, length: (FIRING_ID + 1 + digits) as u8 }
    }

    /// The firing that the run is of.
    pub(super) fn firing(&self) -> FiringId {
        let mut letters = [0; FIRING_ID];
        letters.copy_from_slice(&self.text[..FIRING_ID]);
        FiringId::of_letters(letters)
    }

    /// What a text names: of which firing, and which run of it.
    pub(super) fn read(text: &str) -> Option<(FiringId, u64)> {
        let (firing, number) = text.split_at_checked(FIRING_ID)?;
        Some((FiringId::from_text(firing)?, digits(number.strip_prefix('_')?)?))
    }

    /// The same of a delivery's id, and the name of its step.
    pub(super) fn read_delivery(text: &str) -> Option<(FiringId, u64, &str)> {
        let (firing, rest) = text.split_at_checked(FIRING_ID)?;
        // It is for looking up alone: what has other letters is of no firing that there is.
        let firing = FiringId::of_letters(firing.as_bytes().try_into().ok()?);
        let rest = rest.strip_prefix('_')?;
        let end = rest.bytes().position(|byte| byte == b'_')?;
        let (number, step) = (&rest[..end], &rest[end + 1..]);
        Some((firing, digits(number)?, step))
    }

    /// The text.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// assert!(flows.handle_firing(now, &firing)?.started()[0].as_str().ends_with("_1"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn as_str(&self) -> &str {
        // It is ASCII, so the bytes are always text.
        std::str::from_utf8(&self.text[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl Borrow<str> for RunId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl Hash for RunId {
    /// As its text, which it can be borrowed as.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialOrd for RunId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RunId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunId({})", self.as_str())
    }
}

impl Serialize for RunId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = Self::read(&text);
        let (firing, number) = parts.ok_or_else(|| {
            D::Error::custom(format_args!("{text:?} is no run's id: a firing's id, _ and a number"))
        })?;
        Ok(Self::new(firing, number))
    }
}

/// A number in its one spelling.
fn digits(text: &str) -> Option<u64> {
    let is_plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// How far a run is.
///
/// A run that has come to its end has failed where one of its branches ended in
/// a failure. A branch ends with a step that no other runs after; where that
/// was skipped because of what came before it, those before it count. So a
/// failure that a later step was there for, and ran for, is no failure of the
/// run ([Logic Apps](https://learn.microsoft.com/azure/logic-apps/error-exception-handling)
/// judges so too).
///
/// ```
#[doc = include_str!("../../docs/snippets/flows.rs")]
/// # use tripline::flow::RunStatus;
/// let receipt = flows.handle_firing(now, &firing)?;
/// assert_eq!(flows.run(receipt.started()[0].as_str()).unwrap().status(), RunStatus::Running);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum RunStatus {
    /// As many runs of the flow are under way as may be.
    Waiting,
    /// It is under way.
    Running,
    /// It is over, and no branch ended in a failure.
    Succeeded,
    /// It is over, and a branch ended in a failure.
    Failed,
    /// It was called off.
    Cancelled,
}

impl RunStatus {
    /// The word for it.
    ///
    /// ```
    /// # use tripline::flow::RunStatus;
    /// assert_eq!(RunStatus::Cancelled.as_str(), "cancelled");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it is over.
    ///
    /// ```
    /// # use tripline::flow::RunStatus;
    /// assert!(RunStatus::Failed.has_ended() && !RunStatus::Waiting.has_ended());
    /// ```
    pub fn has_ended(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }
}

/// One run of a flow: why it started, and what became of each step.
///
/// ```
#[doc = include_str!("../../docs/snippets/flows.rs")]
/// let receipt = flows.handle_firing(now, &firing)?;
/// let run = flows.run(receipt.started()[0].as_str()).unwrap();
/// assert_eq!((run.flow(), run.firing().value()), ("vip-1000", Some(1004.0)));
/// assert_eq!(run.steps()[0].input().unwrap()["text"], "VIPs: 1004");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    pub(super) id: RunId,
    pub(super) flow: Arc<str>,
    pub(super) firing: Firing,
    pub(super) number: u64,
    pub(super) resubmit_of: Option<RunId>,
    pub(super) status: RunStatus,
    pub(super) queued: Nanos,
    pub(super) started: Option<Nanos>,
    pub(super) ended: Option<Nanos>,
    pub(super) steps: Few<StepRecord>,
}

/// One step of a run.
///
/// ```
#[doc = include_str!("../../docs/snippets/flows.rs")]
/// let receipt = flows.handle_firing(now, &firing)?;
/// let tell = &flows.run(receipt.started()[0].as_str()).unwrap().steps()[0];
/// assert_eq!((tell.name(), tell.is_running(), tell.outcome()), ("tell", true, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    #[serde(with = "shared")]
    pub(super) name: Arc<str>,
    #[serde(with = "shared")]
    pub(super) action: Arc<str>,
    pub(super) state: StepState,
    pub(super) input: Option<Value>,
    pub(super) attempts: u32,
    pub(super) started: Option<Nanos>,
    pub(super) ended: Option<Nanos>,
    pub(super) reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum StepState {
    Waiting,
    Running {
        deadline: Option<Nanos>,
    },
    Ended(StepOutcome),
    /// The run was called off before it had ended.
    CalledOff,
}

impl RunRecord {
    /// The id of the delivery that carries a step out, by the step's name: what [`Dispatcher::explain`](crate::dispatch::Dispatcher::explain)
    /// and the dead letters know it by, once the step has begun.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let receipt = flows.handle_firing(now, &firing)?;
    /// let run = flows.run(receipt.started()[0].as_str()).unwrap();
    /// let id = run.delivery_id("tell");
    /// assert_eq!(flows.poll_delivery().unwrap().id().as_str(), id);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn delivery_id(&self, step: &str) -> String {
        StepRecord::delivery_id(&self.id, step).to_string()
    }
}

impl StepRecord {
    pub(super) fn new(name: Arc<str>, action: Arc<str>) -> Self {
        Self {
            name,
            action,
            state: StepState::Waiting,
            input: None,
            attempts: 0,
            started: None,
            ended: None,
            reason: None,
        }
    }

    pub(crate) fn delivery_id(run: &RunId, step: &str) -> Arc<str> {
        joined(run.as_str(), step)
    }
}

/// A text that is shared, as a text.
pub(super) mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        text: &Arc<str>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<str>, D::Error> {
        String::deserialize(deserializer).map(Into::into)
    }
}

macro_rules! getters {
    ($of:ident, $setup:literal: $($(#[$doc:meta])* $name:ident -> $type:ty: $get:expr, $example:literal;)*) => {
        impl $of {
            $(
                $(#[$doc])*
                ///
                /// ```
                #[doc = include_str!("../../docs/snippets/flows.rs")]
                #[doc = concat!("# use tripline::flow::RunStatus;\nlet receipt = flows.handle_firing(now, &firing)?;\n", $setup, "assert!(", $example, ");\n# Ok::<(), Box<dyn std::error::Error>>(())\n```")]
                pub fn $name(&self) -> $type {
                    let get: fn(&Self) -> $type = $get;
                    get(self)
                }
            )*
        }
    };
}

getters! {
    RunRecord, "let run = flows.run(receipt.started()[0].as_str()).unwrap();\n":
    /// Its id.
    id -> &RunId: |this| &this.id, "run.id() == &receipt.started()[0]";
    /// The flow's id.
    flow -> &str: |this| &this.flow, "run.flow() == \"vip-1000\"";
    /// Why it started: the firing, with the values that led to it.
    firing -> &Firing: |this| &this.firing, "run.firing().id() == firing.id()";
    /// Which of the firing's runs it is, counted from 1.
    number -> u64: |this| this.number, "run.number() == 1";
    /// The run that it does again, where it was submitted again.
    resubmit_of -> Option<&RunId>: |this| this.resubmit_of.as_ref(), "run.resubmit_of().is_none()";
    /// How far it is.
    status -> RunStatus: |this| this.status, "run.status() == RunStatus::Running";
    /// When it came.
    queued_at -> DateTime<Utc>: |this| datetime(this.queued), "run.queued_at() == now";
    /// When its first step could begin; `None` while it waits for its turn.
    started_at -> Option<DateTime<Utc>>: |this| this.started.map(datetime), "run.started_at() == Some(now)";
    /// When it was over.
    ended_at -> Option<DateTime<Utc>>: |this| this.ended.map(datetime), "run.ended_at().is_none()";
    /// Its steps, in the order of the flow.
    steps -> &[StepRecord]: |this| &this.steps, "run.steps().len() == 1";
}

getters! {
    StepRecord, "let tell = &flows.run(receipt.started()[0].as_str()).unwrap().steps()[0];\n":
    /// Its name.
    name -> &str: |this| &this.name, "tell.name() == \"tell\"";
    /// The name of its action.
    action -> &str: |this| &this.action, "tell.action() == \"postNote\"";
    /// How it ended; `None` where it has not.
    outcome -> Option<StepOutcome>: |this| match this.state { StepState::Ended(outcome) => Some(outcome), _ => None }, "tell.outcome().is_none()";
    /// Whether its delivery is on its way.
    is_running -> bool: |this| matches!(this.state, StepState::Running { .. }), "tell.is_running()";
    /// What its action was given; what the action's metadata calls a secret reads `[redacted]`.
    input -> Option<&Value>: |this| this.input.as_ref(), "tell.input().unwrap()[\"text\"] == \"VIPs: 1004\"";
    /// How many attempts there were, as far as told: when it has ended.
    attempts -> u32: |this| this.attempts, "tell.attempts() == 0";
    /// When its input was rendered.
    started_at -> Option<DateTime<Utc>>: |this| this.started.map(datetime), "tell.started_at() == Some(now)";
    /// When it ended.
    ended_at -> Option<DateTime<Utc>>: |this| this.ended.map(datetime), "tell.ended_at().is_none()";
    /// Why it failed or was skipped.
    reason -> Option<&str>: |this| this.reason.as_deref(), "tell.reason().is_none()";
}

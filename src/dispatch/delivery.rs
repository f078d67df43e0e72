//! What is to be done, and its key.

use std::borrow::Borrow;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::action::{DynAction, Effect, RetryPolicy};
use crate::error::{Error, ErrorKind, Fault};
use crate::firing::{Firing, FiringId};
use crate::time::{MAX_DURATION, format_duration, instant};

/// As Standard Webhooks 1.0 has it for `webhook-id`, which this becomes.
const MAX_ID: usize = 256;

/// The most bytes of a target's name, an action's and an order key.
const MAX_NAME: usize = 512;

/// What a delivery weighs besides its texts and its input: its place in the tables.
const OWN_BYTES: usize = 512;

/// What the firing weighs that led to it.
const FIRING_BYTES: usize = 1_024;

static NOTHING: LazyLock<Arc<Value>> = LazyLock::new(|| Arc::new(Value::Object(Map::new())));

/// The name of a delivery and the idempotency key of all its attempts: 1 to 256
/// characters of `A-Z a-z 0-9 _ -`, as Standard Webhooks asks of a `webhook-id`.
///
/// ```
/// use tripline::dispatch::DeliveryId;
/// assert_eq!(DeliveryId::new("d-17")?.as_str(), "d-17");
/// assert_eq!(DeliveryId::new("d 17").unwrap_err().to_string(), "the delivery id \"d 17\" has a character other than A-Z a-z 0-9 _ -");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(Arc<str>);

impl DeliveryId {
    /// An id of the host's own making; it must be another for every delivery.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where it is empty, too long, or has another character.
    ///
    /// ```
    /// use tripline::dispatch::DeliveryId;
    /// assert!(DeliveryId::new("").is_err());
    /// assert!(DeliveryId::new("x".repeat(256)).is_ok());
    /// ```
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, Error> {
        let text = text.into();
        let length = text.len();
        if !(1..=MAX_ID).contains(&length) {
            let message = format!("a delivery id of {length} bytes: it takes 1 to {MAX_ID}");
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        if !has_letters_of_an_id(&text) {
            let message = format!("the delivery id {text:?} has a character other than A-Z a-z 0-9 _ -");
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        Ok(Self(text))
    }

    /// An id, `_` and a part. Most are judged by the part alone: the id before it is one.
    pub(crate) fn of_parts(id: &str, part: &str) -> Result<Self, Error> {
        let text = joined(id, part);
        if text.len() <= MAX_ID && has_letters_of_an_id(part) { Ok(Self(text)) } else { Self::new(text) }
    }

    /// The id of one of the deliveries that a firing leads to: the firing's id,
    /// `_`, and `part`, which tells it from the others. The same firing gives
    /// the same ids, on any machine.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    ///
    /// ```
    /// use tripline::dispatch::DeliveryId;
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// let id = DeliveryId::of_firing(firing.id(), "teams")?;
    /// assert_eq!(id.as_str(), format!("{}_teams", firing.id()));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn of_firing(firing: FiringId, part: &str) -> Result<Self, Error> {
        Self::of_parts(firing.as_str(), part)
    }

    /// The text.
    ///
    /// ```
    /// # use tripline::dispatch::DeliveryId;
    /// assert_eq!(DeliveryId::new("d-17")?.as_str(), "d-17");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl From<FiringId> for DeliveryId {
    /// For a firing that leads to one delivery.
    fn from(id: FiringId) -> Self {
        Self(id.as_str().into())
    }
}

impl Borrow<str> for DeliveryId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeliveryId({})", self.0)
    }
}

/// What is to be done: an action, its input, and for which target.
///
/// The *target* names the lane that it stands in: deliveries to one target share
/// its places, its circuit breaker and its throttle. It is a name such as
/// `teams/sales`, shown in explanations; it is no place for a URL that holds a
/// key. The *input* is rendered: what is sent does not depend on when. Secrets do
/// not belong into it; the action asks its context for them by name. `Debug`
/// shows everything but the input.
///
/// ```
/// use serde_json::json;
/// use tripline::action::{Effect, RetryPolicy};
/// use tripline::dispatch::{Delivery, DeliveryId};
///
/// let delivery = Delivery::new(DeliveryId::new("d-17")?, "teams/sales", "postMessage", json!({"text": "hi"}))
///     .with_effect(Effect::Guarded)
///     .with_order_key("vip")
///     .with_retry(RetryPolicy::standard_webhooks());
/// assert_eq!(delivery.target(), "teams/sales");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Clone)]
pub struct Delivery {
    pub(super) id: DeliveryId,
    pub(super) target: Arc<str>,
    pub(super) action: Arc<str>,
    pub(super) input: Arc<Value>,
    pub(super) input_bytes: usize,
    pub(super) order_key: Option<Arc<str>>,
    pub(super) retry: RetryPolicy,
    pub(super) effect: Option<Effect>,
    pub(super) retry_unsafe: bool,
    pub(super) timeout: Option<Duration>,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) firing: Option<Firing>,
}

impl Delivery {
    /// A delivery of an action by name, with the default [`RetryPolicy`]. What is
    /// wrong with it is said when it is handed in.
    ///
    /// ```
    /// # use serde_json::json;
    /// # use tripline::dispatch::{Delivery, DeliveryId};
    /// let delivery = Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", json!({"text": "hi"}));
    /// assert_eq!(delivery.action(), "postNote");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn new(
        id: DeliveryId,
        target: impl Into<Arc<str>>,
        action: impl Into<Arc<str>>,
        input: impl Into<Value>,
    ) -> Self {
        let (input, input_bytes) = match input.into() {
            // Actions that tell of the firing are given nothing else: all of them share it.
            Value::Object(members) if members.is_empty() => (NOTHING.clone(), "{}".len()),
            input => {
                let bytes = length(&input);
                (Arc::new(input), bytes)
            }
        };
        Self {
            id,
            target: target.into(),
            action: action.into(),
            input_bytes,
            input,
            order_key: None,
            retry: RetryPolicy::default(),
            effect: None,
            retry_unsafe: false,
            timeout: None,
            expires_at: None,
            firing: None,
        }
    }

    /// A delivery of this very action: its name, and its effect.
    ///
    /// ```
    /// # use serde_json::json;
    /// # use tripline::action::{DynAction, Effect, Metadata, action_fn};
    /// # use tripline::dispatch::{Delivery, DeliveryId};
    /// let metadata = Metadata::new("ping").with_effect(Effect::Idempotent);
    /// let ping = DynAction::new(action_fn(metadata, |_, ()| async { Ok(()) }));
    /// let delivery = Delivery::of(&ping, DeliveryId::new("d-17")?, "host", json!({}));
    /// assert_eq!((delivery.action(), delivery.effect()), ("ping", Some(Effect::Idempotent)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn of(
        action: &DynAction,
        id: DeliveryId,
        target: impl Into<Arc<str>>,
        input: impl Into<Value>,
    ) -> Self {
        let metadata = action.metadata();
        Self::new(id, target, metadata.name(), input).with_effect(metadata.effect())
    }

    /// Deliveries to one target with the same key are made one after the other, in
    /// the order in which they were handed in: a later one waits until the earlier has ended.
    ///
    /// ```
    /// # use tripline::dispatch::{Delivery, DeliveryId};
    /// let delivery = Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", ()).with_order_key("vip");
    /// assert_eq!(delivery.order_key(), Some("vip"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_order_key(mut self, key: impl Into<Arc<str>>) -> Self {
        self.order_key = Some(key.into());
        self
    }

    /// When it is tried again.
    ///
    /// ```
    /// # use tripline::action::RetryPolicy;
    /// # use tripline::dispatch::{Delivery, DeliveryId};
    /// let delivery = Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", ()).with_retry(RetryPolicy::none());
    /// assert_eq!(delivery.retry().count(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// What the action declares about being run twice. Where nothing is said it
    /// counts as [`Effect::Unsafe`]; [`drive`](super::drive()) asks the registry.
    ///
    /// ```
    /// # use tripline::action::Effect;
    /// # use tripline::dispatch::{Delivery, DeliveryId};
    /// let delivery = Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", ());
    /// assert_eq!(delivery.with_effect(Effect::Guarded).effect(), Some(Effect::Guarded));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.effect = Some(effect);
        self
    }

    /// Whether it is tried again even though the action is [`Effect::Unsafe`] and
    /// may have been carried out: twice is then better than not at all.
    ///
    /// ```
    /// # use tripline::dispatch::{Delivery, DeliveryId};
    /// let delivery = Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", ()).with_retry_unsafe(true);
    /// assert!(delivery.retries_unsafe());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_retry_unsafe(mut self, retries: bool) -> Self {
        self.retry_unsafe = retries;
        self
    }

    /// How long an attempt may take, instead of what the target's
    /// [`LanePolicy`](super::LanePolicy) says.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::dispatch::{Delivery, DeliveryId};
    /// let second = Duration::from_secs(1);
    /// let delivery = Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", ()).with_timeout(second);
    /// assert_eq!(delivery.timeout(), Some(second));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// From when on it is of no use: no attempt begins at that time or later.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::dispatch::{Delivery, DeliveryId};
    /// let end = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
    /// let delivery = Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", ()).with_expires_at(end);
    /// assert_eq!(delivery.expires_at(), Some(end));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_expires_at(mut self, end: DateTime<Utc>) -> Self {
        self.expires_at = Some(end);
        self
    }

    /// The firing that led to it, for the action's context.
    ///
    /// ```
    /// # use tripline::dispatch::{Delivery, DeliveryId};
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// let delivery = Delivery::new(firing.id().into(), "board", "postNote", ()).with_firing(firing);
    /// assert_eq!(delivery.firing().unwrap().trigger(), "vip-1000");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_firing(mut self, firing: Firing) -> Self {
        self.firing = Some(firing);
        self
    }

    /// What is wrong with it, all of it.
    pub(super) fn check(&self, max_input: usize) -> Result<(), Error> {
        let is_plain = |text: &str| (1..=MAX_NAME).contains(&text.len()) && is_printable_ascii(text);
        let has_plain_names = is_plain(&self.target)
            && is_plain(&self.action)
            && self.order_key.as_ref().is_none_or(|key| is_plain(key));
        // Most say nothing that could be wrong.
        if !has_plain_names || self.timeout.is_some() || self.expires_at.is_some() {
            self.check_closely()?;
        }
        if self.input_bytes > max_input {
            let message = format!("an input of {} bytes is over the limit of {max_input}", self.input_bytes);
            return Err(Error::new(ErrorKind::Limit, message).at(self.id.as_str()));
        }
        Ok(())
    }

    #[cold]
    fn check_closely(&self) -> Result<(), Error> {
        let mut faults = Vec::new();
        let names = [
            ("target", Some(&self.target)),
            ("action", Some(&self.action)),
            ("orderKey", self.order_key.as_ref()),
        ];
        for (name, text) in names {
            let Some(text) = text else { continue };
            if !(1..=MAX_NAME).contains(&text.len()) {
                faults.push(Fault::new(name, format!("{} bytes: it takes 1 to {MAX_NAME}", text.len())));
            } else if !is_printable_ascii(text) && text.chars().any(char::is_control) {
                faults.push(Fault::new(name, format!("{text:?} has a control character")));
            }
        }
        if let Some(timeout) = self.timeout.filter(|time| time.is_zero() || *time > MAX_DURATION) {
            let message = format!("{}: it takes more than none, up to 292 years", format_duration(timeout));
            faults.push(Fault::new("timeout", message));
        }
        if let Some(Err(error)) = self.expires_at.map(instant) {
            faults.push(Fault::new("expiresAt", error.to_string()));
        }
        if faults.is_empty() { Ok(()) } else { Err(Error::from_faults(faults).at(self.id.as_str())) }
    }

    /// What it weighs against the bounds.
    pub(super) fn bytes(&self) -> usize {
        let order_key = self.order_key.as_ref().map_or(0, |key| key.len());
        let firing = self.firing.as_ref().map_or(0, |_| FIRING_BYTES);
        let texts = self.id.0.len() + self.target.len() + self.action.len() + order_key;
        OWN_BYTES + texts + self.input_bytes + firing
    }
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident -> $type:ty: $get:expr, $example:literal;)*) => {
        impl Delivery {
            $(
                $(#[$doc])*
                #[doc = concat!("\n\n```\nuse tripline::dispatch::{Delivery, DeliveryId};\nlet delivery = Delivery::new(DeliveryId::new(\"d-17\")?, \"board\", \"postNote\", ());\nassert!(", $example, ");\n# Ok::<(), tripline::Error>(())\n```")]
                pub fn $name(&self) -> $type {
                    let get: fn(&Self) -> $type = $get;
                    get(self)
                }
            )*
        }
    };
}

getters! {
    /// Its id, the idempotency key of all its attempts.
    id -> &DeliveryId: |this| &this.id, "delivery.id().as_str() == \"d-17\"";
    /// The name of its lane.
    target -> &str: |this| &this.target, "delivery.target() == \"board\"";
    /// The name of its action.
    action -> &str: |this| &this.action, "delivery.action() == \"postNote\"";
    /// What the action is given.
    input -> &Value: |this| &this.input, "delivery.input().is_null()";
    /// The key whose deliveries are made one after the other.
    order_key -> Option<&str>: |this| this.order_key.as_deref(), "delivery.order_key().is_none()";
    /// When it is tried again.
    retry -> &RetryPolicy: |this| &this.retry, "delivery.retry().count() == 4";
    /// What it does to the world to run it twice, if that was said.
    effect -> Option<Effect>: |this| this.effect, "delivery.effect().is_none()";
    /// Whether it is tried again though it may have been carried out and twice is twice.
    retries_unsafe -> bool: |this| this.retry_unsafe, "!delivery.retries_unsafe()";
    /// How long an attempt may take, where it has its own time.
    timeout -> Option<Duration>: |this| this.timeout, "delivery.timeout().is_none()";
    /// From when on it is of no use.
    expires_at -> Option<DateTime<Utc>>: |this| this.expires_at, "delivery.expires_at().is_none()";
    /// The firing that led to it.
    firing -> Option<&Firing>: |this| this.firing.as_ref(), "delivery.firing().is_none()";
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("target", &self.target)
            .field("action", &self.action)
            .field("order_key", &self.order_key)
            .field("retry", &self.retry)
            .field("effect", &self.effect)
            .field("retry_unsafe", &self.retry_unsafe)
            .field("timeout", &self.timeout)
            .field("expires_at", &self.expires_at)
            .field("firing", &self.firing.as_ref().map(|firing| firing.id()))
            .finish_non_exhaustive()
    }
}

fn has_letters_of_an_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Two texts with `_` between. Of the usual length they are put together without asking for memory twice.
pub(crate) fn joined(first: &str, second: &str) -> Arc<str> {
    let mut text = [0; 128];
    let (from, to) = (first.len() + 1, first.len() + 1 + second.len());
    if to <= text.len() {
        text[..first.len()].copy_from_slice(first.as_bytes());
        text[first.len()] = b'_';
        text[from..to].copy_from_slice(second.as_bytes());
    }
    match std::str::from_utf8(&text[..to.min(text.len())]) {
        Ok(short) if short.len() == to => short.into(),
        _ => [first, "_", second].concat().into(),
    }
}

/// Most names are, which is told faster than that no character is a control character.
fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The length of a value as JSON, without writing it anywhere.
fn length(value: &Value) -> usize {
    struct Counter(usize);

    impl Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut counter = Counter(0);
    // A value whose keys are texts is always written.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_fault_is_told_and_the_input_is_weighed_as_its_json() {
        let id = DeliveryId::new("d").unwrap();
        let input = json!({"é": ["\n", 1.5, null]});
        let text = input.to_string();
        let delivery = Delivery::new(id, "", "a\nb", input)
            .with_order_key("x".repeat(513))
            .with_timeout(Duration::ZERO)
            .with_expires_at(DateTime::<Utc>::MAX_UTC);
        assert_eq!(delivery.input_bytes, text.len());
        let error = delivery.check(1).unwrap_err();
        let places: Vec<&str> = error.faults().iter().map(Fault::path).collect();
        assert_eq!(places, ["target", "action", "orderKey", "timeout", "expiresAt"]);
        let delivery = Delivery {
            target: "t".into(),
            action: "a".into(),
            order_key: None,
            timeout: None,
            expires_at: None,
            ..delivery
        };
        assert!(delivery.check(text.len()).is_ok());
        assert!(delivery.check(text.len() - 1).unwrap_err().is_limit());
    }
}

//! What a host carries out now.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::delivery::{Delivery, DeliveryId};
use crate::action::{ActionContext, ActionError, CheckedAddresses, Registry, Secrets};

/// The right to make one attempt: it ends with
/// [`complete`](super::Dispatcher::complete), or at the attempt's deadline.
///
/// ```
/// # use chrono::DateTime;
/// # use serde_json::json;
/// # use tripline::dispatch::{Delivery, DeliveryId, Dispatcher};
/// let mut dispatcher = Dispatcher::new();
/// let delivery = Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", json!({}));
/// let _ = dispatcher.handle_delivery(DateTime::UNIX_EPOCH, delivery)?;
/// let lease = dispatcher.poll_work().unwrap().lease();
/// assert!(dispatcher.is_live(lease));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lease(pub(super) u64);

#[cfg(feature = "flow")]
impl Lease {
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// As a journal has it.
    pub(crate) fn of(number: u64) -> Self {
        Self(number)
    }
}

/// One attempt of a delivery, to be made now.
///
/// The host runs the action, gives it up at the [deadline](Self::deadline), and
/// says what came of it with [`Dispatcher::complete`](super::Dispatcher::complete).
/// Should it say nothing, the attempt counts as lost at the deadline.
///
/// ```
/// use chrono::DateTime;
/// use serde_json::json;
/// use tripline::dispatch::{Delivery, DeliveryId, Dispatcher};
///
/// let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
/// let mut dispatcher = Dispatcher::new();
/// let delivery = Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", json!({"text": "hi"}));
/// let _ = dispatcher.handle_delivery(now, delivery)?;
/// let work = dispatcher.poll_work().expect("it is due at once");
/// assert_eq!((work.attempt(), work.action()), (1, "postNote"));
/// assert_eq!(work.context().idempotency_key(), "d-17");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "an attempt that is not made is lost at its deadline"]
pub struct Work {
    pub(super) lease: Lease,
    pub(super) delivery: Arc<Delivery>,
    pub(super) context: ActionContext,
}

impl Work {
    /// The same work with the secrets that the action may ask for.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/work.rs")]
    /// # use tripline::action::Secret;
    /// let secrets = std::collections::BTreeMap::from([("token".to_owned(), Secret::new("s3cr3t"))]);
    /// assert_eq!(work.with_secrets(secrets).context().secret("token")?.expose(), "s3cr3t");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_secrets(mut self, secrets: impl Secrets + 'static) -> Self {
        self.context = self.context.with_secrets(secrets);
        self
    }

    /// The same work for a guarded target, with the addresses that a transport may connect to.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/work.rs")]
    /// # use tripline::action::CheckedAddresses;
    /// assert!(work.with_checked_addresses(CheckedAddresses::new([])).context().checked_addresses().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_checked_addresses(mut self, addresses: CheckedAddresses) -> Self {
        self.context = self.context.with_checked_addresses(addresses);
        self
    }

    /// Runs the action once.
    ///
    /// # Errors
    ///
    /// What the action says; permanent where the registry has no action of the name.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/block_on.rs")]
    #[doc = include_str!("../../docs/snippets/work.rs")]
    /// # use tripline::action::Registry;
    /// let error = block_on(work.run(&Registry::new())).unwrap_err();
    /// assert_eq!(error.to_string(), "there is no action \"postNote\"");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn run(&self, registry: &Registry) -> Result<Value, ActionError> {
        match registry.get(self.action()) {
            Some(action) => action.run(&self.context, self.input().clone()).await,
            None => Err(ActionError::permanent(format!("there is no action {:?}", self.action()))),
        }
    }
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident -> $type:ty: $get:expr, $example:literal;)*) => {
        impl Work {
            $(
                $(#[$doc])*
                ///
                /// ```
                #[doc = include_str!("../../docs/snippets/work.rs")]
                #[doc = concat!("assert!(", $example, ");")]
                /// # Ok::<(), Box<dyn std::error::Error>>(())
                /// ```
                pub fn $name(&self) -> $type {
                    let get: fn(&Self) -> $type = $get;
                    get(self)
                }
            )*
        }
    };
}

getters! {
    /// What is handed back with the outcome.
    lease -> Lease: |this| this.lease, "dispatcher.is_live(work.lease())";
    /// The delivery's id, the idempotency key.
    id -> &DeliveryId: |this| &this.delivery.id, "work.id().as_str() == \"d-17\"";
    /// The name of its lane.
    target -> &str: |this| &this.delivery.target, "work.target() == \"board\"";
    /// The name of the action to run.
    action -> &str: |this| &this.delivery.action, "work.action() == \"postNote\"";
    /// What the action is given.
    input -> &Value: |this| &this.delivery.input, "work.input()[\"text\"] == \"hi\"";
    /// Which attempt it is, counted from 1 over all sendings of the delivery.
    attempt -> u32: |this| this.context.attempt(), "work.attempt() == 1";
    /// When the attempt must have ended.
    deadline -> DateTime<Utc>: |this| this.context.deadline(), "(work.deadline() - now).num_seconds() == 20";
    /// What the action is told: the time, the key, the number, the deadline, the firing.
    context -> &ActionContext: |this| &this.context, "work.context().idempotency_key() == \"d-17\"";
    /// The delivery.
    delivery -> &Delivery: |this| &this.delivery, "work.delivery().order_key().is_none()";
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work")
            .field("lease", &self.lease)
            .field("delivery", &self.delivery)
            .field("context", &self.context)
            .finish()
    }
}

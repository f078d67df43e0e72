//! Where subscriptions are told, and what with: in memory only, for the action that tells them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::dispatch::Work;
use crate::webhook::{CheckedUrl, Guard, Signer};

/// What the targets of all subscriptions' deliveries begin with; the subscription's id follows.
pub(super) const TARGET: &str = "tripline.connector/";

/// Where the subscriptions of a [`ConnectorService`](super::ConnectorService) are told: their callback URLs and signing
/// secrets, opened, and the guard that judges the URLs.
///
/// It is made first, for the action [`Notify`](super::Notify) over it belongs into the registry of the pipeline that the service
/// is built with. A clone is the same one. It shows nothing of what it holds.
///
/// ```
/// use tripline::connector::Callbacks;
/// use tripline::webhook::Guard;
/// let callbacks = Callbacks::new(Guard::new());
/// assert_eq!(format!("{callbacks:?}"), "Callbacks { held: 0, .. }");
/// ```
#[derive(Clone)]
pub struct Callbacks {
    inner: Arc<Inner>,
}

struct Inner {
    guard: Guard,
    held: Mutex<BTreeMap<String, Arc<Callback>>>,
}

/// One subscription's.
pub(super) struct Callback {
    pub(super) url: CheckedUrl,
    pub(super) signer: Signer,
}

impl Callbacks {
    /// None yet; their URLs will be judged by this guard, when a subscription is made and again before every attempt.
    ///
    /// ```
    /// # use tripline::connector::Callbacks;
    /// # use tripline::webhook::Guard;
    /// let callbacks = Callbacks::new(Guard::new().with_allowed_host(".logic.azure.com"));
    /// ```
    pub fn new(guard: Guard) -> Self {
        Self { inner: Arc::new(Inner { guard, held: Mutex::default() }) }
    }

    /// The host that is to be resolved before this work is done, where it tells a subscription at a name: its
    /// addresses go into the work as [checked](Work::with_checked_addresses), and the action judges them.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/work.rs")]
    /// # use tripline::connector::Callbacks;
    /// # use tripline::webhook::Guard;
    /// assert_eq!(Callbacks::new(Guard::new()).host_of(&work), None, "it tells a board");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn host_of(&self, work: &Work) -> Option<String> {
        let callback = self.get(work.target().strip_prefix(TARGET)?)?;
        callback.url.ip().is_none().then(|| callback.url.host().to_owned())
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.inner.guard
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Callback>> {
        self.held().get(id).cloned()
    }

    pub(super) fn put(&self, id: &str, callback: Callback) {
        self.held().insert(id.to_owned(), Arc::new(callback));
    }

    pub(super) fn remove(&self, id: &str) {
        self.held().remove(id);
    }

    pub(super) fn clear(&self) {
        self.held().clear();
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Callback>>> {
        // Nothing in here can panic halfway.
        self.inner.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Callback {
    /// Whether the guard lets these addresses pass; of a URL that names one itself there are none.
    pub(super) fn check(&self, guard: &Guard, addresses: Option<&[IpAddr]>) -> Result<(), String> {
        // The guard may be a stricter one than when the subscription was made.
        guard.check_url(self.url.as_str()).map_err(|error| format!("{:?}", error.kind()))?;
        match addresses {
            Some(addresses) => guard.check_addresses(addresses).map_err(|error| error.to_string()),
            None if self.url.ip().is_some() => Ok(()),
            None => Err("its host was not resolved".to_owned()),
        }
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callbacks").field("held", &self.held().len()).finish_non_exhaustive()
    }
}

//! The way into a dispatcher that is being driven.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::super::delivery::{Delivery, DeliveryId};
use crate::error::{Error, ErrorKind};

/// The most messages that wait to be taken.
const CAPACITY: usize = 1_024;

/// The way into a dispatcher that is being [driven](super::drive()): deliveries,
/// calling off, sending again, stopping. Clones lead to the same place; any thread may have one.
///
/// ```
/// use serde_json::json;
/// use tripline::dispatch::{Delivery, DeliveryId, Outlet};
///
/// let outlet = Outlet::new();
/// outlet.try_send(&Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", json!({"text": "hi"})))?;
/// assert_eq!(outlet.len(), 1);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Clone)]
pub struct Outlet {
    shared: Arc<Mutex<Shared>>,
    capacity: usize,
}

#[derive(Default)]
struct Shared {
    messages: VecDeque<Message>,
    stop: Option<Stop>,
    /// Beside the messages, so that it needs no room and does not wait while the dispatcher is full.
    wants_snapshot: bool,
    driver: Option<Waker>,
    /// Those who wait for room.
    senders: Vec<Waker>,
}

pub(super) enum Message {
    Deliver(Delivery),
    Cancel(String),
    Redrive(DeliveryId),
    Enable(String),
}

/// When a [drive](super::drive()) that is told to stop has done so.
///
/// ```
/// use tripline::dispatch::{Outlet, Stop};
/// Outlet::new().stop(Stop::AfterAttempts);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stop {
    /// When nothing is pending any more, retries included. More may be sent meanwhile.
    WhenIdle,
    /// When the attempts that are under way have ended; no others begin.
    AfterAttempts,
    /// Now: attempts under way are dropped, and lost at their deadlines.
    AtOnce,
}

impl Outlet {
    /// An outlet that holds up to 1,024 messages until they are taken.
    ///
    /// ```
    /// use tripline::dispatch::Outlet;
    /// assert!(Outlet::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// An outlet that holds up to so many; 0 counts as 1.
    ///
    /// ```
    /// use tripline::dispatch::Outlet;
    /// assert!(Outlet::with_capacity(1).is_empty());
    /// ```
    #[must_use]
    pub fn with_capacity(most: usize) -> Self {
        Self { shared: Arc::default(), capacity: most.max(1) }
    }

    /// Sends a delivery if there is room for it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Full`] where too many wait to be taken.
    ///
    /// ```
    /// use tripline::dispatch::{Delivery, DeliveryId, Outlet};
    /// let outlet = Outlet::with_capacity(1);
    /// let delivery = Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", ());
    /// outlet.try_send(&delivery)?;
    /// assert!(outlet.try_send(&delivery).unwrap_err().is_full());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn try_send(&self, delivery: &Delivery) -> Result<(), Error> {
        if self.offer(|| Message::Deliver(delivery.clone())) {
            return Ok(());
        }
        let message = format!("{} messages wait to be taken, which is the limit", self.capacity);
        Err(Error::new(ErrorKind::Full, message))
    }

    /// Sends a delivery, and waits while there is no room. What is wrong with it
    /// is told as [`Outcome::Refused`](super::super::Outcome::Refused).
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/block_on.rs")]
    /// use tripline::dispatch::{Delivery, DeliveryId, Outlet};
    /// let outlet = Outlet::new();
    /// block_on(outlet.send(Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", ())));
    /// assert_eq!(outlet.len(), 1);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub async fn send(&self, delivery: Delivery) {
        self.put(move || Message::Deliver(delivery.clone())).await;
    }

    /// Calls a delivery off, as [`Dispatcher::cancel`](super::super::Dispatcher::cancel) does.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/block_on.rs")]
    /// # use tripline::dispatch::Outlet;
    /// block_on(Outlet::new().cancel("d-17"));
    /// ```
    pub async fn cancel(&self, id: &str) {
        self.put(|| Message::Cancel(id.to_owned())).await;
    }

    /// Sends a dead letter again, as [`Dispatcher::redrive`](super::super::Dispatcher::redrive)
    /// does; where that is refused, it is told as [`Outcome::Refused`](super::super::Outcome::Refused).
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/block_on.rs")]
    /// # use tripline::dispatch::{DeliveryId, Outlet};
    /// block_on(Outlet::new().redrive(&DeliveryId::new("d-17")?));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub async fn redrive(&self, id: &DeliveryId) {
        self.put(|| Message::Redrive(id.clone())).await;
    }

    /// Switches a target on again, as [`Dispatcher::enable`](super::super::Dispatcher::enable) does.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/block_on.rs")]
    /// # use tripline::dispatch::Outlet;
    /// block_on(Outlet::new().enable("board"));
    /// ```
    pub async fn enable(&self, target: &str) {
        self.put(|| Message::Enable(target.to_owned())).await;
    }

    /// Tells whoever drives to stop; a hastier way overrides one that was told before.
    ///
    /// ```
    /// use tripline::dispatch::{Outlet, Stop};
    /// Outlet::new().stop(Stop::AtOnce);
    /// ```
    pub fn stop(&self, stop: Stop) {
        self.wake_after(|shared| shared.stop = shared.stop.max(Some(stop)));
    }

    /// Asks whoever drives for a snapshot, which [`Drive::with_snapshots`](super::Drive::with_snapshots) is
    /// handed between two steps of the loop: attempts go on meanwhile. Asking twice before it is taken gives one.
    ///
    /// What was sent before is in it, unless it still [waits](Self::len) here because the dispatcher is full.
    ///
    /// ```
    /// # use tripline::dispatch::{Dispatcher, Outlet, Stop, drive};
    #[doc = include_str!("../../../docs/snippets/block_on.rs")]
    #[doc = include_str!("../../../docs/snippets/drive.rs")]
    /// let outlet = Outlet::new();
    /// outlet.request_snapshot(); // from any thread, every minute, say
    /// outlet.stop(Stop::WhenIdle);
    /// let mut stored = Vec::new();
    /// let drive = drive(&mut dispatcher, &registry, &timer).with_outlet(&outlet);
    /// block_on(drive.with_snapshots(|bytes| stored.push(bytes)).run())?;
    /// Dispatcher::new().restore(&stored[0])?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn request_snapshot(&self) {
        self.wake_after(|shared| shared.wants_snapshot = true);
    }

    /// How many messages wait to be taken.
    ///
    /// ```
    /// use tripline::dispatch::Outlet;
    /// assert_eq!(Outlet::new().len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.lock().messages.len()
    }

    /// Whether none wait.
    ///
    /// ```
    /// use tripline::dispatch::Outlet;
    /// assert!(Outlet::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn wants_snapshot(&self) -> bool {
        self.lock().wants_snapshot
    }

    /// Whether a snapshot was asked for; from here on it is not.
    pub(super) fn take_snapshot_request(&self) -> bool {
        std::mem::take(&mut self.lock().wants_snapshot)
    }

    pub(super) fn stopping(&self) -> Option<Stop> {
        self.lock().stop
    }

    pub(super) fn pop(&self) -> Option<Message> {
        let mut shared = self.lock();
        let message = shared.messages.pop_front();
        let senders = std::mem::take(&mut shared.senders);
        drop(shared);
        senders.into_iter().for_each(Waker::wake);
        message
    }

    /// Whether there is a message; whoever drives is woken when one comes, or when told to stop otherwise than `known`.
    pub(super) fn poll_message(&self, context: &Context<'_>, known: Option<Stop>) -> bool {
        let mut shared = self.lock();
        shared.driver = Some(context.waker().clone());
        !shared.messages.is_empty() || shared.stop != known
    }

    async fn put(&self, make: impl Fn() -> Message) {
        poll_fn(|context| {
            if self.offer(&make) {
                return Poll::Ready(());
            }
            let mut shared = self.lock();
            if !shared.senders.iter().any(|waker| waker.will_wake(context.waker())) {
                shared.senders.push(context.waker().clone());
            }
            let has_room = shared.messages.len() < self.capacity;
            drop(shared);
            if has_room {
                // It came between the two looks.
                context.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await;
    }

    /// Puts a message in if there is room.
    fn offer(&self, make: impl FnOnce() -> Message) -> bool {
        let mut shared = self.lock();
        if shared.messages.len() >= self.capacity {
            return false;
        }
        shared.messages.push_back(make());
        let driver = shared.driver.take();
        drop(shared);
        // Outside the lock: a waker may do anything.
        driver.into_iter().for_each(Waker::wake);
        true
    }

    fn wake_after(&self, change: impl FnOnce(&mut Shared)) {
        let mut shared = self.lock();
        change(&mut shared);
        let driver = shared.driver.take();
        drop(shared);
        driver.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing in here panics with the state half-changed.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Outlet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet")
            .field("len", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

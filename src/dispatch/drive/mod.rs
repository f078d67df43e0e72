//! The loop around a dispatcher, for any runtime.

mod outlet;
mod prepare;
mod tasks;
mod timer;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::outcome::Outcome;
use super::work::{Lease, Work};
use super::{Delivery, Dispatcher};
use crate::action::{ActionError, Registry};
use crate::error::Error;

use outlet::Message;
use tasks::Tasks;

pub use outlet::{Outlet, Stop};
pub use prepare::Prepare;
pub use timer::Timer;

/// The most attempts at once over all targets, where nobody says otherwise.
const CONCURRENCY: usize = 64;

/// Has the deliveries of a dispatcher made by the actions of a registry, on the
/// host's time: the whole loop, for any runtime or none.
///
/// What it gives is set up with `with_…` and then [run](Drive::run), as a task
/// or on a thread of its own. Deliveries come in through an [`Outlet`] while it runs.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use serde_json::json;
/// use tripline::action::{Metadata, Registry, action_fn, async_trait};
/// use tripline::dispatch::{Delivery, DeliveryId, Dispatcher, Outcome, Outlet, Stop, Timer, drive};
#[doc = include_str!("../../../docs/snippets/block_on.rs")]
///
/// struct StandingStill; // a host's timer asks its clock and its runtime
///
/// #[async_trait]
/// impl Timer for StandingStill {
///     fn now(&self) -> DateTime<Utc> {
///         DateTime::UNIX_EPOCH
///     }
///     async fn sleep_until(&self, _: DateTime<Utc>) {
///         std::future::pending().await
///     }
/// }
///
/// let mut registry = Registry::new();
/// registry.add(action_fn(Metadata::new("ping"), |_, ()| async { Ok("pong") }))?;
///
/// let (mut dispatcher, outlet) = (Dispatcher::new(), Outlet::new());
/// outlet.try_send(&Delivery::new(DeliveryId::new("d-17")?, "host", "ping", json!({})))?;
/// outlet.stop(Stop::WhenIdle);
///
/// let mut outputs = Vec::new();
/// let run = drive(&mut dispatcher, &registry, &StandingStill)
///     .with_outlet(&outlet)
///     .with_outcomes(|outcome| {
///         if let Outcome::Delivered { output, .. } = outcome {
///             outputs.push(output);
///         }
///     })
///     .run();
/// block_on(run)?;
/// assert_eq!(outputs, ["pong"]);
/// # Ok::<(), tripline::Error>(())
/// ```
pub fn drive<'a>(dispatcher: &'a mut Dispatcher, registry: &'a Registry, timer: &'a dyn Timer) -> Drive<'a> {
    Drive {
        dispatcher,
        registry,
        timer,
        outlet: Outlet::new(),
        prepare: &(),
        on_outcome: Box::new(drop),
        on_snapshot: None,
        concurrency: CONCURRENCY,
        stop: None,
        tasks: Tasks::new(),
    }
}

/// A loop around a dispatcher, see [`drive`](drive()).
///
/// # Contract
///
/// 1. An attempt is dropped at its deadline, when its delivery is called off,
///    and when the loop is: its outcome is then unknown.
/// 2. Dropping the future of [`run`](Self::run) loses nothing but the attempts
///    under way: the dispatcher is whole at every `.await`, and can be driven
///    again or snapshot. Their leases end at their deadlines.
/// 3. An action that panics fails for good, with an unknown outcome; the loop goes on.
/// 4. While the dispatcher is full, what is sent stays in the outlet, which has a bound of its own.
/// 5. Everything runs within the one future: an action that blocks its thread blocks all.
#[must_use = "nothing is delivered until it is run"]
pub struct Drive<'a> {
    dispatcher: &'a mut Dispatcher,
    registry: &'a Registry,
    timer: &'a dyn Timer,
    outlet: Outlet,
    prepare: &'a dyn Prepare,
    on_outcome: Box<dyn FnMut(Outcome) + Send + 'a>,
    on_snapshot: Option<Box<dyn FnMut(Vec<u8>) + Send + 'a>>,
    concurrency: usize,
    stop: Option<Stop>,
    tasks: Tasks<'a, Lease, Result<Value, ActionError>>,
}

impl<'a> Drive<'a> {
    /// Where deliveries come from while it runs, and who may stop it. Without one
    /// it runs until it is dropped.
    ///
    /// ```
    /// # use tripline::dispatch::{Dispatcher, Outlet, Stop, drive};
    #[doc = include_str!("../../../docs/snippets/block_on.rs")]
    #[doc = include_str!("../../../docs/snippets/drive.rs")]
    /// let outlet = Outlet::new();
    /// outlet.stop(Stop::AtOnce);
    /// block_on(drive(&mut dispatcher, &registry, &timer).with_outlet(&outlet).run())?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn with_outlet(mut self, outlet: &Outlet) -> Self {
        self.outlet = outlet.clone();
        self
    }

    /// What gives every attempt its secrets and its checked addresses.
    ///
    /// ```
    /// # use tripline::dispatch::{Dispatcher, drive};
    #[doc = include_str!("../../../docs/snippets/block_on.rs")]
    #[doc = include_str!("../../../docs/snippets/drive.rs")]
    /// let drive = drive(&mut dispatcher, &registry, &timer).with_prepare(&());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn with_prepare(mut self, prepare: &'a dyn Prepare) -> Self {
        self.prepare = prepare;
        self
    }

    /// What is told of everything that ends. It is called between attempts, so it should be quick.
    ///
    /// ```
    /// # use tripline::dispatch::{Dispatcher, drive};
    #[doc = include_str!("../../../docs/snippets/block_on.rs")]
    #[doc = include_str!("../../../docs/snippets/drive.rs")]
    /// let drive = drive(&mut dispatcher, &registry, &timer).with_outcomes(|outcome| println!("{outcome:?}"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn with_outcomes(mut self, on_outcome: impl FnMut(Outcome) + Send + 'a) -> Self {
        self.on_outcome = Box::new(on_outcome);
        self
    }

    /// What is handed a [snapshot](Dispatcher::snapshot) whenever [one is asked for](Outlet::request_snapshot).
    /// Whatever ended before has been told to [`with_outcomes`](Self::with_outcomes) and is not pending in it; what is told
    /// after may be tried again by whoever restores it, under the same key. It is called between attempts, so it
    /// should hand the bytes on rather than write them.
    ///
    /// ```
    /// # use tripline::dispatch::{Dispatcher, drive};
    #[doc = include_str!("../../../docs/snippets/block_on.rs")]
    #[doc = include_str!("../../../docs/snippets/drive.rs")]
    /// let (store, to_be_stored) = std::sync::mpsc::channel();
    /// let drive = drive(&mut dispatcher, &registry, &timer).with_snapshots(move |bytes| drop(store.send(bytes)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn with_snapshots(mut self, on_snapshot: impl FnMut(Vec<u8>) + Send + 'a) -> Self {
        self.on_snapshot = Some(Box::new(on_snapshot));
        self
    }

    /// The most attempts at once over all targets, 64 by default; 0 counts as 1.
    ///
    /// ```
    /// # use tripline::dispatch::{Dispatcher, drive};
    #[doc = include_str!("../../../docs/snippets/block_on.rs")]
    #[doc = include_str!("../../../docs/snippets/drive.rs")]
    /// let drive = drive(&mut dispatcher, &registry, &timer).with_concurrency(8);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn with_concurrency(mut self, most: usize) -> Self {
        self.concurrency = most.max(1);
        self
    }

    /// Runs until it is told to [stop](Outlet::stop).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) where the timer gives a
    /// time outside the years 1677 to 2262.
    ///
    /// ```
    /// # use tripline::dispatch::{Dispatcher, Outlet, Stop, drive};
    #[doc = include_str!("../../../docs/snippets/block_on.rs")]
    #[doc = include_str!("../../../docs/snippets/drive.rs")]
    /// let outlet = Outlet::new();
    /// outlet.stop(Stop::WhenIdle); // there is nothing to do
    /// block_on(drive(&mut dispatcher, &registry, &timer).with_outlet(&outlet).run())?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub async fn run(mut self) -> Result<(), Error> {
        loop {
            let now = self.timer.now();
            // First, since nothing moves while too many outcomes wait.
            self.tell();
            self.dispatcher.handle_timeout(now)?;
            self.tell();
            self.take_messages(now)?;
            if self.outlet.take_snapshot_request()
                && let Some(on_snapshot) = &mut self.on_snapshot
            {
                on_snapshot(self.dispatcher.snapshot());
            }
            self.tasks.retain(|lease| self.dispatcher.is_live(*lease));
            let may_start = !matches!(self.stop, Some(Stop::AtOnce | Stop::AfterAttempts));
            while may_start && self.tasks.len() < self.concurrency {
                let Some(work) = self.dispatcher.poll_work() else { break };
                self.begin(work);
            }
            if self.may_stop() {
                self.tell();
                return Ok(());
            }
            self.wait().await?;
        }
    }

    fn may_stop(&self) -> bool {
        match self.stop {
            None => false,
            Some(Stop::AtOnce) => true,
            Some(Stop::AfterAttempts) => self.tasks.is_empty(),
            Some(Stop::WhenIdle) => self.dispatcher.is_idle() && self.outlet.is_empty(),
        }
    }

    fn tell(&mut self) {
        while let Some(outcome) = self.dispatcher.poll_outcome() {
            (self.on_outcome)(outcome);
        }
    }

    fn begin(&mut self, work: Work) {
        let (registry, prepare) = (self.registry, self.prepare);
        let lease = work.lease();
        self.tasks.push(lease, async move {
            let work = prepare.prepare(work).await?;
            work.run(registry).await
        });
    }

    fn take_messages(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        self.stop = self.outlet.stopping();
        while !self.dispatcher.is_full()
            && let Some(message) = self.outlet.pop()
        {
            match message {
                Message::Deliver(delivery) => self.take_delivery(now, delivery),
                Message::Cancel(id) => {
                    self.dispatcher.cancel(now, &id)?;
                }
                Message::Redrive(id) => {
                    if let Err(error) = self.dispatcher.redrive(now, id.as_str()) {
                        (self.on_outcome)(Outcome::Refused { id, reason: error.to_string() });
                    }
                }
                Message::Enable(target) => {
                    self.dispatcher.enable(&target);
                }
            }
            self.tell();
        }
        Ok(())
    }

    fn take_delivery(&mut self, now: DateTime<Utc>, mut delivery: Delivery) {
        if delivery.effect.is_none() {
            delivery.effect = self.registry.get(delivery.action()).map(|action| action.metadata().effect());
        }
        let id = delivery.id.clone();
        if let Err(error) = self.dispatcher.handle_delivery(now, delivery) {
            (self.on_outcome)(Outcome::Refused { id, reason: error.to_string() });
        }
    }

    /// Waits for the end of an attempt, a message, or the dispatcher's time.
    async fn wait(&mut self) -> Result<(), Error> {
        let timer = self.timer;
        let mut sleep = self.dispatcher.poll_timeout().map(|at| timer.sleep_until(at));
        let ended = poll_fn(|context| self.poll_wait(context, sleep.as_mut())).await;
        if let Some((lease, result)) = ended {
            let _ = self.dispatcher.complete(timer.now(), lease, result)?;
            self.tell();
        }
        Ok(())
    }

    fn poll_wait(
        &mut self,
        context: &mut Context<'_>,
        sleep: Option<&mut Pin<Box<dyn Future<Output = ()> + Send + '_>>>,
    ) -> Poll<Option<(Lease, Result<Value, ActionError>)>> {
        // While the dispatcher is full, messages wait; what makes room wakes the loop.
        let has_message = self.outlet.poll_message(context, self.stop) && !self.dispatcher.is_full();
        if self.outlet.stopping() != self.stop || has_message || self.outlet.wants_snapshot() {
            return Poll::Ready(None);
        }
        match self.tasks.poll_next(context) {
            Poll::Ready((lease, Ok(result))) => return Poll::Ready(Some((lease, result))),
            Poll::Ready((lease, Err(tasks::Panicked))) => {
                let error = ActionError::permanent("the action panicked").with_outcome_unknown(true);
                return Poll::Ready(Some((lease, Err(error))));
            }
            Poll::Pending => {}
        }
        match sleep.map(|sleep| sleep.as_mut().poll(context)) {
            Some(Poll::Ready(())) => Poll::Ready(None),
            _ => Poll::Pending,
        }
    }
}

impl std::fmt::Debug for Drive<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Drive")
            .field("pending", &self.dispatcher.pending())
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

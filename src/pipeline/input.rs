//! What a host hands in.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::Pipeline;
use super::receipt::Receipt;
use super::record::{Input, Other, Told};
use crate::action::ActionError;
use crate::dispatch::Lease;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::time::instant;

impl Pipeline {
    /// Takes one event.
    ///
    /// # Errors
    ///
    /// As [`Engine::handle_event`](crate::engine::Engine::handle_event), and
    /// [`ErrorKind::Full`] where too much waits: hand it in again later. What is refused is not written down.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// let event = ValueObserved::new("segment", "vip", 998.0).into_event("t-16", "/s")?;
    /// assert_eq!(pipeline.handle_event(now, &event)?.taken(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_event(&mut self, now: DateTime<Utc>, event: &Event<'_>) -> Result<Receipt, Error> {
        let mut receipt = self.handle_events(now, std::slice::from_ref(event))?;
        match receipt.refused.pop() {
            Some((_, error)) => Err(error),
            None => Ok(receipt),
        }
    }

    /// Takes events in their order as one input: one batch for all of them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Full`] where too much waits, and [`ErrorKind::Limit`] where
    /// there are more events than [`Limits::events`](super::Limits::events); none
    /// has been looked at then. An event that is refused for itself is told of in the receipt.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// let good = ValueObserved::new("segment", "vip", 998.0).into_event("t-16", "/s")?;
    /// let bad = tripline::event::Event::from_json(
    ///     br#"{"specversion":"1.0","id":"t-17","source":"/s","type":"tripline.value.observed","data":{"kind":"segment"}}"#,
    /// )?;
    /// let receipt = pipeline.handle_events(now, &[good, bad])?;
    /// let (place, error) = &receipt.refused()[0];
    /// assert_eq!((*place, error.kind()), (1, tripline::ErrorKind::Invalid));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_events(&mut self, now: DateTime<Utc>, events: &[Event<'_>]) -> Result<Receipt, Error> {
        if events.is_empty() {
            return Ok(Receipt::default());
        }
        self.check_events(events)?;
        self.take(instant(now)?, Input::Events(events), &[])
    }

    pub(super) fn check_events(&mut self, events: &[Event<'_>]) -> Result<(), Error> {
        let most = self.limits.events();
        if events.len() > most {
            self.counts.refused += 1;
            let message = format!("{} events at once, the limit is {most}", events.len());
            return Err(Error::new(ErrorKind::Limit, message));
        }
        self.refuse_where_full()
    }

    /// Tells how an attempt ended. One that was lost meanwhile changes nothing, and is counted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] where the time is outside the years 1677 to 2262.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// for (id, members) in [("t-16", 998.0), ("t-17", 1004.0)] {
    ///     let _ = pipeline.handle_event(now, &ValueObserved::new("segment", "vip", members).into_event(id, "/s")?)?;
    /// }
    /// pipeline.persisted(pipeline.last()); // and written it down
    /// let work = pipeline.poll_send().unwrap();
    /// let _ = pipeline.complete(now, work.lease(), Ok(json!({"note": 17})))?;
    /// assert_eq!(pipeline.dispatcher().counts().delivered(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn complete(
        &mut self,
        now: DateTime<Utc>,
        lease: Lease,
        result: Result<Value, ActionError>,
    ) -> Result<Receipt, Error> {
        let result = result.map_or_else(Told::Error, Told::Output);
        let delivery = self.dispatcher.delivery_of(lease).map(str::to_owned);
        self.take(
            instant(now)?,
            Input::Other(Other::Complete { lease: lease.number(), delivery, result }),
            &[],
        )
    }

    /// Moves the clock. Before [`poll_timeout`](Self::poll_timeout) it is a no-op.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] where the time is outside the years 1677 to 2262.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert!(pipeline.handle_timeout(now)?.lsn().is_none(), "nothing was due");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_timeout(&mut self, now: DateTime<Utc>) -> Result<Receipt, Error> {
        match self.poll_timeout() {
            Some(due) if due <= now => {
                let is_full = self.stands_still();
                self.take(instant(now)?, Input::Other(Other::Timeout { is_full }), &[])
            }
            _ => Ok(Receipt::default()),
        }
    }

    /// Tells that the process that had this state has ended: see
    /// [`Dispatcher::handle_restart`](crate::dispatch::Dispatcher::handle_restart).
    /// [`recover`](super::recover) does so itself.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] where the time is outside the years 1677 to 2262.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// let _ = pipeline.handle_restart(now)?;
    /// assert_eq!(pipeline.counts().restarts(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_restart(&mut self, now: DateTime<Utc>) -> Result<Receipt, Error> {
        // What was handed out belongs to that process.
        self.outgoing.clear();
        self.take(instant(now)?, Input::Other(Other::Restart), &[])
    }

    /// Runs the firing of an earlier run once more: see [`Flows::resubmit`](crate::flow::Flows::resubmit).
    ///
    /// # Errors
    ///
    /// As there; [`ErrorKind::Full`] where too much waits.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert_eq!(pipeline.resubmit(now, "no-such").unwrap_err().kind(), tripline::ErrorKind::UnknownRun);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resubmit(&mut self, now: DateTime<Utc>, run: &str) -> Result<Receipt, Error> {
        self.refuse_where_full()?;
        self.take(instant(now)?, Input::Other(Other::Resubmit { run: run.to_owned() }), &[])
    }

    /// Calls a run and its deliveries off: see [`Flows::cancel`](crate::flow::Flows::cancel).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert_eq!(pipeline.cancel_run(now, "no-such").unwrap_err().kind(), tripline::ErrorKind::UnknownRun);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel_run(&mut self, now: DateTime<Utc>, run: &str) -> Result<Receipt, Error> {
        self.take(instant(now)?, Input::Other(Other::CancelRun { run: run.to_owned() }), &[])
    }

    /// Sends a dead letter again: see [`Dispatcher::redrive`](crate::dispatch::Dispatcher::redrive).
    /// The run that it was of is over and stays as it ended.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert_eq!(pipeline.redrive(now, "no-such").unwrap_err().kind(), tripline::ErrorKind::UnknownDelivery);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn redrive(&mut self, now: DateTime<Utc>, delivery: &str) -> Result<Receipt, Error> {
        self.take(instant(now)?, Input::Other(Other::Redrive { delivery: delivery.to_owned() }), &[])
    }

    /// Forgets a dead letter: see [`Dispatcher::discard`](crate::dispatch::Dispatcher::discard).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownDelivery`] where no dead letter has this id.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert_eq!(pipeline.discard(now, "no-such").unwrap_err().kind(), tripline::ErrorKind::UnknownDelivery);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn discard(&mut self, now: DateTime<Utc>, delivery: &str) -> Result<Receipt, Error> {
        if self.dispatcher.dead_letter(delivery).is_none() {
            let message = format!("there is no dead letter {delivery:?}");
            return Err(Error::new(ErrorKind::UnknownDelivery, message));
        }
        self.take(instant(now)?, Input::Other(Other::Discard { delivery: delivery.to_owned() }), &[])
    }

    /// Lets deliveries to a target that was switched off begin again: see
    /// [`Dispatcher::enable`](crate::dispatch::Dispatcher::enable). One that is not switched off is a no-op.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] where the time is outside the years 1677 to 2262.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert!(pipeline.enable_target(now, "postNote")?.lsn().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn enable_target(&mut self, now: DateTime<Utc>, target: &str) -> Result<Receipt, Error> {
        if !self.dispatcher.is_disabled(target) {
            return Ok(Receipt::default());
        }
        self.take(instant(now)?, Input::Other(Other::EnableTarget { target: target.to_owned() }), &[])
    }

    pub(super) fn refuse_where_full(&mut self) -> Result<(), Error> {
        if !self.is_full() {
            return Ok(());
        }
        self.counts.refused += 1;
        let message = if self.bytes >= self.limits.unsafe_bytes() {
            format!(
                "{} bytes wait to be written down, the limit is {}",
                self.bytes,
                self.limits.unsafe_bytes()
            )
        } else {
            let (runs, deliveries) = (self.flows.live(), self.dispatcher.pending());
            format!("{runs} runs have not ended and {deliveries} deliveries wait, as many as may")
        };
        Err(Error::new(ErrorKind::Full, message))
    }
}

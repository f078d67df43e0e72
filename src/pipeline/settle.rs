//! From one machine to the next.

use chrono::{DateTime, Utc};

use super::Pipeline;
use super::keep::Keep;
use super::persist::Persist;
use super::receipt::Receipt;
use super::record::{Input, Other, Told, encode};
use crate::dispatch::{Admission, Lease, Outcome};
use crate::engine::{self, Engine, Replace};
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::flow::{self, Flow, Flows};
use crate::journal::Lsn;
use crate::time::{Nanos, datetime};

impl Pipeline {
    /// Handles an input and writes it down with what it has led to. One that is refused changes nothing.
    pub(super) fn take(&mut self, now: Nanos, input: Input<'_>, keeps: &[Keep]) -> Result<Receipt, Error> {
        let lsn = self.last.next();
        let mut receipt = self.apply(now, &input, keeps, lsn)?;
        receipt.lsn = Some(lsn);
        self.last = lsn;
        let rendered = std::mem::take(&mut self.rendered);
        if self.is_durable {
            let batch = encode(now, input, keeps, &receipt.firings, &rendered, self.place());
            let bytes = batch.as_bytes().len();
            self.bytes += bytes;
            self.unsafe_bytes.push_back((lsn, bytes));
            self.batches.push_back(Persist { lsn, batch });
        } else {
            self.safe = lsn;
        }
        Ok(receipt)
    }

    /// What an input does; the same when it is handled again.
    pub(super) fn apply(
        &mut self,
        now: Nanos,
        input: &Input<'_>,
        keeps: &[Keep],
        lsn: Lsn,
    ) -> Result<Receipt, Error> {
        let mut receipt = Receipt::default();
        self.rendered.clear();
        let at = datetime(now);
        match input {
            Input::Events(events) => self.decide(now, events, !keeps.is_empty(), &mut receipt)?,
            Input::Log(events, next) => self.take_log(events, *next, &mut receipt),
            Input::Define(flow, how) => self.install(now, flow, *how, &mut receipt)?,
            Input::Other(other) => match other {
                Other::Keep => {}
                Other::Complete { lease, delivery, result } => {
                    self.check_lease(*lease, delivery.as_deref())?;
                    let result = match result {
                        Told::Output(output) => Ok(output.clone()),
                        Told::Error(error) => Err(error.clone()),
                    };
                    let _ = self.dispatcher.complete(at, Lease::of(*lease), result)?;
                }
                Other::Timeout { is_full } => self.tick(now, *is_full, lsn, &mut receipt)?,
                Other::Restart => {
                    self.dispatcher.handle_restart(at)?;
                    self.counts.restarts += 1;
                }
                Other::Remove { id } => {
                    self.engine.remove(id)?;
                    self.flows.remove(id);
                    self.firings.activities.remove(id);
                }
                Other::Resubmit { run } => self.run_flows(&mut receipt, |flows| flows.resubmit(at, run))?,
                Other::CancelRun { run } => self
                    .run_flows(&mut receipt, |flows| flows.cancel(at, run).map(Option::unwrap_or_default))?,
                Other::Redrive { delivery } => self.dispatcher.redrive(at, delivery)?,
                Other::Discard { delivery } => {
                    self.dispatcher.discard(delivery);
                }
                Other::EnableTarget { target } => {
                    self.dispatcher.enable(target);
                }
            },
        }
        self.tell_flows(now, &mut receipt)?;
        self.settle(now, lsn, &mut receipt)?;
        keeps.iter().for_each(|keep| self.kept.apply(keep));
        self.counts.keeps += keeps.len() as u64;
        self.counts.inputs += 1;
        self.counts.firings += receipt.firings.len() as u64;
        receipt.firings.iter().for_each(|firing| self.firings.push(firing.clone()));
        Ok(receipt)
    }

    /// An attempt that is told of is of the delivery that it was of when it was first told of: where
    /// targets are treated otherwise, or bounds are others, attempts come in another order.
    fn check_lease(&self, lease: u64, delivery: Option<&str>) -> Result<(), Error> {
        let here = self.dispatcher.delivery_of(Lease::of(lease));
        if here == delivery {
            return Ok(());
        }
        let (here, then) = (here.unwrap_or("none"), delivery.unwrap_or("none"));
        let message = format!(
            "the attempt {lease} is of the delivery {here} and was of {then}: are the dispatcher's bounds and policies those of then?"
        );
        Err(Error::new(ErrorKind::Diverged, message))
    }

    fn decide(
        &mut self,
        now: Nanos,
        events: &[Event<'_>],
        keeps: bool,
        receipt: &mut Receipt,
    ) -> Result<(), Error> {
        receipt.taken = events.len();
        self.counts.events += events.len() as u64;
        for (place, event) in events.iter().enumerate() {
            self.judge(place, datetime(now), event, receipt);
            self.collect(receipt);
        }
        if !keeps
            && receipt.refused.len() == events.len()
            && let [_] = events
            && receipt.firings.is_empty()
            && let Some((_, error)) = receipt.refused.pop()
        {
            // Nothing has changed that would have to be written down.
            self.counts.events -= 1;
            return Err(error);
        }
        Ok(())
    }

    pub(super) fn judge(
        &mut self,
        place: usize,
        now: DateTime<Utc>,
        event: &Event<'_>,
        receipt: &mut Receipt,
    ) {
        match self.with_room(receipt, |engine| engine.handle_event(now, event)) {
            Ok(engine::Receipt::Duplicate) => receipt.duplicates += 1,
            Ok(engine::Receipt::Late) => receipt.late += 1,
            Ok(engine::Receipt::Ignored) => receipt.ignored += 1,
            Ok(_) => {}
            Err(error) => receipt.refused.push((place, error)),
        }
    }

    /// One call of the engine, repeated while it stops for want of room for what fires on the way.
    pub(super) fn with_room<T>(
        &mut self,
        receipt: &mut Receipt,
        mut call: impl FnMut(&mut Engine) -> Result<T, Error>,
    ) -> Result<T, Error> {
        loop {
            match call(&mut self.engine) {
                Err(error) if error.is_full() && self.engine.pending_firings() > 0 => self.collect(receipt),
                done => return done,
            }
        }
    }

    fn install(&mut self, now: Nanos, flow: &Flow, how: Replace, receipt: &mut Receipt) -> Result<(), Error> {
        flow.validate(self.flows.registry()).map_err(|error| error.at(flow.id()))?;
        let (at, trigger, told) = (datetime(now), flow.trigger(), self.engine_time(now));
        match self.flows.flow(flow.id()).map(Flow::trigger) {
            None => self.engine.add(told, trigger.clone())?,
            Some(old) if old == trigger && how == Replace::Quiet => {}
            Some(_) => self.engine.replace(told, trigger.clone(), how)?,
        }
        self.run_flows(receipt, |flows| flows.define(at, flow.clone()))?;
        self.collect(receipt);
        Ok(())
    }

    /// The clock of each machine. The engine's stands still while too much waits.
    fn tick(&mut self, now: Nanos, is_full: bool, lsn: Lsn, receipt: &mut Receipt) -> Result<(), Error> {
        let at = datetime(now);
        if !is_full {
            self.with_room(receipt, |engine| engine.handle_timeout(at))?;
            self.collect(receipt);
            self.tell_flows(now, receipt)?;
        }
        // At the very end of a step's time its outcome is still in time.
        self.dispatcher.handle_timeout(at)?;
        self.settle(now, lsn, receipt)?;
        self.run_flows(receipt, |flows| flows.handle_timeout(at))
    }

    pub(super) fn collect(&mut self, receipt: &mut Receipt) {
        while let Some(firing) = self.engine.poll_firing() {
            receipt.firings.push(firing);
        }
    }

    /// Hands what has fired, and the flows have not been told, to them as one.
    fn tell_flows(&mut self, now: Nanos, receipt: &mut Receipt) -> Result<(), Error> {
        let told = receipt.told;
        if told == receipt.firings.len() {
            return Ok(());
        }
        let firings = std::mem::take(&mut receipt.firings);
        let result = self.run_flows(receipt, |flows| flows.carry_firings(datetime(now), &firings[told..]));
        receipt.told = firings.len();
        receipt.firings = firings;
        result
    }

    /// One call of the flows, whose renderings are kept, or given where there are any.
    fn run_flows(
        &mut self,
        receipt: &mut Receipt,
        call: impl FnOnce(&mut Flows) -> Result<flow::Receipt, Error>,
    ) -> Result<(), Error> {
        if let Some(given) = &mut self.given {
            self.flows.set_renderings(given.pop_front().unwrap_or_default());
        }
        let done = call(&mut self.flows)?;
        receipt.runs.extend_from_slice(done.started());
        self.rendered.push(done.into_rendered());
        Ok(())
    }

    /// Until nothing moves between the flows and the dispatcher; then what is to be sent is taken up.
    fn settle(&mut self, now: Nanos, lsn: Lsn, receipt: &mut Receipt) -> Result<(), Error> {
        let at = datetime(now);
        loop {
            let mut has_moved = self.tell_outcomes(now, receipt)?;
            while let Some(id) = self.flows.poll_call_off() {
                self.dispatcher.cancel(at, id.as_str())?;
                self.tell_outcomes(now, receipt)?;
                has_moved = true;
            }
            while !self.dispatcher.is_full()
                && let Some(delivery) = self.flows.poll_delivery()
            {
                has_moved = true;
                let id = delivery.id().clone();
                self.counts.deliveries += 1;
                let reason = match self.dispatcher.handle_delivery(at, delivery) {
                    // The one that is there may be a dead letter, of which nothing is told any more.
                    Ok(Admission::Duplicate) => Some("there is a delivery of its id already".to_owned()),
                    Ok(_) => None,
                    Err(error) => Some(error.to_string()),
                };
                if let Some(reason) = reason {
                    self.counts.refused_deliveries += 1;
                    let refused = Outcome::Refused { id, reason };
                    self.note_activity(now, &refused);
                    self.run_flows(receipt, |flows| flows.handle_outcome(at, &refused))?;
                }
            }
            if !has_moved {
                break;
            }
        }
        while let Some(work) = self.dispatcher.poll_work() {
            self.outgoing.push_back((lsn, work));
        }
        Ok(())
    }

    fn tell_outcomes(&mut self, now: Nanos, receipt: &mut Receipt) -> Result<bool, Error> {
        let mut has_moved = false;
        while let Some(outcome) = self.dispatcher.poll_outcome() {
            has_moved = true;
            self.note_activity(now, &outcome);
            self.run_flows(receipt, |flows| flows.handle_outcome(datetime(now), &outcome))?;
        }
        Ok(has_moved)
    }

    /// Notes with the flow what became of its delivery. Of one that nobody waits for any more, or of a flow
    /// that is gone, nothing is noted.
    fn note_activity(&mut self, now: Nanos, outcome: &Outcome) {
        let (id, why) = match outcome {
            Outcome::Delivered { id, .. } => (id, None),
            Outcome::Dead(letter) => (letter.delivery().id(), Some(letter.to_string())),
            Outcome::Refused { id, reason } => (id, Some(reason.clone())),
            _ => return,
        };
        let Some(flow) = self.flows.flow_of(id.as_str()).filter(|flow| self.flows.flow(flow).is_some())
        else {
            return;
        };
        match why {
            None => self.firings.activities.delivered(flow, now),
            Some(why) => self.firings.activities.failed(flow, now, &why),
        }
    }
}

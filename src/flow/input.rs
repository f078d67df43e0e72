//! What a host hands in.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::definition::Flow;
use super::plan::Plan;
use super::rendered::{Receipt, Rendered};
use super::run::{RunId, RunRecord, RunStatus, StepRecord, StepState};
use super::{Flows, Live};
use crate::dispatch::{DeliveryId, Outcome};
use crate::error::{Error, ErrorKind};
use crate::firing::Firing;
use crate::time::{Nanos, instant};

impl Flows {
    /// Defines a flow, in place of the one with its id if there is one. Runs that
    /// have not ended go on with what they started with; a greater
    /// concurrency lets waiting ones begin.
    ///
    /// # Errors
    ///
    /// All that [`Flow::validate`] refuses; [`ErrorKind::Limit`] where the time is
    /// outside the years 1677 to 2262. Nothing has changed then.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{action::Registry, flow::{Flow, Flows, Step}, Trigger};
    ///
    /// let mut flows = Flows::new(Registry::new());
    /// let flow = Flow::builder(Trigger::unification_completed("u").build()?).with_step(Step::new("log", "log")).build()?;
    /// let error = flows.define(DateTime::UNIX_EPOCH, flow).unwrap_err();
    /// assert_eq!(error.to_string(), "u: steps[0].action: there is no action \"log\"");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn define(&mut self, now: DateTime<Utc>, flow: Flow) -> Result<Receipt, Error> {
        let now = instant(now)?;
        flow.validate(&self.registry).map_err(|error| error.at(flow.id()))?;
        self.begin(now);
        let plan = Plan::new(flow, &self.registry);
        let id = plan.id.clone();
        self.plans.insert(id.clone(), Arc::new(plan));
        self.let_in(&id);
        self.finish()
    }

    /// Takes a flow out; whether there was one of this id. Its runs that have
    /// not ended go on.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// assert!(flows.remove("vip-1000") && !flows.remove("vip-1000"));
    /// assert!(flows.handle_firing(now, &firing)?.started().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove(&mut self, id: &str) -> bool {
        self.plans.remove(id).is_some()
    }

    /// Takes a firing in: the flow that its trigger belongs to, if there is one, has a run of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Full`] where too many runs wait, of the flow or of all: hand it
    /// in again later. [`ErrorKind::Limit`] where the time is outside the years
    /// 1677 to 2262. [`ErrorKind::Diverged`] as
    /// [`set_renderings`](Self::set_renderings) says.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// assert_eq!(flows.handle_firing(now, &firing)?.started().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_firing(&mut self, now: DateTime<Utc>, firing: &Firing) -> Result<Receipt, Error> {
        self.handle_firings(now, [firing])
    }

    /// Takes several in as one input, as one event may lead to them: all or, on an error, none.
    ///
    /// # Errors
    ///
    /// As [`handle_firing`](Self::handle_firing).
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// assert_eq!(flows.handle_firings(now, [&firing, &firing])?.started().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_firings<'f>(
        &mut self,
        now: DateTime<Utc>,
        firings: impl IntoIterator<Item = &'f Firing>,
    ) -> Result<Receipt, Error> {
        let firings: Vec<&Firing> = firings.into_iter().collect();
        let now = match self.check(now, &firings) {
            Ok(now) => now,
            Err(error) => {
                self.counts.refused += firings.len() as u64;
                return Err(error);
            }
        };
        self.carry(now, firings)
    }

    /// The same whatever the bounds say: for firings of an input that was let in
    /// when there was room, and may carry what waits over a bound.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] where the time is outside the years 1677 to 2262.
    pub(crate) fn carry_firings(&mut self, now: DateTime<Utc>, firings: &[Firing]) -> Result<Receipt, Error> {
        let now = instant(now)?;
        self.carry(now, firings.iter().collect())
    }

    fn carry(&mut self, now: Nanos, firings: Vec<&Firing>) -> Result<Receipt, Error> {
        self.begin(now);
        for firing in firings {
            self.admit(firing);
        }
        self.finish()
    }

    fn check(&self, now: DateTime<Utc>, firings: &[&Firing]) -> Result<Nanos, Error> {
        let now = instant(now)?;
        let mut of_flows =
            firings.iter().filter(|firing| self.plans.contains_key(firing.trigger())).peekable();
        if of_flows.peek().is_some() && self.has_too_many() {
            let message = format!("{} runs of {} bytes have not ended", self.live.len(), self.bytes);
            return Err(Error::new(ErrorKind::Full, message));
        }
        if let Some(firing) = of_flows.find(|firing| self.is_line_full(firing.trigger())) {
            let waiting = self.lines.get(firing.trigger()).map_or(0, |line| line.waiting.len());
            let message = format!("{waiting} runs of the flow {:?} wait, as many as may", firing.trigger());
            return Err(Error::new(ErrorKind::Full, message));
        }
        Ok(now)
    }

    fn admit(&mut self, firing: &Firing) {
        let id = firing.id();
        if self.firings.contains_key(id.as_str()) {
            self.counts.duplicates += 1;
            return;
        }
        let Some(plan) = self.plans.get(firing.trigger()).cloned() else {
            self.counts.unmatched += 1;
            self.unmatched.push(id.as_str(), firing.trigger(), self.limits.history());
            return;
        };
        self.start(plan, Arc::new(firing.clone()), None);
    }

    /// Adds a run of a firing.
    fn start(&mut self, plan: Arc<Plan>, firing: Arc<Firing>, resubmit_of: Option<RunId>) {
        let firing_id = firing.id();
        let runs = self.firings.entry(firing_id.as_str().into()).or_default();
        runs.last += 1;
        runs.kept += 1;
        let id = RunId::new(firing_id.as_str(), runs.last);
        let number = self.next_run;
        self.next_run += 1;
        let flow = plan.id.clone();
        let steps = &plan.flow.steps;
        let record = RunRecord {
            id: id.clone(),
            flow: flow.clone(),
            firing,
            number: runs.last,
            resubmit_of,
            status: RunStatus::Waiting,
            queued: self.clock,
            started: None,
            ended: None,
            steps: steps.iter().map(|step| StepRecord::new(&step.name, &step.action)).collect(),
        };
        let outputs = vec![None; steps.len()];
        self.ids.insert(id.clone(), number);
        self.live.insert(number, Live { record, plan, outputs, bytes: 0 });
        self.lines.entry(flow.clone()).or_default().waiting.push_back(number);
        self.counts.started += 1;
        self.receipt.started.push(id);
        self.let_in(&flow);
    }

    /// Tells what became of a delivery. One that no step waits for changes nothing, and is counted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] where the time is outside the years 1677 to 2262,
    /// [`ErrorKind::Diverged`] as [`set_renderings`](Self::set_renderings) says.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// use tripline::{dispatch::Dispatcher, flow::RunStatus};
    ///
    /// let mut dispatcher = Dispatcher::new();
    /// let run = flows.handle_firing(now, &firing)?.started()[0].clone();
    /// let _ = dispatcher.handle_delivery(now, flows.poll_delivery().unwrap())?;
    /// let work = dispatcher.poll_work().unwrap();
    /// let _ = dispatcher.complete(now, work.lease(), Ok(json!({"note": 17})))?;
    /// let _ = flows.handle_outcome(now, &dispatcher.poll_outcome().unwrap())?;
    /// assert_eq!(flows.run(run.as_str()).unwrap().status(), RunStatus::Succeeded);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_outcome(&mut self, now: DateTime<Utc>, outcome: &Outcome) -> Result<Receipt, Error> {
        let now = instant(now)?;
        // What was due before happens before; what is due at this very instant, after.
        self.begin(now.saturating_sub(1));
        self.clock = self.clock.max(now);
        self.note_outcome(outcome);
        self.settle();
        self.advance(now);
        self.finish()
    }

    /// Moves the clock: steps whose time is over by `now` time out, in order. A
    /// time that has passed already is a no-op.
    ///
    /// # Errors
    ///
    /// As [`handle_outcome`](Self::handle_outcome).
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// assert!(flows.handle_timeout(now)?.rendered().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_timeout(&mut self, now: DateTime<Utc>) -> Result<Receipt, Error> {
        let now = instant(now)?;
        self.begin(now);
        self.finish()
    }

    /// Runs the firing of an earlier run once more: a new run, with the flow as
    /// it is defined now, ids of its own and a link to the old one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownRun`] where it is not known (any more),
    /// [`ErrorKind::Invalid`] where it has not ended,
    /// [`ErrorKind::UnknownFlow`] where its flow is not defined any more, and as
    /// [`handle_firing`](Self::handle_firing).
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let first = flows.handle_firing(now, &firing)?.started()[0].clone();
    /// assert!(flows.resubmit(now, first.as_str()).is_err(), "it has not ended");
    /// flows.cancel(now, first.as_str())?;
    /// let again = flows.resubmit(now, first.as_str())?.started()[0].clone();
    /// assert_eq!(again.as_str(), format!("{}_2", firing.id()));
    /// assert_eq!(flows.run(again.as_str()).unwrap().resubmit_of(), Some(&first));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resubmit(&mut self, now: DateTime<Utc>, run: &str) -> Result<Receipt, Error> {
        let record = self.run(run).ok_or_else(|| unknown(run))?;
        if !record.status.has_ended() {
            let message = format!("the run {run:?} has not ended: it can be submitted again once it is over");
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        let (firing, of, flow) = (record.firing.clone(), record.id.clone(), record.flow.clone());
        let plan = self.plans.get(&flow).cloned().ok_or_else(|| {
            Error::new(ErrorKind::UnknownFlow, format!("the flow {flow:?} is not defined any more"))
        })?;
        let now = match self.check(now, &[&firing]) {
            Ok(now) => now,
            Err(error) => {
                self.counts.refused += 1;
                return Err(error);
            }
        };
        self.begin(now);
        self.counts.resubmitted += 1;
        self.start(plan, firing, Some(of));
        self.finish()
    }

    /// Calls a run off; `None` where it had ended already. Its deliveries that are on
    /// their way are to be called off as well:
    /// [`poll_call_off`](Self::poll_call_off) names them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownRun`] where it is not known (any more), and as
    /// [`handle_outcome`](Self::handle_outcome).
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let run = flows.handle_firing(now, &firing)?.started()[0].clone();
    /// assert!(flows.cancel(now, run.as_str())?.is_some());
    /// assert!(flows.cancel(now, run.as_str())?.is_none(), "it is over");
    /// assert!(flows.poll_call_off().is_none(), "its delivery was not yet handed out");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&mut self, now: DateTime<Utc>, run: &str) -> Result<Option<Receipt>, Error> {
        let now = instant(now)?;
        if self.run(run).is_none() {
            return Err(unknown(run));
        }
        self.begin(now);
        let number = self.ids.get(run).copied();
        if let Some(number) = number {
            self.call_off(number);
        }
        // What waited for its turn may have begun.
        let receipt = self.finish()?;
        Ok(number.map(|_| receipt))
    }

    fn call_off(&mut self, number: u64) {
        let Some(live) = self.live.get(&number) else { return };
        let (run, steps) = (live.record.id.clone(), live.record.steps.len());
        for at in 0..steps {
            let Some(step) = self.live.get(&number).and_then(|live| live.record.steps.get(at)) else {
                continue;
            };
            match step.state {
                StepState::Ended(_) => continue,
                StepState::Running { .. } => self.take_back(&StepRecord::delivery_id(&run, &step.name)),
                _ => {}
            }
            if let Some(step) = self.live.get_mut(&number).and_then(|live| live.record.steps.get_mut(at)) {
                step.state = StepState::CalledOff;
            }
        }
        self.end_run(number, RunStatus::Cancelled);
    }

    /// Stops waiting for a delivery, and has it called off where it was handed out.
    pub(super) fn take_back(&mut self, delivery: &str) {
        let Some(pending) = self.pending.remove(delivery) else { return };
        match pending.unsent {
            Some(place) => {
                self.outbox.remove(&place);
            }
            None => self.call_offs.extend(DeliveryId::new(delivery)),
        }
    }

    /// Gives back what the next input rendered when it was first handled: it is
    /// taken as it is, in order, and nothing is rendered.
    ///
    /// Where what is given is not what the input asks for, the input is answered with
    /// [`ErrorKind::Diverged`]; the state is of no use then, and the last snapshot is to be restored.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let mut again = flows.clone();
    /// let rendered = flows.handle_firing(now, &firing)?.into_rendered();
    /// again.set_renderings(rendered);
    /// let _ = again.handle_firing(now, &firing)?;
    /// assert_eq!(again.snapshot(), flows.snapshot());
    ///
    /// again.set_renderings(vec![]);
    /// assert!(again.handle_timeout(now).is_ok(), "it renders nothing");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_renderings(&mut self, rendered: impl IntoIterator<Item = Rendered>) {
        self.given = Some(rendered.into_iter().collect::<VecDeque<_>>());
    }

    /// Lets all happen that is due by `now`.
    fn begin(&mut self, now: Nanos) {
        self.advance(now);
    }

    /// What the input has led to.
    fn finish(&mut self) -> Result<Receipt, Error> {
        self.settle();
        let receipt = std::mem::take(&mut self.receipt);
        let unused = self.given.take().and_then(|mut given| given.pop_front());
        let diverged = self.diverged.take().or_else(|| {
            unused.map(|next| {
                format!("the rendering of the step {:?} of {} is not asked for", next.step(), next.run())
            })
        });
        match diverged {
            Some(why) => Err(Error::new(ErrorKind::Diverged, why)),
            None => Ok(receipt),
        }
    }
}

fn unknown(run: &str) -> Error {
    Error::new(ErrorKind::UnknownRun, format!("there is no run {run:?}, or none any more"))
}

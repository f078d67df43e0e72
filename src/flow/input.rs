//! What a host hands in.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::hash_map::Entry;

use super::definition::Flow;
use super::plan::{Plan, StepPlan};
use super::rendered::{Receipt, Rendered};
use super::run::{RunId, RunRecord, RunStatus, StepRecord, StepState};
use super::runs::{Place, Runs};
use super::{Flows, Live, LiveStep};
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
        self.advance(now);
        let plan = Plan::new(flow, &self.registry, &mut self.texts);
        let course = self.courses.define(Arc::new(plan));
        self.let_in(course);
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
        self.courses.remove(id)
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
        self.take_in(now, &[firing])
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
        self.take_in(now, &firings.into_iter().collect::<Vec<_>>())
    }

    fn take_in(&mut self, now: DateTime<Utc>, firings: &[&Firing]) -> Result<Receipt, Error> {
        let (now, course) = match self.check(now, firings) {
            Ok(checked) => checked,
            Err(error) => {
                self.counts.refused += firings.len() as u64;
                return Err(error);
            }
        };
        // Of a single one, the course is known already; time alone defines none.
        if let [firing] = firings {
            self.advance(now);
            self.admit(firing, course);
            return self.finish();
        }
        self.carry(now, firings.iter().copied())
    }

    /// The same whatever the bounds say: for firings of an input that was let in
    /// when there was room, and may carry what waits over a bound.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] where the time is outside the years 1677 to 2262.
    pub(crate) fn carry_firings(&mut self, now: DateTime<Utc>, firings: &[Firing]) -> Result<Receipt, Error> {
        let now = instant(now)?;
        self.carry(now, firings)
    }

    fn carry<'f>(
        &mut self,
        now: Nanos,
        firings: impl IntoIterator<Item = &'f Firing>,
    ) -> Result<Receipt, Error> {
        self.advance(now);
        for firing in firings {
            self.admit(firing, self.courses.number(firing.trigger()));
        }
        self.finish()
    }

    fn check(&self, now: DateTime<Utc>, firings: &[&Firing]) -> Result<(Nanos, Option<usize>), Error> {
        let now = instant(now)?;
        let mut number = None;
        for firing in firings {
            number = self.courses.number(firing.trigger());
            let course = number.and_then(|number| self.courses.get(number));
            let Some(course) = course.filter(|course| course.plan.is_some()) else { continue };
            if self.has_too_many() {
                let message = format!("{} runs of {} bytes have not ended", self.live.len(), self.bytes);
                return Err(Error::new(ErrorKind::Full, message));
            }
            if course.is_full() {
                let (waiting, flow) = (course.waiting.len(), &course.id);
                let message = format!("{waiting} runs of the flow {flow:?} wait, as many as may");
                return Err(Error::new(ErrorKind::Full, message));
            }
        }
        Ok((now, number))
    }

    fn admit(&mut self, firing: &Firing, course: Option<usize>) {
        let id = firing.id();
        let plan = course.and_then(|course| self.courses.get(course)?.plan.clone());
        match (course.zip(plan), self.firings.entry(id)) {
            (_, Entry::Occupied(_)) => self.counts.duplicates += 1,
            (Some((course, plan)), Entry::Vacant(free)) => {
                free.insert(Runs::first(self.next_run));
                self.start(course, plan, firing.clone(), 1, None);
            }
            (None, Entry::Vacant(_)) => {
                self.counts.unmatched += 1;
                self.unmatched.push(id.as_str(), firing.trigger(), self.limits.history());
            }
        }
    }

    /// Adds a run of a firing.
    /// Begins the run of this number among its firing's, which has a place there already.
    fn start(
        &mut self,
        course: usize,
        plan: Arc<Plan>,
        firing: Firing,
        of_firing: u64,
        resubmit_of: Option<RunId>,
    ) {
        let number = self.next_run;
        self.next_run += 1;
        let id = RunId::new(firing.id(), of_firing);
        let record = Box::new(RunRecord {
            id,
            flow: plan.id.clone(),
            firing,
            number: of_firing,
            resubmit_of,
            status: RunStatus::Waiting,
            queued: self.clock,
            started: None,
            ended: None,
            steps: plan.steps.iter().map(StepPlan::record).collect(),
        });
        let steps = plan.steps.iter().map(|_| LiveStep::default()).collect();
        self.live.insert(number, Live { record, plan, course, steps, bytes: 0 });
        self.courses.change(course, |course| course.waiting.push_back(number));
        self.counts.started += 1;
        self.receipt.started.push(id);
        self.let_in(course);
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
    /// let run = flows.handle_firing(now, &firing)?.started()[0];
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
        self.advance(now.saturating_sub(1));
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
        self.advance(now);
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
    /// let first = flows.handle_firing(now, &firing)?.started()[0];
    /// assert!(flows.resubmit(now, first.as_str()).is_err(), "it has not ended");
    /// flows.cancel(now, first.as_str())?;
    /// let again = flows.resubmit(now, first.as_str())?.started()[0];
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
        let (firing, of, flow) = (record.firing.clone(), record.id, record.flow.clone());
        let course = self.courses.number(&flow);
        let plan = course.and_then(|course| self.courses.get(course)?.plan.clone());
        let (course, plan) = course.zip(plan).ok_or_else(|| {
            Error::new(ErrorKind::UnknownFlow, format!("the flow {flow:?} is not defined any more"))
        })?;
        let now = match self.check(now, &[&firing]) {
            Ok((now, _)) => now,
            Err(error) => {
                self.counts.refused += 1;
                return Err(error);
            }
        };
        self.advance(now);
        self.counts.resubmitted += 1;
        let runs = self.firings.entry(firing.id()).or_default();
        runs.last += 1;
        runs.put(runs.last, Place::Live(self.next_run));
        let of_firing = runs.last;
        self.start(course, plan, firing, of_firing, Some(of));
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
    /// let run = flows.handle_firing(now, &firing)?.started()[0];
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
        self.advance(now);
        let number = self.number_of(run);
        if let Some(number) = number {
            self.call_off(number);
        }
        // What waited for its turn may have begun.
        let receipt = self.finish()?;
        Ok(number.map(|_| receipt))
    }

    fn call_off(&mut self, number: u64) {
        let steps = self.live.get(&number).map_or(0, |live| live.steps.len());
        for at in 0..steps {
            self.take_back(number, at);
            if let Some(step) = self.live.get_mut(&number).map(|live| &mut live.record.steps[at])
                && !matches!(step.state, StepState::Ended(_))
            {
                step.state = StepState::CalledOff;
            }
        }
        self.end_run(number, RunStatus::Cancelled);
    }

    /// Stops waiting for a step's delivery, and has it called off where it was handed out.
    pub(super) fn take_back(&mut self, number: u64, at: usize) {
        let Some(live) = self.live.get_mut(&number) else { return };
        if !live.record.steps[at].is_running() {
            return;
        }
        self.pending -= 1;
        match live.steps[at].unsent.take() {
            Some(place) => self.empty_place(place),
            None => {
                let id = StepRecord::delivery_id(&live.record.id, &live.record.steps[at].name);
                self.call_offs.extend(DeliveryId::new(id));
            }
        }
    }

    /// What was to be handed out is not any more.
    pub(super) fn empty_place(&mut self, place: u64) {
        let from_end = usize::try_from(self.next_out - place).unwrap_or(usize::MAX);
        let at = self.outbox.len().checked_sub(from_end);
        if let Some(out) = at.and_then(|at| self.outbox.get_mut(at)) {
            *out = None;
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

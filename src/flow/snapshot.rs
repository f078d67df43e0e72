//! The whole state as bytes, and back.
//!
//! Format, version 1: the words `tripline/flow`, the version as two bytes
//! (little end first), the state as JSON, and the SHA-256 of all before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::definition::Flow;
use super::plan::Plan;
use super::run::{RunId, RunRecord, RunStatus, StepRecord, StepState};
use super::runs::{Place, Runs};
use super::{Flows, Live, LiveStep, Outgoing};
use crate::dispatch::DeliveryId;
use crate::error::{Error, ErrorKind};
use crate::firing::{FiringId, FiringRecord};
use crate::sealed::Sealed;
use crate::time::Nanos;

const VERSION: u16 = 1;
const SEALED: Sealed = Sealed::new("tripline/flow", VERSION..=VERSION);

#[derive(Serialize, Deserialize)]
struct State {
    clock: Nanos,
    next: [u64; 2],
    /// The flows that runs which have not ended started with.
    flows: Vec<String>,
    live: Vec<LiveState>,
    history: Vec<RunState>,
    /// Of each firing that has runs: how many it has had.
    firings: BTreeMap<String, u64>,
    unmatched: Vec<(String, String)>,
    outbox: Vec<(u64, u64, usize, Value)>,
    call_offs: Vec<String>,
    counts: BTreeMap<String, u64>,
}

#[derive(Serialize, Deserialize)]
struct LiveState {
    number: u64,
    flow: usize,
    run: RunState,
    outputs: Vec<Option<Value>>,
    bytes: usize,
}

#[derive(Serialize, Deserialize)]
struct RunState {
    flow: String,
    firing: FiringRecord,
    number: u64,
    resubmit_of: Option<RunId>,
    status: RunStatus,
    queued: Nanos,
    started: Option<Nanos>,
    ended: Option<Nanos>,
    steps: Vec<StepRecord>,
}

impl RunState {
    fn of(record: &RunRecord) -> Self {
        Self {
            flow: record.flow.to_string(),
            firing: FiringRecord::of(&record.firing),
            number: record.number,
            resubmit_of: record.resubmit_of,
            status: record.status,
            queued: record.queued,
            started: record.started,
            ended: record.ended,
            steps: record.steps.to_vec(),
        }
    }

    fn read(self) -> Result<Box<RunRecord>, String> {
        let firing = self.firing.read()?;
        Ok(Box::new(RunRecord {
            id: RunId::new(firing.id(), self.number),
            flow: self.flow.into(),
            firing,
            number: self.number,
            resubmit_of: self.resubmit_of,
            status: self.status,
            queued: self.queued,
            started: self.started,
            ended: self.ended,
            steps: self.steps.into_iter().collect(),
        }))
    }
}

impl Flows {
    /// The whole state as bytes that [`restore`](Self::restore) reads: runs that
    /// have not ended with the flows they started with, the history, deliveries
    /// not yet polled and counts. Inputs and outputs are in it as they are, so
    /// it is to be kept as they are. What is defined is not in it.
    ///
    /// ```
    /// use tripline::{action::Registry, flow::Flows};
    /// assert!(Flows::new(Registry::new()).snapshot().starts_with(b"tripline/flow"));
    /// ```
    pub fn snapshot(&self) -> Vec<u8> {
        SEALED.seal(VERSION, |mut bytes| {
            // Every key in it is a text and every number finite, so it is always written.
            let _ = serde_json::to_writer(&mut bytes, &self.state());
            bytes
        })
    }

    /// Takes the state of a snapshot in place of its own. Bounds, actions and
    /// the flows that are defined are its own still: define them first, as they were.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Snapshot`] where the bytes are cut, damaged, or of another
    /// kind or version; nothing has changed then.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let mut after = flows.clone();
    /// let _ = flows.handle_firing(now, &firing)?;
    /// after.restore(&flows.snapshot())?;
    /// assert_eq!((after.live(), after.poll_delivery().is_some()), (1, true));
    ///
    /// assert_eq!(after.restore(b"tripline").unwrap_err().to_string(), "the snapshot is cut short: it has 8 bytes");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let state = serde_json::from_slice(SEALED.open(bytes)?)
            .map_err(|error| fail("the snapshot's state does not read").caused_by(error))?;
        let mut new = Self::new(self.registry.clone()).with_limits(self.limits.clone());
        new.courses = self.courses.without_runs();
        new.take_state(state).map_err(|why| fail(&format!("the snapshot's state is not one: {why}")))?;
        *self = new;
        Ok(())
    }

    fn state(&self) -> State {
        let mut texts: Vec<String> = Vec::new();
        let mut places: BTreeMap<*const Plan, usize> = BTreeMap::new();
        let mut live = Vec::with_capacity(self.live.len());
        for (number, one) in self.live_in_order() {
            // The same flow may have been defined more than once.
            let place = *places.entry(Arc::as_ptr(&one.plan)).or_insert_with(|| {
                let text = one.plan.flow.to_json();
                texts.iter().position(|known| *known == text).unwrap_or_else(|| {
                    texts.push(text);
                    texts.len() - 1
                })
            });
            live.push(LiveState {
                number,
                flow: place,
                run: RunState::of(&one.record),
                outputs: one.steps.iter().map(|step| step.output.clone()).collect(),
                bytes: one.bytes,
            });
        }
        // Without the empty places.
        let outbox: Vec<_> = self.outbox.iter().flatten().collect();
        let first = self.next_out - outbox.len() as u64;
        State {
            clock: self.clock,
            next: [self.next_run, self.next_out],
            flows: texts,
            live,
            history: self.history.iter().map(RunState::of).collect(),
            firings: self.firings.iter().map(|(id, runs)| (id.to_string(), runs.last)).collect(),
            unmatched: self.unmatched.kept.iter().cloned().collect(),
            outbox: (first..)
                .zip(outbox)
                .map(|(at, out)| (at, out.run, out.step, out.input.clone()))
                .collect(),
            call_offs: self.call_offs.iter().map(ToString::to_string).collect(),
            counts: self.counts.iter().map(|(name, count)| (name.to_owned(), count)).collect(),
        }
    }

    fn take_state(&mut self, state: State) -> Result<(), String> {
        self.clock = state.clock;
        [self.next_run, self.next_out] = state.next;
        for (name, count) in &state.counts {
            self.counts.set(name, *count);
        }
        self.unmatched.kept = state.unmatched.into();
        for (id, last) in state.firings {
            let id = FiringId::from_text(&id).ok_or_else(|| format!("{id:?} is no firing's id"))?;
            self.firings.insert(id, Runs::new(last));
        }
        for run in state.history {
            let record = run.read()?;
            self.check_new(&record)?;
            self.remember(record);
        }
        let plans = state.flows.iter().map(|text| self.plan_of(text)).collect::<Result<Vec<_>, String>>()?;
        for live in state.live {
            let plan = plans.get(live.flow).cloned().ok_or("a run has no flow")?;
            self.take_live(live, plan)?;
        }
        let first = self.next_out.checked_sub(state.outbox.len() as u64);
        let first = first.ok_or("more waits to be handed out than there ever was")?;
        for (place, (_, run, step, input)) in (first..).zip(state.outbox) {
            let live = self.live.get_mut(&run).ok_or("what waits to be handed out is of no run")?;
            let of_step = live.record.steps.get(step).filter(|step| step.is_running());
            of_step.ok_or("what waits to be handed out is waited for by nobody")?;
            if live.steps[step].unsent.replace(place).is_some() {
                return Err("a step has two deliveries that wait to be handed out".to_owned());
            }
            self.outbox.push_back(Some(Outgoing { run, step, input }));
        }
        for id in state.call_offs {
            self.call_offs.push_back(DeliveryId::new(id).map_err(|error| error.to_string())?);
        }
        self.firings.retain(|_, runs| !runs.is_forgotten());
        self.settle();
        Ok(())
    }

    /// The plan of a flow: the one that is defined, where it is the same.
    fn plan_of(&mut self, text: &str) -> Result<Arc<Plan>, String> {
        let flow = Flow::from_json(text).map_err(|error| format!("a flow does not read: {error}"))?;
        Ok(match self.courses.plan(flow.id()) {
            Some(plan) if plan.flow == flow => plan.clone(),
            _ => Arc::new(Plan::new(flow, &self.registry, &mut self.texts)),
        })
    }

    /// Whether a run can be: it is of a firing that had as many, and not there yet.
    fn check_new(&self, record: &RunRecord) -> Result<(), String> {
        let runs = self.firings.get(&record.firing.id()).filter(|runs| record.number <= runs.last);
        let runs = runs.ok_or_else(|| format!("the run {} is of no firing", record.id))?;
        match runs.place(record.number) {
            None => Ok(()),
            Some(_) => Err(format!("the run {} is there twice", record.id)),
        }
    }

    fn take_live(&mut self, live: LiveState, plan: Arc<Plan>) -> Result<(), String> {
        let (number, record) = (live.number, live.run.read()?);
        let fits = record.steps.len() == plan.flow.steps.len() && live.outputs.len() == record.steps.len();
        if !fits || record.status.has_ended() || number >= self.next_run {
            return Err(format!("the run {} cannot be", record.id));
        }
        self.check_new(&record)?;
        if self.live.contains_key(&number) {
            return Err(format!("the run {} has another's number", record.id));
        }
        if let Some(runs) = self.firings.get_mut(&record.firing.id()) {
            runs.put(record.number, Place::Live(number));
        }
        let course = self.courses.number_for(&record.flow);
        self.courses.change(course, |course| match record.status {
            RunStatus::Waiting => course.waiting.push_back(number),
            _ => course.running += 1,
        });
        for (at, step) in record.steps.iter().enumerate() {
            let StepState::Running { deadline } = step.state else { continue };
            self.pending += 1;
            if let Some(deadline) = deadline {
                self.timers.push(deadline, (number, at));
            }
        }
        self.bytes += live.bytes;
        let steps = live.outputs.into_iter().map(|output| LiveStep { output, unsent: None }).collect();
        self.live.insert(number, Live { record, plan, course, steps, bytes: live.bytes });
        Ok(())
    }
}

/// What stands between the header and the checksum.
fn fail(message: &str) -> Error {
    Error::new(ErrorKind::Snapshot, message)
}

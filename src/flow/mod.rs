//! Flows: what follows when a trigger fires, step by step.
//!
//! A [`Flow`] is a trigger and its steps. [`Flows`] hold what is defined, start a
//! run for each firing, hand out a [`Delivery`] for
//! each step that is due, and are told what became of it. They read no clock,
//! send nothing, and render a template once: what came of it is a value that a
//! journal keeps.
//!
//! | I want to… | go to… |
//! |---|---|
//! | write a flow in Rust | [`Flow::builder`], [`Step`] |
//! | read flows from a file, with every fault listed | [`Flow::list_from_json_checked`] |
//! | see it | [`Flow::to_mermaid`] |
//! | have it run | [`Flows`] |
//! | know why a run did what it did, or why there is none | [`Flows::explain`], [`Flows::explain_firing`], [`RunRecord`] |
//! | run it again, or call it off | [`Flows::resubmit`], [`Flows::cancel`] |
//! | recover without rendering again | [`Rendered`], [`Flows::set_renderings`] |
//!
//! ```
//! use serde_json::json;
#![doc = include_str!("../../docs/snippets/flow_run.rs")]
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Templates
//!
//! Strings in a step's `inputs`, and its `if`, are templates in the language of
//! [Jinja](https://docs.rs/minijinja/latest/minijinja/syntax/): `{{ … }}` puts a
//! value in, `{% if %}`, `{% for %}`, `{% set %}` and `{% with %}` are there. They
//! see four names:
//!
//! | name | what it holds |
//! |---|---|
//! | `trigger` | the [firing](crate::firing::Firing::to_json): `trigger.value`, `trigger.series.name`, `trigger.failure.message` and the others |
//! | `steps` | what became of the steps that run before: `steps.NAME.outcome`, `.output` where its action gave one, `.error` where it failed |
//! | `flow` | `flow.id`, `flow.name` |
//! | `run` | `run.id`, `run.number`, `run.startedAt`, `run.resubmitOf` |
//!
//! * A string that is exactly one expression keeps the value's JSON type:
//!   `"{{ trigger.value }}"` is a number. `"{{ trigger.value }} members"` is a string.
//! * A value that is missing is an error, and so is null in a text;
//!   `{{ trigger.failure.message | default("no message") }}` says what is taken instead.
//! * What cannot be there is found when the flow is defined: unknown names,
//!   filters and tags, and steps that do not run before.
//! * Values are escaped as the action's field asks: as HTML for
//!   [`Format::Html`](crate::action::Format::Html), as a part of a URI for
//!   [`Format::Uri`](crate::action::Format::Uri), but for a string that is one expression. A plain text is
//!   a plain text: the built-in actions escape it for Markdown or HTML themselves. `| safe` takes a value as it is.
//! * What comes from data is never read as a template, and a template reaches
//!   nothing outside: no files, no clock, no randomness, no other template. It
//!   makes 256 KiB at most, and a loop that does not end is ended.

mod advance;
mod check;
mod courses;
mod decode;
mod definition;
mod encode;
mod end;
mod explain;
mod fit;
mod graph;
mod history;
mod input;
mod limits;
mod mermaid;
mod plan;
mod rendered;
mod run;
mod runs;
mod snapshot;
mod step;
mod template;
mod texts;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde_json::Value;

use crate::action::Registry;
use crate::dispatch::{Delivery, DeliveryId};
use crate::few::Few;
use crate::time::{DeadlineQueue, Nanos, datetime};

use courses::Courses;
use history::{History, Unmatched};
use plan::Plan;
use runs::{Place, RunsByFiring};
use texts::Texts;

pub use definition::{Concurrency, Flow, FlowBuilder};
pub use limits::{Counts, Limits};
pub use rendered::{Receipt, Rendered};
pub use run::{RunId, RunRecord, RunStatus, StepRecord};
pub use step::{Step, StepOutcome};

/// Has flows run: each firing of a flow's trigger starts a run of it.
///
/// # Contract
///
/// 1. *Inputs*: [`define`](Self::define) and [`remove`](Self::remove) say which
///    flows there are; [`handle_firing`](Self::handle_firing) and
///    [`handle_firings`](Self::handle_firings) start runs,
///    [`handle_outcome`](Self::handle_outcome) tells what became of a delivery,
///    [`handle_timeout`](Self::handle_timeout) the time;
///    [`resubmit`](Self::resubmit) and [`cancel`](Self::cancel) are a person's.
///    `now` comes first. Should it be earlier than before, the latest time seen counts instead.
/// 2. After each input, poll [`poll_call_off`](Self::poll_call_off) and
///    [`poll_delivery`](Self::poll_delivery) until they give `None`, and wait no
///    longer than [`poll_timeout`](Self::poll_timeout) says before the next. A
///    call too early, or too many, is a no-op.
/// 3. *One firing, one run* of the flow that its trigger belongs to, however
///    often it is handed in, as long as that run is remembered.
/// 4. *Stable ids*: a delivery's id is the firing's id, which run of it this is,
///    and the step's name, joined by `_`. The same inputs give the same ids on any machine.
/// 5. *Order*: a step is judged when all that it runs after have ended. It runs
///    where each of them ended in a way that it allows, and is skipped
///    otherwise; to be skipped is an end as well. Its condition is judged next, its input rendered last.
/// 6. *Ends*: a delivered step succeeded, one that was given up failed, one
///    whose time was over timed out. At the very end of its time an outcome is
///    still in time. What is told later changes nothing, and is counted.
/// 7. *A run keeps its flow*: redefined or removed, the flow goes on for the
///    runs that have started or wait as it was.
/// 8. *Bounds*: one input may carry the runs that wait of a flow, and all runs
///    that have not ended, over their bounds; after that further firings are refused as
///    [`ErrorKind::Full`](crate::ErrorKind::Full) until it is below again.
///    Outcomes and the time are never refused for want of room. A refusal changes nothing but a count.
/// 9. The same inputs in the same order give the same outputs, cut by
///    [`snapshot`](Self::snapshot) and [`restore`](Self::restore) anywhere; and,
///    where [what was rendered](Self::set_renderings) is given back, without rendering anything.
///
/// It is `Send` and locks nothing: one owner.
///
/// ```
/// fn assert_send<T: Send + 'static>() {}
/// assert_send::<tripline::flow::Flows>();
/// ```
#[derive(Clone)]
pub struct Flows {
    registry: Registry,
    limits: Limits,
    clock: Nanos,
    /// Those that are defined, or have runs which have not ended.
    courses: Courses,
    texts: Texts,
    /// Runs that have not ended, by their numbers. Its order, drawn anew by every process, is never seen.
    live: HashMap<u64, Live, RandomState>,
    next_run: u64,
    /// What the inputs and outputs of all that have not ended weigh.
    bytes: usize,
    history: History,
    unmatched: Unmatched,
    firings: RunsByFiring,
    /// How many deliveries steps wait for.
    pending: usize,
    /// A place is empty where its delivery was called off.
    outbox: VecDeque<Option<Outgoing>>,
    /// The place of the next.
    next_out: u64,
    call_offs: VecDeque<DeliveryId>,
    timers: DeadlineQueue<(u64, usize)>,
    counts: Counts,
    /// Runs that have begun, or have a step that has ended, since the last look.
    touched: VecDeque<u64>,
    /// What the input that is being handled has led to.
    receipt: Receipt,
    /// What was rendered before, where nothing is to be rendered now.
    given: Option<VecDeque<Rendered>>,
    diverged: Option<String>,
}

/// A run that has not ended.
#[derive(Clone)]
struct Live {
    /// In one place from its beginning until it leaves the history.
    record: Box<RunRecord>,
    plan: Arc<Plan>,
    /// The number of its flow.
    course: usize,
    steps: Few<LiveStep>,
    bytes: usize,
}

#[derive(Clone, Default)]
struct LiveStep {
    /// What its action gave, for the steps after it.
    output: Option<Value>,
    /// The place of its delivery in the outbox, until that is polled.
    unsent: Option<u64>,
}

#[derive(Clone)]
struct Outgoing {
    run: u64,
    step: usize,
    input: Value,
}

impl Flows {
    /// No flows yet; their steps will run these actions.
    ///
    /// ```
    /// use tripline::{action::Registry, flow::Flows};
    /// assert_eq!(Flows::new(Registry::new()).flows().count(), 0);
    /// ```
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self {
            registry,
            limits: Limits::default(),
            clock: Nanos::MIN,
            courses: Courses::default(),
            texts: Texts::default(),
            live: HashMap::default(),
            next_run: 0,
            bytes: 0,
            history: History::default(),
            unmatched: Unmatched::default(),
            firings: RunsByFiring::default(),
            pending: 0,
            outbox: VecDeque::new(),
            next_out: 0,
            call_offs: VecDeque::new(),
            timers: DeadlineQueue::new(),
            counts: Counts::default(),
            touched: VecDeque::new(),
            receipt: Receipt::default(),
            given: None,
            diverged: None,
        }
    }

    /// The same with other bounds.
    ///
    /// ```
    /// # use tripline::{action::Registry, flow::{Flows, Limits}};
    /// let flows = Flows::new(Registry::new()).with_limits(Limits::default().with_history(9));
    /// assert_eq!(flows.limits().history(), 9);
    /// ```
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The next delivery that is to be handed to a dispatcher, in the order in
    /// which the steps came due.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let _ = flows.handle_firing(now, &firing)?;
    /// let delivery = flows.poll_delivery().unwrap();
    /// assert_eq!((delivery.action(), delivery.target()), ("postNote", "postNote"));
    /// assert_eq!(delivery.id().as_str(), format!("{}_1_tell", firing.id()));
    /// assert_eq!(delivery.input(), &json!({"text": "VIPs: 1004"}));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "a delivery that is not handed on is never made"]
    pub fn poll_delivery(&mut self) -> Option<Delivery> {
        while let Some(out) = self.outbox.pop_front() {
            let Some(Outgoing { run, step: at, input }) = out else { continue };
            let Some(live) = self.live.get_mut(&run) else { continue };
            live.steps[at].unsent = None;
            let (step, record) = (&live.plan.steps[at], &live.record);
            // Of a firing's id, digits and a step's name, it is a delivery's id.
            let Ok(id) = DeliveryId::of_parts(record.id.as_str(), &step.name) else { continue };
            let mut delivery = Delivery::new(id, step.target.clone(), step.action_name.clone(), input)
                .with_retry(step.retry.clone())
                .with_retry_unsafe(step.retry_unsafe)
                .with_firing(record.firing.clone());
            if let Some(effect) = step.effect {
                delivery = delivery.with_effect(effect);
            }
            if let run::StepState::Running { deadline: Some(deadline) } = record.steps[at].state {
                delivery = delivery.with_expires_at(datetime(deadline));
            }
            self.counts.deliveries += 1;
            return Some(delivery);
        }
        None
    }

    /// The next delivery that is to be called off, because its step has timed
    /// out or its run was cancelled: a host hands it to
    /// [`Dispatcher::cancel`](crate::dispatch::Dispatcher::cancel).
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let receipt = flows.handle_firing(now, &firing)?;
    /// let delivery = flows.poll_delivery().unwrap();
    /// assert!(flows.cancel(now, receipt.started()[0].as_str())?.is_some());
    /// assert_eq!(flows.poll_call_off().as_ref(), Some(delivery.id()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn poll_call_off(&mut self) -> Option<DeliveryId> {
        self.call_offs.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is next wanted; `None` where
    /// no step has a time of its own.
    ///
    /// ```
    /// use tripline::{action::Registry, flow::Flows};
    /// assert_eq!(Flows::new(Registry::new()).poll_timeout(), None);
    /// ```
    pub fn poll_timeout(&self) -> Option<DateTime<Utc>> {
        self.timers.peek().map(|(at, _)| datetime(at))
    }

    /// The flows that are defined, in the order of their ids.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// assert_eq!(flows.flows().next().unwrap().id(), "vip-1000");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn flows(&self) -> impl Iterator<Item = &Flow> {
        self.courses.plans().map(|plan| &plan.flow)
    }

    /// The flow of this id.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// assert_eq!(flows.flow("vip-1000").unwrap().steps().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn flow(&self, id: &str) -> Option<&Flow> {
        self.courses.plan(id).map(|plan| &plan.flow)
    }

    /// The actions that steps run.
    ///
    /// ```
    /// use tripline::{action::Registry, flow::Flows};
    /// assert!(Flows::new(Registry::new()).registry().is_empty());
    /// ```
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The run of this id, under way or remembered.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let _ = flows.handle_firing(now, &firing)?;
    /// assert!(flows.run(&format!("{}_1", firing.id())).is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run(&self, id: &str) -> Option<&RunRecord> {
        let (firing, number) = RunId::read(id)?;
        match self.firings.get(&firing)?.place(number)? {
            Place::Live(number) => self.live.get(&number).map(|live| &*live.record),
            Place::Ended(number) => self.history.get(number),
        }
    }

    /// The number of a run that has not ended.
    fn number_of(&self, run: &str) -> Option<u64> {
        let (firing, number) = RunId::read(run)?;
        match self.firings.get(&firing)?.place(number)? {
            Place::Live(number) => Some(number),
            Place::Ended(_) => None,
        }
    }

    /// Runs that have not ended, in the order in which they came.
    fn live_in_order(&self) -> Vec<(u64, &Live)> {
        let mut live: Vec<_> = self.live.iter().map(|(number, live)| (*number, live)).collect();
        live.sort_unstable_by_key(|(number, _)| *number);
        live
    }

    /// All runs that are known: those that have ended, in that order, then those
    /// that have not, in the order in which they came.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let _ = flows.handle_firing(now, &firing)?;
    /// assert_eq!(flows.runs().count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn runs(&self) -> impl Iterator<Item = &RunRecord> {
        self.history.iter().chain(self.live_in_order().into_iter().map(|(_, live)| &*live.record))
    }

    /// The runs that have not ended, in the order in which they came.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let _ = flows.handle_firing(now, &firing)?;
    /// assert_eq!(flows.live_runs().next().unwrap().flow(), "vip-1000");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn live_runs(&self) -> impl Iterator<Item = &RunRecord> {
        self.live_in_order().into_iter().map(|(_, live)| &*live.record)
    }

    /// The flow whose step waits for a delivery.
    pub(crate) fn flow_of(&self, delivery: &str) -> Option<&str> {
        let (run, _) = self.step_of(delivery)?;
        Some(&self.live.get(&run)?.record.flow)
    }

    /// How many runs have not ended, those that wait among them.
    ///
    /// ```
    /// use tripline::{action::Registry, flow::Flows};
    /// assert_eq!(Flows::new(Registry::new()).live(), 0);
    /// ```
    pub fn live(&self) -> usize {
        self.live.len()
    }

    /// Whether any firing is refused for now: of one flow or of all.
    ///
    /// ```
    /// use tripline::{action::Registry, flow::Flows};
    /// assert!(!Flows::new(Registry::new()).is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        self.has_too_many() || self.courses.any_is_full()
    }

    /// What has been counted.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let _ = flows.handle_firing(now, &firing)?;
    /// assert_eq!(flows.counts().started(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The bounds.
    ///
    /// ```
    /// use tripline::{action::Registry, flow::Flows};
    /// assert_eq!(Flows::new(Registry::new()).limits().history(), 10_000);
    /// ```
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    fn has_too_many(&self) -> bool {
        self.live.len() >= self.limits.runs() || self.bytes >= self.limits.bytes()
    }
}

impl fmt::Debug for Flows {
    /// Without inputs and outputs, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flows")
            .field("flows", &self.courses.plans().map(|plan| &plan.id).collect::<Vec<_>>())
            .field("live", &self.live_runs().map(RunRecord::id).collect::<Vec<_>>())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

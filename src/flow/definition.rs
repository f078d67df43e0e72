//! A flow: a trigger, and the steps that follow when it fires.

use serde::{Deserialize, Serialize};

use super::step::Step;
use super::{check, fit};
use crate::action::Registry;
use crate::error::{Error, Fault};
use crate::trigger::Trigger;

/// How many runs of a flow there are at once, and how many may wait for that.
///
/// ```
/// use tripline::flow::Concurrency;
///
/// let one_by_one = Concurrency::of(1).with_waiting(500);
/// assert_eq!((one_by_one.runs(), one_by_one.waiting()), (1, 500));
/// assert_eq!(Concurrency::of(5).waiting(), 100);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    runs: u32,
    waiting: u32,
}

impl Concurrency {
    /// How many may wait where nothing is said.
    pub(super) const WAITING: u32 = 100;

    /// So many runs at once, from 1 to 10,000; up to 100 more wait.
    ///
    /// ```
    /// # use tripline::flow::Concurrency;
    /// assert_eq!(Concurrency::of(3).runs(), 3);
    /// ```
    #[must_use]
    pub fn of(runs: u32) -> Self {
        Self { runs, waiting: Self::WAITING }
    }

    /// The same with so many that may wait, up to 100,000. One input may go
    /// over it; after that further firings of the flow are refused as
    /// [`ErrorKind::Full`](crate::ErrorKind::Full) until it is below again.
    ///
    /// ```
    /// # use tripline::flow::Concurrency;
    /// assert_eq!(Concurrency::of(3).with_waiting(7).waiting(), 7);
    /// ```
    #[must_use]
    pub fn with_waiting(mut self, waiting: u32) -> Self {
        self.waiting = waiting;
        self
    }

    /// How many runs there are at once.
    ///
    /// ```
    /// # use tripline::flow::Concurrency;
    /// assert_eq!(Concurrency::of(3).runs(), 3);
    /// ```
    pub fn runs(self) -> u32 {
        self.runs
    }

    /// How many may wait.
    ///
    /// ```
    /// # use tripline::flow::Concurrency;
    /// assert_eq!(Concurrency::of(3).waiting(), 100);
    /// ```
    pub fn waiting(self) -> u32 {
        self.waiting
    }
}

/// A trigger, and the steps that follow when it fires. It has the trigger's id
/// and name.
///
/// Built in Rust or read from JSON it is sound in itself: its steps, their order
/// and their templates. Whether the actions are there that it names, and take
/// what it gives them, is for [`validate`](Self::validate).
///
/// ```
/// use tripline::flow::{Flow, Step, StepOutcome};
/// use tripline::{threshold::Threshold, Trigger};
///
/// let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
/// let flow = Flow::builder(trigger)
///     .with_step(Step::new("tell", "postNote").with_input("text", "VIPs: {{ trigger.value }}"))
///     .with_step(Step::new("log", "log").with_run_after("tell", [StepOutcome::Failed]))
///     .build()?;
/// assert_eq!(Flow::from_json(&flow.to_json())?, flow);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    pub(super) trigger: Trigger,
    pub(super) steps: Vec<Step>,
    pub(super) concurrency: Option<Concurrency>,
}

impl Flow {
    /// A flow under construction, which begins with this trigger.
    ///
    /// ```
    /// # use tripline::flow::{Flow, Step};
    /// # use tripline::Trigger;
    /// let trigger = Trigger::unification_completed("unified").build()?;
    /// let flow = Flow::builder(trigger).with_step(Step::new("log", "log")).build()?;
    /// assert_eq!(flow.id(), "unified");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn builder(trigger: Trigger) -> FlowBuilder {
        FlowBuilder { flow: Self { trigger, steps: Vec::new(), concurrency: None } }
    }

    /// Holds the flow against the actions that there are.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with every fault and its
    /// path, such as `steps[2].inputs.text`: an unknown action, fields of
    /// the input that are unknown or missing, and literals that are not what the
    /// field takes. What a template gives is judged when it is rendered.
    ///
    /// ```
    /// use tripline::action::{Field, Metadata, Registry, action_fn};
    /// use tripline::flow::{Flow, Step};
    /// use tripline::Trigger;
    ///
    /// let mut registry = Registry::new();
    /// let text = Field::string("text").with_required(true);
    /// registry.add(action_fn(Metadata::new("postNote").with_input(text), |_, _: serde_json::Value| async { Ok(()) }))?;
    ///
    /// let trigger = Trigger::unification_completed("unified").build()?;
    /// let flow = Flow::builder(trigger)
    ///     .with_step(Step::new("tell", "postNote").with_input("txt", "{{ trigger.outcome }}"))
    ///     .with_step(Step::new("log", "log"))
    ///     .build()?;
    /// let error = flow.validate(&registry).unwrap_err();
    /// let all: Vec<String> = error.faults().iter().map(|fault| fault.to_string()).collect();
    /// assert_eq!(
    ///     all,
    ///     [
    ///         "steps[0].inputs.text: is missing",
    ///         "steps[0].inputs.txt: is no field of postNote",
    ///         "steps[1].action: there is no action \"log\"",
    ///     ]
    /// );
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn validate(&self, registry: &Registry) -> Result<(), Error> {
        let faults = fit::faults(&self.steps, registry);
        if faults.is_empty() { Ok(()) } else { Err(Error::from_faults(faults)) }
    }
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident -> $type:ty: $get:expr, $example:literal;)*) => {
        impl Flow {
            $(
                $(#[$doc])*
                #[doc = concat!("\n\n```\n# use tripline::flow::{Flow, Step};\n# use tripline::Trigger;\nlet trigger = Trigger::unification_completed(\"unified\").build()?;\nlet flow = Flow::builder(trigger).with_step(Step::new(\"log\", \"log\")).build()?;\nassert!(", $example, ");\n# Ok::<(), tripline::Error>(())\n```")]
                pub fn $name(&self) -> $type {
                    let get: fn(&Self) -> $type = $get;
                    get(self)
                }
            )*
        }
    };
}

getters! {
    /// Its id, which is its trigger's.
    id -> &str: |this| this.trigger.id(), "flow.id() == \"unified\"";
    /// What people call it.
    name -> Option<&str>: |this| this.trigger.name(), "flow.name().is_none()";
    /// What starts it.
    trigger -> &Trigger: |this| &this.trigger, "flow.trigger().enabled()";
    /// Its steps, in the order given.
    steps -> &[Step]: |this| &this.steps, "flow.steps().len() == 1";
    /// How many runs of it there are at once; any number where nothing is said.
    concurrency -> Option<Concurrency>: |this| this.concurrency, "flow.concurrency().is_none()";
}

/// A [`Flow`] under construction.
///
/// ```
/// use tripline::flow::{Concurrency, Flow, Step};
/// use tripline::Trigger;
///
/// let trigger = Trigger::unification_completed("unified").build()?;
/// let error = Flow::builder(trigger)
///     .with_step(Step::new("a", "log").with_input("text", "{{ steps.b.output }}"))
///     .with_step(Step::new("b", "log").with_run_after("c", []))
///     .with_concurrency(Concurrency::of(0))
///     .build()
///     .unwrap_err();
/// let places: Vec<&str> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(places, ["steps[0].inputs.text", "steps[1].runAfter.c", "steps[1].runAfter.c", "concurrency.runs"]);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct FlowBuilder {
    flow: Flow,
}

impl FlowBuilder {
    /// Adds a step.
    ///
    /// ```
    /// # use tripline::flow::{Flow, Step};
    /// # use tripline::Trigger;
    /// let builder = Flow::builder(Trigger::unification_completed("unified").build()?);
    /// assert_eq!(builder.with_step(Step::new("log", "log")).build()?.steps().len(), 1);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn with_step(mut self, step: Step) -> Self {
        self.flow.steps.push(step);
        self
    }

    /// Bounds how many runs of it there are at once.
    ///
    /// ```
    /// # use tripline::flow::{Concurrency, Flow, Step};
    /// # use tripline::Trigger;
    /// let builder = Flow::builder(Trigger::unification_completed("unified").build()?);
    /// let flow = builder.with_step(Step::new("log", "log")).with_concurrency(Concurrency::of(1)).build()?;
    /// assert_eq!(flow.concurrency(), Some(Concurrency::of(1)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn with_concurrency(mut self, concurrency: Concurrency) -> Self {
        self.flow.concurrency = Some(concurrency);
        self
    }

    /// The flow, if it is sound in itself.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with *every* fault; the
    /// paths are those of the flow in JSON:
    ///
    /// - no step, or more than 500;
    /// - a name that is not 1 to 64 of `A-Z a-z 0-9 _` without a digit first, or that another step has;
    /// - a step that runs after one that there is not, after itself or in a
    ///   circle, or after no outcome at all;
    /// - a template that is none, or asks for what is not there: anything but
    ///   `trigger`, `flow`, `run` and the steps that run before;
    /// - a timeout of nothing or over 292 years, a connection or an action without a proper name;
    /// - a concurrency of none or over 10,000, or more than 100,000 that wait.
    ///
    /// ```
    /// # use tripline::flow::Flow;
    /// # use tripline::Trigger;
    /// let error = Flow::builder(Trigger::unification_completed("unified").build()?).build().unwrap_err();
    /// assert_eq!(error.to_string(), "steps: a flow has 1 to 500 steps, and this one has 0");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn build(self) -> Result<Flow, Error> {
        let faults: Vec<Fault> =
            check::faults(&self.flow.steps, self.flow.concurrency.map(|of| (of.runs, of.waiting)));
        if faults.is_empty() { Ok(self.flow) } else { Err(Error::from_faults(faults)) }
    }
}

//! One step of a flow: an action, what it is given, and after what it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::action::RetryPolicy;

/// How a step ended: the words that `runAfter` knows.
///
/// ```
/// use tripline::flow::StepOutcome;
/// assert_eq!(StepOutcome::TimedOut.as_str(), "timedOut");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum StepOutcome {
    /// Its action was carried out.
    Succeeded,
    /// Its action was given up, or its input could not be rendered.
    Failed,
    /// It did not run: what it runs after ended otherwise, or its condition was false.
    Skipped,
    /// Its time was over before its action had ended.
    TimedOut,
}

impl StepOutcome {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::Succeeded, Self::Failed, Self::Skipped, Self::TimedOut];

    /// The word in JSON and in templates.
    ///
    /// ```
    /// # use tripline::flow::StepOutcome;
    /// assert_eq!(StepOutcome::Succeeded.as_str(), "succeeded");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::TimedOut => "timedOut",
        }
    }

    /// Whether the branch that ends so has failed.
    pub(super) fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut)
    }
}

/// One step of a [`Flow`](super::Flow): an action, what it is given, and after what it runs.
///
/// Strings in its input are [templates](super#templates). Without
/// [`with_run_after`](Self::with_run_after) it runs after the step before it,
/// once that has succeeded; the first runs at once.
///
/// ```
/// use tripline::flow::{Step, StepOutcome};
///
/// let tell = Step::new("tell", "postNote").with_input("text", "{{ trigger.series.name }} is at {{ trigger.value }}");
/// let complain = Step::new("complain", "postNote")
///     .with_input("text", "it could not be told: {{ steps.tell.error }}")
///     .with_run_after("tell", [StepOutcome::Failed, StepOutcome::TimedOut]);
/// assert_eq!((tell.name(), complain.action()), ("tell", "postNote"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub(super) name: String,
    pub(super) action: String,
    pub(super) inputs: Map<String, Value>,
    /// Absent: after the step before, on success.
    pub(super) run_after: Option<BTreeMap<String, BTreeSet<StepOutcome>>>,
    pub(super) condition: Option<String>,
    pub(super) retry: Option<RetryPolicy>,
    pub(super) retry_unsafe: bool,
    pub(super) timeout: Option<Duration>,
    pub(super) connection: Option<String>,
}

impl Step {
    /// A step of this name, which templates call it by (1 to 64 of `A-Z a-z 0-9 _`,
    /// no digit first), that runs this action. What is wrong with it is said when
    /// the flow is built.
    ///
    /// ```
    /// # use tripline::flow::Step;
    /// assert_eq!(Step::new("tell", "postNote").action(), "postNote");
    /// ```
    pub fn new(name: impl Into<String>, action: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            action: action.into(),
            inputs: Map::new(),
            run_after: None,
            condition: None,
            retry: None,
            retry_unsafe: false,
            timeout: None,
            connection: None,
        }
    }

    /// One field of the action's input: any JSON; the strings in it are templates.
    ///
    /// ```
    /// # use tripline::flow::Step;
    /// let step = Step::new("tell", "postNote").with_input("text", "hi").with_input("copies", 2);
    /// assert_eq!(step.inputs()["copies"], 2);
    /// ```
    #[must_use]
    pub fn with_input(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.inputs.insert(field.into(), value.into());
        self
    }

    /// Runs after this step too, where it has ended in one of these ways. Of
    /// several all must have ended so.
    ///
    /// ```
    /// # use tripline::flow::{Step, StepOutcome};
    /// let last = Step::new("last", "log").with_run_after("a", [StepOutcome::Succeeded]).with_run_after("b", [StepOutcome::Skipped]);
    /// assert_eq!(last.run_after().unwrap().count(), 2);
    /// ```
    #[must_use]
    pub fn with_run_after(
        mut self,
        step: impl Into<String>,
        outcomes: impl IntoIterator<Item = StepOutcome>,
    ) -> Self {
        let of = self.run_after.get_or_insert_default().entry(step.into()).or_default();
        of.extend(outcomes);
        self
    }

    /// Runs at once, beside the steps before it (`"runAfter": {}`).
    ///
    /// ```
    /// # use tripline::flow::Step;
    /// assert_eq!(Step::new("too", "log").with_run_at_once().run_after().unwrap().count(), 0);
    /// ```
    #[must_use]
    pub fn with_run_at_once(mut self) -> Self {
        self.run_after = Some(BTreeMap::new());
        self
    }

    /// Runs only where this expression is true; else it is skipped. It is written
    /// as in a template, with the braces or without, and must give true or false.
    ///
    /// ```
    /// # use tripline::flow::Step;
    /// let step = Step::new("tell", "postNote").with_condition("trigger.value > 5000");
    /// assert_eq!(step.condition(), Some("trigger.value > 5000"));
    /// ```
    #[must_use]
    pub fn with_condition(mut self, expression: impl Into<String>) -> Self {
        self.condition = Some(expression.into());
        self
    }

    /// When its action is tried again; else by the default [`RetryPolicy`].
    ///
    /// ```
    /// # use tripline::action::RetryPolicy;
    /// # use tripline::flow::Step;
    /// let step = Step::new("tell", "postNote").with_retry(RetryPolicy::none());
    /// assert_eq!(step.retry(), Some(&RetryPolicy::none()));
    /// ```
    #[must_use]
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Whether it is tried again even though the action is
    /// [`Effect::Unsafe`](crate::action::Effect::Unsafe) and may have been
    /// carried out: twice is then better than not at all.
    ///
    /// ```
    /// # use tripline::flow::Step;
    /// assert!(Step::new("tell", "postNote").with_retry_unsafe(true).retries_unsafe());
    /// ```
    #[must_use]
    pub fn with_retry_unsafe(mut self, retries: bool) -> Self {
        self.retry_unsafe = retries;
        self
    }

    /// How long it may take in all, attempts and the waits between them
    /// together; after that its outcome is `timedOut`. Else only the target's
    /// [policy](crate::dispatch::LanePolicy) bounds each attempt.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::flow::Step;
    /// let minute = Duration::from_secs(60);
    /// assert_eq!(Step::new("tell", "postNote").with_timeout(minute).timeout(), Some(minute));
    /// ```
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Over which connection: the [target](crate::dispatch::Delivery::target) of
    /// its delivery, by which the dispatcher finds limits and throttle, and
    /// the host the credentials. Without one the target has the action's name.
    ///
    /// ```
    /// # use tripline::flow::Step;
    /// assert_eq!(Step::new("tell", "postNote").with_connection("teams/sales").target(), "teams/sales");
    /// assert_eq!(Step::new("tell", "postNote").target(), "postNote");
    /// ```
    #[must_use]
    pub fn with_connection(mut self, connection: impl Into<String>) -> Self {
        self.connection = Some(connection.into());
        self
    }

    /// Which steps it runs after, each with the outcomes that let it run; `None`
    /// where that was left out.
    ///
    /// ```
    /// # use tripline::flow::{Step, StepOutcome};
    /// let step = Step::new("b", "log").with_run_after("a", [StepOutcome::Failed]);
    /// let (name, mut outcomes) = step.run_after().unwrap().next().unwrap();
    /// assert_eq!((name, outcomes.next()), ("a", Some(StepOutcome::Failed)));
    /// ```
    pub fn run_after(&self) -> Option<impl Iterator<Item = (&str, impl Iterator<Item = StepOutcome>)>> {
        let after = self.run_after.as_ref()?;
        Some(after.iter().map(|(name, outcomes)| (&**name, outcomes.iter().copied())))
    }
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident -> $type:ty: $get:expr, $example:literal;)*) => {
        impl Step {
            $(
                $(#[$doc])*
                #[doc = concat!("\n\n```\nuse tripline::flow::Step;\nlet step = Step::new(\"tell\", \"postNote\");\nassert!(", $example, ");\n```")]
                pub fn $name(&self) -> $type {
                    let get: fn(&Self) -> $type = $get;
                    get(self)
                }
            )*
        }
    };
}

getters! {
    /// Its name.
    name -> &str: |this| &this.name, "step.name() == \"tell\"";
    /// The name of its action.
    action -> &str: |this| &this.action, "step.action() == \"postNote\"";
    /// What the action is given, not yet rendered.
    inputs -> &Map<String, Value>: |this| &this.inputs, "step.inputs().is_empty()";
    /// What must be true for it to run.
    condition -> Option<&str>: |this| this.condition.as_deref(), "step.condition().is_none()";
    /// When its action is tried again, where it says so.
    retry -> Option<&RetryPolicy>: |this| this.retry.as_ref(), "step.retry().is_none()";
    /// Whether it is tried again though it may have been carried out and twice is twice.
    retries_unsafe -> bool: |this| this.retry_unsafe, "!step.retries_unsafe()";
    /// How long it may take in all.
    timeout -> Option<Duration>: |this| this.timeout, "step.timeout().is_none()";
    /// Over which connection, where it says so.
    connection -> Option<&str>: |this| this.connection.as_deref(), "step.connection().is_none()";
    /// The target of its delivery: the connection, or else the action's name.
    target -> &str: |this| this.connection.as_deref().unwrap_or(&this.action), "step.target() == \"postNote\"";
}

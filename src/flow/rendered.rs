//! What templates gave: written down once, so that nothing is rendered twice.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::run::RunId;
use crate::few::Few;

/// What came of rendering one step: the input of its delivery, that its
/// condition was false, or why it failed.
///
/// A journal keeps it with the input that led to it, and a recovery
/// [gives it back](super::Flows::set_renderings) instead of rendering again. It
/// holds inputs as they are, so it is to be kept as a snapshot is.
///
/// ```
#[doc = include_str!("../../docs/snippets/flows.rs")]
/// let receipt = flows.handle_firing(now, &firing)?;
/// let rendered = &receipt.rendered()[0];
/// assert_eq!((rendered.step(), rendered.input().unwrap()), ("tell", &json!({"text": "VIPs: 1004"})));
/// assert_eq!(serde_json::from_str::<tripline::flow::Rendered>(&serde_json::to_string(rendered)?)?, *rendered);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Rendered {
    run: RunId,
    #[serde(with = "super::run::shared")]
    step: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

/// What came of rendering a step.
pub(super) enum Rendering {
    Input(Value),
    Skipped,
    Failed(String),
}

impl Rendered {
    pub(super) fn new(run: RunId, step: Arc<str>, rendering: &Rendering) -> Self {
        let (input, failure) = match rendering {
            Rendering::Input(input) => (Some(input.clone()), None),
            Rendering::Skipped => (None, None),
            Rendering::Failed(why) => (None, Some(why.clone())),
        };
        Self { run, step, input, failure }
    }

    pub(super) fn into_rendering(self) -> Rendering {
        match (self.input, self.failure) {
            (_, Some(why)) => Rendering::Failed(why),
            (Some(input), None) => Rendering::Input(input),
            (None, None) => Rendering::Skipped,
        }
    }

    /// Of which run.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let receipt = flows.handle_firing(now, &firing)?;
    /// assert_eq!(receipt.rendered()[0].run(), &receipt.started()[0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// The name of the step.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// assert_eq!(flows.handle_firing(now, &firing)?.rendered()[0].step(), "tell");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn step(&self) -> &str {
        &self.step
    }

    /// What its action is given; `None` where it was skipped or failed.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// assert_eq!(flows.handle_firing(now, &firing)?.rendered()[0].input().unwrap()["text"], "VIPs: 1004");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn input(&self) -> Option<&Value> {
        self.input.as_ref()
    }

    /// Why it could not be rendered, where it could not.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// assert_eq!(flows.handle_firing(now, &firing)?.rendered()[0].failure(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}

impl fmt::Debug for Rendered {
    /// Without the input, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered")
            .field("run", &self.run)
            .field("step", &self.step)
            .field("has_input", &self.input.is_some())
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

/// What one input has led to, for the record of it.
///
/// ```
#[doc = include_str!("../../docs/snippets/flows.rs")]
/// let receipt = flows.handle_firing(now, &firing)?;
/// assert_eq!((receipt.started().len(), receipt.rendered().len()), (1, 1));
/// assert!(flows.handle_firing(now, &firing)?.started().is_empty(), "it has been handed in before");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Receipt {
    pub(super) started: Few<RunId>,
    pub(super) rendered: Few<Rendered>,
}

impl Receipt {
    /// The runs that were started, those that wait for their turn among them.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let receipt = flows.handle_firing(now, &firing)?;
    /// assert_eq!(receipt.started()[0].to_string(), format!("{}_1", firing.id()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn started(&self) -> &[RunId] {
        &self.started
    }

    /// What was rendered, in order.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// assert_eq!(flows.handle_firing(now, &firing)?.rendered().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rendered(&self) -> &[Rendered] {
        &self.rendered
    }

    /// The same by value, for a batch.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let batch = flows.handle_firing(now, &firing)?.into_rendered();
    /// assert_eq!(batch.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_rendered(self) -> Vec<Rendered> {
        self.rendered.into_vec()
    }
}

//! A flow as JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use super::definition::{Concurrency, Flow};
use super::step::{Step, StepOutcome};
use crate::action::RetryPolicy;
use crate::time::format_duration;
use crate::trigger::trigger_json;

impl Flow {
    /// The flow as JSON on one line; what is at its default is left out, and the
    /// order of members is fixed. [`from_json`](Self::from_json) gives an equal flow.
    ///
    /// ```
    /// # use tripline::flow::{Flow, Step};
    /// # use tripline::Trigger;
    /// let trigger = Trigger::unification_completed("unified").build()?;
    /// let flow = Flow::builder(trigger).with_step(Step::new("log", "log")).build()?;
    /// assert_eq!(
    ///     flow.to_json(),
    ///     r#"{"id":"unified","trigger":{"type":"unificationCompleted"},"steps":[{"name":"log","action":"log"}]}"#,
    /// );
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        flow_json(self)
    }
}

fn flow_json(flow: &Flow) -> String {
    let mut out = trigger_json(&flow.trigger, "trigger");
    // The members of the trigger come first; the object goes on.
    out.pop();
    out.push_str(",\"steps\":");
    let steps: Vec<StepJson<'_>> = flow.steps.iter().map(StepJson::of).collect();
    // Every key in it is a text and every number finite, so it is always written.
    out += &serde_json::to_string(&steps).unwrap_or_default();
    if let Some(concurrency) = flow.concurrency {
        out += &format!(",\"concurrency\":{{\"runs\":{}", concurrency.runs());
        if concurrency.waiting() != Concurrency::WAITING {
            out += &format!(",\"waiting\":{}", concurrency.waiting());
        }
        out.push('}');
    }
    out.push('}');
    out
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StepJson<'a> {
    name: &'a str,
    action: &'a str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    inputs: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_after: Option<&'a BTreeMap<String, BTreeSet<StepOutcome>>>,
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    condition: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<&'a RetryPolicy>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    retry_unsafe: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<&'a str>,
}

impl<'a> StepJson<'a> {
    fn of(step: &'a Step) -> Self {
        Self {
            name: &step.name,
            action: &step.action,
            inputs: &step.inputs,
            run_after: step.run_after.as_ref(),
            condition: step.condition.as_deref(),
            retry: step.retry.as_ref(),
            retry_unsafe: step.retry_unsafe,
            timeout: step.timeout.map(format_duration),
            connection: step.connection.as_deref(),
        }
    }
}

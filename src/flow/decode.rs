//! A flow, or a list of them, from JSON, with every fault.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::definition::{Concurrency, Flow};
use super::step::{Step, StepOutcome};
use super::{check, fit};
use crate::action::{Registry, RetryPolicy};
use crate::error::{Error, Fault};
use crate::event::strict::shown;
use crate::trigger::{Draft, INNER, Node, NodeValue, Reader};

/// What stands for an outcome that could not be read, so that the others are judged.
const ANY: StepOutcome = StepOutcome::Succeeded;

impl Flow {
    /// Reads one flow.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Syntax`](crate::ErrorKind::Syntax) where the text is not
    /// JSON (the place is `line:column`), [`ErrorKind::Limit`](crate::ErrorKind::Limit)
    /// where it is over 16 MiB, 64 levels deep or 2,000,000 values, and
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with *every* fault
    /// otherwise: unknown, repeated, missing and mistyped members, all that is
    /// wrong with the trigger, and all that [`FlowBuilder::build`](super::FlowBuilder::build) refuses.
    ///
    /// ```
    /// use tripline::flow::Flow;
    ///
    /// let flow = Flow::from_json(
    ///     r#"{"id":"vip-1000",
    ///         "trigger":{"type":"segmentThresholdCrossed","segment":"vip","above":1000},
    ///         "steps":[{"name":"tell","action":"postNote","inputs":{"text":"VIPs: {{ trigger.value }}"}}]}"#,
    /// )?;
    /// assert_eq!(flow.steps()[0].action(), "postNote");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn from_json(text: &str) -> Result<Self, Error> {
        one(text, None)
    }

    /// Reads a flow file: one flow, an array of them, or `{"flows":[…]}`.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json); two flows with the same id are a fault as well.
    ///
    /// ```
    /// use tripline::flow::Flow;
    ///
    /// let error = Flow::list_from_json(
    ///     r#"{"flows":[{"id":"a","trigger":{"type":"unificationCompleted"},"steps":[
    ///         {"name":"tell","action":"postNote","inputs":{"text":"{{ trigger.valeu }}"}},
    ///         {"name":"log","action":"log","runAfter":{"notify":["failed"]}}]}]}"#,
    /// )
    /// .unwrap_err();
    /// let places: Vec<&str> = error.faults().iter().map(|fault| fault.path()).collect();
    /// assert_eq!(places, ["flows[0].steps[0].inputs.text", "flows[0].steps[1].runAfter.notify"]);
    /// ```
    pub fn list_from_json(text: &str) -> Result<Vec<Self>, Error> {
        list(text, None)
    }

    /// Reads a flow file and [validates](Self::validate) every flow in it: all
    /// faults of the file in one error, each with its line.
    ///
    /// # Errors
    ///
    /// As [`list_from_json`](Self::list_from_json) and [`validate`](Self::validate) together.
    ///
    /// ```
    /// use tripline::{action::Registry, flow::Flow};
    ///
    /// let text = r#"[{"id":"a","trigger":{"type":"unificationCompleted"},"steps":[{"name":"tell","action":"postNote"}]}]"#;
    /// let error = Flow::list_from_json_checked(text, &Registry::new()).unwrap_err();
    /// assert_eq!(error.faults()[0].path(), "[0].steps[0].action");
    /// ```
    pub fn list_from_json_checked(text: &str, registry: &Registry) -> Result<Vec<Self>, Error> {
        list(text, Some(registry))
    }
}

fn one(text: &str, registry: Option<&Registry>) -> Result<Flow, Error> {
    let root = Node::parse(text)?;
    let mut reader = Reader::new(text, &root);
    let flow = read_flow(&mut reader, &root, registry);
    reader.finish(flow)
}

fn list(text: &str, registry: Option<&Registry>) -> Result<Vec<Flow>, Error> {
    let root = Node::parse(text)?;
    let mut reader = Reader::new(text, &root);
    let flows = match &root.value {
        NodeValue::Object(_) if root.get("flows").is_none() => {
            read_flow(&mut reader, &root, registry).map(|one| vec![one])
        }
        NodeValue::Object(_) => reader.fields(&root).and_then(|mut fields| {
            let flows = fields.required("flows", |reader, node| read_flows(reader, node, registry));
            fields.end();
            flows
        }),
        NodeValue::Array(_) => read_flows(&mut reader, &root, registry),
        _ => {
            reader.fault(&root, format!("{} is neither a flow nor a list of flows", root.noun()));
            None
        }
    };
    reader.finish(flows)
}

fn read_flows<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    registry: Option<&Registry>,
) -> Option<Vec<Flow>> {
    let nodes = reader.items(node)?;
    let mut places: BTreeMap<&str, (usize, &Node<'t>)> = BTreeMap::new();
    let mut flows = Vec::with_capacity(nodes.len().min(1_024));
    for (i, node) in nodes.iter().enumerate() {
        flows.extend(read_flow(reader, node, registry));
        let Some((id_node, NodeValue::Text(id))) = node.get("id").map(|node| (node, &node.value)) else {
            continue;
        };
        let (first, first_node) = *places.entry(id).or_insert((i, id_node));
        if first < i {
            let message = format!("{:?} is the id of flow [{first}] too: ids are unique", shown(id));
            reader.repeated(id_node, first_node, message);
        }
    }
    Some(flows)
}

fn read_flow<'t>(reader: &mut Reader<'t>, node: &Node<'t>, registry: Option<&Registry>) -> Option<Flow> {
    let mut fields = reader.fields(node)?;
    fields.elsewhere(INNER, "inside `trigger`");
    let draft = Draft::read(&mut fields, "trigger");
    let steps = fields.required("steps", read_steps);
    let concurrency = fields.optional("concurrency", read_concurrency);
    fields.end();
    let trigger = draft.finish(reader, node);
    let steps = steps?;
    let mut faults = check::faults(&steps, concurrency.map(|of| (of.runs(), of.waiting())));
    if let Some(registry) = registry {
        faults.extend(fit::faults(&steps, registry));
    }
    faults.retain(|fault| !is_of_what_is_missing(node, fault));
    for fault in &faults {
        reader.fault_below(node, fault.path(), fault.message());
    }
    Some(Flow { trigger: trigger.filter(|_| faults.is_empty())?, steps, concurrency })
}

/// What stands in for a name or an action that is not there is not at fault by itself: that it is missing was told.
fn is_of_what_is_missing(node: &Node<'_>, fault: &Fault) -> bool {
    let (_, rest) = node.descend(fault.path());
    matches!(rest, "name" | "action")
        || match &node.descend(fault.path()).0.value {
            NodeValue::Text(_) => false,
            _ => fault.path().ends_with(".name") || fault.path().ends_with(".action"),
        }
}

fn read_steps<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Vec<Step>> {
    let nodes = reader.items(node)?;
    // One that is no step leaves the places of the others as they are.
    Some(nodes.iter().map(|node| read_step(reader, node).unwrap_or_else(|| Step::new("", ""))).collect())
}

fn read_step<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Step> {
    let mut fields = reader.fields(node)?;
    let name = fields.required("name", Reader::text);
    let action = fields.required("action", Reader::text);
    let mut step = Step::new(name.unwrap_or_default(), action.unwrap_or_default());
    if let Some(inputs) = fields.optional("inputs", read_object) {
        step.inputs = inputs;
    }
    step.run_after = fields.optional("runAfter", read_run_after);
    step.condition = fields.optional("if", Reader::text).map(str::to_owned);
    step.retry = fields.optional("retry", RetryPolicy::read_at);
    step.retry_unsafe = fields.optional("retryUnsafe", Reader::boolean).unwrap_or(false);
    step.timeout = fields.optional("timeout", Reader::duration);
    step.connection = fields.optional("connection", Reader::text).map(str::to_owned);
    fields.end();
    Some(step)
}

type RunAfter = BTreeMap<String, BTreeSet<StepOutcome>>;

fn read_run_after<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<RunAfter> {
    let members = reader.fields(node)?.close();
    let words = StepOutcome::ALL.map(|outcome| (outcome.as_str(), outcome));
    let mut after = BTreeMap::new();
    for member in members {
        let outcomes = match reader.items(&member.node) {
            Some(nodes) => nodes.iter().map(|node| reader.word(node, &words).unwrap_or(ANY)).collect(),
            None => BTreeSet::from([ANY]),
        };
        after.entry(member.name.to_string()).or_insert(outcomes);
    }
    Some(after)
}

fn read_concurrency<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Concurrency> {
    let mut fields = reader.fields(node)?;
    let runs = fields.required("runs", Reader::count);
    let waiting = fields.optional("waiting", Reader::count);
    fields.end();
    let concurrency = Concurrency::of(runs?);
    Some(waiting.map_or(concurrency, |waiting| concurrency.with_waiting(waiting)))
}

fn read_object<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Map<String, Value>> {
    let members = reader.fields(node)?.close();
    let mut object = Map::new();
    for member in members {
        let value = read_value(reader, &member.node);
        object.entry(member.name.to_string()).or_insert(value);
    }
    Some(object)
}

/// Any JSON; where a part is at fault, which is noted, null stands in.
fn read_value<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Value {
    match &node.value {
        NodeValue::Null => Value::Null,
        NodeValue::Bool(value) => Value::Bool(*value),
        NodeValue::Text(text) => Value::String(text.to_string()),
        NodeValue::Array(nodes) => nodes.iter().map(|node| read_value(reader, node)).collect(),
        NodeValue::Object(_) => read_object(reader, node).map_or(Value::Null, Value::Object),
        NodeValue::Number(digits) => match exact(digits) {
            Some(number) => number,
            None => {
                let message = format!("{} is beyond what a number holds exactly", shown(digits));
                reader.fault(node, message);
                Value::Null
            }
        },
    }
}

/// A number, unless it is a whole one that a float would round, or beyond all floats.
fn exact(digits: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(digits).ok()?;
    let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    (!is_whole || value.is_i64() || value.is_u64()).then_some(value)
}

//! A flow made ready to run.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::definition::Flow;
use super::graph::{self, After};
use super::rendered::Rendering;
use super::run::StepRecord;
use super::step::{Step, StepOutcome};
use super::template::{Budget, Escape, Scope, Template, Templates};
use super::texts::Texts;
use crate::action::{DynAction, Effect, Field, FieldType, Format, Registry, RetryPolicy, join_path};
use crate::error::Fault;

/// What stands for a secret in a record.
const REDACTED: &str = "[redacted]";

/// The most faults of a rendering that are told.
const MOST_FAULTS: usize = 8;

/// A flow made ready to run. It can be made of any flow: what is wrong with a
/// step, which can only be where actions have changed, is told when it runs.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) id: Arc<str>,
    pub(super) flow: Flow,
    /// Which steps run after each.
    pub(super) afters: Vec<Vec<usize>>,
    /// Whether another step surely has ended when one runs.
    ancestors: Vec<Vec<bool>>,
    templates: Templates,
    pub(super) steps: Vec<StepPlan>,
}

#[derive(Debug)]
pub(super) struct StepPlan {
    pub(super) name: Arc<str>,
    pub(super) target: Arc<str>,
    pub(super) action_name: Arc<str>,
    pub(super) retry: RetryPolicy,
    pub(super) retry_unsafe: bool,
    pub(super) effect: Option<Effect>,
    pub(super) timeout: Option<Duration>,
    /// Whether any step that runs after it may read what its action gave.
    pub(super) is_read: bool,
    /// What it runs after. Here, where all else of a step stands that every run reads.
    pub(super) befores: Vec<After>,
    /// It always runs, and its action is given an empty input, which fits it.
    gives_nothing: bool,
    action: Option<DynAction>,
    condition: Option<Template>,
    inputs: Vec<(String, Part)>,
}

/// A value of an input.
#[derive(Debug)]
enum Part {
    Literal(Value),
    Template { template: Template, is_secret: bool },
    Array(Vec<Part>),
    Object(Vec<(String, Part)>),
}

impl Plan {
    pub(super) fn new(flow: Flow, registry: &Registry, texts: &mut Texts) -> Self {
        let befores = graph::befores(&flow.steps);
        let ancestors = graph::ancestors(&befores);
        let mut afters = vec![Vec::new(); flow.steps.len()];
        for (at, befores) in befores.iter().enumerate() {
            befores.iter().for_each(|after| afters[after.step].push(at));
        }
        let mut templates = Templates::new();
        let of_step = |(at, (step, befores)): (usize, (&Step, Vec<After>))| {
            let is_read = ancestors.iter().any(|before| before[at]);
            StepPlan::new(step, befores, is_read, registry, &mut templates, texts)
        };
        let steps = flow.steps.iter().zip(befores).enumerate().map(of_step).collect();
        Self { id: flow.id().into(), flow, afters, ancestors, templates, steps }
    }

    /// What the step's action is given, or why nothing. `named` gives what
    /// templates see but for the steps, `known` what became of a step before.
    /// Neither is asked for what no template speaks of.
    pub(super) fn render(
        &self,
        at: usize,
        named: impl Fn(&str) -> Option<Value>,
        known: impl Fn(usize) -> Option<Value>,
    ) -> Rendering {
        let (step, plan) = (&self.flow.steps[at], &self.steps[at]);
        if plan.gives_nothing {
            return Rendering::Input(Value::Object(Map::new()));
        }
        let Some(action) = &plan.action else {
            return Rendering::Failed(format!("there is no action {:?}", step.action));
        };
        let roots = |name: &str| match name {
            "steps" => {
                let before = (0..self.flow.steps.len()).filter(|other| self.ancestors[at][*other]);
                let of = |other: usize| Some((self.flow.steps[other].name.clone(), known(other)?));
                Some(Value::Object(before.filter_map(of).collect()))
            }
            _ => named(name),
        };
        let scope = Scope::of(&roots);
        match plan
            .condition
            .as_ref()
            .map(|condition| self.templates.render(condition, &scope, &mut Budget::new()))
        {
            None | Some(Ok(Value::Bool(true))) => {}
            Some(Ok(Value::Bool(false))) => return Rendering::Skipped,
            Some(Ok(_)) => return Rendering::Failed("if: it gives neither true nor false".to_owned()),
            Some(Err(why)) => return Rendering::Failed(format!("if: {why}")),
        }
        let mut pen =
            Pen { templates: &self.templates, scope: &scope, budget: Budget::new(), faults: Vec::new() };
        let input = Value::Object(pen.members("", &plan.inputs));
        let mut faults = pen.faults;
        if faults.is_empty() {
            faults.extend(
                action.metadata().check_input(&input).err().iter().flat_map(|error| error.fields().to_vec()),
            );
        }
        if faults.is_empty() {
            return Rendering::Input(input);
        }
        let told: Vec<String> = faults.iter().take(MOST_FAULTS).map(ToString::to_string).collect();
        let rest = faults.len().saturating_sub(MOST_FAULTS);
        let rest = if rest > 0 { format!("; and {rest} more") } else { String::new() };
        Rendering::Failed(format!("its input cannot be made: {}{rest}", told.join("; ")))
    }

    /// The input as a record shows it.
    pub(super) fn redacted(&self, at: usize, input: &Value) -> Value {
        match (&self.steps[at].action, input) {
            (Some(action), Value::Object(members)) => redacted_members(action.metadata().inputs(), members),
            // Without its metadata nobody knows what of it is a secret.
            _ => Value::String(REDACTED.to_owned()),
        }
    }

    /// Whether a branch has ended in a failure, told from how the steps ended;
    /// `skipped_by_itself` are those whose own condition was false.
    pub(super) fn has_failed(
        &self,
        outcome: impl Fn(usize) -> Option<StepOutcome>,
        skipped_by_itself: impl Fn(usize) -> bool,
    ) -> bool {
        let steps = 0..self.steps.len();
        if !steps.clone().filter_map(&outcome).any(StepOutcome::is_failure) {
            return false;
        }
        let mut is_seen = vec![false; self.steps.len()];
        let mut open: Vec<usize> = steps.filter(|at| self.afters[*at].is_empty()).collect();
        while let Some(at) = open.pop() {
            if std::mem::replace(&mut is_seen[at], true) {
                continue;
            }
            match outcome(at) {
                Some(outcome) if outcome.is_failure() => return true,
                Some(StepOutcome::Skipped) if !skipped_by_itself(at) => {
                    open.extend(self.steps[at].befores.iter().map(|after| after.step));
                }
                _ => {}
            }
        }
        false
    }
}

impl StepPlan {
    /// What is known of it before it has begun.
    pub(super) fn record(&self) -> StepRecord {
        StepRecord::new(self.name.clone(), self.action_name.clone())
    }

    fn new(
        step: &Step,
        befores: Vec<After>,
        is_read: bool,
        registry: &Registry,
        templates: &mut Templates,
        texts: &mut Texts,
    ) -> Self {
        let action = registry.get(&step.action).cloned();
        let condition = step.condition.as_ref().map(|condition| templates.add_condition(condition));
        let fields = action.as_ref().map_or(&[][..], |action| action.metadata().inputs());
        let inputs = members(&step.inputs, fields, templates);
        let fits = |action: &DynAction| action.metadata().check_input(&Value::Object(Map::new())).is_ok();
        Self {
            gives_nothing: condition.is_none() && inputs.is_empty() && action.as_ref().is_some_and(fits),
            name: texts.share(&step.name),
            target: texts.share(step.target()),
            action_name: texts.share(&step.action),
            retry: step.retry.clone().unwrap_or_default(),
            retry_unsafe: step.retry_unsafe,
            effect: action.as_ref().map(|action| action.metadata().effect()),
            timeout: step.timeout,
            befores,
            is_read,
            action,
            condition,
            inputs,
        }
    }
}

fn members(members: &Map<String, Value>, fields: &[Field], templates: &mut Templates) -> Vec<(String, Part)> {
    let of = |(name, value): (&String, &Value)| {
        let field = fields.iter().find(|field| field.name() == name);
        (name.clone(), part(value, field, templates))
    };
    members.iter().map(of).collect()
}

fn part(value: &Value, field: Option<&Field>, templates: &mut Templates) -> Part {
    match value {
        Value::String(source) => match templates.add(source, escape_of(field)) {
            Template::Plain(text) => Part::Literal(Value::String(text)),
            template => Part::Template { template, is_secret: field.is_some_and(Field::is_secret) },
        },
        Value::Array(values) => {
            let element = match field.map(Field::field_type) {
                Some(FieldType::Array(element)) => Some(&**element),
                _ => None,
            };
            Part::Array(values.iter().map(|value| part(value, element, templates)).collect())
        }
        Value::Object(object) => {
            let fields = match field.map(Field::field_type) {
                Some(FieldType::Object(fields)) => &fields[..],
                _ => &[],
            };
            Part::Object(members(object, fields, templates))
        }
        other => Part::Literal(other.clone()),
    }
}

/// How values are escaped in a text for this field: as its format asks. A plain
/// text is one: an action that writes it as Markdown or HTML escapes it itself.
fn escape_of(field: Option<&Field>) -> Escape {
    match field.map(Field::field_type) {
        Some(FieldType::String(Format::Html)) => Escape::Html,
        Some(FieldType::String(Format::Uri)) => Escape::Uri,
        _ => Escape::None,
    }
}

/// Writes an input, and notes every fault.
struct Pen<'a> {
    templates: &'a Templates,
    scope: &'a Scope<'a>,
    budget: Budget,
    faults: Vec<Fault>,
}

impl Pen<'_> {
    fn members(&mut self, path: &str, parts: &[(String, Part)]) -> Map<String, Value> {
        parts.iter().map(|(name, part)| (name.clone(), self.value(&join_path(path, name), part))).collect()
    }

    fn value(&mut self, path: &str, part: &Part) -> Value {
        match part {
            Part::Literal(value) => {
                let taken = self.budget.take_value(value);
                self.noted(path, taken.map(|()| value.clone()))
            }
            Part::Template { template, is_secret } => {
                let value = self.templates.render(template, self.scope, &mut self.budget);
                // The engine's words may hold the value.
                let value = value
                    .map_err(|why| if *is_secret { "the secret cannot be rendered".to_owned() } else { why });
                self.noted(path, value)
            }
            Part::Array(parts) => {
                let all = parts.iter().enumerate();
                all.map(|(at, part)| self.value(&format!("{path}[{at}]"), part)).collect()
            }
            Part::Object(parts) => Value::Object(self.members(path, parts)),
        }
    }

    fn noted(&mut self, path: &str, value: Result<Value, String>) -> Value {
        value.unwrap_or_else(|why| {
            self.faults.push(Fault::new(path, why));
            Value::Null
        })
    }
}

fn redacted_members(fields: &[Field], members: &Map<String, Value>) -> Value {
    let of = |(name, value): (&String, &Value)| {
        let field = fields.iter().find(|field| field.name() == name);
        (name.clone(), field.map_or_else(|| value.clone(), |field| redacted(field, value)))
    };
    if members.is_empty() {
        return Value::Object(Map::new());
    }
    Value::Object(members.iter().map(of).collect())
}

fn redacted(field: &Field, value: &Value) -> Value {
    match (field.field_type(), value) {
        (_, Value::Null) => Value::Null,
        _ if field.is_secret() => Value::String(REDACTED.to_owned()),
        (FieldType::Object(fields), Value::Object(members)) => redacted_members(fields, members),
        (FieldType::Array(element), Value::Array(values)) => {
            values.iter().map(|value| redacted(element, value)).collect()
        }
        (_, value) => value.clone(),
    }
}

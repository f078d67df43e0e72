//! What is wrong with a flow in itself, whatever actions there are.

use std::time::Duration;

use serde_json::Value;

use super::graph;
use super::limits::{MAX_NAME, MAX_RUNS, MAX_STEPS, MAX_TARGET, MAX_WAITING};
use super::step::Step;
use super::template::{self, Names};
use crate::action::join_path;
use crate::error::Fault;
use crate::event::strict::shown;
use crate::time::{MAX_DURATION, format_duration};

/// Every fault, in the order of the steps; of the concurrency its runs and how many may wait.
pub(super) fn faults(steps: &[Step], concurrency: Option<(u32, u32)>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if steps.is_empty() || steps.len() > MAX_STEPS {
        let message = format!("a flow has 1 to {MAX_STEPS} steps, and this one has {}", steps.len());
        faults.push(Fault::new("steps", message));
    }
    if steps.len() <= MAX_STEPS {
        let befores = graph::befores(steps);
        let ancestors = graph::ancestors(&befores);
        let circle = graph::circle(&befores);
        for (at, step) in steps.iter().enumerate() {
            let mut of_step = Vec::new();
            let before = Before { steps, ancestors: &ancestors, at, is_known: circle.is_none() };
            check_names(steps, at, &mut of_step);
            check_inputs(step, &before, &mut of_step);
            check_run_after(steps, step, circle.as_deref(), at, &mut of_step);
            check_rest(step, &before, &mut of_step);
            faults.extend(of_step.into_iter().map(|fault: Fault| fault.under(&format!("steps[{at}]"))));
        }
    }
    if let Some((runs, waiting)) = concurrency {
        if !(1..=MAX_RUNS).contains(&runs) {
            faults.push(Fault::new("concurrency.runs", format!("{runs} is not between 1 and {MAX_RUNS}")));
        }
        if waiting > MAX_WAITING {
            let message = format!("{waiting} is over the limit of {MAX_WAITING}");
            faults.push(Fault::new("concurrency.waiting", message));
        }
    }
    faults
}

fn check_names(steps: &[Step], at: usize, faults: &mut Vec<Fault>) {
    let name = &steps[at].name;
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !is_plain || !starts || name.len() > MAX_NAME {
        let rule = format!("1 to {MAX_NAME} of A-Z a-z 0-9 _, and no digit first");
        faults.push(Fault::new("name", format!("{:?} is no name for a step: {rule}", shown(name))));
    }
    if let Some(first) = steps[..at].iter().position(|other| other.name == *name) {
        let message = format!("{:?} is the name of steps[{first}] too: names are unique", shown(name));
        faults.push(Fault::new("name", message));
    }
    check_target("action", &steps[at].action, faults);
    if let Some(connection) = &steps[at].connection {
        check_target("connection", connection, faults);
    }
}

fn check_target(path: &str, name: &str, faults: &mut Vec<Fault>) {
    if name.is_empty() || name.len() > MAX_TARGET {
        faults.push(Fault::new(path, format!("{} bytes: it takes 1 to {MAX_TARGET}", name.len())));
    } else if name.chars().any(char::is_control) {
        faults.push(Fault::new(path, format!("{:?} has a control character", shown(name))));
    }
}

fn check_inputs(step: &Step, before: &Before<'_>, faults: &mut Vec<Fault>) {
    for (name, value) in &step.inputs {
        check_value(&join_path("inputs", name), value, before, faults);
    }
}

fn check_value(path: &str, value: &Value, before: &Before<'_>, faults: &mut Vec<Fault>) {
    match value {
        Value::String(text) => {
            let all = template::faults(text, false, before);
            faults.extend(all.into_iter().map(|message| Fault::new(path, message)));
        }
        Value::Array(values) => values
            .iter()
            .enumerate()
            .for_each(|(at, value)| check_value(&format!("{path}[{at}]"), value, before, faults)),
        Value::Object(members) => members
            .iter()
            .for_each(|(name, value)| check_value(&join_path(path, name), value, before, faults)),
        _ => {}
    }
}

fn check_run_after(
    steps: &[Step],
    step: &Step,
    circle: Option<&[usize]>,
    at: usize,
    faults: &mut Vec<Fault>,
) {
    for (name, outcomes) in step.run_after.iter().flatten() {
        let path = join_path("runAfter", name);
        if steps.iter().all(|step| step.name != *name) {
            faults.push(Fault::new(&*path, format!("there is no step {:?}", shown(name))));
        }
        if outcomes.is_empty() {
            faults.push(Fault::new(&*path, "no outcome is given, so that it would never run"));
        }
    }
    // Told once, where the walk along it begins.
    if let Some(circle) = circle.filter(|circle| circle.first() == Some(&at)) {
        let names: Vec<&str> =
            circle.iter().chain(circle.first()).map(|at| steps[*at].name.as_str()).collect();
        let message = format!("the steps run after each other in a circle: {}", names.join(" after "));
        faults.push(Fault::new("runAfter", message));
    }
}

fn check_rest(step: &Step, before: &Before<'_>, faults: &mut Vec<Fault>) {
    if let Some(condition) = &step.condition {
        let all = template::faults(condition, true, before);
        faults.extend(all.into_iter().map(|message| Fault::new("if", message)));
    }
    if let Some(timeout) = step.timeout.filter(|time| *time == Duration::ZERO || *time > MAX_DURATION) {
        let message = format!("{}: it takes more than none, up to 292 years", format_duration(timeout));
        faults.push(Fault::new("timeout", message));
    }
}

/// The steps that a template of one of them may speak of.
struct Before<'a> {
    steps: &'a [Step],
    ancestors: &'a [Vec<bool>],
    at: usize,
    /// With a circle nothing is before anything.
    is_known: bool,
}

impl Names for Before<'_> {
    fn runs_before(&self, step: &str) -> Option<bool> {
        let step = self.steps.iter().position(|other| other.name == step)?;
        Some(!self.is_known || self.ancestors[self.at][step])
    }
}

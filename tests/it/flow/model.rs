//! What becomes of a flow's steps by the words of the contract: each asked for
//! anew, from the steps before it.

use std::collections::BTreeMap;

use tripline::flow::{RunStatus, StepOutcome};

/// What will become of a step, should it be due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Delivered,
    Dead,
    TooLate,
    /// Its input cannot be rendered.
    Unrendered,
    /// Its condition is false.
    Unmet,
    /// Its condition cannot be judged.
    Unjudged,
}

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) fate: Fate,
    /// As the flow says it; `None` where it says nothing.
    pub(crate) after: Option<BTreeMap<String, Vec<StepOutcome>>>,
}

fn befores(plans: &[Plan], at: usize) -> BTreeMap<usize, Vec<StepOutcome>> {
    match &plans[at].after {
        Some(after) => after
            .iter()
            .map(|(name, outcomes)| {
                (plans.iter().position(|plan| plan.name == *name).unwrap(), outcomes.clone())
            })
            .collect(),
        None if at == 0 => BTreeMap::new(),
        None => BTreeMap::from([(at - 1, vec![StepOutcome::Succeeded])]),
    }
}

/// Whether all that it runs after ended in a way that lets it run.
pub(crate) fn is_due(plans: &[Plan], at: usize) -> bool {
    befores(plans, at).into_iter().all(|(before, outcomes)| outcomes.contains(&outcome(plans, before)))
}

pub(crate) fn outcome(plans: &[Plan], at: usize) -> StepOutcome {
    match plans[at].fate {
        _ if !is_due(plans, at) => StepOutcome::Skipped,
        Fate::Delivered => StepOutcome::Succeeded,
        Fate::Dead | Fate::Unrendered | Fate::Unjudged => StepOutcome::Failed,
        Fate::TooLate => StepOutcome::TimedOut,
        Fate::Unmet => StepOutcome::Skipped,
    }
}

/// Whether a delivery is made of it.
pub(crate) fn is_delivered(plans: &[Plan], at: usize) -> bool {
    is_due(plans, at) && matches!(plans[at].fate, Fate::Delivered | Fate::Dead | Fate::TooLate)
}

fn has_branch_failed(plans: &[Plan], at: usize) -> bool {
    match outcome(plans, at) {
        StepOutcome::Failed | StepOutcome::TimedOut => true,
        StepOutcome::Skipped if !is_due(plans, at) => {
            befores(plans, at).into_keys().any(|before| has_branch_failed(plans, before))
        }
        _ => false,
    }
}

pub(crate) fn status(plans: &[Plan]) -> RunStatus {
    let is_end = |at: &usize| (0..plans.len()).all(|other| !befores(plans, other).contains_key(at));
    let has_failed = (0..plans.len()).filter(is_end).any(|end| has_branch_failed(plans, end));
    if has_failed { RunStatus::Failed } else { RunStatus::Succeeded }
}

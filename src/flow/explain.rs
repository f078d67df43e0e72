//! What a run did and why, in words.

use super::run::{RunId, RunRecord, RunStatus, StepRecord, StepState};
use super::{Flows, Live};
use crate::firing::FiringId;
use crate::time::format_instant;

impl Flows {
    /// What a run did, step by step, and why: for people, not for programs.
    /// `None` where it is not known (any more).
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// let run = flows.handle_firing(now, &firing)?.started()[0];
    /// let said = flows.explain(run.as_str()).unwrap();
    /// assert_eq!(
    ///     said.lines().collect::<Vec<_>>(),
    ///     [
    ///         &*format!("run {run} of the flow \"vip-1000\" is running since 2026-03-01T02:00:00Z: it was started by the firing {}", firing.id()),
    ///         "tell runs since 2026-03-01T02:00:00Z: its delivery waits to be handed out",
    ///     ],
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain(&self, run: &str) -> Option<String> {
        let record = self.run(run)?;
        let live = self.number_of(run).and_then(|number| self.live.get(&number));
        let mut lines = vec![self.explain_start(record)];
        let steps = record.steps.iter().enumerate();
        lines.extend(steps.map(|(at, step)| self.explain_step(record, live, at, step)));
        Some(lines.join("\n"))
    }

    /// What followed from a firing, or why nothing did: for people. `None`
    /// where it was never handed in, or is not remembered any more. Why there
    /// was no firing in the first place is for [the engine](crate::engine::Engine::set_explain) to say.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/flows.rs")]
    /// flows.remove("vip-1000");
    /// let _ = flows.handle_firing(now, &firing)?;
    /// assert_eq!(
    ///     flows.explain_firing(firing.id().as_str()).unwrap(),
    ///     "no flow began with the trigger \"vip-1000\" when it came: it started nothing",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain_firing(&self, firing: &str) -> Option<String> {
        let id = FiringId::from_text(firing)?;
        let Some(runs) = self.firings.get(&id) else {
            let trigger = self.unmatched.trigger_of(firing)?;
            return Some(format!(
                "no flow began with the trigger {trigger:?} when it came: it started nothing"
            ));
        };
        let all = (1..=runs.last).filter_map(|number| self.explain(RunId::new(id, number).as_str()));
        Some(all.collect::<Vec<_>>().join("\n"))
    }

    fn explain_start(&self, record: &RunRecord) -> String {
        let (id, flow, firing) = (&record.id, &record.flow, record.firing.id());
        let queued = format_instant(record.queued);
        let since = record.started.map_or_else(|| queued.clone(), format_instant);
        let ended = record.ended.map(format_instant).unwrap_or_default();
        let is = match record.status {
            RunStatus::Waiting => {
                let before = self.courses.of(&record.flow).map_or(0, |course| course.running);
                format!("waits since {queued} behind {before} that are under way, as many as may")
            }
            RunStatus::Running => format!("is running since {since}"),
            status => format!("{} at {ended}, begun at {since}", status.as_str()),
        };
        let why = match &record.resubmit_of {
            Some(before) => format!("{before} was submitted again, which was started by the firing {firing}"),
            None => format!("it was started by the firing {firing}"),
        };
        format!("run {id} of the flow {flow:?} {is}: {why}")
    }

    fn explain_step(&self, record: &RunRecord, live: Option<&Live>, at: usize, step: &StepRecord) -> String {
        let name = &step.name;
        let reason = step.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        match step.state {
            StepState::Ended(outcome) => {
                let at = step.ended.map(format_instant).unwrap_or_default();
                let attempts = match step.attempts {
                    0 => String::new(),
                    1 => " after 1 attempt".to_owned(),
                    many => format!(" after {many} attempts"),
                };
                let word = match outcome {
                    super::StepOutcome::Skipped => "was skipped",
                    super::StepOutcome::TimedOut => "timed out",
                    other => other.as_str(),
                };
                format!("{name} {word} at {at}{attempts}{reason}")
            }
            StepState::Running { deadline } => {
                let since = step.started.map(format_instant).unwrap_or_default();
                let until = deadline
                    .map_or_else(String::new, |at| format!(", until {} at the latest", format_instant(at)));
                let is_unsent = live.is_some_and(|live| live.steps[at].unsent.is_some());
                let is = match is_unsent {
                    true => "waits to be handed out".to_owned(),
                    false => format!("is {}", StepRecord::delivery_id(&record.id, name)),
                };
                format!("{name} runs since {since}{until}: its delivery {is}")
            }
            StepState::CalledOff => format!("{name} did not end: the run was called off"),
            StepState::Waiting => {
                let befores = live.map(|live| live.plan.steps[at].befores.as_slice()).unwrap_or_default();
                let open: Vec<&str> = befores
                    .iter()
                    .map(|after| &record.steps[after.step])
                    .filter(|before| before.outcome().is_none())
                    .map(|before| &*before.name)
                    .collect();
                match open.as_slice() {
                    [] => format!("{name} waits for the run to begin"),
                    open => format!("{name} waits for {}", open.join(" and ")),
                }
            }
        }
    }
}

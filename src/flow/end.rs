//! How steps and runs end.

use hashbrown::hash_map::Entry;
use serde_json::Value;

use super::Flows;
use super::advance::weight;
use super::run::{RunId, RunRecord, RunStatus, StepRecord, StepState};
use super::runs::Place;
use super::step::StepOutcome;
use super::template::Budget;
use crate::dispatch::{DeadReason, Outcome};

/// The most characters of a reason that are kept.
const MOST_OF_REASON: usize = 2_000;

impl Flows {
    /// What became of a delivery becomes that of the step that waits for it.
    pub(super) fn note_outcome(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Delivered { id, attempt, output, .. } => {
                self.conclude(id.as_str(), *attempt, StepOutcome::Succeeded, None, Some(output));
            }
            Outcome::Dead(letter) => {
                // Only a step with a time of its own has a delivery that expires.
                let outcome = match letter.reason() {
                    DeadReason::Expired => StepOutcome::TimedOut,
                    _ => StepOutcome::Failed,
                };
                let attempts = letter.attempts_before().saturating_add(letter.attempts().len() as u32);
                self.conclude(
                    letter.delivery().id().as_str(),
                    attempts,
                    outcome,
                    Some(letter.to_string()),
                    None,
                );
            }
            Outcome::Cancelled { id, is_outcome_unknown, .. } => {
                let reason = match is_outcome_unknown {
                    true => "its delivery was called off, and may have been carried out all the same",
                    false => "its delivery was called off",
                };
                self.conclude(id.as_str(), 0, StepOutcome::Failed, Some(reason.to_owned()), None);
            }
            Outcome::Refused { id, reason } => {
                let reason = format!("its delivery was refused: {reason}");
                self.conclude(id.as_str(), 0, StepOutcome::Failed, Some(reason), None);
            }
            // It is about no delivery.
            _ => {}
        }
    }

    fn conclude(
        &mut self,
        delivery: &str,
        attempts: u32,
        outcome: StepOutcome,
        reason: Option<String>,
        output: Option<&Value>,
    ) {
        let Some((number, at)) = self.step_of(delivery) else {
            self.counts.ignored += 1;
            return;
        };
        let Some(live) = self.live.get_mut(&number) else { return };
        self.pending -= 1;
        let unsent = live.steps[at].unsent.take();
        live.record.steps[at].attempts = attempts;
        let mut reason = reason;
        let is_read = live.plan.steps[at].is_read;
        if let Some(output) = output.filter(|output| is_read && !output.is_null()) {
            match Budget::new().take_value(output) {
                Ok(()) => {
                    let weight = weight(output);
                    live.bytes += weight;
                    self.bytes += weight;
                    live.steps[at].output = Some(output.clone());
                }
                Err(_) => {
                    self.counts.outputs_dropped += 1;
                    reason = Some("its output was too large to be kept".to_owned());
                }
            }
        }
        if let Some(place) = unsent {
            self.empty_place(place);
        }
        self.end_step(number, at, outcome, reason);
        self.touched.push_back(number);
    }

    /// The step that waits for a delivery, and the number of its run.
    pub(super) fn step_of(&self, delivery: &str) -> Option<(u64, usize)> {
        let (firing, number, name) = RunId::read_delivery(delivery)?;
        let Place::Live(number) = self.firings.get(&firing)?.place(number)? else { return None };
        let steps = &self.live.get(&number)?.record.steps;
        let at = steps.iter().position(|step| *step.name == *name)?;
        steps[at].is_running().then_some((number, at))
    }

    /// A step has ended; whoever ends one from outside looks at its run again.
    pub(super) fn end_step(&mut self, number: u64, at: usize, outcome: StepOutcome, reason: Option<String>) {
        let Some(live) = self.live.get_mut(&number) else { return };
        let step = &mut live.record.steps[at];
        step.state = StepState::Ended(outcome);
        step.ended = Some(self.clock);
        step.reason = reason.map(cut);
        *match outcome {
            StepOutcome::Succeeded => &mut self.counts.steps_succeeded,
            StepOutcome::Failed => &mut self.counts.steps_failed,
            StepOutcome::Skipped => &mut self.counts.steps_skipped,
            StepOutcome::TimedOut => &mut self.counts.steps_timed_out,
        } += 1;
    }

    /// A run is over: it goes into the history, and the next of its flow begins.
    pub(super) fn end_run(&mut self, number: u64, status: RunStatus) {
        let Some(mut live) = self.live.remove(&number) else { return };
        let was_running = live.record.status == RunStatus::Running;
        live.record.status = status;
        live.record.ended = Some(self.clock);
        self.bytes -= live.bytes;
        *match status {
            RunStatus::Succeeded => &mut self.counts.succeeded,
            RunStatus::Cancelled => &mut self.counts.cancelled,
            _ => &mut self.counts.failed,
        } += 1;
        let course = live.course;
        self.courses.change(course, |course| {
            if was_running {
                course.running -= 1;
            } else {
                course.waiting.retain(|other| *other != number);
            }
        });
        self.remember(live.record);
        self.let_in(course);
    }

    /// Keeps a run that is over; the oldest make room.
    pub(super) fn remember(&mut self, record: Box<RunRecord>) {
        let (firing, number) = (record.id.firing(), record.number);
        let place = self.history.push(record);
        if let Some(runs) = self.firings.get_mut(&firing) {
            runs.put(number, Place::Ended(place));
        }
        while let Some(gone) = self.history.pop_over(&self.limits) {
            self.counts.history_dropped += 1;
            self.forget(&gone);
        }
    }

    fn forget(&mut self, gone: &RunRecord) {
        // Of the run's own id: the firing itself has not been near for long.
        if let Entry::Occupied(mut runs) = self.firings.entry(gone.id.firing()) {
            runs.get_mut().forget(gone.number);
            if runs.get().is_forgotten() {
                runs.remove();
            }
        }
    }
}

fn cut(reason: String) -> String {
    match reason.char_indices().nth(MOST_OF_REASON) {
        Some((end, _)) => format!("{}…", &reason[..end]),
        None => reason,
    }
}

/// What a record weighs against the bounds of the history.
pub(super) fn record_weight(record: &RunRecord) -> usize {
    let of_step = |step: &StepRecord| {
        let texts = step.name.len() + step.action.len() + step.reason.as_ref().map_or(0, String::len);
        160 + texts + step.input.as_ref().map_or(0, weight)
    };
    1_500 + record.steps.iter().map(of_step).sum::<usize>()
}

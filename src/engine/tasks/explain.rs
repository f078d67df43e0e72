//! Why a task did or did not fire a trigger, in words.

use crate::threshold::Transition;
use crate::time::format_instant;
use crate::trigger::TriggerKind;

use super::super::Engine;
use super::super::verdict::Verdict;
use super::input::Task;
use super::settling::Fate;
use super::tell::TaskKey;

impl Engine {
    /// Notes a verdict that thresholds have too; nothing unless explanations are asked for.
    pub(super) fn note_task(&mut self, trigger: u32, key: TaskKey, verdict: Verdict) {
        if self.explain.is_some() {
            let key = self.key_of(key);
            self.explain_key(trigger, key, None, verdict.words());
        }
    }

    /// Notes that a trigger fired; `is_due` where a deadline of it has brought that about.
    pub(super) fn note_told(&mut self, trigger: u32, key: TaskKey, is_due: bool) {
        if self.explain.is_some() {
            let kind = self.watch(trigger).map(|watch| watch.trigger.kind());
            let reason = match (kind, is_due) {
                (Some(TriggerKind::NoData { .. }), _) => "fired: no success for the whole span",
                (_, true) => "fired: it failed, and no success followed in time",
                (_, false) => "fired: this is what it waits for",
            };
            let key = self.key_of(key);
            self.explain_key(trigger, key, Some(Transition::Occurred), reason.to_owned());
        }
    }

    /// How many explanations wait, so that one who judges sees whether anything was said.
    pub(super) fn explanations(&self) -> usize {
        self.explain.as_ref().map_or(0, |log| log.waiting.len())
    }

    /// What a task came to that no trigger judged.
    pub(super) fn explain_task(&mut self, task: &Task<'_>, reason: &str) {
        if self.explain.is_some() {
            self.explain_nobody(task.event, task.at, reason.to_owned());
        }
    }

    /// Notes why a task did not fire.
    pub(super) fn note_why(&mut self, trigger: u32, key: TaskKey, why: impl FnOnce() -> String) {
        if self.explain.is_some() {
            let key = self.key_of(key);
            self.explain_key(trigger, key, None, why());
        }
    }
}

/// What became of a failure that waits to be settled.
pub(super) fn words_of(fate: Fate, due: crate::time::Nanos) -> String {
    match fate {
        Fate::Waits | Fate::Crowds => {
            format!("a failure: fires at {} unless a success follows", format_instant(due))
        }
        Fate::Answered(at) => format!("a failure, but a success followed it at {}", format_instant(at)),
        Fate::Covered(at) => format!("a failure of the run that fired at {}", format_instant(at)),
        Fate::Full => {
            format!("a failure; others before it wait already and fire at {}", format_instant(due))
        }
    }
}

//! Why a task did or did not fire a trigger, in words.

use crate::time::format_instant;

use super::super::Engine;
use super::super::verdict::Verdict;
use super::input::Task;
use super::settling::Fate;
use super::tell::TaskKey;

impl Engine {
    /// Notes a verdict that thresholds have too; nothing unless explanations are asked for.
    pub(super) fn note_task(&mut self, trigger: u32, key: TaskKey, verdict: Verdict) {
        if self.explain.is_some() {
            let fired = verdict.fired();
            let reason = match fired {
                Some(_) => "fired: what it waits for has happened".to_owned(),
                None => verdict.words(),
            };
            let key = self.key_of(key);
            self.explain_key(trigger, key, fired, reason);
        }
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

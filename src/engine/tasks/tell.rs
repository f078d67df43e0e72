//! From a task to a firing: enabled? in cooldown? over the limit?

use crate::firing::{Key, Parts};
use crate::threshold::Transition;
use crate::time::{Nanos, nanos_of};

use super::super::Engine;
use super::super::verdict::Verdict;
use super::jobs::Job;
use super::report::Report;
use super::told::{ITEM_TIMES, Told, WHOLE_TIMES};

/// By what the state of a trigger without a series is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum TaskKey {
    Item(u32),
    Job(u32),
    EndedJob(u32),
    Whole,
}

impl Engine {
    /// Emits a firing unless something swallows it.
    pub(super) fn tell(
        &mut self,
        trigger: u32,
        key: TaskKey,
        time: Nanos,
        due_at: Option<Nanos>,
        report: impl FnOnce() -> Report,
    ) {
        let Some(watch) = self.watch(trigger) else { return };
        if !watch.enabled() {
            self.counts.disabled += 1;
            return self.note_task(trigger, key, Verdict::Disabled);
        }
        let cooldown = watch.trigger.cooldown().map(nanos_of);
        let Some(told) = self.told(trigger, key) else { return };
        if let Some(until) = cooldown.and_then(|cooldown| told.cools_until(time, cooldown)) {
            told.suppressed += 1;
            self.counts.suppressed += 1;
            return self.note_task(trigger, key, Verdict::CoolingDown { until });
        }
        if !self.is_within_limit(trigger, time) {
            self.counts.limited += 1;
            return self.note_task(trigger, key, Verdict::Limited);
        }
        let most = if key == TaskKey::Whole { WHOLE_TIMES } else { ITEM_TIMES };
        let Some(told) = self.told(trigger, key) else { return };
        let (ordinal, suppressed) = (told.note(time, most), std::mem::take(&mut told.suppressed));
        let Report { event, owners, facts } = report();
        let parts = Parts {
            key: self.key_of(key),
            transition: Transition::Occurred,
            time,
            ordinal: u64::from(ordinal),
            value: None,
            previous: None,
            crossed_at: None,
            due_at,
            suppressed: u64::from(suppressed),
            event,
            owners,
            facts: Some(Box::new(facts)),
        };
        self.push_parts(trigger, parts);
        self.note_told(trigger, key, due_at.is_some());
    }

    /// What was told of a trigger and a key.
    pub(super) fn told(&mut self, trigger: u32, key: TaskKey) -> Option<&mut Told> {
        match key {
            TaskKey::Item(item) => {
                self.tasks.items.watcher_mut(item, trigger).map(|watcher| &mut watcher.told)
            }
            TaskKey::Job(job) => {
                self.tasks.jobs.watcher(job, trigger, false).map(|watcher| &mut watcher.told)
            }
            TaskKey::EndedJob(job) => {
                self.tasks.ended.watcher(job, trigger, false).map(|watcher| &mut watcher.told)
            }
            TaskKey::Whole => Some(self.tasks.whole.entry(trigger).or_default()),
        }
    }

    /// The key with its texts.
    pub(super) fn key_of(&self, key: TaskKey) -> Key {
        let item = |number| self.tasks.items.get(number);
        let job = |job: Option<&Job<Report>>| {
            job.map_or(Key::Whole, |job| Key::Job { source: job.source.clone(), id: job.id.clone() })
        };
        match key {
            TaskKey::Item(number) => item(number).map_or(Key::Whole, |item| Key::Item {
                source: item.source().into(),
                process: item.process().clone(),
                id: item.id.as_deref().map(Into::into),
            }),
            TaskKey::Job(number) => job(self.tasks.jobs.get(number)),
            TaskKey::EndedJob(number) => job(self.tasks.ended.get(number)),
            TaskKey::Whole => Key::Whole,
        }
    }
}

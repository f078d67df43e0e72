//! The tasks that most are: everything that watches the item waits for nothing
//! but an outcome, and nothing can swallow its firings. These are numbers until
//! they are read.
//!
//! It changes what the way with care would change, and refuses before it has
//! changed anything.

use std::sync::Arc;

use crate::event::{FailureKind, Item, Outcome, RefreshCompleted};
use crate::firing::{Facts, Firing, Parts};
use crate::threshold::Transition;
use crate::time::{Nanos, nanos_of};
use crate::trigger::TriggerKind;

use super::super::Engine;
use super::super::hash::same_bytes;
use super::super::numbers::{EVENTS, INGESTIONS, TASKS, UNIFICATIONS};
use super::super::receipt::Receipt;
use super::super::watch::Watch;
use super::input::Task;
use super::phases::phase_of;
use super::report::Report;
use super::tell::TaskKey;
use super::told::ITEM_TIMES;

/// A place in [`Outcome::KNOWN`].
type Ending = u8;

const SUCCEEDED: Ending = 0;
const FAILED: Ending = 1;
const TIMED_OUT: Ending = 2;

/// What a trigger waits for on an item, as far as the task alone tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Wish {
    /// The trigger has to be asked.
    Unasked,
    Failure {
        include_retrying: bool,
    },
    Outcome(Ending),
    Any,
}

/// A firing of a trigger on an item as the engine keeps it until it is polled.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Occurred {
    pub(in crate::engine) trigger: u32,
    item: u32,
    ordinal: u32,
    ending: Ending,
    pub(in crate::engine) time: Nanos,
    /// The name that the task gave, if it gave one.
    name: Option<Arc<str>>,
    /// What the task said, where that is more than which item it was and how it ended.
    report: Option<Box<Report>>,
}

impl Engine {
    /// Takes a task that nothing needs care for; `None` where it is not such a
    /// one, and nothing has changed.
    pub(super) fn take_quickly(
        &mut self,
        task: &Task<'_>,
        refresh: &RefreshCompleted<'_>,
    ) -> Option<Receipt> {
        let is_heard = task.event.is_some() && self.register.asks(EVENTS);
        let is_due = self.next <= task.at.max(self.clock);
        let unifies = self.register.asks(UNIFICATIONS) && phase_of(refresh.process()).is_some();
        if is_heard || is_due || unifies || self.explain.is_some() {
            return None;
        }
        let (id, name) = (refresh.item().map(Item::id), refresh.item().and_then(Item::name));
        let hash = self.register.hash(id.unwrap_or_default());
        let Some(number) = self.tasks.items.find_hashed(task.source, refresh.process(), id, hash) else {
            if !self.is_unwatched(id.unwrap_or_default(), hash, name) {
                return None;
            }
            self.clock = self.clock.max(task.at);
            return Some(Receipt::Ignored);
        };
        let item = self.tasks.items.get(number)?;
        let generation = self.tasks.generation;
        let is_current = item.asked_by_id == generation && item.refused == 0;
        let is_known = |name: &str| {
            item.asked_by_name == generation
                && item.name.as_deref().is_some_and(|known| same_bytes(known.as_bytes(), name.as_bytes()))
        };
        if !is_current || !name.is_none_or(is_known) {
            return None;
        }
        let ending = ending_of(refresh.outcome())?;
        let mut receipt = Receipt::Ignored;
        for watcher in item.watchers.iter().filter(|watcher| watcher.is_concerned()) {
            if watcher.wish == Wish::Unasked || watcher.told.suppressed > 0 {
                return None;
            }
            receipt = Receipt::Accepted;
        }
        self.clock = self.clock.max(task.at);
        let item = self.tasks.items.get_mut(number)?;
        item.newest = item.newest.max(task.at);
        let is_bare = task.event.is_none() && refresh.is_bare();
        for watcher in item.watchers.iter_mut().filter(|watcher| watcher.is_concerned()) {
            if !watcher.wish.is_met(ending, refresh) {
                continue;
            }
            self.counts.firings += 1;
            self.pending.push_occurred(Occurred {
                trigger: watcher.trigger,
                item: number,
                ordinal: watcher.told.note(task.at, ITEM_TIMES),
                ending,
                time: task.at,
                name: name.and(item.name.as_ref()).map(Arc::clone),
                report: (!is_bare).then(|| Box::new(Report::of(task))),
            });
        }
        Some(receipt)
    }

    /// Whether no trigger asks for an item by this id or name, wherever it is.
    #[inline]
    fn is_unwatched(&self, id: &str, id_hash: u64, name: Option<&str>) -> bool {
        let name = name.map(|name| (name, self.register.hash(name)));
        [INGESTIONS, TASKS].into_iter().filter(|&kind| self.register.asks(kind)).all(|kind| {
            !self.register.is_asked_for(kind, id, id_hash)
                && name.is_none_or(|(name, hash)| !self.register.is_asked_for(kind, name, hash))
        })
    }

    /// The firing with its texts.
    pub(in crate::engine) fn build_occurred(&self, occurred: &Occurred) -> Option<Firing> {
        let Occurred { trigger, item, ordinal, ending, time, name, report } = occurred;
        let Report { event, owners, facts } = match report {
            Some(report) => (**report).clone(),
            None => Report { facts: self.facts_of(*item, *ending, name.as_deref()), ..Report::default() },
        };
        let parts = Parts {
            key: self.key_of(TaskKey::Item(*item)),
            transition: Transition::Occurred,
            time: *time,
            ordinal: u64::from(*ordinal),
            value: None,
            previous: None,
            crossed_at: None,
            due_at: None,
            suppressed: 0,
            event,
            owners,
            facts: Some(Box::new(facts)),
        };
        Some(Firing::new(self.watch(*trigger)?.trigger.clone(), parts))
    }

    fn facts_of(&self, item: u32, ending: Ending, name: Option<&str>) -> Facts {
        let item = self.tasks.items.get(item);
        let id = item.and_then(|item| item.id.as_deref());
        let named = |id: &str| match name {
            Some(name) => Item::new(id.to_owned()).with_name(name.to_owned()),
            None => Item::new(id.to_owned()),
        };
        Facts {
            process: item.map(|item| item.process().clone()),
            item: id.map(named),
            outcome: Outcome::KNOWN.get(usize::from(ending)).cloned(),
            ..Facts::default()
        }
    }
}

impl Wish {
    /// What the trigger waits for, where nothing but the task decides.
    pub(super) fn of(watch: &Watch) -> Self {
        let trigger = &watch.trigger;
        let can_swallow = !watch.enabled || trigger.cooldown().is_some() || trigger.limit().is_some();
        if can_swallow || watch.asks_events() {
            return Self::Unasked;
        }
        match trigger.kind() {
            TriggerKind::DataSourceRefreshFailed { include_retrying, settle, .. }
                if nanos_of(settle) == 0 =>
            {
                Self::Failure { include_retrying }
            }
            TriggerKind::DataSourceRefreshSucceeded { .. } => Self::Outcome(SUCCEEDED),
            TriggerKind::RefreshCompleted { outcome: None, .. } => Self::Any,
            TriggerKind::RefreshCompleted { outcome: Some(outcome), .. } => {
                ending_of(outcome).map_or(Self::Unasked, Self::Outcome)
            }
            _ => Self::Unasked,
        }
    }

    fn is_met(self, ending: Ending, refresh: &RefreshCompleted<'_>) -> bool {
        match self {
            Self::Unasked => false,
            Self::Failure { include_retrying } => {
                let is_retrying = || {
                    refresh.failure().and_then(crate::event::Failure::kind) == Some(&FailureKind::RETRYING)
                };
                matches!(ending, FAILED | TIMED_OUT) && (include_retrying || !is_retrying())
            }
            Self::Outcome(wanted) => ending == wanted,
            Self::Any => true,
        }
    }
}

fn ending_of(outcome: &Outcome) -> Option<Ending> {
    (0..).zip(Outcome::KNOWN).find(|(_, known)| *known == outcome).map(|(ending, _)| ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endings_that_triggers_wait_for_stand_where_they_are_looked_for() {
        let endings = [Outcome::SUCCEEDED, Outcome::FAILED, Outcome::TIMED_OUT, Outcome::from("halfDone")];
        let expected = [Some(SUCCEEDED), Some(FAILED), Some(TIMED_OUT), None];
        assert_eq!(endings.map(|outcome| ending_of(&outcome)), expected);
    }
}

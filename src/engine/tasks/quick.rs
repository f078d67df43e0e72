//! The tasks that most are: everything that watches the item waits for nothing
//! but an outcome, and nothing can swallow its firings. These are numbers until
//! they are read.
//!
//! It changes what the way with care would change, and refuses before it has
//! changed anything.

use crate::event::{FailureKind, Item, Outcome, RefreshCompleted};
use crate::firing::{Facts, Firing, Parts};
use crate::threshold::Transition;
use crate::time::{Nanos, nanos_of};
use crate::trigger::TriggerKind;

use super::super::Engine;
use super::super::numbers::{EVENTS, INGESTIONS, TASKS, UNIFICATIONS};
use super::super::receipt::Receipt;
use super::super::register::Register;
use super::super::slots::BLOCK;
use super::super::watch::Watch;
use super::input::Task;
use super::phases::phase_of;
use super::report::Report;
use super::sieve::Sieve;
use super::tell::TaskKey;
use super::text::Text;
use super::told::ITEM_TIMES;

/// A place in [`Outcome::KNOWN`].
type Ending = u8;

const SUCCEEDED: Ending = 0;
const FAILED: Ending = 1;
const TIMED_OUT: Ending = 2;
const SKIPPED: Ending = 3;
const CANCELED: Ending = 4;

/// What a trigger waits for on an item, as far as the task alone tells: a bit
/// for each ending, and two more for failures after which there is another try.
/// What a trigger waits for is as good as random from item to item, so nothing
/// here branches on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct Wish(u8);

/// The bit of what a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Met(u8);

/// A firing of a trigger on an item as the engine keeps it until it is polled.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Occurred {
    pub(in crate::engine) trigger: u32,
    item: u32,
    ordinal: u32,
    ending: Ending,
    pub(in crate::engine) time: Nanos,
    /// The name that the task gave, if it gave one.
    name: Option<Text>,
    /// What the task said, where that is more than which item it was and how it ended.
    report: Option<Box<Report>>,
}

/// What a task says of which item it is about, and the hashes of that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    id: Option<&'a str>,
    id_hash: u64,
    name: Option<(&'a str, u64)>,
    /// The item that it is about, where somebody looked ahead; nearly always the right one.
    guess: Option<u32>,
}

impl Engine {
    /// Takes a task that nothing needs care for; `None` where it is not such a
    /// one, and nothing has changed.
    #[inline(always)]
    pub(super) fn take_quickly(
        &mut self,
        task: &Task<'_>,
        refresh: &RefreshCompleted<'_>,
    ) -> Option<Receipt> {
        if self.needs_care(task, refresh) {
            return None;
        }
        let known = Known::of(refresh, &self.register);
        // Which way it goes is told late and badly foreseen, so what the longer way needs first is fetched meanwhile.
        std::hint::black_box(self.tasks.items.touch(known.id, known.id_hash));
        self.take_sifted(&known, task, refresh)
    }

    /// The same for a task that was [looked ahead](Engine::look_ahead_at) to.
    #[inline(always)]
    pub(super) fn take_quickly_ahead(
        &mut self,
        known: &Known<'_>,
        task: &Task<'_>,
        refresh: &RefreshCompleted<'_>,
    ) -> Option<Receipt> {
        if self.needs_care(task, refresh) { None } else { self.take_sifted(known, task, refresh) }
    }

    #[inline(always)]
    fn needs_care(&self, task: &Task<'_>, refresh: &RefreshCompleted<'_>) -> bool {
        let is_heard = task.event.is_some() && self.register.asks(EVENTS);
        let is_due = self.next <= task.at.max(self.clock);
        let unifies = self.register.asks(UNIFICATIONS) && phase_of(refresh.process()).is_some();
        is_heard || is_due || unifies || self.explain.is_some()
    }

    #[inline(always)]
    fn take_sifted(
        &mut self,
        known: &Known<'_>,
        task: &Task<'_>,
        refresh: &RefreshCompleted<'_>,
    ) -> Option<Receipt> {
        let Some(sieve) = &self.tasks.sieve else {
            self.make_sieve();
            return None;
        };
        let is_exact = self.register.is_exact(INGESTIONS) && self.register.is_exact(TASKS);
        if known.may_concern(sieve) || !is_exact {
            return self.take_known(known, task, refresh);
        }
        self.clock = self.clock.max(task.at);
        Some(Receipt::Ignored)
    }

    /// Reads what the tasks of a block will need, and nothing else: hashing,
    /// sifting and reading are done for all of them in turn, so that their
    /// misses overlap. Nothing depends on what is found here, for tasks before
    /// may change it: it is near then, and known by its number.
    #[inline(always)]
    pub(super) fn look_ahead_at<'a>(
        &self,
        tasks: impl Iterator<Item = &'a RefreshCompleted<'a>>,
        known: &mut [Known<'a>; BLOCK],
    ) {
        let mut count = 0;
        for (task, known) in tasks.zip(&mut *known) {
            *known = Known::of(task, &self.register);
            count += 1;
        }
        let Some(sieve) = &self.tasks.sieve else { return };
        let (mut concerned, mut asked, mut touched) = ([0_u8; BLOCK], 0, 0);
        for (place, known) in (0..).zip(&known[..count]) {
            // Without a branch, since it would be foreseen badly.
            concerned[asked % BLOCK] = place;
            asked += usize::from(known.may_concern(sieve));
            touched ^= self.tasks.items.touch(known.id, known.id_hash);
        }
        for &place in &concerned[..asked] {
            let known = &mut known[usize::from(place) % BLOCK];
            known.guess = self.tasks.items.guess(known.id, known.id_hash);
        }
        for &place in &concerned[..asked] {
            touched ^= known[usize::from(place) % BLOCK]
                .guess
                .map_or(0, |number| self.tasks.items.touch_item(number));
        }
        std::hint::black_box(touched);
    }

    /// The same for a task that concerns somebody, as far as the sieve tells.
    #[inline(never)]
    fn take_known(
        &mut self,
        known: &Known<'_>,
        task: &Task<'_>,
        refresh: &RefreshCompleted<'_>,
    ) -> Option<Receipt> {
        let (source, process) = (task.source, refresh.process());
        let found = self.tasks.items.find_hashed(source, process, known.id, known.id_hash, known.guess);
        let Some(number) = found else {
            if self.is_asked_for(known) {
                return None;
            }
            self.clock = self.clock.max(task.at);
            return Some(Receipt::Ignored);
        };
        let generation = self.tasks.generation;
        let item = self.tasks.items.get_mut(number)?;
        if !item.is_current(generation, known.name.map(|(name, _)| name)) {
            return None;
        }
        // Whether it fires is foreseen badly, so what that writes to is fetched meanwhile.
        std::hint::black_box(item.watchers.first().map(|watcher| watcher.told.touch()));
        let ending = ending_of(refresh.outcome())?;
        let met = Met::of(ending, refresh);
        let (mut receipt, mut is_met) = (Receipt::Ignored, false);
        for watcher in item.watchers.iter().filter(|watcher| watcher.is_concerned()) {
            if watcher.wish == Wish::UNASKED || watcher.told.suppressed > 0 {
                return None;
            }
            receipt = Receipt::Accepted;
            is_met |= watcher.wish.is(met);
        }
        self.clock = self.clock.max(task.at);
        item.newest = item.newest.max(task.at);
        if is_met {
            self.fire_quickly(number, (ending, met), task, refresh);
        }
        Some(receipt)
    }

    /// Emits the firings of the triggers that wait for this ending.
    #[inline]
    fn fire_quickly(
        &mut self,
        number: u32,
        (ending, met): (Ending, Met),
        task: &Task<'_>,
        refresh: &RefreshCompleted<'_>,
    ) {
        let Some(item) = self.tasks.items.get_mut(number) else { return };
        let is_bare = task.event.is_none() && refresh.is_bare();
        let name = item.name.as_ref().filter(|_| refresh.item().and_then(Item::name).is_some());
        for watcher in item.watchers.iter_mut().filter(|watcher| watcher.is_concerned()) {
            if !watcher.wish.is(met) {
                continue;
            }
            self.counts.firings += 1;
            self.pending.push_occurred(Occurred {
                trigger: watcher.trigger,
                item: number,
                ordinal: watcher.told.note(task.at, ITEM_TIMES),
                ending,
                time: task.at,
                name: name.cloned(),
                report: (!is_bare).then(|| Box::new(Report::of(task))),
            });
        }
        self.close_if_full();
    }

    /// Whether some trigger asks for an item by this id or name, wherever it is.
    fn is_asked_for(&self, known: &Known<'_>) -> bool {
        let id = (known.id.unwrap_or_default(), known.id_hash);
        [INGESTIONS, TASKS].into_iter().filter(|&kind| self.register.asks(kind)).any(|kind| {
            let asks = |(text, hash)| self.register.is_asked_for(kind, text, hash);
            asks(id) || known.name.is_some_and(asks)
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

impl<'a> Known<'a> {
    pub(super) const NOTHING: Self = Self { id: None, id_hash: 0, name: None, guess: None };

    #[inline(always)]
    fn may_concern(&self, sieve: &Sieve) -> bool {
        sieve.has(self.id_hash) | self.name.is_some_and(|(_, hash)| sieve.has(hash))
    }

    #[inline(always)]
    fn of(refresh: &'a RefreshCompleted<'_>, register: &Register) -> Self {
        match refresh.item() {
            Some(item) => Self {
                id: Some(item.id()),
                id_hash: register.hash(item.id()),
                name: item.name().map(|name| (name, register.hash(name))),
                guess: None,
            },
            None => Self { id: None, id_hash: register.hash(""), name: None, guess: None },
        }
    }
}

impl Wish {
    /// The trigger has to be asked.
    pub(super) const UNASKED: Self = Self(0);

    /// What the trigger waits for, where nothing but the task decides.
    pub(super) fn of(watch: &Watch) -> Self {
        let trigger = &watch.trigger;
        let can_swallow = !watch.enabled() || trigger.cooldown().is_some() || trigger.limit().is_some();
        if can_swallow || watch.asks_events() {
            return Self::UNASKED;
        }
        let last = |ending| Met::new(ending, false).0;
        let any = |ending| last(ending) | Met::new(ending, true).0;
        Self(match trigger.kind() {
            TriggerKind::DataSourceRefreshFailed { include_retrying, settle, .. }
                if nanos_of(settle) == 0 =>
            {
                if include_retrying {
                    any(FAILED) | any(TIMED_OUT)
                } else {
                    last(FAILED) | last(TIMED_OUT)
                }
            }
            TriggerKind::DataSourceRefreshSucceeded { .. } => any(SUCCEEDED),
            TriggerKind::RefreshCompleted { outcome: None, .. } => u8::MAX,
            TriggerKind::RefreshCompleted { outcome: Some(outcome), .. } => ending_of(outcome).map_or(0, any),
            _ => 0,
        })
    }

    #[inline(always)]
    fn is(self, met: Met) -> bool {
        self.0 & met.0 != 0
    }
}

impl Met {
    #[inline(always)]
    fn of(ending: Ending, refresh: &RefreshCompleted<'_>) -> Self {
        let is_retrying =
            || refresh.failure().and_then(crate::event::Failure::kind) == Some(&FailureKind::RETRYING);
        Self::new(ending, matches!(ending, FAILED | TIMED_OUT) && is_retrying())
    }

    /// A failure after which there is another try has a bit of its own.
    #[inline(always)]
    fn new(ending: Ending, is_retrying: bool) -> Self {
        let place = match ending {
            FAILED if is_retrying => CANCELED + 1,
            TIMED_OUT if is_retrying => CANCELED + 2,
            other => other,
        };
        Self(1 << place)
    }
}

/// The place of a known outcome, found by its letters: most tasks are asked for theirs.
#[inline]
fn ending_of(outcome: &Outcome) -> Option<Ending> {
    match outcome.as_str() {
        "succeeded" => Some(SUCCEEDED),
        "failed" => Some(FAILED),
        "timedOut" => Some(TIMED_OUT),
        "skipped" => Some(SKIPPED),
        "canceled" => Some(CANCELED),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_outcomes_stand_where_they_are_looked_for() {
        let places: Vec<_> = Outcome::KNOWN.iter().map(ending_of).collect();
        assert_eq!(places, (0..5).map(Some).collect::<Vec<_>>());
        assert_eq!(ending_of(&Outcome::from("halfDone")), None);
    }
}

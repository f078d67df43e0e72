//! Triggers of tasks, jobs and events as they go and change.

use crate::time::nanos_of;
use crate::trigger::{Matcher, Trigger, TriggerKind};

use super::super::Engine;
use super::super::numbers::{EVENTS, INGESTIONS, JOBS, NOBODY, TASKS, UNIFICATIONS, is_series_kind};
use super::super::slot::LONG_AGO;
use super::super::watch::{Watch, target};
use super::attach::{accepts, watches_item, work_of};
use super::sieve::Sieve;
use super::waiter::{Waiter, Work};

impl Engine {
    /// A trigger comes, goes or changes: items ask for their triggers again.
    pub(in crate::engine) fn renew_items(&mut self, number: u32) {
        let Some(watch) = self.watch(number) else { return };
        let (kind, name) = target(&watch.trigger);
        if is_series_kind(kind) {
            return;
        }
        if let Some(hash) = name.as_exact().filter(|_| asks_items(kind)).map(|name| self.register.hash(name))
        {
            self.expect(hash);
        }
        self.tasks.generation = self.tasks.generation.wrapping_add(1);
    }

    /// A text that a trigger asks for, or the id of an item, is to get through the sieve.
    pub(super) fn expect(&mut self, hash: u64) {
        if let Some(sieve) = &mut self.tasks.sieve {
            sieve.enter(hash);
        }
        self.tasks.sieve.take_if(|sieve| !sieve.has_room());
    }

    /// Makes the sieve of all that is expected now.
    #[cold]
    pub(super) fn make_sieve(&mut self) {
        let asked = self.register.iter().map(|watch| target(&watch.trigger));
        let asked = asked.filter(|(kind, _)| asks_items(*kind)).filter_map(|(_, name)| name.as_exact());
        let items = &self.tasks.items;
        let ids = items.numbers().filter_map(|number| items.get(number));
        let ids = ids.map(|item| item.id.as_deref().unwrap_or_default());
        let hashes: Vec<u64> = asked.chain(ids).map(|text| self.register.hash(text)).collect();
        self.tasks.sieve = Some(Sieve::with(hashes.into_iter()));
    }

    /// Whether any item has reported to a trigger that waits for silence.
    pub(in crate::engine) fn has_heard_of_items(&self, number: u32) -> bool {
        self.tasks.items.of(number).iter().any(|&item| {
            let instance = self.tasks.items.watcher(item, number).map_or(NOBODY, |watcher| watcher.instance);
            self.waiter(instance).is_some_and(
                |waiter| matches!(&waiter.work, Work::Silence { silence, .. } if silence.last != LONG_AGO),
            )
        })
    }

    /// Drops all state that a trigger has on items and jobs.
    pub(in crate::engine) fn drop_tasks_of(&mut self, number: u32) {
        let Some(kind) = self.watch(number).map(|watch| target(&watch.trigger).0) else { return };
        match kind {
            INGESTIONS | TASKS => {
                for item in self.tasks.items.take_of(number) {
                    self.unwatch_item(item, number);
                }
            }
            UNIFICATIONS => self.tasks.jobs.unwatch(number),
            JOBS => self.tasks.ended.unwatch(number),
            EVENTS => drop(self.tasks.whole.remove(&number)),
            _ => {}
        }
    }

    /// Brings the state on items in line with a trigger that has replaced
    /// another of its type; jobs and whole triggers keep theirs as it is.
    pub(in crate::engine) fn retime_tasks(&mut self, number: u32, old: &Trigger) {
        let Some(new) = self.watch(number).map(|watch| watch.trigger.clone()) else { return };
        let matcher = Some(new.subject());
        let mut kept = Vec::new();
        for place in self.tasks.items.take_of(number) {
            let Some(item) = self.tasks.items.get(place) else { continue };
            let by_id = accepts(matcher, item.id.as_deref()) || matcher == Some(&Matcher::Any);
            let by_name = accepts(matcher, item.name.as_deref());
            let is_watched = watches_item(&new, item.source(), item.process())
                && self.owns_item(&new, item.source(), item.process(), item.id.as_deref());
            if !is_watched || !(by_id || by_name) {
                self.unwatch_item(place, number);
                continue;
            }
            if let Some(watcher) = self.tasks.items.watcher_mut(place, number) {
                (watcher.by_id, watcher.by_name) = (by_id, by_name);
            }
            self.retime_waiter(place, number, old, &new);
            kept.push(place);
        }
        self.tasks.items.watches(number, kept);
    }

    /// The waiting part under other options: what has become due happens at the next move of the clock.
    fn retime_waiter(&mut self, item: u32, trigger: u32, old: &Trigger, new: &Trigger) {
        let Some(instance) = self.tasks.items.watcher(item, trigger).map(|watcher| watcher.instance) else {
            return;
        };
        // One silence for all has its deadline elsewhere.
        let is_whole = self.watch(trigger).is_some_and(Watch::is_whole);
        match work_of(new).filter(|_| !is_whole) {
            None if instance == NOBODY => {}
            None => {
                self.counts.waiting_dropped += self.waiter(instance).map_or(0, Waiter::waiting);
                self.free_instance(instance);
                self.set_instance(item, trigger, NOBODY);
            }
            Some(work) if instance == NOBODY => {
                let made = self.store_waiter(trigger, Waiter { item, work });
                self.set_instance(item, trigger, made);
            }
            Some(_) => {
                let Some(waiter) = self.waiter_mut(instance) else { return };
                let dropped = retime(waiter, old, new);
                self.counts.waiting_dropped += dropped;
                self.requeue(instance);
            }
        }
    }

    fn set_instance(&mut self, item: u32, trigger: u32, instance: u32) {
        if let Some(watcher) = self.tasks.items.watcher_mut(item, trigger) {
            watcher.instance = instance;
        }
    }

    fn unwatch_item(&mut self, item: u32, trigger: u32) {
        if let Some(watcher) = self.tasks.items.unwatch(item, trigger) {
            self.free_waiters(&[watcher]);
        }
    }
}

/// Whether a trigger of this kind asks for items by name.
fn asks_items(kind: u8) -> bool {
    matches!(kind, INGESTIONS | TASKS)
}

/// Gives a waiter the spans of the new trigger; says how many failures no longer count.
fn retime(waiter: &mut Waiter, old: &Trigger, new: &Trigger) -> u64 {
    let before = waiter.waiting();
    match (&mut waiter.work, old.kind(), new.kind()) {
        (
            Work::Settling { settle, failures },
            _,
            TriggerKind::DataSourceRefreshFailed { settle: span, include_retrying, .. },
        ) => {
            *settle = nanos_of(span);
            failures.failures.retain(|failed| include_retrying || !failed.is_retrying);
        }
        (
            Work::Silence { silence, .. },
            TriggerKind::NoData { within: was, .. },
            TriggerKind::NoData { within, .. },
        ) => silence.retime(nanos_of(was), nanos_of(within)),
        _ => {}
    }
    before - waiter.waiting()
}

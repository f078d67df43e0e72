//! Items as they appear, and the triggers that watch them.

use crate::error::{Error, ErrorKind};
use crate::event::filter::Candidate;
use crate::event::{Process, RefreshCompleted};
use crate::time::nanos_of;
use crate::trigger::{Matcher, Trigger, TriggerKind};

use super::super::Engine;
use super::super::numbers::{INGESTIONS, NOBODY, TASKS};
use super::super::silence::Silence;
use super::super::slot::LONG_AGO;
use super::input::Task;
use super::quick::Wish;
use super::settling::Settling;
use super::text::Text;
use super::waiter::{Waiter, Work};
use super::watchers::Watcher;

impl Engine {
    /// The number of the task's item, where some trigger watches it, its
    /// watchers told which of them this task concerns.
    pub(super) fn ask_item(
        &mut self,
        task: &Task<'_>,
        refresh: &RefreshCompleted<'_>,
    ) -> Result<Option<u32>, Error> {
        if !self.register.asks(INGESTIONS) && !self.register.asks(TASKS) {
            return Ok(None);
        }
        let (process, item) = (refresh.process(), refresh.item());
        let (id, name) = (item.map(|item| item.id()), item.and_then(|item| item.name()));
        let found = self.tasks.items.find(task.source, process, id);
        if let Some(number) = found
            && let Some(item) = self.tasks.items.get(number)
            && item.is_current(self.tasks.generation, name)
        {
            return Ok(Some(number));
        }
        let triggers = self.triggers_of_item(task.source, process, id, name);
        let number = match found {
            Some(number) => number,
            None if triggers.is_empty() => return Ok(None),
            None => self.make_item(task, process, id, &triggers)?,
        };
        self.rename(number, name);
        let mut refused = false;
        for trigger in triggers {
            if self.tasks.items.watcher(number, trigger).is_some() {
                continue;
            }
            if self.has_room_for_item(trigger) {
                self.watch_item(number, trigger, name);
            } else {
                refused = true;
            }
        }
        if let Some(item) = self.tasks.items.get_mut(number) {
            item.note_asked(self.tasks.generation, name.is_some(), refused);
            for watcher in item.watchers.iter_mut() {
                watcher.wish = self.register.get(watcher.trigger).map_or(Wish::UNASKED, Wish::of);
            }
        }
        Ok(Some(number))
    }

    /// The triggers whose matcher accepts the id or the name, as far as the item alone tells.
    fn triggers_of_item(
        &mut self,
        source: &str,
        process: &Process,
        id: Option<&str>,
        name: Option<&str>,
    ) -> Vec<u32> {
        let mut all = Vec::new();
        let mut found = std::mem::take(&mut self.found);
        let kinds = [(INGESTIONS, *process == Process::INGESTION), (TASKS, true)];
        for (kind, _) in kinds.into_iter().filter(|(_, asked)| *asked) {
            for text in [Some(id.unwrap_or_default()), name].into_iter().flatten() {
                self.register.find(kind, text, &mut found);
                all.append(&mut found);
            }
        }
        self.found = found;
        all.retain(|&number| {
            self.watch(number).is_some_and(|watch| {
                watches_item(&watch.trigger, source, process)
                    && self.owns_item(&watch.trigger, source, process, id)
            })
        });
        all.sort_unstable();
        all.dedup();
        all
    }

    fn make_item(
        &mut self,
        task: &Task<'_>,
        process: &Process,
        id: Option<&str>,
        triggers: &[u32],
    ) -> Result<u32, Error> {
        let shown = id.unwrap_or(process.as_str());
        let has_room = |engine: &Self| triggers.iter().any(|&trigger| engine.has_room_for_item(trigger));
        if self.tasks.items.len() >= self.limits.series() || !has_room(self) {
            self.drop_idle_items(self.clock.max(task.at));
        }
        if self.tasks.items.len() >= self.limits.series() {
            let limit = self.limits.series();
            let message = format!("{shown:?} would be one item more than the limit of {limit}");
            return Err(Error::new(ErrorKind::Limit, message).at("data.item.id"));
        }
        if !has_room(self) {
            let limit = self.limits.series_per_trigger();
            let message = format!("{shown:?} would be one item more than the limit of {limit} a trigger");
            return Err(Error::new(ErrorKind::Limit, message).at("data.item.id"));
        }
        self.expect(self.register.hash(id.unwrap_or_default()));
        Ok(self.tasks.items.insert(task.source, process, id))
    }

    fn has_room_for_item(&self, trigger: u32) -> bool {
        self.tasks.items.count_of(trigger) < self.limits.series_per_trigger()
    }

    /// The name that the item has before the task is judged.
    pub(super) fn name_of_item(&mut self, task: &Task<'_>, refresh: &RefreshCompleted<'_>) -> Option<Text> {
        let id = refresh.item().map(|item| item.id());
        let number = self.tasks.items.find(task.source, refresh.process(), id)?;
        self.tasks.items.get(number)?.name.clone()
    }

    pub(super) fn set_item_name(&mut self, number: u32, name: Option<Text>) {
        let register = &self.register;
        let Some(item) = self.tasks.items.get_mut(number) else { return };
        item.name = name;
        for watcher in item.watchers.iter_mut() {
            let matcher = register.get(watcher.trigger).map(|watch| watch.trigger.subject());
            watcher.by_name = accepts(matcher, item.name.as_deref());
        }
    }

    /// A task that names the item: who watches it by this name?
    fn rename(&mut self, number: u32, name: Option<&str>) {
        let known = self.tasks.items.get(number).and_then(|item| item.name.as_deref());
        if name.is_some() && name != known {
            self.set_item_name(number, name.map(Into::into));
        }
    }

    /// Puts a trigger on an item.
    pub(super) fn watch_item(&mut self, number: u32, trigger: u32, name: Option<&str>) {
        let Some(watch) = self.watch(trigger) else { return };
        let matcher = Some(watch.trigger.subject());
        let id = self.tasks.items.get(number).and_then(|item| item.id.as_deref());
        let (by_id, by_name) =
            (accepts(matcher, id) || matcher == Some(&Matcher::Any), accepts(matcher, name));
        // One silence for all has its deadline elsewhere.
        let work = work_of(&watch.trigger).filter(|_| !watch.is_whole());
        let instance = match work {
            Some(work) => self.store_waiter(trigger, Waiter { item: number, work }),
            None => NOBODY,
        };
        self.tasks.items.watch(number, Watcher { instance, by_id, by_name, ..Watcher::new(trigger) });
    }

    /// Makes room: drops the items that have been idle and of which nothing is worth keeping.
    fn drop_idle_items(&mut self, clock: crate::time::Nanos) {
        let oldest = clock.saturating_sub(nanos_of(self.limits.series_idle()));
        let idle: Vec<u32> =
            self.tasks.items.numbers().filter(|&number| self.is_item_idle(number, oldest)).collect();
        if !idle.is_empty() {
            self.build_pending();
        }
        self.counts.series_dropped += idle.len() as u64;
        for item in self.tasks.items.remove_all(&idle) {
            self.free_waiters(&item.watchers);
        }
    }

    fn is_item_idle(&self, number: u32, oldest: crate::time::Nanos) -> bool {
        let Some(item) = self.tasks.items.get(number) else { return false };
        item.newest < oldest && item.watchers.iter().all(|watcher| self.is_watcher_idle(watcher))
    }

    /// Nothing waits, nothing is owed, no silence is measured or was told.
    fn is_watcher_idle(&self, watcher: &Watcher) -> bool {
        let Some(watch) = self.watch(watcher.trigger) else { return true };
        let cools = watch
            .trigger
            .cooldown()
            .is_some_and(|cooldown| watcher.told.cools_until(self.clock, nanos_of(cooldown)).is_some());
        let waits = self.waiter(watcher.instance).is_some_and(|waiter| match &waiter.work {
            Work::Settling { failures, .. } => !failures.failures.is_empty(),
            Work::Silence { silence, .. } => silence.last != LONG_AGO,
        });
        !waits && !cools && watcher.told.suppressed == 0
    }

    /// Takes the deadlines of watchers out of use.
    pub(super) fn free_waiters(&mut self, watchers: &[Watcher]) {
        for watcher in watchers {
            if let Some(waiting) = self.waiter(watcher.instance).map(Waiter::waiting) {
                self.counts.waiting_dropped += waiting;
                self.free_instance(watcher.instance);
            }
        }
    }
}

/// Whether the trigger watches items of this process at this source.
pub(super) fn watches_item(trigger: &Trigger, source: &str, process: &Process) -> bool {
    let asks_process = match trigger.kind() {
        TriggerKind::RefreshCompleted { process: asked, .. } => asked.is_none_or(|asked| asked == process),
        _ => *process == Process::INGESTION,
    };
    let candidate = Candidate::of_type(source, RefreshCompleted::EVENT_TYPE);
    asks_process
        && trigger.source().is_none_or(|matcher| matcher.matches(source))
        && trigger.filters().iter().all(|filter| filter.needs_event() || filter.matches(&candidate))
}

pub(super) fn accepts(matcher: Option<&Matcher>, text: Option<&str>) -> bool {
    matcher.zip(text).is_some_and(|(matcher, text)| matcher.matches(text))
}

/// What waits on behalf of an item of this trigger, if anything does.
pub(super) fn work_of(trigger: &Trigger) -> Option<Work> {
    match trigger.kind() {
        TriggerKind::DataSourceRefreshFailed { settle, .. } if !settle.is_zero() => {
            Some(Work::Settling { settle: nanos_of(settle), failures: Settling::default() })
        }
        TriggerKind::NoData { .. } => Some(Work::Silence { silence: Silence::new(), last: Box::default() }),
        _ => None,
    }
}

//! The items that tasks are about, and the triggers that watch each.

use std::cmp::Ordering;

use hashbrown::{HashMap, HashTable};

use crate::event::Process;
use crate::time::Nanos;

use super::super::hash::hash_text;
use super::super::numbers::NOBODY;
use super::super::slot::LONG_AGO;
use super::told::Told;

/// What tasks of one process at one source are about; an item without an id
/// stands for the tasks of a process that has no items.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Item {
    pub(in crate::engine) source: Box<str>,
    pub(in crate::engine) process: Process,
    pub(in crate::engine) id: Option<Box<str>>,
    /// The name that the triggers were last asked for by.
    pub(in crate::engine) name: Option<Box<str>>,
    /// The generations of the triggers that were asked for by the id, and by the name.
    pub(in crate::engine) asked_by_id: u32,
    pub(in crate::engine) asked_by_name: u32,
    /// The newest task, for dropping what is idle.
    pub(in crate::engine) newest: Nanos,
    /// In the order in which the triggers were added.
    pub(in crate::engine) watchers: Vec<Watcher>,
    /// Triggers that had no room for this item.
    pub(in crate::engine) refused: u32,
}

/// One trigger on one item.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Watcher {
    pub(in crate::engine) trigger: u32,
    /// Its deadlines, if it can have any; [`NOBODY`] where it cannot.
    pub(in crate::engine) instance: u32,
    /// Its matcher accepts the id, or the name in the last task that had one.
    pub(in crate::engine) by_id: bool,
    pub(in crate::engine) by_name: bool,
    pub(in crate::engine) told: Told,
}

/// All items that some trigger watches.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Items {
    seed: u64,
    table: HashTable<u32>,
    items: Vec<Option<Item>>,
    free: Vec<u32>,
    /// The items of each trigger that has any.
    of: HashMap<u32, Vec<u32>>,
}

impl Items {
    pub(in crate::engine) fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    pub(in crate::engine) fn len(&self) -> usize {
        self.table.len()
    }

    pub(in crate::engine) fn get(&self, number: u32) -> Option<&Item> {
        self.items.get(number as usize)?.as_ref()
    }

    pub(in crate::engine) fn get_mut(&mut self, number: u32) -> Option<&mut Item> {
        self.items.get_mut(number as usize)?.as_mut()
    }

    pub(in crate::engine) fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.items).filter(|(_, item)| item.is_some()).map(|(number, _)| number)
    }

    pub(in crate::engine) fn find(&self, source: &str, process: &Process, id: Option<&str>) -> Option<u32> {
        let is = |&number: &u32| {
            self.get(number).is_some_and(|item| {
                item.id.as_deref() == id && *item.source == *source && item.process == *process
            })
        };
        self.table.find(hash(self.seed, source, process, id), is).copied()
    }

    pub(in crate::engine) fn insert(&mut self, source: &str, process: &Process, id: Option<&str>) -> u32 {
        let item = Item {
            source: source.into(),
            process: process.clone(),
            id: id.map(Into::into),
            name: None,
            asked_by_id: 0,
            asked_by_name: 0,
            newest: LONG_AGO,
            watchers: Vec::new(),
            refused: 0,
        };
        let number = match self.free.pop() {
            Some(number) => {
                self.items[number as usize] = Some(item);
                number
            }
            None => {
                self.items.push(Some(item));
                (self.items.len() - 1) as u32
            }
        };
        let (seed, items) = (self.seed, &self.items);
        let rehash = |&other: &u32| {
            let item = items.get(other as usize).and_then(Option::as_ref);
            item.map_or(0, |item| hash(seed, &item.source, &item.process, item.id.as_deref()))
        };
        self.table.insert_unique(hash(seed, source, process, id), number, rehash);
        number
    }

    pub(in crate::engine) fn remove_all(&mut self, numbers: &[u32]) -> Vec<Item> {
        let removed: Vec<Item> = numbers.iter().filter_map(|&number| self.take(number)).collect();
        let mut triggers: Vec<u32> =
            removed.iter().flat_map(|item| &item.watchers).map(|watcher| watcher.trigger).collect();
        triggers.sort_unstable();
        triggers.dedup();
        for trigger in triggers {
            if let Some(list) = self.of.get_mut(&trigger) {
                list.retain(|&number| self.items[number as usize].is_some());
            }
        }
        removed
    }

    /// Takes an item out; the lists of its triggers still name it.
    fn take(&mut self, number: u32) -> Option<Item> {
        let item = self.items.get_mut(number as usize)?.take()?;
        let hash = hash(self.seed, &item.source, &item.process, item.id.as_deref());
        if let Ok(entry) = self.table.find_entry(hash, |&other| other == number) {
            entry.remove();
        }
        self.free.push(number);
        Some(item)
    }

    /// Drops an item that no trigger watches any more.
    pub(in crate::engine) fn drop_unwatched(&mut self, number: u32) {
        if self.get(number).is_some_and(|item| item.watchers.is_empty()) {
            self.take(number);
        }
    }

    /// Puts a watcher on an item, in its place.
    pub(in crate::engine) fn watch(&mut self, number: u32, watcher: Watcher) {
        let trigger = watcher.trigger;
        let Some(item) = self.get_mut(number) else { return };
        let place = item.watchers.partition_point(|other| other.trigger < trigger);
        item.watchers.insert(place, watcher);
        self.of.entry(trigger).or_default().push(number);
    }

    pub(in crate::engine) fn watcher(&self, number: u32, trigger: u32) -> Option<&Watcher> {
        let watchers = &self.get(number)?.watchers;
        watchers.get(watchers.binary_search_by_key(&trigger, |watcher| watcher.trigger).ok()?)
    }

    pub(in crate::engine) fn watcher_mut(&mut self, number: u32, trigger: u32) -> Option<&mut Watcher> {
        let watchers = &mut self.get_mut(number)?.watchers;
        let place = watchers.binary_search_by_key(&trigger, |watcher| watcher.trigger).ok()?;
        watchers.get_mut(place)
    }

    /// The items that a trigger watches, in the order of their keys. They are no
    /// longer known as such: [`watches`](Items::watches) says which of them stay.
    pub(in crate::engine) fn take_of(&mut self, trigger: u32) -> Vec<u32> {
        let mut items = self.of.remove(&trigger).unwrap_or_default();
        items.sort_by(|&a, &b| self.compare(a, b));
        items
    }

    pub(in crate::engine) fn watches(&mut self, trigger: u32, items: Vec<u32>) {
        if !items.is_empty() {
            self.of.insert(trigger, items);
        }
    }

    pub(in crate::engine) fn of(&self, trigger: u32) -> &[u32] {
        self.of.get(&trigger).map_or(&[], Vec::as_slice)
    }

    pub(in crate::engine) fn count_of(&self, trigger: u32) -> usize {
        self.of.get(&trigger).map_or(0, Vec::len)
    }

    /// Takes the trigger, which is known to watch nothing any more, off one item.
    pub(in crate::engine) fn unwatch(&mut self, number: u32, trigger: u32) -> Option<Watcher> {
        let watchers = &mut self.get_mut(number)?.watchers;
        let place = watchers.binary_search_by_key(&trigger, |watcher| watcher.trigger).ok()?;
        let watcher = watchers.remove(place);
        self.drop_unwatched(number);
        Some(watcher)
    }

    /// The order of keys: source, process, id (none first).
    pub(in crate::engine) fn compare(&self, a: u32, b: u32) -> Ordering {
        let key = |number| {
            let item = self.get(number);
            item.map(|item| (&*item.source, item.process.as_str(), item.id.as_deref()))
        };
        key(a).cmp(&key(b))
    }
}

impl Watcher {
    pub(in crate::engine) fn new(trigger: u32) -> Self {
        Self { trigger, instance: NOBODY, by_id: false, by_name: false, told: Told::default() }
    }

    /// Whether a task of the item concerns the trigger.
    pub(in crate::engine) fn is_concerned(&self) -> bool {
        self.by_id || self.by_name
    }
}

/// Keyed, like all hashes of names from outside.
fn hash(seed: u64, source: &str, process: &Process, id: Option<&str>) -> u64 {
    let process = hash_text(seed, process.as_str());
    let source = hash_text(process, source);
    hash_text(source ^ u64::from(id.is_some()), id.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_found_by_source_process_and_id_also_after_others_went() {
        let mut items = Items::new(7);
        let keys =
            [("/a", "ingestion", Some("1")), ("/a", "ingestion", None), ("/b", "ingestion", Some("1"))];
        let numbers = keys.map(|(source, process, id)| items.insert(source, &process.into(), id));
        let find = |items: &Items, (source, process, id): (&str, &str, Option<&str>)| {
            items.find(source, &process.into(), id)
        };
        assert_eq!(keys.map(|key| find(&items, key)), numbers.map(Some));
        assert_eq!(find(&items, ("/a", "export", Some("1"))), None);
        items.watch(numbers[0], Watcher::new(4));
        items.watch(numbers[0], Watcher::new(2));
        items.watch(numbers[2], Watcher::new(4));
        assert_eq!((items.count_of(4), items.count_of(2)), (2, 1));
        assert_eq!(items.remove_all(&[numbers[0]]).len(), 1);
        assert_eq!((items.count_of(4), items.count_of(2), items.len()), (1, 0, 2));
        assert_eq!(find(&items, keys[0]), None);
        assert_eq!(items.insert("/c", &Process::MAP, None), numbers[0], "its place is used again");
        assert_eq!(items.compare(numbers[1], numbers[2]), Ordering::Less);
        assert_eq!(items.take_of(4), [numbers[2]]);
        assert!(items.unwatch(numbers[2], 4).is_some());
        assert_eq!(find(&items, keys[2]), None, "nobody watches it any more");
    }
}

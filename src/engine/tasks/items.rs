//! The items that tasks are about, and the triggers that watch each.

use std::cmp::Ordering;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::event::Process;
use crate::time::Nanos;

use super::super::hash::{Seeded, same_bytes};
use super::super::index::Index;
use super::super::slot::LONG_AGO;
use super::text::Text;
use super::watchers::{Watcher, Watchers};

/// What tasks of one process at one source are about; an item without an id
/// stands for the tasks of a process that has no items.
///
/// All that most tasks need of it stands in the first two of three neighbouring
/// cache lines, and what a firing writes besides in the third.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub(in crate::engine) struct Item {
    /// The newest task, for dropping what is idle.
    pub(in crate::engine) newest: Nanos,
    of: Arc<Origin>,
    pub(in crate::engine) id: Option<Text>,
    /// The name that the triggers were last asked for by.
    pub(in crate::engine) name: Option<Text>,
    /// The generation of the triggers that were asked for.
    asked: u32,
    /// They were asked for by the name too.
    asked_by_name: bool,
    /// Some trigger had no room for this item.
    pub(in crate::engine) refused: bool,
    pub(in crate::engine) watchers: Watchers,
}

/// A source and a process; many items share it.
#[derive(Debug)]
struct Origin {
    source: Box<str>,
    process: Process,
    /// Their keyed hash.
    hash: u64,
}

/// All items that some trigger watches.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Items {
    hasher: Seeded,
    table: Index,
    /// Where the last task came from: tasks come in runs.
    near: Option<Arc<Origin>>,
    items: Vec<Option<Item>>,
    free: Vec<u32>,
    /// The items of each trigger that has any.
    of: HashMap<u32, Vec<u32>>,
}

impl Items {
    pub(in crate::engine) fn new(seed: u64) -> Self {
        Self {
            hasher: Seeded::new(seed),
            table: Index::default(),
            near: None,
            items: Vec::new(),
            free: Vec::new(),
            of: HashMap::new(),
        }
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

    pub(in crate::engine) fn find(
        &mut self,
        source: &str,
        process: &Process,
        id: Option<&str>,
    ) -> Option<u32> {
        self.find_hashed(source, process, id, self.hasher.text(id.unwrap_or_default()), None)
    }

    /// The same where the hash of the id is known, the one that names have in
    /// the register too, and perhaps a guess at its number.
    #[inline]
    pub(super) fn find_hashed(
        &mut self,
        source: &str,
        process: &Process,
        id: Option<&str>,
        hash: u64,
        guess: Option<u32>,
    ) -> Option<u32> {
        self.come_near(source, process);
        let of = self.near.as_ref()?;
        let hash = of.hash_with(hash, id);
        // Nearly always the one, and found in fewer steps.
        let number = guess.unwrap_or_else(|| self.table.guess(hash));
        let item = self.items.get(number as usize).and_then(Option::as_ref);
        if item.is_some_and(|item| Arc::ptr_eq(&item.of, of) && is_same(item.id.as_ref(), id)) {
            return Some(number);
        }
        self.find_far(of, hash, id)
    }

    #[inline(never)]
    fn find_far(&self, of: &Origin, hash: u64, id: Option<&str>) -> Option<u32> {
        self.table.find(hash, |number| {
            let item = self.items.get(number as usize).and_then(Option::as_ref);
            item.is_some_and(|item| is_same(item.id.as_ref(), id) && item.of.is(&of.source, &of.process))
        })
    }

    /// Reads where the item of this hash belongs, if it is of the source and the
    /// process that came last, and nothing else: that is then near.
    #[inline(always)]
    pub(super) fn touch(&self, id: Option<&str>, hash: u64) -> u32 {
        self.near.as_ref().map_or(0, |of| self.table.touch(of.hash_with(hash, id)))
    }

    /// The number of the item of this hash, if it is of the source and the process
    /// that came last; nearly always the right one.
    #[inline(always)]
    pub(super) fn guess(&self, id: Option<&str>, hash: u64) -> Option<u32> {
        self.near.as_ref().map(|of| self.table.guess(of.hash_with(hash, id)))
    }

    /// Reads all that a task needs of an item that may be nobody's, and nothing else: that is then near.
    #[inline(always)]
    pub(super) fn touch_item(&self, number: u32) -> u32 {
        self.get(number).map_or(0, |item| {
            let told = item.watchers.first().map_or(0, |watcher| watcher.told.touch());
            item.asked ^ u32::from(told)
        })
    }

    /// The source and the process, which the next tasks will probably have too.
    #[inline]
    fn come_near(&mut self, source: &str, process: &Process) {
        if !self.near.as_ref().is_some_and(|near| near.is(source, process)) {
            self.near = Some(Arc::new(self.origin(source, process)));
        }
    }

    #[cold]
    fn origin(&self, source: &str, process: &Process) -> Origin {
        let hash = self.hasher.text(process.as_str()).rotate_left(32) ^ self.hasher.text(source);
        Origin { source: source.into(), process: process.clone(), hash }
    }

    pub(in crate::engine) fn insert(&mut self, source: &str, process: &Process, id: Option<&str>) -> u32 {
        self.come_near(source, process);
        let of = self.near.clone().unwrap_or_else(|| Arc::new(self.origin(source, process)));
        let hash = of.hash_with(self.hasher.text(id.unwrap_or_default()), id);
        let item = Item {
            of,
            id: id.map(Into::into),
            name: None,
            newest: LONG_AGO,
            watchers: Watchers::default(),
            asked: 0,
            asked_by_name: false,
            refused: false,
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
        let (items, hasher) = (&self.items, self.hasher);
        self.table.insert(hash, number, |other| hash_of(items, hasher, other));
        number
    }

    pub(in crate::engine) fn remove_all(&mut self, numbers: &[u32]) -> Vec<Item> {
        let removed: Vec<Item> = numbers.iter().filter_map(|&number| self.take(number)).collect();
        let mut triggers: Vec<u32> =
            removed.iter().flat_map(|item| item.watchers.iter()).map(|watcher| watcher.trigger).collect();
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
        let hash = self.get(number)?.hash(self.hasher);
        let (items, hasher) = (&self.items, self.hasher);
        self.table.remove(hash, number, |other| hash_of(items, hasher, other));
        let item = self.items.get_mut(number as usize)?.take()?;
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
        item.watchers.enter(watcher);
        self.of.entry(trigger).or_default().push(number);
    }

    pub(in crate::engine) fn watcher(&self, number: u32, trigger: u32) -> Option<&Watcher> {
        self.get(number)?.watchers.of(trigger)
    }

    pub(in crate::engine) fn watcher_mut(&mut self, number: u32, trigger: u32) -> Option<&mut Watcher> {
        self.get_mut(number)?.watchers.of_mut(trigger)
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
        let watcher = self.get_mut(number)?.watchers.take(trigger)?;
        self.drop_unwatched(number);
        Some(watcher)
    }

    /// The order of keys: source, process, id (none first).
    pub(in crate::engine) fn compare(&self, a: u32, b: u32) -> Ordering {
        let key = |number| {
            let item = self.get(number);
            item.map(|item| (item.source(), item.process().as_str(), item.id.as_deref()))
        };
        key(a).cmp(&key(b))
    }
}

impl Item {
    pub(in crate::engine) fn source(&self) -> &str {
        &self.of.source
    }

    pub(in crate::engine) fn process(&self) -> &Process {
        &self.of.process
    }

    /// Whether all triggers of this generation that the id, or a name that the
    /// task gives, concerns are among the watchers.
    #[inline]
    pub(super) fn is_current(&self, generation: u32, name: Option<&str>) -> bool {
        let is_known = |name: &str| {
            let known = self.name.as_ref();
            self.asked_by_name && known.is_some_and(|known| same_bytes(known.as_bytes(), name.as_bytes()))
        };
        self.asked == generation && !self.refused && name.is_none_or(is_known)
    }

    /// The triggers of this generation were asked for, by the name too where the task gave one.
    pub(super) fn note_asked(&mut self, generation: u32, by_name: bool, refused: bool) {
        self.asked_by_name = by_name || self.asked_by_name && self.asked == generation;
        (self.asked, self.refused) = (generation, refused);
    }

    fn hash(&self, hasher: Seeded) -> u64 {
        let id = self.id.as_deref();
        self.of.hash_with(hasher.text(id.unwrap_or_default()), id)
    }
}

fn hash_of(items: &[Option<Item>], hasher: Seeded, number: u32) -> u64 {
    items.get(number as usize).and_then(Option::as_ref).map_or(0, |item| item.hash(hasher))
}

impl Origin {
    #[inline]
    fn is(&self, source: &str, process: &Process) -> bool {
        same_bytes(self.source.as_bytes(), source.as_bytes())
            && same_bytes(self.process.as_str().as_bytes(), process.as_str().as_bytes())
    }

    /// Keyed, like all hashes of names from outside.
    #[inline]
    fn hash_with(&self, id_hash: u64, id: Option<&str>) -> u64 {
        id_hash ^ self.hash ^ u64::from(id.is_none())
    }
}

#[inline]
fn is_same(kept: Option<&Text>, asked: Option<&str>) -> bool {
    match (kept, asked) {
        (Some(kept), Some(asked)) => same_bytes(kept.as_bytes(), asked.as_bytes()),
        (kept, asked) => kept.is_none() && asked.is_none(),
    }
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
        let find = |items: &mut Items, (source, process, id): (&str, &str, Option<&str>)| {
            items.find(source, &process.into(), id)
        };
        assert_eq!(keys.map(|key| find(&mut items, key)), numbers.map(Some));
        assert_eq!(find(&mut items, ("/a", "export", Some("1"))), None);
        items.watch(numbers[0], Watcher::new(4));
        items.watch(numbers[0], Watcher::new(2));
        items.watch(numbers[2], Watcher::new(4));
        assert_eq!((items.count_of(4), items.count_of(2)), (2, 1));
        assert_eq!(items.remove_all(&[numbers[0]]).len(), 1);
        assert_eq!((items.count_of(4), items.count_of(2), items.len()), (1, 0, 2));
        assert_eq!(find(&mut items, keys[0]), None);
        assert_eq!(items.insert("/c", &Process::MAP, None), numbers[0], "its place is used again");
        assert_eq!(items.compare(numbers[1], numbers[2]), Ordering::Less);
        assert_eq!(items.take_of(4), [numbers[2]]);
        assert!(items.unwatch(numbers[2], 4).is_some());
        assert_eq!(find(&mut items, keys[2]), None, "nobody watches it any more");
        assert_eq!(size_of::<Option<Item>>(), 192, "three lines");
    }
}

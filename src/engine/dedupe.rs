//! Which events were seen before: (source, id) within a window of event time.

use std::collections::VecDeque;

use hashbrown::HashTable;

use crate::time::Nanos;

use super::hash::Seeded;

/// The ids remembered, oldest acceptance first. Texts lie one after the other
/// in a ring, so that remembering an id allocates nothing once it has grown.
#[derive(Debug, Clone)]
pub(super) struct Dedupe {
    hasher: Seeded,
    window: Nanos,
    most: usize,
    entries: VecDeque<Entry>,
    text: VecDeque<u8>,
    /// Numbers of entries, counted from the first there ever was.
    table: HashTable<u64>,
    /// The number of the first entry, and the place in all text ever of its text.
    first: u64,
    text_first: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    time: Nanos,
    text: u64,
    source: u32,
    id: u32,
}

/// The two texts that an event is known by, and their hash.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name<'a> {
    hash: u64,
    source: &'a str,
    id: &'a str,
}

impl Dedupe {
    pub(super) fn new(seed: u64, window: Nanos, most: usize) -> Self {
        Self {
            hasher: Seeded::new(seed),
            window,
            most,
            entries: VecDeque::new(),
            text: VecDeque::new(),
            table: HashTable::new(),
            first: 0,
            text_first: 0,
        }
    }

    /// True where this event was seen, at most the window before its time.
    pub(super) fn is_duplicate(&self, name: &Name<'_>, time: Nanos) -> bool {
        self.find_number(name)
            .map(|number| &self.entries[(number - self.first) as usize])
            .is_some_and(|entry| time <= entry.time.saturating_add(self.window))
    }

    /// Remembers an accepted event.
    pub(super) fn record(&mut self, name: &Name<'_>, time: Nanos) {
        let &Name { hash, source, id } = name;
        if let Some(number) = self.find_number(name) {
            // Remembered, but outside the window: this is a new event of the same name.
            self.table.find_entry(hash, |&other| other == number).ok().map(|entry| entry.remove().0);
        }
        if self.entries.len() >= self.most {
            self.forget_first();
        }
        if self.most == 0 {
            return;
        }
        let number = self.first + self.entries.len() as u64;
        let text = self.text_first + self.text.len() as u64;
        self.text.extend(source.as_bytes());
        self.text.extend(id.as_bytes());
        self.entries.push_back(Entry { hash, time, text, source: source.len() as u32, id: id.len() as u32 });
        let (entries, first) = (&self.entries, self.first);
        self.table.insert_unique(hash, number, |&other| entries[(other - first) as usize].hash);
    }

    /// Forgets what the clock has left behind.
    pub(super) fn forget_before(&mut self, clock: Nanos) {
        while self.entries.front().is_some_and(|entry| entry.time.saturating_add(self.window) < clock) {
            self.forget_first();
        }
    }

    /// The remembered ids, oldest first: source, id, time.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Vec<u8>, Vec<u8>, Nanos)> {
        self.entries.iter().map(|entry| {
            let at = (entry.text - self.text_first) as usize;
            let (source, id) = (entry.source as usize, entry.id as usize);
            let bytes = |from: usize, count: usize| self.text.range(from..from + count).copied().collect();
            (bytes(at, source), bytes(at + source, id), entry.time)
        })
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What an event is known by.
    pub(super) fn name<'a>(&self, source: &'a str, id: &'a str) -> Name<'a> {
        let hash = self.hasher.text(id) ^ self.hasher.text(source).rotate_left(32);
        Name { hash, source, id }
    }

    fn find_number(&self, name: &Name<'_>) -> Option<u64> {
        let &Name { hash, source, id } = name;
        let is_same = |&number: &u64| {
            let entry = &self.entries[(number - self.first) as usize];
            let at = (entry.text - self.text_first) as usize;
            let texts = source.len() + id.len();
            entry.hash == hash
                && (entry.source as usize, entry.id as usize) == (source.len(), id.len())
                && self.text.range(at..at + texts).copied().eq(source.bytes().chain(id.bytes()))
        };
        self.table.find(hash, is_same).copied()
    }

    fn forget_first(&mut self) {
        let Some(entry) = self.entries.pop_front() else { return };
        let number = self.first;
        if let Ok(found) = self.table.find_entry(entry.hash, |&other| other == number) {
            found.remove();
        }
        let texts = (entry.source + entry.id) as usize;
        self.text.drain(..texts);
        self.text_first += texts as u64;
        self.first += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_seen(dedupe: &Dedupe, source: &str, id: &str, time: Nanos) -> bool {
        dedupe.is_duplicate(&dedupe.name(source, id), time)
    }

    fn record(dedupe: &mut Dedupe, source: &str, id: &str, time: Nanos) {
        let name = dedupe.name(source, id);
        dedupe.record(&name, time);
    }

    #[test]
    fn an_id_is_forgotten_after_the_window_and_not_at_its_end() {
        let mut dedupe = Dedupe::new(1, 10, 100);
        record(&mut dedupe, "/a", "1", 0);
        assert!(is_seen(&dedupe, "/a", "1", 10));
        assert!(!is_seen(&dedupe, "/a", "1", 11));
        assert!(!is_seen(&dedupe, "/", "a1", 0));
        dedupe.forget_before(10);
        assert!(is_seen(&dedupe, "/a", "1", 0));
        dedupe.forget_before(11);
        assert_eq!(dedupe.len(), 0);
        assert!(!is_seen(&dedupe, "/a", "1", 0));
    }

    #[test]
    fn over_its_bound_the_oldest_goes_first() {
        let mut dedupe = Dedupe::new(7, 1_000, 3);
        (0..10).for_each(|n| record(&mut dedupe, "/source", &format!("id-{n}"), n));
        let kept: Vec<bool> = (0..10).map(|n| is_seen(&dedupe, "/source", &format!("id-{n}"), n)).collect();
        assert_eq!(kept, [false, false, false, false, false, false, false, true, true, true]);
        assert_eq!(dedupe.iter().next().unwrap(), (b"/source".to_vec(), b"id-7".to_vec(), 7));
    }

    #[test]
    fn an_id_used_again_after_the_window_is_remembered_with_its_new_time() {
        let mut dedupe = Dedupe::new(7, 10, 3);
        record(&mut dedupe, "/s", "x", 0);
        record(&mut dedupe, "/s", "x", 50);
        assert!(is_seen(&dedupe, "/s", "x", 60));
        dedupe.forget_before(61);
        assert!(!is_seen(&dedupe, "/s", "x", 60));
        assert_eq!(dedupe.len(), 0);
    }
}

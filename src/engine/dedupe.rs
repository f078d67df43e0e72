//! Which events were seen before: (source, id) within a window of event time.

use std::collections::VecDeque;
use std::ops::Range;

use crate::time::Nanos;

use super::hash::Seeded;
use super::recent::{MOST, Recent, START};

/// The ids that there is room for once there is one.
const FEW: usize = 16;

/// The ids remembered, oldest acceptance first. Texts lie one after the other
/// in a ring, so that remembering an id allocates nothing once it has grown.
#[derive(Debug, Clone)]
pub(super) struct Dedupe {
    hasher: Seeded,
    window: Nanos,
    most: usize,
    entries: VecDeque<Entry>,
    text: VecDeque<u8>,
    /// Numbers of entries, counted from the first there ever was, and how many it has room for.
    table: Recent,
    room: usize,
    /// The number of the first entry, and the place in all text ever of its text.
    first: u64,
    text_first: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// All its bits turned where a later entry has the same name.
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
            most: most.min(MOST),
            entries: VecDeque::new(),
            text: VecDeque::new(),
            table: Recent::default(),
            room: 0,
            first: START,
            text_first: 0,
        }
    }

    /// True where this event was seen, at most the window before its time.
    pub(super) fn is_duplicate(&self, name: &Name<'_>, time: Nanos) -> bool {
        self.find_number(name)
            .map(|number| &self.entries[(number - self.first) as usize])
            .is_some_and(|entry| time <= entry.time.saturating_add(self.window))
    }

    /// Brings near what [`is_duplicate`](Dedupe::is_duplicate) will read.
    #[inline]
    pub(super) fn touch(&self, name: &Name<'_>) -> u32 {
        self.table.touch(name.hash)
    }

    /// Remembers an accepted event.
    pub(super) fn record(&mut self, name: &Name<'_>, time: Nanos) {
        let &Name { hash, source, id } = name;
        if let Some(number) = self.find_number(name) {
            // Remembered, but outside the window: this is a new event of the same name.
            self.entries[(number - self.first) as usize].hash = !hash;
        }
        if self.entries.len() >= self.most {
            self.forget_first();
        }
        if self.most == 0 {
            return;
        }
        if self.entries.len() == self.room {
            self.make_room();
        }
        self.table.enter(hash, &self.live());
        let text = self.text_first + self.text.len() as u64;
        self.text.extend(source.as_bytes());
        self.text.extend(id.as_bytes());
        self.entries.push_back(Entry { hash, time, text, source: source.len() as u32, id: id.len() as u32 });
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

    /// The numbers of the entries.
    #[inline]
    fn live(&self) -> Range<u64> {
        self.first..self.first + self.entries.len() as u64
    }

    #[inline]
    fn find_number(&self, name: &Name<'_>) -> Option<u64> {
        self.table.find(name.hash, &self.live(), |number| self.is_named(number, name))
    }

    #[cold]
    fn is_named(&self, number: u64, name: &Name<'_>) -> bool {
        let &Name { hash, source, id } = name;
        let entry = &self.entries[(number - self.first) as usize];
        let at = (entry.text - self.text_first) as usize;
        let texts = source.len() + id.len();
        entry.hash == hash
            && (entry.source as usize, entry.id as usize) == (source.len(), id.len())
            && self.text.range(at..at + texts).copied().eq(source.bytes().chain(id.bytes()))
    }

    #[inline(never)]
    fn make_room(&mut self) {
        // All ids are entered anew: better seldom than tightly.
        self.room = (4 * self.room).clamp(FEW, self.most.max(FEW));
        self.table = Recent::with_room(self.room);
        for (number, entry) in (self.first..).zip(&self.entries) {
            self.table.enter(entry.hash, &(self.first..number));
        }
    }

    fn forget_first(&mut self) {
        let Some(entry) = self.entries.pop_front() else { return };
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

    #[test]
    fn a_list_that_is_searched_from_its_end_remembers_the_same() {
        let mut state = 7_u64;
        let mut below = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        for (most, names, window) in
            [(0, 3, 9), (1, 3, 9), (3, 20, 1_000), (100, 60, 90), (100, 4_000, 1_000), (1_000, 900, 700)]
        {
            let (mut dedupe, mut list) = (Dedupe::new(7, window, most), VecDeque::new());
            let (mut clock, mut duplicates) = (0, 0);
            for _ in 0..6_000 {
                clock += below(3) as Nanos;
                dedupe.forget_before(clock);
                while list.front().is_some_and(|&(_, _, time)| time + window < clock) {
                    list.pop_front();
                }
                // Ids that are prefixes of others, under sources that make up for it.
                let (source, id) = ("s".repeat(below(2) as usize), format!("s{}", below(names)));
                let time = clock - below(20) as Nanos;
                let latest = list.iter().rev().find(|(of, other, _)| (of, other) == (&source, &id));
                let is_duplicate = latest.is_some_and(|&(_, _, at)| time <= at + window);
                assert_eq!(is_seen(&dedupe, &source, &id, time), is_duplicate, "{source} {id}");
                duplicates += u32::from(is_duplicate);
                // What is accepted although it was seen stands for what was too old for its window.
                if !is_duplicate || below(9) == 0 {
                    record(&mut dedupe, &source, &id, clock);
                    list.push_back((source, id, clock));
                    if list.len() > most {
                        list.pop_front();
                    }
                }
                assert_eq!(dedupe.len(), list.len());
            }
            let kept: Vec<_> = dedupe.iter().collect();
            let listed: Vec<_> =
                list.iter().map(|(s, i, t)| (s.clone().into_bytes(), i.clone().into_bytes(), *t)).collect();
            assert_eq!(kept, listed);
            assert!(most == 0 || duplicates > 5, "{most} {duplicates}");
        }
    }
}

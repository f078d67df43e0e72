//! The triggers, by number, by id, and by what they ask of a name.

use hashbrown::HashMap;

use crate::trigger::{Matcher, Trigger};

use super::hash::{Seeded, hash_text};
use super::index::Index;
use super::numbers::{ALL_KINDS, NOBODY};
use super::shelf::Shelf;
use super::watch::{Watch, target};

/// All triggers. A name is looked up, with each of its beginnings and endings
/// where triggers ask for those; nothing is scanned.
#[derive(Debug, Clone)]
pub(super) struct Register {
    seed: u64,
    hasher: Seeded,
    watches: Shelf,
    /// Numbers by id; the id itself is in the trigger.
    ids: Index,
    /// For each single name that is asked for, the latest trigger that does;
    /// [`Watch::next`] leads to the others.
    exact: Index,
    several: HashMap<(u8, Box<str>), Vec<u32>>,
    prefix: HashMap<(u8, Box<str>), Vec<u32>>,
    suffix: HashMap<(u8, Box<str>), Vec<u32>>,
    any: [Vec<u32>; ALL_KINDS],
    /// How many triggers ask for each kind.
    asked: [u32; ALL_KINDS],
    /// How many of them ask for other than one name.
    inexact: [u32; ALL_KINDS],
}

impl Register {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            hasher: Seeded::new(seed),
            watches: Shelf::default(),
            ids: Index::default(),
            exact: Index::default(),
            several: HashMap::new(),
            prefix: HashMap::new(),
            suffix: HashMap::new(),
            any: Default::default(),
            asked: [0; ALL_KINDS],
            inexact: [0; ALL_KINDS],
        }
    }

    /// How many triggers there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// How many numbers have been given out.
    pub(super) fn numbers(&self) -> usize {
        self.watches.len()
    }

    /// A new number, behind all others.
    pub(super) fn new_number(&mut self) -> u32 {
        self.watches.add()
    }

    /// Whether any trigger asks for this kind.
    pub(super) fn asks(&self, kind: u8) -> bool {
        self.asked.get(usize::from(kind)).is_some_and(|&asked| asked > 0)
    }

    pub(super) fn get(&self, number: u32) -> Option<&Watch> {
        self.watches.get(number)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Watch> {
        self.watches.get_mut(number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Watch> {
        self.watches.iter()
    }

    pub(super) fn number_of(&self, id: &str) -> Option<u32> {
        self.ids.find(hash_text(self.seed, id), |number| id_of(&self.watches, number) == id)
    }

    /// Puts a trigger at a number that has none.
    pub(super) fn put(&mut self, number: u32, watch: Watch) {
        let (seed, hasher) = (self.seed, self.hasher);
        let (kind, name) = target(&watch.trigger);
        self.each_list(name, kind, |list| list.push(number));
        if let (Some(asked), Some(inexact)) = self.numbers_of(kind) {
            *asked += 1;
            *inexact += u32::from(name.as_exact().is_none());
        }
        let name = name.as_exact().map(Box::<str>::from);
        self.watches.put(number, watch);
        let watches = &self.watches;
        let hash = |other: u32| hash_text(seed, id_of(watches, other));
        self.ids.insert(hash(number), number, hash);
        let Some(name) = name else { return };
        let hash = |other: u32| hash_name(hasher, name_of(watches, other));
        let head = self.exact.find(hash(number), |other| name_of(watches, other) == (kind, &*name));
        // The new one stands for the name, and leads to the one that did.
        if let Some(head) = head {
            self.exact.remove(hash(number), head, hash);
        }
        self.exact.insert(hash(number), number, hash);
        if let Some(watch) = self.get_mut(number) {
            watch.next = head.unwrap_or(NOBODY);
        }
    }

    /// Takes the trigger of a number out; the number is not given out again.
    pub(super) fn take(&mut self, number: u32) -> Option<Watch> {
        let (seed, watches) = (self.seed, &self.watches);
        let hash = |other: u32| hash_text(seed, id_of(watches, other));
        self.ids.remove(hash(number), number, hash);
        if self.get(number)?.asks_one_name() {
            self.unchain(number);
        }
        let watch = self.watches.take(number)?;
        let (kind, name) = target(&watch.trigger);
        self.each_list(name, kind, |list| list.retain(|&other| other != number));
        if let (Some(asked), Some(inexact)) = self.numbers_of(kind) {
            *asked -= 1;
            *inexact -= u32::from(name.as_exact().is_none());
        }
        Some(watch)
    }

    /// The triggers whose name matcher accepts this name, in the order they were added.
    pub(super) fn find(&self, kind: u8, name: &str, found: &mut Vec<u32>) {
        found.clear();
        found.extend(self.any.get(usize::from(kind)).into_iter().flatten());
        let wanted = (kind, name);
        let hash = hash_name(self.hasher, wanted);
        let mut number =
            self.exact.find(hash, |other| name_of(&self.watches, other) == wanted).unwrap_or(NOBODY);
        while number != NOBODY {
            found.push(number);
            number = self.after(number);
        }
        let mut take = |map: &HashMap<(u8, Box<str>), Vec<u32>>, text: &str| {
            found.extend(map.get(&Key(kind, text)).into_iter().flatten());
        };
        if !self.several.is_empty() {
            take(&self.several, name);
        }
        if !self.prefix.is_empty() || !self.suffix.is_empty() {
            for (at, _) in name.char_indices() {
                take(&self.suffix, &name[at..]);
                take(&self.prefix, &name[..at]);
            }
            take(&self.prefix, name);
        }
        found.sort_unstable();
        found.dedup();
    }

    /// The next trigger that asks for the same name, or [`NOBODY`].
    fn after(&self, number: u32) -> u32 {
        self.get(number).map_or(NOBODY, |watch| watch.next)
    }

    /// A keyed hash of a name, for [`is_asked_for`](Register::is_asked_for).
    #[inline]
    pub(super) fn hash(&self, name: &str) -> u64 {
        self.hasher.text(name)
    }

    /// Whether [`find`](Register::find) might find a trigger of the kind by this name.
    #[inline]
    pub(super) fn is_asked_for(&self, kind: u8, name: &str, hash: u64) -> bool {
        let is = |other: u32| name_of(&self.watches, other) == (kind, name);
        !self.is_exact(kind) || self.exact.find(with_kind(hash, kind), is).is_some()
    }

    /// Whether every trigger of this kind asks for one name, and says which.
    #[inline]
    pub(super) fn is_exact(&self, kind: u8) -> bool {
        self.inexact.get(usize::from(kind)).is_none_or(|&inexact| inexact == 0)
    }

    /// Takes a number out of the chain of its name.
    fn unchain(&mut self, number: u32) {
        let (hasher, watches, after) = (self.hasher, &self.watches, self.after(number));
        let hash = |other: u32| hash_name(hasher, name_of(watches, other));
        let wanted = name_of(watches, number);
        let head = self.exact.find(hash(number), |other| name_of(watches, other) == wanted);
        let Some(mut at) = head else { return };
        if at == number {
            self.exact.remove(hash(number), number, hash);
            if after != NOBODY {
                self.exact.insert(hash(after), after, hash);
            }
            return;
        }
        while at != NOBODY {
            let next = self.after(at);
            if next == number {
                if let Some(watch) = self.get_mut(at) {
                    watch.next = after;
                }
                return;
            }
            at = next;
        }
    }

    fn numbers_of(&mut self, kind: u8) -> (Option<&mut u32>, Option<&mut u32>) {
        let kind = usize::from(kind);
        (self.asked.get_mut(kind), self.inexact.get_mut(kind))
    }

    /// Changes the lists that a trigger with this matcher stands in; empty ones are dropped.
    fn each_list(&mut self, name: &Matcher, kind: u8, change: impl Fn(&mut Vec<u32>)) {
        let (map, texts) = match name {
            Matcher::Exact(_) => return,
            Matcher::Any => return self.any.get_mut(usize::from(kind)).map(change).unwrap_or_default(),
            Matcher::Prefix(text) => (&mut self.prefix, std::slice::from_ref(text)),
            Matcher::Suffix(text) => (&mut self.suffix, std::slice::from_ref(text)),
            Matcher::OneOf(texts) => (&mut self.several, &**texts),
        };
        for text in texts {
            let list = map.entry((kind, text.clone())).or_default();
            change(list);
            if list.is_empty() {
                map.remove(&Key(kind, text));
            }
        }
    }
}

fn id_of(watches: &Shelf, number: u32) -> &str {
    watches.get(number).map_or("", |watch| watch.trigger.id())
}

/// The one name that a trigger asks for.
fn name_of(watches: &Shelf, number: u32) -> (u8, &str) {
    watches.get(number).map_or((u8::MAX, ""), |watch| {
        let (kind, name) = target(&watch.trigger);
        (kind, name.as_exact().unwrap_or(""))
    })
}

fn hash_name(hasher: Seeded, (kind, name): (u8, &str)) -> u64 {
    with_kind(hasher.text(name), kind)
}

/// The kinds are few and neighbours, so they go to where they change the place in a table.
#[inline]
fn with_kind(hash: u64, kind: u8) -> u64 {
    hash ^ u64::from(kind) << 56 ^ u64::from(kind) << 20
}

/// A key of the maps, borrowed; it hashes like the owned one.
#[derive(Hash)]
struct Key<'a>(u8, &'a str);

impl hashbrown::Equivalent<(u8, Box<str>)> for Key<'_> {
    fn equivalent(&self, key: &(u8, Box<str>)) -> bool {
        self.0 == key.0 && *self.1 == *key.1
    }
}

/// The one name that a trigger asks for, if it asks for just one.
pub(super) fn only_name(trigger: &Trigger) -> Option<(u8, &str)> {
    let (kind, name) = target(trigger);
    Some((kind, name.as_exact()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threshold::Threshold;

    fn watch(id: &str, name: impl Into<Matcher>) -> Watch {
        let trigger = Trigger::segment_threshold_crossed(id, name, Threshold::above(1.0)).build().unwrap();
        Watch::new(trigger)
    }

    #[test]
    fn a_name_finds_its_triggers_however_they_ask_for_it_and_after_removals() {
        let mut register = Register::new(7);
        let asks: [(&str, Matcher); 8] = [
            ("a", "vip".into()),
            ("b", "vip".into()),
            ("c", Matcher::prefix("vi")),
            ("d", Matcher::suffix("p")),
            ("e", Matcher::one_of(["vip", "gold"])),
            ("f", "*".into()),
            ("g", "gold".into()),
            ("h", "vip".into()),
        ];
        for (id, name) in asks {
            let number = register.new_number();
            register.put(number, watch(id, name));
        }
        let find = |register: &Register, kind, name| {
            let mut found = Vec::new();
            register.find(kind, name, &mut found);
            found
        };
        assert_eq!(find(&register, 0, "vip"), [0, 1, 2, 3, 4, 5, 7]);
        assert_eq!(find(&register, 0, "gold"), [4, 5, 6]);
        assert_eq!(find(&register, 1, "vip"), [0; 0]);
        for (taken, left) in [(1, vec![0, 2, 3, 4, 5, 7]), (7, vec![0, 2, 3, 4, 5]), (0, vec![2, 3, 4, 5])] {
            assert!(register.take(taken).is_some());
            assert_eq!(find(&register, 0, "vip"), left);
        }
        assert_eq!((register.number_of("a"), register.number_of("c"), register.len()), (None, Some(2), 5));
        [2, 3, 4, 5].into_iter().for_each(|number| drop(register.take(number)));
        assert_eq!(find(&register, 0, "vip"), [0; 0]);
        assert_eq!(find(&register, 0, "gold"), [6]);
    }
}

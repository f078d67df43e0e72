//! Things by the numbers that they were given one after the other.

use std::collections::{BTreeMap, VecDeque};

/// A map by ascending numbers, in their order, made for what mostly leaves as it came.
///
/// Such entries stand in a row and are found by counting. One that stays
/// behind while many others come and go moves over to a tree, so that the row
/// is no longer than twice what stands in it, and a bit.
#[derive(Debug, Clone)]
pub(super) struct Numbered<T> {
    /// Those that stayed behind; all are below `first`.
    old: BTreeMap<u64, T>,
    /// The number of the row's first place.
    first: u64,
    row: VecDeque<Option<T>>,
    /// How many places of the row are taken.
    taken: usize,
}

/// So many places may be empty, however few are taken.
const SLACK: usize = 64;

impl<T> Numbered<T> {
    pub(super) fn new() -> Self {
        Self { old: BTreeMap::new(), first: 0, row: VecDeque::new(), taken: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.old.len() + self.taken
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn get(&self, number: u64) -> Option<&T> {
        match self.place(number) {
            Some(place) => self.row.get(place)?.as_ref(),
            None => self.old.get(&number),
        }
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        match self.place(number) {
            Some(place) => self.row.get_mut(place)?.as_mut(),
            None => self.old.get_mut(&number),
        }
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.get(number).is_some()
    }

    /// All of them in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let row = self.row.iter().enumerate();
        let row = row.filter_map(|(place, entry)| Some((self.first + place as u64, entry.as_ref()?)));
        self.old.iter().map(|(number, entry)| (*number, entry)).chain(row)
    }

    /// Puts one in; what stood under its number goes.
    pub(super) fn insert(&mut self, number: u64, entry: T) {
        if self.row.is_empty() && self.old.last_key_value().is_none_or(|(last, _)| *last < number) {
            self.first = number;
        }
        let Some(place) = self.place(number) else {
            self.old.insert(number, entry);
            return;
        };
        if place >= self.longest() {
            // None of those in the row is near.
            while self.retire() {}
            self.first = number;
            self.row.push_back(None);
        }
        let place = (number - self.first) as usize;
        while self.row.len() <= place {
            self.row.push_back(None);
        }
        self.taken += usize::from(self.row[place].replace(entry).is_none());
        self.tidy();
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<T> {
        let Some(place) = self.place(number) else { return self.old.remove(&number) };
        let entry = self.row.get_mut(place)?.take()?;
        self.taken -= 1;
        self.tidy();
        Some(entry)
    }

    fn place(&self, number: u64) -> Option<usize> {
        // What is too far away for a row is not in it.
        Some(usize::try_from(number.checked_sub(self.first)?).unwrap_or(usize::MAX))
    }

    fn longest(&self) -> usize {
        2 * self.taken + SLACK
    }

    /// Sees to it that the row begins with one that is there, and is not too long.
    fn tidy(&mut self) {
        while let Some(None) = self.row.front() {
            self.retire();
        }
        while self.row.len() > self.longest() && self.retire() {}
    }

    /// Moves the row's first place out, to the tree if it is taken; whether there was one.
    fn retire(&mut self) -> bool {
        let Some(place) = self.row.pop_front() else { return false };
        if let Some(entry) = place {
            self.old.insert(self.first, entry);
            self.taken -= 1;
        }
        self.first = self.first.saturating_add(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, in the way that needs no thought.
    type Model = BTreeMap<u64, u64>;

    fn assert_same(numbered: &Numbered<u64>, model: &Model) {
        assert!(numbered.iter().eq(model.iter().map(|(number, entry)| (*number, entry))));
        assert_eq!((numbered.len(), numbered.is_empty()), (model.len(), model.is_empty()));
        assert!(numbered.row.len() <= numbered.longest());
    }

    #[test]
    fn whatever_leaves_first_it_is_a_map_in_the_order_of_its_numbers() {
        let mut state = 7_u64;
        let mut below = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % most
        };
        for round in 0..60 {
            let (mut numbered, mut model, mut next) = (Numbered::new(), Model::new(), 0);
            for step in 0..400 {
                next += if below(40) == 0 { below(1 << (round % 40)) } else { 0 };
                if below(5) < 3 {
                    numbered.insert(next, step);
                    model.insert(next, step);
                    next += 1;
                } else {
                    // The oldest, the newest, or any; some of them are not there any more.
                    let at = below(3) * model.len() as u64 / 2;
                    let number = model.keys().nth(at as usize).copied().unwrap_or_else(|| below(next + 9));
                    assert_eq!(numbered.remove(number), model.remove(&number));
                    assert!(numbered.get(number).is_none() && numbered.remove(number).is_none());
                }
                let number = below(next + 9);
                assert_eq!(numbered.get(number), model.get(&number));
                assert_eq!(numbered.get_mut(number), model.get_mut(&number));
                assert_eq!(numbered.contains(number), model.contains_key(&number));
                assert_same(&numbered, &model);
            }
        }
    }

    #[test]
    fn the_room_is_that_of_those_that_are_there_however_long_one_stays_behind() {
        let (mut numbered, mut model) = (Numbered::new(), Model::new());
        for number in 0..10_000 {
            numbered.insert(number, number);
            model.insert(number, number);
            if number % 1_000 != 0 {
                assert_eq!(numbered.remove(number), model.remove(&number));
            }
            assert_same(&numbered, &model);
        }
        assert_eq!(numbered.len(), 10);
    }

    #[test]
    fn numbers_out_of_order_and_the_largest_are_numbers_too() {
        let (mut numbered, mut model) = (Numbered::new(), Model::new());
        for number in [9, 3, 5, u64::MAX, 4, 1 << 40, 3, 1 << 40, 10, 0] {
            numbered.insert(number, number);
            model.insert(number, number);
            assert_same(&numbered, &model);
        }
        for number in [5, u64::MAX, 0, 3, 10, 9, 4, 1 << 40] {
            assert_eq!(numbered.remove(number), model.remove(&number));
            assert_same(&numbered, &model);
        }
    }
}

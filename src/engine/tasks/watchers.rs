//! The triggers that watch one item.

use std::ops::{Deref, DerefMut};

use super::super::numbers::NOBODY;
use super::quick::Wish;
use super::told::Told;

/// One trigger on one item. The fields stand in this order in memory, so that
/// what a task reads of it is in the lines of the item that it reads anyway.
#[derive(Debug, Clone)]
#[repr(C)]
pub(in crate::engine) struct Watcher {
    pub(in crate::engine) trigger: u32,
    /// Its deadlines, if it can have any; [`NOBODY`] where it cannot.
    pub(in crate::engine) instance: u32,
    /// Its matcher accepts the id, or the name in the last task that had one.
    pub(in crate::engine) by_id: bool,
    pub(in crate::engine) by_name: bool,
    /// What the trigger waits for, as of the generation in which the item last asked.
    pub(in crate::engine) wish: Wish,
    pub(in crate::engine) told: Told,
}

/// Watchers in the order in which their triggers were added. Most items have
/// one, which stands in the item itself.
#[derive(Debug, Clone)]
pub(in crate::engine) enum Watchers {
    One(Watcher),
    Several(Vec<Watcher>),
}

impl Watchers {
    /// Puts a watcher in its place.
    pub(super) fn enter(&mut self, watcher: Watcher) {
        let place = self.partition_point(|other| other.trigger < watcher.trigger);
        match std::mem::take(self) {
            Self::Several(none) if none.is_empty() => *self = Self::One(watcher),
            Self::Several(mut several) => {
                several.insert(place, watcher);
                *self = Self::Several(several);
            }
            Self::One(one) => {
                let both = if place == 0 { [watcher, one] } else { [one, watcher] };
                *self = Self::Several(both.into());
            }
        }
    }

    /// Takes the watcher of a trigger out.
    pub(super) fn take(&mut self, trigger: u32) -> Option<Watcher> {
        let place = self.place_of(trigger)?;
        match std::mem::take(self) {
            Self::One(one) => Some(one),
            Self::Several(mut several) => {
                let taken = several.remove(place);
                *self = match several.pop() {
                    Some(one) if several.is_empty() => Self::One(one),
                    last => {
                        several.extend(last);
                        Self::Several(several)
                    }
                };
                Some(taken)
            }
        }
    }

    pub(super) fn of(&self, trigger: u32) -> Option<&Watcher> {
        self.get(self.place_of(trigger)?)
    }

    pub(super) fn of_mut(&mut self, trigger: u32) -> Option<&mut Watcher> {
        let place = self.place_of(trigger)?;
        self.get_mut(place)
    }

    fn place_of(&self, trigger: u32) -> Option<usize> {
        self.binary_search_by_key(&trigger, |watcher| watcher.trigger).ok()
    }
}

impl Default for Watchers {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Deref for Watchers {
    type Target = [Watcher];

    #[inline]
    fn deref(&self) -> &[Watcher] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }
}

impl DerefMut for Watchers {
    #[inline]
    fn deref_mut(&mut self) -> &mut [Watcher] {
        match self {
            Self::One(one) => std::slice::from_mut(one),
            Self::Several(several) => several,
        }
    }
}

impl Watcher {
    pub(in crate::engine) fn new(trigger: u32) -> Self {
        Self {
            trigger,
            instance: NOBODY,
            by_id: false,
            by_name: false,
            wish: Wish::UNASKED,
            told: Told::default(),
        }
    }

    /// Whether a task of the item concerns the trigger. By which of the two is as good as random, so it is not asked.
    #[inline]
    pub(in crate::engine) fn is_concerned(&self) -> bool {
        self.by_id | self.by_name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watchers_stand_in_the_order_of_their_triggers_however_they_come_and_go() {
        let mut watchers = Watchers::default();
        let triggers = |watchers: &Watchers| watchers.iter().map(|one| one.trigger).collect::<Vec<_>>();
        assert!(watchers.is_empty() && watchers.take(1).is_none());
        for trigger in [5, 2, 9, 7] {
            watchers.enter(Watcher::new(trigger));
            assert_eq!(watchers.of(trigger).map(|one| one.trigger), Some(trigger));
        }
        assert_eq!(triggers(&watchers), [2, 5, 7, 9]);
        assert_eq!(watchers.of_mut(7).map(|one| one.trigger), Some(7));
        for (taken, left) in [(9, vec![2, 5, 7]), (2, vec![5, 7]), (7, vec![5]), (5, vec![])] {
            assert_eq!(watchers.take(taken).map(|one| one.trigger), Some(taken));
            assert!(watchers.take(taken).is_none());
            assert_eq!(triggers(&watchers), left);
            assert_eq!(matches!(watchers, Watchers::One(_)), left.len() == 1);
        }
    }
}

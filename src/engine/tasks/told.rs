//! What has been told of one trigger and one item or job: for ids and for `cooldown`.

use std::collections::VecDeque;

use crate::time::Nanos;

use super::super::slot::LONG_AGO;

/// How many distinct times are remembered of an item or a job, and of a whole trigger.
pub(in crate::engine) const ITEM_TIMES: usize = 16;
pub(in crate::engine) const WHOLE_TIMES: usize = 1_024;

/// The firings of one trigger and key. Tasks come in any order, so that a
/// firing may be older than the last one and still be the second of its instant.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct Told {
    /// The largest `time` of a firing; [`LONG_AGO`] for none.
    pub(in crate::engine) latest: Nanos,
    /// How many firings there were at it, and in all.
    pub(in crate::engine) at_latest: u32,
    pub(in crate::engine) total: u32,
    pub(in crate::engine) suppressed: u32,
    /// The times before the latest, sorted, with their firings.
    pub(in crate::engine) earlier: VecDeque<(Nanos, u32)>,
}

impl Default for Told {
    fn default() -> Self {
        Self { latest: LONG_AGO, at_latest: 0, total: 0, suppressed: 0, earlier: VecDeque::new() }
    }
}

impl Told {
    /// Until when a `cooldown` swallows, if it does so at `time`.
    pub(in crate::engine) fn cools_until(&self, time: Nanos, cooldown: Nanos) -> Option<Nanos> {
        let until = self.latest.saturating_add(cooldown);
        (self.latest != LONG_AGO && time < until).then_some(until)
    }

    /// A firing at `time`: its ordinal among those of that instant. For a time
    /// older than the `most` latest ones it is the number of all firings so far,
    /// which no firing has had.
    pub(in crate::engine) fn note(&mut self, time: Nanos, most: usize) -> u32 {
        let ordinal = if time > self.latest {
            if self.latest != LONG_AGO {
                self.remember(self.earlier.len(), (self.latest, self.at_latest), most);
            }
            (self.latest, self.at_latest) = (time, 1);
            0
        } else if time == self.latest {
            self.at_latest += 1;
            self.at_latest - 1
        } else {
            match self.earlier.binary_search_by_key(&time, |&(at, _)| at) {
                Ok(place) => {
                    self.earlier[place].1 += 1;
                    self.earlier[place].1 - 1
                }
                Err(0) if self.earlier.len() + 1 >= most => self.total,
                Err(place) => {
                    self.remember(place, (time, 1), most);
                    0
                }
            }
        };
        self.total = self.total.saturating_add(1);
        ordinal
    }

    fn remember(&mut self, place: usize, firings: (Nanos, u32), most: usize) {
        if place == self.earlier.len() {
            self.earlier.push_back(firings);
        } else {
            self.earlier.insert(place, firings);
        }
        if self.earlier.len() + 1 > most {
            self.earlier.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinal_counts_the_firings_of_its_instant_in_whatever_order_they_come() {
        let mut told = Told::default();
        let times = [5, 5, 9, 5, 7, 9, 7, 5];
        let ordinals: Vec<u32> = times.iter().map(|&time| told.note(time, ITEM_TIMES)).collect();
        assert_eq!(ordinals, [0, 1, 0, 2, 0, 1, 1, 3]);
        assert_eq!((told.latest, told.total), (9, 8));
    }

    #[test]
    fn beyond_the_times_that_are_remembered_an_ordinal_is_never_given_twice() {
        let mut told = Told::default();
        for time in 0..20 {
            assert_eq!(told.note(time, 4), 0);
        }
        assert_eq!(told.earlier, [(16, 1), (17, 1), (18, 1)]);
        assert_eq!((told.note(3, 4), told.note(3, 4), told.note(17, 4)), (20, 21, 1));
        let mut few = Told::default();
        assert_eq!([9, 8, 7, 6, 5].map(|time| few.note(time, 4)), [0, 0, 0, 0, 4]);
    }

    #[test]
    fn a_cooldown_runs_from_the_latest_firing_and_its_end_is_exclusive() {
        let mut told = Told::default();
        assert_eq!(told.cools_until(3, 10), None);
        told.note(5, ITEM_TIMES);
        told.note(4, ITEM_TIMES);
        assert_eq!([4, 14, 15].map(|time| told.cools_until(time, 10)), [Some(15), Some(15), None]);
    }
}

//! The firings that wait to be polled.

use std::collections::VecDeque;

use crate::threshold::Transition;
use crate::time::Nanos;

use super::emit::{Crossing, Pending};
use super::tasks::Occurred;

/// Firings in order. Those of one value are kept together: what they share
/// once, and of each only its trigger and its ordinal.
#[derive(Debug, Clone, Default)]
pub(super) struct Outbox {
    entries: VecDeque<Entry>,
    /// The crossings of all `Entry::Crossings`, one after the other.
    crossed: VecDeque<(u32, u32)>,
    len: usize,
}

#[derive(Debug, Clone)]
enum Entry {
    /// So many crossings; of the one given only what they share counts.
    Crossings(Crossing, u32),
    One(Pending),
}

impl Outbox {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push_back(&mut self, pending: Pending) {
        match pending {
            Pending::Crossing(crossing) => {
                self.push_crossings(crossing, std::iter::once((crossing.trigger, crossing.ordinal)));
            }
            other => {
                self.entries.push_back(Entry::One(other));
                self.len += 1;
            }
        }
    }

    #[inline]
    pub(super) fn push_occurred(&mut self, occurred: Occurred) {
        self.entries.push_back(Entry::One(Pending::Occurred(occurred)));
        self.len += 1;
    }

    /// Crossings of one series at one value: triggers and ordinals, and what they share.
    pub(super) fn push_crossings(&mut self, shared: Crossing, crossed: impl Iterator<Item = (u32, u32)>) {
        let before = self.crossed.len();
        self.crossed.extend(crossed);
        let count = self.crossed.len() - before;
        if count > 0 {
            self.entries.push_back(Entry::Crossings(shared, count as u32));
            self.len += count;
        }
    }

    pub(super) fn pop_front(&mut self) -> Option<Pending> {
        match self.pop_crossing() {
            Some(crossing) => Some(Pending::Crossing(crossing)),
            None => self.pop_other(),
        }
    }

    /// Trigger, transition and time of the first, which is taken.
    #[inline]
    pub(super) fn pop_brief(&mut self) -> Option<(u32, Transition, Nanos)> {
        // Most come so, and of what they share only the time is read.
        if let Some(Entry::Crossings(shared, count)) = self.entries.front_mut()
            && *count > 1
        {
            let (trigger, _) = self.crossed.pop_front()?;
            *count -= 1;
            self.len -= 1;
            return Some((trigger, Transition::Crossed, shared.time));
        }
        self.pop_front().map(|pending| pending.brief())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Pending> {
        let mut crossed = self.crossed.iter();
        self.entries.iter().flat_map(move |entry| match entry {
            Entry::One(pending) => vec![pending.clone()],
            Entry::Crossings(shared, count) => {
                let own = crossed.by_ref().take(*count as usize);
                own.map(|own| Pending::Crossing(shared.of(*own))).collect()
            }
        })
    }

    #[inline]
    fn pop_crossing(&mut self) -> Option<Crossing> {
        let Some(Entry::Crossings(shared, count)) = self.entries.front_mut() else { return None };
        let crossing = shared.of(self.crossed.pop_front()?);
        *count -= 1;
        if *count == 0 {
            self.entries.pop_front();
        }
        self.len -= 1;
        Some(crossing)
    }

    fn pop_other(&mut self) -> Option<Pending> {
        let Entry::One(pending) = self.entries.pop_front()? else { return None };
        self.len -= 1;
        Some(pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firings_come_out_in_the_order_in_which_they_went_in() {
        let crossing =
            |trigger, time| Crossing { trigger, series: 0, ordinal: 2, time, value: 1.0, previous: 0.0 };
        let mut outbox = Outbox::default();
        outbox.push_back(Pending::Crossing(crossing(4, 1)));
        outbox.push_crossings(crossing(0, 2), [(7, 0), (8, 1), (9, 0)].into_iter());
        outbox.push_crossings(crossing(0, 3), std::iter::empty());
        outbox.push_back(Pending::Record(Box::new(crossing(5, 4).record())));
        outbox.push_back(Pending::Crossing(crossing(6, 5)));
        let expected = [(4, 1, 2), (7, 2, 0), (8, 2, 1), (9, 2, 0), (5, 4, 2), (6, 5, 2)];
        let parts = |pending: Pending| match pending {
            Pending::Crossing(Crossing { trigger, time, ordinal, .. }) => (trigger, time, ordinal),
            Pending::Record(record) => (record.trigger, record.time, record.ordinal),
            other => panic!("{other:?}"),
        };
        assert_eq!(outbox.iter().map(parts).collect::<Vec<_>>(), expected);
        let brief = outbox.clone().pop_brief();
        assert_eq!(brief, Some((4, Transition::Crossed, 1)));
        for (place, expected) in expected.into_iter().enumerate() {
            assert_eq!(outbox.len(), 6 - place);
            assert_eq!(outbox.pop_front().map(parts), Some(expected));
        }
        assert!(outbox.pop_front().is_none() && outbox.pop_brief().is_none());
    }
}

//! The firings that wait to be polled.

use std::collections::VecDeque;

use crate::threshold::Transition;
use crate::time::Nanos;

use super::emit::{Crossing, Pending};
use super::tasks::Occurred;

/// Fewer that were polled are not worth moving the rest.
const MANY: usize = 4_096;

/// Firings in order. Those of one value are kept together: what they share
/// once, and of each only its trigger.
#[derive(Debug, Clone, Default)]
pub(super) struct Outbox {
    runs: VecDeque<Run>,
    /// The triggers of all `Run::Crossings`, one after the other, after so many that were polled.
    crossed: Vec<u32>,
    taken: usize,
    /// Those of all `Run::Occurred`.
    occurred: VecDeque<Occurred>,
    len: usize,
}

/// Firings of one kind.
#[derive(Debug, Clone)]
enum Run {
    /// So many crossings; of the one given only what they share counts.
    Crossings(Crossing, u32),
    Occurred(u32),
    One(Pending),
}

impl Outbox {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push_back(&mut self, pending: Pending) {
        match pending {
            Pending::Crossing(crossing) => self.push_crossings(crossing, &[crossing.trigger]),
            Pending::Occurred(occurred) => self.push_occurred(occurred),
            other => {
                self.runs.push_back(Run::One(other));
                self.len += 1;
            }
        }
    }

    #[inline]
    pub(super) fn push_occurred(&mut self, occurred: Occurred) {
        match self.runs.back_mut() {
            Some(Run::Occurred(count)) => *count += 1,
            _ => self.runs.push_back(Run::Occurred(1)),
        }
        self.occurred.push_back(occurred);
        self.len += 1;
    }

    /// Crossings of one series at one value that differ in their triggers only.
    #[inline]
    pub(super) fn push_crossings(&mut self, shared: Crossing, triggers: &[u32]) {
        if triggers.is_empty() {
            return;
        }
        match self.runs.back_mut() {
            Some(Run::Crossings(last, count)) if last.is_like(&shared) => *count += triggers.len() as u32,
            _ => self.runs.push_back(Run::Crossings(shared, triggers.len() as u32)),
        }
        self.crossed.extend_from_slice(triggers);
        self.len += triggers.len();
    }

    pub(super) fn pop_front(&mut self) -> Option<Pending> {
        let (pending, left) = match self.runs.front_mut()? {
            Run::Crossings(shared, left) => {
                *left -= 1;
                let trigger = *self.crossed.get(self.taken)?;
                self.taken += 1;
                (Pending::Crossing(shared.of(trigger)), *left)
            }
            Run::Occurred(left) => {
                *left -= 1;
                (Pending::Occurred(self.occurred.pop_front()?), *left)
            }
            Run::One(_) => {
                let Run::One(pending) = self.runs.pop_front()? else { return None };
                self.len -= 1;
                return Some(pending);
            }
        };
        self.len -= 1;
        if left == 0 {
            self.end_run();
        }
        Some(pending)
    }

    /// Trigger, transition and time of the first, which is taken.
    #[inline]
    pub(super) fn pop_brief(&mut self) -> Option<(u32, Transition, Nanos)> {
        // Most come so, and of what they share only the time is read.
        if let Some(Run::Crossings(shared, left)) = self.runs.front_mut()
            && *left > 1
            && let Some(&trigger) = self.crossed.get(self.taken)
        {
            (*left, self.taken, self.len) = (*left - 1, self.taken + 1, self.len - 1);
            return Some((trigger, Transition::Crossed, shared.time));
        }
        self.pop_last_brief()
    }

    #[inline(never)]
    fn pop_last_brief(&mut self) -> Option<(u32, Transition, Nanos)> {
        let (brief, left) = match self.runs.front_mut()? {
            Run::Crossings(shared, left) => {
                *left -= 1;
                let trigger = *self.crossed.get(self.taken)?;
                self.taken += 1;
                ((trigger, Transition::Crossed, shared.time), *left)
            }
            Run::Occurred(left) => {
                *left -= 1;
                let occurred = self.occurred.front()?;
                let brief = (occurred.trigger, Transition::Occurred, occurred.time);
                self.occurred.pop_front();
                (brief, *left)
            }
            Run::One(_) => return self.pop_front().map(|pending| pending.brief()),
        };
        self.len -= 1;
        if left == 0 {
            self.end_run();
        }
        Some(brief)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Pending> {
        let mut crossed = self.crossed.iter().skip(self.taken);
        let mut occurred = self.occurred.iter();
        self.runs.iter().flat_map(move |run| match run {
            Run::One(pending) => vec![pending.clone()],
            Run::Occurred(count) => {
                occurred.by_ref().take(*count as usize).cloned().map(Pending::Occurred).collect()
            }
            Run::Crossings(shared, count) => {
                let triggers = crossed.by_ref().take(*count as usize);
                triggers.map(|trigger| Pending::Crossing(shared.of(*trigger))).collect()
            }
        })
    }

    /// The first run has been polled.
    fn end_run(&mut self) {
        self.runs.pop_front();
        if self.taken == self.crossed.len() {
            self.crossed.clear();
            self.taken = 0;
        } else if self.taken >= MANY && self.taken * 2 >= self.crossed.len() {
            self.crossed.drain(..self.taken);
            self.taken = 0;
        }
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
        outbox.push_crossings(crossing(0, 2), &[7, 8]);
        outbox.push_crossings(crossing(0, 2), &[9]);
        outbox.push_crossings(crossing(0, 3), &[]);
        outbox.push_back(Pending::Crossing(Crossing { ordinal: 3, ..crossing(8, 2) }));
        outbox.push_back(Pending::Record(Box::new(crossing(5, 4).record())));
        outbox.push_back(Pending::Crossing(crossing(6, 5)));
        let expected = [(4, 1, 2), (7, 2, 2), (8, 2, 2), (9, 2, 2), (8, 2, 3), (5, 4, 2), (6, 5, 2)];
        let parts = |pending: Pending| match pending {
            Pending::Crossing(Crossing { trigger, time, ordinal, .. }) => (trigger, time, ordinal),
            Pending::Record(record) => (record.trigger, record.time, record.ordinal),
            other => panic!("{other:?}"),
        };
        assert_eq!(outbox.iter().map(parts).collect::<Vec<_>>(), expected);
        let brief = outbox.clone().pop_brief();
        assert_eq!(brief, Some((4, Transition::Crossed, 1)));
        for (place, expected) in expected.into_iter().enumerate() {
            assert_eq!(outbox.len(), 7 - place);
            assert_eq!(outbox.pop_front().map(parts), Some(expected));
        }
        assert!(outbox.pop_front().is_none() && outbox.pop_brief().is_none());
    }
}

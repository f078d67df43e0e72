//! Observations that wait for `lateness` to pass, kept in the order in which
//! they will be applied.

use std::collections::BTreeMap;

use crate::time::Nanos;

/// Waiting observations in (time, sequence, arrival) order; those without a
/// sequence come first at their instant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Waiting<P> {
    entries: BTreeMap<(Nanos, Option<i64>, u64), P>,
    arrivals: u64,
}

impl<P> Default for Waiting<P> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), arrivals: 0 }
    }
}

impl<P> Waiting<P> {
    pub(crate) fn push(&mut self, at: Nanos, sequence: Option<i64>, payload: P) {
        self.entries.insert((at, sequence, self.arrivals), payload);
        self.arrivals += 1;
    }

    /// The instant of the first one.
    pub(crate) fn next_at(&self) -> Option<Nanos> {
        self.entries.first_key_value().map(|((at, _, _), _)| *at)
    }

    pub(crate) fn pop(&mut self) -> Option<(Nanos, Option<i64>, P)> {
        self.entries.pop_first().map(|((at, sequence, _), payload)| (at, sequence, payload))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Nanos, Option<i64>, &P)> {
        self.entries.iter().map(|((at, sequence, _), payload)| (*at, *sequence, payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_leave_in_order_of_time_sequence_and_arrival() {
        let mut waiting = Waiting::default();
        for (at, sequence, name) in
            [(2, None, "d"), (1, Some(2), "c"), (1, Some(1), "b"), (1, None, "a"), (2, None, "e")]
        {
            waiting.push(at, sequence, name);
        }
        assert_eq!(waiting.next_at(), Some(1));
        let order: String = std::iter::from_fn(|| waiting.pop()).map(|(_, _, name)| name).collect();
        assert_eq!(order, "abcde");
    }
}

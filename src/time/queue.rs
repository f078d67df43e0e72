//! The deadline queue that every machine shares.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Nanos;

/// Deadlines in order of (instant, key). An entry is never taken out early: the
/// owner asks on popping whether it still means it, so moving a deadline
/// further away costs nothing, and moving it nearer costs one push.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeadlineQueue<K: Ord> {
    heap: BinaryHeap<Reverse<(Nanos, K)>>,
}

impl<K: Ord + Copy> DeadlineQueue<K> {
    pub(crate) fn new() -> Self {
        Self { heap: BinaryHeap::new() }
    }

    pub(crate) fn push(&mut self, at: Nanos, key: K) {
        self.heap.push(Reverse((at, key)));
    }

    /// The earliest entry.
    pub(crate) fn peek(&self) -> Option<(Nanos, K)> {
        self.heap.peek().map(|Reverse(entry)| *entry)
    }

    /// How many entries there are, those that nobody means any more among them.
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Takes out what is not meant any more; it costs as much as there are entries.
    pub(crate) fn retain(&mut self, mut is_meant: impl FnMut(Nanos, K) -> bool) {
        self.heap.retain(|Reverse((at, key))| is_meant(*at, *key));
    }

    /// Takes the earliest entry.
    pub(crate) fn pop(&mut self) -> Option<(Nanos, K)> {
        self.heap.pop().map(|Reverse(entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_in_order_of_instant_and_key() {
        let mut queue = DeadlineQueue::new();
        for (at, key) in [(5, 1), (3, 2), (3, 1), (9, 0)] {
            queue.push(at, key);
        }
        assert_eq!(queue.peek(), Some((3, 1)));
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [(3, 1), (3, 2), (5, 1), (9, 0)]);
    }

    #[test]
    fn what_is_not_meant_any_more_can_be_taken_out() {
        let mut queue = DeadlineQueue::new();
        (0..9).for_each(|at| queue.push(at, at));
        queue.retain(|at, key| at == key && at % 4 == 1);
        assert_eq!((queue.len(), queue.pop(), queue.pop()), (2, Some((1, 1)), Some((5, 5))));
    }
}

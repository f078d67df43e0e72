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
}

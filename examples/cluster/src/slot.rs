//! One delivery at a time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The right to have a delivery under way, which a worker has once for all its partitions.
///
/// From the sending of a note until its end is committed it is with one owner. So whatever ends the worker, or takes the
/// server away, leaves at most one note of which nobody knows that it was told, and at most one is told again.
///
/// Where a commit fails, nobody sends until something was committed anew: a server that is gone would otherwise
/// take the end of one note after the other, of each partition.
#[derive(Debug, Default)]
pub struct Slot {
    /// One that waits for the others to be done.
    turn: Mutex<()>,
    doubt: Mutex<Option<Instant>>,
}

/// The slot, as long as one has it.
pub struct Turn<'a> {
    slot: &'a Slot,
    _turn: MutexGuard<'a, ()>,
}

impl Slot {
    /// Waits for the slot.
    pub fn wait(&self) -> Turn<'_> {
        Turn { slot: self, _turn: self.turn.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Tells that something was committed that was begun at this time.
    pub fn committed(&self, begun: Instant) {
        let mut doubt = self.doubt();
        if doubt.is_some_and(|since| begun > since) {
            *doubt = None;
        }
    }

    /// Tells that something could not be committed.
    pub fn failed(&self) {
        *self.doubt() = Some(Instant::now());
    }

    fn doubt(&self) -> MutexGuard<'_, Option<Instant>> {
        self.doubt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Whether it may be used.
    pub fn is_open(&self) -> bool {
        self.slot.doubt().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failure_only_what_was_begun_later_opens_it_again() {
        let slot = Slot::default();
        let before = Instant::now();
        assert!(slot.wait().is_open());
        slot.failed();
        slot.committed(before);
        assert!(!slot.wait().is_open());
        let mut later = Instant::now();
        while later <= before {
            later = Instant::now();
        }
        slot.committed(later + std::time::Duration::from_nanos(1));
        assert!(slot.wait().is_open());
    }
}

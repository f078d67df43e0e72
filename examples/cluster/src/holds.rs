//! What a worker holds, as its threads see it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The partitions that a worker may work on.
///
/// A lease that ran out and was taken again is another hold: somebody else may have worked meanwhile, and what was
/// opened before is old.
#[derive(Debug, Default)]
pub struct Holds {
    held: Mutex<BTreeMap<u32, Hold>>,
}

/// A lease without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    number: u64,
    /// Until when nobody else can have it.
    until: Instant,
    is_wanted: bool,
}

impl Hold {
    /// Whether this is one hold with that, however often it was renewed.
    pub fn is_same(self, other: Self) -> bool {
        self.number == other.number
    }

    /// Whether nobody else can have it at this moment.
    pub fn is_fresh(self) -> bool {
        Instant::now() < self.until
    }
}

impl Holds {
    /// The hold on a partition that shall be worked on.
    pub fn of(&self, partition: u32) -> Option<Hold> {
        self.held().get(&partition).copied().filter(|hold| hold.is_wanted)
    }

    /// The lease was taken or renewed: asked for at this time, for so long. It goes on without a gap where the answer came
    /// before it had run out.
    pub fn renewed(&self, partition: u32, asked: Instant, lasts: Duration) {
        let mut held = self.held();
        let (number, is_wanted) = match held.get(&partition) {
            Some(hold) if hold.is_fresh() => (hold.number, hold.is_wanted),
            Some(hold) => (hold.number + 1, false),
            None => (0, false),
        };
        held.insert(partition, Hold { number, until: asked + lasts, is_wanted });
    }

    /// The work is to begin, or to go on.
    pub fn want(&self, partition: u32) {
        if let Some(hold) = self.held().get_mut(&partition) {
            hold.is_wanted = true;
        }
    }

    /// The work is to end, the lease goes on.
    pub fn leave(&self, partition: u32) {
        if let Some(hold) = self.held().get_mut(&partition) {
            hold.is_wanted = false;
        }
    }

    /// The lease is gone.
    pub fn lost(&self, partition: u32) {
        // Kept with its number, so that the next one is another.
        if let Some(hold) = self.held().get_mut(&partition) {
            hold.is_wanted = false;
            hold.until = Instant::now();
        }
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<u32, Hold>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    #[test]
    fn a_hold_that_is_renewed_in_time_is_the_same_and_one_that_ran_out_is_another() {
        let holds = Holds::default();
        holds.renewed(3, Instant::now(), LONG);
        assert_eq!(holds.of(3), None, "nobody wants it yet");
        holds.want(3);
        let first = holds.of(3).unwrap();
        holds.renewed(3, Instant::now(), LONG);
        assert!(holds.of(3).unwrap().is_same(first) && first.is_fresh());
        holds.lost(3);
        assert_eq!(holds.of(3), None);
        holds.renewed(3, Instant::now(), Duration::ZERO);
        holds.want(3);
        let second = holds.of(3).unwrap();
        assert!(!second.is_same(first) && !second.is_fresh());
        holds.renewed(3, Instant::now(), LONG);
        holds.want(3);
        assert!(!holds.of(3).unwrap().is_same(second));
        holds.leave(3);
        assert_eq!(holds.of(3), None);
    }
}

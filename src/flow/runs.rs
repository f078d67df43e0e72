//! Which runs a firing has had, and where those are that are known.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::firing::FiringId;

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It has not ended; its number among all runs.
    Live(u64),
    /// It has ended; its number in the history.
    Ended(u64),
}

/// The runs of one firing.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs {
    /// How many it has had.
    pub(super) last: u64,
    /// One of those that are known, and all others: a firing mostly has one.
    first: Option<(u64, Place)>,
    others: Vec<(u64, Place)>,
}

impl Runs {
    pub(super) fn new(last: u64) -> Self {
        Self { last, ..Self::default() }
    }

    /// Those of a firing with its first run, which is under way by this number.
    pub(super) fn first(number: u64) -> Self {
        Self { last: 1, first: Some((1, Place::Live(number))), others: Vec::new() }
    }

    pub(super) fn is_forgotten(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn place(&self, number: u64) -> Option<Place> {
        self.first.iter().chain(&self.others).find(|(known, _)| *known == number).map(|(_, place)| *place)
    }

    /// Notes where a run is now.
    pub(super) fn put(&mut self, number: u64, place: Place) {
        let known = self.first.iter_mut().chain(&mut self.others).find(|(known, _)| *known == number);
        if let Some((_, at)) = known {
            *at = place;
        } else if self.first.is_none() {
            self.first = Some((number, place));
        } else {
            self.others.push((number, place));
        }
    }

    pub(super) fn forget(&mut self, number: u64) {
        if self.first.is_some_and(|(known, _)| known == number) {
            self.first = self.others.pop();
        } else {
            self.others.retain(|(known, _)| *known != number);
        }
    }
}

/// The runs of every firing of which any is known. Looked up alone: its order,
/// drawn anew by every process, is never seen.
pub(super) type RunsByFiring = HashMap<FiringId, Runs, RandomState>;

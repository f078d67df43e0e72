//! The last firings, for whoever asks later.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Pipeline;
use crate::firing::{Firing, FiringRecord};

#[derive(Debug, Clone, Default)]
pub(super) struct Firings {
    kept: VecDeque<Arc<Firing>>,
    /// The number of the next one, from 0.
    next: u64,
    most: usize,
}

impl Firings {
    pub(super) fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    pub(super) fn push(&mut self, firing: Firing) {
        self.next += 1;
        self.kept.push_back(Arc::new(firing));
        while self.kept.len() > self.most {
            self.kept.pop_front();
        }
    }

    fn first(&self) -> u64 {
        self.next - self.kept.len() as u64
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn records(&self) -> Vec<FiringRecord> {
        self.kept.iter().map(|firing| FiringRecord::of(firing)).collect()
    }

    /// As a snapshot has them, which may have kept more.
    pub(super) fn read(&mut self, next: u64, records: Vec<FiringRecord>) -> Result<(), String> {
        self.next = next.checked_sub(records.len() as u64).ok_or("more firings are kept than there were")?;
        records.into_iter().try_for_each(|record| record.read().map(|firing| self.push(firing)))
    }
}

impl Pipeline {
    /// The firings that are remembered from this number on, oldest first, each
    /// with its number. Numbers begin at 0 and leave none out: where the first
    /// is greater than the one asked for, those between are not kept any more.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// for (id, members) in [("t-16", 998.0), ("t-17", 1004.0)] {
    ///     let _ = pipeline.handle_event(now, &ValueObserved::new("segment", "vip", members).into_event(id, "/s")?)?;
    /// }
    /// let (number, firing) = pipeline.firings_from(0).next().unwrap();
    /// assert_eq!((number, firing.trigger()), (0, "vip-1000"));
    /// assert!(pipeline.firings_from(number + 1).next().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn firings_from(&self, number: u64) -> impl DoubleEndedIterator<Item = (u64, &Firing)> {
        let first = self.firings.first();
        let skipped = usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX);
        let kept = self.firings.kept.iter().map(AsRef::as_ref).enumerate();
        kept.skip(skipped).map(move |(place, firing)| (first + place as u64, firing))
    }
}

//! The last firings, for whoever asks later.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Pipeline;
use super::activity::{Activities, Activity};
use crate::firing::{Firing, FiringRecord};
use crate::time::instant;

#[derive(Debug, Clone, Default)]
pub(super) struct Firings {
    kept: VecDeque<Arc<Firing>>,
    /// The number of the next one, from 0.
    next: u64,
    most: usize,
    pub(super) activities: Activities,
}

impl Firings {
    pub(super) fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    pub(super) fn push(&mut self, firing: Firing) {
        // Every time of a firing came in as nanoseconds.
        let at = instant(firing.time()).unwrap_or_default();
        self.activities.fired(firing.trigger(), at, self.next);
        self.remember(firing);
    }

    fn remember(&mut self, firing: Firing) {
        self.next += 1;
        self.kept.push_back(Arc::new(firing));
        while self.kept.len() > self.most {
            let oldest = self.first();
            if let Some(firing) = self.kept.pop_front() {
                self.activities.forgotten(firing.trigger(), oldest);
            }
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
    pub(super) fn read(
        &mut self,
        next: u64,
        records: Vec<FiringRecord>,
        activities: Option<Vec<(String, Activity)>>,
    ) -> Result<(), String> {
        self.next = next.checked_sub(records.len() as u64).ok_or("more firings are kept than there were")?;
        match activities {
            // Before there were any, what is remembered is all that is known.
            None => records.into_iter().try_for_each(|record| record.read().map(|firing| self.push(firing))),
            Some(list) => {
                records
                    .into_iter()
                    .try_for_each(|record| record.read().map(|firing| self.remember(firing)))?;
                let first = self.first();
                let triggers = self.kept.iter().map(|firing| firing.trigger());
                self.activities = Activities::read(list, (first..).zip(triggers));
                Ok(())
            }
        }
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

    /// The firings of one flow's trigger that are remembered, oldest first, each with its number among all
    /// of that flow's, from 0. Where the first is greater than the one asked for, those between are not kept any more.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// for (id, members) in [("t-16", 998.0), ("t-17", 1004.0)] {
    ///     let _ = pipeline.handle_event(now, &ValueObserved::new("segment", "vip", members).into_event(id, "/s")?)?;
    /// }
    /// let (number, firing) = pipeline.firings_of("vip-1000", 0).next().unwrap();
    /// assert_eq!((number, firing.value()), (0, Some(1004.0)));
    /// assert!(pipeline.firings_of("vip-1000", 1).next().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn firings_of(&self, flow: &str, number: u64) -> impl Iterator<Item = (u64, &Firing)> {
        let fired = self.activity(flow).map_or(0, Activity::fired);
        let first = self.firings.first();
        // The last of them has the last number.
        let numbers = (0..fired).rev().zip(self.firings.activities.numbers(flow).rev());
        let mut numbers: Vec<(u64, u64)> = numbers.take_while(|(own, _)| *own >= number).collect();
        numbers.reverse();
        numbers.into_iter().filter_map(move |(own, place)| {
            let place = usize::try_from(place.checked_sub(first)?).ok()?;
            Some((own, &**self.firings.kept.get(place)?))
        })
    }

    /// What has come of a flow since it was defined; `None` where nothing has.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert!(pipeline.activity("vip-1000").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn activity(&self, flow: &str) -> Option<&Activity> {
        self.firings.activities.get(flow)
    }
}

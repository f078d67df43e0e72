//! Tasks that come without events, many at a time.

use chrono::{DateTime, Utc};

use crate::event::RefreshCompleted;
use crate::time::DayTime;

use super::super::Engine;
use super::super::receipt::BatchReport;
use super::super::slots::BLOCK;
use super::quick::Known;

/// One task of a refresh, for the batch lane.
///
/// ```
/// use chrono::DateTime;
/// use tripline::{engine::RefreshObservation, event::{Item, RefreshCompleted}};
///
/// let task = RefreshCompleted::new("ingestion", "failed").with_item(Item::new("ds-42"));
/// let observation = RefreshObservation::new("/instances/contoso", DateTime::UNIX_EPOCH, &task);
/// assert_eq!(observation.task().item().map(|item| item.id()), Some("ds-42"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RefreshObservation<'a> {
    source: &'a str,
    time: DateTime<Utc>,
    task: &'a RefreshCompleted<'a>,
}

impl<'a> RefreshObservation<'a> {
    /// A task that ended at a source at a time.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::RefreshObservation, event::RefreshCompleted};
    /// let task = RefreshCompleted::new("map", "succeeded");
    /// let observation = RefreshObservation::new("/s", DateTime::UNIX_EPOCH, &task);
    /// assert_eq!(observation.task(), &task);
    /// ```
    pub fn new(source: &'a str, time: DateTime<Utc>, task: &'a RefreshCompleted<'a>) -> Self {
        Self { source, time, task }
    }

    /// Where it ran: the `source` that its event would have.
    ///
    /// ```
    /// # use tripline::{engine::RefreshObservation, event::RefreshCompleted};
    /// # let (task, time) = (RefreshCompleted::new("map", "succeeded"), chrono::DateTime::UNIX_EPOCH);
    /// assert_eq!(RefreshObservation::new("/s", time, &task).source(), "/s");
    /// ```
    pub fn source(&self) -> &'a str {
        self.source
    }

    /// When it ended.
    ///
    /// ```
    /// # use tripline::{engine::RefreshObservation, event::RefreshCompleted};
    /// # let (task, time) = (RefreshCompleted::new("map", "succeeded"), chrono::DateTime::UNIX_EPOCH);
    /// assert_eq!(RefreshObservation::new("/s", time, &task).time(), time);
    /// ```
    pub fn time(&self) -> DateTime<Utc> {
        self.time
    }

    /// What it was and how it ended.
    ///
    /// ```
    /// # use tripline::{engine::RefreshObservation, event::{Outcome, RefreshCompleted}};
    /// # let (task, time) = (RefreshCompleted::new("map", "succeeded"), chrono::DateTime::UNIX_EPOCH);
    /// assert_eq!(RefreshObservation::new("/s", time, &task).task().outcome(), &Outcome::SUCCEEDED);
    /// ```
    pub fn task(&self) -> &'a RefreshCompleted<'a> {
        self.task
    }
}

impl Engine {
    /// Takes tasks of refreshes that came without events, in their order; else
    /// like [`observe_refresh`](Engine::observe_refresh). Their items are looked
    /// up a block at a time, so that their places in memory are fetched together.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::{Engine, RefreshObservation}, event::{Item, RefreshCompleted}, Trigger};
    ///
    /// let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// engine.add(at, Trigger::data_source_refresh_failed("loyalty", "ds-42").build()?)?;
    /// let tasks = ["ds-41", "ds-42"].map(|id| RefreshCompleted::new("ingestion", "failed").with_item(Item::new(id)));
    /// let report = engine.observe_refreshes(at, &tasks.each_ref().map(|task| RefreshObservation::new("/s", at, task)));
    /// assert_eq!((report.taken(), engine.pending_firings()), (2, 1));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn observe_refreshes(
        &mut self,
        now: DateTime<Utc>,
        observations: &[RefreshObservation<'_>],
    ) -> BatchReport {
        self.observe_refreshes_of(now, observations, |&observation| observation)
    }

    /// The same for items of the caller's, each of which `observation` makes an
    /// observation of. It is asked more than once about an item, and says the
    /// same each time.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::{Engine, RefreshObservation}, event::{Item, RefreshCompleted}, Trigger};
    ///
    /// let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// engine.add(at, Trigger::data_source_refresh_failed("loyalty", "ds-42").build()?)?;
    /// let tasks = ["ds-41", "ds-42"].map(|id| RefreshCompleted::new("ingestion", "failed").with_item(Item::new(id)));
    /// let report = engine.observe_refreshes_of(at, &tasks, |task| RefreshObservation::new("/s", at, task));
    /// assert_eq!((report.taken(), engine.pending_firings()), (2, 1));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn observe_refreshes_of<'a, T>(
        &mut self,
        now: DateTime<Utc>,
        items: &'a [T],
        observation: impl Fn(&'a T) -> RefreshObservation<'a>,
    ) -> BatchReport {
        let (now, mut report) = (DayTime::from(now), BatchReport::default());
        let mut known = [Known::NOTHING; BLOCK];
        for (block, part) in items.chunks(BLOCK).enumerate() {
            self.look_ahead_at(part.iter().map(|item| observation(item).task), &mut known);
            for (at, (item, known)) in part.iter().zip(&known).enumerate() {
                let RefreshObservation { source, time, task } = observation(item);
                let result = self.observe_task((now, time.into()), source, task, |engine, task, refresh| {
                    engine.take_quickly_ahead(known, task, refresh)
                });
                if !report.note(block * BLOCK + at, result) {
                    return report;
                }
            }
        }
        report
    }
}

//! Triggers while running: added, replaced, removed, enabled and disabled.

use chrono::{DateTime, Utc};

use crate::error::{Error, ErrorKind};
use crate::event::SeriesRef;
use crate::time::{Nanos, instant};
use crate::trigger::Trigger;

use super::Engine;
use super::cold::Edge;
use super::instance::{Body, Instance, More};
use super::numbers::{NOBODY, is_series_kind};
use super::owned::watches_within;
use super::register::only_name;
use super::silence::Silence;
use super::slots::Slots;
use super::watch::{Subject, Watch, target};

/// What a changed trigger makes of the values it knows.
///
/// ```
/// use chrono::DateTime;
/// use tripline::{engine::{Engine, Replace}, event::SeriesRef, threshold::Threshold, Trigger};
///
/// let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
/// let vip = |bound| Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(bound)).build();
/// engine.add(at, vip(1000.0)?)?;
/// let _ = engine.observe_series(at, &SeriesRef::segment("/s", "vip"), at, 950.0)?;
/// engine.replace(at, vip(900.0)?, Replace::ApplyNow)?;
/// assert!(engine.poll_firing().is_some(), "950 is above the new bound");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Replace {
    /// The last values are judged again as a state: nothing fires for them.
    Quiet,
    /// A value that is inside now counts as just having entered.
    ApplyNow,
}

impl Engine {
    /// Adds a trigger, behind those that are there. It knows nothing of values
    /// from before.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DuplicateTrigger`] where its id is taken,
    /// [`ErrorKind::Limit`] where there are too many.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::Engine, threshold::Threshold, ErrorKind, Trigger};
    ///
    /// let (mut engine, now) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// let trigger = Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?;
    /// engine.add(now, trigger.clone())?;
    /// assert_eq!(engine.add(now, trigger).unwrap_err().kind(), ErrorKind::DuplicateTrigger);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn add(&mut self, now: DateTime<Utc>, trigger: Trigger) -> Result<(), Error> {
        let now = instant(now)?;
        if self.register.number_of(trigger.id()).is_some() {
            let message = format!("a trigger with the id {:?} is there already", trigger.id());
            return Err(Error::new(ErrorKind::DuplicateTrigger, message));
        }
        if self.register.len() >= self.limits.triggers() {
            self.counts.over_limit += 1;
            let limit = self.limits.triggers();
            let message = format!("{:?} would be one trigger more than the limit of {limit}", trigger.id());
            return Err(Error::new(ErrorKind::Limit, message));
        }
        let number = self.register.new_number();
        self.install(number, Watch::new(trigger), now);
        Ok(())
    }

    /// Replaces the trigger that has the same id. Its series keep their state
    /// as far as it means the same: a changed bound judges their last values again
    /// (see [`Replace`]), other options take effect from now on. Other triggers
    /// keep their state untouched.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownTrigger`] where no trigger has this id.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::{Engine, Replace}, threshold::Threshold, ErrorKind, Trigger};
    ///
    /// let trigger = Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?;
    /// let error = Engine::new().replace(DateTime::UNIX_EPOCH, trigger, Replace::Quiet).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::UnknownTrigger);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn replace(&mut self, now: DateTime<Utc>, trigger: Trigger, how: Replace) -> Result<(), Error> {
        let now = instant(now)?;
        let number = self.number_of(trigger.id())?;
        self.replace_numbered(number, trigger, now, how == Replace::ApplyNow);
        Ok(())
    }

    /// Removes a trigger and drops its state; observations that waited for it are counted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownTrigger`] where no trigger has this id.
    ///
    /// ```
    /// use tripline::{engine::Engine, ErrorKind};
    /// assert_eq!(Engine::new().remove("no-such").unwrap_err().kind(), ErrorKind::UnknownTrigger);
    /// ```
    pub fn remove(&mut self, id: &str) -> Result<Trigger, Error> {
        let number = self.number_of(id)?;
        let watch = self.uninstall(number);
        self.prune();
        watch.map(|watch| watch.trigger).ok_or_else(|| unknown(id))
    }

    /// Enables or disables a trigger. A disabled one keeps its state up to date and fires nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownTrigger`] where no trigger has this id.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
    ///
    /// let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?)?;
    /// engine.set_enabled("vip", false)?;
    /// for members in [998.0, 1004.0] {
    ///     let _ = engine.observe_series(at, &SeriesRef::segment("/s", "vip"), at, members)?;
    /// }
    /// assert_eq!((engine.pending_firings(), engine.counts().disabled()), (0, 1));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn set_enabled(&mut self, id: &str, enabled: bool) -> Result<(), Error> {
        let number = self.number_of(id)?;
        self.watch_mut(number).ok_or_else(|| unknown(id))?.set_enabled(enabled);
        self.renew_items(number);
        for series in self.watched_series(number) {
            self.take_back_series(series);
        }
        Ok(())
    }

    /// The triggers in the order in which they were added.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::Engine, threshold::Threshold, Trigger};
    /// let mut engine = Engine::new();
    /// let trigger = Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?;
    /// engine.add(DateTime::UNIX_EPOCH, trigger)?;
    /// assert_eq!(engine.triggers().next().map(Trigger::id), Some("vip"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn triggers(&self) -> impl Iterator<Item = &Trigger> {
        self.register.iter().map(|watch| &watch.trigger)
    }

    /// True where a trigger with this id is there and enabled.
    ///
    /// ```
    /// use tripline::engine::Engine;
    /// assert!(!Engine::new().is_enabled("no-such"));
    /// ```
    pub fn is_enabled(&self, id: &str) -> bool {
        self.register.number_of(id).and_then(|number| self.watch(number)).is_some_and(Watch::enabled)
    }

    fn number_of(&self, id: &str) -> Result<u32, Error> {
        self.register.number_of(id).ok_or_else(|| unknown(id))
    }

    /// Puts a trigger at its number, and on the series that are there already.
    pub(super) fn install(&mut self, number: u32, watch: Watch, now: Nanos) {
        let (subject, is_whole) = (watch.subject(), watch.is_whole());
        let whole = match subject {
            Subject::Silence { within, from_start: true } => Some(Silence::from_start(now, within)),
            Subject::Silence { .. } if is_whole => Some(Silence::new()),
            _ => None,
        };
        self.register.put(number, watch);
        if let Some(silence) = whole {
            let more = Some(Box::new(More::default()));
            let instance =
                self.store_instance(Instance::new(number, NOBODY, Body::Silence(silence), false, more));
            if let Some(watch) = self.watch_mut(number) {
                watch.set_whole(instance);
            }
            self.queue(instance);
        }
        self.renew_items(number);
        for series in self.watched_series(number) {
            self.attach(number, series);
            self.settle_slot(series);
        }
    }

    /// Shows the trigger-wide silence to every series that is watched.
    pub(super) fn attach_whole(&mut self, number: u32) {
        let whole = self.watch(number).map_or(NOBODY, Watch::whole);
        for series in self.watched_series(number) {
            self.end_solo(series);
            self.slots.cold_mut(series).always.push(whole);
            self.settle_slot(series);
        }
    }

    /// The series that are there and that a trigger watches.
    pub(super) fn watched_series(&mut self, number: u32) -> Vec<u32> {
        let Some(watch) = self.register.get(number) else { return Vec::new() };
        if !is_series_kind(target(&watch.trigger).0) {
            return Vec::new();
        }
        let is_watched = |slots: &Slots, &series: &u32| {
            let series = slots.series(series);
            watches_within(self.partition, &watch.trigger, &SeriesRef::from(&series))
        };
        match only_name(&watch.trigger) {
            Some((kind, name)) => {
                let mut found = self.slots.namesakes(kind, name);
                found.retain(|series| is_watched(&self.slots, series));
                found
            }
            None => (0..self.slots.len() as u32).filter(|series| is_watched(&self.slots, series)).collect(),
        }
    }

    /// Takes a trigger and all its instances out.
    pub(super) fn uninstall(&mut self, number: u32) -> Option<Watch> {
        self.build_pending();
        self.drop_tasks_of(number);
        for series in self.watched_series(number) {
            self.detach(number, series);
        }
        let whole = self.watch(number).map_or(NOBODY, Watch::whole);
        if whole != NOBODY {
            self.free_instance(whole);
        }
        self.register.take(number)
    }

    /// Takes the instance of a trigger off a series.
    pub(super) fn detach(&mut self, trigger: u32, series: u32) {
        self.take_back_series(series);
        let whole = self.watch(trigger).map_or(NOBODY, Watch::whole);
        for number in self.instances_on(series) {
            if self.instances[number as usize].trigger != trigger {
                continue;
            }
            let cold = self.slots.cold_mut(series);
            cold.always.retain(|&other| other != number);
            match &mut cold.edge {
                Edge::One(only) if *only == number => cold.edge = Edge::None,
                Edge::Many(ladder) => ladder.remove(number),
                _ => {}
            }
            if number != whole {
                self.free_instance(number);
            }
        }
        self.settle_slot(series);
    }

    /// The first report ends the silence that stood for the whole trigger.
    pub(super) fn drop_whole(&mut self, trigger: u32) {
        let Some(watch) = self.watch_mut(trigger) else { return };
        let whole = watch.whole();
        if whole != NOBODY && !watch.is_whole() {
            watch.set_whole(NOBODY);
            self.build_pending();
            self.free_instance(whole);
        }
    }
}

fn unknown(id: &str) -> Error {
    Error::new(ErrorKind::UnknownTrigger, format!("no trigger has the id {id:?}"))
}

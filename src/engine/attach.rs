//! Series as they appear, and the instances of the triggers that watch them.

use crate::error::{Error, ErrorKind};
use crate::event::SeriesRef;
use crate::threshold::{Rule, State};

use super::Engine;
use super::cold::Edge;
use super::instance::{Body, Instance, More};
use super::ladder::Ladder;
use super::lent::WAKE_ALWAYS;
use super::numbers::{NOBODY, kind_number};
use super::silence::Silence;
use super::tasks::Waiter;
use super::watch::{Subject, Watch};

impl Engine {
    /// The series' number, made where some trigger watches it; `None` where none does.
    pub(super) fn series_of(&mut self, series: &SeriesRef<'_>) -> Result<Option<u32>, Error> {
        if let Some(number) = self.slots.find(series) {
            return Ok(Some(number));
        }
        let Some(kind) = kind_number(series.kind()) else { return Ok(None) };
        let mut found = std::mem::take(&mut self.found);
        self.register.find(kind, series.name(), &mut found);
        found.retain(|&number| {
            self.watch(number).is_some_and(|watch| self.watches_here(&watch.trigger, series))
        });
        let made = self.make_series(series, kind, &found);
        self.found = found;
        made
    }

    fn make_series(
        &mut self,
        series: &SeriesRef<'_>,
        kind: u8,
        triggers: &[u32],
    ) -> Result<Option<u32>, Error> {
        if triggers.is_empty() {
            return Ok(None);
        }
        if self.slots.len() >= self.limits.series() && self.drop_idle_series() == 0 {
            self.counts.over_limit += 1;
            let limit = self.limits.series();
            let message = format!("{:?} would be one series more than the limit of {limit}", series.name());
            return Err(Error::new(ErrorKind::Limit, message).at("data.name"));
        }
        let room = self.limits.series_per_trigger();
        let has_room = |engine: &Self, &trigger: &u32| {
            engine.watch(trigger).is_some_and(|watch| (watch.series as usize) < room)
        };
        if !triggers.iter().any(|trigger| has_room(self, trigger)) {
            self.counts.over_limit += 1;
            let message =
                format!("{:?} would be one series more than the limit of {room} a trigger", series.name());
            return Err(Error::new(ErrorKind::Limit, message).at("data.name"));
        }
        let number = self.slots.insert(series, kind);
        for trigger in triggers {
            if has_room(self, trigger) {
                self.attach(*trigger, number);
            } else {
                self.slots.cold_mut(number).refused += 1;
            }
        }
        self.settle_slot(number);
        Ok(Some(number))
    }

    /// Stores the instance that waits on behalf of an item.
    pub(super) fn store_waiter(&mut self, trigger: u32, waiter: Waiter) -> u32 {
        self.store_instance(Instance::new(trigger, NOBODY, Body::Task(Box::new(waiter)), false, None))
    }

    pub(super) fn waiter(&self, number: u32) -> Option<&Waiter> {
        match &self.instances.get(number as usize)?.body {
            Body::Task(waiter) => Some(waiter),
            _ => None,
        }
    }

    pub(super) fn waiter_mut(&mut self, number: u32) -> Option<&mut Waiter> {
        match &mut self.instances.get_mut(number as usize)?.body {
            Body::Task(waiter) => Some(waiter),
            _ => None,
        }
    }

    /// Makes the instance of a trigger on a series that is kept.
    pub(super) fn attach(&mut self, trigger: u32, series: u32) {
        self.end_solo(series);
        let Some(watch) = self.watch_mut(trigger) else { return };
        watch.series += 1;
        let (asks_events, has_cooldown) = (watch.asks_events(), watch.trigger.cooldown().is_some());
        let (body, edge, needs_more) = match watch.subject() {
            Subject::Threshold(threshold) => {
                let rule = Rule::new(threshold);
                let edge = rule.is_edge_driven() && !asks_events;
                (Body::Threshold(State::new(&rule)), edge, !edge || rule.has_timers() || has_cooldown)
            }
            Subject::Silence { .. } if watch.is_whole() => {
                let whole = watch.whole();
                self.slots.cold_mut(series).always.push(whole);
                return;
            }
            Subject::Silence { .. } => (Body::Silence(Silence::new()), false, true),
            Subject::Task => return,
        };
        let more = needs_more.then(|| Box::new(More::default()));
        let number = self.store_instance(Instance::new(trigger, series, body, edge, more));
        let cold = self.slots.cold_mut(series);
        if !edge {
            cold.always.push(number);
            return;
        }
        match &mut cold.edge {
            edge @ Edge::None => *edge = Edge::One(number),
            Edge::One(first) => {
                let mut ladder = Box::<Ladder>::default();
                ladder.add(*first);
                ladder.add(number);
                cold.edge = Edge::Many(ladder);
            }
            Edge::Many(ladder) => ladder.add(number),
        }
    }

    /// Brings the slot in line with the instances of the series.
    pub(super) fn settle_slot(&mut self, series: u32) {
        if !self.slots.hot(series).is_solo() {
            self.settle_quiet(series);
            self.begin_solo(series);
        }
    }

    /// The same for a series that is no solo, and stays none.
    pub(super) fn settle_quiet(&mut self, series: u32) {
        let value = self.slots.hot(series).value;
        let cold = self.slots.cold(series);
        let quiet = match &cold.edge {
            Edge::None => (i64::MIN, i64::MAX),
            Edge::One(instance) => self.quiet_of(*instance, value),
            Edge::Many(ladder) => ladder.quiet(),
        };
        let has_always = !cold.always.is_empty();
        let slow = cold.refused > 0 || cold.exact.is_some() || has_always || cold.edge.is_empty();
        let quiet = if value.is_nan() { WAKE_ALWAYS } else { quiet };
        let cold = self.slots.cold_mut(series);
        (cold.quiet, cold.slow) = (quiet, slow);
    }

    pub(super) fn quiet_of(&self, instance: u32, value: f64) -> (i64, i64) {
        let instance = &self.instances[instance as usize];
        let rule = self.watch(instance.trigger).and_then(Watch::rule);
        match (&instance.body, rule) {
            (Body::Threshold(state), Some(rule)) => rule.quiet(state, value).unwrap_or(WAKE_ALWAYS),
            _ => WAKE_ALWAYS,
        }
    }
}

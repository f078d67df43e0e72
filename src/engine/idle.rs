//! Room for new series: those that have been idle and hold nothing are dropped.

use crate::threshold::{NEVER, Phase, Side};
use crate::time::{Nanos, nanos_of};

use super::Engine;
use super::instance::{Body, Instance};
use super::numbers::NOBODY;
use super::silence::Silence;
use super::slot::LONG_AGO;
use super::watch::Subject;

impl Engine {
    /// Drops every series that has reported nothing for as long as
    /// [`series_idle`](super::Limits::series_idle) and of which nothing is
    /// worth keeping; says how many. Handles go stale where any was.
    pub(super) fn drop_idle_series(&mut self) -> usize {
        self.take_back_all();
        let idle = nanos_of(self.limits.series_idle());
        let oldest = self.clock.saturating_sub(idle);
        let dropped: Vec<bool> =
            (0..self.slots.len() as u32).map(|number| self.is_idle(number, oldest)).collect();
        self.drop_series(&dropped)
    }

    /// Drops the series that are marked.
    pub(super) fn drop_series(&mut self, dropped: &[bool]) -> usize {
        let count = dropped.iter().filter(|&&dropped| dropped).count();
        if count == 0 {
            return 0;
        }
        self.build_pending();
        for (number, _) in dropped.iter().enumerate().filter(|(_, dropped)| **dropped) {
            self.end_solo(number as u32);
            for instance in self.instances_on(number as u32) {
                if self.instances[instance as usize].series != NOBODY {
                    self.free_instance(instance);
                }
            }
        }
        let moved = self.slots.retain(|number| !dropped[number as usize]);
        for instance in
            self.instances.iter_mut().filter(|instance| instance.series != NOBODY && !instance.is_free())
        {
            instance.series = moved[instance.series as usize].unwrap_or(NOBODY);
        }
        self.identity = super::Identity::new(self.limits.series());
        self.counts.series_dropped += count as u64;
        count
    }

    /// Takes an instance out of use.
    pub(super) fn free_instance(&mut self, number: u32) {
        let instance = &mut self.instances[number as usize];
        let trigger = std::mem::replace(&mut instance.trigger, NOBODY);
        let waiting = instance.more.take().map_or(0, |more| more.waiting.len());
        let has_series = instance.series != NOBODY;
        instance.queued = NEVER;
        if matches!(instance.body, Body::Task(_)) {
            instance.body = Body::Silence(Silence::new());
        }
        self.waiting -= waiting;
        self.counts.waiting_dropped += waiting as u64;
        self.free.push(number);
        if let Some(watch) = self.watch_mut(trigger)
            && has_series
        {
            watch.series = watch.series.saturating_sub(1);
        }
    }

    /// Takes an instance out of use that nothing waits for, and whose trigger still watches its series.
    pub(super) fn release_instance(&mut self, number: u32) {
        self.instances[number as usize].trigger = NOBODY;
        self.free.push(number);
    }

    fn is_idle(&self, series: u32, oldest: Nanos) -> bool {
        let newest = self.newest(series);
        newest != LONG_AGO
            && newest < oldest
            // Of a solo the side is known.
            && !self.slots.hot(series).is_solo()
            && self
                .instances_on(series)
                .iter()
                .all(|&number| self.holds_nothing(&self.instances[number as usize]))
    }

    /// The side is unknown, nothing is armed, no deadline runs, nothing waits
    /// and nothing is owed: the instance means the same as none. (A trigger
    /// that fires on first values would fire again, so it keeps its state.)
    fn holds_nothing(&self, instance: &Instance) -> bool {
        let Body::Threshold(state) = &instance.body else { return false };
        let Some(watch) = self.watch(instance.trigger) else { return true };
        let Subject::Threshold(threshold) = watch.subject() else { return false };
        let is_spent = matches!(state.phase, Phase::Fired | Phase::Spent) && state.side == Side::Unknown;
        let is_blank = matches!(state.phase, Phase::Unseen | Phase::Watching);
        let more = instance.more.as_ref();
        (is_spent || is_blank)
            && threshold.on_first() == crate::threshold::OnFirst::Quiet
            && instance.suppressed == 0
            && instance.deadline(watch.rule().as_ref()) == NEVER
            && watch.trigger.cooldown().is_none_or(|cooldown| {
                more.is_none_or(|more| {
                    more.cooldown_from == LONG_AGO
                        || more.cooldown_from.saturating_add(nanos_of(cooldown)) <= self.clock
                })
            })
    }
}

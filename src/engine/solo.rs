//! A plain trigger that is alone on its series: its whole state is in the slot,
//! so that a crossing touches one cache line, and it takes no memory besides.
//!
//! All else works on instances. A solo is ended before anything but a plain
//! value concerns its series, and begun again once that is settled.

use crate::threshold::{NEVER, Phase, Rule, Side, State};

use super::Engine;
use super::cold::Edge;
use super::input::Input;
use super::instance::{Body, Instance};
use super::slot::{LONG_AGO, Solo};
use super::watch::Watch;

impl Engine {
    /// A value moves a solo to its other side; it is newer than all before, and nothing is due.
    pub(super) fn cross(&mut self, series: u32, input: &Input<'_>) {
        let hot = self.slots.hot(series);
        let Some((trigger, tight)) = hot.solo_trigger() else { return };
        debug_assert!(!hot.is_quiet(input.at, input.value));
        let previous = hot.value;
        let rule = if tight { None } else { self.watch(trigger).and_then(Watch::rule) };
        if self.slots.flip(series, rule.as_ref().map(edges), input.at, input.value) {
            self.emit_plain(trigger, series, 0, previous, input);
        }
    }

    /// The same for many plain triggers; false where others are concerned too.
    #[inline(never)]
    pub(super) fn pass(&mut self, series: u32, input: &Input<'_>, key: i64) -> bool {
        let cold = self.slots.cold_mut(series);
        let Edge::Many(ladder) = &mut cold.edge else { return false };
        let crossed = &mut self.found;
        crossed.clear();
        if !ladder.pass(key, input.at, crossed) {
            return false;
        }
        cold.quiet = ladder.quiet();
        let hot = self.slots.hot_mut(series);
        let previous = std::mem::replace(&mut hot.value, input.value);
        hot.gate = input.at;
        self.clock = self.clock.max(input.at);
        let crossed = std::mem::take(crossed);
        self.emit_crossings(series, previous, input, &crossed);
        self.found = crossed;
        true
    }

    /// Makes the series a solo where it can be one.
    pub(super) fn begin_solo(&mut self, series: u32) {
        let cold = self.slots.cold(series);
        let Edge::One(number) = cold.edge else { return };
        if cold.refused > 0 || cold.exact.is_some() || !cold.always.is_empty() {
            return;
        }
        if let Some(solo) = self.as_solo(&self.instances[number as usize], series) {
            self.slots.begin_solo(series, &solo);
            self.release_instance(number);
        }
    }

    /// Turns a solo back into an instance.
    pub(super) fn end_solo(&mut self, series: u32) {
        let Some(solo) = self.slots.end_solo(series) else { return };
        let number = self.store_instance(solo.instance(series));
        self.slots.cold_mut(series).edge = Edge::One(number);
    }

    /// A solo as the instance that it stands for.
    pub(super) fn solo(&self, series: u32) -> Option<Instance> {
        self.slots.solo(series).map(|solo| solo.instance(series))
    }

    /// An instance as a solo, where that says all of it.
    fn as_solo(&self, instance: &Instance, series: u32) -> Option<Solo> {
        let Body::Threshold(state) = &instance.body else { return None };
        let is_whole = instance.shown && instance.queued == NEVER && instance.firings_then == 0;
        let since = if instance.last_firing == LONG_AGO { 0 } else { instance.last_firing };
        if !is_whole || (state.since, state.fired_at) != (since, since) {
            return None;
        }
        let rule = self.watch(instance.trigger).and_then(Watch::rule)?;
        let plain = self.lendable(instance, &rule)?;
        let quiet = rule.quiet(state, self.slots.hot(series).value)?;
        if state.told != (plain.inside && !plain.spent) {
            return None;
        }
        let (up, down) = edges(&rule);
        Some(Solo {
            trigger: instance.trigger,
            enters_up: plain.enters_up,
            inside: plain.inside,
            spent: plain.spent,
            last_firing: instance.last_firing,
            edge: if plain.enters_up == plain.inside { quiet.0 } else { quiet.1 },
            tight: up + 1 == down,
        })
    }
}

/// Of a rule with one bound: the highest key at which it waits for a value
/// above, and the lowest at which it waits for one below.
fn edges(rule: &Rule) -> (i64, i64) {
    let [up_leave, up_enter, down_leave, down_enter] = rule.edges();
    let (up, down) = (up_enter.or(up_leave), down_leave.or(down_enter));
    (up.map_or(i64::MAX, |key| key - 1), down.map_or(i64::MIN, |key| key + 1))
}

impl Solo {
    fn instance(&self, series: u32) -> Instance {
        let since = if self.last_firing == LONG_AGO { 0 } else { self.last_firing };
        let (side, phase) = match (self.inside, self.spent) {
            (true, true) => (Side::Inside, Phase::Spent),
            (true, false) => (Side::Inside, Phase::Fired),
            (false, _) => (Side::Outside, Phase::Armed),
        };
        let told = self.inside && !self.spent;
        let state = State { side, phase, told, since, fired_at: since, extra: None };
        let mut instance = Instance::new(self.trigger, series, Body::Threshold(state), true, None);
        (instance.last_firing, instance.shown) = (self.last_firing, true);
        instance
    }
}

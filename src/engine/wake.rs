//! Which instances a value concerns, and where they stand after it.

use std::borrow::Cow;

use crate::threshold::{Condition, Phase, Rule, Side, key};

use super::Engine;
use super::age::Age;
use super::cold::Edge;
use super::input::Input;
use super::instance::{Body, Instance};
use super::ladder::{Ladder, Woken};
use super::lent::{Plain, Standing};
use super::numbers::NOBODY;
use super::watch::Watch;

impl Engine {
    /// The instances that must see this observation.
    pub(super) fn collect_woken(&mut self, series: u32, input: &Input<'_>, age: Age, woken: &mut Vec<Woken>) {
        let missing = input.value.is_nan();
        if age == Age::New {
            let value = self.slots.hot(series).value;
            let mut edge = std::mem::take(&mut self.slots.cold_mut(series).edge);
            match &mut edge {
                Edge::None => {}
                Edge::One(instance) => {
                    let (low, high) = self.slots.cold(series).quiet;
                    let key = key(input.value);
                    if missing || key < low || key > high {
                        woken.push(self.plainly_woken(*instance));
                    }
                }
                // A missing value concerns the holds that run, wherever they stand, and those who have seen nothing.
                Edge::Many(ladder) if missing => {
                    let holds = |number: &u32| {
                        let instance = &self.instances[*number as usize];
                        let holds =
                            matches!(&instance.body, Body::Threshold(state) if state.phase == Phase::Holding);
                        holds || !instance.shown
                    };
                    let before = woken.len();
                    woken.extend(ladder.instances().filter(holds).map(|number| self.plainly_woken(number)));
                    if woken.len() > before {
                        ladder.invalidate();
                    }
                }
                Edge::Many(ladder) => {
                    if ladder.is_stale() {
                        self.rebuild(ladder, value);
                    }
                    ladder.wake(key(input.value), input.at, woken);
                }
            }
            self.slots.cold_mut(series).edge = edge;
        }
        woken.extend(self.slots.cold(series).always.iter().map(|&instance| self.plainly_woken(instance)));
    }

    /// The places of the woken in the order of their triggers, in the low half
    /// of each word: whole words sort fastest, and a trigger has one instance here.
    pub(super) fn order_woken(woken: &[Woken], order: &mut Vec<u64>) {
        order.clear();
        let words = woken.iter().zip(0_u64..).map(|(woken, place)| u64::from(woken.trigger) << 32 | place);
        order.extend(words);
        order.sort_unstable();
    }

    fn plainly_woken(&self, instance: u32) -> Woken {
        let trigger = self.instances[instance as usize].trigger;
        Woken { trigger, instance, number: NOBODY, crossed: None }
    }

    fn rebuild(&mut self, ladder: &mut Ladder, value: f64) {
        self.take_back(ladder);
        let at = (!value.is_nan()).then(|| key(value));
        ladder.rebuild(at, |number| {
            let instance = &self.instances[number as usize];
            let rule = self.watch(instance.trigger).and_then(Watch::rule);
            Standing {
                trigger: instance.trigger,
                edges: rule.as_ref().map_or([None; 4], Rule::edges),
                quiet: self.quiet_of(number, value),
                plain: rule.and_then(|rule| self.lendable(instance, &rule)),
            }
        });
    }

    /// The state of an instance, where the ladder can carry all of it: one
    /// bound, no deadlines, nothing that could swallow a firing, no explanations.
    pub(super) fn lendable(&self, instance: &Instance, rule: &Rule) -> Option<Plain> {
        let watch = self.watch(instance.trigger)?;
        let Body::Threshold(state) = &instance.body else { return None };
        let enters_up = match watch.trigger.threshold()?.condition() {
            Condition::Above(_) | Condition::AtOrAbove(_) => true,
            Condition::Below(_) | Condition::AtOrBelow(_) => false,
            _ => return None,
        };
        let is_bare = watch.enabled()
            && self.explain.is_none()
            && watch.trigger.limit().is_none()
            && instance.more.is_none()
            && instance.suppressed == 0
            && state.extra.is_none()
            && !rule.has_timers()
            && !rule.notify_cleared;
        let inside = match (state.side, state.phase) {
            (Side::Inside, Phase::Fired | Phase::Spent) => true,
            (Side::Outside, Phase::Armed) => false,
            _ => return None,
        };
        is_bare.then_some(Plain {
            enters_up,
            inside,
            spent: state.phase == Phase::Spent,
            since: state.since,
            last_firing: instance.last_firing,
            firings_then: instance.firings_then,
        })
    }

    /// Brings the instances up to date whose state the ladder carries.
    fn take_back(&mut self, ladder: &mut Ladder) {
        ladder.give_back(|number, plain| plain.write_to(&mut self.instances[number as usize]));
    }

    /// The same for a series; its ladder is then built anew by the next value.
    pub(super) fn take_back_series(&mut self, series: u32) {
        self.end_solo(series);
        let mut edge = std::mem::take(&mut self.slots.cold_mut(series).edge);
        if let Edge::Many(ladder) = &mut edge {
            self.take_back(ladder);
        }
        self.slots.cold_mut(series).edge = edge;
        self.settle_quiet(series);
    }

    pub(super) fn take_back_all(&mut self) {
        for series in 0..self.slots.len() as u32 {
            if matches!(self.slots.cold(series).edge, Edge::Many(_)) {
                self.take_back_series(series);
            }
        }
    }

    /// An instance as it is, wherever its state is kept.
    pub(super) fn up_to_date(&self, number: u32) -> Cow<'_, Instance> {
        let instance = &self.instances[number as usize];
        let lent = match instance.series {
            NOBODY => None,
            series => match &self.slots.cold(series).edge {
                Edge::Many(ladder) => ladder.lent().find(|(other, _)| *other == number),
                _ => None,
            },
        };
        match lent {
            None => Cow::Borrowed(instance),
            Some((_, plain)) => {
                let mut instance = instance.clone();
                plain.write_to(&mut instance);
                Cow::Owned(instance)
            }
        }
    }

    /// Tells the ladder where the instances it woke stand now.
    pub(super) fn settle_woken(&mut self, series: u32, woken: &[Woken]) {
        if woken.iter().all(|woken| woken.number == NOBODY) {
            return;
        }
        let value = self.slots.hot(series).value;
        let mut edge = std::mem::take(&mut self.slots.cold_mut(series).edge);
        if let Edge::Many(ladder) = &mut edge {
            let mut lent = 0;
            for woken in woken.iter().filter(|woken| woken.number != NOBODY) {
                let instance = &self.instances[woken.instance as usize];
                let rule = self.watch(woken.trigger).and_then(Watch::rule);
                let plain = rule.and_then(|rule| self.lendable(instance, &rule));
                lent += usize::from(plain.is_some());
                ladder.lend(woken.number, plain);
                ladder.settle(woken.number, self.quiet_of(woken.instance, value));
            }
            // Most have just become plain, as by a first value: they may do with less than rungs.
            if lent * 2 > ladder.members() {
                ladder.invalidate();
            }
        }
        self.slots.cold_mut(series).edge = edge;
    }
}

impl Plain {
    pub(super) fn write_to(&self, instance: &mut Instance) {
        (instance.last_firing, instance.firings_then) = (self.last_firing, self.firings_then);
        if let Body::Threshold(state) = &mut instance.body {
            (state.side, state.phase) = match (self.inside, self.spent) {
                (true, true) => (Side::Inside, Phase::Spent),
                (true, false) => (Side::Inside, Phase::Fired),
                (false, _) => (Side::Outside, Phase::Armed),
            };
            (state.since, state.fired_at, state.told) = (self.since, self.since, self.inside && !self.spent);
        }
    }
}

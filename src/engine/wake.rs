//! Which instances a value concerns, and where they stand after it.

use crate::threshold::{Phase, key};

use super::Engine;
use super::age::Age;
use super::input::Input;
use super::instance::Body;
use super::ladder::Ladder;
use super::slots::Edge;
use super::watch::{NOBODY, Watch};

impl Engine {
    /// The instances that must see this observation, in the order of their triggers.
    pub(super) fn collect_woken(
        &mut self,
        series: u32,
        input: &Input<'_>,
        age: Age,
        woken: &mut Vec<(u32, u32)>,
    ) {
        let missing = input.value.is_nan();
        if age == Age::New {
            let value = self.slots.slot(series).value;
            let mut edge = std::mem::take(&mut self.slots.cold_mut(series).edge);
            match &mut edge {
                Edge::None => {}
                Edge::One(instance) => {
                    let (low, high) = self.slots.slot(series).quiet;
                    let key = key(input.value);
                    if missing || key < low || key > high {
                        woken.push((*instance, NOBODY));
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
                    woken.extend(ladder.instances().filter(holds).map(|number| (number, NOBODY)));
                    if woken.len() > before {
                        ladder.invalidate();
                    }
                }
                Edge::Many(ladder) => {
                    if ladder.is_stale() {
                        self.rebuild(ladder, value);
                    }
                    ladder.wake(key(input.value), woken);
                }
            }
            self.slots.cold_mut(series).edge = edge;
        }
        woken.extend(self.slots.cold(series).always.iter().map(|&instance| (instance, NOBODY)));
        woken.sort_unstable_by_key(|&(instance, _)| self.instances[instance as usize].trigger);
    }

    fn rebuild(&self, ladder: &mut Ladder, value: f64) {
        let edges = |instance: u32| {
            let trigger = self.instances[instance as usize].trigger;
            self.watch(trigger).and_then(Watch::rule).map_or([None; 4], |rule| rule.edges())
        };
        ladder.rebuild(edges, |instance| self.quiet_of(instance, value));
    }

    /// Tells the ladder where the instances it woke stand now.
    pub(super) fn settle_woken(&mut self, series: u32, woken: &[(u32, u32)]) {
        let value = self.slots.slot(series).value;
        let mut edge = std::mem::take(&mut self.slots.cold_mut(series).edge);
        if let Edge::Many(ladder) = &mut edge {
            for &(instance, number) in woken.iter().filter(|(_, number)| *number != NOBODY) {
                ladder.settle(number, self.quiet_of(instance, value));
            }
        }
        self.slots.cold_mut(series).edge = edge;
    }
}

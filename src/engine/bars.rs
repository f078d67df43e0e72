//! The plain triggers of one series that re-arm at their bound: which side each
//! is on is told by the value alone, so that a move costs what it fires.

use std::ops::Range;

use crate::time::Nanos;

use super::lent::{Plain, Quiet, Standing};
use super::ranks::Ranks;
use super::slot::LONG_AGO;

/// How far a value is looked for at once on either side of where it stood.
const NEAR: usize = 64;

/// The triggers that fire upwards, and those that fire downwards.
#[derive(Debug, Clone)]
pub(super) struct Bars {
    up: Row,
    down: Row,
    /// The time of the latest firing, or [`LONG_AGO`].
    newest: Nanos,
}

/// Bounds in the order of their keys. What is kept of each stands in a list of
/// its own: a move reads and writes neighbours, and only what it needs of them.
#[derive(Debug, Clone, Default)]
struct Row {
    /// The lowest key above each bound.
    keys: Vec<i64>,
    triggers: Vec<u32>,
    ranks: Ranks,
    /// The time of the latest firing of each, or [`LONG_AGO`].
    fired: Vec<Nanos>,
    /// How many firings there were at that time before it; empty where there was none at any.
    repeats: Vec<u32>,
    /// Each instance, and whether it was inside when the bars were built, but not by a crossing.
    instances: Vec<(u32, bool)>,
    /// How many bounds lie below the value, and the fewest and most of them
    /// since the bars were built: a trigger that was inside then is still
    /// spent where the value has not been on the other side.
    rank: usize,
    fewest: usize,
    most: usize,
}

impl Bars {
    /// Those of the instances that can be bars, with the value at `key`.
    pub(super) fn new(key: i64, instances: impl Iterator<Item = (u32, Standing)>) -> Self {
        let mut found: Vec<(i64, u32, u32, Plain)> = instances
            .filter_map(|(instance, standing)| {
                let (bound, plain) = bar(key, &standing)?;
                Some((bound, standing.trigger, instance, plain))
            })
            .collect();
        found.sort_unstable_by_key(|(bound, trigger, ..)| (*bound, *trigger));
        let newest = found.iter().map(|(.., plain)| plain.last_firing).max().unwrap_or(LONG_AGO);
        let (up, down) = found.into_iter().partition(|(.., plain)| plain.enters_up);
        Self { up: Row::new(key, up), down: Row::new(key, down), newest }
    }

    /// True where [`new`](Bars::new) takes an instance with this standing in.
    pub(super) fn takes(key: i64, standing: &Standing) -> bool {
        bar(key, standing).is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.up.keys.is_empty() && self.down.keys.is_empty()
    }

    /// Every instance, and its state.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Plain)> {
        self.up.iter(true).chain(self.down.iter(false))
    }

    /// The keys through which a value can move without passing a bound.
    pub(super) fn quiet(&self) -> Quiet {
        let (up, down) = (self.up.quiet(), self.down.quiet());
        (up.0.max(down.0), up.1.min(down.1))
    }

    /// The time of the latest firing, or [`LONG_AGO`].
    pub(super) fn newest(&self) -> Nanos {
        self.newest
    }

    /// Moves the value to this key, and tells each crossing: the trigger, the
    /// instance, and how many firings it had at this instant before.
    pub(super) fn cross(&mut self, key: i64, at: Nanos, mut tell: impl FnMut(u32, u32, u32)) {
        let (risen, _) = self.up.move_to(key);
        let (_, fallen) = self.down.move_to(key);
        for (row, passed) in [(&mut self.up, risen), (&mut self.down, fallen)] {
            for place in passed {
                let ordinal = row.fire(place, at);
                tell(row.triggers[place], row.instances[place].0, ordinal);
                self.newest = self.newest.max(at);
            }
        }
    }

    /// The same where `at` is later than the [newest](Bars::newest) firing, so
    /// that each crossing is the first of its instant: adds their triggers, in order.
    #[inline]
    pub(super) fn pass(&mut self, key: i64, at: Nanos, crossed: &mut Vec<u32>) {
        // A value rises or falls, so that one of them fires at most.
        if !self.up.keys.is_empty() {
            let (risen, _) = self.up.move_to(key);
            self.fire_all(true, risen, at, crossed);
        }
        if !self.down.keys.is_empty() {
            let (_, fallen) = self.down.move_to(key);
            self.fire_all(false, fallen, at, crossed);
        }
    }

    #[inline]
    fn fire_all(&mut self, up: bool, passed: Range<usize>, at: Nanos, crossed: &mut Vec<u32>) {
        if !passed.is_empty() {
            let row = if up { &mut self.up } else { &mut self.down };
            row.fire_all(passed, at, crossed);
            self.newest = at;
        }
    }
}

impl Default for Bars {
    fn default() -> Self {
        Self { up: Row::default(), down: Row::default(), newest: LONG_AGO }
    }
}

impl Row {
    /// Of what is sorted by key.
    fn new(key: i64, found: Vec<(i64, u32, u32, Plain)>) -> Self {
        let rank = found.partition_point(|(bound, ..)| *bound <= key);
        let repeats = if found.iter().any(|(.., plain)| plain.firings_then > 0) {
            found.iter().map(|(.., plain)| plain.firings_then).collect()
        } else {
            Vec::new()
        };
        let triggers: Vec<u32> = found.iter().map(|(_, trigger, ..)| *trigger).collect();
        Self {
            keys: found.iter().map(|(bound, ..)| *bound).collect(),
            ranks: Ranks::new(&triggers),
            triggers,
            fired: found.iter().map(|(.., plain)| plain.last_firing).collect(),
            repeats,
            instances: found.iter().map(|(_, _, instance, plain)| (*instance, plain.spent)).collect(),
            rank,
            fewest: rank,
            most: rank,
        }
    }

    fn iter(&self, enters_up: bool) -> impl Iterator<Item = (u32, Plain)> {
        let all = self.instances.iter().zip(&self.fired).enumerate();
        all.map(move |(place, (&(instance, was_spent), &last_firing))| {
            let has_left = if enters_up { place >= self.fewest } else { place < self.most };
            let plain = Plain {
                enters_up,
                inside: enters_up == (place < self.rank),
                spent: was_spent && !has_left,
                since: if last_firing == LONG_AGO { 0 } else { last_firing },
                last_firing,
                firings_then: self.repeats.get(place).copied().unwrap_or(0),
            };
            (instance, plain)
        })
    }

    fn quiet(&self) -> Quiet {
        let low = self.rank.checked_sub(1).and_then(|below| self.keys.get(below));
        let above = self.keys.get(self.rank).map_or(i64::MAX, |above| above - 1);
        (low.copied().unwrap_or(i64::MIN), above)
    }

    /// The places that the value passes upwards on its way to this key, and downwards.
    #[inline]
    fn move_to(&mut self, key: i64) -> (Range<usize>, Range<usize>) {
        let (from, to) = (self.rank, self.rank_of(key));
        (self.rank, self.fewest, self.most) = (to, self.fewest.min(to), self.most.max(to));
        (from..to, to..from)
    }

    /// A firing; says how many there were at this instant before.
    fn fire(&mut self, place: usize, at: Nanos) -> u32 {
        let is_repeat = self.fired[place] == at;
        let ordinal = if is_repeat { self.repeats.get(place).map_or(1, |repeats| repeats + 1) } else { 0 };
        self.fired[place] = at;
        if is_repeat && self.repeats.is_empty() {
            self.repeats = vec![0; self.keys.len()];
        }
        if let Some(repeats) = self.repeats.get_mut(place) {
            *repeats = ordinal;
        }
        ordinal
    }

    /// Firings, each the first of this instant.
    #[inline]
    fn fire_all(&mut self, passed: Range<usize>, at: Nanos, crossed: &mut Vec<u32>) {
        self.ranks.sort_into(&self.triggers, passed.clone(), crossed);
        if let Some(repeats) = self.repeats.get_mut(passed.clone()) {
            repeats.fill(0);
        }
        self.fired[passed].fill(at);
    }

    /// How many bounds lie at or below a key: values move in small steps, so
    /// the search goes out from where the value stood.
    #[inline]
    fn rank_of(&self, key: i64) -> usize {
        let (below, above) = self.keys.split_at(self.rank);
        let reaches = |bound: &i64| *bound <= key;
        if above.first().is_some_and(reaches) {
            let (mut from, mut to) = (0, NEAR.min(above.len()));
            while above.get(to).is_some_and(reaches) {
                (from, to) = (to, (to * 2).min(above.len()));
            }
            return self.rank + from + above[from..to].partition_point(reaches);
        }
        let (mut from, mut to) = (below.len().saturating_sub(NEAR), below.len());
        while from > 0 && !reaches(&below[from - 1]) {
            let reach = (below.len() - from) * 2;
            (from, to) = (below.len().saturating_sub(reach), from - 1);
        }
        from + below[from..to].partition_point(reaches)
    }
}

/// The bound and the state of an instance whose side is told by the value at `key`.
fn bar(key: i64, standing: &Standing) -> Option<(i64, Plain)> {
    let (plain, [up_leave, up_enter, down_leave, down_enter]) = (standing.plain?, standing.edges);
    let (bound, below) = if plain.enters_up { (up_enter?, down_leave?) } else { (up_leave?, down_enter?) };
    let since = if plain.last_firing == LONG_AGO { 0 } else { plain.last_firing };
    let is_told = plain.inside == (plain.enters_up == (bound <= key));
    (is_told && below + 1 == bound && plain.since == since).then_some((bound, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(trigger: u32, bound: i64, enters_up: bool, key: i64) -> Standing {
        let inside = enters_up == (bound <= key);
        let edges = if enters_up {
            [None, Some(bound), Some(bound - 1), None]
        } else {
            [Some(bound), None, None, Some(bound - 1)]
        };
        let (since, last_firing, firings_then) = (0, LONG_AGO, 0);
        let plain = Plain { enters_up, inside, spent: inside, since, last_firing, firings_then };
        Standing { trigger, edges, quiet: (0, 0), plain: Some(plain) }
    }

    #[test]
    fn a_walk_fires_what_it_enters_and_remembers_where_each_stands() {
        let bounds: Vec<(i64, bool)> = (0..200).map(|i| ((i * 37) % 400, i % 3 > 0)).collect();
        let (mut key, mut seed) = (150, 1_u64);
        let make = |key| {
            let all = bounds.iter().zip(0_u32..).map(|(&(bound, up), i)| (i, standing(i, bound, up, key)));
            Bars::new(key, all)
        };
        let (mut bars, mut fired) = (make(key), vec![LONG_AGO; bounds.len()]);
        let mut passing = bars.clone();
        let mut left = vec![false; bounds.len()];
        for at in 0..2_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let step = if at % 50 == 0 { 900 } else { 41 };
            let next = (key + (seed >> 33) as i64 % step - step / 2).clamp(-20, 420);
            let (mut told, mut expected) = (Vec::new(), Vec::new());
            bars.cross(next, at / 2, |trigger, instance, ordinal| {
                assert_eq!(trigger, instance);
                told.push((trigger, ordinal));
            });
            for (&(bound, up), i) in bounds.iter().zip(0_u32..) {
                let is_inside = |key: i64| up == (bound <= key);
                if is_inside(next) && !is_inside(key) {
                    expected.push((i, u32::from(fired[i as usize] == at / 2)));
                    fired[i as usize] = at / 2;
                }
                left[i as usize] |= !is_inside(next);
            }
            told.sort_unstable();
            assert_eq!(told, expected);
            let mut passed = Vec::new();
            if passing.newest() < at / 2 {
                passing.pass(next, at / 2, &mut passed);
                assert!(passed.iter().eq(told.iter().map(|(trigger, _)| trigger)));
            } else {
                passing.cross(next, at / 2, |_, _, _| ());
            }
            assert!(passing.iter().eq(bars.iter()));
            let (low, high) = bars.quiet();
            assert!(low <= next && next <= high && bounds.iter().all(|(b, _)| *b <= low || *b > high));
            for (instance, plain) in bars.iter() {
                let (bound, up) = bounds[instance as usize];
                assert_eq!(plain.inside, up == (bound <= next));
                assert_eq!(plain.last_firing, fired[instance as usize]);
                assert_eq!(plain.spent, up == (bound <= 150) && !left[instance as usize]);
            }
            key = next;
        }
    }

    #[test]
    fn what_the_value_does_not_tell_is_no_bar() {
        let good = standing(1, 10, true, 5);
        assert!(Bars::takes(5, &good) && !Bars::takes(12, &good));
        let rearms_lower = Standing { edges: [None, Some(10), Some(4), None], ..good };
        assert!(!Bars::takes(5, &rearms_lower));
        assert!(!Bars::takes(5, &Standing { plain: None, ..good }));
    }
}

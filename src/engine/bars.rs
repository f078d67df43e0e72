//! The plain triggers of one series that re-arm at their bound: which side each
//! is on is told by the value alone, so that a move costs what it fires.

use crate::time::Nanos;

use super::lent::{Plain, Quiet, Standing};
use super::slot::LONG_AGO;

/// Bounds in the order of their keys. What is kept of each stands in a list of
/// its own: a move reads neighbours, and only what it needs of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Bars {
    /// The lowest key above each bound.
    keys: Vec<i64>,
    marks: Vec<Mark>,
    /// The time of the latest firing of each, or [`LONG_AGO`], and how many there were at it before.
    fired: Vec<(Nanos, u32)>,
    /// How many bounds lie below the value, and the fewest and most of them
    /// since the bars were built: a trigger that was inside then is still
    /// spent where the value has not been on the other side.
    rank: usize,
    fewest: usize,
    most: usize,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    trigger: u32,
    instance: u32,
    /// It fires when the value comes from below.
    enters_up: bool,
    /// When the bars were built it was inside, but not by a crossing.
    was_spent: bool,
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
        let rank = found.partition_point(|(bound, ..)| *bound <= key);
        let mut bars = Self { rank, fewest: rank, most: rank, ..Self::default() };
        for (bound, trigger, instance, plain) in found {
            bars.keys.push(bound);
            let (enters_up, was_spent) = (plain.enters_up, plain.spent);
            bars.marks.push(Mark { trigger, instance, enters_up, was_spent });
            bars.fired.push((plain.last_firing, plain.firings_then));
        }
        bars
    }

    /// True where [`new`](Bars::new) takes an instance with this standing in.
    pub(super) fn takes(key: i64, standing: &Standing) -> bool {
        bar(key, standing).is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Every instance, and its state.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Plain)> {
        self.marks.iter().zip(&self.fired).enumerate().map(|(place, (mark, &(last_firing, firings_then)))| {
            let has_left = if mark.enters_up { place >= self.fewest } else { place < self.most };
            let plain = Plain {
                enters_up: mark.enters_up,
                inside: mark.enters_up == (place < self.rank),
                spent: mark.was_spent && !has_left,
                since: if last_firing == LONG_AGO { 0 } else { last_firing },
                last_firing,
                firings_then,
            };
            (mark.instance, plain)
        })
    }

    /// The keys through which a value can move without passing a bound.
    pub(super) fn quiet(&self) -> Quiet {
        let low = self.rank.checked_sub(1).map_or(i64::MIN, |below| self.keys[below]);
        (low, self.keys.get(self.rank).map_or(i64::MAX, |above| above - 1))
    }

    /// Moves the value to this key, and tells each crossing: the trigger, the
    /// instance, and how many firings it had at this instant before.
    #[inline]
    pub(super) fn cross(&mut self, key: i64, at: Nanos, mut tell: impl FnMut(u32, u32, u32)) {
        let (from, to) = (self.rank, self.rank_of(key));
        let (upwards, passed) = if from < to { (true, from..to) } else { (false, to..from) };
        for (mark, fired) in self.marks[passed.clone()].iter().zip(&mut self.fired[passed]) {
            if mark.enters_up == upwards {
                let ordinal = if fired.0 == at { fired.1 + 1 } else { 0 };
                *fired = (at, ordinal);
                tell(mark.trigger, mark.instance, ordinal);
            }
        }
        (self.rank, self.fewest, self.most) = (to, self.fewest.min(to), self.most.max(to));
    }

    /// How many bounds lie at or below a key: values move in small steps, so
    /// the search goes out from where the value stood.
    fn rank_of(&self, key: i64) -> usize {
        let (below, above) = self.keys.split_at(self.rank);
        let mut reach = 1;
        if above.first().is_some_and(|bound| *bound <= key) {
            while above.get(reach).is_some_and(|bound| *bound <= key) {
                reach *= 2;
            }
            let (from, to) = (reach / 2, reach.min(above.len()));
            return self.rank + from + above[from..to].partition_point(|bound| *bound <= key);
        }
        while reach <= below.len() && below[below.len() - reach] > key {
            reach *= 2;
        }
        let (from, to) = (below.len().saturating_sub(reach), below.len() - reach / 2);
        from + below[from..to].partition_point(|bound| *bound <= key)
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
        let mut left = vec![false; bounds.len()];
        for at in 0..2_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let step = if at % 50 == 0 { 600 } else { 41 };
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

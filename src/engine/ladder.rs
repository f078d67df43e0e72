//! Many instances on one series: which of them does a value concern?
//!
//! Each instance tells within which keys nothing changes for it. The edges of
//! those intervals are rungs: an *up* rung wakes its instance when the value
//! reaches it from below, a *down* rung when the value reaches it from above.
//! Active up rungs all lie above the value and active down rungs all below it,
//! so those that a move concerns are the first and the last of the sets: the
//! cost is that of the instances that change, whatever the number of the rest.

use super::bits::Bits;

/// The keys through which a value can move without an instance noticing; empty
/// (every value wakes it) where the first is greater than the second.
pub(super) type Quiet = (i64, i64);

/// The interval that every value leaves.
pub(super) const WAKE_ALWAYS: Quiet = (i64::MAX, i64::MIN);

/// No rung.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Default)]
pub(super) struct Ladder {
    members: Vec<Member>,
    up: Side,
    down: Side,
    /// Members that the next value wakes whatever it is.
    loose: Vec<u32>,
    /// Members were added or removed since the rungs were built.
    stale: bool,
}

#[derive(Debug, Clone, Default)]
struct Side {
    /// Sorted by key; the member of each rung.
    rungs: Vec<(i64, u32)>,
    active: Bits,
}

#[derive(Debug, Clone)]
struct Member {
    instance: u32,
    /// Its rungs, two up and two down: a range is left or entered at either end.
    seats: [u32; 4],
}

impl Ladder {
    /// Adds an instance; it is woken by the next value.
    pub(super) fn add(&mut self, instance: u32) {
        self.members.push(Member { instance, seats: [NONE; 4] });
        self.stale = true;
    }

    pub(super) fn remove(&mut self, instance: u32) {
        self.members.retain(|member| member.instance != instance);
        self.stale = true;
    }

    pub(super) fn instances(&self) -> impl Iterator<Item = u32> {
        self.members.iter().map(|member| member.instance)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn is_stale(&self) -> bool {
        self.stale
    }

    pub(super) fn invalidate(&mut self) {
        self.stale = true;
    }

    /// Builds the rungs anew. `edges` gives an instance's possible wake keys,
    /// two upward and two downward, and `quiet` where it stands now.
    pub(super) fn rebuild(&mut self, edges: impl Fn(u32) -> [Option<i64>; 4], quiet: impl Fn(u32) -> Quiet) {
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for (number, member) in self.members.iter_mut().enumerate() {
            member.seats = [NONE; 4];
            for (seat, key) in edges(member.instance).into_iter().enumerate() {
                let Some(key) = key else { continue };
                let side = if seat < 2 { &mut up } else { &mut down };
                side.push((key, number as u32, seat));
            }
        }
        for (side, mut keys) in [(&mut self.up, up), (&mut self.down, down)] {
            keys.sort_unstable();
            side.active = Bits::new(keys.len());
            side.rungs = Vec::with_capacity(keys.len());
            for (position, (key, member, seat)) in keys.into_iter().enumerate() {
                side.rungs.push((key, member));
                self.members[member as usize].seats[seat] = position as u32;
            }
        }
        self.loose.clear();
        self.stale = false;
        for number in 0..self.members.len() {
            let interval = quiet(self.members[number].instance);
            self.settle(number as u32, interval);
        }
    }

    /// Takes out every member that a value with this key concerns; each must be
    /// [settled](Ladder::settle) afterwards.
    pub(super) fn wake(&mut self, key: i64, woken: &mut Vec<(u32, u32)>) {
        for number in self.loose.drain(..) {
            woken.push((self.members[number as usize].instance, number));
        }
        while let Some(position) = self.up.active.first().filter(|&at| self.up.rungs[at].0 <= key) {
            self.rouse(self.up.rungs[position].1, woken);
        }
        while let Some(position) = self.down.active.last().filter(|&at| self.down.rungs[at].0 >= key) {
            self.rouse(self.down.rungs[position].1, woken);
        }
    }

    /// Says where a member stands now.
    pub(super) fn settle(&mut self, number: u32, quiet: Quiet) {
        if quiet.0 > quiet.1 {
            self.loose.push(number);
            return;
        }
        let seats = self.members[number as usize].seats;
        for (seat, position) in seats.into_iter().enumerate().filter(|(_, position)| *position != NONE) {
            let (side, edge) = if seat < 2 {
                (&mut self.up, quiet.1.checked_add(1))
            } else {
                (&mut self.down, quiet.0.checked_sub(1))
            };
            if edge == Some(side.rungs[position as usize].0) {
                side.active.set(position as usize);
            }
        }
    }

    /// The keys through which a value can move without any member noticing.
    pub(super) fn quiet(&self) -> Quiet {
        if self.stale || !self.loose.is_empty() {
            return WAKE_ALWAYS;
        }
        let low = self.down.active.last().map_or(i64::MIN, |at| self.down.rungs[at].0.saturating_add(1));
        let high = self.up.active.first().map_or(i64::MAX, |at| self.up.rungs[at].0.saturating_sub(1));
        (low, high)
    }

    fn rouse(&mut self, number: u32, woken: &mut Vec<(u32, u32)>) {
        let member = &self.members[number as usize];
        woken.push((member.instance, number));
        for (seat, position) in member.seats.into_iter().enumerate().filter(|(_, position)| *position != NONE)
        {
            let side = if seat < 2 { &mut self.up } else { &mut self.down };
            side.active.clear(position as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_wakes_only_the_members_whose_edge_it_reaches() {
        let mut ladder = Ladder::default();
        (0..100).for_each(|instance| ladder.add(instance));
        assert_eq!(ladder.quiet(), WAKE_ALWAYS);
        // Instance i fires at key 10 i and re-arms below it; the value stands at 0.
        let bound = |instance: u32| i64::from(instance) * 10 + 5;
        ladder.rebuild(|i| [Some(bound(i)), None, Some(bound(i) - 1), None], |i| (i64::MIN, bound(i) - 1));
        assert_eq!(ladder.quiet(), (i64::MIN, 4));
        let mut woken = Vec::new();
        ladder.wake(26, &mut woken);
        assert_eq!(woken, [(0, 0), (1, 1), (2, 2)]);
        for &(instance, number) in &woken {
            ladder.settle(number, (bound(instance), i64::MAX));
        }
        assert_eq!(ladder.quiet(), (25, 34));
        woken.clear();
        ladder.wake(14, &mut woken);
        assert_eq!(woken, [(2, 2), (1, 1)]);
    }
}

//! Many instances on one series: which of them does a value concern?
//!
//! Each instance tells within which keys nothing changes for it. The edges of
//! those intervals are rungs: an *up* rung wakes its instance when the value
//! reaches it from below, a *down* rung when the value reaches it from above.
//! Active up rungs all lie above the value and active down rungs all below it,
//! so those that a move concerns are the first and the last of the sets: the
//! cost is that of the instances that change, whatever the number of the rest.

use crate::time::Nanos;

use super::bars::Bars;
use super::bits::Bits;
use super::lent::{Plain, Quiet, Standing, WAKE_ALWAYS};
use super::numbers::NOBODY;

/// No rung.
const NONE: u32 = NOBODY;

#[derive(Debug, Clone, Default)]
pub(super) struct Ladder {
    members: Vec<Member>,
    /// Instances that are no members, because the value tells enough of them.
    bars: Bars,
    up: Side,
    down: Side,
    /// Members that the next value wakes whatever it is.
    loose: Vec<u32>,
    /// Members were added or removed since the rungs were built.
    stale: bool,
    /// How many members have lent their state.
    lent: usize,
    /// No state that was lent has fired after it.
    newest: Option<Nanos>,
}

#[derive(Debug, Clone, Default)]
struct Side {
    /// Sorted by key.
    rungs: Vec<Rung>,
    active: Bits,
}

#[derive(Debug, Clone, Copy)]
struct Rung {
    key: i64,
    member: u32,
    /// Where the member's state is lent: its one rung on the other side, with
    /// [`LEAVES`] where this one is left by; [`NONE`] where it is not lent.
    other: u32,
}

/// Marks a rung at which its member re-arms.
const LEAVES: u32 = 1 << 31;

#[derive(Debug, Clone)]
struct Member {
    instance: u32,
    trigger: u32,
    /// Its rungs, two up and two down: a range is left or entered at either end.
    seats: [u32; 4],
    plain: Option<Plain>,
}

/// An instance that a value concerns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Woken {
    pub(super) trigger: u32,
    pub(super) instance: u32,
    /// Its place in the ladder, to be settled; [`NOBODY`] outside of it.
    pub(super) number: u32,
    /// For a lent state, which the ladder has moved on already: how many
    /// firings there were at this instant before.
    pub(super) crossed: Option<u32>,
}

impl Ladder {
    /// Adds an instance; it is woken by the next value.
    pub(super) fn add(&mut self, instance: u32) {
        self.members.push(Member { instance, trigger: NOBODY, seats: [NONE; 4], plain: None });
        self.stale = true;
    }

    pub(super) fn remove(&mut self, instance: u32) {
        self.disband();
        self.members.retain(|member| member.instance != instance);
        self.stale = true;
    }

    pub(super) fn instances(&self) -> impl Iterator<Item = u32> {
        let bars = self.bars.iter().map(|(instance, _)| instance);
        self.members.iter().map(|member| member.instance).chain(bars)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.bars.is_empty()
    }

    /// How many instances have rungs.
    pub(super) fn members(&self) -> usize {
        self.members.len()
    }

    pub(super) fn is_stale(&self) -> bool {
        self.stale
    }

    pub(super) fn invalidate(&mut self) {
        self.stale = true;
    }

    /// The states that are lent.
    pub(super) fn lent(&self) -> impl Iterator<Item = (u32, Plain)> {
        let members = self.members.iter().filter_map(|member| Some((member.instance, self.current(member)?)));
        members.chain(self.bars.iter())
    }

    /// Gives every lent state back; the rungs are to be built anew.
    pub(super) fn give_back(&mut self, mut take: impl FnMut(u32, Plain)) {
        for number in 0..self.members.len() {
            if let Some(plain) = self.current(&self.members[number]) {
                take(self.members[number].instance, plain);
                self.members[number].plain = None;
            }
        }
        self.bars.iter().for_each(|(instance, plain)| take(instance, plain));
        self.disband();
        self.stale = true;
    }

    /// Makes the bars members, whose rungs are to be built anew.
    fn disband(&mut self) {
        let bars = std::mem::take(&mut self.bars);
        bars.iter().for_each(|(instance, _)| self.add(instance));
    }

    /// A lent state as it is now.
    fn current(&self, member: &Member) -> Option<Plain> {
        let plain = member.plain?;
        let (up, down) = member.pair(plain.enters_up);
        let inside = if plain.enters_up {
            self.down.active.contains(down as usize)
        } else {
            self.up.active.contains(up as usize)
        };
        Some(Plain { inside, ..plain })
    }

    /// Builds the rungs anew, with the value at `key` (`None` for no value).
    /// What was lent has been taken back.
    pub(super) fn rebuild(&mut self, key: Option<i64>, standing: impl Fn(u32) -> Standing) {
        let all = self.members.drain(..).map(|member| (standing(member.instance), member));
        let (bars, mut members): (Vec<_>, Vec<_>) = all
            .map(|(standing, member)| (member, standing))
            .partition(|(_, standing)| key.is_some_and(|key| Bars::takes(key, standing)));
        let bars = bars.into_iter().map(|(member, standing)| (member.instance, standing));
        self.bars = key.map_or_else(Bars::default, |key| Bars::new(key, bars));
        // Neighbours in value are neighbours in memory.
        members.sort_by_key(|(_, standing)| standing.edges.into_iter().flatten().next());
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for (number, (member, standing)) in members.iter_mut().enumerate() {
            (member.seats, member.trigger, member.plain) = ([NONE; 4], standing.trigger, None);
            for (seat, key) in standing.edges.into_iter().enumerate() {
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
                side.rungs.push(Rung { key, member, other: NONE });
                members[member as usize].0.seats[seat] = position as u32;
            }
        }
        self.loose.clear();
        (self.stale, self.lent, self.newest) = (false, 0, None);
        let standings: Vec<Standing> = members.iter().map(|(_, standing)| *standing).collect();
        self.members = members.into_iter().map(|(member, _)| member).collect();
        for (number, standing) in standings.into_iter().enumerate() {
            self.lend(number as u32, standing.plain);
            self.settle(number as u32, standing.quiet);
        }
    }

    /// Takes out every member that a value with this key at `at` concerns. A
    /// lent state is moved on here, and only told where it crossed; each other
    /// member must be [settled](Ladder::settle) afterwards.
    pub(super) fn wake(&mut self, key: i64, at: Nanos, woken: &mut Vec<Woken>) {
        for number in self.loose.drain(..) {
            let Member { instance, trigger, .. } = self.members[number as usize];
            woken.push(Woken { trigger, instance, number, crossed: None });
        }
        self.bars.cross(key, at, |trigger, instance, ordinal| {
            woken.push(Woken { trigger, instance, number: NOBODY, crossed: Some(ordinal) });
        });
        self.walk(key, |ladder, position, upwards| ladder.rouse(position, upwards, at, woken));
    }

    /// Calls for each active rung that a value with this key reaches; the call makes it inactive.
    #[inline]
    fn walk(&mut self, key: i64, mut reach: impl FnMut(&mut Self, usize, bool)) {
        let mut next = self.up.active.first();
        while let Some(position) = next.filter(|&place| self.up.rungs[place].key <= key) {
            reach(self, position, true);
            next = self.up.active.first_after(position);
        }
        let mut next = self.down.active.last();
        while let Some(position) = next.filter(|&place| self.down.rungs[place].key >= key) {
            reach(self, position, false);
            next = self.down.active.last_before(position);
        }
    }

    /// Where a value with this key at `at` concerns nothing but bars and lent
    /// states, and each that crosses does so for the first time at this
    /// instant: moves it there, and adds the triggers that cross, in order.
    /// False where it is not such a one, and nothing has changed.
    pub(super) fn pass(&mut self, key: i64, at: Nanos, crossed: &mut Vec<u32>) -> bool {
        let (low, high) = self.quiet_of_rungs();
        let is_quiet = low <= key && key <= high;
        let is_plain = is_quiet || (self.lent == self.members.len() && self.loose.is_empty() && !self.stale);
        if !is_plain || at <= self.bars.newest() || Some(at) <= self.newest {
            return false;
        }
        self.bars.pass(key, at, crossed);
        if !is_quiet {
            self.walk(key, |ladder, position, upwards| {
                let told = ladder.move_lent(position, upwards, at);
                crossed.extend(told.map(|(trigger, ..)| trigger));
            });
            crossed.sort_unstable();
        }
        true
    }

    /// Lends the ladder the state of a member.
    pub(super) fn lend(&mut self, number: u32, plain: Option<Plain>) {
        let member = &mut self.members[number as usize];
        self.lent = self.lent - usize::from(member.plain.is_some()) + usize::from(plain.is_some());
        member.plain = plain;
        let Some(plain) = plain else { return };
        self.newest = self.newest.max(Some(plain.last_firing));
        let (up, down) = member.pair(plain.enters_up);
        let leaves = |leaves: bool| if leaves { LEAVES } else { 0 };
        self.up.rungs[up as usize].other = down | leaves(!plain.enters_up);
        self.down.rungs[down as usize].other = up | leaves(plain.enters_up);
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
            if edge == Some(side.rungs[position as usize].key) {
                side.active.set(position as usize);
            }
        }
    }

    /// The keys through which a value can move without any member noticing.
    pub(super) fn quiet(&self) -> Quiet {
        let (rungs, bars) = (self.quiet_of_rungs(), self.bars.quiet());
        (rungs.0.max(bars.0), rungs.1.min(bars.1))
    }

    fn quiet_of_rungs(&self) -> Quiet {
        if self.stale || !self.loose.is_empty() {
            return WAKE_ALWAYS;
        }
        if self.members.is_empty() {
            return (i64::MIN, i64::MAX);
        }
        let low = self.down.active.last().map_or(i64::MIN, |at| self.down.rungs[at].key.saturating_add(1));
        let high = self.up.active.first().map_or(i64::MAX, |at| self.up.rungs[at].key.saturating_sub(1));
        (low, high)
    }

    /// The value has reached an active rung.
    #[inline]
    fn rouse(&mut self, position: usize, upwards: bool, at: Nanos, woken: &mut Vec<Woken>) {
        let Rung { member: number, other, .. } =
            if upwards { self.up.rungs[position] } else { self.down.rungs[position] };
        if other != NONE {
            let told = self.move_lent(position, upwards, at);
            woken.extend(told.map(|(trigger, instance, ordinal)| Woken {
                trigger,
                instance,
                number: NOBODY,
                crossed: Some(ordinal),
            }));
            return;
        }
        let member = &self.members[number as usize];
        woken.push(Woken { trigger: member.trigger, instance: member.instance, number, crossed: None });
        for (seat, position) in member.seats.into_iter().enumerate().filter(|(_, position)| *position != NONE)
        {
            let side = if seat < 2 { &mut self.up } else { &mut self.down };
            side.active.clear(position as usize);
        }
    }

    /// The value has reached an active rung of a lent state: one rung up, one
    /// down, one of them active, and now it is the other. Where that is a
    /// crossing, the trigger, the instance and the ordinal.
    #[inline]
    fn move_lent(&mut self, position: usize, upwards: bool, at: Nanos) -> Option<(u32, u32, u32)> {
        let (from, to) =
            if upwards { (&mut self.up, &mut self.down) } else { (&mut self.down, &mut self.up) };
        let Rung { member, other, .. } = from.rungs[position];
        from.active.clear(position);
        to.active.set((other & !LEAVES) as usize);
        if other & LEAVES != 0 {
            return None;
        }
        let member = &mut self.members[member as usize];
        let plain = member.plain.as_mut()?;
        plain.firings_then = if plain.last_firing == at { plain.firings_then + 1 } else { 0 };
        (plain.spent, plain.since, plain.last_firing) = (false, at, at);
        self.newest = self.newest.max(Some(at));
        Some((member.trigger, member.instance, plain.firings_then))
    }
}

impl Member {
    /// Of a condition with one bound: its rung up and its rung down.
    fn pair(&self, enters_up: bool) -> (u32, u32) {
        let [up_leave, up_enter, down_leave, down_enter] = self.seats;
        if enters_up { (up_enter, down_leave) } else { (up_leave, down_enter) }
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
        // Instance i fires at key 10 i + 5 and re-arms below it; the value stands at 0.
        let bound = |instance: u32| i64::from(instance) * 10 + 5;
        let instances = |woken: &[Woken]| woken.iter().map(|woken| woken.instance).collect::<Vec<_>>();
        ladder.rebuild(None, |i| Standing {
            trigger: i,
            edges: [None, Some(bound(i)), Some(bound(i) - 1), None],
            quiet: (i64::MIN, bound(i) - 1),
            plain: None,
        });
        assert_eq!(ladder.quiet(), (i64::MIN, 4));
        let mut woken = Vec::new();
        ladder.wake(26, 0, &mut woken);
        assert_eq!(instances(&woken), [0, 1, 2]);
        for woken in &woken {
            ladder.settle(woken.number, (bound(woken.instance), i64::MAX));
        }
        assert_eq!(ladder.quiet(), (25, 34));
        woken.clear();
        ladder.wake(14, 0, &mut woken);
        assert_eq!(instances(&woken), [2, 1]);
    }

    #[test]
    fn a_lent_state_moves_on_by_itself_and_tells_only_its_crossings() {
        let mut ladder = Ladder::default();
        [0, 1].into_iter().for_each(|instance| ladder.add(instance));
        let plain = |enters_up| Plain {
            enters_up,
            inside: false,
            spent: false,
            since: 0,
            last_firing: Nanos::MIN,
            firings_then: 0,
        };
        // The first is above 10 and re-arms at 5, the second below -10 and re-arms at -5.
        ladder.rebuild(None, |i| match i {
            0 => Standing {
                trigger: 7,
                edges: [None, Some(11), Some(5), None],
                quiet: (i64::MIN, 10),
                plain: Some(plain(true)),
            },
            _ => Standing {
                trigger: 3,
                edges: [Some(-5), None, None, Some(-11)],
                quiet: (-10, i64::MAX),
                plain: Some(plain(false)),
            },
        });
        let mut crossings = Vec::new();
        for (at, key) in
            [(1, 11), (2, 6), (2, 12), (3, 5), (3, 11), (3, 5), (3, 20), (4, -11), (5, 0), (6, -20)]
        {
            let mut woken = Vec::new();
            ladder.wake(key, at, &mut woken);
            crossings.extend(woken.iter().map(|woken| (at, woken.trigger, woken.crossed)));
        }
        let expected = [(1, 7, Some(0)), (3, 7, Some(0)), (3, 7, Some(1)), (4, 3, Some(0)), (6, 3, Some(0))];
        assert_eq!(crossings, expected);
        assert_eq!(ladder.lent().map(|(instance, plain)| (instance, plain.since)).max(), Some((1, 6)));
    }
}

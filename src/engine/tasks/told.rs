//! What has been told of one trigger and one item or job: for ids and for `cooldown`.

use crate::time::Nanos;

use super::super::slot::LONG_AGO;

/// How many distinct times are remembered of an item or a job, and of a whole trigger.
pub(in crate::engine) const ITEM_TIMES: usize = 16;
pub(in crate::engine) const WHOLE_TIMES: usize = 1_024;

/// The firings of one trigger and key. Tasks come in any order, so that a
/// firing may be older than the last one and still be the second of its instant.
///
/// The fields stand in this order in memory: last what only a firing touches.
#[derive(Debug, Clone)]
#[repr(C)]
pub(in crate::engine) struct Told {
    /// The largest `time` of a firing; [`LONG_AGO`] for none.
    pub(in crate::engine) latest: Nanos,
    /// How many firings there were at it, and in all.
    pub(in crate::engine) at_latest: u32,
    pub(in crate::engine) total: u32,
    pub(in crate::engine) suppressed: u32,
    /// The times before the latest with their firings, sorted; of these the
    /// first as a ring: where it begins, and how many there are.
    first: u16,
    count: u16,
    ring: Box<[Firings]>,
    /// The others, so that the ring, which is far, is seldom written to.
    recent: Recent,
}

/// A time, and how many firings there were at it.
type Firings = (Nanos, u32);

/// How many stand here before they go to the ring together.
const RECENT: usize = 5;

/// A few times with their firings, in one cache line.
#[derive(Debug, Clone, Default)]
#[repr(C)]
struct Recent {
    times: [Nanos; RECENT],
    counts: [u32; RECENT],
    len: u8,
}

impl Default for Told {
    fn default() -> Self {
        Self::new(LONG_AGO, [0; 3], Vec::new())
    }
}

impl Told {
    /// Of the counts at the latest time, in all, and of what was suppressed,
    /// and the earlier times; of too many the last.
    pub(in crate::engine) fn new(
        latest: Nanos,
        [at_latest, total, suppressed]: [u32; 3],
        mut earlier: Vec<Firings>,
    ) -> Self {
        earlier.drain(..earlier.len().saturating_sub(WHOLE_TIMES));
        let count = earlier.len() as u16;
        let recent = Recent::default();
        Self { latest, at_latest, total, suppressed, first: 0, count, ring: earlier.into(), recent }
    }

    /// The times before the latest, sorted, with their firings.
    pub(in crate::engine) fn earlier(&self) -> impl ExactSizeIterator<Item = Firings> {
        let (first, len, count) = (usize::from(self.first), self.ring.len(), usize::from(self.count));
        (0..count + self.recent.len()).map(move |at| match at.checked_sub(count) {
            Some(at) => self.recent.get(at),
            None => self.ring[(first + at) % len],
        })
    }

    /// Reads where the next firing is written to, and nothing else: that is then near.
    #[inline]
    pub(super) fn touch(&self) -> u8 {
        self.recent.len
    }

    /// Until when a `cooldown` swallows, if it does so at `time`.
    pub(in crate::engine) fn cools_until(&self, time: Nanos, cooldown: Nanos) -> Option<Nanos> {
        let until = self.latest.saturating_add(cooldown);
        (self.latest != LONG_AGO && time < until).then_some(until)
    }

    /// A firing at `time`: its ordinal among those of that instant. For a time
    /// older than the `most` latest ones it is the number of all firings so far,
    /// which no firing has had.
    pub(in crate::engine) fn note(&mut self, time: Nanos, most: usize) -> u32 {
        let ordinal = if time > self.latest {
            if self.latest != LONG_AGO {
                self.push((self.latest, self.at_latest), most);
            }
            (self.latest, self.at_latest) = (time, 1);
            0
        } else if time == self.latest {
            self.at_latest += 1;
            self.at_latest - 1
        } else {
            self.note_earlier(time, most)
        };
        self.total = self.total.saturating_add(1);
        ordinal
    }

    /// Behind all others; the first makes room where there are as many as are remembered.
    fn push(&mut self, firings: Firings, most: usize) {
        if self.recent.len() == RECENT {
            self.spill(most);
        }
        self.recent.push(firings);
        if usize::from(self.count) + self.recent.len() >= most {
            self.drop_first();
        }
    }

    /// The first is forgotten.
    fn drop_first(&mut self) {
        match self.count.checked_sub(1) {
            Some(count) => {
                let next = self.first + 1;
                self.first = if usize::from(next) < self.ring.len() { next } else { 0 };
                self.count = count;
            }
            None => self.recent.drop_first(),
        }
    }

    /// Moves the recent ones to the ring; together they are fewer than `most`.
    #[inline(never)]
    fn spill(&mut self, most: usize) {
        let wanted = usize::from(self.count) + self.recent.len();
        if wanted > self.ring.len() {
            self.grow(wanted, most);
        }
        let len = self.ring.len();
        for at in 0..self.recent.len() {
            let place = usize::from(self.first) + usize::from(self.count);
            self.ring[if place < len { place } else { place - len }] = self.recent.get(at);
            self.count += 1;
        }
        self.recent.len = 0;
    }

    /// A firing before the latest.
    fn note_earlier(&mut self, time: Nanos, most: usize) -> u32 {
        self.spill(most);
        self.ring.rotate_left(usize::from(self.first));
        self.first = 0;
        let count = usize::from(self.count);
        match self.ring[..count].binary_search_by_key(&time, |&(at, _)| at) {
            Ok(place) => {
                self.ring[place].1 += 1;
                self.ring[place].1 - 1
            }
            Err(0) if count + 1 >= most => self.total,
            Err(place) if count + 1 >= most => {
                self.ring.copy_within(1..place, 0);
                self.ring[place - 1] = (time, 1);
                0
            }
            Err(place) => {
                if count == self.ring.len() {
                    self.grow(count + 1, most);
                }
                self.ring.copy_within(place..count, place + 1);
                self.ring[place] = (time, 1);
                self.count += 1;
                0
            }
        }
    }

    /// Makes room for so many, and for more, up to what is remembered.
    #[cold]
    fn grow(&mut self, wanted: usize, most: usize) {
        let room = (self.ring.len() * 4).max(2 * RECENT).min(most - 1).max(wanted);
        // Those of the ring come first.
        let mut ring: Vec<Firings> = self.earlier().take(usize::from(self.count)).collect();
        ring.resize(room, (LONG_AGO, 0));
        (self.first, self.ring) = (0, ring.into());
    }
}

impl Recent {
    fn len(&self) -> usize {
        usize::from(self.len)
    }

    fn get(&self, at: usize) -> Firings {
        (self.times[at], self.counts[at])
    }

    /// Behind the others; there is room.
    fn push(&mut self, (time, count): Firings) {
        let at = self.len();
        (self.times[at], self.counts[at]) = (time, count);
        self.len += 1;
    }

    fn drop_first(&mut self) {
        self.times.copy_within(1.., 0);
        self.counts.copy_within(1.., 0);
        self.len = self.len.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinal_counts_the_firings_of_its_instant_in_whatever_order_they_come() {
        let mut told = Told::default();
        let times = [5, 5, 9, 5, 7, 9, 7, 5];
        let ordinals: Vec<u32> = times.iter().map(|&time| told.note(time, ITEM_TIMES)).collect();
        assert_eq!(ordinals, [0, 1, 0, 2, 0, 1, 1, 3]);
        assert_eq!((told.latest, told.total), (9, 8));
    }

    #[test]
    fn beyond_the_times_that_are_remembered_an_ordinal_is_never_given_twice() {
        let mut told = Told::default();
        for time in 0..20 {
            assert_eq!(told.note(time, 4), 0);
        }
        assert!(told.earlier().eq([(16, 1), (17, 1), (18, 1)]));
        assert_eq!((told.note(3, 4), told.note(3, 4), told.note(17, 4)), (20, 21, 1));
        let mut few = Told::default();
        assert_eq!([9, 8, 7, 6, 5].map(|time| few.note(time, 4)), [0, 0, 0, 0, 4]);
    }

    #[test]
    fn a_cooldown_runs_from_the_latest_firing_and_its_end_is_exclusive() {
        let mut told = Told::default();
        assert_eq!(told.cools_until(3, 10), None);
        told.note(5, ITEM_TIMES);
        told.note(4, ITEM_TIMES);
        assert_eq!([4, 14, 15].map(|time| told.cools_until(time, 10)), [Some(15), Some(15), None]);
    }

    #[test]
    fn what_is_remembered_is_what_a_plain_list_would_hold() {
        let mut seed = 1_u64;
        for most in [2, 4, 5, 16, 40] {
            let (mut told, mut times, mut total) = (Told::default(), Vec::<Firings>::new(), 0);
            for step in 0..2_000 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let time = step / 3 - (seed >> 33) as i64 % 20 * i64::from(step % 4 == 0);
                let place = times.partition_point(|&(at, _)| at < time);
                let is_full = times.len() >= most;
                let ordinal = match times.get_mut(place) {
                    Some((at, count)) if *at == time => {
                        *count += 1;
                        *count - 1
                    }
                    _ if place == 0 && is_full => total,
                    _ => {
                        times.insert(place, (time, 1));
                        times.drain(..times.len().saturating_sub(most));
                        0
                    }
                };
                assert_eq!(told.note(time, most), ordinal);
                total += 1;
                assert!(told.earlier().chain([(told.latest, told.at_latest)]).eq(times.iter().copied()));
                let earlier = told.earlier().collect();
                let again = Told::new(told.latest, [told.at_latest, told.total, told.suppressed], earlier);
                assert!(again.earlier().eq(told.earlier()));
                told = if step % 7 == 0 { again } else { told };
            }
        }
        assert_eq!(size_of::<Recent>(), 64, "a cache line");
    }
}

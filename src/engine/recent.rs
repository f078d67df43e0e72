//! Numbers by hash, of which only the latest count: nothing is ever taken out.

use std::ops::Range;

/// The words of a line: the first says how the line stands, the others hold numbers.
const WORDS: usize = 16;
const ROOM: u32 = WORDS as u32 - 1;

/// How many numbers there are for a line when the table is as full as it gets.
const LOAD: usize = 8;

/// More are never kept: their texts alone would be tens of gigabytes.
pub(super) const MOST: usize = 1 << 29;

/// The first number that may be entered. A line that never was full then seems
/// to have been so before anything that counts.
pub(super) const START: u64 = 1 << 31;

/// One cache line. Numbers are entered in their order and stop counting in
/// their order, so that each goes where the line's oldest is. A word is a
/// number and above it a piece of its hash, which is never 0. The first word
/// is the place of the oldest (4 bits) and the last number that found no room
/// here (the bits above, as it has them): as long as that counts, look-ups go
/// on in the next line.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line([u32; WORDS]);

/// A look-up reads one line, and so does entering a number; to forget one reads
/// nothing. A word that stopped counting long ago may seem to count again, and
/// the pieces of hashes are small: whoever looks up says whether a number is
/// the right one. The hashes are keyed with a seed that nobody outside knows.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent {
    lines: Vec<Line>,
    /// How many bits of a word are the number.
    bits: u32,
}

impl Recent {
    /// An empty table for so many numbers at once, at most [`MOST`].
    pub(super) fn with_room(numbers: usize) -> Self {
        let lines = vec![Line([0; WORDS]); numbers.div_ceil(LOAD).max(1)];
        // So that words are mostly written over before they seem to count again.
        let bits = (4 * numbers).next_power_of_two().trailing_zeros().clamp(1, 31);
        Self { lines, bits }
    }

    /// The number among those in `live` that was entered under this hash and for which `is` holds.
    #[inline]
    pub(super) fn find(&self, hash: u64, live: &Range<u64>, is: impl Fn(u64) -> bool) -> Option<u64> {
        let (wanted, mut at) = (self.tag(hash), self.home(hash));
        for _ in 0..self.lines.len() {
            let Line(words) = self.lines.get(at)?;
            let is_like = |word: u32| (word ^ wanted) & !self.mask() == 0;
            // Seldom any is, and one look at all of them is cheaper than one at each.
            if words.iter().fold(false, |any, &word| any | is_like(word)) {
                let like = words[1..].iter().filter(|&&word| is_like(word));
                if let Some(number) =
                    like.filter_map(|&word| self.number(word, live)).find(|&number| is(number))
                {
                    return Some(number);
                }
            }
            if !was_full(words[0], live) {
                return None;
            }
            at = self.after(at);
        }
        None
    }

    /// Reads where this hash belongs, and nothing else: the line is then near.
    #[inline]
    pub(super) fn touch(&self, hash: u64) -> u32 {
        self.lines.get(self.home(hash)).map_or(0, |line| line.0[0])
    }

    /// Enters the number that ends `live`; those in it still count.
    #[inline]
    pub(super) fn enter(&mut self, hash: u64, live: &Range<u64>) {
        let number = live.end as u32;
        let word = self.tag(hash) | (number & self.mask());
        let mut at = self.home(hash);
        for _ in 0..self.lines.len() {
            let oldest = self.lines[at].0[0] % WORDS as u32;
            let place = oldest as usize + 1;
            let old = self.lines[at].0[place];
            let counts = old != 0 && self.number(old, live).is_some();
            let words = &mut self.lines[at].0;
            if !counts {
                words[place] = word;
                words[0] = words[0] - oldest + if oldest + 1 == ROOM { 0 } else { oldest + 1 };
                return;
            }
            words[0] = number / WORDS as u32 * WORDS as u32 + oldest;
            at = self.after(at);
        }
    }

    /// The number of a word, if it counts.
    #[inline]
    fn number(&self, word: u32, live: &Range<u64>) -> Option<u64> {
        let latest = live.end - 1;
        let number = latest - u64::from((latest as u32).wrapping_sub(word) & self.mask());
        (number >= live.start).then_some(number)
    }

    #[inline]
    fn mask(&self) -> u32 {
        (1 << self.bits) - 1
    }

    /// The piece of a hash that is in its word.
    #[inline]
    fn tag(&self, hash: u64) -> u32 {
        let tag = hash as u32 & !self.mask();
        if tag == 0 { 1 << self.bits } else { tag }
    }

    /// The upper bits of a hash say which line is its own.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.lines.len() as u128) >> 64) as usize
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        if at + 1 == self.lines.len() { 0 } else { at + 1 }
    }
}

/// Whether a number that still counts may have found no room in the line with this first word.
#[inline]
fn was_full(first: u32, live: &Range<u64>) -> bool {
    let age = (live.end as u32).wrapping_sub(first / WORDS as u32 * WORDS as u32);
    u64::from(age) < live.end - live.start + WORDS as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// splitmix64
    fn hash(number: u64) -> u64 {
        let z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn hold(room: u64, start: u64, hash: impl Fn(u64) -> u64) {
        let mut table = Recent::with_room(room as usize);
        for number in start..start + 12 * room {
            let live = number.saturating_sub(room).max(start)..number;
            table.enter(hash(number), &live);
            let live = live.start..number + 1;
            for wanted in [live.start, (live.start + number) / 2, number] {
                let found = table.find(hash(wanted), &live, |other| other == wanted);
                assert_eq!(found, Some(wanted), "{room} {live:?}");
            }
            assert_eq!(table.find(hash(live.start - 1), &live, |other| other == live.start - 1), None);
        }
    }

    #[test]
    fn the_latest_numbers_are_found_however_many_came_before() {
        assert_eq!(size_of::<Line>(), 64);
        for room in [1, 2, 15, 16, 17, 100, 3_000] {
            hold(room, START, hash);
            // Where the bits that are kept of a number start again from 0.
            hold(room, (1 << 32) - 5 * room, hash);
        }
    }

    #[test]
    fn numbers_of_equal_and_of_neighbouring_hashes_are_found() {
        hold(40, START, |_| 7);
        hold(40, START, |number| u64::MAX - number % 3);
        hold(200, START, |number| hash(number % 5));
        hold(200, START, |number| hash(number) << 32);
    }

    #[test]
    fn a_table_that_nothing_was_entered_in_finds_nothing() {
        let table = Recent::with_room(16);
        assert_eq!(table.find(0, &(START..START), |_| true), None);
        assert_eq!(Recent::default().find(7, &(START..START), |_| true), None);
        assert_eq!(table.touch(7) + Recent::default().touch(7), 0);
    }
}

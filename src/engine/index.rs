//! Series by hash: numbers in one flat table, so that a look-up reads one line of it.

/// A word that holds nothing: no number fills all bits of a word.
const EMPTY: u32 = u32::MAX;

/// How many entries the smallest table has room for.
const SMALLEST: usize = 16;

/// Open addressing with linear probing: a word is a number and, in the bits
/// above it, a piece of its hash, so that sixteen neighbours share a cache line
/// and another entry is seldom looked at. The hashes are keyed with a seed that
/// nobody outside knows, entries are made only for series that some trigger
/// watches, and a table is at most four fifths full: names chosen to collide
/// find neither a pattern nor a long run.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    words: Vec<u32>,
    len: usize,
    /// The bits of a word that are the number.
    mask: u32,
}

impl Index {
    /// The first number entered under this hash for which `is` holds.
    #[inline(always)]
    pub(super) fn find(&self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = home(hash, self.words.len());
        loop {
            let word = *self.words.get(at)?;
            if (word ^ hash as u32) & !self.mask == 0 && word != EMPTY && is(word & self.mask) {
                return Some(word & self.mask);
            }
            if word == EMPTY {
                return None;
            }
            at += 1;
            if at == self.words.len() {
                at = 0;
            }
        }
    }

    /// Reads where this hash belongs, and nothing else: the line is then near.
    #[inline]
    pub(super) fn touch(&self, hash: u64) -> u32 {
        self.words.get(home(hash, self.words.len())).copied().unwrap_or(EMPTY)
    }

    /// Enters the number that comes next; `hash_of` tells the hashes of those that are there.
    pub(super) fn push(&mut self, hash: u64, hash_of: impl Fn(u32) -> u64) {
        if (self.len + 1) * 5 > self.words.len() * 4 {
            let room = (self.words.len() / 2 * 3).max(SMALLEST);
            self.words = vec![EMPTY; room];
            // Room for one number more than there will be, so that none is EMPTY.
            self.mask = u32::MAX >> (room as u32).leading_zeros();
            (0..self.len as u32).for_each(|number| self.place(hash_of(number), number));
        }
        self.place(hash, self.len as u32);
        self.len += 1;
    }

    pub(super) fn clear(&mut self) {
        self.words.fill(EMPTY);
        self.len = 0;
    }

    /// Puts a number at the first free place from its own on; there is one.
    fn place(&mut self, hash: u64, number: u32) {
        let home = home(hash, self.words.len());
        let (before, from) = self.words.split_at_mut(home);
        if let Some(free) = from.iter_mut().chain(before).find(|word| **word == EMPTY) {
            *free = hash as u32 & !self.mask | number;
        }
    }
}

/// The place that a hash has in a table of this length: in proportion to its
/// upper half, so that a table may have any length.
#[inline]
fn home(hash: u64, len: usize) -> usize {
    (((hash >> 32) * len as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_entered_is_found_however_the_hashes_lie() {
        for spread in [0x9E37_79B9_7F4A_7C15, 1 << 32, 1, 0, u64::MAX] {
            let mut index = Index::default();
            let hash = |number: u32| u64::from(number).wrapping_mul(spread).rotate_left(number % 3);
            assert_eq!(index.find(hash(0), |_| true), None);
            for number in 0..500 {
                index.push(hash(number), hash);
                for known in (0..=number).step_by(7) {
                    assert_eq!(index.find(hash(known), |other| other == known), Some(known));
                }
                assert_eq!(index.find(hash(number + 1), |other| other == number + 1), None);
            }
            index.clear();
            assert_eq!(index.find(hash(0), |_| true), None);
        }
    }
}

//! Series by hash: numbers in one flat table, so that a look-up reads one line of it.

use super::numbers::NOBODY;

/// A word that holds nothing: no series has the number [`NOBODY`].
const EMPTY: u64 = u64::MAX;

/// How many entries the smallest table has room for.
const SMALLEST: usize = 16;

/// Open addressing with linear probing: a word is half a hash and a number, so
/// that eight neighbours share a cache line and growing needs no hash computed
/// anew. The hashes are keyed with a seed that nobody outside knows, entries
/// are made only for series that some trigger watches, and a table is at most
/// four fifths full: names chosen to collide find neither a pattern nor a long run.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    words: Vec<u64>,
    len: usize,
}

impl Index {
    /// The first number entered under this hash for which `is` holds.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        let half = half(hash);
        let mut at = home(half, self.words.len());
        loop {
            let word = *self.words.get(at)?;
            if word == EMPTY {
                return None;
            }
            if word >> 32 == u64::from(half) && is(word as u32) {
                return Some(word as u32);
            }
            at += 1;
            if at == self.words.len() {
                at = 0;
            }
        }
    }

    /// Reads where this hash belongs, and nothing else: the line is then near.
    #[inline]
    pub(super) fn touch(&self, hash: u64) -> u64 {
        self.words.get(home(half(hash), self.words.len())).copied().unwrap_or(EMPTY)
    }

    pub(super) fn insert(&mut self, hash: u64, number: u32) {
        debug_assert_ne!(number, NOBODY);
        if (self.len + 1) * 5 > self.words.len() * 4 {
            let room = (self.words.len() / 2 * 3).max(SMALLEST);
            let old = std::mem::replace(&mut self.words, vec![EMPTY; room]);
            old.into_iter().filter(|&word| word != EMPTY).for_each(|word| self.place(word));
        }
        self.place(u64::from(half(hash)) << 32 | u64::from(number));
        self.len += 1;
    }

    pub(super) fn clear(&mut self) {
        self.words.fill(EMPTY);
        self.len = 0;
    }

    /// Puts a word at the first free place from its own on; there is one.
    fn place(&mut self, word: u64) {
        let home = home((word >> 32) as u32, self.words.len());
        let (before, from) = self.words.split_at_mut(home);
        if let Some(free) = from.iter_mut().chain(before).find(|word| **word == EMPTY) {
            *free = word;
        }
    }
}

#[inline]
fn half(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// The place that a half hash has in a table of this length: in proportion to
/// it, so that a table may have any length and grows in order.
#[inline]
fn home(half: u32, len: usize) -> usize {
    ((u64::from(half) * len as u64) >> 32) as usize
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
                index.insert(hash(number), number);
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

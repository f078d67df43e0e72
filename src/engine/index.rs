//! Numbers by hash in one flat table, so that a look-up reads one line of it.

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

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Enters a number; `hash_of` tells the hashes of those that are there.
    pub(super) fn insert(&mut self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        let is_full = (self.len + 1) * 5 > self.words.len() * 4;
        if is_full || number >= self.mask {
            let grown = if is_full { self.words.len() / 2 * 3 } else { self.words.len() };
            let room = grown.max(SMALLEST);
            let (old, mask) = (std::mem::replace(&mut self.words, vec![EMPTY; room]), self.mask);
            // Greater than any number, so that none is EMPTY.
            self.mask = u32::MAX >> (number + 1).max(mask).max(room as u32).leading_zeros();
            for number in old.into_iter().filter(|&word| word != EMPTY).map(|word| word & mask) {
                self.place(hash_of(number), number);
            }
        }
        self.place(hash, number);
        self.len += 1;
    }

    /// Takes a number out, and moves those up that its place kept from theirs.
    pub(super) fn remove(&mut self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        let Some(mut hole) = self.place_of(hash, number) else { return };
        let len = self.words.len();
        let mut at = hole;
        loop {
            at = if at + 1 == len { 0 } else { at + 1 };
            let word = self.words[at];
            if word == EMPTY {
                break;
            }
            let from_home = (at + len - home(hash_of(word & self.mask), len)) % len;
            if from_home >= (at + len - hole) % len {
                self.words[hole] = word;
                hole = at;
            }
        }
        self.words[hole] = EMPTY;
        self.len -= 1;
    }

    fn place_of(&self, hash: u64, number: u32) -> Option<usize> {
        let len = self.words.len();
        let mut at = home(hash, len);
        while *self.words.get(at)? != EMPTY {
            if self.words[at] & self.mask == number {
                return Some(at);
            }
            at = if at + 1 == len { 0 } else { at + 1 };
        }
        None
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
                index.insert(hash(number), number, hash);
                for known in (0..=number).step_by(7) {
                    assert_eq!(index.find(hash(known), |other| other == known), Some(known));
                }
                assert_eq!(index.find(hash(number + 1), |other| other == number + 1), None);
            }
            index.insert(hash(70_000), 70_000, hash);
            for number in (0..500).filter(|number| number % 3 > 0) {
                index.remove(hash(number), number, hash);
                assert_eq!(index.find(hash(number), |other| other == number), None);
            }
            for number in (0..500).filter(|number| number % 3 == 0) {
                assert_eq!(index.find(hash(number), |other| other == number), Some(number));
            }
            assert_eq!(index.find(hash(70_000), |other| other == 70_000), Some(70_000));
            assert_eq!(index.len(), 168);
            index.clear();
            assert_eq!(index.find(hash(0), |_| true), None);
        }
    }
}

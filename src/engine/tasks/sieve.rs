//! Most tasks concern nobody, which a few bits tell.

/// The fewest texts that there is room for.
const SMALLEST: usize = 64;

/// Texts by their keyed hashes, in eight bits a text: those that were entered
/// are always known, others seldom. Texts are not taken out; whoever finds that
/// there is [no room](Sieve::has_room) any more makes another. The words are
/// few, so that they stay near while what they spare is far.
#[derive(Debug, Clone)]
pub(super) struct Sieve {
    words: Vec<u64>,
    entered: usize,
}

impl Sieve {
    /// With room for as many again, so that growing costs little in all.
    pub(super) fn with(hashes: impl ExactSizeIterator<Item = u64>) -> Self {
        let room = (hashes.len() * 2).max(SMALLEST);
        let mut sieve = Self { words: vec![0; room.div_ceil(8)], entered: 0 };
        hashes.for_each(|hash| sieve.enter(hash));
        sieve
    }

    pub(super) fn enter(&mut self, hash: u64) {
        let place = self.place_of(hash);
        if let Some(word) = self.words.get_mut(place) {
            *word |= bits_of(hash);
        }
        self.entered += 1;
    }

    #[inline(always)]
    pub(super) fn has(&self, hash: u64) -> bool {
        let bits = bits_of(hash);
        self.words.get(self.place_of(hash)).is_none_or(|word| word & bits == bits)
    }

    pub(super) fn has_room(&self) -> bool {
        self.entered <= self.words.len() * 8
    }

    #[inline(always)]
    fn place_of(&self, hash: u64) -> usize {
        (((hash >> 32) * self.words.len() as u64) >> 32) as usize
    }
}

/// Two bits, which the low half of the hash tells.
#[inline(always)]
fn bits_of(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_entered_is_known_and_little_else_is() {
        let hash = |number: u64| (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
        for few in [0_usize, 1, 40, 10_000] {
            let mut sieve = Sieve::with((0..few).map(|number| hash(number as u64)));
            let mut entered = few as u64;
            while sieve.has_room() {
                sieve.enter(hash(entered));
                entered += 1;
            }
            assert!(entered as usize > (2 * few).max(SMALLEST));
            assert!((0..entered).all(|number| sieve.has(hash(number))));
            let others = (1 << 32..(1 << 32) + 10_000).filter(|&other| sieve.has(hash(other))).count();
            assert!(others < 1_000, "{others} of 10,000");
        }
    }
}

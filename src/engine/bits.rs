//! A set of positions that knows its first and its last member at once.

/// Positions `0..len`, some of them set; a word of a higher level says which
/// words below it are not zero, so that the ends are found in a step a level.
#[derive(Debug, Clone, Default)]
pub(super) struct Bits {
    /// A bit a position.
    low: Vec<u64>,
    /// The levels above, the nearest first; the last has one word.
    upper: Vec<Vec<u64>>,
}

impl Bits {
    pub(super) fn new(len: usize) -> Self {
        let mut words = len.div_ceil(64).max(1);
        let low = vec![0; words];
        let mut upper = Vec::new();
        while words > 1 {
            words = words.div_ceil(64);
            upper.push(vec![0; words]);
        }
        Self { low, upper }
    }

    #[inline]
    pub(super) fn set(&mut self, position: usize) {
        let word = &mut self.low[position / 64];
        let was_empty = *word == 0;
        *word |= 1 << (position % 64);
        if was_empty {
            self.set_above(position / 64);
        }
    }

    #[inline]
    pub(super) fn clear(&mut self, position: usize) {
        let word = &mut self.low[position / 64];
        *word &= !(1 << (position % 64));
        if *word == 0 {
            self.clear_above(position / 64);
        }
    }

    pub(super) fn contains(&self, position: usize) -> bool {
        self.low[position / 64] >> (position % 64) & 1 == 1
    }

    pub(super) fn first(&self) -> Option<usize> {
        self.descend(|word| word.trailing_zeros() as usize)
    }

    pub(super) fn last(&self) -> Option<usize> {
        self.descend(|word| 63 - word.leading_zeros() as usize)
    }

    /// The first member, where `taken` was it before and has been cleared since.
    #[inline]
    pub(super) fn first_after(&self, taken: usize) -> Option<usize> {
        match self.low[taken / 64] {
            0 => self.first(),
            word => Some(taken / 64 * 64 + word.trailing_zeros() as usize),
        }
    }

    /// The last member, where `taken` was it before and has been cleared since.
    #[inline]
    pub(super) fn last_before(&self, taken: usize) -> Option<usize> {
        match self.low[taken / 64] {
            0 => self.last(),
            word => Some(taken / 64 * 64 + 63 - word.leading_zeros() as usize),
        }
    }

    fn set_above(&mut self, mut at: usize) {
        for level in &mut self.upper {
            level[at / 64] |= 1 << (at % 64);
            at /= 64;
        }
    }

    fn clear_above(&mut self, mut at: usize) {
        for level in &mut self.upper {
            level[at / 64] &= !(1 << (at % 64));
            if level[at / 64] != 0 {
                return;
            }
            at /= 64;
        }
    }

    fn descend(&self, pick: impl Fn(u64) -> usize) -> Option<usize> {
        let top = self.upper.last().unwrap_or(&self.low);
        if *top.first()? == 0 {
            return None;
        }
        let at = self.upper.iter().rev().fold(0, |at, level| at * 64 + pick(level[at]));
        Some(at * 64 + pick(self.low[at]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_ends_are_those_of_a_plain_set() {
        for len in [1, 63, 64, 65, 4_096, 4_097, 300_000] {
            let (mut bits, mut plain, mut seed) = (Bits::new(len), BTreeSet::new(), 1_usize);
            for _ in 0..2_000 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let position = (seed >> 33) % len;
                if seed & (1 << 20) == 0 {
                    bits.set(position);
                    plain.insert(position);
                } else {
                    bits.clear(position);
                    plain.remove(&position);
                }
                assert_eq!((bits.first(), bits.last()), (plain.first().copied(), plain.last().copied()));
                assert_eq!(bits.contains(position), plain.contains(&position));
                if plain.len() > 1
                    && let (Some(first), Some(last)) = (plain.pop_first(), plain.pop_last())
                {
                    bits.clear(first);
                    bits.clear(last);
                    assert_eq!(bits.first_after(first), plain.first().copied());
                    assert_eq!(bits.last_before(last), plain.last().copied());
                }
            }
        }
    }
}

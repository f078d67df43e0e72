//! Neighbours among many numbers, told in the order of the numbers.

use std::ops::Range;

/// A block begins every so many numbers, and reaches over the next too: any
/// range that is no longer lies in one.
const STRIDE: usize = 32;
const REACH: usize = 2 * STRIDE;

/// What sorting would find out about numbers in a fixed order, found out
/// beforehand: how those of each block compare. A range is then put in order by
/// setting a bit for each and reading the bits, with nothing to compare, and
/// nothing for the processor to guess.
#[derive(Debug, Clone, Default)]
pub(super) struct Ranks {
    blocks: Vec<Block>,
}

#[derive(Debug, Clone)]
struct Block {
    /// By place in the block: how many of the block's numbers are smaller.
    ranks: [u8; REACH],
    /// By rank: the place.
    places: [u8; REACH],
}

impl Ranks {
    /// Of numbers that are all different.
    pub(super) fn new(numbers: &[u32]) -> Self {
        let blocks = (0..numbers.len())
            .step_by(STRIDE)
            .map(|from| Block::new(&numbers[from..(from + REACH).min(numbers.len())]));
        Self { blocks: blocks.collect() }
    }

    /// Adds those of the numbers that stand in this range, the smallest first.
    #[inline]
    pub(super) fn sort_into(&self, numbers: &[u32], range: Range<usize>, sorted: &mut Vec<u32>) {
        if range.len() == 1 {
            sorted.push(numbers[range.start]);
            return;
        }
        let first = range.start / STRIDE * STRIDE;
        match self.blocks.get(range.start / STRIDE) {
            Some(block) if range.end <= first + REACH => {
                block.sort_into(&numbers[first..], range.start - first..range.end - first, sorted);
            }
            _ => {
                let before = sorted.len();
                sorted.extend_from_slice(&numbers[range]);
                sorted[before..].sort_unstable();
            }
        }
    }
}

impl Block {
    fn new(numbers: &[u32]) -> Self {
        let mut order: Vec<u8> = (0..).take(numbers.len()).collect();
        order.sort_unstable_by_key(|&place| numbers[usize::from(place)]);
        let mut block = Self { ranks: [0; REACH], places: [0; REACH] };
        for (rank, place) in (0..).zip(order) {
            (block.ranks[usize::from(place)], block.places[usize::from(rank)]) = (rank, place);
        }
        block
    }

    #[inline]
    fn sort_into(&self, numbers: &[u32], range: Range<usize>, sorted: &mut Vec<u32>) {
        let mut left = self.ranks[range].iter().fold(0_u64, |bits, rank| bits | 1 << (rank & 63));
        let (mut found, mut count) = ([0; REACH], 0);
        while left != 0 {
            let place = self.places[left.trailing_zeros() as usize % REACH];
            found[count % REACH] = numbers.get(usize::from(place)).copied().unwrap_or_default();
            (left, count) = (left & (left - 1), count + 1);
        }
        sorted.extend_from_slice(&found[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_comes_out_in_order() {
        for len in [0, 1, 31, 32, 33, 63, 64, 65, 200] {
            // Any odd factor gives each number once.
            let numbers: Vec<u32> = (0..len).map(|at: u32| at.wrapping_mul(0x9E37_79B9)).collect();
            let ranks = Ranks::new(&numbers);
            for from in 0..=numbers.len() {
                for to in from..=numbers.len() {
                    let mut sorted = vec![7];
                    ranks.sort_into(&numbers, from..to, &mut sorted);
                    let mut expected = numbers[from..to].to_vec();
                    expected.sort_unstable();
                    expected.insert(0, 7);
                    assert_eq!(sorted, expected);
                }
            }
        }
    }
}

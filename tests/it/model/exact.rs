//! Exact arithmetic on finite doubles: every one of them is a whole number of 2^-1074, so sums and products are those
//! of ordinary (long) integers. Slow and plain on purpose: the engine gets the same answers another way.

use std::cmp::Ordering;

/// A signed integer of any length; the magnitude has its lowest 32 bits first and no zeros at the end.
#[derive(Clone, Debug)]
pub(crate) struct Exact {
    negative: bool,
    words: Vec<u32>,
}

impl Exact {
    /// `v` in units of 2^-1074.
    pub(crate) fn new(v: f64) -> Exact {
        assert!(v.is_finite(), "only finite numbers are exact");
        let bits = v.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as usize;
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, shift) =
            if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) };
        Exact { negative: v < 0.0, words: shifted(mantissa, shift) }
    }

    /// A whole number, in units of one.
    pub(crate) fn whole(n: u64) -> Exact {
        Exact { negative: false, words: shifted(n, 0) }
    }

    /// One, in units of 2^-1074: multiplying by it makes one number's unit that of a product of two.
    pub(crate) fn unit() -> Exact {
        Exact { negative: false, words: shifted(1, 1074) }
    }

    pub(crate) fn abs(&self) -> Exact {
        Exact { negative: false, words: self.words.clone() }
    }

    pub(crate) fn neg(&self) -> Exact {
        Exact { negative: !self.negative, words: self.words.clone() }
    }

    pub(crate) fn plus(&self, other: &Exact) -> Exact {
        if self.negative == other.negative {
            return Exact { negative: self.negative, words: sum(&self.words, &other.words) };
        }
        match order(&self.words, &other.words) {
            Ordering::Less => {
                Exact { negative: other.negative, words: difference(&other.words, &self.words) }
            }
            _ => Exact { negative: self.negative, words: difference(&self.words, &other.words) },
        }
    }

    pub(crate) fn minus(&self, other: &Exact) -> Exact {
        self.plus(&other.neg())
    }

    pub(crate) fn times(&self, other: &Exact) -> Exact {
        let mut words = vec![0u32; self.words.len() + other.words.len() + 1];
        for (i, &a) in self.words.iter().enumerate().filter(|(_, a)| **a != 0) {
            let mut carry = 0u64;
            for (j, &b) in other.words.iter().chain(&[0]).enumerate() {
                let x = u64::from(a) * u64::from(b) + u64::from(words[i + j]) + carry;
                words[i + j] = x as u32;
                carry = x >> 32;
            }
        }
        Exact { negative: self.negative != other.negative, words: trimmed(words) }
    }

    pub(crate) fn at_least(&self, other: &Exact) -> bool {
        let d = self.minus(other);
        d.words.is_empty() || !d.negative
    }
}

fn shifted(n: u64, shift: usize) -> Vec<u32> {
    let mut words = vec![0u32; shift / 32];
    let wide = u128::from(n) << (shift % 32);
    words.extend([wide as u32, (wide >> 32) as u32, (wide >> 64) as u32]);
    trimmed(words)
}

fn trimmed(mut words: Vec<u32>) -> Vec<u32> {
    while words.last() == Some(&0) {
        words.pop();
    }
    words
}

fn order(a: &[u32], b: &[u32]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

fn sum(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut words = Vec::new();
    let mut carry = 0u64;
    for i in 0..a.len().max(b.len()) + 1 {
        let x = u64::from(*a.get(i).unwrap_or(&0)) + u64::from(*b.get(i).unwrap_or(&0)) + carry;
        words.push(x as u32);
        carry = x >> 32;
    }
    trimmed(words)
}

fn difference(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut words = Vec::new();
    let mut borrow = 0i64;
    for (i, &x) in a.iter().enumerate() {
        let d = i64::from(x) - i64::from(*b.get(i).unwrap_or(&0)) - borrow;
        words.push(d as u32);
        borrow = i64::from(d < 0);
    }
    trimmed(words)
}

#[cfg(test)]
mod tests {
    use super::Exact;

    fn at_least(a: Exact, b: Exact) -> bool {
        a.at_least(&b)
    }

    #[test]
    fn a_sum_that_rounds_is_told_from_the_exact_one() {
        let sum = Exact::new(0.1).plus(&Exact::new(0.2));
        assert!(at_least(sum.clone(), Exact::new(0.3)));
        assert!(!at_least(Exact::new(0.3), sum.clone()));
        assert!(!at_least(sum, Exact::new(0.1 + 0.2)));
    }

    #[test]
    fn the_smallest_and_the_largest_doubles_are_told_apart_from_their_neighbours() {
        let tiny = Exact::new(5e-324);
        let huge = Exact::new(f64::MAX);
        assert!(!at_least(huge.clone(), huge.plus(&tiny)));
        assert!(at_least(huge.minus(&tiny).plus(&tiny), huge.clone()));
        assert!(at_least(tiny.clone(), Exact::new(-0.0)) && !at_least(Exact::new(0.0), tiny));
    }

    #[test]
    fn products_and_differences_of_whole_numbers_are_those_of_i128() {
        let numbers =
            [0i128, 1, -1, 3, -7, 4_294_967_295, 4_294_967_296, -4_294_967_297, 1 << 52, -(1 << 53)];
        for a in numbers {
            for b in numbers {
                let (x, y) = (Exact::new(a as f64), Exact::new(b as f64));
                assert_eq!(x.at_least(&y), a >= b, "{a} {b}");
                for c in numbers {
                    let z = Exact::new(c as f64);
                    assert_eq!(x.times(&y).at_least(&z.times(&Exact::unit())), a * b >= c, "{a} {b} {c}");
                    assert_eq!(x.minus(&y).at_least(&z), a - b >= c, "{a} {b} {c}");
                    assert_eq!(x.plus(&y).at_least(&z), a + b >= c, "{a} {b} {c}");
                }
            }
        }
    }
}

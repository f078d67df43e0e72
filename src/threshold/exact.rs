//! Comparisons in real arithmetic on floats: nothing is rounded on the way.

use std::cmp::Ordering;

use super::key::key;

/// The largest key `k` with: `key(v) <= k` exactly when `v <= a - b`, in real
/// arithmetic. `a - b` must be finite.
pub(crate) fn key_at_most_difference(a: f64, b: f64) -> i64 {
    let (sum, error) = two_sum(a, -b);
    key(sum) - i64::from(error < 0.0)
}

/// The smallest key `k` with: `key(v) >= k` exactly when `v >= a + b`.
pub(crate) fn key_at_least_sum(a: f64, b: f64) -> i64 {
    let (sum, error) = two_sum(a, b);
    key(sum) + i64::from(error > 0.0)
}

/// The rounded sum and exactly what the rounding left out (Knuth, TAOCP 2, 4.2.2, theorem B).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    let a_part = sum - b_part;
    (sum, (a - a_part) + (b - b_part))
}

/// `|value - previous| >= amount`, exactly; `previous` and `amount` are finite.
pub(crate) fn moved_by(value: f64, previous: f64, amount: f64) -> bool {
    let (difference, error) = two_sum(value, -previous);
    if difference.is_infinite() {
        return true;
    }
    let (difference, error) = if difference < 0.0 { (-difference, -error) } else { (difference, error) };
    // |error| is at most half an ulp of the difference, so it decides only a tie.
    difference > amount || (difference == amount && error >= 0.0)
}

/// `|value - previous| * 100 >= amount * |previous|`, exactly; `previous` and
/// `amount` are finite, `amount` is positive.
pub(crate) fn moved_by_percent(value: f64, previous: f64, amount: f64) -> bool {
    if value.is_infinite() {
        return true;
    }
    let (left, right) = ((value - previous).abs() * 100.0, amount * previous.abs());
    // Four roundings of half an ulp each: a gap of this size cannot be one of them,
    // as long as no operand has left the range of normal floats.
    let normal = |x: f64| x.is_finite() && x > 1e-280;
    if normal(left) && normal(right) && (left - right).abs() > 1e-14 * (left + right) {
        return left > right;
    }
    let difference = Wide::of(value).minus(&Wide::of(previous));
    let product = Wide::of(amount).times(&Wide::of(previous));
    difference.times(&Wide::of(100.0)).compare(&product) != Ordering::Less
}

/// The magnitude of a real number: a big integer times a power of two; the
/// sign is kept apart for the one subtraction there is.
struct Wide {
    negative: bool,
    /// Little end first, no leading zero.
    limbs: Vec<u32>,
    exponent: i32,
}

impl Wide {
    fn of(value: f64) -> Self {
        let bits = value.to_bits();
        let biased = i32::try_from(bits >> 52 & 0x7ff).unwrap_or(0);
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, exponent) =
            if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) };
        let limbs = vec![(mantissa & 0xffff_ffff) as u32, (mantissa >> 32) as u32];
        Self { negative: value.is_sign_negative(), limbs, exponent }.trimmed()
    }

    fn trimmed(mut self) -> Self {
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
        self
    }

    /// The limbs as they are with a smaller exponent.
    fn shifted_to(&self, exponent: i32) -> Vec<u32> {
        let bits = usize::try_from(self.exponent - exponent).unwrap_or(0);
        let mut limbs = vec![0; bits / 32];
        let mut carry = 0_u64;
        for &limb in &self.limbs {
            carry |= u64::from(limb) << (bits % 32);
            limbs.push((carry & 0xffff_ffff) as u32);
            carry >>= 32;
        }
        limbs.push(carry as u32);
        Self { negative: false, limbs, exponent }.trimmed().limbs
    }

    fn minus(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        let (a, b) = (self.shifted_to(exponent), other.shifted_to(exponent));
        let limbs = match (self.negative == other.negative, compare_limbs(&a, &b)) {
            (false, _) => add_limbs(&a, &b),
            (true, Ordering::Less) => subtract_limbs(&b, &a),
            (true, _) => subtract_limbs(&a, &b),
        };
        Self { negative: false, limbs, exponent }.trimmed()
    }

    fn times(&self, other: &Self) -> Self {
        let mut limbs = vec![0_u32; self.limbs.len() + other.limbs.len()];
        for (i, &a) in self.limbs.iter().enumerate() {
            let mut carry = 0_u64;
            for (j, &b) in other.limbs.iter().enumerate() {
                carry += u64::from(limbs[i + j]) + u64::from(a) * u64::from(b);
                limbs[i + j] = (carry & 0xffff_ffff) as u32;
                carry >>= 32;
            }
            limbs[i + other.limbs.len()] = carry as u32;
        }
        Self { negative: false, limbs, exponent: self.exponent + other.exponent }.trimmed()
    }

    fn compare(&self, other: &Self) -> Ordering {
        let exponent = self.exponent.min(other.exponent);
        compare_limbs(&self.shifted_to(exponent), &other.shifted_to(exponent))
    }
}

fn compare_limbs(a: &[u32], b: &[u32]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

fn add_limbs(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut carry = 0_u64;
    let mut sum: Vec<u32> = Vec::with_capacity(a.len().max(b.len()) + 1);
    for i in 0..a.len().max(b.len()) {
        carry += u64::from(a.get(i).copied().unwrap_or(0)) + u64::from(b.get(i).copied().unwrap_or(0));
        sum.push((carry & 0xffff_ffff) as u32);
        carry >>= 32;
    }
    sum.push(carry as u32);
    sum
}

/// `a - b` for `a >= b`.
fn subtract_limbs(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut borrow = 0_i64;
    let mut difference: Vec<u32> = Vec::with_capacity(a.len());
    for (i, &limb) in a.iter().enumerate() {
        let mut digit = i64::from(limb) - i64::from(b.get(i).copied().unwrap_or(0)) - borrow;
        borrow = i64::from(digit < 0);
        digit += borrow << 32;
        difference.push(digit as u32);
    }
    difference
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_compared_without_rounding() {
        assert!(moved_by_percent(110.0, 100.0, 10.0));
        assert!(!moved_by_percent(109.99999999999999, 100.0, 10.0));
        // Floats say 0.9999999999999994 >= 1.0000000000000000 here, and so does real arithmetic: no.
        assert!(!moved_by_percent(0.11, 0.1, 10.0));
        assert!(moved_by_percent(5e-324, 1e-323, 50.0));
        assert!(!moved_by_percent(5e-324, 1e-323, 50.00000000000001));
        assert!(moved_by_percent(f64::MAX, -f64::MAX, 200.0));
        assert!(!moved_by_percent(f64::MAX, -f64::MAX, 200.00000000000003));
        assert!(moved_by_percent(1.0, 0.0, 1e300));
    }

    #[test]
    fn a_difference_is_compared_without_rounding() {
        // 0.3 - 0.1 rounds to 0.19999999999999998, below 0.2; the exact difference is below it too.
        assert!(!moved_by(0.3, 0.1, 0.2));
        assert!(moved_by(1e16, 1.0, 9_999_999_999_999_998.0));
        assert!(!moved_by(1e16, 1.0, 1e16));
        assert!(moved_by(f64::MAX, -f64::MAX, f64::MAX));
    }

    #[test]
    fn the_quick_answer_and_the_wide_one_agree() {
        let mut seed = 7_u64;
        for _ in 0..20_000 {
            let mut next = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                f64::from((seed >> 40) as u32 % 2_000) / 16.0
            };
            let (value, previous, amount) = (next(), next() + 0.0625, next() + 0.0625);
            let wide = Wide::of(value).minus(&Wide::of(previous)).times(&Wide::of(100.0));
            let expected = wide.compare(&Wide::of(amount).times(&Wide::of(previous))) != Ordering::Less;
            assert_eq!(moved_by_percent(value, previous, amount), expected, "{value} {previous} {amount}");
        }
    }
}

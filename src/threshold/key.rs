//! Floats as integers in the same order.

/// An integer in the order of the floats: `key(a) < key(b)` exactly when `a < b`.
/// `-0.0` has the key of `0.0`. Not for NaN.
pub(crate) fn key(value: f64) -> i64 {
    // Adding zero turns -0.0 into 0.0. The bits without the sign grow with the
    // magnitude; `mask` is all ones for a negative float and negates them.
    let bits = (value + 0.0).to_bits().cast_signed();
    let mask = bits >> 63;
    ((bits & i64::MAX) ^ mask) - mask
}

/// The float of a key; beyond the infinities there is none, and the nearest is given.
pub(crate) fn from_key(key: i64) -> f64 {
    let infinity = f64::INFINITY.to_bits().cast_signed();
    let key = key.clamp(-infinity, infinity);
    f64::from_bits((key.unsigned_abs()) | if key < 0 { 1 << 63 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_the_order_of_the_floats_and_neighbours_differ_by_one() {
        let values = [
            f64::NEG_INFINITY,
            f64::MIN,
            -1.0,
            -f64::MIN_POSITIVE,
            -5e-324,
            0.0,
            5e-324,
            1.0,
            1.0 + f64::EPSILON,
            f64::MAX,
            f64::INFINITY,
        ];
        assert!(values.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
        assert!(values.iter().all(|&value| from_key(key(value)) == value));
        assert_eq!((from_key(i64::MAX), from_key(i64::MIN)), (f64::INFINITY, f64::NEG_INFINITY));
        assert_eq!(key(-0.0), key(0.0));
        assert_eq!(key(1.0 + f64::EPSILON), key(1.0) + 1);
        assert_eq!(key(-5e-324), key(0.0) - 1);
        assert_eq!(key(f64::INFINITY), key(f64::MAX) + 1);
    }
}

//! Numbers as JSON writes them, compared and converted without rounding.

use std::cmp::Ordering;

/// Why a JSON number cannot become a 64-bit float.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inexact {
    /// A whole number between two floats; the digits of the nearest.
    Between(String),
    /// Beyond the largest float.
    Beyond,
}

/// The float that the JSON number `text` means. A number written as an integer
/// must be held exactly; one written with a fraction or an exponent is rounded
/// to the nearest float, as everywhere.
pub(super) fn float(text: &str) -> Result<f64, Inexact> {
    if let Some(number) = short(text) {
        return Ok(number);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => {
            if digits.bytes().all(|byte| byte.is_ascii_digit()) {
                // With a precision, the standard library writes all digits of the float.
                let nearest = format!("{number:.0}");
                if nearest != text {
                    return Err(Inexact::Between(nearest));
                }
            }
            Ok(number)
        }
        _ => Err(Inexact::Beyond),
    }
}

/// The float that a short number without an exponent means. Its digits alone
/// are a whole number below 2^53, and a float holds that as exactly as it holds
/// the power of ten that divides it: the quotient is rounded once.
#[inline]
fn short(text: &str) -> Option<f64> {
    const DIGITS: usize = 15;
    const POWERS: [f64; DIGITS + 1] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if unsigned.len() > DIGITS + 1 {
        return None;
    }
    let (mut number, mut digits, mut whole_digits) = (0_u64, 0, None);
    for byte in unsigned.bytes() {
        match byte {
            b'0'..=b'9' => {
                number = number * 10 + u64::from(byte - b'0');
                digits += 1;
            }
            b'.' if whole_digits.is_none() => whole_digits = Some(digits),
            _ => return None,
        }
    }
    if digits > DIGITS {
        return None;
    }
    let magnitude = number as f64 / POWERS[digits - whole_digits.unwrap_or(digits)];
    Some(if unsigned.len() < text.len() { -magnitude } else { magnitude })
}

/// Whether a float can hold the JSON number `text`, rounded or not.
pub(super) fn is_finite(text: &str) -> bool {
    // 308 digits cannot be too large without an exponent.
    let has_exponent = || text.bytes().any(|byte| matches!(byte, b'e' | b'E'));
    (text.len() <= 308 && !has_exponent()) || text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Compares two JSON numbers as the decimals they are, of any length.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (Decimal::new(left), Decimal::new(right));
    match (left.sign(), right.sign()) {
        (0, 0) => Ordering::Equal,
        (1, 1) => left.compare_magnitude(&right),
        (-1, -1) => right.compare_magnitude(&left),
        (left, right) => left.cmp(&right),
    }
}

/// 0.d1d2d3… times ten to the `exponent`, d1 not zero; no digits: zero.
struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Decimal<'a> {
    fn new(text: &'a str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
        let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let whole = whole.trim_start_matches('0');
        let written = i64::try_from(whole.len()).unwrap_or(i64::MAX);
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        // An exponent that no i64 holds is as good as the largest.
        let size = digits.parse::<i64>().unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
        let mut exponent = if exponent.starts_with('-') { -size } else { size };
        let fraction = fraction.trim_end_matches('0');
        let leading = fraction.trim_start_matches('0');
        let (whole, fraction) = if whole.is_empty() {
            exponent -= i64::try_from(fraction.len() - leading.len()).unwrap_or(i64::MAX / 4);
            ("", leading)
        } else if fraction.is_empty() {
            (whole.trim_end_matches('0'), "")
        } else {
            (whole, fraction)
        };
        Self { negative, whole, fraction, exponent: exponent + written }
    }

    fn sign(&self) -> i8 {
        match (self.whole.is_empty() && self.fraction.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn compare_magnitude(&self, other: &Self) -> Ordering {
        self.exponent.cmp(&other.exponent).then_with(|| self.digits().cmp(other.digits()))
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.bytes().chain(self.fraction.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_becomes_a_float_only_if_it_is_held_exactly() {
        for text in [
            "0",
            "-0",
            "5",
            "-17",
            "999999999999999",
            "9007199254740992",
            "18446744073709551616",
            "99999999999999991611392",
        ] {
            assert_eq!(float(text).unwrap(), text.parse::<f64>().unwrap(), "{text}");
        }
        assert_eq!(float("9007199254740993"), Err(Inexact::Between("9007199254740992".to_owned())));
        assert_eq!(float("-9007199254740993"), Err(Inexact::Between("-9007199254740992".to_owned())));
        assert_eq!(
            float("100000000000000000000000"),
            Err(Inexact::Between("99999999999999991611392".to_owned()))
        );
        assert_eq!(float(&"9".repeat(400)), Err(Inexact::Beyond));
        assert_eq!(float("1e23").unwrap(), 1e23);
        assert_eq!(float("0.1").unwrap(), 0.1);
    }

    #[test]
    fn a_short_number_is_the_float_that_the_standard_library_reads() {
        let mut state = 7_u64;
        let mut below = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        let mut short = 0;
        for _ in 0..20_000 {
            let most = 10_u64.pow(below(10) as u32);
            let (whole, decimals) = (below(most), below(10) as usize);
            let fraction: String = (0..decimals).map(|_| char::from(b'0' + below(10) as u8)).collect();
            let (sign, point) = (["", "-"][below(2) as usize], if decimals == 0 { "" } else { "." });
            let text = format!("{sign}{whole}{point}{fraction}");
            let standard = text.parse::<f64>().unwrap();
            assert_eq!(float(&text).map(f64::to_bits), Ok(standard.to_bits()), "{text}");
            short += usize::from(super::short(&text).is_some());
        }
        assert!(short > 10_000, "{short}");
        for text in ["-0", "-0.0", "999999999999999", "0.99999999999999", "99999999.9999999"] {
            assert_eq!(super::short(text).map(f64::to_bits), text.parse().ok().map(f64::to_bits), "{text}");
        }
        for text in ["9999999999999999", "1e3", "1E3", "0.999999999999999", "999999999.9999999"] {
            assert_eq!(super::short(text), None, "{text}");
        }
    }

    #[test]
    fn decimals_compare_by_value_not_by_spelling() {
        for (left, right) in [
            ("0.1", "0.10"),
            ("0.1", "1e-1"),
            ("100", "1E+2"),
            ("-0", "0.0e5"),
            ("120", "1.2e2"),
            ("0.00120", "12e-4"),
        ] {
            assert_eq!(compare(left, right), Ordering::Equal, "{left} {right}");
        }
        for (less, more) in [
            ("9007199254740992", "9007199254740993"),
            ("-1", "0"),
            ("-2", "-1"),
            ("0.1", "0.10000000000000000001"),
            ("9", "10"),
            ("1e-400", "1e-399"),
            ("0.9", "1"),
            ("-1e9", "1e-9"),
            ("99", "100.5"),
            ("1", "1.5"),
            ("0.05", "0.5"),
        ] {
            assert_eq!(compare(less, more), Ordering::Less, "{less} {more}");
            assert_eq!(compare(more, less), Ordering::Greater, "{more} {less}");
        }
    }
}

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
    let digits = text.strip_prefix('-').unwrap_or(text);
    // 15 digits are below 2^53.
    if digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let whole = digits.bytes().fold(0_u64, |whole, digit| whole * 10 + u64::from(digit - b'0'));
        return Ok(if digits.len() < text.len() { -(whole as f64) } else { whole as f64 });
    }
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

//! The float that a number in JSON means.

use super::words::cut;

/// The float that a number means. A fraction is rounded to the nearest float,
/// as everywhere; an integer must be exact, and nothing becomes infinite or zero.
pub(crate) fn float(digits: &str) -> Result<f64, String> {
    let shown = cut(digits);
    let number: f64 = digits.parse().map_err(|_| format!("{shown} is not a number"))?;
    if number.is_infinite() {
        return Err(format!("{shown} is beyond the limit of a 64-bit float, {:e}", f64::MAX));
    }
    let mantissa = digits.split(['e', 'E']).next().unwrap_or(digits);
    if number == 0.0 && mantissa.contains(|c: char| matches!(c, '1'..='9')) {
        return Err(format!("{shown} is nearer to zero than any 64-bit float"));
    }
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_integer = mantissa.len() == digits.len() && fraction.trim_end_matches('0').is_empty();
    // Rust writes a float's exact value where no digits are cut off.
    if is_integer && format!("{:.0}", number.abs()) != integer.trim_start_matches('-') {
        return Err(format!("a 64-bit float cannot hold {shown} exactly: the nearest is {number}"));
    }
    Ok(number + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_is_exact_or_refused_with_its_digits() {
        for (digits, number) in [
            ("0", 0.0),
            ("-0", 0.0),
            ("1000", 1000.0),
            ("-12.5e1", -125.0),
            ("0.1", 0.1),
            ("9007199254740992", 9_007_199_254_740_992.0),
            ("9007199254740994.0", 9_007_199_254_740_994.0),
            ("1e23", 1e23),
            ("18446744073709551616", 18_446_744_073_709_551_616.0),
            ("0e999999999999", 0.0),
        ] {
            let read = float(digits).unwrap();
            assert_eq!((read, read.is_sign_negative()), (number, number < 0.0), "{digits}");
        }
        for digits in [
            "9007199254740993",
            "-9007199254740993",
            "9007199254740993.0",
            "18446744073709551615",
            "1e999",
            "-1e999",
            "1e-400",
        ] {
            let why = float(digits).unwrap_err();
            assert!(why.contains(digits), "{why}");
        }
        assert!(float("9007199254740993").unwrap_err().ends_with("the nearest is 9007199254740992"));
        assert!(float(&"9".repeat(1000)).unwrap_err().len() < 200);
    }
}

//! The parts that all JSON here is written with.

use std::fmt::Write as _;

/// Appends a number as JSON: an integral value below 2^53 without a fraction,
/// what JSON has no number for (NaN, infinities) as `null`.
pub(crate) fn push_json_number(text: &mut String, number: f64) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = number as i64;
    if whole as f64 == number && number.abs() < EXACT {
        push_decimal(text, whole.unsigned_abs(), whole < 0, 0);
    } else if let Some(thousandths) = thousandths(number) {
        push_decimal(text, thousandths.unsigned_abs(), thousandths < 0, 3);
    } else if number.is_finite() {
        // Writing to a `String` does not fail.
        let _ = write!(text, "{number:?}");
    } else {
        text.push_str("null");
    }
}

/// Appends a count.
pub(crate) fn push_json_count(text: &mut String, count: u64) {
    push_decimal(text, count, false, 0);
}

/// How many thousandths a number is, where it is the one nearest to a decimal
/// of so many and 15 digits at most. That decimal, without the zeros at its end, is the shortest
/// that reads back as the number: no other of 15 digits or less does.
fn thousandths(number: f64) -> Option<i64> {
    let count = number * 1_000.0;
    // The nearest integer: what is as far from two of them is neither of them thousandths.
    let count = (count + 0.5_f64.copysign(count)) as i64;
    (count.unsigned_abs() < 1_000_000_000_000_000 && count != 0 && count as f64 / 1_000.0 == number)
        .then_some(count)
}

/// Appends a decimal that was counted in units of so many places behind the point, without the zeros at its end.
fn push_decimal(text: &mut String, mut count: u64, is_negative: bool, mut places: u32) {
    // A sign, the digits of the largest number, and a point.
    let mut digits = [0; 22];
    let mut at = digits.len();
    while places > 0 && count.is_multiple_of(10) {
        count /= 10;
        places -= 1;
    }
    let mut put = |byte: u8| {
        at -= 1;
        digits[at] = byte;
    };
    if places > 0 {
        for _ in 0..places {
            put(b'0' + (count % 10) as u8);
            count /= 10;
        }
        put(b'.');
    }
    loop {
        put(b'0' + (count % 10) as u8);
        count /= 10;
        if count == 0 {
            break;
        }
    }
    if is_negative {
        put(b'-');
    }
    // Digits are ASCII, so they are always text.
    text.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

/// Appends a string as JSON, quotes included.
pub(crate) fn push_json_string(text: &mut String, value: &str) {
    text.push('"');
    push_json_string_end(text, value);
}

/// Appends the rest of a string that has begun.
pub(crate) fn push_json_string_end(text: &mut String, value: &str) {
    // Most are.
    if is_all_plain(value.as_bytes()) {
        text.push_str(value);
        text.push('"');
        return;
    }
    let mut plain = 0;
    for (at, byte) in value.bytes().enumerate() {
        if is_plain(byte) {
            continue;
        }
        text.push_str(&value[plain..at]);
        plain = at + 1;
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            0x08 => text.push_str("\\b"),
            0x0c => text.push_str("\\f"),
            // Writing to a `String` does not fail.
            _ => drop(write!(text, "\\u{byte:04x}")),
        }
    }
    text.push_str(&value[plain..]);
    text.push('"');
}

fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte != b'"' && byte != b'\\'
}

/// Whether no byte needs an escape, told of eight at a time.
fn is_all_plain(bytes: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The high bit of a byte that is below `than`, where no other has borrowed from it.
    let below = |word: u64, than: u8| word.wrapping_sub(ONES * u64::from(than)) & !word & HIGH;
    let odd_of = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        below(word, b' ') | is(b'"') | is(b'\\')
    };
    // The last eight are looked at as they stand, some of them for the second time.
    let Some(last) = bytes.last_chunk::<8>() else { return bytes.iter().all(|byte| is_plain(*byte)) };
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().fold(odd_of(last), |odd, word| odd | odd_of(word)) == 0
}

/// Appends the key of a further member; `name` must need no escapes.
pub(super) fn push_key(text: &mut String, name: &str) {
    text.push_str(",\"");
    text.push_str(name);
    text.push_str("\":");
}

/// Appends a further member that is a string, if there is one; `name` must need no escapes.
pub(super) fn push_json_member(text: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        push_key(text, name);
        push_json_string(text, value);
    }
}

/// Appends pairs as a JSON object of strings.
pub(super) fn push_json_object<'a>(text: &mut String, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    text.push('{');
    for (i, (name, value)) in pairs.enumerate() {
        if i > 0 {
            text.push(',');
        }
        push_json_string(text, name);
        text.push(':');
        push_json_string(text, value);
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: f64) -> String {
        let mut text = String::new();
        push_json_number(&mut text, number);
        text
    }

    #[test]
    fn an_integral_number_below_two_to_the_53_has_no_fraction() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1004.0, "1004"),
            (-17.0, "-17"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (-9_007_199_254_740_991.0, "-9007199254740991"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (1e-7, "1e-7"),
            (1e300, "1e300"),
            (f64::NAN, "null"),
            (f64::INFINITY, "null"),
            (f64::NEG_INFINITY, "null"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_decimal_with_few_digits_is_written_as_the_shortest_that_reads_back() {
        let mut state = 1_u64;
        for round in 0..200_000_u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Of every length, each so many places behind the point, and its neighbours.
            let count = (state >> 8) % 10_u64.pow(round % 16 + 1);
            let near = count as f64 / 10_f64.powi((round / 16 % 5) as i32);
            for value in [near, -near, near.next_up(), near.next_down()] {
                if value.fract() != 0.0 {
                    assert_eq!(number(value), format!("{value:?}"));
                }
            }
        }
    }

    #[test]
    fn every_number_written_is_read_back_to_the_same_bits() {
        let edges = [
            9_007_199_254_740_992.0,
            1e15,
            1e16,
            1e17,
            1e21,
            1e23,
            5e-324,
            f64::MAX,
            f64::MIN_POSITIVE,
            2.0_f64.powi(63),
        ];
        for value in edges.into_iter().flat_map(|value| [value, -value]) {
            let text = number(value);
            assert_eq!(serde_json::from_str::<f64>(&text).unwrap().to_bits(), value.to_bits(), "{text}");
            assert_eq!(
                super::super::number::float(&text),
                Ok(value),
                "{text} is taken where bounds and values are"
            );
        }
    }

    #[test]
    fn one_byte_that_needs_an_escape_is_found_wherever_it_stands_and_no_other_is() {
        for byte in 0..=127_u8 {
            for (length, at) in (1..20).flat_map(|length| (0..length).map(move |at| (length, at))) {
                for filling in [b'a', b' ', b'!', b'#', b'[', b']', 0x7f] {
                    let mut bytes = vec![filling; length];
                    bytes[at] = byte;
                    assert_eq!(is_all_plain(&bytes), is_plain(byte), "{byte} at {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn strings_are_written_as_serde_json_writes_them() {
        let all: String = (0..0x300).filter_map(char::from_u32).chain("\u{2028}😀".chars()).collect();
        let mut text = String::new();
        push_json_string(&mut text, &all);
        assert_eq!(text, serde_json::to_string(&all).unwrap());
    }
}

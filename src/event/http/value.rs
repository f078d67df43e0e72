//! Attribute values as header values (HTTP protocol binding, section 3.1.3.2).

use std::borrow::Cow;

/// The text that a header carries for `value`: everything outside U+0021 to
/// U+007E, the double quote and the percent sign as percent sequences.
pub(super) fn encode(value: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'%') {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    text
}

/// The value that a header carries: quoted strings are opened, then one round
/// of percent sequences is decoded. Else why it carries none.
pub(super) fn decode(value: &[u8]) -> Result<Cow<'_, str>, String> {
    if let Some(byte) = value.iter().find(|byte| !matches!(byte, b'\t' | b' '..=b'~')) {
        return Err(format!(
            "holds the byte 0x{byte:02x}; what is not printable ASCII must be percent-encoded"
        ));
    }
    // It is ASCII, so this does not fail.
    let text = std::str::from_utf8(value).map_err(|error| error.to_string())?;
    match unquote(text.trim_ascii())? {
        Cow::Borrowed(text) => percent_decode(text),
        Cow::Owned(text) => percent_decode(&text).map(|text| Cow::Owned(text.into_owned())),
    }
}

/// Opens the quoted strings in `text` (RFC 7230, section 3.2.6), wherever they stand.
pub(super) fn unquote(text: &str) -> Result<Cow<'_, str>, String> {
    if !text.contains('"') {
        return Ok(Cow::Borrowed(text));
    }
    let mut opened = String::with_capacity(text.len());
    let mut in_quotes = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => in_quotes = !in_quotes,
            '\\' if in_quotes => opened.extend(characters.next()),
            _ => opened.push(character),
        }
    }
    if in_quotes {
        return Err("has a double quote that is not closed".to_owned());
    }
    Ok(Cow::Owned(opened))
}

fn percent_decode(text: &str) -> Result<Cow<'_, str>, String> {
    if !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if *first != b'%' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let digit = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(0), digit(1)) else {
            let sequence = String::from_utf8_lossy(&rest[..rest.len().min(3)]);
            return Err(format!(
                "holds {sequence:?}; a percent sign must be followed by two hexadecimal digits"
            ));
        };
        bytes.extend(u8::try_from(high * 16 + low));
        rest = &after[2..];
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|error| {
        let byte = error.as_bytes()[error.utf8_error().valid_up_to()];
        format!("encodes bytes that are not UTF-8, the first of them 0x{byte:02X}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_holds_both_ways() {
        let (value, header) = ("Euro \u{20ac} \u{1f600}", "Euro%20%E2%82%AC%20%F0%9F%98%80");
        assert_eq!(encode(value), header);
        assert_eq!(decode(header.as_bytes()).unwrap(), value);
    }

    #[test]
    fn every_character_survives_and_nothing_but_printable_ascii_is_sent() {
        let all: String = (0..0x300).chain(0xfff0..0x1_0010).filter_map(char::from_u32).collect();
        for value in all.chars().map(String::from).chain([all.clone()]) {
            let header = encode(&value);
            assert!(header.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'), "{header}");
            assert_eq!(decode(header.as_bytes()).unwrap(), value);
        }
        let plain: String = (0x21..0x7f_u8).map(char::from).filter(|c| !matches!(c, '"' | '%')).collect();
        assert_eq!(encode(&plain), plain);
        assert!(matches!(decode(plain.as_bytes()).unwrap(), Cow::Borrowed(_)));
    }

    #[test]
    fn one_round_is_decoded_in_any_case_and_what_needed_no_encoding_too() {
        for (header, value) in [
            ("%2525", "%25"),
            ("%c3%A9", "é"),
            ("%41%42", "AB"),
            ("a b\tc", "a b\tc"),
            (" \t a \t", "a"),
            ("", ""),
            ("%20a%20", " a "),
            ("%00%1f%7F", "\0\u{1f}\u{7f}"),
        ] {
            assert_eq!(decode(header.as_bytes()).unwrap(), value, "{header}");
        }
    }

    #[test]
    fn quoted_strings_are_opened_before_anything_is_decoded() {
        for (header, value) in [
            (r#""a b""#, "a b"),
            (r#""a \"b\" \\ \c""#, r#"a "b" \ c"#),
            (r#"a\b"#, r#"a\b"#),
            (r#"a "b c" d"#, "a b c d"),
            (r#""""#, ""),
            (r#""%22%5C""#, r#""\"#),
            (r#""\%41""#, "A"),
            (r#"" a ""#, " a "),
        ] {
            assert_eq!(decode(header.as_bytes()).unwrap(), value, "{header}");
        }
        for open in [r#"""#, r#""a"#, r#"a""#, r#""a\""#, r#""a" ""#] {
            assert_eq!(
                decode(open.as_bytes()).unwrap_err(),
                "has a double quote that is not closed",
                "{open}"
            );
        }
    }

    #[test]
    fn sequences_that_are_none_or_not_utf_8_are_refused() {
        for header in ["%", "a%", "%4", "%4g", "%g4", "%%41", "% 41", "%+1", "100%"] {
            assert!(decode(header.as_bytes()).unwrap_err().contains("hexadecimal"), "{header}");
        }
        for (header, byte) in [
            ("%C0%A0", "0xC0"),
            ("%80", "0x80"),
            ("%E2%82", "0xE2"),
            ("%E2%82a", "0xE2"),
            ("%ED%A0%80", "0xED"),
            ("ok%F4%90%80%80", "0xF4"),
            ("%ff", "0xFF"),
        ] {
            assert!(decode(header.as_bytes()).unwrap_err().ends_with(byte), "{header}");
        }
        for value in [&b"caf\xc3\xa9"[..], b"\x80", b"a\x7fb", b"\x00"] {
            assert!(decode(value).unwrap_err().contains("percent-encoded"), "{value:?}");
        }
    }
}

//! RFC 4648 base64 in its standard alphabet, padded: what `data_base64`, signing
//! secrets and signatures are written in; and in the one for URLs, without
//! padding: what ids are made of.
//! Small enough to carry, so that the core needs no crate for it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends the text of `bytes` in the standard alphabet, padded.
pub(crate) fn push(text: &mut String, bytes: &[u8]) {
    let letter = |bits: u32| ALPHABET[(bits & 63) as usize];
    text.reserve(bytes.len().div_ceil(3) * 4);
    // A line of letters at a time.
    for line in bytes.chunks(48) {
        let mut letters = [b'='; 64];
        let (groups, rest) = line.as_chunks::<3>();
        let mut places = letters.chunks_exact_mut(4);
        for (group, place) in groups.iter().zip(&mut places) {
            let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
            place.copy_from_slice(&[18, 12, 6, 0].map(|shift| letter(bits >> shift)));
        }
        if let (Some(place), [first, others @ ..]) = (places.next(), rest) {
            let bits = u32::from_be_bytes([0, *first, others.first().copied().unwrap_or(0), 0]);
            place[0] = letter(bits >> 18);
            place[1] = letter(bits >> 12);
            if !others.is_empty() {
                place[2] = letter(bits >> 6);
            }
        }
        // Letters are ASCII, so they are always text.
        text.push_str(std::str::from_utf8(&letters[..line.len().div_ceil(3) * 4]).unwrap_or_default());
    }
}

/// The bytes of `text`, which has one spelling only: padded, no other
/// characters, no stray bits. Else the offset of what is wrong, and why.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, (usize, &'static str)> {
    let (body, padding) = match text.as_bytes() {
        [body @ .., b'=', b'='] => (body, 2),
        [body @ .., b'='] => (body, 1),
        body => (body, 0),
    };
    if let Some(at) = body.iter().position(|&byte| value(byte).is_none()) {
        return Err((at, "only A-Z, a-z, 0-9, + and / stand in base64, = at its end"));
    }
    if !text.len().is_multiple_of(4) {
        return Err((text.len(), "base64 comes in groups of four, filled up with ="));
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in body.chunks(4) {
        let bits =
            (0..4).fold(0, |bits, i| bits << 6 | group.get(i).and_then(|&byte| value(byte)).unwrap_or(0));
        let [_, high, middle, low] = bits.to_be_bytes();
        bytes.extend_from_slice(&[high, middle, low][..group.len() - 1]);
        let unused = [0, 0, 0xffff, 0xff, 0][group.len()];
        if bits & unused != 0 {
            return Err((body.len() - 1, "the last base64 letter has bits that belong to no byte"));
        }
    }
    debug_assert_eq!(bytes.len() + padding, text.len() / 4 * 3);
    Ok(bytes)
}

/// The first 16 bytes of a digest as base64url without padding.
pub(crate) fn base64url(digest: &[u8]) -> [u8; 22] {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::array::from_fn(|at| {
        let byte = |place: usize| if place < 16 { u32::from(digest[place]) } else { 0 };
        let (first, shift) = (at / 4 * 3, 18 - at % 4 * 6);
        let group = byte(first) << 16 | byte(first + 1) << 8 | byte(first + 2);
        ALPHABET[(group >> shift & 63) as usize]
    })
}

fn value(letter: u8) -> Option<u32> {
    Some(u32::from(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(bytes: &[u8]) -> String {
        let mut text = String::new();
        push(&mut text, bytes);
        text
    }

    #[test]
    fn the_short_form_of_a_digest_has_22_letters_of_the_alphabet_for_urls() {
        let text = |digest: [u8; 32]| String::from_utf8(base64url(&digest).to_vec()).unwrap();
        assert_eq!(text([0xff; 32]), "_____________________w");
        assert_eq!(text([0; 32]), "A".repeat(22));
        assert_eq!(text(std::array::from_fn(|at| at as u8)), "AAECAwQFBgcICQoLDA0ODw");
    }

    #[test]
    fn the_vectors_of_rfc_4648_hold_both_ways() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (bytes, text) in vectors {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).unwrap(), bytes.as_bytes());
        }
    }

    #[test]
    fn every_byte_survives_at_every_place_of_a_group() {
        for length in 1..=6 {
            for byte in 0..=255 {
                for at in 0..length {
                    let mut bytes = vec![0x5a; length];
                    bytes[at] = byte;
                    assert_eq!(decode(&encode(&bytes)).unwrap(), bytes);
                }
            }
        }
    }

    #[test]
    fn a_second_spelling_is_refused() {
        for (text, at) in [
            ("Zg", 2),
            ("Zg=", 3),
            ("Zg===", 2),
            ("Z===", 1),
            ("=", 1),
            ("====", 0),
            ("Zh==", 1),
            ("Zm9=", 2),
            ("Zm9v\n", 4),
            ("Zm 9v", 2),
            ("Zm-_", 2),
            ("Zg==Zg==", 2),
            ("Z", 1),
            ("é===", 0),
        ] {
            assert_eq!(decode(text).map_err(|(at, _)| at), Err(at), "{text:?}");
        }
    }
}

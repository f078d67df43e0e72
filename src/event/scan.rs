//! JSON of the plainest kind, read byte by byte: no escapes, no exponents.

/// The keys of one object at most.
const KEYS: usize = 12;

/// How many bytes are searched at once for the end of a string.
const BLOCK: usize = 64;

/// A text and how far it was read. Whatever gives `None` may have read on: the text is not taken then.
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// The start of the block that was searched last, which is never past `at`.
    block: usize,
    /// A bit for each byte of the block that no plain string holds.
    specials: u64,
}

/// What a value is, as far as anybody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// An array of strings, or an empty one.
    Strings,
    Other,
}

impl<'a> Scan<'a> {
    #[inline]
    pub(super) fn new(text: &'a str) -> Self {
        let mut scan = Self { text, at: 0, block: 0, specials: 0 };
        scan.search(0);
        scan
    }

    /// Nothing is left of the text.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.at >= self.text.len()
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    pub(super) fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
    }

    #[inline]
    pub(super) fn take(&mut self, wanted: u8) -> Option<()> {
        (self.byte()? == wanted).then(|| self.at += 1)
    }

    /// Past `wanted`, if that is next and no space follows: as most texts are written.
    #[inline]
    fn is_next(&mut self, wanted: u8) -> bool {
        let next = self.text.as_bytes().get(self.at..).and_then(<[u8]>::first_chunk);
        let is_next = next.is_some_and(|&[byte, after]| byte == wanted && after > b' ');
        self.at += usize::from(is_next);
        is_next
    }

    /// Past the comma before the next member; false past the bracket that closes.
    #[inline]
    pub(super) fn goes_on(&mut self, closing: u8) -> Option<bool> {
        if self.is_next(b',') {
            return Some(true);
        }
        self.skip_space();
        let byte = self.byte()?;
        self.at += 1;
        if byte == b',' {
            self.skip_space();
            return Some(true);
        }
        (byte == closing).then_some(false)
    }

    /// A key, and on to its value.
    #[inline]
    pub(super) fn key(&mut self) -> Option<&'a str> {
        let key = self.string()?;
        if !self.is_next(b':') {
            self.skip_space();
            self.take(b':')?;
            self.skip_space();
        }
        Some(key)
    }

    /// A string without escapes.
    #[inline]
    pub(super) fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let (start, end) = (self.at, self.special()?);
        self.at = end;
        self.take(b'"')?;
        self.text.get(start..end)
    }

    /// Where from here on the first byte stands that no plain string holds.
    #[inline]
    fn special(&mut self) -> Option<usize> {
        let mut from = self.at;
        loop {
            let offset = from - self.block;
            if offset < BLOCK {
                let specials = self.specials >> offset;
                if specials != 0 {
                    return Some(from + specials.trailing_zeros() as usize);
                }
                from = self.block + BLOCK;
            }
            if from >= self.text.len() {
                return None;
            }
            self.search(from);
        }
    }

    /// Searches the block that starts at `from`, or the last whole one if less than a block is left.
    #[inline(never)]
    fn search(&mut self, from: usize) {
        let bytes = self.text.as_bytes();
        let here = bytes.get(from..).and_then(<[u8]>::first_chunk);
        (self.block, self.specials) = match (here, bytes.last_chunk()) {
            (Some(block), _) => (from, specials_of(block)),
            (None, Some(block)) => (bytes.len() - BLOCK, specials_of(block)),
            (None, None) => {
                // What follows the text counts as special: nothing is read there.
                let mut block = [0; BLOCK];
                block[..bytes.len()].copy_from_slice(bytes);
                (0, specials_of(&block))
            }
        };
    }

    /// An object without a key twice: its text. Each member is handed on as text, too; `each`
    /// gives true where it has seen to it that the key is new, `None` where it is not.
    #[inline]
    pub(super) fn object(
        &mut self,
        levels: usize,
        mut each: impl FnMut(&'a str, &'a str, Shape) -> Option<bool>,
    ) -> Option<&'a str> {
        let start = self.at;
        self.take(b'{')?;
        self.skip_space();
        if self.take(b'}').is_none() {
            let (mut keys, mut count) = ([""; KEYS], 0);
            loop {
                let (key, value) = (self.key()?, self.at);
                let shape = self.value(levels)?;
                if !each(key, self.text.get(value..self.at)?, shape)? {
                    if keys[..count].contains(&key) {
                        return None;
                    }
                    *keys.get_mut(count)? = key;
                    count += 1;
                }
                if !self.goes_on(b'}')? {
                    break;
                }
            }
        }
        self.text.get(start..self.at)
    }

    fn nested_object(&mut self, levels: usize) -> Option<()> {
        self.object(levels, |_, _, _| Some(false)).map(drop)
    }

    fn array(&mut self, levels: usize) -> Option<Shape> {
        let mut shape = Shape::Strings;
        self.take(b'[')?;
        self.skip_space();
        if self.take(b']').is_none() {
            loop {
                if self.byte()? != b'"' {
                    shape = Shape::Other;
                }
                self.value(levels)?;
                if !self.goes_on(b']')? {
                    break;
                }
            }
        }
        Some(shape)
    }

    /// Any value; containers in it may be so many levels deep.
    #[inline]
    fn value(&mut self, levels: usize) -> Option<Shape> {
        match self.byte()? {
            b'"' => self.string().map(drop)?,
            b'-' | b'0'..=b'9' => self.number()?,
            b'{' => self.nested_object(levels.checked_sub(1)?)?,
            b'[' => return self.array(levels.checked_sub(1)?),
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => return None,
        }
        Some(Shape::Other)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.as_bytes()[self.at..].starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    /// A number without an exponent, and so short that a float can hold it.
    #[inline]
    fn number(&mut self) -> Option<()> {
        let start = self.at;
        if self.byte()? == b'-' {
            self.at += 1;
        }
        let first = self.byte()?;
        let whole = self.digits();
        if whole == 0 || (first == b'0' && whole > 1) {
            return None;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return None;
            }
        }
        (self.at - start <= 300 && !matches!(self.byte(), Some(b'e' | b'E'))).then_some(())
    }

    #[inline]
    fn digits(&mut self) -> usize {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        self.at - start
    }
}

/// A bit for each byte that no plain string holds: a quote, a backslash, a
/// control character. It is written so that compilers make vectors of it.
#[inline]
fn specials_of(block: &[u8; BLOCK]) -> u64 {
    let is_special = block.map(|byte| u8::from((byte == b'"') | (byte == b'\\') | (byte < 0x20)));
    let (words, _) = is_special.as_chunks::<8>();
    words.iter().rev().fold(0, |specials, word| {
        // The product brings the lowest bit of each byte into the highest byte.
        specials << 8 | u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_special_byte_is_found_wherever_it_stands() {
        let plain = [b'a', 0xff, 0x80, b'!', b'#', b'[', b']', 0x7f];
        for at in 0..BLOCK {
            for byte in 0..=255_u8 {
                let mut block = std::array::from_fn(|place| plain[(place + at) % plain.len()]);
                block[at] = byte;
                let is_special = matches!(byte, b'"' | b'\\' | ..=0x1f);
                assert_eq!(specials_of(&block), u64::from(is_special) << at, "{byte} at {at}");
            }
        }
    }

    #[test]
    fn a_string_ends_where_it_ends_however_long_the_texts_are() {
        for (before, length, after) in
            (0..70).flat_map(|before| (0..140).map(move |length| (before, length, (before + length) % 67)))
        {
            let (space, string) = (" ".repeat(before), "é".repeat(length / 2) + &"x".repeat(length % 2));
            for (end, is_plain) in [("\"", true), ("\\\"", false), ("\n\"", false), ("", false)] {
                let text = format!("{space}\"{string}{end}{}", " ".repeat(after));
                let mut scan = Scan::new(&text);
                scan.skip_space();
                assert_eq!(scan.string(), is_plain.then_some(&*string), "{text:?}");
                scan.skip_space();
                assert!(!is_plain || scan.is_over(), "{text:?}");
            }
        }
    }
}

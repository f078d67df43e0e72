//! JSON of the plainest kind, read byte by byte: no escapes, no exponents.

/// The keys of one object at most.
const KEYS: usize = 12;

/// A text and how far it was read. Whatever gives `None` may have read on: the text is not taken then.
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    #[inline]
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
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

    /// Past the comma before the next member; false past the bracket that closes.
    #[inline]
    pub(super) fn goes_on(&mut self, closing: u8) -> Option<bool> {
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
        self.skip_space();
        self.take(b':')?;
        self.skip_space();
        Some(key)
    }

    /// A string without escapes.
    #[inline]
    pub(super) fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let (start, bytes) = (self.at, self.text.as_bytes());
        let mut end = start;
        while let Some(chunk) = bytes.get(end..).and_then(<[u8]>::first_chunk) {
            let special = special_of(u64::from_le_bytes(*chunk));
            if special != 0 {
                end += special.trailing_zeros() as usize / 8;
                break;
            }
            end += 8;
        }
        while !matches!(bytes.get(end)?, b'"' | b'\\' | ..=0x1f) {
            end += 1;
        }
        self.at = end;
        self.take(b'"')?;
        self.text.get(start..end)
    }

    /// An object without a key twice: its text. Each member is handed on as text, too.
    pub(super) fn object(
        &mut self,
        levels: usize,
        mut each: impl FnMut(&'a str, &'a str),
    ) -> Option<&'a str> {
        let start = self.at;
        self.take(b'{')?;
        self.skip_space();
        if self.take(b'}').is_none() {
            let (mut keys, mut count) = ([""; KEYS], 0);
            loop {
                let key = self.key()?;
                if keys[..count].contains(&key) {
                    return None;
                }
                *keys.get_mut(count)? = key;
                count += 1;
                let value = self.at;
                self.value(levels)?;
                each(key, self.text.get(value..self.at)?);
                if !self.goes_on(b'}')? {
                    break;
                }
            }
        }
        self.text.get(start..self.at)
    }

    fn array(&mut self, levels: usize) -> Option<()> {
        self.take(b'[')?;
        self.skip_space();
        if self.take(b']').is_none() {
            loop {
                self.value(levels)?;
                if !self.goes_on(b']')? {
                    break;
                }
            }
        }
        Some(())
    }

    /// Any value; containers in it may be so many levels deep.
    #[inline]
    fn value(&mut self, levels: usize) -> Option<()> {
        match self.byte()? {
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            b'{' => self.object(levels.checked_sub(1)?, |_, _| {}).map(drop),
            b'[' => self.array(levels.checked_sub(1)?),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => None,
        }
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

/// Whether `raw`, a value, is an array of strings without escapes.
pub(super) fn is_array_of_strings(raw: &str) -> bool {
    let mut scan = Scan::new(raw);
    let mut strings = || {
        scan.take(b'[')?;
        scan.skip_space();
        while {
            scan.string()?;
            scan.goes_on(b']')?
        } {}
        Some(())
    };
    strings().is_some() && scan.is_over()
}

/// Bits whose lowest says where in eight bytes the first stands that no plain
/// string holds: a quote, a backslash, a control character.
#[inline]
fn special_of(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let is = |byte: u8| (word ^ (ONES * u64::from(byte))).wrapping_sub(ONES);
    (is(b'"') | is(b'\\') | word.wrapping_sub(ONES * 0x20)) & !word & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_special_byte_is_found_wherever_it_stands() {
        for at in 0..8 {
            for byte in 0..=255_u8 {
                let mut bytes = [b'a', 0xff, 0x80, b'!', b'#', b'[', b']', 0x7f];
                bytes.rotate_left(at);
                bytes[at] = byte;
                let special = special_of(u64::from_le_bytes(bytes));
                let is_special = matches!(byte, b'"' | b'\\' | ..=0x1f);
                assert_eq!(special != 0, is_special, "{byte} at {at}");
                assert!(!is_special || special.trailing_zeros() as usize / 8 == at);
            }
        }
    }
}

//! Bytes read as choices, and as changes to something that is whole.
#![cfg_attr(not(feature = "signing"), allow(dead_code, reason = "what is changed belongs to features"))]

/// Bytes from the front; zeros, once there are no more.
pub(super) struct Input<'d>(pub(super) &'d [u8]);

impl<'d> Input<'d> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// From 0 to just below `n`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n.max(1)
    }

    pub(super) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// So many bytes, or what is left.
    pub(super) fn take(&mut self, count: usize) -> &'d [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Up to the byte, which is passed over, or to the end.
    pub(super) fn until(&mut self, end: u8) -> &'d [u8] {
        let at = self.0.iter().position(|byte| *byte == end);
        let taken = self.take(at.unwrap_or(self.0.len()));
        self.byte();
        taken
    }
}

/// What a number, or any other value, may become.
const VALUES: [&str; 16] = [
    "0",
    "1",
    "2",
    "7",
    "-1",
    "255",
    "4294967296",
    "9223372036854775807",
    "9007199254740993",
    "-9223372036854775808",
    "1e308",
    "null",
    "\"x\"",
    "[]",
    "{}",
    "true",
];

/// Changes `bytes` as the rest of the input says: bits, cuts, insertions, and numbers and texts where they stand.
pub(super) fn edit(input: &mut Input<'_>, bytes: &mut Vec<u8>) {
    for _ in 0..8 {
        if input.is_empty() {
            return;
        }
        let (what, place) = (input.byte(), usize::from(input.u16()));
        let at = place % (bytes.len() + 1);
        match what % 8 {
            0 if at < bytes.len() => bytes[at] ^= input.byte().max(1),
            1 => bytes.truncate(at),
            2 => {
                let end = (at + input.below(64) + 1).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => {
                let count = input.below(16) + 1;
                let new = input.take(count).to_vec();
                bytes.splice(at..at, new);
            }
            4 => {
                let end = (at + 8).min(bytes.len());
                let value = u64::from(input.byte()) << input.pick(&[0, 0, 8, 32, 56]);
                bytes[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
            }
            5 | 6 => {
                let value = input.pick(&VALUES);
                replace(bytes, place, |byte| byte.is_ascii_digit() || byte == b'-', value.as_bytes());
            }
            _ => {
                let value =
                    input.pick(&["x", "d", "f", "vip-1000", "board", "{{ trigger.id }}", "\u{1F600}"]);
                replace(bytes, place, |byte| byte.is_ascii_alphabetic() || byte == b'_', value.as_bytes());
            }
        }
    }
}

/// Puts `value` in place of the run of such bytes that is the `place`th, counted round.
fn replace(bytes: &mut Vec<u8>, place: usize, is_such: impl Fn(u8) -> bool, value: &[u8]) {
    let begins = |at: &usize| is_such(bytes[*at]) && (*at == 0 || !is_such(bytes[*at - 1]));
    let count = (0..bytes.len()).filter(begins).count();
    if let Some(start) = (0..bytes.len()).filter(begins).nth(place % count.max(1)) {
        let end = start + bytes[start..].iter().take_while(|byte| is_such(**byte)).count();
        bytes.splice(start..end, value.iter().copied());
    }
}

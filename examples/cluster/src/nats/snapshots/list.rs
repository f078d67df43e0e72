//! The list of what is kept: a few lines of text, for whoever looks at the bucket.
//!
//! ```text
//! NUMBER REVISION.NAME PIECES BYTES CHECKSUM
//! NUMBER REVISION.NAME PIECES BYTES CHECKSUM
//! CHECKSUM of the lines above
//! ```

use std::fmt::Write;

/// How many are kept.
const KEPT: usize = 2;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    /// The newest first.
    pub(super) kept: Vec<Kept>,
}

/// A snapshot, and where its pieces lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// How many were put up to it.
    pub(super) number: u64,
    /// Of the list that it was written behind.
    pub(super) revision: u64,
    pub(super) name: String,
    pub(super) pieces: u64,
    /// All pieces together.
    pub(super) bytes: u64,
    pub(super) checksum: u32,
}

impl List {
    /// This one in front; the oldest goes.
    pub(super) fn with(mut self, newest: Kept) -> Self {
        self.kept.insert(0, newest);
        self.kept.truncate(KEPT);
        self
    }

    pub(super) fn encode(&self) -> String {
        let mut text = String::new();
        for Kept { number, revision, name, pieces, bytes, checksum } in &self.kept {
            // Writing to a string never fails.
            let _ = writeln!(text, "{number} {revision}.{name} {pieces} {bytes} {checksum:08x}");
        }
        let checksum = crc32fast::hash(text.as_bytes());
        let _ = writeln!(text, "{checksum:08x}");
        text
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (lines, checksum) = text.split_at_checked(text.len().checked_sub("00000000\n".len())?)?;
        if checksum != format!("{:08x}\n", crc32fast::hash(lines.as_bytes())) {
            return None;
        }
        lines.lines().map(Kept::decode).collect::<Option<_>>().map(|kept| Self { kept })
    }
}

impl Kept {
    fn decode(line: &str) -> Option<Self> {
        let [number, place, pieces, bytes, checksum] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let (revision, name) = place.split_once('.')?;
        Some(Self {
            number: number.parse().ok()?,
            revision: revision.parse().ok()?,
            name: name.to_owned(),
            pieces: pieces.parse().ok()?,
            bytes: bytes.parse().ok()?,
            checksum: u32::from_str_radix(checksum, 16).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(number: u64) -> Kept {
        Kept {
            number,
            revision: 40 + number,
            name: "aZ9".into(),
            pieces: 3,
            bytes: 2_500_000,
            checksum: 0xbeef,
        }
    }

    #[test]
    fn a_list_comes_back_and_keeps_two() {
        let list = (1..=3).map(kept).fold(List::default(), List::with);
        assert_eq!(list.kept, [kept(3), kept(2)]);
        assert_eq!(List::decode(list.encode().as_bytes()), Some(list));
        assert_eq!(List::decode(List::default().encode().as_bytes()), Some(List::default()));
    }

    #[test]
    fn a_list_with_a_bit_changed_is_none_and_neither_is_a_part_of_one() {
        let bytes = List::default().with(kept(1)).encode().into_bytes();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(List::decode(&changed), None, "bit {bit}");
        }
        for cut in 0..bytes.len() {
            assert_eq!(List::decode(&bytes[..cut]), None, "{cut} bytes");
        }
    }
}

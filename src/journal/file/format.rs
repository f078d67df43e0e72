//! The bytes of a segment, as `docs/journal_format.md` has them.

use crate::journal::batch::Batch;
use crate::journal::chain::Chain;
use crate::journal::lsn::Lsn;

/// A segment's header.
pub(super) const HEADER: usize = 64;
/// What stands before a frame's payload.
pub(super) const FRAME: usize = 44;
/// A commit frame.
pub(super) const COMMIT: usize = FRAME + MARK.len();
/// A roll frame.
pub(super) const ROLL: usize = FRAME + 8;

const MAGIC: [u8; 8] = *b"tripjrnl";
const VERSION: u32 = 1;

/// The payload of a commit frame: no byte of it is zero, so that the end of a write can be seen.
pub(super) const MARK: [u8; 8] = *b"recorded";

/// What follows a batch that would end where a sector does.
///
/// So no batch begins with a sector, and a medium that gives zeros for whole sectors cannot take one away from its
/// first byte to its last: what it leaves shows that something was there.
pub(super) const PAD: u8 = b'.';
/// The smallest sector that a disk has.
const SECTOR: u64 = 512;

/// Where a batch of this length ends that begins here.
pub(super) fn end_of_batch(at: u64, length: usize) -> u64 {
    let end = at + length as u64;
    end + u64::from(end.is_multiple_of(SECTOR) && !planted!(EndsWithASector))
}

/// What a segment says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) number: u64,
    /// How long the file was made, in bytes.
    pub(super) length: u64,
    /// The number of its first batch.
    pub(super) first: Lsn,
    /// The last batch that had been acknowledged when it was made.
    pub(super) high_water: Lsn,
    /// The chain before its first batch.
    pub(super) chain: Chain,
}

impl Header {
    pub(super) fn to_bytes(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.number.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.length.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.first.get().to_le_bytes());
        bytes[40..48].copy_from_slice(&self.high_water.get().to_le_bytes());
        bytes[48..].copy_from_slice(&self.chain.to_bytes());
        let checksum = checksum(&[&bytes[..12], &bytes[16..]]);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        let bytes: &[u8; HEADER] = bytes.try_into().map_err(|_| "the header is cut short")?;
        if bytes[..8] != MAGIC {
            return Err("it does not begin as a segment does");
        }
        if u32_at(bytes, 12) != checksum(&[&bytes[..12], &bytes[16..]]) {
            return Err("the header's checksum does not match");
        }
        if u32_at(bytes, 8) != VERSION {
            return Err("it is of a version that this build does not read");
        }
        Ok(Self {
            number: u64_at(bytes, 16),
            length: u64_at(bytes, 24),
            first: Lsn::new(u64_at(bytes, 32)),
            high_water: Lsn::new(u64_at(bytes, 40)),
            chain: chain_at(bytes, 48),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The records of a batch.
    Data,
    /// The batch before it is whole.
    Commit,
    /// The journal goes on in the segment whose number is the payload.
    Roll,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Data, Self::Commit, Self::Roll];

    fn bytes(self) -> [u8; 4] {
        match self {
            Self::Data => *b"data",
            Self::Commit => *b"done",
            Self::Roll => *b"roll",
        }
    }
}

/// What stands before a frame's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) lsn: Lsn,
    /// The last batch that had been acknowledged when the frame was written.
    pub(super) high_water: Lsn,
    /// The chain before a batch; in a commit or roll frame the one after it.
    pub(super) chain: Chain,
    pub(super) length: usize,
    checksum: u32,
}

impl Frame {
    /// `None` where this is not how a frame begins.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; FRAME] = bytes.get(..FRAME)?.try_into().ok()?;
        let kind = Kind::ALL.into_iter().find(|kind| bytes[8..12] == kind.bytes())?;
        Some(Self {
            kind,
            lsn: Lsn::new(u64_at(bytes, 12)),
            high_water: Lsn::new(u64_at(bytes, 20)),
            chain: chain_at(bytes, 28),
            length: usize::try_from(u32_at(bytes, 0)).ok()?,
            checksum: u32_at(bytes, 4),
        })
    }

    /// Whether the bytes that it was read from, and the payload behind them, are what was written.
    pub(super) fn is_intact(&self, head: &[u8], payload: &[u8]) -> bool {
        self.checksum == frame_checksum(head, payload)
    }
}

/// A batch as it is written: its data frame and its commit frame.
pub(super) fn write_batch(
    into: &mut Vec<u8>,
    lsn: Lsn,
    high_water: Lsn,
    before: Chain,
    batch: &Batch,
) -> Chain {
    into.clear();
    let chain = before.after(lsn, batch);
    write_frame(into, Kind::Data, lsn, high_water, before, batch.as_bytes());
    write_frame(into, Kind::Commit, lsn, high_water, chain, &MARK);
    chain
}

pub(super) fn write_frame(
    into: &mut Vec<u8>,
    kind: Kind,
    lsn: Lsn,
    high_water: Lsn,
    chain: Chain,
    payload: &[u8],
) {
    let mut head = [0; FRAME];
    // The journal takes no batch that is longer.
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    head[..4].copy_from_slice(&length.to_le_bytes());
    head[8..12].copy_from_slice(&kind.bytes());
    head[12..20].copy_from_slice(&lsn.get().to_le_bytes());
    head[20..28].copy_from_slice(&high_water.get().to_le_bytes());
    head[28..].copy_from_slice(&chain.to_bytes());
    let checksum = frame_checksum(&head, payload);
    head[4..8].copy_from_slice(&checksum.to_le_bytes());
    into.extend_from_slice(&head);
    into.extend_from_slice(payload);
}

/// Over everything but itself; over the length too, or a damaged one would move what is checked.
fn frame_checksum(head: &[u8], payload: &[u8]) -> u32 {
    let length = if planted!(ChecksumWithoutLength) { &[] } else { &head[..4] };
    checksum(&[length, &head[8..FRAME], payload])
}

pub(super) fn checksum(parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}

/// The numbers that stand in fixed places; what is not there counts as zeros.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

pub(super) fn chain_at(bytes: &[u8], at: usize) -> Chain {
    Chain::from_bytes(array_at(bytes, at))
}

pub(super) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|place| bytes.get(at + place).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The segment of the page, as a person would dump it.
    fn example() -> String {
        let mut batch = Batch::new();
        batch.push(b"hi");
        let header =
            Header { number: 1, length: 256, first: Lsn::FIRST, high_water: Lsn::ZERO, chain: Chain::START };
        let mut frames = Vec::new();
        write_batch(&mut frames, Lsn::FIRST, Lsn::ZERO, Chain::START, &batch);
        let mut bytes = [&header.to_bytes()[..], &frames].concat();
        bytes.resize(256, 0);
        let lines = bytes.chunks(16).enumerate().map(|(line, bytes)| {
            let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let text = bytes.iter().map(|&byte| if byte.is_ascii_graphic() { char::from(byte) } else { '.' });
            format!("{:3}  {}  {}\n", 16 * line, hex.join(" "), text.collect::<String>())
        });
        lines.collect()
    }

    #[test]
    fn the_page_shows_the_bytes_that_are_written() {
        let page = include_str!("../../../docs/journal_format.md");
        let shown = page.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        assert_eq!(shown, example(), "\n{}", example());
    }

    #[test]
    fn the_checksum_is_that_of_zlib() {
        assert_eq!(checksum(&[b"1234", b"56789"]), 0xcbf4_3926);
    }

    #[test]
    fn a_header_comes_back_and_a_bit_that_is_flipped_anywhere_in_it_is_noticed() {
        let header = Header {
            number: 3,
            length: 640,
            first: Lsn::new(17),
            high_water: Lsn::new(15),
            chain: Chain::from_bytes([9; 16]),
        };
        let bytes = header.to_bytes();
        assert_eq!(Header::from_bytes(&bytes).unwrap(), header);
        for bit in 0..8 * HEADER {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::from_bytes(&flipped).is_err(), "bit {bit}");
        }
    }
}

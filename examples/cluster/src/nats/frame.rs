//! A batch as a message.
//!
//! ```text
//! version (1) │ CRC-32 of all that follows, and of the stream and the number (4) │ the chain before (16) │ the batch
//! ```
//!
//! The server keeps a checksum of its own, which says that it gives what it took.
//! This one says more: that it took what we gave, in this stream, at this place.

use bytes::Bytes;
use tripline::Error;
use tripline::journal::{Batch, Chain, Entry, Lsn, refuse};

const VERSION: u8 = 1;
const CHAIN: usize = 5;

/// Before the batch, in bytes.
pub(super) const HEADER: usize = 21;

pub(super) fn encode(stream: &str, lsn: Lsn, before: Chain, batch: &Batch) -> Bytes {
    let mut frame = Vec::with_capacity(HEADER + batch.as_bytes().len());
    frame.push(VERSION);
    frame.extend([0; 4]);
    frame.extend(before.to_bytes());
    frame.extend(batch.as_bytes());
    let checksum = checksum(stream, lsn, &frame[CHAIN..]);
    frame[1..CHAIN].copy_from_slice(&checksum);
    frame.into()
}

/// The batch with its place, or why it is none.
pub(super) fn decode(stream: &str, lsn: Lsn, frame: &[u8]) -> Result<Entry, Error> {
    let corrupt = |what: &str| refuse::corrupt(format!("{stream}, batch {lsn}: {what}"));
    let Some((header, batch)) = frame.split_first_chunk::<HEADER>() else {
        return Err(corrupt("a message that is too short for one"));
    };
    if header[0] != VERSION {
        return Err(corrupt("a message that this journal has not written"));
    }
    if header[1..CHAIN] != checksum(stream, lsn, &frame[CHAIN..]) {
        return Err(corrupt("its checksum does not fit"));
    }
    let before: [u8; 16] = std::array::from_fn(|at| header[CHAIN + at]);
    let batch = Batch::from_bytes(batch.to_vec()).ok_or_else(|| corrupt("it does not end with a record"))?;
    Ok(Entry::new(lsn, Chain::from_bytes(before), batch))
}

fn checksum(stream: &str, lsn: Lsn, rest: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(stream.as_bytes());
    hasher.update(&lsn.get().to_le_bytes());
    hasher.update(rest);
    hasher.finalize().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Batch {
        let mut batch = Batch::new();
        batch.push(b"observed");
        batch
    }

    #[test]
    fn a_frame_comes_back_and_any_change_of_a_bit_is_told() {
        let before = Chain::from_bytes([7; 16]);
        let frame = encode("j_3", Lsn::new(9), before, &batch());
        assert_eq!(frame.len(), HEADER + batch().as_bytes().len());
        let entry = decode("j_3", Lsn::new(9), &frame).unwrap();
        assert_eq!(entry, Entry::new(Lsn::new(9), before, batch()));
        for bit in 0..frame.len() * 8 {
            let mut changed = frame.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(decode("j_3", Lsn::new(9), &changed).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_frame_of_another_place_or_of_another_stream_is_told() {
        let frame = encode("j_3", Lsn::new(9), Chain::START, &batch());
        for (stream, lsn) in [("j_3", 8), ("j_4", 9)] {
            let error = decode(stream, Lsn::new(lsn), &frame).unwrap_err();
            assert_eq!(error.to_string(), format!("{stream}, batch {lsn}: its checksum does not fit"));
        }
        assert!(decode("j_3", Lsn::new(9), &frame[..HEADER - 1]).is_err());
    }
}

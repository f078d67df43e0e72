//! A batch whose records look like the journal's own frames, and one flipped bit in a length.
//!
//! A batch of 158 bytes holds, from its byte 30 on, a commit frame that would
//! be right for the first 30 alone, and four bytes chosen so that the checksum
//! over the first 30 and over all 158 is the same, were the length not part of it.

use super::run::OPTIONS;
use super::sim::Sim;
use crate::journal::batch::Batch;
use crate::journal::chain::Chain;
use crate::journal::contract::Journal;
use crate::journal::file::format::{FRAME, Frame, HEADER, Kind, MARK, write_frame};
use crate::journal::file::journal::FileJournal;
use crate::journal::lsn::Lsn;

const SHORT: usize = 30;
const LONG: usize = SHORT + 128;

pub(super) fn suite() -> Result<(), String> {
    let sim = Sim::new();
    let mut journal = FileJournal::open_in(sim.storage(), OPTIONS).map_err(|error| error.to_string())?;
    let batch = Batch::from_bytes(forged()).ok_or("the forged batch is none")?;
    let lsn =
        journal.append(Lsn::ZERO, &batch).and_then(|_| journal.sync()).map_err(|error| error.to_string())?;
    drop(journal);
    let name = sim.names().remove(0);
    assert_eq!(
        (lsn, usize::from(sim.contents(&name)[HEADER])),
        (Lsn::FIRST, LONG),
        "where the length stands"
    );
    let image = sim.damaged(&name, |bytes| bytes[HEADER] ^= 128);
    // It says so, or it has the batch: any other is wrong.
    let Ok(journal) = FileJournal::open_in(image.storage(), OPTIONS) else { return Ok(()) };
    for entry in journal.read(Lsn::FIRST).map_err(|error| error.to_string())? {
        if entry.map_err(|error| error.to_string())?.batch() != &batch {
            return Err("a batch is given that was never written".to_owned());
        }
    }
    Ok(())
}

/// The records' bytes.
fn forged() -> Vec<u8> {
    let mut bytes = vec![(SHORT - 1) as u8];
    bytes.resize(SHORT, b'.');
    let short = Batch::from_bytes(bytes.clone()).unwrap();
    let chain = Chain::START.after(Lsn::FIRST, &short);
    // Read as records: the first byte of a commit frame is the length of one, the tenth that of the next.
    write_frame(&mut bytes, Kind::Commit, Lsn::FIRST, Lsn::ZERO, chain, &MARK);
    let second = SHORT + 9;
    let after = second + 1 + usize::from(bytes[second]);
    bytes.resize(after, b'.');
    bytes.push((LONG - after - 1) as u8);
    bytes.resize(LONG, b'.');
    patch(&mut bytes);
    bytes
}

/// Chooses the last four bytes so that all of them have the checksum of the first few. It is linear in each bit.
fn patch(bytes: &mut [u8]) {
    let wanted = sum(&bytes[..SHORT]);
    let mut with = |bits: u32| {
        bytes[LONG - 4..].copy_from_slice(&bits.to_le_bytes());
        sum(bytes)
    };
    let none = with(0);
    let mut basis: Vec<(u32, u32)> = Vec::new();
    for bit in 0..32 {
        let (mut effect, mut bits) = (with(1 << bit) ^ none, 1_u32 << bit);
        for (other, its_bits) in &basis {
            if effect ^ other < effect {
                (effect, bits) = (effect ^ other, bits ^ its_bits);
            }
        }
        basis.push((effect, bits));
        basis.sort_unstable_by_key(|(effect, _)| std::cmp::Reverse(*effect));
    }
    let (mut left, mut bits) = (wanted ^ none, 0);
    for (effect, its_bits) in basis {
        if left ^ effect < left {
            (left, bits) = (left ^ effect, bits ^ its_bits);
        }
    }
    assert_eq!((left, with(bits)), (0, wanted));
}

/// The checksum of a first batch's data frame with this payload, as it would be without its length.
fn sum(payload: &[u8]) -> u32 {
    let mut frame = Vec::new();
    write_frame(&mut frame, Kind::Data, Lsn::FIRST, Lsn::ZERO, Chain::START, payload);
    assert!(Frame::from_bytes(&frame).is_some());
    crc32fast::hash(&frame[8..FRAME + payload.len()])
}

#[test]
fn records_that_look_like_frames_are_never_taken_for_them() {
    suite().unwrap();
}

//! The medium gives back something else for whole sectors, for many at a time.

use std::ops::Range;

use super::medium::check;
use super::run::{Run, told};
use super::sim::Sim;
use crate::journal::batch::Batch;
use crate::journal::contract::Journal;
use crate::journal::file::builder::Options;
use crate::journal::file::format::{COMMIT, FRAME, Frame, HEADER, Header, Kind};
use crate::journal::file::journal::FileJournal;
use crate::journal::lsn::Lsn;

const SECTOR: usize = 512;
const OPTIONS: Options = Options { segment_bytes: 6_000, batch_bytes: 4_096 };

/// Lengths of records; what is none ends with a sector, but for what the journal puts behind it.
const BATCHES: [Option<usize>; 16] = [
    Some(300),
    None,
    Some(1_200),
    None,
    None,
    Some(10),
    Some(900),
    Some(2_500),
    None,
    Some(200),
    None,
    Some(40),
    Some(3_000),
    None,
    Some(600),
    None,
];

pub(super) fn suite() -> Result<(), String> {
    let (sim, run) = written()?;
    let (mut lost, mut damaged) = (0, 0);
    for name in sim.names() {
        let length = sim.contents(&name).len();
        for from in (0..length).step_by(SECTOR) {
            for sectors in [1, 2, 3, 5, 8, usize::MAX / SECTOR] {
                for byte in [0, 0xff] {
                    let range = from..from.saturating_add(sectors * SECTOR).min(length);
                    let image = sim.damaged(&name, |bytes| bytes[range.clone()].fill(byte));
                    let mark = highest_mark(&sim, &name, &range);
                    let place =
                        |fault| format!("{name} with {byte} from {} to {}: {fault}", range.start, range.end);
                    check(&image, &run, Lsn::FIRST, mark).map_err(place)?;
                    damaged += 1;
                    lost += u32::from(mark < run.mark);
                }
            }
        }
    }
    if lost < 20 { Err(format!("marks are lost in {lost} of {damaged}")) } else { Ok(()) }
}

/// Each batch synced by itself, over several segments.
fn written() -> Result<(Sim, Run), String> {
    let sim = Sim::new();
    let mut journal = FileJournal::open_in(sim.storage(), OPTIONS).map_err(|error| told(&error))?;
    let mut batches = Vec::new();
    for (number, length) in BATCHES.into_iter().enumerate() {
        let mut batch = Batch::new();
        let length = length.unwrap_or_else(|| up_to_a_sector(end(&sim)));
        batch.push(&vec![b'a' + number as u8; length]);
        journal.append(journal.last(), &batch).and_then(|_| journal.sync()).map_err(|error| told(&error))?;
        batches.push(batch);
    }
    Ok((sim, Run::of(batches)))
}

/// How long the one record of a batch is that begins here and ends with a sector.
fn up_to_a_sector(at: usize) -> usize {
    // The length of a record of 128 bytes or more stands in two.
    let least = at + FRAME + 2 + 128 + COMMIT;
    128 + least.next_multiple_of(SECTOR) - least
}

/// Behind the last byte that is written.
fn end(sim: &Sim) -> usize {
    let newest = sim.contents(&sim.names().pop().unwrap());
    newest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// Of the marks that the damage has not hit, the highest.
fn highest_mark(sim: &Sim, damaged: &str, range: &Range<usize>) -> u64 {
    let mut highest = 0;
    for name in sim.names() {
        let bytes = sim.contents(&name);
        let mut see = |place: Range<usize>, mark: Lsn| {
            let is_hit = name == damaged && place.start < range.end && range.start < place.end;
            highest = highest.max(if is_hit { 0 } else { mark.get() });
        };
        see(0..HEADER, Header::from_bytes(&bytes[..HEADER]).unwrap().high_water);
        let mut at = HEADER;
        let frame_at = |at: usize| bytes.get(at..).and_then(Frame::from_bytes).map(|frame| (at, frame));
        while let Some((from, frame)) = frame_at(at).or_else(|| frame_at(at + 1)) {
            let end = from + FRAME + frame.length;
            if frame.kind != Kind::Data {
                see(from..end, frame.high_water);
            }
            at = end;
        }
    }
    highest
}

#[test]
fn no_damage_to_whole_sectors_loses_a_batch_in_silence_or_one_that_a_mark_is_left_of() {
    suite().unwrap();
}

#[test]
fn zeros_over_the_last_batch_that_do_not_end_at_sectors_are_the_one_damage_that_is_not_told() {
    let (sim, run) = written().unwrap();
    let name = sim.names().pop().unwrap();
    let last = sim.contents(&name).windows(4).rposition(|bytes| bytes == b"data").unwrap() - 8;
    assert_ne!(last % SECTOR, 0, "no batch begins with a sector");
    for (from, is_told) in [(last - 1, true), (last, false), (last + 1, true)] {
        let image = sim.damaged(&name, |bytes| bytes[from..].fill(0));
        let journal = FileJournal::open_in(image.storage(), OPTIONS).unwrap();
        let found = journal.found();
        assert!(found.last() < run.acknowledged());
        assert_eq!(found.tail_lost().is_some(), is_told, "from {from}: {found:?}");
    }
}

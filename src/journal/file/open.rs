//! What a folder holds, judged: where the journal ends, and whether all of it is there.

use std::collections::VecDeque;

use super::format::{COMMIT, FRAME, Frame, HEADER, Header, Kind, MARK, PAD};
use super::segment::{self, Reader, Step, UNFINISHED, corrupt, refused};
use super::storage::{Lock, Storage, StorageFile};
use crate::error::{Error, ErrorKind};
use crate::journal::chain::Chain;
use crate::journal::found::{Damage, Found, Tail, Why};
use crate::journal::lsn::Lsn;

const LOCK: &str = "journal.lock";

/// A segment as the journal keeps it in mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) first: Lsn,
}

/// A journal that can be gone on with.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) segments: Vec<Segment>,
    /// The last segment.
    pub(super) file: Box<dyn StorageFile>,
    pub(super) length: u64,
    pub(super) at: u64,
    pub(super) last: Lsn,
    pub(super) chain: Chain,
    pub(super) found: Found,
}

/// One owner at a time.
pub(super) fn lock(storage: &dyn Storage) -> Result<Box<dyn Lock>, Error> {
    match storage.try_lock(LOCK).map_err(|error| refused("the journal's lock cannot be had", error))? {
        Some(lock) => Ok(lock),
        None => Err(Error::new(ErrorKind::Locked, "the journal is open elsewhere")),
    }
}

/// Reads what is there and makes it durable. Nothing that could be read later is changed.
pub(super) fn open(storage: &dyn Storage, segment_bytes: u64) -> Result<Opened, Error> {
    let numbers = numbers(storage)?;
    let Some((&newest, older)) = numbers.split_last() else {
        let found = Found::new(Lsn::FIRST, Lsn::ZERO);
        return next_segment(storage, segment_bytes, 1, Lsn::ZERO, Chain::START, found);
    };
    let mut segments = Vec::with_capacity(numbers.len());
    let mut before = None;
    for &number in older {
        before = Some(follow(storage, &mut segments, before, number)?);
    }
    let mut reader = follow(storage, &mut segments, before, newest)?;
    let end = read_to_end(&mut reader)?;
    let tail = judge(&mut reader, &end)?;
    if end.unmarked < reader.at {
        reader.write_again(end.unmarked, reader.at)?;
    }
    let first = segments.first().map_or(Lsn::FIRST, |oldest| oldest.first);
    let found = Found::new(first, reader.last).with_high_water(end.high_water);
    let Some(tail) = tail else {
        let Reader { file, length, at, last, chain, .. } = reader;
        return Ok(Opened { segments, file, length, at, last, chain, found });
    };
    let found = if planted!(SaysNothingOfTheTail) { found } else { found.with_tail(tail) };
    if planted!(GoesOnBehindAnUncleanTail) {
        let Reader { file, header, at, last, chain, .. } = reader;
        return Ok(Opened { segments, file, length: header.length, at, last, chain, found });
    }
    // What was cut stays where it is, as evidence; the journal goes on in a segment of its own.
    let mut opened =
        next_segment(storage, segment_bytes, newest.saturating_add(1), reader.last, reader.chain, found)?;
    segments.append(&mut opened.segments);
    Ok(Opened { segments, ..opened })
}

/// The journal goes on in a new segment, behind this batch.
pub(super) fn next_segment(
    storage: &dyn Storage,
    length: u64,
    number: u64,
    last: Lsn,
    chain: Chain,
    found: Found,
) -> Result<Opened, Error> {
    let header = Header { number, length, first: last.next(), high_water: last, chain };
    let file = segment::create(storage, &header)?;
    let segments = vec![Segment { number, first: header.first }];
    Ok(Opened { segments, file, length, at: HEADER as u64, last, chain, found })
}

/// The numbers of the segments, in their order. What was never finished is removed, and names are made durable.
pub(super) fn numbers(storage: &dyn Storage) -> Result<Vec<u64>, Error> {
    let listed = || {
        let mut numbers = Vec::new();
        for name in storage.list()? {
            if let Some(finished) = name.strip_suffix(UNFINISHED) {
                if segment::number(finished).is_some() {
                    storage.remove(&name)?;
                }
            } else {
                numbers.extend(segment::number(&name));
            }
        }
        numbers.sort_unstable();
        segment::sync_folder(storage)?;
        Ok(numbers)
    };
    listed().map_err(|error| refused("the journal's folder cannot be read", error))
}

/// Goes on from one segment to the next: the one before must lead up to it, batch by batch.
///
/// Every batch is read once here, before any is given to anybody: damage anywhere is told on opening.
fn follow(
    storage: &dyn Storage,
    segments: &mut Vec<Segment>,
    before: Option<Reader>,
    number: u64,
) -> Result<Reader, Error> {
    let reader = Reader::open(storage, number)?;
    if let Some(mut before) = before {
        if before.header.number + 1 == number {
            read_up_to(&mut before, reader.header.first)?;
        }
        check_follows(&before, &reader)?;
    }
    segments.push(Segment { number, first: reader.header.first });
    Ok(reader)
}

/// Reads the batches below that with which the next segment begins. What stands behind them was cut when it was made.
pub(super) fn read_up_to(reader: &mut Reader, next: Lsn) -> Result<(), Error> {
    while reader.last.next() < next {
        let (number, at) = (reader.header.number, reader.at);
        match reader.step()? {
            Step::Batch(..) => {}
            Step::Broken(what) => return Err(corrupt(Damage::new(number, at, what))),
            Step::End | Step::Rolled => return Err(corrupt(Damage::new(number, at, "a batch is missing"))),
        }
    }
    Ok(())
}

/// Whether a segment goes on where the one before it, read up to there, ends.
pub(super) fn check_follows(before: &Reader, reader: &Reader) -> Result<(), Error> {
    let number = reader.header.number;
    if before.header.number + 1 != number {
        return Err(corrupt(Damage::new(before.header.number + 1, 0, "the segment is missing")));
    }
    let is_next = before.last == reader.last && (before.chain == reader.chain || planted!(NoChain));
    if is_next {
        Ok(())
    } else {
        Err(corrupt(Damage::new(number, 0, "it does not follow the segment before it")))
    }
}

/// What stands behind the last whole batch of the last segment.
#[derive(Debug)]
pub(super) struct End {
    step: Step,
    /// The last batch that is known to have been acknowledged.
    high_water: Lsn,
    /// Where batches begin that are not known to be.
    unmarked: u64,
}

pub(super) fn read_to_end(reader: &mut Reader) -> Result<End, Error> {
    let mut high_water = reader.header.high_water;
    let mut unmarked = reader.at;
    // Where the batches end that are beyond the mark so far.
    let mut ends: VecDeque<(Lsn, u64)> = VecDeque::new();
    loop {
        match reader.step()? {
            Step::Batch(entry, mark) => {
                high_water = high_water.max(mark);
                ends.push_back((entry.lsn(), reader.at));
                while let Some((_, end)) = ends.front().copied().filter(|(lsn, _)| *lsn <= high_water) {
                    unmarked = end;
                    ends.pop_front();
                }
            }
            step => return Ok(End { step, high_water, unmarked }),
        }
    }
}

/// Whether the journal ends here, ends here with something cut, or is damaged.
pub(super) fn judge(reader: &mut Reader, end: &End) -> Result<Option<Tail>, Error> {
    let rest = reader.rest()?;
    let number = reader.header.number;
    let from = reader.last.next();
    let is_inside = acknowledged(&rest, reader.last).is_some_and(|mark| mark > reader.last);
    if is_inside && !planted!(CutsWithoutReadingOn) {
        let what =
            if let Step::Broken(what) = end.step { what } else { "a batch that was acknowledged is missing" };
        return Err(corrupt(Damage::new(number, reader.at, what)));
    }
    // No crash does either, and nobody knows which marks were lost with it.
    if let Step::Rolled = end.step {
        return Err(corrupt(Damage::new(number.saturating_add(1), 0, "the segment is missing")));
    }
    if reader.is_short() && !planted!(OpensWhatIsCutShort) {
        return Err(corrupt(Damage::new(number, reader.length, "the file is cut short")));
    }
    if rest.is_empty() {
        return Ok(None);
    }
    let why = if is_finished(&rest) { Why::Damaged } else { Why::Unfinished };
    Ok(Some(Tail::new(from, why).with_place(number, reader.at, rest.len() as u64)))
}

/// The highest mark in any commit or roll frame that is whole, wherever it begins: what is said there to have been
/// acknowledged was.
///
/// Those frames have one length, so that bytes made to look like many long ones cost nothing.
pub(super) fn acknowledged(bytes: &[u8], last: Lsn) -> Option<Lsn> {
    let mark = |at: usize| {
        let rest = &bytes[at..];
        let frame = Frame::from_bytes(rest)?;
        if frame.kind == Kind::Data || frame.length != MARK.len() {
            return None;
        }
        let payload = rest[FRAME..].get(..frame.length)?;
        // Between the last batch and this one there is not room for more than so many.
        let most = last.get().saturating_add((at / (FRAME + COMMIT)) as u64 + 1);
        let is_near = frame.lsn.get() <= most && frame.high_water <= frame.lsn;
        (is_near && frame.is_intact(rest, payload)).then_some(frame.high_water)
    };
    (0..bytes.len()).filter_map(mark).max()
}

/// Whether the last write reached its end: what follows the damage is the end of a batch, give or take one bit.
fn is_finished(rest: &[u8]) -> bool {
    let rest = rest.strip_suffix(&[PAD]).unwrap_or(rest);
    let Some(last) = rest.last_chunk::<{ MARK.len() }>() else { return false };
    let differing: u32 = last.iter().zip(MARK).map(|(one, other)| (one ^ other).count_ones()).sum();
    differing <= 1
}

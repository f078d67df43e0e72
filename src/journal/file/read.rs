//! Batches read back, segment after segment.

use super::open::Segment;
use super::segment::{Reader, Step, corrupt};
use super::storage::Storage;
use crate::error::Error;
use crate::journal::contract::{Entries, Entry};
use crate::journal::found::Damage;
use crate::journal::lsn::Lsn;

/// The batches from one number to another, which are known to be there.
pub(super) fn entries<'a>(
    storage: &'a dyn Storage,
    segments: &'a [Segment],
    from: Lsn,
    to: Lsn,
) -> Result<Entries<'a>, Error> {
    // The last that begins early enough: one before it may begin with the same number and have nothing.
    let start = segments.partition_point(|segment| segment.first <= from).saturating_sub(1);
    let (segment, rest) = (segments.get(start).copied(), segments.get(start + 1..).unwrap_or_default());
    let reader = segment.map(|segment| Reader::open(storage, segment.number)).transpose()?;
    let mut walk = Walk { storage, reader, rest, to };
    Ok(Entries::new(std::iter::from_fn(move || {
        loop {
            match walk.next().transpose()? {
                Ok(entry) if entry.lsn() < from => {}
                found => return Some(found),
            }
        }
    })))
}

struct Walk<'a> {
    storage: &'a dyn Storage,
    reader: Option<Reader>,
    /// The segments behind that of the reader.
    rest: &'a [Segment],
    to: Lsn,
}

impl Walk<'_> {
    fn next(&mut self) -> Result<Option<Entry>, Error> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        // What stands behind the last batch of a segment is no part of the journal.
        while let Some((next, rest)) = self.rest.split_first()
            && next.first == reader.last.next()
        {
            let chain = reader.chain;
            *reader = Reader::open(self.storage, next.number)?;
            if reader.chain != chain && !planted!(NoChain) {
                return Err(corrupt(Damage::new(next.number, 0, "it does not follow the segment before it")));
            }
            self.rest = rest;
        }
        if reader.last >= self.to {
            return Ok(None);
        }
        let (number, at) = (reader.header.number, reader.at);
        match reader.step()? {
            Step::Batch(entry, _) => Ok(Some(entry)),
            Step::Broken(what) => Err(corrupt(Damage::new(number, at, what))),
            Step::End | Step::Rolled => Err(corrupt(Damage::new(number, at, "a batch is missing"))),
        }
    }
}

//! One segment: how it is made, and how it is read batch by batch.

use super::format::{COMMIT, FRAME, Frame, HEADER, Header, Kind, MARK, PAD, end_of_batch};
use super::storage::{Storage, StorageFile, read_full, write_all};
use crate::error::{Error, ErrorKind};
use crate::journal::batch::Batch;
use crate::journal::chain::Chain;
use crate::journal::contract::Entry;
use crate::journal::found::Damage;
use crate::journal::lsn::Lsn;

const ENDING: &str = ".journal";
/// What is not finished has this ending, and is removed on opening.
pub(super) const UNFINISHED: &str = ".tmp";

/// How much is read or written at a time where it is not a batch.
const CHUNK: usize = 64 * 1024;

pub(super) fn name(number: u64) -> String {
    format!("{number:020}{ENDING}")
}

/// The number of the segment that has this name.
pub(super) fn number(name: &str) -> Option<u64> {
    let number = name.strip_suffix(ENDING)?.parse().ok()?;
    (self::name(number) == name).then_some(number)
}

/// Makes a segment of its whole length, which is on the disk under its name when this returns.
pub(super) fn create(storage: &dyn Storage, header: &Header) -> Result<Box<dyn StorageFile>, Error> {
    let name = name(header.number);
    let unfinished = format!("{name}{UNFINISHED}");
    let made = || {
        let mut file = storage.create(&unfinished)?;
        write_all(&mut *file, 0, &header.to_bytes())?;
        // Written, not only lengthened: so a sync of a batch later on has no blocks to find, and a full disk is
        // noticed here.
        let zeros = vec![0; CHUNK];
        let mut at = HEADER as u64;
        while at < header.length && !planted!(GrowsItsFiles) {
            let part = usize::try_from(header.length - at).map_or(CHUNK, |left| left.min(CHUNK));
            write_all(&mut *file, at, &zeros[..part])?;
            at += part as u64;
        }
        if planted!(RenamesBeforeTheSync) {
            storage.rename(&unfinished, &name)?;
            sync_folder(storage)?;
            sync(&mut *file)?;
            return Ok(file);
        }
        sync(&mut *file)?;
        storage.rename(&unfinished, &name)?;
        sync_folder(storage)?;
        Ok(file)
    };
    made().map_err(|error| refused("a segment cannot be made", error))
}

/// Reads one segment from its front.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) file: Box<dyn StorageFile>,
    pub(super) header: Header,
    /// How many bytes of it there are; fewer than the header says where it was cut.
    pub(super) length: u64,
    /// Behind the last whole batch.
    pub(super) at: u64,
    pub(super) last: Lsn,
    pub(super) chain: Chain,
}

/// What stands behind the last whole batch.
#[derive(Debug)]
pub(super) enum Step {
    Batch(Entry, /* the high-water mark in it */ Lsn),
    /// Zeros, or no room for a frame.
    End,
    /// Another segment follows.
    Rolled,
    Broken(&'static str),
}

impl Reader {
    /// Reads the header.
    pub(super) fn open(storage: &dyn Storage, number: u64) -> Result<Self, Error> {
        let mut file =
            storage.open(&name(number)).map_err(|error| refused("a segment cannot be opened", error))?;
        let mut bytes = [0; HEADER];
        let read = read_full(&mut *file, 0, &mut bytes).map_err(unreadable)?;
        let header =
            Header::from_bytes(&bytes[..read]).map_err(|what| corrupt(Damage::new(number, 0, what)))?;
        if header.number != number {
            return Err(corrupt(Damage::new(number, 0, "it is another segment under this name")));
        }
        let length = file.length().map_err(unreadable)?;
        let length = if planted!(GrowsItsFiles) { length } else { length.min(header.length) };
        let (last, chain) = (header.first.previous(), header.chain);
        Ok(Self { file, header, length, at: HEADER as u64, last, chain })
    }

    /// Whether there are fewer bytes than the segment was made with.
    pub(super) fn is_short(&self) -> bool {
        self.length < self.header.length && !planted!(GrowsItsFiles)
    }

    /// The next batch, or what is there in its place.
    pub(super) fn step(&mut self) -> Result<Step, Error> {
        let mut head = [0; FRAME];
        let read = read_full(&mut *self.file, self.at, &mut head).map_err(unreadable)?;
        let left = self.length.saturating_sub(self.at);
        if left < FRAME as u64 || read < FRAME || head == [0; FRAME] {
            return Ok(Step::End);
        }
        let Some(frame) = Frame::from_bytes(&head) else { return Ok(Step::Broken("no frame begins here")) };
        let end = match frame.kind {
            Kind::Data => end_of_batch(self.at, FRAME + frame.length + COMMIT),
            Kind::Commit | Kind::Roll => self.at + (FRAME + frame.length) as u64,
        };
        if end - self.at > left {
            return Ok(Step::Broken("the frame is longer than its segment"));
        }
        let behind = usize::try_from(end - self.at).unwrap_or(usize::MAX) - FRAME - frame.length;
        let mut payload = vec![0; frame.length + behind];
        let read = read_full(&mut *self.file, self.at + FRAME as u64, &mut payload).map_err(unreadable)?;
        let end = payload.split_off(frame.length);
        if read < frame.length + behind || !frame.is_intact(&head, &payload) {
            return Ok(Step::Broken("the checksum does not match"));
        }
        match frame.kind {
            Kind::Data => Ok(self.batch(&frame, payload, &end)),
            Kind::Roll if frame.lsn == self.last => Ok(Step::Rolled),
            Kind::Roll | Kind::Commit => Ok(Step::Broken("the frame is out of its order")),
        }
    }

    fn batch(&mut self, data: &Frame, payload: Vec<u8>, end: &[u8]) -> Step {
        if data.lsn != self.last.next() {
            return Step::Broken("the batch is out of its order");
        }
        if data.chain != self.chain && !planted!(NoChain) {
            return Step::Broken("the chain does not match");
        }
        let length = (FRAME + payload.len() + end.len()) as u64;
        let Some(batch) = Batch::from_bytes(payload) else { return Step::Broken("the bytes are no batch") };
        let entry = Entry::new(data.lsn, data.chain, batch);
        let (end, pad) = end.split_at(COMMIT);
        if pad.iter().any(|byte| *byte != PAD) {
            return Step::Broken("the end of the batch is missing");
        }
        let Some(commit) = Frame::from_bytes(end) else { return Step::Broken("the commit frame is missing") };
        if commit.kind != Kind::Commit || commit.length != MARK.len() || !commit.is_intact(end, &end[FRAME..])
        {
            return Step::Broken("the commit frame is damaged");
        }
        if (commit.lsn, commit.chain) != (entry.lsn(), entry.chain()) && !planted!(NoChain) {
            return Step::Broken("the commit frame belongs to another batch");
        }
        self.at += length;
        (self.last, self.chain) = (entry.lsn(), entry.chain());
        Step::Batch(entry, data.high_water)
    }

    /// Everything from `at` on, up to the last byte that is not zero.
    pub(super) fn rest(&mut self) -> Result<Vec<u8>, Error> {
        let mut rest = Vec::new();
        let (mut at, mut part, mut used) = (self.at, vec![0; CHUNK], 0);
        while at < self.length {
            let wanted = usize::try_from(self.length - at).map_or(CHUNK, |left| left.min(CHUNK));
            let read = read_full(&mut *self.file, at, &mut part[..wanted]).map_err(unreadable)?;
            if read == 0 {
                break;
            }
            let part = &part[..read];
            at += read as u64;
            if let Some(last) = part.iter().rposition(|byte| *byte != 0) {
                // Zeros between are made up here, so that those behind need no room.
                rest.resize(used, 0);
                rest.extend_from_slice(&part[..=last]);
            }
            used += read;
        }
        Ok(rest)
    }

    /// Writes what stands between two places once more, and waits until it is on the disk.
    ///
    /// A sync that failed before may have left it in the system's cache alone, marked as written.
    pub(super) fn write_again(&mut self, from: u64, to: u64) -> Result<(), Error> {
        if planted!(TrustsTheCacheOnOpening) {
            return Ok(());
        }
        let (mut at, mut part) = (from, vec![0; CHUNK]);
        while at < to {
            let wanted = usize::try_from(to - at).map_or(CHUNK, |left| left.min(CHUNK));
            let read = read_full(&mut *self.file, at, &mut part[..wanted]).map_err(unreadable)?;
            if read == 0 {
                return Err(corrupt(Damage::new(self.header.number, at, "the file is cut short")));
            }
            write_all(&mut *self.file, at, &part[..read]).map_err(unwritable)?;
            at += read as u64;
        }
        sync(&mut *self.file).map_err(unwritable)
    }
}

pub(super) fn sync(file: &mut dyn StorageFile) -> std::io::Result<()> {
    if planted!(NeverSyncs) { Ok(()) } else { file.sync() }
}

pub(super) fn sync_folder(storage: &dyn Storage) -> std::io::Result<()> {
    if planted!(NeverSyncsTheFolder) { Ok(()) } else { storage.sync_folder() }
}

pub(super) fn corrupt(damage: Damage) -> Error {
    let place = format!("segment {}, offset {}", damage.segment(), damage.offset());
    Error::new(ErrorKind::Corrupt, "the journal is damaged").at(place).caused_by(damage)
}

pub(super) fn refused(what: &str, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Storage, what).caused_by(error)
}

pub(super) fn unreadable(error: std::io::Error) -> Error {
    refused("a segment cannot be read", error)
}

pub(super) fn unwritable(error: std::io::Error) -> Error {
    refused("a segment cannot be written", error)
}

//! The journal in a folder.

use std::path::Path;
use std::sync::Arc;

use super::builder::{FileJournalBuilder, Options};
use super::disk::Disk;
use super::format::{self, COMMIT, FRAME, HEADER, Header, Kind, PAD, ROLL, end_of_batch};
use super::open::{self, Opened, Segment};
use super::read;
use super::salvage::{self, Salvage};
use super::segment::{self, refused, unwritable};
use super::storage::{Lock, Storage, StorageFile, write_all};
use crate::error::{Error, ErrorKind};
use crate::journal::batch::Batch;
use crate::journal::chain::Chain;
use crate::journal::contract::{Entries, Journal};
use crate::journal::found::Found;
use crate::journal::lsn::Lsn;
use crate::journal::refuse::{check_end, check_range, fenced, poisoned};

/// A [`Journal`] in a folder of its own.
///
/// One handle at a time has it open, held by a lock on a file in the folder,
/// which the system lets go of when the process ends, however it ends. The
/// bytes are described in [`journal_format`](crate::_documentation::journal_format).
///
/// What is acknowledged, that is returned by [`sync`](Journal::sync), is there
/// after a crash of the process or of the machine. After damage to the medium
/// opening or reading fails as [`Corrupt`](crate::ErrorKind::Corrupt) with the
/// place as its source ([`Damage`](crate::journal::Damage)), or, where only the end is
/// damaged, gives what is before it and says so in [`Found::tail_lost`].
///
/// ```
/// use tripline::journal::{Batch, FileJournal, Journal, Lsn};
///
/// # let folder = std::env::temp_dir().join(format!("tripline-doc-journal-{}", std::process::id()));
/// let mut journal = FileJournal::open(&folder)?;
/// let mut batch = Batch::new();
/// batch.push(b"observed");
/// journal.append(journal.last(), &batch)?;
/// assert_eq!(journal.sync()?, Lsn::FIRST); // it is on the disk from here on
/// drop(journal);
///
/// let journal = FileJournal::open(&folder)?;
/// assert_eq!(journal.found().batches(), 1);
/// let entry = journal.read(Lsn::FIRST)?.next().expect("one batch")?;
/// assert_eq!(entry.batch(), &batch);
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug)]
pub struct FileJournal {
    storage: Arc<dyn Storage>,
    options: Options,
    segments: Vec<Segment>,
    /// The last segment, and where its next frame goes.
    file: Box<dyn StorageFile>,
    length: u64,
    at: u64,
    last: Lsn,
    synced: Lsn,
    chain: Chain,
    found: Found,
    /// What the handle failed at, after which it does nothing more.
    failed: Option<&'static str>,
    buffer: Vec<u8>,
    /// Let go of last.
    _lock: Box<dyn Lock>,
}

impl FileJournal {
    /// Opens the journal in this folder, which is made where it is not there yet.
    ///
    /// # Errors
    ///
    /// [`Locked`](crate::ErrorKind::Locked) where it is open elsewhere, [`Corrupt`](crate::ErrorKind::Corrupt) where more than
    /// its end is damaged (see [`salvage`](Self::salvage)), [`Storage`](crate::ErrorKind::Storage) where the system
    /// refuses.
    ///
    /// ```
    /// use tripline::journal::FileJournal;
    /// use tripline::ErrorKind;
    ///
    /// # let folder = std::env::temp_dir().join(format!("tripline-doc-open-{}", std::process::id()));
    /// let journal = FileJournal::open(&folder)?;
    /// assert_eq!(FileJournal::open(&folder).unwrap_err().kind(), ErrorKind::Locked);
    /// # drop(journal); std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder().open(folder)
    }

    /// Other bounds than the usual ones.
    ///
    /// ```
    /// use tripline::journal::FileJournal;
    ///
    /// # let folder = std::env::temp_dir().join(format!("tripline-doc-builder-{}", std::process::id()));
    /// let journal = FileJournal::builder().with_segment_bytes(1024 * 1024).open(&folder)?;
    /// # drop(journal); std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn builder() -> FileJournalBuilder {
        FileJournalBuilder::default()
    }

    /// Makes a damaged journal one that opens: what can be read from its front is kept, and all from the first damage on
    /// is given up.
    ///
    /// Nothing does this by itself, since it loses batches that were acknowledged. Segments that are given up
    /// stay in the folder, under names that end in `.damaged`; the report says what they hold. A journal without
    /// damage is left as it is.
    ///
    /// # Errors
    ///
    /// [`Locked`](crate::ErrorKind::Locked) where it is open elsewhere, [`Storage`](crate::ErrorKind::Storage) where the system
    /// refuses. It can be called again.
    ///
    /// ```
    /// use tripline::journal::{Batch, FileJournal, Journal, Lsn};
    /// use tripline::ErrorKind;
    ///
    /// # let folder = std::env::temp_dir().join(format!("tripline-doc-salvage-{}", std::process::id()));
    /// let mut journal = FileJournal::open(&folder)?;
    /// for _ in 0..3 {
    ///     journal.append(journal.last(), &Batch::new())?;
    ///     journal.sync()?;
    /// }
    /// drop(journal);
    ///
    /// let segment = folder.join("00000000000000000001.journal");
    /// let mut bytes = std::fs::read(&segment).unwrap();
    /// bytes[100] ^= 1; // in the first batch: the others say that it had been acknowledged
    /// std::fs::write(&segment, bytes).unwrap();
    /// assert_eq!(FileJournal::open(&folder).unwrap_err().kind(), ErrorKind::Corrupt);
    ///
    /// let salvage = FileJournal::salvage(&folder)?;
    /// assert_eq!((salvage.kept(), salvage.acknowledged()), (Lsn::ZERO, Lsn::new(2)));
    /// assert_eq!(FileJournal::open(&folder)?.last(), Lsn::ZERO);
    /// # std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn salvage(folder: impl AsRef<Path>) -> Result<Salvage, Error> {
        let storage = Disk::open(folder.as_ref()).map_err(no_folder)?;
        salvage::salvage(&storage, Options::default().segment_bytes)
    }

    pub(super) fn open_in(storage: Arc<dyn Storage>, options: Options) -> Result<Self, Error> {
        let lock = open::lock(&*storage)?;
        let Opened { segments, file, length, at, last, chain, found } =
            open::open(&*storage, options.segment_bytes)?;
        Ok(Self {
            storage,
            options,
            segments,
            file,
            length,
            at,
            last,
            synced: last,
            chain,
            found,
            failed: None,
            buffer: Vec::new(),
            _lock: lock,
        })
    }

    fn check_alive(&self) -> Result<(), Error> {
        let Some(what) = self.failed else { return Ok(()) };
        Err(poisoned(what))
    }

    /// What went wrong, remembered.
    fn poison(&mut self, what: &'static str, error: Error) -> Error {
        let goes_on = match what {
            "a sync" => planted!(GoesOnAfterAFailedSync),
            "an append" => planted!(GoesOnAfterAFailedWrite),
            _ => false,
        };
        if !goes_on {
            self.failed = Some(what);
        }
        error
    }

    /// The mark that goes into frames: what is known to be on the disk.
    fn mark(&self) -> Lsn {
        if planted!(MarksBeforeTheSync) { self.last } else { self.synced }
    }

    fn write(&mut self, batch: &Batch) -> Result<(), Error> {
        let length = FRAME + batch.as_bytes().len() + COMMIT;
        if end_of_batch(self.at, length) + ROLL as u64 > self.length {
            self.roll(length)?;
        }
        let (lsn, mark) = (self.last.next(), self.mark());
        let chain = format::write_batch(&mut self.buffer, lsn, mark, self.chain, batch);
        let end = end_of_batch(self.at, length);
        if end > self.at + length as u64 {
            self.buffer.push(PAD);
        }
        write_all(&mut *self.file, self.at, &self.buffer).map_err(unwritable)?;
        self.at = end;
        (self.last, self.chain) = (lsn, chain);
        Ok(())
    }

    /// Goes on in a new segment, with room for a batch of this length.
    fn roll(&mut self, need: usize) -> Result<(), Error> {
        segment::sync(&mut *self.file).map_err(unwritable)?;
        self.synced = self.last;
        let number = self.segments.last().map_or(1, |segment| segment.number + 1);
        let length = self.options.segment_bytes.max(end_of_batch(HEADER as u64, need) + ROLL as u64);
        let header =
            Header { number, length, first: self.last.next(), high_water: self.last, chain: self.chain };
        let file = segment::create(&*self.storage, &header)?;
        // The old one says that another follows, so that one that is lost is missed. Only now: after a crash in
        // between, one that was never made would be.
        if !planted!(LeavesNoWordOfTheNextSegment) {
            self.buffer.clear();
            let payload = number.to_le_bytes();
            format::write_frame(&mut self.buffer, Kind::Roll, self.last, self.last, self.chain, &payload);
            write_all(&mut *self.file, self.at, &self.buffer).map_err(unwritable)?;
            segment::sync(&mut *self.file).map_err(unwritable)?;
        }
        self.segments.push(Segment { number, first: header.first });
        (self.file, self.length, self.at) = (file, length, HEADER as u64);
        Ok(())
    }

    /// Removes the oldest segments that end below this batch.
    fn remove_below(&mut self, before: Lsn) -> std::io::Result<()> {
        while let [oldest, next, ..] = self.segments[..]
            && (next.first <= before || planted!(TrimsOneTooMany) && oldest.first < before)
        {
            self.storage.remove(&segment::name(oldest.number))?;
            // One after the other: a crash must not leave a hole.
            if !planted!(TrimsWithoutFolderSync) {
                segment::sync_folder(&*self.storage)?;
            }
            self.segments.remove(0);
        }
        Ok(())
    }
}

impl FileJournalBuilder {
    /// Opens the journal in this folder, which is made where it is not there yet.
    ///
    /// # Errors
    ///
    /// As [`FileJournal::open`].
    ///
    /// ```
    /// use tripline::journal::FileJournal;
    ///
    /// # let folder = std::env::temp_dir().join(format!("tripline-doc-built-{}", std::process::id()));
    /// let journal = FileJournal::builder().with_batch_bytes(1024).open(&folder)?;
    /// # drop(journal); std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn open(&self, folder: impl AsRef<Path>) -> Result<FileJournal, Error> {
        let storage = Disk::open(folder.as_ref()).map_err(no_folder)?;
        FileJournal::open_in(Arc::new(storage), self.options)
    }
}

impl Journal for FileJournal {
    fn found(&self) -> &Found {
        &self.found
    }

    fn first(&self) -> Lsn {
        self.segments.first().map_or(self.last.next(), |oldest| oldest.first)
    }

    fn last(&self) -> Lsn {
        self.last
    }

    fn chain(&self) -> Chain {
        self.chain
    }

    fn append(&mut self, expected: Lsn, batch: &Batch) -> Result<Lsn, Error> {
        self.check_alive()?;
        if expected != self.last {
            return Err(fenced(expected, self.last));
        }
        let (length, most) = (batch.as_bytes().len(), self.options.batch_bytes);
        if u32::try_from(length).is_ok_and(|length| length <= most) {
            self.write(batch).map_err(|error| self.poison("an append", error))?;
            return Ok(self.last);
        }
        let message = format!("the batch has {length} bytes, the journal takes {most}");
        Err(Error::new(ErrorKind::Limit, message))
    }

    fn sync(&mut self) -> Result<Lsn, Error> {
        self.check_alive()?;
        if planted!(AcknowledgesBeforeTheSync) {
            let last = self.last;
            if self.synced < last.previous() {
                segment::sync(&mut *self.file).map_err(unwritable)?;
                self.synced = last.previous();
            }
            return Ok(last);
        }
        if self.synced < self.last {
            segment::sync(&mut *self.file).map_err(|error| self.poison("a sync", unwritable(error)))?;
            self.synced = self.last;
        }
        Ok(self.synced)
    }

    fn read(&self, from: Lsn) -> Result<Entries<'_>, Error> {
        self.check_alive()?;
        check_range(from, self.first(), self.last)?;
        read::entries(&*self.storage, &self.segments, from, self.last)
    }

    fn trim(&mut self, before: Lsn) -> Result<(), Error> {
        self.check_alive()?;
        check_end(before, self.last)?;
        let removed = self.remove_below(before);
        removed.map_err(|error| self.poison("a trim", refused("a segment cannot be removed", error)))
    }
}

pub(super) fn no_folder(error: std::io::Error) -> Error {
    refused("the folder cannot be made", error)
}

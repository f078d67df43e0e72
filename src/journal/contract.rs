//! What every journal promises.

use std::fmt;

use super::batch::Batch;
use super::chain::Chain;
use super::found::Found;
use super::lsn::Lsn;
use crate::error::Error;

/// Batches, one after the other, that are still there after a crash.
///
/// A machine that writes down its inputs before it acts on them can be brought
/// back by handing it the same inputs again. A journal is where they are written
/// down: it numbers batches, keeps them in order, and says from when on they
/// are safe. It blocks while the storage works; a host whose store is
/// asynchronous needs no `Journal`, it drives the machine's own effects.
///
/// # Contract
///
/// 1. *Order.* Batches are numbered from 1 on without a gap. [`read`](Journal::read) gives them in
///    that order, byte for byte as they were appended, each with the [`Chain`] before and after it.
/// 2. *All or nothing.* A batch is there whole, or it is not there; and none is there without all before it.
/// 3. *Durability.* `append` promises nothing but the number. What [`sync`](Journal::sync) has returned, and
///    all before it, survives the end of the process and of the machine. A batch that was not synced may be
///    there afterwards or not.
/// 4. *Opening makes true.* What a journal holds when it is opened is durable before the first call returns,
///    also what an earlier process appended without a sync. What was cut is told in [`Found`].
/// 5. *Fencing.* `append` says after which number it means to write. Where the journal ends elsewhere, because
///    another owner wrote, it fails as [`Fenced`](crate::ErrorKind::Fenced) and changes nothing. A journal that
///    two could open at a time holds this atomically, or lets only one of them open it
///    ([`Locked`](crate::ErrorKind::Locked)).
/// 6. *Failure is final.* After a write or a sync has failed nobody knows what is stored; a second sync that
///    succeeds proves nothing. The handle answers every further call with
///    [`Poisoned`](crate::ErrorKind::Poisoned); whoever owns it opens the journal anew and recovers. A refusal
///    that wrote nothing (`Fenced`, `Limit`, `OutOfRange`) leaves it as it was.
/// 7. *Reads change nothing* and can be repeated: what was read once is read again until it is trimmed. Memory
///    is bounded by the largest batch, not by the journal. From below the first batch that is kept, or beyond the
///    end, is [`OutOfRange`](crate::ErrorKind::OutOfRange), since an empty answer would be a silent loss.
/// 8. *Damage is told.* What comes back changed is [`Corrupt`](crate::ErrorKind::Corrupt), never a batch.
/// 9. *Trimming.* [`trim`](Journal::trim) lets go of batches below a number, or of fewer. Numbers and chain go on,
///    also where nothing is left.
///
/// A journal in a table of a database. Wrong:
///
/// ```
/// use tripline::journal::{Batch, Lsn};
/// # #[derive(Default)]
/// # struct Database { rows: Vec<Vec<u8>> }
/// # impl Database {
/// #     fn last(&self) -> Lsn { Lsn::new(self.rows.len() as u64) }
/// #     fn insert(&mut self, _: Lsn, row: &[u8]) { self.rows.push(row.to_vec()) }
/// #     fn insert_after(&mut self, after: Lsn, row: &[u8]) -> bool { self.last() == after && { self.rows.push(row.to_vec()); true } }
/// # }
/// fn append(database: &mut Database, expected: Lsn, batch: &Batch) -> Option<Lsn> {
///     if database.last() != expected {
///         return None; // …and between this look and the next line another owner writes
///     }
///     for record in batch.records() {
///         database.insert(expected.next(), record); // a crash in here leaves half a batch
///     }
///     Some(expected.next()) // this "sync" has not waited for anything
/// }
/// # let mut batch = Batch::new(); batch.push(b"a");
/// # assert_eq!(append(&mut Database::default(), Lsn::ZERO, &batch), Some(Lsn::FIRST));
/// ```
///
/// Right: one row for a batch, and the database itself compares and writes in one step.
///
/// ```
/// # use tripline::journal::{Batch, Lsn};
/// # #[derive(Default)]
/// # struct Database { rows: Vec<Vec<u8>> }
/// # impl Database {
/// #     fn last(&self) -> Lsn { Lsn::new(self.rows.len() as u64) }
/// #     fn insert_after(&mut self, after: Lsn, row: &[u8]) -> bool { self.last() == after && { self.rows.push(row.to_vec()); true } }
/// # }
/// fn append(database: &mut Database, expected: Lsn, batch: &Batch) -> Option<Lsn> {
///     // insert into journal select … where (select max(lsn) from journal) = expected
///     database.insert_after(expected, batch.as_bytes()).then(|| expected.next())
/// }
/// # let mut database = Database::default();
/// # assert_eq!(append(&mut database, Lsn::ZERO, &Batch::new()), Some(Lsn::FIRST));
/// # assert_eq!(append(&mut database, Lsn::ZERO, &Batch::new()), None);
/// ```
///
/// `testing::journal_conformance` (feature `testing`) holds a journal against this list.
pub trait Journal: Send {
    /// What opening found.
    fn found(&self) -> &Found;

    /// The number of the oldest batch that is kept; where none is, the number that the next one gets.
    fn first(&self) -> Lsn;

    /// The number of the last batch that this handle knows: found on opening, or appended by itself.
    fn last(&self) -> Lsn;

    /// The chain after [`last`](Self::last).
    fn chain(&self) -> Chain;

    /// Writes a batch behind `expected`, and gives its number, which is one more.
    ///
    /// It is not durable yet, see [`sync`](Self::sync): several appends can share one.
    ///
    /// # Errors
    ///
    /// [`Fenced`](crate::ErrorKind::Fenced) where the journal does not end at `expected`,
    /// [`Limit`](crate::ErrorKind::Limit) where the batch is larger than the journal takes,
    /// [`Storage`](crate::ErrorKind::Storage) where the storage refuses, and
    /// [`Poisoned`](crate::ErrorKind::Poisoned) after that.
    fn append(&mut self, expected: Lsn, batch: &Batch) -> Result<Lsn, Error>;

    /// Waits until everything appended so far is durable, and gives the number of the last batch that is.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) where the storage refuses, and
    /// [`Poisoned`](crate::ErrorKind::Poisoned) after that.
    fn sync(&mut self) -> Result<Lsn, Error>;

    /// The batches from this number on, to the last, one at a time.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::ErrorKind::OutOfRange) for a number below [`first`](Self::first) or more than one
    /// beyond [`last`](Self::last); [`Storage`](crate::ErrorKind::Storage) and
    /// [`Corrupt`](crate::ErrorKind::Corrupt) here or at the batch that they concern, which is then the last item.
    fn read(&self, from: Lsn) -> Result<Entries<'_>, Error>;

    /// Lets go of batches below this number, as far as the storage can.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::ErrorKind::OutOfRange) where batches that are not there yet would be lost,
    /// [`Storage`](crate::ErrorKind::Storage) where the storage refuses, and
    /// [`Poisoned`](crate::ErrorKind::Poisoned) after that.
    fn trim(&mut self, before: Lsn) -> Result<(), Error>;
}

impl<J: Journal + ?Sized> Journal for Box<J> {
    fn found(&self) -> &Found {
        (**self).found()
    }

    fn first(&self) -> Lsn {
        (**self).first()
    }

    fn last(&self) -> Lsn {
        (**self).last()
    }

    fn chain(&self) -> Chain {
        (**self).chain()
    }

    fn append(&mut self, expected: Lsn, batch: &Batch) -> Result<Lsn, Error> {
        (**self).append(expected, batch)
    }

    fn sync(&mut self) -> Result<Lsn, Error> {
        (**self).sync()
    }

    fn read(&self, from: Lsn) -> Result<Entries<'_>, Error> {
        (**self).read(from)
    }

    fn trim(&mut self, before: Lsn) -> Result<(), Error> {
        (**self).trim(before)
    }
}

/// A batch as it is read, with its place.
///
/// ```
/// use tripline::journal::{Batch, Chain, Journal, Lsn, MemoryJournal};
///
/// let mut journal = MemoryJournal::new();
/// journal.append(Lsn::ZERO, &Batch::new())?;
/// let entry = journal.read(Lsn::FIRST)?.next().expect("one batch")?;
/// assert_eq!((entry.lsn(), entry.chain_before()), (Lsn::FIRST, Chain::START));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    lsn: Lsn,
    before: Chain,
    chain: Chain,
    batch: Batch,
}

impl Entry {
    /// A batch behind this chain; its own follows from both.
    ///
    /// ```
    /// # use tripline::journal::{Batch, Chain, Entry, Lsn};
    /// let entry = Entry::new(Lsn::FIRST, Chain::START, Batch::new());
    /// assert_eq!(entry.chain(), Chain::START.after(Lsn::FIRST, &Batch::new()));
    /// ```
    pub fn new(lsn: Lsn, before: Chain, batch: Batch) -> Self {
        Self { lsn, before, chain: before.after(lsn, &batch), batch }
    }

    /// Its number.
    ///
    /// ```
    /// # use tripline::journal::{Batch, Chain, Entry, Lsn};
    /// assert_eq!(Entry::new(Lsn::FIRST, Chain::START, Batch::new()).lsn(), Lsn::FIRST);
    /// ```
    pub fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// The chain of the batch before it: that of the snapshot which it follows.
    ///
    /// ```
    /// # use tripline::journal::{Batch, Chain, Entry, Lsn};
    /// assert_eq!(Entry::new(Lsn::FIRST, Chain::START, Batch::new()).chain_before(), Chain::START);
    /// ```
    pub fn chain_before(&self) -> Chain {
        self.before
    }

    /// The chain after it.
    ///
    /// ```
    /// # use tripline::journal::{Batch, Chain, Entry, Lsn};
    /// assert_ne!(Entry::new(Lsn::FIRST, Chain::START, Batch::new()).chain(), Chain::START);
    /// ```
    pub fn chain(&self) -> Chain {
        self.chain
    }

    /// The batch itself.
    ///
    /// ```
    /// # use tripline::journal::{Batch, Chain, Entry, Lsn};
    /// assert!(Entry::new(Lsn::FIRST, Chain::START, Batch::new()).batch().is_empty());
    /// ```
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The batch itself, to keep.
    ///
    /// ```
    /// # use tripline::journal::{Batch, Chain, Entry, Lsn};
    /// assert_eq!(Entry::new(Lsn::FIRST, Chain::START, Batch::new()).into_batch(), Batch::new());
    /// ```
    pub fn into_batch(self) -> Batch {
        self.batch
    }
}

/// The batches of a journal from a number on; made by [`Journal::read`]. It ends after the first error.
pub struct Entries<'a> {
    inner: Option<Box<dyn Iterator<Item = Result<Entry, Error>> + Send + 'a>>,
}

impl<'a> Entries<'a> {
    /// Of what gives them one by one.
    ///
    /// ```
    /// use tripline::journal::{Batch, Chain, Entries, Entry, Lsn};
    /// let mut entries = Entries::new([Ok(Entry::new(Lsn::FIRST, Chain::START, Batch::new()))].into_iter());
    /// assert_eq!(entries.next().unwrap()?.lsn(), Lsn::FIRST);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn new(entries: impl Iterator<Item = Result<Entry, Error>> + Send + 'a) -> Self {
        Self { inner: Some(Box::new(entries)) }
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.inner.as_mut()?.next();
        if !matches!(next, Some(Ok(_))) {
            self.inner = None;
        }
        next
    }
}

impl fmt::Debug for Entries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries").finish_non_exhaustive()
    }
}

//! A journal without a disk.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, ErrorKind};
use crate::journal::batch::Batch;
use crate::journal::chain::Chain;
use crate::journal::contract::{Entries, Entry, Journal};
use crate::journal::found::Found;
use crate::journal::lsn::Lsn;
use crate::journal::refuse::{check_end, check_range, fenced};

/// A [`Journal`] without a disk, for tests, and for hosts that need none.
///
/// Several handles, each standing for a process, can have the same store
/// ([`reopen`](Self::reopen)), which can lose what was not synced
/// ([`crash`](Self::crash)) and refuse to work ([`fail_next`](Self::fail_next)).
/// Its largest batch is bounded by the memory there is.
///
/// ```
/// use tripline::journal::{Batch, Journal, Lsn, MemoryJournal};
///
/// let mut journal = MemoryJournal::new();
/// let mut batch = Batch::new();
/// batch.push(b"observed");
/// let lsn = journal.append(Lsn::ZERO, &batch)?;
/// assert_eq!(journal.sync()?, lsn);
/// journal.append(lsn, &batch)?; // not synced
///
/// journal.crash(0);
/// let journal = journal.reopen();
/// assert_eq!(journal.read(Lsn::FIRST)?.count(), 1);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug)]
pub struct MemoryJournal {
    store: Arc<Mutex<Store>>,
    found: Found,
    /// As this handle knows them.
    last: Lsn,
    chain: Chain,
    crashes: u64,
    poisoned: bool,
}

/// What outlives a handle.
#[derive(Debug)]
struct Store {
    first: Lsn,
    entries: VecDeque<Entry>,
    /// After the last batch, also where none is kept.
    chain: Chain,
    synced: Lsn,
    /// Handles from before the last crash are dead.
    crashes: u64,
    fails: bool,
}

impl MemoryJournal {
    /// An empty one.
    ///
    /// ```
    /// # use tripline::journal::{Journal, Lsn, MemoryJournal};
    /// assert_eq!(MemoryJournal::new().last(), Lsn::ZERO);
    /// ```
    pub fn new() -> Self {
        let store = Store {
            first: Lsn::FIRST,
            entries: VecDeque::new(),
            chain: Chain::START,
            synced: Lsn::ZERO,
            crashes: 0,
            fails: false,
        };
        Self::open(Arc::new(Mutex::new(store)))
    }

    /// The same store, opened once more, as another process would.
    ///
    /// The other handle stays open: what one of the two writes fences the other.
    ///
    /// ```
    /// use tripline::journal::{Batch, Journal, Lsn, MemoryJournal};
    ///
    /// let mut ours = MemoryJournal::new();
    /// let mut theirs = ours.reopen();
    /// theirs.append(Lsn::ZERO, &Batch::new())?;
    /// assert!(ours.append(ours.last(), &Batch::new()).unwrap_err().is_fenced());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn reopen(&self) -> Self {
        Self::open(Arc::clone(&self.store))
    }

    /// The machine goes down: of the batches that were not synced the first so many survive. All handles are dead
    /// from here on; [`reopen`](Self::reopen) gives a living one.
    ///
    /// ```
    /// use tripline::journal::{Batch, Journal, Lsn, MemoryJournal};
    ///
    /// let mut journal = MemoryJournal::new();
    /// for lsn in 0..3 {
    ///     journal.append(Lsn::new(lsn), &Batch::new())?;
    /// }
    /// journal.crash(2);
    /// assert_eq!(journal.reopen().last(), Lsn::new(2));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn crash(&self, survivors: u64) {
        let mut store = self.store();
        let last = store.synced.get().saturating_add(survivors);
        while store.last().get() > last {
            let Some(lost) = store.entries.pop_back() else { break };
            store.chain = lost.chain_before();
        }
        store.synced = store.last();
        store.crashes += 1;
    }

    /// The next append or sync, of whichever handle, fails as a full or broken disk would.
    ///
    /// ```
    /// use tripline::journal::{Batch, Journal, Lsn, MemoryJournal};
    /// use tripline::ErrorKind;
    ///
    /// let mut journal = MemoryJournal::new();
    /// journal.fail_next();
    /// assert_eq!(journal.append(Lsn::ZERO, &Batch::new()).unwrap_err().kind(), ErrorKind::Storage);
    /// assert_eq!(journal.sync().unwrap_err().kind(), ErrorKind::Poisoned);
    /// assert_eq!(journal.reopen().append(Lsn::ZERO, &Batch::new())?, Lsn::FIRST);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn fail_next(&self) {
        self.store().fails = true;
    }

    /// Takes a batch out, as a slip of an operator does: reading gives the next one in its place.
    ///
    /// ```
    /// use tripline::journal::{Batch, Journal, Lsn, MemoryJournal};
    ///
    /// let mut journal = MemoryJournal::new();
    /// for lsn in 0..3 {
    ///     journal.append(Lsn::new(lsn), &Batch::new())?;
    /// }
    /// journal.drop_batch(Lsn::new(2));
    /// assert_eq!(journal.reopen().read(Lsn::new(2))?.next().unwrap()?.lsn(), Lsn::new(3));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn drop_batch(&self, lsn: Lsn) {
        self.store().entries.retain(|entry| entry.lsn() != lsn);
    }

    fn open(store: Arc<Mutex<Store>>) -> Self {
        let mut inner = lock(&store);
        inner.synced = inner.last();
        let (last, chain, crashes) = (inner.last(), inner.chain, inner.crashes);
        let found = Found::new(inner.first, last);
        drop(inner);
        Self { store, found, last, chain, crashes, poisoned: false }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    /// The store, where this handle may still use it.
    fn living(&self) -> Result<MutexGuard<'_, Store>, Error> {
        let store = self.store();
        if self.poisoned || self.crashes != store.crashes {
            let why = if self.poisoned { "an earlier write or sync failed" } else { "the machine went down" };
            return Err(Error::new(ErrorKind::Poisoned, format!("the journal must be opened anew: {why}")));
        }
        Ok(store)
    }

    /// The same for a write, which may have been told to fail.
    fn writable(&mut self) -> Result<MutexGuard<'_, Store>, Error> {
        if std::mem::take(&mut self.living()?.fails) {
            self.poisoned = true;
            return Err(Error::new(ErrorKind::Storage, "the journal in memory was told to fail"));
        }
        self.living()
    }
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::new()
    }
}

impl Journal for MemoryJournal {
    fn found(&self) -> &Found {
        &self.found
    }

    fn first(&self) -> Lsn {
        self.store().first
    }

    fn last(&self) -> Lsn {
        self.last
    }

    fn chain(&self) -> Chain {
        self.chain
    }

    fn append(&mut self, expected: Lsn, batch: &Batch) -> Result<Lsn, Error> {
        let last = self.living()?.last();
        if last != expected {
            return Err(fenced(expected, last));
        }
        let mut store = self.writable()?;
        let entry = Entry::new(last.next(), store.chain, batch.clone());
        let (lsn, chain) = (entry.lsn(), entry.chain());
        store.chain = chain;
        store.entries.push_back(entry);
        drop(store);
        (self.last, self.chain) = (lsn, chain);
        Ok(lsn)
    }

    fn sync(&mut self) -> Result<Lsn, Error> {
        let last = self.last;
        let mut store = self.writable()?;
        store.synced = store.synced.max(last);
        Ok(last)
    }

    fn read(&self, from: Lsn) -> Result<Entries<'_>, Error> {
        let store = self.living()?;
        check_range(from, store.first, self.last)?;
        let (mut next, last) = (from, self.last);
        drop(store);
        Ok(Entries::new(std::iter::from_fn(move || {
            if next > last {
                return None;
            }
            let entry = self.living().and_then(|store| store.get(next));
            next = next.next();
            Some(entry)
        })))
    }

    fn trim(&mut self, before: Lsn) -> Result<(), Error> {
        let last = self.last;
        let mut store = self.living()?;
        check_end(before, last)?;
        while store.first < before {
            store.entries.pop_front();
            store.first = store.first.next();
        }
        Ok(())
    }
}

impl Store {
    fn last(&self) -> Lsn {
        self.entries.back().map_or(self.first.previous(), Entry::lsn)
    }

    fn get(&self, lsn: Lsn) -> Result<Entry, Error> {
        // Another handle may have trimmed it since the read began.
        check_range(lsn, self.first, self.last())?;
        let at = lsn.get() - self.first.get();
        let entry = usize::try_from(at).ok().and_then(|at| self.entries.get(at));
        entry.cloned().ok_or_else(|| Error::new(ErrorKind::OutOfRange, format!("batch {lsn} is not there")))
    }
}

fn lock(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    // A panic elsewhere leaves no step half done in here.
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Snapshots without a disk.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, ErrorKind};
use crate::journal::found::Damage;
use crate::journal::refuse::superseded;
use crate::journal::snapshots::{Latest, Snapshot, Snapshots};

/// How many are kept.
const KEPT: usize = 2;

/// [`Snapshots`] without a disk, for tests.
///
/// Clones have the same store, as two processes do. Two snapshots are kept, and
/// the newer one can be damaged to see what a recovery makes of it. A clone that
/// has not seen what another has put is fenced.
///
/// ```
/// use tripline::journal::{Lsn, MemorySnapshots, Snapshot, Snapshots};
///
/// let mut snapshots = MemorySnapshots::new();
/// let other = snapshots.clone();
/// snapshots.put(&Snapshot::new(Lsn::new(9), b"state".to_vec()))?;
/// assert_eq!(other.latest()?.snapshot().map(Snapshot::bytes), Some(&b"state"[..]));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct MemorySnapshots {
    store: Arc<Mutex<Store>>,
    /// How many had been put when this handle last looked.
    seen: AtomicU64,
}

#[derive(Debug, Default)]
struct Store {
    /// The newest last; without its snapshot where that is damaged.
    kept: VecDeque<(u64, Option<Snapshot>)>,
    /// How many were put.
    put: u64,
    fails: bool,
}

impl MemorySnapshots {
    /// An empty store.
    ///
    /// ```
    /// # use tripline::journal::{MemorySnapshots, Snapshots};
    /// assert!(MemorySnapshots::new().latest()?.snapshot().is_none());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// The newest snapshot that is whole cannot be read from here on.
    ///
    /// ```
    /// use tripline::journal::{Lsn, MemorySnapshots, Snapshot, Snapshots};
    /// use tripline::ErrorKind;
    ///
    /// let mut snapshots = MemorySnapshots::new();
    /// snapshots.put(&Snapshot::new(Lsn::new(9), b"state".to_vec()))?;
    /// snapshots.damage_latest();
    /// assert_eq!(snapshots.latest().unwrap_err().kind(), ErrorKind::Corrupt);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn damage_latest(&self) {
        let mut store = self.store();
        if let Some((_, kept)) = store.kept.iter_mut().rev().find(|(_, kept)| kept.is_some()) {
            *kept = None;
        }
    }

    /// The next put fails as on a full disk, and changes nothing.
    ///
    /// ```
    /// use tripline::journal::{Lsn, MemorySnapshots, Snapshot, Snapshots};
    /// use tripline::ErrorKind;
    ///
    /// let mut snapshots = MemorySnapshots::new();
    /// snapshots.fail_next();
    /// let put = snapshots.put(&Snapshot::new(Lsn::new(9), b"state".to_vec()));
    /// assert_eq!(put.unwrap_err().kind(), ErrorKind::Storage);
    /// ```
    pub fn fail_next(&self) {
        self.store().fails = true;
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }
}

impl Clone for MemorySnapshots {
    /// The same store, opened once more.
    fn clone(&self) -> Self {
        let seen = AtomicU64::new(self.store().put);
        Self { store: Arc::clone(&self.store), seen }
    }
}

impl Snapshots for MemorySnapshots {
    fn put(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        let store = Arc::clone(&self.store);
        let mut store = lock(&store);
        if std::mem::take(&mut store.fails) {
            return Err(Error::new(ErrorKind::Storage, "the snapshots in memory were told to fail"));
        }
        if store.put != *self.seen.get_mut() {
            return Err(superseded());
        }
        store.put += 1;
        *self.seen.get_mut() = store.put;
        let number = store.put;
        store.kept.push_back((number, Some(snapshot.clone())));
        while store.kept.len() > KEPT {
            store.kept.pop_front();
        }
        Ok(())
    }

    fn latest(&self) -> Result<Latest, Error> {
        let store = self.store();
        self.seen.store(store.put, Ordering::Relaxed);
        let mut damaged = Vec::new();
        for (number, kept) in store.kept.iter().rev() {
            if let Some(snapshot) = kept {
                return Ok(Latest::new(Some(snapshot.clone())).with_damaged(damaged));
            }
            damaged.push(Damage::new(*number, 0, "it was told to be damaged"));
        }
        match damaged.into_iter().next() {
            None => Ok(Latest::new(None)),
            Some(damage) => Err(Error::new(ErrorKind::Corrupt, "no snapshot is whole").caused_by(damage)),
        }
    }
}

fn lock(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    // A panic elsewhere leaves no step half done in here.
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

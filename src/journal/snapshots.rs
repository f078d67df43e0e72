//! What every store of snapshots promises.

use super::chain::Chain;
use super::found::Damage;
use super::lsn::Lsn;
use crate::error::Error;

/// Where snapshots are kept: recovery starts from the last one and reads the journal from there.
///
/// # Contract
///
/// 1. *All or nothing.* After a crash during [`put`](Snapshots::put) the new snapshot is there whole, or the one before it is still
///    the latest.
/// 2. *Durability.* When `put` returns, the snapshot survives the end of the process and of the machine: from
///    then on the journal may be trimmed.
/// 3. *Two are kept.* The one before the latest stays, and is given where the latest turns out to be damaged.
/// 4. *Latest is put last*, whatever its number: a journal that lost its tail goes on below the number of an older snapshot.
/// 5. *Damage is told.* [`latest`](Snapshots::latest) gives a snapshot as it was put, or tells in [`Latest::damaged`] what it
///    had to leave out. Where there were snapshots and none is whole it fails as [`Corrupt`](crate::ErrorKind::Corrupt):
///    "none" would be a silent start from nothing.
/// 6. *Fencing.* Where two can have it open at a time, [`put`](Snapshots::put) by one who has not seen what was put last, by its
///    own `put` or [`latest`](Snapshots::latest), fails as [`Fenced`](crate::ErrorKind::Fenced) and changes nothing: an owner that
///    woke late would else put the state of long ago over that of its heir, who has let go of the batches between. A store
///    whose journal only one can have open needs none of it.
///
/// In a folder. Wrong: a crash while it is written leaves neither the old snapshot nor the new one.
///
/// ```
/// use std::{fs, io, path::Path};
///
/// fn put(folder: &Path, bytes: &[u8]) -> io::Result<()> {
///     fs::write(folder.join("snapshot"), bytes)
/// }
/// ```
///
/// Right: under another name, on the disk before it gets its own, and the name on the disk too.
///
/// ```
/// use std::{fs, io::{self, Write}, path::Path};
///
/// fn put(folder: &Path, bytes: &[u8]) -> io::Result<()> {
///     let mut file = fs::File::create(folder.join("snapshot.tmp"))?;
///     file.write_all(bytes)?;
///     file.sync_all()?;
///     fs::rename(folder.join("snapshot.tmp"), folder.join("snapshot"))?;
///     fs::File::open(folder)?.sync_all()
/// }
/// ```
///
/// `FileSnapshots` (feature `journal-file`) does so, keeps two, and notices damage;
/// `testing::snapshots_conformance` (feature `testing`) holds a store against this list.
pub trait Snapshots: Send {
    /// Keeps a snapshot as the latest.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) where the storage refuses; the one before is then still the latest,
    /// or the new one is. [`Fenced`](crate::ErrorKind::Fenced) where another handle has put one that this has not seen.
    fn put(&mut self, snapshot: &Snapshot) -> Result<(), Error>;

    /// The snapshot that was put last and is whole.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](crate::ErrorKind::Corrupt) where there are snapshots and none is whole,
    /// [`Storage`](crate::ErrorKind::Storage) where the storage refuses.
    fn latest(&self) -> Result<Latest, Error>;
}

impl<S: Snapshots + ?Sized> Snapshots for Box<S> {
    fn put(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        (**self).put(snapshot)
    }

    fn latest(&self) -> Result<Latest, Error> {
        (**self).latest()
    }
}

/// A machine's state as bytes, and the place in the journal that it stands for.
///
/// ```
/// use tripline::journal::{Chain, Lsn, Snapshot};
///
/// let snapshot = Snapshot::new(Lsn::new(9), b"state".to_vec()).with_chain(Chain::START).with_configuration([7; 32]);
/// assert_eq!((snapshot.lsn(), snapshot.bytes()), (Lsn::new(9), &b"state"[..]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    lsn: Lsn,
    chain: Chain,
    configuration: [u8; 32],
    bytes: Vec<u8>,
}

impl Snapshot {
    /// The state after this batch.
    ///
    /// ```
    /// # use tripline::journal::{Lsn, Snapshot};
    /// assert_eq!(Snapshot::new(Lsn::ZERO, Vec::new()).lsn(), Lsn::ZERO);
    /// ```
    pub fn new(lsn: Lsn, bytes: Vec<u8>) -> Self {
        Self { lsn, chain: Chain::START, configuration: [0; 32], bytes }
    }

    /// The same with the journal's chain after that batch, so that it can be told to belong to that journal.
    ///
    /// ```
    /// # use tripline::journal::{Chain, Lsn, Snapshot};
    /// let chain = Chain::from_bytes([7; 16]);
    /// assert_eq!(Snapshot::new(Lsn::ZERO, Vec::new()).with_chain(chain).chain(), chain);
    /// ```
    #[must_use]
    pub fn with_chain(mut self, chain: Chain) -> Self {
        self.chain = chain;
        self
    }

    /// The same with a digest of the configuration that the machine ran under.
    ///
    /// ```
    /// # use tripline::journal::{Lsn, Snapshot};
    /// assert_eq!(Snapshot::new(Lsn::ZERO, Vec::new()).with_configuration([7; 32]).configuration(), [7; 32]);
    /// ```
    #[must_use]
    pub fn with_configuration(mut self, digest: [u8; 32]) -> Self {
        self.configuration = digest;
        self
    }

    /// The number of the last batch that is in it.
    ///
    /// ```
    /// # use tripline::journal::{Lsn, Snapshot};
    /// assert_eq!(Snapshot::new(Lsn::new(9), Vec::new()).lsn(), Lsn::new(9));
    /// ```
    pub fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// The journal's chain after that batch.
    ///
    /// ```
    /// # use tripline::journal::{Chain, Lsn, Snapshot};
    /// assert_eq!(Snapshot::new(Lsn::ZERO, Vec::new()).chain(), Chain::START);
    /// ```
    pub fn chain(&self) -> Chain {
        self.chain
    }

    /// The digest of the configuration; zeros where none was given.
    ///
    /// ```
    /// # use tripline::journal::{Lsn, Snapshot};
    /// assert_eq!(Snapshot::new(Lsn::ZERO, Vec::new()).configuration(), [0; 32]);
    /// ```
    pub fn configuration(&self) -> [u8; 32] {
        self.configuration
    }

    /// The state.
    ///
    /// ```
    /// # use tripline::journal::{Lsn, Snapshot};
    /// assert_eq!(Snapshot::new(Lsn::ZERO, b"state".to_vec()).bytes(), b"state");
    /// ```
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The latest snapshot, and what had to be passed over for it.
///
/// ```
/// use tripline::journal::{Lsn, MemorySnapshots, Snapshot, Snapshots};
///
/// let mut snapshots = MemorySnapshots::new();
/// snapshots.put(&Snapshot::new(Lsn::new(3), b"three".to_vec()))?;
/// snapshots.put(&Snapshot::new(Lsn::new(9), b"nine".to_vec()))?;
/// snapshots.damage_latest();
/// let latest = snapshots.latest()?;
/// assert_eq!(latest.snapshot().map(Snapshot::lsn), Some(Lsn::new(3)));
/// assert_eq!(latest.damaged().len(), 1);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Latest {
    snapshot: Option<Snapshot>,
    damaged: Vec<Damage>,
}

impl Latest {
    /// This snapshot, or none where there has never been one.
    ///
    /// ```
    /// # use tripline::journal::Latest;
    /// assert!(Latest::new(None).snapshot().is_none());
    /// ```
    pub fn new(snapshot: Option<Snapshot>) -> Self {
        Self { snapshot, damaged: Vec::new() }
    }

    /// The same with newer ones that are damaged, newest first.
    ///
    /// ```
    /// # use tripline::journal::{Damage, Latest};
    /// assert_eq!(Latest::new(None).with_damaged(vec![Damage::new(9, 0, "no header")]).damaged().len(), 1);
    /// ```
    #[must_use]
    pub fn with_damaged(mut self, damaged: Vec<Damage>) -> Self {
        self.damaged = damaged;
        self
    }

    /// The snapshot; `None` where none has been put.
    ///
    /// ```
    /// # use tripline::journal::{MemorySnapshots, Snapshots};
    /// assert!(MemorySnapshots::new().latest()?.snapshot().is_none());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// The snapshot, to keep.
    ///
    /// ```
    /// # use tripline::journal::Latest;
    /// assert_eq!(Latest::new(None).into_snapshot(), None);
    /// ```
    pub fn into_snapshot(self) -> Option<Snapshot> {
        self.snapshot
    }

    /// Newer snapshots that are damaged, newest first.
    ///
    /// ```
    /// # use tripline::journal::Latest;
    /// assert!(Latest::new(None).damaged().is_empty());
    /// ```
    pub fn damaged(&self) -> &[Damage] {
        &self.damaged
    }
}

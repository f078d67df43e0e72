//! Snapshots in a folder.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::disk::Disk;
use super::format::{array_at, chain_at, checksum, u32_at, u64_at};
use super::segment::{UNFINISHED, refused};
use super::storage::{Lock, Storage, StorageFile, read_full, write_all};
use crate::error::{Error, ErrorKind};
use crate::journal::found::Damage;
use crate::journal::lsn::Lsn;
use crate::journal::snapshots::{Latest, Snapshot, Snapshots};

const ENDING: &str = ".snapshot";
const LOCK: &str = "snapshots.lock";
const MAGIC: [u8; 8] = *b"tripsnap";
const VERSION: u32 = 1;
const HEADER: usize = 88;

/// How many are kept.
const KEPT: usize = 2;

/// [`Snapshots`] in a folder, which may be the journal's.
///
/// A snapshot is written under another name, synced, renamed, and the folder
/// synced; then all but the two newest are removed. The bytes are described in
/// [`journal_format`](crate::_documentation::journal_format).
///
/// ```
/// use tripline::journal::{FileSnapshots, Lsn, Snapshot, Snapshots};
///
/// # let folder = std::env::temp_dir().join(format!("tripline-doc-snapshots-{}", std::process::id()));
/// let mut snapshots = FileSnapshots::open(&folder)?;
/// snapshots.put(&Snapshot::new(Lsn::new(9), b"state".to_vec()))?;
/// drop(snapshots);
///
/// let latest = FileSnapshots::open(&folder)?.latest()?;
/// assert_eq!(latest.snapshot().map(Snapshot::bytes), Some(&b"state"[..]));
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug)]
pub struct FileSnapshots {
    storage: Arc<dyn Storage>,
    /// The oldest first.
    numbers: Vec<u64>,
    /// The number of the next, also after a put that failed.
    next: u64,
    /// Let go of last.
    _lock: Box<dyn Lock>,
}

impl FileSnapshots {
    /// Opens the snapshots in this folder, which is made where it is not there yet.
    ///
    /// # Errors
    ///
    /// [`Locked`](crate::ErrorKind::Locked) where they are open elsewhere, [`Storage`](crate::ErrorKind::Storage)
    /// where the system refuses.
    ///
    /// ```
    /// use tripline::journal::{FileSnapshots, Snapshots};
    ///
    /// # let folder = std::env::temp_dir().join(format!("tripline-doc-open-snapshots-{}", std::process::id()));
    /// assert!(FileSnapshots::open(&folder)?.latest()?.snapshot().is_none());
    /// # std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let storage =
            Disk::open(folder.as_ref()).map_err(|error| refused("the folder cannot be made", error))?;
        Self::open_in(Arc::new(storage))
    }

    pub(super) fn open_in(storage: Arc<dyn Storage>) -> Result<Self, Error> {
        let locked =
            storage.try_lock(LOCK).map_err(|error| refused("the snapshots' lock cannot be had", error))?;
        let lock = locked.ok_or_else(|| Error::new(ErrorKind::Locked, "the snapshots are open elsewhere"))?;
        let listed = || {
            let mut numbers = Vec::new();
            for name in storage.list()? {
                if name.strip_suffix(UNFINISHED).is_some_and(|finished| number(finished).is_some()) {
                    storage.remove(&name)?;
                }
                numbers.extend(number(&name));
            }
            numbers.sort_unstable();
            // One that was renamed but not yet safe is from here on.
            storage.sync_folder()?;
            Ok(numbers)
        };
        let numbers: Vec<u64> =
            listed().map_err(|error| refused("the snapshots' folder cannot be read", error))?;
        let next = numbers.last().map_or(1, |newest| newest.saturating_add(1));
        Ok(Self { storage, numbers, next, _lock: lock })
    }

    fn write(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let number = self.next;
        self.next = number.saturating_add(1);
        let name = name(number);
        let unfinished =
            if planted!(SnapshotsInPlace) { name.clone() } else { format!("{name}{UNFINISHED}") };
        let mut file = self.storage.create(&unfinished)?;
        write_all(&mut *file, 0, &header(number, snapshot))?;
        write_all(&mut *file, HEADER as u64, snapshot.bytes())?;
        if !planted!(SnapshotsWithoutSync) {
            file.sync()?;
        }
        self.storage.rename(&unfinished, &name)?;
        if !planted!(SnapshotsWithoutFolderSync) {
            self.storage.sync_folder()?;
        }
        self.numbers.push(number);
        let kept = if planted!(KeepsOneSnapshot) { 1 } else { KEPT };
        while self.numbers.len() > kept {
            self.storage.remove(&self::name(self.numbers[0]))?;
            self.numbers.remove(0);
        }
        Ok(())
    }
}

impl Snapshots for FileSnapshots {
    fn put(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        self.write(snapshot).map_err(|error| refused("a snapshot cannot be written", error))
    }

    fn latest(&self) -> Result<Latest, Error> {
        let mut damaged = Vec::new();
        for &number in self.numbers.iter().rev() {
            let file = self.storage.open(&name(number));
            let read = file.and_then(|mut file| read(&mut *file, number));
            match read.map_err(|error| refused("a snapshot cannot be read", error))? {
                Ok(snapshot) => {
                    let damaged = if planted!(PassesOverSnapshotsInSilence) { Vec::new() } else { damaged };
                    return Ok(Latest::new(Some(snapshot)).with_damaged(damaged));
                }
                Err(what) => damaged.push(Damage::new(number, 0, what)),
            }
        }
        match damaged.into_iter().next() {
            None => Ok(Latest::new(None)),
            Some(damage) => Err(Error::new(ErrorKind::Corrupt, "no snapshot is whole").caused_by(damage)),
        }
    }
}

fn name(number: u64) -> String {
    format!("{number:020}{ENDING}")
}

fn number(name: &str) -> Option<u64> {
    let number = name.strip_suffix(ENDING)?.parse().ok()?;
    (self::name(number) == name).then_some(number)
}

fn header(number: u64, snapshot: &Snapshot) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[16..24].copy_from_slice(&number.to_le_bytes());
    bytes[24..32].copy_from_slice(&snapshot.lsn().get().to_le_bytes());
    bytes[32..48].copy_from_slice(&snapshot.chain().to_bytes());
    bytes[48..80].copy_from_slice(&snapshot.configuration());
    bytes[80..].copy_from_slice(&(snapshot.bytes().len() as u64).to_le_bytes());
    let checksum = checksum(&[&bytes[..12], &bytes[16..], snapshot.bytes()]);
    bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// The snapshot in a file, or what is wrong with it.
fn read(file: &mut dyn StorageFile, number: u64) -> io::Result<Result<Snapshot, &'static str>> {
    let mut header = [0; HEADER];
    if read_full(file, 0, &mut header)? < HEADER {
        return Ok(Err("the header is cut short"));
    }
    if header[..8] != MAGIC {
        return Ok(Err("it does not begin as a snapshot does"));
    }
    let length = u64_at(&header, 80);
    if file.length()?.checked_sub(HEADER as u64) != Some(length) {
        return Ok(Err("it has another length than it says"));
    }
    let Ok(length) = usize::try_from(length) else { return Ok(Err("it is larger than the memory")) };
    let mut bytes = vec![0; length];
    if read_full(file, HEADER as u64, &mut bytes)? < length {
        return Ok(Err("it is cut short"));
    }
    let sum = checksum(&[&header[..12], &header[16..], &bytes]);
    if u32_at(&header, 12) != sum && !planted!(SnapshotsWithoutChecksum) {
        return Ok(Err("the checksum does not match"));
    }
    if u32_at(&header, 8) != VERSION {
        return Ok(Err("it is of a version that this build does not read"));
    }
    if u64_at(&header, 16) != number {
        return Ok(Err("it is another snapshot under this name"));
    }
    let snapshot = Snapshot::new(Lsn::new(u64_at(&header, 24)), bytes);
    Ok(Ok(snapshot.with_chain(chain_at(&header, 32)).with_configuration(array_at(&header, 48))))
}

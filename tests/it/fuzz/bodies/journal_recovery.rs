//! Damaged journals: opened, read, mended, gone on with; and batches that are not what they were.

use std::sync::LazyLock;

use tripline::ErrorKind;
use tripline::journal::{Batch, FileJournal, Journal, Lsn};

use super::folder::Folder;
use super::input::{Input, edit};

const BATCHES: u64 = 6;
const HEADER: usize = 64;
const FRAME: usize = 44;

pub(crate) fn body(data: &[u8]) {
    let mut input = Input(data);
    match input.byte() % 4 {
        #[cfg(feature = "flow")]
        0 => batches(&mut input),
        what => files(&mut input, what == 1),
    }
}

/// A journal of several segments, as it was synced, with what its batches hold.
static WHOLE: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let folder = Folder::new();
    let mut journal = open(&folder).expect("an empty folder");
    for number in 0..BATCHES {
        let last = journal.last();
        let lsn =
            journal.append(last, &batch(number)).and_then(|_| journal.sync()).expect("the disk is well");
        assert_eq!(lsn.get(), number + 1);
    }
    drop(journal);
    let files = folder.files();
    files.into_iter().filter(|(name, _)| name.ends_with(".journal")).collect()
});

fn batch(number: u64) -> Batch {
    let mut batch = Batch::new();
    batch.push(format!("batch {number}").as_bytes());
    batch.push(&vec![number as u8; 40 * number as usize]);
    batch
}

fn open(folder: &Folder) -> Result<FileJournal, tripline::Error> {
    FileJournal::builder().with_segment_bytes(700).open(&folder.0)
}

/// With `is_sealed` the checksums are made to fit what was changed: then nothing is known of what is read, but that
/// it is read without harm.
fn files(input: &mut Input<'_>, is_sealed: bool) {
    let mut files = WHOLE.clone();
    let which = input.below(files.len());
    let is_gone = input.byte() % 16 == 15;
    edit(input, &mut files[which].1);
    if is_sealed {
        seal(&mut files[which].1);
    }
    if is_gone {
        files.remove(which);
    }
    let is_whole = files == *WHOLE;
    let folder = Folder::new();
    files.iter().for_each(|(name, bytes)| folder.write(name, bytes));
    match open(&folder) {
        Ok(journal) => {
            let read = read(&journal, is_sealed);
            let found = journal.found();
            assert!(!is_whole || (read == Some(BATCHES) && found.tail().is_none()), "{found:?}");
            // A last segment that is gone is told of by the one before it, unless there is none.
            let is_told = found.tail().is_some() || (is_gone && files.is_empty()) || is_sealed;
            assert!(read == Some(BATCHES) || is_told, "batches are lost in silence: {found:?}");
            if read.is_some() {
                goes_on(&folder, journal);
            }
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
            assert!(!is_whole && !error.to_string().is_empty(), "{error}");
            mended(&folder, is_sealed);
        }
    }
}

/// How many it has; `None` where it says that it is damaged.
fn read(journal: &FileJournal, is_sealed: bool) -> Option<u64> {
    assert!(journal.first().get() <= journal.last().get() + 1);
    let mut count = 0;
    for entry in journal.read(journal.first()).expect("it can be read from its first on") {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                assert!(is_sealed && error.kind() == ErrorKind::Corrupt, "{error}");
                return None;
            }
        };
        assert_eq!(entry.lsn().get(), journal.first().get() + count);
        assert!(
            is_sealed || *entry.batch() == batch(entry.lsn().get() - 1),
            "batch {} is another",
            entry.lsn()
        );
        count += 1;
    }
    assert_eq!(count, journal.last().next().get() - journal.first().get(), "all that it says it has");
    Some(journal.last().get())
}

/// What is appended is there when it is opened again, behind what was there.
fn goes_on(folder: &Folder, mut journal: FileJournal) {
    let (first, last) = (journal.first(), journal.last());
    let lsn = match journal.append(last, &batch(99)).and_then(|_| journal.sync()) {
        Ok(lsn) => lsn,
        // Only numbers at their very end leave no room.
        Err(error) => {
            assert!(last.get() > u64::MAX / 2, "{error}");
            return;
        }
    };
    assert_eq!(lsn, last.next());
    drop(journal);
    let journal = open(folder).expect("it was opened before");
    assert_eq!((journal.first(), journal.last()), (first, lsn));
    let entry = journal.read(lsn).expect("it is there").next().expect("it is there").expect("it is whole");
    assert_eq!(*entry.batch(), batch(99));
}

fn mended(folder: &Folder, is_sealed: bool) {
    let Ok(salvage) = FileJournal::salvage(&folder.0) else { return };
    let journal = open(folder).unwrap_or_else(|error| panic!("{salvage:?}: {error}"));
    // Where not even the front could be read, the numbers go on behind the highest that was seen.
    let is_afresh = salvage.kept() == Lsn::ZERO && journal.last() == salvage.acknowledged();
    assert!(journal.last() == salvage.kept() || is_afresh, "{}: {salvage:?}", journal.last());
    let _ = read(&journal, is_sealed);
}

/// Checksums that fit, as far as frames follow one another.
fn seal(bytes: &mut [u8]) {
    if bytes.len() < HEADER {
        return;
    }
    let sum = checksum(&[&bytes[..12], &bytes[16..HEADER]]);
    bytes[12..16].copy_from_slice(&sum);
    let mut at = HEADER;
    while let Some(length) = bytes.get(at..at + 4) {
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let end = at + FRAME + length;
        if length == 0 || end > bytes.len() {
            return;
        }
        let sum = checksum(&[&bytes[at..at + 4], &bytes[at + 8..end]]);
        bytes[at + 4..at + 8].copy_from_slice(&sum);
        at = end;
    }
}

fn checksum(parts: &[&[u8]]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().to_le_bytes()
}

/// Batches of a pipeline, one of them changed: recovery says so, or comes to a state that it can write and read.
#[cfg(feature = "flow")]
fn batches(input: &mut Input<'_>) {
    use tripline::journal::{MemoryJournal, MemorySnapshots};

    use super::scenario::{SCENARIO, at, builder};

    let which = usize::from(input.byte()) % SCENARIO.batches.len();
    let mut bytes = SCENARIO.batches[which].as_bytes().to_vec();
    edit(input, &mut bytes);
    let Some(changed) = Batch::from_bytes(bytes) else { return };
    let mut journal = MemoryJournal::new();
    for (at, batch) in SCENARIO.batches.iter().enumerate() {
        let batch = if at == which { &changed } else { batch };
        let last = journal.last();
        let _ = journal.append(last, batch).expect("there is room");
    }
    let synced = journal.sync().expect("it is in memory");
    assert_eq!(synced, Lsn::new(SCENARIO.batches.len() as u64));
    let is_whole = changed == SCENARIO.batches[which];
    match tripline::pipeline::recover(builder(), at(100), &journal, &mut MemorySnapshots::new()) {
        Ok((pipeline, recovery)) => {
            assert_eq!(recovery.batches(), SCENARIO.batches.len() as u64);
            let snapshot = pipeline.snapshot();
            let again = builder().restore(pipeline.last(), &snapshot).expect("what it writes it reads");
            assert!(again.snapshot() == snapshot);
        }
        Err(error) => {
            assert!(
                [ErrorKind::Corrupt, ErrorKind::Diverged].contains(&error.kind()),
                "{:?}: {error}",
                error.kind()
            );
            assert!(!is_whole && error.to_string().contains("batch"), "{error}");
        }
    }
}

//! On the file system of the machine that the tests run on.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::ErrorKind;
use crate::journal::batch::Batch;
use crate::journal::contract::Journal;
use crate::journal::file::journal::FileJournal;
use crate::journal::file::snapshots::FileSnapshots;
use crate::journal::lsn::Lsn;
use crate::journal::snapshots::{Snapshot, Snapshots};

/// A folder for one test, empty before and gone after.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tripline-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn batch(number: u64) -> Batch {
    let mut batch = Batch::new();
    batch.push(&number.to_le_bytes());
    batch.push(&vec![number as u8; 700]);
    batch
}

fn open(folder: &Path) -> FileJournal {
    // A process that a test beside this one starts has every open file for a moment, and its lock with it.
    for _ in 0..1_000_000 {
        match FileJournal::builder().with_segment_bytes(4_096).with_batch_bytes(8_192).open(folder) {
            Err(error) if error.kind() == ErrorKind::Locked => std::thread::yield_now(),
            other => return other.unwrap(),
        }
    }
    panic!("the journal stays locked")
}

#[test]
fn a_journal_goes_on_over_many_openings_segments_and_trims() {
    let folder = Folder::new("journal");
    let path = folder.0.join("made").join("on the way");
    for round in 0..4_u64 {
        let mut journal = open(&path);
        assert_eq!((journal.last(), journal.found().tail()), (Lsn::new(10 * round), None));
        for number in 10 * round + 1..=10 * round + 10 {
            assert_eq!(journal.append(journal.last(), &batch(number)).unwrap(), Lsn::new(number));
        }
        assert_eq!(journal.sync().unwrap(), Lsn::new(10 * round + 10));
        let first = journal.first();
        let numbers: Vec<u64> = journal
            .read(first)
            .unwrap()
            .map(|entry| {
                u64::from_le_bytes(entry.unwrap().batch().records().next().unwrap().try_into().unwrap())
            })
            .collect();
        assert_eq!(numbers, (first.get()..=10 * round + 10).collect::<Vec<_>>());
        journal.trim(Lsn::new(10 * round + 6)).unwrap();
        assert!(journal.first() <= Lsn::new(10 * round + 6) && journal.first() > first.previous());
    }
    assert!(std::fs::read_dir(&path).unwrap().count() <= 4, "what was trimmed is gone");
}

#[test]
fn a_batch_longer_than_a_segment_gets_one_and_one_over_the_limit_is_refused() {
    let folder = Folder::new("long");
    let mut journal = open(&folder.0);
    let mut long = Batch::new();
    long.push(&[7; 8_000]);
    journal.append(Lsn::ZERO, &long).unwrap();
    let mut longer = Batch::new();
    longer.push(&[7; 9_000]);
    let error = journal.append(Lsn::FIRST, &longer).unwrap_err();
    assert!(error.is_limit(), "{error}");
    assert_eq!(error.to_string(), "the batch has 9002 bytes, the journal takes 8192");
    journal.append(Lsn::FIRST, &batch(2)).unwrap();
    drop(journal);
    assert_eq!(open(&folder.0).read(Lsn::FIRST).unwrap().count(), 2);
}

#[test]
fn two_handles_do_not_have_it_open_at_a_time() {
    let folder = Folder::new("handles");
    let journal = open(&folder.0);
    let snapshots = FileSnapshots::open(&folder.0).unwrap();
    assert_eq!(FileJournal::open(&folder.0).unwrap_err().kind(), ErrorKind::Locked);
    assert_eq!(FileJournal::salvage(&folder.0).unwrap_err().kind(), ErrorKind::Locked);
    assert_eq!(FileSnapshots::open(&folder.0).unwrap_err().kind(), ErrorKind::Locked);
    drop((journal, snapshots));
    FileJournal::open(&folder.0).unwrap();
    FileSnapshots::open(&folder.0).unwrap();
}

/// Names the folder that a child of `two_processes…` is to fight for.
const CHILD: &str = "TRIPLINE_TEST_JOURNAL_CHILD";

#[test]
fn two_processes_do_not_have_it_open_at_a_time_and_a_killed_one_lets_go() {
    if let Ok(path) = std::env::var(CHILD) {
        let mut journal = FileJournal::open(path).unwrap();
        journal.append(Lsn::ZERO, &batch(1)).unwrap();
        journal.sync().unwrap();
        println!("\nheld");
        // Until it is killed: nobody writes to it.
        let _ = std::io::read_to_string(std::io::stdin());
        return;
    }
    use std::io::{BufRead, BufReader};
    let folder = Folder::new("processes");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["two_processes_do_not_have_it_open", "--nocapture"])
        .env(CHILD, &folder.0)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let held = BufReader::new(child.stdout.take().unwrap()).lines().any(|line| line.unwrap() == "held");
    let while_held = FileJournal::open(&folder.0).map(drop).map_err(|error| error.kind());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(held, "the child has opened it");
    assert_eq!(while_held, Err(ErrorKind::Locked));
    let journal = FileJournal::open(&folder.0).unwrap();
    assert_eq!((journal.last(), journal.found().tail()), (Lsn::FIRST, None));
}

#[test]
fn a_folder_that_cannot_be_made_is_told_with_its_cause() {
    let folder = Folder::new("file");
    std::fs::write(&folder.0, b"a file").unwrap();
    let error = FileJournal::open(&folder.0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(std::error::Error::source(&error).is_some());
    std::fs::remove_file(&folder.0).unwrap();
}

#[test]
fn other_files_in_the_folder_are_left_alone() {
    let folder = Folder::new("others");
    std::fs::create_dir(&folder.0).unwrap();
    for name in ["notes.txt", "1.journal", "x.journal.tmp", "00000000000000000009.journal.damaged"] {
        std::fs::write(folder.0.join(name), b"mine").unwrap();
    }
    drop(open(&folder.0));
    let mut snapshots = FileSnapshots::open(&folder.0).unwrap();
    for number in 0..5 {
        snapshots.put(&Snapshot::new(Lsn::new(number), vec![0; 10])).unwrap();
    }
    let mut names: Vec<String> = std::fs::read_dir(&folder.0)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "00000000000000000001.journal",
            "00000000000000000004.snapshot",
            "00000000000000000005.snapshot",
            "00000000000000000009.journal.damaged",
            "1.journal",
            "journal.lock",
            "notes.txt",
            "snapshots.lock",
            "x.journal.tmp",
        ]
    );
}

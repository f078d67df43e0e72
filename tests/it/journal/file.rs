//! The file journal against its suite, on the file system.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tripline::journal::{FileJournal, FileSnapshots};
use tripline::testing::{journal_conformance, snapshots_conformance};

/// A new folder for every store.
fn folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("journal-{number}"));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[test]
fn the_journal_and_the_snapshots_in_a_folder_conform() {
    for segment_bytes in [1, 4_096, 1_000_000] {
        journal_conformance(|| {
            let folder = folder();
            move || FileJournal::builder().with_segment_bytes(segment_bytes).open(&folder)
        })
        .assert();
    }
    snapshots_conformance(|| {
        let folder = folder();
        move || FileSnapshots::open(&folder)
    })
    .assert();
}

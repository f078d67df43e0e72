//! The file journal against its suite, on the file system.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tripline::journal::{FileJournal, FileSnapshots};
use tripline::testing::{journal_conformance, snapshots_conformance};

/// A folder for one store, empty before and gone after.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("journal-{}-{number}", std::process::id());
        Self(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_journal_and_the_snapshots_in_a_folder_conform() {
    for segment_bytes in [1, 4_096, 1_000_000] {
        journal_conformance(|| {
            let folder = Folder::new();
            move || FileJournal::builder().with_segment_bytes(segment_bytes).open(&folder.0)
        })
        .assert();
    }
    snapshots_conformance(|| {
        let folder = Folder::new();
        move || FileSnapshots::open(&folder.0)
    })
    .assert();
}

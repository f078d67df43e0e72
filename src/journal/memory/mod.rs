//! A journal and snapshots without a disk.

mod journal;
mod snapshots;

pub use journal::MemoryJournal;
pub use snapshots::MemorySnapshots;

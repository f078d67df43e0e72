//! What must outlive a crash: batches in order, and snapshots.
//!
//! A machine that always does the same with the same inputs need not save its
//! state at every step. It writes down its inputs, waits until they are safe,
//! and acts. After a crash it takes its last [`Snapshot`] and is handed the
//! inputs after it once more.
//!
//! | I want to… | go to… |
//! |---|---|
//! | know what a journal promises, or write one over my own store | [`Journal`], and `testing::journal_conformance` |
//! | keep snapshots in my own store | [`Snapshots`], and `testing::snapshots_conformance` |
//! | keep both in a folder (feature `journal-file`) | `FileJournal`, `FileSnapshots` |
//! | say no as the others do, from a store of my own | [`refuse`] |
//! | know the bytes of the files | [`journal_format`](crate::_documentation::journal_format) |
//! | test without a disk, with crashes | [`MemoryJournal`], [`MemorySnapshots`] |
//!
//! ```
//! use tripline::journal::{Batch, Journal, Lsn, MemoryJournal, MemorySnapshots, Snapshot, Snapshots};
//!
//! let (mut journal, mut snapshots) = (MemoryJournal::new(), MemorySnapshots::new());
//! for input in ["one", "two", "three"] {
//!     let mut batch = Batch::new();
//!     batch.push(input.as_bytes());
//!     journal.append(journal.last(), &batch)?;
//! }
//! journal.sync()?; // one sync for three batches
//!
//! let state = Snapshot::new(Lsn::new(2), b"one, two".to_vec());
//! snapshots.put(&state)?;
//! journal.trim(state.lsn().next())?;
//!
//! // The same after a crash: the snapshot, and what came after it.
//! journal.crash(0);
//! let journal = journal.reopen();
//! let snapshot = snapshots.latest()?.into_snapshot().expect("one was put");
//! let mut state = String::from_utf8_lossy(snapshot.bytes()).into_owned();
//! for entry in journal.read(snapshot.lsn().next())? {
//!     for record in entry?.batch().records() {
//!         state += &format!(", {}", String::from_utf8_lossy(record));
//!     }
//! }
//! assert_eq!(state, "one, two, three");
//! # Ok::<(), tripline::Error>(())
//! ```

mod batch;
mod chain;
mod contract;
#[cfg(feature = "journal-file")]
mod file;
mod found;
mod lsn;
mod memory;
pub mod refuse;
mod snapshots;

pub use batch::{Batch, Records};
pub use chain::Chain;
pub use contract::{Entries, Entry, Journal};
#[cfg(feature = "journal-file")]
pub use file::{FileJournal, FileJournalBuilder, FileSnapshots, Salvage};
pub use found::{Damage, Found, Tail, Why};
pub use lsn::Lsn;
pub use memory::{MemoryJournal, MemorySnapshots};
pub use snapshots::{Latest, Snapshot, Snapshots};

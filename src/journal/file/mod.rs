//! The journal and the snapshots in a folder.

#[cfg(test)]
macro_rules! planted {
    ($bug:ident) => {
        crate::journal::file::planted::is(crate::journal::file::planted::Bug::$bug)
    };
}

/// Whether the tests have planted a fault here; outside of them it is a constant.
#[cfg(not(test))]
macro_rules! planted {
    ($bug:ident) => {
        false
    };
}

mod builder;
mod disk;
mod format;
mod journal;
mod open;
#[cfg(test)]
mod planted;
mod read;
mod salvage;
mod segment;
mod snapshots;
mod storage;
#[cfg(test)]
mod tests;

pub use builder::FileJournalBuilder;
pub use journal::FileJournal;
pub use salvage::Salvage;
pub use snapshots::FileSnapshots;

//! Faults that the tests plant into the journal, one at a time, to see that they are caught.

use std::cell::Cell;

/// A fault that a writer of a journal might make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bug {
    IgnoresShortWrites,
    ChecksumWithoutLength,
    NoChain,
    NeverSyncs,
    NeverSyncsTheFolder,
    AcknowledgesBeforeTheSync,
    GoesOnAfterAFailedSync,
    GoesOnAfterAFailedWrite,
    TrustsTheCacheOnOpening,
    GoesOnBehindAnUncleanTail,
    CutsWithoutReadingOn,
    SaysNothingOfTheTail,
    LeavesNoWordOfTheNextSegment,
    RenamesBeforeTheSync,
    GrowsItsFiles,
    EndsWithASector,
    OpensWhatIsCutShort,
    TrimsOneTooMany,
    TrimsWithoutFolderSync,
    MarksBeforeTheSync,
    SnapshotsInPlace,
    SnapshotsWithoutSync,
    SnapshotsWithoutFolderSync,
    SnapshotsWithoutChecksum,
    KeepsOneSnapshot,
    PassesOverSnapshotsInSilence,
}

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// Whether the fault is planted in this thread.
pub(super) fn is(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Runs `work` with the fault.
pub(super) fn with<T>(bug: Option<Bug>, work: impl FnOnce() -> T) -> T {
    let before = PLANTED.replace(bug);
    let done = work();
    PLANTED.set(before);
    done
}

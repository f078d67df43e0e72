//! Faults are planted into the journal: the suites must find each of them.

use super::{crash, errors, forged, medium, sectors, snapshots};
use crate::journal::file::planted::{self, Bug};

macro_rules! caught {
    ($($name:ident: $bug:ident by $suite:ident,)*) => {
        $(
            #[test]
            fn $name() {
                let found = planted::with(Some(Bug::$bug), $suite::suite);
                assert!(found.is_err(), "nobody has noticed it");
            }
        )*
    };
}

caught! {
    a_short_write_that_is_ignored_is_caught: IgnoresShortWrites by errors,
    a_checksum_that_leaves_out_the_length_is_caught: ChecksumWithoutLength by forged,
    a_missing_chain_is_caught: NoChain by medium,
    a_missing_sync_is_caught: NeverSyncs by crash,
    a_missing_sync_of_the_folder_is_caught: NeverSyncsTheFolder by crash,
    an_acknowledgement_before_the_sync_is_caught: AcknowledgesBeforeTheSync by crash,
    going_on_after_a_failed_sync_is_caught: GoesOnAfterAFailedSync by errors,
    going_on_after_a_failed_write_is_caught: GoesOnAfterAFailedWrite by errors,
    trusting_the_cache_on_opening_is_caught: TrustsTheCacheOnOpening by errors,
    going_on_behind_an_unclean_tail_is_caught: GoesOnBehindAnUncleanTail by crash,
    cutting_without_reading_on_is_caught: CutsWithoutReadingOn by medium,
    a_tail_that_is_cut_in_silence_is_caught: SaysNothingOfTheTail by medium,
    a_segment_whose_loss_nobody_would_miss_is_caught: LeavesNoWordOfTheNextSegment by medium,
    a_rename_before_the_sync_is_caught: RenamesBeforeTheSync by crash,
    a_file_that_grows_with_its_batches_is_caught: GrowsItsFiles by medium,
    a_file_that_is_cut_short_and_opens_is_caught: OpensWhatIsCutShort by medium,
    a_batch_that_ends_with_a_sector_is_caught: EndsWithASector by sectors,
    a_trim_of_one_too_many_is_caught: TrimsOneTooMany by crash,
    a_trim_that_may_leave_a_hole_is_caught: TrimsWithoutFolderSync by crash,
    a_mark_before_the_sync_is_caught: MarksBeforeTheSync by crash,
    a_snapshot_that_is_written_in_place_is_caught: SnapshotsInPlace by snapshots,
    a_snapshot_without_sync_is_caught: SnapshotsWithoutSync by snapshots,
    a_snapshot_without_sync_of_the_folder_is_caught: SnapshotsWithoutFolderSync by snapshots,
    a_snapshot_without_checksum_is_caught: SnapshotsWithoutChecksum by snapshots,
    one_snapshot_in_place_of_two_is_caught: KeepsOneSnapshot by snapshots,
    a_damaged_snapshot_that_is_passed_over_in_silence_is_caught: PassesOverSnapshotsInSilence by snapshots,
}

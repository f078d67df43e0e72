//! Small numbers that stand for things.

use crate::event::SeriesKind;

/// The number of no trigger, no series, no instance and no rung.
pub(super) const NOBODY: u32 = u32::MAX;

/// What a trigger asks for, beside the kinds of series 0 and 1: ingestions,
/// tasks of any process, jobs, the phases of unification, and any event.
pub(super) const INGESTIONS: u8 = 2;
pub(super) const TASKS: u8 = 3;
pub(super) const JOBS: u8 = 4;
pub(super) const UNIFICATIONS: u8 = 5;
pub(super) const EVENTS: u8 = 6;

/// How many kinds there are in all.
pub(super) const ALL_KINDS: usize = 7;

pub(super) fn is_series_kind(kind: u8) -> bool {
    usize::from(kind) < KINDS.len()
}

/// The kinds that a trigger can watch; series of other kinds are not kept.
pub(super) const KINDS: [SeriesKind; 2] = [SeriesKind::SEGMENT, SeriesKind::MEASURE];

#[inline]
pub(super) fn kind_number(kind: &str) -> Option<u8> {
    match kind {
        "segment" => Some(0),
        "measure" => Some(1),
        _ => None,
    }
}

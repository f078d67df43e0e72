//! Small numbers that stand for things.

use crate::event::SeriesKind;

/// The number of no trigger, no series, no instance and no rung.
pub(super) const NOBODY: u32 = u32::MAX;

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

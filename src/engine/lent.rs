//! What a ladder, or a slot, needs to know of an instance, and the state that is lent to it.

use crate::time::Nanos;

/// The keys through which a value can move without an instance noticing; empty
/// (every value wakes it) where the first is greater than the second.
pub(super) type Quiet = (i64, i64);

/// The interval that every value leaves.
pub(super) const WAKE_ALWAYS: Quiet = (i64::MAX, i64::MIN);

/// The whole state of an instance that has one bound, one re-arm level and no
/// other option: it is lent to the ladder, so that crossing touches nothing
/// else. What the instance itself says is out of date until it is taken back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plain {
    /// It is entered upwards.
    pub(super) enters_up: bool,
    /// Inside; while it is lent, its active rung tells this.
    pub(super) inside: bool,
    /// Where inside: not by a crossing.
    pub(super) spent: bool,
    pub(super) since: Nanos,
    pub(super) last_firing: Nanos,
    pub(super) firings_then: u32,
}

/// What the ladder needs to know of an instance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) trigger: u32,
    /// Its possible wake keys, two upward and two downward.
    pub(super) edges: [Option<i64>; 4],
    pub(super) quiet: Quiet,
    pub(super) plain: Option<Plain>,
}

//! What a pipeline holds at most, and what it has done.

/// The bounds of a [`Pipeline`](super::Pipeline); each of its machines has bounds of its own.
///
/// ```
/// use tripline::pipeline::Limits;
/// assert_eq!(Limits::default().with_events(500).events(), 500);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    events: usize,
    unsafe_bytes: usize,
    firings: usize,
    kept: usize,
    kept_value: usize,
    kept_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            events: 10_000,
            unsafe_bytes: 64 << 20,
            firings: 10_000,
            kept: 100_000,
            kept_value: 64 << 10,
            kept_bytes: 256 << 20,
        }
    }
}

crate::bounds::limits! {
    "pipeline";
    /// Events of one input, 10,000 by default.
    events, with_events: usize, "Limits::default().events(), 10_000";
    /// Bytes of batches that are not known to be safe, 64 MiB by default; one
    /// input may go over it, after that events are refused until it is below again.
    unsafe_bytes, with_unsafe_bytes: usize, "Limits::default().unsafe_bytes(), 64 << 20";
    /// Firings that are remembered, 10,000 by default; the oldest make room, and their numbers tell.
    firings, with_firings: usize, "Limits::default().firings(), 10_000";
    /// Values that are [kept](super::Keep) for the host, 100,000 by default.
    kept, with_kept: usize, "Limits::default().kept(), 100_000";
    /// Bytes of one of them, 64 KiB by default.
    kept_value, with_kept_value: usize, "Limits::default().kept_value(), 64 << 10";
    /// Bytes of all of them with their keys, 256 MiB by default.
    kept_bytes, with_kept_bytes: usize, "Limits::default().kept_bytes(), 256 << 20";
}

/// What a pipeline has done since its journal began.
///
/// ```
/// use tripline::{action::Registry, pipeline::Pipeline};
/// assert!(Pipeline::builder(Registry::new()).build()?.counts().iter().all(|(_, count)| count == 0));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub(super) inputs: u64,
    pub(super) events: u64,
    pub(super) firings: u64,
    pub(super) deliveries: u64,
    pub(super) refused_deliveries: u64,
    pub(super) restarts: u64,
    pub(super) keeps: u64,
    pub(super) refused: u64,
}

crate::bounds::counts! {
    "{action::Registry, pipeline::Pipeline}", "Pipeline::builder(Registry::new()).build().unwrap()";
    /// Inputs that gave a batch.
    inputs;
    /// Events in them, whatever became of each.
    events;
    /// Firings.
    firings;
    /// Deliveries that flows handed to the dispatcher.
    deliveries;
    /// Of these, those that the dispatcher does not take, because they break its bounds or it has their ids
    /// already: their steps have failed.
    refused_deliveries;
    /// Restarts: see [`recover`](super::recover).
    restarts;
    /// Values that were kept, replaced or let go of: see [`Keep`](super::Keep).
    keeps;
    /// Inputs refused because too much waits, or over a bound. Not in the journal, so a crash forgets them.
    refused;
}

//! The bounds of flows, and what they count.

/// The most steps of a flow.
pub(super) const MAX_STEPS: usize = 500;

/// The longest name of a step.
pub(super) const MAX_NAME: usize = 64;

/// The longest name of an action or a connection: a delivery takes no longer one.
pub(super) const MAX_TARGET: usize = 512;

/// The most runs of a flow at once that can be asked for.
pub(super) const MAX_RUNS: u32 = 10_000;

/// The most runs that can be asked to wait.
pub(super) const MAX_WAITING: u32 = 100_000;

/// How much [`Flows`](super::Flows) take in and remember.
///
/// ```
/// use tripline::action::Registry;
/// use tripline::flow::{Flows, Limits};
///
/// let flows = Flows::new(Registry::new()).with_limits(Limits::default().with_runs(500));
/// assert_eq!(flows.limits().runs(), 500);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    runs: usize,
    bytes: usize,
    history: usize,
    history_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { runs: 10_000, bytes: 256 << 20, history: 10_000, history_bytes: 64 << 20 }
    }
}

crate::bounds::limits! {
    "flow";
    /// Runs that have not ended, of all flows together, those that wait among
    /// them: 10,000 by default. One input may go over it; after that further
    /// firings are refused as [`ErrorKind::Full`](crate::ErrorKind::Full) until it is below again.
    runs, with_runs: usize, "Limits::default().runs(), 10_000";
    /// Bytes of the inputs and outputs of runs that have not ended, 256 MiB by
    /// default; as with their number, one input may go over it.
    bytes, with_bytes: usize, "Limits::default().bytes(), 256 << 20";
    /// Runs that have ended and are remembered, 10,000 by default; the oldest
    /// make room, and are counted. As many firings are remembered that started nothing.
    history, with_history: usize, "Limits::default().history(), 10_000";
    /// Bytes of all runs that have ended, 64 MiB by default.
    history_bytes, with_history_bytes: usize, "Limits::default().history_bytes(), 64 << 20";
}

/// What flows have done since they were made.
///
/// ```
/// use tripline::{action::Registry, flow::Flows};
/// assert_eq!(Flows::new(Registry::new()).counts().started(), 0);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub(super) started: u64,
    pub(super) duplicates: u64,
    pub(super) unmatched: u64,
    pub(super) refused: u64,
    pub(super) resubmitted: u64,
    pub(super) succeeded: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
    pub(super) deliveries: u64,
    pub(super) steps_succeeded: u64,
    pub(super) steps_failed: u64,
    pub(super) steps_skipped: u64,
    pub(super) steps_timed_out: u64,
    pub(super) ignored: u64,
    pub(super) outputs_dropped: u64,
    pub(super) history_dropped: u64,
}

crate::bounds::counts! {
    "{action::Registry, flow::Flows}", "Flows::new(Registry::new())";
    /// Runs started, those that wait for their turn and those submitted again among them.
    started;
    /// Firings handed in that had led to a run before: they changed nothing.
    duplicates;
    /// Firings of triggers that no flow begins with.
    unmatched;
    /// Firings refused for want of room.
    refused;
    /// Runs submitted again.
    resubmitted;
    /// Runs that succeeded.
    succeeded;
    /// Runs that failed.
    failed;
    /// Runs called off.
    cancelled;
    /// Deliveries made of steps.
    deliveries;
    /// Steps that succeeded.
    steps_succeeded;
    /// Steps that failed.
    steps_failed;
    /// Steps that were skipped.
    steps_skipped;
    /// Steps that timed out.
    steps_timed_out;
    /// Outcomes of deliveries that no step waited for, or waited for any more.
    ignored;
    /// Outputs too large to be kept for the steps after.
    outputs_dropped;
    /// Runs forgotten to make room for later ones.
    history_dropped;
}

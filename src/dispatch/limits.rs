//! The dispatcher's bounds and what it counts.

use crate::bounds::{counts, limits};
use crate::error::Fault;

/// How much a [`Dispatcher`](super::Dispatcher) takes in.
///
/// ```
/// use tripline::dispatch::{Dispatcher, Limits};
///
/// let dispatcher = Dispatcher::builder().with_limits(Limits::default().with_deliveries(500)).build()?;
/// assert_eq!(dispatcher.limits().deliveries(), 500);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    deliveries: usize,
    bytes: usize,
    input_bytes: usize,
    targets: usize,
    outcomes: usize,
    dead_letters: usize,
    dead_letter_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deliveries: 100_000,
            bytes: 256 << 20,
            input_bytes: 256 << 10,
            targets: 100_000,
            outcomes: 100_000,
            dead_letters: 10_000,
            dead_letter_bytes: 64 << 20,
        }
    }
}

limits! {
    "dispatch";
    /// Deliveries that are pending, 100,000 by default. One input may go over
    /// it; after that further ones are refused as
    /// [`ErrorKind::Full`](crate::ErrorKind::Full) until it is below again.
    deliveries, with_deliveries: usize, "Limits::default().deliveries(), 100_000";
    /// Bytes of all that are pending, 256 MiB by default; as with their number, one input may go over it.
    bytes, with_bytes: usize, "Limits::default().bytes(), 256 << 20";
    /// Bytes of one input as JSON, 256 KiB by default.
    input_bytes, with_input_bytes: usize, "Limits::default().input_bytes(), 256 << 10";
    /// Targets that are remembered, 100,000 by default. Those that nothing is
    /// pending for and that are not switched off make room for others.
    targets, with_targets: usize, "Limits::default().targets(), 100_000";
    /// Outcomes that wait to be polled, 100,000 by default. One input may go
    /// over it; after that inputs and the clock are refused as
    /// [`ErrorKind::Full`](crate::ErrorKind::Full) until it is below again.
    outcomes, with_outcomes: usize, "Limits::default().outcomes(), 100_000";
    /// Dead letters, 10,000 by default; the oldest make room, and are counted.
    dead_letters, with_dead_letters: usize, "Limits::default().dead_letters(), 10_000";
    /// Bytes of all dead letters, 64 MiB by default.
    dead_letter_bytes, with_dead_letter_bytes: usize, "Limits::default().dead_letter_bytes(), 64 << 20";
}

impl Limits {
    /// The bounds with which nothing would ever be taken in. To keep no dead letters is a way to go on.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let all = [
            ("deliveries", self.deliveries),
            ("bytes", self.bytes),
            ("inputBytes", self.input_bytes),
            ("targets", self.targets),
            ("outcomes", self.outcomes),
        ];
        let of_none = all.into_iter().filter(|(_, most)| *most == 0);
        of_none.map(|(name, _)| Fault::new(format!("limits.{name}"), "0: it takes at least 1")).collect()
    }
}

/// What a dispatcher has done since it was made.
///
/// ```
/// use tripline::dispatch::Dispatcher;
/// assert_eq!(Dispatcher::new().counts().delivered(), 0);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) refused: u64,
    pub(super) attempts: u64,
    pub(super) delivered: u64,
    pub(super) retries: u64,
    pub(super) throttled: u64,
    pub(super) lost: u64,
    pub(super) cut_off: u64,
    pub(super) late: u64,
    pub(super) dead: u64,
    pub(super) dead_dropped: u64,
    pub(super) dead_discarded: u64,
    pub(super) redriven: u64,
    pub(super) cancelled: u64,
    pub(super) circuits_opened: u64,
    pub(super) targets_disabled: u64,
    pub(super) targets_forgotten: u64,
}

counts! {
    "dispatch::Dispatcher", "Dispatcher::new()";
    /// Deliveries taken in, those that were dead at once among them.
    accepted;
    /// Deliveries handed in while one of the same id was pending or a dead letter.
    duplicates;
    /// Deliveries refused: something was wrong with them, or a bound was reached.
    refused;
    /// Attempts handed out.
    attempts;
    /// Deliveries carried out.
    delivered;
    /// Failed attempts after which another is made.
    retries;
    /// Attempts that were answered with a request to slow down.
    throttled;
    /// Attempts that were lost: nothing was told of them by their deadline.
    lost;
    /// Attempts that the end of a process cut off: see [`Dispatcher::handle_restart`](super::Dispatcher::handle_restart).
    cut_off;
    /// Ends of attempts told when the attempt had ended before: they changed nothing.
    late;
    /// Deliveries given up.
    dead;
    /// Dead letters let go to make room.
    dead_dropped;
    /// Dead letters discarded on request.
    dead_discarded;
    /// Dead letters sent again.
    redriven;
    /// Deliveries called off.
    cancelled;
    /// Times that a circuit opened, after a failed probe too.
    circuits_opened;
    /// Targets switched off.
    targets_disabled;
    /// Idle targets forgotten to make room for others.
    targets_forgotten;
}

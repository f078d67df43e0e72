//! The delivering machine: deliveries in, attempts out, until each is done or given up.
//!
//! A [`Dispatcher`] holds [`Delivery`]s, hands out [`Work`] when it is due, and is
//! told what came of it. It keeps every target to its concurrency and throttle,
//! leaves it alone while it fails, keeps the order where one is asked for, tries
//! again, and gives up with every reason written down. It reads no clock, sends
//! nothing and draws no random number. [`drive`](drive()) is the loop around it,
//! for any runtime.
//!
//! | I want to… | go to… |
//! |---|---|
//! | have deliveries made, on any runtime | [`drive`](drive()), [`Outlet`], [`Timer`] |
//! | write the loop myself, or simulate it | [`Dispatcher`], [`Work`] |
//! | say what is to be done | [`Delivery`], [`DeliveryId`] |
//! | say how a target is treated | [`LanePolicy`], [`DispatcherBuilder`] |
//! | know what became of it | [`Outcome`], [`DeadLetter`], [`Dispatcher::explain`], [`Counts`] |
//!
//! ```
//! use chrono::{DateTime, TimeDelta};
//! use serde_json::json;
//! use tripline::action::{ActionError, Effect};
//! use tripline::dispatch::{Completion, Delivery, DeliveryId, Dispatcher, Outcome};
//!
//! let mut now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
//! let mut dispatcher = Dispatcher::new();
//! let delivery = Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", json!({"text": "hi"}))
//!     .with_effect(Effect::Guarded);
//! let _ = dispatcher.handle_delivery(now, delivery)?;
//!
//! let work = dispatcher.poll_work().expect("the first attempt is due at once");
//! let Completion::Retry(at) = dispatcher.complete(now, work.lease(), Err(ActionError::transient("it is down")))? else {
//!     panic!("what is transient is tried again")
//! };
//! assert!(dispatcher.poll_work().is_none());
//! assert_eq!(dispatcher.poll_timeout(), Some(at));
//! assert!(dispatcher.explain("d-17").unwrap().starts_with("waits until "));
//!
//! now = at; // the host waits
//! dispatcher.handle_timeout(now)?;
//! let work = dispatcher.poll_work().unwrap();
//! assert_eq!((work.attempt(), work.context().idempotency_key()), (2, "d-17"));
//! let _ = dispatcher.complete(now + TimeDelta::milliseconds(40), work.lease(), Ok(json!({"note": 17})))?;
//! assert!(matches!(dispatcher.poll_outcome(), Some(Outcome::Delivered { attempt: 2, .. })));
//! # Ok::<(), tripline::Error>(())
//! ```

mod builder;
mod circuit;
mod dead;
mod delivery;
mod drive;
mod end;
mod explain;
mod ids;
mod input;
mod lane;
mod limits;
mod numbered;
mod outcome;
mod policy;
mod record;
mod restart;
mod snapshot;
mod start;
mod timers;
mod work;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::action::Throttle;
use crate::time::{DeadlineQueue, Nanos, datetime};

use dead::DeadLetters;
use ids::Ids;
use lane::{Job, JobState, Lane};
use numbered::Numbered;
use timers::Timed;

pub use builder::DispatcherBuilder;
pub use dead::{Attempt, DeadLetter, DeadReason};
#[cfg(feature = "flow")]
pub(crate) use delivery::joined;
pub use delivery::{Delivery, DeliveryId};
pub use drive::{Drive, Outlet, Prepare, Stop, Timer, drive};
pub use limits::{Counts, Limits};
pub use outcome::{Admission, Completion, Outcome};
pub use policy::LanePolicy;
pub use work::{Lease, Work};

/// Has deliveries made, each until it is done or given up.
///
/// # Contract
///
/// 1. *Inputs*: [`handle_delivery`](Self::handle_delivery) and
///    [`handle_deliveries`](Self::handle_deliveries) take deliveries,
///    [`complete`](Self::complete) the end of an attempt,
///    [`handle_timeout`](Self::handle_timeout) the time. `now` comes first. Should
///    it be earlier than before, the latest time seen counts instead.
/// 2. After each input, poll [`poll_work`](Self::poll_work) and
///    [`poll_outcome`](Self::poll_outcome) until they give `None`, and wait no
///    longer than [`poll_timeout`](Self::poll_timeout) says before the next. A
///    call too early, or too many, is a no-op. An attempt begins at the time of
///    the last input.
/// 3. *Every delivery that was taken in is pending, delivered, called off or a
///    dead letter*, at any time. Dead letters have a bound; those that make
///    room are counted, and were told as an [`Outcome`].
/// 4. *One key*: all attempts of a delivery carry its id as the idempotency key,
///    also when it is [sent again](Self::redrive). At most one runs at a time.
/// 5. *Leases*: an attempt whose end is not told by its deadline is lost; its
///    outcome is unknown and it counts as failed; those of a process that has
///    ended are [cut off](Self::handle_restart). At the very deadline the end
///    is still in time. What is told later changes nothing, and is counted.
/// 6. *What follows a failure* depends on the error alone: transient and
///    throttled ones are tried again by the delivery's policy, never before a
///    `Retry-After` (up to the policy's cap); an [unsafe](crate::action::Effect::Unsafe)
///    action whose outcome is unknown only where the delivery says so; a target
///    that is gone is switched off; all else is given up at once.
/// 7. *Of one target*, older deliveries go first among those that are due, and
///    never more attempts run than its policy allows. Targets take turns, and
///    so do those that share a throttle.
/// 8. *Bounds*: one input may carry the number or the bytes of what is pending, in all
///    or to [one target](LanePolicy::with_pending), over its bound; after that further ones are refused as
///    [`ErrorKind::Full`](crate::ErrorKind::Full) until it is below again. With too
///    many unpolled outcomes, deliveries and the clock are refused, and
///    `poll_timeout` and `poll_work` give nothing. `complete` is never refused
///    for want of room. A refusal changes nothing but a count.
/// 9. The same inputs in the same order give the same outputs, cut by
///    [`snapshot`](Self::snapshot) and [`restore`](Self::restore) anywhere.
///
/// Taking in, handing out and completing cost O(log n) in what is pending and in
/// the number of targets. It is `Send` and locks nothing: one dispatcher, one owner.
///
/// ```
/// fn assert_send<T: Send + 'static>() {}
/// assert_send::<tripline::dispatch::Dispatcher>();
/// ```
#[derive(Debug, Clone)]
pub struct Dispatcher {
    config: Arc<Config>,
    clock: Nanos,
    jobs: Numbered<Job>,
    ids: Ids,
    next_job: u64,
    bytes: usize,
    lanes: Numbered<Lane>,
    /// Looked up alone: its order, drawn anew by every process, is never seen.
    lane_names: HashMap<Arc<str>, u64, RandomState>,
    next_lane: u64,
    /// Lanes that could be forgotten, the oldest first.
    idle_lanes: BTreeSet<u64>,
    /// How many lanes are full.
    full_lanes: usize,
    /// Lanes that may have something to hand out now, in the order of their turns.
    runnable: VecDeque<u64>,
    /// The job of each lease that is live.
    leases: Numbered<u64>,
    next_lease: u64,
    throttles: BTreeMap<Arc<str>, Throttle>,
    gates: BTreeMap<u64, Gate>,
    /// By throttle and key.
    gate_names: BTreeMap<(Arc<str>, Arc<str>), u64>,
    next_gate: u64,
    timers: DeadlineQueue<Timed>,
    dead: DeadLetters,
    outcomes: VecDeque<Outcome>,
    counts: Counts,
}

/// What the host decides, and no snapshot holds.
#[derive(Debug, Clone, Default)]
struct Config {
    limits: Limits,
    seed: u64,
    policy: Arc<LanePolicy>,
    /// By the beginning of a target's name.
    policies: BTreeMap<Arc<str>, Arc<LanePolicy>>,
}

/// A throttle's key, and the lanes that wait for it.
///
/// One lane at a time has the pass, so that a slot that becomes free costs one
/// try, however many wait. Where any waits, one has the pass or the gate wakes.
#[derive(Debug, Clone)]
struct Gate {
    throttle: Arc<str>,
    key: Arc<str>,
    lanes: usize,
    waiting: VecDeque<u64>,
    is_passing: bool,
    wake: Option<Nanos>,
}

impl Dispatcher {
    /// A dispatcher with defaults: four attempts at once and 20 seconds each for
    /// every target, no throttle.
    ///
    /// ```
    /// use tripline::dispatch::Dispatcher;
    /// assert!(Dispatcher::new().is_idle());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::of(Config::default(), BTreeMap::new())
    }

    /// A dispatcher with limits, policies, throttles and a seed of its own.
    ///
    /// ```
    /// use tripline::dispatch::Dispatcher;
    /// let dispatcher = Dispatcher::builder().with_seed(7).build()?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn builder() -> DispatcherBuilder {
        DispatcherBuilder::new()
    }

    fn of(config: Config, throttles: BTreeMap<Arc<str>, Throttle>) -> Self {
        Self {
            config: Arc::new(config),
            clock: Nanos::MIN,
            jobs: Numbered::new(),
            ids: Ids::default(),
            next_job: 0,
            bytes: 0,
            lanes: Numbered::new(),
            lane_names: HashMap::default(),
            next_lane: 0,
            idle_lanes: BTreeSet::new(),
            full_lanes: 0,
            runnable: VecDeque::new(),
            leases: Numbered::new(),
            next_lease: 0,
            throttles,
            gates: BTreeMap::new(),
            gate_names: BTreeMap::new(),
            next_gate: 0,
            timers: DeadlineQueue::new(),
            dead: DeadLetters::default(),
            outcomes: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is next wanted; `None` where
    /// nothing waits for time, or too many outcomes wait to be polled. It may
    /// turn out that nothing happens then.
    ///
    /// ```
    /// use tripline::dispatch::Dispatcher;
    /// assert_eq!(Dispatcher::new().poll_timeout(), None);
    /// ```
    pub fn poll_timeout(&self) -> Option<DateTime<Utc>> {
        let (at, _) = self.timers.peek().filter(|_| !self.has_too_many_outcomes())?;
        Some(datetime(at))
    }

    /// The next thing that has ended, oldest first.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// # use tripline::dispatch::Outcome;
    /// let Some(Outcome::Dead(letter)) = dispatcher.poll_outcome() else { panic!("it was given up") };
    /// assert_eq!(letter.delivery().id().as_str(), "d-17");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn poll_outcome(&mut self) -> Option<Outcome> {
        self.outcomes.pop_front()
    }

    /// Whether a lease has not ended: what the host does under another one is in vain.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/work.rs")]
    /// assert!(dispatcher.is_live(work.lease()));
    /// dispatcher.handle_timeout(work.deadline())?;
    /// assert!(!dispatcher.is_live(work.lease()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_live(&self, lease: Lease) -> bool {
        self.leases.contains(lease.0)
    }

    /// What an attempt that has not ended is of.
    #[cfg(feature = "flow")]
    pub(crate) fn delivery_of(&self, lease: Lease) -> Option<&str> {
        let job = self.jobs.get(*self.leases.get(lease.0)?)?;
        Some(job.delivery.id().as_str())
    }

    /// Whether further deliveries are refused for now: all, or those to some target.
    ///
    /// ```
    /// use tripline::dispatch::Dispatcher;
    /// assert!(!Dispatcher::new().is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        let limits = &self.config.limits;
        self.jobs.len() >= limits.deliveries()
            || self.bytes >= limits.bytes()
            || self.full_lanes > 0
            || self.has_too_many_outcomes()
    }

    /// Whether no delivery is pending.
    ///
    /// ```
    /// use tripline::dispatch::Dispatcher;
    /// assert!(Dispatcher::new().is_idle());
    /// ```
    pub fn is_idle(&self) -> bool {
        self.jobs.is_empty()
    }

    /// How many deliveries are pending, those under way among them.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/work.rs")]
    /// assert_eq!((dispatcher.pending(), dispatcher.in_flight()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pending(&self) -> usize {
        self.jobs.len()
    }

    /// How many attempts are under way.
    ///
    /// ```
    /// use tripline::dispatch::Dispatcher;
    /// assert_eq!(Dispatcher::new().in_flight(), 0);
    /// ```
    pub fn in_flight(&self) -> usize {
        self.leases.len()
    }

    /// Whether a target is switched off, because it said that it wants nothing more.
    ///
    /// ```
    /// use tripline::dispatch::Dispatcher;
    /// assert!(!Dispatcher::new().is_disabled("board"));
    /// ```
    pub fn is_disabled(&self, target: &str) -> bool {
        self.lane_of(target).is_some_and(|lane| lane.disabled.is_some())
    }

    /// The targets that are switched off, in the order in which they were first met.
    ///
    /// ```
    /// use tripline::dispatch::Dispatcher;
    /// assert_eq!(Dispatcher::new().disabled_targets().count(), 0);
    /// ```
    pub fn disabled_targets(&self) -> impl Iterator<Item = &str> {
        self.lanes.iter().filter(|(_, lane)| lane.disabled.is_some()).map(|(_, lane)| &*lane.name)
    }

    /// The dead letters that are kept, oldest first.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// assert_eq!(dispatcher.dead_letters().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dead_letters(&self) -> impl ExactSizeIterator<Item = &DeadLetter> {
        self.dead.iter().map(AsRef::as_ref)
    }

    /// The dead letter of this id.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// assert!(dispatcher.dead_letter("d-18").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dead_letter(&self, id: &str) -> Option<&DeadLetter> {
        self.dead.get(id).map(AsRef::as_ref)
    }

    /// What it has counted.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/dead.rs")]
    /// assert_eq!((dispatcher.counts().attempts(), dispatcher.counts().dead()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Its bounds.
    ///
    /// ```
    /// use tripline::dispatch::Dispatcher;
    /// assert_eq!(Dispatcher::new().limits().deliveries(), 100_000);
    /// ```
    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    fn has_too_many_outcomes(&self) -> bool {
        self.outcomes.len() >= self.config.limits.outcomes()
    }

    fn lane_of(&self, target: &str) -> Option<&Lane> {
        self.lanes.get(*self.lane_names.get(target)?)
    }

    /// Notes whether a lane could be forgotten, and whether it is full.
    #[inline(never)]
    fn note_standing(&mut self, number: u64) {
        let Some(lane) = self.lanes.get_mut(number) else { return };
        let (was, is) = (lane.is_among_idle, lane.is_idle());
        lane.is_among_idle = is;
        match (was, is) {
            (false, true) => _ = self.idle_lanes.insert(number),
            (true, false) => _ = self.idle_lanes.remove(&number),
            _ => {}
        }
        let (was, is) = (lane.is_among_full, lane.is_full());
        lane.is_among_full = is;
        self.full_lanes = self.full_lanes + usize::from(is) - usize::from(was);
    }

    /// The number of the pending delivery of this id, and the id's hash.
    fn find(&self, id: &str) -> (Option<u64>, u64) {
        let hash = self.ids.hash(id);
        let is = |number| self.jobs.get(number).is_some_and(|job| job.delivery.id.as_str() == id);
        (self.ids.find(hash, is), hash)
    }

    fn state_of(&self, number: u64) -> Option<JobState> {
        self.jobs.get(number).map(|job| job.state)
    }
}

impl Default for Dispatcher {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;

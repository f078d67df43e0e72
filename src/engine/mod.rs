//! The deciding machine: events in, firings out.
//!
//! An [`Engine`] holds [triggers](crate::trigger), finds those that an event
//! concerns by index, judges each (trigger, series) with the machine of
//! [`threshold`](crate::threshold), and hands out [`Firing`]s. It reads no
//! clock and does nothing by itself.
//!
//! ```
//! use chrono::DateTime;
//! use tripline::{engine::Engine, event::Event, threshold::Threshold, Trigger};
//!
//! let mut engine = Engine::new();
//! let now = DateTime::from_timestamp(1_772_330_600, 0).unwrap();
//! engine.add(now, Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?)?;
//!
//! for (id, minute, members) in [("t-16", 0, 998), ("t-17", 3, 1004)] {
//!     let text = format!(
//!         r#"{{"specversion":"1.0","id":"{id}","source":"/instances/contoso","type":"tripline.value.observed",
//!             "time":"2026-03-01T02:0{minute}:00Z","data":{{"kind":"segment","name":"vip","value":{members}}}}}"#
//!     );
//!     let _ = engine.handle_event(now, &Event::from_json(text.as_bytes())?)?;
//! }
//! let firing = engine.poll_firing().expect("998 to 1004 crosses 1000");
//! assert_eq!(firing.event().map(|event| event.id()), Some("t-17"));
//! assert!(engine.poll_firing().is_none());
//! # Ok::<(), tripline::Error>(())
//! ```

mod age;
mod apply;
mod attach;
mod bars;
mod bits;
mod clock;
mod cold;
mod config;
mod dedupe;
mod emit;
mod explain;
mod hash;
mod idle;
mod index;
mod input;
mod instance;
mod ladder;
mod lent;
mod limits;
mod numbers;
mod observe;
mod outbox;
mod owned;
mod pages;
mod ranks;
mod receipt;
mod recent;
mod register;
mod replace;
mod shelf;
mod silence;
mod slot;
mod slots;
mod snapshot;
mod solo;
mod sources;
mod standing;
mod tasks;
mod verdict;
mod wake;
mod watch;

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::error::{Error, ErrorKind};
use crate::firing::Firing;
use crate::partition::Partition;
use crate::threshold::NEVER;
use crate::time::{
    DayTime, DeadlineQueue, InstantReader, Nanos, datetime, format_duration, format_instant, instant,
    nanos_of,
};

use dedupe::Dedupe;
use emit::Pending;
use explain::ExplainLog;
use instance::Instance;
use ladder::Woken;
use outbox::Outbox;
use register::Register;
use slot::LONG_AGO;
use slots::Slots;
use tasks::Tasks;
use watch::Watch;

pub use config::Replace;
pub use explain::Explanation;
pub use limits::{Counts, Limits};
pub use observe::{FiringBrief, SeriesHandle};
pub use receipt::{BatchReport, Observation, Receipt};
pub use snapshot::RestoreReport;
pub use standing::SeriesState;
pub use tasks::RefreshObservation;

/// Judges events by triggers and hands out firings.
///
/// # Contract
///
/// 1. *Inputs*: [`handle_event`](Engine::handle_event) and
///    [`handle_batch`](Engine::handle_batch) take events;
///    [`observe_refresh`](Engine::observe_refresh) and
///    [`observe_refreshes`](Engine::observe_refreshes) take tasks,
///    [`observe`](Engine::observe), [`observe_series`](Engine::observe_series)
///    and [`observe_batch`](Engine::observe_batch) bare numbers, without an
///    event id and so without a check for duplicates. A batch may be of the
///    host's own items: [`observe_batch_of`](Engine::observe_batch_of),
///    [`observe_refreshes_of`](Engine::observe_refreshes_of). `now` comes
///    first; it guards against events from the future and stands in for absent
///    times, nothing else.
/// 2. *Time* is event time: the largest time of an accepted event or tick.
///    Before an observation at `t` is applied, everything due before `t`
///    happens, of every series, in the order (instant, trigger in the order
///    added, series key); after it, what is due at `t` on its own series.
/// 3. [`handle_timeout`](Engine::handle_timeout) moves the clock without an
///    event; one that does not move it is a no-op.
///    [`poll_timeout`](Engine::poll_timeout) says when the next one is wanted.
/// 4. [`poll_firing`](Engine::poll_firing) hands out firings, oldest first.
///    Poll it until it gives `None` after each input. An input that meets too
///    many unpolled firings is refused as [`ErrorKind::Full`]: poll, then hand
///    the same input in again.
/// 5. An error changes no state but a count; only `Full` may have moved
///    deadlines that were due anyway, and noted the name of a task's item.
/// 6. The same inputs in the same order give the same firings with the same
///    ids, at any batch size, with any hash seed, cut by
///    [`snapshot`](Engine::snapshot) and [`restore`](Engine::restore) anywhere.
///
/// It is `Send` and locks nothing: one engine, one owner.
///
/// ```
/// fn assert_send<T: Send + 'static>() {}
/// assert_send::<tripline::engine::Engine>();
/// ```
#[derive(Debug, Clone)]
pub struct Engine {
    limits: Limits,
    skew: Option<Duration>,
    seed: u64,
    /// What it is confined to.
    partition: Option<Partition>,
    /// Tells the handles of one numbering of the series from those of another.
    identity: Identity,
    clock: Nanos,
    /// The earliest deadline; nothing is due before it.
    next: Nanos,
    /// Up to here an observation may be judged by its slot alone: the earliest
    /// deadline, or none while explanations are kept or the outbox is full.
    plain_until: Nanos,
    times: InstantReader,
    /// Up to here every trigger's own clock has been moved, whatever its `lateness`.
    flushed: Nanos,
    register: Register,
    slots: Slots,
    tasks: Tasks,
    instances: Vec<Instance>,
    free: Vec<u32>,
    /// Deadlines of triggers without and with `lateness`.
    timers: DeadlineQueue<(u32, u32)>,
    late_timers: DeadlineQueue<(u32, u32)>,
    /// Observations that wait for some `lateness`.
    waiting: usize,
    dedupe: Dedupe,
    pending: Outbox,
    counts: Counts,
    explain: Option<Box<ExplainLog>>,
    // Buffers that are used again.
    found: Vec<u32>,
    woken: Vec<Woken>,
    order: Vec<u64>,
    due: Vec<(u32, u32)>,
}

/// The handles of one numbering of series: as many numbers as there may be
/// series, which no other numbering in this process has. A cloned engine gets
/// its own. No result depends on them.
#[derive(Debug)]
struct Identity {
    first: u64,
    /// For so many series.
    series: usize,
}

impl Identity {
    /// For so many series, and one: none would have the first of the next.
    fn new(series: usize) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // A number of a series has 32 bits, whatever the bound is.
        let room = (series as u64).min(1 << 32) + 1;
        Self { first: NEXT.fetch_add(room, Ordering::Relaxed), series }
    }

    fn handle(&self, number: u32) -> u64 {
        self.first.wrapping_add(number.into())
    }

    /// The number of a handle; of one of another numbering a number that no series has.
    #[inline(always)]
    fn number(&self, handle: u64) -> usize {
        usize::try_from(handle.wrapping_sub(self.first)).unwrap_or(usize::MAX)
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self::new(self.series)
    }
}

/// Makes an [`Engine`] with other bounds, skew or hash seed than the usual.
///
/// ```
/// use std::time::Duration;
/// use tripline::engine::{Engine, Limits};
///
/// let engine = Engine::builder()
///     .with_limits(Limits::default().with_dedupe_ids(10_000))
///     .with_skew(Some(Duration::from_secs(300)))
///     .build();
/// assert_eq!(engine.limits().dedupe_ids(), 10_000);
/// ```
#[derive(Debug, Clone)]
pub struct EngineBuilder {
    limits: Limits,
    skew: Option<Duration>,
    seed: Option<u64>,
    partition: Option<Partition>,
}

impl EngineBuilder {
    /// Other bounds.
    ///
    /// ```
    /// use tripline::engine::{Engine, Limits};
    /// let engine = Engine::builder().with_limits(Limits::default().with_series(10)).build();
    /// assert_eq!(engine.limits().series(), 10);
    /// ```
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How far ahead of `now` an event may be; one day by default, `None` for
    /// any (a replay, where `now` means nothing).
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripline::{engine::Engine, event::SeriesRef, ErrorKind};
    /// let (mut engine, now) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// let error = engine.observe_series(now, &SeriesRef::segment("/s", "vip"), now + TimeDelta::days(2), 1.0);
    /// assert_eq!(error.unwrap_err().kind(), ErrorKind::Skew);
    /// ```
    #[must_use]
    pub fn with_skew(mut self, skew: Option<Duration>) -> Self {
        self.skew = skew;
        self
    }

    /// A fixed seed for the hash tables. By default it is random, against
    /// floods of names chosen to collide; no result depends on it.
    ///
    /// ```
    /// use tripline::engine::Engine;
    /// let engine = Engine::builder().with_hash_seed(7).build();
    /// assert_eq!(engine.counts().events(), 0);
    /// ```
    #[must_use]
    pub fn with_hash_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The engine of one partition: it judges only what that owns, as if there
    /// were nothing else. It takes every event, as far as its bounds go; one of which
    /// it owns nothing moves the clock and is ignored. Triggers that the
    /// partition does not [take](Partition::takes) are not to be added: they would fire here too.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::{Engine, Receipt}, event::ValueObserved, partition::Partitions, threshold::Threshold, Trigger};
    ///
    /// let (at, trigger) = (DateTime::UNIX_EPOCH, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)));
    /// let trigger = trigger.build()?;
    /// let event = ValueObserved::new("segment", "vip", 998.0).into_event("1", "/s")?;
    /// let mut accepted = 0;
    /// for partition in Partitions::new(16)?.iter() {
    ///     let mut engine = Engine::builder().with_partition(partition).build();
    ///     engine.add(at, trigger.clone())?;
    ///     accepted += usize::from(engine.handle_event(at, &event)? == Receipt::Accepted);
    /// }
    /// assert_eq!(accepted, 1);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_partition(mut self, partition: Partition) -> Self {
        self.partition = Some(partition);
        self
    }

    /// The engine, without triggers yet.
    ///
    /// ```
    /// let engine = tripline::engine::Engine::builder().build();
    /// assert_eq!(engine.poll_timeout(), None);
    /// ```
    pub fn build(self) -> Engine {
        // The hasher draws its own seed from the process; only that is read here.
        let seed = self.seed.unwrap_or_else(|| foldhash::fast::RandomState::default().hash_one(0_u8));
        let window = nanos_of(self.limits.dedupe_window());
        Engine {
            skew: self.skew,
            seed,
            partition: self.partition,
            identity: Identity::new(self.limits.series()),
            clock: LONG_AGO,
            next: NEVER,
            plain_until: NEVER,
            times: InstantReader::default(),
            flushed: LONG_AGO,
            register: Register::new(seed),
            slots: Slots::new(seed),
            tasks: Tasks::new(seed),
            instances: Vec::new(),
            free: Vec::new(),
            timers: DeadlineQueue::new(),
            late_timers: DeadlineQueue::new(),
            waiting: 0,
            dedupe: Dedupe::new(seed, window, self.limits.dedupe_ids()),
            pending: Outbox::default(),
            counts: Counts::default(),
            explain: None,
            found: Vec::new(),
            woken: Vec::new(),
            order: Vec::new(),
            due: Vec::new(),
            limits: self.limits,
        }
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// An engine with the default bounds and no triggers.
    ///
    /// ```
    /// use tripline::engine::Engine;
    /// assert_eq!(Engine::new().triggers().count(), 0);
    /// ```
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An engine with other bounds.
    ///
    /// ```
    /// use tripline::engine::Engine;
    /// let engine = Engine::builder().with_skew(None).build();
    /// ```
    pub fn builder() -> EngineBuilder {
        let day = Duration::from_secs(24 * 3_600);
        EngineBuilder { limits: Limits::default(), skew: Some(day), seed: None, partition: None }
    }

    /// The bounds it was made with.
    ///
    /// ```
    /// use tripline::engine::{Engine, Limits};
    /// assert_eq!(Engine::new().limits(), &Limits::default());
    /// ```
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What it has seen so far.
    ///
    /// ```
    /// use tripline::engine::Engine;
    /// assert_eq!(Engine::new().counts().events(), 0);
    /// ```
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The partition that it is [of](EngineBuilder::with_partition); `None` where it judges everything.
    ///
    /// ```
    /// use tripline::{engine::Engine, partition::Partitions};
    /// let partition = Partitions::new(16)?.get(3)?;
    /// assert_eq!(Engine::builder().with_partition(partition).build().partition(), Some(partition));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn partition(&self) -> Option<Partition> {
        self.partition
    }

    /// Event time: the largest time of an accepted event or tick.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::engine::Engine;
    /// let mut engine = Engine::new();
    /// assert_eq!(engine.clock(), None);
    /// engine.handle_timeout(DateTime::UNIX_EPOCH)?;
    /// assert_eq!(engine.clock(), Some(DateTime::UNIX_EPOCH));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn clock(&self) -> Option<DateTime<Utc>> {
        (self.clock != LONG_AGO).then(|| datetime(self.clock))
    }

    /// How many series are watched.
    ///
    /// ```
    /// use tripline::engine::Engine;
    /// assert_eq!(Engine::new().series_count(), 0);
    /// ```
    pub fn series_count(&self) -> usize {
        self.slots.len()
    }

    /// Moves the clock to `now`: what is due at or before it happens. A call
    /// that does not move the clock is a no-op.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Full`] where firings must be polled first (call it again
    /// then); [`ErrorKind::Limit`] for a time outside the years 1677 to 2262.
    ///
    /// ```
    /// use std::time::Duration;
    /// use chrono::{DateTime, TimeDelta};
    /// use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
    ///
    /// let (mut engine, start) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// let held = Threshold::above(1000.0).with_hold(Duration::from_secs(600));
    /// engine.add(start, Trigger::segment_threshold_crossed("vip", "vip", held).build()?)?;
    /// for members in [998.0, 1004.0] {
    ///     let _ = engine.observe_series(start, &SeriesRef::segment("/s", "vip"), start, members)?;
    /// }
    /// let due = engine.poll_timeout().unwrap();
    /// assert_eq!(due, start + TimeDelta::minutes(10));
    /// engine.handle_timeout(due)?;
    /// assert_eq!(engine.poll_firing().unwrap().due_at(), Some(due));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn handle_timeout(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        self.explain_no_context();
        self.tick(instant(now)?)
    }

    /// When [`handle_timeout`](Engine::handle_timeout) is wanted next. Where
    /// something is due at the very instant of the clock (a deadline of a
    /// series whose observation at that instant may still come), that is the
    /// nanosecond after.
    ///
    /// ```
    /// use tripline::engine::Engine;
    /// assert_eq!(Engine::new().poll_timeout(), None);
    /// ```
    pub fn poll_timeout(&self) -> Option<DateTime<Utc>> {
        let due = self.next;
        (due != NEVER).then(|| datetime(due.max(self.clock.saturating_add(1))))
    }

    /// Ends the input at `now`: the clock moves there, and every trigger's own
    /// clock with it, so that nothing waits for `lateness` any more.
    ///
    /// # Errors
    ///
    /// As [`handle_timeout`](Engine::handle_timeout).
    ///
    /// ```
    /// use std::time::Duration;
    /// use chrono::DateTime;
    /// use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
    ///
    /// let (mut engine, start) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// let late = Threshold::above(1000.0).with_lateness(Duration::from_secs(3600));
    /// engine.add(start, Trigger::segment_threshold_crossed("vip", "vip", late).build()?)?;
    /// for members in [998.0, 1004.0] {
    ///     let _ = engine.observe_series(start, &SeriesRef::segment("/s", "vip"), start, members)?;
    /// }
    /// assert!(engine.poll_firing().is_none(), "both wait for an hour");
    /// engine.flush(start)?;
    /// assert!(engine.poll_firing().is_some());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn flush(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        self.explain_no_context();
        self.flush_to(instant(now)?)
    }

    /// The next firing, oldest first.
    ///
    /// ```
    /// use tripline::engine::Engine;
    /// assert!(Engine::new().poll_firing().is_none());
    /// ```
    #[must_use = "a firing that is polled and dropped is lost"]
    pub fn poll_firing(&mut self) -> Option<Firing> {
        let pending = self.pending.pop_front()?;
        self.reopen();
        match pending {
            Pending::Full { firing, .. } => Some(*firing),
            Pending::Occurred(occurred) => self.build_occurred(&occurred),
            Pending::Parts { trigger, parts } => self.build_parts(trigger, &parts),
            Pending::Crossing(crossing) => self.build(&crossing.record()),
            Pending::Record(record) => self.build(&record),
        }
    }

    /// How many firings wait to be polled.
    ///
    /// ```
    /// use tripline::engine::Engine;
    /// assert_eq!(Engine::new().pending_firings(), 0);
    /// ```
    pub fn pending_firings(&self) -> usize {
        self.pending.len()
    }

    /// Asks for explanations, or not. They are made by the decision itself, and
    /// cost nothing while they are off.
    ///
    /// ```
    /// use tripline::engine::Engine;
    /// let mut engine = Engine::new();
    /// engine.set_explain(true);
    /// assert!(engine.poll_explanation().is_none());
    /// ```
    pub fn set_explain(&mut self, on: bool) {
        self.take_back_all();
        self.explain = on.then(Box::default);
        self.set_next(self.next);
    }

    /// The next explanation, oldest first; `None` unless they are
    /// [asked for](Engine::set_explain).
    ///
    /// ```
    /// use tripline::engine::Engine;
    /// assert!(Engine::new().poll_explanation().is_none());
    /// ```
    pub fn poll_explanation(&mut self) -> Option<Explanation> {
        self.explain.as_mut()?.waiting.pop_front()
    }

    fn watch(&self, number: u32) -> Option<&Watch> {
        self.register.get(number)
    }

    fn watch_mut(&mut self, number: u32) -> Option<&mut Watch> {
        self.register.get_mut(number)
    }

    fn store_instance(&mut self, instance: Instance) -> u32 {
        match self.free.pop() {
            Some(number) => {
                self.instances[number as usize] = instance;
                number
            }
            None => {
                self.instances.push(instance);
                (self.instances.len() - 1) as u32
            }
        }
    }

    /// The instant of an input, refused where it is too far ahead of `now`.
    #[inline]
    fn arrival(&mut self, now: DayTime, time: DayTime) -> Result<Nanos, Error> {
        let at = self.times.read(time)?;
        if time > now { self.guard(now, at) } else { Ok(at) }
    }

    #[inline]
    fn guard(&mut self, now: DayTime, at: Nanos) -> Result<Nanos, Error> {
        let Some(skew) = self.skew else { return Ok(at) };
        let now = self.times.read(now)?;
        if at <= now.saturating_add(nanos_of(skew)) {
            return Ok(at);
        }
        Err(self.is_ahead(now, at, skew))
    }

    #[cold]
    fn is_ahead(&mut self, now: Nanos, at: Nanos, skew: Duration) -> Error {
        self.counts.skewed += 1;
        let ahead = format_duration(Duration::from_nanos(at.abs_diff(now)));
        let (time, skew) = (format_instant(at), format_duration(skew));
        let message = format!("{time} is {ahead} ahead of now, the limit is {skew}");
        Error::new(ErrorKind::Skew, message).at("time")
    }
}

//! Deciding and doing as one machine that outlives a crash.
//!
//! A [`Pipeline`] joins an [engine](crate::engine), [flows](crate::flow) and a
//! [dispatcher](crate::dispatch). What goes in is written down before anything
//! comes of it: each input gives a batch to [persist](Persist), and the work it
//! leads to is handed out once that is safe. It has no logic of its own.
//!
//! | I want to… | go to… |
//! |---|---|
//! | have events lead to deliveries | [`Pipeline`], [`PipelineBuilder`] |
//! | go on after a crash | [`recover`], [`Recovery`] |
//! | let go of what is no longer needed | [`Pipeline::checkpoint`] |
//! | keep batches in a store of my own | [`Persist`], [`Pipeline::persisted`] |
//! | commit a cursor with the events that it gave | [`Keep`], [`Pipeline::handle_events_keeping`] |
//! | divide events among several pipelines | [`Pipeline::handle_log`], [`Commit`], and the room `shard` |
//! | know why nothing happened | [`Pipeline::why`], [`Pipeline::activity`] |
//!
//! ```
#![doc = include_str!("../../docs/snippets/pipeline.rs")]
//! let event = ValueObserved::new("segment", "vip", 998.0).into_event("t-16", "/s")?;
//! let _ = pipeline.handle_event(now, &event)?;
//! let event = ValueObserved::new("segment", "vip", 1004.0).into_event("t-17", "/s")?;
//! let receipt = pipeline.handle_event(now, &event)?;
//! assert_eq!(receipt.firings().len(), 1);
//!
//! assert!(pipeline.poll_send().is_none(), "nothing is sent before it is written down");
//! while let Some(persist) = pipeline.poll_persist() {
//!     persist.append_to(&mut journal)?;
//! }
//! pipeline.persisted(journal.sync()?);
//!
//! let work = pipeline.poll_send().unwrap();
//! assert_eq!(work.input(), &json!({"text": "VIPs: 1004"}));
//! let _ = pipeline.complete(now, work.lease(), Ok(json!({})))?; // what its action gave
//!
//! // After a crash, the same from the journal. What was told is written down by the next sync at the latest.
//! while let Some(persist) = pipeline.poll_persist() {
//!     persist.append_to(&mut journal)?;
//! }
//! let (after, recovery) = recover(Pipeline::builder(registry), now, &journal, &mut snapshots)?;
//! assert_eq!((recovery.batches(), recovery.firings()), (4, 1));
//! assert!(after.dispatcher().is_idle());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod activity;
mod builder;
mod checkpoint;
mod commit;
mod configure;
mod firings;
mod input;
mod keep;
mod keeping;
mod limits;
mod log;
mod persist;
mod receipt;
mod record;
mod recover;
mod settle;
mod snapshot;
mod why;

use std::collections::VecDeque;
use std::fmt;

use chrono::{DateTime, Utc};

use crate::dispatch::{Dispatcher, Work};
use crate::engine::{Engine, Explanation, SeriesState};
use crate::event::Series;
use crate::flow::{Flows, Rendered};
use crate::journal::Lsn;

use firings::Firings;
use keep::Kept;

pub use activity::Activity;
pub use builder::PipelineBuilder;
pub use commit::Commit;
pub use configure::Changes;
pub use keep::Keep;
pub use limits::{Counts, Limits};
pub use persist::Persist;
pub use receipt::Receipt;
pub(crate) use recover::{Owners, recover_as};
pub use recover::{Recovery, recover};

/// Has events lead to deliveries, and loses nothing over a crash.
///
/// # Contract
///
/// 1. *Inputs*: [`handle_event`](Self::handle_event), [`handle_events`](Self::handle_events),
///    [`complete`](Self::complete), [`handle_timeout`](Self::handle_timeout); flows come and go by
///    [`define`](Self::define), [`remove`](Self::remove) and [`set_flows`](Self::set_flows); people
///    [`resubmit`](Self::resubmit), [`cancel_run`](Self::cancel_run), [`redrive`](Self::redrive),
///    [`discard`](Self::discard) and [`enable_target`](Self::enable_target); small values of the host's own are
///    [kept](Self::keep), alone or with events and flows; a partition's events come from its [log](Self::handle_log). `now` comes first. Should
///    it be earlier than before, each machine takes the latest time it has seen.
/// 2. After each input, poll [`poll_persist`](Self::poll_persist) until it gives `None`, append each
///    batch to the journal in that order, and tell by [`persisted`](Self::persisted) how far it is safe.
///    Then poll [`poll_send`](Self::poll_send), and wait no longer than
///    [`poll_timeout`](Self::poll_timeout) says. A call too early, or too many, is a no-op.
/// 3. *One input, one batch*: the input, what is to be kept with it, the firings and the rendered deliveries that
///    it led to are in the journal together or not at all. An input that is refused is in none.
/// 4. *No effect precedes its record*: work is handed out only when its batch is safe, and not at all
///    where it was lost or called off meanwhile.
/// 5. *Replay*: the same batches give the same state; nothing is rendered again. Where firings or
///    renderings differ, recovery says [`Diverged`](crate::ErrorKind::Diverged) with the batch.
/// 6. *At least once*: what was under way at a crash is done again under the same id and with the same input,
///    unless its action may not be repeated. A receiver that drops ids it has seen gets each delivery once.
/// 7. *Bounds*: one input may carry what waits over its bound; after that events are refused as
///    [`ErrorKind::Full`](crate::ErrorKind::Full) and the engine's clock stands still, until it is below
///    again. Completions are never refused for want of room, and deliveries go on. A refusal changes nothing but a count.
/// 8. An `append` that is [`Fenced`](crate::ErrorKind::Fenced) means that another process owns the journal:
///    drop the pipeline, send nothing more.
///
/// It is `Send` and locks nothing: one owner.
///
/// ```
/// fn assert_send<T: Send + 'static>() {}
/// assert_send::<tripline::pipeline::Pipeline>();
/// ```
pub struct Pipeline {
    engine: Engine,
    flows: Flows,
    dispatcher: Dispatcher,
    limits: Limits,
    /// The last batch that was made, and the last that is safe.
    last: Lsn,
    safe: Lsn,
    /// The last that a snapshot was put of.
    checkpoint: Lsn,
    /// Without a journal batches are not made, and everything is safe at once.
    is_durable: bool,
    batches: VecDeque<Persist>,
    /// Bytes of the batches that are not known to be safe, by their numbers.
    unsafe_bytes: VecDeque<(Lsn, usize)>,
    bytes: usize,
    outgoing: VecDeque<(Lsn, Work)>,
    firings: Firings,
    kept: Kept,
    /// Of a partition's log: the offset of what has not been taken yet.
    offset: u64,
    counts: Counts,
    /// What the flows rendered under the input that is being handled, call by call.
    rendered: Vec<Vec<Rendered>>,
    /// What they rendered when it was first handled, where it is handled again.
    given: Option<VecDeque<Vec<Rendered>>>,
}

impl Pipeline {
    /// With the actions that its flows may run.
    ///
    /// ```
    /// use tripline::{action::Registry, pipeline::Pipeline};
    /// assert_eq!(Pipeline::builder(Registry::new()).build()?.flows().flows().count(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn builder(registry: crate::action::Registry) -> PipelineBuilder {
        PipelineBuilder::new(registry)
    }

    /// The next batch for the journal.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// let persist = pipeline.poll_persist().unwrap(); // the flow was defined
    /// assert_eq!(persist.lsn().get(), 1);
    /// assert!(pipeline.poll_persist().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "what is not written down is lost in a crash, and nothing behind it is ever sent"]
    pub fn poll_persist(&mut self) -> Option<Persist> {
        self.batches.pop_front()
    }

    /// Tells that the journal is safe up to this batch: what it, and those before it, led to may be sent.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert!(!pipeline.is_safe());
    /// let lsn = pipeline.poll_persist().unwrap().append_to(&mut journal)?;
    /// assert_eq!(journal.sync()?, lsn);
    /// pipeline.persisted(lsn);
    /// assert!(pipeline.is_safe());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn persisted(&mut self, lsn: Lsn) {
        // Not beyond what was made: a number from elsewhere releases nothing.
        self.safe = self.safe.max(lsn.min(self.last));
        while let Some((_, bytes)) = self.unsafe_bytes.front().filter(|(at, _)| *at <= self.safe) {
            self.bytes -= bytes;
            self.unsafe_bytes.pop_front();
        }
    }

    /// The next attempt to be made, of those whose batch is safe. One that was
    /// lost or called off while it waited here is not handed out any more.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert!(pipeline.poll_send().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "an attempt that is not made is lost at its deadline"]
    pub fn poll_send(&mut self) -> Option<Work> {
        while self.outgoing.front().is_some_and(|(lsn, _)| *lsn <= self.safe) {
            let (_, work) = self.outgoing.pop_front()?;
            if self.dispatcher.is_live(work.lease()) {
                return Some(work);
            }
        }
        None
    }

    /// When [`handle_timeout`](Self::handle_timeout) is wanted next. While
    /// [`is_full`](Self::is_full) the engine's deadlines do not count, and in a [partition](Self::handle_log) they never do.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert_eq!(pipeline.poll_timeout(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn poll_timeout(&self) -> Option<DateTime<Utc>> {
        let engine = self.engine.poll_timeout().filter(|_| !self.stands_still());
        [engine, self.flows.poll_timeout(), self.dispatcher.poll_timeout()].into_iter().flatten().min()
    }

    /// How far the journal is known to be safe.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert_eq!((pipeline.safe().get(), pipeline.last().get()), (0, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn safe(&self) -> Lsn {
        self.safe
    }

    /// Whether everything that went in is safe.
    ///
    /// ```
    /// # use tripline::{action::Registry, pipeline::Pipeline};
    /// assert!(Pipeline::builder(Registry::new()).build()?.is_safe());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn is_safe(&self) -> bool {
        self.safe == self.last
    }

    /// Whether events are refused for now: too much waits to be delivered, or to be written down.
    ///
    /// ```
    /// # use tripline::{action::Registry, pipeline::Pipeline};
    /// assert!(!Pipeline::builder(Registry::new()).build()?.is_full());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn is_full(&self) -> bool {
        self.bytes >= self.limits.unsafe_bytes() || self.flows.is_full() || self.dispatcher.is_full()
    }

    /// Whether the engine's time does not go on with that of the host.
    fn stands_still(&self) -> bool {
        self.partition().is_some() || self.is_full()
    }

    /// The number of the last batch that was made.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert_eq!(pipeline.last().get(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn last(&self) -> Lsn {
        self.last
    }

    /// The deciding part.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert_eq!(pipeline.engine().triggers().count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Where a trigger stands on the series that it has seen: see [`Engine::states_of`]. It is no input.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert!(pipeline.states_of("vip-1000", 10).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn states_of(&mut self, trigger: &str, most: usize) -> Vec<(Series, SeriesState)> {
        self.engine.states_of(trigger, most)
    }

    /// The flows and their runs.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert_eq!(pipeline.flows().flow("vip-1000").unwrap().steps().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn flows(&self) -> &Flows {
        &self.flows
    }

    /// The delivering part.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert!(pipeline.dispatcher().is_idle());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    /// Its bounds.
    ///
    /// ```
    /// # use tripline::{action::Registry, pipeline::Pipeline};
    /// assert_eq!(Pipeline::builder(Registry::new()).build()?.limits().firings(), 10_000);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What it has done; each of its machines counts for itself.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert_eq!(pipeline.counts().inputs(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Has the engine say of each event why a trigger fired or did not, or stops that.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// pipeline.set_explain(true);
    /// let event = ValueObserved::new("segment", "vip", 998.0).into_event("t-16", "/s")?;
    /// let _ = pipeline.handle_event(now, &event)?;
    /// assert!(pipeline.poll_explanation().unwrap().reason().contains("first"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_explain(&mut self, on: bool) {
        self.engine.set_explain(on);
    }

    /// The next explanation, where they are switched on.
    ///
    /// ```
    /// # use tripline::{action::Registry, pipeline::Pipeline};
    /// assert!(Pipeline::builder(Registry::new()).build()?.poll_explanation().is_none());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn poll_explanation(&mut self) -> Option<Explanation> {
        self.engine.poll_explanation()
    }
}

impl fmt::Debug for Pipeline {
    /// Where it is, and how much waits; its machines are to be asked for more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("last", &self.last)
            .field("safe", &self.safe)
            .field("flows", &self.flows)
            .field("deliveries", &self.dispatcher.pending())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

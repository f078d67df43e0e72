//! More than one engine: which of them judges what.
//!
//! A host with more events than one engine takes divides them among
//! *partitions*: each has a log of inputs of its own, an engine of its own (or a
//! pipeline, with a journal), and an owner, which is whoever may append to that journal.
//! Every trigger says by what its state can be divided
//! ([`Trigger::partition_key`]): by series, by item, by job, or not at all. A
//! hash of that key says which partition owns it, and an engine
//! [built for a partition](crate::engine::EngineBuilder::with_partition) judges
//! only what its partition owns. So each trigger meets all that concerns one
//! key in one place, and nothing fires twice where an event concerns two keys.
//!
//! | I want to… | go to |
//! |---|---|
//! | know which partitions an event goes to | [`Router`] |
//! | build the engine of one of them | [`Partition`], [`EngineBuilder::with_partition`](crate::engine::EngineBuilder::with_partition) |
//! | let time pass in all of them alike | [`Watermark`] |
//!
//! For input in the order of time the firings of all partitions together are
//! those of one engine that took everything, id for id; for one key they come
//! in the same order. How many partitions there are is settled when the first
//! event is taken: another count owns the keys otherwise.
//!
//! ```
//! use chrono::DateTime;
//! use tripline::{engine::Engine, event::ValueObserved, threshold::Threshold, Trigger};
//! use tripline::partition::{Partitions, Router, Watermark};
//!
//! let trigger = || Trigger::segment_threshold_crossed("big", "*", Threshold::above(1000.0)).build();
//! let partitions = Partitions::new(4)?;
//! let mut engines = Vec::new();
//! for partition in partitions.iter() {
//!     let mut engine = Engine::builder().with_partition(partition).build();
//!     engine.add(DateTime::UNIX_EPOCH, trigger()?)?;
//!     engines.push(engine);
//! }
//! let router = Router::new(partitions, &[trigger()?]);
//!
//! for (number, (segment, members)) in
//!     [("vip", 998.0), ("new", 20.0), ("vip", 1004.0), ("new", 1030.0)].into_iter().enumerate()
//! {
//!     let at = DateTime::from_timestamp(number as i64, 0).unwrap();
//!     let event = ValueObserved::new("segment", segment, members).into_event(number.to_string(), "/s")?.with_time(at);
//!     for place in router.route(&event)? {
//!         let _ = engines[place as usize].handle_event(at, &event)?;
//!     }
//! }
//! let fired: usize = engines.iter().map(Engine::pending_firings).sum();
//! assert_eq!(fired, 2);
//! # Ok::<(), tripline::Error>(())
//! ```
//!
//! [`Trigger::partition_key`]: crate::Trigger::partition_key

mod hash;
mod owner;
mod router;
mod watermark;

pub use owner::{Partition, Partitions};
pub use router::Router;
pub use watermark::Watermark;

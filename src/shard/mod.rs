//! One partition on its ports: a log of inputs, a journal, snapshots.
//!
//! A host with more than one engine takes can handle has a [log of inputs](Inputs) for
//! each [partition](crate::partition), with the events that a
//! [router](crate::partition::Router) sends there and the [watermarks](crate::partition::Watermark).
//! A [`Shard`] reads it, judges, and commits: events, how far the log is taken, what fired and
//! what is to be sent are one batch in the partition's [journal](crate::journal::Journal).
//!
//! Who owns a partition is whoever appends to its journal. Two at a time are
//! harmless: the journal takes the batches of one, and the other is
//! [fenced](crate::ErrorKind::Fenced), drops its shard and opens it anew. So leases, elections
//! and the like save work, and nothing depends on them.
//!
//! | I want to… | go to… |
//! |---|---|
//! | run a partition | [`Shard`] |
//! | read the inputs from a log of my own | [`Inputs`] |
//! | know that log, journal and snapshots of my own do | `testing::shard_conformance` |
//! | see what a partition has committed | [`Commit`](crate::pipeline::Commit) |
//! | know when one process is enough, and how the ports map to what there is | [`scale_out`](crate::_documentation::scale_out) |
//!
//! ```
#![doc = include_str!("../../docs/snippets/shard.rs")]
//! for (id, members) in [("t-16", 998.0), ("t-17", 1004.0)] {
//!     inputs.push(vip(id, members)?.to_json()); // the router's part
//! }
//! let taken = shard.take(now)?;
//! assert_eq!((taken.inputs(), shard.pipeline().next_offset()), (2, 2));
//!
//! let work = shard.poll_send().unwrap(); // it is committed, so it may be sent
//! assert_eq!(work.input(), &json!({"text": "VIPs: 1004"}));
//!
//! // Somebody else believes that this owner is gone. It does the same work again, under the same id.
//! let mut heir = open()?;
//! heir.handle_timeout(now + chrono::TimeDelta::minutes(1))?; // when the next attempt is due
//! assert_eq!(heir.poll_send().unwrap().id(), work.id());
//! assert!(shard.complete(now, work.lease(), Ok(json!({}))).unwrap_err().is_fenced());
//! assert!(shard.poll_send().is_none(), "it sends nothing any more");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod inputs;
mod owner;
mod taken;

pub use inputs::{Input, Inputs, MemoryInputs};
pub use owner::Shard;
pub use taken::Taken;

//! Tests without time: a world of its own, and the suites that actions, transports and journals are held against.
//!
//! For those who write actions, transports and journals, and for simulations: nothing in
//! here reads a clock, waits, or draws a number that the seed does not give.
//! It belongs into the development dependencies, with the feature `testing`.
//!
//! | I want to… | go to… |
//! |---|---|
//! | hold a transport against all that it promises | [`transport_conformance`], [`TransportCase`] |
//! | hold a journal or a store of snapshots against all that it promises | [`journal_conformance`], [`snapshots_conformance`] |
//! | hold a partition's log, journal and snapshots, together, against what its owners build on | `shard_conformance` (feature `flow`) |
//! | run futures and timers in no time | [`World`] |
//! | hold an action against all that it promises | [`conformance()`], [`Capabilities`] |
//! | see what is sent, and what happens if the network fails | [`ScriptedTransport`], [`Fate`] |

mod conformance;
mod hello;
mod journals;
#[cfg(feature = "flow")]
mod shards;
mod transport;
mod transports;
mod world;

pub use conformance::{CANARY, Capabilities, Check, Finding, Report, conformance};
pub use journals::{journal_conformance, snapshots_conformance};
#[cfg(feature = "flow")]
pub use shards::{ShardStore, shard_conformance};
pub use transport::{Fate, ScriptedTransport, Sent};
pub use transports::{Exchanged, Peer, TransportCase, transport_conformance};
pub use world::{Sleep, Stalled, World};

//! Past one machine: an engine per partition, all of them on NATS JetStream.
//!
//! What the library asks of a store is its ports, and [`nats`] fills them in: a
//! journal and snapshots per partition, a log of inputs per partition, and
//! leases. Whoever has another log writes these files anew, and nothing else.
//! [`server`] starts a `nats-server` for a demo or a test.
//!
//! A [`worker`] takes partitions by lease and has an [`owner`] for each; the [`feeder`] fills their logs from the
//! [`source`]. [`demo`] starts all of it, and [`verdict`] holds it against [`one`] process.

pub mod actions;
pub mod demo;
pub mod dice;
pub mod feeder;
pub mod fleet;
pub mod holds;
pub mod nats;
pub mod one;
pub mod owner;
pub mod plant;
pub mod ports;
pub mod receiver;
pub mod run;
pub mod server;
pub mod slot;
pub mod source;
pub mod verdict;
pub mod worker;

/// Whatever a program ends with.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

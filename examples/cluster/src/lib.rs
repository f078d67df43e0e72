//! Past one machine: an engine per partition, all of them on NATS JetStream.
//!
//! What the library asks of a store is its ports, and [`nats`] fills them in: a
//! journal and snapshots per partition, a log of inputs per partition, and
//! leases. Whoever has another log writes these files anew, and nothing else.
//! [`server`] starts a `nats-server` for a demo or a test.

pub mod nats;
pub mod server;

//! The ports of the library, over NATS JetStream.
//!
//! | Port | Here | In JetStream |
//! |---|---|---|
//! | [`Journal`](tripline::journal::Journal) | [`NatsJournal`] | a stream per partition; the sequence is the number of the batch |
//! | [`Snapshots`](tripline::journal::Snapshots) | [`NatsSnapshots`] | a key-value bucket, in pieces |
//! | [`Inputs`](tripline::shard::Inputs) | [`NatsInputs`], written by [`InputWriter`] | a stream per partition |
//! | who does the work | [`Leases`] | a key-value bucket whose entries go away |
//!
//! The ports block, the client is asynchronous: each of these has a [`Link`], is
//! called from a plain thread (never from within the runtime), and answers within the link's deadline,
//! also where the server is gone.

mod frame;
mod inputs;
mod journal;
mod leases;
mod link;
mod pages;
mod snapshots;
mod writer;

pub use inputs::NatsInputs;
pub use journal::NatsJournal;
pub use leases::Leases;
pub use link::Link;
pub use snapshots::NatsSnapshots;
pub use writer::InputWriter;

//! The adapters against what the ports promise, over a real `nats-server` in a folder of its own.
//! Without one they say so and look at nothing.

mod inputs;
mod journal;
mod leases;
mod shard;
mod snapshots;
mod world;

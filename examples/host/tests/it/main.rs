//! The host as a child process, with a real HTTP client, real receivers on the loopback and a journal on the disk.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod actions;
mod asking;
mod child;
mod page;
mod polls;
mod receiver;
mod refusals;
mod subscriptions;

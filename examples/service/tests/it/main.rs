//! The service as a child process, with real HTTP on the loopback and a journal on the disk.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod child;
mod feeder;
mod kills;
mod receiver;
mod service;

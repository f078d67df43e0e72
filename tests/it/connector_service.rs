//! The connector's HTTP surface over a pipeline and its journal, in virtual time.

mod bad_input;
mod crash;
mod declared;
mod delivery;
mod handler;
mod host;
mod model;
mod polls;
mod secrets;
mod statuses;

//! tripline

pub mod engine;
mod error;
pub mod event;
pub mod firing;
pub mod threshold;
pub mod time;
pub mod trigger;

pub use error::{Error, ErrorKind, Fault};
pub use trigger::Trigger;

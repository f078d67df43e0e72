//! Time as the machines see it: instants handed in by the host, durations in
//! ISO 8601, and the deadline queue that every machine shares.
//!
//! Nothing here reads a clock. Instants are [`chrono::DateTime<Utc>`] on the
//! outside and whole nanoseconds since 1970 on the inside, which bounds them
//! to the years 1677 to 2262; anything else is refused with its value.

mod duration;
mod instant;
mod queue;

pub use duration::{format_duration, parse_duration};

pub(crate) use duration::{MAX_DURATION, nanos_of};
pub(crate) use instant::{
    DayTime, InstantReader, Nanos, datetime, format_instant, instant, parse_instant, push_instant,
};
pub(crate) use queue::DeadlineQueue;

//! Acting: how often to try, and how fast.

mod retry;
mod throttle;

pub use retry::{Jitter, RetryPolicy, RetryPolicyBuilder};
pub use throttle::{Rate, Slot, Throttle, ThrottleSnapshot};

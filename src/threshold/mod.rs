//! When a number has crossed a threshold, exactly: state machines over
//! (state, value, time) that know nothing of events or engines.
//!
//! A [`Threshold`] is one [`Condition`] and its options; a [`Monitor`] watches
//! one series with it. The [`engine`](crate::engine) runs the same machine for
//! every (trigger, series).
//!
//! # Episodes
//!
//! An *episode* runs from entering the condition to leaving it past the level
//! that re-arms. It fires at most once. `*` marks the firing:
//!
//! ```text
//! above 1000                    above 1000, rearm 950
//!
//!        *       *                     *
//!       / \     / \                   / \     / \
//! 1000 ----\---/---\-------    1000 ------\---/---\-------   the second peak belongs to the
//!     /     \ /     \               /      \ /     \         same episode: between 950 and
//!    /       v       \         950 -------- v ------\-----   1000 nothing changes
//!   /                 \          /                   \
//! ```
//!
//! The first value of a series only sets its side. One that is inside when
//! first seen has to leave once:
//!
//! ```text
//!   o---o          *            o  inside when first seen: spent
//! 1000 ---\-------/-----
//!          o-----o
//! ```
//!
//! # Time
//!
//! `hold` waits before firing, `keep` before the episode ends:
//!
//! ```text
//! above 1000, hold 10 min       above 1000, keep 10 min, cleared notified
//!
//!       o-----o-----*                *---o           o---o
//! 1000 -/-------------------   1000 -/----\---------/-----\-------------c
//!      o    t0     t0+10min          o     o--4min--o       o--10 min--->
//!           the firing says both           the same episode     cleared
//! ```
//!
//! An outside value at exactly `t0 + hold` cancels: at one instant,
//! observations come before deadlines.
//!
//! # Alone, without the engine
//!
//! ```
//! use std::time::Duration;
//! use tripline::threshold::{Monitor, Threshold, Transition};
//! use chrono::DateTime;
//!
//! let at = |second| DateTime::from_timestamp(second, 0).unwrap();
//! let threshold = Threshold::above(1000.0).with_rearm(950.0).with_hold(Duration::from_secs(600)).build()?;
//! let mut monitor = Monitor::new(threshold);
//! monitor.handle_value(at(0), Some(998.0))?;
//! monitor.handle_value(at(60), Some(1004.0))?;
//! assert_eq!(monitor.poll_signal(), None);
//! assert_eq!(monitor.poll_timeout(), Some(at(660)));
//!
//! monitor.handle_timeout(at(700))?;
//! let signal = monitor.poll_signal().unwrap();
//! assert_eq!(signal.transition(), Transition::Crossed);
//! assert_eq!((signal.crossed_at(), signal.due_at()), (at(60), Some(at(660))));
//! # Ok::<(), tripline::Error>(())
//! ```
//!
//! The rules are those of Azure Monitor, Prometheus (`for`, `keep_firing_for`)
//! and Logic Apps brought to one exact definition; `docs/semantics.md` states
//! each of them.

mod builder;
mod condition;
mod config;
mod exact;
mod key;
mod machine;
mod monitor;
mod phase;
mod reason;
mod replace;
mod waiting;
mod window;
mod zone;

pub use builder::ThresholdBuilder;
pub use condition::{Change, Condition, Direction, Occurrences, OnFirst, OnMissing, Range};
pub use config::Threshold;
pub use monitor::{Monitor, Signal};
pub use phase::{Phase, Side, Transition};

pub(crate) use key::{from_key, key};
pub(crate) use machine::{Extra, NEVER, Rule, State, Step, Why};
pub(crate) use replace::Rejudge;
pub(crate) use waiting::Waiting;
pub(crate) use window::Window;

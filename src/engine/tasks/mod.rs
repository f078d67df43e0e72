//! Tasks, jobs and events as such: what the triggers without a series are judged by.
//!
//! A task concerns its item (source, process, id), a job itself, and
//! `eventReceived` hears any event. Each (trigger, item or job) has its state;
//! unlike observations, tasks may come in any order.

mod attach;
mod batch;
mod config;
mod due;
mod explain;
mod input;
mod items;
mod jobs;
mod judge;
mod lane;
mod phases;
mod quick;
mod report;
mod settling;
mod sieve;
mod tell;
mod text;
mod told;
mod waiter;
mod watchers;

use hashbrown::HashMap;

use sieve::Sieve;

pub use batch::RefreshObservation;
pub(super) use input::{Subject, Task};
pub(super) use items::Items;
pub(super) use jobs::Jobs;
pub(super) use judge::Concern;
pub(super) use phases::{End, Phases};
pub(super) use quick::Occurred;
pub(super) use report::Report;
pub(super) use settling::{Failed, Settling};
pub(super) use told::Told;
pub(super) use waiter::{Waiter, Work};
pub(super) use watchers::Watcher;

/// Items, jobs and events, as far as triggers ask for them.
#[derive(Debug, Clone)]
pub(super) struct Tasks {
    pub(super) items: Items,
    /// Jobs that unifications wait for, or have judged.
    pub(super) jobs: Jobs<Report>,
    /// Jobs that were told of when they ended.
    pub(super) ended: Jobs<Report>,
    /// What was told of the triggers that have one state for all.
    pub(super) whole: HashMap<u32, Told>,
    /// What triggers ask for and the ids of all items, where any was asked for since it was last full.
    sieve: Option<Sieve>,
    /// Raised when a trigger comes, goes or changes: items ask anew.
    generation: u32,
    /// A buffer that is used again.
    concerns: Vec<Concern>,
}

impl Tasks {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            items: Items::new(seed),
            jobs: Jobs::new(seed),
            ended: Jobs::new(seed),
            whole: HashMap::new(),
            sieve: None,
            generation: 1,
            concerns: Vec::new(),
        }
    }
}

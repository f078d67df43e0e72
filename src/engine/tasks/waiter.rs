//! The deadlines that a trigger has on an item.

use crate::event::Process;
use crate::firing::Facts;
use crate::time::Nanos;

use super::super::silence::Silence;
use super::report::Report;
use super::settling::Settling;

/// The part of an instance that waits on behalf of an item.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Waiter {
    pub(in crate::engine) item: u32,
    pub(in crate::engine) work: Work,
}

#[derive(Debug, Clone)]
pub(in crate::engine) enum Work {
    /// `settle`: failures wait for a success.
    Settling { settle: Nanos, failures: Settling<Report> },
    /// `noData`: the last success, and what it said.
    Silence { silence: Silence, last: Box<Report> },
}

impl Waiter {
    pub(in crate::engine) fn due(&self) -> Nanos {
        match &self.work {
            Work::Settling { settle, failures } => failures.due(*settle),
            Work::Silence { silence, .. } => silence.due,
        }
    }

    /// The deadline at or before `until` goes off: when it was due, and what it tells.
    pub(super) fn expire(&mut self, until: Nanos) -> Option<(Nanos, Report)> {
        let due = self.due();
        if due > until || due == crate::threshold::NEVER {
            return None;
        }
        match &mut self.work {
            Work::Settling { settle, failures } => {
                failures.expire(*settle).map(|(due, first)| (due, first.report))
            }
            Work::Silence { silence, last } => {
                silence.expire();
                Some((due, silent(last)))
            }
        }
    }

    /// How many failures wait in it.
    pub(super) fn waiting(&self) -> u64 {
        match &self.work {
            Work::Settling { failures, .. } => failures.failures.len() as u64,
            Work::Silence { .. } => 0,
        }
    }
}

/// A silence tells whose it is, not how its last task went.
fn silent(last: &Report) -> Report {
    let facts =
        Facts { process: Some(Process::INGESTION), item: last.facts.item.clone(), ..Facts::default() };
    Report { facts, ..last.clone() }
}

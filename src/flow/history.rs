//! Runs that are over, and firings that started nothing.

use std::collections::VecDeque;

use super::end::record_weight;
use super::limits::Limits;
use super::run::RunRecord;

/// Runs that are over, in the order in which they ended.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    runs: VecDeque<Box<RunRecord>>,
    /// The number of the next.
    next: u64,
    bytes: usize,
}

impl History {
    /// The run of this number, where it is still remembered.
    pub(super) fn get(&self, number: u64) -> Option<&RunRecord> {
        let newer = usize::try_from(self.next.checked_sub(number)?).ok()?;
        self.runs.get(self.runs.len().checked_sub(newer)?).map(AsRef::as_ref)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &RunRecord> {
        self.runs.iter().map(AsRef::as_ref)
    }

    /// Keeps one more; its number.
    pub(super) fn push(&mut self, record: Box<RunRecord>) -> u64 {
        self.bytes += record_weight(&record);
        self.runs.push_back(record);
        self.next += 1;
        self.next - 1
    }

    /// The oldest, where it has to make room.
    pub(super) fn pop_over(&mut self, limits: &Limits) -> Option<Box<RunRecord>> {
        if self.runs.len() <= limits.history() && self.bytes <= limits.history_bytes() {
            return None;
        }
        let oldest = self.runs.pop_front()?;
        self.bytes -= record_weight(&oldest);
        Some(oldest)
    }
}

/// The last firings that started nothing: their ids, and their triggers'.
#[derive(Debug, Clone, Default)]
pub(super) struct Unmatched {
    pub(super) kept: VecDeque<(String, String)>,
}

impl Unmatched {
    pub(super) fn push(&mut self, firing: &str, trigger: &str, most: usize) {
        self.kept.push_back((firing.to_owned(), trigger.to_owned()));
        while self.kept.len() > most {
            self.kept.pop_front();
        }
    }

    pub(super) fn trigger_of(&self, firing: &str) -> Option<&str> {
        self.kept.iter().rev().find(|(id, _)| id == firing).map(|(_, trigger)| &**trigger)
    }
}

//! Runs that are over, and firings that started nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::end::record_weight;
use super::limits::Limits;
use super::run::{RunId, RunRecord};

/// Runs that are over, in the order in which they ended.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    runs: BTreeMap<u64, Arc<RunRecord>>,
    by_id: BTreeMap<RunId, u64>,
    next: u64,
    bytes: usize,
}

impl History {
    pub(super) fn get(&self, id: &str) -> Option<&RunRecord> {
        self.runs.get(self.by_id.get(id)?).map(AsRef::as_ref)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &RunRecord> {
        self.runs.values().map(AsRef::as_ref)
    }

    /// Keeps one more; those that had to make room, oldest first.
    pub(super) fn push(&mut self, record: RunRecord, limits: &Limits) -> Vec<Arc<RunRecord>> {
        self.bytes += record_weight(&record);
        self.by_id.insert(record.id.clone(), self.next);
        self.runs.insert(self.next, Arc::new(record));
        self.next += 1;
        let mut gone = Vec::new();
        while self.runs.len() > limits.history() || self.bytes > limits.history_bytes() {
            let Some((_, oldest)) = self.runs.pop_first() else { break };
            self.by_id.remove(&oldest.id);
            self.bytes -= record_weight(&oldest);
            gone.push(oldest);
        }
        gone
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

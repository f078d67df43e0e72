//! The state of one target, and of one delivery in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::circuit::Circuit;
use super::dead::Attempts;
use super::delivery::Delivery;
use super::policy::LanePolicy;
use crate::time::Nanos;

/// A delivery that has not ended.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) delivery: Arc<Delivery>,
    /// The hash of its id.
    pub(super) hash: u64,
    pub(super) lane: u64,
    pub(super) attempts: Attempts,
    /// How many attempts came before this sending.
    pub(super) before: u32,
    /// When the first attempt of this sending began.
    pub(super) first: Option<Nanos>,
    pub(super) expires: Option<Nanos>,
    pub(super) state: JobState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobState {
    /// As soon as its lane allows.
    Ready,
    /// An earlier one with the same order key has not ended.
    Behind,
    /// After a failed attempt.
    Waiting {
        until: Nanos,
    },
    InFlight {
        lease: u64,
        started: Nanos,
        deadline: Nanos,
    },
}

/// Where a lane stands that has something to hand out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere: something will happen first.
    Idle,
    /// Among those that are tried next; with a pass, it is its turn at its gate.
    Queued { has_pass: bool },
    /// It waits for its throttle.
    AtGate,
}

/// What is in the way of the lane's next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    Until(Nanos),
    /// Something has to end first.
    Other,
}

/// The deliveries to one target.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    pub(super) name: Arc<str>,
    pub(super) policy: Arc<LanePolicy>,
    pub(super) gate: Option<u64>,
    /// All that have not ended.
    pub(super) jobs: BTreeSet<u64>,
    pub(super) ready: BTreeSet<u64>,
    pub(super) orders: BTreeMap<Arc<str>, BTreeSet<u64>>,
    pub(super) in_flight: u32,
    pub(super) circuit: Circuit,
    /// The target has asked for a pause until then.
    pub(super) held: Option<Nanos>,
    /// Since when it is switched off, and what it said.
    pub(super) disabled: Option<(Nanos, String)>,
    pub(super) place: Place,
    pub(super) wake: Option<Nanos>,
    /// Whether it is noted as one that could be forgotten.
    pub(super) is_among_idle: bool,
    /// Whether it is counted as full.
    pub(super) is_among_full: bool,
}

impl Lane {
    pub(super) fn new(name: Arc<str>, policy: Arc<LanePolicy>, gate: Option<u64>) -> Self {
        Self {
            name,
            policy,
            gate,
            jobs: BTreeSet::new(),
            ready: BTreeSet::new(),
            orders: BTreeMap::new(),
            in_flight: 0,
            circuit: Circuit::NEW,
            held: None,
            disabled: None,
            place: Place::Idle,
            wake: None,
            is_among_idle: false,
            is_among_full: false,
        }
    }

    pub(super) fn block(&self, now: Nanos) -> Option<Block> {
        if self.ready.is_empty() || self.in_flight >= self.policy.concurrency || self.circuit.is_probing() {
            return Some(Block::Other);
        }
        let until = self.circuit.closed_until(now).max(self.held.filter(|until| *until > now));
        until.map(Block::Until)
    }

    /// Whether it could be forgotten.
    pub(super) fn is_idle(&self) -> bool {
        self.jobs.is_empty() && self.disabled.is_none() && self.place == Place::Idle
    }

    /// Whether it takes no more for now.
    pub(super) fn is_full(&self) -> bool {
        self.jobs.len() >= self.policy.pending
    }

    /// Takes a delivery in its order; whether an earlier one is in the way.
    pub(super) fn join(&mut self, number: u64, key: Option<&Arc<str>>) -> bool {
        self.jobs.insert(number);
        let Some(key) = key else { return false };
        let line = self.orders.entry(key.clone()).or_default();
        line.insert(number);
        line.first() != Some(&number)
    }

    /// Takes a delivery out; whose turn of its order key it is then, if that has changed.
    pub(super) fn leave(&mut self, number: u64, key: Option<&Arc<str>>) -> Option<u64> {
        self.jobs.remove(&number);
        self.ready.remove(&number);
        let line = self.orders.get_mut(key?)?;
        let was_first = line.first() == Some(&number);
        line.remove(&number);
        let next = line.first().copied();
        if next.is_none() {
            self.orders.remove(key?);
        }
        next.filter(|_| was_first)
    }

    /// The one that must end before this one.
    pub(super) fn before(&self, number: u64, key: Option<&Arc<str>>) -> Option<u64> {
        self.orders.get(key?)?.range(..number).next_back().copied()
    }
}

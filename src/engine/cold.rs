//! What is beside the slot of a series, where there is more than one plain trigger.

use crate::time::Nanos;

use super::ladder::Ladder;
use super::lent::{Quiet, WAKE_ALWAYS};

/// What is beside the slot.
#[derive(Debug, Clone)]
pub(super) struct Cold {
    pub(super) edge: Edge,
    /// Instances that are shown every observation, in trigger order.
    pub(super) always: Vec<u32>,
    pub(super) exact: Option<Box<Exact>>,
    /// Triggers that had no room for this series.
    pub(super) refused: u32,
    /// There is more to ask than how new a value is and `quiet`.
    pub(super) slow: bool,
    /// The keys within which no instance of `edge` notices a value.
    pub(super) quiet: Quiet,
}

/// What a series has that needs nothing beside its slot.
pub(super) const NOTHING: &Cold = &Cold::NEW;

impl Cold {
    pub(super) const NEW: Self = Self {
        edge: Edge::None,
        always: Vec::new(),
        exact: None,
        refused: 0,
        slow: false,
        quiet: WAKE_ALWAYS,
    };
}

/// Instances that only a value beyond their edges concerns.
#[derive(Debug, Clone, Default)]
pub(super) enum Edge {
    #[default]
    None,
    One(u32),
    Many(Box<Ladder>),
}

impl Edge {
    pub(super) fn instances(&self) -> Vec<u32> {
        match self {
            Self::None => Vec::new(),
            Self::One(number) => vec![*number],
            Self::Many(ladder) => ladder.instances().collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::None => true,
            Self::One(_) => false,
            Self::Many(ladder) => ladder.is_empty(),
        }
    }
}

/// How new an observation must be, where `gate` alone does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exact {
    pub(super) newest: Nanos,
    pub(super) sequence: Option<i64>,
    /// The latest deadline of the series that has gone off.
    pub(super) floor: Nanos,
}

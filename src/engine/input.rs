//! An observation on its way through the engine.

use crate::event::{Event, ValueObserved};
use crate::time::Nanos;

use super::instance::{OriginRef, Owners};

/// An observation on its way through the engine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) at: Nanos,
    /// NaN for a missing value.
    pub(super) value: f64,
    pub(super) sequence: Option<i64>,
    pub(super) event: Option<&'a Event<'a>>,
    pub(super) observed: Option<&'a ValueObserved<'a>>,
}

impl<'a> Input<'a> {
    /// From the `observe` lanes: a number and a time, no event.
    pub(super) fn plain(at: Nanos, value: f64) -> Self {
        Self { at, value, sequence: None, event: None, observed: None }
    }

    pub(super) fn origin(&self) -> OriginRef<'a> {
        OriginRef {
            source: "",
            id: self.event.map_or("", Event::id),
            time: self.at,
            owners: self.observed.map_or(Owners::Nobody, Owners::Observed),
        }
    }
}

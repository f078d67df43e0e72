//! What is told together, and what is remembered of it.

use super::cursor::{Cursor, Mark};
use super::limits::Limits;
use crate::event::Event;
use crate::time::Nanos;

/// Events that belong together, and the mark that they leave: both or neither.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) events: Vec<Event<'static>>,
    pub(super) trace: Trace,
}

/// What is remembered once a group was told.
#[derive(Debug)]
pub(super) enum Trace {
    Job { job: String, told: Vec<String>, seen: Nanos, over_at: Option<Nanos> },
    Source(String, Mark),
    Segment(String, Mark),
    Measure(String, Mark),
}

impl Trace {
    pub(super) fn leave(self, cursor: &mut Cursor, limits: &Limits) {
        match self {
            Self::Job { job, over_at: Some(ended), .. } => cursor.close(job, ended, limits.jobs()),
            Self::Job { job, told, seen, over_at: None } => {
                let open = cursor.open.entry(job).or_default();
                open.seen = open.seen.max(seen);
                open.told.extend(told);
            }
            Self::Source(name, mark) => drop(cursor.sources.insert(name, mark)),
            Self::Segment(name, mark) => drop(cursor.segments.insert(name, mark)),
            Self::Measure(name, mark) => drop(cursor.measures.insert(name, mark)),
        }
    }
}

//! A task, a job or another event on its way through the engine.

use crate::event::filter::Candidate;
use crate::event::{Event, JobCompleted, RefreshCompleted, ValueObserved};
use crate::time::Nanos;

/// An event that is no observation, or a task that came without one.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Task<'a> {
    pub(in crate::engine) at: Nanos,
    pub(in crate::engine) source: &'a str,
    pub(in crate::engine) event: Option<&'a Event<'a>>,
    pub(in crate::engine) subject: Subject<'a>,
}

/// What it is about.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Subject<'a> {
    Refresh(&'a RefreshCompleted<'a>),
    Job(&'a JobCompleted<'a>),
    /// Of an observation, as an event.
    Value(Option<&'a ValueObserved<'a>>),
    Other,
}

impl<'a> Task<'a> {
    /// What `where` looks at.
    pub(super) fn candidate(&self) -> Candidate<'a> {
        let candidate = match (self.event, self.subject) {
            (Some(event), _) => Candidate::from(event),
            (None, Subject::Refresh(refresh)) => Candidate::from_refresh(self.source, refresh),
            (None, _) => Candidate::of_type(self.source, ""),
        };
        candidate.with_time(self.at)
    }
}

//! What a task or a job said, kept for the firings that it leads to.

use crate::event::{Failure, Item, JobCompleted, RefreshCompleted};
use crate::few::Few;
use crate::firing::{EventRef, Facts};

use super::input::{Subject, Task};

/// The event and its facts, owned.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::engine) struct Report {
    pub(in crate::engine) event: Option<EventRef>,
    pub(in crate::engine) owners: Few<Box<str>>,
    pub(in crate::engine) facts: Facts,
}

impl Report {
    /// Of an event as such: what it is about is for its reader to see.
    pub(super) fn of_event(task: &Task<'_>) -> Self {
        Self { facts: Facts::default(), ..Self::of(task) }
    }

    pub(super) fn of(task: &Task<'_>) -> Self {
        let event = task
            .event
            .map(|event| EventRef::new(task.source, event.id(), task.at).with_type(event.event_type()));
        match task.subject {
            Subject::Refresh(refresh) => {
                Self { event, owners: owners(refresh.owners()), facts: facts_of_task(refresh) }
            }
            Subject::Job(job) => Self { event, owners: owners(job.owners()), facts: facts_of_job(job) },
            Subject::Value(Some(observed)) => {
                Self { event, owners: owners(observed.owners()), facts: Facts::default() }
            }
            Subject::Value(None) | Subject::Other => Self { event, ..Self::default() },
        }
    }
}

fn owners<'a>(owners: impl Iterator<Item = std::borrow::Cow<'a, str>>) -> Few<Box<str>> {
    owners.map(|owner| owner.as_ref().into()).collect()
}

fn facts_of_task(refresh: &RefreshCompleted<'_>) -> Facts {
    Facts {
        process: Some(refresh.process().clone()),
        item: refresh.item().cloned().map(Item::into_owned),
        outcome: Some(refresh.outcome().clone()),
        failure: refresh.failure().cloned().map(Failure::into_owned),
        job_id: refresh.job_id().map(Into::into),
        ..Facts::default()
    }
}

fn facts_of_job(job: &JobCompleted<'_>) -> Facts {
    Facts {
        outcome: Some(job.outcome().clone()),
        job_id: Some(job.job_id().into()),
        scope: Some(job.scope().clone()),
        submission: job.submission().cloned(),
        operation: job.operation().map(Into::into),
        ..Facts::default()
    }
}

//! What is another partition's.

use super::Engine;
use super::tasks::{Subject, Task};
use super::watch::watches;
use crate::event::{Process, SeriesRef, ValueObserved};
use crate::partition::Partition;
use crate::trigger::{PartitionKey, Trigger};

impl Engine {
    /// True where the trigger watches this series, and this engine judges it.
    pub(super) fn watches_here(&self, trigger: &Trigger, series: &SeriesRef<'_>) -> bool {
        watches_within(self.partition, trigger, series)
    }

    /// True where no other partition judges the trigger on this item.
    pub(super) fn owns_item(
        &self,
        trigger: &Trigger,
        source: &str,
        process: &Process,
        id: Option<&str>,
    ) -> bool {
        is_owned(self.partition, trigger, |partition| partition.owns_item(source, process, id))
    }

    /// True where no other partition judges the trigger on the job of this task.
    pub(super) fn owns_job_of(&self, trigger: u32, task: &Task<'_>) -> bool {
        let job = match task.subject {
            Subject::Job(job) => Some(job.job_id()),
            Subject::Refresh(refresh) => refresh.job_id(),
            Subject::Value(_) | Subject::Other => None,
        };
        let (Some(job), Some(watch)) = (job, self.watch(trigger)) else { return true };
        is_owned(self.partition, &watch.trigger, |partition| partition.owns_job(task.source, job))
    }
}

/// [`Engine::watches_here`], of an engine that is lent elsewhere.
pub(super) fn watches_within(
    partition: Option<Partition>,
    trigger: &Trigger,
    series: &SeriesRef<'_>,
) -> bool {
    watches(trigger, series, ValueObserved::EVENT_TYPE)
        && is_owned(partition, trigger, |partition| partition.owns_series(series))
}

/// A trigger with one state is judged wherever it was added.
fn is_owned(partition: Option<Partition>, trigger: &Trigger, owns: impl Fn(Partition) -> bool) -> bool {
    partition.is_none_or(|partition| owns(partition) || trigger.partition_key() == PartitionKey::Whole)
}

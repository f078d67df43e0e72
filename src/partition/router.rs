//! Which partitions an event goes to.

use super::owner::Partitions;
use crate::error::Error;
use crate::event::{Event, JobCompleted, Process, RefreshCompleted, ValueObserved};
use crate::trigger::{Matcher, PartitionKey, Trigger, TriggerKind};

/// Says which partitions an event goes to: the owners of the keys that triggers
/// ask of it. It is made of the triggers that the engines have; make another
/// when these change.
///
/// An event may go to several partitions (a task's item and its job have two
/// owners), and to none where no trigger asks for anything of its type. Each
/// engine judges only what its partition owns, so an event that goes to a
/// partition too many costs time and changes nothing.
///
/// ```
/// use tripline::{Trigger, event::RefreshCompleted, partition::{Partitions, Router}};
///
/// let triggers = [
///     Trigger::data_source_refresh_failed("failed", "*").build()?,
///     Trigger::unification_completed("unified").build()?,
/// ];
/// let router = Router::new(Partitions::new(1_000)?, &triggers);
/// let map = RefreshCompleted::new("map", "succeeded").with_job_id("job-7").into_event("1", "/s")?;
/// assert_eq!(router.route(&map)?.len(), 2, "the owner of the task's item, and that of its job");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Router {
    partitions: Partitions,
    /// Whether any trigger asks for a series', an item's, a job's own state.
    series: bool,
    items: bool,
    unifications: bool,
    jobs: bool,
    wholes: Vec<Whole>,
}

/// A trigger with one state, and where that is.
#[derive(Debug, Clone)]
struct Whole {
    owner: u32,
    source: Option<Matcher>,
    input: Input,
}

/// What a trigger may have to hear of.
#[derive(Debug, Clone)]
enum Input {
    Values { kind: Box<str>, name: Matcher },
    // Which item a trigger asks for may depend on what the item was called before, so it hears of all.
    Refreshes,
    Jobs,
    Events(Box<str>),
}

impl Router {
    /// A router to the partitions for these triggers.
    ///
    /// ```
    /// use tripline::{event::Event, partition::{Partitions, Router}};
    /// let router = Router::new(Partitions::new(16)?, &[]);
    /// assert!(router.route(&Event::new("1", "/s", "any")?)?.is_empty());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn new<'t>(partitions: Partitions, triggers: impl IntoIterator<Item = &'t Trigger>) -> Self {
        let mut router = Self {
            partitions,
            series: false,
            items: false,
            unifications: false,
            jobs: false,
            wholes: Vec::new(),
        };
        for trigger in triggers {
            match (trigger.partition_key(), trigger.kind()) {
                (PartitionKey::Series, _) => router.series = true,
                (PartitionKey::Item, _) => router.items = true,
                (PartitionKey::Job, TriggerKind::UnificationCompleted { .. }) => router.unifications = true,
                (PartitionKey::Job, _) => router.jobs = true,
                (PartitionKey::Whole, _) => router.wholes.push(Whole {
                    owner: partitions.owner_of_trigger(trigger.id()),
                    source: trigger.source().cloned(),
                    input: Input::of(trigger),
                }),
            }
        }
        router
    }

    /// The partitions that this event goes to, the first first, none twice.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) where the data is not what the type promises. No engine takes
    /// such an event, so there is nowhere for it to go.
    ///
    /// ```
    /// # use tripline::{Trigger, event::ValueObserved, partition::{Partitions, Router}, threshold::Threshold};
    /// let trigger = Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?;
    /// let router = Router::new(Partitions::new(16)?, &[trigger]);
    /// assert_eq!(router.route(&ValueObserved::new("segment", "vip", 998.0).into_event("1", "/s")?)?.len(), 1);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn route(&self, event: &Event<'_>) -> Result<Vec<u32>, Error> {
        let (source, mut to) = (event.source(), Vec::new());
        if let Some(observed) = ValueObserved::from_event(event)? {
            let series = observed.series(source);
            if self.series {
                to.push(self.partitions.owner_of_series(&series));
            }
            self.tell(source, &mut to, |input| match input {
                Input::Values { kind, name } => **kind == *series.kind() && name.matches(series.name()),
                _ => false,
            });
        } else if let Some(refresh) = RefreshCompleted::from_event(event)? {
            if self.items {
                let id = refresh.item().map(|item| item.id());
                to.push(self.partitions.owner_of_item(source, refresh.process(), id));
            }
            let is_phase = [Process::MAP, Process::MATCH, Process::MERGE].contains(refresh.process());
            if let Some(job) = refresh.job_id().filter(|_| self.unifications && is_phase) {
                to.push(self.partitions.owner_of_job(source, job));
            }
            self.tell(source, &mut to, |input| matches!(input, Input::Refreshes));
        } else if let Some(job) = JobCompleted::from_event(event)? {
            if self.jobs {
                to.push(self.partitions.owner_of_job(source, job.job_id()));
            }
            self.tell(source, &mut to, |input| matches!(input, Input::Jobs));
        }
        self.tell(source, &mut to, |input| match input {
            Input::Events(event_type) => **event_type == *event.event_type(),
            _ => false,
        });
        to.sort_unstable();
        to.dedup();
        Ok(to)
    }

    /// Adds the owners of the triggers with one state that hear of it.
    fn tell(&self, source: &str, to: &mut Vec<u32>, hears: impl Fn(&Input) -> bool) {
        let accepts = |whole: &&Whole| whole.source.as_ref().is_none_or(|matcher| matcher.matches(source));
        to.extend(
            self.wholes.iter().filter(accepts).filter(|whole| hears(&whole.input)).map(|whole| whole.owner),
        );
    }
}

impl Input {
    fn of(trigger: &Trigger) -> Self {
        let values = |kind: &str, name: &Matcher| Self::Values { kind: kind.into(), name: name.clone() };
        match trigger.kind() {
            TriggerKind::SegmentThresholdCrossed { segment, .. } => values("segment", segment),
            TriggerKind::MeasureThresholdCrossed { measure, .. } => values("measure", measure),
            TriggerKind::NoData { kind, name, .. } if matches!(kind.as_str(), "segment" | "measure") => {
                values(kind.as_str(), name)
            }
            TriggerKind::FullRefreshCompleted { .. } => Self::Jobs,
            TriggerKind::EventReceived { event_type } => Self::Events(event_type.into()),
            // A unification's phases, the tasks of items, and a data source's silence.
            _ => Self::Refreshes,
        }
    }
}

//! A trigger as the engine keeps it.

use super::numbers::{EVENTS, INGESTIONS, JOBS, NOBODY, TASKS, UNIFICATIONS, kind_number};
use crate::event::filter::{Candidate, Filter};
use crate::event::{Dimensions, SeriesRef};
use crate::threshold::{Rule, Threshold};
use crate::time::{Nanos, nanos_of};
use crate::trigger::{DimensionRule, Matcher, Trigger, TriggerKind};

/// A trigger and what belongs to it as a whole.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    pub(super) trigger: Trigger,
    /// How many series it watches.
    pub(super) series: u32,
    /// The next trigger that asks for the same name; the register sees to it.
    pub(super) next: u32,
    /// Absent where everything in it is at its default: there may be a million triggers.
    rare: Option<Box<Rare>>,
}

/// What few triggers have.
#[derive(Debug, Clone)]
struct Rare {
    disabled: bool,
    /// The instance that belongs to no series: `noData` on `*`, or from the start.
    whole: u32,
    /// The emission times that `limit` counts, the largest `max` of them, sorted.
    emitted: Vec<Nanos>,
}

impl Default for Rare {
    fn default() -> Self {
        Self { disabled: false, whole: NOBODY, emitted: Vec::new() }
    }
}

/// How a trigger takes part: by a threshold, or by awaiting reports.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'a> {
    Threshold(&'a Threshold),
    Silence {
        within: Nanos,
        from_start: bool,
    },
    /// By tasks, jobs or events as they come.
    Task,
}

impl Watch {
    pub(super) fn new(trigger: Trigger) -> Self {
        let enabled = trigger.enabled();
        let mut watch = Self { trigger, series: 0, next: NOBODY, rare: None };
        watch.set_enabled(enabled);
        watch
    }

    #[inline]
    pub(super) fn enabled(&self) -> bool {
        self.rare.as_ref().is_none_or(|rare| !rare.disabled)
    }

    pub(super) fn set_enabled(&mut self, enabled: bool) {
        if self.enabled() != enabled {
            self.rare.get_or_insert_default().disabled = !enabled;
        }
    }

    /// The instance that belongs to no series, or [`NOBODY`].
    pub(super) fn whole(&self) -> u32 {
        self.rare.as_ref().map_or(NOBODY, |rare| rare.whole)
    }

    pub(super) fn set_whole(&mut self, whole: u32) {
        if self.whole() != whole {
            self.rare.get_or_insert_default().whole = whole;
        }
    }

    /// The emission times that `limit` counts.
    pub(super) fn emitted(&self) -> &[Nanos] {
        self.rare.as_ref().map_or(&[], |rare| &rare.emitted)
    }

    pub(super) fn emitted_mut(&mut self) -> &mut Vec<Nanos> {
        &mut self.rare.get_or_insert_default().emitted
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        subject(&self.trigger)
    }

    /// The compiled threshold; `None` for a trigger without one.
    pub(super) fn rule(&self) -> Option<Rule> {
        match self.subject() {
            Subject::Threshold(threshold) => Some(Rule::new(threshold)),
            Subject::Silence { .. } | Subject::Task => None,
        }
    }

    pub(super) fn lateness(&self) -> Nanos {
        match self.subject() {
            Subject::Threshold(threshold) => nanos_of(threshold.lateness()),
            Subject::Silence { .. } | Subject::Task => 0,
        }
    }

    /// True where one silence stands for everything that is watched.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.trigger.kind(), TriggerKind::NoData { name: Matcher::Any, .. })
    }

    pub(super) fn asks_one_name(&self) -> bool {
        target(&self.trigger).1.as_exact().is_some()
    }

    /// True where an event has to be asked whether it is an input at all.
    pub(super) fn asks_events(&self) -> bool {
        self.trigger.filters().iter().any(Filter::needs_event)
    }

    pub(super) fn passes(&self, candidate: &Candidate<'_>) -> bool {
        self.trigger.filters().iter().all(|filter| !filter.needs_event() || filter.matches(candidate))
    }
}

pub(super) fn subject(trigger: &Trigger) -> Subject<'_> {
    match trigger.kind() {
        TriggerKind::SegmentThresholdCrossed { threshold, .. }
        | TriggerKind::MeasureThresholdCrossed { threshold, .. } => Subject::Threshold(threshold),
        TriggerKind::NoData { within, from_start, .. } => {
            Subject::Silence { within: nanos_of(within), from_start }
        }
        _ => Subject::Task,
    }
}

/// The kind and the name that a trigger watches.
pub(super) fn target(trigger: &Trigger) -> (u8, &Matcher) {
    match trigger.kind() {
        TriggerKind::SegmentThresholdCrossed { segment, .. } => (0, segment),
        TriggerKind::MeasureThresholdCrossed { measure, .. } => (1, measure),
        TriggerKind::NoData { kind, name, .. } => (kind_number(kind.as_str()).unwrap_or(INGESTIONS), name),
        TriggerKind::DataSourceRefreshFailed { data_source, .. }
        | TriggerKind::DataSourceRefreshSucceeded { data_source } => (INGESTIONS, data_source),
        TriggerKind::RefreshCompleted { item, .. } => (TASKS, item),
        TriggerKind::FullRefreshCompleted { .. } => (JOBS, &Matcher::Any),
        TriggerKind::UnificationCompleted { .. } => (UNIFICATIONS, &Matcher::Any),
        _ => (EVENTS, trigger.subject()),
    }
}

/// True where the trigger watches this series, as far as the series alone tells.
pub(super) fn watches(trigger: &Trigger, series: &SeriesRef<'_>, event_type: &str) -> bool {
    let (kind, name) = target(trigger);
    if kind_number(series.kind()) != Some(kind) || !name.matches(series.name()) {
        return false;
    }
    if trigger.source().is_some_and(|source| !source.matches(series.source())) {
        return false;
    }
    let dimensions_fit = match trigger.kind() {
        TriggerKind::SegmentThresholdCrossed { .. } | TriggerKind::NoData { .. } => true,
        TriggerKind::MeasureThresholdCrossed { dimensions, .. } => match dimensions {
            DimensionRule::None => series.has_no_dimensions(),
            DimensionRule::Each => true,
            DimensionRule::Exact(asked) => Dimensions::iter(asked).eq(series.dimensions()),
        },
        _ => false,
    };
    let candidate = Candidate::of_type(series.source(), event_type);
    dimensions_fit
        && trigger.filters().iter().all(|filter| filter.needs_event() || filter.matches(&candidate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threshold::Threshold;

    #[test]
    fn a_watch_takes_eighty_bytes_and_asks_for_more_only_where_it_needs_it() {
        assert_eq!((size_of::<Watch>(), size_of::<Option<Watch>>()), (80, 80));
        let trigger =
            Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1.0)).build().unwrap();
        let mut watch = Watch::new(trigger);
        watch.set_enabled(true);
        watch.set_whole(NOBODY);
        assert!(watch.rare.is_none());
        watch.set_enabled(false);
        assert_eq!((watch.enabled(), watch.whole(), watch.emitted()), (false, NOBODY, &[][..]));
        watch.set_whole(7);
        watch.emitted_mut().push(9);
        watch.set_enabled(true);
        assert_eq!((watch.enabled(), watch.whole(), watch.emitted()), (true, 7, &[9][..]));
    }
}

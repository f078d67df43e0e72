//! A trigger as the engine keeps it, and the index that finds the triggers of a series.

use hashbrown::HashMap;

use crate::event::filter::{Candidate, Filter};
use crate::event::{Dimensions, SeriesRef};
use crate::threshold::{Rule, Threshold};
use crate::time::{Nanos, nanos_of};
use crate::trigger::{DimensionRule, Matcher, Trigger, TriggerKind};

use super::slots::kind_number;

pub(super) const NOBODY: u32 = u32::MAX;

/// A trigger and what belongs to it as a whole.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    pub(super) trigger: Trigger,
    pub(super) enabled: bool,
    /// How many series it watches.
    pub(super) series: u32,
    /// The instance that belongs to no series: `noData` on `*`, or from the start.
    pub(super) whole: u32,
    /// The emission times that `limit` counts, the largest `max` of them, sorted.
    pub(super) emitted: Vec<Nanos>,
}

/// How a trigger takes part: by a threshold, or by awaiting reports.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'a> {
    Threshold(&'a Threshold),
    Silence { within: Nanos, from_start: bool },
}

impl Watch {
    pub(super) fn new(trigger: Trigger) -> Self {
        let enabled = trigger.enabled();
        Self { trigger, enabled, series: 0, whole: NOBODY, emitted: Vec::new() }
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        subject(&self.trigger)
    }

    /// The compiled threshold; `None` for a trigger without one.
    pub(super) fn rule(&self) -> Option<Rule> {
        match self.subject() {
            Subject::Threshold(threshold) => Some(Rule::new(threshold)),
            Subject::Silence { .. } => None,
        }
    }

    pub(super) fn lateness(&self) -> Nanos {
        match self.subject() {
            Subject::Threshold(threshold) => nanos_of(threshold.lateness()),
            Subject::Silence { .. } => 0,
        }
    }

    /// True where one silence stands for everything that is watched.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.trigger.kind(), TriggerKind::NoData { name: Matcher::Any, .. })
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
    }
}

/// The kind and the name that a trigger watches.
fn target(trigger: &Trigger) -> (u8, &Matcher) {
    match trigger.kind() {
        TriggerKind::SegmentThresholdCrossed { segment, .. } => (0, segment),
        TriggerKind::MeasureThresholdCrossed { measure, .. } => (1, measure),
        TriggerKind::NoData { kind, name, .. } => (kind_number(kind.as_str()).unwrap_or(u8::MAX), name),
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
    };
    let candidate = Candidate::of_type(series.source(), event_type);
    dimensions_fit
        && trigger.filters().iter().all(|filter| filter.needs_event() || filter.matches(&candidate))
}

/// Triggers by what they ask of a name. A name is looked up, with each of its
/// beginnings and endings where triggers ask for those; nothing is scanned.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    exact: HashMap<(u8, Box<str>), Vec<u32>>,
    prefix: HashMap<(u8, Box<str>), Vec<u32>>,
    suffix: HashMap<(u8, Box<str>), Vec<u32>>,
    any: [Vec<u32>; 2],
}

impl Index {
    pub(super) fn add(&mut self, trigger: &Trigger, number: u32) {
        self.each_list(trigger, |list| list.push(number));
    }

    pub(super) fn remove(&mut self, trigger: &Trigger, number: u32) {
        self.each_list(trigger, |list| list.retain(|&other| other != number));
        let (kind, name) = target(trigger);
        let (map, texts): (&mut HashMap<_, Vec<u32>>, Vec<&str>) = match name {
            Matcher::Exact(text) => (&mut self.exact, vec![text]),
            Matcher::OneOf(texts) => (&mut self.exact, texts.iter().map(|text| &**text).collect()),
            Matcher::Prefix(text) => (&mut self.prefix, vec![text]),
            Matcher::Suffix(text) => (&mut self.suffix, vec![text]),
            Matcher::Any => return,
        };
        for text in texts {
            let key = (kind, text.into());
            if map.get(&key).is_some_and(Vec::is_empty) {
                map.remove(&key);
            }
        }
    }

    /// The triggers whose name matcher accepts this name, in the order they were added.
    pub(super) fn find(&self, kind: u8, name: &str, found: &mut Vec<u32>) {
        found.clear();
        found.extend(self.any.get(usize::from(kind)).into_iter().flatten());
        let mut take = |map: &HashMap<(u8, Box<str>), Vec<u32>>, text: &str| {
            if !map.is_empty()
                && let Some(list) = map.get(&Key(kind, text))
            {
                found.extend(list);
            }
        };
        take(&self.exact, name);
        if !self.prefix.is_empty() || !self.suffix.is_empty() {
            for (at, _) in name.char_indices() {
                take(&self.suffix, &name[at..]);
                take(&self.prefix, &name[..at]);
            }
            take(&self.prefix, name);
        }
        found.sort_unstable();
        found.dedup();
    }

    /// The one name that a trigger asks for, if it asks for just one.
    pub(super) fn only_name(trigger: &Trigger) -> Option<(u8, &str)> {
        match target(trigger) {
            (kind, Matcher::Exact(text)) => Some((kind, text)),
            _ => None,
        }
    }

    fn each_list(&mut self, trigger: &Trigger, mut change: impl FnMut(&mut Vec<u32>)) {
        let (kind, name) = target(trigger);
        let key = |text: &str| (kind, Box::from(text));
        match name {
            Matcher::Exact(text) => change(self.exact.entry(key(text)).or_default()),
            Matcher::Prefix(text) => change(self.prefix.entry(key(text)).or_default()),
            Matcher::Suffix(text) => change(self.suffix.entry(key(text)).or_default()),
            Matcher::OneOf(texts) => {
                for text in texts {
                    change(self.exact.entry(key(text)).or_default());
                }
            }
            Matcher::Any => {
                if let Some(list) = self.any.get_mut(usize::from(kind)) {
                    change(list);
                }
            }
        }
    }
}

/// A key of the maps, borrowed; it hashes like the owned one.
#[derive(Hash)]
struct Key<'a>(u8, &'a str);

impl hashbrown::Equivalent<(u8, Box<str>)> for Key<'_> {
    fn equivalent(&self, key: &(u8, Box<str>)) -> bool {
        self.0 == key.0 && *self.1 == *key.1
    }
}

//! From a step of the machine to a firing: enabled? in cooldown? over the limit?

use crate::event::{RefreshCompleted, Series, SeriesKind, ValueObserved};
use crate::few::Few;
use crate::firing::{EventRef, Firing, Key, Parts};
use crate::threshold::{Rule, Step, Transition};
use crate::time::{Nanos, nanos_of};
use crate::trigger::{Trigger, TriggerKind};

use super::Engine;
use super::input::Input;
use super::instance::{Body, Origin, OriginRef};
use super::numbers::NOBODY;
use super::slot::LONG_AGO;
use super::tasks::Occurred;
use super::verdict::Verdict;

/// What a step happened at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) at: Nanos,
    pub(super) value: f64,
    pub(super) previous: f64,
    pub(super) origin: Option<OriginRef<'a>>,
    /// For a deadline: its instant.
    pub(super) due: Option<Nanos>,
}

/// A firing as the engine keeps it until it is polled: numbers, no texts.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) trigger: u32,
    /// [`NOBODY`] where it belongs to no series.
    pub(super) series: u32,
    pub(super) transition: Transition,
    pub(super) time: Nanos,
    pub(super) crossed_at: Option<Nanos>,
    pub(super) due_at: Option<Nanos>,
    pub(super) value: f64,
    pub(super) previous: f64,
    pub(super) ordinal: u32,
    pub(super) suppressed: u32,
    pub(super) origin: Option<Box<Origin>>,
}

/// A crossing without a hold, by a value that came without an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crossing {
    pub(super) trigger: u32,
    pub(super) series: u32,
    pub(super) ordinal: u32,
    pub(super) time: Nanos,
    pub(super) value: f64,
    pub(super) previous: f64,
}

/// A firing that waits to be polled. Most are small; what is rarer is boxed.
#[derive(Debug, Clone)]
pub(super) enum Pending {
    Crossing(Crossing),
    Record(Box<Record>),
    /// Of a task that needed no care.
    Occurred(Occurred),
    /// Of another task, a job or an event.
    Parts {
        trigger: u32,
        parts: Box<Parts>,
    },
    /// Built before the trigger or the numbering of the series changed.
    Full {
        trigger: u32,
        firing: Box<Firing>,
    },
}

impl Engine {
    /// What a step of a threshold instance leads to.
    pub(super) fn conclude(&mut self, number: u32, rule: &Rule, step: Step, moment: &Moment<'_>) {
        let (transition, crossed_at, due_at) = match step {
            Step::Quiet(why) => return self.note(number, Verdict::Quiet(why)),
            Step::Crossed { crossed_at, due } => (Transition::Crossed, crossed_at, due),
            Step::Ended { crossed_at, told: true } if rule.notify_cleared => {
                (Transition::Cleared, crossed_at, moment.due)
            }
            Step::Ended { .. } => return self.note(number, Verdict::Ended),
            Step::Remind { crossed_at } => (Transition::Reminder, crossed_at, moment.due),
        };
        let is_told = self.emit(number, transition, Some(crossed_at), due_at, moment);
        if transition == Transition::Crossed
            && is_told
            && let Body::Threshold(state) = &mut self.instances[number as usize].body
        {
            state.set_told(rule, moment.at);
        }
    }

    /// A `noData` trigger has waited long enough.
    pub(super) fn fire_silence(&mut self, number: u32, due: Nanos) {
        let more = self.instances[number as usize].more.as_ref();
        let value = more.map_or(f64::NAN, |more| more.value);
        let origin = more.and_then(|more| more.origin.known()).cloned();
        let origin = origin.as_ref().map(Origin::borrowed);
        let moment = Moment { at: due, value, previous: f64::NAN, origin, due: Some(due) };
        self.emit(number, Transition::Occurred, None, Some(due), &moment);
    }

    /// A crossing that the ladder has found, of a trigger that nothing can swallow.
    #[inline]
    pub(super) fn emit_plain(
        &mut self,
        trigger: u32,
        series: u32,
        ordinal: u32,
        previous: f64,
        input: &Input<'_>,
    ) {
        let crossing = Crossing { trigger, series, ordinal, time: input.at, value: input.value, previous };
        self.counts.firings += 1;
        self.post(match input.event {
            None => Pending::Crossing(crossing),
            Some(_) => {
                let origin = Some(Box::new(input.origin().to_origin()));
                Pending::Record(Box::new(Record { origin, ..crossing.record() }))
            }
        });
    }

    #[inline]
    fn post(&mut self, pending: Pending) {
        self.pending.push_back(pending);
        self.close_if_full();
    }

    /// A firing of a task, a job or an event, that nothing has swallowed.
    pub(super) fn push_parts(&mut self, trigger: u32, parts: Parts) {
        self.counts.firings += 1;
        self.post(Pending::Parts { trigger, parts: Box::new(parts) });
    }

    /// Crossings of one value, each the first of its trigger at this instant, in
    /// the order of the triggers; nothing can swallow them.
    pub(super) fn emit_crossings(&mut self, series: u32, previous: f64, input: &Input<'_>, triggers: &[u32]) {
        if input.event.is_some() {
            triggers.iter().for_each(|&trigger| self.emit_plain(trigger, series, 0, previous, input));
            return;
        }
        let (time, value) = (input.at, input.value);
        let shared = Crossing { trigger: NOBODY, series, ordinal: 0, time, value, previous };
        self.pending.push_crossings(shared, triggers);
        self.close_if_full();
        self.counts.firings += triggers.len() as u64;
    }

    /// Emits a firing unless something swallows it; true where it was emitted.
    fn emit(
        &mut self,
        number: u32,
        transition: Transition,
        crossed_at: Option<Nanos>,
        due_at: Option<Nanos>,
        moment: &Moment<'_>,
    ) -> bool {
        let (time, starts) = (moment.at, matches!(transition, Transition::Crossed | Transition::Occurred));
        let trigger = self.instances[number as usize].trigger;
        let Some(watch) = self.watch(trigger) else { return false };
        if !watch.enabled() {
            self.counts.disabled += 1;
            self.note(number, Verdict::Disabled);
            return false;
        }
        let cooldown = watch.trigger.cooldown().map(nanos_of);
        if let Some(cooldown) = cooldown
            && starts
        {
            let instance = &mut self.instances[number as usize];
            let from = instance.more.as_ref().map_or(LONG_AGO, |more| more.cooldown_from);
            if from != LONG_AGO && time < from.saturating_add(cooldown) {
                instance.suppressed += 1;
                self.counts.suppressed += 1;
                self.note(number, Verdict::CoolingDown { until: from.saturating_add(cooldown) });
                return false;
            }
        }
        if !self.is_within_limit(trigger, time) {
            self.counts.limited += 1;
            self.note(number, Verdict::Limited);
            return false;
        }
        let instance = &mut self.instances[number as usize];
        instance.firings_then = if instance.last_firing == time { instance.firings_then + 1 } else { 0 };
        instance.last_firing = time;
        let suppressed = if starts { std::mem::take(&mut instance.suppressed) } else { 0 };
        if let Some(more) = &mut instance.more
            && starts
        {
            more.cooldown_from = time;
        }
        let (series, ordinal) = (instance.series, instance.firings_then);
        let is_small = transition == Transition::Crossed
            && crossed_at == Some(time)
            && due_at.is_none()
            && suppressed == 0
            && moment.origin.is_none();
        let crossing =
            Crossing { trigger, series, ordinal, time, value: moment.value, previous: moment.previous };
        self.counts.firings += 1;
        self.post(if is_small {
            Pending::Crossing(crossing)
        } else {
            let previous = if transition == Transition::Crossed { moment.previous } else { f64::NAN };
            let origin = moment.origin.map(|origin| Box::new(origin.to_origin()));
            let rest = crossing.record();
            Pending::Record(Box::new(Record {
                transition,
                crossed_at,
                due_at,
                previous,
                suppressed,
                origin,
                ..rest
            }))
        });
        self.note(number, Verdict::Fired(transition));
        true
    }

    /// The trigger's `limit` over all its series: the largest `max` emission
    /// times are kept, and a firing must leave fewer than `max` in its window.
    pub(super) fn is_within_limit(&mut self, trigger: u32, time: Nanos) -> bool {
        let Some(watch) = self.watch_mut(trigger) else { return false };
        let Some(limit) = watch.trigger.limit() else { return true };
        let max = limit.max() as usize;
        let start = time.saturating_sub(nanos_of(limit.per()));
        let emitted = watch.emitted_mut();
        if emitted.len() >= max && emitted.first().is_some_and(|&oldest| oldest > start) {
            return false;
        }
        let place = emitted.partition_point(|&other| other <= time);
        emitted.insert(place, time);
        if emitted.len() > max {
            emitted.remove(0);
        }
        true
    }

    /// The firing of a record, with its texts.
    pub(super) fn build(&self, record: &Record) -> Option<Firing> {
        let watch = self.watch(record.trigger)?;
        let series = (record.series != NOBODY).then(|| self.slots.series(record.series));
        Some(build(watch.trigger.clone(), series, record))
    }

    /// The firing of its parts, under the trigger as it is.
    pub(super) fn build_parts(&self, trigger: u32, parts: &Parts) -> Option<Firing> {
        let watch = self.watch(trigger)?;
        Some(Firing::new(watch.trigger.clone(), parts.clone()))
    }

    /// Turns the waiting records into firings, before what they refer to changes.
    pub(super) fn build_pending(&mut self) {
        let mut pending = std::mem::take(&mut self.pending);
        while let Some(entry) = pending.pop_front() {
            let built = match &entry {
                Pending::Crossing(crossing) => self.build(&crossing.record()),
                Pending::Record(record) => self.build(record),
                Pending::Occurred(occurred) => self.build_occurred(occurred),
                Pending::Parts { trigger, parts } => self.build_parts(*trigger, parts),
                Pending::Full { .. } => None,
            };
            self.pending.push_back(match built {
                Some(firing) => Pending::Full { trigger: entry.trigger(), firing: Box::new(firing) },
                None => entry,
            });
        }
    }
}

impl Crossing {
    /// The same crossing of another trigger.
    #[inline]
    pub(super) fn of(&self, trigger: u32) -> Self {
        Self { trigger, ..*self }
    }

    /// Whether all but the trigger is the same.
    #[inline]
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let parts = |crossing: &Self| {
            let values = (crossing.value.to_bits(), crossing.previous.to_bits());
            (crossing.time, crossing.series, crossing.ordinal, values)
        };
        parts(self) == parts(other)
    }

    pub(super) fn record(&self) -> Record {
        Record {
            trigger: self.trigger,
            series: self.series,
            transition: Transition::Crossed,
            time: self.time,
            crossed_at: Some(self.time),
            due_at: None,
            value: self.value,
            previous: self.previous,
            ordinal: self.ordinal,
            suppressed: 0,
            origin: None,
        }
    }
}

impl Pending {
    fn trigger(&self) -> u32 {
        match self {
            Self::Crossing(crossing) => crossing.trigger,
            Self::Record(record) => record.trigger,
            Self::Occurred(occurred) => occurred.trigger,
            Self::Parts { trigger, .. } | Self::Full { trigger, .. } => *trigger,
        }
    }

    /// Trigger, transition and time.
    pub(super) fn brief(&self) -> (u32, Transition, Nanos) {
        match self {
            Self::Crossing(crossing) => (crossing.trigger, Transition::Crossed, crossing.time),
            Self::Record(record) => (record.trigger, record.transition, record.time),
            Self::Occurred(occurred) => (occurred.trigger, Transition::Occurred, occurred.time),
            Self::Parts { trigger, parts } => (*trigger, parts.transition, parts.time),
            Self::Full { trigger, firing } => {
                let (_, parts) = firing.parts();
                (*trigger, parts.transition, parts.time)
            }
        }
    }
}

fn build(trigger: Trigger, series: Option<Series>, record: &Record) -> Firing {
    let present = |value: f64| (!value.is_nan()).then_some(value);
    let source = series.as_ref().map_or("", Series::source);
    let (event, owners) = match &record.origin {
        None => (None, Few::None),
        Some(origin) => {
            let event = (!origin.id.is_empty()).then(|| {
                let source = if origin.source.is_empty() { source } else { &origin.source };
                EventRef::new(source, &origin.id, origin.time).with_type(reported_by(&trigger))
            });
            (event, origin.owners.iter().map(|owner| owner.as_str().into()).collect())
        }
    };
    Firing::new(
        trigger,
        Parts {
            key: series.map_or(Key::Whole, Key::Series),
            transition: record.transition,
            time: record.time,
            ordinal: u64::from(record.ordinal),
            value: present(record.value),
            previous: present(record.previous),
            crossed_at: record.crossed_at,
            due_at: record.due_at,
            suppressed: u64::from(record.suppressed),
            event,
            owners,
            facts: None,
        },
    )
}

/// The type of the events that such a trigger is judged by.
fn reported_by(trigger: &Trigger) -> &'static str {
    match trigger.kind() {
        TriggerKind::NoData { kind, .. } if *kind == SeriesKind::DATA_SOURCE => RefreshCompleted::EVENT_TYPE,
        _ => ValueObserved::EVENT_TYPE,
    }
}

//! Is an observation late, and for whom?

use crate::error::{Error, ErrorKind};
use crate::event::ValueObserved;
use crate::event::filter::Candidate;
use crate::time::{Nanos, format_instant};

use super::Engine;
use super::cold::Exact;
use super::input::Input;
use super::instance::More;
use super::slot::LONG_AGO;

/// What a new observation is to a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    New,
    Late,
}

impl Engine {
    /// Is the observation late for the triggers without `lateness`?
    pub(super) fn age(&self, series: u32, input: &Input<'_>) -> Age {
        let (gate, exact) = (self.slots.hot(series).gate, self.slots.cold(series).exact.as_deref());
        let Exact { newest, sequence, floor } =
            exact.copied().unwrap_or(Exact { newest: gate, sequence: None, floor: LONG_AGO });
        let behind = matches!((input.sequence, sequence), (Some(this), Some(newest)) if this < newest);
        if input.at < newest || input.at < floor || (input.at == newest && behind) {
            Age::Late
        } else {
            Age::New
        }
    }

    pub(super) fn note_time(&mut self, series: u32, input: &Input<'_>) {
        let cold = self.slots.cold_mut(series);
        let floor = cold.exact.as_ref().map_or(LONG_AGO, |exact| exact.floor);
        cold.exact = (floor > input.at || input.sequence.is_some())
            .then(|| Box::new(Exact { newest: input.at, sequence: input.sequence, floor }));
        self.slots.hot_mut(series).gate = input.at.max(floor);
    }

    /// A deadline of the series has gone off: nothing older can be taken any more.
    pub(super) fn raise_floor(&mut self, series: u32, due: Nanos) {
        let gate = self.slots.hot(series).gate;
        if due <= gate && self.slots.cold(series).exact.is_none() {
            return;
        }
        let exact = self
            .slots
            .cold_mut(series)
            .exact
            .get_or_insert_with(|| Box::new(Exact { newest: gate, sequence: None, floor: LONG_AGO }));
        exact.floor = exact.floor.max(due);
        let gate = exact.newest.max(exact.floor);
        self.slots.cold_mut(series).slow = true;
        self.slots.hot_mut(series).gate = gate;
    }

    /// When the series last reported.
    pub(super) fn newest(&self, series: u32) -> Nanos {
        self.slots.cold(series).exact.as_ref().map_or(self.slots.hot(series).gate, |exact| exact.newest)
    }

    /// How the triggers with `lateness` see this observation, before anything changes.
    pub(super) fn reaches_late_triggers(&mut self, series: u32, input: &Input<'_>) -> Result<Reach, Error> {
        let mut reach = Reach::default();
        let always = &self.slots.cold(series).always;
        let mut waits = 0;
        for &number in always.iter() {
            let instance = &self.instances[number as usize];
            let Some(watch) = self.watch(instance.trigger) else { continue };
            let lateness = watch.lateness();
            if lateness == 0 || !self.passes(series, instance.trigger, input) {
                continue;
            }
            if instance.more.as_ref().is_some_and(|more| more.is_late(input)) {
                reach.any_late = true;
            } else {
                reach.any_accepts = true;
                waits += usize::from(input.at.saturating_add(lateness) > self.clock.max(input.at));
            }
        }
        if waits > 0 && self.waiting + waits > self.limits.waiting() {
            self.counts.over_limit += 1;
            let limit = self.limits.waiting();
            let message =
                format!("{} observations wait for lateness already, the limit is {limit}", self.waiting);
            return Err(Error::new(ErrorKind::Limit, message));
        }
        Ok(reach)
    }

    pub(super) fn has_prompt_triggers(&self, series: u32) -> bool {
        let cold = self.slots.cold(series);
        let prompt = |&number: &u32| {
            let trigger = self.instances[number as usize].trigger;
            self.watch(trigger).is_some_and(|watch| watch.lateness() == 0)
        };
        !cold.edge.is_empty() || cold.always.iter().any(prompt)
    }

    pub(super) fn reaches_prompt_triggers(&self, series: u32, input: &Input<'_>) -> bool {
        self.instances_on(series).into_iter().any(|number| {
            let trigger = self.instances[number as usize].trigger;
            self.watch(trigger).is_some_and(|watch| watch.lateness() == 0)
                && self.passes(series, trigger, input)
        })
    }

    pub(super) fn passes(&self, series: u32, trigger: u32, input: &Input<'_>) -> bool {
        let Some(watch) = self.watch(trigger) else { return false };
        if !watch.asks_events() {
            return true;
        }
        let candidate = match (input.event, input.observed) {
            (Some(event), _) => Candidate::from(event),
            (None, Some(observed)) => Candidate::from_observed(self.slots.source(series), observed),
            (None, None) => {
                let value = (!input.value.is_nan()).then_some(input.value);
                let kept = self.slots.series(series);
                let mut observed = ValueObserved::new(kept.kind().clone(), kept.name(), value);
                for (name, value) in kept.dimensions().iter() {
                    observed = observed.with_dimension(name, value);
                }
                return watch.passes(&Candidate::from_observed(kept.source(), &observed).with_time(input.at));
            }
        };
        watch.passes(&candidate.with_time(input.at))
    }

    pub(super) fn explain_late(&mut self, series: u32, input: &Input<'_>) {
        if self.explain.is_some() {
            let newest = format_instant(self.slots.hot(series).gate);
            let reason = format!("late: older than {newest}, up to which the series was judged");
            self.explain_event(Some(series), input, reason);
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reach {
    pub(super) any_accepts: bool,
    pub(super) any_late: bool,
}

impl More {
    /// Older than what was applied to this instance, or than a deadline of it that has gone off.
    pub(super) fn is_late(&self, input: &Input<'_>) -> bool {
        let behind =
            matches!((input.sequence, self.newest_sequence), (Some(this), Some(newest)) if this < newest);
        input.at < self.newest || input.at < self.floor || (input.at == self.newest && behind)
    }
}

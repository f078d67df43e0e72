//! One observation: which instances it concerns, and what it does to them.

use crate::error::{Error, ErrorKind};
use crate::event::filter::Candidate;
use crate::event::{Event, SeriesRef, ValueObserved};
use crate::threshold::{NEVER, Phase, Rule, State, Step, Why};
use crate::time::{Nanos, format_instant};

use super::Engine;
use super::emit::Moment;
use super::explain::Verdict;
use super::instance::{Body, Held, Instance, More, OriginRef, Owners, Silence};
use super::ladder::{Ladder, WAKE_ALWAYS};
use super::receipt::Receipt;
use super::slots::{Edge, Exact, LONG_AGO, kind_number};
use super::watch::{NOBODY, Subject, watches};

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
            id: self.event.map_or("", Event::id),
            time: self.at,
            owners: self.observed.map_or(Owners::Nobody, Owners::Observed),
        }
    }
}

/// What a new observation is to a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    New,
    Late,
}

impl Engine {
    /// The series' number, made where some trigger watches it; `None` where none does.
    pub(super) fn series_of(&mut self, series: &SeriesRef<'_>) -> Result<Option<u32>, Error> {
        if let Some(number) = self.slots.find(series) {
            return Ok(Some(number));
        }
        let Some(kind) = kind_number(series.kind()) else { return Ok(None) };
        let mut found = std::mem::take(&mut self.found);
        self.index.find(kind, series.name(), &mut found);
        found.retain(|&number| {
            self.watch(number).is_some_and(|watch| watches(&watch.trigger, series, ValueObserved::EVENT_TYPE))
        });
        let made = self.make_series(series, kind, &found);
        self.found = found;
        made
    }

    fn make_series(
        &mut self,
        series: &SeriesRef<'_>,
        kind: u8,
        triggers: &[u32],
    ) -> Result<Option<u32>, Error> {
        if triggers.is_empty() {
            return Ok(None);
        }
        if self.slots.len() >= self.limits.series() && self.drop_idle_series() == 0 {
            self.counts.over_limit += 1;
            let limit = self.limits.series();
            let message = format!("{:?} would be one series more than the limit of {limit}", series.name());
            return Err(Error::new(ErrorKind::Limit, message).at("data.name"));
        }
        let room = self.limits.series_per_trigger();
        let has_room = |engine: &Self, &trigger: &u32| {
            engine.watch(trigger).is_some_and(|watch| (watch.series as usize) < room)
        };
        if !triggers.iter().any(|trigger| has_room(self, trigger)) {
            self.counts.over_limit += 1;
            let message =
                format!("{:?} would be one series more than the limit of {room} a trigger", series.name());
            return Err(Error::new(ErrorKind::Limit, message).at("data.name"));
        }
        let number = self.slots.insert(series, kind);
        for trigger in triggers {
            if has_room(self, trigger) {
                self.attach(*trigger, number);
            } else {
                self.slots.cold_mut(number).refused += 1;
            }
        }
        self.settle_slot(number);
        Ok(Some(number))
    }

    /// Makes the instance of a trigger on a series that is kept.
    pub(super) fn attach(&mut self, trigger: u32, series: u32) {
        let Some(watch) = self.watch_mut(trigger) else { return };
        watch.series += 1;
        let (asks_events, has_cooldown) = (watch.asks_events(), watch.trigger.cooldown().is_some());
        let (body, edge, needs_more) = match watch.subject() {
            Subject::Threshold(threshold) => {
                let rule = Rule::new(threshold);
                let edge = rule.is_edge_driven() && !asks_events;
                (Body::Threshold(State::new(&rule)), edge, !edge || rule.has_timers() || has_cooldown)
            }
            Subject::Silence { .. } if watch.is_whole() => {
                let whole = watch.whole;
                self.slots.cold_mut(series).always.push(whole);
                return;
            }
            Subject::Silence { .. } => (Body::Silence(Silence::new()), false, true),
        };
        let more = needs_more.then(|| Box::new(More::default()));
        let number = self.store_instance(Instance::new(trigger, series, body, edge, more));
        let cold = self.slots.cold_mut(series);
        if !edge {
            cold.always.push(number);
            return;
        }
        match &mut cold.edge {
            edge @ Edge::None => *edge = Edge::One(number),
            Edge::One(first) => {
                let mut ladder = Box::<Ladder>::default();
                ladder.add(*first);
                ladder.add(number);
                cold.edge = Edge::Many(ladder);
            }
            Edge::Many(ladder) => ladder.add(number),
        }
    }

    /// Brings the slot in line with the instances of the series.
    pub(super) fn settle_slot(&mut self, series: u32) {
        let value = self.slots.slot(series).value;
        let cold = self.slots.cold(series);
        let quiet = match &cold.edge {
            Edge::None => (i64::MIN, i64::MAX),
            Edge::One(instance) => self.quiet_of(*instance, value),
            Edge::Many(ladder) => ladder.quiet(),
        };
        let has_always = !cold.always.is_empty();
        let slow = cold.refused > 0 || cold.exact.is_some() || has_always;
        let slot = self.slots.slot_mut(series);
        slot.quiet = if value.is_nan() { WAKE_ALWAYS } else { quiet };
        slot.slow = slow;
    }

    fn quiet_of(&self, instance: u32, value: f64) -> (i64, i64) {
        let instance = &self.instances[instance as usize];
        let rule = self.watch(instance.trigger).and_then(super::watch::Watch::rule);
        match (&instance.body, rule) {
            (Body::Threshold(state), Some(rule)) => rule.quiet(state, value).unwrap_or(WAKE_ALWAYS),
            _ => WAKE_ALWAYS,
        }
    }

    /// Takes one observation of a kept series.
    pub(super) fn take(&mut self, series: u32, input: &Input<'_>) -> Result<Receipt, Error> {
        let slot = self.slots.slot(series);
        let next = self.timers.peek().map_or(NEVER, |(due, _)| due);
        // Nobody notices: nothing is due, the value is newer and stays between the nearest edges.
        if input.at > slot.gate
            && !slot.slow
            && input.at < next
            && self.is_plain(input.at)
            && !input.value.is_nan()
        {
            let key = crate::threshold::key(input.value);
            if slot.quiet.0 <= key && key <= slot.quiet.1 && input.sequence.is_none() {
                let slot = self.slots.slot_mut(series);
                (slot.gate, slot.value) = (input.at, input.value);
                self.clock = self.clock.max(input.at);
                return Ok(Receipt::Accepted);
            }
        }
        self.take_with_care(series, input)
    }

    /// True where nothing of the less common kind needs a look at this instant.
    fn is_plain(&self, at: Nanos) -> bool {
        self.explain.is_none() && self.late_timers.peek().is_none_or(|(due, _)| at < due)
    }

    fn take_with_care(&mut self, series: u32, input: &Input<'_>) -> Result<Receipt, Error> {
        let prompt = self.has_prompt_triggers(series);
        let age = if prompt { self.age(series, input) } else { Age::New };
        let late_triggers = self.reaches_late_triggers(series, input)?;
        let all_late =
            age == Age::Late || (late_triggers.any_late && !self.reaches_prompt_triggers(series, input));
        if all_late && !late_triggers.any_accepts {
            self.counts.late += 1;
            self.explain_late(series, input);
            return Ok(Receipt::Late);
        }
        self.advance_before(input.at)?;
        self.clock = self.clock.max(input.at);
        self.counts.late += u64::from(age == Age::Late || late_triggers.any_late);
        self.counts.not_watched += u64::from(self.slots.cold(series).refused > 0);
        if age == Age::New {
            self.note_time(series, input);
        }
        let mut woken = std::mem::take(&mut self.woken);
        woken.clear();
        self.collect_woken(series, input, age, &mut woken);
        let mut reached = false;
        for &(instance, _) in &woken {
            reached |= self.show(instance, series, input, age);
        }
        reached |= age == Age::New && !matches!(self.slots.cold(series).edge, Edge::None);
        if age == Age::New {
            self.explain_untouched(series, &woken);
        }
        if age == Age::New && !input.value.is_nan() {
            self.slots.slot_mut(series).value = input.value;
        }
        self.settle_woken(series, &woken);
        self.woken = woken;
        self.settle_due(Some(series), input, age == Age::New);
        self.settle_slot(series);
        Ok(if reached { Receipt::Accepted } else { Receipt::Ignored })
    }

    /// Is the observation late for the triggers without `lateness`?
    fn age(&self, series: u32, input: &Input<'_>) -> Age {
        let (gate, exact) = (self.slots.slot(series).gate, self.slots.cold(series).exact.as_deref());
        let Exact { newest, sequence, floor } =
            exact.copied().unwrap_or(Exact { newest: gate, sequence: None, floor: LONG_AGO });
        let behind = matches!((input.sequence, sequence), (Some(this), Some(newest)) if this < newest);
        if input.at < newest || input.at < floor || (input.at == newest && behind) {
            Age::Late
        } else {
            Age::New
        }
    }

    fn note_time(&mut self, series: u32, input: &Input<'_>) {
        if input.at < self.newest(series) {
            return;
        }
        let cold = self.slots.cold_mut(series);
        let floor = cold.exact.as_ref().map_or(LONG_AGO, |exact| exact.floor);
        cold.exact = (floor > input.at || input.sequence.is_some())
            .then(|| Box::new(Exact { newest: input.at, sequence: input.sequence, floor }));
        self.slots.slot_mut(series).gate = input.at.max(floor);
    }

    /// A deadline of the series has gone off: nothing older can be taken any more.
    pub(super) fn raise_floor(&mut self, series: u32, due: Nanos) {
        let gate = self.slots.slot(series).gate;
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
        let slot = self.slots.slot_mut(series);
        (slot.gate, slot.slow) = (gate, true);
    }

    /// When the series last reported.
    pub(super) fn newest(&self, series: u32) -> Nanos {
        self.slots.cold(series).exact.as_ref().map_or(self.slots.slot(series).gate, |exact| exact.newest)
    }

    /// How the triggers with `lateness` see this observation, before anything changes.
    fn reaches_late_triggers(&mut self, series: u32, input: &Input<'_>) -> Result<Reach, Error> {
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

    fn has_prompt_triggers(&self, series: u32) -> bool {
        let cold = self.slots.cold(series);
        let prompt = |&number: &u32| {
            let trigger = self.instances[number as usize].trigger;
            self.watch(trigger).is_some_and(|watch| watch.lateness() == 0)
        };
        !matches!(cold.edge, Edge::None) || cold.always.iter().any(prompt)
    }

    fn reaches_prompt_triggers(&self, series: u32, input: &Input<'_>) -> bool {
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

    /// The instances that must see this observation, in the order of their triggers.
    fn collect_woken(&mut self, series: u32, input: &Input<'_>, age: Age, woken: &mut Vec<(u32, u32)>) {
        let missing = input.value.is_nan();
        if age == Age::New {
            let value = self.slots.slot(series).value;
            let mut edge = std::mem::take(&mut self.slots.cold_mut(series).edge);
            match &mut edge {
                Edge::None => {}
                Edge::One(instance) => {
                    let (low, high) = self.slots.slot(series).quiet;
                    let key = crate::threshold::key(input.value);
                    if missing || key < low || key > high {
                        woken.push((*instance, NOBODY));
                    }
                }
                // A missing value concerns the holds that run, wherever they stand.
                Edge::Many(ladder) if missing => {
                    let holds = |number: &u32| match &self.instances[*number as usize].body {
                        Body::Threshold(state) => state.phase == Phase::Holding,
                        Body::Silence(_) => false,
                    };
                    let before = woken.len();
                    woken.extend(ladder.instances().filter(holds).map(|number| (number, NOBODY)));
                    if woken.len() > before {
                        ladder.invalidate();
                    }
                }
                Edge::Many(ladder) => {
                    if ladder.is_stale() {
                        self.rebuild(ladder, value);
                    }
                    ladder.wake(crate::threshold::key(input.value), woken);
                }
            }
            self.slots.cold_mut(series).edge = edge;
        }
        woken.extend(self.slots.cold(series).always.iter().map(|&instance| (instance, NOBODY)));
        woken.sort_unstable_by_key(|&(instance, _)| self.instances[instance as usize].trigger);
    }

    fn rebuild(&self, ladder: &mut Ladder, value: f64) {
        let edges = |instance: u32| {
            let trigger = self.instances[instance as usize].trigger;
            self.watch(trigger).and_then(super::watch::Watch::rule).map_or([None; 4], |rule| rule.edges())
        };
        ladder.rebuild(edges, |instance| self.quiet_of(instance, value));
    }

    /// Tells the ladder where the instances it woke stand now.
    fn settle_woken(&mut self, series: u32, woken: &[(u32, u32)]) {
        let value = self.slots.slot(series).value;
        let mut edge = std::mem::take(&mut self.slots.cold_mut(series).edge);
        if let Edge::Many(ladder) = &mut edge {
            for &(instance, number) in woken.iter().filter(|(_, number)| *number != NOBODY) {
                ladder.settle(number, self.quiet_of(instance, value));
            }
        }
        self.slots.cold_mut(series).edge = edge;
    }

    /// Shows the observation to an instance; false where it is no input for it.
    fn show(&mut self, number: u32, series: u32, input: &Input<'_>, age: Age) -> bool {
        let trigger = self.instances[number as usize].trigger;
        let Some(watch) = self.watch(trigger) else { return false };
        let (rule, lateness) = (watch.rule(), watch.lateness());
        if !self.passes(series, trigger, input) {
            self.note(number, Verdict::Filtered);
            return false;
        }
        if lateness > 0 {
            return self.show_late(number, input, lateness);
        }
        if age == Age::Late {
            self.note(number, Verdict::Late);
            return false;
        }
        match &rule {
            Some(rule) => self.step(number, rule, series, input.at, input.value, &input.origin()),
            None => self.report(number, trigger, input),
        }
        self.queue(number);
        true
    }

    /// One observation for a threshold instance, now.
    pub(super) fn step(
        &mut self,
        number: u32,
        rule: &Rule,
        series: u32,
        at: Nanos,
        value: f64,
        origin: &OriginRef<'_>,
    ) {
        let previous = self.last_value(number, series);
        let instance = &mut self.instances[number as usize];
        let Body::Threshold(state) = &mut instance.body else { return };
        let step = state.observe(rule, at, value);
        if let Some(more) = &mut instance.more {
            match step {
                Step::Quiet(Why::HoldStarted { .. }) | Step::Crossed { .. } => {
                    more.before = previous;
                    more.origin.set(origin);
                }
                Step::Quiet(Why::KeepStarted { .. }) => more.outside.set(origin),
                _ => {}
            }
            more.reported = at;
            if !value.is_nan() {
                more.value = value;
            }
        }
        let moment =
            Moment { at, value, previous, origin: (!origin.id.is_empty()).then_some(*origin), due: None };
        self.conclude(number, rule, step, &moment);
    }

    /// A report for a `noData` trigger.
    fn report(&mut self, number: u32, trigger: u32, input: &Input<'_>) {
        let Some(Subject::Silence { within, .. }) = self.watch(trigger).map(super::watch::Watch::subject)
        else {
            return;
        };
        let instance = &mut self.instances[number as usize];
        let belongs_to_series = instance.series != NOBODY;
        let Body::Silence(silence) = &mut instance.body else { return };
        let heard = silence.report(input.at, within);
        if let Some(more) = &mut instance.more
            && heard
        {
            more.origin.set(&input.origin());
            more.reported = input.at;
            if !input.value.is_nan() {
                more.value = input.value;
            }
        }
        self.note(number, if heard { Verdict::Heard } else { Verdict::Late });
        if belongs_to_series {
            self.drop_whole(trigger);
        }
    }

    /// For a trigger with `lateness`: the observation waits, or is applied now if it is as old as that.
    fn show_late(&mut self, number: u32, input: &Input<'_>, lateness: Nanos) -> bool {
        let (clock, flushed) = (self.clock, self.flushed);
        let Some(more) = &mut self.instances[number as usize].more else { return false };
        if more.is_late(input) {
            self.note(number, Verdict::Late);
            return false;
        }
        let held = Held { value: input.value, origin: input.origin().to_origin() };
        more.waiting.push(input.at, input.sequence, held);
        self.waiting += 1;
        let due = input.at.saturating_add(lateness);
        if due <= clock || input.at <= flushed {
            self.live(number, input.at);
        } else {
            self.note(number, Verdict::Waits { until: due });
        }
        self.queue(number);
        true
    }

    /// The last present value that the instance knows.
    pub(super) fn last_value(&self, number: u32, series: u32) -> f64 {
        let instance = &self.instances[number as usize];
        match &instance.more {
            Some(more) if !instance.edge => more.value,
            _ if series == NOBODY => f64::NAN,
            // It was added after the series had values, which it does not know.
            _ if matches!(&instance.body, Body::Threshold(state) if state.phase == Phase::Unseen) => f64::NAN,
            _ => self.slots.slot(series).value,
        }
    }

    fn explain_late(&mut self, series: u32, input: &Input<'_>) {
        if self.explain.is_some() {
            let newest = format_instant(self.slots.slot(series).gate);
            let reason = format!("late: older than {newest}, up to which the series was judged");
            self.explain_event(Some(series), input, reason);
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Reach {
    any_accepts: bool,
    any_late: bool,
}

impl More {
    /// Older than what was applied to this instance, or than a deadline of it that has gone off.
    fn is_late(&self, input: &Input<'_>) -> bool {
        let behind =
            matches!((input.sequence, self.newest_sequence), (Some(this), Some(newest)) if this < newest);
        input.at < self.newest || input.at < self.floor || (input.at == self.newest && behind)
    }
}

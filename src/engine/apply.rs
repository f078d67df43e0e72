//! One observation: what it does to the instances it concerns.

use crate::error::Error;
use crate::event::Event;
use crate::threshold::{Phase, Rule, Step, Why, key};
use crate::time::Nanos;

use super::Engine;
use super::age::Age;
use super::emit::Moment;
use super::input::Input;
use super::instance::{Body, Held, Instance, OriginRef, Owners};
use super::numbers::NOBODY;
use super::receipt::Receipt;
use super::verdict::Verdict;
use super::watch::{Subject, Watch};

impl Engine {
    /// Takes one observation of a kept series.
    pub(super) fn take(&mut self, series: u32, input: &Input<'_>) -> Result<Receipt, Error> {
        if input.sequence.is_none()
            && (self.skim(series as usize, input.at, input.value) || self.brush(series, input))
        {
            return Ok(Receipt::Accepted);
        }
        self.take_with_care(series, input)
    }

    /// Takes an observation that a solo does not notice: nothing is due, the value
    /// is newer and does not reach its edge. False where it is not such a one.
    ///
    /// What this reads is what bounds how many such calls are under way at once
    /// while memory is awaited, so it is as little as can be.
    #[inline(always)]
    pub(super) fn skim(&mut self, series: usize, at: Nanos, value: f64) -> bool {
        let is_plain = at < self.plain_until;
        let Some(hot) = self.slots.hot_at(series) else { return false };
        if !(is_plain & hot.is_quiet(at, value)) {
            return false;
        }
        (hot.gate, hot.value) = (at, value);
        self.clock = self.clock.max(at);
        true
    }

    /// Takes an observation that changes nothing but a solo, or that nobody
    /// notices on a series that has more than one trigger.
    pub(super) fn brush(&mut self, series: u32, input: &Input<'_>) -> bool {
        let (at, value) = (input.at, input.value);
        let hot = self.slots.hot(series);
        if at >= self.plain_until || value.is_nan() || at <= hot.gate {
            return false;
        }
        let (cold, key) = (self.slots.cold(series), key(value));
        if hot.is_solo() {
            self.cross(series, input);
        } else if cold.slow {
            return false;
        } else if key < cold.quiet.0 || cold.quiet.1 < key {
            return self.pass(series, input, key);
        } else {
            let hot = self.slots.hot_mut(series);
            (hot.gate, hot.value) = (at, value);
        }
        self.clock = self.clock.max(at);
        true
    }

    #[inline(never)]
    pub(super) fn take_with_care(&mut self, series: u32, input: &Input<'_>) -> Result<Receipt, Error> {
        self.end_solo(series);
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
        let is_newest = age == Age::New && input.at >= self.newest(series);
        if is_newest {
            self.note_time(series, input);
        }
        let mut woken = std::mem::take(&mut self.woken);
        woken.clear();
        self.collect_woken(series, input, age, &mut woken);
        let mut reached = false;
        let mut order = std::mem::take(&mut self.order);
        Self::order_woken(&woken, &mut order);
        let previous = self.slots.hot(series).value;
        for &place in &order {
            let woken = &woken[(place & u64::from(u32::MAX)) as usize];
            match woken.crossed {
                Some(ordinal) => self.emit_plain(woken.trigger, series, ordinal, previous, input),
                None => reached |= self.show(woken.instance, series, input, age),
            }
        }
        reached |= age == Age::New && !self.slots.cold(series).edge.is_empty();
        if age == Age::New {
            self.explain_untouched(series, &woken);
        }
        if is_newest && !input.value.is_nan() {
            self.slots.hot_mut(series).value = input.value;
        }
        self.settle_woken(series, &woken);
        (self.woken, self.order) = (woken, order);
        self.settle_due(Some(series), input, age == Age::New);
        self.settle_slot(series);
        self.prune();
        Ok(if reached { Receipt::Accepted } else { Receipt::Ignored })
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
        self.instances[number as usize].shown |= lateness > 0 || age == Age::New;
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
        let Some(Subject::Silence { within, .. }) = self.watch(trigger).map(Watch::subject) else {
            return;
        };
        let instance = &mut self.instances[number as usize];
        let belongs_to_series = instance.series != NOBODY;
        let Body::Silence(silence) = &mut instance.body else { return };
        let heard = silence.report(input.at, within);
        if let Some(more) = &mut instance.more
            && heard
        {
            let source = if belongs_to_series { "" } else { input.event.map_or("", Event::source) };
            more.origin.set(&OriginRef { source, ..input.origin() });
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

    /// A report, without a series, for a `noData` trigger of the whole; false where it is too old.
    pub(super) fn report_whole(
        &mut self,
        number: u32,
        at: Nanos,
        within: Nanos,
        (source, id): (&str, &str),
        owners: &[Box<str>],
    ) -> bool {
        let instance = &mut self.instances[number as usize];
        let Body::Silence(silence) = &mut instance.body else { return false };
        let heard = silence.report(at, within);
        instance.shown = true;
        if let Some(more) = &mut instance.more
            && heard
        {
            more.origin.set(&OriginRef { source, id, time: at, owners: Owners::Told(owners) });
            more.reported = at;
        }
        self.queue(number);
        heard
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
        self.last_value_of(&self.instances[number as usize], series)
    }

    pub(super) fn last_value_of(&self, instance: &Instance, series: u32) -> f64 {
        match &instance.more {
            Some(more) if !instance.edge => more.value,
            _ if series == NOBODY => f64::NAN,
            // It was added after the series had values, which it does not know.
            _ if matches!(&instance.body, Body::Threshold(state) if state.phase == Phase::Unseen) => f64::NAN,
            _ => self.slots.hot(series).value,
        }
    }
}

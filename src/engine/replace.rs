//! A trigger replaced by another of the same id: what of its state still means the same.

use hashbrown::HashMap;

use crate::event::SeriesRef;
use crate::threshold::{NEVER, Phase, Rejudge, Rule, Step, Why};
use crate::time::Nanos;
use crate::trigger::{Matcher, Trigger, TriggerKind};

use super::Engine;
use super::cold::Edge;
use super::emit::Moment;
use super::instance::{Body, Instance, More};
use super::numbers::{NOBODY, is_series_kind};
use super::silence::Silence;
use super::slot::LONG_AGO;
use super::watch::{Subject, Watch, subject, target};

impl Engine {
    pub(super) fn replace_numbered(&mut self, number: u32, trigger: Trigger, now: Nanos, apply_now: bool) {
        self.build_pending();
        let Some(old) = self.watch(number).map(|watch| watch.trigger.clone()) else { return };
        if old == trigger {
            return;
        }
        let same_type = std::mem::discriminant(&old.kind()) == std::mem::discriminant(&trigger.kind())
            && silence_kind(&old) == silence_kind(&trigger)
            && (is_series_kind(target(&trigger).0) || is_of_all(&old) == is_of_all(&trigger));
        if !same_type {
            self.uninstall(number);
            self.install(number, Watch::new(trigger), now);
            self.prune();
            return;
        }
        let kept = self.take_off(number, &trigger);
        let Some(mut watch) = self.register.take(number) else { return };
        if old.enabled() != trigger.enabled() {
            watch.set_enabled(trigger.enabled());
        }
        if let (Some(limit), true) = (trigger.limit(), old.limit() != trigger.limit()) {
            let over = watch.emitted().len().saturating_sub(limit.max() as usize);
            if over > 0 {
                watch.emitted_mut().drain(..over);
            }
        }
        watch.trigger = trigger;
        self.register.put(number, watch);
        self.renew_whole(number, &old, now);
        self.renew_items(number);
        self.retime_tasks(number, &old);
        let mut watched = self.watched_series(number);
        watched.sort_by(|&a, &b| self.slots.compare(a, b));
        for series in watched {
            self.attach(number, series);
            if let Some(instance) = kept.get(&series) {
                self.carry_over(number, series, instance, &old, apply_now);
            }
            self.settle_slot(series);
        }
        self.prune();
    }

    /// Takes the instances of a trigger off their series, to be put back under
    /// another trigger; those of series that it does not watch are dropped.
    fn take_off(&mut self, number: u32, new: &Trigger) -> HashMap<u32, Instance> {
        let mut kept = HashMap::new();
        for series in self.watched_series(number) {
            let kept_series = self.slots.series(series);
            let stays = self.watches_here(new, &SeriesRef::from(&kept_series));
            self.take_back_series(series);
            for instance in self.instances_on(series) {
                let instance = &mut self.instances[instance as usize];
                if stays && instance.trigger == number && instance.series == series {
                    let mut taken = instance.clone();
                    taken.queued = NEVER;
                    // What waits moves along; it is not dropped.
                    if let Some(more) = &mut instance.more {
                        self.waiting -= more.waiting.len();
                        more.waiting = crate::threshold::Waiting::default();
                    }
                    kept.insert(series, taken);
                }
            }
            self.detach(number, series);
        }
        kept
    }

    /// The trigger-wide silence of a replaced `noData` trigger.
    fn renew_whole(&mut self, number: u32, old: &Trigger, now: Nanos) {
        let Some(watch) = self.watch(number) else { return };
        let (Subject::Silence { within, from_start }, Subject::Silence { within: before, .. }) =
            (watch.subject(), subject(old))
        else {
            return;
        };
        let (whole, is_whole, was_whole) = (
            watch.whole(),
            watch.is_whole(),
            matches!(old.kind(), TriggerKind::NoData { name, .. } if name.matches("*") && name.as_exact().is_none()),
        );
        if whole != NOBODY && is_whole == was_whole {
            if let Body::Silence(silence) = &mut self.instances[whole as usize].body {
                silence.retime(before, within);
            }
            self.requeue(whole);
            return;
        }
        if whole != NOBODY {
            self.free_instance(whole);
        }
        let was_from_start = matches!(old.kind(), TriggerKind::NoData { from_start: true, .. });
        let silence = match (is_whole, from_start && !was_from_start && !self.has_heard_of_items(number)) {
            (_, true) => Some(Silence::from_start(now, within)),
            (true, false) => Some(Silence::new()),
            (false, false) => None,
        };
        let whole = silence.map_or(NOBODY, |silence| {
            let more = Some(Box::new(More::default()));
            self.store_instance(Instance::new(number, NOBODY, Body::Silence(silence), false, more))
        });
        if let Some(watch) = self.watch_mut(number) {
            watch.set_whole(whole);
        }
        if whole != NOBODY {
            self.queue(whole);
        }
    }

    /// Gives the new instance of a series what the old one knew.
    fn carry_over(
        &mut self,
        trigger: u32,
        series: u32,
        old: &Instance,
        old_trigger: &Trigger,
        apply_now: bool,
    ) {
        let Some(number) = self
            .instances_on(series)
            .into_iter()
            .find(|&other| self.instances[other as usize].trigger == trigger)
        else {
            return;
        };
        if self.instances[number as usize].series == NOBODY {
            return;
        }
        let (clock, newest, slot_value) = (self.clock, self.newest(series), self.slots.hot(series).value);
        let last = match &old.more {
            Some(more) if !old.edge => more.value,
            _ => self.instance_value(old, slot_value),
        };
        let reported = match &old.more {
            Some(more) if !old.edge => more.reported,
            _ if newest == LONG_AGO => NEVER,
            _ => newest,
        };
        if self.instances[number as usize].edge && !old.edge && last.to_bits() != slot_value.to_bits() {
            self.show_everything(number, series);
        }
        let instance = &mut self.instances[number as usize];
        instance.shown = old.shown;
        if old.more.is_some() {
            instance.more.get_or_insert_default();
        }
        (instance.last_firing, instance.firings_then, instance.suppressed) =
            (old.last_firing, old.firings_then, old.suppressed);
        if let Some(more) = &mut instance.more {
            if let Some(was) = &old.more {
                *more = was.clone();
                self.waiting += was.waiting.len();
            } else {
                (more.cooldown_from, more.before) = (LONG_AGO, f64::NAN);
            }
            (more.value, more.reported) = (last, reported);
            if more.newest == LONG_AGO && reported != NEVER {
                more.newest = reported;
            }
        }
        let rules = (subject(old_trigger), self.watch(trigger).and_then(Watch::rule));
        let mut step = None;
        match (&mut self.instances[number as usize].body, &old.body, rules) {
            (Body::Threshold(state), Body::Threshold(was), (Subject::Threshold(before), Some(rule))) => {
                *state = was.clone();
                let before = Rule::new(before);
                let with = Rejudge { last, reported, now: clock, apply_now: apply_now && clock != LONG_AGO };
                let result = state.replace(&before, &rule, with);
                step = Some((rule, before.lateness, result));
            }
            (Body::Silence(silence), Body::Silence(was), (Subject::Silence { within: before, .. }, None)) => {
                *silence = *was;
                if let Some(Subject::Silence { within, .. }) = self.watch(trigger).map(Watch::subject) {
                    let Body::Silence(silence) = &mut self.instances[number as usize].body else { return };
                    silence.retime(before, within);
                }
            }
            _ => {}
        }
        if let Some((rule, lateness, step)) = step {
            self.conclude_replace(number, series, &rule, lateness, step);
        }
        self.requeue(number);
    }

    /// The trigger has not seen the last value of the series (it did not pass
    /// `where`, or waited): the instance is shown every value, as before.
    fn show_everything(&mut self, number: u32, series: u32) {
        self.take_back_series(series);
        self.instances[number as usize].edge = false;
        let cold = self.slots.cold_mut(series);
        match &mut cold.edge {
            Edge::One(only) if *only == number => cold.edge = Edge::None,
            Edge::Many(ladder) => ladder.remove(number),
            _ => {}
        }
        cold.always.push(number);
    }

    fn conclude_replace(&mut self, number: u32, series: u32, rule: &Rule, lateness: Nanos, step: Step) {
        let (clock, value) = (self.clock, self.last_value(number, series));
        let begins = matches!(step, Step::Crossed { .. } | Step::Quiet(Why::HoldStarted { .. }));
        if let Some(more) = &mut self.instances[number as usize].more
            && begins
        {
            more.before = f64::NAN;
            more.origin.clear();
        }
        if begins {
            self.raise_floor(series, clock);
        }
        if let Step::Crossed { .. } = step {
            let moment = Moment { at: clock, value, previous: f64::NAN, origin: None, due: None };
            self.conclude(number, rule, step, &moment);
        }
        // Without `lateness` what waits is applied at once, with what is due before it.
        let waits = |engine: &Self| engine.instances[number as usize].more.as_ref()?.waiting.next_at();
        while lateness > 0
            && rule.lateness == 0
            && let Some(at) = waits(self)
        {
            self.live(number, at);
        }
    }

    /// The last present value of an instance that is shown only edges: the series' own.
    fn instance_value(&self, instance: &Instance, slot_value: f64) -> f64 {
        match &instance.body {
            Body::Threshold(state) if state.phase == Phase::Unseen => f64::NAN,
            _ => slot_value,
        }
    }
}

/// `noData`: one silence for all.
fn is_of_all(trigger: &Trigger) -> bool {
    matches!(trigger.kind(), TriggerKind::NoData { name: Matcher::Any, .. })
}

/// `noData`: which kind it is about.
fn silence_kind(trigger: &Trigger) -> Option<&str> {
    match trigger.kind() {
        TriggerKind::NoData { kind, .. } => Some(kind.as_str()),
        _ => None,
    }
}

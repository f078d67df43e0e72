//! The engine's time: what happens between observations, and in which order.

use std::cmp::Ordering;

use crate::error::{Error, ErrorKind};
use crate::threshold::{NEVER, Step, Why};
use crate::time::Nanos;

use super::Engine;
use super::emit::Moment;
use super::input::Input;
use super::instance::{Body, Instance, Origin};
use super::numbers::NOBODY;
use super::slot::LONG_AGO;

impl Engine {
    /// Everything that is due before `at`, of every series, in the order
    /// (instant, trigger, series key).
    pub(super) fn advance_before(&mut self, at: Nanos) -> Result<(), Error> {
        loop {
            let next = self.next_due();
            self.set_next(next);
            if next >= at || next == NEVER {
                return Ok(());
            }
            self.has_room()?;
            let mut due = std::mem::take(&mut self.due);
            due.clear();
            self.pop_due(next, &mut due);
            for &(_, number) in &due {
                self.live_to(number, next);
            }
            self.due = due;
        }
    }

    /// The earliest entry of either queue.
    fn next_due(&self) -> Nanos {
        let first =
            |queue: &crate::time::DeadlineQueue<(u32, u32)>| queue.peek().map_or(NEVER, |(due, _)| due);
        first(&self.timers).min(first(&self.late_timers))
    }

    /// Takes the entries of one instant out of both queues, those that are still meant, in order.
    fn pop_due(&mut self, instant: Nanos, due: &mut Vec<(u32, u32)>) {
        for late in [false, true] {
            loop {
                let queue = if late { &mut self.late_timers } else { &mut self.timers };
                let Some((at, entry)) = queue.peek().filter(|&(at, _)| at == instant) else { break };
                queue.pop();
                if self.means(at, entry) {
                    due.push(entry);
                }
            }
        }
        self.sort_due(due);
    }

    /// Is an entry that was popped still the instance's earliest? One whose
    /// deadline has moved away is queued anew.
    fn means(&mut self, at: Nanos, (trigger, number): (u32, u32)) -> bool {
        let instance = &mut self.instances[number as usize];
        if instance.trigger != trigger || instance.queued != at {
            return false;
        }
        instance.queued = NEVER;
        if self.due_of(number) <= at {
            return true;
        }
        self.queue(number);
        false
    }

    fn sort_due(&self, due: &mut [(u32, u32)]) {
        due.sort_by(|a, b| {
            let series = |entry: &(u32, u32)| self.instances[entry.1 as usize].series;
            a.0.cmp(&b.0).then_with(|| match (series(a), series(b)) {
                (NOBODY, NOBODY) => self.compare_waiters(a.1, b.1),
                (NOBODY, _) => Ordering::Less,
                (_, NOBODY) => Ordering::Greater,
                (first, second) => self.slots.compare(first, second),
            })
        });
    }

    /// The order of two instances of one trigger that have no series: one for
    /// the whole first, then items by their keys.
    fn compare_waiters(&self, a: u32, b: u32) -> Ordering {
        match (self.waiter(a), self.waiter(b)) {
            (Some(a), Some(b)) => self.tasks.items.compare(a.item, b.item),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }

    /// When the instance's next deadline comes, on the engine's clock.
    pub(super) fn due_of(&self, number: u32) -> Nanos {
        self.due_of_instance(&self.instances[number as usize])
    }

    pub(super) fn due_of_instance(&self, instance: &Instance) -> Nanos {
        let Some(watch) = self.watch(instance.trigger) else { return NEVER };
        let rule = watch.rule();
        match instance.deadline(rule.as_ref()) {
            NEVER => NEVER,
            // Past the last instant that there is, where only `flush` comes to it.
            own => own.saturating_add(watch.lateness()).min(NEVER - 1),
        }
    }

    /// Enters the instance's next deadline, unless an earlier entry will lead there.
    pub(super) fn queue(&mut self, number: u32) {
        let due = self.due_of(number);
        let instance = &mut self.instances[number as usize];
        if due >= instance.queued {
            return;
        }
        instance.queued = due;
        let trigger = instance.trigger;
        let is_late = self.watch(trigger).is_some_and(|watch| watch.lateness() > 0);
        let queue = if is_late { &mut self.late_timers } else { &mut self.timers };
        queue.push(due, (trigger, number));
        self.set_next(self.next.min(due));
    }

    pub(super) fn set_next(&mut self, next: Nanos) {
        self.next = next;
        let is_plain = self.explain.is_none() && self.pending.len() < self.limits.pending();
        self.plain_until = if is_plain { next } else { LONG_AGO };
    }

    /// After firings were put into the outbox: while it is full, nothing is plain.
    #[inline]
    pub(super) fn close_if_full(&mut self) {
        if self.pending.len() >= self.limits.pending() {
            self.plain_until = LONG_AGO;
        }
    }

    /// After a firing was polled: what was closed while the outbox was full is plain again.
    #[inline]
    pub(super) fn reopen(&mut self) {
        if self.plain_until == LONG_AGO {
            self.set_next(self.next);
        }
    }

    /// Keeps the first entry of each queue one that is still meant, so that
    /// `poll_timeout` says when something really happens.
    pub(super) fn prune(&mut self) {
        for late in [false, true] {
            loop {
                let queue = if late { &mut self.late_timers } else { &mut self.timers };
                let Some((at, entry)) = queue.peek() else { break };
                let (trigger, number) = entry;
                let instance = &self.instances[number as usize];
                let is_current = instance.trigger == trigger && instance.queued == at;
                if is_current && self.due_of(number) == at {
                    break;
                }
                let queue = if late { &mut self.late_timers } else { &mut self.timers };
                queue.pop();
                if is_current {
                    self.requeue(number);
                }
            }
        }
        self.set_next(self.next_due());
    }

    /// Forgets the queued entry and enters the deadline as it is now.
    pub(super) fn requeue(&mut self, number: u32) {
        self.instances[number as usize].queued = NEVER;
        self.queue(number);
    }

    /// What is due at exactly the instant of an observation that was just
    /// applied: on its own series, and for triggers whose clock is behind
    /// anyway. A deadline of another series waits, for an observation of that
    /// series at this instant may still come, and observations come first.
    pub(super) fn settle_due(&mut self, series: Option<u32>, input: &Input<'_>, prompt: bool) {
        let first =
            |queue: &crate::time::DeadlineQueue<(u32, u32)>| queue.peek().map_or(NEVER, |(due, _)| due);
        let (own, late) = (first(&self.timers) == input.at && prompt, first(&self.late_timers) <= input.at);
        if !own && !late {
            return;
        }
        let mut due = std::mem::take(&mut self.due);
        due.clear();
        if let Some(series) = series.filter(|_| own) {
            let cold = self.slots.cold(series);
            let edge: Vec<u32> = cold.edge.instances();
            let always = cold.always.iter().copied();
            for number in edge.into_iter().chain(always) {
                let trigger = self.instances[number as usize].trigger;
                let is_prompt = self.watch(trigger).is_some_and(|watch| watch.lateness() == 0);
                if is_prompt && self.due_of(number) == input.at && self.passes(series, trigger, input) {
                    due.push((trigger, number));
                }
            }
        }
        while let Some((at, entry)) = self.late_timers.peek().filter(|&(at, _)| at <= input.at) {
            self.late_timers.pop();
            if self.means(at, entry) {
                due.push(entry);
            }
        }
        self.sort_due(&mut due);
        for &(_, number) in &due {
            self.live_to(number, input.at);
        }
        self.due = due;
    }

    /// The same for an event that is no observation: only the triggers whose clock is behind.
    pub(super) fn settle_behind(&mut self, at: Nanos) {
        self.settle_due(None, &Input::plain(at, f64::NAN), false);
    }

    /// Lets an instance live up to an instant of the engine's clock.
    fn live_to(&mut self, number: u32, instant: Nanos) {
        let trigger = self.instances[number as usize].trigger;
        let Some(lateness) = self.watch(trigger).map(super::watch::Watch::lateness) else { return };
        self.live(number, instant.saturating_sub(lateness));
        self.queue(number);
    }

    /// Lets an instance live up to `until` on its own clock: waiting
    /// observations and deadlines in order, observations first at one instant.
    pub(super) fn live(&mut self, number: u32, until: Nanos) {
        let trigger = self.instances[number as usize].trigger;
        let Some(watch) = self.watch(trigger) else { return };
        let (rule, series) = (watch.rule(), self.instances[number as usize].series);
        let Some(rule) = rule else {
            match &self.instances[number as usize].body {
                Body::Task(_) => self.expire_waiter(number, until),
                _ => self.expire_silence(number, until),
            }
            return;
        };
        loop {
            let instance = &mut self.instances[number as usize];
            let Body::Threshold(state) = &mut instance.body else { return };
            let deadline = state.deadline(&rule);
            let waiting = instance.more.as_ref().and_then(|more| more.waiting.next_at()).unwrap_or(NEVER);
            if waiting <= until && waiting <= deadline && waiting != NEVER {
                self.release(number, &rule, series);
            } else if let Some((due, step)) = state.expire(&rule, until) {
                self.deadline(number, &rule, series, due, step);
            } else {
                return;
            }
        }
    }

    /// Applies the first waiting observation of an instance.
    fn release(&mut self, number: u32, rule: &crate::threshold::Rule, series: u32) {
        let Some(more) = &mut self.instances[number as usize].more else { return };
        let Some((at, sequence, held)) = more.waiting.pop() else { return };
        (more.newest, more.newest_sequence) = (at, sequence);
        self.waiting -= 1;
        let context = self.explain_enter(&held.origin.id, at, held.value);
        self.step(number, rule, series, at, held.value, &held.origin.borrowed());
        self.explain_leave(context);
    }

    /// A deadline of a threshold instance has gone off.
    fn deadline(&mut self, number: u32, rule: &crate::threshold::Rule, series: u32, due: Nanos, step: Step) {
        if rule.lateness > 0 {
            if let Some(more) = &mut self.instances[number as usize].more {
                more.floor = more.floor.max(due);
            }
        } else if series != NOBODY {
            self.raise_floor(series, due);
        }
        let value = self.last_value(number, series);
        let (previous, origin) = match (&self.instances[number as usize].more, step) {
            (Some(more), Step::Crossed { .. } | Step::Remind { .. }) => {
                (more.before, more.origin.known().cloned())
            }
            (Some(more), Step::Ended { .. }) => (f64::NAN, more.outside.known().cloned()),
            _ => (f64::NAN, None),
        };
        let origin = origin.as_ref().map(Origin::borrowed);
        let context = self.explain_enter("", due, f64::NAN);
        self.conclude(number, rule, step, &Moment { at: due, value, previous, origin, due: Some(due) });
        self.explain_leave(context);
        // The next outside time begins anew; one that staleness began has no event.
        if let (Step::Ended { .. } | Step::Quiet(Why::KeepStarted { .. }), Some(more)) =
            (step, &mut self.instances[number as usize].more)
        {
            more.outside.clear();
        }
    }

    /// `noData`: has the silence lasted?
    fn expire_silence(&mut self, number: u32, until: Nanos) {
        let instance = &mut self.instances[number as usize];
        let series = instance.series;
        let Body::Silence(silence) = &mut instance.body else { return };
        let due = silence.due;
        if due > until || due == NEVER {
            return;
        }
        silence.expire();
        if series != NOBODY {
            self.raise_floor(series, due);
        }
        let context = self.explain_enter("", due, f64::NAN);
        self.fire_silence(number, due);
        self.explain_leave(context);
    }

    /// Moves the clock to `to`: what is due at or before it happens.
    pub(super) fn tick(&mut self, to: Nanos) -> Result<(), Error> {
        if to <= self.clock {
            return Ok(());
        }
        self.advance_before(to.saturating_add(1))?;
        self.clock = to;
        self.dedupe.forget_before(to);
        self.prune();
        Ok(())
    }

    /// Moves the clock to `to`, and every trigger's own clock with it.
    pub(super) fn flush_to(&mut self, to: Nanos) -> Result<(), Error> {
        let to = to.max(self.clock);
        self.advance_before(to.saturating_add(1))?;
        self.clock = to;
        self.dedupe.forget_before(to);
        // What still waits for lateness, in the order of the engine's clock.
        let mut put_back = Vec::new();
        while let Some((at, _)) = self.late_timers.peek() {
            if self.has_room().is_err() {
                break;
            }
            let mut due = Vec::new();
            self.pop_due(at, &mut due);
            for (trigger, number) in due {
                let rule = self.watch(trigger).and_then(super::watch::Watch::rule);
                let own = self.instances[number as usize].deadline(rule.as_ref());
                if own > to {
                    put_back.push(number);
                } else {
                    self.live(number, own);
                    self.queue(number);
                }
            }
        }
        for number in put_back {
            self.queue(number);
        }
        self.prune();
        self.has_room()?;
        self.flushed = to;
        Ok(())
    }

    /// Refuses where too many firings wait to be polled.
    #[inline]
    pub(super) fn has_room(&self) -> Result<(), Error> {
        if self.pending.len() < self.limits.pending() { Ok(()) } else { Err(self.is_full()) }
    }

    #[cold]
    fn is_full(&self) -> Error {
        let limit = self.limits.pending();
        let message = format!("{} firings wait to be polled, the limit is {limit}", self.pending.len());
        Error::new(ErrorKind::Full, message)
    }
}

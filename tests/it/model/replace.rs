//! Rule 14: a trigger takes the place of one with the same id.

use serde_json::Value;

use super::rule::{Rule, Threshold, Zone};
use super::state::{Cause, Side, Start, State, composite};
use super::{Model, Ns};

impl Model {
    pub(crate) fn replace(&mut self, trigger: &Value, now: Ns, apply_now: bool) -> Result<(), String> {
        let rule = Rule::parse(trigger)?;
        let ti = self.triggers.iter().position(|t| t.rule.id == rule.id).ok_or("id: unknown")?;
        let trig = &mut self.triggers[ti];
        let kind = |rule: &Rule| (rule.threshold().is_some(), rule.kind.clone());
        if kind(&trig.rule) != kind(&rule) {
            *trig = super::Trig::new(rule, now);
            return Ok(());
        }
        if trig.rule.is_whole() != rule.is_whole() {
            trig.states.clear();
            trig.whole = None;
        }
        // A call to enable or disable stands unless the JSON says otherwise than before.
        if rule.enabled != trig.rule.enabled {
            trig.enabled = rule.enabled;
        }
        trig.states.retain(|s| rule.watches(&s.series));
        trig.states.sort_by(|a, b| a.series.cmp(&b.series));
        let old = std::mem::replace(&mut trig.rule, rule.clone());
        let (Some(was), Some(is)) = (old.threshold(), rule.threshold()) else { return Ok(()) };
        let judged =
            |t: &Threshold| (t.condition.clone(), t.rearm, t.occurrences.clone(), t.on_missing.clone());
        for si in 0..self.triggers[ti].states.len() {
            let state = &mut self.triggers[ti].states[si];
            if was.remind_every != is.remind_every {
                state.remind_from = now + 1;
            }
            if judged(was) != judged(is) {
                self.judge_again(ti, si, was, is, now, apply_now);
            }
        }
        if rule.lateness == 0 {
            self.release(ti);
        }
        Ok(())
    }

    /// The last present value judged under a changed condition: as state, or, if asked, as an edge at `now`.
    fn judge_again(
        &mut self,
        ti: usize,
        si: usize,
        was: &Threshold,
        is: &Threshold,
        now: Ns,
        apply_now: bool,
    ) {
        let state = &mut self.triggers[ti].states[si];
        let fresh = State {
            last_report: state.last_report,
            stale_done: state.stale_done && !was.is_change(),
            last: state.last,
            cooling: state.cooling.clone(),
            late: state.late.clone(),
            waiting: state.waiting.clone(),
            ..State::new(&state.series)
        };
        let old = std::mem::replace(state, fresh);
        let Some(value) = old.last else { return };
        let is_stale = !was.is_change() && old.seen && old.side == Side::Unknown;
        if is.is_change() {
            state.step_from = Some(value).filter(|_| !is_stale && !old.stale_done);
            return;
        }
        let mut zone = is.zone(value);
        if is.occurrences.is_some() {
            // As if it had come with the last report.
            let reported = state.last_report.unwrap_or(now);
            state.window = vec![(reported, zone == Zone::In)];
            zone = composite(is, &state.window, reported);
        }
        let was_fired = old.episode.is_some();
        let keeps_episode = match zone {
            Zone::In => was_fired,
            Zone::Band => is_stale || old.side == Side::Inside,
            Zone::Out => false,
        };
        state.seen = true;
        state.side = match zone {
            _ if is_stale => Side::Unknown,
            Zone::In => Side::Inside,
            Zone::Band if old.side == Side::Inside => Side::Inside,
            _ => Side::Outside,
        };
        if keeps_episode {
            state.spent = old.spent;
            state.episode = old.episode;
            state.told = old.told;
            state.remind_from = if zone == Zone::In { old.remind_from.max(now + 1) } else { old.remind_from };
        } else if zone == Zone::In && apply_now && !is_stale {
            self.enter(ti, si, Start { time: now, cause: Cause::default(), previous: None }, Some(value));
            let series = self.triggers[ti].states[si].series.clone();
            self.note(&series).raise(now);
            self.triggers[ti].states[si].late.raise(now);
        } else {
            state.spent = zone == Zone::In;
        }
    }

    /// What waits for a trigger that has no lateness any more is applied.
    fn release(&mut self, ti: usize) {
        while let Some(first) = self.things().into_iter().filter(|t| t.trigger == ti && t.is_waiting()).min()
        {
            let alone = |series| series == first.series;
            self.run(|thing, _| thing.trigger == ti && alone(thing.series.clone()) && thing.own < first.own);
            self.happen(&first);
            self.run(|thing, _| thing.trigger == ti && alone(thing.series.clone()) && thing.own == first.own);
        }
    }
}

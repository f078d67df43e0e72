//! What one timer or one observation does to one instance, and what comes out.

use sha2::{Digest, Sha256};

use super::rule::Zone;
use super::state::{Cause, Side, Silence, Start, composite};
use super::{Model, ModelFiring, Ns, Obs, Rank, Series, Thing};

/// What a firing says besides its transition and time.
#[derive(Default)]
struct Told<'a> {
    value: Option<f64>,
    previous: Option<f64>,
    crossed_at: Option<Ns>,
    due: bool,
    length: Option<Ns>,
    cause: Option<&'a Cause>,
}

impl Model {
    pub(super) fn happen(&mut self, thing: &Thing) {
        let ti = thing.trigger;
        let Some(series) = &thing.series else {
            return self.fall_silent(ti, None, thing.own);
        };
        let si = self.state_for(ti, series);
        if let Rank::Waiting(_, arrival) = thing.rank {
            let state = &mut self.triggers[ti].states[si];
            let Some(i) = state.waiting.iter().position(|w| w.1 == arrival) else { return };
            let (_, _, o) = state.waiting.remove(i);
            return self.apply(ti, si, &o);
        }
        if self.triggers[ti].rule.lateness == 0 {
            let note = self.note(series);
            note.floor = note.floor.max(Some(thing.own));
        }
        let threshold = self.triggers[ti].rule.threshold().cloned();
        let state = &mut self.triggers[ti].states[si];
        state.late.floor = state.late.floor.max(Some(thing.own));
        let last = state.last;
        match (thing.rank, threshold) {
            (Rank::Stale, Some(t)) => {
                state.stale_done = true;
                if t.is_change() {
                    state.step_from = None;
                } else if t.on_missing == "outside" {
                    self.judge(ti, si, Zone::Out, thing.own, None, last, None);
                } else {
                    state.side = Side::Unknown;
                    state.hold = None;
                    state.outside_since = None;
                }
            }
            (Rank::Hold, Some(_)) => {
                let Some(start) = state.hold.take() else { return };
                self.cross(ti, si, start, thing.own, true, last);
            }
            (Rank::Keep, Some(_)) => {
                let cause = state.outside_since.take().and_then(|(_, cause)| cause);
                self.end(ti, si, thing.own, cause.as_ref(), true, last);
            }
            (Rank::Reminder, Some(_)) => {
                state.remind_from = thing.own + 1;
                let Some((start, _)) = state.episode.clone() else { return };
                let (crossed_at, cause) = (Some(start.time), Some(&start.cause));
                let told = Told { value: last, crossed_at, due: true, cause, ..Told::default() };
                self.emit(ti, Some(si), "reminder", thing.own, &told);
            }
            _ => self.fall_silent(ti, Some(si), thing.own),
        }
    }

    fn fall_silent(&mut self, ti: usize, si: Option<usize>, due: Ns) {
        let trig = &mut self.triggers[ti];
        let silence = si.map_or(trig.whole.as_mut(), |si| trig.states[si].silence.as_mut());
        let Some(silence) = silence else { return };
        silence.fired = Some(due);
        let (cause, value) = (silence.cause.clone(), silence.value);
        let told = Told { value, due: true, cause: Some(&cause), ..Told::default() };
        self.emit(ti, si, "occurred", due, &told);
    }

    pub(super) fn apply(&mut self, ti: usize, si: usize, o: &Obs) {
        let trig = &mut self.triggers[ti];
        let state = &mut trig.states[si];
        state.late.saw(o);
        state.last_report = state.last_report.max(Some(o.at));
        state.stale_done = false;
        let value = o.value.filter(|v| !v.is_nan());
        let cause = Cause { event: o.id.clone(), owners: o.owners.clone() };
        let Some(threshold) = trig.rule.threshold().cloned() else {
            if trig.rule.is_whole() {
                trig.states.clear();
                trig.whole.get_or_insert_with(|| Silence::new(o.at)).heard(o, cause, value);
            } else {
                trig.whole = None;
                state.silence.get_or_insert_with(|| Silence::new(o.at)).heard(o, cause, value);
            }
            return;
        };
        let previous = state.last;
        state.last = value.or(state.last);
        if threshold.is_change() {
            let from = std::mem::replace(&mut state.step_from, value);
            if matches!((from, value), (Some(p), Some(v)) if threshold.steps(p, v)) {
                let (crossed_at, cause) = (Some(o.at), Some(&cause));
                let told = Told { value, previous: from, crossed_at, cause, ..Told::default() };
                self.emit(ti, Some(si), "crossed", o.at, &told);
            }
            return;
        }
        let zone = match (value, &threshold.occurrences, threshold.on_missing.as_str()) {
            (Some(v), None, _) => threshold.zone(v),
            (Some(v), Some(_), _) => {
                state.window.push((o.at, threshold.zone(v) == Zone::In));
                composite(&threshold, &state.window, o.at)
            }
            (None, _, "keep") | (None, Some(_), "outside") => {
                state.hold = None;
                return;
            }
            (None, Some(_), _) => return,
            (None, None, "outside") => Zone::Out,
            (None, None, _) => Zone::In,
        };
        self.judge(ti, si, zone, o.at, Some(cause), value, previous);
    }

    #[allow(clippy::too_many_arguments)]
    fn judge(
        &mut self,
        ti: usize,
        si: usize,
        zone: Zone,
        t: Ns,
        cause: Option<Cause>,
        value: Option<f64>,
        previous: Option<f64>,
    ) {
        let trig = &mut self.triggers[ti];
        let state = &mut trig.states[si];
        let Some(threshold) = trig.rule.threshold() else { return };
        let first = !std::mem::replace(&mut state.seen, true);
        if zone == Zone::Band && !first {
            return;
        }
        if state.side == Side::Unknown {
            state.remind_from = state.remind_from.max(t);
        }
        if zone == Zone::In {
            state.side = Side::Inside;
            state.outside_since = None;
            if first && !threshold.first_fires {
                state.spent = true;
            } else if !state.spent {
                self.enter(ti, si, Start { time: t, cause: cause.unwrap_or_default(), previous }, value);
            }
            return;
        }
        state.side = Side::Outside;
        state.hold = None;
        if !state.spent {
            return;
        }
        if threshold.keep == 0 && state.outside_since.is_none() {
            let due = cause.is_none();
            self.end(ti, si, t, cause.as_ref(), due, value);
        } else if state.outside_since.is_none() {
            state.outside_since = Some((t, cause));
        }
    }

    /// Inside with the arm unspent: fires at once, or starts a hold unless one runs.
    pub(super) fn enter(&mut self, ti: usize, si: usize, start: Start, value: Option<f64>) {
        let trig = &mut self.triggers[ti];
        let state = &mut trig.states[si];
        // One that runs has its own end, even where a replacement has taken `hold` away since.
        if state.hold.is_some() {
            return;
        }
        if trig.rule.threshold().is_some_and(|t| t.hold == 0) {
            let time = start.time;
            self.cross(ti, si, start, time, false, value);
        } else {
            state.hold = Some(start);
        }
    }

    fn cross(&mut self, ti: usize, si: usize, start: Start, time: Ns, due: bool, value: Option<f64>) {
        let state = &mut self.triggers[ti].states[si];
        state.hold = None;
        state.spent = true;
        state.remind_from = time;
        state.episode = Some((start.clone(), time));
        let (previous, crossed_at, cause) = (start.previous, Some(start.time), Some(&start.cause));
        let told = Told { value, previous, crossed_at, due, cause, length: None };
        let emitted = self.emit(ti, Some(si), "crossed", time, &told);
        self.triggers[ti].states[si].told = emitted;
    }

    fn end(&mut self, ti: usize, si: usize, time: Ns, cause: Option<&Cause>, due: bool, value: Option<f64>) {
        let trig = &mut self.triggers[ti];
        let state = &mut trig.states[si];
        state.spent = false;
        state.outside_since = None;
        let told = std::mem::take(&mut state.told);
        let Some((start, _)) = state.episode.take() else { return };
        if told && trig.rule.threshold().is_some_and(|t| t.notify_cleared) {
            let (crossed_at, length) = (Some(start.time), Some(time - start.time));
            let told = Told { value, previous: None, crossed_at, due, length, cause };
            self.emit(ti, Some(si), "cleared", time, &told);
        }
    }

    /// The gates a firing passes: enabled, cooldown, limit. Says whether it came out.
    fn emit(
        &mut self,
        ti: usize,
        si: Option<usize>,
        transition: &'static str,
        time: Ns,
        told: &Told<'_>,
    ) -> bool {
        let trig = &mut self.triggers[ti];
        let edge = transition == "crossed" || transition == "occurred";
        let series = si.map(|si| trig.states[si].series.clone());
        if !trig.enabled {
            self.counts.disabled += 1;
            return false;
        }
        let cooling = match (si, &mut trig.whole) {
            (Some(si), _) => &mut trig.states[si].cooling,
            (None, Some(silence)) => &mut silence.cooling,
            (None, None) => return false,
        };
        if edge && cooling.last.is_some_and(|last| time < last + trig.rule.cooldown) {
            cooling.suppressed += 1;
            self.counts.suppressed += 1;
            return false;
        }
        if let Some((max, per)) = trig.rule.limit {
            let mut largest: Vec<Ns> = trig.emitted.iter().map(|(_, t)| *t).collect();
            largest.sort_by(|a, b| b.cmp(a));
            if largest.len() >= max && largest[max - 1] > time - per {
                self.counts.limited += 1;
                return false;
            }
        }
        let mut suppressed = 0;
        if edge {
            cooling.last = Some(time);
            suppressed = std::mem::take(&mut cooling.suppressed);
        }
        let key = key(series.as_ref());
        let ordinal = trig.emitted.iter().filter(|e| **e == (key.clone(), time)).count() as u64;
        let id = firing_id(&trig.rule.id, &key, transition, time, ordinal);
        trig.emitted.push((key, time));
        self.firings.push(ModelFiring {
            id,
            trigger: trig.rule.id.clone(),
            transition,
            time,
            series,
            value: told.value,
            previous: told.previous,
            crossed_at: told.crossed_at,
            due_at: told.due.then_some(time),
            suppressed,
            length: told.length,
            event: told.cause.and_then(|c| c.event.clone()),
            owners: told.cause.map_or(vec![], |c| c.owners.clone()),
        });
        true
    }
}

fn frame(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

fn key(series: Option<&Series>) -> Vec<u8> {
    let Some(s) = series else { return frame(b"whole") };
    let mut all = vec!["series", &s.source, &s.kind, &s.name];
    all.extend(s.dimensions.iter().flat_map(|(k, v)| [k.as_str(), v.as_str()]));
    all.iter().flat_map(|text| frame(text.as_bytes())).collect()
}

fn firing_id(trigger: &str, key: &[u8], transition: &str, time: Ns, ordinal: u64) -> String {
    let time = (time as i64).to_be_bytes();
    let parts = [trigger.as_bytes(), key, transition.as_bytes(), &time, &ordinal.to_be_bytes()];
    let digest = Sha256::digest(parts.iter().flat_map(|p| frame(p)).collect::<Vec<u8>>());
    let mut bits =
        digest.iter().take(16).flat_map(|byte| (0..8).rev().map(move |i| byte >> i & 1)).collect::<Vec<u8>>();
    bits.resize(22 * 6, 0);
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let six = |bits: &[u8]| bits.iter().fold(0, |n, bit| n << 1 | *bit as usize);
    bits.chunks(6).map(|c| char::from(alphabet[six(c)])).collect()
}

#[cfg(test)]
mod tests {
    use super::{Series, firing_id, frame, key};

    /// The expected ids were computed with another program.
    #[test]
    fn ids_are_those_another_program_computes() {
        let at = 1_767_225_600_000_000_000 + 60_000_000_000;
        let text = str::to_owned;
        let mut s =
            Series { source: text("/s"), kind: text("segment"), name: text("vip"), dimensions: vec![] };
        assert_eq!(firing_id("t", &key(Some(&s)), "crossed", at, 0), "2UzNUcAVDj3eaq38jkiz-w");
        assert_eq!(firing_id("t", &key(Some(&s)), "crossed", at, 1), "GFA6k4IkfzYjYR7Uki-_sw");
        (s.kind, s.name) = (text("measure"), text("revenue"));
        s.dimensions = vec![(text("a"), text("1")), (text("b"), text("2"))];
        assert_eq!(firing_id("t", &key(Some(&s)), "crossed", at, 0), "xqh4c8XJAfL-Vi51wq494Q");
        assert_eq!(
            firing_id("t", &frame(b"whole"), "occurred", at + 540_000_000_000, 0),
            "mCZPU-c-HLrLBFNSrX1qpw"
        );
    }
}

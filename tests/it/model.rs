//! A naive model of the deciding half: it keeps vectors, rescans everything at every step and shares no code with the
//! library. Written from SPEC sections 2, 3, 4 and 11 and `docs` on semantics alone, to be held against the engine.

pub(crate) mod clock;
pub(crate) mod exact;
mod fields;
pub(crate) mod filter;
mod judge;
mod replace;
pub(crate) mod rule;
mod state;

use serde_json::Value;

use rule::{Rule, What};
use state::{Newest, Silence, State};

/// Nanoseconds since 1970.
pub(crate) type Ns = i128;

const DAY: Ns = 86_400_000_000_000;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Series {
    pub(crate) source: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) dimensions: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Obs {
    pub(crate) series: Series,
    pub(crate) at: Ns,
    /// `None` and NaN are missing values.
    pub(crate) value: Option<f64>,
    pub(crate) sequence: Option<i64>,
    /// `None`: not an event, so never a duplicate.
    pub(crate) id: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) owners: Vec<String>,
}

impl Obs {
    /// Nothing but the series.
    fn bare(series: &Series) -> Obs {
        let series = series.clone();
        Obs { series, at: 0, value: None, sequence: None, id: None, subject: None, owners: vec![] }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receipt {
    Accepted,
    Ignored,
    Duplicate,
    Late,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ModelFiring {
    pub(crate) id: String,
    pub(crate) trigger: String,
    pub(crate) transition: &'static str,
    pub(crate) time: Ns,
    pub(crate) series: Option<Series>,
    pub(crate) value: Option<f64>,
    pub(crate) previous: Option<f64>,
    pub(crate) crossed_at: Option<Ns>,
    pub(crate) due_at: Option<Ns>,
    pub(crate) suppressed: u64,
    pub(crate) length: Option<Ns>,
    pub(crate) event: Option<String>,
    pub(crate) owners: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) late: u64,
    pub(crate) duplicates: u64,
    pub(crate) ignored: u64,
    pub(crate) suppressed: u64,
    pub(crate) limited: u64,
    pub(crate) disabled: u64,
}

#[derive(Default)]
pub(crate) struct Model {
    triggers: Vec<Trig>,
    series: Vec<(Series, Newest)>,
    /// Source and id of what was accepted, and the clock then.
    ids: Vec<(String, String, Ns)>,
    now: Option<Ns>,
    flushed: Option<Ns>,
    arrivals: u64,
    firings: Vec<ModelFiring>,
    pub(crate) counts: Counts,
}

struct Trig {
    rule: Rule,
    enabled: bool,
    states: Vec<State>,
    /// The silence of the whole trigger.
    whole: Option<Silence>,
    /// Keys and times of what was emitted, in that order: for `limit` and the ordinals.
    emitted: Vec<(Vec<u8>, Ns)>,
}

/// One pending thing; the fields in this order are the order in which things happen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Thing {
    /// The engine's instant: own time and the trigger's lateness.
    at: Ns,
    trigger: usize,
    series: Option<Series>,
    rank: Rank,
    own: Ns,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Waiting(Option<i64>, u64),
    Stale,
    Hold,
    Keep,
    Reminder,
    Silence,
}

impl Model {
    pub(crate) fn new(triggers: &[Value], now: Ns) -> Result<Model, String> {
        let mut model = Model::default();
        for t in triggers {
            model.add(t, now)?;
        }
        Ok(model)
    }

    pub(crate) fn add(&mut self, trigger: &Value, now: Ns) -> Result<(), String> {
        let rule = Rule::parse(trigger)?;
        if self.triggers.iter().any(|t| t.rule.id == rule.id) {
            return Err(format!("id: `{}` is there already", rule.id));
        }
        self.triggers.push(Trig::new(rule, now));
        Ok(())
    }

    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let before = self.triggers.len();
        self.triggers.retain(|t| t.rule.id != id);
        self.triggers.len() < before
    }

    pub(crate) fn enable(&mut self, id: &str, on: bool) -> bool {
        let found = self.triggers.iter_mut().find(|t| t.rule.id == id);
        found.map(|t| t.enabled = on).is_some()
    }

    pub(crate) fn observe(&mut self, o: &Obs) -> Receipt {
        let now = self.now.unwrap_or(Ns::MIN / 2);
        if let Some(id) = &o.id {
            let same = |i: &&(String, String, Ns)| i.0 == o.series.source && i.1 == *id;
            if self.ids.iter().filter(same).any(|(_, _, at)| now <= at + DAY && o.at <= at + DAY) {
                self.counts.duplicates += 1;
                return Receipt::Duplicate;
            }
        }
        let all = 0..self.triggers.len();
        let rule = |ti: usize| &self.triggers[ti].rule;
        let concerned: Vec<usize> = all.filter(|&ti| rule(ti).watches(&o.series)).collect();
        let reached: Vec<usize> = concerned.iter().copied().filter(|&ti| rule(ti).reached_by(o)).collect();
        let is_late = |ti: usize| self.newest(ti, &o.series).is_late(o);
        let prompt_late = concerned.iter().any(|&ti| rule(ti).lateness == 0 && is_late(ti));
        let late = prompt_late || reached.iter().any(|&ti| is_late(ti));
        let in_time: Vec<usize> = reached.iter().copied().filter(|&ti| !is_late(ti)).collect();
        self.counts.late += u64::from(late);
        if late && in_time.is_empty() {
            return Receipt::Late;
        }
        self.run(|thing, _| thing.at < o.at);
        let now = now.max(o.at);
        self.now = Some(now);
        if !prompt_late && (!concerned.is_empty() || self.series.iter().any(|(s, _)| *s == o.series)) {
            self.note(&o.series).saw(o);
        }
        for &ti in &in_time {
            let lateness = self.triggers[ti].rule.lateness;
            let si = self.state_for(ti, &o.series);
            if lateness == 0 {
                self.apply(ti, si, o);
            } else if o.at <= (now - lateness).max(self.flushed.unwrap_or(Ns::MIN)) {
                let alone = |thing: &Thing| thing.trigger == ti && thing.series.as_ref() == Some(&o.series);
                self.run(|thing, _| alone(thing) && thing.own < o.at);
                self.apply(ti, si, o);
                self.run(|thing, _| alone(thing) && thing.own == o.at);
            } else {
                self.arrivals += 1;
                let waiting = (o.sequence, self.arrivals, o.clone());
                self.triggers[ti].states[si].waiting.push(waiting);
            }
        }
        let settles =
            |thing: &Thing| thing.series.as_ref() == Some(&o.series) && in_time.contains(&thing.trigger);
        self.run(|thing, rule| thing.at == o.at && (settles(thing) || rule.lateness > 0));
        if let Some(id) = &o.id {
            self.ids.push((o.series.source.clone(), id.clone(), now));
        }
        if in_time.is_empty() {
            self.counts.ignored += 1;
            return Receipt::Ignored;
        }
        Receipt::Accepted
    }

    pub(crate) fn tick(&mut self, t: Ns) {
        if self.now.is_none_or(|now| t > now) {
            self.now = Some(t);
            self.run(|thing, _| thing.at <= t);
        }
    }

    pub(crate) fn flush(&mut self, until: Ns) {
        let until = until.max(self.now.unwrap_or(until));
        self.now = Some(until);
        self.run(|thing, _| thing.at <= until);
        self.run(|thing, _| thing.own <= until);
        self.flushed = Some(until);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Ns> {
        let first = self.things().into_iter().map(|t| t.at).min()?;
        Some(self.now.map_or(first, |now| first.max(now + 1)))
    }

    pub(crate) fn take_firings(&mut self) -> Vec<ModelFiring> {
        std::mem::take(&mut self.firings)
    }

    /// Side and phase of one trigger on one series; `None` where it keeps nothing for that series.
    pub(crate) fn state(&self, trigger: &str, series: &Series) -> Option<(&'static str, &'static str)> {
        let trig = self.triggers.iter().find(|t| t.rule.id == trigger)?;
        let state = trig.states.iter().find(|s| s.series == *series)?;
        Some(state.words(trig.rule.threshold()))
    }

    /// Lets pending things happen, the first one first, as long as one is wanted.
    fn run(&mut self, wanted: impl Fn(&Thing, &Rule) -> bool) {
        while let Some(thing) =
            self.things().into_iter().filter(|t| wanted(t, &self.triggers[t.trigger].rule)).min()
        {
            self.happen(&thing);
        }
    }

    fn things(&self) -> Vec<Thing> {
        let mut all = Vec::new();
        for (trigger, trig) in self.triggers.iter().enumerate() {
            let rule = &trig.rule;
            let mut push = |series: Option<&Series>, rank, own: Option<Ns>| {
                if let Some(own) = own {
                    all.push(Thing { at: own + rule.lateness, trigger, series: series.cloned(), rank, own });
                }
            };
            if let (What::Silence { within, .. }, Some(silence)) = (&rule.what, &trig.whole) {
                push(None, Rank::Silence, silence.due(*within));
            }
            for state in &trig.states {
                let series = Some(&state.series);
                for (sequence, arrival, o) in &state.waiting {
                    push(series, Rank::Waiting(*sequence, *arrival), Some(o.at));
                }
                match &rule.what {
                    What::Silence { within, .. } => {
                        push(series, Rank::Silence, state.silence.as_ref().and_then(|s| s.due(*within)));
                    }
                    What::Threshold(t) => {
                        push(series, Rank::Stale, state.stale_due(t));
                        push(series, Rank::Hold, state.hold.as_ref().map(|h| h.time + t.hold));
                        push(series, Rank::Keep, state.outside_since.as_ref().map(|(s, _)| s + t.keep));
                        push(series, Rank::Reminder, state.reminder_due(t));
                    }
                }
            }
        }
        all
    }

    fn state_for(&mut self, ti: usize, series: &Series) -> usize {
        let states = &mut self.triggers[ti].states;
        states.iter().position(|s| s.series == *series).unwrap_or_else(|| {
            states.push(State::new(series));
            states.len() - 1
        })
    }

    /// What lateness is judged by for the triggers without `lateness`.
    fn note(&mut self, series: &Series) -> &mut Newest {
        let i = self.series.iter().position(|(s, _)| s == series).unwrap_or_else(|| {
            self.series.push((series.clone(), Newest::default()));
            self.series.len() - 1
        });
        &mut self.series[i].1
    }

    fn newest(&self, ti: usize, series: &Series) -> Newest {
        let trig = &self.triggers[ti];
        let own = || trig.states.iter().find(|s| s.series == *series).map(|s| s.late.clone());
        let shared = || self.series.iter().find(|(s, _)| s == series).map(|(_, newest)| newest.clone());
        if trig.rule.lateness > 0 { own() } else { shared() }.unwrap_or_default()
    }
}

impl Trig {
    fn new(rule: Rule, now: Ns) -> Trig {
        let from_start = matches!(rule.what, What::Silence { from_start: true, .. });
        let whole = from_start.then(|| Silence::new(now));
        Trig { enabled: rule.enabled, rule, states: vec![], whole, emitted: vec![] }
    }
}

impl Thing {
    fn is_waiting(&self) -> bool {
        matches!(self.rank, Rank::Waiting(..))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Model;

    #[test]
    fn two_triggers_with_one_id_are_no_model() {
        let trigger =
            json!({"id": "t", "on": {"type": "segmentThresholdCrossed", "segment": "vip", "above": 1}});
        assert!(Model::new(std::slice::from_ref(&trigger), 0).is_ok());
        assert!(Model::new(&[trigger.clone(), trigger], 0).is_err_and(|e| e.starts_with("id")));
    }
}

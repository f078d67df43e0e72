//! The engine in the corpus's hands.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tripline::Trigger;
use tripline::engine::{self, Engine, Replace};
use tripline::event::{Event, SeriesRef, ValueObserved};
use tripline::firing::Firing;

use crate::corpus::{Subject, run_all};
use crate::model::{ModelFiring, Ns, Obs, Receipt, Series};

/// An engine, and what it was given, against which the events that its firings name are checked.
pub(crate) struct EngineSubject {
    pub(crate) engine: Engine,
    given: BTreeSet<(String, String, Ns)>,
}

impl EngineSubject {
    pub(crate) fn new(hash_seed: u64) -> Self {
        let engine = Engine::builder().with_skew(None).with_hash_seed(hash_seed).build();
        Self { engine, given: BTreeSet::new() }
    }

    /// The firing in the model's form; its event must be one that was handed in.
    pub(crate) fn firing(&self, f: &Firing) -> ModelFiring {
        if let Some(event) = f.event() {
            let known = (event.source().to_owned(), event.id().to_owned(), nanos(event.time()));
            assert!(self.given.contains(&known), "{} names an event that was not handed in", f.to_json());
            assert_eq!(event.event_type(), ValueObserved::EVENT_TYPE);
        }
        ModelFiring {
            id: f.id().to_string(),
            trigger: f.trigger().to_owned(),
            transition: f.transition().as_str(),
            time: nanos(f.time()),
            series: f.series().map(|s| Series {
                source: s.source().to_owned(),
                kind: s.kind().as_str().to_owned(),
                name: s.name().to_owned(),
                dimensions: s.dimensions().iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
            }),
            value: f.value(),
            previous: f.previous_value(),
            crossed_at: f.crossed_at().map(nanos),
            due_at: f.due_at().map(nanos),
            suppressed: f.suppressed(),
            length: f.length().map(|d| d.as_nanos() as Ns),
            event: f.event().map(|e| e.id().to_owned()),
            owners: f.owners().map(str::to_owned).collect(),
        }
    }
}

impl Subject for EngineSubject {
    /// As an event; a value that JSON cannot say, and one without an id, by the lane for bare numbers.
    fn observe(&mut self, now: Ns, o: &Obs) -> Receipt {
        let (now, at) = (time(now), time(o.at));
        let receipt = match event(o) {
            Some(event) => {
                self.given.insert((o.series.source.clone(), event.id().to_owned(), o.at));
                self.engine.handle_event(now, &event)
            }
            None => with_series(&o.series, |series| {
                self.engine.observe_series(now, series, at, o.value.unwrap_or(f64::NAN))
            }),
        };
        match receipt.unwrap_or_else(|e| panic!("{o:?}: {e}")) {
            engine::Receipt::Accepted => Receipt::Accepted,
            engine::Receipt::Ignored => Receipt::Ignored,
            engine::Receipt::Duplicate => Receipt::Duplicate,
            engine::Receipt::Late => Receipt::Late,
            other => panic!("{other:?}"),
        }
    }

    fn tick(&mut self, t: Ns) {
        self.engine.handle_timeout(time(t)).unwrap();
    }

    fn flush(&mut self, until: Ns) {
        self.engine.flush(time(until)).unwrap();
    }

    fn add(&mut self, now: Ns, trigger: &Value) -> Result<(), String> {
        let trigger = Trigger::from_json(&trigger.to_string()).map_err(|e| e.to_string())?;
        self.engine.add(time(now), trigger).map_err(|e| e.to_string())
    }

    fn replace(&mut self, now: Ns, trigger: &Value, apply_now: bool) -> Result<(), String> {
        let trigger = Trigger::from_json(&trigger.to_string()).map_err(|e| e.to_string())?;
        let how = if apply_now { Replace::ApplyNow } else { Replace::Quiet };
        self.engine.replace(time(now), trigger, how).map_err(|e| e.to_string())
    }

    fn remove(&mut self, _: Ns, id: &str) {
        let _ = self.engine.remove(id);
    }

    fn enable(&mut self, id: &str, on: bool) {
        let _ = self.engine.set_enabled(id, on);
    }

    fn firings(&mut self) -> Vec<ModelFiring> {
        let polled: Vec<Firing> = std::iter::from_fn(|| self.engine.poll_firing()).collect();
        polled.iter().map(|firing| self.firing(firing)).collect()
    }

    fn state(&self, trigger: &str, series: &Series) -> Option<(String, String)> {
        let state = with_series(series, |series| self.engine.state_of(trigger, series))?;
        Some((state.side().to_string(), state.phase().to_string()))
    }

    fn timeout(&self) -> Option<Ns> {
        self.engine.poll_timeout().map(nanos)
    }
}

/// The event an observation comes in; none for one without an id or with an infinite value.
pub(crate) fn event(o: &Obs) -> Option<Event<'static>> {
    let id = o.id.clone().filter(|_| o.value.is_none_or(|v| !v.is_infinite()))?;
    let s = &o.series;
    let mut observed = ValueObserved::new(s.kind.as_str(), s.name.clone(), o.value);
    for (name, value) in &s.dimensions {
        observed = observed.with_dimension(name.clone(), value.clone());
    }
    if let Some(sequence) = o.sequence {
        observed = observed.with_sequence(sequence);
    }
    if !o.owners.is_empty() {
        observed = observed.with_owners(o.owners.clone());
    }
    let event = observed.into_event(id, s.source.clone()).unwrap().with_time(time(o.at));
    Some(match &o.subject {
        Some(subject) => event.with_subject(subject.clone()),
        None => event,
    })
}

pub(crate) fn with_series<R>(s: &Series, f: impl FnOnce(&SeriesRef<'_>) -> R) -> R {
    let dimensions: Vec<(&str, &str)> = s.dimensions.iter().map(|(k, v)| (&**k, &**v)).collect();
    f(&SeriesRef::new(&s.source, &s.kind, &s.name).with_dimensions(&dimensions))
}

pub(crate) fn time(t: Ns) -> DateTime<Utc> {
    DateTime::from_timestamp_nanos(t as i64)
}

pub(crate) fn nanos(t: DateTime<Utc>) -> Ns {
    Ns::from(t.timestamp()) * 1_000_000_000 + Ns::from(t.timestamp_subsec_nanos())
}

#[test]
fn the_engine_gives_what_the_corpus_says() {
    run_all(|| Box::new(EngineSubject::new(7)));
}

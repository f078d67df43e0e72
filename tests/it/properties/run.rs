//! An engine driven by a case's steps.

use std::cell::Cell;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tripline::engine::{Engine, Observation, Receipt, Replace};
use tripline::event::{Event, SeriesRef};
use tripline::{Error, ErrorKind, Trigger};

use crate::corpus::{BASE, moved_to, observation, time as time_of};
use crate::engine_subject::{event, time, with_series};
use crate::model::{Ns, Obs};

/// An engine, where its clock begins, and what it has fired so far, as (trigger, series, JSON).
pub(crate) struct Run {
    pub(crate) engine: Engine,
    start: Ns,
    pub(crate) fired: Vec<(String, String, String)>,
}

pub(crate) fn engine(hash_seed: u64) -> Engine {
    Engine::builder().with_skew(None).with_hash_seed(hash_seed).build()
}

pub(crate) fn steps_of(case: &Value) -> &[Value] {
    case["steps"].as_array().map_or(&[][..], Vec::as_slice)
}

pub(crate) fn trigger_of(json: &Value) -> Trigger {
    Trigger::from_json(&json.to_string()).unwrap_or_else(|e| panic!("{json}: {e}"))
}

impl Run {
    pub(crate) fn new(case: &Value, engine: Engine) -> Run {
        let start = steps_of(case).iter().find_map(moved_to).unwrap_or(BASE);
        let mut run = Run { engine, start, fired: vec![] };
        for trigger in case["triggers"].as_array().into_iter().flatten() {
            run.engine.add(time(start), trigger_of(trigger)).unwrap();
        }
        run
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        let start = time(self.start);
        self.engine.clock().map_or(start, |clock| clock.max(start))
    }

    /// Hands one step in, once.
    pub(crate) fn give(&mut self, step: &Value) -> Result<(), Error> {
        let now = self.now();
        let id = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        if let Some(o) = observation(step, 1) {
            return match event(&o) {
                Some(event) => self.engine.handle_event(now, &event).map(|_| ()),
                None => self.name_observed(&o).map(|_| ()),
            };
        }
        let engine = &mut self.engine;
        if let Some(at) = step.get("tick").map(time_of) {
            engine.handle_timeout(time(at))
        } else if let Some(at) = step.get("flush").map(time_of) {
            engine.flush(time(at))
        } else if let Some(t) = step.get("add") {
            engine.add(now, trigger_of(t))
        } else if let Some(t) = step.get("replace") {
            let how = if step["applyNow"] == true { Replace::ApplyNow } else { Replace::Quiet };
            engine.replace(now, trigger_of(t), how)
        } else if let Some(t) = step.get("remove") {
            engine.remove(&id(t)).map(|_| ())
        } else if let Some(t) = step.get("enable") {
            engine.set_enabled(&id(t), true)
        } else if let Some(t) = step.get("disable") {
            engine.set_enabled(&id(t), false)
        } else {
            panic!("unknown step {step}")
        }
    }

    /// Hands one step in and polls what it gave.
    pub(crate) fn step(&mut self, step: &Value) {
        if let Err(e) = self.give(step) {
            assert_eq!(e.kind(), ErrorKind::UnknownTrigger, "{step}: {e}");
        }
        self.poll();
    }

    pub(crate) fn through(mut self, steps: &[Value]) -> Run {
        steps.iter().for_each(|step| self.step(step));
        self
    }

    pub(crate) fn poll(&mut self) {
        while self.poll_one() {}
    }

    pub(crate) fn poll_one(&mut self) -> bool {
        let Some(f) = self.engine.poll_firing() else { return false };
        let series = f.series().map_or_else(String::new, |series| format!("{series:?}"));
        self.fired.push((f.trigger().to_owned(), series, f.to_json()));
        true
    }

    pub(crate) fn batch(&mut self, events: &mut Vec<Event<'static>>) {
        let report = self.engine.handle_batch(self.now(), events);
        assert!(report.taken() == events.len() && report.refused().is_empty(), "{report:?}");
        events.clear();
        self.poll();
    }

    pub(crate) fn by_name(&mut self, o: &Obs) {
        let _ = self.name_observed(o).unwrap();
        self.poll();
    }

    fn name_observed(&mut self, o: &Obs) -> Result<Receipt, Error> {
        let now = self.now();
        with_series(&o.series, |series| self.engine.observe_series(now, series, time(o.at), value(o)))
    }

    pub(crate) fn by_handle(&mut self, o: &Obs) {
        let now = self.now();
        let _ = match with_series(&o.series, |series| self.engine.resolve(series)).unwrap() {
            Some(handle) => self.engine.observe(now, handle, time(o.at), value(o)).unwrap(),
            None => self.name_observed(o).unwrap(),
        };
        self.poll();
    }

    pub(crate) fn numbers(&mut self, batch: &mut Vec<Obs>) {
        let now = self.now();
        let pairs = |o: &Obs| o.series.dimensions.clone();
        let owned: Vec<Vec<(String, String)>> = batch.iter().map(pairs).collect();
        let dimensions: Vec<Vec<(&str, &str)>> =
            owned.iter().map(|all| all.iter().map(|(k, v)| (&**k, &**v)).collect()).collect();
        let observations: Vec<Observation<'_>> = (batch.iter().zip(&dimensions))
            .map(|(o, pairs)| {
                let s = &o.series;
                let series = SeriesRef::new(&s.source, &s.kind, &s.name).with_dimensions(pairs);
                Observation::new(series, time(o.at), value(o))
            })
            .collect();
        let elsewhere: Vec<String> = batch.iter().map(|o| o.series.source.clone()).collect();
        let items: Vec<_> = observations.iter().zip(&elsewhere).zip(&dimensions).collect();
        let asked = Cell::new(0);
        let report = match batch.len() % 2 {
            0 => self.engine.observe_batch(now, &observations),
            // Of items of the host's own, whose source is told from one place and then from another.
            _ => self.engine.observe_batch_of(now, &items, |((observation, source), pairs)| {
                asked.set(asked.get() + 1);
                let s = observation.series();
                let source = if asked.get() % 2 == 0 { s.source() } else { source };
                let series = SeriesRef::new(source, s.kind(), s.name()).with_dimensions(pairs);
                Observation::new(series, observation.time(), observation.value())
            }),
        };
        assert!(report.taken() == batch.len() && report.refused().is_empty(), "{report:?}");
        batch.clear();
        self.poll();
    }
}

fn value(o: &Obs) -> f64 {
    o.value.unwrap_or(f64::NAN)
}

/// The same firings in the same order, and the same state at the end; says how many firings.
pub(crate) fn same(want: &Run, have: &Run) -> Result<usize, String> {
    same_firings(want, have)?;
    if want.engine.snapshot() != have.engine.snapshot() {
        return Err("the snapshots at the end differ".to_owned());
    }
    Ok(want.fired.len())
}

pub(crate) fn same_firings(want: &Run, have: &Run) -> Result<usize, String> {
    let differ = want.fired.iter().zip(&have.fired).find(|(want, have)| want != have);
    if let Some(((_, _, want), (_, _, have))) = differ {
        return Err(format!("should fire {want}\n  fires {have}"));
    }
    let (want, have) = (want.fired.len(), have.fired.len());
    if want == have { Ok(want) } else { Err(format!("{have} firings, should be {want}")) }
}

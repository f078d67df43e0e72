//! The engine in the nights' hands.

use serde_json::Value;
use tripline::engine::{Engine, Limits, Receipt};
use tripline::event::Event;
use tripline::{Error, ErrorKind, Trigger};

use super::steps::{Counts, Subject};
use crate::engine_subject::{nanos, time};
use crate::model::Ns;

pub(crate) fn engine(most_jobs: usize, hash_seed: u64) -> Engine {
    let limits = Limits::default().with_jobs(most_jobs);
    Engine::builder().with_limits(limits).with_skew(None).with_hash_seed(hash_seed).build()
}

/// What became of an event, in the model's words.
pub(crate) fn said(result: &Result<Receipt, Error>) -> String {
    match result {
        Ok(receipt) => format!("{receipt:?}").to_lowercase(),
        Err(e) if e.kind() == ErrorKind::Invalid => {
            let mut places: Vec<&str> = e.faults().iter().map(tripline::Fault::path).collect();
            places.extend(e.place().filter(|_| e.faults().is_empty()));
            places.sort_unstable();
            format!("invalid {}", places.join(" "))
        }
        Err(e) => {
            format!("{:?} {}", e.kind(), e.place().unwrap_or("?")).to_lowercase().replace("jobid", "jobId")
        }
    }
}

pub(crate) fn trigger_of(json: &Value) -> Result<Trigger, Error> {
    Trigger::from_json(&json.to_string())
}

impl Subject for Engine {
    fn add(&mut self, now: Ns, trigger: &Value) -> bool {
        let trigger = trigger_of(trigger).unwrap_or_else(|e| panic!("{trigger}: {e}"));
        Engine::add(self, time(now), trigger).is_ok()
    }

    fn remove(&mut self, id: &str) -> bool {
        Engine::remove(self, id).is_ok()
    }

    fn enable(&mut self, id: &str, on: bool) -> bool {
        self.set_enabled(id, on).is_ok()
    }

    fn event(&mut self, now: Ns, json: &Value) -> String {
        let text = json.to_string();
        let event = Event::from_json(text.as_bytes()).unwrap_or_else(|e| panic!("{json}: {e}"));
        said(&self.handle_event(time(now), &event))
    }

    fn tick(&mut self, t: Ns) {
        self.handle_timeout(time(t)).unwrap();
    }

    fn flush(&mut self, t: Ns) {
        Engine::flush(self, time(t)).unwrap();
    }

    fn firings(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.poll_firing()).map(|firing| firing.to_json()).collect()
    }

    fn timeout(&self) -> Option<Ns> {
        self.poll_timeout().map(nanos)
    }

    fn counts(&self) -> Counts {
        Engine::counts(self).iter().filter(|(_, n)| *n > 0).collect()
    }
}

//! What must come of the inputs that were taken in: an engine that was never
//! cut, and a list of runs. It knows nothing of journals, leases and attempts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use tripline::engine::{Engine, Replace};
use tripline::event::Event;
use tripline::firing::Firing;
use tripline::journal::Lsn;

use super::setup::{self, KINDS};

/// An input that a pipeline has taken in.
#[derive(Clone)]
pub(super) enum Said {
    Events(Vec<Event<'static>>),
    /// Whether the engine's clock was let on.
    Tick(bool),
    Define(usize, u32, Replace),
    Remove(usize),
    Resubmit(String),
    Cancel(String),
    Redrive(String),
    Discard(String),
    /// It concerns no firing and no run.
    Other,
}

/// A run that must be there.
pub(super) struct Run {
    pub(super) id: String,
    pub(super) kind: usize,
    /// What its steps are given.
    pub(super) text: String,
    /// Its place among the firings; of a run that was submitted again, none.
    pub(super) place: Option<usize>,
    pub(super) is_cancelled: bool,
}

#[derive(Default)]
pub(super) struct Model {
    log: BTreeMap<Lsn, (DateTime<Utc>, Said)>,
    engine: Option<Engine>,
    versions: BTreeMap<usize, u32>,
    pub(super) firings: Vec<Firing>,
    pub(super) runs: Vec<Run>,
    by_id: BTreeMap<String, usize>,
    runs_of: BTreeMap<String, usize>,
    pub(super) redriven: BTreeMap<String, usize>,
    /// Dead letters that were thrown away.
    pub(super) discarded: BTreeSet<String>,
    pub(super) seen: BTreeSet<String>,
    /// What must be kept: how far the source of the events has been read.
    pub(super) cursor: Option<String>,
}

impl Model {
    pub(super) fn take(&mut self, lsn: Lsn, now: DateTime<Utc>, said: Said) {
        self.apply(now, &said);
        assert!(self.log.insert(lsn, (now, said)).is_none(), "two inputs have one number");
    }

    /// The batches after this one are gone: all is made anew of the others. What was in them is given back.
    pub(super) fn cut(&mut self, last: Lsn) -> BTreeMap<Lsn, (DateTime<Utc>, Said)> {
        let lost = self.log.split_off(&last.next());
        if !lost.is_empty() {
            let log = std::mem::take(self).log;
            for (now, said) in log.values() {
                self.apply(*now, said);
            }
            self.log = log;
        }
        lost
    }

    pub(super) fn version(&self, kind: usize) -> Option<u32> {
        self.versions.get(&kind).copied()
    }

    pub(super) fn run(&self, id: &str) -> Option<&Run> {
        self.by_id.get(id).map(|at| &self.runs[*at])
    }

    fn apply(&mut self, now: DateTime<Utc>, said: &Said) {
        let engine = self.engine.get_or_insert_with(|| setup::engine().build());
        match said {
            Said::Events(events) => {
                for event in events {
                    let _ = engine.handle_event(now, event).unwrap();
                    self.seen.insert(event.id().to_owned());
                }
                self.cursor = setup::cursor(events).value().map(str::to_owned);
            }
            Said::Tick(true) => engine.handle_timeout(now).unwrap(),
            Said::Define(kind, version, how) => {
                let trigger = setup::flow(*kind, *version).trigger().clone();
                match self.versions.insert(*kind, *version) {
                    None => engine.add(now, trigger).unwrap(),
                    Some(old) if *how == Replace::Quiet && *setup::flow(*kind, old).trigger() == trigger => {}
                    Some(_) => engine.replace(now, trigger, *how).unwrap(),
                }
            }
            Said::Remove(kind) => {
                engine.remove(KINDS[*kind]).unwrap();
                self.versions.remove(kind);
            }
            Said::Resubmit(run) => self.resubmit(run),
            Said::Cancel(run) => {
                let at = self.by_id[run];
                self.runs[at].is_cancelled = true;
            }
            Said::Redrive(delivery) => *self.redriven.entry(delivery.clone()).or_default() += 1,
            Said::Discard(delivery) => drop(self.discarded.insert(delivery.clone())),
            Said::Tick(false) | Said::Other => {}
        }
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(firing) = self.engine.as_mut().and_then(Engine::poll_firing) {
            let kind = KINDS.iter().position(|id| *id == firing.trigger()).unwrap();
            let text = setup::text(kind, self.versions[&kind], &firing);
            let place = Some(self.firings.len());
            self.start(firing.id().as_str(), kind, text, place);
            self.firings.push(firing);
        }
    }

    fn resubmit(&mut self, run: &str) {
        let Run { kind, .. } = self.runs[self.by_id[run]];
        let firing = run.rsplit_once('_').unwrap().0.to_owned();
        let fired = self.firings.iter().find(|other| other.id().as_str() == firing).unwrap();
        let text = setup::text(kind, self.versions[&kind], fired);
        self.start(&firing, kind, text, None);
    }

    fn start(&mut self, firing: &str, kind: usize, text: String, place: Option<usize>) {
        let number = self.runs_of.entry(firing.to_owned()).or_default();
        *number += 1;
        let id = format!("{firing}_{number}");
        self.by_id.insert(id.clone(), self.runs.len());
        self.runs.push(Run { id, kind, text, place, is_cancelled: false });
    }
}

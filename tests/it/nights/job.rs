//! Jobs: the ends of `map`, `match` and `merge`, for each `unificationCompleted` that took one of them.

use super::event::Event;
use super::model::{HOUR, Key, Model};
use super::told;
use super::trigger::PHASES;
use crate::model::Ns;

pub(crate) struct Job {
    source: String,
    id: String,
    opened: Ns,
    parts: Vec<Part>,
    /// Once it is done for all its parts: its number among those that are.
    done: Option<u64>,
}

/// What one trigger knows of the job.
struct Part {
    trigger: String,
    ends: [Option<Event>; 3],
    done: bool,
}

impl Job {
    fn is(&self, e: &Event) -> bool {
        self.source == e.source() && Some(self.id.as_str()) == e.data("jobId")
    }

    fn key(&self) -> Key {
        Key::Job { source: self.source.clone(), id: self.id.clone() }
    }

    fn is_open(&self) -> bool {
        self.parts.iter().any(|part| !part.done)
    }

    fn is_old(&self, clock: Ns) -> bool {
        clock > self.opened + 48 * HOUR
    }
}

impl Model {
    /// Whether the event would open a job where there is no room for one.
    pub(super) fn is_a_job_too_many(&self, e: &Event, unifications: &[usize]) -> bool {
        let clock = self.clock.map_or(e.at, |clock| clock.max(e.at));
        let kept: Vec<&Job> = self.jobs.iter().filter(|job| !job.is_old(clock)).collect();
        let job = kept.iter().find(|job| job.is(e));
        let is_new_to = |ti: &usize| {
            let id = self.triggers[*ti].id();
            job.is_none_or(|job| job.parts.iter().all(|part| part.trigger != id))
        };
        let opens = job.is_none_or(|job| !job.is_open()) && unifications.iter().any(is_new_to);
        opens && kept.iter().filter(|job| job.is_open()).count() >= self.most_jobs
    }

    /// Forgets the jobs that are too old.
    pub(super) fn forget_old(&mut self, e: &Event) {
        let clock = self.clock.unwrap_or(e.at);
        let old: Vec<Job> = self.jobs.extract_if(.., |job| job.is_old(clock)).collect();
        for job in old {
            self.count("jobs_dropped", u64::from(job.is_open()));
            self.forget(&job.key());
        }
    }

    /// The place of the job, which is made where there is none, and that of the trigger in it.
    fn part(&mut self, ti: usize, e: &Event) -> (usize, usize) {
        let clock = self.clock.unwrap_or(e.at);
        let id = self.triggers[ti].id();
        if !self.jobs.iter().any(|job| job.is(e)) {
            self.jobs.push(Job {
                source: e.source().to_owned(),
                id: e.data("jobId").unwrap_or_default().to_owned(),
                opened: clock,
                parts: vec![],
                done: None,
            });
        }
        let ji = self.jobs.iter().position(|job| job.is(e)).unwrap_or_default();
        let parts = &mut self.jobs[ji].parts;
        let pi = parts.iter().position(|part| part.trigger == id).unwrap_or_else(|| {
            parts.push(Part { trigger: id.to_owned(), ends: [None, None, None], done: false });
            parts.len() - 1
        });
        (ji, pi)
    }

    pub(super) fn unify(&mut self, ti: usize, e: &Event) {
        let (job, part) = self.part(ti, e);
        let (t, job) = (&self.triggers[ti], &mut self.jobs[job]);
        let part = &mut job.parts[part];
        let Some(phase) = PHASES.iter().position(|phase| e.data("process") == Some(phase)) else { return };
        if part.done {
            return;
        }
        if part.ends[phase].as_ref().is_none_or(|first| e.at < first.at) {
            part.ends[phase] = Some(e.clone());
        }
        let [Some(map), Some(matched), Some(merge)] = &part.ends else { return };
        part.done = true;
        let ends = [map.clone(), matched.clone(), merge.clone()];
        let outcome = outcome_of(&ends);
        if t.asks("outcome", Some(&outcome)) {
            let key = job.key();
            let Some(last) = ends.iter().max_by_key(|end| end.at) else { return };
            self.emit(ti, &key, last.at, Some(last), told::unification(&outcome, &ends, last));
        }
    }

    /// Jobs that are done for all their triggers are remembered apart, so many of them.
    pub(super) fn settle_down(&mut self) {
        self.jobs.retain(|job| !job.parts.is_empty());
        for job in &mut self.jobs {
            if job.is_open() {
                job.done = None;
            } else if job.done.is_none() {
                self.done += 1;
                job.done = Some(self.done);
            }
        }
        while self.jobs.iter().filter(|job| job.done.is_some()).count() > self.most_jobs {
            let first = self.jobs.iter().filter_map(|job| job.done).min();
            let gone: Vec<Job> = self.jobs.extract_if(.., |job| job.done == first).collect();
            gone.iter().for_each(|job| self.forget(&job.key()));
        }
    }

    /// A trigger that is removed takes its part of every job with it.
    pub(super) fn leave_jobs(&mut self, trigger: &str) {
        for job in &mut self.jobs {
            job.parts.retain(|part| part.trigger != trigger);
        }
        self.settle_down();
    }

    /// What was told of a job goes with it.
    fn forget(&mut self, key: &Key) {
        for t in self.triggers.iter_mut().filter(|t| t.kind() == "unificationCompleted") {
            t.told.retain(|(k, _)| k != key);
        }
    }
}

fn outcome_of(ends: &[Event; 3]) -> String {
    let words: Vec<&str> = ends.iter().map(|end| end.data("outcome").unwrap_or_default()).collect();
    if words.iter().all(|word| *word == "succeeded") {
        return "succeeded".into();
    }
    let ranked = ["failed", "timedOut", "canceled", "skipped"];
    let first = ranked.iter().find(|rank| words.contains(rank));
    let unknown = || words.iter().find(|word| **word != "succeeded");
    first.or_else(unknown).map_or(String::new(), |word| (*word).to_owned())
}

//! A naive model of tasks, jobs and any event: lists, linear scans, everything worked out afresh at every step, JSON
//! values and integers. It shares no code with the library; written from SPEC sections 1, 2 and 4 and the rules alone.

use serde_json::Value;

use super::event::Event;
use super::job::Job;
use super::steps::Counts;
use super::trigger::Trigger;
use crate::model::Ns;

pub(crate) const HOUR: Ns = 3_600_000_000_000;

/// What has a state of its own within a trigger; in this order at one instant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Whole,
    Item { source: String, process: String, id: Option<String> },
    Job { source: String, id: String },
}

/// A deadline; the members in this order are the order in which deadlines go off.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Due<'a> {
    at: Ns,
    trigger: usize,
    key: &'a Key,
}

#[derive(Default)]
pub(crate) struct Model {
    pub(super) triggers: Vec<Trigger>,
    pub(super) jobs: Vec<Job>,
    pub(super) most_jobs: usize,
    /// How many jobs have been done so far.
    pub(super) done: u64,
    /// Source and id of what was accepted, and the clock then.
    ids: Vec<(String, String, Ns)>,
    pub(super) clock: Option<Ns>,
    pub(super) firings: Vec<String>,
    counts: Counts,
}

impl Model {
    pub(crate) fn new(most_jobs: usize) -> Model {
        Model { most_jobs, ..Model::default() }
    }

    /// Says whether it was taken.
    pub(crate) fn add(&mut self, trigger: &Value, now: Ns) -> bool {
        let is_new = self.triggers.iter().all(|t| t.json["id"] != trigger["id"]);
        if is_new {
            self.triggers.push(Trigger::new(trigger, now));
        }
        is_new
    }

    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let Some(i) = self.triggers.iter().position(|t| t.id() == id) else { return false };
        let t = self.triggers.remove(i);
        let waiting: usize = t.settling.iter().map(|(_, settling)| settling.waiting()).sum();
        self.count("waiting_dropped", waiting as u64);
        self.leave_jobs(id);
        true
    }

    pub(crate) fn enable(&mut self, id: &str, on: bool) -> bool {
        let found = self.triggers.iter_mut().find(|t| t.id() == id);
        found.map(|t| t.enabled = on).is_some()
    }

    /// What became of an event: `accepted`, `ignored`, `duplicate`, or why it was refused and where.
    pub(crate) fn event(&mut self, json: &Value, now: Ns) -> String {
        self.count("events", 1);
        let e = Event::read(json, now);
        if self.is_duplicate(&e) {
            self.count("duplicates", 1);
            return "duplicate".into();
        }
        let faults = e.faults();
        if !faults.is_empty() {
            self.count("invalid", 1);
            return format!("invalid {}", faults.join(" "));
        }
        let all = 0..self.triggers.len();
        let mut concerned: Vec<usize> = all.filter(|&ti| self.triggers[ti].is_concerned(&e)).collect();
        let (unifications, others): (Vec<usize>, Vec<usize>) =
            concerned.iter().partition(|&&ti| self.triggers[ti].kind() == "unificationCompleted");
        if !unifications.is_empty() {
            if e.data("jobId").is_none() {
                self.count("without_job", 1);
                concerned = others;
            } else if self.is_a_job_too_many(&e, &unifications) {
                self.count("over_limit", 1);
                if others.is_empty() {
                    return "limit data.jobId".into();
                }
                self.count("not_watched", 1);
                concerned = others;
            }
        }
        self.go_off(|due| due.at < e.at);
        let clock = self.clock.map_or(e.at, |clock| clock.max(e.at));
        self.clock = Some(clock);
        for trigger in &mut self.triggers {
            trigger.note_name(&e);
        }
        if concerned.iter().any(|ti| unifications.contains(ti)) {
            self.forget_old(&e);
        }
        for &ti in &concerned {
            self.judge(ti, &e);
        }
        self.settle_down();
        if let Some(own) = e.item_key() {
            for &ti in &concerned {
                self.go_off(|due| due.trigger == ti && *due.key == own && (due.at <= e.at || due.at < clock));
            }
        }
        self.ids.push((e.source().to_owned(), e.id().to_owned(), clock));
        if concerned.is_empty() {
            self.count("ignored", 1);
            return "ignored".into();
        }
        "accepted".into()
    }

    pub(crate) fn tick(&mut self, t: Ns) {
        if self.clock.is_none_or(|clock| t > clock) {
            self.flush(t);
        }
    }

    pub(crate) fn flush(&mut self, t: Ns) {
        let t = self.clock.map_or(t, |clock| clock.max(t));
        self.clock = Some(t);
        self.go_off(|due| due.at <= t);
    }

    pub(crate) fn timeout(&self) -> Option<Ns> {
        let first = self.dues().map(|due| due.at).min()?;
        Some(self.clock.map_or(first, |clock| first.max(clock + 1)))
    }

    pub(crate) fn take_firings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.firings)
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn count(&mut self, name: &'static str, n: u64) {
        if n > 0 {
            *self.counts.entry(name).or_default() += n;
        }
    }

    /// An id stands for a day after the clock at which it was accepted.
    fn is_duplicate(&self, e: &Event) -> bool {
        let stands = |at: Ns| self.clock <= Some(at + 24 * HOUR) && e.at <= at + 24 * HOUR;
        self.ids.iter().any(|(source, id, at)| source == e.source() && id == e.id() && stands(*at))
    }

    /// Lets deadlines go off, the first one first, as long as one is wanted.
    fn go_off(&mut self, wanted: impl Fn(&Due<'_>) -> bool) {
        while let Some(due) = self.dues().filter(|due| wanted(due)).min() {
            let (at, trigger, key) = (due.at, due.trigger, due.key.clone());
            self.deadline(trigger, &key, at);
        }
    }

    fn dues(&self) -> impl Iterator<Item = Due<'_>> {
        let all = self.triggers.iter().enumerate();
        all.flat_map(|(trigger, t)| t.dues().map(move |(key, at)| Due { at, trigger, key }))
    }
}

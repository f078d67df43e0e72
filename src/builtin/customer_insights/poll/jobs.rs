//! Jobs and their tasks: what a listing says that was not told yet.

use std::collections::BTreeSet;

use serde_json::Value;

use super::answer::{message, short, text, time};
use super::cursor::Cursor;
use super::group::{Group, Trace};
use super::id::id;
use super::limits::Limits;
use super::report::Notes;
use crate::builtin::customer_insights::vocabulary::{process_of, scope_of, submission_of};
use crate::event::{Event, Failure, FailureKind, Item, JobCompleted, Outcome, Process, RefreshCompleted};
use crate::time::{Nanos, datetime};

/// What a listing is read with.
pub(super) struct Listing<'a> {
    pub(super) source: &'a str,
    pub(super) now: Nanos,
    pub(super) limits: &'a Limits,
    /// Whether data sources tell of their refreshes, and not the tasks of jobs.
    pub(super) leaves_ingestion: bool,
}

/// What a listing says.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// By the time at which each job ended, those that run last.
    pub(super) groups: Vec<Group>,
    /// Whether it reaches back to jobs that are known from before.
    pub(super) is_connected: bool,
}

/// One job of a listing.
struct Job<'v> {
    entry: &'v Value,
    /// As its service calls it.
    name: &'v str,
    /// As events and the cursor call it.
    id: String,
    ended: Option<Nanos>,
    /// As the report calls it.
    place: String,
}

/// One task that has ended.
struct Told {
    id: String,
    ended: Option<Nanos>,
    event: Event<'static>,
}

/// What the tasks of a job say.
#[derive(Default)]
struct Tasks {
    told: Vec<Told>,
    /// Whether one has not ended.
    are_open: bool,
}

impl Listing<'_> {
    /// Reads the jobs of an answer, and remembers in the cursor those that run.
    pub(super) fn read(&self, entries: &[Value], cursor: &mut Cursor, notes: &mut Notes<'_>) -> Listed {
        let mut listed = Listed::default();
        let mut seen = BTreeSet::new();
        let mut jobs: Vec<Job<'_>> = Vec::new();
        for entry in entries {
            match text(entry, "jobId") {
                // Nobody could tell its tasks from those of another.
                None => notes.faulty("a job", "jobId"),
                Some(name) if seen.insert(name) => jobs.push(Job::new(entry, name)),
                Some(_) => {}
            }
        }
        jobs.sort_by_key(|job| job.ended.unwrap_or(Nanos::MAX));
        for job in jobs {
            if cursor.closed.contains_key(&job.id) {
                listed.is_connected = true;
            } else if let Some(group) = self.job(&job, cursor, notes, &mut listed) {
                listed.groups.push(group);
            }
        }
        listed
    }

    fn job(
        &self,
        job: &Job<'_>,
        cursor: &mut Cursor,
        notes: &mut Notes<'_>,
        listed: &mut Listed,
    ) -> Option<Group> {
        let is_known = cursor.open.contains_key(&job.id);
        let outcome = outcome(job.entry, &["jobStatus", "status"], &job.place, notes);
        // Where nobody says when it ended, it was not before it was asked for.
        let order = job.ended.or_else(|| time(job.entry, "submittedTimestamp"));
        if outcome.is_some() && !is_known && order.is_some_and(|order| order < cursor.horizon) {
            notes.counts.early += 1;
            listed.is_connected = true;
            return None;
        }
        let mut tasks = self.tasks(job, cursor, notes);
        let is_over = outcome.is_some() && !tasks.are_open;
        if !is_over && !is_known && cursor.open.len() >= self.limits.jobs() {
            notes.counts.over += 1;
            return None;
        }
        tasks.told.retain(|told| !cursor.has_told(&job.id, &told.id));
        tasks.told.sort_by_key(|told| told.ended.unwrap_or(Nanos::MAX));
        let mut told: Vec<String> = tasks.told.iter().map(|told| told.id.clone()).collect();
        let mut events: Vec<Event<'static>> = tasks.told.into_iter().map(|told| told.event).collect();
        if let Some((outcome, _)) = outcome
            && !cursor.has_told(&job.id, &job.id)
        {
            told.push(job.id.clone());
            events.extend(job.event(self.source, outcome, notes));
        }
        if !is_over {
            cursor.open.entry(job.id.clone()).or_default().seen = self.now;
        }
        if told.is_empty() && !is_over {
            return None;
        }
        let over_at = is_over.then(|| order.unwrap_or(self.now));
        Some(Group { events, trace: Trace::Job { job: job.id.clone(), told, seen: self.now, over_at } })
    }

    fn tasks(&self, job: &Job<'_>, cursor: &Cursor, notes: &mut Notes<'_>) -> Tasks {
        let place = job.place.as_str();
        let mut tasks = Tasks::default();
        let all = match job.entry.get("tasks") {
            None | Some(Value::Null) => return tasks,
            Some(Value::Array(all)) => all,
            Some(_) => {
                notes.faulty(place, "tasks");
                return tasks;
            }
        };
        notes.counts.over += all.len().saturating_sub(self.limits.tasks()) as u64;
        let mut seen = BTreeSet::new();
        for task in all.iter().take(self.limits.tasks()) {
            let Some(operation) = text(task, "operationType") else {
                notes.faulty(place, "tasks.operationType");
                continue;
            };
            let process = process_of(operation);
            let Some((outcome, kind)) = outcome(task, &["taskStatus", "status"], place, notes) else {
                tasks.are_open = true;
                continue;
            };
            if self.leaves_ingestion && process == Process::INGESTION {
                notes.counts.left_to_sources += 1;
                continue;
            }
            let ended = time(task, "endTimestamp");
            if ended.is_some_and(|ended| ended < cursor.start) {
                notes.counts.early += 1;
                continue;
            }
            let id = task_id(task, job.name, &process, &outcome, ended);
            if !seen.insert(id.clone()) {
                continue;
            }
            let mut refresh =
                RefreshCompleted::new(process, outcome.clone()).with_job_id(job.name.to_owned());
            refresh = item(task).into_iter().fold(refresh, RefreshCompleted::with_item);
            let message = message(task, "error").filter(|_| outcome != Outcome::SUCCEEDED).map(short);
            if kind.is_some() || message.is_some() {
                let failure = kind.into_iter().fold(Failure::new(), Failure::with_kind);
                let message = message.map(str::to_owned).into_iter();
                refresh = refresh.with_failure(message.fold(failure, Failure::with_message));
            }
            refresh = ended.map(datetime).into_iter().fold(refresh, RefreshCompleted::with_ended_at);
            match refresh.into_event(id.clone(), self.source) {
                Ok(event) => {
                    let event = ended.map(datetime).into_iter().fold(event, Event::with_time);
                    tasks.told.push(Told { id, ended, event });
                }
                Err(_) => notes.faulty(place, "tasks"),
            }
        }
        tasks
    }
}

impl<'v> Job<'v> {
    fn new(entry: &'v Value, name: &'v str) -> Self {
        let ended = time(entry, "endTimestamp");
        Self { entry, name, id: id(&["job", name]), ended, place: format!("job {}", short(name)) }
    }

    /// What is told once it has ended.
    fn event(&self, source: &str, outcome: Outcome, notes: &mut Notes<'_>) -> Option<Event<'static>> {
        let Some(scope) = text(self.entry, "jobType") else {
            notes.faulty(&self.place, "jobType");
            return None;
        };
        let mut job = JobCompleted::new(self.name.to_owned(), scope_of(scope), outcome);
        job = text(self.entry, "jobSubmissionKind")
            .into_iter()
            .fold(job, |job, kind| job.with_submission(submission_of(kind)));
        job = text(self.entry, "operationType").into_iter().fold(job, |job, operation| {
            let is_all = operation.eq_ignore_ascii_case("all");
            job.with_operation(if is_all {
                "all".to_owned()
            } else {
                process_of(operation).as_str().to_owned()
            })
        });
        let started = time(self.entry, "startTimestamp").or_else(|| time(self.entry, "submittedTimestamp"));
        job = started.map(datetime).into_iter().fold(job, JobCompleted::with_started_at);
        job = self.ended.map(datetime).into_iter().fold(job, JobCompleted::with_ended_at);
        match job.into_event(self.id.clone(), source) {
            Ok(event) => Some(self.ended.map(datetime).into_iter().fold(event, Event::with_time)),
            Err(_) => {
                notes.faulty(&self.place, "job");
                None
            }
        }
    }
}

/// How it ended, if it has; the first of the fields that is there says so.
fn outcome(
    entry: &Value,
    fields: &[&str],
    place: &str,
    notes: &mut Notes<'_>,
) -> Option<(Outcome, Option<FailureKind>)> {
    let Some(word) = fields.iter().find_map(|field| text(entry, field)) else {
        notes.faulty(place, fields[0]);
        return None;
    };
    notes.outcome(place, word)
}

/// A task ends once at one time. One without a time ends once in one way.
fn task_id(task: &Value, job_id: &str, process: &Process, outcome: &Outcome, ended: Option<Nanos>) -> String {
    let ended = ended.map_or_else(|| format!("?{outcome}"), |ended| ended.to_string());
    let [identifier, name, own] =
        ["identifier", "friendlyName", "taskId"].map(|field| text(task, field).unwrap_or_default());
    let name = if identifier.is_empty() { name } else { "" };
    id(&["task", job_id, process.as_str(), identifier, name, own, &ended])
}

fn item(task: &Value) -> Option<Item<'static>> {
    let owned = |field: &str| text(task, field).map(|text| text.to_owned());
    match (owned("identifier"), owned("friendlyName")) {
        (Some(id), Some(name)) => Some(Item::new(id).with_name(name)),
        (Some(id), None) | (None, Some(id)) => Some(Item::new(id)),
        (None, None) => None,
    }
}

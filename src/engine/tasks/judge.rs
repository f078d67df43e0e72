//! One task, job or event: what it does to the triggers that it concerns.

use crate::error::{Error, ErrorKind};
use crate::event::{FailureKind, JobCompleted, Outcome, RefreshCompleted, Scope};
use crate::time::{Nanos, nanos_of};
use crate::trigger::TriggerKind;

use super::super::Engine;
use super::super::numbers::{EVENTS, JOBS, NOBODY, UNIFICATIONS};
use super::super::receipt::Receipt;
use super::super::verdict::Verdict;
use super::explain::words_of;
use super::input::{Subject, Task};
use super::phases::{End, PHASES, phase_of};
use super::report::Report;
use super::settling::{Failed, Fate};
use super::tell::TaskKey;
use super::waiter::Work;

/// A trigger that an event concerns, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine) struct Concern {
    trigger: u32,
    role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Item,
    Job,
    /// The number is the phase's.
    Unification(usize),
    Event,
}

impl Engine {
    /// Takes an event that is no observation.
    pub(in crate::engine) fn take_task(&mut self, task: &Task<'_>) -> Result<Receipt, Error> {
        if let Subject::Refresh(refresh) = task.subject
            && let Some(receipt) = self.take_quickly(task, refresh)
        {
            return Ok(receipt);
        }
        self.take_with_thought(task)
    }

    /// The way that every task can go.
    pub(super) fn take_with_thought(&mut self, task: &Task<'_>) -> Result<Receipt, Error> {
        let mut concerns = std::mem::take(&mut self.tasks.concerns);
        concerns.clear();
        let receipt = self.judge_task(task, &mut concerns);
        self.tasks.concerns = concerns;
        receipt
    }

    fn judge_task(&mut self, task: &Task<'_>, concerns: &mut Vec<Concern>) -> Result<Receipt, Error> {
        let explained = self.explanations();
        self.hear(task, concerns);
        let mut over_limit = None;
        let (mut item, mut has_job) = (None, true);
        match task.subject {
            Subject::Refresh(refresh) => {
                has_job = self.ask_unifications(task, refresh, concerns, &mut over_limit);
                let name = over_limit.is_some().then(|| self.name_of_item(task, refresh));
                match self.ask_item(task, refresh) {
                    Ok(number) => item = number,
                    Err(error) => over_limit = Some(error),
                }
                self.ask_watchers(task, item, concerns);
                if let (Some(name), Some(item), true) = (name, item, concerns.is_empty()) {
                    // The task is refused, so what it says of the item does not count.
                    self.set_item_name(item, name);
                }
            }
            Subject::Job(_) => self.ask_all(task, JOBS, Role::Job, concerns),
            Subject::Value(_) | Subject::Other => {}
        }
        let has_no_room = over_limit.is_some();
        if let Some(error) = over_limit.filter(|_| concerns.is_empty()) {
            self.counts.over_limit += 1;
            return Err(error);
        }
        self.advance_before(task.at)?;
        self.counts.over_limit += u64::from(has_no_room);
        self.counts.not_watched += u64::from(has_no_room);
        self.clock = self.clock.max(task.at);
        self.counts.without_job += u64::from(!has_job);
        self.note_item(item, task.at);
        concerns.sort_unstable();
        let unifies = concerns.iter().any(|concern| matches!(concern.role, Role::Unification(_)));
        if unifies {
            let oldest = self.oldest_job(self.clock);
            self.counts.jobs_dropped += self.tasks.jobs.forget_before(oldest);
        }
        for concern in concerns.iter() {
            let trigger = concern.trigger;
            match (concern.role, task.subject, item) {
                (Role::Item, Subject::Refresh(refresh), Some(item)) => {
                    self.judge_item(trigger, item, task, refresh);
                }
                (Role::Job, Subject::Job(job), _) => self.judge_job(trigger, task, job),
                (Role::Unification(phase), Subject::Refresh(refresh), _) => {
                    self.judge_phase(trigger, phase, task, refresh);
                }
                _ => self.tell(trigger, TaskKey::Whole, task.at, None, || Report::of_event(task)),
            }
        }
        self.tasks.jobs.forget_done(self.limits.jobs());
        self.tasks.ended.forget_done(self.limits.series());
        if let Some(item) = item {
            let judged = concerns.iter().filter(|concern| concern.role == Role::Item);
            self.settle_due_item(item, task.at, judged.map(|concern| concern.trigger));
        }
        self.settle_behind(task.at);
        self.prune();
        if concerns.is_empty() && self.explanations() == explained {
            self.explain_task(task, "no trigger watches it");
        }
        Ok(if concerns.is_empty() { Receipt::Ignored } else { Receipt::Accepted })
    }

    /// Whether any trigger hears of an observation as an event. It is told of it after it was judged.
    pub(in crate::engine) fn is_heard(&mut self, task: &Task<'_>) -> bool {
        let mut concerns = std::mem::take(&mut self.tasks.concerns);
        concerns.clear();
        self.hear(task, &mut concerns);
        self.tasks.concerns = concerns;
        !self.tasks.concerns.is_empty()
    }

    /// Tells the triggers that hear of the observation.
    pub(in crate::engine) fn tell_of_observation(&mut self, task: &Task<'_>) {
        let concerns = std::mem::take(&mut self.tasks.concerns);
        for concern in &concerns {
            self.tell(concern.trigger, TaskKey::Whole, task.at, None, || Report::of_event(task));
        }
        self.tasks.concerns = concerns;
    }

    fn hear(&mut self, task: &Task<'_>, concerns: &mut Vec<Concern>) {
        let Some(event) = task.event.filter(|_| self.register.asks(EVENTS)) else { return };
        let mut found = std::mem::take(&mut self.found);
        self.register.find(EVENTS, event.event_type(), &mut found);
        found.retain(|&trigger| self.lets_pass(trigger, task, TaskKey::Whole));
        concerns.extend(found.iter().map(|&trigger| Concern { trigger, role: Role::Event }));
        self.found = found;
    }

    /// All triggers of a kind, that of jobs or unifications, that let the task pass.
    fn ask_all(&mut self, task: &Task<'_>, kind: u8, role: Role, concerns: &mut Vec<Concern>) {
        if !self.register.asks(kind) {
            return;
        }
        let mut found = std::mem::take(&mut self.found);
        self.register.find(kind, "", &mut found);
        found.retain(|&trigger| {
            self.owns_job_of(trigger, task) && self.lets_pass(trigger, task, TaskKey::Whole)
        });
        concerns.extend(found.iter().map(|&trigger| Concern { trigger, role }));
        self.found = found;
    }

    /// The watchers of the item that the task concerns.
    fn ask_watchers(&mut self, task: &Task<'_>, item: Option<u32>, concerns: &mut Vec<Concern>) {
        let Some(number) = item else { return };
        let Some(item) = self.tasks.items.get(number) else { return };
        let concerned = item.watchers.iter().filter(|watcher| watcher.is_concerned());
        concerns.extend(concerned.map(|watcher| Concern { trigger: watcher.trigger, role: Role::Item }));
        let asks = |concern: &Concern| self.watch(concern.trigger).is_some_and(|watch| watch.asks_events());
        if concerns.iter().any(asks) {
            concerns.retain(|concern| {
                concern.role != Role::Item || self.lets_pass(concern.trigger, task, TaskKey::Item(number))
            });
        }
    }

    /// The unifications that wait for this task; false where it has no job.
    fn ask_unifications(
        &mut self,
        task: &Task<'_>,
        refresh: &RefreshCompleted<'_>,
        concerns: &mut Vec<Concern>,
        over_limit: &mut Option<Error>,
    ) -> bool {
        let Some(phase) = phase_of(refresh.process()) else { return true };
        let before = concerns.len();
        self.ask_all(task, UNIFICATIONS, Role::Unification(phase), concerns);
        if concerns.len() == before {
            return true;
        }
        let Some(job) = refresh.job_id() else {
            for concern in concerns.drain(before..) {
                self.note_why(concern.trigger, TaskKey::Whole, || "the task belongs to no job".to_owned());
            }
            return false;
        };
        if self.opens_too_many(task, job, &concerns[before..]) {
            concerns.truncate(before);
            let limit = self.limits.jobs();
            let message = format!("{job:?} would be one open job more than the limit of {limit}");
            *over_limit = Some(Error::new(ErrorKind::Limit, message).at("data.jobId"));
        }
        true
    }

    /// Whether the task would open one job more than may be open.
    fn opens_too_many(&self, task: &Task<'_>, job: &str, concerns: &[Concern]) -> bool {
        let oldest = self.oldest_job(self.clock.max(task.at));
        let known = self.tasks.jobs.find(task.source, job).and_then(|number| self.tasks.jobs.get(number));
        let opens = match known.filter(|job| job.opened.is_none_or(|opened| opened >= oldest)) {
            None => true,
            Some(job) => {
                let knows = |trigger| job.watchers.iter().any(|watcher| watcher.trigger == trigger);
                job.done.is_some() && concerns.iter().any(|concern| !knows(concern.trigger))
            }
        };
        opens && self.tasks.jobs.open_since(oldest) >= self.limits.jobs()
    }

    /// A job opened before this is forgotten.
    fn oldest_job(&self, clock: Nanos) -> Nanos {
        clock.saturating_sub(nanos_of(self.limits.job_window()))
    }

    fn lets_pass(&mut self, trigger: u32, task: &Task<'_>, key: TaskKey) -> bool {
        let Some(watch) = self.watch(trigger) else { return false };
        if watch.trigger.source().is_some_and(|source| !source.matches(task.source)) {
            return false;
        }
        let candidate = task.candidate();
        let passes = watch.trigger.filters().iter().all(|filter| filter.matches(&candidate));
        if !passes {
            self.note_task(trigger, key, Verdict::Filtered);
        }
        passes
    }

    fn note_item(&mut self, item: Option<u32>, at: Nanos) {
        let Some(item) = item.and_then(|number| self.tasks.items.get_mut(number)) else { return };
        item.newest = item.newest.max(at);
        self.counts.not_watched += u64::from(item.refused);
    }

    fn judge_item(&mut self, trigger: u32, item: u32, task: &Task<'_>, refresh: &RefreshCompleted<'_>) {
        let key = TaskKey::Item(item);
        let Some(watch) = self.watch(trigger) else { return };
        let outcome = refresh.outcome();
        match watch.trigger.kind() {
            TriggerKind::DataSourceRefreshFailed { include_retrying, settle, .. } => {
                let settle = nanos_of(settle);
                if *outcome == Outcome::SUCCEEDED && settle > 0 {
                    self.recover(trigger, item, task.at);
                } else if *outcome != Outcome::FAILED && *outcome != Outcome::TIMED_OUT {
                    self.note_why(trigger, key, || format!("the task did not fail: {outcome}"));
                } else if is_retrying(refresh) && !include_retrying {
                    self.note_why(trigger, key, || "it failed, but is being retried".to_owned());
                } else if settle > 0 {
                    self.wait_to_settle(trigger, item, task, refresh);
                } else {
                    self.tell(trigger, key, task.at, None, || Report::of(task));
                }
            }
            TriggerKind::DataSourceRefreshSucceeded { .. } if *outcome != Outcome::SUCCEEDED => {
                self.note_why(trigger, key, || format!("the task did not succeed: {outcome}"));
            }
            TriggerKind::RefreshCompleted { outcome: Some(asked), .. } if asked != outcome => {
                let asked = asked.clone();
                self.note_why(trigger, key, || format!("the outcome is {outcome}, {asked} is asked for"));
            }
            TriggerKind::NoData { within, .. } => {
                if *outcome == Outcome::SUCCEEDED {
                    self.hear_success(trigger, item, task, nanos_of(within));
                } else {
                    self.note_why(trigger, key, || format!("no success, so no report: {outcome}"));
                }
            }
            _ => self.tell(trigger, key, task.at, None, || Report::of(task)),
        }
    }

    fn wait_to_settle(&mut self, trigger: u32, item: u32, task: &Task<'_>, refresh: &RefreshCompleted<'_>) {
        let Some(number) = self.instance_of(item, trigger) else { return };
        let Some(waiter) = self.waiter_mut(number) else { return };
        let Work::Settling { settle, failures } = &mut waiter.work else { return };
        let failed = Failed { at: task.at, is_retrying: is_retrying(refresh), report: Report::of(task) };
        let fate = failures.fail(failed, *settle);
        let due = failures.due(*settle);
        self.counts.waiting_dropped += u64::from(matches!(fate, Fate::Full | Fate::Crowds));
        self.note_why(trigger, TaskKey::Item(item), || words_of(fate, due));
        self.queue(number);
    }

    fn recover(&mut self, trigger: u32, item: u32, at: Nanos) {
        let Some(number) = self.instance_of(item, trigger) else { return };
        let Some(waiter) = self.waiter_mut(number) else { return };
        let Work::Settling { settle, failures } = &mut waiter.work else { return };
        let answered = failures.succeed(at, *settle);
        self.note_why(trigger, TaskKey::Item(item), || match answered {
            0 => "a success, and no failure waits for one".to_owned(),
            1 => "a success: the failure is settled".to_owned(),
            many => format!("a success: {many} failures are settled"),
        });
    }

    /// A success for `noData`.
    fn hear_success(&mut self, trigger: u32, item: u32, task: &Task<'_>, within: Nanos) {
        let Some(watch) = self.watch(trigger) else { return };
        if watch.is_whole() {
            let (whole, report) = (watch.whole(), Report::of(task));
            let (source, id) = report.event.as_ref().map_or(("", ""), |event| (event.source(), event.id()));
            let heard = self.report_whole(whole, task.at, within, (source, id), &report.owners);
            let verdict = if heard { Verdict::Heard } else { Verdict::Late };
            return self.note_task(trigger, TaskKey::Whole, verdict);
        }
        self.drop_whole(trigger);
        let Some(number) = self.instance_of(item, trigger) else { return };
        let Some(waiter) = self.waiter_mut(number) else { return };
        let Work::Silence { silence, last } = &mut waiter.work else { return };
        let heard = silence.report(task.at, within);
        if heard {
            **last = Report::of(task);
        }
        let verdict = if heard { Verdict::Heard } else { Verdict::Late };
        self.note_task(trigger, TaskKey::Item(item), verdict);
        self.queue(number);
    }

    fn judge_job(&mut self, trigger: u32, task: &Task<'_>, job: &JobCompleted<'_>) {
        let Some(watch) = self.watch(trigger) else { return };
        let TriggerKind::FullRefreshCompleted { submission, outcome } = watch.trigger.kind() else { return };
        let why = if *job.scope() != Scope::FULL {
            Some(format!("it is no full refresh: {}", job.scope()))
        } else if submission.is_some() && submission != job.submission() {
            let (asked, started) = (submission.map_or("any", |word| word.as_str()), job.submission());
            let started = started.map_or("in a way that it does not say", |word| word.as_str());
            Some(format!("it was started {started}, {asked} is asked for"))
        } else {
            let other = outcome.filter(|asked| *asked != job.outcome());
            other.map(|asked| format!("the outcome is {}, {asked} is asked for", job.outcome()))
        };
        if let Some(why) = why {
            return self.note_why(trigger, TaskKey::Whole, || why);
        }
        let number = self.tasks.ended.find_or_insert(task.source, job.job_id());
        self.tell(trigger, TaskKey::EndedJob(number), task.at, None, || Report::of(task));
        // A disabled trigger tells nothing, so nothing is to be remembered.
        self.tasks.ended.drop_unwatched(number);
    }

    fn judge_phase(&mut self, trigger: u32, phase: usize, task: &Task<'_>, refresh: &RefreshCompleted<'_>) {
        let number = self.tasks.jobs.find_or_insert(task.source, refresh.job_id().unwrap_or_default());
        self.tasks.jobs.open(number, self.clock);
        let key = TaskKey::Job(number);
        let Some(watcher) = self.tasks.jobs.watcher(number, trigger, true) else { return };
        let Some(mut phases) = watcher.phases.take() else {
            return self.note_why(trigger, key, || "the job's unification is over already".to_owned());
        };
        phases.note(phase, End { at: task.at, outcome: refresh.outcome().clone(), report: Report::of(task) });
        let judged = match phases.judge() {
            Ok(judged) => judged,
            Err(phases) => {
                self.note_why(trigger, key, || {
                    format!("waits for {}", phases.missing().collect::<Vec<_>>().join(" and "))
                });
                if let Some(watcher) = self.tasks.jobs.watcher(number, trigger, true) {
                    watcher.phases = Some(Box::new(phases));
                }
                return;
            }
        };
        self.tasks.jobs.settle(number);
        let Some(watch) = self.watch(trigger) else { return };
        let TriggerKind::UnificationCompleted { outcome } = watch.trigger.kind() else { return };
        if let Some(asked) = outcome.filter(|asked| **asked != judged.outcome).cloned() {
            return self.note_why(trigger, key, || {
                format!("the outcome is {}, {asked} is asked for", judged.outcome)
            });
        }
        let mut report = judged.last.report;
        (report.facts.process, report.facts.item, report.facts.failure) = (None, None, None);
        report.facts.outcome = Some(judged.outcome);
        report.facts.phases =
            Some(std::array::from_fn(|at| (PHASES[at].clone(), judged.outcomes[at].clone())));
        self.tell(trigger, key, judged.last.at, None, || report);
    }

    fn instance_of(&self, item: u32, trigger: u32) -> Option<u32> {
        let watcher = self.tasks.items.watcher(item, trigger)?;
        Some(watcher.instance).filter(|&number| number != NOBODY)
    }
}

fn is_retrying(refresh: &RefreshCompleted<'_>) -> bool {
    refresh.failure().and_then(crate::event::Failure::kind) == Some(&FailureKind::RETRYING)
}

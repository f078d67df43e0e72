//! How a run goes on: which steps are due, and when their time is over.

use serde_json::{Value, json};

use super::courses::most;
use super::rendered::{Rendered, Rendering};
use super::run::{RunStatus, StepState};
use super::step::StepOutcome;
use super::{Flows, Live, Outgoing};
use crate::time::{DeadlineQueue, Nanos, format_instant, nanos_of};

/// Entries that nobody means any more are cleared away where there are more of
/// them than of others, and at least so many.
const SLACK: usize = 1_024;

/// The latest instant that a deadline can have.
const END_OF_TIME: Nanos = Nanos::MAX - 2;

impl Flows {
    /// Lets runs of a flow begin, as many as may.
    pub(super) fn let_in(&mut self, number: usize) {
        while let Some(course) = self.courses.get(number) {
            let Some(next) = course.waiting.front().copied() else { break };
            let Some(live) = self.live.get_mut(&next) else { break };
            // A flow that is not there any more goes on as it was.
            if course.running >= course.most().unwrap_or_else(|| most(live.plan.flow.concurrency)) {
                break;
            }
            self.courses.change(number, |course| {
                course.waiting.pop_front();
                course.running += 1;
            });
            live.record.status = RunStatus::Running;
            live.record.started = Some(self.clock);
            self.touched.push_back(next);
        }
        self.courses.release(number);
    }

    /// Takes every run that was touched as far as it goes now.
    pub(super) fn settle(&mut self) {
        while let Some(number) = self.touched.pop_front() {
            while let Some((step, is_due)) = self.live.get(&number).and_then(next_step) {
                match is_due {
                    Ok(()) => self.begin_step(number, step),
                    Err(why) => self.end_step(number, step, StepOutcome::Skipped, Some(why)),
                }
            }
            self.end_if_over(number);
        }
        while self.timers.peek().is_some_and(|(at, of)| !self.is_meant(at, of)) {
            self.timers.pop();
        }
    }

    fn end_if_over(&mut self, number: u64) {
        let Some(live) = self.live.get(&number).filter(|live| live.record.status == RunStatus::Running)
        else {
            return;
        };
        let steps = &live.record.steps;
        if steps.iter().all(|step| step.outcome().is_some()) {
            // Only a step that was due had its condition judged.
            let has_failed = live.plan.has_failed(|at| steps[at].outcome(), |at| steps[at].started.is_some());
            self.end_run(number, if has_failed { RunStatus::Failed } else { RunStatus::Succeeded });
        }
    }

    /// A step is due: what its action is given is rendered, or was before.
    fn begin_step(&mut self, number: u64, at: usize) {
        let Some(live) = self.live.get(&number) else { return };
        let (plan, id) = (live.plan.clone(), live.record.id);
        let step = &plan.steps[at];
        let rendering = match &mut self.given {
            None => plan.render(at, |name| named(live, name), |other| known(live, other)),
            Some(given) => match given.pop_front() {
                Some(next) if *next.run() == id && next.step() == &*step.name => next.into_rendering(),
                other => {
                    let other = other.map_or("nothing more".to_owned(), |other| {
                        format!("the step {:?} of {}", other.step(), other.run())
                    });
                    let why = format!(
                        "the step {:?} of {id} asks for its rendering, and there is {other}",
                        step.name
                    );
                    self.diverged.get_or_insert(why.clone());
                    Rendering::Failed(why)
                }
            },
        };
        self.receipt.rendered.push(Rendered::new(id, step.name.clone(), &rendering));
        let clock = self.clock;
        let Some(live) = self.live.get_mut(&number) else { return };
        let record = &mut live.record.steps[at];
        record.started = Some(clock);
        match rendering {
            Rendering::Skipped => {
                self.end_step(number, at, StepOutcome::Skipped, Some("its condition was false".to_owned()));
            }
            Rendering::Failed(why) => self.end_step(number, at, StepOutcome::Failed, Some(why)),
            Rendering::Input(input) => {
                let deadline = step.timeout.map(|time| clock.saturating_add(nanos_of(time)).min(END_OF_TIME));
                record.state = StepState::Running { deadline };
                record.input = Some(plan.redacted(at, &input));
                let weight = weight(&input);
                live.bytes += weight;
                self.bytes += weight;
                live.steps[at].unsent = Some(self.next_out);
                self.next_out += 1;
                self.outbox.push_back(Some(Outgoing { run: number, step: at, input }));
                self.pending += 1;
                if let Some(deadline) = deadline {
                    self.schedule(deadline, (number, at));
                }
            }
        }
    }

    /// Lets all steps time out whose time is over by `now`.
    pub(super) fn advance(&mut self, now: Nanos) {
        while let Some((at, (number, step))) = self.timers.peek().filter(|(at, _)| *at <= now) {
            self.timers.pop();
            if self.is_meant(at, (number, step)) {
                self.clock = self.clock.max(at);
                self.time_out(number, step);
                self.settle();
            }
        }
        self.clock = self.clock.max(now);
    }

    fn time_out(&mut self, number: u64, at: usize) {
        self.take_back(number, at);
        self.end_step(number, at, StepOutcome::TimedOut, Some("its time was over".to_owned()));
        self.touched.push_back(number);
    }

    pub(super) fn schedule(&mut self, at: Nanos, of: (u64, usize)) {
        self.timers.push(at, of);
        if self.timers.len() > 2 * self.pending + SLACK {
            let mut timers = std::mem::replace(&mut self.timers, DeadlineQueue::new());
            timers.retain(|at, of| self.is_meant(at, of));
            self.timers = timers;
        }
    }

    fn is_meant(&self, at: Nanos, (number, step): (u64, usize)) -> bool {
        let step = self.live.get(&number).and_then(|live| live.record.steps.get(step));
        step.is_some_and(|step| step.state == StepState::Running { deadline: Some(at) })
    }
}

/// What a value weighs against the bounds, about.
pub(super) fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => 32 + text.len(),
        Value::Array(values) => 32 + values.iter().map(weight).sum::<usize>(),
        Value::Object(members) => {
            32 + members.iter().map(|(name, value)| 32 + name.len() + weight(value)).sum::<usize>()
        }
        _ => 32,
    }
}

/// The next step that is judged, and whether it is due or why it is skipped.
fn next_step(live: &Live) -> Option<(usize, Result<(), String>)> {
    if live.record.status != RunStatus::Running {
        return None;
    }
    let steps = &live.record.steps;
    let is_ready = |at: &usize| {
        steps[*at].state == StepState::Waiting
            && live.plan.steps[*at].befores.iter().all(|after| steps[after.step].outcome().is_some())
    };
    let at = (0..steps.len()).find(is_ready)?;
    let refused = live.plan.steps[at].befores.iter().find_map(|after| {
        let before = &steps[after.step];
        let outcome = before.outcome().filter(|outcome| !after.outcomes.contains(outcome))?;
        let words: Vec<&str> = after.outcomes.iter().map(|outcome| outcome.as_str()).collect();
        Some(format!(
            "{} {}, and it runs where that has {}",
            before.name,
            outcome.as_str(),
            words.join(" or ")
        ))
    });
    Some((at, refused.map_or(Ok(()), Err)))
}

/// What templates of a run see under a name, but for its steps.
fn named(live: &Live, name: &str) -> Option<Value> {
    let (record, flow) = (&live.record, &live.plan.flow);
    match name {
        // A firing's JSON is always read back.
        "trigger" => serde_json::from_str(&record.firing.to_json()).ok(),
        "flow" => {
            let mut of_flow = json!({"id": flow.id()});
            if let Some(name) = flow.name() {
                of_flow["name"] = Value::String(name.to_owned());
            }
            Some(of_flow)
        }
        "run" => {
            let mut run = json!({"id": record.id.as_str(), "number": record.number});
            if let Some(started) = record.started {
                run["startedAt"] = Value::String(format_instant(started));
            }
            if let Some(before) = &record.resubmit_of {
                run["resubmitOf"] = Value::String(before.to_string());
            }
            Some(run)
        }
        _ => None,
    }
}

/// What templates see of a step that has ended.
fn known(live: &Live, at: usize) -> Option<Value> {
    let (record, outcome) = (&live.record.steps[at], live.record.steps[at].outcome()?);
    let mut known = json!({"outcome": outcome.as_str()});
    if let Some(output) = &live.steps[at].output {
        known["output"] = output.clone();
    }
    if let Some(reason) = record.reason.as_ref().filter(|_| outcome.is_failure()) {
        known["error"] = Value::String(reason.clone());
    }
    Some(known)
}

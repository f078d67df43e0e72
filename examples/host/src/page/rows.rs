//! The rows of the page's tables, as texts.

use tripline::engine::{Explanation, SeriesState};
use tripline::event::Series;
use tripline::firing::Firing;
use tripline::flow::{Flow, RunRecord, StepRecord};
use tripline::pipeline::Pipeline;

use super::words;

/// Rows, and how many there are that are not shown.
#[derive(Debug)]
pub struct Rows<T> {
    pub shown: Vec<T>,
    pub more: usize,
}

#[derive(Debug)]
pub struct TriggerRow {
    pub id: String,
    pub what: String,
    pub state: &'static str,
    pub fired: String,
    pub last_fired: String,
    pub delivered: String,
    pub failed: String,
}

#[derive(Debug)]
pub struct SeriesRow {
    pub series: String,
    pub source: String,
    pub trigger: String,
    pub side: &'static str,
    pub phase: &'static str,
    pub value: String,
    pub reported_at: String,
    pub reason: String,
}

#[derive(Debug)]
pub struct FiringRow {
    pub time: String,
    pub trigger: String,
    pub transition: &'static str,
    pub of: String,
    pub what: String,
    /// What it has led to, as the pipeline says it.
    pub why: Option<String>,
}

#[derive(Debug)]
pub struct DeliveryRow {
    pub id: String,
    pub flow: String,
    pub action: String,
    pub state: &'static str,
    pub attempts: String,
    pub ended_at: String,
    pub words: String,
}

#[derive(Debug)]
pub struct RunRow {
    pub id: String,
    pub flow: String,
    pub status: &'static str,
    pub queued_at: String,
    pub ended_at: String,
    pub steps: String,
}

#[derive(Debug)]
pub struct UnfiredRow {
    pub time: String,
    pub event: String,
    pub trigger: String,
    pub reason: String,
}

impl<T> Rows<T> {
    pub fn of<F>(all: &[F], most: usize, row: impl Fn(&F) -> T) -> Self {
        Self { shown: all.iter().take(most).map(row).collect(), more: all.len().saturating_sub(most) }
    }
}

impl TriggerRow {
    pub fn of(flow: &Flow, pipeline: &Pipeline) -> Self {
        let activity = pipeline.activity(flow.id());
        let count = |of: Option<u64>| words::count(of.unwrap_or_default());
        let failed = count(activity.map(|activity| activity.failed()));
        Self {
            id: flow.id().to_owned(),
            what: words::trigger(flow.trigger()),
            state: if flow.trigger().enabled() { "watching" } else { "disabled" },
            fired: count(activity.map(|activity| activity.fired())),
            last_fired: words::time_or_dash(activity.and_then(|activity| activity.last_fired_at())),
            delivered: count(activity.map(|activity| activity.delivered())),
            failed,
        }
    }
}

impl SeriesRow {
    pub fn of(series: &Series, flow: &Flow, state: &SeriesState) -> Self {
        Self {
            series: words::series(series),
            source: series.source().to_owned(),
            trigger: flow.id().to_owned(),
            side: state.side().as_str(),
            phase: state.phase().as_str(),
            value: state.value().map_or("–".to_owned(), words::number),
            reported_at: words::time_or_dash(state.reported_at()),
            reason: state.reason().to_owned(),
        }
    }
}

impl FiringRow {
    pub fn of(firing: &Firing, pipeline: &Pipeline) -> Self {
        Self {
            time: words::time(firing.time()),
            trigger: firing.trigger().to_owned(),
            transition: firing.transition().as_str(),
            of: firing.series().map_or_else(|| firing.trigger_type().to_owned(), words::series),
            what: words::firing(firing),
            why: pipeline.why(firing.id().as_str()),
        }
    }
}

impl DeliveryRow {
    pub fn of(run: &RunRecord, step: &StepRecord, pipeline: &Pipeline) -> Self {
        let id = run.delivery_id(step.name());
        let dispatcher = pipeline.dispatcher();
        let (state, words) = match step.outcome() {
            None => ("waiting", dispatcher.explain(&id).unwrap_or_else(|| "waits for its turn".to_owned())),
            Some(_) if dispatcher.dead_letter(&id).is_some() => {
                ("dead letter", dispatcher.explain(&id).unwrap_or_default())
            }
            Some(outcome) if outcome.as_str() == "succeeded" => ("delivered", String::new()),
            Some(outcome) => (outcome.as_str(), step.reason().unwrap_or_default().to_owned()),
        };
        Self {
            id,
            flow: run.flow().to_owned(),
            action: step.action().to_owned(),
            state,
            // They are counted when it is over.
            attempts: step.outcome().map_or("–".to_owned(), |_| words::count(step.attempts().into())),
            ended_at: words::time_or_dash(step.ended_at()),
            words,
        }
    }
}

impl RunRow {
    pub fn of(run: &RunRecord) -> Self {
        let steps = run.steps().iter().map(|step| {
            let outcome = step
                .outcome()
                .map_or(if step.is_running() { "running" } else { "waiting" }, |end| end.as_str());
            format!("{}: {outcome}", step.name())
        });
        Self {
            id: run.id().as_str().to_owned(),
            flow: run.flow().to_owned(),
            status: run.status().as_str(),
            queued_at: words::time(run.queued_at()),
            ended_at: words::time_or_dash(run.ended_at()),
            steps: steps.collect::<Vec<_>>().join(", "),
        }
    }
}

impl UnfiredRow {
    pub fn of(explanation: &Explanation) -> Self {
        let or_dash = |text: Option<&str>| text.unwrap_or("–").to_owned();
        Self {
            time: words::time(explanation.time()),
            event: or_dash(explanation.event()),
            trigger: or_dash(explanation.trigger()),
            reason: explanation.reason().to_owned(),
        }
    }
}

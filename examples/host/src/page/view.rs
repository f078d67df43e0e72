//! What the page shows, read from the service in one go; texts only, so that nothing is held while the page is written.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tripline::connector::ConnectorService;
use tripline::engine::{Explanation, SeriesState};
use tripline::event::Series;
use tripline::firing::Firing;
use tripline::flow::{Flow, RunRecord, StepRecord};
use tripline::pipeline::Pipeline;

use super::plots::{self, Figure};
use super::words;
use crate::metrics::help;
use crate::watch::Watch;

/// Most triggers, and most series of all of them.
const TRIGGERS: usize = 100;
const SERIES: usize = 100;
/// Most firings, deliveries, runs, and words on what did not fire.
const ROWS: usize = 30;

/// Rows, and how many there are that are not shown.
#[derive(Debug)]
pub struct Rows<T> {
    pub shown: Vec<T>,
    pub more: usize,
}

#[derive(Debug)]
pub struct View {
    pub now: String,
    pub totals: Vec<Total>,
    pub triggers: Rows<TriggerRow>,
    pub series: Rows<SeriesRow>,
    pub plots: Rows<Figure>,
    pub firings: Rows<FiringRow>,
    pub deliveries: Rows<DeliveryRow>,
    pub runs: Rows<RunRow>,
    pub unfired: Rows<UnfiredRow>,
    pub is_explained: bool,
    pub passed_over: Vec<Total>,
}

#[derive(Debug)]
pub struct Total {
    pub count: String,
    pub label: &'static str,
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

impl View {
    /// As things stand.
    pub fn of(service: &mut ConnectorService, watch: &Watch, is_explained: bool, now: DateTime<Utc>) -> Self {
        let totals = totals(service);
        let flows = flows(service.pipeline());
        let watched = watched(service.pipeline_mut(), &flows);
        let (pipeline, defined) = (service.pipeline(), service.pipeline().flows().flows().count());
        let runs: Vec<&RunRecord> = pipeline.flows().runs().collect();
        let deliveries = runs.iter().rev().flat_map(|run| run.steps().iter().map(move |step| (run, step)));
        let mut deliveries: Vec<_> = deliveries.filter(|(_, step)| step.started_at().is_some()).collect();
        // What somebody may want to do something about comes first.
        deliveries.sort_by_key(|(run, step)| match step.outcome() {
            None => 0,
            Some(_) if pipeline.dispatcher().dead_letter(&run.delivery_id(step.name())).is_some() => 1,
            Some(_) => 2,
        });
        let series =
            watched.iter().flat_map(|(series, watched)| watched.iter().map(move |one| (series, one)));
        let series: Vec<_> = series.collect();
        let firings: Vec<(u64, &Firing)> = pipeline.firings_from(0).rev().take(ROWS).collect();
        let forgotten = usize::try_from(pipeline.counts().firings()).unwrap_or(usize::MAX) - firings.len();
        Self {
            now: words::time(now),
            totals,
            triggers: Rows {
                shown: flows.iter().map(|flow| TriggerRow::of(flow, pipeline)).collect(),
                more: defined - flows.len(),
            },
            series: Rows::of(&series, SERIES, |(series, (flow, state))| SeriesRow::of(series, flow, state)),
            plots: plots::of(&watched, pipeline, watch),
            firings: Rows {
                shown: firings.iter().map(|(_, firing)| FiringRow::of(firing, pipeline)).collect(),
                more: forgotten,
            },
            deliveries: Rows::of(&deliveries, ROWS, |(run, step)| DeliveryRow::of(run, step, pipeline)),
            runs: Rows::of(&runs.iter().rev().collect::<Vec<_>>(), ROWS, |run| RunRow::of(run)),
            unfired: Rows::of(&watch.unfired(), ROWS, UnfiredRow::of),
            is_explained,
            passed_over: passed_over(pipeline),
        }
    }
}

/// The series that triggers watch, each with those triggers and where they stand on it.
pub type Watched = BTreeMap<Series, Vec<(Flow, SeriesState)>>;

/// Those that are shown: those that have fired last.
fn flows(pipeline: &Pipeline) -> Vec<Flow> {
    let mut flows: Vec<&Flow> = pipeline.flows().flows().collect();
    flows.sort_by_key(|flow| {
        Reverse(pipeline.activity(flow.id()).and_then(|activity| activity.last_fired_at()))
    });
    flows.into_iter().take(TRIGGERS).cloned().collect()
}

fn watched(pipeline: &mut Pipeline, flows: &[Flow]) -> Watched {
    let mut watched = Watched::new();
    for flow in flows {
        for (series, state) in pipeline.states_of(flow.id(), SERIES) {
            watched.entry(series).or_default().push((flow.clone(), state));
        }
    }
    watched
}

fn totals(service: &ConnectorService) -> Vec<Total> {
    let pipeline = service.pipeline();
    let (counts, dispatcher) = (pipeline.counts(), pipeline.dispatcher());
    let of = |count: usize| count as u64;
    [
        (of(pipeline.flows().flows().count()), "triggers"),
        (of(service.subscriptions()), "subscriptions"),
        (counts.events(), "events"),
        (counts.firings(), "firings"),
        (dispatcher.counts().delivered(), "delivered"),
        (of(dispatcher.pending()), "waiting"),
        (of(dispatcher.dead_letters().len()), "dead letters"),
        (pipeline.last().get(), "journal batches"),
    ]
    .map(|(count, label)| Total { count: words::count(count), label })
    .into()
}

/// How many events and firings led to nothing, by the reason.
fn passed_over(pipeline: &Pipeline) -> Vec<Total> {
    const REASONS: [&str; 11] = [
        "duplicates",
        "late",
        "ignored",
        "invalid",
        "skewed",
        "over_limit",
        "not_watched",
        "without_job",
        "suppressed",
        "limited",
        "disabled",
    ];
    let counts = pipeline.engine().counts().iter();
    let counts = counts.filter(|(name, count)| *count > 0 && REASONS.contains(name));
    counts.map(|(name, count)| Total { count: words::count(count), label: help::engine(name) }).collect()
}

impl<T> Rows<T> {
    pub fn of<F>(all: &[F], most: usize, row: impl Fn(&F) -> T) -> Self {
        Self { shown: all.iter().take(most).map(row).collect(), more: all.len().saturating_sub(most) }
    }
}

impl TriggerRow {
    fn of(flow: &Flow, pipeline: &Pipeline) -> Self {
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
    fn of(series: &Series, flow: &Flow, state: &SeriesState) -> Self {
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
    fn of(firing: &Firing, pipeline: &Pipeline) -> Self {
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
    fn of(run: &RunRecord, step: &StepRecord, pipeline: &Pipeline) -> Self {
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
    fn of(run: &RunRecord) -> Self {
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
    fn of(explanation: &Explanation) -> Self {
        let or_dash = |text: Option<&str>| text.unwrap_or("–").to_owned();
        Self {
            time: words::time(explanation.time()),
            event: or_dash(explanation.event()),
            trigger: or_dash(explanation.trigger()),
            reason: explanation.reason().to_owned(),
        }
    }
}

//! What the page shows, read from the service in one go; texts only, so that nothing is held while the page is written.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tripline::connector::ConnectorService;
use tripline::engine::SeriesState;
use tripline::event::Series;
use tripline::firing::Firing;
use tripline::flow::{Flow, RunRecord};
use tripline::pipeline::Pipeline;

use super::plots::{self, Figure};
use super::rows::{DeliveryRow, FiringRow, Rows, RunRow, SeriesRow, TriggerRow, UnfiredRow};
use super::words;
use crate::metrics::help;
use crate::watch::Watch;

/// Most triggers, and most series of all of them.
const TRIGGERS: usize = 100;
const SERIES: usize = 100;
/// Most firings, deliveries, runs, and words on what did not fire.
const ROWS: usize = 30;

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

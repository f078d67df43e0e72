//! The plots of the page, one for each series that a threshold watches.

use tripline::engine::SeriesState;
use tripline::event::Series;
use tripline::firing::Firing;
use tripline::flow::Flow;
use tripline::pipeline::Pipeline;
use tripline::threshold::{Condition, Threshold};

use super::rows::Rows;
use super::view::Watched;
use super::words;
use crate::plot::{Level, LevelKind, Mark, Plot};
use crate::watch::Watch;

/// Most plots: those of the series that were heard of last.
const PLOTS: usize = 24;
/// Most triggers whose levels stand in one plot.
const TRIGGERS: usize = 3;

/// A plot, and what stands around it.
#[derive(Debug)]
pub struct Figure {
    pub title: String,
    pub source: String,
    /// What is marked, and what is not, a line each.
    pub caption: Vec<String>,
    number: usize,
    plot: Plot,
}

impl Figure {
    /// It drawn; `None` where there is nothing that can be. The template asks for it, so that it is done when the service is free again.
    pub fn svg(&self) -> Option<String> {
        self.plot.svg(&format!("plot-{}", self.number)).unwrap_or_default()
    }
}

/// Of the series that are watched.
pub fn of(watched: &Watched, pipeline: &Pipeline, watch: &Watch) -> Rows<Figure> {
    let watched = watched.iter().map(|(series, watched)| {
        let thresholds = watched.iter().filter(|(flow, _)| flow.trigger().threshold().is_some());
        (series, thresholds.collect::<Vec<_>>())
    });
    let mut watched: Vec<_> = watched.filter(|(_, watched)| !watched.is_empty()).collect();
    watched.sort_by_key(|(_, watched)| {
        std::cmp::Reverse(watched.iter().filter_map(|(_, state)| state.reported_at()).max())
    });
    let numbered: Vec<_> = watched.into_iter().enumerate().collect();
    Rows::of(&numbered, PLOTS, |(number, (series, watched))| {
        figure(*number, series, watched, pipeline, watch)
    })
}

fn figure(
    number: usize,
    series: &Series,
    watched: &[&(Flow, SeriesState)],
    pipeline: &Pipeline,
    watch: &Watch,
) -> Figure {
    let points = watch.values(series);
    let since = points.first().map(|point| point.at);
    let fired =
        pipeline.firings_from(0).map(|(_, firing)| firing).filter(|firing| firing.series() == Some(series));
    let fired = fired.filter(|firing| since.is_none_or(|since| firing.time() >= since));
    let shown = watched.iter().take(TRIGGERS);
    let levels = shown.filter_map(|(flow, _)| flow.trigger().threshold()).flat_map(levels).fold(
        Vec::new(),
        |mut levels, level| {
            // Two triggers may share one.
            if !levels.contains(&level) {
                levels.push(level);
            }
            levels
        },
    );
    let plot = Plot {
        title: format!("{} of {}", words::series(series), series.source()),
        unit: if series.kind().as_str() == "segment" { "members" } else { "value" }.to_owned(),
        points,
        levels,
        firings: fired.map(mark).collect(),
    };
    let mut told: Vec<String> = watched
        .iter()
        .take(TRIGGERS)
        .map(|(flow, _)| format!("{}: {}", flow.id(), words::trigger(flow.trigger())))
        .collect();
    if watched.len() > TRIGGERS {
        told.push(format!(
            "and {} not drawn",
            words::counted(watched.len() - TRIGGERS, "more trigger", "more triggers")
        ));
    }
    Figure { title: words::series(series), source: series.source().to_owned(), caption: told, number, plot }
}

/// The values at which a threshold is passed, and armed again.
fn levels(threshold: &Threshold) -> Vec<Level> {
    let condition = threshold.condition();
    let level = |value: f64, kind: LevelKind, label: String| Level { value, kind, label };
    let bound = |value: f64| level(value, LevelKind::Bound, words::condition(&condition));
    let rearm = |value: f64| level(value, LevelKind::Rearm, format!("re-arms {}", words::number(value)));
    match condition {
        Condition::Above(value)
        | Condition::AtOrAbove(value)
        | Condition::Below(value)
        | Condition::AtOrBelow(value) => {
            std::iter::once(bound(value)).chain(threshold.rearm().map(rearm)).collect()
        }
        Condition::EntersRange(range) | Condition::LeavesRange(range) => {
            // A range is armed again so far beyond its ends, on the side that does not fire.
            let way = if matches!(condition, Condition::EntersRange(_)) { 1.0 } else { -1.0 };
            let end = |value: f64| level(value, LevelKind::Bound, format!("edge {}", words::number(value)));
            let margin = threshold.rearm().filter(|margin| *margin > 0.0).map(|margin| margin * way);
            let margins = margin.map(|margin| [rearm(range.low() - margin), rearm(range.high() + margin)]);
            [end(range.low()), end(range.high())].into_iter().chain(margins.into_iter().flatten()).collect()
        }
        // A step has no level.
        _ => Vec::new(),
    }
}

fn mark(firing: &Firing) -> Mark {
    let transition = firing.transition().as_str();
    Mark {
        at: firing.time(),
        value: firing.value(),
        transition,
        label: format!(
            "{transition} {}: {} ({})",
            words::time(firing.time()),
            words::firing(firing),
            firing.trigger()
        ),
    }
}

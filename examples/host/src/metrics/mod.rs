//! The metrics at `/metrics`, in the OpenMetrics text format that Prometheus reads: every counter that the library's machines report, how much
//! is there of what, and what the disk takes.

pub mod help;

use std::fmt;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use tripline::connector::ConnectorService;

use crate::disk::Written;
use crate::look;
use crate::server::{App, problem};

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers `GET /metrics`.
pub async fn show(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(refusal) = look::refusal(&app, &headers) {
        return refusal;
    }
    match written(&app) {
        Ok(text) => (look::HEADERS, [(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

fn written(app: &App) -> Result<String, crate::Failure> {
    let disk = app.disk.written()?;
    let samples = app.handler.with(|service| Samples::of(service, disk))?;
    let mut registry = Registry::with_prefix("tripline");
    registry.register_collector(Box::new(samples));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

/// What there is at one moment.
#[derive(Debug)]
struct Samples {
    /// By name, with what it says; they only grow.
    counters: Vec<(String, &'static str, u64)>,
    gauges: Vec<(&'static str, &'static str, u64)>,
    disk: Written,
}

impl Samples {
    fn of(service: &ConnectorService, disk: Written) -> Self {
        let pipeline = service.pipeline();
        let (flows, dispatcher) = (pipeline.flows(), pipeline.dispatcher());
        let all = [
            pipeline
                .engine()
                .counts()
                .iter()
                .map(|(name, count)| ("engine", name, help::engine(name), count))
                .collect::<Vec<_>>(),
            flows.counts().iter().map(|(name, count)| ("flows", name, help::flows(name), count)).collect(),
            dispatcher
                .counts()
                .iter()
                .map(|(name, count)| ("dispatcher", name, help::dispatcher(name), count))
                .collect(),
            pipeline
                .counts()
                .iter()
                .map(|(name, count)| ("pipeline", name, help::pipeline(name), count))
                .collect(),
            service
                .counts()
                .iter()
                .map(|(name, count)| ("connector", name, help::connector(name), count))
                .collect(),
        ];
        let counters =
            all.into_iter().flatten().map(|(of, name, help, count)| (format!("{of}_{name}"), help, count));
        let is_full = u64::from(pipeline.is_full());
        let gauges = vec![
            ("engine_series", "Series that the engine knows", pipeline.engine().series_count() as u64),
            ("flows_defined", "Flows, those of subscriptions among them", flows.flows().count() as u64),
            ("flows_live_runs", "Runs that have not ended", flows.live() as u64),
            ("dispatcher_pending", "Deliveries that are not over", dispatcher.pending() as u64),
            ("dispatcher_in_flight", "Attempts under way", dispatcher.in_flight() as u64),
            (
                "dispatcher_dead_letters",
                "Deliveries that were given up and are kept",
                dispatcher.dead_letters().len() as u64,
            ),
            (
                "dispatcher_disabled_targets",
                "Targets that are switched off",
                dispatcher.disabled_targets().count() as u64,
            ),
            ("connector_subscriptions", "Subscriptions and polled triggers", service.subscriptions() as u64),
            ("pipeline_full", "Whether events are refused for now because too much waits: 1 or 0", is_full),
            ("journal_last_batch", "The number of the last batch that was made", pipeline.last().get()),
            (
                "journal_safe_batch",
                "The number of the last batch that is known to be on the disk",
                pipeline.safe().get(),
            ),
        ];
        Self { counters: counters.collect(), gauges, disk }
    }
}

impl Collector for Samples {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut put = |name: &str, help: &str, unit: Option<&Unit>, metric: &dyn EncodeOne| {
            metric.encode_one(&mut encoder, name, help, unit)
        };
        for (name, help, count) in &self.counters {
            put(name, help, None, &ConstCounter::new(*count))?;
        }
        for (name, help, value) in &self.gauges {
            put(name, help, None, &ConstGauge::new(*value as f64))?;
        }
        let disk = &self.disk;
        put("journal_batches", "Batches written since the start", None, &ConstCounter::new(disk.batches))?;
        put(
            "journal_syncs",
            "Writes that were synced since the start",
            None,
            &ConstCounter::new(disk.syncs),
        )?;
        put(
            "journal_write",
            "Time that writes and their syncs took",
            Some(&Unit::Seconds),
            &ConstCounter::new(disk.time.as_secs_f64()),
        )?;
        put(
            "journal_checkpoints",
            "Snapshots put since the start",
            None,
            &ConstCounter::new(disk.checkpoints),
        )
    }
}

/// A metric with its name before it.
trait EncodeOne {
    fn encode_one(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
    ) -> fmt::Result;
}

impl<M: EncodeMetric> EncodeOne for M {
    fn encode_one(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
    ) -> fmt::Result {
        self.encode(encoder.encode_descriptor(name, help, unit, self.metric_type())?)
    }
}

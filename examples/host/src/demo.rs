//! The demo: subscriptions and events to look at. Ten years of real figures of employment and three nights of a made-up instance of Customer
//! Insights, both of `examples/data`, and a receiver on this machine that takes what it is sent, or is away.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::routing::post;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tripline::builtin::customer_insights::LogReader;
use tripline::connector::Handler;
use tripline::event::{Event, ValueObserved};

use crate::intake::Intake;
use crate::outside::Outside;
use crate::{Failure, feed};

/// The subscriber in whose name it is done.
pub const SUBSCRIBER: &str = "demo";
/// What is watched beside the subscriptions.
pub const TRIGGERS: &str = include_str!("../../data/contoso-triggers.json");

const FIGURES: &str = include_str!("../../data/us-employment.csv");
const NIGHTS: &[u8] = include_bytes!("../../data/contoso-nights.jsonl");
const MEASURES: &str = include_str!("../../data/contoso-measures.ndjson");
/// The columns of the figures that are told, as measures in thousands of persons.
const SECTORS: [&str; 6] =
    ["nonfarm", "construction", "manufacturing", "retail_trade", "information", "utilities"];

/// Subscribes, and hands the events in.
pub async fn begin(handler: &Arc<Handler<Outside>>, intake: &Intake, base: &str) -> Result<(), Failure> {
    let receiver = receive().await?;
    let measure = |name: &str, condition: &str, threshold: f64, rearm: f64| json!({"instance": "/bls/ces", "measure": name, "condition": condition, "threshold": threshold, "rearm": rearm});
    for (kind, mut fields, way) in [
        ("measureThresholdCrossed", measure("nonfarm", "above", 138_000.0, 136_000.0), "taken"),
        ("measureThresholdCrossed", measure("construction", "below", 6_000.0, 6_200.0), "taken"),
        ("measureThresholdCrossed", measure("manufacturing", "below", 12_000.0, 12_200.0), "away"),
        ("measureThresholdCrossed", measure("utilities", "above", 552.0, 548.0), "taken"),
        (
            "segmentThresholdCrossed",
            json!({"instance": "*", "segment": "churn-risk", "threshold": 245}),
            "refused",
        ),
        ("dataSourceRefreshFailed", json!({"instance": "*"}), "taken"),
        ("fullRefreshCompleted", json!({"instance": "*"}), "taken"),
    ] {
        fields["callbackUrl"] = format!("http://{receiver}/{way}").into();
        subscribe(handler, &format!("{base}/subscriptions/{kind}"), &fields).await?;
    }
    let mut events = employment()?;
    // Those of the nights come as the log and the measures tell them, in the order of their times.
    let mut nights = LogReader::new().read(NIGHTS)?;
    nights.extend(feed::read_lines(MEASURES)?);
    nights.sort_by_key(Event::time);
    events.extend(nights);
    feed::feed(handler, intake, &events)
}

async fn subscribe(handler: &Handler<Outside>, path: &str, fields: &Value) -> Result<(), Failure> {
    let request = http::Request::post(path).header("content-type", "application/json");
    let answer = handler.handle(SUBSCRIBER, request.body(fields.to_string().into_bytes())?).await;
    match answer.status() {
        StatusCode::CREATED => Ok(()),
        _ => Err(String::from_utf8_lossy(answer.body()).into_owned().into()),
    }
}

/// A receiver on this machine, which ends with the program.
async fn receive() -> Result<SocketAddr, Failure> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let app = axum::Router::new()
        .route("/taken", post(|| async { StatusCode::NO_CONTENT }))
        .route("/away", post(|| async { StatusCode::SERVICE_UNAVAILABLE }))
        .route("/refused", post(|| async { StatusCode::FORBIDDEN }));
    tokio::spawn(async { axum::serve(listener, app).await });
    Ok(address)
}

/// The figures, a measure for each sector.
fn employment() -> Result<Vec<Event<'static>>, Failure> {
    let mut lines = FIGURES.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().ok_or("there are no figures")?;
    let mut events = Vec::new();
    for line in lines {
        let month = line.first().ok_or("a line of the figures is empty")?;
        let time: DateTime<Utc> = format!("{month}T00:00:00Z").parse()?;
        for (sector, value) in header.iter().zip(&line).filter(|(sector, _)| SECTORS.contains(sector)) {
            let observed = ValueObserved::new("measure", *sector, value.parse::<f64>()?);
            events.push(observed.into_event(format!("{month}/{sector}"), "/bls/ces")?.with_time(time));
        }
    }
    Ok(events)
}

//! Events in over HTTP, and what can be asked.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tripline::ErrorKind;
use tripline::event::Event;
use tripline::event::http::Message;
use tripline::pipeline::{Pipeline, Receipt};

use crate::host::{Host, Refusal};

/// Most bytes of a request.
const MAX_BODY: usize = 16 << 20;

pub fn router(host: Host) -> Router {
    Router::new()
        .route("/events", post(take))
        .route("/status", get(status))
        .route("/why/{firing}", get(why))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(host)
}

/// Events in any mode of the HTTP binding. 202 says that they are on the disk; after any other answer, or none, send them again.
async fn take(State(host): State<Host>, headers: HeaderMap, body: Bytes) -> Response {
    let events: Vec<Event<'static>> = match Message::read(&headers, &body) {
        Ok(message) => message.into_events().into_iter().map(Event::into_owned).collect(),
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error),
    };
    match host.take(events).await {
        Ok(receipt) => (StatusCode::ACCEPTED, Json(told(&receipt))).into_response(),
        Err(Refusal::Busy) => later(StatusCode::SERVICE_UNAVAILABLE, "as many requests wait as may"),
        Err(Refusal::Stopping) => later(StatusCode::SERVICE_UNAVAILABLE, "the service stops"),
        Err(Refusal::Pipeline(error)) => match error.kind() {
            ErrorKind::Full => later(StatusCode::TOO_MANY_REQUESTS, &error.to_string()),
            ErrorKind::Limit => refused(StatusCode::PAYLOAD_TOO_LARGE, &error),
            _ => refused(StatusCode::BAD_REQUEST, &error),
        },
    }
}

fn told(receipt: &Receipt) -> Value {
    let refused = receipt.refused().iter();
    let refused: Vec<Value> =
        refused.map(|(place, error)| json!({"place": place, "error": error.to_string()})).collect();
    let firings: Vec<String> = receipt.firings().iter().map(|firing| firing.id().to_string()).collect();
    json!({
        "taken": receipt.taken(), "duplicates": receipt.duplicates(), "late": receipt.late(),
        "ignored": receipt.ignored(), "refused": refused, "firings": firings,
    })
}

fn refused(status: StatusCode, error: &tripline::Error) -> Response {
    (status, Json(json!({"error": error.to_string()}))).into_response()
}

fn later(status: StatusCode, why: &str) -> Response {
    (status, [(header::RETRY_AFTER, "1")], Json(json!({"error": why}))).into_response()
}

async fn status(State(host): State<Host>) -> Response {
    let of = |pipeline: &Pipeline| {
        let dispatcher = pipeline.dispatcher();
        let counts: serde_json::Map<String, Value> =
            pipeline.counts().iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
        json!({
            "counts": counts, "lsn": pipeline.last().get(), "full": pipeline.is_full(),
            "delivered": dispatcher.counts().delivered(), "pending": dispatcher.pending(),
            "dead": dispatcher.dead_letters().len(),
        })
    };
    answered(host.ask(of).await.map(|status| Json(status).into_response()))
}

/// What a firing has led to, in words.
async fn why(State(host): State<Host>, Path(firing): Path<String>) -> Response {
    let why = host.ask(move |pipeline| pipeline.why(&firing)).await;
    answered(why.map(|why| match why {
        Some(text) => format!("{text}\n").into_response(),
        None => (StatusCode::NOT_FOUND, "nothing is known of it\n").into_response(),
    }))
}

fn answered(answer: Option<Response>) -> Response {
    answer.unwrap_or_else(|| later(StatusCode::SERVICE_UNAVAILABLE, "the service stops"))
}

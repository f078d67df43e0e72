//! Events in over HTTP, in any mode of the HTTP binding of CloudEvents.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};
use tripline::ErrorKind;
use tripline::event::Event;
use tripline::event::http::Message;
use tripline::pipeline::Receipt;

use crate::host::Refusal;
use crate::server::{App, problem, read};

/// Most bytes of a request.
const MAX_BODY: usize = 16 << 20;

/// 202 says that they are on the disk; after any other answer, or none, send them again: none is taken twice.
pub async fn take(State(app): State<App>, request: Request) -> Response {
    if app.keys.host(request.headers()).is_none() {
        return problem(StatusCode::UNAUTHORIZED, "the header X-Api-Key has no key of the host's");
    }
    let (parts, body) = request.into_parts();
    let body = match read(body, MAX_BODY).await {
        Ok(body) => body,
        Err((status, detail)) => return problem(status, &detail),
    };
    let events: Vec<Event<'static>> = match Message::read(&parts.headers, &body) {
        Ok(message) => message.into_events().into_iter().map(Event::into_owned).collect(),
        Err(error) => return problem(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    match app.host.take(events).await {
        Ok(receipt) => (StatusCode::ACCEPTED, Json(told(&receipt))).into_response(),
        Err(Refusal::Busy) => later(StatusCode::SERVICE_UNAVAILABLE, "as many requests wait as may"),
        Err(Refusal::Stopping) => later(StatusCode::SERVICE_UNAVAILABLE, "the host stops"),
        Err(Refusal::Pipeline(error)) => match error.kind() {
            ErrorKind::Full => later(StatusCode::TOO_MANY_REQUESTS, &error.to_string()),
            ErrorKind::Limit => problem(StatusCode::PAYLOAD_TOO_LARGE, &error.to_string()),
            _ => problem(StatusCode::BAD_REQUEST, &error.to_string()),
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

fn later(status: StatusCode, why: &str) -> Response {
    ([(header::RETRY_AFTER, "1")], problem(status, why)).into_response()
}

//! The connector's paths: who asks, the body, and then the handler.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::server::{App, problem};

/// Most bytes that are read of a body. The connector has a smaller bound of its own, and says which; what is far over that is not read.
const MAX_BODY: usize = 4 << 20;

/// How long a body may take to come in.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers what is asked below the base URL's path.
pub async fn answer(State(app): State<App>, request: Request) -> Response {
    let Some(subscriber) = app.keys.subscriber(request.headers()) else {
        return problem(StatusCode::UNAUTHORIZED, "the header X-Api-Key has no key of a subscriber's");
    };
    let (parts, body) = request.into_parts();
    let body = match tokio::time::timeout(PATIENCE, to_bytes(body, MAX_BODY)).await {
        Ok(Ok(body)) => body.to_vec(),
        Ok(Err(_)) => {
            let detail = format!("the body breaks off, or has more than {MAX_BODY} bytes");
            return problem(StatusCode::PAYLOAD_TOO_LARGE, &detail);
        }
        Err(_) => return problem(StatusCode::REQUEST_TIMEOUT, "the body took too long to come in"),
    };
    app.handler.handle(subscriber, Request::from_parts(parts, body)).await.map(Body::from).into_response()
}

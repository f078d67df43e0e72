//! The paths, and what all of them share.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use http_body_util::BodyExt as _;
use serde_json::json;
use tripline::connector::Handler;

use crate::disk::Disk;
use crate::host::Host;
use crate::keys::Keys;
use crate::outside::Outside;
use crate::watch::Watch;
use crate::{connector, events, metrics, page};

/// How long a body may take to come in.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many bytes of a body that is refused are still read.
const GRACE: usize = 32 << 20;

/// What the paths work on. A clone is the same one.
#[derive(Debug, Clone)]
pub struct App {
    pub handler: Arc<Handler<Outside>>,
    pub host: Host,
    pub keys: Arc<Keys>,
    pub watch: Watch,
    pub disk: Disk,
    /// Whether everyone on this machine may look at the page and the metrics.
    pub is_open: bool,
    /// Whether it is remembered why events made nothing fire.
    pub is_explained: bool,
    /// The path of the base URL, without a slash at its end.
    pub base: Arc<str>,
}

/// Leads each path to what answers it.
pub fn router(app: App) -> Router {
    let below = format!("{}/{{*path}}", app.base);
    Router::new()
        .route("/", get(page::show))
        .route("/style.css", get(page::style))
        .route("/metrics", get(metrics::show))
        .route("/events", post(events::take))
        .route(&below, any(connector::answer))
        .fallback(|| async { problem(StatusCode::NOT_FOUND, "there is nothing at this path") })
        .method_not_allowed_fallback(|| async {
            problem(StatusCode::METHOD_NOT_ALLOWED, "this path takes the methods that the header Allow names")
        })
        .with_state(app)
}

/// Reads a body, once it is known who sends it; where it cannot be read, what to answer.
///
/// A body that is too long is read to its end, and let go, before it is refused: a client that is
/// cut off while it writes may never read why. One that is longer than [`GRACE`] is cut off.
pub async fn read(body: Body, most: usize) -> Result<Vec<u8>, (StatusCode, String)> {
    tokio::time::timeout(PATIENCE, whole(body, most)).await.unwrap_or_else(|_| {
        Err((StatusCode::REQUEST_TIMEOUT, "the body took too long to come in".to_owned()))
    })
}

async fn whole(mut body: Body, most: usize) -> Result<Vec<u8>, (StatusCode, String)> {
    let (mut bytes, mut seen) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| (StatusCode::BAD_REQUEST, "the body breaks off".to_owned()))?;
        let Some(data) = frame.data_ref() else { continue };
        seen += data.len();
        if seen <= most {
            bytes.extend_from_slice(data);
        } else if seen > GRACE {
            break;
        } else {
            bytes = Vec::new();
        }
    }
    if seen > most {
        let detail = format!("the body has more than {most} bytes");
        return Err((StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    Ok(bytes)
}

/// A refusal in the form that the connector has: problem details (RFC 9457).
pub fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let body = json!({"title": title, "status": status.as_u16(), "detail": detail});
    let headers = [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}

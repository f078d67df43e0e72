//! The page at `/`: what is watched, what has happened, and why something has not. Made here whole, without a script; what comes from outside
//! is escaped by the template.

mod plots;
mod rows;
mod view;
pub mod words;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use chrono::Utc;

use crate::look;
use crate::server::{App, problem};

use view::View;

/// It may load its style and nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    view: View,
}

/// Answers `GET /`.
pub async fn show(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(refusal) = look::refusal(&app, &headers) {
        return refusal;
    }
    // It takes a moment, and waits for the lock of the service.
    let written = tokio::task::spawn_blocking(move || {
        let view = app.handler.with(|service| View::of(service, &app.watch, app.is_explained, Utc::now()))?;
        Ok::<_, crate::Failure>(Page { view }.render()?)
    });
    match written.await.map_err(crate::Failure::from).flatten() {
        Ok(html) => ([(header::CONTENT_SECURITY_POLICY, POLICY)], look::HEADERS, Html(html)).into_response(),
        Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// Answers `GET /style.css`; there is nothing in it to be hidden.
pub async fn style() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (headers, include_str!("../../templates/style.css")).into_response()
}

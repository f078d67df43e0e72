//! The connector's paths: who asks, the body, and then the handler.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::server::{App, problem, read};

/// Most bytes that are read of a body. The connector has a smaller bound of its own, and says which; what is far over that is not read.
const MAX_BODY: usize = 4 << 20;

/// Answers what is asked below the base URL's path.
pub async fn answer(State(app): State<App>, request: Request) -> Response {
    let Some(subscriber) = app.keys.subscriber(request.headers()) else {
        return problem(StatusCode::UNAUTHORIZED, "the header X-Api-Key has no key of a subscriber's");
    };
    let (parts, body) = request.into_parts();
    match read(body, MAX_BODY).await {
        Ok(body) => {
            let request = Request::from_parts(parts, body);
            app.handler.handle(subscriber, request).await.map(Body::from).into_response()
        }
        Err((status, detail)) => problem(status, &detail),
    }
}

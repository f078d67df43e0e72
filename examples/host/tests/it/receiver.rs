//! Who is notified: a server that remembers what it was told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use chrono::Utc;
use serde_json::Value;
use tripline::webhook::{SigningSecret, Verifier};

/// What came, the oldest first.
type Told = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// Answers `/STATUS` with that status, `/slow` with 204 after half a second, and `/asleep` not at all the first time.
pub struct Receiver {
    pub address: SocketAddr,
    told: Told,
}

impl Receiver {
    pub async fn start() -> Self {
        let told = Told::default();
        let app = Router::new().route("/{how}", post(take)).with_state(Arc::clone(&told));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async { axum::serve(listener, app).await });
        Self { address, told }
    }

    pub fn url(&self, how: &str) -> String {
        format!("http://{}/{how}", self.address)
    }

    /// What was told under this secret, each id once; all that came must be signed with it.
    pub fn notifications(&self, secret: &str) -> Vec<Value> {
        let verifier = Verifier::new([SigningSecret::parse(secret).unwrap()]).unwrap();
        let mut ids = Vec::new();
        let mut told = Vec::new();
        for (headers, body) in self.told.lock().unwrap().iter() {
            let verified = verifier.verify(Utc::now(), headers, body).unwrap();
            if !ids.iter().any(|id| id == verified.id()) {
                ids.push(verified.id().to_owned());
                told.push(serde_json::from_slice(body).unwrap());
            }
        }
        told
    }
}

async fn take(
    State(told): State<Told>,
    Path(how): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    if how == "slow" {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let is_first = {
        let mut told = told.lock().unwrap();
        told.push((headers, body));
        told.len() == 1
    };
    if how == "asleep" && is_first {
        std::future::pending::<()>().await;
    }
    how.parse().unwrap_or(StatusCode::NO_CONTENT)
}

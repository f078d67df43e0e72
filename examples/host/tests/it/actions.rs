//! Actions of Customer Insights, run against a server that stands in for it.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use reqwest::Method;
use serde_json::json;

use crate::asking::ask;
use crate::child::{ANA, BO, Host, command, folder};

async fn entities(Path(instance): Path<String>, headers: HeaderMap) -> Response {
    let has = |name: &str, value: &str| headers.get(name).is_some_and(|header| header == value);
    if !has("authorization", "Bearer t-ana") || !has("ocp-apim-subscription-key", "s-ana") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match instance.as_str() {
        "contoso" => axum::Json(json!([{"name": "Customer"}])).into_response(),
        "busy" => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")]).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_run_with_the_login_of_whoever_asks() {
    let folder = folder("actions");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let insights = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().route("/instances/{instance}/manage/entities", get(entities));
    tokio::spawn(async { axum::serve(listener, app).await });
    let mut command = command(&folder);
    command
        .args(["--customer-insights", &insights])
        .env("ANA_TOKEN", "t-ana")
        .env("ANA_SUBSCRIPTION_KEY", "s-ana");
    let host = Host::start(&mut command);
    let run = async |key: &str, instance: &str| {
        ask(&host, Method::POST, "/v1/actions/getEntities", key, Some(&json!({"instance": instance}))).await
    };
    let (status, answer) = run(ANA, "contoso").await;
    assert_eq!((status, &answer["entities"][0]["name"]), (200, &"Customer".into()), "{answer}");
    let (status, answer) = run(ANA, "busy").await;
    assert_eq!(status, 429, "{answer}");
    assert_eq!(run(ANA, "no-such").await.0, 422);
    let (status, answer) = run(BO, "contoso").await;
    assert_eq!(status, 422, "bo has no login: {answer}");
    let (status, answer) = ask(&host, Method::POST, "/v1/actions/getEntities", ANA, Some(&json!({}))).await;
    assert_eq!((status, &answer["errors"][0]["field"]), (400, &"instance".into()), "{answer}");
    assert_eq!(ask(&host, Method::POST, "/v1/actions/noSuch", ANA, Some(&json!({}))).await.0, 404);
    std::fs::remove_dir_all(folder).unwrap();
}

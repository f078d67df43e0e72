//! What tests ask a host, over HTTP.

use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::child::{ANA, Host, OPS, PATIENCE};

/// A request to a host, with a key; the status and, where there is one, the body as JSON.
pub async fn ask(host: &Host, method: Method, path: &str, key: &str, body: Option<&Value>) -> (u16, Value) {
    told(send(host, method, path, key, body).await).await
}

pub async fn send(host: &Host, method: Method, path: &str, key: &str, body: Option<&Value>) -> Response {
    let url = format!("http://{}{path}", host.address);
    let request = reqwest::Client::new().request(method, url).header("x-api-key", key);
    let request = body.into_iter().fold(request, |request, body| request.json(body));
    request.send().await.unwrap()
}

pub async fn told(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Ana's subscription to the segment `vip` above 1,000; its id and the secret that notifications are signed with.
pub async fn subscribe(host: &Host, callback: &str) -> (String, String) {
    let body = json!({"instance": "/instances/contoso", "segment": "vip", "threshold": 1000, "callbackUrl": callback});
    let path = "/v1/subscriptions/segmentThresholdCrossed";
    let response = send(host, Method::POST, path, ANA, Some(&body)).await;
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let (status, body) = told(response).await;
    assert_eq!(status, 201, "{body}");
    let id = location.rsplit('/').next().unwrap().to_owned();
    (id, body["signingSecret"].as_str().unwrap().to_owned())
}

pub async fn status_of(host: &Host, id: &str) -> (u16, Value) {
    ask(host, Method::GET, &format!("/v1/subscriptions/{id}"), ANA, None).await
}

/// Members of the segment `vip`, a minute after those of the number before.
pub async fn observe(host: &Host, number: u32, members: u32) -> (u16, Value) {
    let event = observed(number, "vip", members);
    let url = format!("http://{}/events", host.address);
    let request = reqwest::Client::new().post(url).header("x-api-key", OPS);
    let request = request.header("content-type", "application/cloudevents+json").body(event.to_string());
    told(request.send().await.unwrap()).await
}

pub fn observed(number: u32, segment: &str, members: u32) -> Value {
    let time = format!("2026-03-01T{:02}:{:02}:00Z", number / 60, number % 60);
    json!({
        "specversion": "1.0", "id": format!("e-{number}"), "source": "/instances/contoso", "time": time,
        "type": "tripline.value.observed", "data": {"kind": "segment", "name": segment, "value": members},
    })
}

/// Asks until an answer is as it must become.
pub async fn until<T: std::fmt::Debug>(mut ask: impl AsyncFnMut() -> T, is_it: impl Fn(&T) -> bool) -> T {
    let begun = Instant::now();
    loop {
        let answer = ask().await;
        if is_it(&answer) {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "it has not come to it: {answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

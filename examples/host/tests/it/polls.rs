//! Polled triggers, choices and the connection's test.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::asking::{ask, observe, send, told};
use crate::child::{ANA, BO, Host, command, folder};

const POLL: &str = "/v1/poll/segmentThresholdCrossed?instance=/instances/contoso&segment=vip&threshold=1000";

/// Where the next poll goes to, from the base on.
fn next(host: &Host, response: &Response) -> String {
    let location = response.headers()["location"].to_str().unwrap();
    location.strip_prefix(&format!("http://{}", host.address)).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poller_is_told_each_firing_once_and_over_a_kill() {
    let folder = folder("poll");
    let mut command = command(&folder);
    let host = Host::start(command.args(["--base-url", "http://flows.contoso.example/v1"]));
    let first = send(&host, Method::GET, POLL, ANA, None).await;
    assert_eq!((first.status().as_u16(), &first.headers()["retry-after"]), (202, &"60".parse().unwrap()));
    let location = first.headers()["location"].to_str().unwrap().to_owned();
    let state = location.strip_prefix("http://flows.contoso.example").unwrap();
    observe(&host, 0, 998).await;
    let (_, taken) = observe(&host, 1, 1_004).await;
    host.kill();

    let host = Host::start(&mut command);
    let new = send(&host, Method::GET, state, ANA, None).await;
    let location = new.headers()["location"].to_str().unwrap().to_owned();
    let (status, firings) = told(new).await;
    assert_eq!(
        (status, firings.as_array().unwrap().len(), &firings[0]["id"]),
        (200, 1, &taken["firings"][0])
    );
    let after = location.strip_prefix("http://flows.contoso.example").unwrap();
    assert_eq!(ask(&host, Method::GET, after, ANA, None).await.0, 202);

    assert_eq!(ask(&host, Method::GET, after, BO, None).await.0, 400, "it is another's state");
    let forged = format!("{POLL}&triggerState=AAAA.1.BBBB");
    assert_eq!(ask(&host, Method::GET, &forged, ANA, None).await.0, 400);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_are_what_events_have_named_and_outlive_a_kill() {
    let folder = folder("choices");
    let mut command = command(&folder);
    let host = Host::start(&mut command);
    observe(&host, 0, 998).await;
    host.kill();
    let host = Host::start(&mut command);
    let vip = json!({"value": [{"id": "vip", "name": "vip"}]});
    let segments = "/v1/segments?instance=/instances/contoso";
    assert_eq!(ask(&host, Method::GET, segments, ANA, None).await, (200, vip));
    let other = "/v1/segments?instance=/instances/fabrikam";
    assert_eq!(ask(&host, Method::GET, other, ANA, None).await, (200, json!({"value": []})));
    let (status, connection) = ask(&host, Method::GET, "/v1/connection", ANA, None).await;
    assert_eq!((status, &connection["status"]), (200, &Value::from("ok")));
    let polled = send(&host, Method::GET, POLL, ANA, None).await;
    assert!(next(&host, &polled).starts_with("/v1/poll/segmentThresholdCrossed?"));
    std::fs::remove_dir_all(folder).unwrap();
}

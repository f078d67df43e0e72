//! The page and the metrics hold what has happened, whatever it is called.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use reqwest::Method;
use serde_json::json;

use crate::asking::{ask, observe, observed, send, status_of, subscribe, until};
use crate::child::{ANA, Host, OPS, command, folder};
use crate::receiver::Receiver;

async fn text(host: &Host, path: &str) -> String {
    let response = send(host, Method::GET, path, OPS, None).await;
    assert_eq!(response.status(), 200);
    response.text().await.unwrap()
}

/// The samples without labels, by name.
fn samples(metrics: &str) -> BTreeMap<&str, f64> {
    let lines = metrics.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.split_once(' ').map(|(name, value)| (name, value.parse().unwrap())).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn page_and_metrics_hold_what_happened_and_do_so_after_a_kill() {
    let folder = folder("page");
    let receiver = Receiver::start().await;
    let mut command = command(&folder);
    let host = Host::start(command.arg("--explain"));
    let page = text(&host, "/").await;
    assert!(page.contains("nobody has subscribed yet") && !page.contains("<svg"), "{page}");
    let (id, _) = subscribe(&host, &receiver.url("200")).await;
    let (lost, _) = subscribe(&host, &receiver.url("403")).await;
    for (number, members) in [998, 1_004, 1_010, 940, 990, 1_020].into_iter().enumerate() {
        observe(&host, number as u32, members).await;
    }
    until(async || status_of(&host, &id).await.1, |status| status["delivered"] == 2).await;
    until(async || status_of(&host, &lost).await.1, |status| status["failed"] == 2).await;

    let page = text(&host, "/").await;
    for part in [
        &*id,
        "segment vip above 1,000",
        "998 → 1,004; above 1,000",
        "990 → 1,020; above 1,000",
        r#"<span class="word delivered">delivered</span>"#,
        r#"<span class="word dead letter">dead letter</span>"#,
        r#"<span class="word failed">failed</span>"#,
        r#"<span class="word inside">inside</span>"#,
        r#"<g class="bound">"#,
        "6 values; the first 998 at 2026-03-01T00:00:00Z, the last 1,020 at 2026-03-01T00:05:00Z",
        "the first value", // why nothing fired
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(page.matches(r#"<g class="firing">"#).count(), 4);

    let metrics = text(&host, "/metrics").await;
    let samples = samples(&metrics);
    for (name, value) in [
        ("tripline_engine_events_total", 6.0),
        ("tripline_pipeline_firings_total", 4.0),
        ("tripline_flows_succeeded_total", 2.0),
        ("tripline_dispatcher_delivered_total", 2.0),
        ("tripline_dispatcher_dead_letters", 2.0),
        ("tripline_connector_subscribed_total", 2.0),
        ("tripline_connector_subscriptions", 2.0),
        ("tripline_pipeline_full", 0.0),
    ] {
        assert_eq!(samples.get(name), Some(&value), "{name}: {metrics}");
    }
    assert!(samples["tripline_journal_write_seconds_total"] > 0.0 && metrics.ends_with("# EOF\n"));
    parse(&metrics);
    host.kill();

    let host = Host::start(&mut command);
    let page = text(&host, "/").await;
    assert!(page.contains("998 → 1,004") && page.contains(r#"<g class="firing">"#), "{page}");
    let metrics = text(&host, "/metrics").await;
    assert!(metrics.contains("\ntripline_pipeline_firings_total 4\n"), "{metrics}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// With the parser of Prometheus' own client for Python, a strict one, where there is a Python that has it.
fn parse(metrics: &str) {
    const READ: &str = "import sys\nfrom prometheus_client.openmetrics.parser import text_string_to_metric_families as read\n\
        found = {m.name: m for m in read(sys.stdin.read())}\n\
        assert all(m.documentation and m.type in ('counter', 'gauge') for m in found.values()), found\n\
        assert found['tripline_journal_write_seconds'].unit == 'seconds'\nprint(len(found))\n";
    let Some(python) = std::env::var_os("TRIPLINE_PYTHON") else {
        return println!("skipped: TRIPLINE_PYTHON names no Python with prometheus_client");
    };
    let mut child =
        Command::new(python).args(["-c", READ]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let families: usize = String::from_utf8(output.stdout).unwrap().trim().parse().expect("it does not read");
    assert_eq!(families, metrics.matches("# TYPE ").count());
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_text_on_the_page() {
    let folder = folder("hostile");
    let host = Host::start(&mut command(&folder));
    let hostile = r#"</title><script>alert(1)</script><img src=x onerror="alert(2)">"#;
    let body = json!({"instance": "*", "segment": hostile, "threshold": 1000, "callbackUrl": "http://127.0.0.1:9/in"});
    let path = "/v1/subscriptions/segmentThresholdCrossed";
    assert_eq!(ask(&host, Method::POST, path, ANA, Some(&body)).await.0, 201);
    for (number, members) in [998, 1_004].into_iter().enumerate() {
        let mut event = observed(number as u32, hostile, members);
        event["id"] = format!("{number}{hostile}").into();
        event["source"] = "/<script>".into();
        let request =
            reqwest::Client::new().post(format!("http://{}/events", host.address)).header("x-api-key", OPS);
        let request = request.header("content-type", "application/cloudevents+json").body(event.to_string());
        assert_eq!(request.send().await.unwrap().status(), 202);
    }
    let response = send(&host, Method::GET, "/", OPS, None).await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    let page = response.text().await.unwrap();
    assert!(page.contains("&#60;script&#62;") && page.contains("<svg"), "{page}");
    assert_eq!(page.matches("</title>").count(), 2 + page.matches(r#"<g class="firing">"#).count());
    for markup in ["<script", "<img", "alert(1)</", "onerror=\""] {
        assert!(!page.contains(markup), "{markup}: {page}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

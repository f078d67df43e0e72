//! Bad input: each is told what is wrong by the right status, and nothing comes of it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::asking::{ask, observe, subscribe};
use crate::child::{ANA, BO, Host, OPS, command, folder};
use crate::receiver::Receiver;

const SEGMENT: &str = "/v1/subscriptions/segmentThresholdCrossed";

fn fields() -> Value {
    json!({"instance": "/instances/contoso", "segment": "vip", "threshold": 1000, "callbackUrl": "https://8.8.8.8/in"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_subscription_is_refused_with_the_field_that_is_wrong() {
    let folder = folder("faulty");
    let mut command = command(&folder);
    let host = Host::start(&mut command);
    for (field, value) in [
        ("threshold", json!("1000")),
        ("threshold", Value::Null),
        ("threshold", json!([1])),
        ("rearm", json!("950")),
        ("segment", json!(7)),
        ("segment", json!("x".repeat(2_000))),
        ("hold", json!("ten minutes")),
        ("condition", json!("sideways")),
        ("colour", json!("red")),
        ("callbackUrl", json!("https://10.0.0.7/in")),
        ("callbackUrl", json!("https://169.254.169.254/latest/meta-data")),
        ("callbackUrl", json!("https://[::ffff:10.0.0.7]/in")),
        ("callbackUrl", json!("https://0x7f000001/in")),
        ("callbackUrl", json!("ftp://8.8.8.8/in")),
        ("callbackUrl", json!("https://user@8.8.8.8/in")),
        ("callbackUrl", json!("https://printer.local/in")),
    ] {
        let mut body = fields();
        body[field] = value.clone();
        let (status, answer) = ask(&host, Method::POST, SEGMENT, ANA, Some(&body)).await;
        assert_eq!((status, &answer["errors"][0]["field"]), (400, &field.into()), "{value}: {answer}");
    }
    let mut many = fields();
    (many["threshold"], many["segment"]) = ("1000".into(), 7.into());
    let (_, answer) = ask(&host, Method::POST, SEGMENT, ANA, Some(&many)).await;
    assert_eq!(answer["errors"].as_array().unwrap().len(), 2, "every fault is told: {answer}");
    let unknown = "/v1/subscriptions/segmentVanished";
    assert_eq!(ask(&host, Method::POST, unknown, ANA, Some(&fields())).await.0, 404);
    assert_eq!(ask(&host, Method::PUT, SEGMENT, ANA, Some(&fields())).await.0, 405);
    let (status, answer) = ask(&host, Method::POST, SEGMENT, BO, Some(&json!({
        "instance": "/instances/fabrikam", "segment": "vip", "threshold": 1, "callbackUrl": "https://8.8.8.8/in",
    }))).await;
    assert_eq!(status, 403, "bo may watch contoso alone: {answer}");
    assert_eq!(ask(&host, Method::GET, "/v1/connection", ANA, None).await.0, 200, "it is as well as before");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_to_this_machine_are_refused_unless_tests_allow_them() {
    let folder = folder("loopback");
    let receiver = Receiver::start().await;
    let all = command(&folder);
    let mut strict = std::process::Command::new(all.get_program());
    strict.args(all.get_args().filter(|argument| *argument != "--allow-loopback"));
    let host = Host::start(&mut strict);
    for url in [
        receiver.url("200"),
        "https://127.0.0.1/in".into(),
        "https://localhost/in".into(),
        "https://[::1]/in".into(),
    ] {
        let mut body = fields();
        body["callbackUrl"] = url.into();
        let (status, answer) = ask(&host, Method::POST, SEGMENT, ANA, Some(&body)).await;
        assert_eq!((status, &answer["errors"][0]["field"]), (400, &"callbackUrl".into()), "{answer}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_anothers_is_answered_as_what_is_not_there() {
    let folder = folder("foreign");
    let receiver = Receiver::start().await;
    let host = Host::start(&mut command(&folder));
    let (id, _) = subscribe(&host, &receiver.url("200")).await;
    let foreign = ask(&host, Method::GET, &format!("/v1/subscriptions/{id}"), BO, None).await;
    let unknown = ask(&host, Method::GET, "/v1/subscriptions/AAAAAAAAAAAAAAAAAAAAAA", BO, None).await;
    assert_eq!((foreign.0, &foreign), (404, &unknown));
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_path_wants_a_key_of_its_kind() {
    let folder = folder("keys");
    let host = Host::start(&mut command(&folder));
    for (path, key) in [
        ("/v1/connection", OPS),
        ("/v1/connection", "k-none-of-them-all"),
        ("/metrics", ANA),
        ("/", ANA),
        ("/", ""),
    ] {
        assert_eq!(ask(&host, Method::GET, path, key, None).await.0, 401, "{path}");
    }
    assert_eq!(ask(&host, Method::POST, "/events", ANA, Some(&json!({}))).await.0, 401);
    let page = reqwest::Client::new().get(format!("http://{}/", host.address)).basic_auth("ops", Some(OPS));
    assert_eq!(page.send().await.unwrap().status(), 200);
    assert_eq!(ask(&host, Method::GET, "/nothing", OPS, None).await.0, 404);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_over_the_limits_and_events_that_are_none_are_refused() {
    let folder = folder("limits");
    let host = Host::start(&mut command(&folder));
    for bytes in [300 << 10, 5 << 20] {
        let mut body = fields();
        body["segment"] = "x".repeat(bytes).into();
        assert_eq!(ask(&host, Method::POST, SEGMENT, ANA, Some(&body)).await.0, 413, "{bytes}");
    }
    let events = format!("http://{}/events", host.address);
    let post = async |kind: &str, body: String| {
        let request =
            reqwest::Client::new().post(&events).header("x-api-key", OPS).header("content-type", kind);
        request.body(body).send().await.unwrap().status().as_u16()
    };
    let kind = "application/cloudevents+json";
    assert_eq!(post(kind, "{}".into()).await, 400);
    assert_eq!(post(kind, "no JSON".into()).await, 400);
    assert_eq!(post("text/plain", "hello".into()).await, 400);
    assert_eq!(post(kind, "x".repeat(17 << 20)).await, 413);
    assert_eq!(observe(&host, 0, 998).await.0, 202);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_wrong_with_the_command_line_is_told() {
    let folder = folder("arguments");
    let said = |change: &dyn Fn(&mut std::process::Command)| {
        let mut command = command(&folder);
        change(&mut command);
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(said(&|command| _ = command.arg("--open=yes")).contains("--open"));
    assert!(said(&|command| _ = command.args(["--triggers", "/no/such/file"])).contains("/no/such/file"));
    assert!(
        said(&|command| _ = command.args(["--open", "--listen", "0.0.0.0:0"]))
            .contains("no loopback address")
    );
    assert!(said(&|command| _ = command.args(["--listen", "0.0.0.0:0"])).contains("--base-url is needed"));
    let keys = folder.join("faulty");
    std::fs::write(&keys, "subscriber ana short").unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_host"));
    let journal = folder.join("other");
    let output = command
        .arg("--journal")
        .arg(&journal)
        .arg("--keys")
        .arg(&keys)
        .args(["--listen", "127.0.0.1:0"])
        .output();
    let text = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(text.contains("faulty: line 1: an API key of 5 bytes"), "{text}");
    assert!(!journal.exists(), "nothing was begun");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_start_without_the_secrets_that_its_journal_was_sealed_with() {
    let folder = folder("secrets");
    let mut command = command(&folder);
    let host = Host::start(&mut command);
    let receiver = Receiver::start().await;
    subscribe(&host, &receiver.url("200")).await;
    let url = receiver.url("200");
    assert!(host.terminate().0.success());
    let secrets = folder.join("journal.secrets");
    let bytes = std::fs::read_dir(folder.join("journal"))
        .unwrap()
        .map(|file| std::fs::read(file.unwrap().path()).unwrap());
    assert!(
        !bytes.into_iter().any(|bytes| String::from_utf8_lossy(&bytes).contains(&url)),
        "the callback is sealed"
    );
    std::fs::remove_file(secrets).unwrap();
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("journal.secrets"), "{said}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_has_as_many_as_it_may_is_refused_and_others_are_not() {
    let folder = folder("cap");
    let host = Host::start(&mut command(&folder));
    let subscribe = async |key| ask(&host, Method::POST, SEGMENT, key, Some(&fields())).await.0;
    for number in 0..500 {
        assert_eq!(subscribe(ANA).await, 201, "{number}");
    }
    assert_eq!((subscribe(ANA).await, subscribe(BO).await), (429, 201));
    let metrics = ask(&host, Method::GET, "/metrics", OPS, None).await.1;
    assert!(metrics.as_str().unwrap().contains("\ntripline_connector_over_cap_total 1\n"), "{metrics}");
    let page = ask(&host, Method::GET, "/", OPS, None).await.1;
    assert!(page.as_str().unwrap().contains("and 401 more triggers, not shown"), "{page}");
    std::fs::remove_dir_all(folder).unwrap();
}

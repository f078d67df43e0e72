//! What must be seen nowhere but where it belongs.

use serde_json::json;
use tripline::connector::ApiKeys;
use tripline::journal::{Journal, Lsn};

use super::host::{Host, Setup, get, json, location, post, status, vip};

const CANARY: &str = "C4n4ryInTheUrl";

/// All that others than the receiver see, as text; and the raw bytes of what is stored.
fn surfaces(host: &mut Host, statuses: &[String]) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut journal = Vec::new();
    for entry in host.journal.read(Lsn::FIRST).unwrap() {
        for record in entry.unwrap().batch().records() {
            journal.extend_from_slice(record);
            journal.push(b'\n');
        }
    }
    all.push(("journal".to_owned(), journal));
    all.push(("snapshot".to_owned(), host.service.pipeline().snapshot()));
    for (at, text) in statuses.iter().enumerate() {
        all.push((format!("status {at}"), text.clone().into_bytes()));
    }
    let service = &host.service;
    let pipeline = service.pipeline();
    let counts: Vec<String> =
        service.counts().iter().map(|(name, count)| format!("{name} {count}")).collect();
    for (name, text) in [
        ("service", format!("{service:?}")),
        (
            "callbacks",
            format!("{:?} {:?}", host.callbacks, tripline::connector::Notify::new(host.callbacks.clone())),
        ),
        ("flows", format!("{:?}", pipeline.flows().flows().collect::<Vec<_>>())),
        ("runs", format!("{:?}", pipeline.flows().runs().collect::<Vec<_>>())),
        ("letters", format!("{:?}", pipeline.dispatcher().dead_letters().collect::<Vec<_>>())),
        ("counts", counts.join(" ")),
        ("registry", format!("{:?}", host.registry)),
    ] {
        all.push((name.to_owned(), text.into_bytes()));
    }
    for run in pipeline.flows().runs() {
        let why = pipeline.why(run.firing().id().as_str()).unwrap_or_default();
        all.push(("why".to_owned(), why.into_bytes()));
    }
    all
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn urls_and_secrets_are_sealed_in_the_journal_and_on_no_other_surface() {
    let mut host = Host::new();
    let mut secrets = vec![CANARY.to_owned()];
    let mut statuses = Vec::new();
    let paths: Vec<String> =
        ["ok", "refused", "down", "gone"].iter().map(|path| format!("/{path}-{CANARY}")).collect();
    let mut made = Vec::new();
    for path in &paths {
        let answer =
            host.request("ana", vip(1000.0, &format!("https://hooks.contoso.example{path}?sig={CANARY}")));
        let secret = json(&answer)["signingSecret"].as_str().unwrap().to_owned();
        secrets.push(secret.strip_prefix("whsec_").unwrap().to_owned());
        made.push(location(&answer));
    }
    for (path, status) in paths.iter().zip([202, 400, 503, 410]) {
        host.net.answers(path, status);
    }
    // Refusals show no secret either.
    for url in [
        format!("http://hooks.contoso.example/{CANARY}"),
        format!("https://{CANARY}@hooks.contoso.example/"),
        format!("https://hooks.contoso.example/#{CANARY}"),
        format!("https://unknown.contoso.example/{CANARY}"),
        format!("https://hooks.contoso.example/%zz{CANARY}"),
    ] {
        let answer = host.request("ana", vip(1.0, &url));
        assert_eq!(status(&answer), 400);
        statuses.push(String::from_utf8(answer.into_body()).unwrap());
    }
    for members in [998.0, 1004.0] {
        host.members("vip", members);
    }
    for path in &made {
        let answer = host.request("ana", get(path));
        statuses.push(format!(
            "{:?} {}",
            answer.headers(),
            String::from_utf8(answer.body().clone()).unwrap()
        ));
    }
    assert!(statuses[5].contains("\"callback\":\"https://hooks.contoso.example\""), "{}", statuses[5]);
    for is_after_restart in [false, true] {
        for (name, bytes) in surfaces(&mut host, &statuses) {
            for secret in &secrets {
                assert!(!holds(&bytes, secret), "{name} shows {secret}, after a restart: {is_after_restart}");
            }
        }
        // The canary would be found where it is.
        let sent = host.net.take_sent();
        assert!(is_after_restart || sent.iter().any(|request| request.uri().to_string().contains(CANARY)));
        host.restart(0);
    }
    // What is sealed stands there, and is another text.
    assert!(surfaces(&mut host, &[])[0].1.windows(6).any(|window| window == b"sealed"));
}

#[test]
fn a_response_that_waits_shows_no_secret_in_debug() {
    let mut host = Host::new();
    let id = tripline::connector::RequestId::new(5);
    let now = host.now;
    host.service.handle_request(now, "ana", id, vip(1.0, "https://93.184.215.14/in")).unwrap();
    assert!(!format!("{:?}", host.service).contains("whsec_"));
    let run = post("/actions/fail", &json!({"how": CANARY}));
    host.service.handle_request(now, "ana", tripline::connector::RequestId::new(6), run).unwrap();
    while let Some(effect) = host.service.poll_effect() {
        assert!(!format!("{effect:?}").contains(CANARY), "{effect:?}");
    }
}

#[test]
fn a_sealer_that_fails_makes_no_subscription_and_one_with_another_key_leaves_them_mute() {
    let mut host = Host::with(Setup { vault: 0, ..Setup::default() });
    let answer = host.request("ana", vip(1000.0, "https://hooks.contoso.example/in"));
    assert_eq!((status(&answer), host.service.subscriptions()), (503, 0));
    host.assert_whole();

    let mut host = Host::new();
    let made = host.request("ana", vip(1000.0, "https://hooks.contoso.example/in"));
    host.setup.vault = 0x33;
    host.restart(0);
    assert_eq!((host.service.counts().unopened(), host.service.subscriptions()), (1, 1));
    for members in [998.0, 1004.0] {
        host.members("vip", members);
    }
    assert!(host.net.take_sent().is_empty());
    let shown = json(&host.request("ana", get(&location(&made))));
    let reason = shown["lastDelivery"]["reason"].as_str().unwrap();
    assert!(reason.contains("its secrets cannot be opened"), "{reason}");
    // With the right key it goes on.
    host.setup.vault = 0x5a;
    host.restart(0);
    for members in [998.0, 1004.0] {
        host.members("vip", members);
    }
    assert_eq!(host.net.take_sent().len(), 1);
}

#[test]
fn secrets_and_ids_of_no_two_are_alike_and_another_key_makes_others() {
    let mut all = std::collections::BTreeSet::new();
    for key in [[1; 32], [2; 32]] {
        let mut host = Host::with(Setup { key, ..Setup::default() });
        for principal in ["ana", "bo", "ana"] {
            let body = json(&host.request(principal, vip(1.0, "https://hooks.contoso.example/in")));
            for name in ["id", "signingSecret"] {
                assert!(all.insert(body[name].as_str().unwrap().to_owned()));
            }
        }
    }
    assert_eq!(all.len(), 12);
}

#[test]
fn api_keys_tell_whose_they_are_and_show_nothing() {
    let keys = ApiKeys::new()
        .with_key("ana", "0123456789abcdef")
        .unwrap()
        .with_key("bo", "0123456789abcdeg")
        .unwrap();
    for (presented, wanted) in [
        ("0123456789abcdef", Some("ana")),
        ("0123456789abcdeg", Some("bo")),
        ("0123456789abcdeh", None),
        ("0123456789abcde", None),
        ("0123456789abcdeff", None),
        ("", None),
    ] {
        assert_eq!(keys.principal_of(presented), wanted, "{presented}");
    }
    assert!(!format!("{keys:?}").contains("0123"));
    let mut headers = http::HeaderMap::new();
    headers.append("x-api-key", "0123456789abcdef".parse().unwrap());
    assert_eq!(keys.principal_of_headers(&headers), Some("ana"));
    headers.append("x-api-key", "0123456789abcdeg".parse().unwrap());
    assert_eq!(keys.principal_of_headers(&headers), None, "two at once");
}

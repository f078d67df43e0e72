//! Every answer that the surface promises.

use serde_json::json;
use tripline::connector::Limits;

use super::host::{
    BASE, HOOK, Host, Setup, at, delete, fields, get, header, json, location, post, post_text, status, vip,
};

#[test]
fn a_subscription_is_made_read_and_taken_out() {
    let mut host = Host::new();
    let made = host.request("ana", vip(1000.0, HOOK));
    assert_eq!((status(&made), header(&made, "content-type")), (201, "application/json"));
    let body = json(&made);
    let id = body["id"].as_str().unwrap();
    assert_eq!(header(&made, "location"), format!("{BASE}/subscriptions/{id}"));
    assert!(body["signingSecret"].as_str().unwrap().starts_with("whsec_"), "{body}");
    assert_eq!(
        (&body["triggerType"], &body["expiresAt"]),
        (&json!("segmentThresholdCrossed"), &json!("2026-03-31T02:00:00Z"))
    );

    let read = host.request("ana", get(&location(&made)));
    assert_eq!(status(&read), 200);
    let shown = json(&read);
    assert_eq!(
        (&shown["side"], &shown["phase"], &shown["fired"]),
        (&json!("unknown"), &json!("watching"), &json!(0))
    );
    assert_eq!(shown["reason"], "nothing has been reported of it yet");
    assert_eq!((&shown["trigger"]["above"], &shown["trigger"]["segment"]), (&json!(1000), &json!("vip")));
    assert!(shown.get("signingSecret").is_none(), "once");

    for _ in 0..2 {
        let gone = host.request("ana", delete(&location(&made)));
        assert_eq!((status(&gone), gone.body().len()), (204, 0));
    }
    assert_eq!(status(&host.request("ana", get(&location(&made)))), 404);
    assert_eq!(host.service.counts().unsubscribed(), 1);
    host.assert_whole();
}

#[test]
fn a_status_says_side_phase_and_why_nothing_fires_and_the_last_firing_and_delivery() {
    let mut host = Host::new();
    let made = host.request("ana", vip(1000.0, HOOK));
    let read = |host: &mut Host| json(&host.request("ana", get(&location(&made))));
    host.members("vip", 1200.0);
    let shown = read(&mut host);
    assert_eq!((&shown["side"], &shown["phase"]), (&json!("inside"), &json!("spent")));
    assert!(shown["reason"].as_str().unwrap().contains("must leave once"), "{shown}");
    assert_eq!((&shown["lastFiring"], &shown["lastDelivery"]), (&json!(null), &json!(null)));
    host.now = at(60);
    host.members("vip", 998.0);
    assert_eq!(read(&mut host)["reason"], "outside: armed, the next entry fires");
    host.now = at(120);
    host.members("vip", 1004.0);
    let shown = read(&mut host);
    assert_eq!(
        (&shown["side"], &shown["fired"], &shown["delivered"]),
        (&json!("inside"), &json!(1), &json!(1))
    );
    assert_eq!((&shown["lastFiring"]["value"], &shown["series"][0]["value"]), (&json!(1004), &json!(1004)));
    assert_eq!(shown["trigger"]["source"], json!({"oneOf": ["/instances/contoso", "contoso"]}));
    assert_eq!(shown["lastDelivery"], json!({"time": "2026-03-01T02:02:00Z", "outcome": "delivered"}));
    assert_eq!(
        shown["series"][0]["series"],
        json!({"source": "/instances/contoso", "kind": "segment", "name": "vip", "dimensions": {}})
    );
    // A receiver that refuses for good, and one that is down.
    host.net.answers("/in", 400);
    host.members("vip", 900.0);
    host.members("vip", 1100.0);
    let shown = read(&mut host);
    assert_eq!((&shown["lastDelivery"]["outcome"], &shown["failed"]), (&json!("failed"), &json!(1)));
    assert!(shown["lastDelivery"]["reason"].as_str().unwrap().contains("400"), "{shown}");
    host.net.answers("/in", 503);
    host.members("vip", 900.0);
    host.members("vip", 1100.0);
    let shown = read(&mut host);
    assert_eq!(shown["waiting"], 1);
    assert!(shown["waitsFor"].as_str().unwrap().starts_with("waits until "), "{shown}");
    // Over a restart it is known as well.
    host.restart(0);
    let after = read(&mut host);
    assert_eq!(
        (&after["fired"], &after["delivered"], &after["lastFiring"]["value"]),
        (&json!(3), &json!(1), &json!(1100))
    );
}

#[test]
fn a_status_of_other_triggers_and_of_many_series_says_what_there_is() {
    let mut host = Host::with(Setup { limits: Limits::default().with_states(2), ..Setup::default() });
    let refresh = json!({"instance": "*", "callbackUrl": HOOK});
    let made = host.request("ana", post("/subscriptions/dataSourceRefreshFailed", &refresh));
    let shown = json(&host.request("ana", get(&location(&made))));
    assert_eq!((&shown["side"], &shown["series"]), (&json!("unknown"), &json!([])));
    assert_eq!(shown["reason"], "waits: no such event has come yet");
    let every = json!({"instance": "*", "segment": "*", "threshold": 10, "callbackUrl": HOOK});
    let made = host.request("ana", post("/subscriptions/segmentThresholdCrossed", &every));
    for segment in ["a", "b", "c"] {
        host.members(segment, 5.0);
    }
    let shown = json(&host.request("ana", get(&location(&made))));
    assert_eq!(
        (shown["series"].as_array().unwrap().len(), &shown["series"][1]["series"]["name"]),
        (2, &json!("b"))
    );
    assert_eq!(shown["reason"], "2 series, each for itself: see `series`");
}

#[test]
fn all_six_types_can_be_subscribed_to_and_polled() {
    let mut host = Host::new();
    for (name, more) in [
        ("dataSourceRefreshFailed", ""),
        ("dataSourceRefreshSucceeded", ""),
        ("segmentThresholdCrossed", r#","segment":"vip","threshold":1"#),
        ("measureThresholdCrossed", r#","measure":"churn","threshold":1"#),
        ("fullRefreshCompleted", ""),
        ("unificationCompleted", ""),
    ] {
        let body = format!(r#"{{"instance":"contoso","callbackUrl":"{HOOK}"{more}}}"#);
        let made = host.request("ana", post_text(&format!("/subscriptions/{name}"), &body));
        assert_eq!(status(&made), 201, "{name}");
        assert_eq!(json(&host.request("ana", get(&location(&made))))["triggerType"], name);
        let fields = match name {
            "segmentThresholdCrossed" => "&segment=vip&threshold=1",
            "measureThresholdCrossed" => "&measure=churn&threshold=1",
            _ => "",
        };
        let polled = host.request("ana", get(&format!("/poll/{name}?instance=contoso{fields}")));
        assert_eq!(status(&polled), 202, "{name}");
    }
    assert_eq!((host.service.subscriptions(), host.service.counts().polled()), (12, 6));
}

#[test]
fn paths_are_found_with_the_base_before_them_and_without() {
    let mut host = Host::new();
    for path in ["/connection", "/v1/connection"] {
        let answer = host.request("ana", get(path));
        assert_eq!((status(&answer), &json(&answer)["status"]), (200, &json!("ok")), "{path}");
        assert_eq!(json(&answer)["actions"], json!(["double", "fail", "key"]));
    }
    for path in ["/v1", "/v1x/connection", "/v1/v1/connection", "/", "/nothing", "/subscriptions"] {
        assert_eq!(status(&host.request("ana", get(path))), 404, "{path}");
    }
}

#[test]
fn choices_are_the_hosts_and_need_what_they_depend_on() {
    let mut host = Host::new();
    let answer = host.request("ana", get("/instances"));
    let all =
        json!({"value": [{"id": "contoso", "name": "Contoso"}, {"id": "fabrikam", "name": "fabrikam"}]});
    assert_eq!((status(&answer), json(&answer)), (200, all));
    for list in ["datasources", "segments", "measures"] {
        let answer = host.request("ana", get(&format!("/{list}?instance=contoso+1")));
        assert_eq!(json(&answer)["value"][0]["id"], format!("{list} of contoso 1 for ana"));
        let answer = host.request("ana", get(&format!("/{list}?instances=x")));
        assert_eq!(
            (status(&answer), fields(&answer)),
            (400, vec!["instances".to_owned(), "instance".to_owned()])
        );
    }
    let limits = Limits::default().with_choices(1);
    let mut host = Host::with(Setup { limits, ..Setup::default() });
    let cut = json(&host.request("ana", get("/instances")));
    assert_eq!(
        (&cut["truncated"], &cut["limit"], cut["value"].as_array().unwrap().len()),
        (&json!(true), &json!(1), 1)
    );
}

#[test]
fn actions_are_run_and_each_failure_has_its_status() {
    let mut host = Host::new();
    let ran = host.request("ana", post("/actions/double", &json!({"n": 21})));
    assert_eq!((status(&ran), json(&ran)), (200, json!(42)));
    for (how, wanted, after) in
        [("throttled", 429, "2"), ("transient", 503, ""), ("login", 502, ""), ("board", 422, "")]
    {
        let answer = host.request("ana", post("/actions/fail", &json!({"how": how})));
        assert_eq!((status(&answer), header(&answer, "retry-after")), (wanted, after), "{how}");
        assert_eq!(json(&answer).get("outcomeUnknown").is_some(), how == "transient");
    }
    let answer = host.request("ana", post("/actions/fail", &json!({"how": "input"})));
    assert_eq!((status(&answer), fields(&answer)), (400, vec!["how".to_owned()]));
    let answer = host.request("ana", post("/actions/double", &json!({"n": "21", "m": 1})));
    assert_eq!((status(&answer), fields(&answer)), (400, vec!["n".to_owned(), "m".to_owned()]));
    assert_eq!(
        status(&host.request("ana", post("/actions/notifySubscriber", &json!({})))),
        404,
        "not offered"
    );
}

#[test]
fn an_action_has_one_key_for_all_requests_that_their_caller_calls_one() {
    let mut host = Host::new();
    let mut key = |principal: &str, given: Option<&str>| {
        let mut request = post("/actions/key", &json!({}));
        if let Some(given) = given {
            request.headers_mut().insert("idempotency-key", given.parse().unwrap());
        }
        json(&host.request(principal, request))
    };
    let first = key("ana", Some("1"));
    assert_eq!(first, key("ana", Some("1")));
    assert_ne!(first, key("bo", Some("1")));
    assert_ne!(first, key("ana", Some("2")));
    assert_ne!(key("ana", None), key("ana", None));
    let mut request = post("/actions/key", &json!({}));
    request.headers_mut().insert("idempotency-key", "k".repeat(257).parse().unwrap());
    let answer = host.request("ana", request);
    assert_eq!((status(&answer), fields(&answer)), (400, vec!["Idempotency-Key".to_owned()]));
}

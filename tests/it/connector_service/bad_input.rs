//! What strangers send: each has its status, names its field, and harms nobody else.

use http::{Method, Request};
use serde_json::{Value, json};
use tripline::connector::{Limits, RequestId};

use super::host::{
    HOOK, Host, Setup, at, delete, fields, get, header, json, location, post, post_text, status, vip,
};

const SEGMENT: &str = "/subscriptions/segmentThresholdCrossed";

#[test]
fn an_unknown_type_is_404_and_another_method_405_and_another_content_type_415() {
    let mut host = Host::new();
    let body = json!({"instance": "*", "callbackUrl": HOOK});
    for name in ["noData", "SegmentThresholdCrossed", "x"] {
        let answer = host.request("ana", post(&format!("/subscriptions/{name}"), &body));
        assert_eq!((status(&answer), fields(&answer)), (404, vec!["triggerType".to_owned()]));
        assert_eq!(status(&host.request("ana", get(&format!("/poll/{name}?instance=*")))), 404);
        assert_eq!(status(&host.request("ana", post(&format!("/actions/{name}"), &json!({})))), 404);
    }
    for (path, allow) in [
        ("/subscriptions/x", "GET, POST, DELETE"),
        ("/poll/unificationCompleted", "GET"),
        ("/actions/double", "POST"),
        ("/segments", "GET"),
        ("/connection", "GET"),
    ] {
        let request = Request::builder().method(Method::PATCH).uri(path).body(Vec::new()).unwrap();
        let answer = host.request("ana", request);
        assert_eq!((status(&answer), header(&answer, "allow")), (405, allow), "{path}");
    }
    for content_type in [None, Some("text/plain"), Some("application/xml"), Some("application/jsonx")] {
        for path in [SEGMENT, "/actions/double"] {
            let mut request = post(path, &body);
            request.headers_mut().remove("content-type");
            if let Some(content_type) = content_type {
                request.headers_mut().insert("content-type", content_type.parse().unwrap());
            }
            let answer = host.request("ana", request);
            assert_eq!((status(&answer), fields(&answer).len()), (415, 0), "{content_type:?}");
        }
    }
    assert_eq!(host.service.subscriptions(), 0);
}

#[test]
fn every_faulty_field_is_named_and_nothing_is_made() {
    let mut host = Host::new();
    let wrong = r#"{"instance":null,"segment":7,"threshold":"1000","rearm":"950","condition":"over","hold":"10M",
        "callbackUrl":"http://127.0.0.1/x","zoom":1}"#;
    let answer = host.request("ana", post_text(SEGMENT, wrong));
    assert_eq!(status(&answer), 400);
    let named = ["instance", "segment", "threshold", "condition", "rearm", "hold", "callbackUrl", "zoom"];
    assert_eq!(fields(&answer), named);
    let told = json(&answer).to_string();
    assert!(told.contains(r#"\"1000\" is not a number"#) && told.contains("only https"), "{told}");
    for (body, named) in [
        (
            r#"{"instance":"*","segment":"vip","threshold":1000,"rearm":1200,"callbackUrl":"https://a.example/"}"#,
            "rearm",
        ),
        (
            r#"{"instance":"*","segment":"vip","threshold":9007199254740993,"callbackUrl":"https://a.example/"}"#,
            "threshold",
        ),
        (
            r#"{"instance":"*","segment":"vip","threshold":1,"threshold":2,"callbackUrl":"https://a.example/"}"#,
            "threshold",
        ),
        (r#"{"instance":"*","segment":"vip","threshold":1}"#, "callbackUrl"),
        (
            r#"{"instance":"*","segment":"vip","threshold":1,"callbackUrl":["https://a.example/"]}"#,
            "callbackUrl",
        ),
    ] {
        let answer = host.request("ana", post_text(SEGMENT, body));
        assert_eq!((status(&answer), fields(&answer)), (400, vec![named.to_owned()]), "{body}");
    }
    for body in ["", "{", "[]", "null", "\"x\"", "{\"instance\":\"*\"} x", &"[".repeat(2_000)] {
        assert_eq!(status(&host.request("ana", post_text(SEGMENT, body))), 400, "{body}");
    }
    for body in ["", "{\"n\":1,\"n\":2}", "{\"n\":1e999}", &format!("{}1{}", "[".repeat(70), "]".repeat(70))]
    {
        assert_eq!(status(&host.request("ana", post_text("/actions/double", body))), 400, "{body}");
    }
    let mut request = post_text(SEGMENT, "");
    *request.body_mut() = b"{\"instance\":\"\xff\"}".to_vec();
    assert_eq!(status(&host.request("ana", request)), 400);
    assert_eq!(
        (host.service.subscriptions(), host.service.pipeline().last().get()),
        (0, 0),
        "nothing was written"
    );
}

#[test]
fn a_callback_that_leads_inside_is_refused_by_its_text_or_by_its_addresses() {
    let mut host = Host::new();
    for url in [
        "http://hooks.contoso.example/in",
        "https://10.0.0.7/in",
        "https://127.0.0.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.7]/",
        "https://169.254.169.254/latest/meta-data",
        "https://metadata.google.internal/",
        "https://localhost/",
        "https://printer.local/",
        "https://user:pass@hooks.contoso.example/",
        "https://hooks.contoso.example/#f",
        "https://hooks.contoso.example:8443/",
        "https://hooks.contoso.example\\@10.0.0.7/",
        "ftp://hooks.contoso.example/",
        "hooks.contoso.example",
        "",
    ] {
        let answer = host.request("ana", vip(1.0, url));
        assert_eq!((status(&answer), fields(&answer)), (400, vec!["callbackUrl".to_owned()]), "{url}");
    }
    for (number, addresses) in
        [vec!["10.0.0.7"], vec!["93.184.215.14", "192.168.1.1"], vec!["::1"], vec!["64:ff9b::a00:7"], vec![]]
            .into_iter()
            .enumerate()
    {
        let name = format!("h{number}.contoso.example");
        host.dns.insert(name.clone(), Ok(addresses.iter().map(|text| text.parse().unwrap()).collect()));
        let answer = host.request("ana", vip(1.0, &format!("https://{name}/in")));
        assert_eq!(
            (status(&answer), fields(&answer)),
            (400, vec!["callbackUrl".to_owned()]),
            "{addresses:?}"
        );
    }
    host.dns.insert("down.contoso.example".to_owned(), Err("SERVFAIL of ns.inside".to_owned()));
    let answer = host.request("ana", vip(1.0, "https://down.contoso.example/in"));
    assert_eq!((status(&answer), header(&answer, "retry-after")), (503, "10"));
    assert!(!json(&answer).to_string().contains("ns.inside"), "what the resolver says is the host's");
    assert_eq!((host.service.subscriptions(), host.service.pipeline().last().get()), (0, 0));
    // A public address needs no resolving.
    assert_eq!(status(&host.request("ana", vip(1.0, "https://93.184.215.14/in"))), 201);
}

#[test]
fn a_body_over_the_limit_is_413_with_the_limit_and_a_query_414() {
    let mut host = Host::with(Setup { limits: Limits::default().with_body_bytes(200), ..Setup::default() });
    for path in [SEGMENT, "/actions/double"] {
        let mut request = post_text(path, &"x".repeat(201));
        request.headers_mut().remove("content-type");
        let answer = host.request("ana", request);
        assert_eq!((status(&answer), &json(&answer)["limit"]), (413, &json!(200)));
    }
    assert_eq!(
        status(&host.request("ana", post_text("/actions/double", &format!("{:200}", "{\"n\":1}")))),
        200
    );
    assert_eq!(host.service.counts().too_large(), 2);
    let long = format!("/segments?instance={}", "x".repeat(9_000));
    assert_eq!(status(&host.request("ana", get(&long))), 414);
    // `http` itself takes no URI beyond 64 KiB, so a profile never sees a query that is longer.
    let long = format!("/poll/unificationCompleted?instance={}", "x".repeat(60_000));
    assert_eq!(fields(&host.request("ana", get(&long))), ["instance"]);
}

#[test]
fn ten_thousand_subscriptions_of_one_principal_end_at_its_cap_and_harm_no_other() {
    let mut host = Host::with(Setup { limits: Limits::default().with_per_principal(20), ..Setup::default() });
    let other = host.request("bo", vip(5.0, HOOK));
    let mut made = 0;
    for number in 0..10_000 {
        let answer = host.request("ana", vip(f64::from(number), "https://93.184.215.14/in"));
        match status(&answer) {
            201 => made += 1,
            429 => assert_eq!((json(&answer)["limit"].as_u64(), fields(&answer).len()), (Some(20), 0)),
            other => panic!("{other}"),
        }
    }
    assert_eq!((made, host.service.counts().over_cap()), (20, 9_980));
    let poll = host.request("ana", get("/poll/unificationCompleted?instance=*"));
    assert_eq!(status(&poll), 429, "polled triggers count too");
    assert_eq!(status(&host.request("bo", vip(6.0, HOOK))), 201);
    assert_eq!(status(&host.request("bo", get(&location(&other)))), 200);
    host.assert_whole();
}

#[test]
fn those_that_are_being_made_count_against_the_cap_and_free_their_places_when_they_fail() {
    let limits = Limits::default().with_per_principal(3).with_requests(10);
    let mut host = Host::with(Setup { limits, ..Setup::default() });
    for number in 0..5 {
        host.service.handle_request(at(0), "ana", RequestId::new(1_000 + number), vip(1.0, HOOK)).unwrap();
    }
    let refused: Vec<u64> = std::iter::from_fn(|| host.service.poll_response())
        .map(|(id, answer)| (id.get(), status(&answer)))
        .map(|(id, status)| {
            assert_eq!(status, 429);
            id
        })
        .collect();
    assert_eq!(refused, [1_003, 1_004]);
    host.service.resolved(at(0), RequestId::new(1_000), Ok(vec!["10.0.0.1".parse().unwrap()])).unwrap();
    host.service.forget(RequestId::new(1_001));
    host.now = at(10);
    let _ = host.service.handle_timeout(at(10)).unwrap();
    let told: Vec<u16> =
        std::iter::from_fn(|| host.service.poll_response()).map(|(_, answer)| status(&answer)).collect();
    assert_eq!(told, [400, 503]);
    assert_eq!(host.service.counts().timed_out(), 1);
    host.service.resolved(at(10), RequestId::new(1_002), Ok(vec!["93.184.215.14".parse().unwrap()])).unwrap();
    assert_eq!((host.service.counts().late(), host.service.subscriptions()), (1, 0), "too late");
    for _ in 0..3 {
        assert_eq!(status(&host.request("ana", vip(1.0, HOOK))), 201, "all three places are free");
    }
}

#[test]
fn forged_and_foreign_ids_show_and_remove_nothing() {
    let mut host = Host::new();
    let made = host.request("ana", vip(1000.0, HOOK));
    let (path, id) = (location(&made), json(&made)["id"].as_str().unwrap().to_owned());
    let flipped = |at: usize| {
        let mut bytes = id.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let unknown = host.request("ana", get("/subscriptions/no-such"));
    for (principal, id) in [
        ("bo", id.clone()),
        ("ana ", id.clone()),
        ("ana", flipped(0)),
        ("ana", flipped(21)),
        ("ana", id[..21].to_owned()),
        ("ana", format!("{id}A")),
        ("ana", id.to_lowercase() + "x"),
    ] {
        let path = format!("/subscriptions/{id}");
        let read = host.request(principal, get(&path));
        assert_eq!((status(&read), read.body()), (404, unknown.body()), "{principal} {id}");
        let gone = host.request(principal, delete(&path));
        assert_eq!((status(&gone), gone.body().len()), (204, 0));
    }
    assert_eq!(status(&host.request("ana", get(&path))), 200, "it is still there");
    assert_eq!(host.service.counts().unsubscribed(), 0);
    // A polled trigger is no subscription.
    let polled = host.request("ana", get("/poll/unificationCompleted?instance=*"));
    let state = location(&polled).rsplit_once("triggerState=").unwrap().1.to_owned();
    let path = format!("/subscriptions/{}", state.split('.').next().unwrap());
    assert_eq!(status(&host.request("ana", get(&path))), 404);
    assert_eq!(status(&host.request("ana", delete(&path))), 204);
    assert_eq!(host.service.subscriptions(), 2);
}

#[test]
fn a_principal_is_kept_to_what_it_may_watch() {
    let mut host = Host::with(Setup { only_own: true, ..Setup::default() });
    let body = |instance: &str| json!({"instance": instance, "callbackUrl": HOOK});
    for (instance, wanted) in [("contoso", 201), ("/instances/contoso", 201), ("fabrikam", 403), ("*", 403)] {
        let answer = host.request("contoso", post("/subscriptions/unificationCompleted", &body(instance)));
        assert_eq!(status(&answer), wanted, "{instance}");
        if wanted == 403 {
            assert_eq!(fields(&answer), ["instance"]);
        }
        let poll = format!("/poll/unificationCompleted?instance={instance}");
        assert_eq!(status(&host.request("contoso", get(&poll))), if wanted == 201 { 202 } else { 403 });
    }
}

#[test]
fn over_the_services_own_bounds_the_answer_is_503_and_the_pipelines_too() {
    let limits = Limits::default().with_subscriptions(1).with_requests(2);
    let mut host = Host::with(Setup { limits, ..Setup::default() });
    assert_eq!(status(&host.request("ana", vip(1.0, HOOK))), 201);
    let answer = host.request("bo", vip(1.0, HOOK));
    assert_eq!((status(&answer), &json(&answer)["limit"]), (503, &json!(1)));
    for number in 0..4 {
        host.service.handle_request(at(0), "ana", RequestId::new(50 + number), get("/connection")).unwrap();
    }
    let error =
        host.service.handle_request(at(0), "ana", RequestId::new(99), get("/connection")).unwrap_err();
    assert!(error.is_full(), "{error}");
    let told: Vec<u16> =
        std::iter::from_fn(|| host.service.poll_response()).map(|(_, answer)| status(&answer)).collect();
    assert_eq!((told, host.service.counts().busy()), (vec![200, 200, 503, 503], 3));

    let pipeline = tripline::pipeline::Limits::default().with_unsafe_bytes(1);
    let mut host = Host::with(Setup { pipeline, ..Setup::default() });
    let event = tripline::event::ValueObserved::new("segment", "vip", 1.0).into_event("e", "/s").unwrap();
    let _ = host.service.pipeline_mut().handle_event(at(0), &event).unwrap();
    assert!(host.service.pipeline().is_full());
    host.service
        .handle_request(at(0), "ana", RequestId::new(1), vip(1.0, "https://93.184.215.14/in"))
        .unwrap();
    assert_eq!(status(&host.service.poll_response().unwrap().1), 503);
    host.drive();
    assert_eq!(status(&host.request("ana", vip(1.0, HOOK))), 201);
}

#[test]
fn what_is_no_principal_or_no_new_request_is_the_hosts_mistake() {
    let mut host = Host::new();
    let mut handle = |principal: &str, id| {
        host.service.handle_request(at(0), principal, RequestId::new(id), get("/segments?instance=x"))
    };
    for principal in ["", "a\nb", "a\0", &"x".repeat(257)] {
        assert!(handle(principal, 1).is_err(), "{principal:?}");
    }
    handle("ana", 1).unwrap();
    assert_eq!(handle("bo", 1).unwrap_err().to_string(), "the request 1 is not answered yet");
    assert_eq!(host.service.counts().requests(), 1);
}

#[test]
fn a_random_request_never_panics_and_is_always_answered() {
    let mut random = crate::random::Random(0x5e41);
    let mut host = Host::with(Setup { limits: Limits::default().with_per_principal(5), ..Setup::default() });
    let pieces = [
        "/",
        "subscriptions",
        "poll",
        "actions",
        "segmentThresholdCrossed",
        "double",
        "connection",
        "segments",
        "?",
        "instance=",
        "&",
        "triggerState=",
        "%",
        "%41",
        "+",
        "*",
        "a.1.b",
        "segment=vip",
        "threshold=1",
        "..",
        "v1",
        "~",
    ];
    let words: [Value; 8] =
        [json!(null), json!(1), json!(-0.0), json!("vip"), json!("*"), json!([]), json!({}), json!(HOOK)];
    for _ in 0..5_000 {
        let path: String = (0..random.below(8_usize)).map(|_| random.pick(&pieces)).collect();
        let Ok(uri) = format!("/{path}").parse::<http::Uri>() else { continue };
        let names = ["instance", "segment", "threshold", "callbackUrl", "n", "rearm", "hold", "x"];
        let members: serde_json::Map<String, Value> = (0..random.below(6_usize))
            .map(|_| (random.pick(&names).to_owned(), random.pick(&words)))
            .collect();
        let mut body = Value::from(members).to_string().into_bytes();
        if random.percent(20) && !body.is_empty() {
            let at = random.below(body.len());
            body[at] = random.below(256_usize) as u8;
        }
        let method = random.pick(&[Method::GET, Method::POST, Method::DELETE, Method::PUT]);
        let request = Request::builder().method(method).uri(uri).header("content-type", "application/json");
        let answer = host.request("ana", request.body(body).unwrap());
        assert!(answer.status().as_u16() < 500, "{path}: {answer:?}");
    }
    host.assert_whole();
}

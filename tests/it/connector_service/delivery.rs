//! What subscriptions are told, and how they end.

use std::collections::BTreeSet;

use chrono::DateTime;
use tripline::connector::Limits;
use tripline::webhook::{SigningSecret, Verifier};

use super::host::{HOOK, Host, Setup, at, delete, get, json, location, status, vip};

const DAY: i64 = 86_400;

#[test]
fn a_notification_is_the_firing_signed_with_the_secret_that_was_issued() {
    let mut host = Host::new();
    let made = host.request("ana", vip(1000.0, HOOK));
    let secret = SigningSecret::parse(json(&made)["signingSecret"].as_str().unwrap()).unwrap();
    let other = host.request("bo", vip(1000.0, "https://hooks.contoso.example/bo"));
    let others = SigningSecret::parse(json(&other)["signingSecret"].as_str().unwrap()).unwrap();
    // It survives a restart: the secret comes from the journal, sealed.
    host.restart(0);
    host.now = at(60);
    host.members("vip", 998.0);
    host.members("vip", 1004.0);
    let sent = host.net.take_sent();
    assert_eq!(sent.len(), 2);
    let firings: BTreeSet<String> =
        host.service.pipeline().firings_from(0).map(|(_, firing)| firing.to_json()).collect();
    for request in &sent {
        let is_anas = request.uri().path() == "/in";
        let (right, wrong) = if is_anas { (&secret, &others) } else { (&others, &secret) };
        let now = DateTime::from_timestamp(at(60).timestamp(), 0).unwrap();
        let verified = Verifier::new([right.clone()]).unwrap();
        let id = verified.verify(now, request.headers(), request.body()).unwrap().id().to_owned();
        assert!(id.ends_with("_1_notify"), "{id}");
        assert!(
            Verifier::new([wrong.clone()]).unwrap().verify(now, request.headers(), request.body()).is_err()
        );
        assert_eq!(
            (request.method().as_str(), &request.headers()["content-type"]),
            ("POST", &"application/json".parse().unwrap())
        );
        let body = String::from_utf8(request.body().clone()).unwrap();
        assert!(firings.contains(&body), "{body}");
        let addresses = tripline::action::CheckedAddresses::of(request).unwrap();
        assert_eq!(addresses.as_slice(), ["93.184.215.14".parse::<std::net::IpAddr>().unwrap()]);
    }
    assert_eq!(sent.iter().filter(|request| request.uri() == HOOK).count(), 1);
}

#[test]
fn the_guard_judges_the_addresses_again_before_every_attempt() {
    let mut host = Host::new();
    let made = host.request("ana", vip(1000.0, HOOK));
    host.dns.insert("hooks.contoso.example".to_owned(), Ok(vec!["10.0.0.7".parse().unwrap()]));
    host.members("vip", 998.0);
    host.members("vip", 1004.0);
    assert!(host.net.take_sent().is_empty(), "nothing goes inside");
    let shown = json(&host.request("ana", get(&location(&made))));
    let reason = shown["lastDelivery"]["reason"].as_str().unwrap();
    assert!(reason.contains("10.0.0.7 is not a public address"), "{reason}");
    // Unresolved addresses are refused too.
    host.dns.remove("hooks.contoso.example");
    host.members("vip", 998.0);
    host.members("vip", 1004.0);
    assert!(host.net.take_sent().is_empty());
}

#[test]
fn a_receiver_that_is_gone_ends_its_subscription_alone() {
    let mut host = Host::new();
    let gone = host.request("ana", vip(1000.0, "https://hooks.contoso.example/gone"));
    let stays = host.request("ana", vip(1000.0, HOOK));
    host.net.answers("/gone", 410);
    host.members("vip", 998.0);
    host.members("vip", 1004.0);
    assert_eq!(status(&host.request("ana", get(&location(&gone)))), 404);
    assert_eq!(status(&host.request("ana", get(&location(&stays)))), 200);
    assert_eq!((host.service.counts().gone(), host.service.subscriptions()), (1, 1));
    assert_eq!(host.service.pipeline().dispatcher().disabled_targets().count(), 0, "nothing is left of it");
    host.assert_whole();
    host.net.take_sent();
    host.members("vip", 998.0);
    host.members("vip", 1004.0);
    assert_eq!(host.net.take_sent().len(), 1);
    host.restart(0);
    host.assert_whole();
    assert_eq!(host.service.subscriptions(), 1);
}

#[test]
fn what_was_told_of_a_receiver_before_a_crash_is_made_good_after_it() {
    let mut host = Host::new();
    let made = host.request("ana", vip(1000.0, HOOK));
    host.net.answers("/in", 410);
    host.members("vip", 998.0);
    // The completion is written down, and the process ends before the subscription is taken out.
    host.lives = Some(2);
    let now = host.now;
    let event = tripline::event::ValueObserved::new("segment", "vip", 1004.0);
    let event = event.into_event("last", "/instances/contoso").unwrap().with_time(now);
    let _ = host.service.pipeline_mut().handle_event(now, &event).unwrap();
    assert!(host.try_drive().is_err());
    host.restart(0);
    assert_eq!((host.service.counts().gone(), host.service.subscriptions()), (1, 0));
    assert_eq!(status(&host.request("ana", get(&location(&made)))), 404);
    host.assert_whole();
}

#[test]
fn what_is_under_way_is_called_off_with_its_subscription() {
    let mut host = Host::new();
    let made = host.request("ana", vip(1000.0, HOOK));
    host.net.answers("/in", 503);
    host.members("vip", 998.0);
    host.members("vip", 1004.0);
    assert_eq!(host.net.take_sent().len(), 1);
    assert_eq!(host.service.pipeline().flows().live(), 1, "it waits for its second attempt");
    assert_eq!(status(&host.request("ana", delete(&location(&made)))), 204);
    assert!(host.service.pipeline().dispatcher().is_idle());
    host.wait(DAY);
    assert!(host.net.take_sent().is_empty());
    host.members("vip", 998.0);
    host.members("vip", 1004.0);
    assert!(host.net.take_sent().is_empty(), "and nothing fires any more");
}

#[test]
fn a_subscription_ends_thirty_days_after_the_last_delivery_or_read() {
    let limits = Limits::default().with_activity_step(std::time::Duration::ZERO);
    let mut host = Host::with(Setup { limits, ..Setup::default() });
    let idle = host.request("ana", vip(5000.0, HOOK));
    let read = host.request("ana", vip(5000.0, HOOK));
    let told = host.request("ana", vip(1000.0, HOOK));
    host.members("vip", 998.0);
    host.wait(29 * DAY);
    assert_eq!(status(&host.request("ana", get(&location(&read)))), 200);
    host.members("vip", 1004.0);
    host.wait(DAY - 1);
    assert_eq!(host.service.subscriptions(), 3);
    host.wait(1);
    assert_eq!((host.service.subscriptions(), host.service.counts().expired()), (2, 1));
    assert_eq!(status(&host.request("ana", get(&location(&idle)))), 404);
    // What was read and what was told is known over a restart.
    host.restart(0);
    host.wait(29 * DAY - 1);
    assert_eq!(host.service.subscriptions(), 2);
    // The clock of a request is enough.
    host.now += chrono::TimeDelta::seconds(1);
    assert_eq!(status(&host.request("ana", get(&location(&told)))), 404);
    assert_eq!((host.service.subscriptions(), host.service.counts().expired()), (0, 2));
    host.assert_whole();
}

#[test]
fn after_a_restart_a_subscription_may_last_as_much_longer_as_a_read_may_be_unwritten() {
    let mut host = Host::new();
    let made = host.request("ana", vip(5000.0, HOOK));
    let before = host.service.pipeline().last();
    host.wait(3_599);
    assert_eq!(status(&host.request("ana", get(&location(&made)))), 200);
    assert_eq!(host.service.pipeline().last(), before, "within the hour a read is not written down");
    host.restart(0);
    host.wait(30 * DAY);
    assert_eq!(host.service.subscriptions(), 0, "not later than now");
    let made = host.request("ana", vip(5000.0, HOOK));
    host.wait(3_600);
    let before = host.service.pipeline().last();
    assert_eq!(status(&host.request("ana", get(&location(&made)))), 200);
    assert!(host.service.pipeline().last() > before);
}

#[test]
fn a_subscription_whose_flow_somebody_took_out_goes_and_the_hosts_own_flows_do_not_touch_any() {
    let mut host = Host::new();
    let made = host.request("ana", vip(1000.0, HOOK));
    let _ = host.service.set_flows(host.now, []).unwrap();
    host.drive();
    assert_eq!(status(&host.request("ana", get(&location(&made)))), 200);
    let id = json(&made)["id"].as_str().unwrap().to_owned();
    let now = host.now;
    let _ = host.service.pipeline_mut().remove(now, &id).unwrap();
    host.drive();
    assert_eq!(status(&host.request("ana", get(&location(&made)))), 404);
    host.restart(0);
    host.assert_whole();
    assert_eq!(host.service.subscriptions(), 0);
}

#[cfg(feature = "testing")]
#[test]
fn the_action_that_tells_subscriptions_conforms() {
    use tripline::action::{CheckedAddresses, OverHttp};
    use tripline::connector::Notify;
    use tripline::testing::{CANARY, Capabilities, conformance};

    let mut host = Host::new();
    let made = host.request("ana", vip(1000.0, &format!("https://hooks.contoso.example/in?sig={CANARY}")));
    assert_eq!(status(&made), 201);
    host.members("vip", 998.0);
    host.members("vip", 1004.0);
    let firing = host.service.pipeline().firings_from(0).next().unwrap().1.clone();
    let accepted = |_: &http::Request<Vec<u8>>| {
        let mut response = http::Response::new(Vec::new());
        *response.status_mut() = http::StatusCode::ACCEPTED;
        response
    };
    let capabilities = Capabilities::new().with_debug().with_service(accepted).with_context(move |ctx| {
        let addresses = CheckedAddresses::new(["93.184.215.14".parse().unwrap()]);
        ctx.with_firing(firing.clone()).with_checked_addresses(addresses)
    });
    let callbacks = host.callbacks.clone();
    conformance(move |transport| OverHttp::new(Notify::new(callbacks.clone()), transport), capabilities)
        .assert();
}

#[test]
fn effects_that_nobody_polls_do_not_pile_up() {
    let limits = Limits::default().with_requests(3);
    let mut host = Host::with(Setup { limits, ..Setup::default() });
    for number in 0..100 {
        host.now = at(200 * number);
        let id = tripline::connector::RequestId::new(number as u64);
        host.service.handle_request(host.now, "ana", id, get("/instances")).unwrap();
        let _ = host.service.handle_timeout(host.now + chrono::TimeDelta::seconds(100)).unwrap();
        assert_eq!(status(&host.service.poll_response().unwrap().1), 504);
    }
    assert_eq!(host.service.counts().timed_out(), 100);
    assert!(host.service.poll_effect().is_none(), "nobody waits for any of them");
}

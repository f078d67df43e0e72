//! Polled triggers: nothing twice, nothing left out in silence, nobody else's.

use serde_json::json;
use tripline::connector::Limits;

use super::host::{BASE, Host, Setup, fields, get, header, json, location, status};

const POLL: &str = "/poll/segmentThresholdCrossed?instance=contoso&segment=vip&threshold=1000";

fn cross(host: &mut Host, times: usize) {
    for _ in 0..times {
        host.members("vip", 900.0);
        host.members("vip", 1100.0);
    }
}

/// The numbers of the values that an answer holds, or how many there are.
fn count(answer: &http::Response<Vec<u8>>) -> usize {
    json(answer).as_array().unwrap().len()
}

#[test]
fn the_first_poll_begins_and_the_next_ones_give_what_is_new_oldest_first() {
    let mut host = Host::with(Setup { limits: Limits::default().with_poll_page(2), ..Setup::default() });
    let first = host.request("ana", get(POLL));
    assert_eq!((status(&first), first.body().len(), header(&first, "retry-after")), (202, 0, "60"));
    assert!(header(&first, "location").starts_with(&format!("{BASE}{POLL}&triggerState=")));
    let again = host.request("ana", get(&location(&first)));
    assert_eq!((status(&again), location(&again)), (202, location(&first)), "nothing new: the same state");
    cross(&mut host, 3);
    let page = host.request("ana", get(&location(&first)));
    assert_eq!((status(&page), count(&page), header(&page, "retry-after")), (200, 2, "0"));
    let all: Vec<String> =
        host.service.pipeline().firings_from(0).map(|(_, firing)| firing.to_json()).collect();
    let told: Vec<String> = json(&page).as_array().unwrap().iter().map(ToString::to_string).collect();
    let wanted: Vec<String> = all[..2]
        .iter()
        .map(|text| serde_json::from_str::<serde_json::Value>(text).unwrap().to_string())
        .collect();
    assert_eq!(told, wanted);
    let last = host.request("ana", get(&location(&page)));
    assert_eq!((status(&last), count(&last), header(&last, "retry-after")), (200, 1, "60"));
    let end = host.request("ana", get(&location(&last)));
    assert_eq!((status(&end), location(&end)), (202, location(&last)));
    // An answer that got lost is asked for again.
    assert_eq!(count(&host.request("ana", get(&location(&page)))), 1);
    // And over a restart.
    host.restart(0);
    assert_eq!(status(&host.request("ana", get(&location(&last)))), 202);
    cross(&mut host, 1);
    assert_eq!(count(&host.request("ana", get(&location(&last)))), 1);
}

#[test]
fn a_page_has_a_bound_in_bytes_and_one_firing_at_least() {
    let mut host = Host::with(Setup { limits: Limits::default().with_poll_bytes(1), ..Setup::default() });
    let first = host.request("ana", get(POLL));
    cross(&mut host, 2);
    let page = host.request("ana", get(&location(&first)));
    assert_eq!((count(&page), header(&page, "retry-after")), (1, "0"));
}

#[test]
fn one_that_comes_too_late_gets_the_oldest_that_is_kept_and_the_number_missed() {
    let pipeline = tripline::pipeline::Limits::default().with_firings(3);
    let mut host = Host::with(Setup { pipeline, ..Setup::default() });
    let first = host.request("ana", get(POLL));
    let other = host.request("bo", get("/poll/segmentThresholdCrossed?instance=*&segment=gold&threshold=5"));
    cross(&mut host, 5);
    for _ in 0..2 {
        let page = host.request("ana", get(&location(&first)));
        assert_eq!((status(&page), count(&page), header(&page, "tripline-missed")), (200, 3, "2"));
        host.restart(0);
    }
    // What others fired is no number of ours.
    for (segment, members) in [("gold", 1.0), ("gold", 9.0)] {
        host.members(segment, members);
    }
    cross(&mut host, 3);
    let page = host.request("bo", get(&location(&other)));
    assert_eq!((status(&page), count(&page), header(&page, "tripline-missed")), (200, 0, "1"));
    assert_eq!(status(&host.request("bo", get(&location(&page)))), 202);
    assert_eq!(host.service.counts().missed(), 1, "since the restart");
}

#[test]
fn a_state_that_was_not_made_for_this_principal_and_this_trigger_is_400() {
    let mut host = Host::new();
    let first = location(&host.request("ana", get(POLL)));
    host.request("bo", get(POLL));
    let state = first.rsplit_once("triggerState=").unwrap().1.to_owned();
    let parts: Vec<&str> = state.split('.').collect();
    let forged = |parts: [&str; 3]| format!("{POLL}&triggerState={}", parts.join("."));
    let flipped = if parts[2].starts_with('A') { "B" } else { "A" }.to_owned() + &parts[2][1..];
    for (principal, path) in [
        ("bo", first.clone()),
        ("ana", first.replace("threshold=1000", "threshold=1001")),
        ("ana", first.replace("segment=vip", "segment=gold")),
        ("ana", forged([parts[0], "1", parts[2]])),
        ("ana", forged([parts[0], "00", parts[2]])),
        ("ana", forged([parts[0], "+0", parts[2]])),
        ("ana", forged([parts[0], parts[1], &flipped])),
        ("ana", forged([parts[0], parts[1], &parts[2][..21]])),
        ("ana", forged(["x", parts[1], parts[2]])),
        ("ana", format!("{POLL}&triggerState=x")),
        ("ana", format!("{POLL}&triggerState={state}.x")),
        ("ana", format!("{POLL}&triggerState=..")),
    ] {
        let answer = host.request(principal, get(&path));
        assert_eq!(
            (status(&answer), fields(&answer)),
            (400, vec!["triggerState".to_owned()]),
            "{principal} {path}"
        );
    }
    assert_eq!((host.service.counts().forged(), host.service.subscriptions()), (12, 2));
    // The fields may come in another spelling.
    let moved = first.replace("instance=contoso&segment=vip", "segment=%76ip&instance=contoso");
    assert_eq!(status(&host.request("ana", get(&moved))), 202);
    // After a change of the host's key states are no longer its own.
    host.setup.key = [8; 32];
    host.restart(0);
    assert_eq!(status(&host.request("ana", get(&first))), 400);
    let begun = host.request("ana", get(POLL));
    assert_eq!((status(&begun), host.service.subscriptions()), (202, 2), "the same trigger goes on");
}

#[test]
fn faulty_fields_of_a_poll_are_named() {
    let mut host = Host::new();
    let answer = host.request("ana", get("/poll/segmentThresholdCrossed?segment=&threshold=x&zoom=1"));
    assert_eq!(
        (status(&answer), fields(&answer)),
        (400, ["instance", "segment", "threshold", "zoom"].map(str::to_owned).to_vec())
    );
    assert_eq!(status(&host.request("ana", get("/poll/segmentThresholdCrossed"))), 400);
}

#[test]
fn pollers_of_one_principal_share_a_trigger_and_each_has_its_own_place() {
    let mut host = Host::new();
    let one = host.request("ana", get(POLL));
    cross(&mut host, 1);
    let other = host.request("ana", get(POLL));
    assert_eq!(host.service.subscriptions(), 1);
    cross(&mut host, 1);
    assert_eq!(count(&host.request("ana", get(&location(&one)))), 2);
    assert_eq!(count(&host.request("ana", get(&location(&other)))), 1, "from when it began");
}

#[test]
fn a_polled_trigger_ends_thirty_days_after_its_last_poll_and_begins_anew_when_it_is_polled_again() {
    let limits = Limits::default().with_activity_step(std::time::Duration::ZERO).with_per_principal(1);
    let mut host = Host::with(Setup { limits, ..Setup::default() });
    let first = host.request("ana", get(POLL));
    host.wait(29 * 86_400);
    assert_eq!(status(&host.request("ana", get(&location(&first)))), 202);
    host.wait(30 * 86_400 - 1);
    assert_eq!(host.service.subscriptions(), 1);
    host.wait(1);
    assert_eq!((host.service.subscriptions(), host.service.counts().expired()), (0, 1));
    cross(&mut host, 1);
    let begun = host.request("ana", get(&location(&first)));
    assert_eq!((status(&begun), host.service.subscriptions()), (202, 1));
    assert_ne!(location(&begun), location(&first));
    cross(&mut host, 1);
    assert_eq!(count(&host.request("ana", get(&location(&begun)))), 1);
    // The state from before is not this trigger's: it begins where that is now.
    let old = host.request("ana", get(&location(&first)));
    assert_eq!(status(&old), 202);
    host.assert_whole();
}

#[test]
fn a_firing_is_told_once_it_is_written_down_and_not_before() {
    let mut host = Host::new();
    let first = host.request("ana", get(POLL));
    host.members("vip", 900.0);
    let now = host.now;
    let event =
        tripline::event::ValueObserved::new("segment", "vip", 1100.0).into_event("x", "/instances/contoso");
    let _ = host.service.pipeline_mut().handle_event(now, &event.unwrap().with_time(now)).unwrap();
    let id = tripline::connector::RequestId::new(77);
    host.service.handle_request(now, "ana", id, get(&location(&first))).unwrap();
    assert!(host.service.poll_response().is_none(), "a crash could still undo it");
    host.drive();
    let (_, page) = host.service.poll_response().unwrap();
    assert_eq!((count(&page), json(&page)[0]["value"].clone()), (1, json!(1100)));
}

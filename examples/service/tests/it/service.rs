//! How it starts, what it answers, and how it stops.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use notify::Client;
use serde_json::Value;
use tripline::event::http::Content;
use tripline::event::{Event, ValueObserved};

use crate::child::{SIGNING_SECRET, Service, command, folder};
use crate::feeder::{get, post};
use crate::receiver::{Answer, Receiver};

const FLOWS: &str = r#"[{"id": "vip-1000",
    "trigger": {"type": "segmentThresholdCrossed", "segment": "vip", "above": 1000, "rearm": 950},
    "steps": [{"name": "tell", "action": "postWebhook", "connection": "board"}]}]"#;

/// Goes up and down: every second one fires, from the first on.
fn observed(number: u64) -> Event<'static> {
    let members = if number.is_multiple_of(2) { 900.0 } else { 1_100.0 };
    ValueObserved::new("segment", "vip", members).into_event(format!("e-{number}"), "/s").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_finishes_what_is_under_way_and_needs_no_replay() {
    let folder = folder("stop");
    let receiver = Receiver::start(|_| Answer::TakeSlowly);
    let mut command = command(&folder, FLOWS, receiver.address);
    command.args(["--listen", "127.0.0.1:0"]);
    let mut service = Service::start(&mut command);
    let (at, client) = (service.address(), Client::new().unwrap());
    let events: Vec<_> = (0..40).map(observed).collect();
    assert_eq!(post(&client, at, &Content::batch(&events)).await.unwrap().status(), 202);
    let (ended, said) = service.terminate();
    assert!(ended.success(), "{said:?}");
    let last = said.last().unwrap();
    assert!(last.starts_with("events 40, firings 20, delivered 20, pending 0, dead 0"), "{last}");

    let mut service = Service::start(&mut command);
    let found = service.wait_for("found ");
    assert!(found.starts_with("0 batches after the snapshot at "), "{found}");
    assert!(found.ends_with("; 0 attempts were under way"), "{found}");
    service.address();
    let (ended, said) = service.terminate();
    assert!(ended.success(), "{said:?}");
    let received = receiver.received.lock().unwrap();
    assert_eq!((received.by_id.len(), received.repeats(), received.faults.len()), (20, 0, 0));
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_grace_time_is_too_short_for_is_delivered_after_the_next_start() {
    let folder = folder("grace");
    let receiver = Receiver::start(|_| Answer::TakeSlowly);
    let mut command = command(&folder, FLOWS, receiver.address);
    command.args(["--listen", "127.0.0.1:0", "--grace", "0", "--concurrency", "1"]);
    let mut service = Service::start(&mut command);
    let (at, client) = (service.address(), Client::new().unwrap());
    let events: Vec<_> = (0..20).map(observed).collect();
    assert_eq!(post(&client, at, &Content::batch(&events)).await.unwrap().status(), 202);
    let (ended, said) = service.terminate();
    assert!(ended.success(), "{said:?}");
    assert!(!said.last().unwrap().contains("pending 0"), "{said:?}");

    let mut service = Service::start(&mut command);
    let found = service.wait_for("found ");
    assert!(found.starts_with("0 batches") && found.ends_with("; 1 attempts were under way"), "{found}");
    service.wait_for("events 20, firings 10, delivered 10, pending 0, dead 0");
    drop(service);
    let received = receiver.received.lock().unwrap();
    assert_eq!((received.by_id.len(), received.faults.len()), (10, 0));
    assert!(received.repeats() <= 1, "{}", received.repeats());
    drop(received);
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_taken_over_http_in_every_mode_and_can_be_asked_about() {
    let folder = folder("http");
    let receiver = Receiver::start(|_| Answer::Take);
    let mut service =
        Service::start(command(&folder, FLOWS, receiver.address).args(["--listen", "127.0.0.1:0"]));
    let (at, client) = (service.address(), Client::new().unwrap());
    let told = async |content: Content| -> (u16, Value) {
        let response = post(&client, at, &content).await.unwrap();
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
    };
    assert_eq!(told(Content::binary(&observed(0)).unwrap()).await.0, 202);
    let (status, answer) = told(Content::structured(&observed(1))).await;
    assert_eq!((status, answer["firings"].as_array().unwrap().len()), (202, 1), "{answer}");
    let (status, again) = told(Content::batch(&[observed(1), observed(2)])).await;
    assert_eq!((status, &again["taken"], &again["duplicates"]), (202, &2.into(), &1.into()), "{again}");

    let bad = Event::new("b", "/s", "tripline.value.observed").unwrap();
    let (status, answer) = told(Content::structured(&bad)).await;
    assert_eq!(status, 400, "{answer}");
    let (status, answer) = told(Content::batch(&[bad, observed(3)])).await;
    assert_eq!((status, &answer["refused"][0]["place"]), (202, &0.into()), "{answer}");

    service.wait_for("events 6, firings 2, delivered 2, pending 0, dead 0");
    let firing = answer["firings"][0].as_str().unwrap();
    let (status, why) = get(&client, at, &format!("/why/{firing}")).await;
    assert!(status == 200 && why.contains("\"vip-1000\" succeeded"), "{status} {why}");
    assert_eq!(get(&client, at, "/why/no-such").await.0, 404);
    let (_, status) = get(&client, at, "/status").await;
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!((&status["counts"]["firings"], &status["delivered"]), (&2.into(), &2.into()), "{status}");
    drop(service);
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_on_no_surface_and_in_no_file() {
    const CANARY: &str = "CANARY-7f3a";
    let folder = folder("canary");
    let receiver = Receiver::start(|number| if number % 3 == 0 { Answer::Take } else { Answer::Refuse });
    let mut command = command(&folder, FLOWS, receiver.address);
    command.env("BOARD_URL", format!("http://{}/in?sig={CANARY}", receiver.address));
    let mut service = Service::start(command.args(["--listen", "127.0.0.1:0"]));
    let (at, client) = (service.address(), Client::new().unwrap());
    let events: Vec<_> = (0..20).map(observed).collect();
    let answer = post(&client, at, &Content::batch(&events)).await.unwrap();
    let mut seen = String::from_utf8(answer.into_body()).unwrap();
    service.wait_for("events 20, firings 10, delivered");
    let answer: Value = serde_json::from_str(&seen).unwrap();
    for firing in answer["firings"].as_array().unwrap() {
        seen.push_str(&get(&client, at, &format!("/why/{}", firing.as_str().unwrap())).await.1);
    }
    seen.push_str(&get(&client, at, "/status").await.1);
    let (_, said) = service.terminate();
    seen.push_str(&said.join("\n"));
    let mut files = 0;
    for file in fs::read_dir(folder.join("journal")).unwrap() {
        seen.push_str(&String::from_utf8_lossy(&fs::read(file.unwrap().path()).unwrap()));
        files += 1;
    }
    assert!(files > 1 && seen.contains("tell"), "{files} files");
    for secret in [CANARY, SIGNING_SECRET.trim_start_matches("whsec_")] {
        assert!(!seen.contains(secret), "{secret}");
    }
    assert!(receiver.received.lock().unwrap().by_id.len() > 1, "it arrived, by the URL that is secret");
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_refused_for_a_while_where_too_much_waits() {
    let folder = folder("full");
    let receiver = Receiver::start(|_| Answer::Refuse);
    let mut command = command(&folder, FLOWS, receiver.address);
    let mut service = Service::start(command.args(["--listen", "127.0.0.1:0", "--runs", "2"]));
    let (at, client) = (service.address(), Client::new().unwrap());
    let mut answers = Vec::new();
    for number in 0..6 {
        let response = post(&client, at, &Content::structured(&observed(number))).await.unwrap();
        let later = response.headers().get("retry-after").map(|after| after.to_str().unwrap().to_owned());
        answers.push((response.status().as_u16(), later));
    }
    let (taken, refused) = ((202, None), (429, Some("1".to_owned())));
    assert_eq!(answers, [&taken, &taken, &taken, &taken, &refused, &refused].map(Clone::clone));
    // As full as it is, it can be started anew.
    drop(service);
    let mut service = Service::start(&mut command);
    service.address();
    drop(service);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn lines_on_stdin_are_delivered_before_it_ends() {
    let folder = folder("stdin");
    let receiver = Receiver::start(|_| Answer::Take);
    let mut child = command(&folder, FLOWS, receiver.address).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for number in 0..10 {
        writeln!(stdin, "{}", observed(number).to_json()).unwrap();
    }
    writeln!(stdin, "no event").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "a line was refused: {said}");
    assert!(said.contains("\n11:1: "), "{said}");
    assert!(said.contains("events 10, firings 5, delivered 5, pending 0, dead 0"), "{said}");
    assert_eq!(receiver.received.lock().unwrap().by_id.len(), 5);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn every_fault_of_the_flows_and_every_missing_secret_is_told() {
    let folder = folder("faults");
    let nobody = "127.0.0.1:9".parse().unwrap();
    let faulty = r#"[{"id": "a", "trigger": {"type": "unificationCompleted"},
        "steps": [{"name": "tell", "action": "postWebhok"}, {"name": "more", "action": "postWebhook", "runAfter": {"tel": ["failed"]}}]},
        {"id": "b", "trigger": {"type": "noSuch"}, "steps": []}]"#;
    let output = command(&folder, faulty, nobody).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for path in ["[0].steps[0].action", "[0].steps[1].runAfter.tel", "[1].trigger", "[1].steps"] {
        assert!(said.lines().any(|line| line.contains(&format!("flows.json: {path}"))), "{path}: {said}");
    }

    let output =
        command(&folder, FLOWS, nobody).env_remove("BOARD_URL").env("BOARD_SIGNING_SECRET", "").output();
    let output = output.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("BOARD_SIGNING_SECRET is not") && said.contains("BOARD_URL is not"), "{said}");
    assert!(!folder.join("journal").exists(), "nothing was begun");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_second_service_on_the_same_journal_is_refused() {
    let folder = folder("locked");
    let nobody = "127.0.0.1:9".parse().unwrap();
    let mut command = command(&folder, FLOWS, nobody);
    let mut first = Service::start(command.args(["--listen", "127.0.0.1:0"]));
    first.address();
    let second = command.output().unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("open elsewhere"), "{said}");
    let (ended, said) = first.terminate();
    assert!(ended.success(), "{said:?}");
    fs::remove_dir_all(folder).unwrap();
}

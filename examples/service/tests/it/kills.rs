//! Killed at random moments, and started again: nothing is missing, and no more is repeated than must be.

use std::collections::BTreeMap;
use std::env;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::Utc;
use notify::Client;
use serde_json::Value;
use tripline::engine::Engine;
use tripline::event::Event;
use tripline::flow::Flow;

use crate::child::{Service, command, folder};
use crate::feeder::{Dice, Feeder, get};
use crate::receiver::{Answer, Receiver};

const FLOWS: &str = r#"[{"id": "vip-1000",
    "trigger": {"type": "segmentThresholdCrossed", "segment": "vip", "above": 1000, "rearm": 950},
    "steps": [
        {"name": "tell", "action": "postWebhook", "connection": "board",
         "retry": {"type": "fixed", "count": 90, "interval": "PT5S"}},
        {"name": "again", "action": "postWebhook", "connection": "board",
         "retry": {"type": "fixed", "count": 90, "interval": "PT5S"}}]}]"#;

/// How many sources there are, each with a feeder of its own.
const SOURCES: u64 = 4;

#[tokio::test(flavor = "multi_thread")]
async fn killed_two_hundred_times_it_delivers_everything_and_repeats_one_attempt_a_kill_at_most() {
    let kills = env::var("TRIPLINE_KILLS").map_or(200, |kills| kills.parse().unwrap());
    run("kills", kills, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_many_attempts_at_once_it_repeats_those_at_most() {
    run("kills-at-once", 20, 8).await;
}

async fn run(name: &str, kills: usize, concurrency: usize) {
    let folder = folder(name);
    let receiver = Receiver::start(|number| match Dice::new(number).below(100) {
        0..3 => Answer::TakeAndSayNothing,
        3..5 => Answer::TakeSlowly,
        5..6 => Answer::Refuse,
        _ => Answer::Take,
    });
    let mut command = command(&folder, FLOWS, receiver.address);
    let concurrent = concurrency.to_string();
    command.args(["--listen", "127.0.0.1:0", "--concurrency", &concurrent]);
    // So often that kills meet snapshots, new files and the removal of old ones, too.
    command.args(["--checkpoint", "50", "--segment", "65536"]);

    let (address, is_over) = (Arc::new(Mutex::new(None)), Arc::new(AtomicBool::new(false)));
    let feeders: Vec<_> = (0..SOURCES)
        .map(|number| {
            let (address, is_over) = (Arc::clone(&address), Arc::clone(&is_over));
            tokio::spawn(async move {
                let mut feeder = Feeder::new(number);
                while !is_over.load(Ordering::Relaxed) {
                    feeder.feed(&address).await;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                feeder
            })
        })
        .collect();

    let seed = u64::try_from(Utc::now().timestamp_millis()).unwrap();
    println!("seed {seed}");
    let (mut dice, mut cut_off) = (Dice::new(seed), 0);
    for _ in 0..kills {
        let mut service = Service::start(&mut command);
        // One in five does not even get to listen.
        let is_early = dice.below(5) == 0;
        if !is_early {
            *address.lock().unwrap() = Some(tokio::task::block_in_place(|| service.address()));
        }
        tokio::time::sleep(Duration::from_millis(dice.below(if is_early { 40 } else { 250 }))).await;
        let said = service.kill();
        *address.lock().unwrap() = None;
        if !is_early {
            assert!(said[0].starts_with("found "), "{said:?}");
            cut_off += usize::from(!said[0].contains("; 0 attempts were under way"));
        }
        assert!(said.iter().all(|line| is_expected(line)), "{said:?}");
    }

    let mut service = Service::start(&mut command);
    let at = service.address();
    *address.lock().unwrap() = Some(at);
    is_over.store(true, Ordering::Relaxed);
    let (mut events, mut resent) = (Vec::new(), 0);
    for feeder in feeders {
        let feeder = feeder.await.unwrap();
        events.extend(feeder.acknowledged);
        resent += feeder.resent;
    }
    let client = Client::new().unwrap();
    let mut status = Value::Null;
    for _ in 0..600 {
        status = serde_json::from_str(&get(&client, at, "/status").await.1).unwrap();
        if status["pending"] == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!((&status["pending"], &status["dead"]), (&0.into(), &0.into()), "{status}");
    let (ended, said) = service.terminate();
    assert!(ended.success(), "{said:?}");

    let received = receiver.received.lock().unwrap();
    let expected = expected(&events);
    println!(
        "{kills} kills ({cut_off} cut attempts off), {} events ({resent} calls made again), {} deliveries, {} lost replies, \
         {} repeats",
        events.len(),
        expected.len(),
        received.lost_replies,
        received.repeats()
    );
    assert!(received.faults.is_empty(), "{:?}", received.faults);
    assert_eq!(status["counts"]["firings"], expected.len() / 2, "{status}");
    assert!(expected.keys().eq(received.by_id.keys()), "missing or invented: {:?}", {
        let is_odd = |id: &&String| expected.contains_key(*id) != received.by_id.contains_key(*id);
        expected.keys().chain(received.by_id.keys()).filter(is_odd).collect::<Vec<_>>()
    });
    for (id, data) in &expected {
        let body: Value = serde_json::from_slice(&received.by_id[id].0).unwrap();
        assert_eq!(&body["data"], data, "{id}");
    }
    assert!(expected.len() > kills, "too little has happened: {}", expected.len());
    assert!(
        received.repeats() <= kills * concurrency + received.lost_replies,
        "{} repeats, {kills} kills and {} lost replies",
        received.repeats(),
        received.lost_replies
    );
    drop(received);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Every delivery by its id with what it carries, from the engine alone, over all events in one go.
fn expected(events: &[Event<'static>]) -> BTreeMap<String, Value> {
    let mut engine = Engine::new();
    let mut expected = BTreeMap::new();
    for flow in Flow::list_from_json(FLOWS).unwrap() {
        engine.add(Utc::now(), flow.trigger().clone()).unwrap();
    }
    for event in events {
        let _ = engine.handle_event(Utc::now(), event).unwrap();
        while let Some(firing) = engine.poll_firing() {
            let data: Value = serde_json::from_str(&firing.to_json()).unwrap();
            for step in ["tell", "again"] {
                expected.insert(format!("{}_1_{step}", firing.id()), data.clone());
            }
        }
    }
    expected
}

/// What a service says whose journal is whole. What a kill leaves of a write is no loss.
fn is_expected(line: &str) -> bool {
    let is_known = ["found ", "listening on ", "events "].iter().any(|known| line.starts_with(known));
    is_known && !line.contains("LOST") && !line.contains("damaged")
}

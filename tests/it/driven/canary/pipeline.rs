//! The same secret through flows and a journal.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tripline::action::RetryPolicy;
use tripline::dispatch::Prepare;
use tripline::event::ValueObserved;
use tripline::flow::{Flow, RunStatus, Step};
use tripline::journal::{Journal, Lsn, MemoryJournal, MemorySnapshots};
use tripline::pipeline::{Pipeline, recover};
use tripline::testing::{ScriptedTransport, World};
use tripline::{Trigger, threshold::Threshold};

use super::{Vault, assert_unseen, has_the_secret, input, of_letter, parrot, registry};

fn flow(action: &str) -> Flow {
    let trigger =
        Trigger::segment_threshold_crossed(action, "vip", Threshold::above(1000.0)).build().unwrap();
    let mut step = Step::new("tell", action)
        .with_retry(RetryPolicy::fixed(2, TimeDelta::seconds(5).to_std().unwrap()).build().unwrap());
    for (field, value) in input(action).as_object().unwrap() {
        step = step.with_input(field, value.clone());
    }
    Flow::builder(trigger).with_step(step).build().unwrap()
}

/// All that a host may show of it.
fn surfaces(pipeline: &Pipeline) -> String {
    let mut seen = format!("{pipeline:?} {:?} {:?}", pipeline.counts(), pipeline.flows().counts());
    seen.push_str(&String::from_utf8_lossy(&pipeline.snapshot()));
    for flow in pipeline.flows().flows() {
        seen.push_str(&format!("{flow:?} {} {}", flow.to_json(), flow.to_mermaid()));
    }
    for run in pipeline.flows().runs() {
        seen.push_str(&format!("{run:?}"));
        seen.push_str(&pipeline.why(run.firing().id().as_str()).unwrap());
        let delivery = format!("{}_{}_tell", run.firing().id(), run.number());
        seen.extend(pipeline.dispatcher().explain(&delivery));
    }
    pipeline.dispatcher().dead_letters().for_each(|letter| seen.push_str(&of_letter(letter)));
    seen
}

#[test]
fn a_secret_is_in_no_record_of_a_flow_and_in_no_batch_of_the_journal() {
    let world = World::new(23);
    let number = Mutex::new(0);
    let transport = ScriptedTransport::new(&world, move |request| parrot(&number, request));
    let registry = registry(&transport);
    let vault = Vault { shown: std::sync::Arc::default() };
    let (mut journal, mut snapshots) = (MemoryJournal::new(), MemorySnapshots::new());
    let start: DateTime<Utc> = world.now();
    let builder = || Pipeline::builder(registry.clone());
    let (mut pipeline, _) = recover(builder(), start, &journal, &mut snapshots).unwrap();
    pipeline.set_flows(start, registry.names().map(flow)).unwrap();

    let mut seen = String::new();
    for number in 0..40 {
        for action in registry.names() {
            // One that was off because its service had said 410.
            let _ = pipeline.enable_target(world.now(), action);
        }
        let value = if number % 2 == 0 { 900.0 } else { 1_100.0 };
        let event = ValueObserved::new("segment", "vip", value).into_event(number.to_string(), "/s").unwrap();
        let receipt = pipeline.handle_event(world.now(), &event).unwrap();
        seen.push_str(&format!("{receipt:?}"));
        for _ in 0..40 {
            while let Some(persist) = pipeline.poll_persist() {
                seen.push_str(&format!("{persist:?}"));
                persist.append_to(&mut journal).unwrap();
            }
            pipeline.persisted(journal.sync().unwrap());
            let Some(work) = pipeline.poll_send() else {
                let Some(at) = pipeline.poll_timeout() else { break };
                world.block_on(world.sleep_until(at));
                let _ = pipeline.handle_timeout(world.now()).unwrap();
                continue;
            };
            let lease = work.lease();
            let result: Result<Value, _> =
                world.block_on(async { vault.prepare(work).await?.run(&registry).await });
            seen.push_str(&format!("{:?}", result.as_ref().err()));
            let _ = pipeline.complete(world.now(), lease, result).unwrap();
        }
    }
    let statuses = |wanted| pipeline.flows().runs().filter(|run| run.status() == wanted).count();
    assert!(statuses(RunStatus::Succeeded) > 5 && statuses(RunStatus::Failed) > 20, "both ways are seen");
    seen.push_str(&surfaces(&pipeline));
    for entry in journal.read(Lsn::FIRST).unwrap() {
        for record in entry.unwrap().batch().records() {
            seen.push_str(&String::from_utf8_lossy(record));
        }
    }
    let (after, recovery) = recover(builder(), world.now(), &journal.reopen(), &mut snapshots).unwrap();
    seen.push_str(&format!("{recovery:?}"));
    seen.push_str(&surfaces(&after));
    seen.push_str(&vault.shown.lock().unwrap());
    let sent = transport.sent();
    let arrived = sent.iter().filter(|sent| has_the_secret(sent)).count();
    assert!(arrived > 50, "it went where it belongs {arrived} times");
    assert!(seen.len() > 500_000, "{} bytes were looked at", seen.len());
    assert_unseen(&seen);
}

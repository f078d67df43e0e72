//! The pipeline over its journal: what is written down, what comes back, and what is refused.

mod golden;
mod kept;
mod recovery;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tripline::action::{ActionError, Effect, Field, Metadata, Registry, RetryPolicy, action_fn};
use tripline::dispatch::{Dispatcher, Work};
use tripline::event::{Event, ValueObserved};
use tripline::flow::{Flow, Step};
use tripline::journal::{Journal, MemoryJournal, MemorySnapshots};
use tripline::pipeline::{Limits, Pipeline, PipelineBuilder, recover};
use tripline::threshold::Threshold;
use tripline::{ErrorKind, Trigger};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_330_400, 0).unwrap() + TimeDelta::seconds(second)
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    for (name, effect) in [("postNote", Effect::Guarded), ("callBell", Effect::Unsafe)] {
        let metadata =
            Metadata::new(name).with_effect(effect).with_input(Field::string("text").with_required(true));
        registry.add(action_fn(metadata, |_, _: Value| async { Ok(()) })).unwrap();
    }
    registry
}

fn builder() -> PipelineBuilder {
    Pipeline::builder(registry())
}

fn vip(step: Step) -> Flow {
    let trigger = Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0));
    Flow::builder(trigger.build().unwrap()).with_step(step).build().unwrap()
}

fn tell() -> Step {
    Step::new("tell", "postNote")
        .with_input("text", "VIPs: {{ trigger.value }}")
        .with_retry(RetryPolicy::none())
}

fn members(id: &str, second: i64, members: f64) -> Event<'static> {
    ValueObserved::new("segment", "vip", members)
        .into_event(id.to_owned(), "/s")
        .unwrap()
        .with_time(at(second))
}

/// Writes all down, and gives what may be sent then.
fn persist(pipeline: &mut Pipeline, journal: &mut MemoryJournal) -> Vec<Work> {
    while let Some(persist) = pipeline.poll_persist() {
        persist.append_to(journal).unwrap();
    }
    pipeline.persisted(journal.sync().unwrap());
    std::iter::from_fn(|| pipeline.poll_send()).collect()
}

/// A pipeline with the flow `vip`, whose first crossing is to be told.
fn crossed(step: Step) -> (Pipeline, MemoryJournal, MemorySnapshots) {
    let (mut journal, mut snapshots) = (MemoryJournal::new(), MemorySnapshots::new());
    let (mut pipeline, recovery) = recover(builder(), at(0), &journal, &mut snapshots).unwrap();
    assert!(recovery.is_fresh());
    pipeline.set_flows(at(0), [vip(step)]).unwrap();
    let events = [members("1", 1, 998.0), members("2", 2, 1004.0)];
    assert_eq!(pipeline.handle_events(at(2), &events).unwrap().firings().len(), 1);
    assert!(pipeline.poll_send().is_none(), "nothing is safe yet");
    while let Some(persist) = pipeline.poll_persist() {
        persist.append_to(&mut journal).unwrap();
    }
    assert!(pipeline.poll_send().is_none(), "it is appended, but not on the disk");
    pipeline.persisted(journal.sync().unwrap());
    (pipeline, journal, snapshots)
}

#[test]
fn a_refused_event_leaves_no_batch() {
    let mut pipeline = builder().build().unwrap();
    let far = members("1", 10 * 86_400, 1.0);
    assert_eq!(pipeline.handle_event(at(0), &far).unwrap_err().kind(), ErrorKind::Skew);
    assert!(pipeline.poll_persist().is_none() && pipeline.last().get() == 0);
    let many: Vec<Event<'_>> = (0..3).map(|n| members(&n.to_string(), n, 1.0)).collect();
    let mut narrow = builder().with_limits(Limits::default().with_events(2)).build().unwrap();
    let error = narrow.handle_events(at(0), &many).unwrap_err();
    assert_eq!(error.to_string(), "3 events at once, the limit is 2");
    assert_eq!(narrow.counts().refused(), 1);
}

#[test]
fn what_is_not_written_down_holds_events_back_and_not_completions() {
    let limits = Limits::default().with_unsafe_bytes(1);
    let mut pipeline = builder().with_limits(limits).build().unwrap();
    let mut journal = MemoryJournal::new();
    pipeline.set_flows(at(0), [vip(tell())]).unwrap();
    assert!(pipeline.is_full(), "one input may go over the bound");
    let error = pipeline.handle_event(at(1), &members("1", 1, 998.0)).unwrap_err();
    assert!(error.is_full() && error.to_string().ends_with("the limit is 1"), "{error}");
    persist(&mut pipeline, &mut journal);
    for (id, value) in [("1", 998.0), ("2", 1004.0)] {
        let _ = pipeline.handle_event(at(2), &members(id, 2, value)).unwrap();
        assert!(pipeline.is_full());
        if id == "1" {
            persist(&mut pipeline, &mut journal);
        }
    }
    let work = persist(&mut pipeline, &mut journal).pop().unwrap();
    let _ = pipeline.handle_event(at(3), &members("3", 3, 1005.0)).unwrap();
    assert!(pipeline.is_full());
    let _ = pipeline.complete(at(4), work.lease(), Ok(json!({}))).unwrap();
    assert!(pipeline.dispatcher().is_idle());
}

#[test]
fn while_too_many_deliveries_wait_the_engines_clock_stands_still_and_deliveries_go_on() {
    let limits = tripline::dispatch::Limits::default().with_deliveries(1);
    let builder = builder().with_dispatcher(Dispatcher::builder().with_limits(limits));
    let (mut pipeline, mut journal) = (builder.build().unwrap(), MemoryJournal::new());
    let held = Trigger::segment_threshold_crossed(
        "held",
        "vip",
        Threshold::above(2000.0).with_hold(std::time::Duration::from_secs(60)),
    );
    let held = Flow::builder(held.build().unwrap()).with_step(tell()).build().unwrap();
    pipeline.set_flows(at(0), [vip(tell()), held]).unwrap();
    let events = [members("1", 1, 998.0), members("2", 2, 3000.0)];
    let _ = pipeline.handle_events(at(2), &events).unwrap();
    assert!(pipeline.is_full() && pipeline.handle_event(at(3), &members("3", 3, 1.0)).unwrap_err().is_full());
    let work = persist(&mut pipeline, &mut journal).pop().unwrap();
    assert_eq!(pipeline.poll_timeout(), Some(work.deadline()), "not the hold's, which is due later anyway");
    let _ = pipeline.complete(at(70), work.lease(), Ok(json!({}))).unwrap();
    assert!(!pipeline.is_full());
    assert_eq!(pipeline.poll_timeout(), Some(at(62)), "the hold is due, and nothing has moved it");
    assert_eq!(pipeline.handle_timeout(at(71)).unwrap().firings()[0].due_at(), Some(at(62)));
}

#[test]
fn a_delivery_that_the_dispatcher_does_not_take_fails_its_step() {
    let limits = tripline::dispatch::Limits::default().with_input_bytes(30);
    let builder = builder().with_dispatcher(Dispatcher::builder().with_limits(limits));
    let mut pipeline = builder.build().unwrap();
    let large = Step::new("tell", "postNote").with_input("text", "x".repeat(40));
    let after = tell().with_run_after("tell", [tripline::flow::StepOutcome::Failed]);
    let after = Step::new("complain", after.action())
        .with_input("text", "short")
        .with_run_after("tell", [tripline::flow::StepOutcome::Failed]);
    let trigger = Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0));
    let flow = Flow::builder(trigger.build().unwrap()).with_step(large).with_step(after).build().unwrap();
    pipeline.set_flows(at(0), [flow]).unwrap();
    let events = [members("1", 1, 998.0), members("2", 2, 1004.0)];
    let receipt = pipeline.handle_events(at(2), &events).unwrap();
    assert_eq!(pipeline.counts().refused_deliveries(), 1);
    assert_eq!((pipeline.counts().deliveries(), pipeline.dispatcher().pending()), (2, 1));
    let why = pipeline.why(receipt.firings()[0].id().as_str()).unwrap();
    assert!(why.contains("tell failed") && why.contains("complain runs"), "{why}");
}

#[test]
fn flows_are_brought_in_line_with_a_list() {
    let (mut pipeline, mut journal, _) = crossed(tell());
    let work = persist(&mut pipeline, &mut journal).pop().unwrap();
    let other = Trigger::unification_completed("u").build().unwrap();
    let other = Flow::builder(other).with_step(tell().with_input("text", "done")).build().unwrap();
    let changed = vip(tell().with_input("text", "more than 1,000"));
    let changes = pipeline.set_flows(at(3), [changed.clone(), other.clone()]).unwrap();
    assert_eq!((changes.added(), changes.replaced()), (&["u".to_owned()][..], &["vip".to_owned()][..]));
    assert_eq!(pipeline.set_flows(at(3), [changed.clone(), other]).unwrap(), Default::default());
    let twice = pipeline.set_flows(at(3), [changed.clone(), changed]).unwrap_err();
    assert_eq!(twice.to_string(), "there are two flows \"vip\"");
    let unknown = vip(Step::new("tell", "sendPigeon"));
    let error = pipeline.set_flows(at(3), [unknown]).unwrap_err();
    assert!(error.to_string().contains("sendPigeon"), "{error}");
    assert_eq!(pipeline.flows().flows().count(), 2, "all are looked at before anything changes");
    assert_eq!(pipeline.set_flows(at(4), []).unwrap().removed().len(), 2);
    // What has begun goes on as it was.
    let _ = pipeline.complete(at(5), work.lease(), Ok(json!({}))).unwrap();
    assert_eq!(pipeline.flows().counts().succeeded(), 1);
}

#[test]
fn the_last_firings_are_kept_with_their_numbers() {
    let limits = Limits::default().with_firings(2);
    let mut pipeline = builder().with_limits(limits).without_journal().build().unwrap();
    pipeline.set_flows(at(0), [vip(tell())]).unwrap();
    for second in 0..10_i32 {
        let value = if second % 2 == 0 { 900.0 } else { 1100.0 };
        let event = members(&second.to_string(), second.into(), value);
        let _ = pipeline.handle_event(at(second.into()), &event).unwrap();
    }
    let numbers = |from| pipeline.firings_from(from).map(|(number, _)| number).collect::<Vec<_>>();
    assert_eq!((numbers(0), numbers(4), numbers(5)), (vec![3, 4], vec![4], vec![]));
    assert!(pipeline.poll_send().is_some() && pipeline.is_safe(), "without a journal nothing waits for one");
}

#[test]
fn people_resubmit_cancel_redrive_and_discard() {
    let (mut pipeline, mut journal, _) = crossed(tell());
    let work = persist(&mut pipeline, &mut journal).pop().unwrap();
    let run = *pipeline.flows().runs().next().unwrap().id();
    let _ = pipeline.complete(at(3), work.lease(), Err(ActionError::permanent("no such board"))).unwrap();
    let letter = pipeline.dispatcher().dead_letters().next().unwrap().delivery().id().clone();
    let _ = pipeline.redrive(at(4), letter.as_str()).unwrap();
    let again = persist(&mut pipeline, &mut journal).pop().unwrap();
    assert_eq!((again.id(), again.input()), (work.id(), work.input()));
    let _ = pipeline.complete(at(5), again.lease(), Err(ActionError::permanent("no such board"))).unwrap();
    let _ = pipeline.discard(at(6), letter.as_str()).unwrap();
    assert_eq!(pipeline.dispatcher().dead_letters().len(), 0);
    let started = pipeline.resubmit(at(7), run.as_str()).unwrap().runs()[0];
    assert_ne!(started, run);
    assert_eq!(persist(&mut pipeline, &mut journal).len(), 1);
    let _ = pipeline.cancel_run(at(8), started.as_str()).unwrap();
    assert!(pipeline.dispatcher().is_idle());
    // All of it comes back.
    let mut snapshots = MemorySnapshots::new();
    persist(&mut pipeline, &mut journal);
    let (after, recovery) = recover(builder(), at(9), &journal, &mut snapshots).unwrap();
    assert_eq!((recovery.batches(), recovery.firings()), (journal.last().get(), 1));
    assert_eq!(after.flows().snapshot(), pipeline.flows().snapshot());
}

#[test]
fn what_has_come_of_a_flow_is_known_when_its_firings_and_runs_are_not_and_after_a_restart() {
    let limits = Limits::default().with_firings(2);
    let builder = builder().with_limits(limits);
    let (mut pipeline, mut journal) = (builder.clone().build().unwrap(), MemoryJournal::new());
    let other = Trigger::segment_threshold_crossed("other", "vip", Threshold::above(1000.0));
    let other = Flow::builder(other.build().unwrap()).with_step(tell()).build().unwrap();
    pipeline.set_flows(at(0), [vip(tell()), other.clone()]).unwrap();
    for second in 0..10_i32 {
        let value = if second % 2 == 0 { 900.0 } else { 1100.0 };
        let _ = pipeline
            .handle_event(at(second.into()), &members(&second.to_string(), second.into(), value))
            .unwrap();
    }
    for (number, work) in persist(&mut pipeline, &mut journal).into_iter().enumerate() {
        let result = if number == 0 { Err(ActionError::permanent("no such board")) } else { Ok(json!({})) };
        let _ = pipeline.complete(at(20), work.lease(), result).unwrap();
    }
    for pipeline in [&pipeline, &builder.clone().restore(pipeline.last(), &pipeline.snapshot()).unwrap()] {
        let activity = pipeline.activity("vip").unwrap();
        assert_eq!(
            (activity.fired(), activity.delivered(), activity.failed()),
            (5, 1, 1),
            "four at once, in turns"
        );
        assert_eq!((activity.last_fired_at(), activity.last_delivered_at()), (Some(at(9)), Some(at(20))));
        assert!(activity.last_failure().unwrap().contains("no such board"), "{activity:?}");
        // Two are remembered, one of each.
        let of = |flow, from| pipeline.firings_of(flow, from).map(|(number, _)| number).collect::<Vec<_>>();
        assert_eq!(
            (of("vip", 0), of("other", 0), of("vip", 5), of("none", 0)),
            (vec![4], vec![4], vec![], vec![])
        );
    }
    // Gone with its flow, and a new one of the same id begins anew.
    let _ = pipeline.remove(at(21), "other").unwrap();
    assert!(pipeline.activity("other").is_none());
    let _ = pipeline.define(at(21), other, tripline::engine::Replace::Quiet).unwrap();
    for (second, value) in [(22, 900.0), (23, 1100.0)] {
        let _ = pipeline.handle_event(at(second), &members(&second.to_string(), second, value)).unwrap();
    }
    let restored = builder.restore(pipeline.last(), &pipeline.snapshot()).unwrap();
    for pipeline in [&pipeline, &restored] {
        let numbers: Vec<u64> = pipeline.firings_of("other", 0).map(|(number, _)| number).collect();
        assert_eq!((numbers, pipeline.activity("other").unwrap().fired()), (vec![0], 1));
    }
    assert_eq!(restored.snapshot(), pipeline.snapshot());
}

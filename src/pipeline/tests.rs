//! Cases that a simulation has found, and their like.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::Pipeline;
use crate::action::{Effect, Field, Metadata, Registry, action_fn};
use crate::dispatch::{self, Dispatcher, LanePolicy};
use crate::engine::{Engine, Replace};
use crate::error::ErrorKind;
use crate::event::{Event, ValueObserved};
use crate::flow::{self, Concurrency, Flow, Step};
use crate::threshold::Threshold;
use crate::trigger::Trigger;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_330_400 + second, 0).unwrap()
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    let note = Metadata::new("note").with_effect(Effect::Guarded).with_input(Field::string("text"));
    registry.add(action_fn(note, |_, _: Value| async { Ok(json!({})) })).unwrap();
    registry
}

fn pipeline() -> Pipeline {
    Pipeline::builder(registry()).build().unwrap()
}

fn flow(id: &str) -> Flow {
    let step = Step::new("tell", "note").with_timeout(Duration::from_secs(3_600));
    Flow::builder(Trigger::event_received(id, "x").build().unwrap()).with_step(step).build().unwrap()
}

fn event(id: usize) -> Event<'static> {
    Event::new(format!("e-{id}"), "/s", "x").unwrap().with_time(at(0))
}

fn replayed(pipeline: &mut Pipeline, builder: super::PipelineBuilder) -> Result<Pipeline, crate::Error> {
    let mut other = builder.build().unwrap();
    while let Some(persist) = pipeline.poll_persist() {
        other.replay(persist.lsn(), persist.batch())?;
    }
    Ok(other)
}

#[test]
fn work_that_was_lost_while_its_batch_was_written_is_not_handed_out() {
    let mut pipeline = pipeline();
    let _ = pipeline.define(at(0), flow("f"), Replace::Quiet).unwrap();
    let _ = pipeline.handle_event(at(0), &event(1)).unwrap();
    let _ = pipeline.handle_timeout(at(21)).unwrap();
    assert_eq!(pipeline.dispatcher().counts().lost(), 1);
    pipeline.persisted(pipeline.last());
    assert!(pipeline.poll_send().is_none(), "nobody would be told how it ended");
    let _ = pipeline.handle_timeout(at(60)).unwrap();
    pipeline.persisted(pipeline.last());
    assert_eq!(pipeline.poll_send().unwrap().attempt(), 2);
}

#[test]
fn a_clock_that_stood_still_for_unsafe_bytes_stands_still_when_it_is_replayed() {
    let held = Threshold::above(50.0).with_hold(Duration::from_secs(10)).build().unwrap();
    let held = Trigger::segment_threshold_crossed("held", "vip", held).build().unwrap();
    let held = Flow::builder(held).with_step(Step::new("tell", "note")).build().unwrap();
    let builder =
        Pipeline::builder(registry()).with_limits(super::Limits::default().with_unsafe_bytes(2_000));
    let mut pipeline = builder.clone().build().unwrap();
    let _ = pipeline.define(at(0), held, Replace::Quiet).unwrap();
    let _ = pipeline.define(at(0), flow("f"), Replace::Quiet).unwrap();
    for (id, value) in [("v-1", 40.0), ("v-2", 60.0)] {
        let event =
            ValueObserved::new("segment", "vip", value).into_event(id, "/s").unwrap().with_time(at(0));
        let _ = pipeline.handle_event(at(0), &event).unwrap();
    }
    for id in 0.. {
        if pipeline.handle_event(at(0), &event(id)).is_err() {
            break;
        }
    }
    assert!(pipeline.is_full());
    let receipt = pipeline.handle_timeout(at(20)).unwrap();
    assert!(receipt.lsn().is_some() && receipt.firings().is_empty(), "attempts are lost, and the hold waits");
    let other = replayed(&mut pipeline, builder).unwrap();
    assert_eq!(other.engine().clock(), pipeline.engine().clock());
}

#[test]
fn a_flow_that_is_replaced_by_a_narrower_one_still_gets_what_fires_by_it() {
    let narrow = |bound: f64, waiting: u32| {
        let trigger =
            Trigger::segment_threshold_crossed("n", "vip", Threshold::above(bound).build().unwrap());
        Flow::builder(trigger.build().unwrap())
            .with_step(Step::new("tell", "note"))
            .with_concurrency(Concurrency::of(1).with_waiting(waiting))
            .build()
            .unwrap()
    };
    let mut pipeline = pipeline();
    let _ = pipeline.define(at(0), narrow(50.0, 9), Replace::Quiet).unwrap();
    for (n, value) in [60.0, 40.0, 60.0, 40.0, 60.0, 45.0].into_iter().enumerate() {
        let event = ValueObserved::new("segment", "vip", value).into_event(format!("v-{n}"), "/s").unwrap();
        let _ = pipeline.handle_event(at(0), &event.with_time(at(n as i64))).unwrap();
    }
    assert_eq!(pipeline.flows().live(), 2);
    let receipt = pipeline.define(at(9), narrow(42.0, 1), Replace::ApplyNow).unwrap();
    assert_eq!((receipt.firings().len(), receipt.runs().len(), pipeline.flows().live()), (1, 1, 3));
    assert!(pipeline.is_full());
}

#[test]
fn a_delivery_whose_id_is_a_dead_letter_fails_its_step() {
    let builder = Pipeline::builder(registry()).with_flow_limits(flow::Limits::default().with_history(0));
    let mut pipeline = builder.build().unwrap();
    for turn in 0..2 {
        // Once its trigger's state is gone, and its run is not remembered, the same firing comes again.
        let _ = pipeline.define(at(0), flow("f"), Replace::Quiet).unwrap();
        let _ = pipeline.handle_event(at(0), &event(turn)).unwrap();
        let _ = pipeline.remove(at(0), "f").unwrap();
        pipeline.persisted(pipeline.last());
        if let Some(work) = pipeline.poll_send() {
            let error = crate::action::ActionError::permanent("no");
            let _ = pipeline.complete(at(0), work.lease(), Err(error)).unwrap();
        }
        assert_eq!((pipeline.dispatcher().dead_letters().len(), pipeline.flows().live()), (1, 0));
    }
    assert_eq!((pipeline.counts().firings(), pipeline.counts().refused_deliveries()), (2, 1));
}

#[test]
fn a_replay_with_other_policies_is_told_as_diverged() {
    let mut pipeline = pipeline();
    for id in ["f", "g"] {
        let _ = pipeline.define(at(0), flow(id), Replace::Quiet).unwrap();
    }
    for id in 0..3 {
        let _ = pipeline.handle_event(at(0), &event(id)).unwrap();
    }
    pipeline.persisted(pipeline.last());
    let _ = pipeline.poll_send().unwrap();
    let second = pipeline.poll_send().unwrap();
    let _ = pipeline.complete(at(1), second.lease(), Ok(json!({}))).unwrap();
    let one = Dispatcher::builder()
        .with_limits(dispatch::Limits::default())
        .with_default_policy(LanePolicy::default().with_concurrency(1));
    let error = replayed(&mut pipeline, Pipeline::builder(registry()).with_dispatcher(one)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Diverged, "{error}");
}

#[test]
fn more_flows_than_triggers_may_be_change_nothing() {
    let engine = Engine::builder().with_limits(crate::engine::Limits::default().with_triggers(1));
    let mut pipeline = Pipeline::builder(registry()).with_engine(engine).build().unwrap();
    let _ = pipeline.set_flows(at(0), [flow("a")]).unwrap();
    let error = pipeline.set_flows(at(0), [flow("b"), flow("c")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(pipeline.flows().flow("a").is_some());
}

//! A pipeline with something of everything in it, and the batches that it came by.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tripline::action::{ActionError, Effect, Field, Metadata, Registry, action_fn};
use tripline::event::{Event, ValueObserved};
use tripline::flow::Flow;
use tripline::journal::Batch;
use tripline::pipeline::{Pipeline, PipelineBuilder};

pub(super) fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_330_400 + second, 0).expect("a time")
}

pub(super) fn registry() -> Registry {
    let post = Metadata::new("postNote")
        .with_effect(Effect::Guarded)
        .with_input(Field::string("text").with_required(true).with_max_length(280))
        .with_input(Field::integer("copies").with_range(1.0, 10.0))
        .with_input(Field::html("body"))
        .with_input(Field::uri("link"))
        .with_input(Field::array("to", Field::email("address")))
        .with_input(Field::object("card", [Field::string("head"), Field::secret("pin")]))
        .with_input(Field::secret("key"));
    let log = Metadata::new("log").with_input(Field::object("any", []));
    let mut registry = Registry::new();
    for metadata in [post, log] {
        registry.add(action_fn(metadata, |_, _: Value| async { Ok(json!({})) })).expect("an action of ours");
    }
    registry
}

pub(super) fn builder() -> PipelineBuilder {
    Pipeline::builder(registry())
}

pub(super) struct Scenario {
    pub(super) snapshot: Vec<u8>,
    pub(super) engine: Vec<u8>,
    pub(super) flows: Vec<u8>,
    pub(super) dispatcher: Vec<u8>,
    #[cfg_attr(not(feature = "journal-file"), allow(dead_code, reason = "a journal's target reads it"))]
    pub(super) batches: Vec<Batch>,
}

pub(super) static SCENARIO: LazyLock<Scenario> = LazyLock::new(|| {
    let mut pipeline = builder().build().expect("the defaults fit");
    let mut batches = Vec::new();
    let flows = Flow::list_from_json_checked(FLOWS, &registry()).expect("flows of ours");
    let _ = pipeline.set_flows(at(0), flows).expect("flows of ours");
    let values = [998.0, 1_004.0, 990.0, 1_200.0, 100.0, 5_000.0];
    for (number, value) in values.into_iter().enumerate() {
        let second = 10 * number as i64;
        let event = ValueObserved::new("segment", "vip", value).into_event(format!("v-{number}"), "/s");
        take(&mut pipeline, &event.expect("an event").with_time(at(second)), second);
        let other = Event::new(format!("e-{number}"), "/s", "x.y").expect("an event").with_time(at(second));
        take(&mut pipeline, &other, second);
        work(&mut pipeline, &mut batches, second + 1, number);
    }
    Scenario {
        snapshot: pipeline.snapshot(),
        engine: pipeline.engine().snapshot(),
        flows: pipeline.flows().snapshot(),
        dispatcher: pipeline.dispatcher().snapshot(),
        batches,
    }
});

fn take(pipeline: &mut Pipeline, event: &Event<'_>, second: i64) {
    let _ = pipeline.handle_event(at(second), event).expect("there is room");
}

/// Persists what is to be, and lets attempts succeed, fail for now, fail for good, or go on.
fn work(pipeline: &mut Pipeline, batches: &mut Vec<Batch>, second: i64, turn: usize) {
    for round in 0..6 {
        while let Some(persist) = pipeline.poll_persist() {
            batches.push(persist.batch().clone());
            pipeline.persisted(persist.lsn());
        }
        let Some(work) = pipeline.poll_send() else { return };
        let result = match (turn + round) % 4 {
            0 => Ok(json!({"id": "n-1", "n": [1, 2.5, null]})),
            1 => Err(ActionError::transient("not now")),
            2 => Err(ActionError::permanent("never")),
            _ => continue,
        };
        let _ = pipeline.complete(at(second), work.lease(), result).expect("its lease is live");
    }
}

pub(super) const FLOWS: &str = r#"[
{"id":"vip-1000","trigger":{"type":"segmentThresholdCrossed","segment":"vip","above":1000,"onFirst":"fire"},
 "concurrency":{"runs":2,"waiting":3},
 "steps":[
  {"name":"tell","action":"postNote","inputs":{"text":"{{ trigger.value }} of {{ trigger.series.name }}"},"timeout":"PT1M",
   "retry":{"type":"fixed","count":2,"interval":"PT5S"}},
  {"name":"keep","action":"log","runAfter":{"tell":["succeeded","failed","timedOut"]},
   "inputs":{"any":{"how":"{{ steps.tell.outcome }}"}},"if":"trigger.value > 1100"},
  {"name":"aside","action":"log","runAfter":{},"connection":"board"}]},
{"id":"held","trigger":{"type":"segmentThresholdCrossed","segment":"vip","below":500,"hold":"PT15S","lateness":"PT3S"},"limit":{"max":2,"per":"PT1H"},
 "steps":[{"name":"d","action":"postNote","inputs":{"text":"low","key":"{{ trigger.id }}"}}]},
{"id":"silent","trigger":{"type":"noData","kind":"segment","name":"vip","within":"P1D"},
 "steps":[{"name":"d","action":"log"}]},
{"id":"any","trigger":{"type":"eventReceived","eventType":"x.y"},"cooldown":"PT15S","concurrency":{"runs":1,"waiting":5},
 "steps":[{"name":"f","action":"log","inputs":{"any":{"event":"{{ trigger.event.id }}"}}}]}]"#;

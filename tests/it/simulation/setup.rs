//! The flows that are simulated, and bounds so small that they are reached.

use std::time::Duration;

use serde_json::{Value, json};
use tripline::Trigger;
use tripline::action::{Effect, Field, Metadata, Registry, RetryPolicy, action_fn};
use tripline::dispatch::{self, Dispatcher, LanePolicy};
use tripline::engine::{Engine, EngineBuilder};
use tripline::event::{Event, ValueObserved};
use tripline::firing::Firing;
use tripline::flow::{self, Concurrency, Flow, Step, StepOutcome};
use tripline::pipeline::{Keep, Limits, Pipeline, PipelineBuilder};
use tripline::threshold::Threshold;

use super::clock::at;

/// Each kind is the id of a flow and the type of the events that it watches.
pub(super) const KINDS: [&str; 7] = ["single", "two", "line", "timed", "unsafe", "held", "plain"];

/// Runs that have not ended, and deliveries that are pending, at most.
pub(super) const RUNS: usize = 14;
pub(super) const DELIVERIES: usize = 7;
/// Dead letters and runs that have ended, which are remembered, at most.
pub(super) const DEAD_LETTERS: usize = 4;
pub(super) const HISTORY: usize = 20;
/// Bytes of batches that are not known to be safe, at most.
pub(super) const UNSAFE_BYTES: usize = 1_500;
/// Attempts of one sending, at most.
pub(super) const ATTEMPTS: usize = 4;

pub(super) fn registry() -> Registry {
    let mut registry = Registry::new();
    for (name, effect) in
        [("note", Effect::Guarded), ("sorry", Effect::Idempotent), ("charge", Effect::Unsafe)]
    {
        let metadata =
            Metadata::new(name).with_effect(effect).with_input(Field::string("text").with_required(true));
        registry.add(action_fn(metadata, |_, _: Value| async { Ok(json!({})) })).unwrap();
    }
    registry
}

pub(super) fn engine() -> EngineBuilder {
    Engine::builder().with_skew(None)
}

pub(super) fn builder(registry: &Registry) -> PipelineBuilder {
    let policy = LanePolicy::default()
        .with_concurrency(2)
        .with_circuit_failures(3)
        .with_cool_down(Duration::from_secs(20), Duration::from_secs(60));
    let dispatcher = Dispatcher::builder()
        .with_limits(dispatch::Limits::default().with_deliveries(DELIVERIES).with_dead_letters(DEAD_LETTERS))
        .with_default_policy(policy);
    Pipeline::builder(registry.clone())
        .with_engine(engine())
        .with_dispatcher(dispatcher)
        .with_flow_limits(flow::Limits::default().with_runs(RUNS).with_history(HISTORY))
        .with_limits(Limits::default().with_unsafe_bytes(UNSAFE_BYTES))
}

/// A flow in one of its versions: the version stands in what it sends, and moves its bounds.
pub(super) fn flow(kind: usize, version: u32) -> Flow {
    let id = KINDS[kind];
    let threshold = Threshold::above(50.0 + f64::from(version % 3) * 10.0).with_rearm(40.0);
    let trigger = match id {
        "held" => {
            let held = threshold.with_hold(Duration::from_secs(30)).with_lateness(Duration::from_secs(20));
            Trigger::segment_threshold_crossed(id, id, held.build().unwrap())
        }
        "plain" => {
            let plain = threshold.with_notify_cleared(true).build().unwrap();
            Trigger::segment_threshold_crossed(id, id, plain)
        }
        _ => Trigger::event_received(id, id),
    };
    let subject = if kind < 5 { "trigger.event.id" } else { "trigger.value" };
    let text = format!("{version} {{{{ {subject} }}}}");
    let retry = RetryPolicy::fixed(ATTEMPTS as u32 - 1, Duration::from_secs(10)).build().unwrap();
    let step = |name: &str, action: &str| {
        Step::new(name, action).with_input("text", text.clone()).with_retry(retry.clone())
    };
    let builder = Flow::builder(trigger.build().unwrap());
    let builder = match id {
        "two" => builder.with_step(step("tell", "note").with_connection("first")).with_step(
            step("sorry", "sorry").with_run_after("tell", [StepOutcome::Failed, StepOutcome::TimedOut]),
        ),
        "line" => builder
            .with_step(step("tell", "note").with_connection("line"))
            .with_concurrency(Concurrency::of(1).with_waiting(4 - version % 3)),
        "timed" => builder.with_step(step("tell", "note").with_timeout(Duration::from_secs(45))),
        "unsafe" => builder.with_step(step("tell", "charge")),
        "held" => builder.with_step(step("tell", "note").with_condition("trigger.value > 70")),
        "plain" => builder
            .with_step(step("tell", "note").with_connection("plain"))
            .with_concurrency(Concurrency::of(1).with_waiting(3 - version % 3)),
        _ => builder.with_step(step("tell", "note")),
    };
    builder.build().unwrap()
}

/// What a step of a run must be given, told without a template.
pub(super) fn text(kind: usize, version: u32, firing: &Firing) -> String {
    let firing: Value = serde_json::from_str(&firing.to_json()).unwrap();
    match kind {
        0..5 => format!("{version} {}", firing["event"]["id"].as_str().unwrap()),
        _ => format!("{version} {}", firing["value"]),
    }
}

pub(super) fn event(kind: usize, number: u64, millis: i64, value: i64) -> Event<'static> {
    let id = format!("e-{number}");
    // No two at the same time, so that no two firings are the same.
    let time = at(millis) + chrono::TimeDelta::nanoseconds(number as i64);
    let event = match kind {
        0..5 => Event::new(id, "/s", KINDS[kind]),
        _ => ValueObserved::new("segment", KINDS[kind], value as f64).into_event(id, "/s"),
    };
    event.unwrap().with_time(time)
}

/// Under which the source's cursor is kept.
pub(super) const CURSOR: &str = "cursor";

/// How far a source was read that gave these events.
pub(super) fn cursor(events: &[Event<'_>]) -> Keep {
    let ids: Vec<&str> = events.iter().map(Event::id).collect();
    Keep::put(CURSOR, ids.join(" "))
}

//! Flows: their JSON, their runs held against a naive model, and what they
//! promise about bounds, recovery and secrets.

mod graphs;
mod json;
mod model;
mod runs;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tripline::action::{ActionError, Effect, Field, Metadata, Registry, action_fn};
use tripline::dispatch::{Delivery, Dispatcher, LanePolicy, Outcome};
use tripline::engine::Engine;
use tripline::event::Event;
use tripline::firing::Firing;
use tripline::flow::{Flow, FlowBuilder, Flows};
use tripline::{ErrorKind, Trigger};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_330_400 + second, 0).unwrap()
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    let post = Metadata::new("postNote")
        .with_effect(Effect::Guarded)
        .with_input(Field::string("text").with_required(true).with_max_length(280))
        .with_input(Field::integer("copies").with_range(1.0, 10.0))
        .with_input(Field::html("body"))
        .with_input(Field::uri("link"))
        .with_input(Field::array("to", Field::email("address")))
        .with_input(Field::object("card", [Field::string("head"), Field::secret("pin")]))
        .with_input(Field::secret("key"));
    registry.add(action_fn(post, |_, _: Value| async { Ok(json!({})) })).unwrap();
    let log = Metadata::new("log").with_input(Field::object("any", []));
    registry.add(action_fn(log, |_, _: Value| async { Ok(json!({})) })).unwrap();
    registry
}

fn trigger(id: &str) -> Trigger {
    Trigger::event_received(id, "x.y").build().unwrap()
}

fn flow(id: &str) -> FlowBuilder {
    Flow::builder(trigger(id))
}

/// So many firings of a trigger of this id.
fn firings(id: &str, count: usize) -> Vec<Firing> {
    let mut engine = Engine::new();
    engine.add(at(0), trigger(id)).unwrap();
    let fire = |number: usize| {
        let event = Event::new(format!("e-{number}"), "/s", "x.y").unwrap();
        let _ = engine.handle_event(at(0), &event).unwrap();
        engine.poll_firing().unwrap()
    };
    (0..count).map(fire).collect()
}

fn firing(id: &str) -> Firing {
    firings(id, 1).remove(0)
}

fn flows(defined: impl IntoIterator<Item = Flow>) -> Flows {
    let mut flows = Flows::new(registry());
    for flow in defined {
        let _ = flows.define(at(0), flow).unwrap();
    }
    flows
}

/// A dispatcher that keeps nothing back.
fn dispatcher() -> Dispatcher {
    let day = Duration::from_secs(86_400);
    let policy = LanePolicy::default().with_concurrency(1_000).with_timeout(day);
    Dispatcher::builder().with_default_policy(policy).build().unwrap()
}

/// What a delivery comes to whose only attempt ends so.
fn outcome(now: DateTime<Utc>, delivery: Delivery, result: Result<Value, ActionError>) -> Outcome {
    let mut dispatcher = dispatcher();
    let _ = dispatcher.handle_delivery(at(0), delivery).unwrap();
    let work = dispatcher.poll_work().unwrap();
    let _ = dispatcher.complete(now, work.lease(), result).unwrap();
    dispatcher.poll_outcome().unwrap()
}

fn refusal() -> ActionError {
    ActionError::permanent("it is refused")
}

fn is_full<T: std::fmt::Debug>(result: Result<T, tripline::Error>) -> bool {
    result.unwrap_err().kind() == ErrorKind::Full
}

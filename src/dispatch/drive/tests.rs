//! The loop: what panics, what takes too long, and how it stops.

use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Waker};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Outlet, Stop, Timer, drive};
use crate::action::{ActionError, Metadata, Registry, RetryPolicy, action_fn};
use crate::dispatch::{Delivery, DeliveryId, Dispatcher, Outcome};
use crate::time::datetime;

/// Whoever sleeps moves the time on.
#[derive(Default)]
struct Clock(AtomicI64);

#[async_trait]
impl Timer for Clock {
    fn now(&self) -> DateTime<Utc> {
        datetime(self.0.load(Ordering::Relaxed))
    }

    async fn sleep_until(&self, at: DateTime<Utc>) {
        self.0.fetch_max(at.timestamp_nanos_opt().unwrap(), Ordering::Relaxed);
    }
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    let wild = |_, ()| async { if true { panic!("as it is told to") } else { Ok(()) } };
    registry.add(action_fn(Metadata::new("panic"), wild)).unwrap();
    registry
        .add(action_fn(Metadata::new("hang"), |_, ()| std::future::pending::<Result<(), ActionError>>()))
        .unwrap();
    registry.add(action_fn(Metadata::new("ping"), |_, ()| async { Ok("pong") })).unwrap();
    registry
}

fn run(actions: &[&str], stop: Stop) -> (Vec<String>, Dispatcher) {
    let (mut dispatcher, registry, clock, outlet) =
        (Dispatcher::new(), registry(), Clock::default(), Outlet::new());
    for action in actions {
        let id = DeliveryId::new(*action).unwrap();
        outlet
            .try_send(&Delivery::new(id, *action, *action, json!({})).with_retry(RetryPolicy::none()))
            .unwrap();
    }
    outlet.stop(stop);
    let mut told = Vec::new();
    let on_outcome = |outcome| {
        told.push(match outcome {
            Outcome::Delivered { output, .. } => output.to_string(),
            Outcome::Dead(letter) => letter.to_string(),
            other => format!("{other:?}"),
        });
    };
    let driven = drive(&mut dispatcher, &registry, &clock).with_outlet(&outlet).with_outcomes(on_outcome);
    let mut driven = Box::pin(driven.run());
    let mut context = Context::from_waker(Waker::noop());
    while driven.as_mut().poll(&mut context).is_pending() {}
    drop(driven);
    (told, dispatcher)
}

#[test]
fn what_panics_or_hangs_ends_and_the_rest_goes_on() {
    let (told, dispatcher) = run(&["panic", "hang", "ping", "none"], Stop::WhenIdle);
    assert!(dispatcher.is_idle());
    let mut told: Vec<&str> = told.iter().map(String::as_str).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "\"pong\"",
            "it may have been carried out, and twice is not safe: nothing was told of the attempt by its deadline",
            "trying again changes nothing: the action panicked",
            "trying again changes nothing: there is no action \"none\"",
        ]
    );
}

#[test]
fn a_hasty_stop_leaves_what_is_pending_whole() {
    let (told, dispatcher) = run(&["ping", "hang"], Stop::AtOnce);
    assert!(told.is_empty());
    assert_eq!((dispatcher.pending(), dispatcher.in_flight()), (2, 0));
}

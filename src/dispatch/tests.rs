//! Bounds, leases, circuits, targets that go, damaged snapshots, and nothing that leaks.

use chrono::TimeDelta;
use serde_json::json;

use super::{
    Admission, Completion, DeadReason, Delivery, DeliveryId, Dispatcher, LanePolicy, Limits, Outcome, Work,
};
use crate::action::{ActionError, Effect, RetryPolicy};
use crate::error::ErrorKind;
use crate::time::datetime;

const SECOND: i64 = 1_000_000_000;

fn delivery(id: &str, target: &str) -> Delivery {
    Delivery::new(DeliveryId::new(id).unwrap(), target, "a", json!({"text": "canary-17"}))
        .with_effect(Effect::Guarded)
}

fn works(dispatcher: &mut Dispatcher) -> Vec<Work> {
    std::iter::from_fn(|| dispatcher.poll_work()).collect()
}

fn fail(dispatcher: &mut Dispatcher, now: i64, error: &ActionError) -> Vec<Completion> {
    let works = works(dispatcher);
    works
        .iter()
        .map(|work| dispatcher.complete(datetime(now), work.lease(), Err(error.clone())).unwrap())
        .collect()
}

#[test]
fn bytes_are_bounded_too_and_room_comes_back() {
    let limits = Limits::default().with_bytes(1_000).with_input_bytes(100);
    let mut dispatcher = Dispatcher::builder().with_limits(limits).build().unwrap();
    for id in ["a", "b"] {
        let _ = dispatcher.handle_delivery(datetime(0), delivery(id, "t")).unwrap();
    }
    assert!(dispatcher.handle_delivery(datetime(0), delivery("c", "t")).unwrap_err().is_full());
    let work = dispatcher.poll_work().unwrap();
    let _ = dispatcher.complete(datetime(0), work.lease(), Ok(json!(null))).unwrap();
    let large = Delivery::new(DeliveryId::new("l").unwrap(), "t", "a", "x".repeat(100));
    assert!(dispatcher.handle_delivery(datetime(0), large).unwrap_err().is_limit());
    assert_eq!(dispatcher.handle_delivery(datetime(0), delivery("c", "t")).unwrap(), Admission::Queued);
    assert_eq!(dispatcher.counts().refused(), 2);
}

#[test]
fn while_too_many_outcomes_wait_nothing_moves_but_what_ends() {
    let limits = Limits::default().with_outcomes(1);
    let mut dispatcher = Dispatcher::builder().with_limits(limits).build().unwrap();
    for id in ["a", "b"] {
        let _ = dispatcher.handle_delivery(datetime(0), delivery(id, "t")).unwrap();
    }
    for work in works(&mut dispatcher) {
        assert_eq!(
            dispatcher.complete(datetime(1), work.lease(), Ok(json!(1))).unwrap(),
            Completion::Delivered
        );
    }
    assert!(dispatcher.handle_timeout(datetime(2)).unwrap_err().is_full());
    assert!(dispatcher.handle_delivery(datetime(2), delivery("c", "t")).unwrap_err().is_full());
    assert_eq!(dispatcher.poll_timeout(), None);
    assert_eq!(std::iter::from_fn(|| dispatcher.poll_outcome()).count(), 2);
    assert!(dispatcher.handle_timeout(datetime(2)).is_ok());
}

#[test]
fn idle_targets_make_room_and_others_do_not() {
    let limits = Limits::default().with_targets(2);
    let mut dispatcher = Dispatcher::builder().with_limits(limits).build().unwrap();
    for id in ["a", "b"] {
        let _ = dispatcher.handle_delivery(datetime(0), delivery(id, id)).unwrap();
    }
    let error = dispatcher.handle_delivery(datetime(0), delivery("c", "c")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    let work = dispatcher.poll_work().unwrap();
    let _ = dispatcher.complete(datetime(0), work.lease(), Ok(json!(1))).unwrap();
    assert_eq!(dispatcher.handle_delivery(datetime(0), delivery("c", "c")).unwrap(), Admission::Queued);
    assert_eq!(dispatcher.counts().targets_forgotten(), 1);
}

#[test]
fn five_failures_open_the_circuit_and_one_probe_closes_it() {
    let policy = LanePolicy::default().with_concurrency(9);
    let mut dispatcher = Dispatcher::builder().with_default_policy(policy).build().unwrap();
    for n in 0..6 {
        let one = delivery(&format!("d-{n}"), "t").with_retry(RetryPolicy::none());
        let _ = dispatcher.handle_delivery(datetime(0), one).unwrap();
    }
    let dead = fail(&mut dispatcher, 0, &ActionError::transient("down"));
    assert_eq!(dead, [Completion::Dead; 6]);
    assert_eq!(dispatcher.counts().circuits_opened(), 1);
    for id in ["x", "y"] {
        let _ = dispatcher.handle_delivery(datetime(1), delivery(id, "t")).unwrap();
    }
    assert!(dispatcher.poll_work().is_none());
    assert!(dispatcher.explain("x").unwrap().contains("left alone until 1970-01-01T00:00:30Z"));
    dispatcher.handle_timeout(datetime(30 * SECOND)).unwrap();
    let probes = works(&mut dispatcher);
    assert_eq!(probes.len(), 1);
    assert!(dispatcher.explain("y").unwrap().contains("whether it is well"));
    let _ = dispatcher.complete(datetime(30 * SECOND), probes[0].lease(), Ok(json!(1))).unwrap();
    assert_eq!(works(&mut dispatcher).len(), 1);
}

#[test]
fn a_target_that_is_gone_takes_its_deliveries_with_it_and_can_come_back() {
    let mut dispatcher = Dispatcher::new();
    for n in 0..7 {
        let _ = dispatcher.handle_delivery(datetime(0), delivery(&format!("d-{n}"), "t")).unwrap();
    }
    let under_way = works(&mut dispatcher);
    assert_eq!(under_way.len(), 4);
    let gone = Err(ActionError::gone("taken down"));
    assert_eq!(dispatcher.complete(datetime(1), under_way[0].lease(), gone).unwrap(), Completion::Dead);
    assert!(dispatcher.is_disabled("t"));
    assert_eq!((dispatcher.pending(), dispatcher.dead_letters().len()), (3, 4));
    let retry = Err(ActionError::transient("down"));
    assert_eq!(dispatcher.complete(datetime(1), under_way[1].lease(), retry).unwrap(), Completion::Dead);
    assert_eq!(dispatcher.dead_letter("d-1").unwrap().reason(), DeadReason::TargetDisabled);
    assert_eq!(dispatcher.redrive(datetime(2), "d-0").unwrap_err().kind(), ErrorKind::TargetDisabled);
    assert!(dispatcher.enable("t"));
    dispatcher.redrive(datetime(2), "d-0").unwrap();
    assert_eq!(dispatcher.poll_work().unwrap().attempt(), 2);
}

#[test]
fn an_unsafe_action_that_was_lost_is_not_run_again_unasked() {
    for (retries, is_dead) in [(false, true), (true, false)] {
        let mut dispatcher = Dispatcher::new();
        let one = delivery("d", "t").with_effect(Effect::Unsafe).with_retry_unsafe(retries);
        let _ = dispatcher.handle_delivery(datetime(0), one).unwrap();
        let work = dispatcher.poll_work().unwrap();
        dispatcher.handle_timeout(work.deadline() - TimeDelta::nanoseconds(1)).unwrap();
        assert!(dispatcher.is_live(work.lease()));
        dispatcher.handle_timeout(work.deadline()).unwrap();
        assert_eq!(dispatcher.dead_letter("d").is_some(), is_dead);
        let late = dispatcher.complete(work.deadline(), work.lease(), Ok(json!(1))).unwrap();
        assert_eq!(
            (late, dispatcher.counts().late(), dispatcher.counts().delivered()),
            (Completion::Late, 1, 0)
        );
    }
}

#[test]
fn damaged_bytes_are_refused_and_change_nothing() {
    let mut dispatcher = Dispatcher::new();
    let _ = dispatcher.handle_delivery(datetime(0), delivery("d", "t")).unwrap();
    let bytes = dispatcher.snapshot();
    for place in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        for bytes in [&damaged[..], &bytes[..place]] {
            assert_eq!(dispatcher.restore(bytes).unwrap_err().kind(), ErrorKind::Snapshot, "at {place}");
        }
    }
    assert_eq!(dispatcher.snapshot(), bytes);
}

#[test]
fn inputs_and_outputs_are_in_no_debug_and_no_explanation() {
    let mut dispatcher = Dispatcher::new();
    for id in ["a", "b"] {
        let _ = dispatcher.handle_delivery(datetime(0), delivery(id, "t")).unwrap();
    }
    let works = works(&mut dispatcher);
    let mut shown = format!("{works:?} {:?}", dispatcher.explain("a"));
    let _ = dispatcher.complete(datetime(0), works[0].lease(), Ok(json!("canary-17"))).unwrap();
    let _ = dispatcher.complete(datetime(0), works[1].lease(), Err(ActionError::permanent("no"))).unwrap();
    shown += &format!("{:?} {:?} {dispatcher:?}", dispatcher.explain("b"), dispatcher.dead_letter("b"));
    while let Some(outcome) = dispatcher.poll_outcome() {
        assert!(matches!(outcome, Outcome::Delivered { .. } | Outcome::Dead(_)));
        shown += &format!("{outcome:?}");
    }
    assert!(!shown.contains("canary-17"), "{shown}");
}

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

#[test]
fn one_target_may_be_full_while_others_are_not() {
    let policy = LanePolicy::default().with_pending(2);
    let mut dispatcher = Dispatcher::builder().with_policy("t", policy).build().unwrap();
    let all = ["a", "b", "c"].map(|id| delivery(id, "t"));
    let _ = dispatcher.handle_deliveries(datetime(0), all).unwrap();
    assert!(dispatcher.is_full(), "one input may go over the bound");
    let error = dispatcher.handle_delivery(datetime(0), delivery("d", "t")).unwrap_err();
    assert!(error.is_full());
    assert_eq!(error.to_string(), "3 deliveries to the target \"t\" are pending, and 2 may be");
    assert_eq!(dispatcher.handle_delivery(datetime(0), delivery("d", "other")).unwrap(), Admission::Queued);

    let mut after =
        Dispatcher::builder().with_policy("t", LanePolicy::default().with_pending(2)).build().unwrap();
    after.restore(&dispatcher.snapshot()).unwrap();
    for dispatcher in [&mut dispatcher, &mut after] {
        let works = works(dispatcher);
        for (work, is_full) in works.iter().filter(|work| work.target() == "t").zip([true, false, false]) {
            let _ = dispatcher.complete(datetime(1), work.lease(), Ok(json!(1))).unwrap();
            assert_eq!(dispatcher.is_full(), is_full);
        }
        assert_eq!(dispatcher.handle_delivery(datetime(1), delivery("e", "t")).unwrap(), Admission::Queued);
    }
}

#[test]
fn a_dead_letter_has_the_reason_of_every_attempt() {
    let retry = RetryPolicy::fixed(2, std::time::Duration::from_secs(10)).build().unwrap();
    let mut dispatcher = Dispatcher::new();
    let _ = dispatcher.handle_delivery(datetime(0), delivery("a", "t").with_retry(retry)).unwrap();
    let mut now = 0;
    for reason in ["it is down", "it is still down", "it stays down"] {
        let completions = fail(&mut dispatcher, now, &ActionError::transient(reason));
        if let [Completion::Retry(at)] = completions[..] {
            now = crate::time::instant(at).unwrap();
            dispatcher.handle_timeout(at).unwrap();
        }
    }
    let letter = dispatcher.dead_letter("a").unwrap();
    assert_eq!(letter.reason(), DeadReason::OutOfAttempts);
    let told: Vec<_> =
        letter.attempts().iter().map(|attempt| (attempt.number(), attempt.error().reason())).collect();
    assert_eq!(
        told,
        [(1, "it is down".to_owned()), (2, "it is still down".to_owned()), (3, "it stays down".to_owned())]
    );
    assert!(letter.attempts().iter().all(|attempt| attempt.started_at() <= attempt.ended_at()));
    let starts: Vec<_> = letter.attempts().iter().map(|attempt| attempt.started_at()).collect();
    assert!(starts.is_sorted() && starts[0] == datetime(0), "{starts:?}");
}

#[test]
fn dead_letters_over_their_bounds_make_room_oldest_first_and_are_counted() {
    let refuse = ActionError::permanent("it is refused");
    let one = {
        let mut dispatcher = Dispatcher::new();
        let _ = dispatcher.handle_delivery(datetime(0), delivery("0", "t")).unwrap();
        let _ = fail(&mut dispatcher, 0, &refuse);
        dispatcher.dead_letters().map(|letter| letter.bytes()).sum::<usize>()
    };
    for limits in [Limits::default().with_dead_letters(3), Limits::default().with_dead_letter_bytes(3 * one)]
    {
        let mut dispatcher = Dispatcher::builder().with_limits(limits).build().unwrap();
        for id in 0..8 {
            let _ = dispatcher.handle_delivery(datetime(0), delivery(&id.to_string(), "t")).unwrap();
            assert_eq!(fail(&mut dispatcher, 0, &refuse), [Completion::Dead]);
            assert!(matches!(dispatcher.poll_outcome(), Some(Outcome::Dead(_))), "each was told");
        }
        let kept: Vec<&str> =
            dispatcher.dead_letters().map(|letter| letter.delivery().id().as_str()).collect();
        assert_eq!(kept, ["5", "6", "7"]);
        assert_eq!((dispatcher.counts().dead(), dispatcher.counts().dead_dropped()), (8, 5));
        assert!(dispatcher.dead_letter("4").is_none() && dispatcher.redrive(datetime(1), "4").is_err());
        assert!(dispatcher.discard("6") && !dispatcher.discard("6"));
        assert_eq!((dispatcher.counts().dead_discarded(), dispatcher.dead_letters().len()), (1, 2));
        // An id that was forgotten is a new one.
        assert_eq!(dispatcher.handle_delivery(datetime(1), delivery("4", "t")).unwrap(), Admission::Queued);
        assert_eq!(
            dispatcher.handle_delivery(datetime(1), delivery("5", "t")).unwrap(),
            Admission::Duplicate
        );
    }
}

#[test]
fn the_first_of_very_many_attempts_are_counted_and_not_kept() {
    let mut attempts = super::dead::Attempts::default();
    for number in 1..=1_000 {
        attempts.push(super::dead::Attempt {
            number,
            started: 0,
            ended: 1,
            error: ActionError::transient("it is down"),
        });
    }
    assert_eq!((attempts.kept.len(), attempts.count(), attempts.kept[0].number()), (200, 1_000, 801));
}

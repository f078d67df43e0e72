//! What a run does beyond the order of its steps.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tripline::ErrorKind;
use tripline::action::{Effect, RetryPolicy};
use tripline::dispatch::{Delivery, Dispatcher, Outcome};
use tripline::flow::{Concurrency, Flows, Limits, RunStatus, Step, StepOutcome};

use super::{at, firing, firings, flow, flows, is_full, outcome, refusal, registry};

fn text(delivery: &Delivery) -> &str {
    delivery.input()["text"].as_str().unwrap()
}

fn post(name: &str, text: &str) -> Step {
    Step::new(name, "postNote").with_input("text", text).with_retry(RetryPolicy::none())
}

#[test]
fn a_delivery_says_all_that_the_step_says() {
    let step = post("tell", "hi")
        .with_connection("teams/sales")
        .with_retry(RetryPolicy::standard_webhooks())
        .with_retry_unsafe(true)
        .with_timeout(Duration::from_secs(60));
    let mut flows = flows([flow("f").with_step(step).build().unwrap()]);
    let firing = firing("f");
    let _ = flows.handle_firing(at(5), &firing).unwrap();
    let delivery = flows.poll_delivery().unwrap();
    assert_eq!((delivery.target(), delivery.action()), ("teams/sales", "postNote"));
    assert_eq!(delivery.id().as_str(), format!("{}_1_tell", firing.id()));
    assert_eq!(delivery.retry(), &RetryPolicy::standard_webhooks());
    assert!(delivery.retries_unsafe());
    assert_eq!(delivery.effect(), Some(Effect::Guarded));
    assert_eq!(delivery.expires_at(), Some(at(65)));
    assert_eq!(delivery.firing(), Some(&firing));
    assert_eq!(flows.poll_timeout(), Some(at(65)));
}

#[test]
fn a_record_has_the_attempts_and_the_times_of_every_step() {
    let retry = RetryPolicy::fixed(3, Duration::from_secs(10)).build().unwrap();
    let steps = [post("a", "1").with_retry(retry), post("b", "2")];
    let mut flows =
        flows([steps.into_iter().fold(flow("f"), |flow, step| flow.with_step(step)).build().unwrap()]);
    let run = flows.handle_firing(at(5), &firing("f")).unwrap().started()[0];
    let mut dispatcher = Dispatcher::new();
    // The first is answered at its third attempt, 40 seconds after it began; the second is refused at once.
    let _ = dispatcher.handle_delivery(at(5), flows.poll_delivery().unwrap()).unwrap();
    let mut now = at(5);
    for _ in 0..2 {
        let work = dispatcher.poll_work().unwrap();
        let down = Err(tripline::action::ActionError::transient("it is down"));
        let _ = dispatcher.complete(now, work.lease(), down).unwrap();
        now = dispatcher.poll_timeout().unwrap();
        dispatcher.handle_timeout(now).unwrap();
    }
    let work = dispatcher.poll_work().unwrap();
    let _ = dispatcher.complete(at(45), work.lease(), Ok(json!({"note": 17}))).unwrap();
    let _ = flows.handle_outcome(at(45), &dispatcher.poll_outcome().unwrap()).unwrap();
    let b = flows.poll_delivery().unwrap();
    let _ = flows.handle_outcome(at(50), &outcome(at(50), b, Err(refusal()))).unwrap();
    let run = flows.run(run.as_str()).unwrap();
    let told = |step: usize| {
        let step = &run.steps()[step];
        (step.attempts(), step.started_at(), step.ended_at(), step.outcome())
    };
    assert_eq!(told(0), (3, Some(at(5)), Some(at(45)), Some(StepOutcome::Succeeded)));
    assert_eq!(told(1), (1, Some(at(45)), Some(at(50)), Some(StepOutcome::Failed)));
    assert_eq!((run.queued_at(), run.started_at(), run.ended_at()), (at(5), Some(at(5)), Some(at(50))));
    assert_eq!(run.status(), RunStatus::Failed);
}

#[test]
fn what_a_step_gave_is_there_for_those_after_it() {
    let flow = flow("f")
        .with_step(post("a", "first"))
        .with_step(post(
            "b",
            "{{ steps.a.output.note + 1 }} {{ steps.a.outcome }} of {{ flow.id }}, {{ run.startedAt }}",
        ))
        .build()
        .unwrap();
    let mut flows = flows([flow]);
    let _ = flows.handle_firing(at(0), &firing("f")).unwrap();
    let a = flows.poll_delivery().unwrap();
    assert!(flows.poll_delivery().is_none());
    let _ = flows.handle_outcome(at(9), &outcome(at(9), a, Ok(json!({"note": 17})))).unwrap();
    assert_eq!(text(&flows.poll_delivery().unwrap()), "18 succeeded of f, 2026-03-01T02:00:00Z");
}

#[test]
fn what_cannot_be_rendered_fails_its_step_and_says_why_and_the_flow_may_deal_with_it() {
    let wrong = Step::new("a", "postNote")
        .with_input("text", "{{ trigger.value }}{{ trigger.dueAt }}")
        .with_input("copies", "{{ 'many' }}")
        .with_input("to", json!(["{{ trigger.jobId }}"]));
    let flow = flow("f")
        .with_step(wrong)
        .with_step(post("b", "{{ steps.a.error }}").with_run_after("a", [StepOutcome::Failed]))
        .build()
        .unwrap();
    let mut flows = flows([flow]);
    let receipt = flows.handle_firing(at(0), &firing("f")).unwrap();
    assert_eq!(receipt.rendered().len(), 2);
    let why = "its input cannot be made: text: trigger.dueAt, trigger.value are missing; to[0]: trigger.jobId is missing";
    assert_eq!(receipt.rendered()[0].failure(), Some(why));
    assert_eq!(text(&flows.poll_delivery().unwrap()), why);

    let mistyped =
        Step::new("a", "postNote").with_input("text", "hi").with_input("copies", "{{ trigger.id }}");
    let mut flows = super::flows([super::flow("f").with_step(mistyped).build().unwrap()]);
    let receipt = flows.handle_firing(at(0), &firing("f")).unwrap();
    let why = receipt.rendered()[0].failure().unwrap();
    assert!(
        why.starts_with("its input cannot be made: copies: ") && why.ends_with("is not a whole number"),
        "{why}"
    );
    assert_eq!(flows.runs().next().unwrap().status(), RunStatus::Failed);
}

#[test]
fn a_step_whose_time_is_over_times_out_and_its_delivery_is_called_off() {
    let flow = flow("f")
        .with_step(post("a", "hi").with_timeout(Duration::from_secs(60)))
        .with_step(post("b", "late: {{ steps.a.error }}").with_run_after("a", [StepOutcome::TimedOut]))
        .build()
        .unwrap();
    let mut flows = flows([flow]);
    let receipt = flows.handle_firing(at(0), &firing("f")).unwrap();
    let a = flows.poll_delivery().unwrap();
    assert_eq!(flows.poll_timeout(), Some(at(60)));

    // At the very end of its time an outcome is still in time.
    let mut in_time = flows.clone();
    let _ = in_time.handle_outcome(at(60), &outcome(at(60), a.clone(), Ok(json!(null)))).unwrap();
    assert_eq!(
        in_time.run(receipt.started()[0].as_str()).unwrap().steps()[0].outcome(),
        Some(StepOutcome::Succeeded)
    );
    assert_eq!((in_time.poll_call_off(), in_time.poll_timeout()), (None, None));

    let _ = flows.handle_timeout(at(59)).unwrap();
    assert!(flows.poll_delivery().is_none());
    let _ = flows.handle_timeout(at(60)).unwrap();
    assert_eq!(flows.poll_call_off().as_ref(), Some(a.id()));
    assert_eq!(text(&flows.poll_delivery().unwrap()), "late: its time was over");
    // What is told after that changes nothing.
    let before = flows.counts().clone();
    let _ = flows.handle_outcome(at(61), &outcome(at(61), a, Ok(json!(null)))).unwrap();
    assert_eq!(flows.counts().ignored(), before.ignored() + 1);
    assert_eq!(
        flows.run(receipt.started()[0].as_str()).unwrap().steps()[0].outcome(),
        Some(StepOutcome::TimedOut)
    );
}

#[test]
fn a_delivery_that_expired_in_the_dispatcher_has_timed_out_too() {
    let step = post("a", "hi").with_timeout(Duration::from_secs(60));
    let mut flows = flows([flow("f").with_step(step).build().unwrap()]);
    let _ = flows.handle_firing(at(0), &firing("f")).unwrap();
    let mut dispatcher = Dispatcher::new();
    let _ = dispatcher.handle_delivery(at(60), flows.poll_delivery().unwrap()).unwrap();
    let dead = dispatcher.poll_outcome().unwrap();
    let _ = flows.handle_outcome(at(60), &dead).unwrap();
    assert_eq!(flows.runs().next().unwrap().steps()[0].outcome(), Some(StepOutcome::TimedOut));
    assert!(flows.poll_call_off().is_none());
}

#[test]
fn runs_over_the_concurrency_wait_in_order_and_one_input_may_go_over_the_bound() {
    let flow = flow("f")
        .with_step(post("a", "{{ trigger.event.id }}"))
        .with_concurrency(Concurrency::of(1).with_waiting(2))
        .build()
        .unwrap();
    let mut flows = flows([flow]);
    let all = firings("f", 6);
    let receipt = flows.handle_firings(at(0), &all[..5]).unwrap();
    assert_eq!((receipt.started().len(), receipt.rendered().len()), (5, 1));
    assert!(flows.is_full() && is_full(flows.handle_firing(at(0), &all[5])));
    assert_eq!((flows.counts().refused(), flows.counts().started()), (1, 5));
    for number in 0..3 {
        let delivery = flows.poll_delivery().unwrap();
        assert_eq!(text(&delivery), format!("e-{number}"));
        assert!(flows.poll_delivery().is_none(), "one at a time");
        assert!(is_full(flows.handle_firing(at(0), &all[5])), "two wait, or more");
        let _ = flows.handle_outcome(at(1), &outcome(at(1), delivery, Err(refusal()))).unwrap();
    }
    assert!(!flows.is_full());
    assert_eq!(flows.handle_firing(at(2), &all[5]).unwrap().started().len(), 1);
    let waiting = flows.runs().filter(|run| run.status() == RunStatus::Waiting).count();
    assert_eq!((waiting, flows.live()), (2, 3));
}

#[test]
fn a_greater_concurrency_lets_waiting_runs_begin() {
    let define = |runs| {
        let builder = flow("f").with_step(post("a", "{{ trigger.event.id }}"));
        builder.with_concurrency(Concurrency::of(runs)).build().unwrap()
    };
    let mut flows = flows([define(1)]);
    let _ = flows.handle_firings(at(0), &firings("f", 4)).unwrap();
    let receipt = flows.define(at(1), define(3)).unwrap();
    assert_eq!(receipt.rendered().len(), 2);
    assert_eq!(std::iter::from_fn(|| flows.poll_delivery()).count(), 3);
}

#[test]
fn the_number_and_the_bytes_of_all_runs_are_bounded() {
    let define = || flow("f").with_step(post("a", "{{ trigger.event.id }}")).build().unwrap();
    for limits in [Limits::default().with_runs(2), Limits::default().with_bytes(300)] {
        let mut flows = flows([define()]).with_limits(limits);
        let all = firings("f", 4);
        let _ = flows.handle_firings(at(0), &all[..3]).unwrap();
        assert!(flows.is_full() && is_full(flows.handle_firing(at(0), &all[3])));
        let other = firing("other");
        assert!(
            flows.handle_firing(at(0), &other).unwrap().started().is_empty(),
            "what starts nothing needs no room"
        );
        while let Some(delivery) = flows.poll_delivery() {
            let _ = flows.handle_outcome(at(1), &outcome(at(1), delivery, Ok(json!(null)))).unwrap();
        }
        assert_eq!((flows.is_full(), flows.live()), (false, 0));
        assert_eq!(flows.handle_firing(at(2), &all[3]).unwrap().started().len(), 1);
    }
}

#[test]
fn the_history_is_bounded_and_what_is_dropped_is_counted() {
    let define = || flow("f").with_step(post("a", "{{ trigger.jobId }}")).build().unwrap();
    let mut flows = flows([define()]).with_limits(Limits::default().with_history(3));
    let all = firings("f", 5);
    for firing in &all {
        let _ = flows.handle_firing(at(0), firing).unwrap();
    }
    assert_eq!((flows.runs().count(), flows.counts().history_dropped(), flows.counts().failed()), (3, 2, 5));
    assert!(flows.explain_firing(all[0].id().as_str()).is_none());
    assert!(flows.run(&format!("{}_1", all[2].id())).is_some());
    assert_eq!(
        flows.resubmit(at(0), &format!("{}_1", all[0].id())).unwrap_err().kind(),
        ErrorKind::UnknownRun
    );
    let mut flows = super::flows([define()]).with_limits(Limits::default().with_history_bytes(1));
    let _ = flows.handle_firing(at(0), &all[0]).unwrap();
    assert_eq!((flows.runs().count(), flows.counts().history_dropped()), (0, 1));
}

#[test]
fn secrets_are_in_no_record_and_in_no_explanation_and_reach_the_action() {
    let step = Step::new("a", "postNote")
        .with_input("text", "hi")
        .with_input("key", "{{ trigger.event.id }}-K3Y")
        .with_input("card", json!({"head": "seen", "pin": "P1N"}));
    let wrong = post("b", "hi").with_input("key", "{{ 'K3Y' + 1 }}").with_run_at_once();
    let mut flows = flows([flow("f").with_step(step).with_step(wrong).build().unwrap()]);
    let receipt = flows.handle_firing(at(0), &firing("f")).unwrap();
    let run = flows.run(receipt.started()[0].as_str()).unwrap();
    assert_eq!(
        run.steps()[0].input(),
        Some(&json!({"text": "hi", "key": "[redacted]", "card": {"head": "seen", "pin": "[redacted]"}}))
    );
    assert_eq!(run.steps()[1].reason(), Some("its input cannot be made: key: the secret cannot be rendered"));
    let said = flows.explain(run.id().as_str()).unwrap();
    let shown = format!("{run:?}{said}{receipt:?}{flows:?}");
    assert!(!shown.contains("K3Y") && !shown.contains("P1N"), "{shown}");
    let sent = flows.poll_delivery().unwrap();
    assert_eq!(sent.input()["key"], "e-0-K3Y");
    assert_eq!(sent.input()["card"]["pin"], "P1N");
}

#[test]
fn a_run_submitted_again_has_ids_of_its_own_and_a_link_and_the_flow_as_it_is_now() {
    let define = |text: &str| flow("f").with_step(post("a", text)).build().unwrap();
    let mut flows = flows([define("{{ trigger.jobId }}")]);
    let firing = firing("f");
    let first = flows.handle_firing(at(0), &firing).unwrap().started()[0];
    assert_eq!(flows.run(first.as_str()).unwrap().status(), RunStatus::Failed);
    let _ = flows.define(at(1), define("{{ run.number }} {{ run.resubmitOf }}")).unwrap();
    let second = flows.resubmit(at(2), first.as_str()).unwrap().started()[0];
    assert_eq!(second.as_str(), format!("{}_2", firing.id()));
    let delivery = flows.poll_delivery().unwrap();
    assert_eq!(delivery.id().as_str(), format!("{second}_a"));
    assert_eq!(text(&delivery), format!("2 {first}"));
    let run = flows.run(second.as_str()).unwrap();
    assert_eq!((run.resubmit_of(), run.queued_at(), run.number()), (Some(&first), at(2), 2));
    assert_eq!(flows.resubmit(at(3), second.as_str()).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(flows.resubmit(at(3), "no").unwrap_err().kind(), ErrorKind::UnknownRun);
    assert!(flows.remove("f"));
    assert_eq!(flows.resubmit(at(3), first.as_str()).unwrap_err().kind(), ErrorKind::UnknownFlow);
    let said = flows.explain_firing(firing.id().as_str()).unwrap();
    assert!(said.contains(&format!("run {first} ")) && said.contains("was submitted again"), "{said}");
}

#[test]
fn a_run_called_off_names_the_deliveries_that_were_handed_out_and_lets_the_next_begin() {
    let flow = flow("f")
        .with_step(post("a", "1"))
        .with_step(post("b", "2").with_run_at_once())
        .with_step(post("c", "3"))
        .with_concurrency(Concurrency::of(1))
        .build()
        .unwrap();
    let mut flows = flows([flow]);
    let all = firings("f", 3);
    let started = flows.handle_firings(at(0), &all).unwrap().started().to_vec();
    let a = flows.poll_delivery().unwrap();
    assert!(flows.cancel(at(1), started[1].as_str()).unwrap().is_some(), "one that waits");
    assert!(flows.cancel(at(1), started[0].as_str()).unwrap().is_some());
    assert_eq!(flows.poll_call_off().as_ref(), Some(a.id()));
    assert!(flows.poll_call_off().is_none(), "the other was not handed out and never will be");
    let next = flows.poll_delivery().unwrap();
    assert_eq!(next.id().as_str(), format!("{}_a", started[2]));
    let run = flows.run(started[0].as_str()).unwrap();
    assert_eq!((run.status(), run.ended_at()), (RunStatus::Cancelled, Some(at(1))));
    assert!(flows.explain(started[0].as_str()).unwrap().contains("c did not end: the run was called off"));
    assert_eq!(
        (flows.counts().cancelled(), flows.cancel(at(2), "no").unwrap_err().kind()),
        (2, ErrorKind::UnknownRun)
    );
}

#[test]
fn a_run_goes_on_with_the_flow_that_it_started_with() {
    let define =
        |second: &str| flow("f").with_step(post("a", "1")).with_step(post("b", second)).build().unwrap();
    let mut flows = flows([define("old")]);
    let _ = flows.handle_firing(at(0), &firing("f")).unwrap();
    let _ = flows.define(at(1), define("new")).unwrap();
    let mut after = flows.clone();
    after.restore(&flows.snapshot()).unwrap();
    assert!(after.remove("f"));
    for flows in [&mut flows, &mut after] {
        let a = flows.poll_delivery().unwrap();
        let _ = flows.handle_outcome(at(2), &outcome(at(2), a, Ok(json!(null)))).unwrap();
        assert_eq!(text(&flows.poll_delivery().unwrap()), "old");
    }
}

#[test]
fn renderings_that_do_not_fit_are_told_as_diverged() {
    let define = |text: &str| flow("f").with_step(post("a", text)).build().unwrap();
    let all = firings("f", 2);
    let mut flows = flows([define("{{ trigger.event.id }}")]);
    let fresh = flows.clone();
    let first = flows.handle_firing(at(0), &all[0]).unwrap().into_rendered();
    let second = flows.handle_firing(at(0), &all[1]).unwrap().into_rendered();
    let replay = |given: Vec<tripline::flow::Rendered>| {
        let mut flows = fresh.clone();
        flows.set_renderings(given);
        flows.handle_firing(at(0), &all[0]).map(|_| flows.poll_delivery().unwrap().input().clone())
    };
    assert_eq!(replay(first.clone()).unwrap(), json!({"text": "e-0"}));
    for wrong in [vec![], second.clone(), [first.clone(), second].concat()] {
        assert_eq!(replay(wrong).unwrap_err().kind(), ErrorKind::Diverged);
    }
    // Nothing is rendered: what was given is taken, even where the flow says something else by now.
    let mut other = super::flows([define("something else")]);
    let text = serde_json::to_string(&first).unwrap();
    other.set_renderings(serde_json::from_str::<Vec<tripline::flow::Rendered>>(&text).unwrap());
    let _ = other.handle_firing(at(0), &all[0]).unwrap();
    assert_eq!(other.poll_delivery().unwrap().input(), &json!({"text": "e-0"}));
}

#[test]
fn a_snapshot_that_is_cut_or_damaged_anywhere_is_refused_and_changes_nothing() {
    let mut flows = flows([flow("f").with_step(post("a", "hi")).build().unwrap()]);
    let _ = flows.handle_firings(at(0), &firings("f", 2)).unwrap();
    let bytes = flows.snapshot();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert_eq!(flows.restore(&damaged).unwrap_err().kind(), ErrorKind::Snapshot);
        assert_eq!(flows.restore(&bytes[..at]).unwrap_err().kind(), ErrorKind::Snapshot);
    }
    assert_eq!(flows.snapshot(), bytes);
}

#[test]
fn time_that_goes_back_counts_as_the_latest_seen() {
    let step = post("a", "{{ run.startedAt }}").with_timeout(Duration::from_secs(60));
    let mut flows = flows([flow("f").with_step(step).build().unwrap()]);
    let _ = flows.handle_timeout(at(100)).unwrap();
    let _ = flows.handle_firing(at(0), &firing("f")).unwrap();
    assert_eq!(text(&flows.poll_delivery().unwrap()), "2026-03-01T02:01:40Z");
    assert_eq!(flows.poll_timeout(), Some(at(160)));
    assert!(flows.handle_timeout(at(0) + TimeDelta::days(365 * 1_000)).unwrap_err().is_limit());
}

#[test]
fn outcomes_that_nobody_waits_for_and_outputs_that_are_too_large_are_counted() {
    let flow = flow("f")
        .with_step(post("a", "1"))
        .with_step(post("b", "{{ steps.a.output | default('nothing') }}"))
        .build()
        .unwrap();
    let mut flows = flows([flow]);
    let _ = flows.handle_firing(at(0), &firing("f")).unwrap();
    let a = flows.poll_delivery().unwrap();
    let large = json!({"text": "x".repeat(300_000)});
    let told: Outcome = outcome(at(1), a, Ok(large));
    let _ = flows.handle_outcome(at(1), &told).unwrap();
    assert_eq!(text(&flows.poll_delivery().unwrap()), "nothing");
    assert_eq!(flows.runs().next().unwrap().steps()[0].reason(), Some("its output was too large to be kept"));
    let _ = flows.handle_outcome(at(2), &told).unwrap();
    assert_eq!((flows.counts().outputs_dropped(), flows.counts().ignored()), (1, 1));
}

#[test]
fn a_snapshot_restored_where_an_action_is_gone_goes_on_and_says_so() {
    let flow = flow("f").with_step(post("a", "1")).with_step(post("b", "2")).build().unwrap();
    let mut flows = flows([flow]);
    let receipt = flows.handle_firing(at(0), &firing("f")).unwrap();
    let mut bare = Flows::new(tripline::action::Registry::new());
    bare.restore(&flows.snapshot()).unwrap();
    let a = bare.poll_delivery().unwrap();
    assert_eq!(a.input(), &json!({"text": "1"}));
    let _ = bare.handle_outcome(at(1), &outcome(at(1), a, Ok(Value::Null))).unwrap();
    let b = &bare.run(receipt.started()[0].as_str()).unwrap().steps()[1];
    assert_eq!(
        (b.outcome(), b.reason()),
        (Some(StepOutcome::Failed), Some("there is no action \"postNote\""))
    );
    assert_eq!(registry().len(), 2);
}

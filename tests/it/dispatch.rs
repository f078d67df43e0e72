//! The dispatcher held against a naive model over random schedules: what is
//! handed out must be what the model says is next in its lane, nothing that the
//! model would hand out may be kept back, and a run that is cut by snapshot and
//! restore at every step must say the same as one that is not.

mod model;
mod order;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tripline::action::{ActionError, Effect, Rate, RetryPolicy, Throttle};
use tripline::dispatch::{
    Admission, Completion, Delivery, DeliveryId, Dispatcher, LanePolicy, Lease, Limits,
};

use model::{Model, Plan};

use crate::random::Random;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn second(time: DateTime<Utc>) -> i64 {
    time.timestamp()
}

/// Lanes: 0 and 1 share a throttle of 3 in 20 s, 2 has none, 3 takes one at a time.
fn machine() -> Dispatcher {
    let shared = LanePolicy::default().with_throttle("shared").with_throttle_key("both");
    let quick = |policy: LanePolicy| {
        policy
            .with_concurrency(2)
            .with_timeout(Duration::from_secs(10))
            .with_cool_down(Duration::from_secs(15), Duration::from_secs(40))
    };
    Dispatcher::builder()
        .with_throttle("shared", Throttle::new(Rate::new(3, Duration::from_secs(20)).unwrap()))
        .with_default_policy(quick(LanePolicy::default()))
        .with_policy("lane-0", quick(shared.clone()))
        .with_policy("lane-1", quick(shared))
        .with_policy("lane-3", quick(LanePolicy::default()).with_concurrency(1))
        .with_limits(Limits::default().with_deliveries(12))
        .build()
        .unwrap()
}

fn delivery(plan: &Plan) -> Delivery {
    let id = DeliveryId::new(format!("d-{}", plan.id)).unwrap();
    let mut delivery = Delivery::new(id, format!("lane-{}", plan.lane), "a", json!({"n": plan.id}))
        .with_retry(RetryPolicy::fixed(plan.retries, Duration::from_secs(7)).build().unwrap())
        .with_retry_unsafe(plan.retries_unsafe);
    if plan.is_guarded {
        delivery = delivery.with_effect(Effect::Guarded);
    }
    if let Some(key) = plan.key {
        delivery = delivery.with_order_key(format!("key-{key}"));
    }
    if let Some(end) = plan.expires {
        delivery = delivery.with_expires_at(at(end));
    }
    delivery
}

fn number(id: &DeliveryId) -> u64 {
    id.as_str()[2..].parse().unwrap()
}

/// A dispatcher and one that goes through bytes before every step: they must say the same.
struct Pair {
    whole: Dispatcher,
    cut: Dispatcher,
    /// Every so many steps it goes through bytes.
    cut_every: u64,
    steps: u64,
}

impl Pair {
    fn both<T: PartialEq + std::fmt::Debug>(&mut self, mut step: impl FnMut(&mut Dispatcher) -> T) -> T {
        self.steps += 1;
        if self.steps.is_multiple_of(self.cut_every) {
            let bytes = self.cut.snapshot();
            self.cut = machine();
            self.cut.restore(&bytes).unwrap();
        }
        let (whole, cut) = (step(&mut self.whole), step(&mut self.cut));
        assert_eq!(whole, cut, "cutting changed it");
        assert_eq!(self.whole.counts(), self.cut.counts());
        assert_eq!(self.whole.poll_timeout(), self.cut.poll_timeout());
        whole
    }
}

fn error(kind: u64, retry_after: Option<i64>) -> ActionError {
    let error = match kind {
        0 | 1 => ActionError::transient("down"),
        2 => ActionError::transient("no answer").with_outcome_unknown(true),
        3 => ActionError::throttled("slower"),
        4 => ActionError::permanent("no"),
        _ => ActionError::gone("taken down"),
    };
    match retry_after {
        Some(seconds) => error.with_retry_after(Duration::from_secs(seconds as u64)),
        None => error,
    }
}

fn run(seed: u64, steps: u64, tally: &mut [u64; 4]) {
    let mut random = Random(seed);
    let (mut pair, mut model) =
        (Pair { whole: machine(), cut: machine(), cut_every: 1, steps: 0 }, Model::new());
    // At every step in some runs, now and then in the others, which are quick for it.
    pair.cut_every = if seed.is_multiple_of(40) { 1 } else { 23 };
    let (mut now, mut next) = (1_000, 0);
    let mut leases: Vec<(u64, Lease)> = Vec::new();
    let mut lost: Vec<Lease> = Vec::new();
    for _ in 0..steps {
        now += [0, 0, 1, 3, 12][random.below(5) as usize];
        let step = random.below(10);
        // The end of an attempt comes before what is due at the same instant, all else after.
        let is_end = (4..=6).contains(&step);
        model.advance(now - i64::from(is_end));
        pair.both(|it| it.handle_timeout(at(now - i64::from(is_end))).unwrap());
        match step {
            0..=3 => {
                let plan = Plan {
                    id: if random.below(9) == 0 { random.below(next + 1) } else { next },
                    lane: random.below(4),
                    key: (random.below(3) == 0).then(|| random.below(2)),
                    retries: random.below(4) as u32,
                    is_guarded: random.below(2) == 0,
                    retries_unsafe: random.below(4) == 0,
                    expires: (random.below(6) == 0).then(|| now + random.below(40) as i64),
                };
                next = next.max(plan.id + 1);
                let admission =
                    pair.both(|it| it.handle_delivery(at(now), delivery(&plan)).map_err(|e| e.kind()));
                assert_eq!(admission.ok(), model.admit(now, plan));
            }
            4..=6 if !leases.is_empty() => {
                let (id, lease) = leases.swap_remove(random.below(leases.len() as u64) as usize);
                let retry_after = (random.below(3) == 0).then(|| random.below(60) as i64);
                let failure =
                    (random.below(3) > 0).then(|| [0, 1, 2, 3, 4, 5, 0, 2][random.below(8) as usize]);
                let result = || match failure {
                    None => Ok(json!({"done": id})),
                    Some(kind) => Err(error(kind, retry_after)),
                };
                let completion = pair.both(|it| it.complete(at(now), lease, result()).unwrap());
                let expected = model.complete(now, id, result().err().as_ref());
                let told = match completion {
                    Completion::Retry(at) => Some(second(at)),
                    _ => None,
                };
                assert_eq!(told, expected, "delivery {id}: {completion:?}");
            }
            7 => {
                let dead: Vec<u64> = model.dead.keys().copied().collect();
                if let Some(id) = dead.get(random.below(dead.len().max(1) as u64) as usize) {
                    let done = pair.both(|it| it.redrive(at(now), &format!("d-{id}")).is_ok());
                    assert_eq!(done, model.redrive(now, *id));
                    tally[0] += u64::from(done);
                }
            }
            8 if random.below(3) == 0 => {
                let id = random.below(next + 1);
                let done = pair.both(|it| it.cancel(at(now), &format!("d-{id}")).unwrap());
                assert_eq!(done, model.cancel(now, id));
            }
            9 if random.below(2) == 0 => {
                let lane = random.below(4);
                let done = pair.both(|it| it.enable(&format!("lane-{lane}")));
                assert_eq!(done, model.enable(lane));
            }
            _ => {}
        }
        model.advance(now);
        pair.both(|it| it.handle_timeout(at(now)).unwrap());
        settle(&mut pair, &mut model, now, &mut leases, &mut lost);
    }
    // Time alone brings everything that nobody completes to its end.
    for _ in 0..10_000 {
        let Some(wanted) = pair.whole.poll_timeout() else { break };
        assert!(wanted > at(now), "it asks for a time that has passed");
        now = second(wanted);
        model.advance(now);
        pair.both(|it| it.handle_timeout(wanted).unwrap());
        settle(&mut pair, &mut model, now, &mut leases, &mut lost);
    }
    assert!(
        pair.whole.is_idle() && model.pending.is_empty(),
        "something waits for ever: {:?}",
        model.pending
    );
    for lease in lost {
        assert_eq!(pair.both(|it| it.complete(at(now), lease, Ok(Value::Null)).unwrap()), Completion::Late);
    }
    tally[1] += pair.whole.counts().circuits_opened();
    tally[2] += pair.whole.counts().targets_disabled();
    tally[3] += pair.whole.counts().lost();
}

/// Takes out all that there is, and holds the whole state against the model's.
fn settle(
    pair: &mut Pair,
    model: &mut Model,
    now: i64,
    leases: &mut Vec<(u64, Lease)>,
    lost: &mut Vec<Lease>,
) {
    while let Some((id, lease, attempt, deadline)) = pair.both(|it| {
        it.poll_work().map(|work| (number(work.id()), work.lease(), work.attempt(), second(work.deadline())))
    }) {
        assert_eq!(model.start(now, id), Some((attempt, deadline)), "delivery {id} at {now}");
        leases.push((id, lease));
    }
    assert_eq!(model.eligible(now), None, "kept back at {now}");
    if let Some(next) = model.next_time(now) {
        let wanted = pair.whole.poll_timeout().map(second);
        assert!(wanted.is_some_and(|wanted| wanted <= next), "wanted at {wanted:?}, due at {next}");
    }
    let told = |it: &mut Dispatcher| {
        let outcomes = std::iter::from_fn(|| it.poll_outcome());
        outcomes.map(|outcome| format!("{outcome:?}")).collect::<Vec<_>>()
    };
    let told = pair.both(told);
    assert_eq!(told.len(), std::mem::take(&mut model.outcomes), "{told:?}");
    leases.retain(|(_, lease)| {
        let is_live = pair.whole.is_live(*lease);
        if !is_live {
            lost.push(*lease);
        }
        is_live
    });
    // Pending, delivered, called off or dead: never gone, never twice.
    let dead: BTreeSet<u64> =
        pair.whole.dead_letters().map(|letter| number(letter.delivery().id())).collect();
    assert!(dead.iter().eq(model.dead.keys()), "{dead:?} {:?}", model.dead);
    for letter in pair.whole.dead_letters() {
        assert_eq!(letter.attempts().len() as u32, model.dead[&number(letter.delivery().id())].attempts);
    }
    assert_eq!(pair.whole.pending(), model.pending.len());
    assert_eq!(pair.whole.in_flight(), leases.len());
    assert_eq!(pair.whole.counts().delivered(), model.delivered);
    for pending in &model.pending {
        assert!(pair.whole.explain(&format!("d-{}", pending.plan.id)).is_some());
    }
}

#[test]
fn what_is_handed_out_and_what_becomes_of_it_is_what_the_model_says() {
    let mut tally = [0; 4];
    for seed in 0..2_000 {
        run(seed, 40, &mut tally);
    }
    assert!(tally.iter().all(|count| *count > 100), "hardly tried: {tally:?}");
}

#[test]
fn long_runs_hold_too() {
    let mut tally = [0; 4];
    for seed in 0..6 {
        run(0x7219_11E0 + seed, 400, &mut tally);
    }
    assert!(tally.iter().all(|count| *count > 2), "hardly tried: {tally:?}");
}

#[test]
fn no_attempt_is_made_before_what_the_server_asked_for() {
    for error in [ActionError::transient("down"), ActionError::throttled("slower")] {
        let mut dispatcher = Dispatcher::new();
        let id = DeliveryId::new("d").unwrap();
        let delivery = Delivery::new(id, "t", "a", json!({})).with_effect(Effect::Idempotent);
        assert_eq!(dispatcher.handle_delivery(at(0), delivery).unwrap(), Admission::Queued);
        let lease = dispatcher.poll_work().unwrap().lease();
        let error = error.with_retry_after(Duration::from_secs(3_600));
        assert_eq!(dispatcher.complete(at(1), lease, Err(error)).unwrap(), Completion::Retry(at(3_601)));
        dispatcher.handle_timeout(at(3_601) - TimeDelta::nanoseconds(1)).unwrap();
        assert!(dispatcher.poll_work().is_none());
        dispatcher.handle_timeout(at(3_601)).unwrap();
        assert_eq!(dispatcher.poll_work().unwrap().attempt(), 2);
        assert!(dispatcher.poll_outcome().is_none(), "nothing has ended");
    }
}

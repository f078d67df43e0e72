//! Random graphs of steps with random ends, in random order, cut by snapshot and
//! restore anywhere, and gone through a second time without rendering.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;
use tripline::action::RetryPolicy;
use tripline::dispatch::{Dispatcher, Work};
use tripline::flow::{Flow, Flows, Receipt, RunStatus, Step, StepOutcome};

use super::model::{self, Fate, Plan};
use super::{at, dispatcher, firing, flow, flows, refusal};
use crate::random::Random;

const SEEDS: u64 = 2_000;

const OUTCOMES: [StepOutcome; 4] =
    [StepOutcome::Succeeded, StepOutcome::Failed, StepOutcome::Skipped, StepOutcome::TimedOut];

fn plans(random: &mut Random) -> Vec<Plan> {
    let count = 1 + random.below(7_usize);
    // Steps may run after later ones: the order in which they can run is another than that of the flow.
    let mut order: Vec<usize> = (0..count).collect();
    let is_mixed = random.percent(40);
    if is_mixed {
        (1..count).for_each(|at| order.swap(at, random.below(at + 1)));
    }
    let place = |at: usize| order.iter().position(|other| *other == at).unwrap();
    (0..count)
        .map(|at| {
            let fates = [
                (45, Fate::Delivered),
                (65, Fate::Dead),
                (80, Fate::TooLate),
                (87, Fate::Unrendered),
                (95, Fate::Unmet),
                (100, Fate::Unjudged),
            ];
            let draw = random.below(100);
            let fate = fates.into_iter().find(|(most, _)| draw < *most).unwrap().1;
            let is_after_said = is_mixed || random.percent(70);
            let after = is_after_said.then(|| {
                let others: Vec<usize> = (0..count).filter(|other| place(*other) < place(at)).collect();
                let chosen: Vec<usize> = others.into_iter().filter(|_| random.percent(45)).collect();
                chosen
                    .into_iter()
                    .map(|other| {
                        let mut outcomes: Vec<StepOutcome> =
                            OUTCOMES.into_iter().filter(|_| random.percent(50)).collect();
                        if outcomes.is_empty() {
                            outcomes.push(random.pick(&OUTCOMES));
                        }
                        (format!("s{other}"), outcomes)
                    })
                    .collect::<BTreeMap<_, _>>()
            });
            Plan { name: format!("s{at}"), fate, after }
        })
        .collect()
}

fn built(plans: &[Plan]) -> Flow {
    let step = |plan: &Plan| {
        let mut step = Step::new(&plan.name, "postNote").with_retry(RetryPolicy::none()).with_connection("c");
        let text = match plan.fate {
            Fate::Unrendered => "{{ trigger.jobId }}",
            _ => "{{ run.number }} of {{ trigger.id }}",
        };
        step = step.with_input("text", text);
        match plan.fate {
            Fate::Unmet => step = step.with_condition("{{ run.number > 1 }}"),
            Fate::Unjudged => step = step.with_condition("run.number"),
            _ => step = step.with_condition("run.number == 1"),
        }
        if plan.fate == Fate::TooLate {
            step = step.with_timeout(Duration::from_secs(60));
        }
        if let Some(after) = &plan.after {
            step = step.with_run_at_once();
            for (name, outcomes) in after {
                step = step.with_run_after(name, outcomes.iter().copied());
            }
        }
        step
    };
    plans.iter().fold(flow("f"), |builder, plan| builder.with_step(step(plan))).build().unwrap()
}

/// The machine under test, one that is cut after every input, and one that renders nothing.
struct Trio {
    whole: Flows,
    cut: Flows,
    replayed: Flows,
}

impl Trio {
    fn new(flow: &Flow) -> Self {
        let new = || flows([flow.clone()]);
        Self { whole: new(), cut: new(), replayed: new() }
    }

    fn input(&mut self, handle: impl Fn(&mut Flows) -> Receipt) -> Receipt {
        let receipt = handle(&mut self.whole);
        assert_eq!(handle(&mut self.cut), receipt);
        self.replayed.set_renderings(receipt.rendered().to_vec());
        assert_eq!(handle(&mut self.replayed), receipt);
        self.compare();
        receipt
    }

    fn compare(&mut self) {
        let bytes = self.whole.snapshot();
        assert_eq!(self.cut.snapshot(), bytes);
        assert_eq!(self.replayed.snapshot(), bytes);
        let mut fresh = Flows::new(self.cut.registry().clone());
        for flow in self.cut.flows() {
            let _ = fresh.define(at(0), flow.clone()).unwrap();
        }
        fresh.restore(&bytes).unwrap();
        assert_eq!(fresh.snapshot(), bytes);
        assert_eq!(fresh.poll_timeout(), self.whole.poll_timeout());
        self.cut = fresh;
    }

    fn deliveries(&mut self) -> Vec<tripline::dispatch::Delivery> {
        let mut all = Vec::new();
        while let Some(delivery) = self.whole.poll_delivery() {
            for other in [&mut self.cut, &mut self.replayed] {
                let same = other.poll_delivery().unwrap();
                assert_eq!(format!("{same:?}"), format!("{delivery:?}"));
                assert_eq!(same.input(), delivery.input());
            }
            all.push(delivery);
            self.compare();
        }
        assert!(self.cut.poll_delivery().is_none() && self.replayed.poll_delivery().is_none());
        all
    }

    fn call_offs(&mut self) -> Vec<tripline::dispatch::DeliveryId> {
        let mut all = Vec::new();
        while let Some(id) = self.whole.poll_call_off() {
            assert_eq!(self.cut.poll_call_off().as_ref(), Some(&id));
            assert_eq!(self.replayed.poll_call_off().as_ref(), Some(&id));
            all.push(id);
        }
        all
    }
}

/// One run from its start to its end; what was delivered.
fn go(random: &mut Random, plans: &[Plan], trio: &mut Trio) -> BTreeSet<String> {
    let (firing, mut now) = (firing("f"), at(0));
    let mut dispatcher: Dispatcher = dispatcher();
    let mut under_way: Vec<Work> = Vec::new();
    let mut delivered = BTreeSet::new();
    let started = trio.input(|flows| flows.handle_firing(now, &firing).unwrap());
    assert_eq!(started.started().len(), 1);
    loop {
        for delivery in trio.deliveries() {
            let step = delivery.id().as_str().rsplit('_').next().unwrap().to_owned();
            assert_eq!(delivery.id().as_str(), format!("{}_1_{step}", firing.id()));
            assert_eq!(delivery.input(), &json!({"text": format!("1 of {}", firing.id())}));
            assert!(delivered.insert(step), "a step is delivered once");
            let _ = dispatcher.handle_delivery(now, delivery).unwrap();
        }
        while let Some(work) = dispatcher.poll_work() {
            under_way.push(work);
        }
        for id in trio.call_offs() {
            let was_there = dispatcher.cancel(now, id.as_str()).unwrap();
            assert!(was_there || dispatcher.dead_letter(id.as_str()).is_some());
        }
        let mut is_news = false;
        while let Some(outcome) = dispatcher.poll_outcome() {
            let _ = trio.input(|flows| flows.handle_outcome(now, &outcome).unwrap());
            is_news = true;
        }
        if trio.whole.runs().all(|run| run.status().has_ended()) {
            return delivered;
        }
        if is_news {
            continue;
        }
        let fate = |work: &Work| {
            let step = work.id().as_str().rsplit('_').next().unwrap();
            plans.iter().find(|plan| plan.name == step).unwrap().fate
        };
        under_way.retain(|work| dispatcher.is_live(work.lease()));
        let ending: Vec<usize> =
            (0..under_way.len()).filter(|at| fate(&under_way[*at]) != Fate::TooLate).collect();
        if ending.is_empty() {
            let due: DateTime<Utc> = trio.whole.poll_timeout().unwrap();
            now = due;
            let _ = trio.input(|flows| flows.handle_timeout(now).unwrap());
            continue;
        }
        let work = under_way.remove(random.pick(&ending));
        let result = if fate(&work) == Fate::Delivered { Ok(json!({"n": 1})) } else { Err(refusal()) };
        let _ = dispatcher.complete(now, work.lease(), result).unwrap();
    }
}

#[test]
fn runs_end_as_the_naive_model_says_whatever_the_order_and_wherever_they_are_cut() {
    let mut seen: BTreeMap<(StepOutcome, RunStatus), u64> = BTreeMap::new();
    for seed in 0..SEEDS {
        let random = &mut Random(0x7219_11F0_0000_0000 + seed);
        let plans = plans(random);
        let mut trio = Trio::new(&built(&plans));
        let delivered = go(random, &plans, &mut trio);
        let run = trio.whole.runs().next().unwrap();
        for (place, step) in run.steps().iter().enumerate() {
            let expected = model::outcome(&plans, place);
            assert_eq!(step.outcome(), Some(expected), "seed {seed}: {} of {plans:#?}", step.name());
            let is_delivered = model::is_delivered(&plans, place);
            assert_eq!(delivered.contains(step.name()), is_delivered, "seed {seed}: {plans:#?}");
            assert_eq!(step.input().is_some(), is_delivered);
            assert_eq!(step.reason().is_none(), expected == StepOutcome::Succeeded);
            *seen.entry((expected, model::status(&plans))).or_default() += 1;
        }
        assert_eq!(run.status(), model::status(&plans), "seed {seed}: {plans:#?}");
        assert_eq!(trio.whole.live(), 0);
        assert_eq!(trio.whole.poll_timeout(), None);
    }
    assert_eq!(seen.len(), 8, "all outcomes occur in runs that succeed and in runs that fail: {seen:?}");
}

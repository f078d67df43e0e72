//! The dispatcher under [`drive`]: snapshots while it runs, and what must be seen nowhere outside.

mod canary;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;
use tripline::action::{ActionError, Effect, Field, Metadata, Registry, action_fn, async_trait};
use tripline::dispatch::{Delivery, DeliveryId, Dispatcher, Outcome, Outlet, Stop, Timer, drive};
use tripline::testing::World;

/// The world's time, as a host's timer.
struct WorldTimer(World);

#[async_trait]
impl Timer for WorldTimer {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    async fn sleep_until(&self, at: DateTime<Utc>) {
        self.0.sleep_until(at).await;
    }
}

/// How often each key was carried out by the service behind the action.
type Board = Arc<Mutex<BTreeMap<String, u32>>>;

/// A second there, a second back; every fifth delivery is refused at first.
fn registry(world: &World, board: &Board) -> Registry {
    let mut registry = Registry::new();
    let (world, board) = (world.clone(), board.clone());
    let post = action_fn(
        Metadata::new("post").with_effect(Effect::Guarded).with_input(Field::integer("n")),
        move |ctx, number: serde_json::Value| {
            let (world, board) = (world.clone(), board.clone());
            async move {
                world.sleep(Duration::from_secs(1)).await;
                if ctx.attempt() == 1 && number["n"].as_u64().is_some_and(|number| number % 5 == 0) {
                    return Err(ActionError::transient("it is down"));
                }
                *board.lock().unwrap().entry(ctx.idempotency_key().to_owned()).or_default() += 1;
                world.sleep(Duration::from_secs(1)).await;
                Ok(json!({"posted": ctx.idempotency_key()}))
            }
        },
    );
    registry.add(post).unwrap();
    registry
}

const DELIVERIES: usize = 40;

fn delivery(number: usize) -> Delivery {
    let id = DeliveryId::new(format!("d-{number}")).unwrap();
    let delivery = Delivery::new(id, format!("board-{}", number % 3), "post", json!({"n": number}));
    if number.is_multiple_of(2) { delivery.with_order_key("even") } else { delivery }
}

/// What was told of each delivery, in order.
fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered { id, output, .. } => {
            assert_eq!(output["posted"], id.as_str());
            id.to_string()
        }
        other => panic!("{other:?}"),
    }
}

/// Drives until a snapshot that is asked for at the `ask`th end, and is killed three ends later.
fn driven_and_killed(
    world: &World,
    board: &Board,
    ask: usize,
) -> (Vec<u8>, Vec<String>, BTreeMap<String, u32>) {
    let (mut dispatcher, outlet) = (Dispatcher::new(), Outlet::new());
    for number in 0..DELIVERIES {
        outlet.try_send(&delivery(number)).unwrap();
    }
    let (registry, timer) = (registry(world, board), WorldTimer(world.clone()));
    let ends = Mutex::new(Vec::new());
    let taken = Mutex::new(None);
    let run = drive(&mut dispatcher, &registry, &timer)
        .with_outlet(&outlet)
        .with_outcomes(|outcome| {
            let mut ends = ends.lock().unwrap();
            ends.push(told(&outcome));
            if ends.len() == ask {
                outlet.request_snapshot();
            }
            if ends.len() == ask + 3 {
                outlet.stop(Stop::AtOnce);
            }
        })
        .with_snapshots(|bytes| {
            let so_far = (ends.lock().unwrap().clone(), board.lock().unwrap().clone());
            assert!(taken.lock().unwrap().replace((bytes, so_far)).is_none(), "one was asked for");
        })
        .run();
    world.block_on(run).unwrap();
    let (bytes, (ends, carried_out)) =
        taken.into_inner().unwrap().expect("a snapshot was taken while it ran");
    (bytes, ends, carried_out)
}

#[test]
fn a_snapshot_taken_while_it_is_driven_goes_on_without_loss_and_tells_nothing_twice() {
    let mut attempts_cut = 0;
    for ask in 1..=DELIVERIES - 3 {
        let (world, board) = (World::new(ask as u64), Board::default());
        let (bytes, mut ends, before) = driven_and_killed(&world, &board, ask);
        let told_before = ends.clone();

        let mut dispatcher = Dispatcher::new();
        dispatcher.restore(&bytes).unwrap();
        attempts_cut += dispatcher.in_flight();
        assert_eq!(dispatcher.pending() + ends.len(), DELIVERIES, "pending or told, nothing else");
        let (registry, timer, outlet) = (registry(&world, &board), WorldTimer(world.clone()), Outlet::new());
        // Who sent something and does not know whether it was taken in sends it again.
        for number in 0..DELIVERIES {
            if !ends.contains(&format!("d-{number}")) {
                outlet.try_send(&delivery(number)).unwrap();
            }
        }
        outlet.stop(Stop::WhenIdle);
        let run = drive(&mut dispatcher, &registry, &timer)
            .with_outlet(&outlet)
            .with_outcomes(|outcome| ends.push(told(&outcome)))
            .run();
        world.block_on(run).unwrap();

        let count = ends.len();
        ends.sort_unstable();
        ends.dedup();
        assert_eq!((count, ends.len()), (DELIVERIES, DELIVERIES), "each is told once");
        let board = board.lock().unwrap();
        assert_eq!(board.len(), DELIVERIES, "a receiver that drops repeated keys has each once");
        for id in &told_before {
            assert_eq!(board[id], before[id], "{id} was told before the snapshot, and carried out again");
        }
    }
    assert!(attempts_cut > 0, "some attempt was under way at a snapshot");
}

#[test]
fn a_snapshot_is_taken_while_the_dispatcher_is_full_and_asking_twice_gives_one() {
    let (world, board) = (World::new(1), Board::default());
    let limits = tripline::dispatch::Limits::default().with_deliveries(1);
    let mut dispatcher = Dispatcher::builder().with_limits(limits).build().unwrap();
    let (registry, timer, outlet) = (registry(&world, &board), WorldTimer(world.clone()), Outlet::new());
    for number in 1..4 {
        outlet.try_send(&delivery(number)).unwrap();
    }
    outlet.request_snapshot();
    outlet.request_snapshot();
    outlet.stop(Stop::WhenIdle);
    let mut waiting = Vec::new();
    let run = drive(&mut dispatcher, &registry, &timer)
        .with_outlet(&outlet)
        .with_snapshots(|_| waiting.push(outlet.len()))
        .run();
    world.block_on(run).unwrap();
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0] > 0, "the rest waited in the outlet");
    assert_eq!(board.lock().unwrap().len(), 3);
}

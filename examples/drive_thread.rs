//! Deliveries made on a plain thread, without any runtime: `cargo run --example drive_thread`.
//!
//! The loop is `drive`; the host brings a clock, a way to wait, and somebody to poll the future.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tripline::action::{Action, ActionError, Effect, Field, Metadata, Registry, action_fn, async_trait};
use tripline::dispatch::{Delivery, DeliveryId, Dispatcher, Outcome, Outlet, Stop, Timer, drive};

/// A clock that an example can wait for: when everything waits, the time is moved on. A real host asks
/// the system's clock, and wakes from a thread that sleeps.
#[derive(Clone, Default)]
struct Clock(Arc<Mutex<(TimeDelta, Sleepers)>>);

/// Who waits, by until when.
type Sleepers = BTreeMap<TimeDelta, Vec<Waker>>;

impl Clock {
    fn moved_on(&self) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((at, wakers)) = state.1.pop_first() else { return false };
        state.0 = state.0.max(at);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        true
    }
}

#[async_trait]
impl Timer for Clock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    async fn sleep_until(&self, at: DateTime<Utc>) {
        let at = at - DateTime::UNIX_EPOCH;
        std::future::poll_fn(|context| {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.0 >= at {
                return Poll::Ready(());
            }
            state.1.entry(at).or_default().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Wakes a thread that waits.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }
}

impl Bell {
    /// Whether it was rung, waiting a little for it.
    fn was_rung(&self) -> bool {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = Duration::from_millis(20);
        let waited = self.changed.wait_timeout_while(rung, pause, |rung| !*rung);
        std::mem::take(&mut *waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

fn block_on<F: Future>(clock: &Clock, future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        while !bell.was_rung() && !clock.moved_on() {}
    }
}

/// A board on the wall: it is busy at first, and hangs a note up once, whoever asks for it how often.
#[derive(Default)]
struct Board {
    /// So many attempts find it busy.
    busy: u32,
    /// The keys of the notes, in their order.
    notes: Mutex<Vec<String>>,
}

impl Board {
    /// The number of the note.
    fn hang(&self, key: &str) -> usize {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let place = notes.iter().position(|other| other == key).unwrap_or(notes.len());
        if place == notes.len() {
            notes.push(key.to_owned());
        }
        place + 1
    }
}

/// The action: hangs a note on the board, unless it is empty.
fn post_note(board: Arc<Board>) -> impl Action<Input = Value, Output = Value> {
    let metadata = Metadata::new("postNote")
        .with_effect(Effect::Guarded)
        .with_input(Field::string("text").with_required(true))
        .with_output(Field::integer("note"))
        .with_sample(json!({"text": "VIPs passed 1,000"}), json!({"note": 1}));
    action_fn(metadata, move |ctx, input: Value| {
        let board = board.clone();
        async move {
            if input["text"] == "" {
                return Err(ActionError::permanent("an empty note"));
            }
            if ctx.attempt() <= board.busy {
                return Err(ActionError::throttled("slower").with_retry_after(Duration::from_secs(30)));
            }
            Ok(json!({"note": board.hang(ctx.idempotency_key())}))
        }
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let (clock, outlet, mut registry) = (Clock::default(), Outlet::new(), Registry::new());
    registry.add(post_note(Arc::new(Board { busy: 1, ..Board::default() })))?;
    let driver = std::thread::spawn({
        let (clock, outlet) = (clock.clone(), outlet.clone());
        move || {
            let mut dispatcher = Dispatcher::new();
            let run = drive(&mut dispatcher, &registry, &clock)
                .with_outlet(&outlet)
                .with_outcomes(|outcome| match outcome {
                    Outcome::Delivered { id, attempt, output, .. } => {
                        println!("{id}: delivered at attempt {attempt}: {output}");
                    }
                    Outcome::Dead(letter) => println!("{}: given up: {letter}", letter.delivery().id()),
                    other => println!("{other:?}"),
                })
                .run();
            block_on(&clock, run).map(|()| dispatcher)
        }
    });
    for (id, text) in [("d-1", "VIPs passed 1,000"), ("d-2", "")] {
        // One after the other, so that what is printed is the same every time.
        outlet.try_send(
            &Delivery::new(DeliveryId::new(id)?, "board", "postNote", json!({"text": text}))
                .with_order_key("vip"),
        )?;
    }
    outlet.stop(Stop::WhenIdle);
    let dispatcher = driver.join().map_err(|_| "the driver panicked")??;
    for (name, count) in dispatcher.counts().iter().filter(|(_, count)| *count > 0) {
        println!("{name}: {count}");
    }
    Ok(())
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use tripline::action::{ActionContext, DynAction};
    use tripline::testing::{Capabilities, Check, World, conformance};

    use super::*;

    /// The suite looks for the key in requests, and this action makes none: what it does with the key is tested beside it.
    #[test]
    fn the_action_conforms_and_hangs_a_note_up_once() {
        let without_requests = Capabilities::new().without(Check::Key);
        conformance(|_| post_note(Arc::default()), without_requests).assert();

        let (world, action) = (World::new(0), DynAction::new(post_note(Arc::default())));
        for (key, attempt, note) in [("d-1", 1, 1), ("d-2", 1, 2), ("d-1", 2, 1)] {
            let ctx = ActionContext::new(world.now(), key).with_attempt(attempt);
            let given = world.block_on(action.run(&ctx, json!({"text": "VIPs passed 1,000"})));
            assert!(given.is_ok_and(|output| output["note"] == note), "{key}");
        }
    }
}

//! What both runtimes are given to do: three notes for a board that is busy at first, one of them empty.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tripline::Error;
use tripline::action::{Action, ActionError, Effect, Field, Metadata, Registry, RetryPolicy, action_fn};
use tripline::dispatch::{Delivery, DeliveryId, Dispatcher, Outcome};

/// A board on the wall: it is busy at first, and hangs a note up once, whoever asks for it how often.
#[derive(Debug, Default)]
struct Board {
    /// So many attempts find it busy.
    busy: u32,
    notes: Mutex<BTreeMap<String, String>>,
}

impl Board {
    fn hang(&self, key: &str, text: &str) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.entry(key.to_owned()).or_insert_with(|| text.to_owned());
    }
}

#[derive(Deserialize)]
struct Note {
    text: String,
}

/// The action: hangs a note on the board.
fn post_note(board: Arc<Board>) -> impl Action<Input = Note, Output = Value> {
    let metadata = Metadata::new("postNote")
        .with_effect(Effect::Guarded)
        .with_input(Field::string("text").with_required(true))
        .with_output(Field::string("taken"))
        .with_sample(json!({"text": "VIPs passed 1,000"}), json!({"taken": "VIPs passed 1,000"}));
    action_fn(metadata, move |ctx, note: Note| {
        let board = board.clone();
        async move {
            if note.text.is_empty() {
                return Err(ActionError::permanent("an empty note"));
            }
            if ctx.attempt() <= board.busy {
                return Err(ActionError::transient("the board is busy"));
            }
            board.hang(ctx.idempotency_key(), &note.text);
            Ok(json!({"taken": note.text}))
        }
    })
}

/// The board's action, which takes a note at the second attempt, and none that is empty.
///
/// # Errors
///
/// None: the action's name is good, and the only one.
pub fn registry() -> Result<Registry, Error> {
    let mut registry = Registry::new();
    registry.add(post_note(Arc::new(Board { busy: 1, ..Board::default() })))?;
    Ok(registry)
}

/// The notes, in an order that is kept, so that what is printed is the same every time.
///
/// # Errors
///
/// None: ids and the policy are within their rules.
pub fn notes() -> Result<Vec<Delivery>, Error> {
    let policy = RetryPolicy::fixed(2, Duration::from_secs(5)).build()?;
    [("d-1", "VIPs passed 1,000"), ("d-2", ""), ("d-3", "Loyalty failed")]
        .into_iter()
        .map(|(id, text)| {
            let delivery = Delivery::new(DeliveryId::new(id)?, "board", "postNote", json!({"text": text}));
            Ok(delivery.with_order_key("board").with_retry(policy.clone()))
        })
        .collect()
}

/// Says what became of a delivery.
pub fn tell(outcome: Outcome) {
    match outcome {
        Outcome::Delivered { id, attempt, output, .. } => {
            println!("{id}: delivered at attempt {attempt}: {output}");
        }
        Outcome::Dead(letter) => println!("{}: given up: {letter}", letter.delivery().id()),
        other => println!("{other:?}"),
    }
}

/// Says what was counted.
pub fn tell_counts(dispatcher: &Dispatcher) {
    for (name, count) in dispatcher.counts().iter().filter(|(_, count)| *count > 0) {
        println!("{name}: {count}");
    }
}

#[cfg(test)]
mod tests {
    use tripline::action::{ActionContext, DynAction};
    use tripline::testing::{Capabilities, Check, World, conformance};

    use super::*;

    /// The suite looks for the key in requests, and this action makes none: what it does with the key is tested beside it.
    #[test]
    fn the_action_conforms_and_hangs_a_note_up_once() {
        let without_requests = Capabilities::new().without(Check::Key);
        conformance(|_| post_note(Arc::default()), without_requests).assert();

        let (world, board) = (World::new(0), Arc::<Board>::default());
        let action = DynAction::new(post_note(board.clone()));
        for (key, attempt) in [("d-1", 1), ("d-1", 2), ("d-2", 1)] {
            let ctx = ActionContext::new(world.now(), key).with_attempt(attempt);
            world.block_on(action.run(&ctx, json!({"text": "VIPs passed 1,000"}))).unwrap();
        }
        assert_eq!(board.notes.lock().unwrap().len(), 2);
    }
}

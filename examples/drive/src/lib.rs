//! What both runtimes are given to do: three notes for a board that is busy at first, one of them empty.

use std::time::Duration;

use serde_json::{Value, json};
use tripline::Error;
use tripline::action::{ActionError, Effect, Field, Metadata, Registry, RetryPolicy, action_fn};
use tripline::dispatch::{Delivery, DeliveryId, Dispatcher, Outcome};

/// The board, which takes a note at the second attempt, and none that is empty.
///
/// # Errors
///
/// None: the action's name is good, and the only one.
pub fn registry() -> Result<Registry, Error> {
    let metadata = Metadata::new("postNote")
        .with_effect(Effect::Guarded)
        .with_input(Field::string("text").with_required(true));
    let mut registry = Registry::new();
    registry.add(action_fn(metadata, |ctx, input: Value| async move {
        match (input["text"].as_str(), ctx.attempt()) {
            (Some(""), _) => Err(ActionError::permanent("an empty note")),
            (_, 1) => Err(ActionError::transient("the board is busy")),
            _ => Ok(json!({"taken": input["text"]})),
        }
    }))?;
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

//! What flows may run: telling the receiver, over a line of TCP.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tripline::Error;
use tripline::action::{Action, ActionContext, ActionError, Effect, Field, Metadata, Registry, async_trait};

use crate::plant::Plant;

/// The name of the action.
pub const TELL: &str = "tell";

/// What the receiver says when it has taken a note.
pub const TAKEN: &[u8; 3] = b"ok\n";

/// A note on its way, as a line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The delivery: the same for every attempt.
    pub id: String,
    pub partition: u32,
    pub text: String,
    /// What has fired.
    pub firing: String,
}

/// The actions of a partition, which tell somebody at this address.
///
/// # Errors
///
/// None that is known: the one action's name is free.
pub fn registry(partition: u32, to: SocketAddr, plant: Option<Plant>) -> Result<Registry, Error> {
    let mut registry = Registry::new();
    registry.add(Tell { partition, to, plant })?;
    Ok(registry)
}

struct Tell {
    partition: u32,
    to: SocketAddr,
    plant: Option<Plant>,
}

#[derive(Deserialize)]
struct Input {
    text: String,
}

#[async_trait]
impl Action for Tell {
    type Input = Input;
    type Output = ();

    fn metadata(&self) -> Metadata {
        // The receiver is told the key, and knows a note that it has.
        Metadata::new(TELL).with_effect(Effect::Guarded).with_input(Field::string("text").with_required(true))
    }

    async fn run(&self, ctx: &ActionContext, input: Input) -> Result<(), ActionError> {
        let note = note(self.partition, ctx, input.text);
        if self.plant == Some(Plant::SaysItToldAndDidNot) && note.id.as_bytes()[0].is_multiple_of(16) {
            return Ok(());
        }
        let failed = |_| ActionError::transient("nobody answers").with_outcome_unknown(true);
        // Every field is a text or a number, so it is always written.
        let mut line = serde_json::to_vec(&note).unwrap_or_default();
        line.push(b'\n');
        let mut stream = TcpStream::connect(self.to).await.map_err(failed)?;
        stream.write_all(&line).await.map_err(failed)?;
        let mut answer = [0; TAKEN.len()];
        stream.read_exact(&mut answer).await.map_err(failed)?;
        if &answer == TAKEN { Ok(()) } else { Err(ActionError::permanent("it was not taken")) }
    }
}

/// What is told of a delivery.
pub fn note(partition: u32, ctx: &ActionContext, text: String) -> Note {
    let firing = ctx.firing().map_or_else(String::new, tripline::firing::Firing::to_json);
    Note { id: ctx.idempotency_key().to_owned(), partition, text, firing }
}

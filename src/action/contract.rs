//! What every action is and keeps to.

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ActionContext, ActionError, Metadata};

/// Something that can be done about a firing: post a message, start a job, write a row.
///
/// An author says what it is called and takes ([`Metadata`]) and does it; retry,
/// throttle, records and dead letters are the caller's. What speaks HTTP
/// implements [`HttpAction`](super::HttpAction) instead, which leaves less to
/// get wrong. A closure can be an action too, see [`action_fn`](super::action_fn).
///
/// # Contract
///
/// 1. *One key, one effect.* All attempts of one delivery carry the same
///    [idempotency key](ActionContext::idempotency_key). An action that declares
///    [`Effect::Guarded`](super::Effect::Guarded) hands it to the receiver with
///    every attempt, unchanged; one that declares
///    [`Idempotent`](super::Effect::Idempotent) leaves the world the same
///    however often it runs.
/// 2. *It can be dropped at every `.await`.* The caller does so at the deadline
///    and when it stops. Nothing may stay behind that keeps a later attempt
///    under the same key from doing the whole: no lock, no half-written state,
///    no task that runs on.
/// 3. *One attempt.* It ends before the [deadline](ActionContext::deadline), and
///    neither waits nor tries again by itself: pauses are the caller's, who
///    knows all attempts on the same target.
/// 4. *Errors are classified where the answer is read*: what may work next time
///    is transient or throttled, what never will is permanent. A request that
///    left without an answer makes the outcome
///    [unknown](ActionError::with_outcome_unknown).
/// 5. *No secret leaves by the back door*: not in an error or its causes, not in
///    `Debug`, not in the output.
/// 6. *Time is what it is told.* It reads no clock and draws no random number;
///    the same context and input make the same request.
/// 7. *Input that passed the metadata may still be wrong* (a board that does not
///    exist): that is [`ActionError::invalid_input`], with every field that is
///    wrong and not the first alone.
///
/// Wrong and right, side by side:
///
/// ```
/// use tripline::action::{Action, ActionContext, ActionError, Effect, Field, Metadata, async_trait};
/// # use serde_json::json;
/// # use std::sync::Mutex;
/// # #[derive(Default)] struct Board { notes: Mutex<Vec<String>> }
/// # #[derive(Debug)] struct Broken { left: bool }
/// # impl Broken { fn had_left(&self) -> bool { self.left } }
/// # impl Board {
/// #     async fn put(&self, key: &str, text: &str) -> Result<usize, Broken> {
/// #         let mut notes = self.notes.lock().unwrap();
/// #         let note = format!("{key} {text}");
/// #         if let Some(at) = notes.iter().position(|other| *other == note) { return Ok(at) }
/// #         notes.push(note);
/// #         Ok(notes.len() - 1)
/// #     }
/// # }
/// #
/// #[derive(serde::Deserialize)]
/// struct Note { text: String }
///
/// #[derive(serde::Serialize)]
/// struct Posted { note: usize }
///
/// struct Wrong { board: Board, count: Mutex<usize> }
///
/// #[async_trait]
/// impl Action for Wrong {
///     type Input = Note;
///     type Output = Posted;
///
///     fn metadata(&self) -> Metadata {
///         Metadata::new("postNote").with_effect(Effect::Guarded).with_input(Field::string("text"))
///     }
///
///     async fn run(&self, _: &ActionContext, input: Note) -> Result<Posted, ActionError> {
///         let key = { // another key at every attempt: the receiver cannot tell that it is the same note (1),
///             let mut count = self.count.lock().unwrap();
///             *count += 1; // and a count that stays behind when the future is dropped (2)
///             count.to_string()
///         };
///         loop { // its own retry, without a pause and without an end (3)
///             match self.board.put(&key, &input.text).await {
///                 Ok(note) => return Ok(Posted { note }),
///                 Err(broken) if broken.had_left() => continue, // may be the second note (4)
///                 Err(broken) => return Err(ActionError::permanent(format!("{broken:?}"))), // it would work later (4)
///             }
///         }
///     }
/// }
///
/// struct PostNote { board: Board }
///
/// #[async_trait]
/// impl Action for PostNote {
///     type Input = Note;
///     type Output = Posted;
///
///     fn metadata(&self) -> Metadata {
///         Metadata::new("postNote")
///             .with_title("Post a note")
///             .with_effect(Effect::Guarded)
///             .with_input(Field::string("text").with_required(true).with_max_length(280))
///             .with_output(Field::integer("note"))
///             .with_sample(json!({"text": "VIPs passed 1,000"}), json!({"note": 17}))
///     }
///
///     async fn run(&self, ctx: &ActionContext, input: Note) -> Result<Posted, ActionError> {
///         match self.board.put(ctx.idempotency_key(), &input.text).await {
///             Ok(note) => Ok(Posted { note }),
///             Err(broken) => {
///                 Err(ActionError::transient("the board cannot be reached").with_outcome_unknown(broken.had_left()))
///             }
///         }
///     }
/// }
/// #
/// # use chrono::DateTime;
/// # use tripline::action::DynAction;
#[doc = include_str!("../../docs/snippets/block_on.rs")]
/// # let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
/// # let right = DynAction::new(PostNote { board: Board::default() });
/// # right.metadata().validate().unwrap();
/// # for _ in 0..2 {
/// #     assert_eq!(block_on(right.run(&ctx, json!({"text": "hi"}))).unwrap(), json!({"note": 0}));
/// # }
/// # let wrong = DynAction::new(Wrong { board: Board::default(), count: Mutex::new(0) });
/// # assert_eq!(block_on(wrong.run(&ctx, json!({"text": "hi"}))).unwrap(), json!({"note": 0}));
/// # assert_eq!(block_on(wrong.run(&ctx, json!({"text": "hi"}))).unwrap(), json!({"note": 1}), "twice");
/// # #[cfg(feature = "testing")] {
/// # use tripline::testing::{Capabilities, Check, conformance};
/// # // The board is no service behind a transport, where the suite would look for the key.
/// # conformance(|_| PostNote { board: Board::default() }, Capabilities::new().without(Check::Key)).assert();
/// # }
/// ```
///
/// With the feature `testing`, `testing::conformance` holds an action against
/// all of this in one line, as [the page for authors](crate::_documentation::connector_authors) shows.
#[async_trait]
pub trait Action: Send + Sync {
    /// What goes in. It is read from JSON that passed [`Metadata::check_input`].
    type Input: DeserializeOwned + Send;
    /// What comes out.
    type Output: Serialize + Send + 'static;

    /// What it says about itself; the same every time. It is asked once, when
    /// the action is [erased](super::DynAction) or [registered](super::Registry).
    fn metadata(&self) -> Metadata;

    /// Does it once.
    ///
    /// # Errors
    ///
    /// What the caller has to know to go on, see the contract.
    async fn run(&self, ctx: &ActionContext, input: Self::Input) -> Result<Self::Output, ActionError>;
}

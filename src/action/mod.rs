//! Doing something about a firing: the SDK for those who write actions.
//!
//! An [`Action`] takes a typed input and gives a typed output, or an
//! [`ActionError`] that says what to do next. Its [`Metadata`] says what it is
//! called and takes; from that its input is checked, a form is made and a
//! connector is exported. Whoever runs it makes an [`ActionContext`] for every
//! attempt. A [`Registry`] holds actions by name, their types erased
//! ([`DynAction`]).
//!
//! | I want to… | go to… |
//! |---|---|
//! | write an action that is one HTTP request | [`HttpAction`], [`OverHttp`], [`HttpRequest`] |
//! | write one that is several | [`Action`] with a [`Caller`] |
//! | write any other action | [`Action`]; a small one: [`action_fn`] |
//! | say what it takes, and check it | [`Metadata`], [`Field`] |
//! | say what went wrong | [`ActionError`], [`ErrorClass`], [`classify()`] |
//! | try again later, and not too often | [`RetryPolicy`], [`Throttle`] |
//! | use my HTTP client | [`Transport`]; with the feature `tower`, `TowerTransport` |
//! | log in, and again when the login has expired | [`Credential`], [`Login`], [`Refresh`] |
//! | keep secrets out of sight | [`Secret`], [`SecretUrl`], [`Secrets`] |
//!
//! A whole action, from its input to the request that is sent:
//!
//! ```
//! use chrono::DateTime;
//! use http::{Request, Response};
//! use serde_json::json;
//! use tripline::action::{
//!     ActionContext, ActionError, Effect, Field, HttpAction, HttpRequest, Metadata, OverHttp, Registry, Transport,
//!     TransportError, async_trait, read_json,
//! };
#![doc = include_str!("../../docs/snippets/block_on.rs")]
//!
//! #[derive(serde::Deserialize)]
//! struct Note {
//!     board: String,
//!     text: String,
//! }
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Posted {
//!     note: u64,
//! }
//!
//! struct PostNote;
//!
//! impl HttpAction for PostNote {
//!     type Input = Note;
//!     type Output = Posted;
//!
//!     fn metadata(&self) -> Metadata {
//!         Metadata::new("postNote")
//!             .with_title("Post a note")
//!             .with_description("Hangs a note on a board.")
//!             .with_effect(Effect::Guarded) // the service takes the same key for the same note
//!             .with_input(Field::string("board").with_title("Board").with_default("kitchen"))
//!             .with_input(Field::string("text").with_title("Text").with_required(true).with_max_length(280))
//!             .with_output(Field::integer("note").with_title("Number of the note"))
//!             .with_sample(json!({"board": "hall", "text": "VIPs passed 1,000"}), json!({"note": 17}))
//!     }
//!
//!     fn encode(&self, ctx: &ActionContext, input: &Note) -> Result<Request<Vec<u8>>, ActionError> {
//!         HttpRequest::post("https://api.example.com/boards")
//!             .with_segment("board", &input.board)
//!             .with_segment("", "notes")
//!             .with_header("idempotency-key", "", ctx.idempotency_key())
//!             .with_json(&json!({"text": input.text}))
//!             .build()
//!     }
//!
//!     fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Posted, ActionError> {
//!         read_json(&response)
//!     }
//! }
//!
//! // What it sends is tested without sending it.
//! let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
//! let note = Note { board: "hall".into(), text: "VIPs passed 1,000".into() };
//! let request = PostNote.encode(&ctx, &note)?;
//! assert_eq!(request.uri(), "https://api.example.com/boards/hall/notes");
//! assert_eq!(request.headers()["idempotency-key"], "d-17");
//! assert_eq!(request.body(), br#"{"text":"VIPs passed 1,000"}"#);
//!
//! // With a client, it is an action like any other; here the client is made up.
//! struct Client;
//!
//! #[async_trait]
//! impl Transport for Client {
//!     async fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
//!         Ok(Response::new(br#"{"note":17}"#.to_vec()))
//!     }
//! }
//!
//! let mut registry = Registry::new();
//! registry.add(OverHttp::new(PostNote, Client))?;
//! let action = registry.get("postNote").unwrap();
//! assert_eq!(block_on(action.run(&ctx, json!({"text": "VIPs passed 1,000"})))?, json!({"note": 17}));
//!
//! let error = block_on(action.run(&ctx, json!({"text": 7, "colour": "red"}))).unwrap_err();
//! assert_eq!(error.to_string(), "text: 7 is not a string; colour: is no field of postNote");
//! # #[cfg(feature = "testing")]
//! # tripline::testing::conformance(|transport| OverHttp::new(PostNote, transport), tripline::testing::Capabilities::new()).assert();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod addresses;
mod context;
mod contract;
mod dynamic;
mod effect;
mod error;
mod function;
mod http;
mod input;
mod metadata;
mod registry;
mod retry;
mod secret;
mod throttle;

/// The attribute for implementations of this room's traits, from the crate
/// [`async-trait`](https://docs.rs/async-trait).
pub use async_trait::async_trait;

#[cfg(feature = "tower")]
pub use self::http::TowerTransport;
pub use self::http::{
    AccessToken, AnswerLimits, Caller, ClientCredentials, Credential, HttpAction, HttpRequest, Login,
    OverHttp, Refresh, SecretRef, TokenEndpoint, Transport, TransportError, Truncated, classify, read_json,
};
pub use addresses::CheckedAddresses;
pub use context::ActionContext;
pub use contract::Action;
pub use dynamic::DynAction;
pub use effect::Effect;
pub use error::{ActionError, ErrorClass};
pub use function::action_fn;
#[cfg(feature = "flow")]
pub(crate) use metadata::join_path;
pub use metadata::{Choice, Choices, DynamicChoices, Field, FieldType, Format, Metadata, Sample, Visibility};
pub use registry::Registry;
pub use retry::{Jitter, RetryPolicy, RetryPolicyBuilder};
pub use secret::{Secret, SecretUrl, Secrets};
pub use throttle::{Rate, Slot, Throttle, ThrottleSnapshot};

#[cfg(test)]
mod testing {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    /// Polls until it is ready; what waits for another thread would spin.
    pub(super) fn block_on<F: Future>(future: F) -> F::Output {
        let (mut future, mut context) = (pin!(future), Context::from_waker(Waker::noop()));
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
        }
    }
}

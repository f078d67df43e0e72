//! The suite that every action is held against.

mod answers;
mod capabilities;
mod delivery;
mod inputs;
mod lab;
mod report;
mod values;

pub use capabilities::Capabilities;
pub use report::{Check, Finding, Report};

use serde_json::{Value, json};

use self::lab::{Attempt, End, Lab};
use super::{ScriptedTransport, Sent};
use crate::action::{Action, Metadata};

/// The secret that the suite gives an action, and then looks for wherever it
/// must not be. Secrets that an action is made with are to be this one.
///
/// ```
/// use tripline::action::{Credential, Secret};
/// use tripline::testing::CANARY;
/// let login = Credential::bearer(Secret::new(CANARY));
/// assert!(!format!("{login:?}").contains(CANARY));
/// ```
pub const CANARY: &str = "tripline-canary-7f3a91c2";

/// Holds an action against everything that an [`Action`] promises, and tells
/// every fault that it finds.
///
/// `make_action` makes a new action over the transport that it is given; what
/// speaks something else than HTTP lets its own transport send over this one,
/// each message as the body of a request. It must be able to make many.
/// [`Capabilities`] say what cannot be seen from outside.
///
/// The action is run some hundred times in a [`World`](super::World) of its
/// own, with every answer and failure there is, with its input broken in every
/// place, and dropped at every `.await`. What it is held against is listed in
/// [`Check`]. Nothing waits: it takes a moment.
///
/// A lock of the standard library that is held over an `.await` needs no test:
/// its guard is not `Send`, so that such an action does not compile.
///
/// ```
/// use http::{Request, Response};
/// use serde_json::json;
/// use tripline::action::{
///     ActionContext, ActionError, Effect, Field, HttpAction, HttpRequest, Metadata, OverHttp, read_json,
/// };
/// use tripline::testing::{Capabilities, conformance};
///
/// #[derive(serde::Deserialize)]
/// struct Note { board: String, text: String }
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Posted { note: u64 }
///
/// struct PostNote;
///
/// impl HttpAction for PostNote {
///     type Input = Note;
///     type Output = Posted;
///
///     fn metadata(&self) -> Metadata {
///         Metadata::new("postNote")
///             .with_effect(Effect::Guarded)
///             .with_input(Field::string("board").with_required(true))
///             .with_input(Field::string("text").with_required(true))
///             .with_output(Field::integer("note"))
///             .with_sample(json!({"board": "hall", "text": "VIPs passed 1,000"}), json!({"note": 17}))
///     }
///
///     fn encode(&self, ctx: &ActionContext, note: &Note) -> Result<Request<Vec<u8>>, ActionError> {
///         HttpRequest::post("https://api.example.com/boards")
///             .with_segment("board", &note.board)
///             .with_header("idempotency-key", "", ctx.idempotency_key())
///             .with_json(&json!({"text": note.text}))
///             .build()
///     }
///
///     fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Posted, ActionError> {
///         read_json(&response)
///     }
/// }
///
/// conformance(|transport| OverHttp::new(PostNote, transport), Capabilities::new()).assert();
/// ```
///
/// The same without its key is told so:
///
/// ```
/// # use http::{Request, Response};
/// # use tripline::action::{ActionContext, ActionError, Effect, HttpAction, HttpRequest, Metadata, OverHttp};
/// # use tripline::testing::{Capabilities, Check, conformance};
/// # struct Keyless;
/// # impl HttpAction for Keyless {
/// #     type Input = ();
/// #     type Output = ();
/// #     fn metadata(&self) -> Metadata { Metadata::new("ring").with_effect(Effect::Guarded) }
/// #     fn encode(&self, _: &ActionContext, _: &()) -> Result<Request<Vec<u8>>, ActionError> {
/// #         HttpRequest::post("https://example.com/bell").build()
/// #     }
/// #     fn decode(&self, _: &ActionContext, _: Response<Vec<u8>>) -> Result<(), ActionError> { Ok(()) }
/// # }
/// let report = conformance(|transport| OverHttp::new(Keyless, transport), Capabilities::new());
/// assert_eq!(
///     report.to_string(),
///     "ring does not conform:\n  key: POST /bell: the idempotency key is not in the request"
/// );
/// ```
pub fn conformance<A, M>(make_action: M, capabilities: Capabilities<A>) -> Report
where
    A: Action + 'static,
    M: Fn(ScriptedTransport) -> A,
{
    let world = super::World::new(0);
    let transport = ScriptedTransport::new(&world, |_| http::Response::new(Vec::new()));
    let metadata = make_action(transport.clone()).metadata();
    let is_same = make_action(transport).metadata() == metadata;
    let input = usual_input(&metadata, &capabilities);
    let lab = Lab::new(&make_action, &capabilities, metadata, input.clone().unwrap_or(json!({})));

    let is_sound = check_metadata(&lab, is_same);
    if input.is_none() {
        lab.found(Check::Samples, "it has no sample, and no input is given: nothing can be run");
    }
    if is_sound && input.is_some() {
        let bench = lab.bench();
        let baseline = lab.first(&bench, "all is well");
        check_output(&lab, &baseline);
        if baseline.is_done() {
            inputs::check(&lab, &baseline);
            answers::check(&lab, baseline.sent.len());
            delivery::check(&lab, &baseline);
            check_secrets(&lab, &bench);
        }
    }
    // Looked for in every attempt.
    let _ = (lab.wants(Check::Panics), lab.wants(Check::Secrets));
    lab.into_report()
}

/// The input that most attempts are made with.
fn usual_input<A>(metadata: &Metadata, capabilities: &Capabilities<A>) -> Option<Value> {
    let sample = || metadata.samples().first().map(|sample| sample.input().clone());
    let nothing = || metadata.check_input(&json!({})).is_ok().then(|| json!({}));
    let input = capabilities.input.clone().or_else(sample).or_else(nothing)?;
    Some(values::with_canary(metadata, input))
}

/// Whether the metadata is sound enough to go on.
fn check_metadata<A: Action + 'static>(lab: &Lab<'_, A>, is_same: bool) -> bool {
    let _ = (lab.wants(Check::Metadata), lab.wants(Check::Samples));
    if !is_same {
        lab.found(Check::Metadata, "two actions made alike say different things about themselves");
    }
    let Err(error) = lab.metadata.validate() else { return true };
    let mut is_sound = true;
    for fault in error.faults() {
        let is_of_sample = fault.path().starts_with("samples");
        is_sound &= is_of_sample;
        lab.found(if is_of_sample { Check::Samples } else { Check::Metadata }, fault.to_string());
    }
    is_sound
}

fn check_output<A: Action + 'static>(lab: &Lab<'_, A>, baseline: &Attempt) {
    if !lab.wants(Check::Output) {
        return;
    }
    match &baseline.end {
        End::Done(output) if !lab.metadata.outputs().is_empty() => {
            if let Err(error) = lab.metadata.check_output(output) {
                lab.found(Check::Output, format!("the output does not fit its fields: {error}"));
            }
        }
        End::Done(_) | End::Lost => {}
        End::Failed(error) => {
            // What it says helps to mend it, unless it says what must not be seen.
            let reason = error.reason();
            let reason = if reason.contains(CANARY) { "and the reason holds a secret" } else { &reason };
            lab.found(Check::Output, format!("all is well, and it fails as {}: {reason}", baseline.told()));
        }
        End::Dropped => {}
    }
}

fn check_secrets<A: Action + 'static>(lab: &Lab<'_, A>, bench: &lab::Bench<A>) {
    if !lab.wants(Check::Secrets) {
        return;
    }
    if let Some(debug) = lab.capabilities.debug
        && bench.shown(debug).contains(CANARY)
    {
        lab.found(Check::Secrets, "a secret stands in Debug");
    }
    if bench.has_asked_for_secrets() {
        let bench = lab.bench();
        bench.take_secrets_away();
        let attempt = lab.first(&bench, "without its secrets");
        if attempt.is_done() || attempt.error().is_some_and(crate::action::ActionError::is_retryable) {
            let told = attempt.told();
            lab.found(
                Check::Secrets,
                format!("without its secrets it ends in {told}, wanted: a permanent error"),
            );
        }
    }
}

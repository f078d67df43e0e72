//! The suite for actions is held against actions with one fault each: every one must be caught by its name.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tripline::action::{
    Action, ActionContext, ActionError, AnswerLimits, Caller, Credential, Effect, Field, HttpRequest,
    Metadata, SecretRef, Transport, TransportError, Truncated, async_trait, classify, read_json,
};
use tripline::testing::{CANARY, Capabilities, Check, Report, ScriptedTransport, conformance};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    IgnoresTheKey,
    ChangesTheKeyByAttempt,
    SendsOneKeyForAll,
    WritesTheAttemptIntoTheBody,
    CountsInTheBody,
    TakesThrottlingForPermanent,
    TakesServerErrorsForSuccess,
    TakesNothingBut200ForSuccess,
    TakesGoneForPermanent,
    TakesARefusedLoginForTransient,
    TakesATimeoutForPermanent,
    TakesBrokenConnectionsForPermanent,
    FollowsRedirects,
    IgnoresRetryAfter,
    ReadsRetryAfterInSecondsAlone,
    CarriesAnyRetryAfter,
    SaysKnownForALostAnswer,
    SaysKnownForABadGateway,
    SaysUnknownForWhatDidNotLeave,
    SaysKnownForAnUnreadableSuccess,
    TriesAgainByItself,
    TriesAgainForEver,
    IgnoresTheDeadline,
    TakesItsStateBeforeTheAwait,
    HoldsItsGateOverTheAwait,
    SpinsWhileAnotherRuns,
    SendsAnewAfterADrop,
    TellsTheFirstFieldAlone,
    SendsBeforeItChecks,
    CallsBadInputPermanent,
    BreaksTheUrl,
    BreaksTheJson,
    TakesAFieldThatItDoesNotKnow,
    TakesAnyMemberOfAnObject,
    HasATypeThatIsNarrower,
    NeedsWhatMayBeLeftOut,
    HasASampleThatBreaksItsFields,
    HasNoSample,
    GivesAnotherOutput,
    HasABadName,
    ChangesWhatItSaysAboutItself,
    ShowsASecretInDebug,
    ShowsASecretInAnError,
    ShowsASecretInItsOutput,
    DoesWithoutItsSecret,
    Panics,
}

use Fault as F;

/// Every fault, and the check that has to find it.
const PLANTED: &[(Fault, Check)] = &[
    (F::IgnoresTheKey, Check::Key),
    (F::ChangesTheKeyByAttempt, Check::Key),
    (F::SendsOneKeyForAll, Check::Key),
    (F::WritesTheAttemptIntoTheBody, Check::Determinism),
    (F::CountsInTheBody, Check::Determinism),
    (F::TakesThrottlingForPermanent, Check::Statuses),
    (F::TakesServerErrorsForSuccess, Check::Statuses),
    (F::TakesNothingBut200ForSuccess, Check::Statuses),
    (F::TakesGoneForPermanent, Check::Statuses),
    (F::TakesARefusedLoginForTransient, Check::Statuses),
    (F::TakesATimeoutForPermanent, Check::Statuses),
    (F::TakesBrokenConnectionsForPermanent, Check::TransportErrors),
    (F::FollowsRedirects, Check::Redirects),
    (F::IgnoresRetryAfter, Check::RetryAfter),
    (F::ReadsRetryAfterInSecondsAlone, Check::RetryAfter),
    (F::CarriesAnyRetryAfter, Check::RetryAfter),
    (F::SaysKnownForALostAnswer, Check::Outcome),
    (F::SaysKnownForABadGateway, Check::Outcome),
    (F::SaysUnknownForWhatDidNotLeave, Check::Outcome),
    (F::SaysKnownForAnUnreadableSuccess, Check::Outcome),
    (F::TriesAgainByItself, Check::OneAttempt),
    (F::TriesAgainForEver, Check::Deadline),
    (F::IgnoresTheDeadline, Check::Deadline),
    (F::TakesItsStateBeforeTheAwait, Check::Cancel),
    (F::HoldsItsGateOverTheAwait, Check::Cancel),
    (F::SpinsWhileAnotherRuns, Check::Cancel),
    (F::SendsAnewAfterADrop, Check::Cancel),
    (F::TellsTheFirstFieldAlone, Check::InputFaults),
    (F::SendsBeforeItChecks, Check::InputFaults),
    (F::CallsBadInputPermanent, Check::Injection),
    (F::BreaksTheUrl, Check::Injection),
    (F::BreaksTheJson, Check::Injection),
    (F::TakesAFieldThatItDoesNotKnow, Check::Fields),
    (F::TakesAnyMemberOfAnObject, Check::Fields),
    (F::HasATypeThatIsNarrower, Check::Fields),
    (F::NeedsWhatMayBeLeftOut, Check::Fields),
    (F::HasASampleThatBreaksItsFields, Check::Samples),
    (F::HasNoSample, Check::Samples),
    (F::GivesAnotherOutput, Check::Output),
    (F::HasABadName, Check::Metadata),
    (F::ChangesWhatItSaysAboutItself, Check::Metadata),
    (F::ShowsASecretInDebug, Check::Secrets),
    (F::ShowsASecretInAnError, Check::Secrets),
    (F::ShowsASecretInItsOutput, Check::Secrets),
    (F::DoesWithoutItsSecret, Check::Secrets),
    (F::Panics, Check::Panics),
];

/// Faults that are two at a time: what else may be found beside the one that must be.
const BESIDES: &[(Fault, &[Check])] = &[
    // The header that holds the key is another at every attempt.
    (F::ChangesTheKeyByAttempt, &[Check::Determinism, Check::Cancel]),
    (F::WritesTheAttemptIntoTheBody, &[Check::Cancel]),
    (F::CountsInTheBody, &[Check::Cancel]),
    (F::FollowsRedirects, &[Check::Statuses, Check::OneAttempt]),
    (F::TakesServerErrorsForSuccess, &[Check::Outcome]),
    (F::TriesAgainForEver, &[Check::OneAttempt, Check::TransportErrors]),
    (F::IgnoresTheDeadline, &[Check::Outcome]),
    (F::SendsAnewAfterADrop, &[Check::Key, Check::Determinism]),
    // What never gives its gate back is not seen to end, either.
    (F::HoldsItsGateOverTheAwait, &[Check::Deadline]),
];

#[test]
fn an_action_without_a_fault_passes_every_check_there_is() {
    let report = report_of(F::None);
    report.assert();
    let checked: BTreeSet<Check> = report.checked().collect();
    let planted: BTreeSet<Check> = PLANTED.iter().map(|(_, check)| *check).collect();
    assert_eq!(checked, planted, "a check without a fault that it finds");
}

#[test]
fn every_planted_fault_is_caught_by_its_name() {
    let mut wrong = Vec::new();
    for (fault, check) in PLANTED {
        let report = report_of(*fault);
        let besides = BESIDES.iter().find(|(of, _)| of == fault).map_or(&[][..], |(_, besides)| besides);
        let found: BTreeSet<Check> = report.findings().iter().map(|finding| finding.check()).collect();
        if !found.contains(check) || !found.iter().all(|found| found == check || besides.contains(found)) {
            wrong.push(format!("{fault:?}, wanted {check:?} and {besides:?} at most:\n{report}"));
        }
        assert!(!report.to_string().contains(CANARY), "{fault:?}: the report shows the secret");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_report_reads_the_same_every_time() {
    for fault in [F::ChangesTheKeyByAttempt, F::TakesItsStateBeforeTheAwait, F::FollowsRedirects] {
        assert_eq!(report_of(fault).to_string(), report_of(fault).to_string());
    }
}

#[test]
#[should_panic(
    expected = "postNote does not conform:\n  key: POST /boards/hall/notes: the idempotency key is not in"
)]
fn what_was_found_fails_the_test() {
    report_of(F::IgnoresTheKey).assert();
}

fn report_of(fault: Fault) -> Report {
    let made = AtomicU32::new(0);
    let make = |transport: ScriptedTransport| PostNote {
        fault,
        made: made.fetch_add(1, Ordering::Relaxed),
        caller: Caller::new(transport.clone()).with_login(Credential::bearer(SecretRef::named("token"))),
        transport,
        runs: AtomicU32::new(0),
        signature: Mutex::new(Some("the house".to_owned())),
        gate: Mutex::new(false),
        dropped: AtomicU32::new(0),
    };
    let mut capabilities = Capabilities::new().with_debug();
    if fault == F::HasASampleThatBreaksItsFields {
        let input = json!({"board": "hall", "subject": "VIPs", "text": "passed 1,000", "colour": "red"});
        capabilities = capabilities.with_input(input);
    }
    conformance(make, capabilities)
}

/// Hangs a note on a board; what is wrong with it is its `fault`.
struct PostNote {
    fault: Fault,
    made: u32,
    caller: Caller<ScriptedTransport>,
    transport: ScriptedTransport,
    runs: AtomicU32,
    signature: Mutex<Option<String>>,
    gate: Mutex<bool>,
    dropped: AtomicU32,
}

impl fmt::Debug for PostNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = if self.fault == F::ShowsASecretInDebug { CANARY } else { "[redacted]" };
        f.debug_struct("PostNote").field("token", &token).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, serde::Deserialize)]
struct Note {
    board: String,
    subject: String,
    text: String,
    colour: Option<String>,
    extra: Option<Value>,
    copies: Option<u64>,
}

impl PostNote {
    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn check(&self, note: &Note) -> Result<(), ActionError> {
        let odd = |text: &str| text.chars().any(|c| c.is_control());
        let faults: Vec<&str> = [("board", &note.board), ("subject", &note.subject)]
            .into_iter()
            .filter(|(_, text)| odd(text))
            .map(|(field, _)| field)
            .collect();
        let Some((first, rest)) = faults.split_first() else { return Ok(()) };
        if self.is(F::Panics) {
            panic!("{first} is odd");
        }
        if self.is(F::CallsBadInputPermanent) {
            return Err(ActionError::permanent("that cannot be sent"));
        }
        let error = ActionError::invalid_input(*first, "holds a control character");
        if self.is(F::TellsTheFirstFieldAlone) {
            return Err(error);
        }
        Err(rest.iter().fold(error, |error, field| error.with_field(*field, "holds a control character")))
    }

    fn request(
        &self,
        ctx: &ActionContext,
        note: &Note,
        signature: &str,
    ) -> Result<Request<Vec<u8>>, ActionError> {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let mut body = json!({"subject": note.subject, "text": note.text, "signature": signature});
        if !self.is(F::TakesAFieldThatItDoesNotKnow) {
            body["colour"] = json!(note.colour);
        }
        match self.fault {
            F::WritesTheAttemptIntoTheBody => body["attempt"] = json!(ctx.attempt()),
            F::CountsInTheBody => body["run"] = json!(run),
            _ => {}
        }
        let key = match self.fault {
            F::IgnoresTheKey => "none".to_owned(),
            F::ChangesTheKeyByAttempt => format!("{}-{}", ctx.idempotency_key(), ctx.attempt()),
            F::SendsOneKeyForAll => "tripline-0d17c0ffee5a4e21".to_owned(),
            F::SendsAnewAfterADrop => {
                format!("{}-{}", ctx.idempotency_key(), self.dropped.load(Ordering::Relaxed))
            }
            _ => ctx.idempotency_key().to_owned(),
        };
        let mut request = HttpRequest::post("https://api.example.com/boards")
            .with_segment("board", &note.board)
            .with_segment("", "notes")
            .with_header("idempotency-key", "", &key)
            .with_json(&body)
            .build()?;
        if self.is(F::BreaksTheUrl) {
            let url = format!("https://api.example.com/boards/{}/notes", note.board);
            *request.uri_mut() =
                url.parse().map_err(|_| ActionError::invalid_input("board", "is no board"))?;
        }
        if self.is(F::BreaksTheJson) {
            *request.body_mut() = format!(
                r#"{{"subject":"{}","text":"{}","colour":{:?}}}"#,
                note.subject, note.text, note.colour
            )
            .replace("Some(", "")
            .replace(')', "")
            .replace(['\r', '\n', '\0'], " ")
            .into_bytes();
        }
        Ok(request)
    }

    async fn send(
        &self,
        ctx: &ActionContext,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, ActionError> {
        let mut response = match self.fault {
            F::IgnoresTheDeadline => {
                let mut request = request;
                request.extensions_mut().insert(AnswerLimits::new().with_time(Duration::from_secs(30)));
                self.transport.send(request).await?
            }
            F::TakesBrokenConnectionsForPermanent => {
                self.caller.exchange(ctx, request).await.map_err(|error| {
                    ActionError::permanent("no answer").with_outcome_unknown(error.is_outcome_unknown())
                })?
            }
            F::SaysKnownForALostAnswer => {
                self.caller.exchange(ctx, request).await.map_err(|error| error.with_outcome_unknown(false))?
            }
            F::SaysUnknownForWhatDidNotLeave => {
                self.caller.exchange(ctx, request).await.map_err(|error| error.with_outcome_unknown(true))?
            }
            F::TriesAgainForEver => loop {
                match self.caller.exchange(ctx, request.clone()).await {
                    Ok(response) if !response.status().is_server_error() => break response,
                    Err(error) if !error.is_retryable() => return Err(error),
                    _ => {}
                }
            },
            F::DoesWithoutItsSecret => {
                let _ = ctx.secret("token");
                Caller::new(self.transport.clone()).exchange(ctx, request).await?
            }
            F::TriesAgainByItself => {
                let first = self.caller.exchange(ctx, request.clone()).await?;
                if first.status() == 503 { self.caller.exchange(ctx, request).await? } else { first }
            }
            F::FollowsRedirects => {
                let response = self.caller.exchange(ctx, request.clone()).await?;
                match response.headers().get("location").filter(|_| response.status().is_redirection()) {
                    None => response,
                    Some(to) => {
                        let mut request = request;
                        *request.uri_mut() = to.to_str().unwrap().parse().unwrap();
                        self.caller.exchange(ctx, request).await?
                    }
                }
            }
            _ => self.caller.exchange(ctx, request).await?,
        };
        if self.is(F::IgnoresRetryAfter) {
            response.headers_mut().remove("retry-after");
        }
        Ok(response)
    }

    fn read(&self, ctx: &ActionContext, response: &Response<Vec<u8>>) -> Result<Value, ActionError> {
        let status = response.status();
        if self.is(F::TakesServerErrorsForSuccess) && status.is_server_error() {
            return Ok(json!({"note": 17}));
        }
        if self.is(F::TakesNothingBut200ForSuccess) && status.is_success() && status != StatusCode::OK {
            return Err(ActionError::permanent(format!("the service answered {status}")));
        }
        let cap = Duration::from_secs(if self.is(F::CarriesAnyRetryAfter) { 1 << 40 } else { 3_600 });
        if let Err(error) = classify(status, response.headers(), ctx.now(), cap) {
            return Err(self.worse(status, response, error));
        }
        if Truncated::is_marked(response) {
            return Err(ActionError::permanent("it is too long").with_outcome_unknown(true));
        }
        let answer: Value = read_json(response).map_err(|error| match self.fault {
            F::SaysKnownForAnUnreadableSuccess => error.with_outcome_unknown(false),
            _ => error,
        })?;
        Ok(match self.fault {
            F::GivesAnotherOutput => json!({"note": answer["note"].to_string()}),
            F::ShowsASecretInItsOutput => json!({"note": 17, "with": ctx.secret("token")?.expose()}),
            _ => answer,
        })
    }

    fn worse(&self, status: StatusCode, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        let again = |made: fn(String) -> ActionError| made(format!("the service answered {status}"));
        match (self.fault, status.as_u16()) {
            (F::TakesThrottlingForPermanent, 429) => again(ActionError::permanent),
            (F::TakesGoneForPermanent, 410) => again(ActionError::permanent),
            (F::TakesARefusedLoginForTransient, 401) => again(ActionError::transient),
            (F::TakesATimeoutForPermanent, 408) => again(ActionError::permanent),
            (F::SaysKnownForABadGateway, 502) => error.with_outcome_unknown(false),
            (F::ReadsRetryAfterInSecondsAlone, 429) => {
                let text = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
                match text.and_then(|text| text.parse().ok()).map(Duration::from_secs) {
                    Some(pause) => {
                        again(ActionError::throttled).with_retry_after(pause.min(Duration::from_secs(3_600)))
                    }
                    None => again(ActionError::throttled),
                }
            }
            (F::ShowsASecretInAnError, 400) => {
                error.with_source(TransportError::no_answer(format!("Authorization: Bearer {CANARY}")))
            }
            _ => error,
        }
    }
}

#[async_trait]
impl Action for PostNote {
    type Input = Note;
    type Output = Value;

    fn metadata(&self) -> Metadata {
        let name = match self.fault {
            F::HasABadName => "post note".to_owned(),
            F::ChangesWhatItSaysAboutItself => format!("postNote{}", self.made),
            _ => "postNote".to_owned(),
        };
        let mut colour = Field::string("colour").with_choices(["red", "green"]);
        if self.is(F::TakesAFieldThatItDoesNotKnow) {
            colour = Field::string("colour");
        }
        let mut metadata = Metadata::new(name)
            .with_title("Post a note")
            .with_effect(Effect::Guarded)
            .with_input(Field::string("board").with_required(true).with_min_length(1))
            .with_input(Field::string("subject").with_required(!self.is(F::NeedsWhatMayBeLeftOut)))
            .with_input(Field::string("text").with_required(true))
            .with_input(colour)
            .with_output(Field::integer("note"));
        if self.is(F::TakesAnyMemberOfAnObject) {
            metadata = metadata.with_input(Field::object("extra", []));
        }
        if self.is(F::HasATypeThatIsNarrower) {
            metadata = metadata.with_input(Field::integer("copies").with_range(-1.0, 9.0));
        }
        if self.is(F::ShowsASecretInItsOutput) {
            metadata = metadata.with_output(Field::string("with"));
        }
        let sample = json!({"board": "hall", "subject": "VIPs", "text": "passed 1,000", "colour": "red"});
        match self.fault {
            F::HasNoSample => metadata,
            F::HasASampleThatBreaksItsFields => {
                metadata.with_sample(json!({"board": "hall", "text": 1}), json!({"note": 17}))
            }
            _ => metadata.with_sample(sample, json!({"note": 17})),
        }
    }

    async fn run(&self, ctx: &ActionContext, note: Note) -> Result<Value, ActionError> {
        let _ = (&note.extra, &note.copies); // taken, and of no use
        if self.is(F::SendsBeforeItChecks) && note.board.contains('\r') {
            let _ = self
                .caller
                .exchange(ctx, Request::post("https://api.example.com/").body(Vec::new()).unwrap())
                .await;
        }
        self.check(&note)?;
        let signature = match self.fault {
            F::TakesItsStateBeforeTheAwait => self.signature.lock().unwrap().take(),
            _ => self.signature.lock().unwrap().clone(),
        };
        let Some(signature) = signature else { return Ok(json!({"note": 17})) }; // it seems to be done
        if matches!(self.fault, F::HoldsItsGateOverTheAwait | F::SpinsWhileAnotherRuns) {
            let is_spinning = self.is(F::SpinsWhileAnotherRuns);
            std::future::poll_fn(|context| {
                let mut is_shut = self.gate.lock().unwrap();
                if !std::mem::replace(&mut *is_shut, true) {
                    return std::task::Poll::Ready(());
                }
                if is_spinning {
                    context.waker().wake_by_ref();
                }
                std::task::Poll::Pending
            })
            .await;
        }
        let request = self.request(ctx, &note, &signature)?;
        self.dropped.fetch_add(1, Ordering::Relaxed);
        let response = self.send(ctx, request).await?;
        self.dropped.fetch_sub(1, Ordering::Relaxed);
        *self.gate.lock().unwrap() = false;
        *self.signature.lock().unwrap() = Some(signature);
        self.read(ctx, &response)
    }
}

//! Actions that speak HTTP: what is sent and what an answer means, without sending anything.

mod caller;
mod classify;
mod credential;
mod date;
mod flight;
mod login;
mod request;
mod token;
#[cfg(feature = "tower")]
mod tower;
mod transport;

pub use caller::Caller;
pub use classify::classify;
pub use credential::{AccessToken, ClientCredentials, Credential, SecretRef};
pub use login::{Login, Refresh};
pub use request::{HttpRequest, read_json};
pub use token::TokenEndpoint;
#[cfg(feature = "tower")]
pub use tower::TowerTransport;
pub use transport::{AnswerLimits, Transport, TransportError, Truncated};

use std::time::Duration;

use async_trait::async_trait;
use http::{Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Action, ActionContext, ActionError, Metadata};

/// An action that is one HTTP request: how the request is made, and what the
/// answer means. It sends nothing; [`OverHttp`] makes an [`Action`] of it, with
/// any [`Transport`], logins, limits and the classes of failure.
///
/// # Contract
///
/// Besides what an [`Action`] keeps to:
///
/// 1. *Both functions are pure*: the same context and input make the same
///    request, byte for byte, so that a golden test holds it and a second
///    attempt repeats it.
/// 2. *No input breaks out of its place.* What comes from an input into a
///    header or a URL goes through [`HttpRequest`] or is checked as carefully;
///    what does not fit is [invalid input](ActionError::invalid_input) that
///    names the field.
/// 3. *`decode` sees success alone*: answers with 2xx, whole. What any other
///    status means is known already; [`explain`](Self::explain) adds to it
///    what the service says.
/// 4. *Logins are not its business*: it puts no token into the request.
///
/// Wrong and right:
///
/// ```
/// use http::{Request, Response};
/// use tripline::action::{ActionContext, ActionError, Effect, Field, HttpAction, HttpRequest, Metadata, read_json};
///
/// #[derive(serde::Deserialize)]
/// struct Note { board: String, text: String }
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Posted { note: u64 }
///
/// struct Wrong;
///
/// impl HttpAction for Wrong {
///     type Input = Note;
///     type Output = Posted;
///
///     fn metadata(&self) -> Metadata {
///         Metadata::new("postNote").with_input(Field::string("board")).with_input(Field::string("text"))
///     }
///
///     fn encode(&self, ctx: &ActionContext, input: &Note) -> Result<Request<Vec<u8>>, ActionError> {
///         let token = ctx.secret("token")?; // the login's business (4)
///         Request::post(format!("https://api.example.com/boards/{}/notes", input.board)) // "../../admin" (2)
///             .header("authorization", format!("Bearer {}", token.expose()))
///             .body(format!(r#"{{"text":"{}"}}"#, input.text).into_bytes()) // a quote ends the JSON (2)
///             .map_err(|error| ActionError::permanent(error.to_string())) // and which field was it? (2)
///     }
///
///     fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Posted, ActionError> {
///         if response.status() == 429 { // never comes here (3)
///             return Err(ActionError::permanent("too many"));
///         }
///         read_json(&response)
///     }
/// }
///
/// struct Right;
///
/// impl HttpAction for Right {
///     type Input = Note;
///     type Output = Posted;
///
///     fn metadata(&self) -> Metadata {
///         Metadata::new("postNote")
///             .with_effect(Effect::Guarded)
///             .with_input(Field::string("board").with_required(true))
///             .with_input(Field::string("text").with_required(true))
///             .with_output(Field::integer("note"))
///     }
///
///     fn encode(&self, ctx: &ActionContext, input: &Note) -> Result<Request<Vec<u8>>, ActionError> {
///         HttpRequest::post("https://api.example.com/boards")
///             .with_segment("board", &input.board)
///             .with_segment("", "notes")
///             .with_header("idempotency-key", "", ctx.idempotency_key())
///             .with_json(&serde_json::json!({"text": input.text}))
///             .build()
///     }
///
///     fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Posted, ActionError> {
///         read_json(&response)
///     }
/// }
/// # use chrono::DateTime;
/// # use std::collections::BTreeMap;
/// # use tripline::action::Secret;
/// # let secrets = BTreeMap::from([("token".to_owned(), Secret::new("s3cr3t"))]);
/// # let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17").with_secrets(secrets);
/// # let note = |board: &str| Note { board: board.to_owned(), text: "a \"note\"".to_owned() };
/// # let wrong = Wrong.encode(&ctx, &note("../../admin")).unwrap();
/// # assert!(wrong.uri().path().contains("/../admin") && serde_json::from_slice::<serde_json::Value>(wrong.body()).is_err());
/// # let right = Right.encode(&ctx, &note("../../admin")).unwrap();
/// # assert_eq!(right.uri().path(), "/boards/..%2F..%2Fadmin/notes");
/// # assert_eq!(Right.encode(&ctx, &note("..")).unwrap_err().fields()[0].path(), "board");
/// # #[cfg(feature = "testing")] {
/// # use tripline::testing::{Capabilities, conformance};
/// # fn known<A>() -> Capabilities<A> {
/// #     let answer = |_: &Request<Vec<u8>>| Response::new(br#"{"note":17}"#.to_vec());
/// #     Capabilities::new().with_input(serde_json::json!({"board": "hall", "text": "hi"})).with_service(answer)
/// # }
/// # use tripline::action::OverHttp;
/// # conformance(|transport| OverHttp::new(Right, transport), known()).assert();
/// # assert!(!conformance(|transport| OverHttp::new(Wrong, transport), known()).findings().is_empty());
/// # }
/// ```
pub trait HttpAction: Send + Sync {
    /// What goes in, as in [`Action::Input`].
    type Input: DeserializeOwned + Send;
    /// What comes out, as in [`Action::Output`].
    type Output: Serialize + Send + 'static;

    /// What it says about itself, as in [`Action::metadata`].
    fn metadata(&self) -> Metadata;

    /// The request for an input.
    ///
    /// # Errors
    ///
    /// Where there is none: [invalid input](ActionError::invalid_input) with every field at fault.
    fn encode(&self, ctx: &ActionContext, input: &Self::Input) -> Result<Request<Vec<u8>>, ActionError>;

    /// What a whole answer with a status of 2xx means.
    ///
    /// # Errors
    ///
    /// Where it is no success after all, or cannot be read.
    fn decode(&self, ctx: &ActionContext, response: Response<Vec<u8>>) -> Result<Self::Output, ActionError>;

    /// What an answer with any other status means: `error` as it was
    /// [classified](classify()), or another one where the service's body knows
    /// better. The body may be cut.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tripline::action::{ActionContext, ActionError, HttpAction, Metadata};
    /// # struct PostNote;
    /// # impl HttpAction for PostNote {
    /// #     type Input = ();
    /// #     type Output = ();
    /// #     fn metadata(&self) -> Metadata { Metadata::new("postNote") }
    /// #     fn encode(&self, _: &ActionContext, _: &()) -> Result<Request<Vec<u8>>, ActionError> { Ok(Request::default()) }
    /// #     fn decode(&self, _: &ActionContext, _: Response<Vec<u8>>) -> Result<(), ActionError> { Ok(()) }
    /// // This service answers 400 where it should say 429.
    /// fn explain(&self, _: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
    ///     if response.body().starts_with(b"quota") { ActionError::throttled("the board's quota is used up") } else { error }
    /// }
    /// # }
    /// # let ctx = ActionContext::new(chrono::DateTime::UNIX_EPOCH, "d");
    /// # let error = PostNote.explain(&ctx, &Response::new(b"quota".to_vec()), ActionError::permanent("400"));
    /// # assert!(error.is_throttled());
    /// ```
    fn explain(&self, ctx: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        let _ = (ctx, response);
        error
    }

    /// Whether [`decode`](Self::decode) needs the body whole. An action that
    /// goes by the status alone says no, and then an answer that is too long is
    /// a success all the same.
    fn needs_whole_answer(&self) -> bool {
        true
    }
}

/// An [`HttpAction`] with a [`Transport`] is an [`Action`].
///
/// One attempt is: encode; put the logins in; send; on 401 renew and send once
/// more; classify the status; decode. An answer that is too long to be read is
/// permanent, with an unknown outcome.
///
/// ```
/// # use chrono::DateTime;
/// # use http::{Request, Response};
/// # use serde_json::json;
/// # use tripline::action::{ActionContext, ActionError, Field, HttpAction, HttpRequest, Metadata, read_json};
/// # use tripline::action::{Transport, TransportError, async_trait};
/// use tripline::action::{Credential, OverHttp, Registry, SecretRef};
#[doc = include_str!("../../../docs/snippets/block_on.rs")]
/// # struct PostNote;
/// # #[derive(serde::Deserialize)] struct Note { text: String }
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Posted { note: u64 }
/// # impl HttpAction for PostNote {
/// #     type Input = Note;
/// #     type Output = Posted;
/// #     fn metadata(&self) -> Metadata {
/// #         Metadata::new("postNote").with_input(Field::string("text").with_required(true))
/// #     }
/// #     fn encode(&self, _: &ActionContext, note: &Note) -> Result<Request<Vec<u8>>, ActionError> {
/// #         HttpRequest::post("https://api.example.com/notes").with_json(&note.text).build()
/// #     }
/// #     fn decode(&self, _: &ActionContext, answer: Response<Vec<u8>>) -> Result<Posted, ActionError> { read_json(&answer) }
/// # }
/// # struct Client;
/// # #[async_trait]
/// # impl Transport for Client {
/// #     async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
/// #         assert_eq!(request.headers()["authorization"], "Bearer s3cr3t");
/// #         Ok(Response::new(br#"{"note":17}"#.to_vec()))
/// #     }
/// # }
///
/// let post_note = OverHttp::new(PostNote, Client).with_login(Credential::bearer(SecretRef::named("token")));
/// let mut registry = Registry::new();
/// registry.add(post_note)?;
///
/// # use tripline::action::Secret;
/// # let secrets = std::collections::BTreeMap::from([("token".to_owned(), Secret::new("s3cr3t"))]);
/// # let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17").with_secrets(secrets);
/// let posted = block_on(registry.get("postNote").unwrap().run(&ctx, json!({"text": "hello"})))?;
/// assert_eq!(posted, json!({"note": 17}));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct OverHttp<A, T> {
    action: A,
    caller: Caller<T>,
}

impl<A: HttpAction, T: Transport> OverHttp<A, T> {
    /// The action over the transport, with the limits of [`Caller::new`] and no login.
    ///
    /// ```
    /// # use tripline::action::{Action, HttpAction, OverHttp, Transport};
    /// fn lifted(action: impl HttpAction, client: impl Transport) -> impl Action {
    ///     OverHttp::new(action, client)
    /// }
    /// ```
    pub fn new(action: A, transport: T) -> Self {
        Self { action, caller: Caller::new(transport) }
    }

    /// The same with one more login, see [`Caller::with_login`].
    ///
    /// ```
    /// # use tripline::action::{Action, HttpAction, Login, OverHttp, Transport};
    /// fn lifted(action: impl HttpAction, client: impl Transport, login: &Login) -> impl Action {
    ///     OverHttp::new(action, client).with_login(login.clone())
    /// }
    /// ```
    #[must_use]
    pub fn with_login(mut self, login: impl Into<Login>) -> Self {
        self.caller = self.caller.with_login(login);
        self
    }

    /// The same with another length of the answer's body, in bytes.
    ///
    /// ```
    /// # use tripline::action::{Action, HttpAction, OverHttp, Transport};
    /// fn lifted(action: impl HttpAction, client: impl Transport) -> impl Action {
    ///     OverHttp::new(action, client).with_max_answer_bytes(1 << 20)
    /// }
    /// ```
    #[must_use]
    pub fn with_max_answer_bytes(mut self, max: usize) -> Self {
        self.caller = self.caller.with_max_answer_bytes(max);
        self
    }

    /// The same with another longest pause that the service may ask for.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::{Action, HttpAction, OverHttp, Transport};
    /// fn lifted(action: impl HttpAction, client: impl Transport) -> impl Action {
    ///     OverHttp::new(action, client).with_max_pause(Duration::from_secs(600))
    /// }
    /// ```
    #[must_use]
    pub fn with_max_pause(mut self, max: Duration) -> Self {
        self.caller = self.caller.with_max_pause(max);
        self
    }
}

#[async_trait]
impl<A: HttpAction, T: Transport> Action for OverHttp<A, T> {
    type Input = A::Input;
    type Output = A::Output;

    fn metadata(&self) -> Metadata {
        self.action.metadata()
    }

    async fn run(&self, ctx: &ActionContext, input: A::Input) -> Result<A::Output, ActionError> {
        let request = self.action.encode(ctx, &input)?;
        let response = self.caller.exchange(ctx, request).await?;
        if let Err(error) = self.caller.classify(ctx, &response) {
            return Err(self.action.explain(ctx, &response, error));
        }
        if Truncated::is_marked(&response) && self.action.needs_whole_answer() {
            let message = format!("the answer is longer than the limit of {} bytes", response.body().len());
            return Err(ActionError::permanent(message).with_outcome_unknown(true));
        }
        self.action.decode(ctx, response)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::net::IpAddr;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use chrono::{DateTime, TimeDelta, Utc};
    use serde_json::{Value, json};

    use super::super::testing::block_on;
    use super::super::{CheckedAddresses, ErrorClass, Field, Secret, SecretUrl};
    use super::*;

    struct PostNote {
        needs_whole: bool,
    }

    impl HttpAction for PostNote {
        type Input = Value;
        type Output = Value;

        fn metadata(&self) -> Metadata {
            Metadata::new("postNote").with_input(Field::string("text"))
        }

        fn encode(&self, _: &ActionContext, input: &Value) -> Result<Request<Vec<u8>>, ActionError> {
            HttpRequest::post("https://api.example.com/notes").with_json(input).build()
        }

        fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Value, ActionError> {
            if self.needs_whole { read_json(&response) } else { Ok(json!(response.body().len())) }
        }

        fn explain(
            &self,
            _: &ActionContext,
            response: &Response<Vec<u8>>,
            error: ActionError,
        ) -> ActionError {
            if response.body() == b"quota" { ActionError::throttled("quota") } else { error }
        }

        fn needs_whole_answer(&self) -> bool {
            self.needs_whole
        }
    }

    type Answer = Result<(u16, Vec<u8>), TransportError>;

    /// Answers from a list, and keeps what it was sent.
    #[derive(Default)]
    struct Script {
        answers: Mutex<VecDeque<Answer>>,
        sent: Mutex<Vec<Request<Vec<u8>>>>,
    }

    impl Script {
        fn of<B: Into<Vec<u8>>>(answers: impl IntoIterator<Item = (u16, B)>) -> Self {
            let answers = answers.into_iter().map(|(status, body)| Ok((status, body.into()))).collect();
            Self { answers: Mutex::new(answers), sent: Mutex::default() }
        }

        fn tokens(&self) -> Vec<String> {
            let token =
                |request: &Request<Vec<u8>>| request.headers()["authorization"].to_str().unwrap().to_owned();
            self.sent.lock().unwrap().iter().map(token).collect()
        }
    }

    #[async_trait]
    impl Transport for &Script {
        async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
            self.sent.lock().unwrap().push(request);
            let (status, body) = self.answers.lock().unwrap().pop_front().unwrap()?;
            let mut response = Response::new(body);
            *response.status_mut() = status.try_into().unwrap();
            Ok(response)
        }
    }

    /// Gives `new-1`, `new-2` and so on.
    #[derive(Clone, Default)]
    struct Tokens {
        given: std::sync::Arc<AtomicUsize>,
        lifetime: Option<TimeDelta>,
        failure: Option<ActionError>,
        /// How many are given before it fails.
        before_failure: usize,
    }

    #[async_trait]
    impl Refresh for Tokens {
        async fn refresh(&self, ctx: &ActionContext, _: &Credential) -> Result<AccessToken, ActionError> {
            let number = self.given.fetch_add(1, Ordering::Relaxed) + 1;
            if let Some(error) = self.failure.as_ref().filter(|_| number > self.before_failure) {
                return Err(error.clone());
            }
            let token = AccessToken::new(Secret::new(format!("new-{number}")));
            Ok(match self.lifetime {
                Some(lifetime) => token.with_expires_at(ctx.now() + lifetime),
                None => token,
            })
        }
    }

    fn ctx() -> ActionContext {
        ActionContext::new(DateTime::UNIX_EPOCH, "d-17")
    }

    fn old() -> Credential {
        Credential::bearer(Secret::new("old"))
    }

    fn app() -> Credential {
        let url = SecretUrl::new("https://login.example.com/t").unwrap();
        Credential::client_credentials(ClientCredentials::new(url, "app", Secret::new("KEY")))
    }

    fn run<T: Transport>(action: &OverHttp<PostNote, T>, ctx: &ActionContext) -> Result<Value, ActionError> {
        block_on(Action::run(action, ctx, json!({"text": "hi"})))
    }

    fn over(script: &Script) -> OverHttp<PostNote, &Script> {
        OverHttp::new(PostNote { needs_whole: true }, script)
    }

    #[test]
    fn a_token_that_is_refused_is_renewed_once_and_kept() {
        let script = Script::of([(401, ""), (200, "1"), (200, "2")]);
        let tokens = Tokens::default();
        let action = over(&script).with_login(Login::new(old()).with_refresh(tokens.clone()));
        assert_eq!(run(&action, &ctx()).unwrap(), 1);
        assert_eq!(run(&action, &ctx()).unwrap(), 2);
        assert_eq!(script.tokens(), ["Bearer old", "Bearer new-1", "Bearer new-1"]);
        assert_eq!(tokens.given.load(Ordering::Relaxed), 1);
        let sent = script.sent.lock().unwrap();
        assert_eq!(
            (sent[0].uri(), sent[0].body()),
            (sent[1].uri(), sent[1].body()),
            "it is the same request"
        );
    }

    #[test]
    fn refused_again_is_permanent_and_without_a_way_to_renew_the_owner_must() {
        let script = Script::of([(401, ""), (401, ""), (401, "")]);
        let tokens = Tokens::default();
        let action = over(&script).with_login(Login::new(old()).with_refresh(tokens.clone()));
        let error = run(&action, &ctx()).unwrap_err();
        assert!(error.is_permanent() && !error.is_outcome_unknown(), "{error:?}");
        assert_eq!((tokens.given.load(Ordering::Relaxed), script.tokens().len()), (1, 2));
        let error = run(&over(&script).with_login(old()), &ctx()).unwrap_err();
        assert!(error.is_auth_expired() && script.tokens().len() == 3, "{error:?}");
    }

    #[test]
    fn a_renewal_that_fails_says_what_to_do_next_and_that_nothing_was_done() {
        for (failure, class) in [
            (ActionError::transient("down").with_outcome_unknown(true), ErrorClass::Transient),
            (ActionError::auth_expired("no"), ErrorClass::AuthExpired),
            (ActionError::gone("moved"), ErrorClass::Permanent),
            (ActionError::invalid_input("scope", "is wrong"), ErrorClass::Permanent),
        ] {
            let script = Script::of([(401, "")]);
            let tokens = Tokens { failure: Some(failure), ..Tokens::default() };
            let error =
                run(&over(&script).with_login(Login::new(old()).with_refresh(tokens)), &ctx()).unwrap_err();
            assert_eq!((error.class(), error.is_outcome_unknown()), (class, false), "{error:?}");
            assert!(error.to_string().starts_with("the login cannot be renewed: "), "{error}");
        }
    }

    #[test]
    fn without_a_token_one_is_asked_for_first_and_again_before_it_ends() {
        let script = Script::of([(200, "1"), (200, "2"), (200, "3"), (401, "")]);
        let tokens = Tokens { lifetime: Some(TimeDelta::seconds(100)), ..Tokens::default() };
        let action = over(&script).with_login(Login::new(app()).with_refresh(tokens));
        let at = |second| ActionContext::new(DateTime::from_timestamp(second, 0).unwrap(), "d");
        for second in [0, 69, 70] {
            run(&action, &at(second)).unwrap();
        }
        assert_eq!(script.tokens(), ["Bearer new-1", "Bearer new-1", "Bearer new-2"]);
        // At 140 the second token is renewed first; one renewal is all that an attempt has.
        assert!(run(&action, &at(140)).unwrap_err().is_permanent());
        assert_eq!(script.tokens()[3], "Bearer new-3");
        assert!(run(&over(&script).with_login(app()), &at(0)).unwrap_err().is_permanent(), "nobody to ask");
    }

    #[test]
    fn a_token_that_is_still_good_is_used_if_its_renewal_fails() {
        let script = Script::of([(200, "1"), (200, "2"), (401, "")]);
        let tokens = Tokens {
            lifetime: Some(TimeDelta::seconds(20)),
            failure: Some(ActionError::transient("down")),
            before_failure: 1,
            ..Tokens::default()
        };
        let action = over(&script).with_login(Login::new(app()).with_refresh(tokens.clone()));
        let at = |second| ActionContext::new(DateTime::from_timestamp(second, 0).unwrap(), "d");
        assert_eq!(run(&action, &at(0)).unwrap(), 1);
        assert_eq!(run(&action, &at(19)).unwrap(), 2);
        assert_eq!(script.tokens(), ["Bearer new-1", "Bearer new-1"]);
        assert!(run(&action, &at(20)).unwrap_err().is_transient(), "it has ended");
        assert_eq!((tokens.given.load(Ordering::Relaxed), script.tokens().len()), (3, 2));
    }

    #[test]
    fn without_an_answer_the_outcome_is_what_the_transport_knows() {
        let script = Script::default();
        let refused = std::io::Error::other("refused");
        script.answers.lock().unwrap().extend([
            Err(TransportError::not_sent("no connection").with_source(refused)),
            Err(TransportError::no_answer("the connection broke")),
        ]);
        let error = run(&over(&script), &ctx()).unwrap_err();
        assert!(error.is_transient() && !error.is_outcome_unknown(), "{error:?}");
        assert_eq!(error.reason(), "the request was not sent: no connection: refused");
        assert!(run(&over(&script), &ctx()).unwrap_err().is_outcome_unknown());
    }

    #[test]
    fn attempts_that_see_the_same_refusal_share_one_renewal() {
        let script = Script::of((0..10).map(|_| (401, "")).chain((0..10).map(|n| (200, ["0", "1"][n % 2]))));
        let tokens = Tokens::default();
        let login = Login::new(old()).with_refresh(tokens.clone());
        // Every first answer is taken before any attempt goes on.
        let gate = Gate { transport: &script, first: AtomicUsize::new(0), all: 10 };
        let action = OverHttp::new(PostNote { needs_whole: true }, &gate).with_login(login);
        std::thread::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| run(&action, &ctx()).unwrap());
            }
        });
        assert_eq!(tokens.given.load(Ordering::Relaxed), 1);
        assert_eq!(script.tokens().iter().filter(|token| *token == "Bearer new-1").count(), 10);
    }

    /// Lets nobody on before all have had their first answer.
    struct Gate<'a> {
        transport: &'a Script,
        first: AtomicUsize,
        all: usize,
    }

    #[async_trait]
    impl Transport for &Gate<'_> {
        async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
            let answer = self.transport.send(request).await;
            self.first.fetch_add(1, Ordering::SeqCst);
            std::future::poll_fn(|_| match self.first.load(Ordering::SeqCst) >= self.all {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            })
            .await;
            answer
        }
    }

    #[test]
    fn an_answer_that_is_too_long_was_carried_out_and_is_read_by_nobody_who_needs_it_whole() {
        let long = vec![b'1'; (16 << 10) + 1];
        let script =
            Script::of([(200, long.clone()), (200, long[1..].to_vec()), (200, long.clone()), (500, long)]);
        let error = run(&over(&script), &ctx()).unwrap_err();
        assert!(error.is_permanent() && error.is_outcome_unknown(), "{error:?}");
        assert_eq!(error.to_string(), "the answer is longer than the limit of 16384 bytes");
        assert!(
            run(&over(&script), &ctx()).is_err_and(|error| !error.to_string().contains("limit")),
            "just within"
        );
        let status_alone = OverHttp::new(PostNote { needs_whole: false }, &script).with_max_answer_bytes(10);
        assert_eq!(run(&status_alone, &ctx()).unwrap(), 10);
        assert!(run(&over(&script), &ctx()).unwrap_err().is_transient(), "a failure goes by its status");
    }

    #[test]
    fn the_service_may_know_better_than_its_status() {
        let script = Script::of([(400, "quota"), (400, "")]);
        assert!(run(&over(&script), &ctx()).unwrap_err().is_throttled());
        assert!(run(&over(&script), &ctx()).unwrap_err().is_permanent());
    }

    #[test]
    fn limits_and_checked_addresses_travel_with_the_request() {
        let script = Script::of([(200, "1"), (200, "1")]);
        let checked = CheckedAddresses::new([IpAddr::from([203, 0, 113, 7])]);
        let deadline: DateTime<Utc> = DateTime::from_timestamp(7, 0).unwrap();
        let guarded = ctx().with_checked_addresses(checked.clone()).with_deadline(deadline);
        run(&over(&script).with_max_answer_bytes(99), &guarded).unwrap();
        run(&over(&script), &ctx()).unwrap();
        let sent = script.sent.lock().unwrap();
        let limits = AnswerLimits::new().with_max_bytes(99).with_time(Duration::from_secs(7));
        assert_eq!((CheckedAddresses::of(&sent[0]), AnswerLimits::of(&sent[0])), (Some(&checked), limits));
        assert_eq!((CheckedAddresses::of(&sent[1]), AnswerLimits::of(&sent[1])), (None, AnswerLimits::new()));
    }

    #[test]
    fn a_request_may_ask_for_limits_of_its_own_within_the_deadline() {
        let script = Script::of([(200, "123")]);
        let caller = Caller::new(&script);
        let mut request = HttpRequest::get("https://a/").build().unwrap();
        request
            .extensions_mut()
            .insert(AnswerLimits::new().with_max_bytes(2).with_time(Duration::from_secs(99)));
        let response = block_on(caller.call(&ctx(), request)).unwrap();
        assert!(response.body() == b"12" && Truncated::is_marked(&response));
        assert_eq!(AnswerLimits::of(&script.sent.lock().unwrap()[0]).time().as_secs(), 20);
    }

    #[test]
    fn no_secret_is_seen_in_what_is_printed() {
        let script = Script::default();
        let action = over(&script)
            .with_login(Credential::bearer(Secret::new("KEY")))
            .with_login(Credential::header(http::HeaderName::from_static("x-key"), Secret::new("KEY")))
            .with_login(Credential::basic("ana", Secret::new("KEY")))
            .with_login(Login::new(app()).with_refresh(Tokens::default()));
        let printed = format!("{:?}", action.caller);
        assert!(!printed.contains("KEY") && printed.contains("https://login.example.com\""), "{printed}");
    }
}

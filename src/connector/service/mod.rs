//! The connector's HTTP surface as a machine: subscriptions, polls, choices, actions.

mod answer;
mod api_keys;
mod builder;
mod callbacks;
mod effect;
mod end;
mod handler;
mod key;
mod limits;
mod notify;
mod poll;
mod problem;
mod query;
mod record;
mod route;
mod run;
mod sealer;
mod status;
mod store;
mod subscribe;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use http::{Request, Response, StatusCode, Uri};

use crate::action::{Action, Registry};
use crate::error::{Error, ErrorKind};
use crate::flow::Flow;
use crate::journal::Lsn;
use crate::pipeline::{Changes, Pipeline, Receipt};
use crate::time::{Nanos, datetime, instant};
use crate::trigger::Trigger;
use crate::webhook::CheckedUrl;

use problem::{Answer, Problem};
use route::Route;
use store::Store;

pub use api_keys::ApiKeys;
pub use builder::ConnectorServiceBuilder;
pub use callbacks::Callbacks;
pub use effect::{Choose, Effect, RequestId, Resolve, Run};
pub use handler::{Handler, Ports, ResolvedCallbacks, Resolver};
pub use key::HostKey;
pub use limits::{Counts, Limits};
pub use notify::{NoInput, Notify};
pub use sealer::{BoxError, Sealer};

/// The longest name of a principal.
const MAX_PRINCIPAL: usize = 256;

type Access = Box<dyn Fn(&str, &Trigger) -> Result<(), String> + Send + Sync>;

/// Answers a connector's requests: those of Power Automate, Logic Apps, or anything else that subscribes to triggers.
///
/// | request | answer |
/// |---|---|
/// | `POST /subscriptions/{triggerType}` | 201 with `Location`, and once the `signingSecret` |
/// | `GET /subscriptions/{id}` | 200: side, phase, the last firing and delivery, why nothing fires |
/// | `DELETE /subscriptions/{id}` | 204, whatever there was |
/// | `GET /poll/{triggerType}?…` | 202 with `Location` and `Retry-After` where nothing is new, else 200 with an array of firings, oldest first |
/// | `GET /instances`, `/datasources`, `/segments`, `/measures` | 200 with `{"value":[{"id","name"}]}` |
/// | `GET /connection` | 200 |
/// | `POST /actions/{name}` | 200 with what the action gives |
///
/// A refusal is a JSON object of [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), `application/problem+json`: `detail`, `errors` with each faulty
/// `field` and its `message`, and `limit` where there is one. The triggers are those of [`Profile`](super::Profile).
///
/// # Contract
///
/// 1. *Inputs*: [`handle_request`](Self::handle_request), and what became of effects: [`resolved`](Self::resolved),
///    [`ran`](Self::ran), [`chosen`](Self::chosen), [`persisted`](Self::persisted); [`handle_timeout`](Self::handle_timeout). `now` comes
///    first; should it be earlier than before, the latest time seen counts.
/// 2. *It owns its pipeline*, which a host goes on to use as ever by [`pipeline_mut`](Self::pipeline_mut): events, completions, work
///    to be sent. Nothing but this: another one is not put in its place, flows are set by [`set_flows`](Self::set_flows), and
///    keys that begin with `tripline.connector/` are left alone.
/// 3. After each input, the pipeline's among them, poll [`poll_effect`](Self::poll_effect) until it gives `None` and carry out
///    what comes, batches in their order; then [`poll_response`](Self::poll_response); and wait no longer than
///    [`poll_timeout`](Self::poll_timeout) says. A call too early, or too many, is a no-op.
/// 4. *No answer precedes its record*: one that says something of what there is comes when all that it rests on is
///    safe. So a 201 or a 204 holds over any crash; of a request that was not answered, either all is there or nothing.
/// 5. *One request, one answer*, unless the host [forgets](Self::forget) it. What is not told of an effect in time is
///    answered as too late, and what is told then is counted and changes nothing.
/// 6. *A subscription is a flow*: its trigger, and one step that tells the callback, under the subscription's id. A polled
///    trigger is one as well, whose step never runs. They are in the journal with what is kept of them, so
///    [`recover`](crate::pipeline::recover) brings them back; URLs and signing secrets are in there sealed, and nowhere else.
/// 7. *Principals are the host's*: it knows who asks before it hands a request in. Nothing of one is shown to another: what is
///    not there, and what is another's, are answered alike.
/// 8. *Bounds*: every one of [`Limits`] is counted. Over a principal's the answer is 429, over the service's or the pipeline's 503.
///
/// It is `Send`, draws no random number, and locks nothing but [`Callbacks`]: one owner. [`Handler`] is that owner for hosts that want a plain
/// function from request to response.
///
/// ```
/// fn assert_send<T: Send + 'static>() {}
/// assert_send::<tripline::connector::ConnectorService>();
///
#[doc = include_str!("../../../docs/snippets/connector.rs")]
/// let body = r#"{"instance":"*","segment":"vip","threshold":1000,"callbackUrl":"https://hooks.contoso.example/in?sig=s3cr3t"}"#;
/// let request = http::Request::post("/v1/subscriptions/segmentThresholdCrossed")
///     .header("content-type", "application/json")
///     .body(body.as_bytes().to_vec())?;
/// service.handle_request(now, "ana", RequestId::new(1), request)?;
/// let (mut journal, mut answer) = (tripline::journal::MemoryJournal::new(), None);
/// while let Some(effect) = service.poll_effect() {
///     match effect {
///         Effect::Resolve(resolve) => service.resolved(now, resolve.request(), Ok(vec!["93.184.215.14".parse()?]))?,
///         Effect::Persist(persist) => {
///             assert!(service.poll_response().is_none(), "it is not written down yet");
///             service.persisted(persist.append_to(&mut journal)?);
///         }
///         _ => unreachable!("nothing else was asked for"),
///     }
///     answer = answer.or(service.poll_response());
/// }
/// let (id, response) = answer.expect("a 201");
/// assert_eq!((id, response.status()), (RequestId::new(1), http::StatusCode::CREATED));
/// assert!(response.headers()["location"].to_str()?.starts_with("https://flows.contoso.example/v1/subscriptions/"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ConnectorService {
    pipeline: Pipeline,
    key: HostKey,
    base: Base,
    callbacks: Callbacks,
    sealer: Box<dyn Sealer>,
    limits: Limits,
    access: Option<Access>,
    actions: Registry,
    lists: BTreeMap<String, Vec<String>>,
    counts: Counts,
    store: Store,
    /// The number of the next subscription.
    next: u64,
    /// How many targets had been switched off when that was last looked at.
    disabled: u64,
    clock: Nanos,
    /// Requests that wait for an effect, and until when.
    pending: BTreeMap<RequestId, Pending>,
    deadlines: BTreeSet<(Nanos, RequestId)>,
    effects: VecDeque<Effect>,
    /// Answers that rest on nothing, and those that wait until a batch is safe.
    ready: VecDeque<(RequestId, Response<Vec<u8>>)>,
    waiting: VecDeque<(Lsn, RequestId, Response<Vec<u8>>)>,
}

/// A request that waits for an effect.
struct Pending {
    principal: Arc<str>,
    deadline: Nanos,
    waits: Waits,
}

enum Waits {
    Resolved(Box<Draft>),
    Ran,
    Chosen,
}

/// A subscription that is being made.
struct Draft {
    trigger: Trigger,
    url: CheckedUrl,
}

/// Where the service is found, as those see it who ask.
struct Base {
    /// Without a slash at its end.
    text: String,
    path: String,
}

impl ConnectorService {
    /// With the host's key, the URL under which its paths are found from outside (`https://flows.contoso.example/v1`), and
    /// what tells subscriptions.
    ///
    /// A request's path may begin with that of the URL, or be what follows it, as behind a router that takes it off.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// assert_eq!(service.limits().per_principal(), 500);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder(
        key: HostKey,
        base: impl Into<String>,
        callbacks: Callbacks,
        sealer: impl Sealer + 'static,
    ) -> ConnectorServiceBuilder {
        ConnectorServiceBuilder::new(key, base.into(), callbacks, Box::new(sealer))
    }

    /// Takes a request in. Its answer comes by [`poll_response`](Self::poll_response) under this id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where a request of this id is not answered yet, or the principal is no name of 1 to 256 bytes
    /// without control characters; [`ErrorKind::Full`] where twice as many answers as [`Limits::requests`] wait to be
    /// polled; [`ErrorKind::Limit`] where the time is outside the years 1677 to 2262. There will be no answer then.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// let request = |path| http::Request::get(path).body(Vec::new()).unwrap();
    /// service.handle_request(now, "ana", RequestId::new(1), request("/subscriptions/forged"))?;
    /// let (id, response) = service.poll_response().unwrap();
    /// assert_eq!((id.get(), response.status().as_u16()), (1, 404));
    /// assert!(service.handle_request(now, "", RequestId::new(2), request("/connection")).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_request(
        &mut self,
        now: DateTime<Utc>,
        principal: &str,
        id: RequestId,
        request: Request<Vec<u8>>,
    ) -> Result<(), Error> {
        self.begin(now)?;
        self.check_request(principal, id)?;
        self.counts.requests += 1;
        let outcome = if self.unanswered() >= self.limits.requests() {
            let most = self.limits.requests();
            let detail = format!("{most} requests are not answered yet, as many as may be");
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).with_limit(most).with_retry_after(1))
        } else {
            self.dispatch(principal, id, &request)
        };
        match outcome {
            Ok(Some(answer)) => self.answer(id, answer),
            Ok(None) => {}
            Err(problem) => self.refuse(id, problem),
        }
        Ok(())
    }

    /// Moves the clock, the pipeline's with it: subscriptions end that nobody wants anything of, requests are answered that
    /// waited too long, and what is due in the pipeline happens. Before [`poll_timeout`](Self::poll_timeout) it is a no-op.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] where the time is outside the years 1677 to 2262.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// let receipt = service.handle_timeout(now)?;
    /// assert!(receipt.firings().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_timeout(&mut self, now: DateTime<Utc>) -> Result<Receipt, Error> {
        self.begin(now)?;
        self.pipeline.handle_timeout(self.now())
    }

    /// When [`handle_timeout`](Self::handle_timeout) is wanted next.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// assert_eq!(service.poll_timeout(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn poll_timeout(&self) -> Option<DateTime<Utc>> {
        let due = self.store.next_due().map(|(at, _)| at);
        let deadline = self.deadlines.first().map(|(at, _)| *at);
        [due, deadline].into_iter().flatten().map(datetime).chain(self.pipeline.poll_timeout()).min()
    }

    /// The next thing that is to be done, the pipeline's batches among them.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// assert!(service.poll_effect().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "a request whose effect is not carried out is answered when its time is over"]
    pub fn poll_effect(&mut self) -> Option<Effect> {
        // A completion may just have told of a receiver that wants no more. What cannot be taken out now is looked at again.
        let _ = self.forget_disabled();
        if let Some(persist) = self.pipeline.poll_persist() {
            return Some(Effect::Persist(persist));
        }
        while let Some(effect) = self.effects.pop_front() {
            if self.is_wanted(&effect) {
                return Some(effect);
            }
        }
        None
    }

    /// The pipeline, to be looked at.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// assert_eq!(service.pipeline().flows().flows().count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// The pipeline, to be handed events and ends of attempts, and polled for work; see the contract for what is not done with it.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// let event = ValueObserved::new("segment", "vip", 998.0).into_event("t-16", "/instances/contoso")?;
    /// assert_eq!(service.pipeline_mut().handle_event(now, &event)?.taken(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pipeline_mut(&mut self) -> &mut Pipeline {
        &mut self.pipeline
    }

    /// The pipeline alone, without answers to what is not answered yet.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// assert!(service.into_pipeline().is_safe());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_pipeline(self) -> Pipeline {
        self.pipeline
    }

    /// Tells that the journal is safe up to this batch: see [`Pipeline::persisted`].
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// service.persisted(service.pipeline().last());
    /// assert!(service.pipeline().is_safe());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn persisted(&mut self, lsn: Lsn) {
        self.pipeline.persisted(lsn);
    }

    /// Brings the host's own flows in line with a list, see [`Pipeline::set_flows`]; those of subscriptions are not touched.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// assert!(service.set_flows(now, [])?.removed().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_flows(
        &mut self,
        now: DateTime<Utc>,
        flows: impl IntoIterator<Item = Flow>,
    ) -> Result<Changes, Error> {
        let own: Vec<Flow> =
            self.store.ids().filter_map(|id| self.pipeline.flows().flow(id)).cloned().collect();
        self.pipeline.set_flows(now, own.into_iter().chain(flows))
    }

    /// Offers one more action at `/actions/{name}`.
    ///
    /// # Errors
    ///
    /// As [`Registry::add`].
    ///
    /// ```
    /// # use tripline::action::{Metadata, action_fn};
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// service.offer(action_fn(Metadata::new("ping"), |_, ()| async { Ok("pong") }))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn offer<A: Action + 'static>(&mut self, action: A) -> Result<(), Error> {
        self.actions.add(action)
    }

    /// Forgets a request: it is not answered. What it has led to stays.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// service.forget(RequestId::new(7)); // nobody waits for it any more
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forget(&mut self, id: RequestId) {
        let _ = self.take_pending(id);
        self.ready.retain(|(other, _)| *other != id);
        self.waiting.retain(|(_, other, _)| *other != id);
    }

    /// How many subscriptions and polled triggers there are.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// assert_eq!(service.subscriptions(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscriptions(&self) -> usize {
        self.store.ids().count()
    }

    /// Its bounds.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// assert_eq!(service.limits().poll_page(), 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What it has done.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// assert_eq!(service.counts().subscribed(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    fn dispatch(
        &mut self,
        principal: &str,
        id: RequestId,
        request: &Request<Vec<u8>>,
    ) -> Result<Option<Answer>, Problem> {
        let (headers, body) = (request.headers(), request.body().as_slice());
        let query = request.uri().query().unwrap_or_default();
        let path = self.base.relative(request.uri().path());
        let most = self.limits.body_bytes();
        match Route::of(request.method(), path, |list| self.lists.contains_key(list))? {
            Route::Subscribe(name) => {
                let profile = subscribe::profile(name)?;
                let body = route::json_body(headers, body, most)?;
                self.subscribe(principal, id, profile, body)
            }
            Route::Unsubscribe(subscription) => self.unsubscribe(principal, subscription).map(Some),
            Route::Status(subscription) => self.status(principal, subscription).map(Some),
            Route::Poll(name) => self.poll(principal, subscribe::profile(name)?, query).map(Some),
            Route::Connection => Ok(Some(self.connection())),
            Route::List(name) => self.list(principal, id, name, query).map(|()| None),
            Route::Act(name) => {
                let action = self.offered(name)?;
                let body = route::json_body(headers, body, most)?;
                self.act(principal, id, action, headers, body).map(|()| None)
            }
        }
    }

    /// What every input begins with: the clock, and what is over by it.
    fn begin(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        self.clock = self.clock.max(instant(now)?);
        self.forget_disabled()?;
        self.expire()?;
        self.time_out();
        Ok(())
    }

    fn check_request(&self, principal: &str, id: RequestId) -> Result<(), Error> {
        let invalid = |message| Err(Error::new(ErrorKind::Invalid, message));
        let length = principal.len();
        if length == 0 || length > MAX_PRINCIPAL || principal.chars().any(char::is_control) {
            return invalid(format!(
                "a principal of {length} bytes: it takes 1 to {MAX_PRINCIPAL}, and no control characters"
            ));
        }
        let is_answered = self.ready.iter().any(|(other, _)| *other == id)
            || self.waiting.iter().any(|(_, other, _)| *other == id);
        if is_answered || self.pending.contains_key(&id) {
            return invalid(format!("the request {} is not answered yet", id.get()));
        }
        let (unanswered, most) = (self.unanswered(), self.limits.requests().saturating_mul(2));
        if unanswered >= most.max(2) {
            let message = format!("{unanswered} answers wait, and nobody polls them");
            return Err(Error::new(ErrorKind::Full, message));
        }
        Ok(())
    }

    fn unanswered(&self) -> usize {
        self.pending.len() + self.ready.len() + self.waiting.len()
    }

    fn now(&self) -> DateTime<Utc> {
        datetime(self.clock)
    }
}

impl fmt::Debug for ConnectorService {
    /// How much there is of what; nothing of it itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectorService")
            .field("pipeline", &self.pipeline)
            .field("subscriptions", &self.subscriptions())
            .field("unanswered", &self.unanswered())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Base {
    fn read(text: &str) -> Result<Self, Error> {
        let invalid = |why: &str| Error::new(ErrorKind::Invalid, format!("the base {text:?} {why}"));
        let uri: Uri = text.parse().map_err(|_| invalid("is no URL"))?;
        if !matches!(uri.scheme_str(), Some("https" | "http")) || uri.query().is_some() || text.contains('#')
        {
            return Err(invalid("is no https:// or http:// URL without query and fragment"));
        }
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { text: text.trim_end_matches('/').to_owned(), path })
    }

    /// What follows the base in a path.
    fn relative<'p>(&self, path: &'p str) -> &'p str {
        let rest = path.strip_prefix(self.path.as_str()).filter(|rest| rest.starts_with('/'));
        rest.unwrap_or(path)
    }
}

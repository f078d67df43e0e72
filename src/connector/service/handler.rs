//! A service behind one plain function, and what tells subscriptions, for any runtime.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use http::{Request, Response, StatusCode};

use super::ConnectorService;
use super::callbacks::Callbacks;
use super::effect::{Choose, Effect, RequestId, Run};
use super::problem::Problem;
use super::sealer::BoxError;
use crate::action::{ActionError, CheckedAddresses, Choice};
use crate::dispatch::{Prepare, Work};
use crate::error::Error;
use crate::journal::Lsn;
use crate::pipeline::Persist;

/// Finds the addresses of hosts.
///
/// # Contract
///
/// It gives all addresses of the name, none where there is no such name, and an error where that could not be found out.
/// It may be dropped at every `.await`.
///
/// ```
/// use std::net::IpAddr;
/// use tripline::action::async_trait;
/// use tripline::connector::{BoxError, Resolver};
///
/// struct HostsFile(std::collections::BTreeMap<String, Vec<IpAddr>>);
///
/// #[async_trait]
/// impl Resolver for HostsFile {
///     async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, BoxError> {
///         Ok(self.0.get(host).cloned().unwrap_or_default())
///     }
/// }
/// ```
#[async_trait]
pub trait Resolver: Send + Sync {
    /// All addresses of a host.
    ///
    /// # Errors
    ///
    /// Where they could not be found out.
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, BoxError>;
}

/// What a [`Handler`] needs of its host.
///
/// # Contract
///
/// 1. `persist` appends the batches in their order and syncs once; what it gives is safe. It is called while the service is
///    locked, so that no batch overtakes another, and may wait for a disk and no longer.
/// 2. After an error of it nothing is answered any more: what is stored is not known. Begin anew with [`recover`](crate::pipeline::recover).
/// 3. `now` is the host's clock.
///
/// ```
/// # use std::net::IpAddr;
/// # use std::sync::Mutex;
/// use chrono::{DateTime, Utc};
/// # use tripline::action::async_trait;
/// # use tripline::connector::{BoxError, Ports, Resolver};
/// use tripline::journal::{Journal, Lsn, MemoryJournal};
/// use tripline::pipeline::Persist;
///
/// struct Host { journal: Mutex<MemoryJournal> } // in earnest, `FileJournal`
///
/// impl Ports for Host {
///     fn now(&self) -> DateTime<Utc> {
///         DateTime::UNIX_EPOCH // in earnest, the clock
///     }
///     fn persist(&self, batches: &[Persist]) -> Result<Lsn, BoxError> {
///         let mut journal = self.journal.lock().map_err(|_| "it is broken")?;
///         for batch in batches {
///             batch.append_to(&mut *journal)?;
///         }
///         Ok(journal.sync()?)
///     }
/// }
/// # #[async_trait]
/// # impl Resolver for Host {
/// #     async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, BoxError> { Ok(Vec::new()) }
/// # }
/// ```
#[async_trait]
pub trait Ports: Resolver {
    /// The time.
    fn now(&self) -> DateTime<Utc>;

    /// Writes batches down, and says how far the journal is safe.
    ///
    /// # Errors
    ///
    /// Where it could not: nothing is answered any more.
    fn persist(&self, batches: &[Persist]) -> Result<Lsn, BoxError>;

    /// The choices of a list; none unless the host says otherwise.
    ///
    /// # Errors
    ///
    /// Where they could not be found out.
    async fn choose(&self, choose: &Choose) -> Result<Vec<Choice>, ActionError> {
        let _ = choose;
        Ok(Vec::new())
    }

    /// Gives an action what it needs, its secrets for one; as it is unless the host says otherwise.
    ///
    /// # Errors
    ///
    /// What the request is to be answered with.
    async fn prepare(&self, run: Run) -> Result<Run, ActionError> {
        Ok(run)
    }
}

/// A [`ConnectorService`] that answers one request from start to end, for a host that wants a plain function: it carries
/// its effects out by the host's [`Ports`]. It needs no runtime; requests may come in on any number of threads or tasks.
///
/// What else the pipeline does (events, attempts, its time) is the host's loop still, [`with`](Self::with) the service.
///
/// ```
/// # use std::net::IpAddr;
/// # use std::sync::Mutex;
/// # use tripline::connector::{Handler, Ports, Resolver};
/// # use tripline::journal::{Journal, Lsn, MemoryJournal};
/// # use tripline::pipeline::Persist;
#[doc = include_str!("../../../docs/snippets/block_on.rs")]
/// # struct Host { journal: Mutex<MemoryJournal> }
/// # #[async_trait]
/// # impl Resolver for Host {
/// #     async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, BoxError> { Ok(vec!["93.184.215.14".parse()?]) }
/// # }
/// # impl Ports for Host {
/// #     fn now(&self) -> DateTime<chrono::Utc> { DateTime::from_timestamp(1_772_330_400, 0).unwrap() }
/// #     fn persist(&self, batches: &[Persist]) -> Result<Lsn, BoxError> {
/// #         let mut journal = self.journal.lock().unwrap();
/// #         for batch in batches { batch.append_to(&mut *journal)?; }
/// #         Ok(journal.sync()?)
/// #     }
/// # }
#[doc = include_str!("../../../docs/snippets/connector.rs")]
/// let handler = Handler::new(service, Host { journal: Mutex::new(MemoryJournal::new()) });
/// let body = r#"{"instance":"*","segment":"vip","threshold":1000,"callbackUrl":"https://hooks.contoso.example/in"}"#;
/// let request = http::Request::post("/v1/subscriptions/segmentThresholdCrossed")
///     .header("content-type", "application/json")
///     .body(body.as_bytes().to_vec())?;
/// let response = block_on(handler.handle("ana", request));
/// assert_eq!(response.status(), http::StatusCode::CREATED);
/// assert_eq!(handler.with(|service| service.subscriptions()).unwrap(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Handler<P> {
    state: Mutex<State>,
    next: AtomicU64,
    ports: P,
}

struct State {
    service: ConnectorService,
    /// A write has failed, so that nobody knows what is stored.
    is_broken: bool,
}

/// What a request waits for.
enum Step {
    Answered(Response<Vec<u8>>),
    Do(Effect),
    Nothing,
}

impl<P: Ports> Handler<P> {
    /// A handler of one service.
    ///
    /// ```
    /// # use tripline::connector::{ConnectorService, Handler, Ports};
    /// fn handler(service: ConnectorService, ports: impl Ports) -> Handler<impl Ports> {
    ///     Handler::new(service, ports)
    /// }
    /// ```
    pub fn new(service: ConnectorService, ports: P) -> Self {
        Self { state: Mutex::new(State { service, is_broken: false }), next: AtomicU64::new(0), ports }
    }

    /// Answers a request of a principal. Dropped halfway, it is not answered, and what it has led to stays.
    ///
    /// ```
    /// # use tripline::connector::{Handler, Ports};
    /// async fn plain(handler: &Handler<impl Ports>, request: http::Request<Vec<u8>>) -> http::Response<Vec<u8>> {
    ///     handler.handle("ana", request).await
    /// }
    /// ```
    pub async fn handle(&self, principal: &str, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
        let id = RequestId::new(self.next.fetch_add(1, Ordering::Relaxed));
        let _forgets = Forgets { handler: self, id };
        match self.answered(principal, id, request).await {
            Ok(response) => response,
            Err(why) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, why)
                .with_retry_after(10)
                .into_answer()
                .into_response(),
        }
    }

    /// Does something with the service; what it leads to is written down before this returns.
    ///
    /// # Errors
    ///
    /// What [`Ports::persist`] said, now or before: the service is of no use any more.
    ///
    /// ```
    /// # use tripline::connector::{BoxError, Handler, Ports};
    /// # use tripline::dispatch::Work;
    /// fn work(handler: &Handler<impl Ports>) -> Result<Option<Work>, BoxError> {
    ///     handler.with(|service| service.pipeline_mut().poll_send())
    /// }
    /// ```
    pub fn with<T>(&self, act: impl FnOnce(&mut ConnectorService) -> T) -> Result<T, BoxError> {
        let mut state = self.lock();
        if state.is_broken {
            return Err("the journal could not be written".into());
        }
        let done = act(&mut state.service);
        self.write_down(&mut state)?;
        Ok(done)
    }

    async fn answered(
        &self,
        principal: &str,
        id: RequestId,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, String> {
        let now = self.ports.now();
        self.tell(|service| service.handle_request(now, principal, id, request))?;
        loop {
            match self.step(id)? {
                Step::Answered(response) => return Ok(response),
                Step::Do(effect) => self.carry_out(effect).await?,
                // Its time is over while it was away; the answer to that comes with the clock.
                Step::Nothing => {
                    let now = self.ports.now();
                    self.tell(|service| service.handle_timeout(now).map(drop))?;
                    if let Step::Answered(response) = self.step(id)? {
                        return Ok(response);
                    }
                    return Err("the request has no answer".to_owned());
                }
            }
        }
    }

    async fn carry_out(&self, effect: Effect) -> Result<(), String> {
        match effect {
            Effect::Resolve(resolve) => {
                let addresses = self.ports.resolve(resolve.host()).await;
                let now = self.ports.now();
                self.tell(|service| service.resolved(now, resolve.request(), addresses))
            }
            Effect::Run(run) => {
                let request = run.request();
                let result = match self.ports.prepare(run).await {
                    Ok(run) => run.run().await,
                    Err(error) => Err(error),
                };
                let now = self.ports.now();
                self.tell(|service| service.ran(now, request, result))
            }
            Effect::Choose(choose) => {
                let choices = self.ports.choose(&choose).await;
                let now = self.ports.now();
                self.tell(|service| service.chosen(now, choose.request(), choices))
            }
            // Batches are written down where they are made.
            Effect::Persist(_) => Ok(()),
        }
    }

    fn tell(&self, tell: impl FnOnce(&mut ConnectorService) -> Result<(), Error>) -> Result<(), String> {
        match self.with(tell) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("what is asked for cannot be written down".to_owned()),
        }
    }

    fn step(&self, id: RequestId) -> Result<Step, String> {
        let mut state = self.lock();
        if state.is_broken {
            return Err("what is asked for cannot be written down".to_owned());
        }
        let service = &mut state.service;
        Ok(match (service.take_response(id), service.take_effect(id)) {
            (Some(response), _) => Step::Answered(response),
            (None, Some(effect)) => Step::Do(effect),
            (None, None) => Step::Nothing,
        })
    }

    /// Under one lock with what has made the batches, so that they are in order.
    fn write_down(&self, state: &mut State) -> Result<(), BoxError> {
        let service = &mut state.service;
        let _ = service.forget_disabled();
        let batches: Vec<Persist> = std::iter::from_fn(|| service.pipeline.poll_persist()).collect();
        if batches.is_empty() {
            return Ok(());
        }
        match self.ports.persist(&batches) {
            Ok(lsn) => {
                service.persisted(lsn);
                Ok(())
            }
            Err(error) => {
                state.is_broken = true;
                Err(error)
            }
        }
    }
}

impl<P> Handler<P> {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in the middle of a change leaves what nobody should answer from.
        self.state.lock().unwrap_or_else(|poisoned: PoisonError<_>| {
            let mut state = poisoned.into_inner();
            state.is_broken = true;
            state
        })
    }
}

impl<P> fmt::Debug for Handler<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler").field("service", &self.lock().service).finish_non_exhaustive()
    }
}

/// Forgets a request when nobody waits for it any more.
struct Forgets<'h, P> {
    handler: &'h Handler<P>,
    id: RequestId,
}

impl<P> Drop for Forgets<'_, P> {
    fn drop(&mut self) {
        self.handler.lock().service.forget(self.id);
    }
}

impl ConnectorService {
    /// The answer to one request, whatever others wait.
    fn take_response(&mut self, id: RequestId) -> Option<Response<Vec<u8>>> {
        if let Some(at) = self.ready.iter().position(|(other, _)| *other == id) {
            return self.ready.remove(at).map(|(_, response)| response);
        }
        let safe = self.pipeline.safe();
        let at = self.waiting.iter().position(|(lsn, other, _)| *other == id && *lsn <= safe)?;
        self.waiting.remove(at).map(|(.., response)| response)
    }

    fn take_effect(&mut self, id: RequestId) -> Option<Effect> {
        let at = self.effects.iter().position(|effect| match effect {
            Effect::Persist(_) => false,
            Effect::Resolve(resolve) => resolve.request == id,
            Effect::Run(run) => run.request == id,
            Effect::Choose(choose) => choose.request == id,
        })?;
        self.effects.remove(at).filter(|effect| self.is_wanted(effect))
    }
}

/// Gives each attempt that tells a subscription the addresses of its host, resolved anew: a [`Prepare`] for [`drive`](crate::dispatch::drive()) or
/// a loop of the host's. Other work stays as it is.
///
/// ```
/// use tripline::connector::{Callbacks, ResolvedCallbacks, Resolver};
/// fn prepare(callbacks: Callbacks, dns: impl Resolver) -> impl tripline::dispatch::Prepare {
///     ResolvedCallbacks::new(callbacks, dns)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ResolvedCallbacks<R> {
    callbacks: Callbacks,
    resolver: R,
}

impl<R: Resolver> ResolvedCallbacks<R> {
    /// For the subscriptions of one service.
    ///
    /// ```
    /// # use tripline::connector::{Callbacks, ResolvedCallbacks, Resolver};
    /// # use tripline::webhook::Guard;
    /// fn prepare(dns: impl Resolver) -> ResolvedCallbacks<impl Resolver> {
    ///     ResolvedCallbacks::new(Callbacks::new(Guard::new()), dns)
    /// }
    /// ```
    pub fn new(callbacks: Callbacks, resolver: R) -> Self {
        Self { callbacks, resolver }
    }
}

#[async_trait]
impl<R: Resolver> Prepare for ResolvedCallbacks<R> {
    async fn prepare(&self, work: Work) -> Result<Work, ActionError> {
        let Some(host) = self.callbacks.host_of(&work) else { return Ok(work) };
        match self.resolver.resolve(&host).await {
            Ok(addresses) => Ok(work.with_checked_addresses(CheckedAddresses::new(addresses))),
            Err(_) => Err(ActionError::transient("the subscription's host could not be resolved")),
        }
    }
}

//! One action on a bench: a world, a transport, attempts, and what is seen of them.

use std::cell::RefCell;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use chrono::TimeDelta;
use http::{Method, Request, Response};
use serde_json::Value;

use super::capabilities::Service;
use super::{CANARY, Capabilities, Check, Report};
use crate::action::{Action, ActionContext, ActionError, DynAction, Metadata, Secret, Secrets, async_trait};
use crate::testing::{Fate, ScriptedTransport, Sent, World};

/// The key of most attempts.
pub(super) const KEY: &str = "tripline-0d17c0ffee5a4e21";

/// How long an attempt may take.
pub(super) const TIME: Duration = Duration::from_secs(20);

/// An action, what is known of it, and what was found so far.
pub(super) struct Lab<'a, A> {
    make: &'a dyn Fn(ScriptedTransport) -> A,
    pub(super) capabilities: &'a Capabilities<A>,
    pub(super) metadata: Metadata,
    pub(super) input: Value,
    report: RefCell<Report>,
}

/// A fresh world with a fresh action in it.
pub(super) struct Bench<A> {
    pub(super) world: World,
    transport: ScriptedTransport,
    own: Arc<A>,
    pub(super) action: DynAction,
    secrets: Arc<Canary>,
}

/// One attempt: how it ended, what it sent, and how long it took.
pub(super) struct Attempt {
    pub(super) end: End,
    /// Without the asides.
    pub(super) sent: Vec<Sent>,
    pub(super) polls: usize,
    pub(super) took: Duration,
}

/// How an attempt ended.
pub(super) enum End {
    Done(Value),
    Failed(ActionError),
    /// The suite dropped it.
    Dropped,
    /// It hung or panicked, which is written down.
    Lost,
}

impl<'a, A: Action + 'static> Lab<'a, A> {
    pub(super) fn new(
        make: &'a dyn Fn(ScriptedTransport) -> A,
        capabilities: &'a Capabilities<A>,
        metadata: Metadata,
        input: Value,
    ) -> Self {
        let report = RefCell::new(Report::new(metadata.name()));
        Self { make, capabilities, metadata, input, report }
    }

    pub(super) fn into_report(self) -> Report {
        let mut report = self.report.into_inner();
        report.sort();
        report
    }

    /// Whether a check is wanted; if so, it counts as made.
    pub(super) fn wants(&self, check: Check) -> bool {
        let is_wanted = !self.capabilities.without.contains(&check);
        if is_wanted {
            self.report.borrow_mut().looked_at(check);
        }
        is_wanted
    }

    pub(super) fn found(&self, check: Check, message: impl Into<String>) {
        if !self.capabilities.without.contains(&check) {
            self.report.borrow_mut().found(check, message.into());
        }
    }

    /// A bench on which everything arrives.
    pub(super) fn bench(&self) -> Bench<A> {
        self.bench_under(|_, _| Fate::delivered())
    }

    /// A bench with a fate for each main request, by its number from 0.
    pub(super) fn bench_under(
        &self,
        mut fate: impl FnMut(usize, &Request<Vec<u8>>) -> Fate + Send + 'static,
    ) -> Bench<A> {
        let world = World::new(0);
        let service = self.service();
        let transport = ScriptedTransport::new(&world, move |request| service(request));
        let (is_aside, mut count) = (self.capabilities.is_aside.clone(), 0);
        transport.set_weather(move |request| {
            if is_aside(request) {
                return Fate::delivered();
            }
            count += 1;
            fate(count - 1, request)
        });
        let own = Arc::new((self.make)(transport.clone()));
        let action = DynAction::new(Shared(own.clone()));
        Bench { world, transport, own, action, secrets: Arc::new(Canary::default()) }
    }

    /// What the service answers when all is well.
    pub(super) fn service(&self) -> Service {
        if let Some(service) = &self.capabilities.service {
            return service.clone();
        }
        let body = self.metadata.samples().first().map(|sample| sample.output().to_string());
        let body = body.unwrap_or_default().into_bytes();
        Arc::new(move |_| Response::new(body.clone()))
    }

    pub(super) fn context(&self, bench: &Bench<A>, key: &str, attempt: u32) -> ActionContext {
        // Every attempt is told the same time, so that what it sends can be compared.
        let now = World::new(0).now();
        let deadline = now.checked_add_signed(TimeDelta::from_std(TIME).unwrap_or_default());
        let ctx = ActionContext::new(now, key)
            .with_attempt(attempt)
            .with_deadline(deadline.unwrap_or(now))
            .with_secrets(bench.secrets.clone());
        (self.capabilities.context)(ctx)
    }

    /// The first attempt with the usual key and input.
    pub(super) fn first(&self, bench: &Bench<A>, case: &str) -> Attempt {
        self.attempt(bench, case, &self.context(bench, KEY, 1), self.input.clone(), usize::MAX)
    }

    /// A later attempt of the same delivery.
    pub(super) fn again(&self, bench: &Bench<A>, case: &str) -> Attempt {
        self.attempt(bench, case, &self.context(bench, KEY, 2), self.input.clone(), usize::MAX)
    }

    /// Runs one attempt, dropped after so many polls; what it shows is searched for secrets.
    pub(super) fn attempt(
        &self,
        bench: &Bench<A>,
        case: &str,
        ctx: &ActionContext,
        input: Value,
        most_polls: usize,
    ) -> Attempt {
        let (before, began) = (bench.transport.sent().len(), bench.world.now());
        let polls = std::cell::Cell::new(0);
        let counted = async {
            let mut run = pin!(bench.action.run(ctx, input));
            std::future::poll_fn(|context| {
                if polls.get() == most_polls {
                    return Poll::Ready(None);
                }
                polls.set(polls.get() + 1);
                match run.as_mut().poll(context) {
                    Poll::Pending if polls.get() == most_polls => Poll::Ready(None),
                    polled => polled.map(Some),
                }
            })
            .await
        };
        // What tries again for ever is ended some time after its deadline.
        let ended = catch_unwind(AssertUnwindSafe(|| bench.world.run(bench.world.within(TIME * 2, counted))));
        let end = match ended {
            Ok(Ok(Some(Some(Ok(output))))) => End::Done(output),
            Ok(Ok(Some(Some(Err(error))))) => End::Failed(error),
            Ok(Ok(Some(None))) => End::Dropped,
            Ok(Ok(None)) => {
                self.found(Check::Deadline, format!("{case}: it has not ended at twice its time"));
                End::Lost
            }
            Ok(Err(stalled)) => {
                self.found(Check::Cancel, format!("{case}: it hangs: {stalled}"));
                End::Lost
            }
            Err(_) => {
                self.found(Check::Panics, format!("{case}: it panics"));
                End::Lost
            }
        };
        self.search(case, &end);
        let mut sent = bench.transport.sent().split_off(before);
        sent.retain(|sent| !(self.capabilities.is_aside)(sent.request()));
        let took = (bench.world.now() - began).to_std().unwrap_or_default();
        Attempt { end, sent, polls: polls.get(), took }
    }

    /// Looks for the canary in everything that an attempt shows.
    fn search(&self, case: &str, end: &End) {
        match end {
            End::Done(output) if output.to_string().contains(CANARY) => {
                self.found(Check::Secrets, format!("{case}: a secret stands in the output"));
            }
            End::Failed(error) if shown(error).contains(CANARY) => {
                self.found(Check::Secrets, format!("{case}: a secret stands in the error"));
            }
            _ => {}
        }
    }
}

impl<A: Action + 'static> Bench<A> {
    /// Whether the action has asked its context for a secret.
    pub(super) fn has_asked_for_secrets(&self) -> bool {
        self.secrets.is_asked.load(Ordering::Relaxed)
    }

    /// The names that it has asked for are known no more.
    pub(super) fn take_secrets_away(&self) {
        self.secrets.is_gone.store(true, Ordering::Relaxed);
    }

    pub(super) fn shown(&self, debug: fn(&A) -> String) -> String {
        debug(&self.own)
    }

    /// Runs two deliveries at a time, and counts those that succeeded; an error where they hang.
    pub(super) fn run_both(
        &self,
        first: &ActionContext,
        second: &ActionContext,
        input: &Value,
    ) -> Option<usize> {
        let done = Arc::new(Mutex::new(0));
        for ctx in [first, second] {
            let (action, ctx, input, done) = (self.action.clone(), ctx.clone(), input.clone(), done.clone());
            self.world.spawn(async move {
                if action.run(&ctx, input).await.is_ok() {
                    *done.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                }
            });
        }
        let both = AssertUnwindSafe(|| self.world.run(self.world.sleep(TIME * 2)));
        catch_unwind(both).ok()?.ok()?;
        let done = *done.lock().unwrap_or_else(PoisonError::into_inner);
        Some(done)
    }
}

impl Attempt {
    pub(super) fn is_done(&self) -> bool {
        matches!(self.end, End::Done(_))
    }

    pub(super) fn error(&self) -> Option<&ActionError> {
        match &self.end {
            End::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// How it ended, in words.
    pub(super) fn told(&self) -> String {
        match &self.end {
            End::Done(_) => "success".to_owned(),
            End::Dropped => "nothing".to_owned(),
            End::Lost => "no end".to_owned(),
            // The error's own words may hold the very secret that is being looked for.
            End::Failed(error) => {
                let outcome = if error.is_outcome_unknown() { ", outcome unknown" } else { "" };
                format!("{:?}{outcome}", error.class())
            }
        }
    }

    /// The requests that may change something, if the service carried them out.
    pub(super) fn effects(&self) -> impl Iterator<Item = &Request<Vec<u8>>> {
        self.sent
            .iter()
            .filter(|sent| sent.is_executed())
            .map(Sent::request)
            .filter(|request| may_change(request))
    }
}

/// Whether a request may change something where it arrives (RFC 9110, section 9.2.1).
pub(super) fn may_change(request: &Request<Vec<u8>>) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method())
}

/// What tells two attempts' requests apart, if anything does.
pub(super) fn difference(left: &[Sent], right: &[Sent]) -> Option<String> {
    if left.len() != right.len() {
        return Some(format!("{} requests and {}", left.len(), right.len()));
    }
    left.iter().zip(right).find_map(|(left, right)| {
        let (left, right) = (left.request(), right.request());
        let header = || {
            let mut names = left.headers().keys().chain(right.headers().keys());
            let differs = |name: &&http::HeaderName| {
                !left.headers().get_all(*name).iter().eq(right.headers().get_all(*name).iter())
            };
            names.find(differs).map(|name| format!("the header {name}"))
        };
        let part = |differs: bool, name: &str| differs.then(|| name.to_owned());
        part(left.method() != right.method(), "the method")
            .or_else(|| part(left.uri() != right.uri(), "the URL"))
            .or_else(header)
            .or_else(|| part(left.body() != right.body(), "the body"))
    })
}

/// Everything that is shown of an error, its causes included.
fn shown(error: &ActionError) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {}", error.reason());
    text.push_str(&serde_json::to_string(error).unwrap_or_default());
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(" {cause} {cause:?}"));
        next = cause.source();
    }
    text
}

/// The same action in two hands: one runs it, the other looks at it.
struct Shared<A>(Arc<A>);

#[async_trait]
impl<A: Action> Action for Shared<A> {
    type Input = A::Input;
    type Output = A::Output;

    fn metadata(&self) -> Metadata {
        self.0.metadata()
    }

    async fn run(&self, ctx: &ActionContext, input: A::Input) -> Result<A::Output, ActionError> {
        self.0.run(ctx, input).await
    }
}

/// Has a secret for every name, and all are the canary.
#[derive(Default)]
struct Canary {
    is_asked: AtomicBool,
    is_gone: AtomicBool,
}

impl Secrets for Canary {
    fn secret(&self, _: &str) -> Option<Secret> {
        self.is_asked.store(true, Ordering::Relaxed);
        (!self.is_gone.load(Ordering::Relaxed)).then(|| Secret::new(CANARY))
    }
}

//! A host in memory: its clock, its journal, its resolver, and the receivers.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use http::{Request, Response};
use serde_json::Value;
use tripline::action::{
    ActionError, CheckedAddresses, Choice, Effect as ActionEffect, Field, Metadata, OverHttp, Registry,
    Transport, TransportError, action_fn, async_trait,
};
use tripline::connector::{
    BoxError, Callbacks, ConnectorService, ConnectorServiceBuilder, Effect, HostKey, Limits, Notify,
    RequestId, Sealer,
};
use tripline::event::ValueObserved;
use tripline::journal::{Journal, MemoryJournal, MemorySnapshots};
use tripline::pipeline::{self, Pipeline, PipelineBuilder, recover};
use tripline::trigger::Matcher;
use tripline::webhook::Guard;

use super::declared;

pub(super) const BASE: &str = "https://flows.contoso.example/v1";
pub(super) const HOOK: &str = "https://hooks.contoso.example/in?sig=k";

pub(super) fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_330_400, 0).unwrap() + TimeDelta::seconds(second)
}

/// What receivers answer, and what they were sent.
#[derive(Clone, Default)]
pub(super) struct Net {
    answers: Arc<Mutex<BTreeMap<String, u16>>>,
    sent: Arc<Mutex<Vec<Request<Vec<u8>>>>>,
}

impl Net {
    /// From now on this path answers so; 202 unless something is said.
    pub(super) fn answers(&self, path: &str, status: u16) {
        self.answers.lock().unwrap().insert(path.to_owned(), status);
    }

    pub(super) fn take_sent(&self) -> Vec<Request<Vec<u8>>> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

#[async_trait]
impl Transport for Net {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let status = self.answers.lock().unwrap().get(request.uri().path()).copied().unwrap_or(202);
        declared::check_notification(request.body());
        self.sent.lock().unwrap().push(request);
        let mut response = Response::new(Vec::new());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        Ok(response)
    }
}

/// A sealer that nobody reads without the key, as far as a test goes.
pub(super) struct Vault(pub(super) u8);

impl Sealer for Vault {
    fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, BoxError> {
        if self.0 == 0 {
            return Err("the vault is closed".into());
        }
        Ok(plain.iter().map(|byte| byte ^ self.0).chain(context.bytes()).chain([self.0]).collect())
    }

    fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, BoxError> {
        let sealed = sealed.strip_suffix(&[self.0]).ok_or("another key")?;
        let plain = sealed.strip_suffix(context.as_bytes()).ok_or("another context")?;
        Ok(plain.iter().map(|byte| byte ^ self.0).collect())
    }
}

/// The process has ended.
#[derive(Debug)]
pub(super) struct Died;

pub(super) struct Host {
    pub(super) service: ConnectorService,
    pub(super) callbacks: Callbacks,
    pub(super) registry: Registry,
    pub(super) journal: MemoryJournal,
    pub(super) snapshots: MemorySnapshots,
    pub(super) net: Net,
    pub(super) dns: BTreeMap<String, Result<Vec<IpAddr>, String>>,
    pub(super) now: DateTime<Utc>,
    pub(super) setup: Setup,
    /// How many batches are still written down before the process ends.
    pub(super) lives: Option<usize>,
    next_request: u64,
    next_event: u64,
}

/// What outlives a process.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) limits: Limits,
    pub(super) pipeline: pipeline::Limits,
    pub(super) key: [u8; 32],
    pub(super) vault: u8,
    pub(super) only_own: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let (limits, pipeline) = (Limits::default(), pipeline::Limits::default());
        Self { limits, pipeline, key: [7; 32], vault: 0x5a, only_own: false }
    }
}

impl Host {
    pub(super) fn new() -> Self {
        Self::with(Setup::default())
    }

    pub(super) fn with(setup: Setup) -> Self {
        let (net, callbacks) = (Net::default(), Callbacks::new(Guard::new()));
        let registry = registry(&callbacks, &net);
        let (journal, mut snapshots) = (MemoryJournal::new(), MemorySnapshots::new());
        let (pipeline, _) = recover(pipeline(&setup, &registry), at(0), &journal, &mut snapshots).unwrap();
        let service = builder(&setup, &callbacks).build(at(0), pipeline).unwrap();
        let mut dns = BTreeMap::new();
        dns.insert("hooks.contoso.example".to_owned(), Ok(vec!["93.184.215.14".parse().unwrap()]));
        Self {
            service,
            callbacks,
            registry,
            journal,
            snapshots,
            net,
            dns,
            now: at(0),
            setup,
            lives: None,
            next_request: 0,
            next_event: 0,
        }
    }

    /// The process ends and another begins with what is in the journal; `survivors` unsynced appends are there.
    pub(super) fn restart(&mut self, survivors: u64) {
        self.journal.crash(survivors);
        self.journal = self.journal.reopen();
        self.callbacks = Callbacks::new(Guard::new());
        self.registry = registry(&self.callbacks, &self.net);
        self.lives = None;
        let builder = pipeline(&self.setup, &self.registry);
        let (pipeline, _) = recover(builder, self.now, &self.journal, &mut self.snapshots).unwrap();
        self.service = self::builder(&self.setup, &self.callbacks).build(self.now, pipeline).unwrap();
        self.drive();
    }

    pub(super) fn request(&mut self, principal: &str, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
        self.try_request(principal, request).unwrap()
    }

    /// One request from start to end.
    pub(super) fn try_request(
        &mut self,
        principal: &str,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, Died> {
        self.next_request += 1;
        let id = RequestId::new(self.next_request);
        let (method, uri) = (request.method().clone(), request.uri().clone());
        self.service.handle_request(self.now, principal, id, request).unwrap();
        self.try_drive()?;
        let (answered, response) = self.service.poll_response().expect("every request is answered");
        assert_eq!(answered, id);
        assert!(self.service.poll_response().is_none());
        declared::check_answer(&method, &uri, &response);
        Ok(response)
    }

    /// Until nothing is left to do.
    pub(super) fn drive(&mut self) {
        self.try_drive().unwrap();
    }

    pub(super) fn try_drive(&mut self) -> Result<(), Died> {
        loop {
            let mut has_moved = false;
            while let Some(effect) = self.service.poll_effect() {
                has_moved = true;
                self.carry_out(effect)?;
            }
            while let Some(work) = self.service.pipeline_mut().poll_send() {
                has_moved = true;
                let work = match self.callbacks.host_of(&work) {
                    Some(host) => match self.dns.get(&host) {
                        Some(Ok(addresses)) => {
                            work.with_checked_addresses(CheckedAddresses::new(addresses.iter().copied()))
                        }
                        _ => work,
                    },
                    None => work,
                };
                let result = block_on(work.run(&self.registry));
                let now = self.now;
                let _ = self.service.pipeline_mut().complete(now, work.lease(), result).unwrap();
            }
            if !has_moved {
                return Ok(());
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), Died> {
        let now = self.now;
        match effect {
            Effect::Persist(persist) => {
                if let Some(lives) = &mut self.lives {
                    *lives = lives.checked_sub(1).ok_or(Died)?;
                }
                persist.append_to(&mut self.journal).unwrap();
                self.service.persisted(self.journal.sync().unwrap());
            }
            Effect::Resolve(resolve) => {
                let found = self.dns.get(resolve.host()).cloned().unwrap_or(Ok(Vec::new()));
                let found = found.map_err(BoxError::from);
                self.service.resolved(now, resolve.request(), found).unwrap();
            }
            Effect::Run(run) => {
                let result = block_on(run.run());
                self.service.ran(now, run.request(), result).unwrap();
            }
            Effect::Choose(choose) => {
                let instance = choose.parameter("instance").unwrap_or("-");
                let choices = match choose.list() {
                    "instances" => {
                        vec![Choice::new("contoso").with_title("Contoso"), Choice::new("fabrikam")]
                    }
                    list => vec![Choice::new(format!("{list} of {instance} for {}", choose.principal()))],
                };
                self.service.chosen(now, choose.request(), Ok(choices)).unwrap();
            }
            other => panic!("an effect that nobody carries out: {other:?}"),
        }
        Ok(())
    }

    /// A segment of the instance contoso has so many members now.
    pub(super) fn members(&mut self, segment: &str, members: f64) {
        self.members_of("contoso", segment, members);
    }

    pub(super) fn members_of(&mut self, instance: &str, segment: &str, members: f64) {
        self.next_event += 1;
        let (id, source) = (format!("e-{}", self.next_event), format!("/instances/{instance}"));
        let event = ValueObserved::new("segment", segment, members).into_event(id, source).unwrap();
        let event = event.with_time(self.now);
        let _ = self.service.pipeline_mut().handle_event(self.now, &event).unwrap();
        self.drive();
    }

    /// Time passes, and whatever is due on the way happens when it is.
    pub(super) fn wait(&mut self, seconds: i64) {
        let then = self.now + TimeDelta::seconds(seconds);
        while let Some(due) = self.service.poll_timeout().filter(|due| *due <= then) {
            self.now = self.now.max(due);
            let _ = self.service.handle_timeout(self.now).unwrap();
            self.drive();
        }
        self.now = then;
        let _ = self.service.handle_timeout(then).unwrap();
        self.drive();
    }

    /// Nothing is there by half: each subscription has its record, its flow and, where it is told, its callback.
    pub(super) fn assert_whole(&self) {
        let pipeline = self.service.pipeline();
        let kept: Vec<&str> = pipeline
            .kept_under("tripline.connector/s/")
            .map(|(key, _)| key.rsplit_once('/').unwrap().1)
            .collect();
        let flows: Vec<&str> = pipeline.flows().flows().map(|flow| flow.id()).collect();
        assert_eq!(kept, flows);
        assert_eq!(self.service.subscriptions(), kept.len());
        let told =
            pipeline.kept_under("tripline.connector/s/").filter(|(_, text)| text.contains("\"sealed\""));
        assert!(format!("{:?}", self.callbacks).contains(&format!("held: {},", told.count())));
    }
}

pub(super) fn registry(callbacks: &Callbacks, net: &Net) -> Registry {
    let mut registry = Registry::new();
    registry.add(OverHttp::new(Notify::new(callbacks.clone()), net.clone())).unwrap();
    registry
}

fn pipeline(setup: &Setup, registry: &Registry) -> PipelineBuilder {
    Pipeline::builder(registry.clone()).with_limits(setup.pipeline.clone())
}

pub(super) fn builder(setup: &Setup, callbacks: &Callbacks) -> ConnectorServiceBuilder {
    let key = HostKey::from_bytes(&setup.key).unwrap();
    let builder = ConnectorService::builder(key, BASE, callbacks.clone(), Vault(setup.vault))
        .with_limits(setup.limits.clone())
        .with_actions(actions());
    if !setup.only_own {
        return builder;
    }
    builder.with_access(|principal, trigger| {
        let own = [format!("/instances/{principal}"), principal.to_owned()];
        let names = trigger.source().and_then(Matcher::names);
        let is_own = names.is_some_and(|mut names| names.all(|name| own.iter().any(|own| own == name)));
        if is_own { Ok(()) } else { Err(format!("{principal} may watch its own instance alone")) }
    })
}

/// What is offered: one that doubles, one that fails as it is told.
fn actions() -> Registry {
    let mut actions = Registry::new();
    let double = Metadata::new("double")
        .with_effect(ActionEffect::Idempotent)
        .with_input(Field::integer("n").with_required(true));
    let run = |_, input: Value| async move { Ok(2 * input["n"].as_i64().unwrap()) };
    actions.add(action_fn(double, run)).unwrap();
    let fail = Metadata::new("fail").with_input(Field::string("how").with_required(true));
    let run = |_, input: Value| async move {
        Err::<Value, _>(match input["how"].as_str().unwrap() {
            "throttled" => {
                ActionError::throttled("slowly").with_retry_after(std::time::Duration::from_millis(1_500))
            }
            "transient" => ActionError::transient("it is down").with_outcome_unknown(true),
            "login" => ActionError::auth_expired("the token is old"),
            "input" => ActionError::invalid_input("how", "is not how"),
            _ => ActionError::permanent("no such board"),
        })
    };
    actions.add(action_fn(fail, run)).unwrap();
    let key = action_fn(Metadata::new("key"), |ctx: tripline::action::ActionContext, ()| async move {
        Ok(ctx.idempotency_key().to_owned())
    });
    actions.add(key).unwrap();
    actions
}

pub(super) fn get(path: &str) -> Request<Vec<u8>> {
    Request::get(path).body(Vec::new()).unwrap()
}

pub(super) fn delete(path: &str) -> Request<Vec<u8>> {
    Request::delete(path).body(Vec::new()).unwrap()
}

pub(super) fn post(path: &str, body: &Value) -> Request<Vec<u8>> {
    post_text(path, &body.to_string())
}

pub(super) fn post_text(path: &str, body: &str) -> Request<Vec<u8>> {
    let request = Request::post(path).header("content-type", "application/json; charset=utf-8");
    request.body(body.as_bytes().to_vec()).unwrap()
}

/// A subscription to a segment's threshold.
pub(super) fn vip(threshold: f64, callback: &str) -> Request<Vec<u8>> {
    let body = serde_json::json!({
        "instance": "contoso", "segment": "vip", "threshold": threshold, "callbackUrl": callback,
    });
    post("/subscriptions/segmentThresholdCrossed", &body)
}

pub(super) fn json(response: &Response<Vec<u8>>) -> Value {
    serde_json::from_slice(response.body())
        .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(response.body())))
}

pub(super) fn status(response: &Response<Vec<u8>>) -> u16 {
    response.status().as_u16()
}

pub(super) fn header<'r>(response: &'r Response<Vec<u8>>, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// The path and the query that a `Location` leads to.
pub(super) fn location(response: &Response<Vec<u8>>) -> String {
    let location = header(response, "location");
    location.strip_prefix(BASE).unwrap_or_else(|| panic!("{location:?} is not absolute")).to_owned()
}

/// The fields that a problem names, in their order.
pub(super) fn fields(response: &Response<Vec<u8>>) -> Vec<String> {
    assert_eq!(header(response, "content-type"), "application/problem+json");
    let body = json(response);
    assert_eq!(body["status"], status(response));
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
}

pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

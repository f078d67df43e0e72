//! Subscriptions as they are made.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::json;

use super::super::Profile;
use super::callbacks::{Callback, TARGET};
use super::effect::{Effect, RequestId, Resolve};
use super::problem::{Answer, Problem};
use super::record::{Form, NEXT, Record, SUBSCRIPTIONS, Secrets};
use super::sealer::BoxError;
use super::{ConnectorService, Draft, Pending, Waits, notify};
use crate::base64;
use crate::engine::Replace;
use crate::error::Error;
use crate::flow::{Flow, Step};
use crate::pipeline::Keep;
use crate::time::{format_instant, nanos_of};
use crate::trigger::Trigger;
use crate::webhook::{CheckedUrl, Signer, SigningSecret};

/// The step of a subscription's flow.
pub(super) const STEP: &str = "notify";

/// After how many seconds a principal that has as many as it may is worth another try: somebody has to take one out.
const PLACE_AFTER: u64 = 3_600;

/// After how many seconds a request that was refused for want of room is worth another try.
const RETRY_AFTER: u64 = 10;

impl ConnectorService {
    /// Tells what a host resolved to: all of its addresses, none where the name is not there, an error where
    /// that could not be found out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) where the time is outside the years 1677 to 2262.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// # let body = r#"{"instance":"*","segment":"vip","threshold":1000,"callbackUrl":"https://hooks.contoso.example/in"}"#;
    /// # let request = http::Request::post("/subscriptions/segmentThresholdCrossed")
    /// #     .header("content-type", "application/json")
    /// #     .body(body.as_bytes().to_vec())?;
    /// service.handle_request(now, "ana", RequestId::new(1), request)?;
    /// service.resolved(now, RequestId::new(1), Ok(vec!["10.0.0.7".parse()?]))?;
    /// let (_, response) = service.poll_response().unwrap();
    /// assert_eq!(response.status(), http::StatusCode::BAD_REQUEST);
    /// assert!(String::from_utf8_lossy(response.body()).contains("10.0.0.7 is not a public address"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resolved(
        &mut self,
        now: DateTime<Utc>,
        request: RequestId,
        addresses: Result<Vec<IpAddr>, BoxError>,
    ) -> Result<(), Error> {
        self.begin(now)?;
        let waits = self.pending.get(&request).map(|pending| &pending.waits);
        let pending = match waits {
            Some(Waits::Resolved(_)) => self.take_pending(request),
            _ => None,
        };
        let Some(Pending { principal, waits: Waits::Resolved(draft), .. }) = pending else {
            self.counts.late += 1;
            return Ok(());
        };
        let judged = match addresses {
            Ok(addresses) => self
                .callbacks
                .guard()
                .check_addresses(&addresses)
                .map_err(|error| Problem::field("callbackUrl", error.to_string())),
            Err(_) => Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the callback's host could not be resolved now",
            )
            .with_field("callbackUrl", "its host could not be resolved now")
            .with_retry_after(RETRY_AFTER)),
        };
        match judged.and_then(|()| self.commit(&principal, *draft)) {
            Ok(answer) => self.answer(request, answer),
            Err(problem) => self.refuse(request, problem),
        }
        Ok(())
    }

    /// Reads a subscription; where its host is to be resolved, the answer comes after that.
    pub(super) fn subscribe(
        &mut self,
        principal: &str,
        request: RequestId,
        profile: &Profile,
        body: &str,
    ) -> Result<Option<Answer>, Problem> {
        let id = self.new_id(principal);
        let guard = self.callbacks.guard();
        let read = profile.read_subscription(&id, body, |url| guard.check_url(url));
        let (trigger, url) = read.map_err(|error| Problem::invalid(&error))?;
        self.check_access(principal, &trigger)?;
        self.check_room(principal)?;
        // Whatever becomes of this one, its number is no other's.
        self.next += 1;
        let draft = Draft { trigger, url };
        if draft.url.ip().is_some() {
            // The guard has judged it with the URL.
            return self.commit(principal, draft).map(Some);
        }
        self.store.reserve(principal);
        let deadline = self.clock.saturating_add(nanos_of(self.limits.resolve_timeout()));
        let effect = Effect::Resolve(Resolve { request, host: draft.url.host().to_owned() });
        let waits = Waits::Resolved(Box::new(draft));
        self.wait(request, Pending { principal: principal.into(), deadline, waits }, effect);
        Ok(None)
    }

    /// Makes a subscription: its flow, its secrets, its record and the next number are one batch.
    fn commit(&mut self, principal: &str, draft: Draft) -> Result<Answer, Problem> {
        let Draft { trigger, url } = draft;
        let (id, type_name) = (trigger.id().to_owned(), trigger.type_name());
        let key = format!("{SUBSCRIPTIONS}{id}");
        let secret = self.secret_of(&id)?;
        let sealed = self.seal(&key, &url, &secret)?;
        let step = Step::new(STEP, notify::NAME).with_connection(format!("{TARGET}{id}"));
        let expires = self.define(principal, trigger, step, Form::Sealed(sealed))?;
        let shown = secret.expose();
        let signer = Signer::new([secret]).map_err(|error| cannot(&error.to_string()))?;
        self.callbacks.put(&id, Callback { url, signer });
        self.counts.subscribed += 1;
        let body = json!({
            "id": id, "triggerType": type_name, "signingSecret": shown, "expiresAt": format_instant(expires),
        });
        let location = format!("{}/subscriptions/{id}", self.base.text);
        Ok(Answer::json(StatusCode::CREATED, &body).at(location))
    }

    /// Defines a flow with the record of its subscription; when it ends, where nobody wants anything of it.
    pub(super) fn define(
        &mut self,
        principal: &str,
        trigger: Trigger,
        step: Step,
        form: Form,
    ) -> Result<i64, Problem> {
        let id = trigger.id().to_owned();
        let flow = Flow::builder(trigger).with_step(step).build();
        let flow = flow.map_err(|error| cannot(&error.to_string()))?;
        let record =
            Record { principal: principal.to_owned(), created: self.clock, active: self.clock, form };
        let keeps = [
            Keep::put(format!("{SUBSCRIPTIONS}{id}"), record.to_json()),
            Keep::put(NEXT, self.next.to_string()),
        ];
        let now = self.now();
        let _ = self
            .pipeline
            .define_keeping(now, flow, Replace::Quiet, &keeps)
            .map_err(|error| cannot(&error.to_string()))?;
        let due = self.clock.saturating_add(nanos_of(self.limits.expiry()));
        self.store.insert(&id, record, self.clock, due);
        Ok(due)
    }

    /// Of the next subscription; the number is taken once it is sure that there will be one.
    pub(super) fn new_id(&self, principal: &str) -> String {
        self.key.id("subscription", &[principal.as_bytes(), &self.next.to_be_bytes()])
    }

    pub(super) fn check_access(&self, principal: &str, trigger: &Trigger) -> Result<(), Problem> {
        let Some(access) = &self.access else { return Ok(()) };
        access(principal, trigger).map_err(|why| {
            Problem::new(StatusCode::FORBIDDEN, "this is not this principal's to watch")
                .with_field("instance", why)
        })
    }

    /// Whether a principal may have one more, and the service.
    pub(super) fn check_room(&self, principal: &str) -> Result<(), Problem> {
        let (own, most) = (self.store.of(principal), self.limits.per_principal());
        if own >= most {
            let detail = format!("there are {own} subscriptions and polled triggers, and {most} may be");
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).with_limit(most);
            return Err(problem.with_retry_after(PLACE_AFTER));
        }
        let (all, most) = (self.store.len(), self.limits.subscriptions());
        if all >= most {
            return Err(cannot("there are as many subscriptions as may be").with_limit(most));
        }
        Ok(())
    }

    fn secret_of(&self, id: &str) -> Result<SigningSecret, Problem> {
        SigningSecret::from_bytes(&self.key.mac("signing secret", &[id.as_bytes()]))
            .map_err(|error| cannot(&error.to_string()))
    }

    fn seal(&self, key: &str, url: &CheckedUrl, secret: &SigningSecret) -> Result<String, Problem> {
        let secrets = Secrets { url: url.as_str().to_owned(), secret: secret.expose() };
        // Every key in it is a text, so it is always written.
        let plain = serde_json::to_vec(&secrets).unwrap_or_default();
        let sealed =
            self.sealer.seal(key, &plain).map_err(|_| cannot("the callback cannot be sealed now"))?;
        let mut text = String::new();
        base64::push(&mut text, &sealed);
        Ok(text)
    }
}

/// The profile of a trigger's type.
pub(super) fn profile(name: &str) -> Result<&'static Profile, Problem> {
    Profile::named(name).ok_or_else(|| {
        let known: Vec<&str> = Profile::all().iter().map(Profile::name).collect();
        let problem = Problem::new(StatusCode::NOT_FOUND, "there is no such type of triggers");
        problem.with_field("triggerType", format!("it is one of {}", known.join(", ")))
    })
}

/// What is refused for want of room or of something of the host's, and is worth another try.
pub(super) fn cannot(why: &str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, why).with_retry_after(RETRY_AFTER)
}

/// Who asks, for an effect.
pub(super) fn shared(principal: &str) -> Arc<str> {
    principal.into()
}

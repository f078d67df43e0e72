//! What a service wants done for a request.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::action::{ActionContext, ActionError, DynAction, Secrets};
use crate::pipeline::Persist;

/// The host's name for a request that it has handed in: one that no other request has that is not answered yet.
///
/// ```
/// use tripline::connector::RequestId;
/// assert_eq!(RequestId::new(7).get(), 7);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(u64);

impl RequestId {
    /// A name of the host's choice.
    ///
    /// ```
    /// # use tripline::connector::RequestId;
    /// assert_ne!(RequestId::new(7), RequestId::new(8));
    /// ```
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    ///
    /// ```
    /// # use tripline::connector::RequestId;
    /// assert_eq!(RequestId::new(7).get(), 7);
    /// ```
    pub fn get(self) -> u64 {
        self.0
    }
}

/// What a [`ConnectorService`](super::ConnectorService) wants its host to do.
///
/// ```
#[doc = include_str!("../../../docs/snippets/connector.rs")]
/// let body = r#"{"instance":"*","segment":"vip","threshold":1000,"callbackUrl":"https://hooks.contoso.example/in"}"#;
/// let request = http::Request::post("/subscriptions/segmentThresholdCrossed")
///     .header("content-type", "application/json")
///     .body(body.as_bytes().to_vec())?;
/// service.handle_request(now, "ana", RequestId::new(1), request)?;
/// let Some(Effect::Resolve(resolve)) = service.poll_effect() else { panic!("its host is to be resolved") };
/// assert_eq!(resolve.host(), "hooks.contoso.example");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use = "a request whose effect is not carried out is answered when its time is over"]
pub enum Effect {
    /// A batch is to be appended to the journal: then [`persisted`](super::ConnectorService::persisted).
    Persist(Persist),
    /// A host is to be resolved: then [`resolved`](super::ConnectorService::resolved).
    Resolve(Resolve),
    /// An action is to be run: then [`ran`](super::ConnectorService::ran).
    Run(Run),
    /// The choices of a list are to be found: then [`chosen`](super::ConnectorService::chosen).
    Choose(Choose),
}

/// A host whose addresses are asked for.
///
/// ```
#[doc = include_str!("../../../docs/snippets/connector.rs")]
/// # let body = r#"{"instance":"*","segment":"vip","threshold":1000,"callbackUrl":"https://hooks.contoso.example/in"}"#;
/// # let request = http::Request::post("/subscriptions/segmentThresholdCrossed")
/// #     .header("content-type", "application/json")
/// #     .body(body.as_bytes().to_vec())?;
/// # service.handle_request(now, "ana", RequestId::new(1), request)?;
/// let Some(Effect::Resolve(resolve)) = service.poll_effect() else { panic!() };
/// assert_eq!((resolve.request().get(), resolve.host()), (1, "hooks.contoso.example"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolve {
    pub(super) request: RequestId,
    pub(super) host: String,
}

impl Resolve {
    /// The request that waits for it.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// assert!(service.poll_effect().is_none(), "nothing was asked for");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request(&self) -> RequestId {
        self.request
    }

    /// A name of the public DNS, as the guard has let it through.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// assert!(service.poll_effect().is_none(), "nothing was asked for");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// An action to be run with an input that it takes.
///
/// ```
/// # use tripline::action::{Metadata, action_fn};
#[doc = include_str!("../../../docs/snippets/block_on.rs")]
#[doc = include_str!("../../../docs/snippets/connector.rs")]
/// let ping = action_fn(Metadata::new("ping"), |_, ()| async { Ok("pong") });
/// service.offer(ping)?;
/// let request = http::Request::post("/actions/ping").header("content-type", "application/json").body(b"{}".to_vec())?;
/// service.handle_request(now, "ana", RequestId::new(1), request)?;
/// let Some(Effect::Run(run)) = service.poll_effect() else { panic!() };
/// assert_eq!((run.name(), run.principal()), ("ping", "ana"));
/// let result = block_on(run.run());
/// service.ran(now, run.request(), result)?;
/// assert_eq!(service.poll_response().unwrap().1.body(), b"\"pong\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Run {
    pub(super) request: RequestId,
    pub(super) principal: Arc<str>,
    pub(super) action: DynAction,
    pub(super) input: Value,
    pub(super) context: ActionContext,
}

impl Run {
    /// The request that waits for it.
    pub fn request(&self) -> RequestId {
        self.request
    }

    /// Who asks for it.
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// The action's name.
    pub fn name(&self) -> &str {
        self.action.metadata().name()
    }

    /// What it is told: the time, the deadline, and a key, which is the same for all requests of one principal with the same
    /// `Idempotency-Key`.
    pub fn context(&self) -> &ActionContext {
        &self.context
    }

    /// The same with the secrets that the action may ask for.
    #[must_use]
    pub fn with_secrets(mut self, secrets: impl Secrets + 'static) -> Self {
        self.context = self.context.with_secrets(secrets);
        self
    }

    /// Runs it once.
    ///
    /// # Errors
    ///
    /// What the action says.
    pub async fn run(&self) -> Result<Value, ActionError> {
        self.action.run(&self.context, self.input.clone()).await
    }
}

impl fmt::Debug for Run {
    /// Without the input, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("request", &self.request)
            .field("principal", &self.principal)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

/// A list whose choices are asked for.
///
/// ```
/// # use tripline::action::Choice;
#[doc = include_str!("../../../docs/snippets/connector.rs")]
/// let request = http::Request::get("/segments?instance=contoso").body(Vec::new())?;
/// service.handle_request(now, "ana", RequestId::new(1), request)?;
/// let Some(Effect::Choose(choose)) = service.poll_effect() else { panic!() };
/// assert_eq!((choose.list(), choose.parameter("instance")), ("segments", Some("contoso")));
/// service.chosen(now, choose.request(), Ok(vec![Choice::new("vip").with_title("VIPs")]))?;
/// assert_eq!(service.poll_response().unwrap().1.body(), br#"{"value":[{"id":"vip","name":"VIPs"}]}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choose {
    pub(super) request: RequestId,
    pub(super) principal: Arc<str>,
    pub(super) list: String,
    pub(super) parameters: BTreeMap<String, String>,
}

impl Choose {
    /// The request that waits for it.
    pub fn request(&self) -> RequestId {
        self.request
    }

    /// Who asks: what this principal may not see is no choice.
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// The list's name.
    pub fn list(&self) -> &str {
        &self.list
    }

    /// What was chosen before, such as the instance.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

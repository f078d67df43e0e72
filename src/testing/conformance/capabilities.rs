//! What the suite cannot see by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use serde_json::Value;

use super::Check;
use crate::action::{ActionContext, ErrorClass};

/// What answers a request when all is well.
pub(super) type Service = Arc<dyn Fn(&Request<Vec<u8>>) -> Response<Vec<u8>> + Send + Sync>;
type IsAside = Arc<dyn Fn(&Request<Vec<u8>>) -> bool + Send + Sync>;
type KeyOf = Box<dyn Fn(&Request<Vec<u8>>) -> Option<String>>;
type MapContext = Box<dyn Fn(ActionContext) -> ActionContext>;

/// What the suite cannot see by itself about an action `A`.
///
/// An action that is one request, has a sample, and whose service answers a
/// success with the sample's output needs nothing of it.
///
/// ```
/// use http::{Request, Response};
/// use tripline::testing::Capabilities;
/// # use tripline::action::{Metadata, action_fn};
/// # use tripline::testing::conformance;
/// # let make = |_| action_fn(Metadata::new("ping"), |_, _: serde_json::Value| async { Ok(()) });
///
/// let capabilities = Capabilities::new()
///     .with_input(serde_json::json!({}))
///     .with_service(|_request| Response::new(br#"{"note":17}"#.to_vec()))
///     .with_aside(|request: &Request<Vec<u8>>| request.uri().host() == Some("login.example.com"));
/// # conformance(make, capabilities).assert();
/// ```
#[must_use]
pub struct Capabilities<A> {
    pub(super) input: Option<Value>,
    pub(super) invalid: Vec<(Value, Vec<String>)>,
    pub(super) service: Option<Service>,
    pub(super) is_aside: IsAside,
    pub(super) key: Option<KeyOf>,
    pub(super) context: MapContext,
    pub(super) debug: Option<fn(&A) -> String>,
    pub(super) classes: BTreeMap<u16, Option<ErrorClass>>,
    pub(super) max_pause: Duration,
    pub(super) without: BTreeSet<Check>,
}

impl<A> Capabilities<A> {
    /// Nothing special: the first sample is the input, and the service answers
    /// 200 with the sample's output as JSON.
    ///
    /// ```
    /// # use tripline::action::{Metadata, action_fn};
    /// # use tripline::testing::{Capabilities, conformance};
    /// # let make = |_| action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) });
    /// conformance(make, Capabilities::new()).assert();
    /// ```
    pub fn new() -> Self {
        Self {
            input: None,
            invalid: Vec::new(),
            service: None,
            is_aside: Arc::new(|_| false),
            key: None,
            context: Box::new(|ctx| ctx),
            debug: None,
            classes: BTreeMap::new(),
            max_pause: Duration::from_secs(3_600),
            without: BTreeSet::new(),
        }
    }

    /// The same with another input than the first sample's. One with all
    /// fields is best: what is not in it is tried less.
    ///
    /// ```
    /// # use serde_json::json;
    /// # use tripline::action::{Field, Metadata, action_fn};
    /// # use tripline::testing::{Capabilities, conformance};
    /// # let metadata = || Metadata::new("double").with_input(Field::integer("n").with_required(true).with_range(0.0, 9.0));
    /// # let make = |_| action_fn(metadata(), |_, input: std::collections::BTreeMap<String, i64>| async move { Ok(2 * input["n"]) });
    /// conformance(make, Capabilities::new().with_input(json!({"n": 2}))).assert();
    /// ```
    pub fn with_input(mut self, input: Value) -> Self {
        self.input = Some(input);
        self
    }

    /// The same with an input that the metadata takes and the action refuses,
    /// and the fields that it must then name, all at once.
    ///
    /// ```
    /// # use serde_json::json;
    /// # use tripline::action::{ActionError, Field, Metadata, action_fn};
    /// # use tripline::testing::{Capabilities, conformance};
    /// # let metadata = || Metadata::new("move").with_input(Field::integer("from")).with_input(Field::integer("to"));
    /// # let make = |_| action_fn(metadata(), |_, input: serde_json::Value| async move {
    /// #     if input["from"] != input["to"] { return Ok(()) }
    /// #     Err(ActionError::invalid_input("from", "is where it goes").with_field("to", "is where it is"))
    /// # });
    /// let capabilities = Capabilities::new()
    ///     .with_input(json!({"from": 1, "to": 2}))
    ///     .with_invalid(json!({"from": 1, "to": 1}), ["from", "to"]);
    /// conformance(make, capabilities).assert();
    /// ```
    pub fn with_invalid<P: Into<String>>(
        mut self,
        input: Value,
        fields: impl IntoIterator<Item = P>,
    ) -> Self {
        self.invalid.push((input, fields.into_iter().map(Into::into).collect()));
        self
    }

    /// The same with what the service answers when all is well.
    ///
    /// ```
    /// # use http::Response;
    /// # use tripline::action::{Metadata, action_fn};
    /// # use tripline::testing::{Capabilities, conformance};
    /// # let make = |_| action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) });
    /// let capabilities = Capabilities::new().with_service(|request| match request.uri().host() {
    ///     Some("login.example.com") => Response::new(br#"{"access_token":"t-1"}"#.to_vec()),
    ///     _ => Response::new(Vec::new()),
    /// });
    /// # conformance(make, capabilities).assert();
    /// ```
    pub fn with_service(
        mut self,
        service: impl Fn(&Request<Vec<u8>>) -> Response<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        self.service = Some(Arc::new(service));
        self
    }

    /// The same with which requests are an aside: a login, a look-up that may
    /// fail. They always succeed here, and have no effect.
    ///
    /// ```
    /// # use tripline::action::{Metadata, action_fn};
    /// # use tripline::testing::{Capabilities, conformance};
    /// # let make = |_| action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) });
    /// let capabilities = Capabilities::new().with_aside(|request| request.uri().path() == "/token");
    /// # conformance(make, capabilities).assert();
    /// ```
    pub fn with_aside(
        mut self,
        is_aside: impl Fn(&Request<Vec<u8>>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.is_aside = Arc::new(is_aside);
        self
    }

    /// The same with where the key stands in a request, for an action that
    /// sends it in another form. Otherwise it is looked for as it is.
    ///
    /// ```
    /// # use tripline::action::DynAction;
    /// # use tripline::testing::Capabilities;
    /// let capabilities: Capabilities<DynAction> = Capabilities::new()
    ///     .with_key(|request| Some(request.headers().get("x-hashed-key")?.to_str().ok()?.to_owned()));
    /// ```
    pub fn with_key(mut self, key: impl Fn(&Request<Vec<u8>>) -> Option<String> + 'static) -> Self {
        self.key = Some(Box::new(key));
        self
    }

    /// The same with what else the context of every attempt has, such as a
    /// firing or checked addresses.
    ///
    /// ```
    /// # use tripline::action::{CheckedAddresses, Metadata, action_fn};
    /// # use tripline::testing::{Capabilities, conformance};
    /// # let make = |_| action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) });
    /// let checked = CheckedAddresses::new([std::net::IpAddr::from([203, 0, 113, 7])]);
    /// let capabilities = Capabilities::new().with_context(move |ctx| ctx.with_checked_addresses(checked.clone()));
    /// # conformance(make, capabilities).assert();
    /// ```
    pub fn with_context(mut self, context: impl Fn(ActionContext) -> ActionContext + 'static) -> Self {
        self.context = Box::new(context);
        self
    }

    /// The same for an action that has `Debug`: no secret may be seen in it.
    /// The action is made with [`CANARY`](super::CANARY) for its secrets.
    ///
    /// ```
    /// use tripline::action::{Credential, HttpAction, OverHttp, Secret};
    /// use tripline::testing::{CANARY, Capabilities, ScriptedTransport, conformance};
    ///
    /// fn holds<A: HttpAction + Clone + std::fmt::Debug + 'static>(action: A) {
    ///     let make = |transport: ScriptedTransport| {
    ///         OverHttp::new(action.clone(), transport).with_login(Credential::bearer(Secret::new(CANARY)))
    ///     };
    ///     conformance(make, Capabilities::new().with_debug()).assert();
    /// }
    /// ```
    pub fn with_debug(mut self) -> Self
    where
        A: Debug,
    {
        self.debug = Some(|action| format!("{action:?} {action:#?}"));
        self
    }

    /// The same for a service that means something of its own by a status.
    ///
    /// ```
    /// # use tripline::action::{ErrorClass, Metadata, action_fn};
    /// # use tripline::testing::{Capabilities, conformance};
    /// # let make = |_| action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) });
    /// let capabilities = Capabilities::new().with_class(404, ErrorClass::Gone);
    /// # conformance(make, capabilities).assert();
    /// ```
    pub fn with_class(mut self, status: u16, class: ErrorClass) -> Self {
        self.classes.insert(status, Some(class));
        self
    }

    /// The same for a service that says by a status outside 2xx that it was done.
    ///
    /// ```
    /// # use tripline::action::{Metadata, action_fn};
    /// # use tripline::testing::{Capabilities, conformance};
    /// # let make = |_| action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) });
    /// let capabilities = Capabilities::new().with_success(404); // what is to be deleted is not there
    /// # conformance(make, capabilities).assert();
    /// ```
    pub fn with_success(mut self, status: u16) -> Self {
        self.classes.insert(status, None);
        self
    }

    /// The same with another longest pause than an hour.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::{Metadata, action_fn};
    /// # use tripline::testing::{Capabilities, conformance};
    /// # let make = |_| action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) });
    /// let capabilities = Capabilities::new().with_max_pause(Duration::from_secs(600));
    /// # conformance(make, capabilities).assert();
    /// ```
    pub fn with_max_pause(mut self, max_pause: Duration) -> Self {
        self.max_pause = max_pause;
        self
    }

    /// The same without one check, for what the action is not meant to keep.
    /// It is worth a comment that says why.
    ///
    /// ```
    /// # use tripline::action::{Effect, Metadata, action_fn};
    /// # use tripline::testing::{Capabilities, Check, conformance};
    /// # let make = |_| action_fn(Metadata::new("ping").with_effect(Effect::Guarded), |_, ()| async { Ok(()) });
    /// // It does its work without a transport, so that the suite sees no key.
    /// conformance(make, Capabilities::new().without(Check::Key)).assert();
    /// ```
    pub fn without(mut self, check: Check) -> Self {
        self.without.insert(check);
        self
    }
}

impl<A> Default for Capabilities<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A> Debug for Capabilities<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capabilities").field("without", &self.without).finish_non_exhaustive()
    }
}

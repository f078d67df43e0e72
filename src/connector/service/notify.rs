//! The action that tells a subscription what has fired.

use std::fmt;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

use super::callbacks::Callbacks;
use crate::action::{ActionContext, ActionError, CheckedAddresses, Effect, Field, HttpAction, Metadata};

/// Its name in the registry.
pub(super) const NAME: &str = "notifySubscriber";

/// Posts a firing to the subscription that it is of: the action `notifySubscriber`.
///
/// The body is the [firing](crate::firing::Firing::to_json) as JSON, which is what the connector declares as the
/// notification's content. It is signed after Standard Webhooks with the secret that the subscriber was given, under
/// the delivery's key. Where it goes to is looked up by the firing's trigger, which is the subscription: nothing of it is
/// an input, so nothing of it is in a journal. 410 means that the receiver wants no more.
///
/// ```
/// use tripline::action::{ActionContext, HttpAction};
/// use tripline::connector::{Callbacks, Notify};
/// use tripline::webhook::Guard;
#[doc = include_str!("../../../docs/snippets/firing.rs")]
/// let action = Notify::new(Callbacks::new(Guard::new()));
/// let ctx = ActionContext::new(at(61), firing.id().to_string()).with_firing(firing);
/// let error = action.encode(&ctx, &Default::default()).unwrap_err();
/// assert_eq!(error.to_string(), "the subscription \"vip-1000\" is gone, or its secrets cannot be opened");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Clone)]
pub struct Notify {
    callbacks: Callbacks,
}

/// What [`Notify`] is given: nothing, for all is in the firing.
///
/// ```
/// use tripline::connector::NoInput;
/// assert!(serde_json::from_str::<NoInput>("{}").is_ok());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct NoInput {}

impl Notify {
    /// The action over the callbacks of a service, for the registry of its pipeline: over a transport of the host's that connects to
    /// [checked addresses](CheckedAddresses) alone.
    ///
    /// ```
    /// use tripline::action::HttpAction;
    /// # use tripline::connector::{Callbacks, Notify};
    /// # use tripline::webhook::Guard;
    /// assert_eq!(Notify::new(Callbacks::new(Guard::new())).metadata().name(), "notifySubscriber");
    /// ```
    pub fn new(callbacks: Callbacks) -> Self {
        Self { callbacks }
    }
}

impl HttpAction for Notify {
    type Input = NoInput;
    type Output = Value;

    fn metadata(&self) -> Metadata {
        Metadata::new(NAME)
            .with_title("Notify a subscriber")
            .with_description("Posts what has fired to the subscription that it is of.")
            .with_effect(Effect::Guarded)
            .with_output(Field::integer("status").with_title("Status"))
            .with_sample(json!({}), json!({"status": 202}))
    }

    fn encode(&self, ctx: &ActionContext, _: &NoInput) -> Result<Request<Vec<u8>>, ActionError> {
        let firing = ctx.firing().ok_or_else(|| ActionError::permanent("nothing has fired"))?;
        let callback = self.callbacks.get(firing.trigger()).ok_or_else(|| {
            let id = firing.trigger();
            ActionError::permanent(format!(
                "the subscription {id:?} is gone, or its secrets cannot be opened"
            ))
        })?;
        let addresses = ctx.checked_addresses().map(CheckedAddresses::as_slice);
        callback.check(self.callbacks.guard(), addresses).map_err(|why| {
            ActionError::permanent(format!("the guard refuses the subscription's callback: {why}"))
        })?;
        let uri = Uri::try_from(callback.url.as_str()).map_err(|_| {
            ActionError::permanent("the subscription's callback cannot be written into a request")
        })?;
        let mut request = Request::new(firing.to_json().into_bytes());
        let signature =
            callback.signer.sign(ctx.now(), ctx.idempotency_key(), request.body()).map_err(|error| {
                ActionError::permanent("the notification cannot be signed").with_source(error)
            })?;
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        signature.insert_into(request.headers_mut());
        if let Some(ip) = callback.url.ip() {
            request.extensions_mut().insert(CheckedAddresses::new([ip]));
        }
        Ok(request)
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Value, ActionError> {
        Ok(json!({"status": response.status().as_u16()}))
    }

    fn needs_whole_answer(&self) -> bool {
        false
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify").finish_non_exhaustive()
    }
}

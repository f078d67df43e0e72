//! A firing posted to a URL.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use serde_json::{Value, json};

use super::payload::{Headers, written};
#[cfg(feature = "signing")]
use super::signing::Signing;
use super::{Form, Payload};
#[cfg(feature = "signing")]
use crate::action::SecretRef;
use crate::action::{
    ActionContext, ActionError, CheckedAddresses, Effect, Field, HttpAction, Metadata, SecretUrl,
};
use crate::builtin::target::{Destination, Target};
use crate::webhook::Guard;
#[cfg(feature = "signing")]
use crate::webhook::Signer;

/// The most bytes of a body.
const MAX_BODY: usize = 256 * 1024;

/// The header with the delivery's key, signed or not.
static ID: HeaderName = HeaderName::from_static("webhook-id");

/// Posts a firing to a URL: the action `postWebhook`.
///
/// * The URL is a secret: `Debug` shows its scheme and host, errors none of it.
/// * It may come from a stranger. Before every attempt the [`Guard`] judges its
///   text and the [checked addresses](ActionContext::checked_addresses) of the attempt, which go to the
///   transport; without any it is refused, unless
///   [`with_own_target`](Self::with_own_target) says that the URL is one's own.
/// * `webhook-id` is the delivery's [key](ActionContext::idempotency_key), the same at every attempt, so that a
///   receiver can drop what it has seen.
/// * Any 2xx is a success, and its body is not looked at. 410 means that the
///   receiver [wants no more](crate::action::ErrorClass::Gone); redirects are failures.
///
/// ```
/// # #[cfg(feature = "signing")] {
/// use chrono::DateTime;
/// use serde_json::json;
/// use tripline::action::{ActionContext, HttpAction, SecretUrl};
/// use tripline::builtin::webhook::{Form, Payload, Webhook};
/// use tripline::webhook::{Signer, SigningSecret, Verifier};
///
/// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let webhook = Webhook::new(SecretUrl::new("https://hooks.contoso.example/in")?)
///     .with_own_target(true)
///     .with_form(Form::Json)
///     .with_signer(Signer::new([secret.clone()])?);
///
/// let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
/// let request = webhook.encode(&ActionContext::new(now, "d-17"), &Payload::of(json!({"vips": 1004})))?;
/// assert_eq!(request.body(), br#"{"vips":1004}"#);
/// assert_eq!(Verifier::new([secret])?.verify(now, request.headers(), request.body())?.id(), "d-17");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Webhook {
    target: Target,
    is_own: bool,
    form: Form,
    #[cfg(feature = "signing")]
    signing: Option<Signing>,
}

impl Webhook {
    /// A webhook at a URL, judged by [`Guard::new`]: a CloudEvent, not signed.
    ///
    /// ```
    /// # use tripline::{action::SecretUrl, builtin::webhook::Webhook};
    /// let webhook = Webhook::new(SecretUrl::new("https://hooks.contoso.example/in?key=s3cr3t")?);
    /// assert!(!format!("{webhook:?}").contains("s3cr3t"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn new(url: SecretUrl) -> Self {
        Self::at(Target::new(url))
    }

    /// A webhook at a URL that is a secret of the
    /// [context](ActionContext::secret), looked up at every attempt.
    ///
    /// ```
    /// # use tripline::builtin::webhook::Webhook;
    /// let webhook = Webhook::named("callback-of-contoso");
    /// ```
    pub fn named(secret: impl Into<String>) -> Self {
        Self::at(Target::named(secret.into()))
    }

    fn at(target: Target) -> Self {
        Self {
            target,
            is_own: false,
            form: Form::default(),
            #[cfg(feature = "signing")]
            signing: None,
        }
    }

    /// The same with another guard.
    ///
    /// ```
    /// # use tripline::{builtin::webhook::Webhook, webhook::Guard};
    /// let webhook = Webhook::named("callback").with_guard(Guard::new().with_port(8443));
    /// ```
    #[must_use]
    pub fn with_guard(mut self, guard: Guard) -> Self {
        self.target = self.target.with_guard(guard);
        self
    }

    /// Whether the URL is the embedder's own, not a stranger's: then an attempt needs no checked
    /// addresses, and the transport may resolve the host itself.
    ///
    /// ```
    /// # use tripline::builtin::webhook::Webhook;
    /// let webhook = Webhook::named("our-own-service").with_own_target(true);
    /// ```
    #[must_use]
    pub fn with_own_target(mut self, is_own: bool) -> Self {
        self.is_own = is_own;
        self
    }

    /// The same written in another form.
    ///
    /// ```
    /// # use tripline::builtin::webhook::{Form, Webhook};
    /// let webhook = Webhook::named("callback").with_form(Form::BinaryEvent);
    /// ```
    #[must_use]
    pub fn with_form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// The same, signed.
    ///
    /// ```
    /// # use tripline::{builtin::webhook::Webhook, webhook::{Signer, SigningSecret}};
    /// let signer = Signer::new([SigningSecret::from_bytes(&[1; 32])?])?;
    /// let webhook = Webhook::named("callback").with_signer(signer);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[cfg(feature = "signing")]
    #[must_use]
    pub fn with_signer(mut self, signer: Signer) -> Self {
        self.signing = Some(Signing::With(signer));
        self
    }

    /// The same, signed with a secret that is looked up at every attempt:
    /// `whsec_…`, while it is being changed several, separated by spaces, the newest first.
    ///
    /// ```
    /// # use tripline::{action::SecretRef, builtin::webhook::Webhook};
    /// let webhook = Webhook::named("callback").with_signing_secret(SecretRef::named("signing-of-contoso"));
    /// ```
    #[cfg(feature = "signing")]
    #[must_use]
    pub fn with_signing_secret(mut self, secret: impl Into<SecretRef>) -> Self {
        self.signing = Some(Signing::Of(secret.into()));
        self
    }
}

#[cfg(feature = "signing")]
impl Webhook {
    /// The headers with the key, and with the time and the signature where it is to be signed.
    fn sign(&self, ctx: &ActionContext, body: &[u8], headers: Headers) -> Result<HeaderMap, ActionError> {
        match &self.signing {
            Some(signing) => signing.sign(ctx, body, headers),
            None => with_key(ctx, headers),
        }
    }
}

#[cfg(not(feature = "signing"))]
impl Webhook {
    #[expect(clippy::unused_self, reason = "as it is with the feature `signing`")]
    fn sign(&self, ctx: &ActionContext, _: &[u8], headers: Headers) -> Result<HeaderMap, ActionError> {
        with_key(ctx, headers)
    }
}

impl HttpAction for Webhook {
    type Input = Payload;
    type Output = Value;

    fn metadata(&self) -> Metadata {
        Metadata::new("postWebhook")
            .with_title("Post to a webhook")
            .with_description("Hands the firing, or something else, to another program over HTTP.")
            .with_effect(Effect::Guarded)
            .with_input(
                Field::object("payload", [])
                    .with_title("Payload")
                    .with_description("What is posted; the firing, where it is left out."),
            )
            .with_output(Field::integer("status").with_title("Status"))
            .with_sample(json!({"payload": {"vips": 1004}}), json!({"status": 204}))
    }

    fn encode(&self, ctx: &ActionContext, input: &Payload) -> Result<Request<Vec<u8>>, ActionError> {
        let Destination { url, uri } = self.target.check(ctx)?;
        if ctx.checked_addresses().is_none() && url.ip().is_none() && !self.is_own {
            return Err(ActionError::permanent(
                "the webhook's host was not resolved and checked, and its URL is not one's own",
            ));
        }
        let (headers, body) = written(ctx, self.form, input)?;
        if body.len() > MAX_BODY {
            let message = format!("has {} bytes, the limit is {MAX_BODY}", body.len());
            return Err(ActionError::invalid_input("payload", message));
        }
        let headers = self.sign(ctx, &body, headers)?;
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        if let Some(ip) = url.ip() {
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

fn with_key(ctx: &ActionContext, headers: Headers) -> Result<HeaderMap, ActionError> {
    let mut headers = headers.into_map();
    headers.insert(&ID, header(ctx.idempotency_key())?);
    Ok(headers)
}

/// A key as a header's value: visible ASCII, as any server takes it.
fn header(key: &str) -> Result<HeaderValue, ActionError> {
    let is_plain = key.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    let value = HeaderValue::try_from(key).ok().filter(|_| is_plain);
    value.ok_or_else(|| ActionError::permanent("the delivery's key cannot stand in the header webhook-id"))
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("target", &self.target)
            .field("form", &self.form)
            .field("is_own", &self.is_own)
            .finish_non_exhaustive()
    }
}

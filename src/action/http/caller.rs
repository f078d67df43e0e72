//! A transport with what every call over it has in common.

use std::fmt;
use std::time::Duration;

use http::{Request, Response, StatusCode};

use super::super::{ActionContext, ActionError};
use super::login::Use;
use super::transport::within_limits;
use super::{AnswerLimits, Login, Transport, classify};

/// The longest pause that a service may ask for where nobody says otherwise.
pub(super) const MAX_PAUSE: Duration = Duration::from_secs(3_600);

/// A transport with what every call over it has in common: logins, limits, and
/// what an answer's status means.
///
/// [`OverHttp`](super::OverHttp) has one inside. An action that needs several
/// requests (a list in pages, say) implements [`Action`](crate::action::Action)
/// and calls one itself.
///
/// ```
/// # use chrono::DateTime;
/// # use http::{Request, Response};
/// # use tripline::action::{Transport, TransportError, async_trait};
/// use tripline::action::{ActionContext, ActionError, Caller, HttpRequest, read_json};
#[doc = include_str!("../../../docs/snippets/block_on.rs")]
/// # struct Client;
/// # #[async_trait]
/// # impl Transport for Client {
/// #     async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
/// #         Ok(Response::new(if request.uri().query() == Some("page=3") { b"[]".to_vec() } else { b"[1,2]".to_vec() }))
/// #     }
/// # }
///
/// let caller = Caller::new(Client).with_max_answer_bytes(1 << 20);
/// let all_pages = async |ctx: &ActionContext| {
///     let mut all: Vec<u64> = Vec::new();
///     for page in 1_u32.. {
///         let request = HttpRequest::get("https://example.com/items").with_query("page", &page.to_string()).build()?;
///         let items: Vec<u64> = read_json(&caller.call(ctx, request).await?)?;
///         if items.is_empty() {
///             break;
///         }
///         all.extend(items);
///     }
///     Ok::<_, ActionError>(all)
/// };
/// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
/// assert_eq!(block_on(all_pages(&ctx))?, [1, 2, 1, 2]);
/// # Ok::<(), ActionError>(())
/// ```
#[derive(Clone)]
pub struct Caller<T> {
    transport: T,
    logins: Vec<Login>,
    max_answer_bytes: usize,
    max_pause: Duration,
}

impl<T: Transport> Caller<T> {
    /// A caller without logins that reads 16 KiB of an answer at most and
    /// honours a `Retry-After` of one hour at most.
    ///
    /// ```
    /// # use tripline::action::{Caller, Transport};
    /// fn calls_over(client: impl Transport) {
    ///     let caller = Caller::new(client);
    /// }
    /// ```
    pub fn new(transport: T) -> Self {
        let max_answer_bytes = AnswerLimits::new().max_bytes();
        Self { transport, logins: Vec::new(), max_answer_bytes, max_pause: MAX_PAUSE }
    }

    /// The same with one more login: some services want a token and a key.
    ///
    /// ```
    /// # use http::HeaderName;
    /// # use tripline::action::{Caller, Credential, SecretRef, Transport};
    /// fn calls_over(client: impl Transport) {
    ///     let caller = Caller::new(client)
    ///         .with_login(Credential::bearer(SecretRef::named("token")))
    ///         .with_login(Credential::header(HeaderName::from_static("x-key"), SecretRef::named("key")));
    /// }
    /// ```
    #[must_use]
    pub fn with_login(mut self, login: impl Into<Login>) -> Self {
        self.logins.push(login.into());
        self
    }

    /// The same with another length of the answers' bodies, in bytes.
    ///
    /// ```
    /// # use tripline::action::{Caller, Transport};
    /// fn calls_over(client: impl Transport) {
    ///     let caller = Caller::new(client).with_max_answer_bytes(1 << 20);
    /// }
    /// ```
    #[must_use]
    pub fn with_max_answer_bytes(mut self, max: usize) -> Self {
        self.max_answer_bytes = max;
        self
    }

    /// The same with another longest pause that a service may ask for.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::{Caller, Transport};
    /// fn calls_over(client: impl Transport) {
    ///     let caller = Caller::new(client).with_max_pause(Duration::from_secs(600));
    /// }
    /// ```
    #[must_use]
    pub fn with_max_pause(mut self, max: Duration) -> Self {
        self.max_pause = max;
        self
    }

    /// Sends a request and gives the answer, if its status is 2xx.
    ///
    /// # Errors
    ///
    /// As [`exchange`](Self::exchange), and what [`classify`] makes of any other status.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use http::{Request, Response};
    /// # use tripline::action::{Transport, TransportError, async_trait};
    /// # use tripline::action::{ActionContext, Caller, HttpRequest};
    #[doc = include_str!("../../../docs/snippets/block_on.rs")]
    /// # struct Client;
    /// # #[async_trait]
    /// # impl Transport for Client {
    /// #     async fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
    /// #         let mut response = Response::new(Vec::new());
    /// #         *response.status_mut() = http::StatusCode::GONE;
    /// #         Ok(response)
    /// #     }
    /// # }
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// let request = HttpRequest::get("https://example.com/taken-down").build()?;
    /// assert!(block_on(Caller::new(Client).call(&ctx, request)).unwrap_err().is_gone());
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    pub async fn call(
        &self,
        ctx: &ActionContext,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, ActionError> {
        let response = self.exchange(ctx, request).await?;
        self.classify(ctx, &response)?;
        Ok(response)
    }

    /// Sends a request and gives the answer, whatever its status. The logins
    /// put their headers in, and a 401 is answered once with renewed ones.
    /// [`AnswerLimits`] that the request has already go before the caller's.
    ///
    /// # Errors
    ///
    /// What the transport or a login says; and
    /// [`ErrorClass::Permanent`](super::super::ErrorClass::Permanent) where a
    /// renewed login is refused.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use http::{Request, Response};
    /// # use tripline::action::{Transport, TransportError, async_trait};
    /// # use tripline::action::{ActionContext, Caller, HttpRequest};
    #[doc = include_str!("../../../docs/snippets/block_on.rs")]
    /// # struct Client;
    /// # #[async_trait]
    /// # impl Transport for Client {
    /// #     async fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
    /// #         let mut response = Response::new(Vec::new());
    /// #         *response.status_mut() = http::StatusCode::NOT_FOUND;
    /// #         Ok(response)
    /// #     }
    /// # }
    /// // For this service, what is not there is an answer and no failure.
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// let request = HttpRequest::get("https://example.com/items/17").build()?;
    /// assert_eq!(block_on(Caller::new(Client).exchange(&ctx, request))?.status(), 404);
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    pub async fn exchange(
        &self,
        ctx: &ActionContext,
        mut request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, ActionError> {
        let limits = self.prepare(ctx, &mut request);
        if self.logins.is_empty() {
            return Ok(within_limits(self.transport.send(request).await?, limits));
        }
        // Apart, so that an attempt without a login does not take the room that one with logins needs.
        Box::pin(self.exchange_with_logins(ctx, request, limits)).await
    }

    /// Puts into a request what the transport is to keep to.
    fn prepare(&self, ctx: &ActionContext, request: &mut Request<Vec<u8>>) -> AnswerLimits {
        let usual = AnswerLimits::new().with_max_bytes(self.max_answer_bytes).with_time(ctx.time_left());
        let asked: Option<&AnswerLimits> = request.extensions().get();
        let is_asked = asked.is_some();
        let limits = asked.map_or(usual, |asked| asked.with_time(asked.time().min(usual.time())));
        // A request that says nothing has the usual ones.
        if is_asked || limits != AnswerLimits::new() {
            request.extensions_mut().insert(limits);
        }
        if let Some(addresses) = ctx.checked_addresses() {
            request.extensions_mut().insert(addresses.clone());
        }
        limits
    }

    async fn exchange_with_logins(
        &self,
        ctx: &ActionContext,
        mut request: Request<Vec<u8>>,
        limits: AnswerLimits,
    ) -> Result<Response<Vec<u8>>, ActionError> {
        let mut logins: Vec<Use<'_>> = self.logins.iter().map(Login::begin).collect();
        for login in &mut logins {
            login.apply(ctx, request.headers_mut()).await?;
        }
        // Only what may be sent again is kept.
        let again = logins.iter().any(Use::may_renew).then(|| request.clone());
        let response = within_limits(self.transport.send(request).await?, limits);
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        if let Some(mut request) = again {
            for login in logins.iter_mut().filter(|login| login.may_renew()) {
                login.renew(ctx).await?;
                login.apply(ctx, request.headers_mut()).await?;
            }
            let response = within_limits(self.transport.send(request).await?, limits);
            if response.status() != StatusCode::UNAUTHORIZED {
                return Ok(response);
            }
        }
        if logins.iter().any(Use::has_renewed) {
            return Err(ActionError::permanent(
                "the service answered 401 Unauthorized to a renewed login too",
            ));
        }
        Ok(response)
    }

    pub(crate) fn classify(
        &self,
        ctx: &ActionContext,
        response: &Response<Vec<u8>>,
    ) -> Result<(), ActionError> {
        classify(response.status(), response.headers(), ctx.now(), self.max_pause)
    }
}

impl<T> fmt::Debug for Caller<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("logins", &self.logins)
            .field("max_answer_bytes", &self.max_answer_bytes)
            .field("max_pause", &self.max_pause)
            .finish_non_exhaustive()
    }
}

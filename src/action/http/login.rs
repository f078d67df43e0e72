//! A credential in use, and how it is renewed: once for all who need it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use http::HeaderMap;

use super::super::{ActionContext, ActionError};
use super::flight::Flight;
use super::{AccessToken, Credential};

/// How long before its end a token is renewed: the service's clock may be ahead.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// A credential in use, and how it is renewed.
///
/// Clones are the same login: whatever is run with one shares its token, and
/// renews it once. An attempt renews at most once, when the token is known to
/// have expired or the service answers 401; if it is refused again, that is
/// permanent. Make one for every account, and no more.
///
/// ```
/// # use chrono::DateTime;
/// use http::{Request, Response};
/// use tripline::action::{
///     AccessToken, ActionContext, ActionError, Caller, Credential, Login, Refresh, Secret, Transport,
///     TransportError, async_trait,
/// };
#[doc = include_str!("../../../docs/snippets/block_on.rs")]
///
/// struct Vault; // whoever gives out tokens
///
/// #[async_trait]
/// impl Refresh for Vault {
///     async fn refresh(&self, _: &ActionContext, _: &Credential) -> Result<AccessToken, ActionError> {
///         Ok(AccessToken::new(Secret::new("new")))
///     }
/// }
///
/// struct Service; // that takes the new token alone
///
/// #[async_trait]
/// impl Transport for Service {
///     async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
///         let mut response = Response::new(Vec::new());
///         if request.headers()["authorization"] != "Bearer new" {
///             *response.status_mut() = http::StatusCode::UNAUTHORIZED;
///         }
///         Ok(response)
///     }
/// }
///
/// let login = Login::new(Credential::bearer(Secret::new("old"))).with_refresh(Vault);
/// let caller = Caller::new(Service).with_login(login);
/// let request = Request::get("https://example.com/").body(Vec::new())?;
/// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
/// assert_eq!(block_on(caller.call(&ctx, request))?.status(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Login {
    inner: Arc<Inner>,
}

struct Inner {
    credential: Credential,
    refresh: Option<Box<dyn Refresh>>,
    token: Flight<AccessToken>,
}

/// Gives out a new token where the old one is refused.
///
/// # Contract
///
/// 1. *It asks for a new token every time.* When it is called, the last one was
///    refused or has expired; the same one from a cache helps nobody. One call
///    at a time: concurrent attempts share it.
/// 2. *It can be dropped at every `.await`*; another attempt then calls it again.
/// 3. *Errors are classified*: if the grant itself is refused, that is
///    [`auth_expired`](ActionError::auth_expired), and the owner must log in again.
/// 4. *No secret in an error.*
///
/// Wrong and right:
///
/// ```
/// use std::sync::Mutex;
/// use tripline::action::{AccessToken, ActionContext, ActionError, Credential, Refresh, Secret, async_trait};
/// # struct Vault;
/// # impl Vault { async fn ask(&self) -> Result<String, (u16, String)> { Err((403, "s3cr3t".into())) } }
///
/// struct Wrong { vault: Vault, cached: Mutex<Option<AccessToken>> }
///
/// #[async_trait]
/// impl Refresh for Wrong {
///     async fn refresh(&self, _: &ActionContext, _: &Credential) -> Result<AccessToken, ActionError> {
///         if let Some(token) = self.cached.lock().unwrap().clone() {
///             return Ok(token); // the very one that was refused (1)
///         }
///         // What a vault answers may hold anything (4), and is not worth trying for ever (3).
///         let token = self.vault.ask().await.map_err(|error| ActionError::transient(format!("{error:?}")))?;
///         Ok(AccessToken::new(Secret::new(token)))
///     }
/// }
///
/// struct Right { vault: Vault }
///
/// #[async_trait]
/// impl Refresh for Right {
///     async fn refresh(&self, _: &ActionContext, _: &Credential) -> Result<AccessToken, ActionError> {
///         match self.vault.ask().await {
///             Ok(token) => Ok(AccessToken::new(Secret::new(token))),
///             Err((401 | 403, _)) => Err(ActionError::auth_expired("the vault no longer knows this application")),
///             Err((status, _)) => Err(ActionError::transient(format!("the vault answered {status}"))),
///         }
///     }
/// }
/// # use chrono::DateTime;
/// # use std::error::Error;
#[doc = include_str!("../../../docs/snippets/block_on.rs")]
/// # let (ctx, credential) = (ActionContext::new(DateTime::UNIX_EPOCH, "d"), Credential::bearer(Secret::new("old")));
/// # let error = block_on(Right { vault: Vault }.refresh(&ctx, &credential)).unwrap_err();
/// # assert!(error.is_auth_expired() && !error.reason().contains("s3cr3t"));
/// # let error = block_on(Wrong { vault: Vault, cached: Mutex::new(None) }.refresh(&ctx, &credential)).unwrap_err();
/// # assert!(error.reason().contains("s3cr3t"));
/// ```
#[async_trait]
pub trait Refresh: Send + Sync {
    /// A new token for the credential that the login was made with.
    ///
    /// # Errors
    ///
    /// Where there is none, saying what to do next.
    async fn refresh(&self, ctx: &ActionContext, credential: &Credential)
    -> Result<AccessToken, ActionError>;
}

impl Login {
    /// A login that is never renewed; a 401 then means that its
    /// [owner must](super::super::ErrorClass::AuthExpired).
    ///
    /// ```
    /// # use tripline::action::{Credential, Login, Secret};
    /// let login = Login::new(Credential::bearer(Secret::new("s3cr3t")));
    /// assert!(!login.is_renewable());
    /// ```
    pub fn new(credential: Credential) -> Self {
        Self::of(credential, None)
    }

    /// A login with the same credential that is renewed. Its token is its own:
    /// clones made before do not share it.
    ///
    /// ```
    /// # use tripline::action::{AccessToken, ActionContext, ActionError, Credential, Login, Refresh, Secret, async_trait};
    /// # struct Vault;
    /// # #[async_trait]
    /// # impl Refresh for Vault {
    /// #     async fn refresh(&self, _: &ActionContext, _: &Credential) -> Result<AccessToken, ActionError> {
    /// #         Ok(AccessToken::new(Secret::new("new")))
    /// #     }
    /// # }
    /// let login = Login::new(Credential::bearer(Secret::new("old"))).with_refresh(Vault);
    /// assert!(login.is_renewable());
    /// ```
    #[must_use]
    pub fn with_refresh(self, refresh: impl Refresh + 'static) -> Self {
        Self::of(self.inner.credential.clone(), Some(Box::new(refresh)))
    }

    /// Whether there is a way to renew it.
    ///
    /// ```
    /// # use tripline::action::{Credential, Login, Secret};
    /// assert!(!Login::new(Credential::basic("ana", Secret::new("s3cr3t"))).is_renewable());
    /// ```
    pub fn is_renewable(&self) -> bool {
        self.inner.refresh.is_some()
    }

    fn of(credential: Credential, refresh: Option<Box<dyn Refresh>>) -> Self {
        Self { inner: Arc::new(Inner { credential, refresh, token: Flight::new(None) }) }
    }

    /// One attempt's use of it.
    pub(super) fn begin(&self) -> Use<'_> {
        Use { login: &self.inner, seen: 0, has_renewed: false }
    }
}

impl From<Credential> for Login {
    fn from(credential: Credential) -> Self {
        Self::new(credential)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("credential", &self.inner.credential)
            .field("is_renewable", &self.is_renewable())
            .finish()
    }
}

/// One attempt's use of a login: at most one renewal.
pub(super) struct Use<'a> {
    login: &'a Inner,
    /// The generation of the token that was sent last.
    seen: u64,
    has_renewed: bool,
}

impl Use<'_> {
    /// Whether a refusal can still be answered with a new token.
    pub(super) fn may_renew(&self) -> bool {
        self.login.refresh.is_some() && !self.has_renewed
    }

    pub(super) fn has_renewed(&self) -> bool {
        self.has_renewed
    }

    /// Puts the newest token, or the credential, into the headers, and renews
    /// first what is missing or known to have expired.
    pub(super) async fn apply(
        &mut self,
        ctx: &ActionContext,
        headers: &mut HeaderMap,
    ) -> Result<(), ActionError> {
        let (seen, token) = self.login.token.current();
        self.seen = seen;
        let is_old = match &token {
            Some(token) => token.expires_at().is_some_and(|end| end - ctx.now() <= LEEWAY),
            None => self.login.credential.as_client_credentials().is_some(),
        };
        if is_old && self.may_renew() {
            let is_good = token.and_then(|token| token.expires_at()).is_some_and(|end| end > ctx.now());
            match self.renew(ctx).await {
                // The old one is still good for a moment.
                Err(_) if is_good => {}
                renewed => renewed?,
            }
        } else if is_old && token.is_none() {
            return Err(ActionError::permanent("there is no token, and no way to ask for one"));
        }
        let (seen, token) = self.login.token.current();
        self.seen = seen;
        match token {
            Some(token) => token.apply(headers),
            None => self.login.credential.apply(ctx, headers),
        }
    }

    /// Sees to it that the next [`apply`](Self::apply) has a newer token.
    pub(super) async fn renew(&mut self, ctx: &ActionContext) -> Result<(), ActionError> {
        self.has_renewed = true;
        let Some(refresh) = &self.login.refresh else { return Ok(()) };
        let renewed = self.login.token.renew(self.seen, || refresh.refresh(ctx, &self.login.credential));
        renewed.await.map_err(|error| {
            // What is not known is whether there is a token; the request itself was not carried out.
            let error = error.with_outcome_unknown(false).during("the login cannot be renewed");
            // It is not the target that has gone, and not the input that is wrong.
            let is_misleading = error.is_gone() || error.is_invalid_input();
            if is_misleading { ActionError::permanent(error.reason()) } else { error }
        })
    }
}

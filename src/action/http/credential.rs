//! What a request logs in with, as data.

use std::fmt;

use chrono::{DateTime, Utc};
use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, HeaderValue};

use crate::base64;

use super::super::secret::scheme_and_host;
use super::super::{ActionContext, ActionError, Secret, SecretUrl};

/// What a request logs in with: a token, a key in a header, a name and a
/// password, or what tokens are asked for with.
///
/// Its secrets are held, or named and then taken from the
/// [context](ActionContext::secret) at every attempt. How a token is renewed
/// is told to a [`Login`](super::Login).
///
/// ```
/// use http::HeaderName;
/// use tripline::action::{Credential, Secret, SecretRef};
///
/// let held = Credential::bearer(Secret::new("s3cr3t"));
/// let named = Credential::header(HeaderName::from_static("ocp-apim-subscription-key"), SecretRef::named("ci-key"));
/// assert_eq!(format!("{held:?}"), "Bearer([redacted])");
/// assert_eq!(format!("{named:?}"), r#"Header("ocp-apim-subscription-key", "ci-key")"#);
/// ```
#[derive(Clone)]
pub struct Credential(Kind);

#[derive(Clone)]
enum Kind {
    Bearer(SecretRef),
    Header(HeaderName, SecretRef),
    Basic(String, SecretRef),
    ClientCredentials(ClientCredentials),
}

impl Credential {
    /// A token: `Authorization: Bearer …` (RFC 6750).
    ///
    /// ```
    /// # use tripline::action::{Credential, SecretRef};
    /// let token = Credential::bearer(SecretRef::named("token"));
    /// ```
    pub fn bearer(token: impl Into<SecretRef>) -> Self {
        Self(Kind::Bearer(token.into()))
    }

    /// A key in a header of its own.
    ///
    /// ```
    /// # use tripline::action::{Credential, Secret};
    /// let key = Credential::header(http::HeaderName::from_static("x-api-key"), Secret::new("s3cr3t"));
    /// ```
    pub fn header(name: HeaderName, key: impl Into<SecretRef>) -> Self {
        Self(Kind::Header(name, key.into()))
    }

    /// A name and a password: `Authorization: Basic …` (RFC 7617). The name holds no colon.
    ///
    /// ```
    /// # use tripline::action::{Credential, Secret};
    /// let login = Credential::basic("ana", Secret::new("s3cr3t"));
    /// ```
    pub fn basic(user: impl Into<String>, password: impl Into<SecretRef>) -> Self {
        Self(Kind::Basic(user.into(), password.into()))
    }

    /// What tokens are asked for with; a [`Login`](super::Login) does so.
    ///
    /// ```
    /// # use tripline::action::{ClientCredentials, Credential, Secret, SecretUrl};
    /// let url = SecretUrl::new("https://login.example.com/token")?;
    /// let app = Credential::client_credentials(ClientCredentials::new(url, "app-1", Secret::new("s3cr3t")));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn client_credentials(credentials: ClientCredentials) -> Self {
        Self(Kind::ClientCredentials(credentials))
    }

    /// What tokens are asked for with, if this is such a credential.
    ///
    /// ```
    /// # use tripline::action::{Credential, Secret};
    /// assert!(Credential::bearer(Secret::new("s3cr3t")).as_client_credentials().is_none());
    /// ```
    pub fn as_client_credentials(&self) -> Option<&ClientCredentials> {
        match &self.0 {
            Kind::ClientCredentials(credentials) => Some(credentials),
            _ => None,
        }
    }

    /// Puts it into the headers of a request; client credentials put nothing there.
    pub(super) fn apply(&self, ctx: &ActionContext, headers: &mut HeaderMap) -> Result<(), ActionError> {
        match &self.0 {
            Kind::Bearer(token) => bearer(&token.resolve(ctx)?, headers),
            Kind::Header(name, key) => put(headers, name.clone(), key.resolve(ctx)?.expose()),
            Kind::Basic(user, password) if !user.contains(':') => {
                let mut text = "Basic ".to_owned();
                base64::push(&mut text, format!("{user}:{}", password.resolve(ctx)?.expose()).as_bytes());
                put(headers, AUTHORIZATION, &text)
            }
            Kind::Basic(..) => Err(ActionError::permanent("the user's name holds a colon, which ends it")),
            Kind::ClientCredentials(_) => Ok(()),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Bearer(token) => f.debug_tuple("Bearer").field(token).finish(),
            Kind::Header(name, key) => f.debug_tuple("Header").field(name).field(key).finish(),
            Kind::Basic(user, password) => f.debug_tuple("Basic").field(user).field(password).finish(),
            Kind::ClientCredentials(credentials) => credentials.fmt(f),
        }
    }
}

/// A secret that is held, or the name that the context knows one by.
///
/// ```
/// use tripline::action::{Secret, SecretRef};
///
/// let held = SecretRef::from(Secret::new("s3cr3t"));
/// let named = SecretRef::named("token");
/// assert_eq!(format!("{held:?} {named:?}"), r#"[redacted] "token""#);
/// ```
#[derive(Clone)]
pub struct SecretRef(Ref);

#[derive(Clone)]
enum Ref {
    Held(Secret),
    Named(String),
}

impl SecretRef {
    /// The secret that the context knows by this name.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::action::{ActionContext, SecretRef};
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// assert!(SecretRef::named("token").resolve(&ctx).is_err(), "it has none");
    /// ```
    pub fn named(name: impl Into<String>) -> Self {
        Self(Ref::Named(name.into()))
    }

    /// The secret itself.
    ///
    /// # Errors
    ///
    /// As [`ActionContext::secret`].
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::action::{ActionContext, Secret, SecretRef};
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// assert_eq!(SecretRef::from(Secret::new("s3cr3t")).resolve(&ctx)?.expose(), "s3cr3t");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    pub fn resolve(&self, ctx: &ActionContext) -> Result<Secret, ActionError> {
        match &self.0 {
            Ref::Held(secret) => Ok(secret.clone()),
            Ref::Named(name) => ctx.secret(name),
        }
    }
}

impl From<Secret> for SecretRef {
    fn from(secret: Secret) -> Self {
        Self(Ref::Held(secret))
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ref::Held(secret) => secret.fmt(f),
            Ref::Named(name) => name.fmt(f),
        }
    }
}

/// What an application asks for tokens with: the client credentials grant of
/// OAuth 2.0 (RFC 6749, section 4.4).
///
/// It is data. [`TokenEndpoint`](super::TokenEndpoint) asks over a transport;
/// whoever has another way (a managed identity, a vault) writes a
/// [`Refresh`](super::Refresh) of their own.
///
/// ```
/// use tripline::action::{ClientCredentials, SecretRef, SecretUrl};
///
/// let url = SecretUrl::new("https://login.example.com/contoso/oauth2/v2.0/token")?;
/// let app = ClientCredentials::new(url, "app-1", SecretRef::named("app-secret"))
///     .with_scope("https://graph.microsoft.com/.default");
/// assert_eq!(app.scope(), Some("https://graph.microsoft.com/.default"));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Clone)]
pub struct ClientCredentials {
    token_url: SecretUrl,
    client_id: String,
    client_secret: SecretRef,
    scope: Option<String>,
}

impl ClientCredentials {
    /// The token endpoint's URL, the application's id and its secret.
    ///
    /// ```
    /// # use tripline::action::{ClientCredentials, Secret, SecretUrl};
    /// let app = ClientCredentials::new(SecretUrl::new("https://login.example.com/token")?, "app-1", Secret::new("s3cr3t"));
    /// assert_eq!(app.client_id(), "app-1");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn new(
        token_url: SecretUrl,
        client_id: impl Into<String>,
        client_secret: impl Into<SecretRef>,
    ) -> Self {
        Self { token_url, client_id: client_id.into(), client_secret: client_secret.into(), scope: None }
    }

    /// The same with what the token is to be good for, separated by spaces.
    ///
    /// ```
    /// # use tripline::action::{ClientCredentials, Secret, SecretUrl};
    /// # let app = ClientCredentials::new(SecretUrl::new("https://login.example.com/token")?, "app-1", Secret::new("s3cr3t"));
    /// assert_eq!(app.with_scope("mail.send").scope(), Some("mail.send"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Where tokens are asked for.
    ///
    /// ```
    /// # use tripline::action::{ClientCredentials, Secret, SecretUrl};
    /// # let app = ClientCredentials::new(SecretUrl::new("https://login.example.com/token")?, "app-1", Secret::new("s3cr3t"));
    /// assert_eq!(app.token_url().expose(), "https://login.example.com/token");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn token_url(&self) -> &SecretUrl {
        &self.token_url
    }

    /// The application's id.
    ///
    /// ```
    /// # use tripline::action::{ClientCredentials, Secret, SecretUrl};
    /// # let app = ClientCredentials::new(SecretUrl::new("https://login.example.com/token")?, "app-1", Secret::new("s3cr3t"));
    /// assert_eq!(app.client_id(), "app-1");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The application's secret.
    ///
    /// ```
    /// # use tripline::action::{ClientCredentials, Secret, SecretUrl};
    /// # let app = ClientCredentials::new(SecretUrl::new("https://login.example.com/token")?, "app-1", Secret::new("s3cr3t"));
    /// assert_eq!(format!("{:?}", app.client_secret()), "[redacted]");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn client_secret(&self) -> &SecretRef {
        &self.client_secret
    }

    /// What the token is to be good for.
    ///
    /// ```
    /// # use tripline::action::{ClientCredentials, Secret, SecretUrl};
    /// # let app = ClientCredentials::new(SecretUrl::new("https://login.example.com/token")?, "app-1", Secret::new("s3cr3t"));
    /// assert_eq!(app.scope(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("token_url", &scheme_and_host(self.token_url.expose()))
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("scope", &self.scope)
            .finish()
    }
}

/// A token as it was given out.
///
/// ```
/// use tripline::action::{AccessToken, Secret};
///
/// let token = AccessToken::new(Secret::new("s3cr3t"));
/// assert_eq!(format!("{token:?}"), "AccessToken { token: [redacted], expires_at: None }");
/// ```
#[derive(Debug, Clone)]
pub struct AccessToken {
    token: Secret,
    expires_at: Option<DateTime<Utc>>,
}

impl AccessToken {
    /// A token that is good until it is refused.
    ///
    /// ```
    /// # use tripline::action::{AccessToken, Secret};
    /// assert_eq!(AccessToken::new(Secret::new("s3cr3t")).expires_at(), None);
    /// ```
    pub fn new(token: Secret) -> Self {
        Self { token, expires_at: None }
    }

    /// The same with the time after which it is renewed without being tried.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::action::{AccessToken, Secret};
    /// let token = AccessToken::new(Secret::new("s3cr3t")).with_expires_at(DateTime::UNIX_EPOCH);
    /// assert_eq!(token.expires_at(), Some(DateTime::UNIX_EPOCH));
    /// ```
    #[must_use]
    pub fn with_expires_at(mut self, expires_at: DateTime<Utc>) -> Self {
        self.expires_at = Some(expires_at);
        self
    }

    /// The token itself.
    ///
    /// ```
    /// # use tripline::action::{AccessToken, Secret};
    /// assert_eq!(AccessToken::new(Secret::new("s3cr3t")).token().expose(), "s3cr3t");
    /// ```
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// When it is no longer good, if that is known.
    ///
    /// ```
    /// # use tripline::action::{AccessToken, Secret};
    /// assert_eq!(AccessToken::new(Secret::new("s3cr3t")).expires_at(), None);
    /// ```
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }

    pub(super) fn apply(&self, headers: &mut HeaderMap) -> Result<(), ActionError> {
        bearer(&self.token, headers)
    }
}

fn bearer(token: &Secret, headers: &mut HeaderMap) -> Result<(), ActionError> {
    put(headers, AUTHORIZATION, &format!("Bearer {}", token.expose()))
}

fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) -> Result<(), ActionError> {
    // The type takes bytes beyond ASCII, which servers read each in their own way.
    let is_plain = text.bytes().all(|byte| byte.is_ascii());
    let Some(mut value) = HeaderValue::from_str(text).ok().filter(|_| is_plain) else {
        let message = format!("the secret for the header {name} holds a character that no header can");
        return Err(ActionError::permanent(message));
    };
    // Whoever prints the request sees that there was something, and not what.
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn ctx() -> ActionContext {
        let secrets = BTreeMap::from([
            ("k".to_owned(), Secret::new("KEY")),
            ("bad".to_owned(), Secret::new("KEY\r\nx: y")),
        ]);
        ActionContext::new(DateTime::UNIX_EPOCH, "d").with_secrets(secrets)
    }

    fn header(credential: &Credential, name: &str) -> String {
        let mut headers = HeaderMap::new();
        credential.apply(&ctx(), &mut headers).unwrap();
        assert!(!format!("{headers:?}").contains("KEY"), "{headers:?}");
        headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[test]
    fn each_kind_is_put_where_its_standard_says() {
        let named = || SecretRef::named("k");
        assert_eq!(header(&Credential::bearer(named()), "authorization"), "Bearer KEY");
        assert_eq!(header(&Credential::header(HeaderName::from_static("x-key"), named()), "x-key"), "KEY");
        // RFC 7617, section 2.
        let aladdin = Credential::basic("Aladdin", Secret::new("open sesame"));
        assert_eq!(header(&aladdin, "authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }

    #[test]
    fn a_secret_that_breaks_out_of_its_header_is_refused_and_not_shown() {
        for credential in [
            Credential::bearer(SecretRef::named("bad")),
            Credential::header(HeaderName::from_static("x-key"), Secret::new("KEY\0")),
            Credential::bearer(Secret::new("KEYé")),
            Credential::basic("a:b", Secret::new("KEY")),
            Credential::bearer(SecretRef::named("none")),
        ] {
            let mut headers = HeaderMap::new();
            let error = credential.apply(&ctx(), &mut headers).unwrap_err();
            assert!(error.is_permanent() && headers.is_empty());
            assert!(!format!("{error:?}{credential:?}").contains("KEY"), "{error:?}");
        }
    }
}

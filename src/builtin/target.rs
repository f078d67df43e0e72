//! Where a webhook goes: a URL that is a secret, judged before every attempt.

use std::fmt;
use std::sync::Arc;

use http::Uri;

use crate::action::{ActionContext, ActionError, SecretUrl};
use crate::webhook::{CheckedUrl, Guard};

#[derive(Clone)]
pub(super) struct Target {
    url: Url,
    guard: Guard,
    /// What the guard says of a URL that is at hand: of the same text it always says the same.
    held: Option<Result<Destination, ActionError>>,
}

#[derive(Clone)]
enum Url {
    Held(SecretUrl),
    Named(String),
}

/// A URL that the guard lets through, in both of its forms.
#[derive(Clone)]
pub(super) struct Destination {
    pub(super) url: Arc<CheckedUrl>,
    pub(super) uri: Uri,
}

impl Target {
    pub(super) fn new(url: SecretUrl) -> Self {
        Self::of(Url::Held(url), Guard::new())
    }

    pub(super) fn named(name: String) -> Self {
        Self::of(Url::Named(name), Guard::new())
    }

    pub(super) fn with_guard(self, guard: Guard) -> Self {
        Self::of(self.url, guard)
    }

    fn of(url: Url, guard: Guard) -> Self {
        let held = match &url {
            Url::Held(url) => Some(judge(&guard, url.expose())),
            Url::Named(_) => None,
        };
        Self { url, guard, held }
    }

    /// The URL as the guard lets it through, with the addresses of the attempt judged too.
    pub(super) fn check(&self, ctx: &ActionContext) -> Result<Destination, ActionError> {
        let destination = match (&self.url, &self.held) {
            (_, Some(held)) => held.clone()?,
            (Url::Held(url), None) => judge(&self.guard, url.expose())?,
            (Url::Named(name), None) => judge(&self.guard, ctx.secret(name)?.expose())?,
        };
        if let Some(addresses) = ctx.checked_addresses() {
            self.guard.check_addresses(addresses.as_slice()).map_err(|error| {
                ActionError::permanent("the guard refuses the webhook's host").with_source(error)
            })?;
        }
        Ok(destination)
    }
}

/// The guard's own words may hold a part of the URL that is a secret: its kind says enough.
fn judge(guard: &Guard, url: &str) -> Result<Destination, ActionError> {
    let url = guard.check_url(url).map_err(|error| {
        ActionError::permanent(format!("the guard refuses the webhook's URL: {:?}", error.kind()))
    })?;
    let uri = Uri::try_from(url.as_str())
        .map_err(|_| ActionError::permanent("the webhook's URL cannot be written into a request"))?;
    Ok(Destination { url: Arc::new(url), uri })
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.url {
            Url::Held(url) => url.fmt(f),
            Url::Named(name) => write!(f, "secret {name:?}"),
        }
    }
}

//! Where a webhook goes: a URL that is a secret, judged before every attempt.

use std::fmt;

use crate::action::{ActionContext, ActionError, SecretUrl};
use crate::webhook::{CheckedUrl, Guard};

#[derive(Clone)]
pub(super) struct Target {
    url: Url,
    guard: Guard,
}

#[derive(Clone)]
enum Url {
    Held(SecretUrl),
    Named(String),
}

impl Target {
    pub(super) fn new(url: SecretUrl) -> Self {
        Self { url: Url::Held(url), guard: Guard::new() }
    }

    pub(super) fn named(name: String) -> Self {
        Self { url: Url::Named(name), guard: Guard::new() }
    }

    pub(super) fn with_guard(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }

    /// The URL as the guard lets it through, with the addresses of the attempt judged too.
    pub(super) fn check(&self, ctx: &ActionContext) -> Result<CheckedUrl, ActionError> {
        let checked = match &self.url {
            Url::Held(url) => self.guard.check_url(url.expose()),
            Url::Named(name) => self.guard.check_url(ctx.secret(name)?.expose()),
        };
        // The guard's own words may hold a part of the URL that is a secret: its kind says enough.
        let url = checked.map_err(|error| {
            ActionError::permanent(format!("the guard refuses the webhook's URL: {:?}", error.kind()))
        })?;
        if let Some(addresses) = ctx.checked_addresses() {
            self.guard.check_addresses(addresses.as_slice()).map_err(|error| {
                ActionError::permanent("the guard refuses the webhook's host").with_source(error)
            })?;
        }
        Ok(url)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.url {
            Url::Held(url) => url.fmt(f),
            Url::Named(name) => write!(f, "secret {name:?}"),
        }
    }
}

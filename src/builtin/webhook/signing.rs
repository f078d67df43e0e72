//! The signature of an attempt.

use http::HeaderMap;

use super::payload::Headers;
use crate::action::{ActionContext, ActionError, SecretRef};
use crate::error::Error;
use crate::webhook::{Signer, SigningSecret};

/// What signs.
#[derive(Debug, Clone)]
pub(super) enum Signing {
    /// Keys at hand.
    With(Signer),
    /// `whsec_…`, several separated by spaces, looked up at every attempt.
    Of(SecretRef),
}

impl Signing {
    /// The headers with those of the attempt at `ctx.now()`.
    pub(super) fn sign(
        &self,
        ctx: &ActionContext,
        body: &[u8],
        headers: Headers,
    ) -> Result<HeaderMap, ActionError> {
        let failed = |error: Error| ActionError::permanent("the webhook cannot be signed").with_source(error);
        let looked_up = match self {
            Self::With(_) => None,
            Self::Of(secret) => {
                let keys = secret.resolve(ctx)?;
                let keys: Result<Vec<_>, _> =
                    keys.expose().split_ascii_whitespace().map(SigningSecret::parse).collect();
                Some(keys.and_then(Signer::new).map_err(failed)?)
            }
        };
        let signer = match (self, &looked_up) {
            (_, Some(signer)) | (Self::With(signer), None) => signer,
            (Self::Of(_), None) => return Err(ActionError::permanent("the webhook has no signing secret")),
        };
        let signature = signer.sign(ctx.now(), ctx.idempotency_key(), body).map_err(failed)?;
        Ok(match headers {
            Headers::Type(content) => signature.into_headers(content),
            Headers::All(mut headers) => {
                signature.insert_into(&mut headers);
                headers
            }
        })
    }
}

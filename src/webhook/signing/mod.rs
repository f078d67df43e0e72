//! Signatures after Standard Webhooks 1.0: symmetric, `v1`, HMAC-SHA256.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

mod error;
mod secret;
mod signer;
mod verifier;

pub use error::{VerifyError, VerifyErrorKind};
pub use secret::SigningSecret;
pub use signer::{Signature, Signer};
pub use verifier::{Verified, Verifier};

use http::HeaderName;

use crate::error::{Error, ErrorKind};

static ID: HeaderName = HeaderName::from_static("webhook-id");
static TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
static SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The most keys that sign a message, and the most signatures that are looked at.
const MAX_SIGNATURES: usize = 16;

/// The longest id.
const MAX_ID: usize = 256;

/// Without a point, which separates the parts of what is signed.
fn is_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn secrets(secrets: impl IntoIterator<Item = SigningSecret>) -> Result<Vec<SigningSecret>, Error> {
    let secrets: Vec<SigningSecret> = secrets.into_iter().take(MAX_SIGNATURES + 1).collect();
    if secrets.is_empty() {
        return Err(Error::new(ErrorKind::Invalid, "no signing secret: it takes one at least"));
    }
    if secrets.len() > MAX_SIGNATURES {
        let message = format!("more signing secrets than the limit of {MAX_SIGNATURES}");
        return Err(Error::new(ErrorKind::Limit, message));
    }
    Ok(secrets)
}

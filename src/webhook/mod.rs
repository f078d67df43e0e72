//! Webhooks: signatures after Standard Webhooks 1.0, and the guard that judges
//! where a callback may go.
//!
//! * [`Signer`] signs what is sent, under one key or under several while they
//!   are being changed; [`Verifier`] checks what was received. Both are pure:
//!   `now` is an argument. (Feature `signing`, on by default.)
//! * [`Guard`] judges the callback URLs that strangers hand in, and the
//!   addresses that their hosts resolved to, so that no request ends at the
//!   host's own network. It looks nothing up: the host resolves, the guard judges.
//!
//! ```
//! # #[cfg(feature = "signing")] {
//! use chrono::DateTime;
//! use tripline::webhook::{Guard, Signer, SigningSecret, Verifier};
//!
//! // Before subscribing, and again before each attempt:
//! let guard = Guard::new();
//! let url = guard.check_url("https://hooks.contoso.example/in?id=7")?;
//! guard.check_addresses(&["93.184.215.14".parse()?])?; // what the host resolved
//!
//! // Sending:
//! let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
//! let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
//! let body = br#"{"trigger":"vip-1000"}"#;
//! let mut request = http::Request::post(url.as_str()).body(body.to_vec())?;
//! Signer::new([secret.clone()])?.sign(now, "d_17", body)?.insert_into(request.headers_mut());
//!
//! // Receiving:
//! let verified = Verifier::new([secret])?.verify(now, request.headers(), request.body())?;
//! assert_eq!(verified.id(), "d_17");
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod guard;
#[cfg(feature = "signing")]
mod signing;

pub use guard::{CheckedUrl, Guard, GuardError, GuardErrorKind};
#[cfg(feature = "signing")]
pub use signing::{Signature, Signer, SigningSecret, Verified, Verifier, VerifyError, VerifyErrorKind};

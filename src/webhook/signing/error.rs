//! Why a received webhook is refused.

use std::fmt;
use std::time::Duration;

use super::MAX_SIGNATURES;
use crate::time::format_duration;

/// Why a received webhook was refused. Its text is safe to log: it shows
/// neither a secret nor a signature, and of the message nothing but header names and times.
///
/// ```
/// # use chrono::DateTime;
/// use tripline::webhook::{SigningSecret, Verifier, VerifyErrorKind};
///
/// let verifier = Verifier::new([SigningSecret::from_bytes(&[1; 32])?])?;
/// let error = verifier.verify(DateTime::UNIX_EPOCH, &http::HeaderMap::new(), b"{}").unwrap_err();
/// assert_eq!(error.kind(), VerifyErrorKind::MissingHeader);
/// assert_eq!(error.to_string(), "the header webhook-id is missing");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyError {
    why: Why,
}

/// What kind of refusal it is.
///
/// The receiver answers all of them with 400 or 401; which it was is for its own log.
///
/// ```
/// use tripline::webhook::VerifyErrorKind;
/// assert_ne!(VerifyErrorKind::TooOld, VerifyErrorKind::TooNew);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyErrorKind {
    /// One of the three headers is not there.
    MissingHeader,
    /// One of the three headers is there more than once, so that it cannot be known which was signed.
    RepeatedHeader,
    /// The id is not 1 to 256 characters of `A-Z a-z 0-9 _ -`.
    BadId,
    /// The timestamp is not a whole number in ASCII digits, without a sign and without leading zeros.
    BadTimestamp,
    /// The signature header holds something other than visible ASCII characters and spaces.
    BadSignature,
    /// The message was signed longer ago than is tolerated: a replay, or a clock that is wrong.
    TooOld,
    /// The message was signed later from now than is tolerated.
    TooNew,
    /// There are more than 16 signatures.
    TooManySignatures,
    /// There is no well-formed signature of the version `v1`.
    NoSignature,
    /// No signature is the one that a live key makes of this id, timestamp and body.
    NoMatch,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    MissingHeader(&'static str),
    RepeatedHeader(&'static str),
    BadId,
    BadTimestamp,
    BadSignature,
    TooOld { by: Duration, tolerance: Duration },
    TooNew { by: Duration, tolerance: Duration },
    TooManySignatures,
    NoSignature,
    NoMatch,
}

impl VerifyError {
    pub(super) fn new(why: Why) -> Self {
        Self { why }
    }

    /// What kind of refusal it is.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::webhook::{SigningSecret, Verifier, VerifyErrorKind};
    /// # let verifier = Verifier::new([SigningSecret::from_bytes(&[1; 32])?])?;
    /// let mut headers = http::HeaderMap::new();
    /// headers.insert("webhook-id", "a.b".parse().unwrap());
    /// headers.insert("webhook-timestamp", "0".parse().unwrap());
    /// headers.insert("webhook-signature", "v1,".parse().unwrap());
    /// let error = verifier.verify(DateTime::UNIX_EPOCH, &headers, b"{}").unwrap_err();
    /// assert_eq!(error.kind(), VerifyErrorKind::BadId);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn kind(&self) -> VerifyErrorKind {
        match self.why {
            Why::MissingHeader(_) => VerifyErrorKind::MissingHeader,
            Why::RepeatedHeader(_) => VerifyErrorKind::RepeatedHeader,
            Why::BadId => VerifyErrorKind::BadId,
            Why::BadTimestamp => VerifyErrorKind::BadTimestamp,
            Why::BadSignature => VerifyErrorKind::BadSignature,
            Why::TooOld { .. } => VerifyErrorKind::TooOld,
            Why::TooNew { .. } => VerifyErrorKind::TooNew,
            Why::TooManySignatures => VerifyErrorKind::TooManySignatures,
            Why::NoSignature => VerifyErrorKind::NoSignature,
            Why::NoMatch => VerifyErrorKind::NoMatch,
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::MissingHeader(name) => write!(f, "the header {name} is missing"),
            Why::RepeatedHeader(name) => write!(f, "the header {name} is there more than once"),
            Why::BadId => f.write_str("webhook-id takes 1 to 256 characters of A-Z a-z 0-9 _ -"),
            Why::BadTimestamp => f.write_str(
                "webhook-timestamp takes seconds since 1970: digits only, no leading zero, 18 at most",
            ),
            Why::BadSignature => f.write_str("webhook-signature takes visible ASCII characters and spaces"),
            Why::TooOld { by, tolerance } => write!(
                f,
                "the message was signed {} ago, {} are tolerated",
                format_duration(*by),
                format_duration(*tolerance)
            ),
            Why::TooNew { by, tolerance } => write!(
                f,
                "the message was signed {} from now, {} are tolerated",
                format_duration(*by),
                format_duration(*tolerance)
            ),
            Why::TooManySignatures => {
                write!(f, "webhook-signature holds more than {MAX_SIGNATURES} signatures")
            }
            Why::NoSignature => f.write_str("webhook-signature holds no well-formed signature of version v1"),
            Why::NoMatch => f.write_str("no signature matches under a live key"),
        }
    }
}

impl std::error::Error for VerifyError {}

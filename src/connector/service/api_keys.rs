//! Who asks, by an API key.

use std::fmt;

use hmac::digest::CtOutput;
use http::{HeaderMap, HeaderName};
use sha2::Sha256;

use super::key::digest_of;
use crate::error::{Error, ErrorKind};

/// The fewest and the most bytes of a key.
const LENGTH: std::ops::RangeInclusive<usize> = 16..=512;

/// Tells principals by the API keys that they were given, in constant time.
///
/// It holds the SHA-256 of each key, never the key itself. That is enough because keys are long and random (which it
/// cannot see: make them of 16 random bytes at least); for passwords that people choose it would not be. Every key is held against
/// what was presented, whichever fits, so the time that it takes tells nothing but how many there are.
///
/// ```
/// use tripline::connector::ApiKeys;
///
/// let keys = ApiKeys::new()
///     .with_key("ana", "k-1f5Yq0CrZ9wT2mUe")?
///     .with_key("ana", "k-the-next-of-anas-keys")?
///     .with_key("bo", "k-8sLp3Vt6XbNq1RdA")?;
/// assert_eq!(keys.principal_of("k-8sLp3Vt6XbNq1RdA"), Some("bo"));
/// assert_eq!(keys.principal_of("k-8sLp3Vt6XbNq1Rd"), None);
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("x-api-key", "k-the-next-of-anas-keys".parse()?);
/// assert_eq!(keys.principal_of_headers(&headers), Some("ana"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ApiKeys {
    header: HeaderName,
    keys: Vec<(String, CtOutput<Sha256>)>,
}

impl ApiKeys {
    /// None yet, in the header `X-Api-Key`.
    ///
    /// ```
    /// # use tripline::connector::ApiKeys;
    /// assert_eq!(ApiKeys::new().principal_of(""), None);
    /// ```
    pub fn new() -> Self {
        Self { header: HeaderName::from_static("x-api-key"), keys: Vec::new() }
    }

    /// The same with another header.
    ///
    /// ```
    /// # use tripline::connector::ApiKeys;
    /// let keys = ApiKeys::new().with_header(http::HeaderName::from_static("x-contoso-key"));
    /// ```
    #[must_use]
    pub fn with_header(mut self, header: HeaderName) -> Self {
        self.header = header;
        self
    }

    /// One more key of a principal, of which it keeps the digest; a principal may have several, while they are being changed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for a key of fewer than 16 or more than 512 bytes, and one that is there already.
    ///
    /// ```
    /// # use tripline::connector::ApiKeys;
    /// let error = ApiKeys::new().with_key("ana", "s3cr3t").unwrap_err();
    /// assert_eq!(error.to_string(), "an API key of 6 bytes: it takes 16 to 512");
    /// ```
    pub fn with_key(self, principal: impl Into<String>, key: &str) -> Result<Self, Error> {
        if !LENGTH.contains(&key.len()) {
            let (least, most) = (LENGTH.start(), LENGTH.end());
            let message = format!("an API key of {} bytes: it takes {least} to {most}", key.len());
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        self.with_output(principal.into(), digest_of(key.as_bytes()))
    }

    /// One more key of a principal by its SHA-256, as a host stores it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for one that is there already.
    ///
    /// ```
    /// # use tripline::connector::ApiKeys;
    /// let keys = ApiKeys::new().with_digest("ana", [0; 32])?;
    /// assert!(keys.with_digest("bo", [0; 32]).is_err(), "whose would it be?");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn with_digest(self, principal: impl Into<String>, digest: [u8; 32]) -> Result<Self, Error> {
        self.with_output(principal.into(), CtOutput::new(digest.into()))
    }

    /// Whose key it is.
    ///
    /// ```
    /// # use tripline::connector::ApiKeys;
    /// let keys = ApiKeys::new().with_key("ana", "k-1f5Yq0CrZ9wT2mUe")?;
    /// assert_eq!(keys.principal_of("k-1f5Yq0CrZ9wT2mUe"), Some("ana"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn principal_of(&self, presented: &str) -> Option<&str> {
        let digest = digest_of(presented.as_bytes());
        // No early end: each takes the same time.
        let found = self.keys.iter().fold(None, |found, (principal, key)| {
            let is_it = *key == digest;
            if is_it { Some(principal) } else { found }
        });
        found.map(String::as_str)
    }

    /// Whose key a request presents, in one header; none where there are two.
    ///
    /// ```
    /// # use tripline::connector::ApiKeys;
    /// assert_eq!(ApiKeys::new().principal_of_headers(&http::HeaderMap::new()), None);
    /// ```
    pub fn principal_of_headers(&self, headers: &HeaderMap) -> Option<&str> {
        let mut values = headers.get_all(&self.header).iter();
        let (value, None) = (values.next()?, values.next()) else { return None };
        self.principal_of(value.to_str().ok()?)
    }

    fn with_output(mut self, principal: String, digest: CtOutput<Sha256>) -> Result<Self, Error> {
        if self.keys.iter().any(|(_, key)| *key == digest) {
            return Err(Error::new(ErrorKind::Invalid, "this API key is there already"));
        }
        self.keys.push((principal, digest));
        Ok(self)
    }
}

impl Default for ApiKeys {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = self.header.as_str();
        f.debug_struct("ApiKeys").field("header", &header).field("keys", &self.keys.len()).finish()
    }
}

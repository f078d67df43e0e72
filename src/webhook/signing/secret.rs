//! The key that two sides share.

use std::fmt;

use hmac::digest::CtOutput;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::base64;
use crate::error::{Error, ErrorKind};

const PREFIX: &str = "whsec_";

/// How many bytes a secret has: 192 to 512 bits, says the standard.
const LENGTH: std::ops::RangeInclusive<usize> = 24..=64;

/// The secret that the sender and the receiver of a webhook share: 24 to 64
/// random bytes, written as `whsec_` and their base64.
///
/// A text has one spelling only: padded, no other characters, no stray bits.
/// `Debug` shows `[redacted]`, and nothing serializes it: [`expose`](Self::expose)
/// is the one way out. The keyed state of the HMAC is made once and copied for
/// each signature. Use a secret for one receiver only.
///
/// ```
/// use tripline::webhook::SigningSecret;
///
/// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// assert_eq!(format!("{secret:?}"), "SigningSecret([redacted])");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Clone)]
pub struct SigningSecret {
    bytes: Box<[u8]>,
    keyed: Hmac<Sha256>,
}

impl SigningSecret {
    /// Reads `whsec_` and the base64 of 24 to 64 bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where the prefix is missing, the rest is no
    /// base64 in its one spelling, or stands for too few or too many bytes.
    /// The text is not shown.
    ///
    /// ```
    /// use tripline::webhook::SigningSecret;
    ///
    /// let error = SigningSecret::parse("whsec_c2hvcnQ=").unwrap_err();
    /// assert_eq!(error.to_string(), "a signing secret of 5 bytes: it takes 24 to 64");
    /// ```
    pub fn parse(text: &str) -> Result<Self, Error> {
        let invalid = |why: String| Error::new(ErrorKind::Invalid, why);
        let text = text
            .strip_prefix(PREFIX)
            .ok_or_else(|| invalid(format!("a signing secret begins with `{PREFIX}`")))?;
        let bytes = base64::decode(text).map_err(|(at, why)| {
            invalid(format!("a signing secret, at character {}: {why}", PREFIX.len() + at + 1))
        })?;
        Self::from_bytes(&bytes)
    }

    /// A secret of these bytes, which should come from a random number
    /// generator made for secrets.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] unless there are 24 to 64 of them.
    ///
    /// ```
    /// use tripline::webhook::SigningSecret;
    ///
    /// let bytes = [7; 32]; // of the host's generator
    /// assert!(SigningSecret::from_bytes(&bytes)?.expose().starts_with("whsec_BwcH"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (least, most) = (LENGTH.start(), LENGTH.end());
        let invalid = || {
            let message = format!("a signing secret of {} bytes: it takes {least} to {most}", bytes.len());
            Error::new(ErrorKind::Invalid, message)
        };
        if !LENGTH.contains(&bytes.len()) {
            return Err(invalid());
        }
        // HMAC takes keys of any length.
        let keyed = Hmac::new_from_slice(bytes).map_err(|_| invalid())?;
        Ok(Self { bytes: bytes.into(), keyed })
    }

    /// The secret in clear, as [`parse`](Self::parse) reads it: to be stored
    /// sealed, and shown to the receiver once.
    ///
    /// ```
    /// use tripline::webhook::SigningSecret;
    ///
    /// let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    /// assert_eq!(SigningSecret::parse(text)?.expose(), text);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn expose(&self) -> String {
        let mut text = PREFIX.to_owned();
        base64::push(&mut text, &self.bytes);
        text
    }

    /// The HMAC of `id.timestamp.body`, which compares in constant time.
    pub(super) fn mac(&self, id: &str, timestamp: &[u8], body: &[u8]) -> CtOutput<Hmac<Sha256>> {
        let mut mac = self.keyed.clone();
        for part in [id.as_bytes(), b".", timestamp, b".", body] {
            mac.update(part);
        }
        mac.finalize()
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(length: usize) -> String {
        let mut text = PREFIX.to_owned();
        base64::push(&mut text, &vec![0xa5; length]);
        text
    }

    #[test]
    fn a_secret_of_24_to_64_bytes_is_read_and_written_the_same() {
        for length in 24..=64 {
            let text = text_of(length);
            assert_eq!(SigningSecret::parse(&text).unwrap().expose(), text);
        }
        for length in [0, 1, 23, 65, 1_000] {
            let error = SigningSecret::parse(&text_of(length)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains(&format!("{length} bytes")), "{error}");
        }
    }

    #[test]
    fn a_secret_has_one_spelling_and_no_refusal_shows_it() {
        let bytes = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        for text in [
            bytes.to_owned(),
            format!("WHSEC_{bytes}"),
            format!(" whsec_{bytes}"),
            format!("whsec_{bytes}\n"),
            format!("whsec_{bytes}="),
            format!("whsec_{bytes}AA"),
            format!("whsec_{bytes}AB=="),
            format!("whsec_{}", bytes.replace('9', "-")),
            format!("whsk_{bytes}"),
            String::new(),
        ] {
            let error = SigningSecret::parse(&text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{text:?}");
            assert!(!error.to_string().contains("MfKQ") && !format!("{error:?}").contains("MfKQ"), "{error}");
        }
    }
}

//! The host's key, from which ids, states and signing secrets are made.

use std::fmt;

use hmac::digest::CtOutput;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::base64::base64url;
use crate::error::{Error, ErrorKind};

/// The fewest bytes of a key: as many as the hash gives.
const LEAST: usize = 32;

/// The key from which a [`ConnectorService`](super::ConnectorService) makes all that nobody may guess: the ids of
/// subscriptions, the states of polls, and the secrets that notifications are signed with.
///
/// All of them are HMAC-SHA256 of this key, each over its purpose and its parts with their lengths, so the library
/// needs no random numbers, and a restart makes no others. It is 32 random bytes at least, made once and kept as a
/// secret. With another key the subscriptions that are there go on, since their secrets are stored sealed;
/// states of polls are refused, and their triggers begin anew.
///
/// ```
/// use tripline::connector::HostKey;
/// assert_eq!(format!("{:?}", HostKey::from_bytes(&[7; 32])?), "HostKey([redacted])");
/// assert!(HostKey::from_bytes(b"short").is_err());
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Clone)]
pub struct HostKey {
    keyed: Hmac<Sha256>,
}

impl HostKey {
    /// A key of these bytes, which should come from a random number generator made for secrets.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for fewer than 32.
    ///
    /// ```
    /// # use tripline::connector::HostKey;
    /// let error = HostKey::from_bytes(&[7; 16]).unwrap_err();
    /// assert_eq!(error.to_string(), "a host key of 16 bytes: it takes 32 at least");
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let short = || {
            let message = format!("a host key of {} bytes: it takes {LEAST} at least", bytes.len());
            Error::new(ErrorKind::Invalid, message)
        };
        if bytes.len() < LEAST {
            return Err(short());
        }
        // HMAC takes keys of any length.
        let keyed = Hmac::new_from_slice(bytes).map_err(|_| short())?;
        Ok(Self { keyed })
    }

    /// What nobody else can make, for one purpose: no two lists of parts read the same.
    pub(super) fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The first 128 bits of it as text for URLs.
    pub(super) fn id(&self, purpose: &str, parts: &[&[u8]]) -> String {
        base64url(&self.mac(purpose, parts)).iter().copied().map(char::from).collect()
    }
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostKey([redacted])")
    }
}

/// Whether two values are the same, in a time that depends on neither: their digests are compared, in constant time.
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    digest_of(one) == digest_of(other)
}

pub(super) fn digest_of(bytes: &[u8]) -> CtOutput<Sha256> {
    CtOutput::new(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_tells_purposes_and_parts_apart() {
        let key = HostKey::from_bytes(&[1; 32]).unwrap();
        let all = [
            key.id("a", &[b"bc", b"d"]),
            key.id("a", &[b"b", b"cd"]),
            key.id("ab", &[b"c", b"d"]),
            key.id("a", &[b"bcd"]),
            key.id("a", &[b"bc", b"d", b""]),
            HostKey::from_bytes(&[2; 32]).unwrap().id("a", &[b"bc", b"d"]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert_eq!(one.len(), 22);
            assert!(!all[at + 1..].contains(one), "{one}");
        }
        assert_eq!(key.id("a", &[b"bc", b"d"]), all[0], "and is the same every time");
    }

    #[test]
    fn what_is_compared_is_the_same_or_not() {
        assert!(is_same(b"abc", b"abc") && is_same(b"", b""));
        assert!(!is_same(b"abc", b"abd") && !is_same(b"abc", b"ab") && !is_same(b"", b"a"));
    }
}

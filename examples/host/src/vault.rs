//! Seals callback URLs and signing secrets with XChaCha20-Poly1305.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use tripline::connector::{BoxError, Sealer};

use crate::secrets::random;

/// Bytes of a nonce. They are random, and too many for two to be alike.
const NONCE: usize = 24;

/// A `Sealer` with one key, which is to be kept as long as the journal is.
pub struct Vault {
    cipher: XChaCha20Poly1305,
}

impl Vault {
    /// With its key.
    pub fn new(key: [u8; 32]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&key.into()) }
    }
}

impl Sealer for Vault {
    fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, BoxError> {
        let nonce = random::<NONCE>()?;
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let sealed =
            self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| "it could not be sealed")?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, BoxError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or("it is too short")?;
        let payload = Payload { msg: sealed, aad: context.as_bytes() };
        Ok(self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| "it was not sealed here")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_its_key_and_its_context_alone() {
        let vault = Vault::new([7; 32]);
        let sealed = vault.seal("one", b"https://hooks.contoso.example").unwrap();
        assert_eq!(vault.open("one", &sealed).unwrap(), b"https://hooks.contoso.example");
        assert!(vault.open("other", &sealed).is_err());
        assert!(Vault::new([8; 32]).open("one", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open("one", &changed).is_err(), "{at}");
            assert!(vault.open("one", &sealed[..at]).is_err(), "{at}");
        }
        assert_ne!(vault.seal("one", b"x").unwrap(), vault.seal("one", b"x").unwrap(), "a nonce for each");
        assert!(!sealed.windows(5).any(|bytes| bytes == b"hooks"));
    }
}

//! What keeps secrets that outlive a restart from whoever reads the journal.

/// Encrypts what must outlive a restart and must not be read in the journal: callback URLs, which hold a signature
/// of the platform's, and signing secrets.
///
/// # Contract
///
/// 1. What is sealed reads as nothing without the host's key: authenticated encryption (AES-256-GCM, `XChaCha20-Poly1305`), or
///    a call of a key service, with a nonce of its own each time.
/// 2. The context is bound to it (as associated data), so that what was sealed under one opens under no other.
/// 3. What was sealed once opens as long as the journal is kept: with the key that is current, or an older one.
/// 4. No error shows what was to be sealed. It does not wait for a network: a data key is fetched beforehand.
///
/// The library has no cipher of its own. Wrong is one that seals nothing, and one that does not bind the context:
///
/// ```
/// use tripline::connector::{BoxError, Sealer};
///
/// # struct Aead;
/// # impl Aead {
/// #     fn encrypt(&self, _nonce: [u8; 24], associated: &[u8], plain: &[u8]) -> Vec<u8> {
/// #         let tag = associated.iter().fold(7_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte));
/// #         plain.iter().map(|byte| byte ^ 0x5a).chain([tag]).collect()
/// #     }
/// #     fn decrypt(&self, associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
/// #         let (tag, bytes) = sealed.split_last()?;
/// #         let plain: Vec<u8> = bytes.iter().map(|byte| byte ^ 0x5a).collect();
/// #         (self.encrypt([0; 24], associated, &plain).last() == Some(tag)).then_some(plain)
/// #     }
/// # }
/// # fn nonce() -> [u8; 24] { [0; 24] }
/// struct Wrong;
/// impl Sealer for Wrong {
///     fn seal(&self, _context: &str, plain: &[u8]) -> Result<Vec<u8>, BoxError> {
///         Ok(plain.to_vec()) // whoever reads a backup of the journal can post to every flow (1)
///     }
///     fn open(&self, _context: &str, sealed: &[u8]) -> Result<Vec<u8>, BoxError> {
///         Ok(sealed.to_vec())
///     }
/// }
///
/// struct Right(Aead);
/// impl Sealer for Right {
///     fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, BoxError> {
///         Ok(self.0.encrypt(nonce(), context.as_bytes(), plain))
///     }
///     fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, BoxError> {
///         self.0.decrypt(context.as_bytes(), sealed).ok_or_else(|| "it was not sealed here".into())
///     }
/// }
/// # let right = Right(Aead);
/// # let sealed = right.seal("one", b"secret")?;
/// # assert_eq!(right.open("one", &sealed)?, b"secret");
/// # assert!(right.open("other", &sealed).is_err() && sealed != b"secret");
/// # Ok::<(), BoxError>(())
/// ```
pub trait Sealer: Send + Sync {
    /// Encrypts bytes under a context.
    ///
    /// # Errors
    ///
    /// Where it cannot: nothing is stored then, and the request is refused.
    fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, BoxError>;

    /// Decrypts what was sealed under this context.
    ///
    /// # Errors
    ///
    /// Where it was changed, sealed under another context, or with a key that is gone.
    fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, BoxError>;
}

/// What a host's own part says went wrong; any error, or a text.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

//! What holds batches together in their order.

use std::fmt;

use sha2::{Digest, Sha256};

use super::batch::Batch;
use super::lsn::Lsn;

/// A digest of everything up to a batch: the chain before it, its number, and its bytes.
///
/// Two journals with the same chain at a number hold the same batches up to
/// there. So a snapshot that carries the chain of its number can be told to
/// belong to this journal and to no other, nor to one that was cut and written
/// anew. Every journal computes it alike: the first 16 bytes of SHA-256 over
/// the chain before, the number (8 bytes, little-endian) and
/// [`Batch::as_bytes`].
///
/// ```
/// use tripline::journal::{Batch, Chain, Lsn};
///
/// let mut batch = Batch::new();
/// batch.push(b"observed");
/// let one = Chain::START.after(Lsn::FIRST, &batch);
/// assert_ne!(one, Chain::START);
/// assert_ne!(one.after(Lsn::new(2), &batch), one);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Chain([u8; 16]);

impl Chain {
    /// Before the first batch.
    pub const START: Self = Self([0; 16]);

    /// The chain after one more batch.
    ///
    /// ```
    /// # use tripline::journal::{Batch, Chain, Lsn};
    /// let empty = Batch::new();
    /// assert_eq!(Chain::START.after(Lsn::FIRST, &empty), Chain::START.after(Lsn::FIRST, &empty));
    /// ```
    #[must_use]
    pub fn after(self, lsn: Lsn, batch: &Batch) -> Self {
        let digest = Sha256::new()
            .chain_update(self.0)
            .chain_update(lsn.get().to_le_bytes())
            .chain_update(batch.as_bytes());
        let digest: [u8; 32] = digest.finalize().into();
        Self(std::array::from_fn(|at| digest[at]))
    }

    /// From its bytes.
    ///
    /// ```
    /// # use tripline::journal::Chain;
    /// assert_eq!(Chain::from_bytes([0; 16]), Chain::START);
    /// ```
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be stored.
    ///
    /// ```
    /// # use tripline::journal::Chain;
    /// assert_eq!(Chain::START.to_bytes(), [0; 16]);
    /// ```
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

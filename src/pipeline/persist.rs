//! What is to be written down before anything comes of it.

use std::fmt;

use crate::error::Error;
use crate::journal::{Batch, Journal, Lsn};

/// A batch for the journal: one input and what it led to.
///
/// It holds inputs and rendered deliveries as they are, so a journal is to be kept as they are.
///
/// ```
#[doc = include_str!("../../docs/snippets/pipeline.rs")]
/// let persist = pipeline.poll_persist().unwrap();
/// assert_eq!(persist.append_to(&mut journal)?, persist.lsn());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
#[must_use = "what is not written down is lost in a crash, and nothing behind it is ever sent"]
pub struct Persist {
    pub(super) lsn: Lsn,
    pub(super) batch: Batch,
}

impl Persist {
    /// The number that it gets in the journal.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert_eq!(pipeline.poll_persist().unwrap().lsn(), pipeline.last());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// The batch.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert!(!pipeline.poll_persist().unwrap().batch().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Appends it to a journal. Several may share one [`sync`](Journal::sync),
    /// which gives what [`persisted`](super::Pipeline::persisted) is told.
    ///
    /// # Errors
    ///
    /// As [`Journal::append`]; [`ErrorKind::Fenced`](crate::ErrorKind::Fenced)
    /// where the journal is not at the batch before, because it is another's now.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// let persist = pipeline.poll_persist().unwrap();
    /// persist.append_to(&mut journal)?;
    /// assert!(persist.append_to(&mut journal).unwrap_err().is_fenced(), "once");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append_to<J: Journal + ?Sized>(&self, journal: &mut J) -> Result<Lsn, Error> {
        journal.append(self.lsn.previous(), &self.batch)
    }
}

impl fmt::Debug for Persist {
    /// Without the batch, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Persist")
            .field("lsn", &self.lsn)
            .field("records", &self.batch.len())
            .field("bytes", &self.batch.as_bytes().len())
            .finish()
    }
}

//! What a recovery does not have to go through any more.

use super::Pipeline;
use crate::error::{Error, ErrorKind};
use crate::journal::{Journal, Lsn, Snapshot, Snapshots};

impl Pipeline {
    /// Puts a snapshot, and lets the journal go of what is in the one before it
    /// too, since two are kept. A recovery then begins here.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where not all is [safe](Self::is_safe) or the journal is
    /// at another batch; as [`Snapshots::put`] and [`Journal::trim`]. After an error
    /// of the storage a recovery begins at the snapshot before.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// assert!(pipeline.checkpoint(&mut journal, &mut snapshots).is_err(), "not all is written down");
    /// pipeline.poll_persist().unwrap().append_to(&mut journal)?;
    /// pipeline.persisted(journal.sync()?);
    /// assert_eq!(pipeline.checkpoint(&mut journal, &mut snapshots)?.get(), 1);
    ///
    /// let (after, recovery) = recover(Pipeline::builder(registry), now, &journal, &mut snapshots)?;
    /// assert_eq!((recovery.snapshot(), recovery.batches()), (Some(pipeline.last()), 0));
    /// assert_eq!(after.flows().flows().count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn checkpoint<J: Journal + ?Sized, S: Snapshots + ?Sized>(
        &mut self,
        journal: &mut J,
        snapshots: &mut S,
    ) -> Result<Lsn, Error> {
        if !self.is_safe() || journal.last() != self.last {
            let (last, safe, end) = (self.last, self.safe, journal.last());
            let message = format!("batch {last} is made, {safe} is safe and the journal ends at {end}");
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        let snapshot = Snapshot::new(self.last, self.snapshot())
            .with_chain(journal.chain())
            .with_configuration(self.configuration());
        snapshots.put(&snapshot)?;
        let before = std::mem::replace(&mut self.checkpoint, self.last);
        if before.next() > journal.first() {
            journal.trim(before.next())?;
        }
        Ok(self.last)
    }
}

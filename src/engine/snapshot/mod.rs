//! The engine's whole state as bytes, and back, into a changed set of triggers too.
//!
//! Format, version 1: the word `tripline`, the version as two bytes, the body,
//! and the SHA-256 of all before it. Numbers are eight bytes, little end first;
//! floats are stored as their bits; texts and lists are preceded by their
//! length. Every trigger is stored as its JSON, so that a changed one can be
//! told from the same one, and its state taken over as a replacement would.

mod codec;
mod read;
mod silence;
mod state;
mod tasks;
mod write;

use crate::error::Error;
use crate::sealed::Sealed;

use super::Engine;

const VERSION: u16 = 2;
const SEALED: Sealed = Sealed::new("tripline", VERSION..=VERSION);

/// What [`Engine::restore`] found, compared with the triggers that the engine has.
///
/// ```
/// use tripline::engine::Engine;
/// let bytes = Engine::new().snapshot();
/// let report = Engine::new().restore(&bytes)?;
/// assert_eq!((report.kept(), report.series()), (0, 0));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreReport {
    kept: usize,
    changed: Vec<String>,
    added: Vec<String>,
    dropped: Vec<String>,
    series: usize,
}

impl RestoreReport {
    /// How many triggers are as they were; they go on as if never interrupted.
    ///
    /// ```
    /// # use tripline::engine::Engine;
    /// # let report = Engine::new().restore(&Engine::new().snapshot())?;
    /// assert_eq!(report.kept(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// The triggers that have changed since: their state is taken over as by
    /// [`Engine::replace`], quietly.
    ///
    /// ```
    /// # use tripline::engine::Engine;
    /// # let report = Engine::new().restore(&Engine::new().snapshot())?;
    /// assert!(report.changed().is_empty());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn changed(&self) -> &[String] {
        &self.changed
    }

    /// The triggers that the snapshot does not know.
    ///
    /// ```
    /// # use tripline::engine::Engine;
    /// # let report = Engine::new().restore(&Engine::new().snapshot())?;
    /// assert!(report.added().is_empty());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn added(&self) -> &[String] {
        &self.added
    }

    /// The triggers that are gone; their state is dropped.
    ///
    /// ```
    /// # use tripline::engine::Engine;
    /// # let report = Engine::new().restore(&Engine::new().snapshot())?;
    /// assert!(report.dropped().is_empty());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn dropped(&self) -> &[String] {
        &self.dropped
    }

    /// How many series were restored.
    ///
    /// ```
    /// # use tripline::engine::Engine;
    /// # let report = Engine::new().restore(&Engine::new().snapshot())?;
    /// assert_eq!(report.series(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn series(&self) -> usize {
        self.series
    }
}

impl Engine {
    /// The whole state, unpolled firings included, as bytes that
    /// [`restore`](Engine::restore) reads. Explanations are left out.
    ///
    /// ```
    /// use tripline::engine::Engine;
    /// assert!(Engine::new().snapshot().starts_with(b"tripline"));
    /// ```
    pub fn snapshot(&self) -> Vec<u8> {
        SEALED.seal(VERSION, |bytes| write::body(self, bytes))
    }

    /// Takes the state of a snapshot in place of its own. The triggers are
    /// those that the engine has, in its order: add them first. One that has
    /// changed since the snapshot takes its state over as by
    /// [`replace`](Engine::replace); one that the snapshot does not know starts
    /// anew. Handles go stale.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Snapshot`](crate::ErrorKind::Snapshot) where the bytes are cut, damaged or of another
    /// version; the engine is then as it was.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
    ///
    /// let (at, vip) = (DateTime::UNIX_EPOCH, SeriesRef::segment("/s", "vip"));
    /// let trigger = Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?;
    /// let mut before = Engine::new();
    /// before.add(at, trigger.clone())?;
    /// let _ = before.observe_series(at, &vip, at, 998.0)?;
    ///
    /// let mut after = Engine::new();
    /// after.add(at, trigger)?;
    /// after.restore(&before.snapshot())?;
    /// let _ = after.observe_series(at, &vip, at, 1004.0)?;
    /// assert!(after.poll_firing().is_some(), "it knows that the value was outside");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn restore(&mut self, bytes: &[u8]) -> Result<RestoreReport, Error> {
        let (engine, report) = read::body(self, SEALED.open(bytes)?)?;
        *self = engine;
        Ok(report)
    }
}

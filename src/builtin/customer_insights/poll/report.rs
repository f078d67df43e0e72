//! What a poller met and could not use, by name.

use super::limits::Counts;
use crate::builtin::customer_insights::log::Tally;
use crate::builtin::customer_insights::vocabulary::{Status, outcome_of};
use crate::event::{FailureKind, Outcome};

/// What a [`Poller`](super::Poller) met and could not use since it was built, by name.
///
/// ```
/// use chrono::DateTime;
/// use tripline::builtin::customer_insights::poll::Poller;
/// let poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
/// assert_eq!(poller.report().unknown_words().count(), 0);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PollReport {
    unknown_words: Tally,
    faulty: Tally,
    unreadable: Tally,
}

impl PollReport {
    /// Status words that no vocabulary has; first met where.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// # let poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// assert_eq!(poller.report().unknown_words().names().count(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn unknown_words(&self) -> &Tally {
        &self.unknown_words
    }

    /// Fields that are missing or hold what they must not.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// # let poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// assert_eq!(poller.report().faulty().first(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn faulty(&self) -> &Tally {
        &self.faulty
    }

    /// Why answers could not be read.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// # let poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// assert_eq!(poller.report().unreadable().count(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn unreadable(&self) -> &Tally {
        &self.unreadable
    }
}

/// The counts and the report together, as what reads an answer needs them.
pub(super) struct Notes<'a> {
    pub(super) counts: &'a mut Counts,
    pub(super) report: &'a mut PollReport,
}

impl Notes<'_> {
    /// How something ended that has this word as its status; what has not ended is counted, and a word that
    /// no vocabulary has is noted.
    pub(super) fn outcome(&mut self, place: &str, word: &str) -> Option<(Outcome, Option<FailureKind>)> {
        match outcome_of(word) {
            Status::Ended(outcome, kind) => return Some((outcome, kind)),
            Status::NotEnded => self.counts.not_ended += 1,
            Status::Unknown => self.unknown_word(place, word),
        }
        None
    }

    pub(super) fn unknown_word(&mut self, place: &str, word: &str) {
        self.counts.unknown_words += 1;
        self.report.unknown_words.add(|| place.to_owned(), Some(word));
    }

    pub(super) fn faulty(&mut self, place: &str, field: &str) {
        self.counts.faulty += 1;
        self.report.faulty.add(|| place.to_owned(), Some(field));
    }

    pub(super) fn unreadable(&mut self, place: &str, why: &str) {
        self.counts.unreadable += 1;
        self.report.unreadable.add(|| place.to_owned(), Some(why));
    }
}

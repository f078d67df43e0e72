//! How far time has come.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::error::Error;
use crate::event::Event;
use crate::time::{Nanos, datetime, format_instant, instant, nanos_of};

/// How far time has come in the input as a whole, so that partitions which
/// hear of different events let the same deadlines pass.
///
/// One engine that takes every event lets a deadline pass when the first event
/// after it comes, whatever that is about. A partition does not see that event.
/// So who divides the input notes the time of every event here, and whenever
/// time has come further by `every`, puts the instant that it is given into
/// the input of *each* partition, behind the events before it. A partition hands it to
/// [`Engine::handle_timeout`](crate::engine::Engine::handle_timeout). As a part of the
/// input it is the same when the input is gone through again: what fires
/// then fires at the same logical time. In a log of events it stands as an
/// [event of its own type](Self::event).
///
/// ```
/// use std::time::Duration;
/// use chrono::DateTime;
/// use tripline::partition::Watermark;
///
/// let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
/// let mut watermark = Watermark::new(Duration::from_secs(60));
/// assert!(watermark.note(at(30))?.is_some(), "the first says where time begins");
/// assert_eq!(watermark.note(at(50))?, None);
/// assert_eq!(watermark.note(at(20))?, None, "time goes one way");
/// let told = watermark.note(at(90))?.unwrap();
/// assert!(told < at(90), "what comes at this very instant is not over");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Watermark {
    every: Nanos,
    /// The latest time of any event.
    latest: Option<Nanos>,
    /// What was told last.
    told: Option<Nanos>,
}

impl Watermark {
    /// The type of the events that stand for it in a log.
    pub const EVENT_TYPE: &'static str = "tripline.watermark.advanced";

    /// One that is told each time the input has come so much further; zero for every new instant.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::partition::Watermark;
    /// assert_eq!(Watermark::new(Duration::from_secs(60)).latest(), None);
    /// ```
    pub fn new(every: Duration) -> Self {
        Self { every: nanos_of(every), latest: None, told: None }
    }

    /// Notes the time of an event that is put into the input of its partitions
    /// *after* what this gives: the instant that all partitions are to be told,
    /// just before the event's own, if it is time for that.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) where the time is outside the years 1677 to 2262.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use chrono::{DateTime, TimeDelta};
    /// # use tripline::partition::Watermark;
    /// let (mut watermark, at) = (Watermark::new(Duration::ZERO), DateTime::UNIX_EPOCH);
    /// assert_eq!(watermark.note(at)?, Some(at - TimeDelta::nanoseconds(1)));
    /// assert_eq!(watermark.note(at)?, None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn note(&mut self, time: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Error> {
        let at = instant(time)?;
        self.latest = self.latest.max(Some(at));
        // Deadlines of the event's own instant come after the event.
        let before = at.saturating_sub(1);
        let is_due = self.told.is_none_or(|told| before > told && before - told >= self.every);
        if !is_due {
            return Ok(None);
        }
        self.told = Some(before);
        Ok(Some(datetime(before)))
    }

    /// What stands in a log of events for the word that time has come to this instant. Its id is the instant.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) where that is outside the years 1677 to 2262.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::partition::Watermark;
    /// let event = Watermark::event(DateTime::UNIX_EPOCH)?;
    /// assert_eq!(event.event_type(), Watermark::EVENT_TYPE);
    /// assert_eq!((event.id(), event.time()), ("1970-01-01T00:00:00Z", Some(DateTime::UNIX_EPOCH)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn event(time: DateTime<Utc>) -> Result<Event<'static>, Error> {
        let id = format_instant(instant(time)?);
        Ok(Event::new(id, "tripline", Self::EVENT_TYPE)?.with_time(time))
    }

    /// The latest time that was noted, for the end of an input: once no event at
    /// or before it can come, it may be told itself.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use chrono::DateTime;
    /// # use tripline::partition::Watermark;
    /// let mut watermark = Watermark::new(Duration::ZERO);
    /// watermark.note(DateTime::UNIX_EPOCH)?;
    /// assert_eq!(watermark.latest(), Some(DateTime::UNIX_EPOCH));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn latest(&self) -> Option<DateTime<Utc>> {
        self.latest.map(datetime)
    }
}

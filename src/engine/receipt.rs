//! What became of an input.

use chrono::{DateTime, Utc};

use crate::error::Error;
use crate::event::SeriesRef;

/// What became of one event or observation that was not refused.
///
/// ```
/// use chrono::DateTime;
/// use tripline::{engine::{Engine, Receipt}, event::SeriesRef};
///
/// let mut engine = Engine::new();
/// let at = DateTime::UNIX_EPOCH;
/// let receipt = engine.observe_series(at, &SeriesRef::segment("/instances/contoso", "vip"), at, 998.0)?;
/// assert_eq!(receipt, Receipt::Ignored, "no trigger watches it yet");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
#[non_exhaustive]
pub enum Receipt {
    /// At least one trigger took it in (or let it wait for its `lateness`).
    Accepted,
    /// Well-formed and accepted, but no trigger watches it.
    Ignored,
    /// Its (source, id) was seen before: nothing changed.
    Duplicate,
    /// Older than what was judged already, for every trigger that watches it: dropped and counted.
    Late,
}

/// One number of a series, for the batch lane.
///
/// ```
/// use chrono::DateTime;
/// use tripline::{engine::Observation, event::SeriesRef};
///
/// let observation = Observation::new(SeriesRef::segment("/instances/contoso", "vip"), DateTime::UNIX_EPOCH, 998.0);
/// assert_eq!(observation.value(), 998.0);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    pub(super) series: SeriesRef<'a>,
    pub(super) time: DateTime<Utc>,
    pub(super) value: f64,
}

impl<'a> Observation<'a> {
    /// A value of a series at a time; NaN is a missing value.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::Observation, event::SeriesRef};
    /// let missing = Observation::new(SeriesRef::measure("/s", "revenue"), DateTime::UNIX_EPOCH, f64::NAN);
    /// assert!(missing.value().is_nan());
    /// ```
    pub fn new(series: SeriesRef<'a>, time: DateTime<Utc>, value: f64) -> Self {
        Self { series, time, value }
    }

    /// The series.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::Observation, event::SeriesRef};
    /// let observation = Observation::new(SeriesRef::measure("/s", "revenue"), DateTime::UNIX_EPOCH, 1.0);
    /// assert_eq!(observation.series().name(), "revenue");
    /// ```
    pub fn series(&self) -> SeriesRef<'a> {
        self.series
    }

    /// When it was so.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::Observation, event::SeriesRef};
    /// let observation = Observation::new(SeriesRef::measure("/s", "revenue"), DateTime::UNIX_EPOCH, 1.0);
    /// assert_eq!(observation.time(), DateTime::UNIX_EPOCH);
    /// ```
    pub fn time(&self) -> DateTime<Utc> {
        self.time
    }

    /// The number.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::Observation, event::SeriesRef};
    /// let observation = Observation::new(SeriesRef::measure("/s", "revenue"), DateTime::UNIX_EPOCH, 1.0);
    /// assert_eq!(observation.value(), 1.0);
    /// ```
    pub fn value(&self) -> f64 {
        self.value
    }
}

/// What became of a batch.
///
/// A batch stops only where firings must be polled first
/// ([`is_full`](BatchReport::is_full)): hand in the rest, from
/// [`taken`](BatchReport::taken) on, once they are. An input that is refused
/// for another reason is named and the rest goes on.
///
/// ```
/// use chrono::DateTime;
/// use tripline::{engine::Engine, event::Event};
///
/// let mut engine = Engine::new();
/// let good = Event::new("1", "/s", "com.example.other")?;
/// let bad = Event::new("2", "/s", "tripline.value.observed")?;
/// let report = engine.handle_batch(DateTime::UNIX_EPOCH, &[good, bad]);
/// assert_eq!(report.taken(), 2);
/// assert_eq!(report.refused()[0].0, 1, "the second has no data");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct BatchReport {
    pub(super) taken: usize,
    pub(super) full: bool,
    pub(super) late: usize,
    pub(super) duplicates: usize,
    pub(super) refused: Vec<(usize, Error)>,
}

impl BatchReport {
    /// How many inputs from the front are dealt with, refused ones included.
    ///
    /// ```
    /// # use tripline::engine::Engine;
    /// assert_eq!(Engine::new().handle_batch(chrono::DateTime::UNIX_EPOCH, &[]).taken(), 0);
    /// ```
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// True where the batch stopped because firings wait to be polled.
    ///
    /// ```
    /// # use tripline::engine::Engine;
    /// assert!(!Engine::new().handle_batch(chrono::DateTime::UNIX_EPOCH, &[]).is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// How many were late and dropped.
    ///
    /// ```
    /// # use tripline::engine::Engine;
    /// assert_eq!(Engine::new().handle_batch(chrono::DateTime::UNIX_EPOCH, &[]).late(), 0);
    /// ```
    pub fn late(&self) -> usize {
        self.late
    }

    /// How many had been seen before.
    ///
    /// ```
    /// # use tripline::engine::Engine;
    /// assert_eq!(Engine::new().handle_batch(chrono::DateTime::UNIX_EPOCH, &[]).duplicates(), 0);
    /// ```
    pub fn duplicates(&self) -> usize {
        self.duplicates
    }

    /// The refused inputs: their places in the batch, and why.
    ///
    /// ```
    /// # use tripline::engine::Engine;
    /// assert!(Engine::new().handle_batch(chrono::DateTime::UNIX_EPOCH, &[]).refused().is_empty());
    /// ```
    pub fn refused(&self) -> &[(usize, Error)] {
        &self.refused
    }

    /// Takes in the result of the input at `place`; false where the batch must stop.
    pub(super) fn note(&mut self, place: usize, result: Result<Receipt, Error>) -> bool {
        match result {
            Ok(Receipt::Late) => self.late += 1,
            Ok(Receipt::Duplicate) => self.duplicates += 1,
            Ok(_) => {}
            Err(error) if error.is_full() => {
                self.full = true;
                return false;
            }
            Err(error) => self.refused.push((place, error)),
        }
        self.taken = place + 1;
        true
    }
}

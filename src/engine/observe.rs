//! The ways in: events, handles, names and batches.

use chrono::{DateTime, Utc};

use crate::error::{Error, ErrorKind};
use crate::event::{Event, SeriesRef, ValueObserved};
use crate::threshold::Transition;
use crate::time::{DayTime, Nanos, datetime, instant};

use super::Engine;
use super::dedupe::Name;
use super::input::Input;
use super::numbers::EVENTS;
use super::receipt::{BatchReport, Observation, Receipt};
use super::slots::{BLOCK, Found};
use super::tasks::{Subject, Task};

/// What an event says of a series, and the number of that if it is kept.
type Said<'a> = Result<(ValueObserved<'a>, Option<u32>), Error>;

/// A series looked up once, for [`Engine::observe`].
///
/// It belongs to the engine that made it (not to a clone), and goes stale when that engine is
/// restored or drops idle series to make room: [`ErrorKind::StaleHandle`],
/// resolve it again.
///
/// ```
/// use chrono::DateTime;
/// use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
///
/// let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
/// engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?)?;
/// let vip = engine.resolve(&SeriesRef::segment("/s", "vip"))?.expect("a trigger watches it");
/// let _ = engine.observe(at, vip, at, 998.0)?;
/// let _ = engine.observe(at, vip, at, 1004.0)?;
/// assert!(engine.poll_firing().is_some());
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SeriesHandle(u64);

/// A firing in a few words: no texts are built for it.
///
/// ```
/// use chrono::DateTime;
/// use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
///
/// let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
/// engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?)?;
/// for members in [998.0, 1004.0] {
///     let _ = engine.observe_series(at, &SeriesRef::segment("/s", "vip"), at, members)?;
/// }
/// let brief = engine.poll_brief().unwrap();
/// assert_eq!((brief.trigger(), brief.time()), (0, at));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FiringBrief {
    trigger: u32,
    transition: Transition,
    time: i64,
}

impl FiringBrief {
    /// The trigger's number, from 0 in the order in which triggers were added.
    ///
    /// ```
    /// # let mut engine = tripline::engine::Engine::new();
    /// assert!(engine.poll_brief().map(|brief| brief.trigger()).is_none());
    /// ```
    pub fn trigger(&self) -> usize {
        self.trigger as usize
    }

    /// What happened.
    ///
    /// ```
    /// # let mut engine = tripline::engine::Engine::new();
    /// assert!(engine.poll_brief().map(|brief| brief.transition()).is_none());
    /// ```
    pub fn transition(&self) -> Transition {
        self.transition
    }

    /// When.
    ///
    /// ```
    /// # let mut engine = tripline::engine::Engine::new();
    /// assert!(engine.poll_brief().map(|brief| brief.time()).is_none());
    /// ```
    pub fn time(&self) -> DateTime<Utc> {
        datetime(self.time)
    }
}

impl Engine {
    /// Takes one event.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where the data is not what the type promises,
    /// [`ErrorKind::Skew`] where it is too far ahead of `now`,
    /// [`ErrorKind::Limit`] where a bound is reached, [`ErrorKind::Full`] where
    /// firings must be polled first. A refused event is not remembered as seen.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::{Engine, Receipt}, event::ValueObserved, threshold::Threshold, Trigger};
    ///
    /// let (mut engine, now) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// engine.add(now, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?)?;
    /// let event = ValueObserved::new("segment", "vip", 998.0).into_event("t-16", "/instances/contoso")?;
    /// assert_eq!(engine.handle_event(now, &event)?, Receipt::Accepted);
    /// assert_eq!(engine.handle_event(now, &event)?, Receipt::Duplicate);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn handle_event(&mut self, now: DateTime<Utc>, event: &Event<'_>) -> Result<Receipt, Error> {
        self.has_room()?;
        let result = self.take_event(now, event);
        if !matches!(&result, Err(error) if error.is_full()) {
            self.counts.events += 1;
        }
        match &result {
            Ok(Receipt::Ignored) => self.counts.ignored += 1,
            Ok(Receipt::Duplicate) => self.counts.duplicates += 1,
            _ => {}
        }
        result
    }

    /// Takes events in their order; see [`BatchReport`] for what is refused.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::Engine, event::ValueObserved};
    ///
    /// let mut engine = Engine::new();
    /// let events = [ValueObserved::new("segment", "vip", 998.0).into_event("t-16", "/s")?];
    /// let report = engine.handle_batch(DateTime::UNIX_EPOCH, &events);
    /// assert_eq!((report.taken(), report.refused().len()), (1, 0));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn handle_batch(&mut self, now: DateTime<Utc>, events: &[Event<'_>]) -> BatchReport {
        let mut report = BatchReport::default();
        for (place, event) in events.iter().enumerate() {
            let result = self.handle_event(now, event);
            if !report.note(place, result) {
                break;
            }
        }
        report
    }

    /// Looks a series up for [`observe`](Engine::observe), making it where some
    /// trigger watches it; `None` where none does.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] where there is no room for another series.
    ///
    /// ```
    /// use tripline::{engine::Engine, event::SeriesRef};
    /// assert_eq!(Engine::new().resolve(&SeriesRef::segment("/s", "vip"))?, None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn resolve(&mut self, series: &SeriesRef<'_>) -> Result<Option<SeriesHandle>, Error> {
        // Making room for a series renews the identity, so it is read afterwards.
        let number = self.series_of(series)?;
        Ok(number.map(|number| SeriesHandle(self.identity.handle(number))))
    }

    /// Takes one value of a resolved series; NaN is a missing value. It carries
    /// no event id, so the caller sees to it that nothing comes twice.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StaleHandle`], else as [`handle_event`](Engine::handle_event).
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::{Engine, Receipt}, event::SeriesRef, threshold::Threshold, Trigger};
    ///
    /// let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?)?;
    /// let vip = engine.resolve(&SeriesRef::segment("/s", "vip"))?.expect("a trigger watches it");
    /// assert_eq!(engine.observe(at, vip, at, 998.0)?, Receipt::Accepted);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[inline]
    pub fn observe(
        &mut self,
        now: DateTime<Utc>,
        series: SeriesHandle,
        time: DateTime<Utc>,
        value: f64,
    ) -> Result<Receipt, Error> {
        // Short enough to be part of the caller's loop, so that the misses of one call overlap those of the next.
        let (now, time) = (DayTime::from(now), DayTime::from(time));
        if self.observe_quietly(now, self.identity.number(series.0), time, value) {
            return Ok(Receipt::Accepted);
        }
        self.observe_handle(now, series, time, value)
    }

    /// Takes a value that nobody notices; false where it is not such a one, and nothing has changed.
    #[inline(always)]
    fn observe_quietly(&mut self, now: DayTime, number: usize, time: DayTime, value: f64) -> bool {
        time <= now && self.observe_until(Nanos::MAX, number, time, value)
    }

    /// The same for a value that is not after `latest`.
    #[inline(always)]
    fn observe_until(&mut self, latest: Nanos, number: usize, time: DayTime, value: f64) -> bool {
        let Some(at) = self.times.of_the_day(time).filter(|&at| at <= latest) else { return false };
        let is_quiet = self.skim(number, at, value);
        debug_assert!(!is_quiet || self.has_room().is_ok(), "nothing is plain while firings must be polled");
        self.counts.events += u64::from(is_quiet);
        is_quiet
    }

    #[inline(never)]
    fn observe_handle(
        &mut self,
        now: DayTime,
        series: SeriesHandle,
        time: DayTime,
        value: f64,
    ) -> Result<Receipt, Error> {
        let Some(number) = self.slots.number(self.identity.number(series.0)) else {
            let message = "the handle is of another engine, or series were dropped since: resolve it again";
            return Err(Error::new(ErrorKind::StaleHandle, message));
        };
        self.observe_number(now, number, time, value)
    }

    fn observe_number(
        &mut self,
        now: DayTime,
        number: u32,
        time: DayTime,
        value: f64,
    ) -> Result<Receipt, Error> {
        self.has_room()?;
        let at = self.arrival(now, time)?;
        if self.skim(number as usize, at, value) || self.brush(number, &Input::plain(at, value)) {
            self.counts.events += 1;
            return Ok(Receipt::Accepted);
        }
        self.observe_with_care(Some(number), at, value)
    }

    #[inline(never)]
    fn observe_with_care(&mut self, number: Option<u32>, at: Nanos, value: f64) -> Result<Receipt, Error> {
        let input = Input::plain(at, value);
        self.explain_context(None, at, value);
        let receipt = match number {
            Some(number) => self.take_with_care(number, &input)?,
            None => self.pass_by(&input, false)?,
        };
        self.counts.events += 1;
        self.counts.ignored += u64::from(receipt == Receipt::Ignored);
        Ok(receipt)
    }

    /// Takes one value of a series by its name; otherwise like [`observe`](Engine::observe).
    ///
    /// # Errors
    ///
    /// As [`handle_event`](Engine::handle_event).
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::{Engine, Receipt}, event::SeriesRef};
    ///
    /// let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// let receipt = engine.observe_series(at, &SeriesRef::measure("/s", "revenue"), at, 1e6)?;
    /// assert_eq!(receipt, Receipt::Ignored);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[inline(always)]
    pub fn observe_series(
        &mut self,
        now: DateTime<Utc>,
        series: &SeriesRef<'_>,
        time: DateTime<Utc>,
        value: f64,
    ) -> Result<Receipt, Error> {
        let (now, time) = (DayTime::from(now), DayTime::from(time));
        if let Some(number) = self.slots.find_near(series)
            && self.observe_quietly(now, number as usize, time, value)
        {
            return Ok(Receipt::Accepted);
        }
        self.observe_named(now, *series, time, value)
    }

    /// Takes the series by value: so it need not be in memory before it comes to this.
    #[inline(never)]
    fn observe_named(
        &mut self,
        now: DayTime,
        series: SeriesRef<'_>,
        time: DayTime,
        value: f64,
    ) -> Result<Receipt, Error> {
        self.has_room()?;
        match self.slots.find(&series) {
            Some(number) => self.observe_number(now, number, time, value),
            None => {
                let at = self.arrival(now, time)?;
                let number = self.series_of(&series)?;
                self.observe_with_care(number, at, value)
            }
        }
    }

    /// Takes values of many series by name, in their order. Names are looked up
    /// a block at a time, so that their places in memory are fetched together.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::{Engine, Observation}, event::SeriesRef, threshold::Threshold, Trigger};
    ///
    /// let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?)?;
    /// let vip = SeriesRef::segment("/s", "vip");
    /// let report = engine.observe_batch(at, &[Observation::new(vip, at, 998.0), Observation::new(vip, at, 1004.0)]);
    /// assert_eq!((report.taken(), engine.pending_firings()), (2, 1));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn observe_batch(&mut self, now: DateTime<Utc>, observations: &[Observation<'_>]) -> BatchReport {
        self.observe_batch_of(now, observations, |&observation| observation)
    }

    /// The same for items of the caller's, each of which `observation` makes an
    /// observation of: what is a few numbers to the host need not be laid out at
    /// length beforehand. It is asked more than once about an item, and says the
    /// same each time.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::{Engine, Observation}, event::SeriesRef, threshold::Threshold, Trigger};
    ///
    /// let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?)?;
    /// let rows = [("vip", 998.0), ("churned", 12.0), ("vip", 1004.0)];
    /// let report = engine.observe_batch_of(at, &rows, |&(segment, members)| {
    ///     Observation::new(SeriesRef::segment("/s", segment), at, members)
    /// });
    /// assert_eq!((report.taken(), engine.pending_firings()), (3, 1));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn observe_batch_of<'a, T>(
        &mut self,
        now: DateTime<Utc>,
        items: &'a [T],
        observation: impl Fn(&'a T) -> Observation<'a>,
    ) -> BatchReport {
        let (now, mut report) = (DayTime::from(now), BatchReport::default());
        // Where `now` is no instant, each observation is looked at with care, and says so.
        let latest = now.instant().unwrap_or(Nanos::MIN);
        let mut found = [Found::NOTHING; BLOCK];
        for (block, part) in items.chunks(BLOCK).enumerate() {
            let start = block * BLOCK;
            self.slots.find_block(part, |item| observation(item).series, &mut found);
            let mut at = 0;
            loop {
                at += self.skim_block(latest, part[at..].iter().map(&observation), &found[at..]);
                let Some(item) = part.get(at) else { break };
                let Observation { series, time, value } = observation(item);
                let (number, time) = (found[at].number, DayTime::from(time));
                let identity = self.identity.first;
                let result = match self.slots.holds(&found[at], &series) {
                    true => self.observe_number(now, number, time, value),
                    false => self.observe_named(now, series, time, value),
                };
                // Series were dropped to make room, and the others have other numbers now.
                if self.identity.first != identity {
                    found.fill(Found::NOTHING);
                }
                report.taken = start + at;
                if !report.note(start + at, result) {
                    return report;
                }
                at += 1;
            }
            report.taken = start + part.len();
        }
        report
    }

    /// Takes observations that nobody notices, to the first that is not such a one. How many these were.
    #[inline(never)]
    fn skim_block<'a>(
        &mut self,
        latest: Nanos,
        part: impl Iterator<Item = Observation<'a>>,
        found: &[Found],
    ) -> usize {
        let (times, until) = (self.times, latest.saturating_add(1).min(self.plain_until));
        let (mut taken, mut clock) = (0, self.clock);
        for (observation, found) in part.zip(found) {
            let Some(hot) = self.slots.plain_mut(found, &observation.series) else { break };
            let Some(at) = times.of_the_day(observation.time.into()) else { break };
            if !((at < until) & hot.is_quiet(at, observation.value)) {
                break;
            }
            hot.take(at, observation.value);
            clock = clock.max(at);
            taken += 1;
        }
        self.clock = clock;
        self.counts.events += taken as u64;
        debug_assert!(taken == 0 || self.has_room().is_ok(), "nothing is plain while firings must be polled");
        taken
    }

    /// The next firing in a few words, for hosts that count before they read.
    ///
    /// ```
    /// assert!(tripline::engine::Engine::new().poll_brief().is_none());
    /// ```
    #[must_use = "a firing that is polled and dropped is lost"]
    #[inline]
    pub fn poll_brief(&mut self) -> Option<FiringBrief> {
        let (trigger, transition, time) = self.pending.pop_brief()?;
        self.reopen();
        Some(FiringBrief { trigger, transition, time })
    }

    fn take_event(&mut self, now: DateTime<Utc>, event: &Event<'_>) -> Result<Receipt, Error> {
        let at = match event.instant()? {
            Some(at) => self.guard(now.into(), at)?,
            None => instant(now)?,
        };
        self.dedupe.forget_before(self.clock);
        let name = self.dedupe.name(event.source(), event.id());
        let value = self.look_ahead(&name, event);
        if self.dedupe.is_duplicate(&name, at) {
            if self.explain.is_some() {
                let reason = "a duplicate: this source and id was seen before".to_owned();
                self.explain_event(None, &Input { event: Some(event), ..Input::plain(at, f64::NAN) }, reason);
            }
            return Ok(Receipt::Duplicate);
        }
        let receipt = match value {
            Some(Ok((observed, series))) => self.take_observed(at, event, &observed, series)?,
            Some(Err(error)) => {
                self.counts.invalid += 1;
                return Err(error);
            }
            None => self.take_other(at, event)?,
        };
        if receipt != Receipt::Late {
            self.dedupe.record(&name, self.clock);
        }
        Ok(receipt)
    }

    /// What an event says, if it says a value, and the number of its series, if
    /// that is kept. Both are of no use for a duplicate; but few are, and so
    /// the memory of the series is on its way while that of the id is awaited.
    #[inline]
    fn look_ahead<'a>(&mut self, name: &Name<'_>, event: &'a Event<'_>) -> Option<Said<'a>> {
        let observed = match ValueObserved::from_event(event).transpose()? {
            Ok(observed) => observed,
            Err(error) => return Some(Err(error)),
        };
        let near = self.dedupe.touch(name);
        let series = self.slots.find(&observed.series(event.source()));
        let gate = series.map(|number| self.slots.hot(number).gate);
        // Nothing is made of what was read but that it is near now.
        std::hint::black_box((near, gate));
        Some(Ok((observed, series)))
    }

    /// An event that says a value. Those who hear of it as an event do so after it was judged.
    fn take_observed(
        &mut self,
        at: Nanos,
        event: &Event<'_>,
        observed: &ValueObserved<'_>,
        series: Option<u32>,
    ) -> Result<Receipt, Error> {
        let value = observed.value().unwrap_or(f64::NAN);
        let input = Input {
            sequence: observed.sequence(),
            event: Some(event),
            observed: Some(observed),
            ..Input::plain(at, value)
        };
        self.explain_context(Some(event), at, value);
        if !self.register.asks(EVENTS) {
            return self.take_value(observed, series, &input, false);
        }
        let subject = Subject::Value(Some(observed));
        let task = Task { at, source: event.source(), event: Some(event), subject };
        let is_heard = self.is_heard(&task);
        let receipt = match self.take_value(observed, series, &input, is_heard) {
            // Those who hear of it as an event are not to suffer from a bound that is not theirs.
            Err(error) if is_heard && error.is_limit() => {
                self.counts.not_watched += 1;
                self.pass_by(&input, is_heard)?
            }
            receipt => receipt?,
        };
        if is_heard {
            self.tell_of_observation(&task);
            return Ok(Receipt::Accepted);
        }
        Ok(receipt)
    }

    fn take_value(
        &mut self,
        observed: &ValueObserved<'_>,
        series: Option<u32>,
        input: &Input<'_>,
        is_heard: bool,
    ) -> Result<Receipt, Error> {
        let series = match series {
            Some(number) => Some(number),
            None => self.series_of(&observed.series(input.event.map_or("", Event::source)))?,
        };
        match series {
            Some(number) => self.take(number, input),
            None => self.pass_by(input, is_heard),
        }
    }

    /// An event that no trigger watches still moves the clock.
    fn pass_by(&mut self, input: &Input<'_>, is_heard: bool) -> Result<Receipt, Error> {
        self.advance_before(input.at)?;
        self.clock = self.clock.max(input.at);
        self.settle_due(None, input, false);
        self.prune();
        if self.explain.is_some() && !is_heard {
            self.explain_event(None, input, "no trigger watches it".to_owned());
        }
        Ok(Receipt::Ignored)
    }
}

//! One threshold and one series, complete: the machine to use without the engine.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::error::{Error, ErrorKind};
use crate::time::{Nanos, datetime, format_instant, instant};

use super::machine::{NEVER, Rule, State, Step};
use super::waiting::Waiting;
use super::{Phase, Side, Threshold, Transition};

/// Watches one series of numbers with one [`Threshold`].
///
/// # Contract
///
/// 1. [`handle_value`](Monitor::handle_value) takes observations. Event time
///    is the largest time seen; before a value at `t` is applied, all that was
///    due before `t` happens, and after it what is due at `t`.
/// 2. [`handle_timeout`](Monitor::handle_timeout) moves the clock without a
///    value; a call that does not move it is a no-op.
/// 3. [`poll_timeout`](Monitor::poll_timeout) says when the next deadline is.
/// 4. [`poll_signal`](Monitor::poll_signal) hands out what was noticed, oldest
///    first; poll it until it gives `None` after each of the calls above.
/// 5. An error changes nothing.
///
/// ```
/// use tripline::threshold::{Monitor, Threshold, Transition};
/// use chrono::DateTime;
///
/// let at = |second| DateTime::from_timestamp(second, 0).unwrap();
/// let mut monitor = Monitor::new(Threshold::below(10.0).with_notify_cleared(true).build()?);
/// for (second, value) in [(0, 12.0), (1, 9.0), (2, 8.0), (5, 11.0)] {
///     monitor.handle_value(at(second), Some(value))?;
/// }
/// let signals: Vec<_> = std::iter::from_fn(|| monitor.poll_signal()).collect();
/// assert_eq!(signals[0].transition(), Transition::Crossed);
/// assert_eq!(signals[1].transition(), Transition::Cleared);
/// assert_eq!(signals[1].length(), Some(std::time::Duration::from_secs(4)));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Monitor {
    threshold: Threshold,
    rule: Rule,
    state: State,
    clock: Option<Nanos>,
    /// The newest observation that was applied, or deadline that has gone off.
    floor: Option<Nanos>,
    waiting: Waiting<f64>,
    signals: VecDeque<Signal>,
}

/// What a [`Monitor`] noticed.
///
/// ```
/// use tripline::threshold::{Monitor, Threshold};
/// use chrono::DateTime;
///
/// let mut monitor = Monitor::new(Threshold::changes_by_percent(-0.0 + 10.0).build()?);
/// monitor.handle_value(DateTime::UNIX_EPOCH, Some(100.0))?;
/// monitor.handle_value(DateTime::UNIX_EPOCH, Some(110.0))?;
/// assert_eq!(monitor.poll_signal().unwrap().time(), DateTime::UNIX_EPOCH);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    transition: Transition,
    time: Nanos,
    crossed_at: Nanos,
    due_at: Option<Nanos>,
}

impl Monitor {
    /// A monitor that has seen nothing yet.
    ///
    /// ```
    /// use tripline::threshold::{Monitor, Phase, Threshold};
    /// let monitor = Monitor::new(Threshold::above(1.0).build()?);
    /// assert_eq!(monitor.phase(), Phase::Unseen);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn new(threshold: Threshold) -> Self {
        let rule = Rule::new(&threshold);
        let state = State::new(&rule);
        let (waiting, signals) = (Waiting::default(), VecDeque::new());
        Self { threshold, rule, state, clock: None, floor: None, waiting, signals }
    }

    /// The threshold it watches with.
    ///
    /// ```
    /// use tripline::threshold::{Condition, Monitor, Threshold};
    /// let monitor = Monitor::new(Threshold::above(1.0).build()?);
    /// assert_eq!(monitor.threshold().condition(), Condition::Above(1.0));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn threshold(&self) -> &Threshold {
        &self.threshold
    }

    /// Takes one observation; `None` (or NaN) is a missing value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Late`] where it is older than an observation that was
    /// applied, or than a deadline that has gone off; [`ErrorKind::Limit`] for
    /// a time outside the years 1677 to 2262.
    ///
    /// ```
    /// use tripline::{threshold::{Monitor, Threshold}, ErrorKind};
    /// use chrono::DateTime;
    ///
    /// let at = |second| DateTime::from_timestamp(second, 0).unwrap();
    /// let mut monitor = Monitor::new(Threshold::above(1.0).build()?);
    /// monitor.handle_value(at(10), None)?;
    /// assert_eq!(monitor.handle_value(at(9), Some(2.0)).unwrap_err().kind(), ErrorKind::Late);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn handle_value(&mut self, now: DateTime<Utc>, value: Option<f64>) -> Result<(), Error> {
        let at = instant(now)?;
        if let Some(floor) = self.floor.filter(|&floor| at < floor) {
            let message =
                format!("an observation at {} is older than {}", format_instant(at), format_instant(floor));
            return Err(Error::new(ErrorKind::Late, message));
        }
        let value = value.unwrap_or(f64::NAN);
        self.clock = Some(self.clock.map_or(at, |clock| clock.max(at)));
        self.waiting.push(at, None, value);
        let own = self.own_clock();
        self.advance(if self.rule.lateness == 0 { at } else { own.min(at) });
        Ok(())
    }

    /// Moves the clock to `now`: what is due at or before it happens.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] for a time outside the years 1677 to 2262.
    ///
    /// ```
    /// use tripline::threshold::{Monitor, Threshold};
    /// use chrono::DateTime;
    ///
    /// let mut monitor = Monitor::new(Threshold::above(1.0).build()?);
    /// monitor.handle_timeout(DateTime::UNIX_EPOCH)?;
    /// assert_eq!(monitor.poll_signal(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn handle_timeout(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        let at = instant(now)?;
        if self.clock.is_none_or(|clock| at > clock) {
            self.clock = Some(at);
            self.advance(self.own_clock());
        }
        Ok(())
    }

    /// When [`handle_timeout`](Monitor::handle_timeout) should be called next.
    ///
    /// ```
    /// use tripline::threshold::{Monitor, Threshold};
    /// let monitor = Monitor::new(Threshold::above(1.0).build()?);
    /// assert_eq!(monitor.poll_timeout(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn poll_timeout(&self) -> Option<DateTime<Utc>> {
        let due = self.state.deadline(&self.rule).min(self.waiting.next_at().unwrap_or(NEVER));
        let due = due.saturating_add(self.rule.lateness);
        (due < NEVER).then(|| datetime(due.max(self.clock.map_or(due, |clock| clock.saturating_add(1)))))
    }

    /// What was noticed next, oldest first.
    ///
    /// ```
    /// use tripline::threshold::{Monitor, Threshold};
    /// use chrono::DateTime;
    ///
    /// let mut monitor = Monitor::new(Threshold::above(1.0).build()?);
    /// monitor.handle_value(DateTime::UNIX_EPOCH, Some(0.0))?;
    /// monitor.handle_value(DateTime::UNIX_EPOCH, Some(2.0))?;
    /// assert!(monitor.poll_signal().is_some());
    /// assert!(monitor.poll_signal().is_none());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use = "a signal that is polled and dropped is lost"]
    pub fn poll_signal(&mut self) -> Option<Signal> {
        self.signals.pop_front()
    }

    /// On which side the series is.
    ///
    /// ```
    /// use tripline::threshold::{Monitor, Side, Threshold};
    /// assert_eq!(Monitor::new(Threshold::above(1.0).build()?).side(), Side::Unknown);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn side(&self) -> Side {
        self.state.side
    }

    /// What the series waits for.
    ///
    /// ```
    /// use tripline::threshold::{Monitor, Phase, Threshold};
    /// assert_eq!(Monitor::new(Threshold::changes_by(1.0).build()?).phase(), Phase::Watching);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn phase(&self) -> Phase {
        self.state.phase
    }

    /// Why nothing fires now, in words.
    ///
    /// ```
    /// use tripline::threshold::{Monitor, Threshold};
    /// assert_eq!(Monitor::new(Threshold::above(1.0).build()?).reason(), "no value yet");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn reason(&self) -> String {
        self.state.reason(&self.rule)
    }

    fn own_clock(&self) -> Nanos {
        self.clock.unwrap_or(Nanos::MIN).saturating_sub(self.rule.lateness)
    }

    /// Lets everything up to `until` on the monitor's own clock happen, in
    /// order: before an observation what is due before it, after it what is due with it.
    fn advance(&mut self, until: Nanos) {
        while let Some(at) = self.waiting.next_at().filter(|&at| at <= until) {
            self.expire(at.saturating_sub(1));
            let Some((_, _, value)) = self.waiting.pop() else { return };
            self.raise_floor(at);
            let step = self.state.observe(&self.rule, at, value);
            self.take(at, step, None);
            if self.waiting.next_at() != Some(at) {
                self.expire(at);
            }
        }
        if self.rule.lateness > 0 || self.clock.is_some_and(|clock| clock <= until) {
            self.expire(until);
        }
    }

    fn expire(&mut self, until: Nanos) {
        while let Some((due, step)) = self.state.expire(&self.rule, until) {
            self.raise_floor(due);
            self.take(due, step, Some(due));
        }
    }

    fn raise_floor(&mut self, at: Nanos) {
        self.floor = Some(self.floor.map_or(at, |floor| floor.max(at)));
    }

    fn take(&mut self, at: Nanos, step: Step, due_at: Option<Nanos>) {
        let (transition, crossed_at) = match step {
            Step::Quiet(_) => return,
            Step::Crossed { crossed_at, .. } => {
                self.state.set_told(&self.rule, at);
                (Transition::Crossed, crossed_at)
            }
            Step::Ended { told: false, .. } => return,
            Step::Ended { .. } if !self.rule.notify_cleared => return,
            Step::Ended { crossed_at, .. } => (Transition::Cleared, crossed_at),
            Step::Remind { crossed_at } => (Transition::Reminder, crossed_at),
        };
        self.signals.push_back(Signal { transition, time: at, crossed_at, due_at });
    }
}

impl Signal {
    /// What happened.
    ///
    /// ```
    /// # use tripline::threshold::{Monitor, Threshold, Transition};
    /// # let mut monitor = Monitor::new(Threshold::above(1.0).build()?);
    /// # monitor.handle_value(chrono::DateTime::UNIX_EPOCH, Some(0.0))?;
    /// monitor.handle_value(chrono::DateTime::UNIX_EPOCH, Some(2.0))?;
    /// assert_eq!(monitor.poll_signal().unwrap().transition(), Transition::Crossed);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn transition(&self) -> Transition {
        self.transition
    }

    /// When it happened: the due time of a deadline, else the observation's time.
    ///
    /// ```
    /// # use tripline::threshold::{Monitor, Threshold};
    /// # let mut monitor = Monitor::new(Threshold::above(1.0).build()?);
    /// # monitor.handle_value(chrono::DateTime::UNIX_EPOCH, Some(0.0))?;
    /// monitor.handle_value(chrono::DateTime::UNIX_EPOCH, Some(2.0))?;
    /// assert_eq!(monitor.poll_signal().unwrap().time(), chrono::DateTime::UNIX_EPOCH);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn time(&self) -> DateTime<Utc> {
        datetime(self.time)
    }

    /// When the episode began.
    ///
    /// ```
    /// # use tripline::threshold::{Monitor, Threshold};
    /// # let mut monitor = Monitor::new(Threshold::above(1.0).build()?);
    /// # monitor.handle_value(chrono::DateTime::UNIX_EPOCH, Some(0.0))?;
    /// monitor.handle_value(chrono::DateTime::UNIX_EPOCH, Some(2.0))?;
    /// assert_eq!(monitor.poll_signal().unwrap().crossed_at(), chrono::DateTime::UNIX_EPOCH);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn crossed_at(&self) -> DateTime<Utc> {
        datetime(self.crossed_at)
    }

    /// For what a deadline brought about (a hold, a reminder): when it was due.
    ///
    /// ```
    /// # use tripline::threshold::{Monitor, Threshold};
    /// # let mut monitor = Monitor::new(Threshold::above(1.0).build()?);
    /// # monitor.handle_value(chrono::DateTime::UNIX_EPOCH, Some(0.0))?;
    /// monitor.handle_value(chrono::DateTime::UNIX_EPOCH, Some(2.0))?;
    /// assert_eq!(monitor.poll_signal().unwrap().due_at(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        self.due_at.map(datetime)
    }

    /// For [`Transition::Cleared`]: how long the episode was, from its crossing to its end.
    ///
    /// ```
    /// # use tripline::threshold::{Monitor, Threshold};
    /// # let mut monitor = Monitor::new(Threshold::above(1.0).build()?);
    /// # monitor.handle_value(chrono::DateTime::UNIX_EPOCH, Some(0.0))?;
    /// monitor.handle_value(chrono::DateTime::UNIX_EPOCH, Some(2.0))?;
    /// assert_eq!(monitor.poll_signal().unwrap().length(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn length(&self) -> Option<Duration> {
        let length = u64::try_from(self.time.saturating_sub(self.crossed_at)).unwrap_or(0);
        (self.transition == Transition::Cleared).then(|| Duration::from_nanos(length))
    }
}

//! Where a trigger stands on a series, for a person who asks why nothing fires.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::event::{Series, SeriesRef};
use crate::threshold::{NEVER, Phase, Side};
use crate::time::{Nanos, datetime};

use super::Engine;
use super::instance::Body;
use super::numbers::is_series_kind;
use super::register::only_name;
use super::slot::LONG_AGO;

/// How many series are looked at for a trigger that asks for no single name.
const MOST_LOOKED_AT: usize = 100_000;

/// Where one trigger stands on one series.
///
/// ```
/// use chrono::DateTime;
/// use tripline::{engine::Engine, event::SeriesRef, threshold::{Phase, Threshold}, Trigger};
///
/// let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
/// engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?)?;
/// let vip = SeriesRef::segment("/s", "vip");
/// let _ = engine.observe_series(at, &vip, at, 1200.0)?;
/// let state = engine.state_of("vip", &vip).unwrap();
/// assert_eq!((state.phase(), state.value()), (Phase::Spent, Some(1200.0)));
/// assert!(state.reason().contains("must leave once"), "{}", state.reason());
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesState {
    side: Side,
    phase: Phase,
    value: Option<f64>,
    reported: Nanos,
    deadline: Nanos,
    suppressed: u64,
    waiting: usize,
    reason: String,
}

impl Engine {
    /// Where a trigger stands on a series; `None` where it has not seen it.
    ///
    /// ```
    /// use tripline::{engine::Engine, event::SeriesRef};
    /// assert!(Engine::new().state_of("no-such", &SeriesRef::segment("/s", "vip")).is_none());
    /// ```
    pub fn state_of(&self, trigger: &str, series: &SeriesRef<'_>) -> Option<SeriesState> {
        let trigger = self.register.number_of(trigger)?;
        let series = self.slots.peek(series)?;
        let is_meant = |&number: &u32| self.instances[number as usize].trigger == trigger;
        let instance = match self.solo(series) {
            Some(instance) if instance.trigger == trigger => Cow::Owned(instance),
            _ => self.up_to_date(self.instances_on(series).into_iter().find(is_meant)?),
        };
        if !instance.shown {
            return None;
        }
        let (side, phase) = match &instance.body {
            Body::Threshold(state) => (state.side, state.phase),
            Body::Silence(silence) => {
                (Side::Unknown, if silence.is_silent() { Phase::Silent } else { Phase::Watching })
            }
            Body::Task(_) => return None,
        };
        let more = instance.more.as_ref();
        let reported = match more {
            Some(more) if !instance.edge => more.reported,
            _ => Some(self.newest(series)).filter(|&newest| newest != LONG_AGO).unwrap_or(NEVER),
        };
        let value = self.last_value_of(&instance, series);
        Some(SeriesState {
            side,
            phase,
            value: (!value.is_nan()).then_some(value),
            reported,
            deadline: self.due_of_instance(&instance),
            suppressed: u64::from(instance.suppressed),
            waiting: more.map_or(0, |more| more.waiting.len()),
            reason: self.reason_of(&instance),
        })
    }

    /// Where a trigger stands on the series that it has seen, at most `most` of them, in
    /// the order in which they were first reported. A trigger that asks for other
    /// than one name is looked for on the first 100,000 series. That is no input: nothing changes.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::Engine, event::SeriesRef, threshold::{Side, Threshold}, Trigger};
    ///
    /// let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// engine.add(at, Trigger::segment_threshold_crossed("any", "*", Threshold::above(1000.0)).build()?)?;
    /// for (name, members) in [("vip", 1200.0), ("gold", 900.0)] {
    ///     let _ = engine.observe_series(at, &SeriesRef::segment("/s", name), at, members)?;
    /// }
    /// let states = engine.states_of("any", 10);
    /// assert_eq!((states[0].0.name(), states[0].1.side()), ("vip", Side::Inside));
    /// assert_eq!((states[1].0.name(), states[1].1.side()), ("gold", Side::Outside));
    /// assert!(engine.states_of("any", 1).len() == 1 && engine.states_of("no-such", 10).is_empty());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn states_of(&mut self, trigger: &str, most: usize) -> Vec<(Series, SeriesState)> {
        let watch = self.register.number_of(trigger).and_then(|number| self.register.get(number));
        let Some(watch) = watch else { return Vec::new() };
        let candidates: Vec<u32> = match only_name(&watch.trigger) {
            Some((kind, name)) if is_series_kind(kind) => {
                let mut found = self.slots.namesakes(kind, name);
                found.reverse();
                found
            }
            Some(_) => Vec::new(),
            None => (0..self.slots.len().min(MOST_LOOKED_AT) as u32).collect(),
        };
        let states = candidates.into_iter().filter_map(|number| {
            let series = self.slots.series(number);
            let state = self.state_of(trigger, &SeriesRef::from(&series))?;
            Some((series, state))
        });
        states.take(most).collect()
    }

    /// Every instance on a series; a solo has none.
    pub(super) fn instances_on(&self, series: u32) -> Vec<u32> {
        let cold = self.slots.cold(series);
        let mut all: Vec<u32> = cold.edge.instances();
        all.extend(cold.always.iter());
        all
    }
}

impl SeriesState {
    /// On which side the series is.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/state.rs")]
    /// assert_eq!(state.side(), tripline::threshold::Side::Outside);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn side(&self) -> Side {
        self.side
    }

    /// What it waits for.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/state.rs")]
    /// assert_eq!(state.phase(), tripline::threshold::Phase::Armed);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The last present value.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/state.rs")]
    /// assert_eq!(state.value(), Some(998.0));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn value(&self) -> Option<f64> {
        self.value
    }

    /// When it last reported.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/state.rs")]
    /// assert_eq!(state.reported_at(), Some(at));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn reported_at(&self) -> Option<DateTime<Utc>> {
        (self.reported != NEVER).then(|| datetime(self.reported))
    }

    /// The next deadline, on the engine's clock: the end of a hold or of a
    /// `keep`, a reminder, staleness, or a waiting observation.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/state.rs")]
    /// assert_eq!(state.next_deadline(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn next_deadline(&self) -> Option<DateTime<Utc>> {
        (self.deadline != NEVER).then(|| datetime(self.deadline))
    }

    /// How many firings the cooldown has swallowed since the last one.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/state.rs")]
    /// assert_eq!(state.suppressed(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn suppressed(&self) -> u64 {
        self.suppressed
    }

    /// How many observations wait for `lateness`.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/state.rs")]
    /// assert_eq!(state.waiting(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Why nothing fires now, in words.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/state.rs")]
    /// assert_eq!(state.reason(), "outside: armed, the next entry fires");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

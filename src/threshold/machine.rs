//! The episode machine: what one value, or one deadline, does to the state of
//! one series under one threshold.

use crate::time::{Nanos, nanos_of};

use super::condition::{Direction, Occurrences, OnFirst, OnMissing};
use super::config::Threshold;
use super::exact;
use super::key::key;
use super::window::{Window, needed};
use super::zone::{Judge, Zone};
use super::{Phase, Side};

/// No deadline.
pub(crate) const NEVER: Nanos = Nanos::MAX;

/// A threshold compiled for stepping: durations in nanoseconds, levels as keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) judge: Judge,
    pub(crate) hold: Nanos,
    pub(crate) keep: Nanos,
    pub(crate) lateness: Nanos,
    /// [`NEVER`] where off.
    stale_after: Nanos,
    /// Zero where off.
    pub(super) remind_every: Nanos,
    on_first: OnFirst,
    on_missing: OnMissing,
    pub(super) occurrences: Option<Occurrences>,
    pub(crate) notify_cleared: bool,
}

/// The state of one series under one rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) side: Side,
    pub(crate) phase: Phase,
    /// The episode's `crossed` was emitted, not swallowed.
    pub(crate) told: bool,
    /// Holding, fired: when the episode began.
    pub(crate) since: Nanos,
    /// `time` of the episode's `crossed`, if it was told.
    pub(crate) fired_at: Nanos,
    /// Only where the rule needs it.
    pub(crate) extra: Option<Box<Extra>>,
}

/// What only some options need.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Extra {
    /// The first outside observation of an episode that `keep` holds open, or [`NEVER`].
    pub(crate) outside_since: Nanos,
    pub(crate) next_reminder: Nanos,
    pub(crate) stale_at: Nanos,
    /// `changesBy`: the previous observation; NaN where there is none to compare with.
    pub(crate) previous: f64,
    pub(crate) window: Option<Window>,
}

/// What a step led to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Step {
    /// Nothing to tell, and why.
    Quiet(Why),
    /// The condition holds: an episode fires. `due` where a hold ended it.
    Crossed { crossed_at: Nanos, due: Option<Nanos> },
    /// An episode that had fired, or was spent, is over.
    Ended { crossed_at: Nanos, told: bool },
    /// A reminder of an episode that goes on.
    Remind { crossed_at: Nanos },
}

/// Why a step told nothing; the words are in `reason.rs`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Why {
    FirstInside,
    FirstOutside,
    Outside,
    SameEpisode,
    Spent,
    Band,
    HoldStarted { due: Nanos },
    HoldRuns { due: Nanos },
    HoldCancelled,
    KeepStarted { due: Nanos },
    KeepRuns { due: Nanos },
    Missing,
    MissingCancelledHold,
    TooFew { inside: u32, needed: u32 },
    NothingToCompare,
    ChangedTooLittle,
    WrongDirection,
    Stale,
}

impl Rule {
    pub(crate) fn new(threshold: &Threshold) -> Self {
        Self {
            judge: Judge::new(threshold),
            hold: nanos_of(threshold.hold()),
            keep: nanos_of(threshold.keep()),
            lateness: nanos_of(threshold.lateness()),
            stale_after: threshold.stale_after().map_or(NEVER, nanos_of),
            remind_every: threshold.remind_every().map_or(0, nanos_of),
            on_first: threshold.on_first(),
            on_missing: threshold.on_missing(),
            occurrences: threshold.occurrences(),
            notify_cleared: threshold.notify_cleared(),
        }
    }

    /// True where only a value that changes sides can change anything, so that
    /// the others need not be shown to the state at all.
    pub(crate) fn is_edge_driven(&self) -> bool {
        matches!(self.judge, Judge::Level(_))
            && self.stale_after == NEVER
            && self.occurrences.is_none()
            && self.on_missing == OnMissing::Keep
            && self.lateness == 0
    }

    /// The keys through which a value can move without anything changing,
    /// given the state; `None` where every value must be shown to it.
    pub(crate) fn quiet(&self, state: &State, value: f64) -> Option<(i64, i64)> {
        let Judge::Level(level) = &self.judge else { return None };
        let waits_for_a_value =
            state.side == Side::Unknown || (state.phase == Phase::Armed && state.side == Side::Inside);
        if waits_for_a_value || value.is_nan() || !self.is_edge_driven() {
            return None;
        }
        Some(level.quiet(state.side == Side::Inside, key(value)))
    }

    /// Every key at which a value can leave a quiet interval: two upward, two downward.
    pub(crate) fn edges(&self) -> [Option<i64>; 4] {
        match &self.judge {
            Judge::Level(level) => level.edges(),
            Judge::Change { .. } => [None; 4],
        }
    }

    /// True where some deadline of this rule refers back to the event that began the episode.
    pub(crate) fn has_timers(&self) -> bool {
        self.hold > 0 || self.keep > 0 || self.remind_every > 0 || self.stale_after != NEVER
    }

    /// When a value reported at `at` stops standing: a nanosecond after `staleAfter`, at which it still does.
    pub(super) fn stale_at(&self, at: Nanos) -> Nanos {
        if self.stale_after == NEVER { NEVER } else { at.saturating_add(self.stale_after).saturating_add(1) }
    }

    fn needs_extra(&self) -> bool {
        self.keep > 0
            || self.remind_every > 0
            || self.stale_after != NEVER
            || self.occurrences.is_some()
            || matches!(self.judge, Judge::Change { .. })
    }

    /// True where the state of one rule means the same under the other.
    pub(super) fn judges_like(&self, other: &Self) -> bool {
        self.judge == other.judge
            && self.occurrences == other.occurrences
            && self.on_missing == other.on_missing
    }
}

impl Extra {
    pub(super) fn new(rule: &Rule) -> Self {
        Self {
            outside_since: NEVER,
            next_reminder: NEVER,
            stale_at: NEVER,
            previous: f64::NAN,
            window: rule.occurrences.map(Window::new),
        }
    }
}

impl State {
    pub(crate) fn new(rule: &Rule) -> Self {
        let phase = if matches!(rule.judge, Judge::Change { .. }) { Phase::Watching } else { Phase::Unseen };
        let extra = rule.needs_extra().then(|| Box::new(Extra::new(rule)));
        Self { side: Side::Unknown, phase, told: false, since: 0, fired_at: 0, extra }
    }

    /// One observation at `at`; NaN is a missing value. The caller has seen to
    /// it that nothing newer was applied and that what was due before is done.
    pub(crate) fn observe(&mut self, rule: &Rule, at: Nanos, value: f64) -> Step {
        if let Some(extra) = &mut self.extra {
            extra.stale_at = rule.stale_at(at);
        }
        match rule.judge {
            Judge::Change { amount, percent, direction } => {
                self.change(at, value, amount, percent, direction)
            }
            Judge::Level(_) if value.is_nan() => self.missing(rule, at),
            Judge::Level(level) => {
                let zone = level.zone(key(value));
                match rule.occurrences {
                    None => self.zone(rule, at, zone),
                    Some(occurrences) => self.count(rule, at, zone, occurrences),
                }
            }
        }
    }

    /// The next instant at which something happens without an observation.
    pub(crate) fn deadline(&self, rule: &Rule) -> Nanos {
        let hold = if self.phase == Phase::Holding { self.since.saturating_add(rule.hold) } else { NEVER };
        let Some(extra) = &self.extra else { return hold };
        hold.min(extra.keep_until(rule)).min(self.stale_due(extra)).min(self.reminder_due(extra))
    }

    /// Does the first thing that is due at `until` or before. Call it again
    /// until it gives nothing.
    pub(crate) fn expire(&mut self, rule: &Rule, until: Nanos) -> Option<(Nanos, Step)> {
        let due = self.deadline(rule);
        if due > until || due == NEVER {
            return None;
        }
        // At one instant staleness comes first: a value that no longer stands holds nothing.
        if self.extra.as_ref().is_some_and(|extra| self.stale_due(extra) == due) {
            return Some((due, self.stale(rule, due)));
        }
        if self.phase == Phase::Holding && self.since.saturating_add(rule.hold) == due {
            self.phase = Phase::Fired;
            self.told = false;
            return Some((due, Step::Crossed { crossed_at: self.since, due: Some(due) }));
        }
        let extra = self.extra.as_mut()?;
        if extra.keep_until(rule) == due {
            return Some((due, self.end()));
        }
        extra.next_reminder = extra.next_reminder.saturating_add(rule.remind_every);
        Some((due, Step::Remind { crossed_at: self.since }))
    }

    /// The caller emitted the `crossed` firing of this episode, with this `time`.
    pub(crate) fn set_told(&mut self, rule: &Rule, time: Nanos) {
        self.told = true;
        self.fired_at = time;
        if let Some(extra) = &mut self.extra {
            extra.next_reminder =
                if rule.remind_every > 0 { time.saturating_add(rule.remind_every) } else { NEVER };
        }
    }

    fn zone(&mut self, rule: &Rule, at: Nanos, zone: Zone) -> Step {
        match zone {
            Zone::In => self.enter(rule, at),
            Zone::Out => self.leave(rule, at),
            Zone::Band if self.phase == Phase::Unseen => self.leave(rule, at),
            Zone::Band => Step::Quiet(Why::Band),
        }
    }

    fn enter(&mut self, rule: &Rule, at: Nanos) -> Step {
        self.known(rule, at, Side::Inside);
        match self.phase {
            Phase::Unseen if rule.on_first == OnFirst::Quiet => {
                self.phase = Phase::Spent;
                Step::Quiet(Why::FirstInside)
            }
            Phase::Unseen | Phase::Armed => self.begin(rule, at),
            Phase::Holding => Step::Quiet(Why::HoldRuns { due: self.since.saturating_add(rule.hold) }),
            phase => {
                if let Some(extra) = &mut self.extra {
                    extra.outside_since = NEVER;
                }
                Step::Quiet(if phase == Phase::Spent { Why::Spent } else { Why::SameEpisode })
            }
        }
    }

    pub(super) fn begin(&mut self, rule: &Rule, at: Nanos) -> Step {
        self.since = at;
        self.told = false;
        if rule.hold == 0 {
            self.phase = Phase::Fired;
            return Step::Crossed { crossed_at: at, due: None };
        }
        self.phase = Phase::Holding;
        Step::Quiet(Why::HoldStarted { due: at.saturating_add(rule.hold) })
    }

    fn leave(&mut self, rule: &Rule, at: Nanos) -> Step {
        self.known(rule, at, Side::Outside);
        match self.phase {
            Phase::Unseen => {
                self.phase = Phase::Armed;
                Step::Quiet(Why::FirstOutside)
            }
            Phase::Holding => {
                self.phase = Phase::Armed;
                Step::Quiet(Why::HoldCancelled)
            }
            Phase::Fired | Phase::Spent => match &mut self.extra {
                // (An outside time that `keep` measured before it was taken away ends by its deadline.)
                Some(extra) if rule.keep > 0 || extra.outside_since != NEVER => {
                    if extra.outside_since == NEVER {
                        extra.outside_since = at;
                        return Step::Quiet(Why::KeepStarted { due: extra.keep_until(rule) });
                    }
                    Step::Quiet(Why::KeepRuns { due: extra.keep_until(rule) })
                }
                _ => self.end(),
            },
            _ => Step::Quiet(Why::Outside),
        }
    }

    /// The side is known (again): reminders go on at the first point of their grid that is not past.
    fn known(&mut self, rule: &Rule, at: Nanos, side: Side) {
        if self.side == Side::Unknown
            && let Some(extra) = &mut self.extra
            && extra.next_reminder != NEVER
        {
            extra.next_reminder = grid_from(extra.next_reminder, rule.remind_every, at);
        }
        self.side = side;
    }

    fn end(&mut self) -> Step {
        let ended = Step::Ended { crossed_at: self.since, told: self.told && self.phase == Phase::Fired };
        self.phase = Phase::Armed;
        self.told = false;
        if let Some(extra) = &mut self.extra {
            extra.outside_since = NEVER;
            extra.next_reminder = NEVER;
        }
        ended
    }

    fn missing(&mut self, rule: &Rule, at: Nanos) -> Step {
        match (rule.on_missing, rule.occurrences) {
            (OnMissing::Keep, _) | (OnMissing::Outside, Some(_)) if self.phase == Phase::Holding => {
                self.phase = Phase::Armed;
                Step::Quiet(Why::MissingCancelledHold)
            }
            (OnMissing::Inside, None) => self.enter(rule, at),
            (OnMissing::Outside, None) => self.leave(rule, at),
            _ => Step::Quiet(Why::Missing),
        }
    }

    fn count(&mut self, rule: &Rule, at: Nanos, zone: Zone, occurrences: Occurrences) -> Step {
        let Some(extra) = &mut self.extra else { return Step::Quiet(Why::Missing) };
        let window = extra.window.get_or_insert_with(|| Window::new(occurrences));
        let inside = window.push(occurrences, at, zone == Zone::In);
        if inside >= needed(occurrences) {
            return self.enter(rule, at);
        }
        match self.leave(rule, at) {
            Step::Quiet(Why::Outside | Why::FirstOutside) => {
                Step::Quiet(Why::TooFew { inside, needed: needed(occurrences) })
            }
            step => step,
        }
    }

    fn change(&mut self, at: Nanos, value: f64, amount: f64, percent: bool, direction: Direction) -> Step {
        let Some(extra) = &mut self.extra else { return Step::Quiet(Why::NothingToCompare) };
        let previous = std::mem::replace(&mut extra.previous, value);
        if value.is_nan() {
            return Step::Quiet(Why::Missing);
        }
        if !previous.is_finite() {
            return Step::Quiet(Why::NothingToCompare);
        }
        let enough = match percent {
            true => exact::moved_by_percent(value, previous, amount),
            false => exact::moved_by(value, previous, amount),
        };
        if !enough || value == previous {
            return Step::Quiet(Why::ChangedTooLittle);
        }
        let asked = match direction {
            Direction::Up => value > previous,
            Direction::Down => value < previous,
            Direction::Either => true,
        };
        if asked { Step::Crossed { crossed_at: at, due: None } } else { Step::Quiet(Why::WrongDirection) }
    }

    fn stale(&mut self, rule: &Rule, at: Nanos) -> Step {
        if let Some(extra) = &mut self.extra {
            extra.stale_at = NEVER;
            extra.previous = f64::NAN;
        }
        if rule.on_missing == OnMissing::Outside && self.phase != Phase::Watching {
            return self.leave(rule, at);
        }
        self.side = Side::Unknown;
        if self.phase == Phase::Holding {
            self.phase = Phase::Armed;
        }
        if let Some(extra) = &mut self.extra {
            extra.outside_since = NEVER;
        }
        Step::Quiet(Why::Stale)
    }

    fn stale_due(&self, extra: &Extra) -> Nanos {
        if self.side == Side::Unknown && extra.previous.is_nan() { NEVER } else { extra.stale_at }
    }

    fn reminder_due(&self, extra: &Extra) -> Nanos {
        let goes_on = self.phase == Phase::Fired && self.told && self.side != Side::Unknown;
        if goes_on { extra.next_reminder } else { NEVER }
    }
}

impl Extra {
    fn keep_until(&self, rule: &Rule) -> Nanos {
        self.outside_since.saturating_add(rule.keep)
    }
}

/// The first point of the grid `from`, `from + every`, … that is not before `at`.
pub(super) fn grid_from(from: Nanos, every: Nanos, at: Nanos) -> Nanos {
    if from >= at || every <= 0 {
        return from;
    }
    let gap = i128::from(at) - i128::from(from);
    let steps = (gap + i128::from(every) - 1) / i128::from(every);
    Nanos::try_from(i128::from(from) + steps * i128::from(every)).unwrap_or(NEVER)
}

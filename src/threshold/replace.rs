//! The same series under a changed rule (SPEC section 3, rule 14): the last
//! value is judged again as a state, not as an edge.

use crate::time::Nanos;

use super::key::key;
use super::machine::{Extra, NEVER, Rule, State, Step, Why, grid_from};
use super::window::{Window, needed};
use super::zone::{Judge, Zone};
use super::{Phase, Side};

/// What a state is judged again with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rejudge {
    /// The last present value; NaN for none.
    pub(crate) last: f64,
    /// When the series last reported; [`NEVER`] for not yet.
    pub(crate) reported: Nanos,
    pub(crate) now: Nanos,
    /// A value that is inside counts as an edge at `now`.
    pub(crate) apply_now: bool,
}

impl State {
    /// Takes over from the state of the `old` rule.
    pub(crate) fn replace(&mut self, old: &Rule, new: &Rule, with: Rejudge) -> Step {
        let mut before = std::mem::replace(self, Self::new(new));
        if let Some(extra) = &mut self.extra
            && with.reported != NEVER
        {
            extra.stale_at = new.stale_at(with.reported);
        }
        if old.judges_like(new) {
            (self.side, self.phase, self.told) = (before.side, before.phase, before.told);
            (self.since, self.fired_at) = (before.since, before.fired_at);
            if before.extra.as_ref().is_some_and(|was| was.outside_since != NEVER) {
                // Without `keep` the episode that it held open is over; it ends as a deadline that is due.
                self.extra.get_or_insert_with(|| Box::new(Extra::new(new)));
            }
            if let (Some(extra), Some(was)) = (&mut self.extra, &mut before.extra) {
                if old.stale_at(0) != NEVER && was.stale_at == NEVER {
                    extra.stale_at = NEVER; // it has gone off
                }
                (extra.outside_since, extra.previous) = (was.outside_since, was.previous);
                extra.window = was.window.take();
            }
            self.remind_again(&before, old, new, true, with.now);
            return Step::Quiet(Why::Outside);
        }
        if with.last.is_nan() {
            return Step::Quiet(Why::Missing);
        }
        let stale = before.side == Side::Unknown && !matches!(before.phase, Phase::Unseen | Phase::Watching);
        let Judge::Level(level) = new.judge else {
            if let Some(extra) = &mut self.extra
                && !stale
            {
                extra.previous = with.last;
            }
            return Step::Quiet(Why::NothingToCompare);
        };
        let zone = self.zone_of_last(new, level.zone(key(with.last)), with);
        self.judge_again(&before, new, zone, stale, with).unwrap_or_else(|| {
            self.remind_again(&before, old, new, zone == Zone::Band, with.now);
            Step::Quiet(Why::Outside)
        })
    }

    /// The zone that counts: with `occurrences`, the window starts afresh with the last value.
    fn zone_of_last(&mut self, new: &Rule, zone: Zone, with: Rejudge) -> Zone {
        let (Some(occurrences), Some(extra)) = (new.occurrences, self.extra.as_mut()) else { return zone };
        let window = extra.window.get_or_insert_with(|| Window::new(occurrences));
        let inside = window.push(occurrences, with.reported.min(with.now), zone == Zone::In);
        if inside >= needed(occurrences) { Zone::In } else { Zone::Out }
    }

    /// Sets side and phase; a step where the value counts as an edge.
    fn judge_again(
        &mut self,
        before: &Self,
        new: &Rule,
        zone: Zone,
        stale: bool,
        with: Rejudge,
    ) -> Option<Step> {
        let was_inside = before.side == Side::Inside || stale;
        let side = |side| if stale { Side::Unknown } else { side };
        match zone {
            Zone::In if before.phase == Phase::Fired => {
                self.side = side(Side::Inside);
                self.go_on(before);
            }
            Zone::In if with.apply_now && !stale => {
                self.side = Side::Inside;
                return Some(self.begin(new, with.now));
            }
            Zone::In => (self.side, self.phase) = (side(Side::Inside), Phase::Spent),
            Zone::Band if was_inside => {
                self.side = side(Side::Inside);
                self.go_on(before);
            }
            Zone::Band | Zone::Out => (self.side, self.phase) = (side(Side::Outside), Phase::Armed),
        }
        None
    }

    /// The episode goes on; a running hold does not.
    fn go_on(&mut self, before: &Self) {
        self.phase = if before.phase == Phase::Holding { Phase::Armed } else { before.phase };
        (self.told, self.since, self.fired_at) = (before.told, before.since, before.fired_at);
    }

    /// Reminders of an episode that goes on: on their old grid where it is kept, else from `now` on.
    fn remind_again(&mut self, before: &Self, old: &Rule, new: &Rule, keeps_grid: bool, now: Nanos) {
        let first = self.fired_at.saturating_add(new.remind_every);
        let Some(extra) = &mut self.extra else { return };
        if self.phase != Phase::Fired || !self.told || new.remind_every == 0 {
            return;
        }
        extra.next_reminder = match &before.extra {
            Some(was) if keeps_grid && old.remind_every == new.remind_every && was.next_reminder != NEVER => {
                was.next_reminder
            }
            _ => grid_from(first, new.remind_every, now.saturating_add(1)),
        };
    }
}

//! Unification: map, match and merge of one job, in whatever order they end.

use crate::event::{Outcome, Process};
use crate::time::Nanos;

/// The three phases.
pub(in crate::engine) const PHASES: [Process; 3] = [Process::MAP, Process::MATCH, Process::MERGE];

/// Which phase a process is.
pub(in crate::engine) fn phase_of(process: &Process) -> Option<usize> {
    PHASES.iter().position(|phase| phase == process)
}

/// What is known of one job's unification.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct Phases<T> {
    pub(in crate::engine) ends: [Option<End<T>>; 3],
}

/// The end of a phase.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct End<T> {
    pub(in crate::engine) at: Nanos,
    pub(in crate::engine) outcome: Outcome,
    pub(in crate::engine) report: T,
}

impl<T> Default for Phases<T> {
    fn default() -> Self {
        Self { ends: [None, None, None] }
    }
}

impl<T> Phases<T> {
    /// A phase has ended. Of several ends of one the first in time counts, so
    /// that the order in which they arrive does not matter.
    pub(super) fn note(&mut self, phase: usize, end: End<T>) {
        let place = &mut self.ends[phase];
        if place.as_ref().is_none_or(|known| end.at < known.at) {
            *place = Some(end);
        }
    }

    /// The names of those that have not ended.
    pub(super) fn missing(&self) -> impl Iterator<Item = &'static str> {
        let names = ["map", "match", "merge"];
        names.into_iter().zip(&self.ends).filter(|(_, end)| end.is_none()).map(|(name, _)| name)
    }

    /// Once all three have ended: how all in all, each, and which ended last.
    pub(super) fn judge(self) -> Result<Judged<T>, Self> {
        let [Some(map), Some(r#match), Some(merge)] = self.ends else { return Err(self) };
        let outcomes = [map.outcome.clone(), r#match.outcome.clone(), merge.outcome.clone()];
        let mut last = map;
        for end in [r#match, merge] {
            if end.at >= last.at {
                last = end;
            }
        }
        Ok(Judged { outcome: overall(&outcomes), outcomes, last })
    }
}

/// A unification that is over.
#[derive(Debug)]
pub(super) struct Judged<T> {
    pub(super) outcome: Outcome,
    pub(super) outcomes: [Outcome; 3],
    pub(super) last: End<T>,
}

/// Succeeded if all three did, else the worst that any of them has; a word
/// that is not known counts only where no known one says more.
fn overall(outcomes: &[Outcome; 3]) -> Outcome {
    let worst = [Outcome::FAILED, Outcome::TIMED_OUT, Outcome::CANCELED, Outcome::SKIPPED];
    let unknown = || outcomes.iter().find(|outcome| **outcome != Outcome::SUCCEEDED).cloned();
    worst
        .into_iter()
        .find(|outcome| outcomes.contains(outcome))
        .or_else(unknown)
        .unwrap_or(Outcome::SUCCEEDED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(ends: [(usize, Nanos, &str); 3]) -> (String, Nanos) {
        let mut phases = Phases::default();
        for (phase, at, outcome) in ends {
            phases.note(phase, End { at, outcome: outcome.into(), report: phase });
        }
        let judged = phases.judge().unwrap();
        (judged.outcome.as_str().to_owned(), judged.last.at)
    }

    #[test]
    fn the_outcome_is_the_worst_of_the_three_in_any_order_of_arrival() {
        let ends = [(0, 1, "succeeded"), (1, 2, "skipped"), (2, 3, "canceled")];
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        for order in orders {
            assert_eq!(judged(order.map(|at| ends[at])), ("canceled".to_owned(), 3));
        }
        let all = |a, b, c| judged([(0, 1, a), (1, 2, b), (2, 3, c)]).0;
        assert_eq!(all("succeeded", "succeeded", "succeeded"), "succeeded");
        assert_eq!(all("timedOut", "failed", "canceled"), "failed");
        assert_eq!(all("succeeded", "halfDone", "other"), "halfDone");
        assert_eq!(all("halfDone", "skipped", "succeeded"), "skipped");
    }

    #[test]
    fn the_first_end_of_a_phase_counts_and_the_missing_are_named() {
        let mut phases = Phases::default();
        for (at, outcome) in [(5, "failed"), (9, "succeeded"), (3, "skipped")] {
            phases.note(1, End { at, outcome: outcome.into(), report: () });
        }
        assert_eq!(phases.ends[1].as_ref().map(|end| end.outcome.as_str()), Some("skipped"));
        assert_eq!(phases.missing().collect::<Vec<_>>(), ["map", "merge"]);
        assert!(phases.judge().is_err());
        assert_eq!(phase_of(&Process::MERGE), Some(2));
        assert_eq!(phase_of(&Process::INGESTION), None);
    }
}

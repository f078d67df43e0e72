//! `settle`: a failure waits whether a success follows.

use crate::threshold::NEVER;
use crate::time::Nanos;

/// Failures that wait, and successes that are remembered, of one item.
const MOST: usize = 64;

/// The failures of one item that no success has answered yet.
///
/// ```text
///   failure   failure       success                failure
///  ----x---------x-------------o--------------------x------------------|--->
///      |<------------ settle ------------>|         |<---- settle ---->|
///      (answered, both)                             (fires when it is over)
/// ```
///
/// The first failure of a run decides when the run is judged; the others do
/// not restart it. Tasks come in any order: the latest successes are remembered,
/// for a failure that they answer may still arrive.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct Settling<T> {
    /// By time, those of one time as they came.
    pub(in crate::engine) failures: Vec<Failed<T>>,
    /// Sorted.
    pub(in crate::engine) successes: Vec<Nanos>,
    /// The first failure and the deadline of the latest run that has fired.
    pub(in crate::engine) told: Option<(Nanos, Nanos)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct Failed<T> {
    pub(in crate::engine) at: Nanos,
    pub(in crate::engine) is_retrying: bool,
    pub(in crate::engine) report: T,
}

/// What became of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Fate {
    /// It waits.
    Waits,
    /// It arrived after the success at this time, which follows it.
    Answered(Nanos),
    /// It belongs to a run that has fired at this time.
    Covered(Nanos),
    /// It waits in the place of the newest, as many as may waited already.
    Crowds,
    /// As many wait already as may.
    Full,
}

impl<T> Default for Settling<T> {
    fn default() -> Self {
        Self { failures: Vec::new(), successes: Vec::new(), told: None }
    }
}

impl<T> Settling<T> {
    pub(super) fn fail(&mut self, failed: Failed<T>, settle: Nanos) -> Fate {
        let (at, until) = (failed.at, failed.at.saturating_add(settle));
        let next = self.successes.partition_point(|&success| success <= at);
        if let Some(&success) = self.successes.get(next).filter(|&&success| success <= until) {
            return Fate::Answered(success);
        }
        if let Some((first, due)) = self.told {
            let recovered = self.successes[..next].last().is_some_and(|&success| success >= first);
            if at <= due && first <= until && !recovered {
                return Fate::Covered(due);
            }
        }
        let is_crowded = self.failures.len() >= MOST;
        if is_crowded {
            if self.failures.first().is_some_and(|first| first.at <= at) {
                return Fate::Full;
            }
            self.failures.pop();
        }
        let place = self.failures.partition_point(|other| other.at <= at);
        self.failures.insert(place, failed);
        if is_crowded { Fate::Crowds } else { Fate::Waits }
    }

    /// A success: how many failures it answers. The latest ones are remembered.
    pub(super) fn succeed(&mut self, at: Nanos, settle: Nanos) -> usize {
        let before = self.failures.len();
        self.failures.retain(|failed| failed.at > at || at > failed.at.saturating_add(settle));
        let place = self.successes.partition_point(|&other| other <= at);
        self.successes.insert(place, at);
        self.successes.drain(..self.successes.len().saturating_sub(MOST));
        before - self.failures.len()
    }

    /// When the first run is judged; [`NEVER`] where nothing waits.
    pub(super) fn due(&self, settle: Nanos) -> Nanos {
        self.failures.first().map_or(NEVER, |first| first.at.saturating_add(settle).min(NEVER - 1))
    }

    /// The first run is over and no success came: its deadline and its first failure.
    pub(super) fn expire(&mut self, settle: Nanos) -> Option<(Nanos, Failed<T>)> {
        let due = self.due(settle);
        let run = self.failures.partition_point(|failed| failed.at <= due);
        let first = self.failures.drain(..run).next()?;
        if self.told.is_none_or(|(_, told)| told < due) {
            self.told = Some((first.at, due));
        }
        Some((due, first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Nanos = 10;

    fn fail(settling: &mut Settling<u32>, at: Nanos) -> Fate {
        settling.fail(Failed { at, is_retrying: false, report: at as u32 }, SETTLE)
    }

    fn waiting(settling: &Settling<u32>) -> Vec<Nanos> {
        settling.failures.iter().map(|failed| failed.at).collect()
    }

    #[test]
    fn the_first_failure_of_a_run_decides_when_it_fires_and_the_others_go_with_it() {
        let mut settling = Settling::default();
        assert_eq!([0, 4, 10, 11].map(|at| fail(&mut settling, at)), [Fate::Waits; 4]);
        assert_eq!(settling.due(SETTLE), 10);
        let (due, first) = settling.expire(SETTLE).unwrap();
        assert_eq!((due, first.at), (10, 0));
        assert_eq!((waiting(&settling), settling.due(SETTLE)), (vec![11], 21));
    }

    #[test]
    fn a_success_answers_what_failed_before_it_up_to_the_very_end_of_the_span() {
        let mut settling = Settling::default();
        assert_eq!([0, 4, 8].map(|at| fail(&mut settling, at)), [Fate::Waits; 3]);
        assert_eq!(settling.succeed(4, SETTLE), 2);
        assert_eq!(waiting(&settling), [8]);
        assert_eq!(settling.succeed(19, SETTLE), 0, "a nanosecond too late");
        assert_eq!(settling.succeed(18, SETTLE), 1);
    }

    #[test]
    fn a_failure_that_arrives_after_its_success_is_answered_and_one_at_the_same_time_is_not() {
        let mut settling = Settling::default();
        settling.succeed(7, SETTLE);
        assert_eq!(fail(&mut settling, 5), Fate::Answered(7));
        assert_eq!(fail(&mut settling, 7), Fate::Waits);
    }

    #[test]
    fn a_late_failure_of_a_run_that_fired_is_covered_unless_a_success_lies_between() {
        let mut settling = Settling::default();
        fail(&mut settling, 10);
        settling.expire(SETTLE).unwrap();
        assert_eq!(fail(&mut settling, 15), Fate::Covered(20));
        assert_eq!(fail(&mut settling, 0), Fate::Covered(20), "its own span reaches the run");
        assert_eq!(fail(&mut settling, -1), Fate::Waits);
        settling.succeed(13, SETTLE);
        assert_eq!(fail(&mut settling, 15), Fate::Waits);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut settling = Settling::default();
        for at in 0..200 {
            settling.succeed(at, 1_000);
        }
        assert_eq!((settling.successes.len(), settling.successes[0]), (64, 136));
        for at in 0..64 {
            assert_eq!(fail(&mut settling, 1_000 - at), Fate::Waits);
        }
        assert_eq!(fail(&mut settling, 1_000), Fate::Full);
        assert_eq!(fail(&mut settling, 900), Fate::Crowds);
        assert_eq!((waiting(&settling).len(), waiting(&settling)[63]), (64, 999));
    }
}

//! Which step runs after which.

use super::step::{Step, StepOutcome};

/// What a step runs after: which other, and how that must have ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct After {
    pub(super) step: usize,
    pub(super) outcomes: Vec<StepOutcome>,
}

/// For each step what it runs after, in the order of the steps. A name that is
/// no step is left out; of two steps with one name the first counts.
pub(super) fn befores(steps: &[Step]) -> Vec<Vec<After>> {
    let of = |(at, step): (usize, &Step)| match (&step.run_after, at.checked_sub(1)) {
        (None, None) => Vec::new(),
        (None, Some(before)) => vec![After { step: before, outcomes: vec![StepOutcome::Succeeded] }],
        (Some(after), _) => {
            let mut befores: Vec<After> = after
                .iter()
                .filter_map(|(name, outcomes)| {
                    let step = steps.iter().position(|step| step.name == *name)?;
                    Some(After { step, outcomes: outcomes.iter().copied().collect() })
                })
                .collect();
            befores.sort_by_key(|after| after.step);
            befores
        }
    };
    steps.iter().enumerate().map(of).collect()
}

/// The steps in an order in which each comes after those that it runs after, or
/// those that are on a circle or behind one.
pub(super) fn order(befores: &[Vec<After>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut order = Vec::with_capacity(befores.len());
    let mut is_placed = vec![false; befores.len()];
    while order.len() < befores.len() {
        let is_free = |at: &usize| !is_placed[*at] && befores[*at].iter().all(|after| is_placed[after.step]);
        let free: Vec<usize> = (0..befores.len()).filter(is_free).collect();
        if free.is_empty() {
            return Err((0..befores.len()).filter(|at| !is_placed[*at]).collect());
        }
        free.iter().for_each(|at| is_placed[*at] = true);
        order.extend(free);
    }
    Ok(order)
}

/// One circle among the steps, as it is walked.
pub(super) fn circle(befores: &[Vec<After>]) -> Option<Vec<usize>> {
    let stuck = order(befores).err()?;
    // Whoever waits for somebody who waits, and so on, comes by the same one again.
    let mut walk = vec![*stuck.first()?];
    loop {
        let next = befores[*walk.last()?].iter().map(|after| after.step).find(|at| stuck.contains(at))?;
        if let Some(start) = walk.iter().position(|at| *at == next) {
            return Some(walk.split_off(start));
        }
        walk.push(next);
    }
}

/// For each step whether another surely has ended when it runs.
pub(super) fn ancestors(befores: &[Vec<After>]) -> Vec<Vec<bool>> {
    let mut all = vec![vec![false; befores.len()]; befores.len()];
    for at in order(befores).unwrap_or_default() {
        let mut own = vec![false; befores.len()];
        for after in &befores[at] {
            own[after.step] = true;
            for (own, theirs) in own.iter_mut().zip(&all[after.step]) {
                *own |= theirs;
            }
        }
        all[at] = own;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(after: &[(&str, &[&str])]) -> Vec<Step> {
        let of = |(name, befores): &(&str, &[&str])| {
            let step = Step::new(*name, "log").with_run_at_once();
            befores.iter().fold(step, |step, before| step.with_run_after(*before, [StepOutcome::Succeeded]))
        };
        after.iter().map(of).collect()
    }

    #[test]
    fn a_circle_is_found_and_walked_and_what_hangs_behind_it_is_no_part_of_it() {
        let befores =
            befores(&steps(&[("a", &[]), ("b", &["a", "d"]), ("c", &["b"]), ("d", &["c"]), ("e", &["d"])]));
        assert_eq!(order(&befores), Err(vec![1, 2, 3, 4]));
        assert_eq!(circle(&befores), Some(vec![1, 3, 2]));
    }

    #[test]
    fn a_step_after_itself_is_a_circle() {
        assert_eq!(circle(&befores(&steps(&[("a", &["a"])]))), Some(vec![0]));
    }

    #[test]
    fn ancestors_are_those_that_run_before_on_every_way() {
        let befores = befores(&steps(&[("d", &["b", "c"]), ("b", &["a"]), ("c", &["a"]), ("a", &[])]));
        assert_eq!(order(&befores), Ok(vec![3, 1, 2, 0]));
        let all = ancestors(&befores);
        assert_eq!(all[0], [false, true, true, true]);
        assert_eq!(all[1], [false, false, false, true]);
    }

    #[test]
    fn without_run_after_a_step_runs_after_the_one_before_on_success() {
        let befores = befores(&[Step::new("a", "x"), Step::new("b", "x")]);
        assert!(befores[0].is_empty());
        assert_eq!(befores[1], [After { step: 0, outcomes: vec![StepOutcome::Succeeded] }]);
    }
}

//! Which of the recent observations were inside: `occurrences`.

use std::collections::VecDeque;

use crate::time::{Nanos, nanos_of};

use super::condition::Occurrences;

/// The recent present observations, as far as `occurrences` asks for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Window {
    /// The last `n` observations, inside or not, oldest first.
    Last { recent: VecDeque<bool>, inside: u32 },
    /// The instants of the latest inside observations, no more than are asked for.
    Times(VecDeque<Nanos>),
}

impl Window {
    pub(crate) fn new(occurrences: Occurrences) -> Self {
        match occurrences {
            Occurrences::OfLast { of_last, .. } => {
                Self::Last { recent: VecDeque::with_capacity(of_last as usize), inside: 0 }
            }
            Occurrences::Within { at_least, .. } => Self::Times(VecDeque::with_capacity(at_least as usize)),
        }
    }

    /// Takes in one present observation and counts: how many of those that are
    /// asked about were inside (for a span of time, no more than `at_least`).
    pub(crate) fn push(&mut self, occurrences: Occurrences, at: Nanos, is_inside: bool) -> u32 {
        match (self, occurrences) {
            (Self::Last { recent, inside }, Occurrences::OfLast { of_last, .. }) => {
                if recent.len() == of_last as usize {
                    *inside -= u32::from(recent.pop_front() == Some(true));
                }
                recent.push_back(is_inside);
                *inside += u32::from(is_inside);
                *inside
            }
            (Self::Times(times), Occurrences::Within { at_least, within }) => {
                let oldest = at.saturating_sub(nanos_of(within));
                while times.front().is_some_and(|&time| time < oldest) {
                    times.pop_front();
                }
                if is_inside {
                    if times.len() == at_least as usize {
                        times.pop_front();
                    }
                    times.push_back(at);
                }
                u32::try_from(times.len()).unwrap_or(u32::MAX)
            }
            // A window of another kind was restored: start afresh.
            (window, occurrences) => {
                *window = Self::new(occurrences);
                window.push(occurrences, at, is_inside)
            }
        }
    }
}

/// How many inside observations make the condition hold.
pub(crate) fn needed(occurrences: Occurrences) -> u32 {
    match occurrences {
        Occurrences::OfLast { at_least, .. } | Occurrences::Within { at_least, .. } => at_least,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_last_n_forget_what_is_older() {
        let three_of_four = Occurrences::of_last(3, 4);
        let mut window = Window::new(three_of_four);
        let counts: Vec<u32> = [true, true, false, true, false, false]
            .iter()
            .map(|&inside| window.push(three_of_four, 0, inside))
            .collect();
        assert_eq!(counts, [1, 2, 2, 3, 2, 1]);
    }

    #[test]
    fn a_span_of_time_includes_what_is_exactly_its_length_ago() {
        let two_in_ten = Occurrences::within(2, Duration::from_nanos(10));
        let mut window = Window::new(two_in_ten);
        assert_eq!(window.push(two_in_ten, 0, true), 1);
        assert_eq!(window.push(two_in_ten, 10, true), 2);
        assert_eq!(window.push(two_in_ten, 21, true), 1);
    }
}

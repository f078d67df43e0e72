//! Names that flows have in common.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashSet;

/// The names of steps, actions and targets, each kept once for as long as a
/// flow or a run has it. Flows share most of them, and what every run touches
/// is then in the same place, whichever flow it is of.
///
/// Looked up alone: its order, drawn anew by every process, is never seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    known: HashSet<Arc<str>, RandomState>,
    /// How many there may be before those are let go that nobody has any more.
    enough: usize,
}

/// Fewer are not worth looking through.
const SLACK: usize = 64;

impl Texts {
    pub(super) fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        if self.known.len() >= self.enough {
            self.known.retain(|text| Arc::strong_count(text) > 1);
            self.enough = 2 * self.known.len() + SLACK;
        }
        let text: Arc<str> = text.into();
        self.known.insert(text.clone());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once_and_no_longer_than_somebody_has_it() {
        let mut texts = Texts::default();
        let mut kept = Vec::new();
        for number in 0..10_000 {
            let (one, other) = (texts.share(&number.to_string()), texts.share(&number.to_string()));
            assert!(Arc::ptr_eq(&one, &other) && *one == *number.to_string());
            if number % 100 == 0 {
                kept.push(one);
            }
            assert!(texts.known.len() <= 2 * kept.len() + SLACK + 1, "{}", texts.known.len());
        }
    }
}

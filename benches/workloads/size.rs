//! How much is run.

/// Firings are polled after so many observations, and batches are as long.
pub(crate) const BATCH: usize = 1_000;

/// How much to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Full,
    Quick,
    Test,
}

impl Size {
    pub(crate) fn pick<T>(self, full: T, quick: T, test: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
            Self::Test => test,
        }
    }
}

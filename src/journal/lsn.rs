//! The number of a batch.

use std::fmt;

/// The number of a batch in its journal: 1 for the first, and one more for each after it.
///
/// The name is that of databases, *log sequence number*; here it counts
/// batches, not bytes.
///
/// ```
/// use tripline::journal::Lsn;
///
/// let third = Lsn::new(3);
/// assert_eq!(third.next(), Lsn::new(4));
/// assert!(Lsn::ZERO < Lsn::FIRST);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lsn(u64);

impl Lsn {
    /// Before the first batch: what an empty journal ends with.
    pub const ZERO: Self = Self(0);

    /// The number of the first batch.
    pub const FIRST: Self = Self(1);

    /// From its number.
    ///
    /// ```
    /// # use tripline::journal::Lsn;
    /// assert_eq!(Lsn::new(1), Lsn::FIRST);
    /// ```
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    ///
    /// ```
    /// # use tripline::journal::Lsn;
    /// assert_eq!(Lsn::FIRST.get(), 1);
    /// ```
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The one after it.
    ///
    /// ```
    /// # use tripline::journal::Lsn;
    /// assert_eq!(Lsn::ZERO.next(), Lsn::FIRST);
    /// ```
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The one before it; of zero, zero.
    ///
    /// ```
    /// # use tripline::journal::Lsn;
    /// assert_eq!(Lsn::FIRST.previous(), Lsn::ZERO);
    /// ```
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

//! What opening finds.

use std::fmt;

use super::lsn::Lsn;

/// What a journal held when it was opened, and what it had to leave behind.
///
/// ```
/// use tripline::journal::{Journal, Lsn, MemoryJournal};
///
/// let journal = MemoryJournal::new();
/// assert_eq!(journal.found().last(), Lsn::ZERO);
/// assert!(journal.found().tail().is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    first: Lsn,
    last: Lsn,
    high_water: Lsn,
    tail: Option<Tail>,
}

impl Found {
    /// Batches from the first to the last, and nothing left behind. An empty journal has `first` one beyond `last`.
    ///
    /// ```
    /// # use tripline::journal::{Found, Lsn};
    /// let found = Found::new(Lsn::new(3), Lsn::new(9));
    /// assert_eq!(found.batches(), 7);
    /// ```
    pub fn new(first: Lsn, last: Lsn) -> Self {
        Self { first, last, high_water: last, tail: None }
    }

    /// The same with the last batch that is known to have been acknowledged.
    ///
    /// ```
    /// # use tripline::journal::{Found, Lsn};
    /// assert_eq!(Found::new(Lsn::new(3), Lsn::new(9)).with_high_water(Lsn::new(8)).high_water(), Lsn::new(8));
    /// ```
    #[must_use]
    pub fn with_high_water(mut self, lsn: Lsn) -> Self {
        self.high_water = lsn;
        self
    }

    /// The same with what was cut behind the last batch.
    ///
    /// ```
    /// # use tripline::journal::{Found, Lsn, Tail, Why};
    /// let found = Found::new(Lsn::new(3), Lsn::new(9)).with_tail(Tail::new(Lsn::new(10), Why::Unfinished));
    /// assert!(found.tail().is_some());
    /// ```
    #[must_use]
    pub fn with_tail(mut self, tail: Tail) -> Self {
        self.tail = Some(tail);
        self
    }

    /// The number of the oldest batch; where there is none, the number that the next one gets.
    ///
    /// ```
    /// # use tripline::journal::{Journal, Lsn, MemoryJournal};
    /// assert_eq!(MemoryJournal::new().found().first(), Lsn::FIRST);
    /// ```
    pub fn first(&self) -> Lsn {
        self.first
    }

    /// The number of the last batch.
    ///
    /// ```
    /// # use tripline::journal::{Journal, Lsn, MemoryJournal};
    /// assert_eq!(MemoryJournal::new().found().last(), Lsn::ZERO);
    /// ```
    pub fn last(&self) -> Lsn {
        self.last
    }

    /// The last batch that the journal itself says was acknowledged; those behind it may have been, too.
    ///
    /// ```
    /// # use tripline::journal::{Journal, Lsn, MemoryJournal};
    /// assert_eq!(MemoryJournal::new().found().high_water(), Lsn::ZERO);
    /// ```
    pub fn high_water(&self) -> Lsn {
        self.high_water
    }

    /// How many batches there are.
    ///
    /// ```
    /// # use tripline::journal::{Journal, MemoryJournal};
    /// assert_eq!(MemoryJournal::new().found().batches(), 0);
    /// ```
    pub fn batches(&self) -> u64 {
        self.last.next().get() - self.first.get()
    }

    /// What was cut behind the last batch, if anything was.
    ///
    /// ```
    /// # use tripline::journal::{Journal, MemoryJournal};
    /// assert!(MemoryJournal::new().found().tail().is_none());
    /// ```
    pub fn tail(&self) -> Option<&Tail> {
        self.tail.as_ref()
    }

    /// From which number on batches may be lost that had been acknowledged. `None` where nothing was cut.
    ///
    /// Nothing tells a write that a crash has interrupted from the last one, damaged: what it looks like is in
    /// [`Tail::why`], and is no proof.
    ///
    /// ```
    /// # use tripline::journal::{Found, Lsn, Tail, Why};
    /// let found = Found::new(Lsn::new(3), Lsn::new(9));
    /// assert_eq!(found.tail_lost(), None);
    /// assert_eq!(found.with_tail(Tail::new(Lsn::new(10), Why::Unfinished)).tail_lost(), Some(Lsn::new(10)));
    /// ```
    pub fn tail_lost(&self) -> Option<Lsn> {
        self.tail.as_ref().map(|tail| tail.from)
    }
}

/// What was cut behind the last whole batch.
///
/// ```
/// use tripline::journal::{Lsn, Tail, Why};
///
/// let tail = Tail::new(Lsn::new(10), Why::Damaged).with_place(3, 4_096, 120);
/// assert_eq!(tail.to_string(), "from batch 10 on, 120 bytes at segment 3, offset 4096: damaged");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tail {
    from: Lsn,
    why: Why,
    segment: u64,
    offset: u64,
    bytes: u64,
}

impl Tail {
    /// A tail that begins where this batch would.
    ///
    /// ```
    /// # use tripline::journal::{Lsn, Tail, Why};
    /// assert_eq!(Tail::new(Lsn::new(10), Why::Damaged).from(), Lsn::new(10));
    /// ```
    pub fn new(from: Lsn, why: Why) -> Self {
        Self { from, why, segment: 0, offset: 0, bytes: 0 }
    }

    /// The same with its place: which segment, from which byte of it, and how many bytes up to the last that is not zero.
    ///
    /// ```
    /// # use tripline::journal::{Lsn, Tail, Why};
    /// assert_eq!(Tail::new(Lsn::new(10), Why::Damaged).with_place(3, 4_096, 120).bytes(), 120);
    /// ```
    #[must_use]
    pub fn with_place(mut self, segment: u64, offset: u64, bytes: u64) -> Self {
        (self.segment, self.offset, self.bytes) = (segment, offset, bytes);
        self
    }

    /// The number of the first batch that is not there.
    ///
    /// ```
    /// # use tripline::journal::{Lsn, Tail, Why};
    /// assert_eq!(Tail::new(Lsn::new(10), Why::Unfinished).from(), Lsn::new(10));
    /// ```
    pub fn from(&self) -> Lsn {
        self.from
    }

    /// What it looks like.
    ///
    /// ```
    /// # use tripline::journal::{Lsn, Tail, Why};
    /// assert_eq!(Tail::new(Lsn::new(10), Why::Damaged).why(), Why::Damaged);
    /// ```
    pub fn why(&self) -> Why {
        self.why
    }

    /// The segment that it is in.
    ///
    /// ```
    /// # use tripline::journal::{Lsn, Tail, Why};
    /// assert_eq!(Tail::new(Lsn::new(10), Why::Damaged).with_place(3, 4_096, 120).segment(), 3);
    /// ```
    pub fn segment(&self) -> u64 {
        self.segment
    }

    /// Where in its segment it begins, in bytes.
    ///
    /// ```
    /// # use tripline::journal::{Lsn, Tail, Why};
    /// assert_eq!(Tail::new(Lsn::new(10), Why::Damaged).with_place(3, 4_096, 120).offset(), 4_096);
    /// ```
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes it has, up to the last that is not zero.
    ///
    /// ```
    /// # use tripline::journal::{Lsn, Tail, Why};
    /// assert_eq!(Tail::new(Lsn::new(10), Why::Damaged).bytes(), 0);
    /// ```
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, why, segment, offset, bytes } = self;
        write!(
            f,
            "from batch {from} on, {bytes} bytes at segment {segment}, offset {offset}: {}",
            why.as_str()
        )
    }
}

/// What a tail that was cut looks like.
///
/// ```
/// use tripline::journal::Why;
/// assert_eq!(Why::Damaged.as_str(), "damaged");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Why {
    /// A write without its end, as a crash leaves one. It was not acknowledged, unless the medium has lost its end.
    Unfinished,
    /// Bytes that are not what was written. After a crash of the machine these are sectors that did not make it,
    /// of a write that was not acknowledged; after damage to the medium it may have been.
    Damaged,
}

impl Why {
    /// In words.
    ///
    /// ```
    /// # use tripline::journal::Why;
    /// assert_eq!(Why::Unfinished.as_str(), "a write without its end");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unfinished => "a write without its end",
            Self::Damaged => "damaged",
        }
    }
}

/// Where something stored was found damaged: the source of an error of the kind [`Corrupt`](crate::ErrorKind::Corrupt).
///
/// ```
/// use tripline::journal::Damage;
///
/// let damage = Damage::new(3, 4_096, "the checksum does not match");
/// assert_eq!((damage.segment(), damage.offset()), (3, 4_096));
/// assert_eq!(damage.to_string(), "segment 3, offset 4096: the checksum does not match");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    segment: u64,
    offset: u64,
    what: &'static str,
}

impl Damage {
    /// At this byte of this segment (or of the snapshot with this number).
    ///
    /// ```
    /// # use tripline::journal::Damage;
    /// assert_eq!(Damage::new(3, 0, "no header").what(), "no header");
    /// ```
    pub fn new(segment: u64, offset: u64, what: &'static str) -> Self {
        Self { segment, offset, what }
    }

    /// The segment's number, or the snapshot's.
    ///
    /// ```
    /// # use tripline::journal::Damage;
    /// assert_eq!(Damage::new(3, 0, "no header").segment(), 3);
    /// ```
    pub fn segment(&self) -> u64 {
        self.segment
    }

    /// From which byte on it cannot be read.
    ///
    /// ```
    /// # use tripline::journal::Damage;
    /// assert_eq!(Damage::new(3, 0, "no header").offset(), 0);
    /// ```
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What is wrong there.
    ///
    /// ```
    /// # use tripline::journal::Damage;
    /// assert_eq!(Damage::new(3, 0, "no header").what(), "no header");
    /// ```
    pub fn what(&self) -> &str {
        self.what
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "segment {}, offset {}: {}", self.segment, self.offset, self.what)
    }
}

impl std::error::Error for Damage {}

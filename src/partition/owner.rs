//! Who owns what.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::event::{Process, SeriesRef};
use crate::trigger::{Matcher, PartitionKey, Trigger, TriggerKind};

use super::hash::PartitionHash;

/// The most partitions there can be.
const MOST: u32 = 1 << 16;

/// How many partitions there are, and which of them owns what.
///
/// Who owns a key is told by a hash that is the same on every machine and in
/// every version: FNV-1a (64 bits) over the parts of the key, each behind its
/// length as four bytes (big end first), the finaliser of splitmix64 over that,
/// and the high half of its product with the count. The parts are those of
/// [`FiringId`](crate::firing::FiringId): the word `series`, source, kind, name, then each
/// dimension's name and value; or the word `item`, source, process, and the id
/// if there is one; or the word `job`, source and id; or the word `whole` and the trigger's id.
///
/// ```
/// use tripline::{event::SeriesRef, partition::Partitions};
///
/// let partitions = Partitions::new(16)?;
/// assert_eq!(partitions.owner_of_series(&SeriesRef::segment("/instances/contoso", "vip")), 5);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Partitions {
    count: u32,
}

/// One of the partitions.
///
/// ```
/// use tripline::partition::Partitions;
/// let partition = Partitions::new(16)?.get(3)?;
/// assert_eq!((partition.index(), partition.partitions().count()), (3, 16));
/// assert_eq!(partition.to_string(), "partition 3 of 16");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Partition {
    index: u32,
    of: Partitions,
}

impl Partitions {
    /// So many partitions, from 1 to 65,536.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where there would be none, or more.
    ///
    /// ```
    /// use tripline::partition::Partitions;
    /// assert_eq!(Partitions::new(0).unwrap_err().to_string(), "0 partitions, there may be 1 to 65536");
    /// ```
    pub fn new(count: u32) -> Result<Self, Error> {
        if !(1..=MOST).contains(&count) {
            let message = format!("{count} partitions, there may be 1 to {MOST}");
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        Ok(Self { count })
    }

    /// How many there are.
    ///
    /// ```
    /// # use tripline::partition::Partitions;
    /// assert_eq!(Partitions::new(16)?.count(), 16);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn count(&self) -> u32 {
        self.count
    }

    /// One of them; the first is 0.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where there are fewer.
    ///
    /// ```
    /// # use tripline::partition::Partitions;
    /// let error = Partitions::new(16)?.get(16).unwrap_err();
    /// assert_eq!(error.to_string(), "there is no partition 16: the last of 16 is 15");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn get(&self, index: u32) -> Result<Partition, Error> {
        if index >= self.count {
            let message =
                format!("there is no partition {index}: the last of {} is {}", self.count, self.count - 1);
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        Ok(Partition { index, of: *self })
    }

    /// All of them, the first first.
    ///
    /// ```
    /// # use tripline::partition::Partitions;
    /// assert_eq!(Partitions::new(16)?.iter().count(), 16);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Partition> + use<> {
        let of = *self;
        (0..of.count).map(move |index| Partition { index, of })
    }

    /// The partition that owns a series.
    ///
    /// ```
    /// # use tripline::{event::SeriesRef, partition::Partitions};
    /// let partitions = Partitions::new(16)?;
    /// assert!(partitions.owner_of_series(&SeriesRef::measure("/s", "revenue")) < 16);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn owner_of_series(&self, series: &SeriesRef<'_>) -> u32 {
        let hash = PartitionHash::new().with("series").with(series.source());
        let hash = hash.with(series.kind()).with(series.name());
        let hash = series.dimensions().fold(hash, |hash, (name, value)| hash.with(name).with(value));
        hash.below(self.count)
    }

    /// The partition that owns an item of a process; without an id, what a process is told of as a whole.
    ///
    /// ```
    /// # use tripline::{event::Process, partition::Partitions};
    /// let partitions = Partitions::new(16)?;
    /// assert!(partitions.owner_of_item("/s", &Process::INGESTION, Some("crm")) < 16);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn owner_of_item(&self, source: &str, process: &Process, id: Option<&str>) -> u32 {
        let hash = PartitionHash::new().with("item").with(source).with(process.as_str());
        id.into_iter().fold(hash, PartitionHash::with).below(self.count)
    }

    /// The partition that owns a job.
    ///
    /// ```
    /// # use tripline::partition::Partitions;
    /// assert!(Partitions::new(16)?.owner_of_job("/s", "job-7") < 16);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn owner_of_job(&self, source: &str, id: &str) -> u32 {
        PartitionHash::new().with("job").with(source).with(id).below(self.count)
    }

    /// The partition that owns the state of a trigger that has but one ([`PartitionKey::Whole`]).
    ///
    /// ```
    /// # use tripline::partition::Partitions;
    /// assert!(Partitions::new(16)?.owner_of_trigger("quiet") < 16);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn owner_of_trigger(&self, id: &str) -> u32 {
        PartitionHash::new().with("whole").with(id).below(self.count)
    }
}

impl Partition {
    /// Which it is; the first is 0.
    ///
    /// ```
    /// # use tripline::partition::Partitions;
    /// assert_eq!(Partitions::new(16)?.get(3)?.index(), 3);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn index(&self) -> u32 {
        self.index
    }

    /// All that there are.
    ///
    /// ```
    /// # use tripline::partition::Partitions;
    /// assert_eq!(Partitions::new(16)?.get(3)?.partitions(), Partitions::new(16)?);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn partitions(&self) -> Partitions {
        self.of
    }

    /// Whether it owns a series.
    ///
    /// ```
    /// # use tripline::{event::SeriesRef, partition::Partitions};
    /// let vip = SeriesRef::segment("/s", "vip");
    /// assert_eq!(Partitions::new(16)?.iter().filter(|partition| partition.owns_series(&vip)).count(), 1);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn owns_series(&self, series: &SeriesRef<'_>) -> bool {
        self.of.owner_of_series(series) == self.index
    }

    /// Whether it owns an item of a process.
    ///
    /// ```
    /// # use tripline::{event::Process, partition::Partitions};
    /// let partition = Partitions::new(1)?.get(0)?;
    /// assert!(partition.owns_item("/s", &Process::INGESTION, Some("crm")));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn owns_item(&self, source: &str, process: &Process, id: Option<&str>) -> bool {
        self.of.owner_of_item(source, process, id) == self.index
    }

    /// Whether it owns a job.
    ///
    /// ```
    /// # use tripline::partition::Partitions;
    /// assert!(Partitions::new(1)?.get(0)?.owns_job("/s", "job-7"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn owns_job(&self, source: &str, id: &str) -> bool {
        self.of.owner_of_job(source, id) == self.index
    }

    /// Whether a trigger has anything to do here: false only where its one
    /// state, or the one series that it waits for from the start, is another partition's.
    ///
    /// ```
    /// use tripline::partition::Partitions;
    /// use tripline::{Trigger, threshold::Threshold};
    /// use std::time::Duration;
    ///
    /// let partitions = Partitions::new(16)?;
    /// let trigger = || Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0));
    /// assert!(partitions.iter().all(|partition| partition.takes(&trigger().build().unwrap())));
    ///
    /// let limited = trigger().with_limit(30, Duration::from_secs(3_600)).build()?;
    /// assert_eq!(partitions.iter().filter(|partition| partition.takes(&limited)).count(), 1);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn takes(&self, trigger: &Trigger) -> bool {
        if trigger.partition_key() == PartitionKey::Whole {
            return self.of.owner_of_trigger(trigger.id()) == self.index;
        }
        // It waits for its series before that is heard of, so it must not wait anywhere else.
        let awaited = match trigger.kind() {
            TriggerKind::NoData { kind, name, from_start: true, .. } => {
                let source = trigger.source().and_then(Matcher::as_exact);
                source.zip(name.as_exact()).map(|(source, name)| SeriesRef::new(source, kind.as_str(), name))
            }
            _ => None,
        };
        awaited.is_none_or(|series| self.owns_series(&series))
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "partition {} of {}", self.index, self.of.count)
    }
}

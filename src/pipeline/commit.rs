//! One batch of a partition, as a value.

use std::fmt;

use chrono::{DateTime, Utc};

use super::record::{Place, decode};
use crate::error::{Error, ErrorKind};
use crate::journal::{Batch, Chain, Entry, Lsn};
use crate::partition::{Partition, Partitions};
use crate::sealed::Sealed;
use crate::time::datetime;

const VERSION: u16 = 1;
const SEALED: Sealed = Sealed::new("tripline/commit", VERSION..=VERSION);
const CHAIN: usize = 16;

/// What a partition commits with one input: which partition it is, its number, the offset from which the
/// log is read on after it, what fired, when the next deadline is, the change of state, and the chain
/// before it, which stands for every commit before it.
///
/// It is what the [batch](Batch) of a partition's pipeline says of itself, so any [journal](crate::journal::Journal)
/// holds a chain of them. Its [bytes](Self::to_bytes) are for stores of messages: they say by themselves
/// whether they are whole, whose they are and what they follow.
///
/// The change of state is kept as the input that makes it, with what it led to: handing that to
/// [`Pipeline::replay`](super::Pipeline::replay) makes the change, or says that it comes out otherwise.
///
/// ```
#[doc = include_str!("../../docs/snippets/partition.rs")]
/// let commit = Commit::read(journal.read(receipt.lsn().unwrap())?.next().unwrap()?)?;
/// assert_eq!((commit.partition(), commit.lsn()), (partition, pipeline.last()));
/// assert_eq!((commit.next_offset(), commit.firings().count()), (2, 1));
/// assert_eq!(Commit::from_bytes(&commit.to_bytes())?, commit);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Commit {
    entry: Entry,
    partition: Partition,
    place: Place,
    /// Which records of the batch are the firings.
    firings: std::ops::Range<usize>,
}

impl Commit {
    /// Reads the batch of a journal as what it is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`] where it does not read or is of no partition, with the batch.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/partition.rs")]
    /// use tripline::journal::{Batch, Chain, Entry};
    /// let error = Commit::read(Entry::new(Lsn::FIRST, Chain::START, Batch::new())).unwrap_err();
    /// assert_eq!(error.to_string(), "batch 1: it has no records");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(entry: Entry) -> Result<Self, Error> {
        let fail = |why: String| Error::new(ErrorKind::Corrupt, format!("batch {}: {why}", entry.lsn()));
        let record = decode(entry.batch()).map_err(fail)?;
        let place = record.place.ok_or_else(|| fail("it is of no partition".to_owned()))?;
        let rendered: usize = record.rendered.iter().map(Vec::len).sum();
        let end = entry.batch().len() - rendered;
        let firings = end - record.firings.len()..end;
        let partition = Partitions::new(place.partitions)
            .and_then(|partitions| partitions.get(place.partition))
            .map_err(|error| fail(error.to_string()))?;
        Ok(Self { partition, place, firings, entry })
    }

    /// Whose it is.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/partition.rs")]
    /// let commit = Commit::read(journal.read(pipeline.last())?.next().unwrap()?)?;
    /// assert_eq!(commit.partition().index(), 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// Its number: one more than that of the commit before.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/partition.rs")]
    /// let commit = Commit::read(journal.read(pipeline.last())?.next().unwrap()?)?;
    /// assert_eq!(commit.lsn(), pipeline.last());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lsn(&self) -> Lsn {
        self.entry.lsn()
    }

    /// The chain before it: the hash of the commit before, and so of all before that.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/partition.rs")]
    /// let all: Vec<Commit> = journal.read(Lsn::FIRST)?.map(|entry| Commit::read(entry?)).collect::<Result<_, _>>()?;
    /// assert!(all.windows(2).all(|pair| pair[1].chain_before() == pair[0].chain()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn chain_before(&self) -> Chain {
        self.entry.chain_before()
    }

    /// The chain after it, which the next one is to name.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/partition.rs")]
    /// let commit = Commit::read(journal.read(pipeline.last())?.next().unwrap()?)?;
    /// assert_eq!(commit.chain(), journal.chain());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn chain(&self) -> Chain {
        self.entry.chain()
    }

    /// Where the partition's log is read on after it.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/partition.rs")]
    /// let commit = Commit::read(journal.read(pipeline.last())?.next().unwrap()?)?;
    /// assert_eq!(commit.next_offset(), pipeline.next_offset());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_offset(&self) -> u64 {
        self.place.next
    }

    /// When the engine's next deadline is after it, in the time of the log: a hold, a silence, a settling.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/partition.rs")]
    /// let commit = Commit::read(journal.read(pipeline.last())?.next().unwrap()?)?;
    /// assert_eq!(commit.next_deadline(), pipeline.engine().poll_timeout());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_deadline(&self) -> Option<DateTime<Utc>> {
        self.place.due.map(datetime)
    }

    /// What fired, each as the JSON of a [`Firing`](crate::firing::Firing), in their order.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/partition.rs")]
    /// let commit = Commit::read(journal.read(pipeline.last())?.next().unwrap()?)?;
    /// let firing = receipt.firings()[0].to_json();
    /// assert_eq!(commit.firings().collect::<Vec<_>>(), [firing.as_bytes()]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn firings(&self) -> impl Iterator<Item = &[u8]> {
        self.entry.batch().records().take(self.firings.end).skip(self.firings.start)
    }

    /// The change of state: the input, what is kept with it, what it led to.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/partition.rs")]
    /// let mut other = Pipeline::builder(registry).with_engine(engine).build()?;
    /// for entry in journal.read(Lsn::FIRST)? {
    ///     let commit = Commit::read(entry?)?;
    ///     other.replay(commit.lsn(), commit.batch())?;
    /// }
    /// assert_eq!(other.engine().snapshot(), pipeline.engine().snapshot());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn batch(&self) -> &Batch {
        self.entry.batch()
    }

    /// Holds it to be the next commit of a partition behind this number and chain.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`] where it is another partition's, where commits before it are missing or it
    /// has been there already, and where another commit came before it.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/partition.rs")]
    /// let all: Vec<Commit> = journal.read(Lsn::FIRST)?.map(|entry| Commit::read(entry?)).collect::<Result<_, _>>()?;
    /// assert!(all[1].check_follows(partition, all[0].lsn(), all[0].chain()).is_ok());
    /// let dropped = all[2].check_follows(partition, all[0].lsn(), all[0].chain()).unwrap_err();
    /// assert_eq!(dropped.to_string(), "partition 5 of 16: commit 3 is there and 2 should be: what is between is missing");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_follows(&self, partition: Partition, lsn: Lsn, chain: Chain) -> Result<(), Error> {
        let (here, next) = (self.lsn(), lsn.next());
        let why = if self.partition != partition {
            format!("commit {here} is of {}", self.partition)
        } else if here > next {
            format!("commit {here} is there and {next} should be: what is between is missing")
        } else if here < next {
            format!("commit {here} is there and {next} should be: it has been there before")
        } else if self.chain_before() != chain {
            format!("another commit {lsn} came before {here}")
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Corrupt, format!("{partition}: {why}")))
    }

    /// Its bytes, for a store of messages: what it is, number, chain before, batch, and a SHA-256 over all that.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/partition.rs")]
    /// let commit = Commit::read(journal.read(pipeline.last())?.next().unwrap()?)?;
    /// assert!(commit.to_bytes().starts_with(b"tripline/commit"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_bytes(&self) -> Vec<u8> {
        SEALED.seal(VERSION, |mut bytes| {
            bytes.extend(self.lsn().get().to_le_bytes());
            bytes.extend(self.chain_before().to_bytes());
            bytes.extend(self.batch().as_bytes());
            bytes
        })
    }

    /// From bytes that [`to_bytes`](Self::to_bytes) gave.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`] where they are cut, changed or something else.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/partition.rs")]
    /// let mut bytes = Commit::read(journal.read(pipeline.last())?.next().unwrap()?)?.to_bytes();
    /// bytes[40] ^= 1;
    /// assert_eq!(Commit::from_bytes(&bytes).unwrap_err().kind(), tripline::ErrorKind::Corrupt);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let corrupt = |why: String| Error::new(ErrorKind::Corrupt, format!("this is no commit: {why}"));
        let body = SEALED.open(bytes).map_err(|error| corrupt(error.to_string()))?;
        let short = || corrupt("it is cut short".to_owned());
        let (lsn, body) = body.split_first_chunk::<8>().ok_or_else(short)?;
        let (chain, body) = body.split_first_chunk::<CHAIN>().ok_or_else(short)?;
        let batch =
            Batch::from_bytes(body.to_vec()).ok_or_else(|| corrupt("its batch does not read".to_owned()))?;
        Self::read(Entry::new(Lsn::new(u64::from_le_bytes(*lsn)), Chain::from_bytes(*chain), batch))
    }
}

impl fmt::Debug for Commit {
    /// Without the batch, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commit")
            .field("partition", &self.partition)
            .field("lsn", &self.lsn())
            .field("next_offset", &self.next_offset())
            .field("next_deadline", &self.next_deadline())
            .field("firings", &self.firings.len())
            .field("chain_before", &self.chain_before())
            .finish_non_exhaustive()
    }
}

//! The log that a partition takes its inputs from.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::journal::refuse;

/// The log of one partition, as it is read: events and watermarks as JSON, each at an offset.
///
/// # Contract
///
/// 1. *Order.* Inputs come in the order of their offsets, which ascend and may leave numbers out.
/// 2. *The same again.* An input that was read once is read again, byte for byte and at its offset, by any
///    handle, until the log lets go of it: what is not yet for good must not be read.
/// 3. *Nothing is passed over.* What is read from an offset on is all there is from there on, up to `most`. From below what the log
///    still has is [`OutOfRange`](crate::ErrorKind::OutOfRange), since going on behind it would be a silent loss;
///    what must be there and is not is [`Corrupt`](crate::ErrorKind::Corrupt).
/// 4. *Reading changes nothing.* How far the partition has come is in its journal, and nowhere else: a
///    reader with offsets of its own, committed on its own, is not asked where it stands.
///
/// A consumer that remembers for itself how far it has read. Wrong: the event is gone from it, and a
/// crash before the journal has it loses it.
///
/// ```
/// # struct Consumer(Vec<(u64, Vec<u8>)>);
/// # impl Consumer {
/// #     fn next_and_acknowledge(&mut self) -> Option<(u64, Vec<u8>)> { self.0.pop() }
/// #     fn seek_and_fetch(&mut self, from: u64, most: usize) -> Vec<(u64, Vec<u8>)> { self.0.iter().filter(|(at, _)| *at >= from).take(most).cloned().collect() }
/// # }
/// # use tripline::{Error, shard::{Input, Inputs}};
/// # let mut consumer = Consumer(vec![(7, b"{}".to_vec())]);
/// fn read(consumer: &mut Consumer) -> Option<Input> {
///     consumer.next_and_acknowledge().map(|(offset, bytes)| Input::new(offset, bytes))
/// }
/// # assert_eq!(read(&mut consumer).unwrap().offset(), 7);
/// # assert!(read(&mut consumer).is_none());
/// ```
///
/// Right: it is told where to read.
///
/// ```
/// # struct Consumer(Vec<(u64, Vec<u8>)>);
/// # impl Consumer {
/// #     fn seek_and_fetch(&mut self, from: u64, most: usize) -> Vec<(u64, Vec<u8>)> { self.0.iter().filter(|(at, _)| *at >= from).take(most).cloned().collect() }
/// # }
/// # use tripline::{Error, shard::{Input, Inputs}};
/// impl Inputs for Consumer {
///     fn read(&mut self, from: u64, most: usize) -> Result<Vec<Input>, Error> {
///         let fetched = self.seek_and_fetch(from, most);
///         Ok(fetched.into_iter().map(|(offset, bytes)| Input::new(offset, bytes)).collect())
///     }
/// }
/// # let mut consumer = Consumer(vec![(7, b"{}".to_vec())]);
/// # assert_eq!(consumer.read(0, 10)?, consumer.read(7, 1)?);
/// # Ok::<(), Error>(())
/// ```
///
/// `testing::shard_conformance` (feature `testing`) holds a log against this list.
pub trait Inputs: Send {
    /// The inputs from this offset on, the oldest first, at most so many; none where there are none yet.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::ErrorKind::OutOfRange) for an offset below what is kept,
    /// [`Corrupt`](crate::ErrorKind::Corrupt) where one is missing or changed,
    /// [`Storage`](crate::ErrorKind::Storage) where the log does not answer.
    fn read(&mut self, from: u64, most: usize) -> Result<Vec<Input>, Error>;
}

impl<I: Inputs + ?Sized> Inputs for Box<I> {
    fn read(&mut self, from: u64, most: usize) -> Result<Vec<Input>, Error> {
        (**self).read(from, most)
    }
}

/// One input, and where it stands in its log.
///
/// ```
/// use tripline::shard::Input;
/// let input = Input::new(7, b"{}".to_vec());
/// assert_eq!((input.offset(), input.bytes()), (7, &b"{}"[..]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    offset: u64,
    bytes: Vec<u8>,
}

impl Input {
    /// The event, or watermark, as JSON at this offset.
    ///
    /// ```
    /// # use tripline::shard::Input;
    /// assert_eq!(Input::new(7, Vec::new()).offset(), 7);
    /// ```
    pub fn new(offset: u64, bytes: Vec<u8>) -> Self {
        Self { offset, bytes }
    }

    /// Where it stands.
    ///
    /// ```
    /// # use tripline::shard::Input;
    /// assert_eq!(Input::new(7, Vec::new()).offset(), 7);
    /// ```
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What stands there.
    ///
    /// ```
    /// # use tripline::shard::Input;
    /// assert_eq!(Input::new(7, b"{}".to_vec()).bytes(), b"{}");
    /// ```
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// [`Inputs`] without a disk, for tests. Clones read, and write, the same log.
///
/// ```
/// use tripline::shard::{Inputs, MemoryInputs};
///
/// let mut inputs = MemoryInputs::new();
/// assert_eq!(inputs.clone().push("{}"), 0);
/// assert_eq!(inputs.read(0, 10)?.len(), 1);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryInputs {
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    /// The offset of the first that is kept.
    first: u64,
    kept: VecDeque<Vec<u8>>,
}

impl MemoryInputs {
    /// An empty log; its first offset is 0.
    ///
    /// ```
    /// # use tripline::shard::{Inputs, MemoryInputs};
    /// assert!(MemoryInputs::new().read(0, 10)?.is_empty());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes one behind the others, and gives its offset.
    ///
    /// ```
    /// # use tripline::shard::MemoryInputs;
    /// let inputs = MemoryInputs::new();
    /// assert_eq!((inputs.push("{}"), inputs.push("{}")), (0, 1));
    /// ```
    pub fn push(&self, bytes: impl Into<Vec<u8>>) -> u64 {
        let mut log = self.log();
        log.kept.push_back(bytes.into());
        log.first + log.kept.len() as u64 - 1
    }

    /// Lets go of those below an offset.
    ///
    /// ```
    /// # use tripline::shard::{Inputs, MemoryInputs};
    /// let mut inputs = MemoryInputs::new();
    /// inputs.push("{}");
    /// inputs.trim(1);
    /// assert_eq!(inputs.read(0, 10).unwrap_err().kind(), tripline::ErrorKind::OutOfRange);
    /// assert!(inputs.read(1, 10)?.is_empty());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn trim(&self, before: u64) {
        let mut log = self.log();
        while log.first < before && log.kept.pop_front().is_some() {
            log.first += 1;
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // A panic elsewhere leaves no step half done in here.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inputs for MemoryInputs {
    fn read(&mut self, from: u64, most: usize) -> Result<Vec<Input>, Error> {
        let log = self.log();
        let end = log.first + log.kept.len() as u64;
        let skipped = from.checked_sub(log.first).ok_or_else(|| refuse::trimmed(from, log.first))?;
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let found = (from..end).zip(log.kept.iter().skip(skipped));
        Ok(found.take(most).map(|(offset, bytes)| Input::new(offset, bytes.clone())).collect())
    }
}

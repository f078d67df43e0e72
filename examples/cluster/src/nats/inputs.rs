//! The inputs of a partition, for who acts on them.

use async_nats::HeaderMap;
use tripline::Error;
use tripline::journal::refuse;
use tripline::shard::{Input, Inputs};

use super::link::Link;
use super::pages::{Page, Pages, Stored};

/// What every input carries: its position in the feeder's source, and a checksum.
pub(super) const HEADER: &str = "Tripline-Input";

/// The stream and the subject of a partition's inputs.
pub(super) fn names(cluster: &str, partition: u32) -> (String, String) {
    (format!("{cluster}_inputs_{partition}"), format!("{cluster}.inputs.{partition}"))
}

/// The [`Inputs`] of a partition: the stream `CLUSTER_inputs_PARTITION`, written by an
/// [`InputWriter`](super::InputWriter).
///
/// An input's offset is its sequence in the stream less one, so the first ever has 0. It is read in order, and every
/// one is held against its checksum; one that is missing, changed or foreign is
/// [`Corrupt`](tripline::ErrorKind::Corrupt), and so is a log that ends before the offset that is asked for.
pub struct NatsInputs {
    pages: Pages,
    name: String,
    subject: String,
}

impl NatsInputs {
    /// Opens the inputs of a partition; the stream is made where it is not there yet.
    ///
    /// # Errors
    ///
    /// [`Storage`](tripline::ErrorKind::Storage) where the server refuses or does not answer.
    pub fn open(link: &Link, cluster: &str, partition: u32) -> Result<Self, Error> {
        let (name, subject) = names(cluster, partition);
        let stream = link.stream(&name, &subject)?;
        Ok(Self { pages: Pages::new(link.clone(), stream), name, subject })
    }

    /// The offset of the oldest that is kept, and that which the next one gets.
    ///
    /// # Errors
    ///
    /// [`Storage`](tripline::ErrorKind::Storage) where the server refuses or does not answer.
    pub fn range(&self) -> Result<(u64, u64), Error> {
        let (first, last) = self.pages.ends()?;
        Ok((first.saturating_sub(1).min(last), last))
    }

    /// Lets go of the inputs below this offset. The last one stays in any case: the writer goes on from it.
    ///
    /// # Errors
    ///
    /// [`Storage`](tripline::ErrorKind::Storage) where the server refuses or does not answer.
    pub fn trim(&mut self, before: u64) -> Result<(), Error> {
        let (_, end) = self.range()?;
        self.pages.trim(&self.subject, (before + 1).min(end))
    }

    fn take(&self, stored: Stored) -> Result<Input, Error> {
        position(&self.name, &stored)?;
        Ok(Input::new(stored.sequence - 1, stored.payload.into()))
    }
}

impl Inputs for NatsInputs {
    fn read(&mut self, from: u64, most: usize) -> Result<Vec<Input>, Error> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let corrupt = |what: &str| refuse::corrupt(format!("{}, input {from}: {what}", self.name));
        match self.pages.fetch(from.saturating_add(1), most)? {
            Page::Messages(messages) => messages.into_iter().map(|stored| self.take(stored)).collect(),
            Page::Ahead { last } if last == from => Ok(Vec::new()),
            // Nobody asks for what is behind the next input, unless there was more once.
            Page::Ahead { last } => Err(corrupt(&format!("the log has lost its end, it has only {last}"))),
            Page::Gone { first, .. } => Err(refuse::trimmed(from, first.saturating_sub(1))),
            Page::Missing => Err(corrupt("it is missing")),
        }
    }
}

/// What the header of an input says.
pub(super) fn header(name: &str, sequence: u64, position: u64, payload: &[u8]) -> String {
    format!("{position} {:08x}", checksum(name, sequence, position, payload))
}

/// The position of an input in the feeder's source; or it is none that a feeder has written.
pub(super) fn position(name: &str, stored: &Stored) -> Result<u64, Error> {
    let sequence = stored.sequence;
    let corrupt = |what: &str| refuse::corrupt(format!("{name}, input {}: {what}", sequence - 1));
    let header = stored.headers.as_ref().and_then(|headers: &HeaderMap| headers.get(HEADER));
    let header = header.ok_or_else(|| corrupt("no feeder has written it"))?.as_str();
    let position = header.split_once(' ').and_then(|(position, _)| position.parse().ok());
    match position {
        Some(position) if header == self::header(name, sequence, position, &stored.payload) => Ok(position),
        _ => Err(corrupt("its checksum does not fit")),
    }
}

fn checksum(name: &str, sequence: u64, position: u64, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(name.as_bytes());
    hasher.update(&sequence.to_le_bytes());
    hasher.update(&position.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

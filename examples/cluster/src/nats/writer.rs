//! The inputs of a partition, for who feeds them.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use tripline::Error;
use tripline::journal::{Lsn, refuse};

use super::inputs::{self, HEADER};
use super::link::Link;
use super::pages::{Page, Pages};

/// How many may be under way.
const WINDOW: usize = 1024;

/// How many are sent in one go.
const BURST: usize = 128;

/// For the headers of a message, in bytes.
const AROUND: usize = 512;

/// How long to try where the log does not grow.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at a log that does not grow.
const PAUSE: Duration = Duration::from_millis(20);

/// Writes the log of inputs of a partition, many at a time, each of them once.
///
/// Each input has a *position*: where it stands in the feeder's own source, higher with every input. It is
/// stored with the input, so that a feeder which begins anew asks for the last one ([`position`](Self::position)) and goes on
/// behind it.
///
/// Every publish says behind which sequence it belongs. After a failure the writer looks where the log ends and
/// sends the rest once more, to the same places: whatever of the first attempt arrives late is the same
/// input at the same place, or is refused.
///
/// There may be one writer for a partition; of two, one is [`Fenced`](tripline::ErrorKind::Fenced).
pub struct InputWriter {
    link: Link,
    pages: Pages,
    name: String,
    subject: String,
    position: Option<u64>,
    /// The last sequence that is known to be stored.
    stored: u64,
    under_way: VecDeque<Sent>,
    /// How many of those, at the end, are yet to be sent.
    waiting: usize,
}

struct Sent {
    sequence: u64,
    position: u64,
    payload: Bytes,
    /// None where it could not even be sent.
    answer: Option<PublishAckFuture>,
}

impl InputWriter {
    /// Opens the log of a partition, which is made where it is not there yet.
    ///
    /// # Errors
    ///
    /// [`Storage`](tripline::ErrorKind::Storage) where the server refuses or does not answer,
    /// [`Corrupt`](tripline::ErrorKind::Corrupt) where no writer has written what the log ends with.
    pub fn open(link: &Link, cluster: &str, partition: u32) -> Result<Self, Error> {
        let (name, subject) = inputs::names(cluster, partition);
        let stream = link.stream(&name, &subject)?;
        let pages = Pages::new(link.clone(), stream);
        let (_, stored) = pages.ends()?;
        let mut writer = Self {
            link: link.clone(),
            pages,
            name,
            subject,
            position: None,
            stored,
            under_way: VecDeque::new(),
            waiting: 0,
        };
        if stored > 0 {
            writer.position = Some(writer.position_at(stored)?);
        }
        Ok(writer)
    }

    /// The position of the last input, those under way included; none where there is no input.
    pub fn position(&self) -> Option<u64> {
        self.under_way.back().map(|sent| sent.position).or(self.position)
    }

    /// Sends an input, and gives the offset that it will have; none where the log has its position already, so that a
    /// feeder may begin anew from anywhere. It is stored when [`flush`](Self::flush) says so.
    ///
    /// # Errors
    ///
    /// [`Limit`](tripline::ErrorKind::Limit) where it is larger than the server takes, which
    /// changes nothing; and those of [`flush`](Self::flush), for the inputs before it: this one is not under way then.
    pub fn append(&mut self, position: u64, payload: impl Into<Bytes>) -> Result<Option<u64>, Error> {
        let payload = payload.into();
        let most = self.link.max_payload().saturating_sub(AROUND);
        if payload.len() > most {
            return Err(refuse::too_large(
                format!("{}: the input at {position}", self.name),
                payload.len(),
                most,
            ));
        }
        if self.position().is_some_and(|last| position <= last) {
            return Ok(None);
        }
        if self.under_way.len() >= WINDOW {
            self.settle(WINDOW / 2)?;
        }
        let sequence = self.stored + self.under_way.len() as u64 + 1;
        self.under_way.push_back(Sent { sequence, position, payload, answer: None });
        self.waiting += 1;
        if self.waiting >= BURST {
            self.send();
        }
        Ok(Some(sequence - 1))
    }

    /// Waits until all are stored, and gives the offset that the next one gets.
    ///
    /// # Errors
    ///
    /// [`Storage`](tripline::ErrorKind::Storage) where the server refuses or does not answer: they are still under way,
    /// and a later call goes on with them. [`Fenced`](tripline::ErrorKind::Fenced) where another has written, and
    /// [`Corrupt`](tripline::ErrorKind::Corrupt) where the log has lost what was stored.
    pub fn flush(&mut self) -> Result<u64, Error> {
        self.settle(0)?;
        Ok(self.stored)
    }

    /// Sends all that wait. What cannot even be sent is found out by whoever waits for its answer.
    fn send(&mut self) {
        let first = self.under_way.len() - std::mem::take(&mut self.waiting);
        let Self { link, name, subject, under_way, .. } = self;
        let sending = async {
            for sent in under_way.iter_mut().skip(first) {
                let Sent { sequence, position, payload, .. } = &*sent;
                let message = PublishMessage::build()
                    .header(HEADER, inputs::header(name, *sequence, *position, payload).as_str())
                    .payload(payload.clone())
                    .expected_last_sequence(sequence - 1);
                match link.context().send_publish(subject.clone(), message).await {
                    Ok(answer) => sent.answer = Some(answer),
                    Err(_) => break,
                }
            }
        };
        // Unclear for some of them, then, and so for those behind them.
        let _ = link.run(link.once(sending));
    }

    /// Waits until at most so many are under way.
    fn settle(&mut self, left: usize) -> Result<(), Error> {
        let mut grown = Instant::now();
        self.send();
        while self.under_way.len() > left {
            if self.wait(left) > 0 {
                grown = Instant::now();
                continue;
            }
            // Lost, late or refused because one before it was lost: the log itself knows.
            let before = self.stored;
            self.look()?;
            if self.stored > before {
                grown = Instant::now();
            } else if grown.elapsed() > PATIENCE {
                let what = format!("{}: the log stays at {}", self.name, self.stored);
                return Err(refuse::storage(what, io::Error::from(io::ErrorKind::TimedOut)));
            } else {
                std::thread::sleep(PAUSE);
            }
            self.waiting = self.under_way.len();
            self.send();
        }
        Ok(())
    }

    /// Takes the answers in their order, to the first that is none; how many said yes.
    fn wait(&mut self, left: usize) -> usize {
        let mut count = 0;
        let Self { link, under_way, .. } = self;
        let wanted = under_way.len() - left;
        let waiting = async {
            for sent in under_way.iter_mut().take(wanted) {
                let Some(answer) = sent.answer.take() else { break };
                if !answer.await.is_ok_and(|ack| ack.sequence == sent.sequence) {
                    break;
                }
                count += 1;
            }
        };
        let _ = link.run(link.once(waiting));
        self.is_stored(count);
        count
    }

    /// Finds out which of those under way are stored.
    fn look(&mut self) -> Result<(), Error> {
        let (_, last) = self.pages.ends()?;
        if last < self.stored {
            let what =
                format!("{}: the log has lost its end, it has only {last} of {}", self.name, self.stored);
            return Err(refuse::corrupt(what));
        }
        let arrived = last - self.stored;
        if arrived == 0 {
            return Ok(());
        }
        let fenced = || refuse::fenced(Lsn::new(self.stored), Lsn::new(last));
        let at = usize::try_from(arrived - 1).unwrap_or(usize::MAX);
        let expected = self.under_way.get(at).ok_or_else(fenced)?.position;
        if self.position_at(last)? != expected {
            return Err(refuse::fenced(Lsn::new(self.stored), Lsn::new(last)));
        }
        self.is_stored(at + 1);
        Ok(())
    }

    fn is_stored(&mut self, count: usize) {
        for sent in self.under_way.drain(..count) {
            (self.stored, self.position) = (sent.sequence, Some(sent.position));
        }
    }

    fn position_at(&mut self, sequence: u64) -> Result<u64, Error> {
        match self.pages.fetch(sequence, 1)? {
            Page::Messages(messages) if !messages.is_empty() => inputs::position(&self.name, &messages[0]),
            _ => Err(refuse::corrupt(format!("{}, input {}: it is missing", self.name, sequence - 1))),
        }
    }
}

//! A journal in a stream.

use std::collections::VecDeque;

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use tripline::Error;
use tripline::journal::{Batch, Chain, Entries, Entry, Found, Journal, Lsn, refuse};

use super::frame;
use super::link::Link;
use super::pages::{Page, Pages};

/// How many batches a read has in memory at a time.
const READ_AHEAD: usize = 32;

/// For the headers of a message, in bytes.
const HEADERS: usize = 512;

/// A [`Journal`] in a JetStream stream of its own: one message for a batch, and the stream's sequence is the number.
///
/// *Fencing.* A publish carries `Nats-Expected-Last-Sequence`, which the server compares and writes behind in one
/// step. Of two owners one is told the truth by the server, and has written nothing.
///
/// *Durability.* `append` waits for the server's answer, so [`sync`](Journal::sync) has nothing left to do: a batch
/// is as safe as the server makes it. In a stream of one replica it has handed it to the operating system before it answers
/// (2.9.10: no `AsyncFlush` in `server/stream.go`), so the end of the server's process takes nothing away. The end of
/// the machine takes what was not on the disk yet: two minutes of it by default. Only `sync_interval: always`
/// (from 2.10 on) makes the answer wait for the disk.
///
/// *Damage.* Every message has a checksum over its place and the chain before it (`frame.rs`), so that one that is
/// foreign, changed, at another place or not there at all is told as
/// [`Corrupt`](tripline::ErrorKind::Corrupt), with stream and number.
///
/// *Trimming* leaves the last batch: its chain is what the next one goes on from.
#[derive(Debug)]
pub struct NatsJournal {
    link: Link,
    stream: async_nats::jetstream::stream::Stream,
    name: String,
    subject: String,
    found: Found,
    first: Lsn,
    last: Lsn,
    chain: Chain,
    /// What failed, so that nobody knows what is stored.
    poisoned: Option<&'static str>,
}

impl NatsJournal {
    /// Opens the journal of a partition: the stream `CLUSTER_journal_PARTITION`, made where it is not there yet.
    ///
    /// # Errors
    ///
    /// [`Storage`](tripline::ErrorKind::Storage) where the server refuses or does not answer,
    /// [`Corrupt`](tripline::ErrorKind::Corrupt) where the last message is no batch.
    pub fn open(link: &Link, cluster: &str, partition: u32) -> Result<Self, Error> {
        let name = format!("{cluster}_journal_{partition}");
        let subject = format!("{cluster}.journal.{partition}");
        let stream = link.stream(&name, &subject)?;
        let mut pages = Pages::new(link.clone(), stream.clone());
        let (first, last) = pages.ends()?;
        let (first, last) = (Lsn::new(first).max(Lsn::FIRST), Lsn::new(last));
        let chain = if last == Lsn::ZERO {
            Chain::START
        } else {
            // Trimming leaves the last one, so that without it the journal is not whole.
            match pages.fetch(last.get(), 1)? {
                Page::Gone { .. } => return Err(missing(&name, last)),
                page => entry(&name, last, page)?.chain(),
            }
        };
        let link = link.clone();
        Ok(Self {
            link,
            stream,
            name,
            subject,
            found: Found::new(first, last),
            first,
            last,
            chain,
            poisoned: None,
        })
    }

    fn check(&self) -> Result<(), Error> {
        self.poisoned.map_or(Ok(()), |what| Err(refuse::poisoned(what)))
    }

    fn publish(&mut self, batch: &Batch) -> Result<Lsn, Error> {
        let (last, lsn) = (self.last, self.last.next());
        let what = format!("append batch {lsn} to {}", self.name);
        let message = PublishMessage::build()
            .payload(frame::encode(&self.name, lsn, self.chain, batch))
            .expected_stream(&self.name)
            .expected_last_sequence(last.get());
        // A publish that we have given up may still be on its way, and arrive after a reconnect. It does no
        // harm: it is taken where the stream ends with `last`, as the very batch that it is, or never. Whoever
        // opened the journal before that is fenced once and opens it again.
        let answer =
            self.link.run(self.link.once(async {
                self.link.context().send_publish(self.subject.clone(), message).await?.await
            }));
        match answer {
            Ok(Ok(ack)) if ack.sequence == lsn.get() => Ok(lsn),
            Ok(Ok(ack)) => {
                self.poisoned = Some("an append");
                Err(refuse::corrupt(format!("{}: batch {lsn} was stored as {}", self.name, ack.sequence)))
            }
            Ok(Err(error)) if error.kind() == PublishErrorKind::WrongLastSequence => {
                // The server has said no, so nothing was written and the handle stays as it is. Where the journal
                // really ends is a courtesy.
                let pages = Pages::new(self.link.clone(), self.stream.clone());
                Err(refuse::fenced(last, pages.ends().map_or(lsn, |(_, last)| Lsn::new(last))))
            }
            Ok(Err(error)) => {
                self.poisoned = Some("an append");
                Err(refuse::storage(what, error))
            }
            Err(unclear) => {
                self.poisoned = Some("an append");
                Err(self.link.unclear(&what, unclear))
            }
        }
    }
}

impl Journal for NatsJournal {
    fn found(&self) -> &Found {
        &self.found
    }

    fn first(&self) -> Lsn {
        self.first
    }

    fn last(&self) -> Lsn {
        self.last
    }

    fn chain(&self) -> Chain {
        self.chain
    }

    fn append(&mut self, expected: Lsn, batch: &Batch) -> Result<Lsn, Error> {
        self.check()?;
        if expected != self.last {
            return Err(refuse::fenced(expected, self.last));
        }
        let most = self.link.max_payload().saturating_sub(frame::HEADER + HEADERS);
        let bytes = batch.as_bytes().len();
        if bytes > most {
            return Err(refuse::too_large(format!("{}: batch {}", self.name, self.last.next()), bytes, most));
        }
        let lsn = self.publish(batch)?;
        self.chain = self.chain.after(lsn, batch);
        self.last = lsn;
        Ok(lsn)
    }

    fn sync(&mut self) -> Result<Lsn, Error> {
        self.check()?;
        Ok(self.last)
    }

    fn read(&self, from: Lsn) -> Result<Entries<'_>, Error> {
        self.check()?;
        refuse::check_range(from, self.first, self.last)?;
        let reading = Reading {
            name: &self.name,
            pages: Pages::new(self.link.clone(), self.stream.clone()),
            next: from,
            last: self.last,
            chain: None,
            ready: VecDeque::new(),
        };
        Ok(Entries::new(reading))
    }

    fn trim(&mut self, before: Lsn) -> Result<(), Error> {
        self.check()?;
        refuse::check_end(before, self.last)?;
        let before = before.min(self.last);
        if before <= self.first {
            return Ok(());
        }
        Pages::new(self.link.clone(), self.stream.clone()).trim(&self.subject, before.get())?;
        self.first = before;
        Ok(())
    }
}

/// The batches from one on, fetched as they are asked for.
struct Reading<'a> {
    name: &'a str,
    pages: Pages,
    next: Lsn,
    last: Lsn,
    /// After the one that was given last.
    chain: Option<Chain>,
    ready: VecDeque<super::pages::Stored>,
}

impl Iterator for Reading<'_> {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next > self.last {
            return None;
        }
        let entry = self.take();
        self.next = self.next.next();
        Some(entry)
    }
}

impl Reading<'_> {
    fn take(&mut self) -> Result<Entry, Error> {
        if self.ready.is_empty() {
            let left = self.last.get() - self.next.get() + 1;
            let most = usize::try_from(left).map_or(READ_AHEAD, |left| left.min(READ_AHEAD));
            self.ready = match self.pages.fetch(self.next.get(), most)? {
                Page::Messages(messages) => messages.into(),
                other => return entry(self.name, self.next, other),
            };
        }
        let found = self.ready.pop_front().into_iter().collect();
        let entry = entry(self.name, self.next, Page::Messages(found))?;
        if self.chain.is_some_and(|chain| chain != entry.chain_before()) {
            let what = format!("{}, batch {}: it does not follow the one before", self.name, self.next);
            return Err(refuse::corrupt(what));
        }
        self.chain = Some(entry.chain());
        Ok(entry)
    }
}

/// The batch that must be there.
fn entry(name: &str, lsn: Lsn, page: Page) -> Result<Entry, Error> {
    match page {
        Page::Messages(messages) => match messages.first() {
            Some(message) => frame::decode(name, lsn, &message.payload),
            None => Err(missing(name, lsn)),
        },
        // Another handle has trimmed it since the read began.
        Page::Gone { first, last } => {
            refuse::check_range(lsn, Lsn::new(first), Lsn::new(last))?;
            Err(missing(name, lsn))
        }
        Page::Ahead { .. } | Page::Missing => Err(missing(name, lsn)),
    }
}

fn missing(name: &str, lsn: Lsn) -> Error {
    refuse::corrupt(format!("{name}, batch {lsn}: it is missing"))
}

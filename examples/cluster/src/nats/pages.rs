//! The messages of a stream in their order, many at a time.

use std::io;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy};
use async_nats::jetstream::message::StreamMessage as Message;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::timeout;
use tripline::Error;

use super::link::Link;

/// As many as the client has room for by far: what comes while it has none is lost.
const MOST: usize = 4096;

/// A reader that nobody asks any more is forgotten by the server after this.
const FORGOTTEN: Duration = Duration::from_secs(30);

/// The server has all that it is asked for: where nothing comes for so long, nothing will.
const SILENCE: Duration = Duration::from_millis(500);

/// A message as it lies in its stream.
pub(super) struct Stored {
    pub(super) sequence: u64,
    pub(super) payload: Bytes,
    pub(super) headers: Option<HeaderMap>,
}

/// What there is from a sequence on.
pub(super) enum Page {
    /// One or more, without a gap, beginning there.
    Messages(Vec<Stored>),
    /// It is below the first that is kept.
    Gone { first: u64, last: u64 },
    /// Not yet: the stream ends before it.
    Ahead { last: u64 },
    /// The stream has what is before it and behind it.
    Missing,
}

pub(super) struct Pages {
    link: Link,
    stream: Stream,
    name: String,
    /// What the server remembers of us, and the sequence that it gives next.
    reader: Option<(Consumer<Config>, u64)>,
}

impl Pages {
    pub(super) fn new(link: Link, stream: Stream) -> Self {
        let name = stream.cached_info().config.name.clone();
        Self { link, stream, name, reader: None }
    }

    /// The first and the last sequence; an empty stream has its first behind its last.
    pub(super) fn ends(&self) -> Result<(u64, u64), Error> {
        let info = self.link.ask(&format!("look at {}", self.name), async || self.stream.get_info().await)?;
        Ok((info.state.first_sequence, info.state.last_sequence))
    }

    /// At most so many from this sequence on, and at most [`MOST`].
    pub(super) fn fetch(&mut self, from: u64, most: usize) -> Result<Page, Error> {
        let most = most.min(MOST);
        let mut idle = None;
        if let Some((reader, next)) = self.reader.take()
            && next == from
        {
            // A reader that the server has forgotten, or that has lost something on its way, is made anew below.
            match self.link.run(self.link.once(pull(&reader, from, most))) {
                Ok(Ok(page)) if !page.is_empty() => return Ok(self.keep(reader, page)),
                Ok(Ok(_)) => idle = Some((reader, next)),
                _ => {}
            }
        }
        let mut is_second = false;
        loop {
            let (first, last) = self.ends()?;
            if from < first {
                return Ok(Page::Gone { first, last });
            }
            if from > last {
                self.reader = idle;
                return Ok(Page::Ahead { last });
            }
            // There is something, and it did not come.
            idle = None;
            if is_second {
                // Nobody trimmed it in between. A server that has lost messages may still count them, and a reader then
                // waits for them: what is there is for the server to say.
                return self.one(from);
            }
            let config = Config {
                deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: from },
                ack_policy: AckPolicy::None,
                inactive_threshold: FORGOTTEN,
                memory_storage: true,
                num_replicas: 1,
                ..Config::default()
            };
            let what = format!("read {}", self.name);
            let (reader, page) = self.link.ask(&what, async || {
                let reader = self.stream.create_consumer(config.clone()).await.map_err(io::Error::other)?;
                let page = pull(&reader, from, most).await?;
                Ok::<_, io::Error>((reader, page))
            })?;
            if !page.is_empty() {
                return Ok(self.keep(reader, page));
            }
            is_second = true;
        }
    }

    /// Lets go of what is below this sequence, which is one that is there.
    ///
    /// By subject, though there is only one: a purge by number alone rewrites a file of the server in place (2.9.10,
    /// `Compact` in `server/filestore.go`), and a kill at that moment costs all that is in it.
    pub(super) fn trim(&self, subject: &str, before: u64) -> Result<(), Error> {
        if before <= 1 {
            // To the server this is all of it.
            return Ok(());
        }
        self.link.ask(&format!("trim {}", self.name), async || {
            self.stream.purge().filter(subject).sequence(before).await
        })?;
        Ok(())
    }

    fn one(&self, sequence: u64) -> Result<Page, Error> {
        let what = format!("read {}", self.name);
        let found = self.link.ask(&what, async || match self.stream.get_raw_message(sequence).await {
            Ok(Message { payload, headers, .. }) => {
                Ok(Some(Stored { sequence, payload, headers: Some(headers) }))
            }
            Err(error) => match error.kind() {
                LastRawMessageErrorKind::NoMessageFound => Ok(None),
                _ => Err(error),
            },
        })?;
        Ok(found.map_or(Page::Missing, |found| Page::Messages(vec![found])))
    }

    fn keep(&mut self, reader: Consumer<Config>, page: Vec<Stored>) -> Page {
        if let Some(last) = page.last() {
            self.reader = Some((reader, last.sequence + 1));
        }
        Page::Messages(page)
    }
}

/// What there is now, up to the first gap, or to where nothing comes any more.
async fn pull(reader: &Consumer<Config>, from: u64, most: usize) -> io::Result<Vec<Stored>> {
    let mut page = Vec::new();
    let mut next = from;
    let mut messages = reader.fetch().max_messages(most).messages().await.map_err(io::Error::other)?;
    while let Ok(Some(message)) = timeout(SILENCE, messages.next()).await {
        let message = message.map_err(io::Error::other)?;
        let sequence = message.info().map_err(io::Error::other)?.stream_sequence;
        if sequence != next {
            break;
        }
        next += 1;
        let message = message.message;
        page.push(Stored { sequence, payload: message.payload, headers: message.headers });
    }
    Ok(page)
}

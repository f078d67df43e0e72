//! A connection that plain threads can use.

use std::io;
use std::time::Duration;

use async_nats::jetstream::context::{Context, ContextBuilder};
use async_nats::jetstream::kv::Store;
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType, Stream};
use async_nats::{ConnectOptions, Event};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tripline::Error;
use tripline::journal::refuse;

/// How long a call may take where nothing else is said.
const DEADLINE: Duration = Duration::from_secs(5);

/// Between two tries: a server that was killed is back within a few of these.
const PAUSE: Duration = Duration::from_millis(20);

/// A connection to NATS, for threads that block.
///
/// Clones share it. A call ends within the deadline: with an answer, or as
/// [`Storage`](tripline::ErrorKind::Storage). The connection itself comes back
/// by itself once the server does.
///
/// No call may be made from within the runtime, which would wait for itself.
#[derive(Debug, Clone)]
pub struct Link {
    runtime: Handle,
    context: Context,
    deadline: Duration,
    /// How often the connection was lost.
    lost: watch::Receiver<u64>,
}

/// A message was sent, and no answer is known.
pub(super) enum Unclear {
    /// The connection on which the answer would have come is gone.
    Lost,
    Late,
}

impl Link {
    /// Connects to a server such as `127.0.0.1:4222`. The runtime must have threads of its own.
    ///
    /// # Errors
    ///
    /// [`Storage`](tripline::ErrorKind::Storage) where nobody answers there within five seconds.
    pub fn connect(runtime: &Handle, server: &str) -> Result<Self, Error> {
        let (count, lost) = watch::channel(0_u64);
        let options = ConnectOptions::new()
            .retry_on_initial_connect()
            .connection_timeout(DEADLINE)
            .reconnect_delay_callback(|_| PAUSE)
            // A server that hangs is noticed as one that is gone is.
            .ping_interval(Duration::from_secs(2))
            .event_callback(move |event| {
                if matches!(event, Event::Disconnected) {
                    count.send_modify(|count| *count += 1);
                }
                std::future::ready(())
            });
        let what = || format!("connect to {server}");
        let context = runtime.block_on(async {
            let client = options.connect(server).await.map_err(|error| refuse::storage(what(), error))?;
            timeout(DEADLINE, client.flush())
                .await
                .map_err(|_| refuse::storage(what(), no_answer(DEADLINE)))?
                .map_err(|error| refuse::storage(what(), error))?;
            Ok::<_, Error>(context(client, DEADLINE))
        })?;
        Ok(Self { runtime: runtime.clone(), context, deadline: DEADLINE, lost })
    }

    /// The same connection with another deadline for each call.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        let context = self.runtime.block_on(async { context(self.context.client(), deadline) });
        Self { context, deadline, ..self }
    }

    /// The largest message that the server takes, its headers included, in bytes.
    pub fn max_payload(&self) -> usize {
        self.context.client().server_info().max_payload
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// A name that nobody else has.
    pub(super) fn unique(&self) -> String {
        let inbox = self.context.client().new_inbox();
        inbox.rsplit('.').next().unwrap_or(&inbox).to_owned()
    }

    pub(super) fn run<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Asks what may be asked twice, until there is an answer or the deadline has passed.
    pub(super) fn ask<T, E>(&self, what: &str, question: impl AsyncFn() -> Result<T, E>) -> Result<T, Error>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        self.run(async {
            let end = Instant::now() + self.deadline;
            loop {
                // A question that went down with the connection has no answer any more: sooner asked again than waited for.
                let error = match self.until(end, question()).await {
                    Ok(Ok(answer)) => return Ok(answer),
                    Ok(Err(error)) => Some(error),
                    Err(_) => None,
                };
                if Instant::now() + PAUSE >= end {
                    return Err(match error {
                        Some(error) => refuse::storage(what, error),
                        None => refuse::storage(what, no_answer(self.deadline)),
                    });
                }
                sleep(PAUSE).await;
            }
        })
    }

    /// Waits for what must not be sent twice; where it stays unclear whether it arrived, the caller finds out.
    pub(super) async fn once<F: Future>(&self, future: F) -> Result<F::Output, Unclear> {
        self.until(Instant::now() + self.deadline, future).await
    }

    async fn until<F: Future>(&self, end: Instant, future: F) -> Result<F::Output, Unclear> {
        let mut lost = self.lost.clone();
        lost.mark_unchanged();
        tokio::select! {
            biased;
            answer = timeout_at(end, future) => answer.map_err(|_| Unclear::Late),
            Ok(()) = lost.changed() => Err(Unclear::Lost),
        }
    }

    /// A stream that keeps everything until it is told otherwise; made where it is not there yet.
    pub(super) fn stream(&self, name: &str, subject: &str) -> Result<Stream, Error> {
        let config = Config {
            name: name.to_owned(),
            subjects: vec![subject.to_owned()],
            storage: StorageType::File,
            num_replicas: 1,
            max_messages: -1,
            max_bytes: -1,
            max_consumers: -1,
            max_messages_per_subject: -1,
            max_message_size: -1,
            // A full one refuses what is new; the other policy would drop what is old.
            discard: DiscardPolicy::New,
            ..Config::default()
        };
        self.ask(&format!("open the stream {name}"), async || {
            self.context.get_or_create_stream(config.clone()).await
        })
    }

    /// A key-value bucket that keeps the last value of each key, for this long where that is not zero; made where it is
    /// not there yet.
    ///
    /// By the stream that it is, since the client's own way asks for the limits of the account first, and takes no
    /// answer of a server before 2.10.
    pub(super) fn bucket(&self, name: &str, max_age: Duration) -> Result<Store, Error> {
        let config = Config {
            name: format!("KV_{name}"),
            subjects: vec![format!("$KV.{name}.>")],
            storage: StorageType::File,
            num_replicas: 1,
            max_messages: -1,
            max_bytes: -1,
            max_consumers: -1,
            max_messages_per_subject: 1,
            max_message_size: -1,
            max_age,
            discard: DiscardPolicy::New,
            allow_rollup: true,
            deny_delete: true,
            allow_direct: true,
            ..Config::default()
        };
        let what = format!("open the bucket {name}");
        self.ask(&what, async || self.context.get_or_create_stream(config.clone()).await)?;
        self.ask(&what, async || self.context.get_key_value(name).await)
    }

    pub(super) fn unclear(&self, what: &str, unclear: Unclear) -> Error {
        match unclear {
            Unclear::Lost => refuse::storage(
                what,
                io::Error::new(io::ErrorKind::ConnectionReset, "the connection was lost"),
            ),
            Unclear::Late => refuse::storage(what, no_answer(self.deadline)),
        }
    }
}

fn context(client: async_nats::Client, deadline: Duration) -> Context {
    // The link's own deadline comes first, and says what it was.
    ContextBuilder::new().timeout(deadline * 2).build(client)
}

fn no_answer(within: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {within:?}"))
}

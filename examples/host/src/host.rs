//! The loop beside the connector's handler: events in, attempts out, and the time. Copy this file and take from it what you need.
//!
//! The handler answers requests by itself, on the tasks that they come in on; both work on one service, which the handler locks.
//! The loop has a thread of its own, because it waits for the disk. Whatever comes in while it does shares the next write.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tokio::runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::{AbortHandle, JoinHandle};
use tripline::Error;
use tripline::action::{ActionError, Registry};
use tripline::connector::{BoxError, ConnectorService, Handler};
use tripline::dispatch::{Lease, Prepare, Work};
use tripline::event::Event;
use tripline::pipeline::Receipt;

use crate::disk::Disk;
use crate::intake::Intake;
use crate::outside::Outside;

/// Most calls of `take` that wait at once.
const WAITING: usize = 1_000;
/// Most messages that share a write.
const GROUP: usize = 1_000;
/// Most attempts at once, over all targets.
const ATTEMPTS: usize = 64;

/// How the loop runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// After how many batches a snapshot is put.
    pub checkpoint: u64,
    /// How long what is under way may take when it is to stop.
    pub grace: Duration,
}

/// Why events were not taken.
#[derive(Debug)]
pub enum Refusal {
    /// More calls wait than may: send them again in a moment.
    Busy,
    /// It stops, or has stopped. Whether they were written down is not known: send them again, none is taken twice.
    Stopping,
    /// What the pipeline says.
    Pipeline(Error),
}

/// What the loop works on.
pub struct Start {
    pub handler: Arc<Handler<Outside>>,
    pub disk: Disk,
    pub intake: Intake,
    /// What the steps of flows run.
    pub registry: Registry,
}

/// Speaks to the loop, from anywhere.
#[derive(Debug, Clone)]
pub struct Host {
    inbox: mpsc::Sender<Message>,
    room: Arc<Semaphore>,
}

/// Wakes the loop; many calls before it has woken are one.
#[derive(Debug, Clone)]
pub struct Wake {
    inbox: mpsc::Sender<Message>,
    is_awake: Arc<AtomicBool>,
}

/// Where the loop will hear from others.
#[derive(Debug)]
pub struct Inbox {
    messages: mpsc::Receiver<Message>,
    sender: mpsc::Sender<Message>,
    wake: Wake,
}

#[derive(Debug)]
enum Message {
    Take(Vec<Event<'static>>, oneshot::Sender<Result<Receipt, Error>>, OwnedSemaphorePermit),
    Ended(Lease, Result<Value, ActionError>),
    Wake,
    Stop,
}

impl Inbox {
    /// An empty one.
    pub fn new() -> Self {
        let (sender, messages) = mpsc::channel();
        let wake = Wake { inbox: sender.clone(), is_awake: Arc::default() };
        Self { messages, sender, wake }
    }

    /// What wakes the loop that reads this.
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }
}

impl Wake {
    /// Has the loop look around.
    pub fn wake(&self) {
        if !self.is_awake.swap(true, Ordering::AcqRel) {
            // It may have ended before.
            let _ = self.inbox.send(Message::Wake);
        }
    }
}

impl Host {
    /// Starts the loop; the attempts are made on the runtime that this is called within. The handle ends once it has
    /// stopped, all of it written down, or with what ended it: then nothing is sent any more.
    pub fn start(
        start: Start,
        inbox: Inbox,
        prepare: impl Prepare + 'static,
        options: Options,
    ) -> (Self, JoinHandle<Result<(), BoxError>>) {
        let host = Self { inbox: inbox.sender.clone(), room: Arc::new(Semaphore::new(WAITING)) };
        let Start { handler, disk, intake, registry } = start;
        let mut this = Loop {
            handler,
            disk,
            intake,
            actions: Arc::new((registry, Box::new(prepare))),
            options,
            inbox,
            runtime: runtime::Handle::current(),
            attempts: HashMap::new(),
            checkpoint: None,
            latest: None,
        };
        let ended = runtime::Handle::current().spawn_blocking(move || {
            let result = this.run();
            // What the grace time was too short for is made again after the next start, if that is safe.
            this.attempts.into_values().for_each(|attempt| attempt.abort());
            result
        });
        (host, ended)
    }

    /// Hands events in. When this gives a receipt, they and all that they led to are on the disk.
    pub async fn take(&self, events: Vec<Event<'static>>) -> Result<Receipt, Refusal> {
        let permit = self.room.clone().try_acquire_owned().map_err(|_| Refusal::Busy)?;
        let (answer, answered) = oneshot::channel();
        self.inbox.send(Message::Take(events, answer, permit)).map_err(|_| Refusal::Stopping)?;
        answered.await.map_err(|_| Refusal::Stopping)?.map_err(Refusal::Pipeline)
    }

    /// Has it stop: no events are taken from now on, and what is under way is finished within the grace time.
    pub fn stop(&self) {
        // It may have stopped before.
        let _ = self.inbox.send(Message::Stop);
    }
}

struct Loop {
    handler: Arc<Handler<Outside>>,
    disk: Disk,
    intake: Intake,
    actions: Arc<(Registry, Box<dyn Prepare>)>,
    options: Options,
    inbox: Inbox,
    runtime: runtime::Handle,
    attempts: HashMap<Lease, AbortHandle>,
    /// The batch that the last snapshot was put after.
    checkpoint: Option<u64>,
    /// Until when, at the latest, once it is to stop.
    latest: Option<DateTime<Utc>>,
}

impl Loop {
    fn run(&mut self) -> Result<(), BoxError> {
        let mut due = self.turn(Vec::new())?; // what recovery has left to be done
        while !self.has_stopped() {
            let first = self.wait(due);
            self.inbox.wake.is_awake.store(false, Ordering::Release);
            let messages: Vec<Message> =
                first.into_iter().chain(self.inbox.messages.try_iter().take(GROUP)).collect();
            due = self.turn(messages)?;
        }
        self.handler.with(|service| self.disk.checkpoint(service.pipeline_mut()))??;
        Ok(())
    }

    /// The heart of it: inputs in, all of them written down at once, and only then answers and work out. When it is wanted next.
    fn turn(&mut self, messages: Vec<Message>) -> Result<Option<DateTime<Utc>>, BoxError> {
        let handler = Arc::clone(&self.handler);
        // When `with` returns, what it led to is on the disk.
        let answers = handler.with(|service| self.take_in(service, messages))??;
        for (answer, result, _permit) in answers {
            // Who asked may have gone.
            let _ = answer.send(result);
        }
        handler.with(|service| {
            let dispatcher = service.pipeline().dispatcher();
            self.attempts.retain(|lease, attempt| {
                dispatcher.is_live(*lease) || {
                    attempt.abort();
                    false
                }
            });
            while self.attempts.len() < ATTEMPTS
                && let Some(work) = service.pipeline_mut().poll_send()
            {
                self.begin(work);
            }
            let last = service.pipeline().last().get();
            if last - *self.checkpoint.get_or_insert(last) >= self.options.checkpoint {
                self.checkpoint = Some(self.disk.checkpoint(service.pipeline_mut())?.get());
            }
            Ok(service.poll_timeout())
        })?
    }

    fn take_in(
        &mut self,
        service: &mut ConnectorService,
        messages: Vec<Message>,
    ) -> Result<Answers, BoxError> {
        let mut answers = Vec::new();
        for message in messages {
            match message {
                Message::Take(events, answer, permit) if self.latest.is_none() => {
                    let result = self.intake.take(service.pipeline_mut(), &events);
                    answers.push((answer, result, permit));
                }
                Message::Take(..) | Message::Wake => {} // whoever waits for an answer hears that there is none
                Message::Ended(lease, result) => {
                    self.attempts.remove(&lease);
                    let _ = service.pipeline_mut().complete(Utc::now(), lease, result)?;
                }
                Message::Stop => {
                    let grace = TimeDelta::from_std(self.options.grace).unwrap_or(TimeDelta::MAX);
                    let latest = Utc::now().checked_add_signed(grace).unwrap_or(DateTime::<Utc>::MAX_UTC);
                    self.latest.get_or_insert(latest);
                }
            }
        }
        let _ = service.handle_timeout(Utc::now())?;
        Ok(answers)
    }

    /// Makes an attempt, on tokio, and has its end sent to the loop.
    fn begin(&mut self, work: Work) {
        let (lease, actions, sender) = (work.lease(), Arc::clone(&self.actions), self.inbox.sender.clone());
        let attempt = self.runtime.spawn(async move {
            let (registry, prepare) = &*actions;
            prepare.prepare(work).await?.run(registry).await
        });
        self.attempts.insert(lease, attempt.abort_handle());
        self.runtime.spawn(async move {
            let result = match attempt.await {
                Ok(result) => result,
                Err(error) if error.is_cancelled() => return, // the dispatcher knows
                Err(_) => Err(ActionError::permanent("the action panicked").with_outcome_unknown(true)),
            };
            // Once the loop has ended, the attempt counts as cut off.
            let _ = sender.send(Message::Ended(lease, result));
        });
    }

    /// Until something comes in, or the time has come.
    fn wait(&self, due: Option<DateTime<Utc>>) -> Option<Message> {
        let Some(at) = due.into_iter().chain(self.latest).min() else {
            return self.inbox.messages.recv().ok();
        };
        self.inbox.messages.recv_timeout((at - Utc::now()).to_std().unwrap_or_default()).ok()
    }

    fn has_stopped(&self) -> bool {
        self.latest.is_some_and(|latest| self.attempts.is_empty() || latest <= Utc::now())
    }
}

/// Who waits for an answer, the answer, and the place that it had.
type Answers = Vec<(oneshot::Sender<Result<Receipt, Error>>, Result<Receipt, Error>, OwnedSemaphorePermit)>;

//! What every host of a pipeline does: the loop around it. Copy this file and take from it what you need.
//!
//! The loop has a thread of its own, because it waits for the disk, which no async task should. Whatever comes
//! in while it waits shares the next write: the busier it is, the more goes into one sync. What is asynchronous, the
//! attempts, runs on tokio and sends its end back to the loop.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tokio::runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::{AbortHandle, JoinHandle};
use tripline::Error;
use tripline::action::{ActionError, Registry};
use tripline::dispatch::{Lease, Prepare, Work};
use tripline::event::Event;
use tripline::journal::{Journal, Snapshots};
use tripline::pipeline::{Pipeline, Receipt};

/// How a host runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// The most calls of `take` that wait at once.
    pub waiting: usize,
    /// The most messages that share a sync.
    pub group: usize,
    /// The most attempts at once, over all targets.
    pub attempts: usize,
    /// After how many batches a snapshot is put, and what is before it goes.
    pub checkpoint: u64,
    /// How long what is under way may take when it is to stop.
    pub grace: Duration,
}

/// When a host that is to stop has done so.
#[derive(Debug, Clone, Copy)]
pub enum Stop {
    /// What is under way is finished, within the grace time; what waits for its next attempt stays for the next start.
    Soon,
    /// All runs are over.
    WhenIdle,
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

/// Speaks to the loop, from anywhere.
#[derive(Debug, Clone)]
pub struct Host {
    inbox: mpsc::Sender<Message>,
    room: Arc<Semaphore>,
}

enum Message {
    Take(Vec<Event<'static>>, oneshot::Sender<Result<Receipt, Error>>, OwnedSemaphorePermit),
    Ended(Lease, Result<Value, ActionError>),
    Ask(Box<dyn FnOnce(&Pipeline) + Send>),
    Stop(Stop),
}

impl Host {
    /// Starts the loop; the attempts are made on the runtime that this is called within. The handle gives the pipeline back once
    /// it has stopped, all of it written down, or the error that ended it: then nothing is sent any more.
    pub fn start(
        pipeline: Pipeline,
        journal: impl Journal + 'static,
        snapshots: impl Snapshots + 'static,
        registry: Registry,
        prepare: impl Prepare + 'static,
        options: Options,
    ) -> (Self, JoinHandle<Result<Pipeline, Error>>) {
        let (sender, inbox) = mpsc::channel();
        let host = Self { inbox: sender.clone(), room: Arc::new(Semaphore::new(options.waiting)) };
        let checkpoint = pipeline.last().get();
        let mut this = Loop {
            pipeline,
            journal: Box::new(journal),
            snapshots: Box::new(snapshots),
            actions: Arc::new((registry, Box::new(prepare))),
            options,
            inbox,
            sender,
            runtime: runtime::Handle::current(),
            attempts: HashMap::new(),
            checkpoint,
            stop: None,
        };
        let ended = runtime::Handle::current().spawn_blocking(move || {
            let result = this.run();
            // What the grace time was too short for is made again after the next start, if that is safe.
            this.attempts.into_values().for_each(|attempt| attempt.abort());
            result.map(|()| this.pipeline)
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

    /// What a question about the pipeline is answered with; `None` once it has stopped.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Pipeline) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let ask = Box::new(move |pipeline: &Pipeline| drop(answer.send(question(pipeline))));
        self.inbox.send(Message::Ask(ask)).ok()?;
        answered.await.ok()
    }

    /// Has it stop; nothing is taken from now on.
    pub fn stop(&self, stop: Stop) {
        // It may have stopped before.
        let _ = self.inbox.send(Message::Stop(stop));
    }
}

struct Loop {
    pipeline: Pipeline,
    journal: Box<dyn Journal>,
    snapshots: Box<dyn Snapshots>,
    actions: Arc<(Registry, Box<dyn Prepare>)>,
    options: Options,
    inbox: mpsc::Receiver<Message>,
    /// For the attempts, which tell how they have ended.
    sender: mpsc::Sender<Message>,
    runtime: runtime::Handle,
    attempts: HashMap<Lease, AbortHandle>,
    /// The batch that the last snapshot was put after.
    checkpoint: u64,
    /// How it stops, and when at the latest.
    stop: Option<(Stop, Option<DateTime<Utc>>)>,
}

impl Loop {
    fn run(&mut self) -> Result<(), Error> {
        self.turn(Vec::new())?; // what recovery, and a change of the flows, have left to be done
        while !self.has_stopped() {
            let first = self.wait();
            let messages: Vec<Message> =
                first.into_iter().chain(self.inbox.try_iter().take(self.options.group)).collect();
            self.turn(messages)?;
        }
        self.pipeline.checkpoint(&mut self.journal, &mut self.snapshots).map(drop)
    }

    /// The heart of it: inputs in, all of them written down at once, and only then answers and work out.
    fn turn(&mut self, messages: Vec<Message>) -> Result<(), Error> {
        let mut answers = Vec::new();
        for message in messages {
            match message {
                Message::Take(events, answer, permit) if self.stop.is_none() => {
                    answers.push((answer, self.pipeline.handle_events(Utc::now(), &events), permit));
                }
                Message::Take(..) => {} // whoever waits for the answer hears that there is none
                Message::Ended(lease, result) => {
                    self.attempts.remove(&lease);
                    let _ = self.pipeline.complete(Utc::now(), lease, result)?;
                }
                Message::Ask(ask) => ask(&self.pipeline),
                Message::Stop(stop) => self.begin_to_stop(stop),
            }
        }
        let _ = self.pipeline.handle_timeout(Utc::now())?;

        while let Some(persist) = self.pipeline.poll_persist() {
            persist.append_to(&mut self.journal)?;
        }
        self.pipeline.persisted(self.journal.sync()?);

        for (answer, result, _permit) in answers {
            // Who asked may have gone.
            let _ = answer.send(result);
        }
        let dispatcher = self.pipeline.dispatcher();
        self.attempts.retain(|lease, attempt| {
            dispatcher.is_live(*lease) || {
                attempt.abort();
                false
            }
        });
        while self.attempts.len() < self.options.attempts
            && let Some(work) = self.pipeline.poll_send()
        {
            self.begin(work);
        }
        if self.pipeline.last().get() - self.checkpoint >= self.options.checkpoint {
            self.checkpoint = self.pipeline.checkpoint(&mut self.journal, &mut self.snapshots)?.get();
        }
        Ok(())
    }

    /// Makes an attempt, on tokio, and has its end sent to the loop.
    fn begin(&mut self, work: Work) {
        let (lease, actions, sender) = (work.lease(), Arc::clone(&self.actions), self.sender.clone());
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

    /// Until something comes in, or the pipeline's time has come.
    fn wait(&self) -> Option<Message> {
        let stop = self.stop.and_then(|(_, at)| at);
        let Some(at) = self.pipeline.poll_timeout().into_iter().chain(stop).min() else {
            return self.inbox.recv().ok();
        };
        self.inbox.recv_timeout((at - Utc::now()).to_std().unwrap_or_default()).ok()
    }

    fn begin_to_stop(&mut self, stop: Stop) {
        if matches!(self.stop, Some((Stop::Soon, _))) {
            return;
        }
        let grace = TimeDelta::from_std(self.options.grace).unwrap_or(TimeDelta::MAX);
        let latest = matches!(stop, Stop::Soon).then(|| Utc::now().checked_add_signed(grace)).flatten();
        self.stop = Some((stop, latest));
    }

    fn has_stopped(&self) -> bool {
        match self.stop {
            None => false,
            Some((Stop::WhenIdle, _)) => {
                self.pipeline.dispatcher().is_idle() && self.pipeline.flows().live() == 0
            }
            Some((Stop::Soon, latest)) => {
                self.attempts.is_empty() || latest.is_some_and(|at| at <= Utc::now())
            }
        }
    }
}

//! A partition's inputs, from the log that it shares with nobody.

use chrono::{DateTime, Utc};

use super::Pipeline;
use super::receipt::Receipt;
use super::record::{Input, Place};
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::partition::{Partition, Watermark};
use crate::time::{Nanos, datetime, instant};

impl Pipeline {
    /// Takes what a partition's log has from [`next_offset`](Self::next_offset) up to before `next`, as one
    /// input: the events, the [watermarks](Watermark::event) among them, and how far they go are in one batch.
    /// So whoever goes on from the journal reads on behind what it has, and nothing is taken twice or left out.
    ///
    /// The time of the engine is that of the log: of its events and watermarks, never `now`, which is for the flows
    /// and the dispatcher. So the same log fires the same, whoever reads it and whenever. No event is too far
    /// ahead; one without a time has that of the log so far, and is refused where there is none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where the engine is [of no partition](crate::engine::EngineBuilder::with_partition);
    /// [`ErrorKind::OutOfRange`] where the log is not read on, since `next` is not behind what was taken;
    /// [`ErrorKind::Full`] and [`ErrorKind::Limit`] as [`handle_events`](Self::handle_events). None has been looked at then.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::action::Registry;
    /// use tripline::engine::Engine;
    /// use tripline::event::ValueObserved;
    /// use tripline::partition::{Partitions, Watermark};
    /// use tripline::pipeline::Pipeline;
    ///
    /// let partition = Partitions::new(16)?.get(5)?;
    /// let engine = Engine::builder().with_partition(partition);
    /// let mut pipeline = Pipeline::builder(Registry::new()).with_engine(engine).build()?;
    ///
    /// let (now, told) = (DateTime::UNIX_EPOCH, DateTime::from_timestamp(1_772_330_400, 0).unwrap());
    /// let event = ValueObserved::new("segment", "vip", 998.0).into_event("t-16", "/s")?.with_time(told);
    /// let _ = pipeline.handle_log(now, 2, &[event.clone(), Watermark::event(told)?])?;
    /// assert_eq!(pipeline.next_offset(), 2);
    /// assert_eq!(pipeline.engine().clock(), Some(told));
    ///
    /// let again = pipeline.handle_log(now, 2, &[event]).unwrap_err();
    /// assert_eq!(again.to_string(), "the log is taken up to before 2, and these end before 2");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn handle_log(
        &mut self,
        now: DateTime<Utc>,
        next: u64,
        events: &[Event<'_>],
    ) -> Result<Receipt, Error> {
        if self.partition().is_none() {
            let message = "a log is a partition's, and the engine is of none".to_owned();
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        if next <= self.offset {
            let message =
                format!("the log is taken up to before {}, and these end before {next}", self.offset);
            return Err(Error::new(ErrorKind::OutOfRange, message));
        }
        self.check_events(events)?;
        self.take(instant(now)?, Input::Log(events, next), &[])
    }

    /// Where the partition's log is to be read on; 0 where nothing of it has been taken.
    ///
    /// ```
    /// # use tripline::{action::Registry, pipeline::Pipeline};
    /// assert_eq!(Pipeline::builder(Registry::new()).build()?.next_offset(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn next_offset(&self) -> u64 {
        self.offset
    }

    /// The partition that it is of: its engine's.
    ///
    /// ```
    /// # use tripline::{action::Registry, pipeline::Pipeline};
    /// assert_eq!(Pipeline::builder(Registry::new()).build()?.partition(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn partition(&self) -> Option<Partition> {
        self.engine.partition()
    }

    /// What a batch made now says of its partition.
    pub(super) fn place(&self) -> Option<Place> {
        self.partition().map(|partition| Place {
            partition: partition.index(),
            partitions: partition.partitions().count(),
            next: self.offset,
            due: self.engine.poll_timeout().and_then(|due| instant(due).ok()),
        })
    }

    /// The time of the engine, where an input has one of its own.
    pub(super) fn engine_time(&self, now: Nanos) -> DateTime<Utc> {
        match self.partition() {
            Some(_) => self.engine.clock().unwrap_or_else(|| datetime(now)),
            None => datetime(now),
        }
    }

    pub(super) fn take_log(&mut self, events: &[Event<'_>], next: u64, receipt: &mut Receipt) {
        receipt.taken = events.len();
        self.counts.events += events.len() as u64;
        for (place, event) in events.iter().enumerate() {
            let Some(at) = event.time().or_else(|| self.engine.clock()) else {
                let message =
                    format!("the event {:?} has no time, and the log has told none before it", event.id());
                receipt.refused.push((place, Error::new(ErrorKind::Invalid, message)));
                continue;
            };
            if event.event_type() == Watermark::EVENT_TYPE {
                if let Err(error) = self.with_room(receipt, |engine| engine.handle_timeout(at)) {
                    receipt.refused.push((place, error));
                }
            } else {
                self.judge(place, at, event, receipt);
            }
            self.collect(receipt);
        }
        self.offset = next;
    }
}

//! Reading, judging, committing.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::inputs::{Input, Inputs};
use super::taken::Taken;
use crate::action::ActionError;
use crate::dispatch::{Lease, Work};
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Reader};
use crate::flow::Flow;
use crate::journal::{Journal, Snapshots, refuse};
use crate::partition::Partition;
use crate::pipeline::{Changes, Owners, Pipeline, PipelineBuilder, Recovery, recover_as};

const INPUTS_AT_ONCE: usize = 256;
const CHECKPOINT_EVERY: u64 = 1_024;

/// A partition and its ports, with one owner.
///
/// # Contract
///
/// 1. Every input is committed before the call returns: appended, synced, and only then may its work be sent.
/// 2. An error of the journal or the snapshots ends it: nobody knows what is stored, or another owner
///    has written ([`Fenced`](ErrorKind::Fenced)). It sends nothing more, and answers every call with
///    [`Poisoned`](ErrorKind::Poisoned). Drop it, and open the ports anew. An error of the log of inputs
///    ends nothing: it is read again.
/// 3. The log says what time it is for the triggers, `now` for deliveries: see [`Pipeline::handle_log`].
/// 4. An owner that does not know of another may send what that one sends too, under the same id
///    and with the same input; what it has to tell of it is fenced.
///
/// ```
#[doc = include_str!("../../docs/snippets/shard.rs")]
/// assert_eq!((shard.partition(), shard.recovery().is_fresh()), (partition, true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Shard<I, J, S> {
    inputs: I,
    journal: J,
    snapshots: S,
    pipeline: Pipeline,
    partition: Partition,
    recovery: Recovery,
    reader: Reader,
    at_once: usize,
    every: u64,
    /// Batches since the last snapshot.
    since: u64,
    /// What went wrong, where it is over.
    failed: Option<&'static str>,
}

impl<I: Inputs, J: Journal, S: Snapshots> Shard<I, J, S> {
    /// Goes on where the last owner ended. Where there was one, its end is committed, so that it is fenced from here on.
    ///
    /// Where an owner is at work, it may put a snapshot and let go of batches between a look at the journal and
    /// one at the snapshots. That looks as if batches were missing, in the middle or at the end: open all ports anew, and
    /// believe [`Corrupt`](ErrorKind::Corrupt) when it comes again.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) where the builder's engine is
    /// [of no partition](crate::engine::EngineBuilder::with_partition); as [`recover`](crate::pipeline::recover), and
    /// [`Corrupt`](ErrorKind::Corrupt) also where the journal ends before the snapshot, which that one mends;
    /// [`Fenced`](ErrorKind::Fenced) where another owner has written meanwhile.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// inputs.push(vip("t-16", 998.0)?.to_json());
    /// let _ = shard.take(now)?;
    /// let heir = open()?;
    /// assert_eq!((heir.recovery().batches(), heir.pipeline().next_offset()), (2, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(
        builder: PipelineBuilder,
        now: DateTime<Utc>,
        inputs: I,
        journal: J,
        mut snapshots: S,
    ) -> Result<Self, Error> {
        let (pipeline, recovery) = recover_as(builder, now, &journal, &mut snapshots, Owners::Many)?;
        let partition = pipeline.partition().ok_or_else(|| {
            let message = "the engine of a shard is one partition's, and this is of none";
            Error::new(ErrorKind::Invalid, message)
        })?;
        let mut shard = Self {
            inputs,
            journal,
            snapshots,
            pipeline,
            partition,
            since: recovery.batches(),
            recovery,
            reader: Reader::new(),
            at_once: INPUTS_AT_ONCE,
            every: CHECKPOINT_EVERY,
            failed: None,
        };
        shard.commit()?;
        Ok(shard)
    }

    /// The same, reading at most so many inputs for one batch; 256 by default, at least one.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// let mut shard = shard.with_inputs_at_once(1);
    /// for id in ["t-16", "t-17"] {
    ///     inputs.push(vip(id, 998.0)?.to_json());
    /// }
    /// assert_eq!(shard.take(now)?.inputs(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_inputs_at_once(mut self, most: usize) -> Self {
        self.at_once = most.max(1);
        self
    }

    /// The same, putting a snapshot after so many batches; 1,024 by default, zero for never.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// let mut shard = shard.with_checkpoint_every(1);
    /// inputs.push(vip("t-16", 998.0)?.to_json());
    /// let _ = shard.take(now)?;
    /// assert_eq!(open()?.recovery().snapshot(), Some(shard.pipeline().last()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_checkpoint_every(mut self, batches: u64) -> Self {
        self.every = batches;
        self
    }

    /// The same, reading events with other bounds.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// let mut shard = shard.with_reader(tripline::event::Reader::new().with_max_bytes(16));
    /// inputs.push(vip("t-16", 998.0)?.to_json());
    /// assert!(shard.take(now)?.refused()[0].1.is_limit());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_reader(mut self, reader: Reader) -> Self {
        self.reader = reader;
        self
    }

    /// Brings the flows in line with a list, of which it takes those that its partition
    /// [takes](Partition::takes). What a flow makes of silence "from the start" begins at `now` where the log
    /// has not told any time yet: give each partition the same.
    ///
    /// # Errors
    ///
    /// As [`Pipeline::set_flows`], and of the journal.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// let flows: Vec<_> = shard.pipeline().flows().flows().cloned().collect();
    /// assert_eq!(shard.set_flows(now, flows)?, Default::default());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_flows(
        &mut self,
        now: DateTime<Utc>,
        flows: impl IntoIterator<Item = Flow>,
    ) -> Result<Changes, Error> {
        let partition = self.partition;
        let own = flows.into_iter().filter(|flow| partition.takes(flow.trigger()));
        self.input(|pipeline| pipeline.set_flows(now, own))
    }

    /// Reads on in the log, judges, and commits. Nothing is read while too much waits to be delivered.
    ///
    /// # Errors
    ///
    /// As [`Inputs::read`], and [`Corrupt`](ErrorKind::Corrupt) where offsets do not ascend; nothing has changed then.
    /// As [`Journal::append`], [`Journal::sync`] and [`Pipeline::checkpoint`]; the shard is over then.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// assert_eq!(shard.take(now)?.inputs(), 0, "nothing is there yet");
    /// inputs.push(vip("t-16", 1004.0)?.to_json());
    /// assert_eq!(shard.take(now)?.inputs(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn take(&mut self, now: DateTime<Utc>) -> Result<Taken, Error> {
        self.check_alive()?;
        if self.pipeline.is_full() {
            return Ok(Taken { is_full: true, ..Taken::default() });
        }
        let from = self.pipeline.next_offset();
        let most = self.at_once.min(self.pipeline.limits().events());
        let inputs = self.inputs.read(from, most)?;
        let Some(next) = next_offset(from, &inputs)? else { return Ok(Taken::default()) };
        let mut taken = Taken { inputs: inputs.len(), ..Taken::default() };
        let (mut events, mut offsets) = (Vec::<Event<'_>>::with_capacity(inputs.len()), Vec::new());
        for input in &inputs {
            match self.reader.read(input.bytes()) {
                Ok(event) => {
                    events.push(event);
                    offsets.push(input.offset());
                }
                Err(error) => taken.refused.push((input.offset(), error)),
            }
        }
        taken.receipt = self.pipeline.handle_log(now, next, &events)?;
        let refused = taken.receipt.take_refused().into_iter();
        taken.refused.extend(refused.map(|(place, error)| (offsets[place], error)));
        taken.refused.sort_by_key(|(offset, _)| *offset);
        self.commit()?;
        Ok(taken)
    }

    /// The next attempt to be made; none once the shard is over.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// assert!(shard.poll_send().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "an attempt that is not made is lost at its deadline"]
    pub fn poll_send(&mut self) -> Option<Work> {
        self.pipeline.poll_send().filter(|_| self.failed.is_none())
    }

    /// Tells how an attempt ended, and commits that.
    ///
    /// # Errors
    ///
    /// As [`Pipeline::complete`], and of the journal.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// for (id, members) in [("t-16", 998.0), ("t-17", 1004.0)] {
    ///     inputs.push(vip(id, members)?.to_json());
    /// }
    /// let _ = shard.take(now)?;
    /// let work = shard.poll_send().unwrap();
    /// shard.complete(now, work.lease(), Ok(json!({})))?;
    /// assert!(open()?.pipeline().dispatcher().is_idle(), "it is settled for whoever comes after");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn complete(
        &mut self,
        now: DateTime<Utc>,
        lease: Lease,
        result: Result<Value, ActionError>,
    ) -> Result<(), Error> {
        self.input(|pipeline| pipeline.complete(now, lease, result)).map(drop)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is wanted next: deliveries and flows have deadlines, triggers go by the log.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// assert_eq!(shard.poll_timeout(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn poll_timeout(&self) -> Option<DateTime<Utc>> {
        self.pipeline.poll_timeout()
    }

    /// Moves the clock of deliveries and flows, and commits what that leads to.
    ///
    /// # Errors
    ///
    /// As [`Pipeline::handle_timeout`], and of the journal.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// shard.handle_timeout(now)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_timeout(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        self.input(|pipeline| pipeline.handle_timeout(now)).map(drop)
    }

    /// Hands the pipeline any other input (a redrive, a value to be kept), and commits it.
    ///
    /// # Errors
    ///
    /// What the input refuses, and as [`take`](Self::take) of the journal.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// use tripline::pipeline::Keep;
    /// let _ = shard.input(|pipeline| pipeline.keep(now, &[Keep::put("owner", "ana")]))?;
    /// assert_eq!(open()?.pipeline().kept("owner"), Some("ana"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn input<T>(&mut self, input: impl FnOnce(&mut Pipeline) -> Result<T, Error>) -> Result<T, Error> {
        self.check_alive()?;
        let given = input(&mut self.pipeline);
        // What was made before a refusal is committed too.
        self.commit()?;
        given
    }

    /// Puts a snapshot now, whatever [`with_checkpoint_every`](Self::with_checkpoint_every) says.
    ///
    /// # Errors
    ///
    /// As [`Pipeline::checkpoint`]; the shard is over then.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// shard.checkpoint()?;
    /// assert_eq!(open()?.recovery().batches(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn checkpoint(&mut self) -> Result<(), Error> {
        self.check_alive()?;
        let put = self.pipeline.checkpoint(&mut self.journal, &mut self.snapshots);
        self.since = 0;
        put.map(drop).inspect_err(|_| self.failed = Some("a checkpoint"))
    }

    /// The partition.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// assert_eq!(shard.partition(), partition);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// What was found when it was opened.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// assert_eq!(open()?.recovery().batches(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// The machine itself, to be looked at.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/shard.rs")]
    /// assert_eq!(shard.pipeline().flows().flows().count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    fn check_alive(&self) -> Result<(), Error> {
        self.failed.map_or(Ok(()), |what| Err(refuse::poisoned(what)))
    }

    fn commit(&mut self) -> Result<(), Error> {
        let before = self.since;
        while let Some(persist) = self.pipeline.poll_persist() {
            persist.append_to(&mut self.journal).inspect_err(|_| self.failed = Some("an append"))?;
            self.since += 1;
        }
        if self.since > before {
            let safe = self.journal.sync().inspect_err(|_| self.failed = Some("a sync"))?;
            self.pipeline.persisted(safe);
        }
        if self.every > 0 && self.since >= self.every {
            self.checkpoint()?;
        }
        Ok(())
    }
}

impl<I, J, S> fmt::Debug for Shard<I, J, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shard")
            .field("partition", &self.partition)
            .field("pipeline", &self.pipeline)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// Where the log goes on behind these; none where there are none.
fn next_offset(from: u64, inputs: &[Input]) -> Result<Option<u64>, Error> {
    let mut next = from;
    for input in inputs {
        if input.offset() < next {
            let message =
                format!("the log gives the input at {} where {next} or more is next", input.offset());
            return Err(Error::new(ErrorKind::Corrupt, message));
        }
        next = input.offset().saturating_add(1);
    }
    Ok((next > from).then_some(next))
}

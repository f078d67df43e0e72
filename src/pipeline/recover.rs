//! Going on where another process ended.

use chrono::{DateTime, Utc};

use super::Pipeline;
use super::builder::PipelineBuilder;
use super::record::{Place, check_place, decode};
use crate::error::{Error, ErrorKind};
use crate::journal::{Batch, Chain, Damage, Found, Journal, Lsn, Snapshot, Snapshots};
use crate::time::format_instant;

/// What a recovery has found.
///
/// ```
#[doc = include_str!("../../docs/snippets/pipeline.rs")]
/// let (_, recovery) = recover(Pipeline::builder(registry), now, &journal, &mut snapshots)?;
/// assert!(recovery.is_fresh(), "nothing was written down yet");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Recovery {
    found: Found,
    snapshot: Option<Lsn>,
    damaged: Vec<Damage>,
    batches: u64,
    firings: u64,
    cut_off: usize,
    tail_lost: Option<Lsn>,
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident -> $type:ty: $get:expr, $example:literal;)*) => {
        impl Recovery {
            $(
                $(#[$doc])*
                ///
                /// ```
                #[doc = include_str!("../../docs/snippets/pipeline.rs")]
                /// pipeline.poll_persist().unwrap().append_to(&mut journal)?;
                /// let (_, recovery) = recover(Pipeline::builder(registry), now, &journal, &mut snapshots)?;
                #[doc = concat!("assert!(", $example, ");")]
                /// # Ok::<(), Box<dyn std::error::Error>>(())
                /// ```
                pub fn $name(&self) -> $type {
                    let get: fn(&Self) -> $type = $get;
                    get(self)
                }
            )*
        }
    };
}

getters! {
    /// What the journal found when it was opened.
    found -> &Found: |this| &this.found, "recovery.found().tail().is_none()";
    /// The batch after which the snapshot was taken from which it began.
    snapshot -> Option<Lsn>: |this| this.snapshot, "recovery.snapshot().is_none()";
    /// Snapshots that were damaged, so that an older one was taken.
    damaged -> &[Damage]: |this| &this.damaged, "recovery.damaged().is_empty()";
    /// Batches that were gone through.
    batches -> u64: |this| this.batches, "recovery.batches() == 1";
    /// What fired in them, as it had the first time.
    firings -> u64: |this| this.firings, "recovery.firings() == 0";
    /// Attempts that were under way: see [`Dispatcher::handle_restart`](crate::dispatch::Dispatcher::handle_restart).
    cut_off -> usize: |this| this.cut_off, "recovery.cut_off() == 0";
    /// Where the journal has lost acknowledged batches, the first of them; the state may be from before
    /// them, or from a snapshot after them.
    tail_lost -> Option<Lsn>: |this| this.tail_lost, "recovery.tail_lost().is_none()";
    /// Whether there was nothing to go on with.
    is_fresh -> bool: |this| this.snapshot.is_none() && this.batches == 0, "!recovery.is_fresh()";
}

/// Brings a pipeline back: the last snapshot, the batches after it, and word
/// to the dispatcher that nobody carries out what was under way. Nothing is
/// rendered, and nothing is sent.
///
/// The flows are those that were there, and their actions must be too: take an
/// action out of the registry once [`Pipeline::set_flows`] has taken out the flows
/// that run it. The builder's bounds and policies are to be those with which the
/// batches after the snapshot were made: change them after a
/// [checkpoint](Pipeline::checkpoint). Batches that this makes are polled as ever.
///
/// A journal that ends before the snapshot is taken for one that has lost its end, which is
/// [told](Recovery::tail_lost) and mended. Where another owner may be at work it may only have been opened too early:
/// use a [`Shard`](crate::shard::Shard) there, which mends nothing.
///
/// # Errors
///
/// [`ErrorKind::Corrupt`] where journal and snapshots do not belong together or
/// batches are missing, [`ErrorKind::Diverged`] where a batch does not give what
/// it gave, both with the batch; as [`Journal::read`], [`Snapshots::latest`] and
/// [`PipelineBuilder::restore`]. Nothing has been written then.
///
/// ```
#[doc = include_str!("../../docs/snippets/pipeline.rs")]
/// pipeline.poll_persist().unwrap().append_to(&mut journal)?; // and then the process ends
/// let (pipeline, recovery) = recover(Pipeline::builder(registry), now, &journal, &mut snapshots)?;
/// assert_eq!((recovery.batches(), pipeline.flows().flows().count()), (1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn recover<J: Journal + ?Sized, S: Snapshots + ?Sized>(
    builder: PipelineBuilder,
    now: DateTime<Utc>,
    journal: &J,
    snapshots: &mut S,
) -> Result<(Pipeline, Recovery), Error> {
    recover_as(builder, now, journal, snapshots, Owners::One)
}

/// Who else may be at the same journal and snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owners {
    One,
    /// What the journal lacks may be what another has written since it was opened.
    Many,
}

/// [`recover`], told who else there may be.
pub(crate) fn recover_as<J: Journal + ?Sized, S: Snapshots + ?Sized>(
    builder: PipelineBuilder,
    now: DateTime<Utc>,
    journal: &J,
    snapshots: &mut S,
    owners: Owners,
) -> Result<(Pipeline, Recovery), Error> {
    let latest = snapshots.latest()?;
    let mut recovery = Recovery {
        found: journal.found().clone(),
        snapshot: latest.snapshot().map(Snapshot::lsn),
        damaged: latest.damaged().to_vec(),
        batches: 0,
        firings: 0,
        cut_off: 0,
        tail_lost: journal.found().tail_lost(),
    };
    let (mut pipeline, chain) = match latest.into_snapshot() {
        Some(snapshot) => (builder.restore(snapshot.lsn(), snapshot.bytes())?, snapshot.chain()),
        None => (builder.build()?, Chain::START),
    };
    let next = pipeline.last.next();
    if next < journal.first() {
        let message = format!("the batches from {next} to before {} are missing", journal.first());
        return Err(Error::new(ErrorKind::Corrupt, message));
    }
    if pipeline.last > journal.last() {
        if owners == Owners::Many {
            let (last, state) = (journal.last(), pipeline.last);
            let message = format!("the journal ends with batch {last} and there is a snapshot of {state}");
            return Err(Error::new(ErrorKind::Corrupt, message));
        }
        // The state knows more than the journal, which has lost its end: they go on together from here.
        recovery.tail_lost = Some(recovery.tail_lost.unwrap_or(journal.last().next()));
        (pipeline.last, pipeline.safe, pipeline.checkpoint) =
            (journal.last(), journal.last(), journal.last());
        let bytes = pipeline.snapshot();
        let snapshot = Snapshot::new(journal.last(), bytes)
            .with_chain(journal.chain())
            .with_configuration(pipeline.configuration());
        snapshots.put(&snapshot)?;
    } else {
        let mut before = chain;
        for entry in journal.read(next)? {
            let entry = entry?;
            if entry.lsn() != pipeline.last.next() {
                let (missing, found) = (pipeline.last.next(), entry.lsn());
                let message = format!("batch {missing} is missing: the journal gives {found} in its place");
                return Err(Error::new(ErrorKind::Corrupt, message));
            }
            belongs(before, entry.chain_before(), entry.lsn().previous())?;
            before = entry.chain();
            recovery.firings += pipeline.replay(entry.lsn(), entry.batch())?;
            recovery.batches += 1;
        }
        belongs(before, journal.chain(), journal.last())?;
    }
    if !recovery.is_fresh() {
        recovery.cut_off = pipeline.dispatcher.in_flight();
        let _ = pipeline.handle_restart(now)?;
    }
    Ok((pipeline, recovery))
}

impl Pipeline {
    /// Handles the input of a batch once more, and holds what it leads to
    /// against what it led to. How much fired. [`recover`] calls it; it is for
    /// hosts whose journal is asynchronous. What is to be sent is not polled
    /// after it: once all are gone through, [`handle_restart`](Self::handle_restart) is told.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`] where it is not the next batch,
    /// [`ErrorKind::Corrupt`] where it does not read, and
    /// [`ErrorKind::Diverged`] where it leads to something else; the pipeline is of no use then.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// let persist = pipeline.poll_persist().unwrap();
    /// let mut other = Pipeline::builder(registry).build()?;
    /// assert_eq!(other.replay(persist.lsn(), persist.batch())?, 0);
    /// assert_eq!(other.snapshot(), pipeline.snapshot());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn replay(&mut self, lsn: Lsn, batch: &Batch) -> Result<u64, Error> {
        if lsn != self.last.next() {
            let message = format!("the batch {lsn} does not come after {}", self.last);
            return Err(Error::new(ErrorKind::OutOfRange, message));
        }
        let at = |kind: ErrorKind, why: String| Error::new(kind, format!("batch {lsn}: {why}"));
        let record = decode(batch).map_err(|why| at(ErrorKind::Corrupt, why))?;
        check_place(record.place, self.place()).map_err(|why| at(ErrorKind::Corrupt, why))?;
        self.given = Some(record.rendered.into());
        let receipt = self.apply(record.now, &record.input.as_input(), &record.keeps, lsn);
        let left = self.given.take().unwrap_or_default();
        let receipt = receipt.map_err(|error| at(ErrorKind::Diverged, error.to_string()))?;
        // Nothing of it is on its way: a restart follows.
        self.outgoing.clear();
        if left.iter().any(|rendered| !rendered.is_empty()) {
            return Err(at(ErrorKind::Diverged, "it holds renderings that nothing asks for".to_owned()));
        }
        let same = receipt.firings.iter().map(|firing| firing.to_json().into_bytes());
        if !same.eq(record.firings.iter().copied()) {
            let (now, then) = (receipt.firings.len(), record.firings.len());
            let why = format!("{now} firings where there were {then}, or others");
            return Err(at(ErrorKind::Diverged, why));
        }
        if self.place() != record.place {
            let shown = |place: Option<Place>| place.and_then(|place| place.due).map(format_instant);
            let [now, then] = [self.place(), record.place].map(|place| shown(place).unwrap_or_default());
            let why = format!("the next deadline is {now:?} and was {then:?}");
            return Err(at(ErrorKind::Diverged, why));
        }
        (self.last, self.safe) = (lsn, lsn);
        Ok(receipt.firings.len() as u64)
    }
}

fn belongs(chain: Chain, other: Chain, lsn: Lsn) -> Result<(), Error> {
    if chain == other {
        return Ok(());
    }
    let message = format!("the journal has another batch {lsn} than the one that came before");
    Err(Error::new(ErrorKind::Corrupt, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Registry;

    #[test]
    fn a_batch_out_of_turn_is_refused() {
        let mut pipeline = Pipeline::builder(Registry::new()).build().unwrap();
        let error = pipeline.replay(Lsn::new(7), &Batch::new()).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::OutOfRange, "the batch 7 does not come after 0")
        );
        let error = pipeline.replay(Lsn::FIRST, &Batch::new()).unwrap_err();
        assert_eq!(error.to_string(), "batch 1: it has no records");
    }
}

//! The process around a pipeline: writes down, sends, tells. It can end anywhere.

use serde_json::{Value, json};
use tripline::dispatch::Work;
use tripline::journal::{Journal, Lsn};

use super::setup;
use super::world::{Stop, World};
use super::{Plant, fault};

impl World {
    /// A place where the process may end.
    pub(super) fn point(&mut self) -> Result<(), Stop> {
        if !self.is_calm && self.random.below(1_000) < self.crashes {
            return Err(Stop::Crash);
        }
        Ok(())
    }

    /// Writes down and sends, as far as this host comes.
    pub(super) fn pump(&mut self) -> Result<(), Stop> {
        if self.has_planted(Plant::SendsBeforeItIsWritten) {
            self.pipeline.persisted(self.pipeline.last());
        }
        while let Some(persist) = self.pipeline.poll_persist() {
            self.point()?;
            if !self.is_calm && self.random.below(1_500) < self.crashes {
                self.journal.fail_next();
            }
            let lsn = match persist.append_to(&mut self.journal) {
                Ok(lsn) => lsn,
                Err(error) if error.is_fenced() => return fault(format!("nobody else has written: {error}")),
                // Nobody knows what is stored: the same as the end of the process.
                Err(_) => return Err(Stop::Crash),
            };
            self.archive.push(persist.batch().clone());
            if self.has_planted(Plant::AcknowledgesWithoutSync) {
                self.pipeline.persisted(lsn);
            }
            self.point()?;
            if self.is_lazy(20) {
                break;
            }
        }
        if !self.is_lazy(25) {
            let lsn = self.journal.sync().map_err(|_| Stop::Crash)?;
            self.point()?;
            self.follow(lsn)?;
            self.pipeline.persisted(lsn);
        }
        self.send()
    }

    fn send(&mut self) -> Result<(), Stop> {
        while let Some(work) = self.pipeline.poll_send() {
            self.point()?;
            // What is durable knows of this attempt.
            if !self.scratch.dispatcher().is_live(work.lease()) {
                return fault(format!("{} is sent, and no durable batch knows of the attempt", work.id()));
            }
            let mut input = work.input().clone();
            if self.has_planted(Plant::RendersAnew) && work.attempt() > 1 {
                input = json!({"text": format!("{} again", self.versions)});
            }
            self.arrive(&work, &input, self.is_calm)?;
            if self.has_planted(Plant::SendsTwice) && self.random.percent(10) {
                self.arrive(&work, &input, true)?;
            }
            self.point()?;
            if self.is_lazy(15) {
                break;
            }
        }
        Ok(())
    }

    fn arrive(&mut self, work: &Work, input: &Value, is_calm: bool) -> Result<(), Stop> {
        let (with, how) = ((self.time, &mut self.random), (is_calm, false));
        let arrived = self.receivers.take((work, input), &self.model, with, how);
        self.in_flight.push(arrived.map_err(Stop::Fault)?);
        Ok(())
    }

    /// A host that has other things to do stops halfway.
    fn is_lazy(&mut self, percent: usize) -> bool {
        !self.is_calm && self.random.percent(percent)
    }

    /// The witnesses go through what has become durable.
    pub(super) fn follow(&mut self, to: Lsn) -> Result<(), Stop> {
        while self.scratch.last() < to {
            let next = self.scratch.last().next();
            let batch = &self.archive[usize::try_from(next.get()).unwrap() - 1];
            for witness in [&mut self.scratch, &mut self.cut] {
                witness.replay(next, batch).map_err(|error| Stop::Fault(format!("in a witness: {error}")))?;
            }
            if !self.is_cut_everywhere && self.random.percent(2) {
                self.cut_here()?;
            }
        }
        if self.is_cut_everywhere { self.cut_here() } else { Ok(()) }
    }

    /// One witness goes on from its own snapshot.
    fn cut_here(&mut self) -> Result<(), Stop> {
        let bytes = self.cut.snapshot();
        let older = std::mem::replace(&mut self.latest_cut, bytes);
        let forgets = self.has_planted(Plant::RestoresAnOlderSnapshot) && !older.is_empty();
        let bytes = if forgets && self.random.percent(50) { &older } else { &self.latest_cut };
        let restored = setup::builder(&self.registry).restore(self.cut.last(), bytes);
        self.cut = restored.map_err(|error| Stop::Fault(format!("a snapshot is refused: {error}")))?;
        self.count("cuts");
        Ok(())
    }
}

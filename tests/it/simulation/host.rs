//! The process around a pipeline: writes down, sends, tells. It can end anywhere.

use tripline::journal::{Journal, Lsn};

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
            let time = self.time;
            let model = &self.model;
            let arrived = self.receivers.take(&work, model, (time, &mut self.random), (self.is_calm, false));
            self.in_flight.push(arrived.map_err(Stop::Fault)?);
            if self.has_planted(Plant::SendsTwice) && self.random.percent(10) {
                let again = self.receivers.take(&work, &self.model, (time, &mut self.random), (true, false));
                again.map_err(Stop::Fault)?;
            }
            self.point()?;
            if self.is_lazy(15) {
                break;
            }
        }
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
            if self.random.percent(2) {
                let bytes = self.cut.snapshot();
                self.cut = super::setup::builder(&self.registry).restore(next, &bytes).unwrap();
            }
        }
        Ok(())
    }
}

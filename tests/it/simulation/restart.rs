//! The end of a process, and the beginning of the next.

use chrono::{DateTime, Utc};
use tripline::journal::{Batch, Chain, Entries, Found, Journal, Lsn, MemoryJournal, Snapshots};
use tripline::pipeline::{Pipeline, recover};
use tripline::{Error, ErrorKind};

use super::model::Said;
use super::setup;
use super::verify::same;
use super::world::{Stop, World};
use super::{Plant, fault};

/// An owner that does not know that another has taken over.
pub(super) struct Zombie {
    pipeline: Pipeline,
    journal: MemoryJournal,
    /// What it has taken in and not written down.
    saids: Vec<(Lsn, DateTime<Utc>, Said)>,
}

impl World {
    /// The process ends, here and now, and the machine with it.
    pub(super) fn restart(&mut self) -> Result<(), Stop> {
        self.count("crashes");
        let survivors = self.random.below(4);
        self.journal.crash(survivors);
        self.begin()?;
        self.point()?;
        self.pump()?;
        self.verify()
    }

    /// Another process begins with what is in the journal.
    fn begin(&mut self) -> Result<(), Stop> {
        let flights = std::mem::take(&mut self.in_flight);
        self.journal = self.journal.reopen();
        let last = self.journal.last();
        self.archive.truncate(usize::try_from(last.get()).unwrap());
        self.receivers.cut(last);
        // Who sent them has no word that they are safe, and sends them again.
        for (_, said) in self.model.cut(last).into_values() {
            if let Said::Events(events) = said {
                self.withheld.extend(events);
            }
        }
        self.looked.clear();
        self.follow(last)?;
        // Those that were given up before, at their deadline, are not cut off by this.
        for flight in flights.iter().filter(|flight| self.scratch.dispatcher().is_live(flight.lease)) {
            self.receivers.arrivals[flight.arrival].is_cut_off = true;
        }
        if self.checkpoints >= 2 && self.random.percent(20) {
            self.snapshots.damage_latest();
            self.checkpoints = 0;
            self.count("older snapshots");
        }
        let now = self.now();
        let mut reference = self.reference(last)?;
        same(
            "a snapshot and the batches after it give another state than all batches",
            &reference.snapshot(),
            &self.scratch.snapshot(),
        )?;
        let builder = setup::builder(&self.registry);
        let (pipeline, recovery) = recover(builder, now, &self.journal, &mut self.snapshots)
            .map_err(|error| Stop::Fault(format!("it does not recover: {error}")))?;
        if recovery.tail_lost().is_some() {
            return fault("a snapshot knows more than the journal");
        }
        self.pipeline = pipeline;
        if self.has_planted(Plant::ForgetsTheTail) {
            self.pipeline = self.reference(Lsn::ZERO)?;
        }
        if recovery.is_fresh() {
            return Ok(());
        }
        if recovery.cut_off() != reference.dispatcher().in_flight() {
            return fault("another number of attempts is cut off than was under way");
        }
        self.model.take(last.next(), now, Said::Other);
        let _ = reference.handle_restart(now).map_err(|error| Stop::Fault(error.to_string()))?;
        same(
            "a recovery gives another state than a restore, a replay and a restart",
            &self.pipeline.snapshot(),
            &reference.snapshot(),
        )
    }

    /// The latest snapshot and the batches after it, up to a number.
    fn reference(&self, last: Lsn) -> Result<Pipeline, Stop> {
        let latest = self.snapshots.latest().map_err(|error| Stop::Fault(error.to_string()))?;
        let builder = setup::builder(&self.registry);
        let mut pipeline = match latest.snapshot() {
            Some(snapshot) => builder.restore(snapshot.lsn(), snapshot.bytes()),
            None => builder.build(),
        }
        .map_err(|error| Stop::Fault(format!("a snapshot is not restored: {error}")))?;
        while pipeline.last() < last {
            let next = pipeline.last().next();
            let batch = &self.archive[usize::try_from(next.get()).unwrap() - 1];
            pipeline.replay(next, batch).map_err(|error| Stop::Fault(error.to_string()))?;
        }
        Ok(pipeline)
    }

    pub(super) fn checkpoint(&mut self) -> Result<(), Stop> {
        if self.has_planted(Plant::SnapshotsWhatIsNotSafe) {
            self.events()?;
            let snapshot = tripline::journal::Snapshot::new(self.pipeline.last(), self.pipeline.snapshot());
            self.snapshots.put(&snapshot.with_chain(self.journal.chain())).map_err(|_| Stop::Crash)?;
            return if self.random.percent(30) { Err(Stop::Crash) } else { Ok(()) };
        }
        self.pump()?;
        if !self.is_calm && self.random.percent(10) {
            self.snapshots.fail_next();
        }
        let is_ready = self.pipeline.is_safe() && self.journal.last() == self.pipeline.last();
        let mut journal = Dying { is_dying: self.random.percent(10), journal: &mut self.journal };
        match self.pipeline.checkpoint(&mut journal, &mut self.snapshots) {
            Ok(_) if is_ready => {
                self.checkpoints += 1;
                self.count("checkpoints");
                Ok(())
            }
            Err(error) if !is_ready && error.kind() == ErrorKind::Invalid => Ok(()),
            // The process ends before the snapshot is there, or after, and before the journal is trimmed.
            Err(error) if error.kind() == ErrorKind::Storage => Err(Stop::Crash),
            other => fault(format!("a checkpoint gives {other:?}")),
        }
    }

    /// Another process begins, and the one before does not know.
    pub(super) fn take_over(&mut self) -> Result<(), Stop> {
        self.count("taken over");
        let next = setup::builder(&self.registry).build().unwrap();
        let last = Lsn::new(self.archive.len() as u64);
        let saids = self.model.cut(last).into_iter().map(|(lsn, (now, said))| (lsn, now, said)).collect();
        let pipeline = std::mem::replace(&mut self.pipeline, next);
        // It keeps its handle: nothing went down.
        let next = self.journal.reopen();
        self.zombie = Some(Zombie { pipeline, journal: std::mem::replace(&mut self.journal, next), saids });
        self.begin()?;
        // It may write before the one that has taken over does.
        if self.random.percent(40) { self.wake_zombie() } else { Ok(()) }
    }

    /// It sends what it had left to send, and writes.
    pub(super) fn wake_zombie(&mut self) -> Result<(), Stop> {
        let Some(mut zombie) = self.zombie.take() else { return Ok(()) };
        self.count("zombies");
        let time = self.time;
        while let Some(work) = zombie.pipeline.poll_send() {
            let (with, how) = ((time, &mut self.random), (self.is_calm, true));
            let arrived = self.receivers.take((&work, work.input()), &self.model, with, how);
            arrived.map_err(Stop::Fault)?;
        }
        let (now, event) = (self.now(), setup::event(0, 1_000_000 + self.archive.len() as u64, self.time, 0));
        let events = vec![event];
        let given = zombie.pipeline.handle_events_keeping(now, &events, &[setup::cursor(&events)]);
        if let Ok(receipt) = given
            && let Some(lsn) = receipt.lsn()
        {
            zombie.saids.push((lsn, now, Said::Events(events)));
        }
        let Some(persist) = zombie.pipeline.poll_persist() else { return Ok(()) };
        let should_fence = Lsn::new(self.archive.len() as u64) != persist.lsn().previous();
        let said = zombie.saids.into_iter().find(|(at, ..)| *at == persist.lsn());
        // What it was told of attempts is not remembered here.
        let Some((_, now, said)) = said.filter(|(.., said)| should_fence || !matches!(said, Said::Other))
        else {
            return Ok(());
        };
        match persist.append_to(&mut zombie.journal) {
            Ok(_) if should_fence => fault("two owners have written"),
            Ok(lsn) => {
                // It was first: whoever took over finds itself fenced, and begins anew.
                self.count("fenced");
                zombie.journal.sync().map_err(|_| Stop::Crash)?;
                let _ =
                    self.pipeline.handle_event(now, &setup::event(0, 2_000_000 + lsn.get(), self.time, 0));
                if let Some(mine) = self.pipeline.poll_persist()
                    && !mine.append_to(&mut self.journal).is_err_and(|error| error.is_fenced())
                {
                    return fault("two owners have written");
                }
                self.model.cut(lsn.previous());
                self.receivers.cut(lsn.previous());
                self.model.take(lsn, now, said);
                self.archive.push(persist.batch().clone());
                self.begin()
            }
            Err(error) if error.is_fenced() && should_fence => {
                if self.has_planted(Plant::GoesOnThoughFenced) {
                    zombie.pipeline.persisted(zombie.pipeline.last());
                    std::mem::swap(&mut self.pipeline, &mut zombie.pipeline);
                    return self.pump();
                }
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Poisoned => Ok(()),
            Err(error) => fault(format!("a write is refused: {error}")),
        }
    }
}

/// A journal whose process may end before it is trimmed.
struct Dying<'a> {
    is_dying: bool,
    journal: &'a mut MemoryJournal,
}

impl Journal for Dying<'_> {
    fn found(&self) -> &Found {
        self.journal.found()
    }

    fn first(&self) -> Lsn {
        self.journal.first()
    }

    fn last(&self) -> Lsn {
        self.journal.last()
    }

    fn chain(&self) -> Chain {
        self.journal.chain()
    }

    fn append(&mut self, expected: Lsn, batch: &Batch) -> Result<Lsn, Error> {
        self.journal.append(expected, batch)
    }

    fn sync(&mut self) -> Result<Lsn, Error> {
        self.journal.sync()
    }

    fn read(&self, from: Lsn) -> Result<Entries<'_>, Error> {
        self.journal.read(from)
    }

    fn trim(&mut self, before: Lsn) -> Result<(), Error> {
        if self.is_dying {
            self.journal.fail_next();
            self.journal.sync()?;
        }
        self.journal.trim(before)
    }
}

//! A day in the life of a journal, and what must hold whenever it is looked at.

use super::sim::{Fault, Sim};
use crate::error::{Error, ErrorKind};
use crate::journal::batch::Batch;
use crate::journal::contract::Journal;
use crate::journal::file::builder::Options;
use crate::journal::file::format::{FRAME, Frame, HEADER};
use crate::journal::file::journal::FileJournal;
use crate::journal::found::Found;
use crate::journal::lsn::Lsn;

/// Room for three batches or four.
pub(super) const OPTIONS: Options = Options { segment_bytes: 640, batch_bytes: 4_096 };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Do {
    Append,
    Sync,
    /// Lets go of all but so many batches.
    Trim(u64),
    Reopen,
}

use Do::{Append, Reopen, Sync, Trim};

/// Single batches and groups, over several segments, with a trim over two of them, opened again twice.
pub(super) const DAY: &[Do] = &[
    Append,
    Sync,
    Append,
    Append,
    Sync,
    Append,
    Sync,
    Append,
    Append,
    Append,
    Sync,
    Reopen,
    Append,
    Sync,
    Append,
    Append,
    Append,
    Append,
    Sync,
    Trim(3),
    Append,
    Sync,
    Append,
    Reopen,
    Append,
    Append,
    Sync,
    Append,
    Sync,
];

/// What was done, and what must therefore be there.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    /// What was appended under each number, or at least tried.
    history: Vec<Batch>,
    /// The last that is there for certain.
    acknowledged: u64,
    /// The last but one time that something was acknowledged.
    pub(super) mark: u64,
    /// What is below may be gone.
    trimmed: u64,
    attempts: u64,
}

impl Run {
    /// Where these were appended, each synced by itself.
    pub(super) fn of(history: Vec<Batch>) -> Self {
        let acknowledged = history.len() as u64;
        Self { history, acknowledged, mark: acknowledged - 1, ..Self::default() }
    }

    pub(super) fn acknowledged(&self) -> Lsn {
        Lsn::new(self.acknowledged)
    }

    /// Forgets what was done, but not how often it was tried.
    pub(super) fn forget(&mut self) {
        *self = Self { attempts: self.attempts, ..Self::default() };
    }

    /// Does these things, until the end or until the machine goes down. An error must poison the handle; then the
    /// journal is opened anew, checked, and gone on with.
    pub(super) fn drive(&mut self, sim: &Sim, day: &[Do]) -> Result<(), String> {
        let Some(mut journal) = self.open(sim)? else { return Ok(()) };
        for step in day {
            if *step == Reopen {
                drop(journal);
                let Some(again) = self.open(sim)? else { return Ok(()) };
                if let Some(tail) = again.found().tail() {
                    return Err(format!("opened after it was closed in order, something was cut: {tail}"));
                }
                journal = again;
                continue;
            }
            if let Err(error) = self.step(&mut journal, *step) {
                if sim.is_down() {
                    return Ok(());
                }
                check_poisoned(&mut journal, &error)?;
                drop(journal);
                let Some(again) = self.open(sim)? else { return Ok(()) };
                self.history.truncate(usize::try_from(again.last().get()).unwrap());
                journal = again;
            }
        }
        Ok(())
    }

    fn step(&mut self, journal: &mut FileJournal, step: Do) -> Result<(), Error> {
        match step {
            Append => {
                let batch = self.batch();
                self.history.push(batch.clone());
                let lsn = journal.append(journal.last(), &batch)?;
                assert_eq!(lsn.get(), self.history.len() as u64, "the number of a batch");
            }
            Sync => {
                let synced = journal.sync()?.get();
                self.mark = self.acknowledged;
                self.acknowledged = synced;
            }
            Trim(kept) => {
                let before = journal.last().get() - kept;
                // What is asked for may be gone from here on, also if it is not told.
                self.trimmed = before;
                journal.trim(Lsn::new(before))?;
            }
            Reopen => {}
        }
        Ok(())
    }

    /// No two attempts have the same bytes, so that what is read cannot be what was given up.
    fn batch(&mut self) -> Batch {
        self.attempts += 1;
        let mut batch = Batch::new();
        batch.push(format!("batch {} of attempt {}", self.history.len() + 1, self.attempts).as_bytes());
        batch.push(&vec![b'.'; usize::try_from(self.attempts * 37 % 50).unwrap()]);
        batch
    }

    /// Opens the journal, which must hold what it has to. What it then holds is there for certain. `None` where the
    /// machine goes down.
    fn open(&mut self, sim: &Sim) -> Result<Option<FileJournal>, String> {
        let mut result = FileJournal::open_in(sim.storage(), OPTIONS);
        // Where something fails once it can be tried again.
        if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Storage) {
            result = FileJournal::open_in(sim.storage(), OPTIONS);
        }
        match result {
            Err(_) if sim.is_down() => Ok(None),
            Err(error) => Err(format!("it does not open: {}", told(&error))),
            Ok(journal) => {
                self.check(&journal)?;
                self.acknowledged = journal.last().get();
                Ok(Some(journal))
            }
        }
    }

    /// Everything that was acknowledged is there, and nothing that was not written.
    fn check(&self, journal: &FileJournal) -> Result<(), String> {
        let (first, last) = (journal.first(), journal.last());
        if last.get() < self.acknowledged {
            return Err(format!("batch {} was acknowledged, and the last is {last}", self.acknowledged));
        }
        if first.get() > self.trimmed.max(1) {
            return Err(format!(
                "batches from {} on were to be kept, and the first is {first}",
                self.trimmed
            ));
        }
        let read = journal.read(first).map_err(|error| told(&error))?;
        let mut next = first;
        for entry in read {
            let entry = entry.map_err(|error| format!("batch {next} cannot be read: {}", told(&error)))?;
            self.check_entry(next, entry.lsn(), entry.batch())?;
            next = next.next();
        }
        if next != last.next() {
            return Err(format!("the last batch is {last}, and reading ends before {next}"));
        }
        Ok(())
    }

    pub(super) fn check_entry(&self, wanted: Lsn, lsn: Lsn, batch: &Batch) -> Result<(), String> {
        if lsn != wanted {
            return Err(format!("batch {lsn} is read in the place of {wanted}"));
        }
        let written = usize::try_from(lsn.previous().get()).ok().and_then(|at| self.history.get(at));
        if written == Some(batch) { Ok(()) } else { Err(format!("batch {lsn} is not what was written")) }
    }

    /// What must hold after a crash: it opens, all is there, it goes on, and what it has told is there after the
    /// next crash too.
    pub(super) fn check_crashed(&self, image: &Sim) -> Result<(), String> {
        let mut run = self.clone();
        let before = image.copy();
        let Some(journal) = run.open(image)? else { return Err("a machine that is up is down".to_owned()) };
        check_tail(&before, journal.found())?;
        drop(journal);
        let nothing_kept = &image.crashed(0, 0)[0];
        run.clone()
            .open(nothing_kept)
            .map_err(|fault| format!("told, and lost in the next crash: {fault}"))?;
        let last = usize::try_from(run.acknowledged).unwrap();
        run.history.truncate(last);
        run.drive(image, &[Append, Sync, Append, Append, Sync, Reopen])
            .map_err(|fault| format!("going on after a crash: {fault}"))?;
        run.open(&image.crashed(0, 0)[0]).map_err(|fault| format!("after the second crash: {fault}"))?;
        Ok(())
    }

    /// The same where the machine goes down once more at each call of the recovery.
    pub(super) fn check_crashed_twice(&self, image: &Sim, seed: u64) -> Result<(), String> {
        for call in 0.. {
            let again = image.copy().with_fault(call, Fault::Crash);
            let opened = FileJournal::open_in(again.storage(), OPTIONS).is_ok();
            if opened && !again.is_down() {
                return Ok(());
            }
            for image in again.crashed(seed, 1) {
                self.clone()
                    .open(&image)
                    .map_err(|fault| format!("down again at call {call} of the recovery: {fault}"))?;
            }
        }
        Ok(())
    }
}

/// What a crash has left behind the last batch is told of, and nothing else is.
fn check_tail(before: &Sim, found: &Found) -> Result<(), String> {
    let newest = before.names().into_iter().rfind(|name| name.ends_with(".journal"));
    let bytes = newest.map_or(Vec::new(), |name| before.contents(&name));
    let end = end_of(&bytes, found.last());
    let left = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| (last + 1).saturating_sub(end));
    let told = found.tail().map(|tail| (tail.from(), tail.offset(), tail.bytes()));
    let wanted = (left > 0).then_some((found.last().next(), end as u64, left as u64));
    if told != wanted {
        return Err(format!("{left} bytes are left behind {} at {end}, and told is {told:?}", found.last()));
    }
    if found.tail_lost() == wanted.map(|(from, ..)| from) {
        Ok(())
    } else {
        Err("what is cut is not told as what may be lost".to_owned())
    }
}

/// Where the batches of a segment end, up to this one.
fn end_of(bytes: &[u8], last: Lsn) -> usize {
    let mut at = HEADER.min(bytes.len());
    let frame_at = |at: usize| bytes.get(at..).and_then(Frame::from_bytes).map(|frame| (at, frame));
    while let Some((from, frame)) =
        frame_at(at).or_else(|| frame_at(at + 1)).filter(|(_, frame)| frame.lsn <= last)
    {
        at = from + FRAME + frame.length;
    }
    // One byte more where a batch would end with a sector.
    at + usize::from(at > HEADER && at.is_multiple_of(512))
}

fn check_poisoned(journal: &mut FileJournal, error: &Error) -> Result<(), String> {
    if error.kind() != ErrorKind::Storage {
        return Err(format!("a disk that refuses gives {}", told(error)));
    }
    let after = [
        journal.append(journal.last(), &Batch::new()).err(),
        journal.sync().err(),
        journal.trim(Lsn::ZERO).err(),
        journal.read(journal.last().next()).err(),
    ];
    match after.iter().all(|error| error.as_ref().is_some_and(|error| error.kind() == ErrorKind::Poisoned)) {
        true => Ok(()),
        false => Err(format!("after {} the handle goes on", told(error))),
    }
}

pub(super) fn told(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

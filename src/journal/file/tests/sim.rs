//! A disk in memory that loses, tears, refuses and forgets.
//!
//! A file has what a reader sees, and what would be there after a crash. A
//! write changes the first, and leaves sectors that reach the second at a sync,
//! or by themselves in any order before that. So with names: a new one is safe
//! when the folder is synced, and before that it may be or not.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

use super::random::Random;
use crate::journal::file::storage::{Lock, Storage, StorageFile};

/// Small, so that a batch is written over several.
const SECTOR: usize = 64;

/// What goes wrong at one call that changes something or syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The machine goes down in the middle of it.
    Crash,
    /// It fails, this once. Half of a write has been done, and what a sync was to save is forgotten.
    Error(ErrorKind),
    /// A write is done by half and says so.
    Short,
}

#[derive(Debug, Clone)]
pub(super) struct Sim(Arc<Mutex<State>>);

#[derive(Debug, Clone, Default)]
struct State {
    files: Vec<Inode>,
    names: BTreeMap<String, usize>,
    safe_names: BTreeMap<String, usize>,
    unsafe_names: Vec<NameChange>,
    locks: BTreeSet<String>,
    calls: usize,
    plan: Option<(usize, Fault)>,
    looks: usize,
    failing_look: Option<usize>,
    is_down: bool,
}

#[derive(Debug, Clone, Default)]
struct Inode {
    seen: Vec<u8>,
    safe: Vec<u8>,
    /// Sectors on their way, as they were after each write.
    dirty: Vec<(usize, Vec<u8>)>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Link(String, usize),
    Rename(String, String, usize),
    Remove(String),
}

impl Sim {
    pub(super) fn new() -> Self {
        Self::of(State::default())
    }

    fn of(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(self.clone())
    }

    /// The same disk once more, with the same contents.
    pub(super) fn copy(&self) -> Self {
        let mut state = self.state().clone();
        state.locks.clear();
        Self::of(state)
    }

    pub(super) fn with_fault(self, call: usize, fault: Fault) -> Self {
        let mut state = self.state();
        state.plan = Some((call, fault));
        state.calls = 0;
        drop(state);
        self
    }

    /// How many calls there were that change something or sync.
    pub(super) fn calls(&self) -> usize {
        self.state().calls
    }

    /// The disk refuses once to let somebody look: at a name, a length, bytes or a lock.
    pub(super) fn with_failing_look(self, look: usize) -> Self {
        let mut state = self.state();
        state.failing_look = Some(look);
        state.looks = 0;
        drop(state);
        self
    }

    /// How many calls there were that change nothing.
    pub(super) fn looks(&self) -> usize {
        self.state().looks
    }

    pub(super) fn is_down(&self) -> bool {
        self.state().is_down
    }

    /// What may be there after a crash now: nothing of what was not synced, all of it, and much between.
    pub(super) fn crashed(&self, seed: u64, samples: usize) -> Vec<Self> {
        let state = self.state();
        let loose = state.unsafe_names.len() + state.files.iter().map(|file| file.dirty.len()).sum::<usize>();
        let mut kept: Vec<Vec<bool>> = vec![vec![false; loose], vec![true; loose]];
        if loose <= 4 {
            kept =
                (0..1_usize << loose).map(|set| (0..loose).map(|at| set >> at & 1 == 1).collect()).collect();
        } else {
            let mut random = Random(seed);
            kept.push((0..loose).map(|at| at < loose / 2).collect());
            kept.push((0..loose).map(|at| at >= loose / 2).collect());
            kept.push((0..loose).map(|at| at + 1 < loose).collect());
            kept.push((0..loose).map(|at| at > 0).collect());
            kept.extend((0..samples).map(|_| (0..loose).map(|_| random.coin()).collect::<Vec<bool>>()));
        }
        kept.into_iter().map(|kept| Self::of(state.after_crash(&kept))).collect()
    }

    /// The files that a crash cannot take away any more, for damage to the medium.
    pub(super) fn names(&self) -> Vec<String> {
        self.state().names.keys().filter(|name| !name.ends_with(".lock")).cloned().collect()
    }

    pub(super) fn contents(&self, name: &str) -> Vec<u8> {
        let state = self.state();
        state.files[state.names[name]].seen.clone()
    }

    /// The medium gives other bytes than were written.
    pub(super) fn damaged(&self, name: &str, damage: impl FnOnce(&mut Vec<u8>)) -> Self {
        let copy = self.copy();
        let mut state = copy.state();
        let at = state.names[name];
        damage(&mut state.files[at].seen);
        state.files[at].safe = state.files[at].seen.clone();
        drop(state);
        copy
    }

    /// The medium has lost a name.
    pub(super) fn without(&self, name: &str) -> Self {
        let copy = self.copy();
        let mut state = copy.state();
        state.names.remove(name);
        state.safe_names.remove(name);
        drop(state);
        copy
    }
}

impl State {
    fn after_crash(&self, kept: &[bool]) -> Self {
        let mut kept = kept.iter().copied();
        let mut names = self.safe_names.clone();
        for change in self.unsafe_names.iter().filter(|_| kept.next().unwrap_or(false)) {
            change.apply(&mut names);
        }
        let files = self.files.iter().map(|file| {
            let mut safe = file.safe.clone();
            for (at, sector) in file.dirty.iter().filter(|_| kept.next().unwrap_or(false)) {
                safe.resize(safe.len().max(at + sector.len()), 0);
                safe[*at..at + sector.len()].copy_from_slice(sector);
            }
            Inode { seen: safe.clone(), safe, dirty: Vec::new() }
        });
        Self { files: files.collect(), safe_names: names.clone(), names, ..Self::default() }
    }

    /// Counts a call; what is to go wrong with it.
    fn call(&mut self) -> io::Result<Option<Fault>> {
        self.check_up()?;
        let call = self.calls;
        self.calls += 1;
        let fault = self.plan.filter(|(at, _)| *at == call).map(|(_, fault)| fault);
        self.is_down = fault == Some(Fault::Crash);
        Ok(fault)
    }

    /// Counts a call that changes nothing, which may fail.
    fn look(&mut self) -> io::Result<()> {
        self.check_up()?;
        let look = self.looks;
        self.looks += 1;
        if self.failing_look == Some(look) {
            Err(io::Error::other("the device does not answer"))
        } else {
            Ok(())
        }
    }

    fn check_up(&self) -> io::Result<()> {
        if self.is_down { Err(down()) } else { Ok(()) }
    }

    fn change(&mut self, change: NameChange) -> io::Result<()> {
        match self.call()? {
            Some(Fault::Error(kind)) => Err(kind.into()),
            fault => {
                change.apply(&mut self.names);
                self.unsafe_names.push(change);
                if fault == Some(Fault::Crash) { Err(down()) } else { Ok(()) }
            }
        }
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Link(name, file) => drop(names.insert(name.clone(), *file)),
            Self::Rename(from, to, file) => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
            Self::Remove(name) => drop(names.remove(name)),
        }
    }
}

fn down() -> io::Error {
    io::Error::other("the machine is down")
}

impl Storage for Sim {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut state = self.state();
        state.look()?;
        Ok(state.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let mut state = self.state();
        state.files.push(Inode::default());
        let file = state.files.len() - 1;
        state.change(NameChange::Link(name.to_owned(), file))?;
        Ok(Box::new(SimFile { sim: self.clone(), file }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let mut state = self.state();
        state.look()?;
        let file = state.find(name)?;
        Ok(Box::new(SimFile { sim: self.clone(), file }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        let file = state.find(from)?;
        state.change(NameChange::Rename(from.to_owned(), to.to_owned(), file))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.find(name)?;
        state.change(NameChange::Remove(name.to_owned()))
    }

    fn sync_folder(&self) -> io::Result<()> {
        let mut state = self.state();
        match state.call()? {
            Some(Fault::Crash) => Err(down()),
            Some(Fault::Error(kind)) => Err(kind.into()),
            _ => {
                state.safe_names = state.names.clone();
                state.unsafe_names.clear();
                Ok(())
            }
        }
    }

    fn try_lock(&self, name: &str) -> io::Result<Option<Box<dyn Lock>>> {
        let mut state = self.state();
        state.look()?;
        let is_free = state.locks.insert(name.to_owned());
        Ok(is_free.then(|| Box::new(SimLock { sim: self.clone(), name: name.to_owned() }) as Box<dyn Lock>))
    }
}

#[derive(Debug)]
struct SimLock {
    sim: Sim,
    name: String,
}

impl Lock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.sim.state().locks.remove(&self.name);
    }
}

#[derive(Debug)]
struct SimFile {
    sim: Sim,
    file: usize,
}

impl StorageFile for SimFile {
    fn length(&mut self) -> io::Result<u64> {
        let mut state = self.sim.state();
        state.look()?;
        Ok(state.files[self.file].seen.len() as u64)
    }

    fn read(&mut self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut state = self.sim.state();
        state.look()?;
        let seen = &state.files[self.file].seen;
        let rest = usize::try_from(at).ok().and_then(|at| seen.get(at..)).unwrap_or_default();
        // Never more than three sectors at a time: a read may be short.
        let length = rest.len().min(into.len()).min(3 * SECTOR);
        into[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.sim.state();
        let fault = state.call()?;
        let done = match fault {
            Some(Fault::Error(_) | Fault::Short) => bytes.len() / 2,
            _ => bytes.len(),
        };
        let (at, file) = (usize::try_from(at).unwrap(), &mut state.files[self.file]);
        let end = at + done;
        file.seen.resize(file.seen.len().max(end), 0);
        file.seen[at..end].copy_from_slice(&bytes[..done]);
        for sector in at / SECTOR..end.div_ceil(SECTOR) {
            let (from, to) = (sector * SECTOR, ((sector + 1) * SECTOR).min(file.seen.len()));
            file.dirty.push((from, file.seen[from..to].to_vec()));
        }
        match fault {
            Some(Fault::Crash) => Err(down()),
            Some(Fault::Error(kind)) => Err(kind.into()),
            _ => Ok(done),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.sim.state();
        let fault = state.call()?;
        let file = &mut state.files[self.file];
        match fault {
            Some(Fault::Crash) => Err(down()),
            Some(Fault::Error(kind)) => {
                // As Linux does: what could not be written counts as written, and is still seen.
                file.dirty.clear();
                Err(kind.into())
            }
            _ => {
                file.safe = file.seen.clone();
                file.dirty.clear();
                Ok(())
            }
        }
    }
}

//! Ports with one fault each.

use tripline::Error;
use tripline::journal::{
    Batch, Chain, Entries, Entry, Found, Journal, Latest, Lsn, MemoryJournal, MemorySnapshots, Snapshot,
    Snapshots,
};
use tripline::shard::{Input, Inputs, MemoryInputs};
use tripline::testing::{Check, ShardStore};

use super::Memory;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Reads behind the offset that it is asked for.
    SkipsOne,
    GivesTheNewestFirst,
    /// Goes on where it stood, wherever it is asked to read.
    RemembersForItself,
    GivesMoreThanAsked,
    GoesOnBehindWhatIsGone,
    /// Gives other bytes when it is read again.
    Changes,
    /// Cuts inputs that are long.
    CutsLongOnes,
    /// An append goes behind whatever is there.
    IgnoresWhatIsExpected,
    /// A read numbers what is there anew.
    HealsTheChain,
    /// A read ends before what is missing.
    EndsAtTheGap,
    /// A snapshot is put whoever has put one since.
    PutsOverOthers,
}

impl Fault {
    pub(crate) const ALL: &[(Self, Check)] = &[
        (Self::SkipsOne, Check::Inputs),
        (Self::GivesTheNewestFirst, Check::Inputs),
        (Self::RemembersForItself, Check::Inputs),
        (Self::GivesMoreThanAsked, Check::Inputs),
        (Self::GoesOnBehindWhatIsGone, Check::Inputs),
        (Self::Changes, Check::Inputs),
        (Self::CutsLongOnes, Check::Inputs),
        (Self::IgnoresWhatIsExpected, Check::Ownership),
        (Self::HealsTheChain, Check::Chain),
        (Self::EndsAtTheGap, Check::Chain),
        (Self::PutsOverOthers, Check::Ownership),
    ];
}

/// The ports in memory, but for one fault.
pub(crate) struct Planted {
    fault: Fault,
    memory: Memory,
}

impl Planted {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, memory: Memory::default() }
    }
}

impl ShardStore for Planted {
    type Inputs = FaultyInputs;
    type Journal = FaultyJournal;
    type Snapshots = FaultySnapshots;

    fn inputs(&mut self) -> Result<FaultyInputs, Error> {
        Ok(FaultyInputs { fault: self.fault, inner: self.memory.inputs()?, reads: 0, at: 0 })
    }

    fn journal(&mut self) -> Result<FaultyJournal, Error> {
        Ok(FaultyJournal::new(self.fault, self.memory.journal()?))
    }

    fn snapshots(&mut self) -> Result<FaultySnapshots, Error> {
        Ok(FaultySnapshots { fault: self.fault, inner: self.memory.snapshots()? })
    }

    fn feed(&mut self, input: &[u8]) -> Result<(), Error> {
        self.memory.feed(input)
    }

    fn trim_inputs(&mut self, count: usize) -> Result<(), Error> {
        self.memory.trim_inputs(count)
    }

    fn drop_batch(&mut self, lsn: Lsn) -> Result<(), Error> {
        self.memory.drop_batch(lsn)
    }
}

pub(crate) struct FaultyInputs {
    fault: Fault,
    inner: MemoryInputs,
    reads: usize,
    /// Where it would go on by itself.
    at: u64,
}

impl Inputs for FaultyInputs {
    fn read(&mut self, from: u64, most: usize) -> Result<Vec<Input>, Error> {
        self.reads += 1;
        let from = match self.fault {
            Fault::SkipsOne if from > 0 => from + 1,
            Fault::RemembersForItself => self.at,
            _ => from,
        };
        let most = if self.fault == Fault::GivesMoreThanAsked { most + 1 } else { most };
        let mut read = match self.inner.read(from, most) {
            Err(_) if self.fault == Fault::GoesOnBehindWhatIsGone => {
                let kept = (from..).find_map(|later| self.inner.read(later, most).ok());
                kept.unwrap_or_default()
            }
            read => read?,
        };
        self.at = read.last().map_or(self.at, |input| input.offset() + 1);
        match self.fault {
            Fault::GivesTheNewestFirst => read.reverse(),
            Fault::Changes => {
                for input in &mut read {
                    let mut bytes = input.bytes().to_vec();
                    bytes.push(if self.reads.is_multiple_of(2) { b' ' } else { b'\n' });
                    *input = Input::new(input.offset(), bytes);
                }
            }
            Fault::CutsLongOnes => {
                for input in &mut read {
                    let length = input.bytes().len().min(65_536);
                    *input = Input::new(input.offset(), input.bytes()[..length].to_vec());
                }
            }
            _ => {}
        }
        Ok(read)
    }
}

pub(crate) struct FaultyJournal {
    fault: Fault,
    inner: MemoryJournal,
    /// What it makes of what it has found, where it tells that in place of what is there.
    retold: Option<(Vec<Entry>, Found)>,
}

impl FaultyJournal {
    fn new(fault: Fault, inner: MemoryJournal) -> Self {
        let found: Vec<Entry> =
            inner.read(inner.first()).into_iter().flatten().map_while(Result::ok).collect();
        let found = found.into_iter();
        let retold: Option<Vec<Entry>> = match fault {
            Fault::HealsTheChain => {
                let batches = (1..).zip(found.map(Entry::into_batch));
                let renumbered = batches.scan(Chain::START, |chain, (number, batch)| {
                    let entry = Entry::new(Lsn::new(number), *chain, batch);
                    *chain = entry.chain();
                    Some(entry)
                });
                Some(renumbered.collect())
            }
            Fault::EndsAtTheGap => {
                let in_turn = (1..).zip(found).take_while(|(number, entry)| entry.lsn().get() == *number);
                Some(in_turn.map(|(_, entry)| entry).collect())
            }
            _ => None,
        };
        let retold = retold.map(|entries| {
            let last = Lsn::new(entries.len() as u64);
            (entries, Found::new(Lsn::FIRST, last))
        });
        Self { fault, inner, retold }
    }
}

impl Journal for FaultyJournal {
    fn found(&self) -> &Found {
        self.retold.as_ref().map_or_else(|| self.inner.found(), |(_, found)| found)
    }

    fn first(&self) -> Lsn {
        self.retold.as_ref().map_or_else(|| self.inner.first(), |_| Lsn::FIRST)
    }

    fn last(&self) -> Lsn {
        self.retold.as_ref().map_or_else(|| self.inner.last(), |(entries, _)| Lsn::new(entries.len() as u64))
    }

    fn chain(&self) -> Chain {
        match &self.retold {
            Some((entries, _)) => entries.last().map_or(Chain::START, Entry::chain),
            None => self.inner.chain(),
        }
    }

    fn append(&mut self, expected: Lsn, batch: &Batch) -> Result<Lsn, Error> {
        if self.fault == Fault::IgnoresWhatIsExpected {
            self.inner = self.inner.reopen();
            self.inner.append(self.inner.last(), batch)?;
            return Ok(expected.next());
        }
        let at = if self.retold.is_some() { self.inner.last() } else { expected };
        self.inner.append(at, batch)?;
        let (lsn, chain) = (self.last().next(), self.chain());
        if let Some((entries, _)) = &mut self.retold {
            entries.push(Entry::new(lsn, chain, batch.clone()));
        }
        Ok(expected.next())
    }

    fn sync(&mut self) -> Result<Lsn, Error> {
        self.inner.sync()?;
        Ok(self.last())
    }

    fn read(&self, from: Lsn) -> Result<Entries<'_>, Error> {
        let Some((entries, _)) = &self.retold else { return self.inner.read(from) };
        Ok(Entries::new(entries.iter().filter(move |entry| entry.lsn() >= from).cloned().map(Ok)))
    }

    fn trim(&mut self, before: Lsn) -> Result<(), Error> {
        self.inner.trim(before)
    }
}

pub(crate) struct FaultySnapshots {
    fault: Fault,
    inner: MemorySnapshots,
}

impl Snapshots for FaultySnapshots {
    fn put(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        if self.fault == Fault::PutsOverOthers {
            self.inner.latest()?;
        }
        self.inner.put(snapshot)
    }

    fn latest(&self) -> Result<Latest, Error> {
        self.inner.latest()
    }
}

//! Mistakes that a worker makes where it is told to, so that the proof has something to find.

use tripline::Error;
use tripline::journal::{Batch, Chain, Entries, Found, Journal, Lsn};
use tripline::shard::{Input, Inputs};

/// Where a worker is told to make a mistake.
pub const VARIABLE: &str = "CLUSTER_PLANT";

/// A mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// An owner that is fenced writes all the same.
    WritesAllTheSame,
    /// A new owner reads its log from one input too far on.
    LeavesOutAnInput,
    /// A batch is called safe before the server has it, so that it is acted on before it is committed.
    SaysSafeTooEarly,
    /// A note is said to be delivered that was not.
    SaysItToldAndDidNot,
}

impl Plant {
    const ALL: [(Self, &str); 4] = [
        (Self::WritesAllTheSame, "writes-all-the-same"),
        (Self::LeavesOutAnInput, "leaves-out-an-input"),
        (Self::SaysSafeTooEarly, "says-safe-too-early"),
        (Self::SaysItToldAndDidNot, "says-it-told-and-did-not"),
    ];

    /// What the environment tells this process.
    pub fn here() -> Option<Self> {
        let told = std::env::var(VARIABLE).ok()?;
        Self::ALL.iter().find(|(_, name)| *name == told).map(|(plant, _)| *plant)
    }

    /// As the environment has it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(plant, _)| *plant == self).map_or("", |(_, name)| name)
    }
}

/// A journal whose owner does not take no for an answer: it opens the journal once more, and goes on behind whatever is there.
pub struct Stubborn<J, F> {
    pub journal: J,
    pub open: F,
    /// How far what is there is from what the owner believes.
    pub behind: u64,
}

impl<J: Journal, F: Fn() -> Result<J, Error> + Send> Journal for Stubborn<J, F> {
    fn found(&self) -> &Found {
        self.journal.found()
    }

    fn first(&self) -> Lsn {
        self.journal.first()
    }

    fn last(&self) -> Lsn {
        Lsn::new(self.journal.last().get() - self.behind)
    }

    fn chain(&self) -> Chain {
        self.journal.chain()
    }

    fn append(&mut self, expected: Lsn, batch: &Batch) -> Result<Lsn, Error> {
        loop {
            let before = Lsn::new(expected.get() + self.behind);
            match self.journal.append(before, batch) {
                Err(error) if error.is_fenced() => {
                    self.journal = (self.open)()?;
                    self.behind = self.journal.last().get().saturating_sub(expected.get());
                }
                other => return other.map(|lsn| Lsn::new(lsn.get() - self.behind)),
            }
        }
    }

    fn sync(&mut self) -> Result<Lsn, Error> {
        self.journal.sync().map(|lsn| Lsn::new(lsn.get() - self.behind))
    }

    fn read(&self, from: Lsn) -> Result<Entries<'_>, Error> {
        self.journal.read(from)
    }

    fn trim(&mut self, _: Lsn) -> Result<(), Error> {
        Ok(())
    }
}

/// A journal that collects batches, and stores them some time later.
pub struct Hasty<J> {
    pub journal: J,
    pub chain: Chain,
    pub waiting: Vec<Batch>,
}

/// How many batches it has in hand before it stores them.
const IN_HAND: usize = 25;

impl<J: Journal> Journal for Hasty<J> {
    fn found(&self) -> &Found {
        self.journal.found()
    }

    fn first(&self) -> Lsn {
        self.journal.first()
    }

    fn last(&self) -> Lsn {
        Lsn::new(self.journal.last().get() + self.waiting.len() as u64)
    }

    fn chain(&self) -> Chain {
        self.chain
    }

    fn append(&mut self, _: Lsn, batch: &Batch) -> Result<Lsn, Error> {
        self.waiting.push(batch.clone());
        let last = self.last();
        self.chain = self.chain.after(last, batch);
        if self.waiting.len() >= IN_HAND {
            for batch in self.waiting.drain(..) {
                self.journal.append(self.journal.last(), &batch)?;
            }
        }
        Ok(last)
    }

    fn sync(&mut self) -> Result<Lsn, Error> {
        Ok(self.last())
    }

    fn read(&self, from: Lsn) -> Result<Entries<'_>, Error> {
        self.journal.read(from)
    }

    fn trim(&mut self, _: Lsn) -> Result<(), Error> {
        Ok(())
    }
}

/// A log that is one ahead of what it is asked, until something was read.
pub struct Skipping<I> {
    pub inputs: I,
    pub has_begun: bool,
}

impl<I: Inputs> Inputs for Skipping<I> {
    fn read(&mut self, from: u64, most: usize) -> Result<Vec<Input>, Error> {
        let mut read = self.inputs.read(from, most)?;
        if !self.has_begun && from > 0 && read.len() > 1 {
            read.remove(0);
            self.has_begun = true;
        }
        Ok(read)
    }
}

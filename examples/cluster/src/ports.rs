//! A partition over NATS.

use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use tripline::Error;
use tripline::engine::{Engine, EngineBuilder};
use tripline::journal::{Batch, Chain, Entries, Found, Journal, Lsn, Snapshots};
use tripline::partition::{Partition, Partitions};
use tripline::pipeline::{Pipeline, PipelineBuilder};
use tripline::shard::{Inputs, Shard};

use crate::nats::{Link, NatsInputs, NatsJournal, NatsSnapshots};
use crate::plant::{Hasty, Plant, Skipping, Stubborn};
use crate::{Failure, actions, source};

/// What the streams and buckets begin with.
pub const CLUSTER: &str = "tripline";

/// How many partitions there are: for good, since another count is another division.
pub const PARTITIONS: u32 = 16;

/// A partition with its ports, whatever they are made of.
pub type Owned = Shard<Box<dyn Inputs>, Box<dyn Journal>, Box<dyn Snapshots>>;

/// How a partition is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who is delivered to.
    pub receiver: SocketAddr,
    /// After how many batches a snapshot is put.
    pub checkpoint: u64,
    /// The most inputs of one batch.
    pub at_once: usize,
    /// Whether batches stay in the journal once they are in a snapshot, for who wants to read them all.
    pub keeps: bool,
    pub plant: Option<Plant>,
}

/// The partition of this number.
///
/// # Errors
///
/// [`Invalid`](tripline::ErrorKind::Invalid) where there is none.
pub fn partition(index: u32) -> Result<Partition, Error> {
    Partitions::new(PARTITIONS)?.get(index)
}

/// How the pipeline of a partition is made, wherever it is: what comes of the same log must not depend on that.
///
/// # Errors
///
/// As [`partition`].
pub fn builder(index: u32, receiver: SocketAddr, plant: Option<Plant>) -> Result<PipelineBuilder, Error> {
    let engine: EngineBuilder = Engine::builder().with_partition(partition(index)?);
    Ok(Pipeline::builder(actions::registry(index, receiver, plant)?).with_engine(engine))
}

/// Opens a partition over fresh ports, and brings its flows in line.
///
/// # Errors
///
/// As [`Shard::open`] and [`Shard::set_flows`].
pub fn open(link: &Link, index: u32, now: DateTime<Utc>, options: &Options) -> Result<Owned, Failure> {
    let plant = options.plant;
    let mut inputs: Box<dyn Inputs> = Box::new(NatsInputs::open(link, CLUSTER, index)?);
    let journal = NatsJournal::open(link, CLUSTER, index)?;
    let snapshots = NatsSnapshots::open(link, CLUSTER, index)?;
    let mut journal: Box<dyn Journal> = match plant {
        Some(Plant::WritesAllTheSame) => {
            let link = link.clone();
            let open = move || NatsJournal::open(&link, CLUSTER, index);
            Box::new(Stubborn { journal, open, behind: 0 })
        }
        Some(Plant::SaysSafeTooEarly) => {
            Box::new(Hasty { chain: journal.chain(), journal, waiting: Vec::new() })
        }
        _ => Box::new(journal),
    };
    if plant == Some(Plant::LeavesOutAnInput) {
        inputs = Box::new(Skipping { inputs, has_begun: false });
    }
    if options.keeps {
        journal = Box::new(Kept(journal));
    }
    let builder = builder(index, options.receiver, plant)?;
    let mut shard = Shard::open(builder, now, inputs, journal, Box::new(snapshots) as Box<dyn Snapshots>)?
        .with_checkpoint_every(options.checkpoint)
        .with_inputs_at_once(options.at_once);
    let _ = shard.set_flows(source::start(), source::flows()?)?;
    Ok(shard)
}

/// A journal that is not trimmed.
struct Kept(Box<dyn Journal>);

impl Journal for Kept {
    fn found(&self) -> &Found {
        self.0.found()
    }

    fn first(&self) -> Lsn {
        self.0.first()
    }

    fn last(&self) -> Lsn {
        self.0.last()
    }

    fn chain(&self) -> Chain {
        self.0.chain()
    }

    fn append(&mut self, expected: Lsn, batch: &Batch) -> Result<Lsn, Error> {
        self.0.append(expected, batch)
    }

    fn sync(&mut self) -> Result<Lsn, Error> {
        self.0.sync()
    }

    fn read(&self, from: Lsn) -> Result<Entries<'_>, Error> {
        self.0.read(from)
    }

    fn trim(&mut self, _: Lsn) -> Result<(), Error> {
        Ok(())
    }
}

//! A cluster on this machine: a server, a receiver, workers and a feeder, and what is done to them.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tripline::journal::{Journal, Lsn};

use crate::Failure;
use crate::fleet::{Process, Program, Said};
use crate::nats::{Leases, Link, NatsJournal};
use crate::one::Whole;
use crate::plant::{Plant, VARIABLE};
use crate::ports::{CLUSTER, PARTITIONS};
use crate::receiver::Receiver;
use crate::server::Server;
use crate::source::Source;
use crate::verdict;

/// Between two looks at whatever is waited for.
const LOOK: Duration = Duration::from_millis(100);

/// What is run.
#[derive(Debug, Clone)]
pub struct Plan {
    pub binary: PathBuf,
    /// For the server; it must be empty.
    pub folder: PathBuf,
    pub source: Source,
    pub workers: u32,
    /// How long the receiver takes for a note.
    pub takes: Duration,
    /// The most events a second that are fed; as fast as it goes where that is zero.
    pub a_second: u32,
    /// Batches between two snapshots.
    pub checkpoint: u64,
    /// Whether the journals keep what is in the snapshots, so that all commits can be read.
    pub keeps: bool,
    pub plant: Option<Plant>,
}

/// The cluster, as long as this lives.
#[derive(Debug)]
pub struct Run {
    plan: Plan,
    program: Program,
    pub server: Server,
    pub receiver: Receiver,
    /// What the workers have said.
    pub said: Said,
    link: Link,
    workers: Vec<Option<Process>>,
    feeder: Option<Process>,
    // The last to go, since the link lives on it.
    _runtime: Runtime,
}

impl Run {
    /// Starts everything but the feeder.
    ///
    /// # Errors
    ///
    /// [`server::Failure::Missing`](crate::server::Failure::Missing) where there is no `nats-server`, before anything is made.
    pub fn start(plan: Plan) -> Result<Self, Failure> {
        let server = Server::start_in(&plan.folder)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let link = Link::connect(runtime.handle(), &server.address())?;
        let plants = plan.plant.iter().map(|plant| (VARIABLE.into(), plant.name().into()));
        let program = Program { binary: plan.binary.clone(), environment: plants.collect() };
        let workers = (0..plan.workers).map(|_| None).collect();
        let mut this = Self {
            program,
            server,
            receiver: Receiver::start(plan.takes)?,
            said: Said::default(),
            link,
            workers,
            feeder: None,
            plan,
            _runtime: runtime,
        };
        for worker in 0..this.plan.workers {
            this.start_worker(worker)?;
        }
        Ok(this)
    }

    /// Starts a worker where it does not run.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn start_worker(&mut self, worker: u32) -> Result<(), Failure> {
        if self.workers[worker as usize].is_some() {
            return Ok(());
        }
        let mut arguments = self.arguments("worker");
        let told = [
            ("--id", worker.to_string()),
            ("--workers", self.plan.workers.to_string()),
            ("--receiver", self.receiver.address().to_string()),
            ("--checkpoint", self.plan.checkpoint.to_string()),
        ];
        arguments.extend(told.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
        if self.plan.keeps {
            arguments.push("--keep".to_owned());
        }
        self.workers[worker as usize] = Some(self.program.start(&name_of(worker), &arguments, &self.said)?);
        Ok(())
    }

    /// SIGKILL for a worker; whether it ran.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn kill_worker(&mut self, worker: u32) -> Result<bool, Failure> {
        let Some(process) = self.workers[worker as usize].take() else { return Ok(false) };
        process.kill()?;
        Ok(true)
    }

    /// How often a worker has said a word.
    pub fn said_by(&self, worker: u32, word: &str) -> usize {
        self.said.count_of(&name_of(worker), word)
    }

    /// The partitions whose leases a worker holds.
    ///
    /// # Errors
    ///
    /// Where the server does not answer.
    pub fn held_by(&self, worker: u32) -> Result<Vec<u32>, Failure> {
        let leases = Leases::open(&self.link, CLUSTER, "run")?;
        let name = name_of(worker);
        let mut held = Vec::new();
        for partition in 0..PARTITIONS {
            if leases.holder(partition)?.is_some_and(|holder| holder == name) {
                held.push(partition);
            }
        }
        Ok(held)
    }

    /// The last batch in the journal of a partition.
    ///
    /// # Errors
    ///
    /// Where the server does not answer.
    pub fn last(&self, partition: u32) -> Result<Lsn, Failure> {
        Ok(NatsJournal::open(&self.link, CLUSTER, partition)?.last())
    }

    /// A worker that runs.
    pub fn worker(&self, worker: u32) -> Option<&Process> {
        self.workers[worker as usize].as_ref()
    }

    /// Starts the feeder where it does not run; it goes on where the logs end.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn start_feeder(&mut self) -> Result<(), Failure> {
        if self.feeder.is_some() {
            return Ok(());
        }
        let mut arguments = self.arguments("feed");
        let source = self.plan.source;
        let told = [
            ("--reporters", source.reporters.into()),
            ("--instances", source.instances.into()),
            ("--rounds", source.rounds.into()),
            ("--twice", source.twice),
            ("--seed", source.seed),
            ("--a-second", self.plan.a_second.into()),
        ];
        arguments.extend(told.into_iter().flat_map(|(name, value)| [name.to_owned(), value.to_string()]));
        self.feeder = Some(self.program.start("feeder", &arguments, &Said::default())?);
        Ok(())
    }

    /// SIGKILL for the feeder.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn kill_feeder(&mut self) -> Result<(), Failure> {
        self.feeder.take().map_or(Ok(()), Process::kill).map_err(Failure::from)
    }

    /// Whether the feeder has fed everything. One that has failed is started again.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn is_fed(&mut self) -> Result<bool, Failure> {
        let Some(feeder) = &mut self.feeder else { return Ok(false) };
        match feeder.ended()? {
            None => Ok(false),
            Some(status) if status.success() => Ok(true),
            Some(_) => {
                self.feeder = None;
                self.start_feeder()?;
                Ok(false)
            }
        }
    }

    /// Waits until everything is fed, taken, delivered and settled; what is still to be done, where it is not within this time.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn wait(&mut self, want: &Whole, patience: Duration) -> Result<Option<String>, Failure> {
        let end = Instant::now() + patience;
        while !self.is_fed()? {
            if Instant::now() > end {
                return Ok(Some("not everything is fed".to_owned()));
            }
            thread::sleep(LOOK);
        }
        for partition in 0..PARTITIONS {
            let inputs = want.partitions[partition as usize].inputs;
            loop {
                // A server that was killed a moment ago, or an owner that has just trimmed: another look tells.
                let done = verdict::is_done(&self.link, partition, inputs, &self.receiver);
                if matches!(done, Ok(true)) {
                    break;
                }
                if Instant::now() > end {
                    let why = done.err().map_or(String::new(), |error| format!(": {error}"));
                    return Ok(Some(format!("partition {partition} is not done{why}")));
                }
                thread::sleep(2 * LOOK);
            }
        }
        Ok(None)
    }

    /// Ends the workers, which let go of what they hold; how each has ended.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn stop(&mut self) -> Result<Vec<ExitStatus>, Failure> {
        self.kill_feeder()?;
        let workers = self.workers.iter_mut().filter_map(Option::take);
        Ok(workers.map(Process::stop).collect::<Result<_, _>>()?)
    }

    /// What the cluster has come to, and is not what one process comes to.
    pub fn compare(&self, want: &Whole) -> Vec<String> {
        let have = verdict::read_all(&self.link, &self.receiver);
        let mut faults = verdict::compare(&have, want, self.plan.keeps);
        faults.extend(verdict::compare_notes(&self.receiver, want));
        faults
    }

    fn arguments(&self, command: &str) -> Vec<String> {
        vec![command.to_owned(), "--server".to_owned(), self.server.address()]
    }
}

/// As a worker names itself in its leases.
pub fn name_of(worker: u32) -> String {
    format!("worker-{worker}")
}

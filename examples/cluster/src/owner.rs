//! One partition at work: read on, judge, commit, deliver.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::runtime::Handle;
use tripline::{Error, ErrorKind};

use crate::Failure;
use crate::actions;
use crate::holds::{Hold, Holds};
use crate::nats::Link;
use crate::ports::{self, Options, Owned};
use crate::slot::Slot;

/// Where nothing is to be done, until somebody looks again.
const IDLE: Duration = Duration::from_millis(20);

/// After a failure, until it is opened anew.
const AGAIN: Duration = Duration::from_millis(50);

/// What all owners of a worker share.
#[derive(Clone)]
pub struct Shared {
    pub link: Link,
    pub runtime: Handle,
    pub options: Options,
    pub holds: Arc<Holds>,
    pub slot: Arc<Slot>,
}

/// Why the work on a partition is over for now.
enum Ended {
    /// The hold is gone, or another one.
    Held,
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Works on a partition as long as it is held. After any failure it is opened anew; what is corrupt twice in a row is left as it is,
/// and told of, since whatever goes on from there would heal in silence what people have to look at.
pub fn own(shared: &Shared, partition: u32) {
    let mut corrupt = false;
    while let Some(hold) = shared.holds.of(partition) {
        if !hold.is_fresh() {
            // Whoever has it now is not to be disturbed by one who wakes late.
            thread::sleep(IDLE);
            continue;
        }
        let mut owner = Owner { shared, partition, hold, has_moved: false };
        let Ended::Failed(failure) = owner.run() else { continue };
        let kind = failure.downcast_ref::<Error>().map(Error::kind);
        println!("{} {partition}: {failure}", word(kind));
        let is_corrupt = matches!(kind, Some(ErrorKind::Corrupt | ErrorKind::Diverged | ErrorKind::Snapshot));
        if is_corrupt && corrupt && !owner.has_moved {
            println!("given-up {partition}: {failure}");
            // It stays held, so that nobody else tries.
            while shared.holds.of(partition).is_some() {
                thread::sleep(IDLE);
            }
            return;
        }
        corrupt = is_corrupt;
        thread::sleep(AGAIN);
    }
}

fn word(kind: Option<ErrorKind>) -> &'static str {
    match kind {
        Some(ErrorKind::Fenced) => "fenced",
        Some(ErrorKind::Corrupt) => "corrupt",
        Some(ErrorKind::Storage) => "storage",
        _ => "failed",
    }
}

struct Owner<'a> {
    shared: &'a Shared,
    partition: u32,
    hold: Hold,
    /// Whether anything was committed since it was opened.
    has_moved: bool,
}

impl Owner<'_> {
    fn run(&mut self) -> Ended {
        match self.work() {
            Err(ended) => ended,
            Ok(never) => match never {},
        }
    }

    fn work(&mut self) -> Result<std::convert::Infallible, Ended> {
        let begun = Instant::now();
        let mut shard = ports::open(&self.shared.link, self.partition, Utc::now(), &self.shared.options)?;
        if !shard.recovery().is_fresh() {
            // Its restart is committed.
            self.shared.slot.committed(begun);
        }
        loop {
            self.check_held()?;
            let taken = self.take(&mut shard)?;
            let delivered = self.deliver(&mut shard)?;
            let is_due = shard.poll_timeout().is_some_and(|at| at <= Utc::now());
            if is_due {
                shard.handle_timeout(Utc::now())?;
            }
            if !(taken || delivered || is_due) {
                thread::sleep(IDLE);
            }
        }
    }

    fn check_held(&self) -> Result<(), Ended> {
        match self.shared.holds.of(self.partition) {
            Some(hold) if hold.is_same(self.hold) => Ok(()),
            _ => Err(Ended::Held),
        }
    }

    /// Whether there was anything to be taken.
    fn take(&mut self, shard: &mut Owned) -> Result<bool, Ended> {
        let begun = Instant::now();
        let taken = shard.take(Utc::now())?;
        for (offset, error) in taken.refused() {
            println!("refused {}: input {offset}: {error}", self.partition);
        }
        if taken.inputs() > 0 {
            self.has_moved = true;
            self.shared.slot.committed(begun);
        }
        Ok(taken.inputs() > 0)
    }

    /// Whether there was anything to be delivered. The lease is no more than a hint, so an owner that is paused right here may tell what
    /// another has told: once, since it has the slot.
    fn deliver(&mut self, shard: &mut Owned) -> Result<bool, Ended> {
        let turn = self.shared.slot.wait();
        let is_ours = self
            .shared
            .holds
            .of(self.partition)
            .is_some_and(|hold| hold.is_same(self.hold) && hold.is_fresh());
        if !is_ours || !turn.is_open() {
            return Ok(false);
        }
        let Some(work) = shard.poll_send() else { return Ok(false) };
        if work.deadline() <= Utc::now() {
            // It counts as lost, and is due again.
            return Ok(true);
        }
        let registry =
            actions::registry(self.partition, self.shared.options.receiver, self.shared.options.plant)?;
        let result = self.shared.runtime.block_on(work.run(&registry));
        let begun = Instant::now();
        match shard.complete(Utc::now(), work.lease(), result) {
            Ok(()) => {
                self.has_moved = true;
                self.shared.slot.committed(begun);
                Ok(true)
            }
            Err(error) => {
                self.shared.slot.failed();
                if error.kind() != ErrorKind::Fenced {
                    println!("lost {}: {}: {error}", self.partition, work.id());
                }
                Err(error.into())
            }
        }
    }
}

//! A worker: takes partitions by lease, and has a thread for each.
//!
//! A partition is the work of the first worker that is there, counted from its number on. Who is there holds a
//! *seat*, which is a lease too. So the partitions of a worker that is gone go to the next one, and back when it returns.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::Failure;
use crate::holds::Holds;
use crate::nats::{Leases, Link};
use crate::owner::{self, Shared};
use crate::plant::Plant;
use crate::ports::{CLUSTER, Options, PARTITIONS};
use crate::run::name_of;
use crate::slot::Slot;

/// Between two looks at the leases.
fn every() -> Duration {
    Leases::every() / 2
}

/// How long a lease lasts without being renewed.
fn lasts() -> Duration {
    Leases::every() * 4
}

/// What a worker is told.
#[derive(Debug, Clone)]
pub struct Worker {
    pub server: String,
    /// Which of the workers it is.
    pub id: u32,
    pub workers: u32,
    pub receiver: SocketAddr,
    pub checkpoint: u64,
    pub at_once: usize,
    pub keeps: bool,
}

impl Worker {
    /// Works until stdin ends, so that it ends with whoever started it.
    ///
    /// # Errors
    ///
    /// Where nobody answers at the server's address.
    pub fn run(self, runtime: &Handle) -> Result<(), Failure> {
        let link = Link::connect(runtime, &self.server)?;
        let options = Options {
            receiver: self.receiver,
            checkpoint: self.checkpoint,
            at_once: self.at_once,
            keeps: self.keeps,
            plant: Plant::here(),
        };
        let shared = Shared {
            link: link.clone(),
            runtime: runtime.clone(),
            options,
            holds: Arc::default(),
            slot: Arc::new(Slot::default()),
        };
        let stop = Arc::new(AtomicBool::new(false));
        thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                let _ = io::stdin().read_to_end(&mut Vec::new());
                stop.store(true, Ordering::Relaxed);
            }
        });
        let mut keeper = Keeper {
            leases: Leases::open(&link, CLUSTER, &name_of(self.id))?,
            holds: Arc::clone(&shared.holds),
            shared,
            id: self.id,
            workers: self.workers,
            threads: BTreeMap::new(),
        };
        println!("ready");
        while !stop.load(Ordering::Relaxed) {
            if let Err(error) = keeper.turn() {
                println!("leases: {error}");
            }
            thread::sleep(every());
        }
        keeper.end();
        Ok(())
    }
}

struct Keeper {
    leases: Leases,
    holds: Arc<Holds>,
    shared: Shared,
    id: u32,
    workers: u32,
    threads: BTreeMap<u32, JoinHandle<()>>,
}

impl Keeper {
    fn turn(&mut self) -> Result<(), Failure> {
        self.keep(PARTITIONS + self.id)?;
        let mut is_there = vec![true; self.workers as usize];
        for worker in (0..self.workers).filter(|worker| *worker != self.id) {
            is_there[worker as usize] = self.leases.holder(PARTITIONS + worker)?.is_some();
        }
        for partition in 0..PARTITIONS {
            let from = partition % self.workers;
            let first = (0..self.workers)
                .map(|step| (from + step) % self.workers)
                .find(|worker| is_there[*worker as usize]);
            if first == Some(self.id) {
                if self.keep(partition)? {
                    self.holds.want(partition);
                    self.start(partition);
                }
            } else if self.leases.held().contains(&partition) {
                self.holds.leave(partition);
                if self.has_ended(partition) {
                    self.leases.release(partition)?;
                    self.holds.lost(partition);
                } else {
                    let asked = Instant::now();
                    if self.leases.renew(partition)? {
                        self.holds.renewed(partition, asked, lasts());
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes a lease, or holds on to it; whether it is ours.
    fn keep(&mut self, key: u32) -> Result<bool, Failure> {
        let asked = Instant::now();
        let is_held = self.leases.held().contains(&key);
        let is_ours = if is_held { self.leases.renew(key)? } else { self.leases.try_claim(key)? };
        if is_ours {
            self.holds.renewed(key, asked, lasts());
        } else {
            self.holds.lost(key);
        }
        Ok(is_ours)
    }

    fn start(&mut self, partition: u32) {
        if self.threads.contains_key(&partition) && !self.has_ended(partition) {
            return;
        }
        let shared = self.shared.clone();
        self.threads.insert(partition, thread::spawn(move || owner::own(&shared, partition)));
    }

    fn has_ended(&mut self, partition: u32) -> bool {
        self.threads.get(&partition).is_none_or(JoinHandle::is_finished)
    }

    /// Lets all that is under way end, and lets go.
    fn end(mut self) {
        for partition in 0..PARTITIONS {
            self.holds.leave(partition);
        }
        for (partition, thread) in std::mem::take(&mut self.threads) {
            if thread.join().is_err() {
                println!("failed {partition}: its thread has panicked");
            }
        }
        for key in self.leases.held() {
            // What is not let go of runs out.
            let _ = self.leases.release(key);
        }
    }
}

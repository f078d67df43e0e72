//! A partition on its ports: the suite for them, faults that it has to find, and what an owner does when they fail.

mod divided;
#[cfg(feature = "journal-file")]
mod file;

mod owners;
mod planted;

use tripline::Error;
use tripline::journal::{Lsn, MemoryJournal, MemorySnapshots};
use tripline::shard::MemoryInputs;
use tripline::testing::{Check, ShardStore, shard_conformance};

use planted::{Fault, Planted};

/// The ports in memory.
#[derive(Default)]
pub(crate) struct Memory {
    inputs: MemoryInputs,
    journal: MemoryJournal,
    snapshots: MemorySnapshots,
}

impl ShardStore for Memory {
    type Inputs = MemoryInputs;
    type Journal = MemoryJournal;
    type Snapshots = MemorySnapshots;

    fn inputs(&mut self) -> Result<MemoryInputs, Error> {
        Ok(self.inputs.clone())
    }

    fn journal(&mut self) -> Result<MemoryJournal, Error> {
        Ok(self.journal.reopen())
    }

    fn snapshots(&mut self) -> Result<MemorySnapshots, Error> {
        Ok(self.snapshots.clone())
    }

    fn feed(&mut self, input: &[u8]) -> Result<(), Error> {
        self.inputs.push(input);
        Ok(())
    }

    fn trim_inputs(&mut self, count: usize) -> Result<(), Error> {
        self.inputs.trim(count as u64);
        Ok(())
    }

    fn drop_batch(&mut self, lsn: Lsn) -> Result<(), Error> {
        self.journal.drop_batch(lsn);
        Ok(())
    }
}

#[test]
fn the_ports_in_memory_conform() {
    shard_conformance(Memory::default).assert();
}

#[test]
fn the_suite_catches_every_planted_fault_of_the_ports_by_its_name() {
    for &(fault, wanted) in Fault::ALL {
        let report = shard_conformance(|| Planted::new(fault));
        let found: Vec<Check> = report.findings().iter().map(|finding| finding.check()).collect();
        assert!(found.contains(&wanted), "{fault:?}: {wanted:?} has not found it: {report}");
    }
    shard_conformance(|| Planted::new(Fault::None)).assert();
}

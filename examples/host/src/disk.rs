//! The journal and its snapshots, in a folder.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tripline::connector::BoxError;
use tripline::journal::{FileJournal, FileSnapshots, Journal as _, Lsn};
use tripline::pipeline::{Persist, Pipeline, PipelineBuilder, Recovery, recover};

use crate::Failure;

/// A clone is the same one.
#[derive(Debug, Clone)]
pub struct Disk {
    files: Arc<Mutex<Files>>,
}

#[derive(Debug)]
struct Files {
    journal: FileJournal,
    snapshots: FileSnapshots,
    written: Written,
}

/// What was written since the start.
#[derive(Debug, Clone, Copy, Default)]
pub struct Written {
    pub batches: u64,
    pub syncs: u64,
    /// What batches and their syncs took.
    pub time: Duration,
    pub checkpoints: u64,
}

impl Disk {
    /// Opens the folder, or makes it; nobody else may have it open.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let (journal, snapshots) = (FileJournal::open(folder)?, FileSnapshots::open(folder)?);
        let files = Files { journal, snapshots, written: Written::default() };
        Ok(Self { files: Arc::new(Mutex::new(files)) })
    }

    /// Brings back what is there.
    pub fn recover(&self, builder: PipelineBuilder) -> Result<(Pipeline, Recovery), Failure> {
        let Files { journal, snapshots, .. } = &mut *self.files()?;
        Ok(recover(builder, chrono::Utc::now(), journal, snapshots)?)
    }

    /// Appends batches, and syncs once. Whoever does this from a task of tokio's waits for the disk on its thread, and
    /// other tasks go on elsewhere.
    pub fn append(&self, batches: &[Persist]) -> Result<Lsn, BoxError> {
        tokio::task::block_in_place(|| {
            let Files { journal, written, .. } = &mut *self.files()?;
            let begun = Instant::now();
            for batch in batches {
                batch.append_to(journal)?;
            }
            let lsn = journal.sync()?;
            written.batches += batches.len() as u64;
            written.syncs += 1;
            written.time += begun.elapsed();
            Ok(lsn)
        })
    }

    /// Puts a snapshot, so that the next start is a short one.
    pub fn checkpoint(&self, pipeline: &mut Pipeline) -> Result<Lsn, BoxError> {
        let Files { journal, snapshots, written } = &mut *self.files()?;
        let lsn = pipeline.checkpoint(journal, snapshots)?;
        written.checkpoints += 1;
        Ok(lsn)
    }

    /// What was written since the start.
    pub fn written(&self) -> Result<Written, BoxError> {
        Ok(self.files()?.written)
    }

    fn files(&self) -> Result<MutexGuard<'_, Files>, BoxError> {
        self.files.lock().map_err(|_| "the journal broke off in the middle of a write".into())
    }
}

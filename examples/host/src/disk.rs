//! The journal and its snapshots, in a folder.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

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
}

impl Disk {
    /// Opens the folder, or makes it; nobody else may have it open.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let files = Files { journal: FileJournal::open(folder)?, snapshots: FileSnapshots::open(folder)? };
        Ok(Self { files: Arc::new(Mutex::new(files)) })
    }

    /// Brings back what is there.
    pub fn recover(&self, builder: PipelineBuilder) -> Result<(Pipeline, Recovery), Failure> {
        let Files { journal, snapshots } = &mut *self.files()?;
        Ok(recover(builder, chrono::Utc::now(), journal, snapshots)?)
    }

    /// Appends batches, and syncs once. Whoever does this from a task of tokio's waits for the disk on its thread, and
    /// other tasks go on elsewhere.
    pub fn append(&self, batches: &[Persist]) -> Result<Lsn, BoxError> {
        tokio::task::block_in_place(|| {
            let journal = &mut self.files()?.journal;
            for batch in batches {
                batch.append_to(journal)?;
            }
            Ok(journal.sync()?)
        })
    }

    /// Puts a snapshot, so that the next start is a short one.
    pub fn checkpoint(&self, pipeline: &mut Pipeline) -> Result<Lsn, BoxError> {
        let Files { journal, snapshots } = &mut *self.files()?;
        Ok(pipeline.checkpoint(journal, snapshots)?)
    }

    fn files(&self) -> Result<MutexGuard<'_, Files>, BoxError> {
        self.files.lock().map_err(|_| "the journal broke off in the middle of a write".into())
    }
}

//! The ports in a folder: a log that is a file of lines, its offsets those of the bytes.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tripline::Error;
use tripline::journal::{FileJournal, FileSnapshots, Lsn, refuse};
use tripline::shard::{Input, Inputs};
use tripline::testing::{ShardStore, shard_conformance};

/// A folder for one partition, empty before and gone after.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shard-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn folder(&self) -> PathBuf {
        self.0.join("journal")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Lines in a file. What was let go of is kept as blanks, so that offsets stay.
struct Lines(PathBuf);

impl Inputs for Lines {
    fn read(&mut self, from: u64, most: usize) -> Result<Vec<Input>, Error> {
        let bytes = match fs::read(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(|error| refuse::storage("reading the log", error))?,
        };
        let first = bytes.iter().take_while(|byte| **byte == 0).count() as u64;
        if from < first {
            return Err(refuse::trimmed(from, first));
        }
        let mut at = first;
        let lines = bytes[usize::try_from(first).unwrap_or_default()..]
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| {
                at += line.len() as u64;
                Input::new(at - line.len() as u64, line.strip_suffix(b"\n").unwrap_or(line).to_vec())
            });
        Ok(lines.filter(|input| input.offset() >= from).take(most).collect())
    }
}

impl ShardStore for Folder {
    type Inputs = Lines;
    type Journal = FileJournal;
    type Snapshots = FileSnapshots;

    fn inputs(&mut self) -> Result<Lines, Error> {
        Ok(Lines(self.0.join("log")))
    }

    fn journal(&mut self) -> Result<FileJournal, Error> {
        // A batch for each segment, so that one can be taken out.
        FileJournal::builder().with_segment_bytes(1).open(&self.folder())
    }

    fn snapshots(&mut self) -> Result<FileSnapshots, Error> {
        FileSnapshots::open(&self.folder())
    }

    fn feed(&mut self, input: &[u8]) -> Result<(), Error> {
        let mut log = fs::OpenOptions::new().append(true).create(true).open(self.0.join("log")).unwrap();
        log.write_all(&[input, b"\n"].concat()).unwrap();
        Ok(())
    }

    fn trim_inputs(&mut self, count: usize) -> Result<(), Error> {
        let mut bytes = fs::read(self.0.join("log")).unwrap();
        let length: usize = bytes.split_inclusive(|byte| *byte == b'\n').take(count).map(<[u8]>::len).sum();
        bytes[..length].fill(0);
        fs::write(self.0.join("log"), bytes).unwrap();
        Ok(())
    }

    fn drop_batch(&mut self, lsn: Lsn) -> Result<(), Error> {
        // The segment that begins with it: its header has the number at 32.
        let holds = |path: &PathBuf| {
            let bytes = fs::read(path).unwrap();
            bytes.starts_with(b"tripjrnl") && bytes[32..40] == lsn.get().to_le_bytes()
        };
        let files = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path());
        let segment = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "journal"));
        fs::remove_file(segment.into_iter().find(holds).unwrap()).unwrap();
        Ok(())
    }
}

#[test]
fn the_ports_in_a_folder_conform() {
    shard_conformance(Folder::new).assert();
}

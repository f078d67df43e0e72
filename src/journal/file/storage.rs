//! What a journal asks of a folder: the port that tests put a broken disk behind.

use std::fmt;
use std::io::{self, ErrorKind as Io};

/// A folder. Names are plain file names in it.
pub(super) trait Storage: Send + Sync + fmt::Debug {
    fn list(&self) -> io::Result<Vec<String>>;
    /// A new file, empty; one of that name is emptied.
    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;
    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Names survive a crash from here on as they are now.
    fn sync_folder(&self) -> io::Result<()>;
    /// The lock of that name, until it is dropped; `None` where somebody else has it.
    fn try_lock(&self, name: &str) -> io::Result<Option<Box<dyn Lock>>>;
}

/// A lock that is let go of when it is dropped.
pub(super) trait Lock: Send + Sync + fmt::Debug {}

/// An open file. Reads and writes may be short, as those of the system are.
pub(super) trait StorageFile: Send + Sync + fmt::Debug {
    fn length(&mut self) -> io::Result<u64>;
    fn read(&mut self, at: u64, into: &mut [u8]) -> io::Result<usize>;
    fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<usize>;
    /// Contents survive a crash from here on as they are now.
    fn sync(&mut self) -> io::Result<()>;
}

/// Writes all of it, in as many writes as it takes.
pub(super) fn write_all(file: &mut dyn StorageFile, mut at: u64, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(at, bytes) {
            Ok(0) => return Err(Io::WriteZero.into()),
            Ok(_) if planted!(IgnoresShortWrites) => return Ok(()),
            Ok(written) => {
                at += written as u64;
                bytes = bytes.get(written..).unwrap_or_default();
            }
            Err(error) if error.kind() == Io::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Fills `into` as far as the file goes, and says how far that was.
pub(super) fn read_full(file: &mut dyn StorageFile, mut at: u64, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match file.read(at, &mut into[filled..]) {
            Ok(0) => break,
            Ok(read) => {
                at += read as u64;
                filled += read;
            }
            Err(error) if error.kind() == Io::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

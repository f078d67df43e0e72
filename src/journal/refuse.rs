//! What journals and stores of snapshots refuse, in the same words, for whoever writes one.
//!
//! An [`Error`] of this library is made by this library alone. A journal over a
//! store of one's own has these to answer with; whoever drives it branches on their kinds.
//!
//! ```
//! use tripline::ErrorKind;
//! use tripline::journal::{Lsn, refuse};
//!
//! // A database says that its last row is another than the one that we meant to write behind.
//! let error = refuse::fenced(Lsn::new(7), Lsn::new(9));
//! assert!(error.is_fenced());
//! assert_eq!(error.to_string(), "the journal ends with batch 9, not with 7: another owner has written");
//!
//! // It does not answer: nobody knows what is stored, so the handle is of no use any more.
//! let error = refuse::storage("insert into journal", std::io::Error::other("connection reset"));
//! assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Storage, "insert into journal: connection reset"));
//! assert_eq!(refuse::poisoned("an append").kind(), ErrorKind::Poisoned);
//! ```

use std::fmt;

use super::lsn::Lsn;
use crate::error::{Error, ErrorKind};

/// An append that expects another end than there is.
///
/// ```
/// use tripline::journal::{Lsn, refuse};
/// assert!(refuse::fenced(Lsn::new(7), Lsn::new(9)).is_fenced());
/// ```
pub fn fenced(expected: Lsn, last: Lsn) -> Error {
    let message =
        format!("the journal ends with batch {last}, not with {expected}: another owner has written");
    Error::new(ErrorKind::Fenced, message)
}

/// A put of a snapshot by a handle that has not seen the one that was put last.
///
/// ```
/// use tripline::journal::refuse;
/// assert!(refuse::superseded().is_fenced());
/// ```
pub fn superseded() -> Error {
    Error::new(ErrorKind::Fenced, "another owner has put a snapshot since")
}

/// Holds the place where a read is to begin: any batch that is there, or just behind the last.
///
/// # Errors
///
/// [`ErrorKind::OutOfRange`] for any other.
///
/// ```
/// use tripline::journal::{Lsn, refuse};
/// assert!(refuse::check_range(Lsn::new(10), Lsn::new(4), Lsn::new(9)).is_ok());
/// let error = refuse::check_range(Lsn::new(3), Lsn::new(4), Lsn::new(9)).unwrap_err();
/// assert_eq!(error.to_string(), "batch 3 is no longer there: the journal begins with 4");
/// ```
pub fn check_range(from: Lsn, first: Lsn, last: Lsn) -> Result<(), Error> {
    if from < first {
        let message = format!("batch {from} is no longer there: the journal begins with {first}");
        return Err(Error::new(ErrorKind::OutOfRange, message));
    }
    check_end(from, last)
}

/// Holds a place between batches, such as that of a trim: at most the one behind the last.
///
/// # Errors
///
/// [`ErrorKind::OutOfRange`] for one beyond that.
///
/// ```
/// use tripline::journal::{Lsn, refuse};
/// let error = refuse::check_end(Lsn::new(11), Lsn::new(9)).unwrap_err();
/// assert_eq!(error.to_string(), "batch 11 is not there yet: the journal ends with 9");
/// ```
pub fn check_end(at: Lsn, last: Lsn) -> Result<(), Error> {
    if at > last.next() {
        let message = format!("batch {at} is not there yet: the journal ends with {last}");
        return Err(Error::new(ErrorKind::OutOfRange, message));
    }
    Ok(())
}

/// A log of inputs that is asked for what it no longer has.
///
/// ```
/// use tripline::journal::refuse;
/// let error = refuse::trimmed(3, 7);
/// assert_eq!(error.to_string(), "the input at 3 is no longer there: the log begins at 7");
/// ```
pub fn trimmed(from: u64, first: u64) -> Error {
    let message = format!("the input at {from} is no longer there: the log begins at {first}");
    Error::new(ErrorKind::OutOfRange, message)
}

/// A batch or a snapshot that is larger than the store takes; nothing was written.
///
/// ```
/// use tripline::journal::refuse;
/// assert!(refuse::too_large("batch 7", 2_000_000, 1_048_576).is_limit());
/// ```
pub fn too_large(what: impl fmt::Display, bytes: usize, most: usize) -> Error {
    Error::new(ErrorKind::Limit, format!("{what} has {bytes} bytes, the store takes {most}"))
}

/// What comes back changed, or not at all where it must be there.
///
/// ```
/// use tripline::{ErrorKind, journal::refuse};
/// assert_eq!(refuse::corrupt("batch 7: its checksum does not fit").kind(), ErrorKind::Corrupt);
/// ```
pub fn corrupt(what: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Corrupt, what.to_string())
}

/// The store refuses, or does not answer, while it does this; the cause is the error's source.
///
/// ```
/// use std::error::Error as _;
/// use tripline::journal::refuse;
/// let error = refuse::storage("publish", std::io::Error::other("no responders"));
/// assert_eq!(error.source().unwrap().to_string(), "no responders");
/// ```
pub fn storage(what: impl fmt::Display, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Storage, format!("{what}: {cause}")).caused_by(cause)
}

/// A call of a handle of which this failed before.
///
/// ```
/// use tripline::journal::refuse;
/// let error = refuse::poisoned("an append");
/// assert_eq!(error.to_string(), "the journal must be opened anew: an append failed before");
/// ```
pub fn poisoned(what: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Poisoned, format!("the journal must be opened anew: {what} failed before"))
}

/// Another process, or another handle, has it open, in a store that lets only one.
///
/// ```
/// use tripline::{ErrorKind, journal::refuse};
/// assert_eq!(refuse::locked("the row `orders/3`").kind(), ErrorKind::Locked);
/// ```
pub fn locked(what: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Locked, format!("{what} is open already"))
}

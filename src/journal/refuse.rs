//! What journals refuse alike, in the same words.

use super::lsn::Lsn;
use crate::error::{Error, ErrorKind};

/// An append that expects another end than there is.
pub(super) fn fenced(expected: Lsn, last: Lsn) -> Error {
    let message =
        format!("the journal ends with batch {last}, not with {expected}: another owner has written");
    Error::new(ErrorKind::Fenced, message)
}

/// A read may begin with any batch that is there, or just behind the last.
pub(super) fn check_range(from: Lsn, first: Lsn, last: Lsn) -> Result<(), Error> {
    if from < first {
        let message = format!("batch {from} is no longer there: the journal begins with {first}");
        return Err(Error::new(ErrorKind::OutOfRange, message));
    }
    check_end(from, last)
}

/// A place between batches is at most the one behind the last.
pub(super) fn check_end(at: Lsn, last: Lsn) -> Result<(), Error> {
    if at > last.next() {
        let message = format!("batch {at} is not there yet: the journal ends with {last}");
        return Err(Error::new(ErrorKind::OutOfRange, message));
    }
    Ok(())
}

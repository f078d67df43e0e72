//! What must hold of every refusal of a document.

use tripline::{Error, ErrorKind};

/// The longest message about one fault, its path aside.
const MOST: usize = 1_000;

/// Holds that the error is of a kind that a reader gives, short, and names a place.
pub(super) fn refused(error: &Error, bytes: usize) {
    let kinds = [ErrorKind::Syntax, ErrorKind::Invalid, ErrorKind::Limit];
    assert!(kinds.contains(&error.kind()), "{error}: {:?}", error.kind());
    assert_eq!(
        error.faults().is_empty(),
        error.kind() != ErrorKind::Invalid || error.place().is_some(),
        "{error}"
    );
    assert!(error.faults().len() <= 1_001, "{} faults", error.faults().len());
    for fault in error.faults() {
        assert!(!fault.message().is_empty() && fault.message().len() <= MOST, "{fault}");
        assert!(fault.path().len() <= bytes + 200, "{fault}");
    }
    if error.faults().is_empty() {
        let text = error.to_string();
        assert!(text.len() <= MOST, "{text}");
        assert!(error.place().is_some_and(|place| !place.is_empty()) || error.is_limit(), "no place: {text}");
    }
}

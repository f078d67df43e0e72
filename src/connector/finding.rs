//! What is wrong with a declaration.

use std::fmt;

use crate::error::Fault;

/// One thing that is wrong with a [`Connector`](super::Connector): where, what, and what mends it.
///
/// ```
/// use tripline::connector::Connector;
///
/// let findings = Connector::new("Contoso API").validate();
/// let title = findings.iter().find(|finding| finding.place() == "title").unwrap();
/// assert_eq!(title.what(), "\"Contoso API\" holds the word \"API\", which a title may not");
/// assert_eq!(title.remedy(), "say what it connects to");
/// assert!(title.to_string().ends_with("may not; say what it connects to"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    place: String,
    what: String,
    remedy: String,
}

impl Finding {
    pub(super) fn new(place: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), remedy: remedy.into() }
    }

    /// The part of the declaration, such as `title` or `actions.getItems.input.top`.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// assert!(Connector::new("").validate().iter().any(|finding| finding.place() == "title"));
    /// ```
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is wrong there, with the value and the limit.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let findings = Connector::new("Customer insights for everyone alive").validate();
    /// assert_eq!(findings[0].what(), "has 36 characters, the limit is 30");
    /// ```
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What mends it.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let findings = Connector::new("Customer insights for everyone alive").validate();
    /// assert_eq!(findings[0].remedy(), "shorten it");
    /// ```
    pub fn remedy(&self) -> &str {
        &self.remedy
    }

    /// As a fault of an error.
    pub(super) fn into_fault(self) -> Fault {
        let Self { place, what, remedy } = self;
        Fault::new(place, format!("{what}; {remedy}"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.remedy)
    }
}

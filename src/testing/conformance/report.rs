//! What a suite has found.

use std::collections::BTreeSet;
use std::fmt;

/// One thing that an action, a transport or a journal is held against.
///
/// ```
/// use tripline::testing::Check;
/// assert_eq!(Check::RetryAfter.as_str(), "retryAfter");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Check {
    /// What it says about itself is valid, and the same every time.
    Metadata,
    /// Its samples fit its fields and its own type.
    Samples,
    /// It succeeds with the input, and what it gives fits its output fields.
    Output,
    /// Its type takes what its fields allow, and every field changes something.
    Fields,
    /// Every fault of an input is told, each with its field.
    InputFaults,
    /// No text of an input breaks out of its place in the request.
    Injection,
    /// The same context and input make the same requests, byte for byte.
    Determinism,
    /// The idempotency key is presented: the same over attempts, another for another delivery.
    Key,
    /// It can be dropped at every `.await` and run again, and it can be run twice at a time.
    Cancel,
    /// Every status has its class.
    Statuses,
    /// `Retry-After` is carried in both its forms, and capped.
    RetryAfter,
    /// A redirect is not followed.
    Redirects,
    /// Errors of the transport have their class.
    TransportErrors,
    /// Whether a request may have been carried out is told exactly.
    Outcome,
    /// It makes one attempt, and leaves the next to its caller.
    OneAttempt,
    /// It ends before its deadline.
    Deadline,
    /// No secret is seen in errors, outputs or `Debug`, and a missing one is told.
    Secrets,
    /// It does not panic.
    Panics,
    /// A transport connects to the checked addresses only.
    Addresses,
    /// A journal numbers its batches from 1 on, and keeps the chain.
    Numbers,
    /// A journal refuses an append that expects another end, and changes nothing.
    Fencing,
    /// What a journal has synced is there when it is opened again.
    Durability,
    /// A journal gives back what was appended, from every number, as often as it is asked.
    Reads,
    /// A journal lets go of no more than it may, and goes on with its numbers.
    Trimming,
    /// A store of snapshots gives back what was put last, whole, also when it is opened again.
    Snapshots,
    /// A log of inputs gives them in order, from any offset, as often as it is asked, and tells what is gone.
    Inputs,
    /// A partition goes on where its last owner ended.
    Resumption,
    /// Of two owners one is fenced.
    Ownership,
    /// A commit that is missing from the chain is told.
    Chain,
}

impl Check {
    /// Its name.
    ///
    /// ```
    /// # use tripline::testing::Check;
    /// assert_eq!(Check::Key.as_str(), "key");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Samples => "samples",
            Self::Output => "output",
            Self::Fields => "fields",
            Self::InputFaults => "inputFaults",
            Self::Injection => "injection",
            Self::Determinism => "determinism",
            Self::Key => "key",
            Self::Cancel => "cancel",
            Self::Statuses => "statuses",
            Self::RetryAfter => "retryAfter",
            Self::Redirects => "redirects",
            Self::TransportErrors => "transportErrors",
            Self::Outcome => "outcome",
            Self::OneAttempt => "oneAttempt",
            Self::Deadline => "deadline",
            Self::Secrets => "secrets",
            Self::Panics => "panics",
            Self::Addresses => "addresses",
            Self::Numbers => "numbers",
            Self::Fencing => "fencing",
            Self::Durability => "durability",
            Self::Reads => "reads",
            Self::Trimming => "trimming",
            Self::Snapshots => "snapshots",
            Self::Inputs => "inputs",
            Self::Resumption => "resumption",
            Self::Ownership => "ownership",
            Self::Chain => "chain",
        }
    }
}

/// One fault that a suite has found.
///
/// ```
/// # use http::Response;
/// use tripline::action::{Metadata, action_fn};
/// use tripline::testing::{Capabilities, Check, conformance};
///
/// let make = |_| action_fn(Metadata::new("post note"), |_, ()| async { Ok(()) });
/// let report = conformance(make, Capabilities::new());
/// assert_eq!(report.findings()[0].check(), Check::Metadata);
/// assert!(report.findings()[0].message().starts_with("name: "));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    check: Check,
    message: String,
}

impl Finding {
    /// What the action was held against.
    ///
    /// ```
    /// # use tripline::testing::{Check, Finding};
    /// fn is_about_the_key(finding: &Finding) -> bool {
    ///     finding.check() == Check::Key
    /// }
    /// ```
    pub fn check(&self) -> Check {
        self.check
    }

    /// What is wrong: the case, what was expected and what was seen.
    ///
    /// ```
    /// # use tripline::testing::Finding;
    /// fn is_about(finding: &Finding, field: &str) -> bool {
    ///     finding.message().starts_with(field)
    /// }
    /// ```
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check.as_str(), self.message)
    }
}

/// Everything that [`conformance`](super::conformance()) or another suite has found.
///
/// ```
/// use tripline::action::{Metadata, action_fn};
/// use tripline::testing::{Capabilities, conformance};
///
/// let make = |_| action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) });
/// let report = conformance(make, Capabilities::new());
/// assert!(report.is_conforming());
/// ```
#[derive(Debug, Clone)]
#[must_use = "a report that nobody reads finds nothing: call `assert`"]
pub struct Report {
    name: String,
    findings: Vec<Finding>,
    checked: BTreeSet<Check>,
}

impl Report {
    pub(in crate::testing) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), findings: Vec::new(), checked: BTreeSet::new() }
    }

    /// Writes down that something was looked at.
    pub(in crate::testing) fn looked_at(&mut self, check: Check) {
        self.checked.insert(check);
    }

    pub(in crate::testing) fn found(&mut self, check: Check, message: String) {
        let finding = Finding { check, message };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    pub(in crate::testing) fn sort(&mut self) {
        self.findings.sort_by_key(Finding::check);
    }

    /// Every fault that was found, in the order of the checks.
    ///
    /// ```
    /// # use tripline::action::{Metadata, action_fn};
    /// # use tripline::testing::{Capabilities, conformance};
    /// # let make = |_| action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) });
    /// assert!(conformance(make, Capabilities::new()).findings().is_empty());
    /// ```
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What the action was held against. What does not apply is not in it: an
    /// action that sends nothing has no statuses to class.
    ///
    /// ```
    /// # use tripline::action::{Metadata, action_fn};
    /// # use tripline::testing::{Capabilities, Check, conformance};
    /// # let make = |_| action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) });
    /// let report = conformance(make, Capabilities::new());
    /// assert!(report.checked().any(|check| check == Check::Samples));
    /// assert!(report.checked().all(|check| check != Check::Statuses), "it sends nothing");
    /// ```
    pub fn checked(&self) -> impl Iterator<Item = Check> {
        self.checked.iter().copied()
    }

    /// Whether nothing was found.
    ///
    /// ```
    /// # use tripline::action::{Metadata, action_fn};
    /// # use tripline::testing::{Capabilities, conformance};
    /// # let make = |_| action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) });
    /// assert!(conformance(make, Capabilities::new()).is_conforming());
    /// ```
    pub fn is_conforming(&self) -> bool {
        self.findings.is_empty()
    }

    /// Fails the test that it is called in, with every fault.
    ///
    /// # Panics
    ///
    /// If anything was found.
    ///
    /// ```
    /// # use tripline::action::{Metadata, action_fn};
    /// # use tripline::testing::{Capabilities, conformance};
    /// # let make = |_| action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) });
    /// conformance(make, Capabilities::new()).assert();
    /// ```
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.is_conforming(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_conforming() {
            return write!(f, "{} conforms in {} checks", self.name, self.checked.len());
        }
        write!(f, "{} does not conform:", self.name)?;
        self.findings.iter().try_for_each(|finding| write!(f, "\n  {finding}"))
    }
}

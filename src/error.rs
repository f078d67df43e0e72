//! What went wrong, said so that it can be mended: a kind to branch on, a
//! place, and a message that names the value and the limit.

use std::fmt;

/// The one error type of this crate.
///
/// It is opaque: branch on [`kind`](Error::kind) or on the `is_…` predicates,
/// show it with `Display`. A document with several faults (a trigger file,
/// say) gives one `Error` that carries them all, see [`faults`](Error::faults).
///
/// ```
/// use tripline::{ErrorKind, Trigger};
///
/// let text = r#"{"id":"vip","on":{"type":"segmentThresholdCrossed","segment":"vip","above":1000,"rearm":1200}}"#;
/// let error = Trigger::from_json(text).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Invalid);
/// assert_eq!(error.faults()[0].path(), "on.rearm");
/// ```
#[derive(Debug)]
pub struct Error {
    repr: Box<Repr>,
}

#[derive(Debug)]
struct Repr {
    kind: ErrorKind,
    place: Option<String>,
    message: String,
    faults: Vec<Fault>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What kind of thing went wrong; what the caller can do next follows from it.
///
/// ```
/// use tripline::{event::Event, ErrorKind};
///
/// assert_eq!(Event::from_json(b"{").unwrap_err().kind(), ErrorKind::Syntax);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are not JSON (or not UTF-8, or not a date); the place is a line and column.
    Syntax,
    /// Well-formed, but not allowed here: a missing field, a wrong type, a bound on the wrong side.
    Invalid,
    /// A size, depth or count is over its bound ([`Limits`](crate::engine::Limits), [`Reader`](crate::event::Reader)).
    Limit,
    /// The event's time is further ahead of `now` than the engine allows.
    Skew,
    /// The observation is older than one that was already judged.
    Late,
    /// Firings wait to be read: poll them and hand the same input in again. Of a
    /// dispatcher: deliveries wait to be made, or outcomes to be read. Of flows: too
    /// many runs wait. Nothing was lost.
    Full,
    /// No trigger has this id.
    UnknownTrigger,
    /// A trigger with this id is there already.
    DuplicateTrigger,
    /// An action with this name is there already, or with one that differs only in case.
    DuplicateAction,
    /// No dead letter has this id.
    UnknownDelivery,
    /// No flow with this id is defined.
    UnknownFlow,
    /// No run with this id is known, or is known any more.
    UnknownRun,
    /// What was written down of an earlier run of the machine does not fit what it does now.
    Diverged,
    /// The target is switched off, because it said that it wants nothing more.
    TargetDisabled,
    /// The handle was made by another engine, or its series has been dropped since: resolve it again.
    StaleHandle,
    /// The snapshot is damaged, cut short, or of a version that this build does not read.
    Snapshot,
    /// The journal does not end where the append expected: another owner has written. Recover anew.
    Fenced,
    /// Another process, or another handle, has the journal's folder open.
    Locked,
    /// A batch is asked for that the journal no longer holds, or that was never written.
    OutOfRange,
    /// What was stored comes back changed, or not at all; nothing was given that is not what was written.
    Corrupt,
    /// The storage below refused: no room, no permission, no device. The cause is the error's source.
    Storage,
    /// An earlier write or sync of this handle failed, so that it knows no longer what is stored: open anew.
    Poisoned,
}

/// One fault of a document: where it is, and what is wrong there.
///
/// ```
/// use tripline::Trigger;
///
/// let error = Trigger::from_json(r#"{"id":"","on":{"type":"noData"}}"#).unwrap_err();
/// let all: Vec<String> = error.faults().iter().map(ToString::to_string).collect();
/// assert!(all.iter().any(|fault| fault.starts_with("id: ")), "{all:?}");
/// assert!(all.iter().any(|fault| fault.starts_with("on.within: ")), "{all:?}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    path: String,
    message: String,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            repr: Box::new(Repr {
                kind,
                place: None,
                message: message.into(),
                faults: Vec::new(),
                source: None,
            }),
        }
    }

    /// One error for all faults of a document; `faults` must not be empty.
    pub(crate) fn from_faults(faults: Vec<Fault>) -> Self {
        let mut error = Self::new(ErrorKind::Invalid, String::new());
        error.repr.faults = faults;
        error
    }

    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.repr.place = Some(place.into());
        self
    }

    pub(crate) fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.repr.source = Some(Box::new(source));
        self
    }

    /// What kind of thing went wrong.
    ///
    /// ```
    /// use tripline::{engine::Engine, ErrorKind};
    /// assert_eq!(Engine::new().set_enabled("no-such", true).unwrap_err().kind(), ErrorKind::UnknownTrigger);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        self.repr.kind
    }

    /// Where it is: `line:column` of a text, or a path such as `data.value`.
    ///
    /// ```
    /// use tripline::event::Event;
    /// let error = Event::from_json(b"{\n  \"id\": NaN}").unwrap_err();
    /// assert_eq!(error.place(), Some("2:9"));
    /// ```
    pub fn place(&self) -> Option<&str> {
        self.repr.place.as_deref()
    }

    /// Every fault of the document, in the order of the text; empty where
    /// there was a single one, which `Display` then shows.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// use std::time::Duration;
    ///
    /// let error = Threshold::changes_by(-1.0).with_hold(Duration::from_secs(1)).build().unwrap_err();
    /// assert_eq!(error.faults().len(), 2);
    /// ```
    pub fn faults(&self) -> &[Fault] {
        &self.repr.faults
    }

    /// True where the same input can be handed in again once there is room: firings or outcomes are polled, or deliveries made.
    ///
    /// ```
    /// use tripline::engine::Engine;
    /// assert!(!Engine::new().set_enabled("no-such", true).unwrap_err().is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        self.repr.kind == ErrorKind::Full
    }

    /// True where a size, depth or count is over its bound.
    ///
    /// ```
    /// use tripline::event::Reader;
    /// assert!(Reader::new().with_max_bytes(8).read(b"{\"id\":\"1\"}").unwrap_err().is_limit());
    /// ```
    pub fn is_limit(&self) -> bool {
        self.repr.kind == ErrorKind::Limit
    }

    /// True where another owner has written to the journal since: this one must stop, and recover anew.
    ///
    /// ```
    /// use tripline::journal::{Batch, Journal, Lsn, MemoryJournal};
    ///
    /// let mut ours = MemoryJournal::new();
    /// let mut theirs = ours.reopen();
    /// theirs.append(Lsn::ZERO, &Batch::new())?;
    /// assert!(ours.append(Lsn::ZERO, &Batch::new()).unwrap_err().is_fenced());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn is_fenced(&self) -> bool {
        self.repr.kind == ErrorKind::Fenced
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.repr.place {
            write!(f, "{place}: ")?;
        }
        for (i, fault) in self.repr.faults.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{fault}")?;
        }
        f.write_str(&self.repr.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.repr.source.as_deref().map(|source| source as _)
    }
}

impl Fault {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// The path of the faulty value from the top of the document, such as
    /// `triggers[3].on.rearm`; empty for the document itself.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// let error = Threshold::above(f64::INFINITY).build().unwrap_err();
    /// assert_eq!(error.faults()[0].path(), "above");
    /// ```
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong there, with the value and the limit.
    ///
    /// ```
    /// use tripline::threshold::Threshold;
    /// let error = Threshold::above(10.0).with_rearm(11.0).build().unwrap_err();
    /// assert!(error.faults()[0].message().contains("11"));
    /// ```
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The same fault seen from further up: `prefix` is put before the path.
    pub(crate) fn under(mut self, prefix: &str) -> Self {
        if self.path.is_empty() {
            self.path = prefix.to_owned();
        } else if !prefix.is_empty() {
            let dot = if self.path.starts_with('[') { "" } else { "." };
            self.path = format!("{prefix}{dot}{}", self.path);
        }
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "{path}: {}", self.message),
        }
    }
}

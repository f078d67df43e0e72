//! What has been told: stored with the events, so that both are there or neither.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{Error, ErrorKind};
use crate::time::Nanos;

const VERSION: u32 = 1;

/// What a [`Poller`](super::Poller) has told so far.
///
/// It comes with every batch of events and is to be stored together with them,
/// in one transaction, or as one record of one journal. A poller that is built
/// [with it](super::PollerBuilder::with_cursor) goes on behind these events. What is in it is the
/// poller's own; as JSON it says its version, and a build refuses one that it does not know.
///
/// As JSON it takes about 50 bytes for each job that is remembered, 25 for each
/// task that was told of a job that runs, and 80 and its name for each segment,
/// measure and data source: 30 KiB with 200 of them. A pipeline takes it as a
/// value that is kept with the events (`Pipeline::handle_events_keeping`); its
/// bound of 64 KiB for a value holds some 500, beyond which the host says more.
///
/// ```
/// use chrono::DateTime;
/// use tripline::builtin::customer_insights::poll::{Cursor, Poller, PollEffect};
///
/// let mut poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
/// let Some(PollEffect::Commit(batch)) = poller.poll_effect() else { panic!("the first thing to store") };
/// let text = batch.cursor().to_json();
/// assert_eq!(&Cursor::from_json(&text)?, batch.cursor());
/// assert!(Cursor::from_json(&text.replace("\"version\":1", "\"version\":9")).is_err());
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cursor {
    #[serde(deserialize_with = "known_version")]
    version: u32,
    pub(super) instance: String,
    /// What ended before it is not told.
    pub(super) start: Nanos,
    /// Jobs that ended before it and are not remembered were told.
    pub(super) horizon: Nanos,
    /// Jobs that were told, by their ids, and when they ended.
    pub(super) closed: BTreeMap<String, Nanos>,
    /// Jobs of which there is more to come.
    pub(super) open: BTreeMap<String, OpenJob>,
    pub(super) sources: BTreeMap<String, Mark>,
    pub(super) segments: BTreeMap<String, Mark>,
    pub(super) measures: BTreeMap<String, Mark>,
    pub(super) counts: BTreeMap<String, u64>,
}

/// What was told of a job that is not over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenJob {
    /// When it was listed last.
    pub(super) seen: Nanos,
    /// The ids of the events that were told.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) told: BTreeSet<String>,
}

/// What was told last of a segment, a measure or a data source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    /// The time that it is of, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Nanos>,
    /// What it was, as a digest.
    pub(super) what: String,
    /// How often it was told, so that what has no time has an id of its own.
    pub(super) turn: u64,
    /// Whether something newer is under way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) busy: bool,
}

impl Cursor {
    pub(super) fn new(instance: String, start: Nanos) -> Self {
        Self {
            version: VERSION,
            instance,
            start,
            horizon: start,
            closed: BTreeMap::new(),
            open: BTreeMap::new(),
            sources: BTreeMap::new(),
            segments: BTreeMap::new(),
            measures: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    /// The cursor as JSON on one line.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// # let poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// assert!(poller.cursor().to_json().starts_with(r#"{"version":1,"instance":"contoso""#));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        // Names are strings and numbers are whole, so that nothing in it has no form in JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`to_json`](Self::to_json) has written.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Snapshot`] where it is damaged, cut short, or of another version.
    ///
    /// ```
    /// use tripline::builtin::customer_insights::poll::Cursor;
    /// assert!(Cursor::from_json("{}").is_err());
    /// ```
    pub fn from_json(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text)
            .map_err(|error| Error::new(ErrorKind::Snapshot, format!("no cursor of a poller: {error}")))
    }

    /// The instance that it is about.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// # let poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// assert_eq!(poller.cursor().instance(), "contoso");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Whether an event of a job was told while it runs.
    pub(super) fn has_told(&self, job: &str, event: &str) -> bool {
        self.open.get(job).is_some_and(|open| open.told.contains(event))
    }

    /// A job is over: of those over, the first to end make room.
    pub(super) fn close(&mut self, job: String, ended: Nanos, most: usize) {
        self.open.remove(&job);
        self.closed.insert(job, ended);
        while self.closed.len() > most {
            let first = self.closed.iter().min_by_key(|(job, ended)| (**ended, (*job).clone()));
            let Some((job, ended)) = first.map(|(job, ended)| (job.clone(), *ended)) else { return };
            self.closed.remove(&job);
            // Others that ended at the same moment may not have been told.
            self.horizon = self.horizon.max(ended);
        }
    }
}

fn known_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        VERSION => Ok(VERSION),
        other => Err(D::Error::custom(format!("version {other}, this build reads version {VERSION}"))),
    }
}

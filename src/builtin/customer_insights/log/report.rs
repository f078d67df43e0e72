//! What a reader has made of a log: nothing it was given goes uncounted.

use std::collections::BTreeMap;
use std::fmt;

/// Distinct names kept for each reason.
const NAMES: usize = 64;

/// What a [`LogReader`](super::LogReader) has read so far, and what came of it.
///
/// Every record is counted once: it gave events, it was ignored for a reason,
/// or it was refused. So `records() == told() + ignored_in_all() + refused().count()`, always.
///
/// ```
/// use tripline::builtin::customer_insights::{Ignored, LogReader};
///
/// let mut reader = LogReader::new();
/// let log = br#"{"category":"Audit"}
/// {"operationName":"Segmentation.TaskStarted"}
/// {"operationName":7}"#;
/// reader.push(log)?;
/// reader.finish();
/// assert!(reader.poll_event().is_some_and(|refused| refused.is_err()));
/// assert!(reader.poll_event().is_none());
///
/// let report = reader.report();
/// assert_eq!((report.records(), report.events()), (3, 0));
/// assert_eq!(report.ignored(Ignored::Started).first(), Some("2:1"));
/// assert_eq!(report.refused().names().collect::<Vec<_>>(), [("operationName", 1)]);
/// assert_eq!(
///     report.to_string(),
///     "3 records, 0 events; ignored 2: 1 apiEvent, 1 started; refused 1: operationName (first at 3:1)"
/// );
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogReport {
    told: u64,
    events: u64,
    ignored: [Tally; Ignored::ALL.len()],
    refused: Tally,
    lost_bytes: u64,
    set_aside: Tally,
}

/// Why a sound record gave no event.
///
/// ```
/// use tripline::builtin::customer_insights::Ignored;
/// assert_eq!(Ignored::NotEnded.to_string(), "notEnded");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ignored {
    /// A call of the service's API: `category` is `Audit`, or `properties.eventType` is `ApiEvent`.
    ApiEvent,
    /// `properties.eventType` is neither `ApiEvent` nor `WorkflowEvent`; named by it.
    UnknownEventType,
    /// `operationName` is none of `X.TaskStarted`, `X.TaskCompleted`,
    /// `X.WorkflowStarted` and `X.WorkflowCompleted`; named by it.
    UnknownOperation,
    /// A task or a workflow started.
    Started,
    /// `resultType` says that it has not ended (`Running`, `Queued`); named by it.
    NotEnded,
    /// `resultType` is a word that nobody here knows; named by it.
    UnknownResult,
}

/// How often something was met, where first, and under which names.
///
/// At most 64 different names are kept, each cut to 60 characters; what comes
/// under further names is [`unnamed`](Tally::unnamed).
///
/// ```
/// use tripline::builtin::customer_insights::{Ignored, LogReader};
///
/// let mut reader = LogReader::new();
/// reader.read(br#"{"operationName":"Workflows.GetWorkFlowStatusAsync"}"#)?;
/// let unknown = reader.report().ignored(Ignored::UnknownOperation);
/// assert_eq!((unknown.count(), unknown.first()), (1, Some("1:1")));
/// assert_eq!(unknown.names().collect::<Vec<_>>(), [("Workflows.GetWorkFlowStatusAsync", 1)]);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    count: u64,
    first: Option<String>,
    names: BTreeMap<String, u64>,
    unnamed: u64,
}

impl LogReport {
    /// Records read, the ignored and the refused ones included.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::LogReader;
    /// assert_eq!(LogReader::new().report().records(), 0);
    /// ```
    pub fn records(&self) -> u64 {
        self.told + self.ignored_in_all() + self.refused.count
    }

    /// Records that gave events.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::LogReader;
    /// assert_eq!(LogReader::new().report().told(), 0);
    /// ```
    pub fn told(&self) -> u64 {
        self.told
    }

    /// Events given. A record of a segment with its member count gives two.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::LogReader;
    /// assert_eq!(LogReader::new().report().events(), 0);
    /// ```
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Sound records that gave no event for this reason.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::{Ignored, LogReader};
    /// assert_eq!(LogReader::new().report().ignored(Ignored::Started).count(), 0);
    /// ```
    pub fn ignored(&self, reason: Ignored) -> &Tally {
        &self.ignored[reason as usize]
    }

    /// Sound records that gave no event, for whatever reason.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::LogReader;
    /// assert_eq!(LogReader::new().report().ignored_in_all(), 0);
    /// ```
    pub fn ignored_in_all(&self) -> u64 {
        self.ignored.iter().map(|tally| tally.count).sum()
    }

    /// Records that are faulty, and stretches of the text that are no record;
    /// named by the first faulty field, or `JSON`, `bytes` or `depth`.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::LogReader;
    /// let mut reader = LogReader::new();
    /// assert!(reader.read(b"nonsense").is_err());
    /// assert_eq!(reader.report().refused().names().collect::<Vec<_>>(), [("JSON", 1)]);
    /// ```
    pub fn refused(&self) -> &Tally {
        &self.refused
    }

    /// Bytes passed over of which nobody knows what they held: what is no
    /// JSON, and records over the bound.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::LogReader;
    /// let mut reader = LogReader::new();
    /// assert!(reader.read(b"nonsense").is_err());
    /// assert_eq!(reader.report().lost_bytes(), 8);
    /// ```
    pub fn lost_bytes(&self) -> u64 {
        self.lost_bytes
    }

    /// Optional fields that hold no usable value and were taken for absent,
    /// in records that gave events all the same; named by the field.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::LogReader;
    /// let mut reader = LogReader::new();
    /// reader.read(
    ///     br#"{"time":"2026-03-01T02:00:07Z","operationName":"Ingestion.TaskCompleted","resultType":"Successful",
    ///         "properties":{"instanceId":"contoso","endTimestamp":"soon"}}"#,
    /// )?;
    /// let set_aside = reader.report().set_aside();
    /// assert_eq!(set_aside.names().collect::<Vec<_>>(), [("properties.endTimestamp", 1)]);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn set_aside(&self) -> &Tally {
        &self.set_aside
    }

    pub(super) fn tell(&mut self) {
        self.told += 1;
    }

    pub(super) fn give(&mut self) {
        self.events += 1;
    }

    pub(super) fn ignore(&mut self, reason: Ignored, place: impl FnOnce() -> String, name: Option<&str>) {
        self.ignored[reason as usize].add(place, name);
    }

    pub(super) fn refuse(&mut self, place: impl FnOnce() -> String, name: &str, lost_bytes: u64) {
        self.refused.add(place, Some(name));
        self.lost_bytes += lost_bytes;
    }

    pub(super) fn put_aside(&mut self, place: impl FnOnce() -> String, name: &str) {
        self.set_aside.add(place, Some(name));
    }
}

impl fmt::Display for LogReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: u64, word| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        write!(f, "{}, {}", plural(self.records(), "record"), plural(self.events, "event"))?;
        if self.ignored_in_all() > 0 {
            write!(f, "; ignored {}", self.ignored_in_all())?;
        }
        let reasons = Ignored::ALL.iter().filter(|reason| self.ignored(**reason).count > 0);
        for (i, reason) in reasons.enumerate() {
            let tally = self.ignored(*reason);
            write!(f, "{} {} {reason}", if i == 0 { ":" } else { "," }, tally.count)?;
            if !tally.names.is_empty() {
                write!(f, " ({})", tally.names_in_words())?;
            }
        }
        for (word, tally) in [("refused", &self.refused), ("set aside", &self.set_aside)] {
            if let Some(first) = tally.first() {
                write!(f, "; {word} {}: {} (first at {first})", tally.count, tally.names_in_words())?;
            }
        }
        if self.lost_bytes > 0 {
            write!(f, "; {} lost", plural(self.lost_bytes, "byte"))?;
        }
        Ok(())
    }
}

impl Ignored {
    const ALL: [Self; 6] = [
        Self::ApiEvent,
        Self::UnknownEventType,
        Self::UnknownOperation,
        Self::Started,
        Self::NotEnded,
        Self::UnknownResult,
    ];
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiEvent => "apiEvent",
            Self::UnknownEventType => "unknownEventType",
            Self::UnknownOperation => "unknownOperation",
            Self::Started => "started",
            Self::NotEnded => "notEnded",
            Self::UnknownResult => "unknownResult",
        })
    }
}

impl Tally {
    /// How often.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::LogReader;
    /// assert_eq!(LogReader::new().report().refused().count(), 0);
    /// ```
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Where first, as `line:column` of the record.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::LogReader;
    /// assert_eq!(LogReader::new().report().refused().first(), None);
    /// ```
    pub fn first(&self) -> Option<&str> {
        self.first.as_deref()
    }

    /// The names in alphabetical order, each with how often it was met.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::LogReader;
    /// assert_eq!(LogReader::new().report().refused().names().count(), 0);
    /// ```
    pub fn names(&self) -> impl Iterator<Item = (&str, u64)> {
        self.names.iter().map(|(name, count)| (&**name, *count))
    }

    /// How often under a name that is not kept, there being 64 others.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::LogReader;
    /// assert_eq!(LogReader::new().report().refused().unnamed(), 0);
    /// ```
    pub fn unnamed(&self) -> u64 {
        self.unnamed
    }

    pub(in crate::builtin::customer_insights) fn add(
        &mut self,
        place: impl FnOnce() -> String,
        name: Option<&str>,
    ) {
        self.count += 1;
        self.first.get_or_insert_with(place);
        let Some(name) = name else { return };
        let name = match name.char_indices().nth(60) {
            Some((end, _)) => format!("{}…", &name[..end]),
            None => name.to_owned(),
        };
        if let Some(count) = self.names.get_mut(&name) {
            *count += 1;
        } else if self.names.len() < NAMES {
            self.names.insert(name, 1);
        } else {
            self.unnamed += 1;
        }
    }

    fn names_in_words(&self) -> String {
        let named = self.names().map(|(name, count)| match count {
            1 => name.to_owned(),
            _ => format!("{count} {name}"),
        });
        let others = (self.unnamed > 0).then(|| format!("{} others", self.unnamed));
        named.chain(others).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_place() {
        for (at, reason) in Ignored::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, at);
        }
    }

    #[test]
    fn names_beyond_the_bound_are_counted_together_and_long_ones_are_cut() {
        let mut tally = Tally::default();
        for name in 0..70 {
            tally.add(|| format!("{}:1", name + 1), Some(&format!("name {name:02}")));
        }
        tally.add(|| "71:1".to_owned(), Some("name 07"));
        assert_eq!((tally.count(), tally.first()), (71, Some("1:1")));
        assert_eq!((tally.names().count(), tally.unnamed()), (64, 6));
        assert_eq!(tally.names().nth(7), Some(("name 07", 2)));
        let mut tally = Tally::default();
        tally.add(String::new, Some(&"é".repeat(1000)));
        assert_eq!(tally.names().next(), Some((&*format!("{}…", "é".repeat(60)), 1)));
    }
}

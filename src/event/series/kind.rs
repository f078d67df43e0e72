//! The word for what a series measures.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What a series measures: `segment`, `measure`, or any other word. (`dataSource`
/// measures nothing: `noData` asks for it.)
///
/// ```
/// use tripline::event::SeriesKind;
/// assert_eq!(SeriesKind::from("segment"), SeriesKind::SEGMENT);
/// assert_eq!(SeriesKind::from("queueLength").as_str(), "queueLength");
/// ```
#[derive(Clone)]
pub struct SeriesKind(Word);

/// `Other` never holds one of the words that have a variant.
#[derive(Clone)]
enum Word {
    Segment,
    Measure,
    DataSource,
    Other(Arc<str>),
}

impl SeriesKind {
    /// A segment's member count.
    pub const SEGMENT: Self = Self(Word::Segment);
    /// A business measure's value.
    pub const MEASURE: Self = Self(Word::Measure);
    /// A data source, whose refreshes are what `noData` waits for; it has no values.
    pub const DATA_SOURCE: Self = Self(Word::DataSource);

    /// The word as it stands in events.
    ///
    /// ```
    /// use tripline::event::SeriesKind;
    /// assert_eq!(SeriesKind::MEASURE.as_str(), "measure");
    /// ```
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Word::Segment => "segment",
            Word::Measure => "measure",
            Word::DataSource => "dataSource",
            Word::Other(word) => word,
        }
    }
}

impl From<&str> for SeriesKind {
    fn from(word: &str) -> Self {
        match word {
            "segment" => Self::SEGMENT,
            "measure" => Self::MEASURE,
            "dataSource" => Self::DATA_SOURCE,
            _ => Self(Word::Other(word.into())),
        }
    }
}

impl PartialEq for SeriesKind {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for SeriesKind {}

impl PartialOrd for SeriesKind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SeriesKind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for SeriesKind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for SeriesKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SeriesKind").field(&self.as_str()).finish()
    }
}

impl fmt::Display for SeriesKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

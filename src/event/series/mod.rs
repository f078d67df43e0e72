//! What a value belongs to.

mod dimensions;
mod kind;
mod reference;

use std::fmt;

pub use dimensions::Dimensions;
pub use kind::SeriesKind;
pub use reference::SeriesRef;

use super::push_json_string;

/// What a value belongs to: (`source`, `kind`, `name`, `dimensions`).
///
/// Series are ordered by these four, compared as bytes.
///
/// ```
/// use tripline::event::{Series, SeriesKind};
/// let series = Series::new("/instances/contoso", SeriesKind::MEASURE, "revenue").with_dimension("region", "EMEA");
/// assert_eq!(series.to_string(), r#"measure "revenue" {region="EMEA"} of /instances/contoso"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    source: Box<str>,
    kind: SeriesKind,
    name: Box<str>,
    dimensions: Dimensions,
}

impl Series {
    /// A series without dimensions.
    ///
    /// ```
    /// use tripline::event::Series;
    /// assert_eq!(Series::new("/s", "segment", "vip").name(), "vip");
    /// ```
    pub fn new(source: impl Into<Box<str>>, kind: impl Into<SeriesKind>, name: impl Into<Box<str>>) -> Self {
        Self { source: source.into(), kind: kind.into(), name: name.into(), dimensions: Dimensions::new() }
    }

    /// The same series with one more dimension, or with another value for it.
    ///
    /// ```
    /// use tripline::event::Series;
    /// let series = Series::new("/s", "measure", "revenue").with_dimension("region", "EMEA");
    /// assert_eq!(series.dimensions().get("region"), Some("EMEA"));
    /// ```
    #[must_use]
    pub fn with_dimension(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.dimensions.set(name.as_ref(), value.as_ref());
        self
    }

    /// The same series with these dimensions instead of its own.
    ///
    /// ```
    /// use tripline::event::{Dimensions, Series};
    /// let series = Series::new("/s", "measure", "revenue").with_dimensions(Dimensions::from_iter([("region", "EMEA")]));
    /// assert_eq!(series.dimensions().len(), 1);
    /// ```
    #[must_use]
    pub fn with_dimensions(mut self, dimensions: Dimensions) -> Self {
        self.dimensions = dimensions;
        self
    }

    /// The source of the events that observe it.
    ///
    /// ```
    /// use tripline::event::Series;
    /// assert_eq!(Series::new("/s", "segment", "vip").source(), "/s");
    /// ```
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it measures.
    ///
    /// ```
    /// use tripline::event::{Series, SeriesKind};
    /// assert_eq!(Series::new("/s", "segment", "vip").kind(), &SeriesKind::SEGMENT);
    /// ```
    pub fn kind(&self) -> &SeriesKind {
        &self.kind
    }

    /// The name of the segment or measure.
    ///
    /// ```
    /// use tripline::event::Series;
    /// assert_eq!(Series::new("/s", "segment", "vip").name(), "vip");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its dimensions.
    ///
    /// ```
    /// use tripline::event::Series;
    /// assert!(Series::new("/s", "segment", "vip").dimensions().is_empty());
    /// ```
    pub fn dimensions(&self) -> &Dimensions {
        &self.dimensions
    }

    /// Appends `{"source","kind","name","dimensions"?}`.
    pub(crate) fn push_json(&self, text: &mut String) {
        for (key, value) in [
            (r#"{"source":"#, &*self.source),
            (r#","kind":"#, self.kind.as_str()),
            (r#","name":"#, &self.name),
        ] {
            text.push_str(key);
            push_json_string(text, value);
        }
        if !self.dimensions.is_empty() {
            text.push_str(r#","dimensions":"#);
            self.dimensions.push_json(text);
        }
        text.push('}');
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SeriesRef::from(self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_written_with_dimensions_only_where_it_has_some() {
        let json = |series: &Series| {
            let mut text = String::new();
            series.push_json(&mut text);
            text
        };
        let series = Series::new("/s", SeriesKind::MEASURE, "a\"b");
        assert_eq!(json(&series), r#"{"source":"/s","kind":"measure","name":"a\"b"}"#);
        let series = series.with_dimension("z", "1").with_dimension("a", "2").with_dimension("z", "3");
        assert_eq!(
            json(&series),
            r#"{"source":"/s","kind":"measure","name":"a\"b","dimensions":{"a":"2","z":"3"}}"#
        );
    }

    #[test]
    fn a_kind_is_ordered_by_its_word_and_equal_however_it_was_made() {
        let word = String::from("segment");
        assert_eq!(SeriesKind::from(&*word), SeriesKind::SEGMENT);
        let mut kinds =
            [SeriesKind::SEGMENT, SeriesKind::from("z"), SeriesKind::MEASURE, SeriesKind::from("a")];
        kinds.sort();
        assert_eq!(kinds.map(|kind| kind.to_string()), ["a", "measure", "segment", "z"]);
    }
}

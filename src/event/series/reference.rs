//! A series by reference.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::{Dimensions, Series};

/// A series by reference: what a caller has at hand when a value comes in.
///
/// ```
/// use tripline::event::{Series, SeriesRef};
/// let series = SeriesRef::measure("/s", "revenue").with_dimensions(&[("region", "EMEA"), ("product", "oil")]);
/// assert_eq!(Series::from(series).dimensions().get("product"), Some("oil"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SeriesRef<'a> {
    source: &'a str,
    kind: &'a str,
    name: &'a str,
    dimensions: Pairs<'a>,
}

/// Dimensions as they come. Only `Given` may be unsorted or have a name twice.
#[derive(Debug, Clone, Copy)]
enum Pairs<'a> {
    Given(&'a [(&'a str, &'a str)]),
    Kept(&'a [(Box<str>, Box<str>)]),
    Read(&'a [(Cow<'a, str>, Cow<'a, str>)]),
}

impl<'a> SeriesRef<'a> {
    /// A series without dimensions.
    ///
    /// ```
    /// use tripline::event::SeriesRef;
    /// assert_eq!(SeriesRef::new("/s", "segment", "vip"), SeriesRef::segment("/s", "vip"));
    /// ```
    pub fn new(source: &'a str, kind: &'a str, name: &'a str) -> Self {
        Self { source, kind, name, dimensions: Pairs::Given(&[]) }
    }

    /// A segment's member count.
    ///
    /// ```
    /// use tripline::event::SeriesRef;
    /// assert_eq!(SeriesRef::segment("/s", "vip").kind(), "segment");
    /// ```
    pub fn segment(source: &'a str, name: &'a str) -> Self {
        Self::new(source, "segment", name)
    }

    /// A business measure's value.
    ///
    /// ```
    /// use tripline::event::SeriesRef;
    /// assert_eq!(SeriesRef::measure("/s", "revenue").kind(), "measure");
    /// ```
    pub fn measure(source: &'a str, name: &'a str) -> Self {
        Self::new(source, "measure", name)
    }

    /// The same with dimensions, in any order; of two with the same name the last counts.
    ///
    /// ```
    /// use tripline::event::SeriesRef;
    /// let one = SeriesRef::measure("/s", "revenue").with_dimensions(&[("a", "1"), ("b", "2")]);
    /// assert_eq!(one, SeriesRef::measure("/s", "revenue").with_dimensions(&[("b", "2"), ("a", "1")]));
    /// ```
    #[must_use]
    pub fn with_dimensions(mut self, dimensions: &'a [(&'a str, &'a str)]) -> Self {
        self.dimensions = Pairs::Given(dimensions);
        self
    }

    /// The same with dimensions that a reader has sorted.
    pub(in crate::event) fn with_read_dimensions(
        mut self,
        dimensions: &'a [(Cow<'a, str>, Cow<'a, str>)],
    ) -> Self {
        self.dimensions = Pairs::Read(dimensions);
        self
    }

    /// The source of the events that observe it.
    ///
    /// ```
    /// use tripline::event::SeriesRef;
    /// assert_eq!(SeriesRef::segment("/s", "vip").source(), "/s");
    /// ```
    pub fn source(&self) -> &'a str {
        self.source
    }

    /// What it measures.
    ///
    /// ```
    /// use tripline::event::SeriesRef;
    /// assert_eq!(SeriesRef::segment("/s", "vip").kind(), "segment");
    /// ```
    pub fn kind(&self) -> &'a str {
        self.kind
    }

    /// The name of the segment or measure.
    ///
    /// ```
    /// use tripline::event::SeriesRef;
    /// assert_eq!(SeriesRef::segment("/s", "vip").name(), "vip");
    /// ```
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// True where it has no dimensions.
    pub(crate) fn has_no_dimensions(&self) -> bool {
        self.dimensions.len() == 0
    }

    /// The dimensions sorted by name, each name once. Allocates only where they were given unsorted.
    pub(crate) fn dimensions(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let pairs = self.dimensions;
        let sorted = (!pairs.is_sorted()).then(|| pairs.sorted());
        let len = sorted.as_ref().map_or(pairs.len(), Vec::len);
        (0..len).map(move |i| sorted.as_ref().map_or_else(|| pairs.get(i), |sorted| sorted[i]))
    }

    fn parts(&self) -> (&'a str, &'a str, &'a str) {
        (self.source, self.kind, self.name)
    }
}

impl<'a> From<&'a Series> for SeriesRef<'a> {
    fn from(series: &'a Series) -> Self {
        Self {
            dimensions: Pairs::Kept(&series.dimensions.pairs),
            ..Self::new(&series.source, series.kind.as_str(), &series.name)
        }
    }
}

impl From<SeriesRef<'_>> for Series {
    fn from(series: SeriesRef<'_>) -> Self {
        let pairs = series.dimensions().map(|(name, value)| (name.into(), value.into())).collect();
        Self::new(series.source, series.kind, series.name).with_dimensions(Dimensions { pairs })
    }
}

impl PartialEq for SeriesRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts() && self.dimensions().eq(other.dimensions())
    }
}

impl Eq for SeriesRef<'_> {}

impl PartialOrd for SeriesRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SeriesRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts()).then_with(|| self.dimensions().cmp(other.dimensions()))
    }
}

impl Hash for SeriesRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
        for pair in self.dimensions() {
            pair.hash(state);
        }
    }
}

impl fmt::Display for SeriesRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.kind, self.name)?;
        for (i, (name, value)) in self.dimensions().enumerate() {
            write!(f, "{}{name}={value:?}", if i == 0 { " {" } else { ", " })?;
        }
        let close = if self.has_no_dimensions() { "" } else { "}" };
        write!(f, "{close} of {}", self.source)
    }
}

impl<'a> Pairs<'a> {
    fn len(self) -> usize {
        match self {
            Self::Given(pairs) => pairs.len(),
            Self::Kept(pairs) => pairs.len(),
            Self::Read(pairs) => pairs.len(),
        }
    }

    fn get(self, i: usize) -> (&'a str, &'a str) {
        match self {
            Self::Given(pairs) => pairs[i],
            Self::Kept(pairs) => (&pairs[i].0, &pairs[i].1),
            Self::Read(pairs) => (&pairs[i].0, &pairs[i].1),
        }
    }

    fn is_sorted(self) -> bool {
        match self {
            Self::Given(pairs) => pairs.is_sorted_by(|left, right| left.0 < right.0),
            Self::Kept(_) | Self::Read(_) => true,
        }
    }

    fn sorted(self) -> Vec<(&'a str, &'a str)> {
        let mut pairs: Vec<_> = (0..self.len()).rev().map(|i| self.get(i)).collect();
        // Stable, and reversed before: the last of equal names comes first and stays.
        pairs.sort_by_key(|(name, _)| *name);
        pairs.dedup_by_key(|(name, _)| *name);
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_equal_ordered_and_hashed_like_the_series_they_mean() {
        let hash = |value: &SeriesRef<'_>| {
            let mut state = std::hash::DefaultHasher::new();
            value.hash(&mut state);
            state.finish()
        };
        let (ab, ba, last): ([_; 2], [_; 2], [_; 3]) =
            ([("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")], [("b", "0"), ("a", "1"), ("b", "2")]);
        let revenue = SeriesRef::measure("/s", "revenue");
        let series = Series::from(revenue.with_dimensions(&ab));
        for same in [
            revenue.with_dimensions(&ab),
            revenue.with_dimensions(&ba),
            revenue.with_dimensions(&last),
            SeriesRef::from(&series),
        ] {
            assert_eq!(same, SeriesRef::from(&series));
            assert_eq!(hash(&same), hash(&SeriesRef::from(&series)));
            assert_eq!(Series::from(same), series);
        }
        let mut all = [
            SeriesRef::segment("/s", "revenue"),
            SeriesRef::measure("/t", "a"),
            revenue.with_dimensions(&ba),
            revenue.with_dimensions(&ab[..1]),
            revenue,
            SeriesRef::new("/s", "alpha", "z"),
        ];
        let mut kept = all.map(Series::from);
        all.sort();
        kept.sort();
        assert_eq!(all.map(Series::from), kept);
        let shown = kept.map(|series| series.to_string());
        assert_eq!(shown[0], r#"alpha "z" of /s"#);
        assert_eq!(shown[3], r#"measure "revenue" {a="1", b="2"} of /s"#);
        assert_eq!(shown[5], r#"measure "a" of /t"#);
    }
}

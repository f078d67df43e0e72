//! The dimensions that tell the series of one name apart.

use super::super::text::push_json_object;

/// The dimensions of a series, sorted by name, each name once.
///
/// ```
/// use tripline::event::Dimensions;
/// let dimensions = Dimensions::from_iter([("region", "EMEA"), ("product", "oil")]);
/// assert_eq!(dimensions.iter().next(), Some(("product", "oil")));
/// assert_eq!(dimensions.get("region"), Some("EMEA"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dimensions {
    pub(super) pairs: Vec<(Box<str>, Box<str>)>,
}

impl Dimensions {
    /// No dimensions.
    ///
    /// ```
    /// use tripline::event::Dimensions;
    /// assert!(Dimensions::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The pairs of name and value, sorted by name.
    ///
    /// ```
    /// use tripline::event::Dimensions;
    /// assert_eq!(Dimensions::new().iter().count(), 0);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    /// True where there are none.
    ///
    /// ```
    /// use tripline::event::Dimensions;
    /// assert!(!Dimensions::from_iter([("region", "EMEA")]).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// How many there are.
    ///
    /// ```
    /// use tripline::event::Dimensions;
    /// assert_eq!(Dimensions::from_iter([("region", "EMEA")]).len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// The value of one dimension.
    ///
    /// ```
    /// use tripline::event::Dimensions;
    /// assert_eq!(Dimensions::from_iter([("region", "EMEA")]).get("product"), None);
    /// ```
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self.pairs.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        Some(&self.pairs[at].1)
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self.pairs.binary_search_by(|(known, _)| (**known).cmp(name)) {
            Ok(at) => self.pairs[at].1 = value.into(),
            Err(at) => self.pairs.insert(at, (name.into(), value.into())),
        }
    }

    /// Appends the JSON object.
    pub(crate) fn push_json(&self, text: &mut String) {
        push_json_object(text, self.iter());
    }
}

/// Of pairs with the same name the last one counts.
impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Dimensions {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut dimensions = Self::new();
        for (name, value) in pairs {
            dimensions.set(name.as_ref(), value.as_ref());
        }
        dimensions
    }
}

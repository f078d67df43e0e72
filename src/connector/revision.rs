//! Which revision of an operation this is.

/// Which revision of an operation this is, as `x-ms-api-annotation` says it.
///
/// An operation that flows use must not change its meaning. What would change it becomes
/// a new operation of the same family with the next number, and the old one
/// stays, [deprecated](https://learn.microsoft.com/connectors/custom-connectors/deprecate-operation), with the new one as its
/// replacement; its title and its description then say so. Designers show
/// the newest only ([Microsoft's rules](https://learn.microsoft.com/connectors/custom-connectors/operational-versioning)).
///
/// ```
/// use tripline::connector::Revision;
///
/// let old = Revision::new("GetItems", 1).with_replacement("GetItemsV2");
/// let new = Revision::new("GetItems", 2);
/// assert!(old.is_deprecated() && !new.is_deprecated());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    family: String,
    number: u32,
    is_deprecated: bool,
    is_preview: bool,
    replacement: Option<String>,
}

impl Revision {
    /// The revision `number`, from one on, of a family: by custom the id of its first operation.
    ///
    /// ```
    /// # use tripline::connector::Revision;
    /// let revision = Revision::new("GetItems", 2);
    /// assert_eq!((revision.family(), revision.number()), ("GetItems", 2));
    /// ```
    pub fn new(family: impl Into<String>, number: u32) -> Self {
        Self { family: family.into(), number, is_deprecated: false, is_preview: false, replacement: None }
    }

    /// The same, not to be used in new flows.
    ///
    /// ```
    /// # use tripline::connector::Revision;
    /// assert!(Revision::new("GetItems", 1).with_deprecated(true).is_deprecated());
    /// ```
    #[must_use]
    pub fn with_deprecated(mut self, is_deprecated: bool) -> Self {
        self.is_deprecated = is_deprecated;
        self
    }

    /// The same, not to be used in new flows because another operation does it better.
    ///
    /// ```
    /// # use tripline::connector::Revision;
    /// let old = Revision::new("GetItems", 1).with_replacement("GetItemsV2");
    /// assert_eq!(old.replacement(), Some("GetItemsV2"));
    /// ```
    #[must_use]
    pub fn with_replacement(mut self, operation: impl Into<String>) -> Self {
        self.replacement = Some(operation.into());
        self.with_deprecated(true)
    }

    /// The same, marked as a preview.
    ///
    /// ```
    /// # use tripline::connector::Revision;
    /// assert!(Revision::new("GetItems", 2).with_preview(true).is_preview());
    /// ```
    #[must_use]
    pub fn with_preview(mut self, is_preview: bool) -> Self {
        self.is_preview = is_preview;
        self
    }

    /// The family.
    ///
    /// ```
    /// # use tripline::connector::Revision;
    /// assert_eq!(Revision::new("GetItems", 2).family(), "GetItems");
    /// ```
    pub fn family(&self) -> &str {
        &self.family
    }

    /// The number in the family, from one on.
    ///
    /// ```
    /// # use tripline::connector::Revision;
    /// assert_eq!(Revision::new("GetItems", 2).number(), 2);
    /// ```
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Whether new flows should not use it.
    ///
    /// ```
    /// # use tripline::connector::Revision;
    /// assert!(!Revision::new("GetItems", 2).is_deprecated());
    /// ```
    pub fn is_deprecated(&self) -> bool {
        self.is_deprecated
    }

    /// Whether it is a preview.
    ///
    /// ```
    /// # use tripline::connector::Revision;
    /// assert!(!Revision::new("GetItems", 2).is_preview());
    /// ```
    pub fn is_preview(&self) -> bool {
        self.is_preview
    }

    /// The id of the operation that does it better.
    ///
    /// ```
    /// # use tripline::connector::Revision;
    /// assert_eq!(Revision::new("GetItems", 2).replacement(), None);
    /// ```
    pub fn replacement(&self) -> Option<&str> {
        self.replacement.as_deref()
    }
}

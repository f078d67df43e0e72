//! What a task worked on, and how it failed.

use std::borrow::Cow;

use super::FailureKind;
use super::members::Faults;
use super::text::{push_json_member, push_json_string};

/// What a task worked on: a data source, a segment, a table.
///
/// ```
/// use tripline::event::Item;
///
/// let item = Item::new("ds-42").with_name("Loyalty CSV");
/// assert_eq!((item.id(), item.name()), ("ds-42", Some("Loyalty CSV")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item<'a> {
    id: Cow<'a, str>,
    name: Option<Cow<'a, str>>,
}

impl<'a> Item<'a> {
    /// An item without a name; no reader takes one whose id is empty.
    ///
    /// ```
    /// use tripline::event::Item;
    /// assert_eq!(Item::new("ds-42").name(), None);
    /// ```
    pub fn new(id: impl Into<Cow<'a, str>>) -> Self {
        Self { id: id.into(), name: None }
    }

    /// The same item with the name that people know it by.
    ///
    /// ```
    /// use tripline::event::Item;
    /// assert_eq!(Item::new("ds-42").with_name("Loyalty CSV").name(), Some("Loyalty CSV"));
    /// ```
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Cow<'a, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What it is called by the platform.
    ///
    /// ```
    /// use tripline::event::Item;
    /// assert_eq!(Item::new("ds-42").id(), "ds-42");
    /// ```
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it is called by people, if the event says so.
    ///
    /// ```
    /// use tripline::event::Item;
    /// assert_eq!(Item::new("ds-42").name(), None);
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The same item with its text its own.
    ///
    /// ```
    /// use tripline::event::Item;
    /// fn named(id: &str) -> Item<'static> {
    ///     Item::new(id).into_owned()
    /// }
    /// assert_eq!(named("ds-42"), Item::new("ds-42"));
    /// ```
    pub fn into_owned(self) -> Item<'static> {
        Item {
            id: Cow::Owned(self.id.into_owned()),
            name: self.name.map(|name| Cow::Owned(name.into_owned())),
        }
    }

    pub(super) fn read(raw: Option<&'a str>, faults: &mut Faults) -> Option<Self> {
        let [id, name] = faults.optional_object("data.item", raw, "id and name", ["id", "name"])?;
        let id = faults.required_text("data.item.id", id);
        let name = faults.optional_string("data.item.name", name);
        Some(Self { id, name })
    }

    /// Appends it as an object.
    pub(crate) fn push_json(&self, text: &mut String) {
        text.push_str(r#"{"id":"#);
        push_json_string(text, &self.id);
        push_json_member(text, "name", self.name());
        text.push('}');
    }
}

/// How a task failed, as far as the platform says.
///
/// ```
/// use tripline::event::{Failure, FailureKind};
///
/// let failure = Failure::new().with_kind("retrying").with_message("login refused");
/// assert_eq!((failure.kind(), failure.message()), (Some(&FailureKind::RETRYING), Some("login refused")));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Failure<'a> {
    kind: Option<FailureKind>,
    message: Option<Cow<'a, str>>,
}

impl<'a> Failure<'a> {
    /// A failure of which nothing is said.
    ///
    /// ```
    /// use tripline::event::Failure;
    /// assert_eq!((Failure::new().kind(), Failure::new().message()), (None, None));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same failure of a kind.
    ///
    /// ```
    /// use tripline::event::{Failure, FailureKind};
    /// assert_eq!(Failure::new().with_kind("permanent").kind(), Some(&FailureKind::PERMANENT));
    /// ```
    #[must_use]
    pub fn with_kind(mut self, kind: impl Into<FailureKind>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// The same failure with what the platform says about it.
    ///
    /// ```
    /// use tripline::event::Failure;
    /// assert_eq!(Failure::new().with_message("login refused").message(), Some("login refused"));
    /// ```
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'a, str>>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Whether the platform will try again; absent counts as permanent.
    ///
    /// ```
    /// use tripline::event::Failure;
    /// assert_eq!(Failure::new().kind(), None);
    /// ```
    pub fn kind(&self) -> Option<&FailureKind> {
        self.kind.as_ref()
    }

    /// What the platform says about it.
    ///
    /// ```
    /// use tripline::event::Failure;
    /// assert_eq!(Failure::new().message(), None);
    /// ```
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// True where the kind is `retrying`; any other, and none, counts as permanent.
    ///
    /// ```
    /// use tripline::event::Failure;
    /// assert!(Failure::new().with_kind("retrying").is_retrying());
    /// assert!(!Failure::new().with_kind("unclear").is_retrying() && !Failure::new().is_retrying());
    /// ```
    pub fn is_retrying(&self) -> bool {
        self.kind == Some(FailureKind::RETRYING)
    }

    /// The same failure with its text its own.
    ///
    /// ```
    /// use tripline::event::Failure;
    /// fn saying(message: &str) -> Failure<'static> {
    ///     Failure::new().with_message(message).into_owned()
    /// }
    /// assert_eq!(saying("login refused").message(), Some("login refused"));
    /// ```
    pub fn into_owned(self) -> Failure<'static> {
        Failure { kind: self.kind, message: self.message.map(|message| Cow::Owned(message.into_owned())) }
    }

    pub(super) fn read(raw: Option<&'a str>, faults: &mut Faults) -> Option<Self> {
        let names = ["kind", "message"];
        let [kind, message] = faults.optional_object("data.failure", raw, "kind and message", names)?;
        let kind = faults.optional_string("data.failure.kind", kind);
        let message = faults.optional_string("data.failure.message", message);
        Some(Self { kind: kind.map(|kind| FailureKind::from(&*kind)), message })
    }

    /// Appends it as an object.
    pub(crate) fn push_json(&self, text: &mut String) {
        text.push('{');
        if let Some(kind) = &self.kind {
            text.push_str(r#""kind":"#);
            push_json_string(text, kind.as_str());
        }
        if let Some(message) = &self.message {
            text.push_str(if self.kind.is_some() { "," } else { "" });
            text.push_str(r#""message":"#);
            push_json_string(text, message);
        }
        text.push('}');
    }
}

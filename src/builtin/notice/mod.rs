//! What is told to people, whatever the way.

mod check;
mod text;
mod words;

pub(super) use text::{clean, is_odd};
pub(super) use words::subject;

use serde::{Deserialize, Serialize};

use crate::action::{ActionContext, ActionError, Field};
use crate::firing::Firing;

/// What is told to people about a firing: a title, a text, facts and a link.
///
/// [`of_firing`](Self::of_firing) says in English what has fired. As the input
/// of an action it is JSON, and what it leaves out is taken from the firing.
/// All of it is plain text: whoever writes it as Markdown or HTML escapes it.
///
/// ```
/// use tripline::builtin::Notice;
/// # use tripline::action::ActionError;
#[doc = include_str!("../../../docs/snippets/firing.rs")]
/// let notice = Notice::of_firing(&firing).with_link("Open the segment", "https://ci.example.com/segments/vip");
/// assert_eq!(notice.title(), Some("Segment \"vip\" is above 1000"));
/// assert_eq!(notice.facts()[0].name(), "Value");
/// assert_eq!(notice.facts()[0].value(), "1004");
/// assert!(notice.check().is_ok());
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Notice {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<Fact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_title: Option<String>,
}

/// A name and a value, as in a table of two columns.
///
/// ```
/// use tripline::builtin::Notice;
/// let notice = Notice::new("Full refresh failed").with_fact("Job", "j-9");
/// assert_eq!((notice.facts()[0].name(), notice.facts()[0].value()), ("Job", "j-9"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    name: String,
    value: String,
}

impl Notice {
    /// A notice with a title and nothing else.
    ///
    /// ```
    /// # use tripline::builtin::Notice;
    /// assert_eq!(Notice::new("Full refresh failed").title(), Some("Full refresh failed"));
    /// ```
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..Self::default() }
    }

    /// What has fired, in English: a title of one line, and the facts that the
    /// firing carries. What comes from outside is cleaned of control characters and cut
    /// (a failure's message after 400 characters, else after 160), so that
    /// every firing fits into every kind of message.
    ///
    /// ```
    /// # use tripline::builtin::Notice;
    #[doc = include_str!("../../../docs/snippets/firing_of_task.rs")]
    /// let notice = Notice::of_firing(&firing);
    /// assert_eq!(notice.title(), Some("Refresh of data source \"Loyalty CSV\" failed"));
    /// assert_eq!((notice.facts()[0].name(), notice.facts()[0].value()), ("Failure", "login refused"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn of_firing(firing: &Firing) -> Self {
        let mut notice = Self::new(words::title(firing));
        for (name, value) in words::facts(firing) {
            notice = notice.with_fact(name, value);
        }
        notice
    }

    /// The same with another title, of one line.
    ///
    /// ```
    /// # use tripline::builtin::Notice;
    /// assert_eq!(Notice::default().with_title("VIPs").title(), Some("VIPs"));
    /// ```
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The same with a text, which may have several lines.
    ///
    /// ```
    /// # use tripline::builtin::Notice;
    /// assert_eq!(Notice::new("VIPs").with_text("Well done.").text(), Some("Well done."));
    /// ```
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// The same with one more fact.
    ///
    /// ```
    /// # use tripline::builtin::Notice;
    /// assert_eq!(Notice::new("VIPs").with_fact("Value", "1004").facts().len(), 1);
    /// ```
    #[must_use]
    pub fn with_fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push(Fact { name: name.into(), value: value.into() });
        self
    }

    /// The same with a link, to an `https` URL.
    ///
    /// ```
    /// # use tripline::builtin::Notice;
    /// let notice = Notice::new("VIPs").with_link("Open", "https://ci.example.com/segments/vip");
    /// assert_eq!(notice.link(), Some(("Open", "https://ci.example.com/segments/vip")));
    /// ```
    #[must_use]
    pub fn with_link(mut self, title: impl Into<String>, url: impl Into<String>) -> Self {
        self.link_title = Some(title.into());
        self.link = Some(url.into());
        self
    }

    /// The title; an action takes the firing's where there is none.
    ///
    /// ```
    /// # use tripline::builtin::Notice;
    /// assert_eq!(Notice::default().title(), None);
    /// ```
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// The text, if there is one.
    ///
    /// ```
    /// # use tripline::builtin::Notice;
    /// assert_eq!(Notice::new("VIPs").text(), None);
    /// ```
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The facts; an action takes the firing's where there are none.
    ///
    /// ```
    /// # use tripline::builtin::Notice;
    /// assert!(Notice::new("VIPs").facts().is_empty());
    /// ```
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// The link's title (`Open` where none is given) and its URL.
    ///
    /// ```
    /// # use tripline::builtin::Notice;
    /// assert_eq!(Notice::new("VIPs").link(), None);
    /// ```
    pub fn link(&self) -> Option<(&str, &str)> {
        Some((self.link_title.as_deref().unwrap_or("Open"), self.link.as_deref()?))
    }

    /// Whether it can be told: it has a title of one line, no control
    /// characters but line breaks and tabs in the text, a link over `https`
    /// without user information, and is of a reasonable size (title 300 characters, text 20,000,
    /// 50 facts of 100 and 2,000, link 2,048).
    ///
    /// # Errors
    ///
    /// [`ErrorClass::InvalidInput`](crate::action::ErrorClass::InvalidInput) with every field at fault.
    ///
    /// ```
    /// # use tripline::builtin::Notice;
    /// let notice = Notice::new("VIPs\r\nBcc: eve@example.com").with_link("Open", "javascript:alert(1)");
    /// let error = notice.check().unwrap_err();
    /// assert_eq!(error.fields()[0].to_string(), "title: holds the control character U+000D");
    /// assert_eq!(error.fields()[1].path(), "link");
    /// ```
    pub fn check(&self) -> Result<(), ActionError> {
        check::check(self)
    }

    /// What an action tells: this, with what it leaves out taken from the firing, checked.
    pub(super) fn complete(&self, ctx: &ActionContext) -> Result<Self, ActionError> {
        let mut complete = self.clone();
        if let Some(firing) = ctx.firing() {
            let told = Self::of_firing(firing);
            if complete.title.is_none() {
                complete.title = told.title;
            }
            if complete.facts.is_empty() {
                complete.facts = told.facts;
            }
        }
        complete.check()?;
        Ok(complete)
    }

    /// The fields of an action's input that make a notice.
    pub(super) fn fields() -> [Field; 5] {
        let name = Field::string("name").with_title("Name").with_required(true);
        let value = Field::string("value").with_title("Value").with_required(true);
        [
            Field::string("title")
                .with_title("Title")
                .with_description("One line; what has fired, where it is left out.")
                .with_max_length(check::MAX_TITLE),
            Field::string("text")
                .with_title("Text")
                .with_description("Plain text of any number of lines.")
                .with_max_length(check::MAX_TEXT),
            Field::array("facts", Field::object("fact", [name, value]))
                .with_title("Facts")
                .with_description("A table of names and values; the firing's, where it is left out."),
            Field::string("link").with_title("Link").with_description("A URL that starts with https://."),
            Field::string("linkTitle").with_title("Title of the link"),
        ]
    }
}

impl Fact {
    /// What the value is.
    ///
    /// ```
    /// # use tripline::builtin::Notice;
    /// assert_eq!(Notice::new("VIPs").with_fact("Value", "1004").facts()[0].name(), "Value");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value.
    ///
    /// ```
    /// # use tripline::builtin::Notice;
    /// assert_eq!(Notice::new("VIPs").with_fact("Value", "1004").facts()[0].value(), "1004");
    /// ```
    pub fn value(&self) -> &str {
        &self.value
    }
}

//! One field of an action's input or output.

use serde_json::Value;

use super::{Choice, Choices, DynamicChoices};

/// One field of an action's input or output: its name in JSON, its type, and
/// what a person who fills it in needs to know.
///
/// A field is optional until [`with_required`](Self::with_required) says
/// otherwise; `null` counts as absent.
///
/// ```
/// use tripline::action::{Field, Visibility};
///
/// let text = Field::string("text").with_title("Text").with_required(true).with_max_length(280);
/// let copies = Field::integer("copies").with_range(1.0, 10.0).with_default(1);
/// let to = Field::array("to", Field::email("address")).with_visibility(Visibility::Advanced);
/// let card = Field::object("card", [Field::string("heading"), Field::date_time("until")]);
/// assert!(text.is_required() && !copies.is_required());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    name: String,
    kind: FieldType,
    title: Option<String>,
    description: Option<String>,
    is_required: bool,
    is_secret: bool,
    visibility: Visibility,
    default: Option<Value>,
    choices: Option<Choices>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    min_length: Option<usize>,
    max_length: Option<usize>,
}

/// What a field holds.
///
/// ```
/// use tripline::action::{Field, FieldType, Format};
/// assert_eq!(Field::email("to").field_type(), &FieldType::String(Format::Email));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FieldType {
    /// A string of some format.
    String(Format),
    /// A whole number between -2^63 and 2^64.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An object with these members and no others; with none named, any.
    Object(Vec<Field>),
    /// An array of this; the name of the element's field is not used.
    Array(Box<Field>),
}

/// What a string is.
///
/// ```
/// use tripline::action::{Field, FieldType, Format};
/// assert_eq!(Field::string("text").field_type(), &FieldType::String(Format::Plain));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Any text.
    Plain,
    /// The address of a mailbox: something, `@`, and a host; at most 254 bytes, no spaces.
    Email,
    /// An absolute URI: a scheme, a colon and something; printable ASCII.
    Uri,
    /// Text with HTML tags.
    Html,
    /// An RFC 3339 time with its zone.
    DateTime,
}

/// Where a form shows a field (`x-ms-visibility` in a connector).
///
/// ```
/// use tripline::action::{Field, Visibility};
/// assert_eq!(Field::string("text").visibility(), Visibility::Normal);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Visibility {
    /// With the others.
    #[default]
    Normal,
    /// Always, and first.
    Important,
    /// Only when the reader asks for more.
    Advanced,
    /// Never: it is filled in by its default.
    Internal,
}

impl Field {
    /// A field of any type.
    ///
    /// ```
    /// # use tripline::action::{Field, FieldType};
    /// assert_eq!(Field::new("sent", FieldType::Boolean), Field::boolean("sent"));
    /// ```
    pub fn new(name: impl Into<String>, field_type: FieldType) -> Self {
        Self {
            name: name.into(),
            kind: field_type,
            title: None,
            description: None,
            is_required: false,
            is_secret: false,
            visibility: Visibility::Normal,
            default: None,
            choices: None,
            minimum: None,
            maximum: None,
            min_length: None,
            max_length: None,
        }
    }

    /// Any text.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::string("text").name(), "text");
    /// ```
    pub fn string(name: impl Into<String>) -> Self {
        Self::new(name, FieldType::String(Format::Plain))
    }

    /// The address of a mailbox.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::email("to").name(), "to");
    /// ```
    pub fn email(name: impl Into<String>) -> Self {
        Self::new(name, FieldType::String(Format::Email))
    }

    /// An absolute URI.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::uri("link").name(), "link");
    /// ```
    pub fn uri(name: impl Into<String>) -> Self {
        Self::new(name, FieldType::String(Format::Uri))
    }

    /// Text with HTML tags.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::html("body").name(), "body");
    /// ```
    pub fn html(name: impl Into<String>) -> Self {
        Self::new(name, FieldType::String(Format::Html))
    }

    /// An RFC 3339 time.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::date_time("until").name(), "until");
    /// ```
    pub fn date_time(name: impl Into<String>) -> Self {
        Self::new(name, FieldType::String(Format::DateTime))
    }

    /// Any text that is a [secret](Self::with_secret).
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert!(Field::secret("apiKey").is_secret());
    /// ```
    pub fn secret(name: impl Into<String>) -> Self {
        Self::string(name).with_secret(true)
    }

    /// A whole number. A number such as `7.0` is taken for one.
    ///
    /// ```
    /// # use tripline::action::{Field, FieldType};
    /// assert_eq!(Field::integer("copies").field_type(), &FieldType::Integer);
    /// ```
    pub fn integer(name: impl Into<String>) -> Self {
        Self::new(name, FieldType::Integer)
    }

    /// Any number.
    ///
    /// ```
    /// # use tripline::action::{Field, FieldType};
    /// assert_eq!(Field::number("share").field_type(), &FieldType::Number);
    /// ```
    pub fn number(name: impl Into<String>) -> Self {
        Self::new(name, FieldType::Number)
    }

    /// `true` or `false`.
    ///
    /// ```
    /// # use tripline::action::{Field, FieldType};
    /// assert_eq!(Field::boolean("pinned").field_type(), &FieldType::Boolean);
    /// ```
    pub fn boolean(name: impl Into<String>) -> Self {
        Self::new(name, FieldType::Boolean)
    }

    /// An object with these members; with none named, any object.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// let card = Field::object("card", [Field::string("heading")]);
    /// let anything = Field::object("payload", []);
    /// ```
    pub fn object(name: impl Into<String>, members: impl IntoIterator<Item = Field>) -> Self {
        Self::new(name, FieldType::Object(members.into_iter().collect()))
    }

    /// An array of what the second field describes, whose name is not used.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// let to = Field::array("to", Field::email("address")).with_max_length(50);
    /// ```
    pub fn array(name: impl Into<String>, element: Field) -> Self {
        Self::new(name, FieldType::Array(Box::new(element)))
    }

    /// The same with the name that people read.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::email("to").with_title("Recipient").title(), Some("Recipient"));
    /// ```
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The same with a sentence that explains it.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// let to = Field::email("to").with_description("Who gets the message.");
    /// assert_eq!(to.description(), Some("Who gets the message."));
    /// ```
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The same, saying whether it must be there.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert!(Field::email("to").with_required(true).is_required());
    /// ```
    #[must_use]
    pub fn with_required(mut self, is_required: bool) -> Self {
        self.is_required = is_required;
        self
    }

    /// The same, saying whether its value is a secret: no fault and no record
    /// shows it, a form hides it. The action reads it as a [`Secret`](crate::action::Secret)
    /// or a [`SecretUrl`](crate::action::SecretUrl).
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert!(Field::uri("webhook").with_secret(true).is_secret());
    /// ```
    #[must_use]
    pub fn with_secret(mut self, is_secret: bool) -> Self {
        self.is_secret = is_secret;
        self
    }

    /// The same with the place where a form shows it.
    ///
    /// ```
    /// # use tripline::action::{Field, Visibility};
    /// let bcc = Field::email("bcc").with_visibility(Visibility::Advanced);
    /// assert_eq!(bcc.visibility(), Visibility::Advanced);
    /// ```
    #[must_use]
    pub fn with_visibility(mut self, visibility: Visibility) -> Self {
        self.visibility = visibility;
        self
    }

    /// The same with the value that it has where the input has none.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::integer("copies").with_default(1).default(), Some(&1.into()));
    /// ```
    #[must_use]
    pub fn with_default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// The same with the values that it may have.
    ///
    /// ```
    /// # use tripline::action::{Choice, Field};
    /// let board = Field::string("board").with_choices(["kitchen", "hall"]);
    /// let urgency = Field::integer("urgency").with_choices([Choice::new(1).with_title("Low"), Choice::new(2)]);
    /// ```
    #[must_use]
    pub fn with_choices<C: Into<Choice>>(mut self, choices: impl IntoIterator<Item = C>) -> Self {
        self.choices = Some(Choices::Static(choices.into_iter().map(Into::into).collect()));
        self
    }

    /// The same with a list, asked for when a form is filled in, that its values are chosen from.
    ///
    /// ```
    /// # use tripline::action::{Choices, Field};
    /// let segment = Field::string("segment").with_dynamic_choices("segments");
    /// assert!(matches!(segment.choices(), Some(Choices::Dynamic(list)) if list.list() == "segments"));
    /// ```
    #[must_use]
    pub fn with_dynamic_choices(mut self, choices: impl Into<DynamicChoices>) -> Self {
        self.choices = Some(Choices::Dynamic(choices.into()));
        self
    }

    /// The same with the least and the greatest number that it may be, both included.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// let copies = Field::integer("copies").with_range(1.0, 10.0);
    /// assert_eq!((copies.minimum(), copies.maximum()), (Some(1.0), Some(10.0)));
    /// ```
    #[must_use]
    pub fn with_range(self, minimum: f64, maximum: f64) -> Self {
        self.with_minimum(minimum).with_maximum(maximum)
    }

    /// The same with the least number that it may be.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::number("share").with_minimum(0.0).minimum(), Some(0.0));
    /// ```
    #[must_use]
    pub fn with_minimum(mut self, minimum: f64) -> Self {
        self.minimum = Some(minimum);
        self
    }

    /// The same with the greatest number that it may be.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::number("share").with_maximum(1.0).maximum(), Some(1.0));
    /// ```
    #[must_use]
    pub fn with_maximum(mut self, maximum: f64) -> Self {
        self.maximum = Some(maximum);
        self
    }

    /// The same with how long it must be: a string in characters, an array in elements.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::string("text").with_min_length(1).min_length(), Some(1));
    /// ```
    #[must_use]
    pub fn with_min_length(mut self, length: usize) -> Self {
        self.min_length = Some(length);
        self
    }

    /// The same with how long it may be: a string in characters, an array in elements.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::string("text").with_max_length(280).max_length(), Some(280));
    /// ```
    #[must_use]
    pub fn with_max_length(mut self, length: usize) -> Self {
        self.max_length = Some(length);
        self
    }

    /// What it is called in JSON.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::string("text").name(), "text");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it holds.
    ///
    /// ```
    /// # use tripline::action::{Field, FieldType};
    /// assert_eq!(Field::number("share").field_type(), &FieldType::Number);
    /// ```
    pub fn field_type(&self) -> &FieldType {
        &self.kind
    }

    /// The name that people read, if it has one.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::string("text").title(), None);
    /// ```
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// The sentence that explains it, if there is one.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::string("text").description(), None);
    /// ```
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Whether it must be there. A default makes up for it.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert!(!Field::string("text").is_required());
    /// ```
    pub fn is_required(&self) -> bool {
        self.is_required
    }

    /// Whether its value is a secret.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert!(!Field::string("text").is_secret());
    /// ```
    pub fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Where a form shows it.
    ///
    /// ```
    /// # use tripline::action::{Field, Visibility};
    /// assert_eq!(Field::string("text").visibility(), Visibility::Normal);
    /// ```
    pub fn visibility(&self) -> Visibility {
        self.visibility
    }

    /// The value that it has where the input has none.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::string("text").default(), None);
    /// ```
    pub fn default(&self) -> Option<&Value> {
        self.default.as_ref()
    }

    /// What its values are chosen from, if they are.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::string("text").choices(), None);
    /// ```
    pub fn choices(&self) -> Option<&Choices> {
        self.choices.as_ref()
    }

    /// The least number that it may be.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::number("share").minimum(), None);
    /// ```
    pub fn minimum(&self) -> Option<f64> {
        self.minimum
    }

    /// The greatest number that it may be.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::number("share").maximum(), None);
    /// ```
    pub fn maximum(&self) -> Option<f64> {
        self.maximum
    }

    /// How long it must be, in characters or elements.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::string("text").min_length(), None);
    /// ```
    pub fn min_length(&self) -> Option<usize> {
        self.min_length
    }

    /// How long it may be, in characters or elements.
    ///
    /// ```
    /// # use tripline::action::Field;
    /// assert_eq!(Field::string("text").max_length(), None);
    /// ```
    pub fn max_length(&self) -> Option<usize> {
        self.max_length
    }
}

//! What a field's value is chosen from.

use serde_json::Value;

/// What a field's value is chosen from, as a form shows it in a drop-down.
///
/// ```
/// use tripline::action::{Choices, Field};
///
/// let board = Field::string("board").with_choices(["kitchen", "hall"]);
/// let Some(Choices::Static(choices)) = board.choices() else { unreachable!() };
/// assert_eq!(choices[1].value(), "hall");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Choices {
    /// These and no others.
    Static(Vec<Choice>),
    /// Those that a list with a name gives at the time; the value is not held against it.
    Dynamic(DynamicChoices),
}

/// One value that may be chosen.
///
/// ```
/// use tripline::action::Choice;
///
/// let high = Choice::new(2).with_title("High");
/// assert_eq!((high.value(), high.title()), (&2.into(), Some("High")));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    value: Value,
    title: Option<String>,
}

impl Choice {
    /// A value that is shown as it is.
    ///
    /// ```
    /// # use tripline::action::Choice;
    /// assert_eq!(Choice::new("hall").title(), None);
    /// ```
    pub fn new(value: impl Into<Value>) -> Self {
        Self { value: value.into(), title: None }
    }

    /// The same with the name that people know it by.
    ///
    /// ```
    /// # use tripline::action::Choice;
    /// assert_eq!(Choice::new("hall").with_title("Entrance hall").title(), Some("Entrance hall"));
    /// ```
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// What stands in the input.
    ///
    /// ```
    /// # use tripline::action::Choice;
    /// assert_eq!(Choice::new(2).value(), 2);
    /// ```
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The name that people know it by, if it is not the value itself.
    ///
    /// ```
    /// # use tripline::action::Choice;
    /// assert_eq!(Choice::new(2).title(), None);
    /// ```
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }
}

impl<V: Into<Value>> From<V> for Choice {
    fn from(value: V) -> Self {
        Self::new(value)
    }
}

/// A list of choices that is asked for by name when a form is filled in
/// (`x-ms-dynamic-values` in a connector), and what it depends on.
///
/// ```
/// use tripline::action::{DynamicChoices, Field};
///
/// // The segments of the instance that was chosen in the field before.
/// let segments = DynamicChoices::new("segments").with_parameter("instance", "instanceId");
/// let field = Field::string("segment").with_dynamic_choices(segments);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamicChoices {
    list: String,
    parameters: Vec<(String, String)>,
}

impl DynamicChoices {
    /// The list of this name.
    ///
    /// ```
    /// # use tripline::action::DynamicChoices;
    /// assert_eq!(DynamicChoices::new("segments").list(), "segments");
    /// ```
    pub fn new(list: impl Into<String>) -> Self {
        Self { list: list.into(), parameters: Vec::new() }
    }

    /// The same with a parameter of the list that another field of the same input gives.
    ///
    /// ```
    /// # use tripline::action::DynamicChoices;
    /// let segments = DynamicChoices::new("segments").with_parameter("instance", "instanceId");
    /// assert_eq!(segments.parameters().next(), Some(("instance", "instanceId")));
    /// ```
    #[must_use]
    pub fn with_parameter(mut self, parameter: impl Into<String>, field: impl Into<String>) -> Self {
        self.parameters.push((parameter.into(), field.into()));
        self
    }

    /// The name of the list.
    ///
    /// ```
    /// # use tripline::action::DynamicChoices;
    /// assert_eq!(DynamicChoices::new("measures").list(), "measures");
    /// ```
    pub fn list(&self) -> &str {
        &self.list
    }

    /// Its parameters, each with the field that gives it, in the order given.
    ///
    /// ```
    /// # use tripline::action::DynamicChoices;
    /// assert_eq!(DynamicChoices::new("measures").parameters().count(), 0);
    /// ```
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(parameter, field)| (&**parameter, &**field))
    }
}

impl From<&str> for DynamicChoices {
    fn from(list: &str) -> Self {
        Self::new(list)
    }
}

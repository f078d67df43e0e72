//! What an action says about itself: its name, its fields, its samples.

mod check;
mod choices;
mod field;
mod prepare;
mod validate;

#[cfg(feature = "flow")]
pub(crate) use check::join as join_path;
pub use choices::{Choice, Choices, DynamicChoices};
pub use field::{Field, FieldType, Format, Visibility};

use serde_json::{Map, Value};

use super::{ActionError, Effect};
use crate::error::{Error, Fault};

/// What an action says about itself: what it is called, what goes in and comes
/// out, and what it does to the world to run it twice.
///
/// Inputs are checked against it before the action sees them, a form is made
/// of it, and a connector exports it. Made by hand beside the input's type,
/// since a title, a choice and a limit are for people and not in the type.
///
/// ```
/// use serde_json::json;
/// use tripline::action::{Effect, Field, Metadata};
///
/// let metadata = Metadata::new("postNote")
///     .with_title("Post a note")
///     .with_description("Hangs a note on a board.")
///     .with_effect(Effect::Guarded)
///     .with_input(Field::string("board").with_choices(["kitchen", "hall"]).with_default("kitchen"))
///     .with_input(Field::string("text").with_required(true).with_max_length(280))
///     .with_output(Field::integer("note"))
///     .with_sample(json!({"board": "hall", "text": "VIPs passed 1,000"}), json!({"note": 17}));
/// metadata.validate()?;
///
/// let error = metadata.check_input(&json!({"board": "attic", "txt": "hello"})).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"board: "attic" is not one of "kitchen", "hall"; text: is missing; txt: is no field of postNote"#
/// );
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    name: String,
    title: Option<String>,
    description: Option<String>,
    effect: Effect,
    inputs: Vec<Field>,
    outputs: Vec<Field>,
    samples: Vec<Sample>,
}

/// An input that the action takes, and what it gives for it.
///
/// ```
/// use serde_json::json;
/// use tripline::action::Metadata;
///
/// let metadata = Metadata::new("ping").with_sample(json!({}), json!({}));
/// assert_eq!(metadata.samples()[0].output(), &json!({}));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    input: Value,
    output: Value,
}

impl Sample {
    /// What goes in.
    ///
    /// ```
    /// # use serde_json::json;
    /// # use tripline::action::Metadata;
    /// let metadata = Metadata::new("ping").with_sample(json!({}), json!(null));
    /// assert_eq!(metadata.samples()[0].input(), &json!({}));
    /// ```
    pub fn input(&self) -> &Value {
        &self.input
    }

    /// What comes out.
    ///
    /// ```
    /// # use serde_json::json;
    /// # use tripline::action::Metadata;
    /// let metadata = Metadata::new("ping").with_sample(json!({}), json!(null));
    /// assert_eq!(metadata.samples()[0].output(), &json!(null));
    /// ```
    pub fn output(&self) -> &Value {
        &self.output
    }
}

impl Metadata {
    /// An action that takes nothing, gives nothing and is [`Effect::Unsafe`].
    /// The name is one to 64 ASCII letters and digits and begins with a letter.
    ///
    /// ```
    /// # use tripline::action::Metadata;
    /// assert!(Metadata::new("postNote").validate().is_ok());
    /// assert!(Metadata::new("post note").validate().is_err());
    /// ```
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            title: None,
            description: None,
            effect: Effect::Unsafe,
            inputs: Vec::new(),
            outputs: Vec::new(),
            samples: Vec::new(),
        }
    }

    /// The same with the name that people read.
    ///
    /// ```
    /// # use tripline::action::Metadata;
    /// assert_eq!(Metadata::new("postNote").with_title("Post a note").title(), "Post a note");
    /// ```
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The same with a sentence that says what it does.
    ///
    /// ```
    /// # use tripline::action::Metadata;
    /// let metadata = Metadata::new("postNote").with_description("Hangs a note on a board.");
    /// assert_eq!(metadata.description(), Some("Hangs a note on a board."));
    /// ```
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The same with what running it twice does.
    ///
    /// ```
    /// # use tripline::action::{Effect, Metadata};
    /// assert_eq!(Metadata::new("readBoard").with_effect(Effect::Idempotent).effect(), Effect::Idempotent);
    /// ```
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// The same with one more field of the input.
    ///
    /// ```
    /// # use tripline::action::{Field, Metadata};
    /// assert_eq!(Metadata::new("postNote").with_input(Field::string("text")).inputs()[0].name(), "text");
    /// ```
    #[must_use]
    pub fn with_input(mut self, field: Field) -> Self {
        self.inputs.push(field);
        self
    }

    /// The same with one more field of the output.
    ///
    /// ```
    /// # use tripline::action::{Field, Metadata};
    /// assert_eq!(Metadata::new("postNote").with_output(Field::integer("note")).outputs()[0].name(), "note");
    /// ```
    #[must_use]
    pub fn with_output(mut self, field: Field) -> Self {
        self.outputs.push(field);
        self
    }

    /// The same with one more sample.
    ///
    /// ```
    /// # use serde_json::json;
    /// # use tripline::action::{Field, Metadata};
    /// let wrong = Metadata::new("postNote").with_input(Field::string("text")).with_sample(json!({"txt": ""}), json!({}));
    /// assert_eq!(wrong.validate().unwrap_err().faults()[0].path(), "samples[0].input.txt");
    /// ```
    #[must_use]
    pub fn with_sample(mut self, input: Value, output: Value) -> Self {
        self.samples.push(Sample { input, output });
        self
    }

    /// The name that it is found by.
    ///
    /// ```
    /// # use tripline::action::Metadata;
    /// assert_eq!(Metadata::new("postNote").name(), "postNote");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name that people read; the other one where there is none.
    ///
    /// ```
    /// # use tripline::action::Metadata;
    /// assert_eq!(Metadata::new("postNote").title(), "postNote");
    /// ```
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// The sentence that says what it does.
    ///
    /// ```
    /// # use tripline::action::Metadata;
    /// assert_eq!(Metadata::new("postNote").description(), None);
    /// ```
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// What running it twice does.
    ///
    /// ```
    /// # use tripline::action::{Effect, Metadata};
    /// assert_eq!(Metadata::new("postNote").effect(), Effect::Unsafe);
    /// ```
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The fields of its input, in the order given.
    ///
    /// ```
    /// # use tripline::action::Metadata;
    /// assert!(Metadata::new("ping").inputs().is_empty());
    /// ```
    pub fn inputs(&self) -> &[Field] {
        &self.inputs
    }

    /// The fields of its output, in the order given.
    ///
    /// ```
    /// # use tripline::action::Metadata;
    /// assert!(Metadata::new("ping").outputs().is_empty());
    /// ```
    pub fn outputs(&self) -> &[Field] {
        &self.outputs
    }

    /// Its samples, in the order given.
    ///
    /// ```
    /// # use tripline::action::Metadata;
    /// assert!(Metadata::new("ping").samples().is_empty());
    /// ```
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Checks the metadata itself: names, defaults, choices and limits that
    /// contradict each other or the type, and every sample.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with every fault, each
    /// with its path, such as `input.copies.default`.
    ///
    /// ```
    /// # use tripline::action::{Field, Metadata};
    /// let wrong = Metadata::new("postNote")
    ///     .with_input(Field::integer("copies").with_default("one").with_range(10.0, 1.0))
    ///     .with_input(Field::secret("key").with_default("s3cr3t"));
    /// let all: Vec<String> = wrong.validate().unwrap_err().faults().iter().map(|fault| fault.path().to_owned()).collect();
    /// assert_eq!(all, ["input.copies.minimum", "input.copies.default", "input.key.default"]);
    /// ```
    pub fn validate(&self) -> Result<(), Error> {
        let faults = validate::faults(self);
        if faults.is_empty() { Ok(()) } else { Err(Error::from_faults(faults)) }
    }

    /// Holds an input against the fields, without running anything.
    ///
    /// # Errors
    ///
    /// [`ErrorClass::InvalidInput`](super::ErrorClass::InvalidInput) with every
    /// field that is missing, of the wrong type, not among its choices, out of
    /// its limits or not known at all.
    ///
    /// ```
    /// # use serde_json::json;
    /// # use tripline::action::{Field, Metadata};
    /// let metadata = Metadata::new("postNote").with_input(Field::integer("copies").with_range(1.0, 10.0));
    /// assert!(metadata.check_input(&json!({"copies": 3})).is_ok());
    /// assert_eq!(metadata.check_input(&json!({"copies": 12})).unwrap_err().to_string(), "copies: 12 is above 10");
    /// ```
    pub fn check_input(&self, input: &Value) -> Result<(), ActionError> {
        let faults = check::input(self, input);
        if faults.is_empty() { Ok(()) } else { Err(ActionError::of_faults(faults)) }
    }

    /// Holds an output against the fields. `null` counts as an empty object.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with every fault.
    ///
    /// ```
    /// # use serde_json::json;
    /// # use tripline::action::{Field, Metadata};
    /// let metadata = Metadata::new("postNote").with_output(Field::integer("note"));
    /// assert!(metadata.check_output(&json!({"note": 17})).is_ok());
    /// assert!(metadata.check_output(&json!({"note": "17"})).is_err());
    /// ```
    pub fn check_output(&self, output: &Value) -> Result<(), Error> {
        let faults: Vec<Fault> = check::output(self, output);
        if faults.is_empty() { Ok(()) } else { Err(Error::from_faults(faults)) }
    }

    /// The input as the action is to see it: checked, defaults filled in,
    /// `null` taken out, `7.0` made `7` where a whole number is meant.
    pub(super) fn prepare(&self, input: Value) -> Result<Map<String, Value>, ActionError> {
        self.check_input(&input)?;
        Ok(prepare::object(&self.inputs, input))
    }
}

//! What went wrong with an action, said so that the caller knows what to do next.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Effect;
use crate::error::Fault;
use crate::time::{MAX_DURATION, format_duration, parse_duration};

/// The most bytes of a message that are kept, and of every cause: what is
/// recorded with a delivery must not grow with what a service answers.
const MAX_TEXT: usize = 1_024;

/// The most causes that are kept as text.
const MAX_CAUSES: usize = 8;

/// The most faulty fields that are kept one by one; of more, their number is.
const MAX_FIELDS: usize = 256;

/// Why an action was not, or may not have been, carried out.
///
/// It is classified once, where the answer is read, by whoever knows the
/// service; everything above goes by [`class`](Self::class), by
/// [`retry_after`](Self::retry_after) and by whether the
/// [outcome is unknown](Self::is_outcome_unknown), and needs no knowledge of HTTP.
///
/// `Display` shows the message alone, [`source`](StdError::source) gives the
/// cause, [`reason`](Self::reason) all of it in one line. It is recorded with
/// deliveries and in dead letters: as JSON it keeps everything but the cause
/// itself, whose text it keeps. **No secret belongs into it**, neither into the
/// message nor into a cause; what an HTTP client says often holds the URL.
///
/// ```
/// use std::time::Duration;
/// use tripline::action::{ActionError, Effect};
///
/// let error = ActionError::throttled("the board takes 10 notes a minute").with_retry_after(Duration::from_secs(42));
/// assert!(error.is_retryable());
/// assert_eq!(error.to_string(), "the board takes 10 notes a minute");
///
/// // The request left, no answer came: nobody knows whether the note hangs there.
/// let error = ActionError::transient("the connection broke").with_outcome_unknown(true);
/// assert!(error.may_retry(Effect::Guarded));
/// assert!(!error.may_retry(Effect::Unsafe));
/// ```
#[derive(Clone)]
pub struct ActionError {
    repr: Box<Repr>,
}

/// Without the cause as such, it is the recorded form.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repr {
    class: ErrorClass,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "iso")]
    retry_after: Option<Duration>,
    #[serde(default, skip_serializing_if = "is_false")]
    outcome_unknown: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "faults")]
    fields: Vec<Fault>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    #[serde(skip)]
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What kind of failure it was; what to do next follows from it.
///
/// ```
/// use tripline::action::{ActionError, ErrorClass};
/// assert_eq!(ActionError::gone("the subscription was deleted").class(), ErrorClass::Gone);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ErrorClass {
    /// It may work next time: try again, with growing pauses.
    Transient,
    /// The service asks for a pause: try again, not before
    /// [`retry_after`](ActionError::retry_after) if it is given.
    Throttled,
    /// The credential was refused, and nothing here can renew it: the owner of
    /// the connection must log in again; after that it can be sent again.
    AuthExpired,
    /// Trying again changes nothing: it goes to the dead letters.
    Permanent,
    /// The input is wrong: it goes to the dead letters, and somebody mends the
    /// [`fields`](ActionError::fields) named.
    InvalidInput,
    /// The target has gone and wants nothing more (410): switch off whatever sends there.
    Gone,
}

impl ActionError {
    fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self {
            repr: Box::new(Repr {
                class,
                message: cut(message.into()),
                retry_after: None,
                outcome_unknown: false,
                fields: Vec::new(),
                causes: Vec::new(),
                source: None,
            }),
        }
    }

    /// It may work next time: an overload, a broken connection, a restart.
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert!(ActionError::transient("the board is being cleaned").is_retryable());
    /// ```
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Transient, message)
    }

    /// The service asks for a pause; how long, if it says so, is
    /// [`with_retry_after`](Self::with_retry_after).
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert_eq!(ActionError::throttled("too many notes").retry_after(), None);
    /// ```
    pub fn throttled(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Throttled, message)
    }

    /// The credential was refused and cannot be renewed from here.
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert!(!ActionError::auth_expired("the token is refused").is_retryable());
    /// ```
    pub fn auth_expired(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::AuthExpired, message)
    }

    /// Trying again changes nothing.
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert!(!ActionError::permanent("there is no board of that name").is_retryable());
    /// ```
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Permanent, message)
    }

    /// The target has gone for good and wants nothing more.
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert!(ActionError::gone("the board was taken down").is_gone());
    /// ```
    pub fn gone(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Gone, message)
    }

    /// A field of the input is wrong; further ones are added with
    /// [`with_field`](Self::with_field), so that all are told at once.
    /// `field` is a path such as `card.facts[2].title`, empty for the input as a whole.
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// let error = ActionError::invalid_input("board", "there is no board \"attic\"").with_field("text", "is empty");
    /// assert_eq!(error.to_string(), "board: there is no board \"attic\"; text: is empty");
    /// ```
    pub fn invalid_input(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::of_faults(vec![fault(field, message)])
    }

    /// The same for faults that were collected; there is at least one.
    pub(crate) fn of_faults(mut fields: Vec<Fault>) -> Self {
        let mut error = Self::new(ErrorClass::InvalidInput, String::new());
        if fields.len() > MAX_FIELDS {
            let rest = fields.len() - MAX_FIELDS;
            fields.truncate(MAX_FIELDS);
            fields.push(Fault::new("", format!("{rest} more fields are wrong")));
        }
        error.repr.fields = fields;
        error
    }

    /// One more field that is wrong, up to 256. It is of use for invalid input
    /// only; other classes keep it, and do not show it.
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// let error = ActionError::invalid_input("text", "is empty").with_field("board", "is missing");
    /// assert_eq!(error.fields()[1].path(), "board");
    /// ```
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        if self.repr.fields.len() < MAX_FIELDS {
            self.repr.fields.push(fault(field, message));
        }
        self
    }

    /// The same error with how long the service asks to wait, counted from the attempt's `now`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::ActionError;
    /// let error = ActionError::transient("down for maintenance").with_retry_after(Duration::from_secs(900));
    /// assert_eq!(error.retry_after(), Some(Duration::from_secs(900)));
    /// ```
    #[must_use]
    pub fn with_retry_after(mut self, pause: Duration) -> Self {
        self.repr.retry_after = Some(pause.min(MAX_DURATION));
        self
    }

    /// The same error, saying whether the request may have been carried out all the same.
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert!(ActionError::transient("no answer came").with_outcome_unknown(true).is_outcome_unknown());
    /// ```
    #[must_use]
    pub fn with_outcome_unknown(mut self, is_unknown: bool) -> Self {
        self.repr.outcome_unknown = is_unknown;
        self
    }

    /// The same error with its cause, whose text and whose causes' texts are
    /// kept for the record. They must hold no secret.
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// use std::{error::Error as _, io};
    /// let error = ActionError::transient("the board cannot be read").with_source(io::Error::other("the disk is gone"));
    /// assert_eq!(error.source().unwrap().to_string(), "the disk is gone");
    /// assert_eq!(error.reason(), "the board cannot be read: the disk is gone");
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        let mut next: Option<&dyn StdError> = Some(&source);
        self.repr.causes.clear();
        while let Some(cause) = next.filter(|_| self.repr.causes.len() < MAX_CAUSES) {
            self.repr.causes.push(cut(cause.to_string()));
            next = cause.source();
        }
        self.repr.source = Some(Arc::new(source));
        self
    }

    /// The same error, saying first what it came in the way of.
    pub(crate) fn during(mut self, what: &str) -> Self {
        self.repr.message = cut(format!("{what}: {}", self.repr.message));
        self
    }

    /// What kind of failure it was.
    ///
    /// ```
    /// # use tripline::action::{ActionError, ErrorClass};
    /// assert_eq!(ActionError::permanent("no").class(), ErrorClass::Permanent);
    /// ```
    pub fn class(&self) -> ErrorClass {
        self.repr.class
    }

    /// How long the service asks to wait, counted from the attempt's `now`.
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert_eq!(ActionError::transient("down").retry_after(), None);
    /// ```
    pub fn retry_after(&self) -> Option<Duration> {
        self.repr.retry_after
    }

    /// The faulty fields of the input, each with its path; empty for other classes.
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// let error = ActionError::invalid_input("text", "is empty");
    /// assert_eq!((error.fields()[0].path(), error.fields()[0].message()), ("text", "is empty"));
    /// ```
    pub fn fields(&self) -> &[Fault] {
        &self.repr.fields
    }

    /// Everything that is known in one line, for records and for people: the
    /// message and the causes' texts.
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert_eq!(ActionError::permanent("there is no such board").reason(), "there is no such board");
    /// ```
    pub fn reason(&self) -> String {
        let own = self.to_string();
        self.repr.causes.iter().fold(own, |reason, cause| format!("{reason}: {cause}"))
    }

    /// Whether the request may have been carried out all the same.
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert!(!ActionError::permanent("refused before it was sent").is_outcome_unknown());
    /// ```
    pub fn is_outcome_unknown(&self) -> bool {
        self.repr.outcome_unknown
    }

    /// Whether it may work next time, without anybody mending anything.
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert!(ActionError::throttled("slower, please").is_retryable());
    /// assert!(!ActionError::gone("taken down").is_retryable());
    /// ```
    pub fn is_retryable(&self) -> bool {
        matches!(self.class(), ErrorClass::Transient | ErrorClass::Throttled)
    }

    /// Whether an action with this effect may be run again unasked: if it may
    /// work next time and, for an [unsafe](Effect::Unsafe) one, was not carried
    /// out for sure.
    ///
    /// ```
    /// # use tripline::action::{ActionError, Effect};
    /// let refused = ActionError::throttled("slower, please");
    /// assert!(refused.may_retry(Effect::Unsafe));
    /// assert!(!refused.with_outcome_unknown(true).may_retry(Effect::Unsafe));
    /// ```
    pub fn may_retry(&self, effect: Effect) -> bool {
        self.is_retryable() && (effect != Effect::Unsafe || !self.is_outcome_unknown())
    }

    /// Whether its class is [`ErrorClass::Transient`].
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert!(ActionError::transient("down").is_transient());
    /// ```
    pub fn is_transient(&self) -> bool {
        self.class() == ErrorClass::Transient
    }

    /// Whether its class is [`ErrorClass::Throttled`].
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert!(ActionError::throttled("slower").is_throttled());
    /// ```
    pub fn is_throttled(&self) -> bool {
        self.class() == ErrorClass::Throttled
    }

    /// Whether its class is [`ErrorClass::AuthExpired`].
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert!(ActionError::auth_expired("log in again").is_auth_expired());
    /// ```
    pub fn is_auth_expired(&self) -> bool {
        self.class() == ErrorClass::AuthExpired
    }

    /// Whether its class is [`ErrorClass::Permanent`].
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert!(ActionError::permanent("no such board").is_permanent());
    /// ```
    pub fn is_permanent(&self) -> bool {
        self.class() == ErrorClass::Permanent
    }

    /// Whether its class is [`ErrorClass::InvalidInput`].
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert!(ActionError::invalid_input("text", "is empty").is_invalid_input());
    /// ```
    pub fn is_invalid_input(&self) -> bool {
        self.class() == ErrorClass::InvalidInput
    }

    /// Whether its class is [`ErrorClass::Gone`].
    ///
    /// ```
    /// # use tripline::action::ActionError;
    /// assert!(!ActionError::permanent("no such board").is_gone());
    /// ```
    pub fn is_gone(&self) -> bool {
        self.class() == ErrorClass::Gone
    }
}

impl fmt::Display for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr.message)?;
        if self.is_invalid_input() {
            for (i, fault) in self.fields().iter().enumerate() {
                let separator = if i == 0 && self.repr.message.is_empty() { "" } else { "; " };
                write!(f, "{separator}{fault}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionError")
            .field("class", &self.repr.class)
            .field("reason", &self.reason())
            .field("retry_after", &self.repr.retry_after)
            .field("outcome_unknown", &self.repr.outcome_unknown)
            .finish()
    }
}

impl StdError for ActionError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.repr.source.as_deref().map(|source| source as _)
    }
}

impl Serialize for ActionError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.repr.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ActionError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Repr::deserialize(deserializer).map(|repr| Self { repr: Box::new(repr) })
    }
}

fn fault(field: impl Into<String>, message: impl Into<String>) -> Fault {
    Fault::new(cut(field.into()), cut(message.into()))
}

/// A text cut to the length that is kept.
fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// A pause as an ISO 8601 duration.
mod iso {
    use super::{Deserialize, Deserializer, Duration, Serializer, de, format_duration, parse_duration};

    pub(super) fn serialize<S: Serializer>(
        pause: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match pause {
            Some(pause) => serializer.serialize_str(&format_duration(*pause)),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| parse_duration(&text)).transpose().map_err(de::Error::custom)
    }
}

/// Faults as objects of path and message.
mod faults {
    use super::{Deserialize, Deserializer, Fault, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Record {
        path: String,
        message: String,
    }

    pub(super) fn serialize<S: Serializer>(faults: &[Fault], serializer: S) -> Result<S::Ok, S::Error> {
        let record =
            |fault: &Fault| Record { path: fault.path().to_owned(), message: fault.message().to_owned() };
        serializer.collect_seq(faults.iter().map(record))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Fault>, D::Error> {
        let records = Vec::<Record>::deserialize(deserializer)?;
        Ok(records.into_iter().map(|record| Fault::new(record.path, record.message)).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn the_record_keeps_all_but_the_cause_itself() {
        let cause = io::Error::other("reset by peer");
        let error = ActionError::transient("the connection broke")
            .with_retry_after(Duration::from_millis(1_500))
            .with_outcome_unknown(true)
            .with_source(cause);
        let text = serde_json::to_string(&error).unwrap();
        assert_eq!(
            text,
            r#"{"class":"transient","message":"the connection broke","retryAfter":"PT1.5S","outcomeUnknown":true,"causes":["reset by peer"]}"#
        );
        let read: ActionError = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert_eq!(read.reason(), error.reason());
        assert!(read.source().is_none());
    }

    #[test]
    fn a_record_of_faults_is_read_back() {
        let error = ActionError::invalid_input("a", "is missing").with_field("b[0]", "is empty");
        let text = serde_json::to_string(&error).unwrap();
        let read: ActionError = serde_json::from_str(&text).unwrap();
        assert_eq!((read.class(), read.fields()), (ErrorClass::InvalidInput, error.fields()));
        assert_eq!(read.to_string(), "a: is missing; b[0]: is empty");
        assert!(serde_json::from_str::<ActionError>(&text.replace("invalidInput", "bad")).is_err());
        let pause = r#"{"class":"throttled","message":"","retryAfter":"soon"}"#;
        assert!(serde_json::from_str::<ActionError>(pause).is_err());
    }

    #[test]
    fn the_cause_is_not_printed_twice() {
        let inner = ActionError::permanent("inner").with_source(io::Error::other("innermost"));
        let error = ActionError::transient("outer").with_source(inner);
        assert_eq!(error.to_string(), "outer");
        assert_eq!(error.reason(), "outer: inner: innermost");
    }

    #[test]
    fn what_a_service_says_is_kept_up_to_a_length() {
        let error =
            ActionError::permanent("é".repeat(5_000)).with_source(io::Error::other("x".repeat(5_000)));
        assert!(error.to_string().len() <= MAX_TEXT + '…'.len_utf8());
        assert!(error.to_string().ends_with("é…"));
        assert!(error.reason().len() <= 2 * (MAX_TEXT + 8));
    }

    #[test]
    fn of_very_many_faulty_fields_the_number_is_kept() {
        let faults = (0..300).map(|at| Fault::new(format!("f[{at}]"), "is wrong")).collect();
        let error = ActionError::of_faults(faults).with_field("g", "is wrong");
        assert_eq!((error.fields().len(), error.fields()[255].path()), (257, "f[255]"));
        assert_eq!(error.fields()[256].to_string(), "44 more fields are wrong");
    }

    #[test]
    fn a_pause_beyond_all_bounds_can_be_recorded_too() {
        let error = ActionError::throttled("later").with_retry_after(Duration::MAX);
        let read: ActionError = serde_json::from_str(&serde_json::to_string(&error).unwrap()).unwrap();
        assert_eq!(read.retry_after(), error.retry_after());
    }

    #[test]
    fn only_an_unsafe_action_with_an_unknown_outcome_is_not_run_again() {
        for class in [ActionError::transient, ActionError::throttled] {
            for effect in [Effect::Idempotent, Effect::Guarded, Effect::Unsafe] {
                assert!(class("x".to_owned()).may_retry(effect));
                let unknown = class("x".to_owned()).with_outcome_unknown(true);
                assert_eq!(unknown.may_retry(effect), effect != Effect::Unsafe, "{effect:?}");
            }
        }
        for class in [ActionError::permanent, ActionError::gone, ActionError::auth_expired] {
            assert!(!class("x".to_owned()).may_retry(Effect::Idempotent));
        }
        assert!(!ActionError::invalid_input("a", "b").may_retry(Effect::Idempotent));
    }
}

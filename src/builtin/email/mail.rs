//! A notice, and to whom.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{MAX_RECIPIENTS, Mailbox};
use crate::action::{ActionContext, ActionError, Effect, Field, Metadata};
use crate::base64::base64url;
use crate::builtin::Notice;
use crate::builtin::notice::{clean, subject};

/// A notice for the data's owners, or for those it names: the input of
/// [`GraphMail`](super::GraphMail) and `SmtpMail`.
///
/// ```
/// use serde_json::json;
/// use tripline::builtin::{Notice, email::Mail};
/// let mail: Mail = serde_json::from_value(json!({"to": ["ana@contoso.example"], "title": "VIPs"}))?;
/// assert_eq!(mail, Mail::new(Notice::new("VIPs")).with_to("ana@contoso.example"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mail {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to: Vec<String>,
    #[serde(flatten)]
    notice: Notice,
}

impl Mail {
    /// A notice for the owners of what has fired. Its title is the subject.
    ///
    /// ```
    /// # use tripline::builtin::{Notice, email::Mail};
    /// let mail = Mail::new(Notice::default().with_text("Please look into it."));
    /// ```
    pub fn new(notice: Notice) -> Self {
        Self { to: Vec::new(), notice }
    }

    /// The same for one more recipient, `ana@contoso.example` or
    /// `Ana <ana@contoso.example>`; then it goes to those who are named, and not to the owners.
    ///
    /// ```
    /// # use tripline::builtin::email::Mail;
    /// let mail = Mail::default().with_to("ana@contoso.example").with_to("Bob <bob@contoso.example>");
    /// ```
    #[must_use]
    pub fn with_to(mut self, recipient: impl Into<String>) -> Self {
        self.to.push(recipient.into());
        self
    }

    /// What is sent, and to whom: checked, each recipient once.
    pub(super) fn complete(&self, ctx: &ActionContext) -> Result<Complete, ActionError> {
        let recipients = if self.to.is_empty() { owners(ctx) } else { named(&self.to) };
        match (recipients, self.notice.complete(ctx)) {
            (Ok((to, others)), Ok(notice)) => Ok(Complete { to, notice: with_not_told(notice, &others) }),
            (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
            // All that is wrong with the input is told at once.
            (Err(error), Err(others)) if error.is_invalid_input() => {
                let others = others.fields().iter();
                Err(others.fold(error, |error, fault| error.with_field(fault.path(), fault.message())))
            }
            (Err(_), Err(error)) => Err(error),
        }
    }
}

/// A mail that can be written.
pub(super) struct Complete {
    pub(super) to: Vec<Mailbox>,
    pub(super) notice: Notice,
}

/// What both actions say about themselves, but for their names.
pub(super) fn described(metadata: Metadata) -> Metadata {
    let of_mail = metadata.with_input(
        Field::array("to", Field::string("recipient")).with_title("To").with_description(
            "Addresses, each `name@domain` or `Name <name@domain>`; the owners, where it is left out.",
        ),
    );
    Notice::fields().into_iter().fold(of_mail, Metadata::with_input).with_effect(Effect::Unsafe)
}

/// An input for the samples.
pub(super) fn sample() -> Value {
    json!({"to": ["Ana <ana@contoso.example>"], "title": "Segment \"vip\" is above 1000"})
}

/// What stands for a delivery in a message, whatever its key: letters, digits, `-` and `_`.
pub(super) fn delivery_id(key: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if (1..=48).contains(&key.len()) && key.bytes().all(is_plain) {
        return key.to_owned();
    }
    String::from_utf8_lossy(&base64url(&Sha256::digest(key.as_bytes()))).into_owned()
}

/// Those who are told, and owners that are no e-mail addresses.
type Recipients = (Vec<Mailbox>, Vec<String>);

/// Most owners without an address that are named.
const MOST_NOT_TOLD: usize = 10;

/// Whoever reads it sees which owners could not be told.
fn with_not_told(notice: Notice, others: &[String]) -> Notice {
    if others.is_empty() {
        return notice;
    }
    let mut names = others.iter().take(MOST_NOT_TOLD).cloned().collect::<Vec<_>>().join(", ");
    if others.len() > MOST_NOT_TOLD {
        names.push_str(&format!(" and {} more", others.len() - MOST_NOT_TOLD));
    }
    notice.with_fact("Owners without an e-mail address", names)
}

fn named(to: &[String]) -> Result<Recipients, ActionError> {
    let mut read = Vec::new();
    let mut faults: Option<ActionError> = None;
    for (at, text) in to.iter().enumerate().take(MAX_RECIPIENTS + 1) {
        match text.parse() {
            Ok(mailbox) => push_once(&mut read, mailbox),
            Err(error) => {
                let (field, message) = (format!("to[{at}]"), error.to_string());
                faults = Some(match faults {
                    None => ActionError::invalid_input(field, message),
                    Some(faults) => faults.with_field(field, message),
                });
            }
        }
    }
    match faults {
        Some(faults) => Err(faults),
        None if to.len() > MAX_RECIPIENTS => Err(too_many(to.len())),
        None => Ok((read, Vec::new())),
    }
}

/// The owners of what has fired. One that is no address does not keep the others from being told.
fn owners(ctx: &ActionContext) -> Result<Recipients, ActionError> {
    let Some(firing) = ctx.firing() else {
        return Err(ActionError::invalid_input("to", "is needed where nothing has fired"));
    };
    let (mut read, mut refused) = (Vec::new(), Vec::new());
    let mut count = 0;
    for owner in firing.owners() {
        count += 1;
        match owner.parse() {
            Ok(mailbox) => push_once(&mut read, mailbox),
            Err(_) => refused.push(clean(owner, 80)),
        }
    }
    let whose = subject(firing);
    match (read.len(), refused.first()) {
        (0, None) => Err(ActionError::permanent(format!(
            "no owner of {whose} is known: the event and the catalogue name none, and `to` is empty"
        ))),
        (0, Some(owner)) => Err(ActionError::permanent(format!(
            "no owner of {whose} has an e-mail address: {owner:?} is none"
        ))),
        (1..=MAX_RECIPIENTS, _) => Ok((read, refused)),
        _ => Err(ActionError::permanent(format!(
            "{whose} has {count} owners, the limit of a message is {MAX_RECIPIENTS} recipients"
        ))),
    }
}

fn too_many(count: usize) -> ActionError {
    ActionError::invalid_input("to", format!("are {count} recipients, the limit is {MAX_RECIPIENTS}"))
}

fn push_once(read: &mut Vec<Mailbox>, mailbox: Mailbox) {
    if read.iter().all(|other| !other.address().eq_ignore_ascii_case(mailbox.address())) {
        read.push(mailbox);
    }
}

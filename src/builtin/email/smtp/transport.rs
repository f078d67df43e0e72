//! Who talks to the mail server, and what it answers.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::MailMessage;
use crate::action::ActionError;
use crate::builtin::notice::clean;

/// Most characters of what a server says.
const MOST: usize = 200;

/// Who sends a message: an SMTP client of the embedder's choice.
///
/// # Contract
///
/// 1. *The bytes are sent as they are*, but for the dots that SMTP doubles. Nothing is added, and `Bcc` is nobody.
/// 2. *All or nothing.* The server is told every recipient; if it refuses one, the message is not sent to the others.
/// 3. *One deadline*, [`MailMessage::time`], is over everything from the look-up of the server to its last reply.
/// 4. *It can be dropped at every `.await`*, and the connection ends with it.
/// 5. *What happened is told exactly*: [`MailError::reply`] with the server's code where it answered;
///    [`not_sent`](MailError::not_sent) where nothing was answered and the message
///    was not yet over; [`lost`](MailError::lost) once the end of the message may have left.
/// 6. *No secret in an error*: not the password, and nothing that the client said.
///
/// Wrong and right, over a client whose calls are much like any other's:
///
/// ```
/// # struct Client;
/// # enum ClientError { Reply(u16, String), Broke { after_data: bool } }
/// # impl Client {
/// #     async fn deliver(&self, _: &str, _: &[String], _: &[u8]) -> Result<(), ClientError> { Err(ClientError::Broke { after_data: true }) }
/// # }
/// use tripline::builtin::email::{MailError, MailMessage, MailTransport};
/// use tripline::action::async_trait;
///
/// struct Wrong(Client);
/// #[async_trait]
/// impl MailTransport for Wrong {
///     async fn send(&self, message: &MailMessage) -> Result<(), MailError> {
///         for to in message.to() {
///             // The first has it when the second is refused, and gets it again (2).
///             let sent = self.0.deliver(message.from(), &[to.clone()], message.bytes()).await;
///             sent.map_err(|_| MailError::not_sent("it failed"))?; // whatever it was (5)
///         }
///         Ok(())
///     }
/// }
///
/// struct Right(Client);
/// #[async_trait]
/// impl MailTransport for Right {
///     async fn send(&self, message: &MailMessage) -> Result<(), MailError> {
///         self.0.deliver(message.from(), message.to(), message.bytes()).await.map_err(|error| match error {
///             ClientError::Reply(code, text) => MailError::reply(code, &text),
///             ClientError::Broke { after_data: true } => MailError::lost("the connection broke"),
///             ClientError::Broke { .. } => MailError::not_sent("the connection broke"),
///         })
///     }
/// }
/// ```
#[async_trait]
pub trait MailTransport: Send + Sync {
    /// Sends the message once, to all of its recipients.
    ///
    /// # Errors
    ///
    /// Where the server has not taken it, saying whether it may have.
    async fn send(&self, message: &MailMessage) -> Result<(), MailError>;
}

#[async_trait]
impl<T: MailTransport + ?Sized> MailTransport for Arc<T> {
    async fn send(&self, message: &MailMessage) -> Result<(), MailError> {
        (**self).send(message).await
    }
}

/// Why a message was not sent, or may not have been.
///
/// As an [`ActionError`]: a reply of 4xx is transient and one of 5xx permanent
/// (RFC 5321, section 4.2.1), 530, 534, 535 and 538 mean that the
/// [login](crate::action::ErrorClass::AuthExpired) is at fault (RFC 4954, section 6).
///
/// ```
/// use tripline::{action::ActionError, builtin::email::MailError};
///
/// assert!(ActionError::from(MailError::reply(451, "4.3.0 try later")).is_transient());
/// assert!(ActionError::from(MailError::reply(550, "5.1.1 no such user")).is_permanent());
/// let lost = ActionError::from(MailError::lost("the connection broke"));
/// assert!(lost.is_transient() && lost.is_outcome_unknown());
/// ```
#[derive(Debug)]
pub struct MailError {
    kind: Kind,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    NotSent,
    Reply(u16),
    Lost,
}

impl MailError {
    /// The server does not have the message, for sure: no connection, or it broke before the end of the data.
    ///
    /// ```
    /// # use tripline::builtin::email::MailError;
    /// assert!(!MailError::not_sent("the connection was refused").is_outcome_unknown());
    /// ```
    pub fn not_sent(message: impl Into<String>) -> Self {
        Self { kind: Kind::NotSent, message: message.into() }
    }

    /// The server has answered with this code and text, and not taken the message.
    ///
    /// ```
    /// # use tripline::builtin::email::MailError;
    /// let error = MailError::reply(550, "5.1.1 no such user");
    /// assert_eq!(error.to_string(), "the mail server answered 550: 5.1.1 no such user");
    /// ```
    pub fn reply(code: u16, text: &str) -> Self {
        let separator = if text.trim().is_empty() { "" } else { ": " };
        let message = format!("the mail server answered {code}{separator}{}", clean(text, MOST));
        Self { kind: Kind::Reply(code), message }
    }

    /// The end of the message may have left, and no answer came: it may have been sent.
    ///
    /// ```
    /// # use tripline::builtin::email::MailError;
    /// assert!(MailError::lost("the connection broke").is_outcome_unknown());
    /// ```
    pub fn lost(message: impl Into<String>) -> Self {
        Self { kind: Kind::Lost, message: message.into() }
    }

    /// Whether the message may have been sent.
    ///
    /// ```
    /// # use tripline::builtin::email::MailError;
    /// assert!(!MailError::reply(451, "").is_outcome_unknown());
    /// ```
    pub fn is_outcome_unknown(&self) -> bool {
        self.kind == Kind::Lost
    }
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for MailError {}

impl From<MailError> for ActionError {
    fn from(error: MailError) -> Self {
        let message = "the message was not sent";
        let own = match error.kind {
            Kind::NotSent | Kind::Reply(400..=499) => Self::transient(message),
            Kind::Reply(530 | 534 | 535 | 538) => Self::auth_expired(message),
            Kind::Reply(_) => Self::permanent(message),
            Kind::Lost => {
                Self::transient("whether the message was sent is not known").with_outcome_unknown(true)
            }
        };
        own.with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Effect, ErrorClass};

    #[test]
    fn every_failure_says_what_to_do_next() {
        for (error, class, may_retry) in [
            (MailError::not_sent("m"), ErrorClass::Transient, true),
            (MailError::lost("m"), ErrorClass::Transient, false),
            (MailError::reply(421, "m"), ErrorClass::Transient, true),
            (MailError::reply(450, "m"), ErrorClass::Transient, true),
            (MailError::reply(452, "m"), ErrorClass::Transient, true),
            (MailError::reply(500, "m"), ErrorClass::Permanent, false),
            (MailError::reply(535, "m"), ErrorClass::AuthExpired, false),
            (MailError::reply(554, "m"), ErrorClass::Permanent, false),
            (MailError::reply(354, "m"), ErrorClass::Permanent, false),
            (MailError::reply(0, "m"), ErrorClass::Permanent, false),
        ] {
            let error = ActionError::from(error);
            assert_eq!((error.class(), error.may_retry(Effect::Unsafe)), (class, may_retry), "{error:?}");
            assert!(error.reason().ends_with('m'), "{error:?}");
        }
        assert_eq!(
            MailError::reply(550, "a\r\n550 b\0").to_string(),
            "the mail server answered 550: a 550 b"
        );
        assert!(MailError::reply(550, &"x".repeat(9_999)).to_string().len() < 300);
    }
}

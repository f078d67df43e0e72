//! A message sent by a mail server that the embedder talks to.

mod header;
mod message;
mod transport;

pub use message::MailMessage;
pub use transport::{MailError, MailTransport};

use std::fmt;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::mail::{described, sample};
use super::{Mail, Mailbox};
use crate::action::{Action, ActionContext, ActionError, Field, Metadata};

/// Writes an RFC 5322 message and has a [`MailTransport`] send it: the action `sendSmtpMail`.
///
/// The message has a text and an HTML part. Its `Message-ID` and boundary come
/// from the delivery's [key](ActionContext::idempotency_key) and its `Date` from
/// [`now`](ActionContext::now), so the same context and input give the same bytes. Few mail
/// servers drop a message whose id they have seen, so the action is
/// [unsafe](crate::action::Effect::Unsafe) to repeat.
///
/// ```
/// use chrono::DateTime;
/// use tripline::action::{Action, ActionContext, async_trait};
/// use tripline::builtin::{Notice, email::{Mail, MailError, MailMessage, MailTransport, Mailbox, SmtpMail}};
#[doc = include_str!("../../../../docs/snippets/block_on.rs")]
///
/// struct Client; // one's own, over the SMTP client of one's choice
///
/// #[async_trait]
/// impl MailTransport for Client {
///     async fn send(&self, message: &MailMessage) -> Result<(), MailError> {
///         assert_eq!(message.to(), ["ana@contoso.example"]);
///         Ok(())
///     }
/// }
///
/// let from = Mailbox::new("alerts@contoso.example")?.with_name("Contoso alerts")?;
/// let action = SmtpMail::new(from, Client);
/// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
/// let mail = Mail::new(Notice::new("Full refresh failed")).with_to("Ana Müller <ana@contoso.example>");
/// let output = block_on(action.run(&ctx, mail))?;
/// assert_eq!(output["messageId"], "<d-17@contoso.example>");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SmtpMail<T> {
    from: Mailbox,
    transport: T,
}

impl<T: MailTransport> SmtpMail<T> {
    /// Sends in the name of `from`.
    ///
    /// ```
    /// # use tripline::builtin::email::{MailTransport, Mailbox, SmtpMail};
    /// fn alerts(client: impl MailTransport) -> Result<SmtpMail<impl MailTransport>, tripline::Error> {
    ///     Ok(SmtpMail::new(Mailbox::new("alerts@contoso.example")?, client))
    /// }
    /// ```
    pub fn new(from: Mailbox, transport: T) -> Self {
        Self { from, transport }
    }

    /// The message that an attempt sends.
    ///
    /// # Errors
    ///
    /// [`ErrorClass::InvalidInput`](crate::action::ErrorClass::InvalidInput) with every field at fault, and
    /// [`ErrorClass::Permanent`](crate::action::ErrorClass::Permanent) with the resource where no owner is known.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::action::{ActionContext, ActionError};
    /// # use tripline::builtin::{Notice, email::{Mail, MailTransport, SmtpMail}};
    /// fn shown(action: &SmtpMail<impl MailTransport>, mail: &Mail) -> Result<String, ActionError> {
    ///     let message = action.message(&ActionContext::new(DateTime::UNIX_EPOCH, "d-17"), mail)?;
    ///     Ok(String::from_utf8_lossy(message.bytes()).into_owned())
    /// }
    /// ```
    pub fn message(&self, ctx: &ActionContext, mail: &Mail) -> Result<MailMessage, ActionError> {
        let mail = mail.complete(ctx)?;
        Ok(MailMessage::write(ctx, &self.from, &mail.to, &mail.notice))
    }
}

#[async_trait]
impl<T: MailTransport> Action for SmtpMail<T> {
    type Input = Mail;
    type Output = Value;

    fn metadata(&self) -> Metadata {
        described(Metadata::new("sendSmtpMail"))
            .with_title("Send an e-mail over SMTP")
            .with_description(
                "Sends an e-mail to the owners of the data, or to those it names, through a mail server.",
            )
            .with_output(Field::string("messageId").with_title("Message-ID"))
            .with_sample(sample(), json!({"messageId": "<d-17@contoso.example>"}))
    }

    async fn run(&self, ctx: &ActionContext, input: Mail) -> Result<Value, ActionError> {
        let message = self.message(ctx, &input)?;
        self.transport.send(&message).await?;
        Ok(json!({"messageId": message.message_id()}))
    }
}

impl<T> fmt::Debug for SmtpMail<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMail").field("from", &self.from).finish_non_exhaustive()
    }
}

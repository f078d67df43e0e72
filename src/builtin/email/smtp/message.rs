//! A message as it goes over the wire.

use std::fmt::{self, Write as _};
use std::time::Duration;

use super::header;
use crate::action::ActionContext;
use crate::base64;
use crate::builtin::Notice;
use crate::builtin::email::Mailbox;
use crate::builtin::email::body::{html, text};
use crate::builtin::email::mail::delivery_id;

/// Letters on a line of base64 (RFC 2045, section 6.8).
const LINE: usize = 76;

/// A message that is ready to be sent: its envelope, and its bytes after RFC 5322.
///
/// ```
/// use tripline::builtin::email::MailMessage;
/// fn size(message: &MailMessage) -> usize {
///     assert!(message.bytes().is_ascii() && message.message_id().ends_with('>'));
///     message.bytes().len()
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct MailMessage {
    from: String,
    to: Vec<String>,
    message_id: String,
    bytes: Vec<u8>,
    time: Duration,
}

impl MailMessage {
    pub(super) fn write(ctx: &ActionContext, from: &Mailbox, to: &[Mailbox], notice: &Notice) -> Self {
        let id = delivery_id(ctx.idempotency_key());
        let domain = from.address().rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let message_id = format!("<{id}@{domain}>");
        let mut message = String::with_capacity(4_096);
        for (name, value) in [
            ("Date", ctx.now().format("%a, %d %b %Y %H:%M:%S +0000").to_string()),
            ("From", header::mailbox(from)),
            ("To", header::mailboxes(to)),
            ("Subject", header::unstructured(notice.title().unwrap_or_default())),
            ("Message-ID", message_id.clone()),
            // RFC 3834: nobody's holiday answers it.
            ("Auto-Submitted", "auto-generated".to_owned()),
            ("MIME-Version", "1.0".to_owned()),
            ("Content-Type", format!("multipart/alternative;\r\n boundary=\"=_{id}\"")),
        ] {
            let _ = write!(message, "{name}: {value}\r\n");
        }
        message.push_str("\r\n");
        for (subtype, content) in [("plain", text(notice)), ("html", html(notice))] {
            let _ = write!(
                message,
                "--=_{id}\r\nContent-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            );
            push_lines(&mut message, &content.replace('\n', "\r\n"));
        }
        let _ = write!(message, "--=_{id}--\r\n");
        Self {
            from: from.address().to_owned(),
            to: to.iter().map(|mailbox| mailbox.address().to_owned()).collect(),
            message_id,
            bytes: message.into_bytes(),
            time: ctx.time_left(),
        }
    }

    /// The sender's address, for `MAIL FROM`.
    ///
    /// ```
    /// # fn shown(message: &tripline::builtin::email::MailMessage) {
    /// println!("MAIL FROM:<{}>", message.from());
    /// # }
    /// ```
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The recipients' addresses, for `RCPT TO`.
    ///
    /// ```
    /// # fn shown(message: &tripline::builtin::email::MailMessage) {
    /// for address in message.to() {
    ///     println!("RCPT TO:<{address}>");
    /// }
    /// # }
    /// ```
    pub fn to(&self) -> &[String] {
        &self.to
    }

    /// `Message-ID`, the same at every attempt.
    ///
    /// ```
    /// # fn shown(message: &tripline::builtin::email::MailMessage) {
    /// println!("sending {}", message.message_id());
    /// # }
    /// ```
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The message, headers and body: ASCII, in lines of at most 998 bytes that end in CR LF. No line begins with a dot.
    ///
    /// ```
    /// # fn shown(message: &tripline::builtin::email::MailMessage) {
    /// assert!(message.bytes().starts_with(b"Date: "));
    /// # }
    /// ```
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How long sending may take.
    ///
    /// ```
    /// # fn shown(message: &tripline::builtin::email::MailMessage) {
    /// println!("given up after {:?}", message.time());
    /// # }
    /// ```
    pub fn time(&self) -> Duration {
        self.time
    }
}

impl fmt::Debug for MailMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailMessage")
            .field("from", &self.from)
            .field("to", &self.to)
            .field("message_id", &self.message_id)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// A text in base64, in lines.
fn push_lines(message: &mut String, text: &str) {
    let bytes_of_a_line = LINE / 4 * 3;
    for chunk in text.as_bytes().chunks(bytes_of_a_line) {
        base64::push(message, chunk);
        message.push_str("\r\n");
    }
}

//! E-mail: a notice to those who own the data.
//!
//! [`GraphMail`] sends through Microsoft Graph. With the feature `email`,
//! `SmtpMail` writes an RFC 5322 message and hands it to a `MailTransport` of
//! the embedder's. Both take a [`Mail`]: a [`Notice`](super::Notice), and to whom; where it names
//! nobody, it goes to the owners of what has fired.
//!
//! ```
//! use tripline::action::{ActionContext, HttpAction};
//! use tripline::builtin::email::{GraphMail, Mail};
#![doc = include_str!("../../../docs/snippets/firing.rs")]
//! let firing = firing.with_owners_if_none(["ana@contoso.example"]); // the event named none
//!
//! let ctx = ActionContext::new(at(61), firing.id().to_string()).with_firing(firing);
//! let request = GraphMail::new("alerts@contoso.example").encode(&ctx, &Mail::default())?;
//! let body: serde_json::Value = serde_json::from_slice(request.body())?;
//! assert_eq!(body["message"]["subject"], "Segment \"vip\" is above 1000");
//! assert_eq!(body["message"]["toRecipients"][0]["emailAddress"]["address"], "ana@contoso.example");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body;
mod graph;
mod mail;
mod mailbox;
#[cfg(feature = "email")]
mod smtp;

pub use graph::GraphMail;
pub use mail::Mail;
pub use mailbox::Mailbox;
#[cfg(feature = "email")]
pub use smtp::{MailError, MailMessage, MailTransport, SmtpMail};

/// Most recipients of a message: what Exchange Online takes by default, from
/// [Exchange Online limits](https://learn.microsoft.com/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits).
///
/// ```
/// assert_eq!(tripline::builtin::email::MAX_RECIPIENTS, 500);
/// ```
pub const MAX_RECIPIENTS: usize = 500;

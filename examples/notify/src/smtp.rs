//! `lettre` as a `MailTransport`.

use std::error::Error as _;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tripline::action::{Secret, async_trait};
use tripline::builtin::email::{MailError, MailMessage, MailTransport};

/// An SMTP server, spoken to command by command, so that it is known how far a message came. A new connection for every message.
#[derive(Clone)]
pub struct Smtp {
    host: String,
    port: u16,
    tls: bool,
    login: Option<(String, Secret)>,
}

impl Smtp {
    /// The server at a host and port, over TLS from `STARTTLS` on; without it nothing is sent.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, tls: true, login: None }
    }

    /// The same without TLS: for a server on the same machine.
    #[must_use]
    pub fn without_tls(mut self) -> Self {
        self.tls = false;
        self
    }

    /// The same with a login.
    #[must_use]
    pub fn with_login(mut self, user: impl Into<String>, password: Secret) -> Self {
        self.login = Some((user.into(), password));
        self
    }

    /// `leaving` is set when the end of the message may leave from now on.
    async fn deliver(&self, message: &MailMessage, leaving: &AtomicBool) -> Result<(), MailError> {
        let address = |text: &str| {
            text.parse::<Address>()
                .map_err(|_| MailError::reply(553, &format!("{text} is no address to this client")))
        };
        let (from, to) = (address(message.from())?, message.to().iter().map(|to| address(to)));
        let to = to.collect::<Result<Vec<_>, _>>()?;

        let hello = ClientId::default();
        let server = (self.host.as_str(), self.port);
        let mut smtp = AsyncSmtpConnection::connect_tokio1(server, None, &hello, None, None)
            .await
            .map_err(before_the_end)?;
        if self.tls {
            let tls = TlsParameters::new(self.host.clone()).map_err(before_the_end)?;
            smtp.starttls(tls, &hello).await.map_err(before_the_end)?;
        }
        if let Some((user, password)) = &self.login {
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            smtp.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await.map_err(before_the_end)?;
        }
        smtp.command(Mail::new(Some(from), Vec::new())).await.map_err(before_the_end)?;
        for to in to {
            // One that is refused ends it all: the message goes to everybody or to nobody.
            smtp.command(Rcpt::new(to, Vec::new())).await.map_err(before_the_end)?;
        }
        smtp.command(Data).await.map_err(before_the_end)?;
        // The client ends the last line itself.
        let bytes = message.bytes().strip_suffix(b"\r\n").unwrap_or(message.bytes());
        leaving.store(true, Ordering::Relaxed);
        smtp.message(bytes).await.map_err(|error| match replied(&error) {
            Some(reply) => reply,
            None => MailError::lost("the connection broke after the message had begun to leave"),
        })?;
        // The server has it. How the connection ends is no concern of the message's.
        let _ = smtp.quit().await;
        Ok(())
    }
}

#[async_trait]
impl MailTransport for Smtp {
    async fn send(&self, message: &MailMessage) -> Result<(), MailError> {
        let leaving = AtomicBool::new(false);
        let sent = tokio::time::timeout(message.time(), self.deliver(message, &leaving)).await;
        sent.unwrap_or_else(|_| match leaving.load(Ordering::Relaxed) {
            true => Err(MailError::lost("it took too long to answer to the message")),
            false => Err(MailError::not_sent("it took too long before the message was sent")),
        })
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// A failure before the end of the message could have left.
fn before_the_end(error: Error) -> MailError {
    replied(&error)
        .unwrap_or_else(|| MailError::not_sent("no connection, or it broke before the message was sent"))
}

fn replied(error: &Error) -> Option<MailError> {
    let code = error.status()?;
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    Some(MailError::reply(code.into(), &text))
}

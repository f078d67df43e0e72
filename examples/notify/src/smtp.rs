//! `lettre` as a `MailTransport`.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Response, Severity};
use tokio::net::TcpStream;
use tripline::action::{Secret, async_trait};
use tripline::builtin::email::{MailError, MailMessage, MailTransport};

use crate::smtp_stream::SmtpStream;

/// How a certificate begins (RFC 7468, section 5).
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// An SMTP server, spoken to command by command, so that it is known how far a message came. A new connection for every message.
#[derive(Clone)]
pub struct Smtp {
    host: String,
    port: u16,
    tls: bool,
    roots: Vec<Certificate>,
    login: Option<(String, Secret)>,
}

impl Smtp {
    /// The server at a host and port, over TLS from `STARTTLS` on; without it nothing is sent.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, tls: true, roots: Vec::new(), login: None }
    }

    /// The same without TLS: for a server on the same machine.
    #[must_use]
    pub fn without_tls(mut self) -> Self {
        self.tls = false;
        self
    }

    /// The same with a certificate to trust besides the roots of the web's: for a server of the house. `pem` is its text.
    ///
    /// # Errors
    ///
    /// Where it holds no certificate.
    pub fn with_root(mut self, pem: &[u8]) -> Result<Self, io::Error> {
        // The client takes a text without any for no fault.
        let holds_one = pem.windows(BEGIN.len()).any(|text| text == BEGIN);
        let root = Certificate::from_pem(pem).ok().filter(|_| holds_one);
        let none = || io::Error::new(io::ErrorKind::InvalidData, "the text holds no certificate in PEM");
        self.roots.push(root.ok_or_else(none)?);
        Ok(self)
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
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|error| MailError::not_sent(format!("no connection to the mail server: {error}")))?;
        let mut smtp = AsyncSmtpConnection::connect_with_transport(Box::new(SmtpStream::new(stream)), &hello)
            .await
            .map_err(before_the_end)?;
        if self.tls {
            let tls = TlsParameters::builder(self.host.clone());
            let tls = self.roots.iter().cloned().fold(tls, |tls, root| tls.add_root_certificate(root));
            smtp.starttls(tls.build().map_err(before_the_end)?, &hello).await.map_err(before_the_end)?;
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
        let reply = smtp.command(Data).await.map_err(before_the_end)?;
        expect(Severity::PositiveIntermediate, &reply)?;
        // The client ends the last line itself.
        let bytes = message.bytes().strip_suffix(b"\r\n").unwrap_or(message.bytes());
        leaving.store(true, Ordering::Relaxed);
        let reply = smtp.message(bytes).await.map_err(|error| match replied(&error) {
            Some(reply) => reply,
            None => MailError::lost("the connection broke after the message had begun to leave"),
        })?;
        expect(Severity::PositiveCompletion, &reply)?;
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
    replied(&error).unwrap_or_else(|| match error.source() {
        Some(cause) => MailError::not_sent(format!("it broke off before the message was sent: {cause}")),
        None => MailError::not_sent("it broke off before the message was sent"),
    })
}

/// To the client 250 and 354 are both a yes; to the message they are not.
fn expect(severity: Severity, reply: &Response) -> Result<(), MailError> {
    let code = reply.code();
    if code.severity == severity {
        return Ok(());
    }
    Err(MailError::reply(code.into(), reply.first_line().unwrap_or_default()))
}

fn replied(error: &Error) -> Option<MailError> {
    let code = error.status()?;
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    Some(MailError::reply(code.into(), &text))
}

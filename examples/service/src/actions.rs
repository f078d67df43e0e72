//! What flows may run, what it logs in with, and where it goes.

use std::sync::Arc;

use http::{Request, Response};
use notify::{Client, Smtp};
use serde_json::{Value, json};
use tripline::action::{
    ActionError, OverHttp, Registry, Secret, SecretRef, Secrets, Transport, TransportError, async_trait,
};
use tripline::builtin::email::{MailError, MailMessage, MailTransport, SmtpMail};
use tripline::builtin::teams::TeamsWebhook;
use tripline::builtin::webhook::Webhook;
use tripline::dispatch::{Prepare, Work};
use tripline::flow::Flow;
use tripline::webhook::Guard;

use crate::Failure;
use crate::args::Args;

const URL: &str = "url";
const SIGNING_SECRET: &str = "signing-secret";

/// The secrets that an action asks for.
const ASKED: [(&str, &[&str]); 2] = [("postWebhook", &[URL, SIGNING_SECRET]), ("postTeamsWebhook", &[URL])];

/// The actions: a signed webhook, a card in Teams, and, where a server is given, e-mail.
pub fn registry(args: &Args) -> Result<Registry, Failure> {
    let http: Arc<dyn Transport> = if args.dry_run { Arc::new(Printer) } else { Arc::new(Client::new()?) };
    // The URLs are the operator's own: he may have them lead to this machine.
    let is_local = args.allow_loopback;
    let guard = Guard::new().with_loopback(is_local).with_http(is_local).with_any_port(is_local);
    let webhook = Webhook::named(URL)
        .with_own_target(true)
        .with_guard(guard.clone())
        .with_signing_secret(SecretRef::named(SIGNING_SECRET));
    let mut registry = Registry::new();
    registry.add(OverHttp::new(webhook, Arc::clone(&http)))?;
    registry.add(OverHttp::new(TeamsWebhook::named(URL).with_guard(guard), http))?;
    if let Some((server, from)) = &args.smtp {
        let mail: Arc<dyn MailTransport> =
            if args.dry_run { Arc::new(Printer) } else { Arc::new(smtp(server)?) };
        registry.add(SmtpMail::new(from.clone(), mail))?;
    }
    Ok(registry)
}

fn smtp(server: &str) -> Result<Smtp, Failure> {
    let (host, port) = server.rsplit_once(':').ok_or("--smtp wants HOST:PORT")?;
    let smtp = Smtp::new(host, port.parse()?);
    let smtp = if matches!(host, "127.0.0.1" | "localhost" | "[::1]") { smtp.without_tls() } else { smtp };
    match (std::env::var("SMTP_USER"), std::env::var("SMTP_PASSWORD")) {
        (Ok(user), Ok(password)) => Ok(smtp.with_login(user, Secret::new(password))),
        _ => Ok(smtp),
    }
}

/// Gives each attempt the secrets of its connection, which stand in the environment: `url` of `crm/alerts` is `CRM_ALERTS_URL`.
pub struct Environment {
    pub is_dry_run: bool,
}

#[async_trait]
impl Prepare for Environment {
    async fn prepare(&self, work: Work) -> Result<Work, ActionError> {
        let connection = Connection { name: work.target().to_owned(), is_dry_run: self.is_dry_run };
        Ok(work.with_secrets(connection))
    }
}

struct Connection {
    name: String,
    is_dry_run: bool,
}

impl Secrets for Connection {
    fn secret(&self, name: &str) -> Option<Secret> {
        if self.is_dry_run {
            return Some(self.stand_in(name));
        }
        let value = std::env::var(variable(&self.name, name)).ok();
        value.filter(|value| !value.is_empty()).map(Secret::new)
    }
}

impl Connection {
    fn stand_in(&self, name: &str) -> Secret {
        match name {
            URL => Secret::new(format!("https://{}.example/", words(&self.name, "-").to_lowercase())),
            // Nothing that is signed with it leaves this program.
            _ => Secret::new(format!("whsec_{}", "A".repeat(44))),
        }
    }
}

/// The variables that are not there, of those that the flows' steps will ask for.
pub fn missing(flows: &[Flow]) -> Vec<String> {
    let steps = flows.iter().flat_map(Flow::steps);
    let asked = steps.flat_map(|step| {
        let names = ASKED.iter().filter(|(action, _)| *action == step.action()).flat_map(|(_, names)| *names);
        names.map(|name| variable(step.target(), name))
    });
    let mut missing: Vec<String> =
        asked.filter(|name| std::env::var(name).unwrap_or_default().is_empty()).collect();
    missing.sort();
    missing.dedup();
    missing
}

fn variable(connection: &str, secret: &str) -> String {
    format!("{}_{}", words(connection, "_"), words(secret, "_")).to_uppercase()
}

fn words(text: &str, between: &str) -> String {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).collect::<Vec<_>>().join(between)
}

/// Prints what would be sent, a line of JSON each, and says that it was taken.
struct Printer;

#[async_trait]
impl Transport for Printer {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let id = request.headers().get("webhook-id").and_then(|id| id.to_str().ok());
        let body = String::from_utf8_lossy(request.body());
        let body = serde_json::from_str(&body).unwrap_or_else(|_| Value::from(body));
        println!("{}", json!({"to": request.uri().host(), "id": id, "body": body}));
        Ok(Response::new(Vec::new()))
    }
}

#[async_trait]
impl MailTransport for Printer {
    async fn send(&self, message: &MailMessage) -> Result<(), MailError> {
        println!("{}", json!({"to": message.to(), "id": message.message_id()}));
        Ok(())
    }
}

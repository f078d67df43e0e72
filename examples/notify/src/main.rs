//! Sends what has fired, for real: a message to a Teams channel, an e-mail to the data's owners.
//!
//! ```text
//! notify [--teams-url URL] [--smtp HOST:PORT] [--from ADDRESS] [--to ADDRESS]…
//!        [--triggers FILE --events FILE] [--allow-loopback]
//! ```
//!
//! Without files a sample is told: the refresh of a data source that failed. With `SMTP_USER` and `SMTP_PASSWORD` in the
//! environment it logs in. A server on the same machine is spoken to without TLS. `--allow-loopback` is for trying it
//! out: the URL may then lead to the same machine, over `http`.

use std::error::Error;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use notify::{Client, Smtp};
use tripline::Trigger;
use tripline::action::{Action, ActionContext, ActionError, OverHttp, Secret, SecretUrl};
use tripline::builtin::Notice;
use tripline::builtin::email::{Mail, Mailbox, SmtpMail};
use tripline::builtin::teams::TeamsWebhook;
use tripline::engine::Engine;
use tripline::event::Event;
use tripline::firing::Firing;
use tripline::webhook::Guard;

const SAMPLE_TRIGGER: &str = r#"{"id": "source-failed", "on": {"type": "dataSourceRefreshFailed"}}"#;
const SAMPLE_EVENT: &str = r#"{"specversion": "1.0", "id": "t-17", "source": "/instances/contoso",
    "type": "tripline.refresh.completed", "time": "2026-03-02T02:05:00Z",
    "data": {"process": "ingestion", "outcome": "failed", "item": {"id": "ds-42", "name": "CRM contacts"},
             "failure": {"message": "Login refused for svc_crm."}, "owners": ["ana@contoso.example"]}}"#;

#[derive(Default)]
struct Arguments {
    teams_url: Option<String>,
    smtp: Option<String>,
    from: Option<String>,
    to: Vec<String>,
    triggers: Option<String>,
    events: Option<String>,
    allow_loopback: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all was sent.
async fn run() -> Result<bool, Box<dyn Error>> {
    let arguments = arguments(std::env::args().skip(1))?;
    let firings = match (&arguments.triggers, &arguments.events) {
        (Some(triggers), Some(events)) => {
            fired(&std::fs::read_to_string(triggers)?, std::fs::read_to_string(events)?.lines())?
        }
        (None, None) => fired(SAMPLE_TRIGGER, [SAMPLE_EVENT])?,
        _ => return Err("--triggers and --events go together".into()),
    };
    let mut is_all_sent = true;
    for firing in firings {
        let what = Notice::of_firing(&firing).title().unwrap_or_default().to_owned();
        if let Some(url) = &arguments.teams_url {
            let guard = Guard::new();
            let guard = match arguments.allow_loopback {
                true => guard.with_loopback(true).with_http(true).with_any_port(true),
                false => guard,
            };
            let webhook = TeamsWebhook::new(SecretUrl::new(url.as_str())?).with_guard(guard);
            let action = OverHttp::new(webhook, Client::new()?);
            let sent = action.run(&attempt(&firing, "teams"), Notice::default()).await;
            is_all_sent &= told(&format!("Teams: {what}"), sent.map(drop));
        }
        if let Some(server) = &arguments.smtp {
            let from: Mailbox = arguments.from.as_deref().unwrap_or("tripline@localhost").parse()?;
            let action = SmtpMail::new(from, smtp(server)?);
            let mail = arguments.to.iter().fold(Mail::default(), Mail::with_to);
            let sent = action.run(&attempt(&firing, "mail"), mail).await;
            is_all_sent &= told(&format!("mail: {what}"), sent.map(drop));
        }
    }
    Ok(is_all_sent)
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    while let Some(name) = given.next() {
        if name == "--allow-loopback" {
            arguments.allow_loopback = true;
            continue;
        }
        let value = given.next().ok_or_else(|| format!("{name} wants a value"))?;
        match name.as_str() {
            "--teams-url" => arguments.teams_url = Some(value),
            "--smtp" => arguments.smtp = Some(value),
            "--from" => arguments.from = Some(value),
            "--to" => arguments.to.push(value),
            "--triggers" => arguments.triggers = Some(value),
            "--events" => arguments.events = Some(value),
            _ => return Err(format!("{name} is no option: see the head of examples/notify/src/main.rs")),
        }
    }
    if arguments.teams_url.is_none() && arguments.smtp.is_none() {
        return Err("say where to: --teams-url URL, --smtp HOST:PORT, or both".to_owned());
    }
    Ok(arguments)
}

/// What fires when the triggers see the events, a line each.
fn fired<'a>(
    triggers: &str,
    events: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Firing>, tripline::Error> {
    let mut engine = Engine::new();
    let mut fired = Vec::new();
    let mut now = DateTime::UNIX_EPOCH;
    for trigger in Trigger::list_from_json(triggers)? {
        engine.add(now, trigger)?;
    }
    for line in events {
        let event = Event::from_json(line.as_bytes())?;
        now = event.time().unwrap_or(now).max(now);
        let _ = engine.handle_event(now, &event)?;
        while let Some(firing) = engine.poll_firing() {
            fired.push(firing);
        }
    }
    Ok(fired)
}

/// The same firing goes two ways: two deliveries, each with a key of its own.
fn attempt(firing: &Firing, way: &str) -> ActionContext {
    ActionContext::new(clock(), format!("{}_{way}", firing.id())).with_firing(firing.clone())
}

#[expect(clippy::disallowed_methods, reason = "the library reads no clock: the host does")]
fn clock() -> DateTime<Utc> {
    Utc::now()
}

fn smtp(server: &str) -> Result<Smtp, Box<dyn Error>> {
    let (host, port) = server.rsplit_once(':').ok_or("--smtp wants HOST:PORT")?;
    let mut smtp = Smtp::new(host, port.parse()?);
    if matches!(host, "127.0.0.1" | "localhost" | "[::1]") {
        smtp = smtp.without_tls();
    }
    match (std::env::var("SMTP_USER"), std::env::var("SMTP_PASSWORD")) {
        (Ok(user), Ok(password)) => Ok(smtp.with_login(user, Secret::new(password))),
        _ => Ok(smtp),
    }
}

/// Says how it went, and whether well.
fn told(what: &str, sent: Result<(), ActionError>) -> bool {
    match &sent {
        Ok(()) => println!("accepted: {what}"),
        Err(error) => eprintln!("not sent: {what}: {}", error.reason()),
    }
    sent.is_ok()
}

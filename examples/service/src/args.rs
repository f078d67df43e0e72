//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tripline::builtin::email::Mailbox;

use crate::Failure;
use crate::host::Options;

pub const USAGE: &str = "\
service --flows FILE --journal FOLDER [--events FILE|-] [--listen ADDRESS:PORT] [OPTION]…

  --flows FILE             what is watched, and what follows (docs/flows.md)
  --journal FOLDER         where everything is written down; made where it is not there
  --events FILE|-          events, a line of JSON each; - is stdin, which is read where nothing is listened to either
  --listen ADDRESS:PORT    POST /events, GET /status, GET /why/FIRING; port 0 is any that is free
  --smtp HOST:PORT --from ADDRESS     for the action sendSmtpMail; SMTP_USER and SMTP_PASSWORD in the environment
  --dry-run                print what would be sent, and need no secrets
  --allow-loopback         URLs may lead to this machine, over http and any port
  --concurrency N          attempts at once to one target (4)
  --runs N                 runs that have not ended, at most about so many; more events are refused until there are fewer (10000)
  --checkpoint N           batches between two snapshots (10000)
  --segment BYTES          of a file of the journal, which is removed when two snapshots came after it (16777216)
  --grace SECONDS          how long what is under way may take at the end (10)
  --progress SECONDS       between two lines on stderr (10)

After a kill, start it with the same --concurrency and --runs: what the journal holds is gone through by them. After
a clean end they may change.

The secrets of a connection stand in the environment: CRM_ALERTS_URL and CRM_ALERTS_SIGNING_SECRET are those of crm/alerts.";

/// What the command line says.
pub struct Args {
    pub flows: PathBuf,
    pub journal: PathBuf,
    /// Where events are read from.
    pub events: Option<Input>,
    pub listen: Option<SocketAddr>,
    /// The server, and in whose name.
    pub smtp: Option<(String, Mailbox)>,
    pub dry_run: bool,
    pub allow_loopback: bool,
    pub concurrency: u32,
    pub runs: usize,
    pub segment_bytes: u64,
    pub progress: Duration,
    pub host: Options,
}

/// A source of lines.
pub enum Input {
    Stdin,
    File(PathBuf),
}

impl Args {
    pub fn parse(mut given: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let (mut flows, mut journal, mut smtp, mut from) = (None, None, None, None);
        let mut args = Self {
            flows: PathBuf::new(),
            journal: PathBuf::new(),
            events: None,
            listen: None,
            smtp: None,
            dry_run: false,
            allow_loopback: false,
            concurrency: 4,
            runs: 10_000,
            segment_bytes: 16 << 20,
            progress: Duration::from_secs(10),
            host: Options {
                waiting: 1_000,
                group: 1_000,
                attempts: 64,
                checkpoint: 10_000,
                grace: Duration::from_secs(10),
            },
        };
        while let Some(name) = given.next() {
            match name.as_str() {
                "--dry-run" => args.dry_run = true,
                "--allow-loopback" => args.allow_loopback = true,
                _ => {
                    let value = given.next().ok_or_else(|| format!("{name} wants a value"))?;
                    let fault = |error: &dyn std::fmt::Display| format!("{name} {value}: {error}");
                    match name.as_str() {
                        "--flows" => flows = Some(PathBuf::from(value)),
                        "--journal" => journal = Some(PathBuf::from(value)),
                        "--events" if value == "-" => args.events = Some(Input::Stdin),
                        "--events" => args.events = Some(Input::File(value.into())),
                        "--listen" => args.listen = Some(value.parse().map_err(|error| fault(&error))?),
                        "--smtp" => smtp = Some(value),
                        "--from" => from = Some(value.parse::<Mailbox>().map_err(|error| fault(&error))?),
                        "--concurrency" => {
                            args.concurrency = value.parse().map_err(|error| fault(&error))?;
                        }
                        "--segment" => {
                            args.segment_bytes = value.parse().map_err(|error| fault(&error))?;
                        }
                        "--runs" => args.runs = value.parse().map_err(|error| fault(&error))?,
                        "--checkpoint" => {
                            args.host.checkpoint = value.parse().map_err(|error| fault(&error))?;
                        }
                        "--grace" => args.host.grace = seconds(&value).ok_or_else(|| fault(&"not a time"))?,
                        "--progress" => {
                            args.progress = seconds(&value).ok_or_else(|| fault(&"not a time"))?;
                        }
                        _ => return Err(format!("{name} is no option").into()),
                    }
                }
            }
        }
        args.flows = flows.ok_or("--flows FILE is missing")?;
        args.journal = journal.ok_or("--journal FOLDER is missing")?;
        args.smtp = match (smtp, from) {
            (Some(server), Some(from)) => Some((server, from)),
            (None, None) => None,
            _ => return Err("--smtp and --from go together".into()),
        };
        if args.events.is_none() && args.listen.is_none() {
            args.events = Some(Input::Stdin);
        }
        Ok(args)
    }
}

fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

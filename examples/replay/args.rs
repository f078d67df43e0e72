//! What the command line asks for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::line;

pub(crate) const USAGE: &str = "\
usage: replay --triggers FILE --events FILE|- [--format cloudevents|customer-insights] [--until TIME]
              [--explain] [--skip-invalid] [--snapshot FILE]

  --triggers FILE   one trigger, an array of them, or {\"triggers\":[...]}
  --events FILE|-   one JSON event a line, or one JSON array of events; - is stdin.
                    {\"tick\":\"TIME\"} moves the clock without an event.
  --format NAME     cloudevents (the default), or customer-insights: the diagnostic log of Dynamics 365
                    Customer Insights, as JSON lines, arrays or Event Hubs messages
  --until TIME      at the end the clock moves there, and what waits for lateness is judged
  --explain         say for every event and trigger why it fired or did not
  --skip-invalid    report a bad line and go on
  --snapshot FILE   go on from the state in FILE if it exists, and leave the state there at the end

Firings go to stdout, one a line; counts go to stderr. Exit 2: bad usage, a bad file, or a bad line.
";

pub(crate) enum Command {
    Help,
    Replay(Args),
}

/// What the events are written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Format {
    #[default]
    CloudEvents,
    CustomerInsights,
}

#[derive(Debug, Default)]
pub(crate) struct Args {
    pub(crate) triggers: PathBuf,
    /// `None` is stdin.
    pub(crate) events: Option<PathBuf>,
    pub(crate) format: Format,
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) explain: bool,
    pub(crate) skip_invalid: bool,
    pub(crate) snapshot: Option<PathBuf>,
}

impl Args {
    /// What messages call the events.
    pub(crate) fn events_name(&self) -> String {
        self.events.as_deref().unwrap_or(Path::new("-")).display().to_string()
    }
}

/// What to do, or what is wrong with the words.
pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut words = words;
    let mut args = Args::default();
    let mut seen: Vec<String> = Vec::new();
    while let Some(word) = words.next() {
        let Some(flag) = word.to_str().map(str::to_owned) else {
            return Err(format!("{} is not a flag", word.display()));
        };
        if flag == "--help" || flag == "-h" {
            return Ok(Command::Help);
        }
        if seen.contains(&flag) {
            return Err(format!("{flag} is given twice"));
        }
        let mut value = || words.next().ok_or_else(|| format!("{flag} needs a value"));
        match flag.as_str() {
            "--triggers" => args.triggers = value()?.into(),
            "--events" => args.events = Some(value()?).filter(|path| path != "-").map(Into::into),
            "--snapshot" => args.snapshot = Some(value()?.into()),
            "--until" => args.until = Some(until(&value()?)?),
            "--format" => args.format = format(&value()?)?,
            "--explain" => args.explain = true,
            "--skip-invalid" => args.skip_invalid = true,
            _ => return Err(format!("{flag} is not a flag")),
        }
        seen.push(flag);
    }
    match ["--triggers", "--events"].into_iter().find(|flag| !seen.iter().any(|other| other == flag)) {
        Some(missing) => Err(format!("{missing} is missing")),
        None => Ok(Command::Replay(args)),
    }
}

fn until(word: &OsString) -> Result<DateTime<Utc>, String> {
    line::time(&word.to_string_lossy()).map_err(|why| format!("--until: {why}"))
}

fn format(word: &OsString) -> Result<Format, String> {
    match &*word.to_string_lossy() {
        "cloudevents" => Ok(Format::CloudEvents),
        "customer-insights" => Ok(Format::CustomerInsights),
        other => Err(format!("--format {other} is unknown; it is cloudevents or customer-insights")),
    }
}

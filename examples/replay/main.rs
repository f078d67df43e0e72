//! The engine at the command line: triggers and events from files, firings to stdout.
//!
//! ```text
//! cargo run --release --example replay -- \
//!     --triggers examples/data/replay.triggers.json --events examples/data/replay.events.ndjson
//! ```
//!
//! `input` cuts the stream into events, `line` reads one of them, `log` does both for a diagnostic log, `run` drives the engine, `state` keeps the
//! snapshot, `output` prints.

mod args;
mod input;
mod line;
mod log;
mod output;
mod run;
mod state;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use tripline::Trigger;

use args::{Args, Command, Format};
use input::Input;
use log::Log;
use run::Run;

/// Why a run ends before its end.
enum Stop {
    /// Nobody reads the firings any more, as in `replay … | head`: nothing to complain about.
    Closed,
    /// What to say on stderr, a line each.
    Failed(Vec<String>),
}

impl Stop {
    fn failed(message: impl Into<String>) -> Self {
        Self::Failed(vec![message.into()])
    }

    fn about(path: &Path, error: &io::Error) -> Self {
        Self::failed(format!("{}: {error}", path.display()))
    }
}

fn main() -> ExitCode {
    let stopped = match args::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => output::print_once(args::USAGE),
        Ok(Command::Replay(args)) => replay(&args),
        Err(message) => Err(Stop::Failed(vec![message, args::USAGE.to_owned()])),
    };
    match stopped {
        Ok(()) | Err(Stop::Closed) => ExitCode::SUCCESS,
        Err(Stop::Failed(lines)) => {
            for line in lines {
                // Where stderr is closed there is nowhere left to complain.
                let _ = writeln!(io::stderr(), "{}", line.trim_end());
            }
            ExitCode::from(2)
        }
    }
}

fn replay(args: &Args) -> Result<(), Stop> {
    let triggers = read_triggers(&args.triggers)?;
    let mut run = Run::new(args, triggers)?;
    let bytes = open(args.events.as_deref())?;
    let failed = |error: io::Error| Stop::failed(format!("{}: {error}", args.events_name()));
    if args.format == Format::CustomerInsights {
        let mut log = Log::new(bytes);
        loop {
            match log.next() {
                Ok(Some(event)) => run.take_logged(event)?,
                Ok(None) => break,
                Err(error) => return run.flush_output().and(Err(failed(error))),
            }
        }
        return run.finish(args, Some(log.report()));
    }
    let mut input = Input::new(bytes);
    loop {
        match input.next() {
            Ok(Some(item)) => run.take(&item)?,
            Ok(None) => break,
            Err(error) => return run.flush_output().and(Err(failed(error))),
        }
    }
    run.finish(args, None)
}

/// Every fault of the file is named, each on a line of its own.
fn read_triggers(path: &Path) -> Result<Vec<Trigger>, Stop> {
    let text = fs::read_to_string(path).map_err(|error| Stop::about(path, &error))?;
    Trigger::list_from_json(&text).map_err(|error| {
        let name = path.display();
        if error.faults().is_empty() {
            return Stop::failed(format!("{name}:{error}"));
        }
        Stop::Failed(error.faults().iter().map(|fault| format!("{name}: {fault}")).collect())
    })
}

fn open(path: Option<&Path>) -> Result<Box<dyn Read>, Stop> {
    Ok(match path {
        None => Box::new(io::stdin().lock()),
        Some(path) => Box::new(File::open(path).map_err(|error| Stop::about(path, &error))?),
    })
}

//! A service around a pipeline: events in over HTTP and on stdin, deliveries out, a journal in a folder. It may
//! be killed at any moment and goes on where it was.
//!
//! ```text
//! cargo run --manifest-path examples/service/Cargo.toml -- --flows FILE --journal FOLDER --listen 127.0.0.1:8080
//! ```
//!
//! `args.rs` has all options. The loop, which is what one copies, is `host.rs`.

mod actions;
mod args;
mod host;
mod lines;
mod server;

use std::io;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use chrono::Utc;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tripline::action::Registry;
use tripline::dispatch::{Dispatcher, LanePolicy};
use tripline::flow::{self, Flow};
use tripline::journal::{FileJournal, FileSnapshots};
use tripline::pipeline::{Pipeline, Recovery, recover};

use args::Args;
use host::{Host, Stop};

/// Whatever a program ends with.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let (args, registry, flows) = match configured() {
        Ok(configured) => configured,
        Err(faults) => {
            for fault in faults {
                eprintln!("{fault}");
            }
            return ExitCode::from(2);
        }
    };
    let done = tokio::runtime::Runtime::new()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(run(args, registry, flows)));
    match done {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE, // lines were refused, and told of
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line, the file of flows and the environment say, or all that is wrong with them.
fn configured() -> Result<(Args, Registry, Vec<Flow>), Vec<String>> {
    let one = |fault: &dyn std::fmt::Display| vec![fault.to_string()];
    let args =
        Args::parse(std::env::args().skip(1)).map_err(|error| vec![error.to_string(), args::USAGE.into()])?;
    let registry = actions::registry(&args).map_err(|error| one(&error))?;
    let file = args.flows.display();
    let text = std::fs::read_to_string(&args.flows).map_err(|error| one(&format!("{file}: {error}")))?;
    let flows = Flow::list_from_json_checked(&text, &registry).map_err(|error| match error.faults() {
        [] => one(&format!("{file}: {error}")),
        faults => faults.iter().map(|fault| format!("{file}: {fault}")).collect(),
    })?;
    let missing = if args.dry_run { Vec::new() } else { actions::missing(&flows) };
    if missing.is_empty() {
        return Ok((args, registry, flows));
    }
    Err(missing.iter().map(|name| format!("{name} is not in the environment, and a step needs it")).collect())
}

/// Runs until it is told to stop; how many lines of the events were refused.
async fn run(args: Args, registry: Registry, flows: Vec<Flow>) -> Result<u64, Failure> {
    let journal = FileJournal::builder().with_segment_bytes(args.segment_bytes).open(&args.journal)?;
    let mut snapshots = FileSnapshots::open(&args.journal)?;
    let policy = LanePolicy::default().with_concurrency(args.concurrency);
    let builder = Pipeline::builder(registry.clone())
        .with_flow_limits(flow::Limits::default().with_runs(args.runs))
        .with_dispatcher(Dispatcher::builder().with_default_policy(policy));
    let (mut pipeline, recovery) = recover(builder, Utc::now(), &journal, &mut snapshots)?;
    eprintln!("{}", found(&recovery));
    match pipeline.set_flows(Utc::now(), flows) {
        Err(error) if error.is_full() => {
            eprintln!("the flows stay as they were until the next start: {error}");
        }
        changed => drop(changed?),
    }
    let listener = match args.listen {
        Some(address) => Some(TcpListener::bind(address).await?),
        None => None,
    };

    let environment = actions::Environment { is_dry_run: args.dry_run };
    let (host, mut ended) = Host::start(pipeline, journal, snapshots, registry, environment, args.host);
    tokio::spawn({
        let (host, told) = (host.clone(), told_to_stop()?);
        async move {
            told.await;
            host.stop(Stop::Soon);
        }
    });
    let (read, mut reading) = mpsc::channel(1);
    if let Some(input) = args.events {
        let (host, runtime) = (host.clone(), Handle::current());
        // No task: a read from stdin cannot be called off, and a runtime would wait for it.
        thread::spawn(move || read.blocking_send(lines::read(&input, &host, &runtime)));
    }
    let (stop_serving, stopped) = oneshot::channel::<()>();
    let is_listening = listener.is_some();
    let serving = tokio::spawn(serve(listener, host.clone(), stopped));

    let mut refused = 0;
    let mut told = String::new();
    let mut progress = tokio::time::interval(args.progress.max(Duration::from_millis(1)));
    let pipeline = loop {
        tokio::select! {
            ended = &mut ended => break ended??,
            Some(lines) = reading.recv() => {
                refused = lines?;
                if !is_listening {
                    host.stop(Stop::WhenIdle);
                }
            }
            _ = progress.tick() => {
                let line = host.ask(progress_of).await.unwrap_or_default();
                if line != told {
                    eprintln!("{line}");
                    told = line;
                }
            }
        }
    };
    eprintln!("{}", progress_of(&pipeline));
    drop(stop_serving);
    // Whoever has been answered hears it; a connection that is held open is not waited for.
    let _ = tokio::time::timeout(Duration::from_secs(1), serving).await;
    Ok(refused)
}

async fn serve(listener: Option<TcpListener>, host: Host, stopped: oneshot::Receiver<()>) -> io::Result<()> {
    let Some(listener) = listener else { return Ok(()) };
    eprintln!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, server::router(host)).with_graceful_shutdown(async { drop(stopped.await) }).await
}

/// What ends on Ctrl-C or SIGTERM. Both are caught from here on.
#[cfg(unix)]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// What ends on Ctrl-C.
#[cfg(not(unix))]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}

/// What the last run has left.
fn found(recovery: &Recovery) -> String {
    if recovery.is_fresh() {
        return "found nothing: a new journal".to_owned();
    }
    let since =
        recovery.snapshot().map_or("the beginning".to_owned(), |lsn| format!("the snapshot at {lsn}"));
    let mut told = vec![
        format!("found {} batches after {since}, with {} firings", recovery.batches(), recovery.firings()),
        format!("{} attempts were under way", recovery.cut_off()),
    ];
    told.extend(match (recovery.found().tail(), recovery.tail_lost()) {
        (Some(tail), _) => {
            Some(format!("cut {tail}: no loss after a crash, maybe one after damage to the disk"))
        }
        (None, Some(lsn)) => Some(format!("LOST what was acknowledged, from batch {lsn} on")),
        (None, None) => None,
    });
    told.extend(recovery.damaged().iter().map(|damage| format!("passed over a damaged snapshot: {damage}")));
    told.join("; ")
}

fn progress_of(pipeline: &Pipeline) -> String {
    let (counts, dispatcher) = (pipeline.counts(), pipeline.dispatcher());
    format!(
        "events {}, firings {}, delivered {}, pending {}, dead {}, lsn {}",
        counts.events(),
        counts.firings(),
        dispatcher.counts().delivered(),
        dispatcher.pending(),
        dispatcher.dead_letters().len(),
        pipeline.last()
    )
}

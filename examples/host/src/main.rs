//! A connector for Power Automate as a program: tripline's `ConnectorService` on axum, with a journal in a folder. Users subscribe
//! to triggers, poll them and run actions; events come in over HTTP or from files. It may be killed at any moment and
//! goes on where it was.
//!
//! ```text
//! cargo run --manifest-path examples/host/Cargo.toml                   # a demo: all that it needs is made up
//! cargo run --manifest-path examples/host/Cargo.toml -- --journal DIR --keys FILE --base-url https://flows.contoso.example/v1
//! ```
//!
//! | path | whose key | what |
//! |---|---|---|
//! | below the base URL's path, `/v1` | a subscriber's, in `X-Api-Key` | the connector: `subscriptions`, `poll`, `actions`, choices, `connection` |
//! | `POST /events` | the host's, in `X-Api-Key` | CloudEvents in the binary, structured and batch modes; 202 when they are on the disk |
//! | `GET /metrics` | the host's, in `X-Api-Key` or as the password of HTTP Basic | every counter, in the OpenMetrics format that Prometheus reads |
//! | `GET /` | the host's, likewise | the page: triggers, series, plots, firings, deliveries, runs, and why nothing fired |
//!
//! `--help` lists the options; `args.rs` has them. The file of keys has a line for each key, `subscriber NAME KEY [SOURCE]…` or
//! `host NAME KEY`; `keys.rs` says more. With `--open`, and in a demo, everyone on this machine may look at the page and the metrics
//! without a key. It speaks plain HTTP: TLS is the business of the proxy before it. The loop, which is what one copies first, is `host.rs`.

mod actions;
mod args;
mod catalogue;
mod connector;
mod demo;
mod disk;
mod events;
mod feed;
mod host;
mod instance;
mod intake;
mod keys;
mod look;
mod metrics;
mod outside;
mod page;
mod plot;
mod secrets;
mod server;
mod setup;
mod vault;
mod watch;

use std::future::Future;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use args::Args;
use setup::Setup;

/// Whatever a program ends with.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let args = Args::parse();
    let done =
        tokio::runtime::Runtime::new().map_err(Failure::from).and_then(|runtime| runtime.block_on(run(args)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until it is told to stop, and is ready to be started again when this returns.
async fn run(args: Args) -> Result<(), Failure> {
    let told = told_to_stop()?;
    let listener =
        TcpListener::bind(args.listen).await.map_err(|error| format!("{}: {error}", args.listen))?;
    let mut setup = Setup::new(&args, listener.local_addr()?).await?;
    let (grace, _folder) = (setup.grace(), setup.folder.take());
    let (app, mut ended) = setup.start();
    let host = app.host.clone();
    if app.is_open {
        eprintln!("the page is at http://{}/", listener.local_addr()?);
    }
    eprintln!("listening on http://{}", listener.local_addr()?);

    let (stop, stopped) = oneshot::channel::<()>();
    let serving =
        axum::serve(listener, server::router(app)).with_graceful_shutdown(async { drop(stopped.await) });
    let serving = tokio::spawn(async { serving.await });
    tokio::select! {
        // Only an error ends it before it is told to.
        over = &mut ended => return over?,
        () = told => eprintln!("stopping: what is under way has {} s", grace.as_secs_f64()),
    }
    drop(stop);
    host.stop();
    ended.await??;
    // Whoever has been answered hears it; a connection that is held open is not waited for.
    let _ = tokio::time::timeout(Duration::from_secs(1), serving).await;
    Ok(())
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

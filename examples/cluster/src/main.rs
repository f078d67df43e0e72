//! A cluster of workers over NATS JetStream, its feeder, and a demo of both.
//!
//! ```text
//! cargo run -p cluster -- demo
//! ```

mod args;

use std::process::ExitCode;

use cluster::nats::Link;
use cluster::source::Source;
use cluster::worker::Worker;
use cluster::{Failure, demo, feeder, server};
use tokio::runtime::Runtime;

use args::{Args, USAGE};

fn main() -> ExitCode {
    let mut given = std::env::args().skip(1);
    let command = given.next().unwrap_or_default();
    let done = match command.as_str() {
        "demo" => Args::parse(given).and_then(Args::end).and_then(|()| demo::demo()),
        "worker" => Args::parse(given).and_then(worker).map(|()| true),
        "feed" => Args::parse(given).and_then(feed).map(|()| true),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            match error.downcast_ref() {
                Some(server::Failure::Missing) => ExitCode::from(server::MISSING),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn worker(mut args: Args) -> Result<(), Failure> {
    let worker = Worker {
        server: args.need("--server")?,
        id: args.need("--id")?,
        workers: args.need("--workers")?,
        receiver: args.need("--receiver")?,
        checkpoint: args.take("--checkpoint")?.unwrap_or(1_000),
        at_once: args.take("--at-once")?.unwrap_or(256),
        keeps: args.take::<String>("--keep")?.is_some(),
    };
    args.end()?;
    let runtime = runtime()?;
    worker.run(runtime.handle())
}

fn feed(mut args: Args) -> Result<(), Failure> {
    let server: String = args.need("--server")?;
    let source = Source {
        reporters: args.need("--reporters")?,
        instances: args.need("--instances")?,
        rounds: args.need("--rounds")?,
        twice: args.need("--twice")?,
        seed: args.need("--seed")?,
    };
    let a_second = args.take("--a-second")?.unwrap_or(0);
    args.end()?;
    let runtime = runtime()?;
    let (before, after) = feeder::feed(&Link::connect(runtime.handle(), &server)?, source, a_second)?;
    println!("{before} inputs were there, {after} are");
    Ok(())
}

/// The client's: what else there is to do is done by plain threads.
fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

//! The whole of it, once: `cargo run -p cluster -- demo`.

use std::thread;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::one;
use crate::run::{Plan, Run};
use crate::source::Source;

const SOURCE: Source = Source { reporters: 5, instances: 12, rounds: 8, twice: 5, seed: 8 };

/// How many workers there are.
const WORKERS: u32 = 3;

/// The one that is killed.
const VICTIM: u32 = 1;

/// How long anything may take that must come.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs it, and prints what comes of it; whether that is what one process comes to.
///
/// # Errors
///
/// [`server::Failure::Missing`](crate::server::Failure::Missing) where there is no `nats-server`, before anything is made.
pub fn demo() -> Result<bool, Failure> {
    let folder = std::env::temp_dir().join(format!("tripline-cluster-{}", std::process::id()));
    let done = run(&Plan {
        binary: std::env::current_exe()?,
        folder: folder.clone(),
        source: SOURCE,
        workers: WORKERS,
        takes: Duration::ZERO,
        a_second: 0,
        checkpoint: 200,
        keeps: true,
        plant: None,
    });
    // Nothing is left of it, however it went; where nothing was made, nothing is there.
    let _ = std::fs::remove_dir_all(folder);
    done
}

fn run(plan: &Plan) -> Result<bool, Failure> {
    // Apart from the cluster, and meanwhile.
    let alone =
        thread::spawn(|| -> Result<_, Failure> { Ok((one::partitions(SOURCE)?, one::engine(SOURCE)?)) });
    let mut run = Run::start(plan.clone())?;
    println!("nats-server on the loopback, {WORKERS} workers over {} partitions", crate::ports::PARTITIONS);
    run.start_feeder()?;
    wait("the first notes", || run.receiver.received().notes.len() > 100)?;
    run.kill_worker(VICTIM)?;
    println!("worker {VICTIM} is killed with SIGKILL, in the middle of it");
    let told = run.receiver.received().notes.len();
    wait("the others to go on", || run.receiver.received().notes.len() > told + 300)?;
    run.start_worker(VICTIM)?;
    println!("worker {VICTIM} is back; the others have gone on meanwhile\n");

    let (whole, engine) = alone.join().map_err(|_| "what one process does has panicked")??;
    if let Some(left) = run.wait(&whole, PATIENCE)? {
        println!("DIFFERENT: after {} s, {left}", PATIENCE.as_secs());
        return Ok(false);
    }
    run.stop()?;
    let mut faults = run.compare(&whole);
    println!("partition  inputs  firings, and those of one process");
    for (partition, outcome) in whole.partitions.iter().enumerate() {
        let beginning = format!("partition {partition} ");
        let told =
            if faults.iter().any(|fault| fault.starts_with(&beginning)) { "DIFFERENT" } else { "equal" };
        println!("{partition:>9}  {:>6}  {:>7}  {told}", outcome.inputs, outcome.firings.len());
    }
    faults.extend(crate::verdict::compare_union(&whole, &engine));
    let repeats = run.receiver.received().repeats;
    if repeats > 1 {
        faults.push(format!("{repeats} notes were told again, and one worker was killed"));
    }
    if !faults.is_empty() {
        println!("\nDIFFERENT:");
        faults.iter().for_each(|fault| println!("{fault}"));
        return Ok(false);
    }
    println!(
        "\n{} events: {} firings, equal by partition in id, bytes and order,",
        whole.events,
        engine.len()
    );
    println!("and all together equal to those of one engine without partitions; the final states too");
    println!(
        "{} notes delivered, none missing, {repeats} of them twice (a kill may repeat one)",
        whole.notes.len()
    );
    Ok(true)
}

/// Waits for what must come.
fn wait(what: &str, mut has_come: impl FnMut() -> bool) -> Result<(), Failure> {
    let end = Instant::now() + PATIENCE;
    while !has_come() {
        if Instant::now() > end {
            return Err(format!("{what}: nothing within {} s", PATIENCE.as_secs()).into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

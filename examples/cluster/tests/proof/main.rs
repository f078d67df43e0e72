//! The cluster against one process, while it is killed, paused and cut off. Without a `nats-server` it says so and looks at nothing.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod chaos;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use cluster::one;
use cluster::plant::Plant;
use cluster::run::{Plan, Run};
use cluster::server::{self, Failure};
use cluster::source::Source;
use cluster::verdict;

use chaos::{Chaos, Done, Times};

/// How long everything may take to be over once nobody is killed any more.
const PATIENCE: Duration = Duration::from_secs(120);

/// The same where it is known that it never will be.
const LITTLE_PATIENCE: Duration = Duration::from_secs(8);

/// How long the receiver takes for a note, so that whoever is killed has often told one and not yet said so.
const TAKES: Duration = Duration::from_millis(15);

/// A few thousand events, for the runs that have something to find.
const SMALL: Source = Source { reporters: 2, instances: 8, rounds: 6, twice: 5, seed: 3 };

/// One at a time has the machine.
static TURN: Mutex<()> = Mutex::new(());

/// What a run has come to.
struct Found {
    faults: Vec<String>,
    done: Done,
}

/// Runs a cluster with all that is done to it; nothing where there is no server.
fn run(name: &str, plan: Plan, times: Times, patience: Duration) -> Option<Found> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    if server::find().is_none() {
        println!("skipped: nats-server is not installed");
        return None;
    }
    let began = Instant::now();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let plan = Plan { folder: folder.clone(), ..plan };
    let source = plan.source;
    let alone = thread::spawn(move || (one::partitions(source).unwrap(), one::engine(source).unwrap()));
    let mut run = match Run::start(plan) {
        Err(error) if matches!(error.downcast_ref(), Some(Failure::Missing)) => return None,
        started => started.unwrap(),
    };
    run.start_feeder().unwrap();
    let mut done = Chaos::new(source.seed).cause(&mut run, times);
    let after = began.elapsed();
    let (whole, engine) = alone.join().unwrap();
    let left = run.wait(&whole, patience).unwrap();
    let settled = began.elapsed();
    let mut faults: Vec<String> = left.into_iter().collect();
    for status in run.stop().unwrap() {
        if !status.success() {
            faults.push(format!("a worker ended with {status}"));
        }
    }
    faults.extend(run.compare(&whole));
    faults.extend(verdict::compare_union(&whole, &engine));
    for word in ["given-up", "failed", "refused"] {
        faults.extend(run.said.with(word).first().map(|(worker, line)| format!("{worker} says: {line}")));
    }
    done.lost = run.said.count("lost");
    done.repeats = run.receiver.received().repeats;
    let most = done.times.kills + done.times.pauses + done.lost;
    if done.repeats > most {
        faults.push(format!("{} notes were told again, and {most} may be", done.repeats));
    }
    println!(
        "{name}: {} events, {} firings, {} notes; {done}; {} fenced, {} opened anew for the store, {} for what looked corrupt; \
         {:.0} s with all that was done to it, settled after {:.0} s, {:.0} s in all",
        whole.events,
        engine.len(),
        whole.notes.len(),
        run.said.count("fenced"),
        run.said.count("storage"),
        run.said.count("corrupt"),
        after.as_secs_f64(),
        settled.as_secs_f64(),
        began.elapsed().as_secs_f64()
    );
    for (worker, line) in run.said.with("corrupt") {
        println!("{worker}: {line}");
    }
    drop(run);
    let _ = std::fs::remove_dir_all(folder);
    Some(Found { faults, done })
}

fn plan(source: Source) -> Plan {
    Plan {
        binary: env!("CARGO_BIN_EXE_cluster").into(),
        folder: Path::new("").to_path_buf(),
        source,
        workers: 3,
        takes: TAKES,
        a_second: 0,
        checkpoint: 100,
        keeps: true,
        plant: None,
    }
}

#[test]
fn killed_paused_and_cut_off_it_fires_what_one_process_fires_and_tells_everything() {
    let source = Source { reporters: 30, instances: 14, rounds: 20, twice: 5, seed: seed() };
    let times = Times { kills: 50, server_kills: 10, pauses: 6, feeder_kills: 5, between: 1_000 };
    let plan = Plan { a_second: 1_400, ..plan(source) };
    let Some(Found { faults, done }) = run("proof", plan, times, PATIENCE) else { return };
    assert_eq!(faults, Vec::<String>::new());
    assert!(done.was_at_work, "it was all over before the last kill");
    assert!(done.fenced > 0, "no owner that woke late has written");
    // A reply is lost where the server is killed, or does not wait for who is paused.
    let most = 3 * times.server_kills + times.pauses;
    assert!(done.lost <= most, "{} replies were lost, and {most} may be", done.lost);
}

#[test]
fn with_journals_that_let_go_of_what_is_in_snapshots_it_comes_to_the_same() {
    let times = Times { kills: 6, server_kills: 2, pauses: 1, feeder_kills: 1, between: 500 };
    let plan = Plan { keeps: false, checkpoint: 20, a_second: 2_000, ..plan(SMALL) };
    let Some(found) = run("trimmed", plan, times, PATIENCE) else { return };
    assert_eq!(found.faults, Vec::<String>::new());
}

/// Plants a mistake, and holds the run to say no for one of these reasons. With a mistake that does not keep it from its end, it must come to that: what
/// is missing is not just late then.
fn finds(plant: Plant, times: Times, ends: bool, reasons: &[&str]) {
    let plan = Plan { plant: Some(plant), a_second: 2_000, ..plan(SMALL) };
    let Some(found) = run(plant.name(), plan, times, if ends { PATIENCE } else { LITTLE_PATIENCE }) else {
        return;
    };
    if ends {
        assert!(!found.faults.iter().any(|fault| fault.contains("is not done")), "{:#?}", found.faults);
    }
    let is_reason = |fault: &&String| reasons.iter().any(|reason| fault.contains(reason));
    let reason = found.faults.iter().find(is_reason);
    assert!(reason.is_some(), "{}: {:#?}", plant.name(), found.faults);
    println!("{}: found, since {}", plant.name(), reason.unwrap());
}

#[test]
fn an_owner_that_writes_though_it_is_fenced_is_found() {
    let times = Times { pauses: 2, between: 500, ..Times::default() };
    finds(Plant::WritesAllTheSame, times, false, &["firings and should have", "does not read"]);
}

#[test]
fn an_owner_that_leaves_out_an_input_is_found() {
    let times = Times { kills: 6, between: 500, ..Times::default() };
    finds(Plant::LeavesOutAnInput, times, true, &["another state", "firings and should have"]);
}

#[test]
fn an_owner_that_acts_before_it_has_committed_is_found() {
    let times = Times { kills: 6, between: 500, ..Times::default() };
    finds(Plant::SaysSafeTooEarly, times, false, &["were told again"]);
}

#[test]
fn a_note_that_is_said_to_be_told_and_was_not_is_found() {
    finds(Plant::SaysItToldAndDidNot, Times::default(), true, &["were never told"]);
}

/// Where chance begins: `CLUSTER_SEED`.
fn seed() -> u64 {
    std::env::var("CLUSTER_SEED").map_or(8, |seed| seed.parse().unwrap())
}

//! What is done to a cluster, by chance that can be repeated.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use cluster::dice::Dice;
use cluster::run::Run;

const WORKERS: u32 = 3;

/// How long one of a few that stay away does so: longer than its leases.
const AWAY: Duration = Duration::from_secs(4);

/// For whatever must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long whoever has woken is watched, to see whether it is fenced.
const WATCHED: Duration = Duration::from_secs(2);

/// How often what is done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    pub kills: usize,
    pub server_kills: usize,
    pub pauses: usize,
    pub feeder_kills: usize,
    /// Between two of them at most, in milliseconds.
    pub between: u64,
}

/// What was done, and what came of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Done {
    pub times: Times,
    /// Pauses after which the one that woke wrote, and was fenced.
    pub fenced: usize,
    /// Whether it was at work all the time.
    pub was_at_work: bool,
    /// Notes that were told and whose end could not be committed.
    pub lost: usize,
    pub repeats: usize,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} workers, {} servers and {} feeders killed, {} workers paused, of which {} woke, wrote and were fenced; \
             {} replies lost, {} notes told again",
            self.times.kills,
            self.times.server_kills,
            self.times.feeder_kills,
            self.times.pauses,
            self.fenced,
            self.lost,
            self.repeats
        )
    }
}

#[derive(Debug, Clone, Copy)]
enum Blow {
    Kill,
    KillServer,
    KillFeeder,
    Pause,
}

pub struct Chaos {
    dice: Dice,
    /// Who is away, and until when.
    away: Vec<(u32, Instant)>,
}

impl Chaos {
    pub fn new(seed: u64) -> Self {
        println!("seed {seed}");
        Self { dice: Dice::new(seed), away: Vec::new() }
    }

    /// Does it all, in an order that the dice give.
    pub fn cause(&mut self, run: &mut Run, times: Times) -> Done {
        let mut done = Done { times, was_at_work: true, ..Done::default() };
        let mut blows = Vec::new();
        for (count, blow) in [
            (times.kills, Blow::Kill),
            (times.server_kills, Blow::KillServer),
            (times.feeder_kills, Blow::KillFeeder),
            (times.pauses, Blow::Pause),
        ] {
            blows.extend(std::iter::repeat_n(blow, count));
        }
        if !blows.is_empty() {
            wait("the first notes", || run.receiver.received().notes.len() > 20);
        }
        while !blows.is_empty() {
            let place = usize::try_from(self.dice.below(blows.len() as u64)).unwrap();
            thread::sleep(Duration::from_millis(1 + self.dice.below(times.between)));
            self.call_back(run, false);
            done.was_at_work = !run.is_fed().unwrap();
            match blows.swap_remove(place) {
                Blow::Kill => self.kill(run),
                Blow::KillServer => {
                    run.server.kill().unwrap();
                    thread::sleep(Duration::from_millis(self.dice.below(300)));
                    run.server.start().unwrap();
                }
                Blow::KillFeeder => {
                    run.kill_feeder().unwrap();
                    run.start_feeder().unwrap();
                }
                Blow::Pause => done.fenced += usize::from(self.pause(run)),
            }
        }
        self.call_back(run, true);
        done
    }

    fn kill(&mut self, run: &mut Run) {
        let worker = self.someone(run);
        assert!(run.kill_worker(worker).unwrap());
        // Most are back at once, one in six after its leases have run out; somebody is always there.
        if self.dice.below(6) == 0 && self.away.is_empty() {
            self.away.push((worker, Instant::now() + AWAY));
        } else {
            thread::sleep(Duration::from_millis(self.dice.below(100)));
            run.start_worker(worker).unwrap();
        }
    }

    /// Stops a worker until others have written in all of its partitions, and lets it go on; whether it was fenced.
    fn pause(&mut self, run: &mut Run) -> bool {
        let worker = self.someone(run);
        let mut held = Vec::new();
        wait("a worker to have partitions", || {
            held = run.held_by(worker).unwrap_or_default();
            !held.is_empty()
        });
        run.worker(worker).unwrap().pause().unwrap();
        let ends: Vec<_> = held.iter().map(|partition| (*partition, run.last(*partition).unwrap())).collect();
        for (partition, end) in ends {
            wait("another to take over from one that is paused", || {
                (0..WORKERS).any(|other| {
                    other != worker && run.held_by(other).is_ok_and(|held| held.contains(&partition))
                })
            });
            // Where it begins, it commits that the one before has ended.
            wait("another to write where one is paused", || run.last(partition).is_ok_and(|last| last > end));
        }
        let before = run.said_by(worker, "fenced");
        run.worker(worker).unwrap().wake().unwrap();
        let end = Instant::now() + WATCHED;
        while Instant::now() < end {
            if run.said_by(worker, "fenced") > before {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// A worker that runs.
    fn someone(&mut self, run: &mut Run) -> u32 {
        self.call_back(run, false);
        loop {
            let worker = u32::try_from(self.dice.below(WORKERS.into())).unwrap();
            if run.worker(worker).is_some() {
                return worker;
            }
        }
    }

    fn call_back(&mut self, run: &mut Run, all: bool) {
        let now = Instant::now();
        self.away.retain(|(worker, until)| {
            let is_over = all || *until <= now;
            if is_over {
                run.start_worker(*worker).unwrap();
            }
            !is_over
        });
    }
}

fn wait(what: &str, mut has_come: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !has_come() {
        assert!(Instant::now() < end, "{what}: not within {} s", PATIENCE.as_secs());
        thread::sleep(Duration::from_millis(20));
    }
}

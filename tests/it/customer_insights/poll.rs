//! The poller against the fake service: nothing is lost, nothing is told twice, whatever breaks and whenever the process ends.
//!
//! `TRIPLINE_CASES` says how many seeds, `TRIPLINE_SEED` where to begin.

mod cases;
mod host;
mod model;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::thread::{available_parallelism, scope};

use chrono::DateTime;
use tripline::engine::{Engine, Receipt};
use tripline::threshold::Threshold;
use tripline::{Trigger, event::Event};

use self::host::{Crashes, Host, Plant};

const MINUTES: i64 = 12;

fn number_of(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().expect("a number"))
}

fn ran(seed: u64, minutes: i64, crashes: Crashes, plant: Plant) -> Host {
    let mut host = Host::new(seed, crashes, plant, seed % 4 == 3);
    host.run(minutes);
    host.settle();
    host
}

/// What becomes of the events in an engine that drops what it has seen.
fn receipts(events: &[Event<'static>]) -> BTreeMap<String, u64> {
    let mut engine = Engine::builder().with_skew(None).build();
    let at = DateTime::UNIX_EPOCH;
    for trigger in [
        Trigger::segment_threshold_crossed("s", "*", Threshold::above(1_000.0)),
        Trigger::measure_threshold_crossed("m", "*", Threshold::above(0.0)).with_each_dimensions(),
        Trigger::refresh_completed("r"),
        Trigger::full_refresh_completed("f"),
        Trigger::unification_completed("u"),
    ] {
        engine.add(at, trigger.build().unwrap()).unwrap();
    }
    let mut receipts = BTreeMap::new();
    for event in events {
        let receipt: Receipt = engine.handle_event(at, event).unwrap();
        *receipts.entry(format!("{receipt:?}")).or_default() += 1;
        while engine.poll_firing().is_some() {}
    }
    receipts
}

#[test]
fn every_event_that_was_shown_reaches_the_engine_once_whatever_breaks() {
    let seeds: Vec<u64> = {
        let first = number_of("TRIPLINE_SEED", 0);
        (first..first + number_of("TRIPLINE_CASES", 500)).collect()
    };
    let share = seeds.len().div_ceil(available_parallelism().map_or(1, NonZero::get)).max(1);
    let totals = scope(|scope| {
        let workers: Vec<_> = seeds
            .chunks(share)
            .map(|seeds| {
                scope.spawn(move || {
                    let mut met: BTreeMap<String, u64> = BTreeMap::new();
                    for seed in seeds {
                        let host = ran(*seed, MINUTES, Crashes::Percent(2), Plant::None);
                        let faults = host.faults();
                        assert!(faults.is_empty(), "seed {seed}:\n{}", faults.join("\n"));
                        let receipts = receipts(&host.events);
                        assert!(!receipts.contains_key("Duplicate"), "seed {seed}: {receipts:?}");
                        assert!(!receipts.contains_key("Late"), "seed {seed}: {receipts:?}");
                        let own = host.met.iter().map(|(what, count)| ((*what).to_owned(), *count));
                        let counts = host
                            .poller
                            .counts()
                            .iter()
                            .map(|(what, count)| (format!("counts.{what}"), count));
                        for (what, count) in
                            own.chain(counts).chain([("events".to_owned(), host.events.len() as u64)])
                        {
                            *met.entry(what).or_default() += count;
                        }
                    }
                    met
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    let mut met: BTreeMap<String, u64> = BTreeMap::new();
    for (what, count) in totals.into_iter().flatten() {
        *met.entry(what).or_default() += count;
    }
    println!("{met:?}");
    // Each of these happens, and often.
    let wanted = [
        "crash",
        "renewal",
        "lost",
        "silence",
        "answer",
        "nothing",
        "401",
        "403",
        "429",
        "refusal",
        "wrong type",
        "cut",
        "counts.early",
        "counts.unknown_words",
        "counts.unreadable",
        "counts.throttled",
        "counts.given_up",
        "counts.not_ended",
        "counts.left_to_sources",
        "counts.ignored_answers",
        "counts.renewals",
    ];
    for what in wanted.iter().filter(|_| seeds.len() >= 100) {
        assert!(met.get(*what).is_some_and(|count| *count >= seeds.len() as u64 / 5), "{what}: {met:?}");
    }
}

#[test]
fn a_process_that_ends_at_any_step_loses_nothing_and_tells_nothing_twice() {
    for seed in [5, 7] {
        let whole = ran(seed, 4, Crashes::Never, Plant::None);
        assert_eq!(whole.faults(), [""; 0]);
        assert!(whole.events.len() > 10, "{}", whole.events.len());
        for step in 1..=whole.steps_before_it_settled {
            let host = ran(seed, 4, Crashes::At(step), Plant::None);
            assert_eq!(host.met["crash"], 1);
            let faults = host.faults();
            assert!(faults.is_empty(), "seed {seed}, step {step}:\n{}", faults.join("\n"));
            assert!(!receipts(&host.events).contains_key("Duplicate"), "seed {seed}, step {step}");
        }
    }
}

#[cfg(feature = "flow")]
#[test]
fn a_pipeline_that_keeps_the_cursor_with_the_events_has_each_once_after_every_crash() {
    for seed in 0..12 {
        let mut host = Host::new(seed, Crashes::Percent(8), Plant::None, seed % 4 == 3).with_pipeline();
        host.run(8);
        host.settle();
        let faults = host.faults();
        assert!(faults.is_empty(), "seed {seed}:\n{}", faults.join("\n"));
        assert!(host.met["crash"] > 5, "seed {seed}: {:?}", host.met);
        let pipeline = &host.stored.as_ref().unwrap().pipeline;
        assert_eq!(pipeline.counts().events(), host.events.len() as u64, "seed {seed}");
        assert_eq!(pipeline.counts().events(), host.poller.counts().events(), "seed {seed}");
    }
}

#[test]
fn a_host_that_does_not_store_both_or_neither_is_found_out() {
    for (plant, shows) in [
        (Plant::AcknowledgesTooSoon, "lost: "),
        (Plant::CursorFirst, "lost: "),
        (Plant::EventsFirst, "told twice: "),
    ] {
        let found = (0..40).any(|seed| {
            let host = ran(seed, MINUTES, Crashes::Percent(10), plant);
            host.faults().iter().any(|fault| fault.starts_with(shows))
        });
        assert!(found, "{plant:?}");
    }
}

//! Three nights at a customer-data platform, twelve triggers.
//!
//! `data/contoso-nights.jsonl` is the diagnostic log of an instance of Dynamics 365 Customer Insights: every night a
//! full refresh reads four data sources, unifies the customers (map, match, merge), counts six segments, computes
//! measures and exports. `data/contoso-measures.ndjson` has the values of the measures, which the log does not tell,
//! as CloudEvents. `data/contoso-triggers.json` says what to watch for.

use std::collections::VecDeque;
use std::error::Error;

use chrono::{DateTime, Utc};
use tripline::Trigger;
use tripline::builtin::customer_insights::LogReader;
use tripline::engine::Engine;
use tripline::event::Event;
use tripline::firing::Firing;

const TRIGGERS: &str = include_str!("../data/contoso-triggers.json");
const LOG: &[u8] = include_bytes!("../data/contoso-nights.jsonl");
const MEASURES: &str = include_str!("../data/contoso-measures.ndjson");

/// Gives what was noticed.
pub(crate) fn run() -> Result<Vec<Firing>, Box<dyn Error>> {
    let mut engine = Engine::new();
    let mut now = "2026-03-01T00:00:00Z".parse()?;
    // The first six are those of the Power Automate connector, the others go beyond it. A file with faults would be
    // answered with all of them, each with its place.
    for trigger in Trigger::list_from_json(TRIGGERS)? {
        engine.add(now, trigger)?;
    }
    let mut measures: VecDeque<Event<'_>> =
        MEASURES.lines().map(|line| Event::from_json(line.as_bytes())).collect::<Result<_, _>>()?;

    println!("Three nights at a customer-data platform\n");
    println!("{:<18}{:<19}what was noticed", "when", "trigger");
    // The log comes in pieces, as from a file or a socket; the reader makes events of its records.
    let mut log = LogReader::new();
    let mut noticed = Vec::new();
    for piece in LOG.chunks(4_096) {
        log.push(piece)?;
        while let Some(event) = log.poll_event() {
            let event = event?;
            let time = event.time().unwrap_or(now);
            // The measures' values come by another way: whatever is older goes first.
            while let Some(measure) = measures.front().filter(|measure| measure.time() < Some(time)) {
                let _ = engine.handle_event(time, measure)?;
                measures.pop_front();
            }
            now = now.max(time);
            let _ = engine.handle_event(now, &event)?;
            while let Some(firing) = engine.poll_firing() {
                tell(&firing);
                noticed.push(firing);
            }
        }
    }
    log.finish();
    if let Some(cut_off) = log.poll_event() {
        cut_off?;
    }
    for measure in &measures {
        let _ = engine.handle_event(now, measure)?;
    }

    // A day later: has anything become due?
    engine.handle_timeout("2026-03-04T00:00:00Z".parse()?)?;
    while let Some(firing) = engine.poll_firing() {
        tell(&firing);
        noticed.push(firing);
    }

    let (report, counts) = (log.report(), engine.counts());
    println!(
        "\n{} records: {} gave events, {} were about what had only begun, or were no news",
        report.records(),
        report.told(),
        report.ignored_in_all()
    );
    println!(
        "{} events, {} of them told twice, {} firings",
        counts.events(),
        counts.duplicates(),
        counts.firings()
    );
    Ok(noticed)
}

/// A firing in words.
fn tell(firing: &Firing) {
    let mut words = Vec::new();
    if let Some(item) = firing.item() {
        words.push(item.name().unwrap_or(item.id()).to_owned());
    }
    if let Some(series) = firing.series() {
        words.push(series.name().to_owned());
    }
    if let Some(outcome) = firing.outcome() {
        words.push(outcome.to_string());
    }
    if let Some(message) = firing.failure().and_then(|failure| failure.message()) {
        words.push(format!("({message})"));
    }
    if let Some(phases) = firing.phases() {
        let phases: Vec<_> = phases.iter().map(|(phase, outcome)| format!("{phase} {outcome}")).collect();
        words.push(format!("({})", phases.join(", ")));
    }
    if let Some(submission) = firing.submission() {
        words.push(format!("({submission})"));
    }
    if let (Some(before), Some(value)) = (firing.previous_value(), firing.value()) {
        words.push(format!("{before} -> {value}"));
    }
    match (firing.trigger_type(), firing.event()) {
        ("noData", Some(last)) => words.push(format!("no success since {}", minute(last.time()))),
        ("eventReceived", Some(event)) => words.push(format!("event of {}", minute(event.time()))),
        (_, Some(event)) if firing.due_at().is_some() => {
            words.push(format!("and no success since {}", minute(event.time())));
        }
        _ => {}
    }
    println!("{:<18}{:<19}{}", minute(firing.time()), firing.trigger(), words.join(" "));
}

fn minute(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M").to_string()
}

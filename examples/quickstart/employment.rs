//! Ten years of real figures, five triggers.
//!
//! The file `data/us-employment.csv` says how many people worked in each sector of the United States, month by month
//! from 2006 to 2015, in thousands. The engine is told what to watch for, is handed the months one after the other,
//! and what it notices is printed.

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tripline::Trigger;
use tripline::engine::Engine;
use tripline::event::{Dimensions, SeriesKind, SeriesRef, ValueObserved};
use tripline::firing::Firing;
use tripline::threshold::{Condition, Direction, Threshold, ThresholdBuilder};

const FIGURES: &str = include_str!("../data/us-employment.csv");

/// Who reports. A source, a kind, a name and dimensions make a series: here one for each sector.
const SOURCE: &str = "/bls/ces";

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    // What to watch for. Each trigger has an id, which its firings carry.
    let triggers = [
        // The plain one: fires when a value is above the bound and the one before was not.
        watch("all-jobs", "nonfarm", Threshold::above(138_000.0))?,
        // With `rearm`: having fired, it fires again only after the value was at 548 or below. What happens
        // between 548 and 552 changes nothing, so a value that dances around the bound fires once.
        watch("utilities", "utilities", Threshold::above(552.0).with_rearm(548.0))?,
        // With `hold`: the value must stay above for 60 days. One good month is no boom.
        watch("building-boom", "construction", Threshold::above(7_700.0).with_hold(days(60)))?,
        // Not a level but a step, from one report to the next; and not one sector but each of them, on its own.
        Trigger::measure_threshold_crossed(
            "plunge",
            "employment",
            Threshold::changes_by_percent(2.5).with_direction(Direction::Down),
        )
        .with_each_dimensions()
        .build()?,
        // The figures themselves are watched too: has anything at all come in during the last 45 days?
        Trigger::no_data("figures-missing", SeriesKind::MEASURE, "*", days(45)).build()?,
    ];

    // Time is an argument, everywhere: the engine reads no clock. So ten years take milliseconds, and the same
    // figures give the same firings each time.
    let mut months = FIGURES.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = months.next().ok_or("the file is empty")?;
    if header.first() != Some(&"month") || header.last() != Some(&"nonfarm_change") {
        return Err(format!("this is not the header that was expected: {header:?}").into());
    }
    let mut engine = Engine::new();
    let mut now = start_of("2006-01-01")?;
    for trigger in triggers {
        engine.add(now, trigger)?;
    }

    println!("People employed in the United States by sector, in thousands\n");
    println!("{:<12}{:<17}what was noticed", "when", "trigger");
    for month in months {
        if month.len() != header.len() {
            return Err(format!("{} has {} columns, not {}", month[0], month.len(), header.len()).into());
        }
        now = start_of(month[0])?;
        // The last column is a difference, not a sector.
        for (sector, value) in header.iter().zip(&month).skip(1).take(header.len() - 2) {
            // An event, as it would come from elsewhere as CloudEvents JSON (`Event::from_json` reads that).
            let event = ValueObserved::new("measure", "employment", value.parse::<f64>()?)
                .with_dimension("sector", *sector)
                .into_event(format!("{}/{sector}", month[0]), SOURCE)?
                .with_time(now);
            // The receipt says whether it was accepted, late or a duplicate.
            let _ = engine.handle_event(now, &event)?;
        }
        while let Some(firing) = engine.poll_firing() {
            tell(&firing);
        }
        // Why did it *not* fire? Whoever wonders asks the engine where a trigger stands on a series.
        if month[0] == "2010-12-01" {
            let utilities = [("sector", "utilities")];
            let series = SeriesRef::measure(SOURCE, "employment").with_dimensions(&utilities);
            let state = engine.state_of("utilities", &series).ok_or("it has reported for five years")?;
            let value = state.value().unwrap_or(f64::NAN);
            print_line(now, "utilities", &format!("NOTHING fires, though {value} is above 552 again:"));
            println!("{:<29}{},", "", state.reason());
            println!("{:<29}and it ends at 548 or below; it has not been there since", "");
        }
    }

    // The file is over, time is not. In a live program the loop waits until `poll_timeout()` says.
    engine.handle_timeout(start_of("2016-02-01")?)?;
    while let Some(firing) = engine.poll_firing() {
        tell(&firing);
    }

    let counts = engine.counts();
    println!(
        "\n{} events about {} series, {} firings",
        counts.events(),
        engine.series_count(),
        counts.firings()
    );
    Ok(())
}

/// A trigger on the employment of one sector.
fn watch(id: &str, sector: &str, threshold: ThresholdBuilder) -> Result<Trigger, tripline::Error> {
    let sector: Dimensions = [("sector", sector)].into_iter().collect();
    Trigger::measure_threshold_crossed(id, "employment", threshold).with_dimensions(sector).build()
}

/// A firing in words. (`to_json` gives all of it on one line, for programs.)
fn tell(firing: &Firing) {
    let sector = firing.series().and_then(|series| series.dimensions().get("sector")).unwrap_or("any sector");
    let (value, before) = (firing.value().unwrap_or(f64::NAN), firing.previous_value().unwrap_or(f64::NAN));
    let why = match (firing.condition(), firing.crossed_at()) {
        (Some(Condition::Above(bound)), Some(since)) if firing.due_at().is_some() => {
            format!("{sector}: above {bound} since {} without a break, now {value}", day(since))
        }
        (Some(Condition::Above(bound)), _) => format!("{sector}: {before} was not above {bound}, {value} is"),
        (Some(Condition::ChangesBy(_)), _) => {
            let percent = 100.0 * (before - value) / before;
            format!("{sector}: from {before} to {value} in a month, that is {percent:.1} % down")
        }
        _ => "no figures for 45 days".to_owned(),
    };
    print_line(firing.time(), firing.trigger(), &why);
}

fn print_line(time: DateTime<Utc>, trigger: &str, what: &str) {
    println!("{:<12}{trigger:<17}{what}", day(time));
}

fn day(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d").to_string()
}

fn start_of(day: &str) -> Result<DateTime<Utc>, chrono::ParseError> {
    format!("{day}T00:00:00Z").parse()
}

fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 3_600)
}

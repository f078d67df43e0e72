//! `memory-options`: what a trigger with its series takes where it asks for more.
//!
//! Every series is observed twice, outside and inside, and what fires is polled:
//! holds, reminders and what waits for late events are under way, cooldowns and
//! limits have something to remember.

use std::time::Duration;

use tripline::Trigger;
use tripline::engine::{Engine, Limits};
use tripline::event::SeriesRef;
use tripline::threshold::{Occurrences, OnFirst, Threshold, ThresholdBuilder};
use tripline::trigger::TriggerBuilder;

use crate::data::{self, instant};
use crate::memory::slope;
use crate::report::{Report, Row};
use crate::spread::{BOUND, drain};
use crate::{Failure, Size};

/// Marks an option among the sides of `memory`.
pub(crate) const PREFIX: &str = "option/";

const OPTIONS: [&str; 16] = [
    "plain",
    "rearm",
    "hold",
    "keep",
    "3-of-5",
    "3-within-1h",
    "on-first",
    "stale-after",
    "lateness",
    "remind-every",
    "notify-cleared",
    "cooldown",
    "limit",
    "long-names",
    "dimensions",
    "one-for-all",
];

const HOUR: Duration = Duration::from_secs(3_600);

fn threshold(option: &str) -> ThresholdBuilder {
    let above = Threshold::above(BOUND);
    match option {
        "rearm" => above.with_rearm(BOUND - 5.0),
        "hold" => above.with_hold(HOUR),
        "keep" => above.with_keep(HOUR),
        "3-of-5" => above.with_occurrences(Occurrences::of_last(3, 5)),
        "3-within-1h" => above.with_occurrences(Occurrences::within(3, HOUR)),
        "on-first" => above.with_on_first(OnFirst::Fire),
        "stale-after" => above.with_stale_after(24 * HOUR),
        "lateness" => above.with_lateness(HOUR),
        "remind-every" => above.with_remind_every(HOUR),
        "notify-cleared" => above.with_notify_cleared(true),
        _ => above,
    }
}

fn trigger(option: &str, id: String, name: &str) -> TriggerBuilder {
    let threshold = threshold(option);
    match option {
        "cooldown" => Trigger::segment_threshold_crossed(id, name, threshold).with_cooldown(HOUR),
        "limit" => Trigger::segment_threshold_crossed(id, name, threshold).with_limit(3, HOUR),
        "dimensions" | "one-for-all" => {
            Trigger::measure_threshold_crossed(id, name, threshold).with_each_dimensions()
        }
        _ => Trigger::segment_threshold_crossed(id, name, threshold),
    }
}

fn name(option: &str, series: usize) -> String {
    match option {
        "long-names" => format!("segment/{series:06}/of-a-name-that-goes-on-to-be-sixty-four-bytes"),
        "one-for-all" => "revenue".to_owned(),
        _ => data::name(series),
    }
}

/// An engine whose triggers all ask for the option.
pub(crate) fn engine(side: &str, n: usize) -> Result<Engine, Failure> {
    let option = side.strip_prefix(PREFIX).unwrap_or(side);
    let limits = Limits::default()
        .with_triggers(n + 1)
        .with_series(n + 1)
        .with_series_per_trigger(n + 1)
        .with_waiting(2 * n + 1);
    let mut engine = data::builder().with_limits(limits).build();
    let triggers = if option == "one-for-all" { 1 } else { n };
    for series in 0..triggers {
        let trigger = trigger(option, format!("t{series}"), &name(option, series));
        engine.add(instant(-1), trigger.build()?)?;
    }
    let mut fired = Vec::new();
    for (at, value) in [(instant(0), BOUND - 10.0), (instant(1_000), BOUND + 10.0)] {
        for series in 0..n {
            let name = name(option, series);
            if matches!(option, "dimensions" | "one-for-all") {
                let region = format!("{series:06}");
                let dimensions = [("region", region.as_str())];
                let series = SeriesRef::measure(data::SOURCE, &name).with_dimensions(&dimensions);
                let _ = engine.observe_series(at, &series, at, value)?;
            } else {
                let _ = engine.observe_series(at, &SeriesRef::segment(data::SOURCE, &name), at, value)?;
            }
            drain(&mut engine, &mut fired);
            fired.clear();
        }
    }
    Ok(engine)
}

pub(crate) fn run(size: Size, report: &mut Report) -> Result<(), Failure> {
    let (from, to) = size.pick((100_000, 1_000_000), (20_000, 200_000), (100, 1_000));
    for option in OPTIONS {
        let bytes = slope(&format!("{PREFIX}{option}"), from, to)?;
        report.add(Row::sized(("memory-options", to, format!("live/{option}")), bytes.live));
        if let Some(resident) = bytes.resident {
            report.add(Row::sized(("memory-options", to, format!("resident/{option}")), resident));
        }
    }
    Ok(())
}

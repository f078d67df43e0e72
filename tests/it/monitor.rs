//! `threshold` alone gives what the engine gives: the same thresholds over the same values.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tripline::engine::{Engine, Receipt};
use tripline::event::SeriesRef;
use tripline::threshold::{Direction, Monitor, Occurrences, OnFirst, OnMissing, Threshold, ThresholdBuilder};
use tripline::{ErrorKind, Trigger};

use crate::random::Random;

type Told = (String, DateTime<Utc>, Option<DateTime<Utc>>, Option<Duration>);

fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

fn threshold(random: &mut Random) -> ThresholdBuilder {
    let mut threshold = match random.below(8) {
        0 => Threshold::above(5.0).with_rearm(3.0),
        1 => Threshold::at_or_above(5.0),
        2 => Threshold::below(5.0).with_rearm(6.0),
        3 => Threshold::at_or_below(5.0),
        4 => Threshold::enters_range((3.0, 6.0)).with_rearm(1.0),
        5 => Threshold::leaves_range((2.0, 7.0)),
        6 => return Threshold::changes_by_percent(30.0).with_direction(Direction::Up),
        _ => Threshold::above(5.0).with_occurrences(Occurrences::of_last(2, 3)),
    };
    for _ in 0..random.below(4) {
        threshold = match random.below(8) {
            0 => threshold.with_hold(minutes(3)),
            1 => threshold.with_keep(minutes(2)),
            2 => threshold.with_stale_after(minutes(4)),
            3 => threshold.with_remind_every(minutes(2)),
            4 => threshold.with_notify_cleared(true),
            5 => threshold.with_on_first(OnFirst::Fire),
            6 => threshold.with_on_missing(OnMissing::Outside),
            _ => threshold.with_lateness(minutes(3)),
        };
    }
    threshold
}

#[test]
fn a_monitor_gives_the_firings_of_an_engine_with_one_trigger_and_one_series() {
    let (vip, start) = (SeriesRef::segment("/s", "vip"), DateTime::UNIX_EPOCH);
    let (mut told_in_all, mut late_in_all) = (0, 0);
    for seed in 0..3_000 {
        let mut random = Random(seed);
        let builder = threshold(&mut random);
        let mut monitor = Monitor::new(builder.clone().build().unwrap());
        let mut engine = Engine::new();
        engine.add(start, Trigger::segment_threshold_crossed("t", "vip", builder).build().unwrap()).unwrap();
        let mut minute: i64 = 0;
        for step in 0..40 {
            minute += random.below(3);
            let late = if random.below(8) == 0 { 2 } else { 0 };
            let at = start + TimeDelta::minutes(minute - late);
            if random.below(6) == 0 {
                monitor.handle_timeout(at).unwrap();
                engine.handle_timeout(at).unwrap();
            } else {
                let value = (random.below(10) > 0).then(|| random.below(10) as f64);
                let receipt = engine.observe_series(at, &vip, at, value.unwrap_or(f64::NAN)).unwrap();
                let result = monitor.handle_value(at, value).map_err(|error| error.kind());
                let expected = if receipt == Receipt::Late { Err(ErrorKind::Late) } else { Ok(()) };
                assert_eq!(result, expected, "seed {seed}, step {step}");
                late_in_all += usize::from(receipt == Receipt::Late);
            }
            let signals: Vec<Told> = std::iter::from_fn(|| monitor.poll_signal())
                .map(|signal| {
                    (signal.transition().to_string(), signal.time(), signal.due_at(), signal.length())
                })
                .collect();
            let firings: Vec<Told> = std::iter::from_fn(|| engine.poll_firing())
                .map(|firing| {
                    let due = firing.due_at();
                    (firing.transition().to_string(), firing.time(), due, firing.length())
                })
                .collect();
            assert_eq!(signals, firings, "seed {seed}, step {step}");
            assert_eq!(monitor.poll_timeout(), engine.poll_timeout(), "seed {seed}, step {step}");
            if let Some(state) = engine.state_of("t", &vip) {
                assert_eq!((monitor.side(), monitor.phase()), (state.side(), state.phase()), "seed {seed}");
            }
            told_in_all += firings.len();
        }
    }
    assert!(told_in_all > 10_000 && late_in_all > 1_000, "{told_in_all} told, {late_in_all} late");
}

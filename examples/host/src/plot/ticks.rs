//! Where an axis has its ticks, and what stands there.

use std::ops::Range;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How a time is written, and how many characters that takes.
type Format = (&'static str, i64);

const SECOND: Format = ("%H:%M:%S", 8);
const CLOCK: Format = ("%H:%M", 5);
const HOURS: Format = ("%m-%d %H:%M", 11);
const DATE: Format = ("%Y-%m-%d", 10);
const MONTH: Format = ("%Y-%m", 7);
const YEAR: Format = ("%Y", 4);

/// Steps in seconds, and how a time is written where ticks are that far apart.
const STEPS: [(i64, Format); 16] = [
    (1, SECOND),
    (5, SECOND),
    (15, SECOND),
    (MINUTE, CLOCK),
    (5 * MINUTE, CLOCK),
    (15 * MINUTE, CLOCK),
    (30 * MINUTE, CLOCK),
    (HOUR, CLOCK),
    (3 * HOUR, CLOCK),
    (6 * HOUR, HOURS),
    (12 * HOUR, HOURS),
    (DAY, DATE),
    (2 * DAY, DATE),
    (4 * DAY, DATE),
    (7 * DAY, DATE),
    (14 * DAY, DATE),
];

/// Where longer spans have ticks: at the beginnings of months, so many apart.
const MONTHS: [(u32, Format); 7] =
    [(1, MONTH), (3, MONTH), (6, MONTH), (12, YEAR), (24, YEAR), (60, YEAR), (120, YEAR)];

/// The ticks of an axis of time, in milliseconds, and how to write each.
pub struct Times {
    pub ticks: Vec<i64>,
    pub format: &'static str,
    /// The day, or that of the first tick, where ticks are told by the time of day alone.
    pub day: Option<String>,
}

/// The ticks over a range of milliseconds that so many characters have room for.
pub fn times(range: &Range<i64>, room: usize) -> Times {
    let seconds = (range.end - range.start).max(1_000) / 1_000;
    // Between two labels there is room for two more.
    let fits = |step: i64, (_, chars): Format| (seconds / step) * (chars + 2) <= room as i64;
    if let Some((step, (format, _))) = STEPS.into_iter().find(|(step, format)| fits(*step, *format)) {
        let (step, first) = (step * 1_000, range.start.div_euclid(step * 1_000) * step * 1_000);
        let ticks = (0..).map(|n| first + n * step).take_while(|at| *at <= range.end);
        let ticks: Vec<i64> = ticks.filter(|at| *at >= range.start).collect();
        let days = [ticks.first(), ticks.last()].map(|at| at.map(|at| written(*at, "%Y-%m-%d")));
        let day = match days {
            [Some(first), Some(last)] if first == last => Some(first),
            [Some(first), _] => Some(format!("from {first}")),
            _ => None,
        };
        return Times { ticks, format, day: day.filter(|_| !format.contains("%d")) };
    }
    let found = MONTHS.into_iter().find(|(months, format)| fits(i64::from(*months) * 30 * DAY, *format));
    let (months, (format, _)) = found.unwrap_or((1_200, YEAR));
    let ticks = beginnings(range, months);
    Times { ticks, format, day: None }
}

fn beginnings(range: &Range<i64>, months: u32) -> Vec<i64> {
    let Some(first) = DateTime::<Utc>::from_timestamp_millis(range.start) else { return Vec::new() };
    let number = |n: u32| {
        let month = first.year() * 12 / months as i32 * months as i32 + (n * months) as i32;
        let day = NaiveDate::from_ymd_opt(month.div_euclid(12), month.rem_euclid(12) as u32 + 1, 1)?;
        Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
    };
    let ticks = (0..10_000).map_while(number).skip_while(|at| *at < range.start);
    ticks.take_while(|at| *at <= range.end).collect()
}

/// A time as a tick says it.
pub fn written(millis: i64, format: &str) -> String {
    DateTime::<Utc>::from_timestamp_millis(millis)
        .map_or_else(String::new, |at| at.format(format).to_string())
}

/// The ticks of an axis of numbers, at most about so many, and how many digits behind the point they need.
pub fn numbers(range: &Range<f64>, most: usize) -> (Vec<f64>, usize) {
    let rough = (range.end - range.start) / most as f64;
    let magnitude = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * magnitude).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    let first = (range.start / step).ceil();
    // By the number of the tick, so that nothing adds up. A step that is lost in the numbers' size makes no tick.
    let ticks = (0..=2 * most).map(|n| (first + n as f64) * step).take_while(|tick| *tick <= range.end);
    let mut ticks: Vec<f64> = ticks.collect();
    ticks.dedup();
    let digits = (-(step.log10() + 1e-9).floor()).clamp(0.0, 12.0) as usize;
    (ticks, digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<DateTime<Utc>>().unwrap().timestamp_millis()
    }

    fn told(from: &str, to: &str) -> Vec<String> {
        let times = times(&(at(from)..at(to)), 42);
        times.ticks.iter().map(|tick| written(*tick, times.format)).collect()
    }

    #[test]
    fn ticks_of_time_stand_at_round_times() {
        assert_eq!(
            told("2026-03-01T02:10:00Z", "2026-03-01T04:40:00Z"),
            ["02:30", "03:00", "03:30", "04:00", "04:30"]
        );
        assert_eq!(told("2026-03-01T02:10:00Z", "2026-03-03T02:40:00Z"), ["2026-03-02", "2026-03-03"]);
        assert_eq!(told("2026-03-01T02:10:00Z", "2026-03-02T08:00:00Z"), ["03-01 12:00", "03-02 00:00"]);
        assert_eq!(
            told("2006-01-01T00:00:00Z", "2015-12-01T00:00:00Z"),
            ["2006", "2008", "2010", "2012", "2014"]
        );
        assert_eq!(
            told("2025-11-15T00:00:00Z", "2026-03-03T00:00:00Z"),
            ["2025-12", "2026-01", "2026-02", "2026-03"]
        );
        assert_eq!(
            told("2026-03-01T00:00:00Z", "2026-03-01T00:00:02Z"),
            ["00:00:00", "00:00:01", "00:00:02"]
        );
        let day = |from, to| times(&(at(from)..at(to)), 42).day;
        assert_eq!(day("2026-03-01T23:50:00Z", "2026-03-02T02:00:00Z"), Some("2026-03-02".to_owned()));
        assert_eq!(day("2026-03-01T22:50:00Z", "2026-03-02T02:00:00Z"), Some("from 2026-03-01".to_owned()));
        assert_eq!(day("2026-03-01T22:50:00Z", "2026-03-04T02:00:00Z"), None);
        let long = times(&(at("0001-01-01T00:00:00Z")..at("9999-01-01T00:00:00Z")), 42);
        assert!(long.ticks.len() <= 100, "{}", long.ticks.len());
    }

    #[test]
    fn ticks_of_numbers_are_round_and_never_too_many() {
        assert_eq!(numbers(&(948.0..1_050.0), 5), (vec![950.0, 1_000.0, 1_050.0], 0));
        assert_eq!(numbers(&(0.0..1.0), 5).0.len(), 6);
        assert_eq!(numbers(&(0.0..1.0), 5).1, 1);
        for range in [1e15..1e15 + 0.25, -1e300..1e300, 0.0..1e-300, -5.0..-4.999] {
            let (ticks, _) = numbers(&range, 5);
            assert!(ticks.len() <= 11, "{range:?}: {ticks:?}");
        }
    }
}

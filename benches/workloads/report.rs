//! The table, and the JSON lines.

use serde::Serialize;

use crate::meter::Rounds;

/// A line of the report, with the members that SPEC names.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    pub(crate) workload: &'static str,
    pub(crate) n: usize,
    pub(crate) lane: String,
    /// In one round.
    pub(crate) events: usize,
    /// The median over rounds.
    pub(crate) ns_per_event: Option<f64>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) limit_ns: Option<f64>,
    /// To the limit; for `memory` in bytes.
    pub(crate) ratio: Option<f64>,
    pub(crate) target: Option<f64>,
    pub(crate) allocs_per_event: Option<f64>,
    pub(crate) bytes_per_trigger: Option<f64>,
}

impl Row {
    /// A timed row.
    pub(crate) fn timed(
        (workload, n, lane): (&'static str, usize, &str),
        events: usize,
        rounds: &Rounds,
        target: Option<f64>,
        bytes_per_trigger: f64,
    ) -> Self {
        let (median, min, max) = rounds.lane();
        Self {
            workload,
            n,
            lane: lane.to_owned(),
            events,
            ns_per_event: Some(round(median)),
            min: Some(round(min)),
            max: Some(round(max)),
            limit_ns: Some(round(rounds.limit())),
            ratio: Some(round(rounds.ratio())),
            target,
            allocs_per_event: Some(round(rounds.allocations())),
            bytes_per_trigger: Some(round(bytes_per_trigger)),
        }
    }
}

impl Row {
    /// A row that only says how much room something takes.
    pub(crate) fn sized((workload, n, lane): (&'static str, usize, String), bytes_per_trigger: f64) -> Self {
        Self {
            workload,
            n,
            lane,
            events: 0,
            ns_per_event: None,
            min: None,
            max: None,
            limit_ns: None,
            ratio: None,
            target: None,
            allocs_per_event: None,
            bytes_per_trigger: Some(round(bytes_per_trigger)),
        }
    }
}

/// To three decimals: the rest is noise.
pub(crate) fn round(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

pub(crate) struct Report {
    json: bool,
    test: bool,
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn new(json: bool, test: bool) -> Self {
        if !json && !test {
            println!(
                "{:<14} {:>9} {:<20} {:>9} {:>9} {:>9} {:>9} {:>9} {:>6} {:>7} {:>9} {:>9}",
                "workload",
                "n",
                "lane",
                "events",
                "ns/event",
                "min",
                "max",
                "limit ns",
                "ratio",
                "target",
                "allocs/ev",
                "B/trigger"
            );
        }
        Self { json, test, rows: Vec::new() }
    }

    /// Prints a row as soon as it is there.
    pub(crate) fn add(&mut self, row: Row) {
        if self.test {
            println!("{} n={} {}: ok", row.workload, row.n, row.lane);
        } else if self.json {
            match serde_json::to_string(&row) {
                Ok(line) => println!("{line}"),
                Err(error) => eprintln!("{error}"),
            }
        } else {
            let Row { workload, n, lane, events, ns_per_event, min, max, limit_ns, .. } = &row;
            println!(
                "{workload:<14} {n:>9} {lane:<20} {events:>9} {:>9} {:>9} {:>9} {:>9} {:>6} {:>7} {:>9} {:>9}{}",
                number(*ns_per_event, 1),
                number(*min, 1),
                number(*max, 1),
                number(*limit_ns, 1),
                number(row.ratio, 2),
                number(row.target, 2),
                number(row.allocs_per_event, 3),
                number(row.bytes_per_trigger, 1),
                mark(&row)
            );
        }
        self.rows.push(row);
    }

    /// Says how many rows are where they should be; on standard error, beside the lines.
    pub(crate) fn close(&self) {
        if self.test {
            return;
        }
        let over = |by: f64| {
            let is_over = |row: &&Row| matches!((row.ratio, row.target), (Some(r), Some(t)) if r > t * by);
            self.rows.iter().filter(is_over).count()
        };
        let aimed = self.rows.iter().filter(|row| row.ratio.is_some() && row.target.is_some()).count();
        eprintln!(
            "{} of {aimed} within their target, {} above three times theirs",
            aimed - over(1.0),
            over(3.0)
        );
    }
}

fn mark(row: &Row) -> &'static str {
    match (row.ratio, row.target) {
        (Some(ratio), Some(target)) if ratio > 3.0 * target => "  above three times the target",
        (Some(ratio), Some(target)) if ratio > target => "  above the target",
        _ => "",
    }
}

fn number(number: Option<f64>, decimals: usize) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.decimals$}"))
}

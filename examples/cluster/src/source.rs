//! What happens: the quickstart's data, many times over.
//!
//! Ten years of employment figures come from several reporters, and meanwhile three nights of a customer-data platform happen at
//! several instances, round after round. A seed says which records never come and which are told twice. It is
//! the same for whoever asks, so that whoever feeds can begin anew, and what comes of it can be worked out apart.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tripline::Trigger;
use tripline::action::RetryPolicy;
use tripline::builtin::customer_insights::LogReader;
use tripline::event::{Data, Dimensions, Event, SeriesKind, ValueObserved};
use tripline::flow::{Flow, Step};
use tripline::threshold::{Direction, Threshold, ThresholdBuilder};

use crate::Failure;
use crate::actions::TELL;
use crate::dice::Dice;

const TRIGGERS: &str = include_str!("../../data/contoso-triggers.json");
const LOG: &[u8] = include_bytes!("../../data/contoso-nights.jsonl");
const MEASURES: &str = include_str!("../../data/contoso-measures.ndjson");
const FIGURES: &str = include_str!("../../data/us-employment.csv");

/// How far behind the first telling the second one is at most, in events.
const BEHIND: u64 = 40;

/// How long the figures go on.
const YEARS: u32 = 10;

/// Of a hundred records at an instance, so many never come.
const LOST: u64 = 3;

/// How much happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Who reports employment: 2,640 figures each.
    pub reporters: u32,
    /// Instances of the platform: some eighty records a round each.
    pub instances: u32,
    /// How often there are three nights, in the ten years.
    pub rounds: u32,
    /// Of a hundred events, so many are told twice.
    pub twice: u64,
    pub seed: u64,
}

impl Source {
    /// All events in the order of their times, but for those that are told a second time.
    ///
    /// # Errors
    ///
    /// Where the data is not what it was.
    pub fn events(self) -> Result<Vec<Event<'static>>, Failure> {
        let mut dice = Dice::new(self.seed);
        let mut events = self.employment()?;
        events.extend(self.nights(&mut dice)?);
        events.sort_by_key(Event::time);
        let mut told: Vec<(u64, Event<'static>)> = Vec::with_capacity(events.len());
        for (place, event) in (0..).zip(events) {
            if dice.below(100) < self.twice {
                told.push((place + 1 + dice.below(BEHIND), event.clone()));
            }
            told.push((place, event));
        }
        told.sort_by_key(|(place, _)| *place);
        Ok(told.into_iter().map(|(_, event)| event).collect())
    }

    fn employment(self) -> Result<Vec<Event<'static>>, Failure> {
        let mut lines = FIGURES.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let header = lines.next().ok_or("the figures are empty")?;
        let sectors = &header[1..header.len() - 1];
        let mut events = Vec::new();
        for line in lines {
            let month: DateTime<Utc> = format!("{}T00:00:00Z", line[0]).parse()?;
            for reporter in 0..self.reporters {
                // Each counts a little differently, and some of them a few days later.
                let share = 1.0 + (f64::from(reporter * 7_919 % 21) - 10.0) / 2_000.0;
                let at = month + TimeDelta::days(i64::from(reporter % 4));
                for (&sector, value) in sectors.iter().zip(&line[1..]) {
                    let value = (value.parse::<f64>()? * share * 10.0).round() / 10.0;
                    let event = ValueObserved::new("measure", "employment", value)
                        .with_dimension("sector", sector)
                        .into_event(format!("{}/{sector}", line[0]), format!("/bls/ces/{reporter}"))?;
                    events.push(event.with_time(at));
                }
            }
        }
        Ok(events)
    }

    fn nights(self, dice: &mut Dice) -> Result<Vec<Event<'static>>, Failure> {
        let nights = three_nights()?;
        let mut events = Vec::new();
        let first = nights.iter().filter_map(Event::time).min().ok_or("no records")?;
        for round in 0..self.rounds {
            let begins = start() + TimeDelta::days(i64::from(1 + YEARS * 365 * round / self.rounds));
            for event in &nights {
                let time = begins + (event.time().ok_or("a record without a time")? - first);
                let text = event.data().and_then(Data::as_json).ok_or("a record without data")?;
                // A job of its own each time.
                let text = text.replace("-4a3b-8d0e-", &format!("-{round:04x}-8d0e-"));
                for instance in 0..self.instances {
                    if dice.below(100) < LOST {
                        continue;
                    }
                    let (id, source) =
                        (format!("{round}/{}", event.id()), format!("/instances/contoso-{instance}"));
                    let same = Event::new(id, source, event.event_type().to_owned())?;
                    events.push(same.with_time(time).with_data(Data::json(text.clone())?));
                }
            }
        }
        Ok(events)
    }
}

/// When watching begins: before anything happens.
pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_135_987_200, 0).unwrap_or_default() // 2005-12-31
}

/// The quickstart's triggers, each with a step that tells somebody.
///
/// # Errors
///
/// Where the file of triggers is not what it was.
pub fn flows() -> Result<Vec<Flow>, Failure> {
    let days = |count: u64| Duration::from_secs(count * 24 * 3_600);
    let mut triggers = vec![
        watch("all-jobs", "nonfarm", Threshold::above(138_000.0))?,
        watch("utilities", "utilities", Threshold::above(552.0).with_rearm(548.0))?,
        watch("building-boom", "construction", Threshold::above(7_700.0).with_hold(days(60)))?,
        Trigger::measure_threshold_crossed(
            "plunge",
            "employment",
            Threshold::changes_by_percent(2.5).with_direction(Direction::Down),
        )
        .with_each_dimensions()
        .build()?,
        Trigger::no_data("figures-missing", SeriesKind::MEASURE, "*", days(45)).build()?,
    ];
    triggers.extend(Trigger::list_from_json(TRIGGERS)?);
    // One of them is cut off by every kill, and due again at once.
    let retry = RetryPolicy::fixed(90, Duration::from_secs(5)).build()?;
    let flows = triggers.into_iter().map(|trigger| {
        let tell = Step::new("tell", TELL)
            .with_connection("people")
            .with_input("text", "{{ trigger.trigger }} {{ trigger.transition }} at {{ trigger.time }}")
            .with_retry(retry.clone());
        Flow::builder(trigger).with_step(tell).build()
    });
    Ok(flows.collect::<Result<_, _>>()?)
}

fn watch(id: &str, sector: &str, threshold: ThresholdBuilder) -> Result<Trigger, tripline::Error> {
    let sector: Dimensions = [("sector", sector)].into_iter().collect();
    Trigger::measure_threshold_crossed(id, "employment", threshold).with_dimensions(sector).build()
}

fn three_nights() -> Result<Vec<Event<'static>>, Failure> {
    let mut log = LogReader::new();
    log.push(LOG)?;
    log.finish();
    let mut events = Vec::new();
    while let Some(event) = log.poll_event() {
        events.push(event?);
    }
    for line in MEASURES.lines() {
        let measure = Event::from_json(line.as_bytes())?.into_owned();
        let text = measure.data().and_then(Data::as_json).ok_or("a measure without data")?;
        // It is compared with what it says, not with how the file spaces it.
        let value: Value = serde_json::from_str(text)?;
        let data = Data::json(value.to_string())?;
        events.push(measure.with_data(data));
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: Source = Source { reporters: 2, instances: 3, rounds: 2, twice: 5, seed: 7 };

    #[test]
    fn what_happens_is_the_same_for_whoever_asks_and_another_seed_is_another_history() {
        let json =
            |source: Source| -> Vec<String> { source.events().unwrap().iter().map(Event::to_json).collect() };
        assert_eq!(json(SOURCE), json(SOURCE));
        assert_ne!(json(SOURCE), json(Source { seed: 8, ..SOURCE }));
    }

    #[test]
    fn about_as_many_are_told_twice_as_shall_be_and_they_are_the_only_ones_out_of_order() {
        let mut seen = std::collections::BTreeSet::new();
        let mut latest = start();
        let (mut twice, mut late) = (0, 0);
        let events = SOURCE.events().unwrap();
        for event in &events {
            let is_new = seen.insert((event.source().to_owned(), event.id().to_owned()));
            twice += usize::from(!is_new);
            late += usize::from(is_new && event.time().unwrap() < latest);
            latest = latest.max(event.time().unwrap());
        }
        assert_eq!(late, 0);
        assert!((200..400).contains(&twice), "{twice} of {}", events.len());
    }
}

//! `lines`: `spread` as text, from lines of JSON to firings.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use serde::Deserialize;
use tripline::engine::{Engine, FiringBrief, Receipt};
use tripline::event::Event;

use crate::data::{self, Digest, Record, instant};
use crate::meter::{Rounds, Sample, live_bytes, measure};
use crate::report::{Report, Row};
use crate::spread::{Entry, NameMap, Walks, drain, engine};
use crate::{BATCH, Failure, Size};

const TARGET: f64 = 1.25;

/// The ids that an engine remembers.
const IDS: usize = 1_000_000;

/// What the limit reads of a line.
#[derive(Deserialize)]
struct Line<'a> {
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    event_type: &'a str,
    time: &'a str,
    data: Value<'a>,
}

#[derive(Deserialize)]
struct Value<'a> {
    kind: &'a str,
    name: &'a str,
    value: f64,
}

/// The limit: what it remembers of events, and the state of every series.
struct Limit {
    random: RandomState,
    seen: HashTable<u64>,
    ring: VecDeque<u64>,
    map: NameMap,
}

impl Limit {
    fn new(map: NameMap) -> Self {
        let (seen, ring) = (HashTable::with_capacity(IDS), VecDeque::with_capacity(IDS));
        Self { random: RandomState::default(), seen, ring, map }
    }

    #[inline(always)]
    fn is_new(&mut self, source: &str, id: &str) -> bool {
        let hash = self.random.hash_one((source, id));
        if self.seen.find(hash, |&other| other == hash).is_some() {
            return false;
        }
        if self.ring.len() == IDS
            && let Some(oldest) = self.ring.pop_front()
            && let Ok(entry) = self.seen.find_entry(oldest, |&other| other == oldest)
        {
            entry.remove();
        }
        self.ring.push_back(hash);
        self.seen.insert_unique(hash, hash, |&other| other);
        true
    }

    #[inline(never)]
    fn run(&mut self, text: &str, fired: &mut Vec<Record>) -> Result<(), Failure> {
        for line in text.lines() {
            let Line { id, source, event_type, time, data } = serde_json::from_str(line)?;
            let at = time_of(time).ok_or("no time")?;
            let is_wanted = event_type == "tripline.value.observed" && data.kind == "segment";
            if self.is_new(source, id)
                && is_wanted
                && let Some(entry) = self.map.get_mut(data.name)
            {
                entry.observe(at, data.value, fired);
            }
        }
        Ok(())
    }
}

/// A time as the lines have it: `2023-11-14T22:13:20.123Z`.
#[inline(always)]
fn time_of(text: &str) -> Option<DateTime<Utc>> {
    let text: &[u8; 24] = text.as_bytes().try_into().ok()?;
    let digits = |from: usize, to: usize| {
        text[from..to].iter().fold(0, |number: i64, digit| number * 10 + i64::from(digit & 15))
    };
    // The days since 1970 (Howard Hinnant's `days_from_civil`), for years from 0 on.
    let (year, month, day) = (digits(0, 4), digits(5, 7), digits(8, 10));
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = days * 86_400 + digits(11, 13) * 3_600 + digits(14, 16) * 60 + digits(17, 19);
    DateTime::from_timestamp_millis(seconds * 1_000 + digits(20, 23))
}

#[inline(never)]
fn events_lane(
    engine: &mut Engine,
    now: DateTime<Utc>,
    text: &str,
    fired: &mut Vec<FiringBrief>,
) -> Result<(), Failure> {
    for (place, line) in text.lines().enumerate() {
        let event = Event::from_json(line.as_bytes())?;
        match engine.handle_event(now, &event)? {
            Receipt::Accepted => {}
            other => return Err(format!("{other:?}: {line}").into()),
        }
        if (place + 1).is_multiple_of(BATCH) {
            drain(engine, fired);
        }
    }
    drain(engine, fired);
    Ok(())
}

/// Both sides, in the same state.
pub(crate) struct Sides {
    n: usize,
    walks: Walks,
    engine: Engine,
    limit: Limit,
    fired: Vec<FiringBrief>,
    records: Vec<Record>,
    engine_bytes: f64,
}

impl Sides {
    pub(crate) fn new(n: usize, events: usize) -> Result<Self, Failure> {
        let walks = Walks::new(n);
        let before = live_bytes();
        let engine = engine(n, |series| walks.value(series))?;
        let engine_bytes = live_bytes() - before;
        let mut map = NameMap::with_hasher(RandomState::default());
        for series in 0..n {
            map.insert(data::name(series).into(), Entry::new(walks.value(series), series));
        }
        let (fired, records) = (Vec::with_capacity(events), Vec::with_capacity(events));
        Ok(Self { n, walks, engine, limit: Limit::new(map), fired, records, engine_bytes })
    }

    /// The next events, a line each.
    fn next(&mut self, events: usize) -> (DateTime<Utc>, String) {
        use std::fmt::Write;
        let (mut text, mut now) = (String::with_capacity(310 * events), instant(-1));
        let first = self.walks.number();
        let (_, numbers) = self.walks.next(events);
        for (number, (series, at, value)) in (first..).zip(numbers) {
            let time = at.format("%Y-%m-%dT%H:%M:%S%.3fZ");
            // Writing to a `String` does not fail.
            let _ = writeln!(
                text,
                r#"{{"specversion":"1.0","id":"obs-{number:012}","source":"{source}","type":"tripline.value.observed","time":"{time}","datacontenttype":"application/json","subject":"segment/{series:06}","data":{{"kind":"segment","name":"segment/{series:06}","value":{value},"owners":["ana@contoso.example"]}}}}"#,
                source = data::SOURCE,
            );
            now = at;
        }
        (now, text)
    }

    pub(crate) fn round(&mut self, events: usize, limit_first: bool) -> Result<(Sample, Sample), Failure> {
        let (now, text) = self.next(events);
        self.fired.clear();
        self.records.clear();
        let Self { engine, limit, fired, records, .. } = self;
        let mut limit = || measure(events, || limit.run(&text, records));
        let mut lane = || measure(events, || events_lane(engine, now, &text, fired));
        let ((lane_done, sample), (limit_done, limit)) = if limit_first {
            let limit = limit();
            (lane(), limit)
        } else {
            (lane(), limit())
        };
        lane_done?;
        limit_done?;
        let what = format!("lines n={}", self.n);
        data::verify(&what, Digest::of_briefs(&self.fired), Digest::of_records(&self.records))?;
        Ok((sample, limit))
    }
}

pub(crate) fn run(size: Size, report: &mut Report) -> Result<(), Failure> {
    let n = size.pick(100_000, 100_000, 100);
    let (events, rounds) = (size.pick(200_000, 200_000, 2_500), size.pick(30, 6, 1));
    let mut sides = Sides::new(n, events)?;
    let mut pairs = Rounds::default();
    for round in 0..rounds {
        let (sample, limit) = sides.round(events, round % 2 == 0)?;
        pairs.push(sample, limit);
    }
    let bytes = sides.engine_bytes / n as f64;
    report.add(Row::timed(("lines", n, "events"), events, &pairs, Some(TARGET), bytes));
    Ok(())
}

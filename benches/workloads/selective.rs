//! `selective`: many triggers, each on how the refresh of one data source ends.

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use tripline::engine::{Engine, FiringBrief, Limits, RefreshObservation};
use tripline::event::{Item, Outcome, Process, RefreshCompleted};
use tripline::{Error, Trigger};

use crate::data::{self, Digest, Record, SplitMix, instant};
use crate::meter::{Rounds, Sample, live_bytes, measure};
use crate::report::{Report, Row};
use crate::spread::drain;
use crate::{BATCH, Failure, Size};

const SEED: u64 = 0x7219_11E0_0000_0003;
const TARGET: f64 = 1.5;

/// Both sides read the same tasks; that its outcome is a failure is given to the limit.
pub(crate) struct Tick<'a> {
    pub(crate) task: RefreshCompleted<'a>,
    pub(crate) failed: bool,
    pub(crate) at: DateTime<Utc>,
}

/// What a trigger asks: a data source, by its id or by its name, and an outcome.
pub(crate) struct Ask {
    source: usize,
    pub(crate) failed: bool,
    by_id: bool,
}

impl Ask {
    pub(crate) fn name(&self) -> String {
        let mut text = String::new();
        if self.by_id {
            push_id(&mut text, self.source);
        } else {
            push_name(&mut text, self.source);
        }
        text
    }
}

/// What the triggers ask, and the generator after them.
pub(crate) fn asks(n: usize) -> (Vec<Ask>, SplitMix) {
    let mut random = SplitMix::new(SEED);
    let mut ask = |trigger: usize| {
        let source = random.below(2 * n as u64) as usize;
        Ask { source, failed: random.next() & 1 == 1, by_id: trigger.is_multiple_of(2) }
    };
    let asks = (0..n).map(&mut ask).collect();
    (asks, random)
}

fn push_id(text: &mut String, source: usize) {
    use std::fmt::Write;
    // Writing to a `String` does not fail.
    let _ = write!(text, "source/{source:06}");
}

fn push_name(text: &mut String, source: usize) {
    use std::fmt::Write;
    // Writing to a `String` does not fail.
    let _ = write!(text, "Source {source:06}");
}

/// The limit: who asks for an id or for a name, and for which outcome.
type Asked = HashMap<Box<str>, Vec<(u32, bool)>, RandomState>;

#[inline(never)]
fn limit(asked: &Asked, ticks: &[Tick<'_>], fired: &mut Vec<Record>) {
    for Tick { task, failed, at } in ticks {
        let Some(item) = task.item() else { continue };
        let by_name = item.name().and_then(|name| asked.get(name));
        for list in [asked.get(item.id()), by_name].into_iter().flatten() {
            for &(trigger, wants_failed) in list {
                if wants_failed == *failed {
                    fired.push(Record { trigger, time: *at });
                }
            }
        }
    }
}

#[inline(never)]
fn refresh_lane(engine: &mut Engine, ticks: &[Tick<'_>], fired: &mut Vec<FiringBrief>) -> Result<(), Error> {
    for part in ticks.chunks(BATCH) {
        for Tick { task, at, .. } in part {
            let _ = engine.observe_refresh(*at, data::SOURCE, *at, task)?;
        }
        drain(engine, fired);
    }
    Ok(())
}

#[inline(never)]
fn batch_lane(engine: &mut Engine, ticks: &[Tick<'_>], fired: &mut Vec<FiringBrief>) -> Result<(), Failure> {
    for part in ticks.chunks(BATCH) {
        let Some(last) = part.last() else { continue };
        let report = engine.observe_refreshes_of(last.at, part, |tick| {
            RefreshObservation::new(data::SOURCE, tick.at, &tick.task)
        });
        if report.taken() != part.len() || !report.refused().is_empty() {
            return Err(format!("{report:?}").into());
        }
        drain(engine, fired);
    }
    Ok(())
}

/// The ways in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Refresh,
    Batch,
}

impl Lane {
    pub(crate) const ALL: [Self; 2] = [Self::Refresh, Self::Batch];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Batch => "batch",
        }
    }
}

/// Both sides, in the same state.
pub(crate) struct Sides {
    n: usize,
    random: SplitMix,
    /// Events so far.
    number: i64,
    engine: Engine,
    asked: Asked,
    fired: Vec<FiringBrief>,
    records: Vec<Record>,
    pub(crate) engine_bytes: f64,
}

impl Sides {
    pub(crate) fn new(n: usize, events: usize) -> Result<Self, Failure> {
        let (asks, random) = asks(n);
        let before = live_bytes();
        let mut engine = engine(&asks)?;
        let engine_bytes = live_bytes() - before;
        let mut asked = Asked::with_hasher(RandomState::default());
        for (trigger, ask) in (0..).zip(&asks) {
            asked.entry(ask.name().into()).or_default().push((trigger, ask.failed));
        }
        // Some instants have several firings.
        let (fired, records) = (Vec::with_capacity(2 * events), Vec::with_capacity(2 * events));
        // The engine meets each source once, untimed, with an outcome that nobody asks for.
        let start = instant(-1);
        for source in 0..2 * n {
            let (mut id, mut name) = (String::new(), String::new());
            push_id(&mut id, source);
            push_name(&mut name, source);
            let item = Item::new(id).with_name(name);
            let task = RefreshCompleted::new(Process::INGESTION, Outcome::SKIPPED).with_item(item);
            let _ = engine.observe_refresh(start, data::SOURCE, start, &task)?;
        }
        Ok(Self { n, random, number: 0, engine, asked, fired, records, engine_bytes })
    }

    /// The texts of the next events one after the other, and for each its source and outcome.
    fn next(&mut self, events: usize) -> (String, Vec<bool>) {
        let (mut texts, mut failed) = (String::new(), Vec::with_capacity(events));
        for _ in 0..events {
            let source = self.random.below(2 * self.n as u64) as usize;
            push_id(&mut texts, source);
            push_name(&mut texts, source);
            failed.push(self.random.below(10) == 0);
        }
        (texts, failed)
    }

    /// One round of both; then `beside` is shown what was observed and what must have fired.
    pub(crate) fn round(
        &mut self,
        lane: Lane,
        events: usize,
        limit_first: bool,
        beside: impl FnOnce(&[Tick<'_>], &[Record]) -> Result<(), Failure>,
    ) -> Result<(Sample, Sample), Failure> {
        let (name, (texts, outcomes)) = (lane.name(), self.next(events));
        let width = texts.len() / events / 2;
        let mut ticks = Vec::with_capacity(events);
        for (place, failed) in outcomes.into_iter().enumerate() {
            let text = |at: usize| &texts[at * width..][..width];
            let item = Item::new(text(2 * place)).with_name(text(2 * place + 1));
            let outcome = if failed { Outcome::FAILED } else { Outcome::SUCCEEDED };
            let task = RefreshCompleted::new(Process::INGESTION, outcome).with_item(item);
            ticks.push(Tick { task, failed, at: instant(self.number) });
            self.number += 1;
        }
        self.fired.clear();
        self.records.clear();
        let Self { engine, asked, fired, records, .. } = self;
        let mut limit = || measure(events, || limit(asked, &ticks, records)).1;
        let mut lane = || match lane {
            Lane::Refresh => measure(events, || Ok(refresh_lane(engine, &ticks, fired)?)),
            Lane::Batch => measure(events, || batch_lane(engine, &ticks, fired)),
        };
        let ((done, sample), limit) = if limit_first {
            let limit = limit();
            (lane(), limit)
        } else {
            (lane(), limit())
        };
        done?;
        let what = format!("selective n={} {}", self.n, name);
        data::verify(&what, Digest::of_briefs(&self.fired), Digest::of_records(&self.records))?;
        beside(&ticks, &self.records)?;
        Ok((sample, limit))
    }
}

fn engine(asks: &[Ask]) -> Result<Engine, Error> {
    let limits = Limits::default().with_triggers(asks.len() + 1).with_series(2 * asks.len() + 1);
    let mut engine = data::builder().with_limits(limits).build();
    for (trigger, ask) in asks.iter().enumerate() {
        let id = format!("t{trigger}");
        let trigger = match ask.failed {
            true => Trigger::data_source_refresh_failed(id, ask.name()),
            false => Trigger::data_source_refresh_succeeded(id, ask.name()),
        };
        engine.add(instant(-1), trigger.build()?)?;
    }
    Ok(engine)
}

pub(crate) fn run(size: Size, report: &mut Report) -> Result<(), Failure> {
    let sizes: &[usize] = size.pick(&[1_000, 100_000], &[1_000, 100_000], &[10, 100]);
    let (events, rounds) = (size.pick(200_000, 200_000, 2_500), size.pick(30, 6, 1));
    for &n in sizes {
        let mut sides = Sides::new(n, events)?;
        let mut lanes = Lane::ALL.map(|lane| (lane, Rounds::default()));
        for round in 0..rounds {
            for (lane, rounds) in &mut lanes {
                let (sample, limit) = sides.round(*lane, events, round % 2 == 0, |_, _| Ok(()))?;
                rounds.push(sample, limit);
            }
        }
        for (lane, rounds) in &lanes {
            let bytes = sides.engine_bytes / n as f64;
            report.add(Row::timed(("selective", n, lane.name()), events, rounds, Some(TARGET), bytes));
        }
    }
    Ok(())
}

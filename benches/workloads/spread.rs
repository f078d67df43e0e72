//! `spread`: many series, one trigger each, observations here and there.

use std::ops::Range;

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use tripline::engine::{Engine, FiringBrief, Limits, Observation, SeriesHandle};
use tripline::event::SeriesRef;
use tripline::threshold::Threshold;
use tripline::{Error, Trigger};

use crate::data::{self, Digest, Record, SplitMix, instant};
use crate::meter::{Rounds, Sample, live_bytes, measure};
use crate::report::{Report, Row};
use crate::{BATCH, Failure, Size};

const SEED: u64 = 0x7219_11E0_0000_0001;
pub(crate) const BOUND: f64 = 50.0;

/// The ways in, and how far from their limit they may be at a given n.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Name,
    Batch,
    Handle,
}

impl Lane {
    const ALL: [Self; 3] = [Self::Name, Self::Batch, Self::Handle];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Batch => "batch",
            Self::Handle => "handle",
        }
    }

    fn target(self, n: usize) -> Option<f64> {
        match self {
            Self::Name if n < 100_000 => Some(1.5),
            Self::Name => Some(1.2),
            Self::Batch if n < 100_000 => None,
            Self::Batch => Some(0.6),
            Self::Handle => Some(2.5),
        }
    }
}

/// An observation as it comes in: the name is a slice of a text in the order of arrival.
pub(crate) struct Tick<'a> {
    pub(crate) name: &'a str,
    series: u32,
    pub(crate) at: DateTime<Utc>,
    pub(crate) value: f64,
}

/// The same for a host that resolved its series once.
struct HandleTick {
    handle: SeriesHandle,
    at: DateTime<Utc>,
    value: f64,
}

/// What a limit keeps of a series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    previous: f64,
    bound: f64,
    trigger: u32,
}

impl Entry {
    pub(crate) fn new(value: f64, trigger: usize) -> Self {
        Self { previous: value, bound: BOUND, trigger: trigger as u32 }
    }

    pub(crate) fn to_bytes(self) -> [u8; 20] {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&self.previous.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.bound.to_le_bytes());
        bytes[16..].copy_from_slice(&self.trigger.to_le_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; 20]) -> Self {
        let number = |from: usize| f64::from_le_bytes(std::array::from_fn(|at| bytes[from + at]));
        let trigger = u32::from_le_bytes(std::array::from_fn(|at| bytes[16 + at]));
        Self { previous: number(0), bound: number(8), trigger }
    }

    #[inline(always)]
    pub(crate) fn observe(&mut self, at: DateTime<Utc>, value: f64, fired: &mut Vec<Record>) {
        if self.previous <= self.bound && value > self.bound {
            fired.push(Record { trigger: self.trigger, time: at });
        }
        self.previous = value;
    }
}

/// The walks of all series.
pub(crate) struct Walks {
    random: SplitMix,
    at: Vec<i64>,
    /// Observations so far.
    number: i64,
}

impl Walks {
    pub(crate) fn new(n: usize) -> Self {
        let mut random = SplitMix::new(SEED);
        let at = (0..n).map(|_| random.below(10_001).cast_signed()).collect();
        Self { random, at, number: 0 }
    }

    pub(crate) fn number(&self) -> i64 {
        self.number
    }

    pub(crate) fn value(&self, series: usize) -> f64 {
        self.at[series] as f64 / 100.0
    }

    /// The next observations: the names one after the other, and for each its
    /// series, instant and value.
    pub(crate) fn next(&mut self, events: usize) -> (String, Vec<(u32, DateTime<Utc>, f64)>) {
        let (mut names, mut ticks) = (String::new(), Vec::with_capacity(events));
        for _ in 0..events {
            let series = self.random.below(self.at.len() as u64) as usize;
            let next = self.random.walk(self.at[series], 400, 10_000);
            self.at[series] = next;
            data::push_name(&mut names, series);
            ticks.push((series as u32, instant(self.number), next as f64 / 100.0));
            self.number += 1;
        }
        (names, ticks)
    }
}

/// An engine with the triggers, every series observed once.
pub(crate) fn engine(n: usize, value: impl Fn(usize) -> f64) -> Result<Engine, Error> {
    let limits = Limits::default().with_triggers(n + 1).with_series(n + 1);
    let mut engine = data::builder().with_limits(limits).build();
    let start = instant(-1);
    for series in 0..n {
        let id = format!("t{series}");
        let trigger = Trigger::segment_threshold_crossed(id, data::name(series), Threshold::above(BOUND));
        engine.add(start, trigger.build()?)?;
    }
    for series in 0..n {
        let name = data::name(series);
        let _ =
            engine.observe_series(start, &SeriesRef::segment(data::SOURCE, &name), start, value(series))?;
    }
    Ok(engine)
}

pub(crate) type NameMap = HashMap<Box<str>, Entry, RandomState>;

#[inline(never)]
fn limit_by_name(map: &mut NameMap, ticks: &[Tick<'_>], fired: &mut Vec<Record>) {
    for tick in ticks {
        if let Some(entry) = map.get_mut(tick.name) {
            entry.observe(tick.at, tick.value, fired);
        }
    }
}

#[inline(never)]
fn limit_by_number(entries: &mut [Entry], ticks: &[Tick<'_>], fired: &mut Vec<Record>) {
    for tick in ticks {
        if let Some(entry) = entries.get_mut(tick.series as usize) {
            entry.observe(tick.at, tick.value, fired);
        }
    }
}

pub(crate) fn drain(engine: &mut Engine, fired: &mut Vec<FiringBrief>) {
    while let Some(brief) = engine.poll_brief() {
        fired.push(brief);
    }
}

#[inline(never)]
fn name_lane(engine: &mut Engine, ticks: &[Tick<'_>], fired: &mut Vec<FiringBrief>) -> Result<(), Error> {
    for part in ticks.chunks(BATCH) {
        for tick in part {
            let series = SeriesRef::segment(data::SOURCE, tick.name);
            let _ = engine.observe_series(tick.at, &series, tick.at, tick.value)?;
        }
        drain(engine, fired);
    }
    Ok(())
}

#[inline(never)]
fn handle_lane(engine: &mut Engine, ticks: &[HandleTick], fired: &mut Vec<FiringBrief>) -> Result<(), Error> {
    for part in ticks.chunks(BATCH) {
        for tick in part {
            let _ = engine.observe(tick.at, tick.handle, tick.at, tick.value)?;
        }
        drain(engine, fired);
    }
    Ok(())
}

#[inline(never)]
fn batch_lane(engine: &mut Engine, ticks: &[Tick<'_>], fired: &mut Vec<FiringBrief>) -> Result<(), Failure> {
    for part in ticks.chunks(BATCH) {
        let Some(last) = part.last() else { continue };
        let report = engine.observe_batch_of(last.at, part, |tick| {
            Observation::new(SeriesRef::segment(data::SOURCE, tick.name), tick.at, tick.value)
        });
        if report.taken() != part.len() || !report.refused().is_empty() {
            return Err(format!("{report:?}").into());
        }
        drain(engine, fired);
    }
    Ok(())
}

/// Both sides, in the same state.
pub(crate) struct Sides {
    n: usize,
    pub(crate) walks: Walks,
    engine: Engine,
    handles: Vec<SeriesHandle>,
    map: NameMap,
    dense: Vec<Entry>,
    fired: Vec<FiringBrief>,
    records: Vec<Record>,
    pub(crate) engine_bytes: f64,
    warm_up: usize,
}

impl Sides {
    pub(crate) fn new(n: usize, events: usize) -> Result<Self, Failure> {
        let walks = Walks::new(n);
        let value = |series: usize| walks.value(series);
        let before = live_bytes();
        let mut engine = engine(n, value)?;
        let engine_bytes = live_bytes() - before;
        let mut handles = Vec::with_capacity(n);
        for series in 0..n {
            let name = data::name(series);
            let found = engine.resolve(&SeriesRef::segment(data::SOURCE, &name))?;
            handles.push(found.ok_or("no trigger watches it")?);
        }
        let mut map = NameMap::with_hasher(RandomState::default());
        for series in 0..n {
            map.insert(data::name(series).into(), Entry::new(value(series), series));
        }
        let dense = (0..n).map(|series| Entry::new(value(series), series)).collect();
        let (fired, records) = (Vec::with_capacity(events), Vec::with_capacity(events));
        Ok(Self { n, walks, engine, handles, map, dense, fired, records, engine_bytes, warm_up: 0 })
    }

    /// Each side observes so many before it is measured, so that it finds the caches as it
    /// leaves them itself, whatever ran before it.
    pub(crate) fn with_warm_up(self, events: usize) -> Self {
        Self { warm_up: events, ..self }
    }

    pub(crate) fn set_explain(&mut self, on: bool) {
        self.engine.set_explain(on);
    }

    /// One round of one lane beside its limit; then `beside` is shown what was
    /// observed and what must have fired.
    pub(crate) fn round(
        &mut self,
        lane: Lane,
        events: usize,
        limit_first: bool,
        beside: impl FnOnce(&[Tick<'_>], &[Record]) -> Result<(), Failure>,
    ) -> Result<(Sample, Sample), Failure> {
        let (names, numbers) = self.walks.next(self.warm_up + events);
        let width = names.len() / numbers.len();
        let ticks: Vec<Tick<'_>> = (numbers.iter().enumerate())
            .map(|(i, &(series, at, value))| Tick { name: &names[i * width..][..width], series, at, value })
            .collect();
        let samples = if limit_first {
            let limit = self.limit(lane, &ticks);
            (self.lane(lane, &ticks)?, limit)
        } else {
            (self.lane(lane, &ticks)?, self.limit(lane, &ticks))
        };
        let what = format!("spread n={} {}", self.n, lane.name());
        data::verify(&what, Digest::of_briefs(&self.fired), Digest::of_records(&self.records))?;
        // The other limit is brought along: a later round needs it in this state.
        let other = if lane == Lane::Handle { Lane::Name } else { Lane::Handle };
        let _ = self.limit(other, &ticks);
        data::verify(&what, Digest::of_briefs(&self.fired), Digest::of_records(&self.records))?;
        beside(&ticks, &self.records)?;
        Ok(samples)
    }

    fn limit(&mut self, lane: Lane, ticks: &[Tick<'_>]) -> Sample {
        self.records.clear();
        let (warm_up, ticks) = ticks.split_at(self.warm_up);
        let mut work = |ticks| match lane {
            Lane::Handle => limit_by_number(&mut self.dense, ticks, &mut self.records),
            Lane::Name | Lane::Batch => limit_by_name(&mut self.map, ticks, &mut self.records),
        };
        work(warm_up);
        measure(ticks.len(), || work(ticks)).1
    }

    fn lane(&mut self, lane: Lane, ticks: &[Tick<'_>]) -> Result<Sample, Failure> {
        self.fired.clear();
        let (engine, fired) = (&mut self.engine, &mut self.fired);
        let (warm_up, end) = (self.warm_up, ticks.len());
        // Both parts, of which the first is not measured.
        let parts = |work: &mut dyn FnMut(Range<usize>) -> Result<(), Failure>| {
            if warm_up > 0 {
                work(0..warm_up)?;
            }
            let (done, sample) = measure(end - warm_up, || work(warm_up..end));
            done.map(|()| sample)
        };
        match lane {
            Lane::Name => parts(&mut |part| Ok(name_lane(engine, &ticks[part], fired)?)),
            Lane::Batch => parts(&mut |part| batch_lane(engine, &ticks[part], fired)),
            Lane::Handle => {
                let handles = &self.handles;
                let resolved = |tick: &Tick<'_>| HandleTick {
                    handle: handles[tick.series as usize],
                    at: tick.at,
                    value: tick.value,
                };
                let ticks: Vec<HandleTick> = ticks.iter().map(resolved).collect();
                parts(&mut |part| Ok(handle_lane(engine, &ticks[part], fired)?))
            }
        }
    }
}

pub(crate) fn run(size: Size, report: &mut Report) -> Result<(), Failure> {
    rows(size.pick(&[1_000, 100_000, 1_000_000], &[1_000, 100_000], &[10, 100]), size, report)
}

/// The rows of these sizes.
pub(crate) fn rows(sizes: &[usize], size: Size, report: &mut Report) -> Result<(), Failure> {
    let (events, rounds) = (size.pick(200_000, 200_000, 2_500), size.pick(30, 6, 1));
    for &n in sizes {
        let mut sides = Sides::new(n, events)?.with_warm_up(events);
        let mut lanes = Lane::ALL.map(|lane| (lane, Rounds::default()));
        for round in 0..rounds {
            for (lane, rounds) in &mut lanes {
                let (sample, limit) = sides.round(*lane, events, round % 2 == 0, |_, _| Ok(()))?;
                rounds.push(sample, limit);
            }
        }
        for (lane, rounds) in &lanes {
            let bytes = sides.engine_bytes / n as f64;
            report.add(Row::timed(("spread", n, lane.name()), events, rounds, lane.target(n), bytes));
        }
    }
    Ok(())
}

//! `stacked`: many triggers with different bounds on one series.

use chrono::{DateTime, Utc};
use tripline::engine::{Engine, FiringBrief, Limits, SeriesHandle};
use tripline::event::SeriesRef;
use tripline::threshold::Threshold;
use tripline::{Error, Trigger};

use crate::data::{self, Digest, Record, SplitMix, instant};
use crate::meter::{Rounds, Sample, live_bytes, measure};
use crate::report::{Report, Row};
use crate::spread::drain;
use crate::{BATCH, Failure, Size};

const SEED: u64 = 0x7219_11E0_0000_0002;
const HIGH: i64 = 1_000_000;
pub(crate) const START: i64 = 500_000;
/// How far below its bound a trigger re-arms, in the lane that has it: five mean steps of the walk.
const MARGIN: f64 = 0.1;
pub(crate) const NAME: &str = "segment/stacked";

pub(crate) fn scaled(at: i64) -> f64 {
    at as f64 / 1e4
}

pub(crate) struct Tick {
    pub(crate) at: DateTime<Utc>,
    pub(crate) value: f64,
}

/// The walk of the one series.
#[derive(Clone)]
pub(crate) struct Walk {
    random: SplitMix,
    at: i64,
    /// Observations so far.
    number: i64,
}

impl Walk {
    fn new(random: SplitMix) -> Self {
        Self { random, at: START, number: 0 }
    }

    pub(crate) fn next(&mut self, events: usize) -> Vec<Tick> {
        let mut tick = || {
            self.at = self.random.walk(self.at, 400, HIGH);
            self.number += 1;
            Tick { at: instant(self.number - 1), value: scaled(self.at) }
        };
        (0..events).map(|_| tick()).collect()
    }
}

/// One series under many bounds, by hand.
trait Limit {
    fn run(&mut self, ticks: &[Tick], fired: &mut Vec<Record>);
}

/// The bounds sorted: what lies between the last value and this one fires.
struct Plain {
    bounds: Vec<f64>,
    /// The trigger of each bound.
    triggers: Vec<u32>,
    previous: f64,
}

/// The same, where a trigger fires only if the value was at its re-arm level since.
struct Rearming {
    plain: Plain,
    /// By position in `plain`.
    armed: Vec<bool>,
    /// The re-arm levels sorted, and the position of each.
    levels: Vec<f64>,
    positions: Vec<u32>,
}

impl Plain {
    fn new(bounds: &[f64], value: f64) -> Self {
        let mut sorted: Vec<(f64, u32)> = bounds.iter().copied().zip(0..).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (bounds, triggers) = sorted.into_iter().unzip();
        Self { bounds, triggers, previous: value }
    }

    /// The bounds that a move from the previous value to this one passes upward.
    #[inline(always)]
    fn passed(&self, value: f64) -> std::ops::Range<usize> {
        let from = self.bounds.partition_point(|&bound| bound < self.previous);
        let to = self.bounds.partition_point(|&bound| bound < value);
        from..to
    }
}

impl Limit for Plain {
    #[inline(never)]
    fn run(&mut self, ticks: &[Tick], fired: &mut Vec<Record>) {
        for tick in ticks {
            for position in self.passed(tick.value) {
                fired.push(Record { trigger: self.triggers[position], time: tick.at });
            }
            self.previous = tick.value;
        }
    }
}

impl Rearming {
    fn new(bounds: &[f64], value: f64) -> Self {
        let plain = Plain::new(bounds, value);
        let armed = plain.bounds.iter().map(|&bound| value <= bound).collect();
        let mut levels: Vec<(f64, u32)> = plain.bounds.iter().map(|bound| bound - MARGIN).zip(0..).collect();
        levels.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (levels, positions) = levels.into_iter().unzip();
        Self { plain, armed, levels, positions }
    }
}

impl Limit for Rearming {
    #[inline(never)]
    fn run(&mut self, ticks: &[Tick], fired: &mut Vec<Record>) {
        for tick in ticks {
            if tick.value > self.plain.previous {
                for position in self.plain.passed(tick.value) {
                    if std::mem::replace(&mut self.armed[position], false) {
                        fired.push(Record { trigger: self.plain.triggers[position], time: tick.at });
                    }
                }
            } else {
                let from = self.levels.partition_point(|&level| level < tick.value);
                let to = self.levels.partition_point(|&level| level < self.plain.previous);
                for &position in &self.positions[from..to.max(from)] {
                    self.armed[position as usize] = true;
                }
            }
            self.plain.previous = tick.value;
        }
    }
}

#[inline(never)]
fn handle_lane(
    engine: &mut Engine,
    series: SeriesHandle,
    ticks: &[Tick],
    fired: &mut Vec<FiringBrief>,
) -> Result<(), Error> {
    for part in ticks.chunks(BATCH) {
        for tick in part {
            let _ = engine.observe(tick.at, series, tick.at, tick.value)?;
        }
        drain(engine, fired);
    }
    Ok(())
}

/// The bounds in the order of the triggers, and the walk after them.
pub(crate) fn bounds(n: usize) -> (Vec<f64>, Walk) {
    let mut random = SplitMix::new(SEED);
    let mut numbers: Vec<u32> = (0..HIGH as u32).collect();
    for i in 0..n {
        let other = i + random.below((numbers.len() - i) as u64) as usize;
        numbers.swap(i, other);
    }
    (numbers[..n].iter().map(|&number| (f64::from(number) + 0.5) / 1e4).collect(), Walk::new(random))
}

pub(crate) struct Sides {
    engine: Engine,
    series: SeriesHandle,
    limit: Box<dyn Limit>,
    pub(crate) fired: Vec<FiringBrief>,
    pub(crate) records: Vec<Record>,
    pub(crate) bytes: f64,
}

impl Sides {
    pub(crate) fn new(bounds: &[f64], rearm: bool) -> Result<Self, Failure> {
        let (start, value, before) = (instant(-1), scaled(START), live_bytes());
        let limits = Limits::default().with_triggers(bounds.len() + 1);
        let mut engine = data::builder().with_limits(limits).build();
        for (number, &bound) in bounds.iter().enumerate() {
            let above = Threshold::above(bound);
            let threshold = if rearm { above.with_rearm(bound - MARGIN) } else { above };
            let trigger = Trigger::segment_threshold_crossed(format!("t{number}"), NAME, threshold);
            engine.add(start, trigger.build()?)?;
        }
        let series = engine.resolve(&SeriesRef::segment(data::SOURCE, NAME))?;
        let series = series.ok_or("no trigger watches it")?;
        let _ = engine.observe(start, series, start, value)?;
        let bytes = live_bytes() - before;
        let limit: Box<dyn Limit> =
            if rearm { Box::new(Rearming::new(bounds, value)) } else { Box::new(Plain::new(bounds, value)) };
        let room = 40 * bounds.len().max(10_000);
        let (fired, records) = (Vec::with_capacity(room), Vec::with_capacity(room));
        Ok(Self { engine, series, limit, fired, records, bytes })
    }

    pub(crate) fn round(&mut self, ticks: &[Tick], limit_first: bool) -> Result<(Sample, Sample), Failure> {
        Ok(if limit_first {
            let limit = self.limit(ticks);
            (self.lane(ticks)?, limit)
        } else {
            (self.lane(ticks)?, self.limit(ticks))
        })
    }

    fn limit(&mut self, ticks: &[Tick]) -> Sample {
        self.records.clear();
        measure(ticks.len(), || self.limit.run(ticks, &mut self.records)).1
    }

    fn lane(&mut self, ticks: &[Tick]) -> Result<Sample, Error> {
        self.fired.clear();
        let (engine, series, fired) = (&mut self.engine, self.series, &mut self.fired);
        let (done, sample) = measure(ticks.len(), || handle_lane(engine, series, ticks, fired));
        done?;
        Ok(sample)
    }
}

pub(crate) fn run(size: Size, report: &mut Report) -> Result<(), Failure> {
    rows(size.pick(&[100, 10_000, 100_000], &[100, 10_000], &[10, 100]), size, report)
}

/// The rows of these sizes.
pub(crate) fn rows(sizes: &[usize], size: Size, report: &mut Report) -> Result<(), Failure> {
    let (events, rounds) = (size.pick(20_000, 20_000, 2_500), size.pick(75, 15, 1));
    for &n in sizes {
        let (bounds, walk) = bounds(n);
        for (lane, rearm, target) in [("plain", false, Some(1.5)), ("rearm", true, Some(2.0))] {
            let mut sides = Sides::new(&bounds, rearm)?;
            let mut walk = walk.clone();
            let mut samples = Rounds::default();
            for round in 0..rounds {
                let ticks = walk.next(events);
                let (sample, limit) = sides.round(&ticks, round % 2 == 0)?;
                samples.push(sample, limit);
                let (engine, limit) = (Digest::of_briefs(&sides.fired), Digest::of_records(&sides.records));
                data::verify(&format!("stacked n={n} {lane}"), engine, limit)?;
            }
            report.add(Row::timed(("stacked", n, lane), events, &samples, target, sides.bytes / n as f64));
        }
    }
    Ok(())
}

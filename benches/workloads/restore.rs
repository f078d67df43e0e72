//! `restore`: the state as bytes, and back, beside a map written and read by hand.
//!
//! The map's bytes hold a length, a name, a value, a bound and a trigger's
//! number for each series: no checksum, no times, no texts of triggers.

use foldhash::fast::RandomState;
use tripline::Trigger;
use tripline::engine::{Engine, FiringBrief, Limits};
use tripline::event::SeriesRef;
use tripline::threshold::Threshold;

use crate::data::{self, Digest, instant};
use crate::meter::{Rounds, Sample, measure};
use crate::report::{Report, Row};
use crate::spread::{BOUND, Entry, NameMap, Walks, drain, engine};
use crate::{Failure, Size};

#[inline(never)]
fn snapshot_lane(engine: &Engine) -> Vec<u8> {
    engine.snapshot()
}

#[inline(never)]
fn restore_lane(engine: &mut Engine, bytes: &[u8]) -> Result<usize, tripline::Error> {
    Ok(engine.restore(bytes)?.series())
}

#[inline(never)]
fn write_map(map: &NameMap) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, entry) in map {
        bytes.push(name.len() as u8);
        bytes.extend(name.as_bytes());
        bytes.extend(entry.to_bytes());
    }
    bytes
}

#[inline(never)]
fn read_map(mut bytes: &[u8]) -> Result<NameMap, Failure> {
    let mut map = NameMap::with_hasher(RandomState::default());
    while let Some((&length, rest)) = bytes.split_first() {
        let (name, rest) = rest.split_at_checked(length.into()).ok_or("a name is cut")?;
        let (entry, rest) = rest.split_first_chunk().ok_or("an entry is cut")?;
        map.insert(std::str::from_utf8(name)?.into(), Entry::from_bytes(entry));
        bytes = rest;
    }
    Ok(map)
}

/// The triggers without any series.
fn fresh(n: usize) -> Result<Engine, Failure> {
    let limits = Limits::default().with_triggers(n + 1).with_series(n + 1);
    let mut engine = data::builder().with_limits(limits).build();
    for series in 0..n {
        let threshold = Threshold::above(BOUND);
        let trigger = Trigger::segment_threshold_crossed(format!("t{series}"), data::name(series), threshold);
        engine.add(instant(-1), trigger.build()?)?;
    }
    Ok(engine)
}

/// Both sides, in the same state.
pub(crate) struct Sides {
    n: usize,
    engine: Engine,
    map: NameMap,
    pub(crate) bytes: usize,
}

/// A lane and its limit, of both ways.
pub(crate) struct Ways {
    snapshot: (Sample, Sample),
    restore: (Sample, Sample),
}

impl Sides {
    pub(crate) fn new(n: usize) -> Result<Self, Failure> {
        let walks = Walks::new(n);
        let engine = engine(n, |series| walks.value(series))?;
        let entry = |series| (data::name(series).into(), Entry::new(walks.value(series), series));
        Ok(Self { n, engine, map: (0..n).map(entry).collect(), bytes: 0 })
    }

    /// There and back; what comes back must decide like what went.
    pub(crate) fn round(&mut self) -> Result<Ways, Failure> {
        let n = self.n;
        let mut restored = fresh(n)?;
        let (bytes, written) = measure(n, || snapshot_lane(&self.engine));
        let (series, read) = measure(n, || restore_lane(&mut restored, &bytes));
        if series? != n {
            return Err(format!("restore n={n}: not every series is there").into());
        }
        let (map_bytes, map_written) = measure(n, || write_map(&self.map));
        let (map, map_read) = measure(n, || read_map(&map_bytes));
        self.bytes = bytes.len();
        self.verify(&mut restored, &mut map?)?;
        Ok(Ways { snapshot: (written, map_written), restore: (read, map_read) })
    }

    fn verify(&self, engine: &mut Engine, map: &mut NameMap) -> Result<(), Failure> {
        let (at, mut briefs, mut records) = (instant(0), Vec::<FiringBrief>::new(), Vec::new());
        for series in 0..self.n {
            let name = data::name(series);
            let _ = engine.observe_series(at, &SeriesRef::segment(data::SOURCE, &name), at, 75.0)?;
            map.get_mut(&*name).ok_or("a name is lost")?.observe(at, 75.0, &mut records);
            drain(engine, &mut briefs);
        }
        data::verify("restore", Digest::of_briefs(&briefs), Digest::of_records(&records))
    }
}

pub(crate) fn run(size: Size, report: &mut Report) -> Result<(), Failure> {
    let (n, rounds) = (size.pick(1_000_000, 100_000, 100), size.pick(3, 2, 1));
    let (mut sides, mut snapshot, mut restore) = (Sides::new(n)?, Rounds::default(), Rounds::default());
    for _ in 0..rounds {
        let ways = sides.round()?;
        snapshot.push(ways.snapshot.0, ways.snapshot.1);
        restore.push(ways.restore.0, ways.restore.1);
    }
    let bytes = sides.bytes as f64 / n as f64;
    report.add(Row::timed(("restore", n, "snapshot"), n, &snapshot, None, bytes));
    report.add(Row::timed(("restore", n, "restore"), n, &restore, None, bytes));
    Ok(())
}

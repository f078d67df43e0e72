//! `durable`: `spread` in batches of a thousand, each batch journalled to a file and synced.
//!
//! A batch holds its observations and the firings that they led to, a record
//! each, and is on the disk before the next begins. The limit appends the same
//! bytes to a file and syncs it, with nothing else: no frames, no checksum, no
//! engine. Both are in one folder, so on one disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;
use tripline::engine::{Engine, FiringBrief, Observation};
use tripline::event::SeriesRef;
use tripline::journal::{Batch, FileJournal, Journal, Lsn};

use crate::data::{self, Digest, Record};
use crate::meter::{Rounds, Sample, live_bytes, measure};
use crate::report::{Report, Row};
use crate::spread::{Entry, NameMap, Walks, drain, engine};
use crate::{BATCH, Failure, Size};

const TARGET: f64 = 1.5;

/// A folder that is gone when the row is done.
struct Folder(PathBuf);

impl Folder {
    /// Beside the build, so that it is a disk and not a folder in memory.
    fn new() -> io::Result<Self> {
        let name = format!("durable-{}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What may be left behind lies in the build's folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Both sides, and the map that says what must fire.
struct Sides {
    walks: Walks,
    engine: Engine,
    journal: FileJournal,
    plain: File,
    map: NameMap,
    engine_bytes: f64,
    folder: Folder,
}

/// One observation: the name, the instant, the value.
type Tick<'a> = (&'a str, DateTime<Utc>, f64);

impl Sides {
    fn new(n: usize) -> Result<Self, Failure> {
        let (walks, folder) = (Walks::new(n), Folder::new()?);
        let before = live_bytes();
        let engine = engine(n, |series| walks.value(series))?;
        let engine_bytes = live_bytes() - before;
        let mut map = NameMap::with_hasher(RandomState::default());
        for series in 0..n {
            map.insert(data::name(series).into(), Entry::new(walks.value(series), series));
        }
        let journal = FileJournal::open(folder.0.join("journal"))?;
        let plain = File::create(folder.0.join("plain"))?;
        Ok(Self { walks, engine, journal, plain, map, engine_bytes, folder })
    }

    /// So many events, in turns batch by batch: a disk is now quick, now slow.
    fn round(&mut self, events: usize) -> Result<(Sample, Sample), Failure> {
        let (names, numbers) = self.walks.next(events);
        let width = names.len() / events;
        let ticks: Vec<Tick<'_>> = (numbers.iter().enumerate())
            .map(|(i, &(_, at, value))| (&names[i * width..][..width], at, value))
            .collect();
        let (mut lanes, mut limits) = (Vec::new(), Vec::new());
        let (mut fired, mut records) = (Vec::new(), Vec::<Record>::new());
        for part in ticks.chunks(BATCH) {
            let observations: Vec<Observation<'_>> = (part.iter())
                .map(|&(name, at, value)| Observation::new(SeriesRef::segment(data::SOURCE, name), at, value))
                .collect();
            let (engine, journal) = (&mut self.engine, &mut self.journal);
            let (done, lane) =
                measure(part.len(), || durable_lane(engine, journal, part, &observations, &mut fired));
            let batch = done?;
            let (done, limit) = measure(part.len(), || append_and_sync(&mut self.plain, batch.as_bytes()));
            done?;
            lanes.push(lane);
            limits.push(limit);
            for &(name, at, value) in part {
                self.map.get_mut(name).ok_or("a name is lost")?.observe(at, value, &mut records);
            }
        }
        data::verify("durable", Digest::of_briefs(&fired), Digest::of_records(&records))?;
        Ok((mean(&lanes), mean(&limits)))
    }

    /// Both files hold the same: what the journal gives after it is opened again stands in the other.
    fn verify(self) -> Result<(), Failure> {
        let Self { journal, folder, .. } = self;
        let last = journal.last();
        drop(journal);
        let journal = FileJournal::open(folder.0.join("journal"))?;
        let mut bytes = Vec::new();
        for entry in journal.read(Lsn::FIRST)? {
            bytes.extend_from_slice(entry?.batch().as_bytes());
        }
        if journal.last() != last || fs::read(folder.0.join("plain"))? != bytes {
            return Err("durable: the journal does not give back what was written".into());
        }
        Ok(())
    }
}

/// A batch observed, written down with what it led to, and on the disk.
#[inline(never)]
fn durable_lane(
    engine: &mut Engine,
    journal: &mut FileJournal,
    ticks: &[Tick<'_>],
    observations: &[Observation<'_>],
    fired: &mut Vec<FiringBrief>,
) -> Result<Batch, Failure> {
    let (mut batch, mut record) = (Batch::new(), Vec::new());
    for (name, at, value) in ticks {
        record.clear();
        record.extend_from_slice(&at.timestamp_millis().to_le_bytes());
        record.extend_from_slice(&value.to_bits().to_le_bytes());
        record.extend_from_slice(name.as_bytes());
        batch.push(&record);
    }
    let now = ticks.last().map_or(DateTime::UNIX_EPOCH, |(_, at, _)| *at);
    let report = engine.observe_batch(now, observations);
    if report.taken() != observations.len() {
        return Err(format!("{report:?}").into());
    }
    let before = fired.len();
    drain(engine, fired);
    for brief in &fired[before..] {
        record.clear();
        record.extend_from_slice(&(brief.trigger() as u64).to_le_bytes());
        record.extend_from_slice(&brief.time().timestamp_millis().to_le_bytes());
        batch.push(&record);
    }
    let lsn = journal.append(journal.last(), &batch)?;
    if journal.sync()? != lsn {
        return Err("the batch was not acknowledged".into());
    }
    Ok(batch)
}

#[inline(never)]
fn append_and_sync(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_data()
}

fn mean(samples: &[Sample]) -> Sample {
    let mean = |of: fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / samples.len() as f64;
    Sample {
        nanos_per_event: mean(|sample| sample.nanos_per_event),
        allocations_per_event: mean(|sample| sample.allocations_per_event),
    }
}

pub(crate) fn run(size: Size, report: &mut Report) -> Result<(), Failure> {
    let (n, events) = (size.pick(100_000, 100_000, 100), size.pick(200_000, 100_000, 2_500));
    let (mut sides, mut rounds) = (Sides::new(n)?, Rounds::default());
    for _ in 0..size.pick(6, 2, 1) {
        let (lane, limit) = sides.round(events)?;
        rounds.push(lane, limit);
    }
    let bytes = sides.engine_bytes / n as f64;
    sides.verify()?;
    report.add(Row::timed(("durable", n, "journal"), events, &rounds, Some(TARGET), bytes));
    Ok(())
}

//! `memory`: bytes a trigger with its series, as the difference of two sizes.
//!
//! Each side of each size is built in a process of its own, so that what it
//! holds of the system's memory (resident) can be told as well as what it
//! asked of the allocator (live).

use std::process::Command;

use foldhash::fast::RandomState;

use crate::data;
use crate::meter::live_bytes;
use crate::options;
use crate::report::{Report, Row, round};
use crate::spread::{Entry, NameMap, engine};
use crate::{Failure, Size};

/// Tells a process that it is to build one side and say how large it is.
const CHILD: &str = "TRIPLINE_BENCH_MEMORY";

/// SPEC: 200 bytes or less.
const TARGET: f64 = 200.0;

/// What something takes, in bytes; resident only where the system tells it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bytes {
    pub(crate) live: f64,
    pub(crate) resident: Option<f64>,
}

pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

pub(crate) fn child() -> Result<(), Failure> {
    let order = std::env::var(CHILD)?;
    let (side, n) = order.split_once(' ').ok_or("which side?")?;
    let n: usize = n.parse()?;
    let before = now();
    match side {
        "engine" => say(before, &engine(n, value)?),
        option if option.starts_with(options::PREFIX) => say(before, &options::engine(option, n)?),
        "map" => {
            let mut map = NameMap::with_hasher(RandomState::default());
            for series in 0..n {
                map.insert(data::name(series).into(), Entry::new(value(series), series));
            }
            say(before, &map);
        }
        "dense" => say(before, &(0..n).map(|series| Entry::new(value(series), series)).collect::<Vec<_>>()),
        other => return Err(format!("{other:?} is no side").into()),
    }
    Ok(())
}

fn value(series: usize) -> f64 {
    (series % 101) as f64
}

fn say<T>(before: Bytes, built: &T) {
    std::hint::black_box(built);
    let after = now();
    let resident = after.resident.zip(before.resident).map_or(f64::NAN, |(after, before)| after - before);
    println!("{} {resident}", after.live - before.live);
}

fn now() -> Bytes {
    Bytes { live: live_bytes(), resident: resident() }
}

/// Linux tells it; elsewhere it stays unknown.
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

fn build(side: &str, n: usize) -> Result<Bytes, Failure> {
    let output = Command::new(std::env::current_exe()?).env(CHILD, format!("{side} {n}")).output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(live)), Some(Ok(resident))) => {
            Ok(Bytes { live, resident: Some(resident).filter(|bytes| !bytes.is_nan()) })
        }
        _ => Err(format!("{side} {n}: {text:?} {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// Bytes per trigger between two sizes.
pub(crate) fn slope(side: &str, from: usize, to: usize) -> Result<Bytes, Failure> {
    let (small, large) = (build(side, from)?, build(side, to)?);
    let per_trigger = |small: f64, large: f64| (large - small) / (to - from) as f64;
    let resident = small.resident.zip(large.resident).map(|(small, large)| per_trigger(small, large));
    Ok(Bytes { live: per_trigger(small.live, large.live), resident })
}

pub(crate) fn run(size: Size, report: &mut Report) -> Result<(), Failure> {
    let (from, to) = size.pick((100_000, 1_000_000), (20_000, 200_000), (100, 1_000));
    let map = slope("map", from, to)?;
    let dense = slope("dense", from, to)?;
    let engine = slope("engine", from, to)?;
    for (side, bytes) in [("map", map), ("dense", dense), ("engine", engine)] {
        let kinds = [("live", Some(bytes.live), Some(map.live)), ("resident", bytes.resident, map.resident)];
        for (kind, bytes, limit) in kinds {
            let (Some(bytes), Some(limit)) = (bytes, limit) else { continue };
            let is_engine = side == "engine";
            let lane = if is_engine { kind.to_owned() } else { format!("{kind}/{side}") };
            let row = Row::sized(("memory", to, lane), bytes);
            let (ratio, target) = (round(bytes / limit), round(TARGET / limit));
            report.add(if is_engine { Row { ratio: Some(ratio), target: Some(target), ..row } } else { row });
        }
    }
    Ok(())
}

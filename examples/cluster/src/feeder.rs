//! Puts what happens into the logs of the partitions.
//!
//! An event goes to the partitions that its triggers' keys lead to, the time to all of them. Each input carries its
//! place in the source, so that a feeder which is killed goes on where the logs end.

use std::thread;
use std::time::{Duration, Instant};

use tripline::event::Event;
use tripline::flow::Flow;
use tripline::partition::{Partitions, Router, Watermark};

use crate::Failure;
use crate::nats::{InputWriter, Link};
use crate::ports::{CLUSTER, PARTITIONS};
use crate::source::{self, Source};

/// After how many events all that is under way is waited for.
const AT_ONCE: usize = 500;

/// How long after the last event time is told to have come: every deadline is over then.
const AFTER: Duration = Duration::from_secs(60 * 24 * 3_600);

/// Feeds until all is stored: how many inputs were there already, and how many are now, over all logs. At most so many events a second,
/// where that is not zero.
///
/// # Errors
///
/// As [`InputWriter`] says, and where the data is not what it was.
pub fn feed(link: &Link, source: Source, a_second: u32) -> Result<(u64, u64), Failure> {
    let mut writers = (0..PARTITIONS)
        .map(|partition| InputWriter::open(link, CLUSTER, partition))
        .collect::<Result<Vec<_>, _>>()?;
    // The log that is least far: the others have what comes twice.
    let from = writers.iter().map(InputWriter::position).min().flatten();
    let mut before = 0;
    for writer in &mut writers {
        before += writer.flush()?;
    }
    let began = Instant::now();
    let (mut told, mut wanted) = (0_usize, Duration::ZERO);
    inputs(source, |at, to, event| {
        if from.is_some_and(|from| at <= from) {
            return Ok(());
        }
        let json = event.to_json();
        for &partition in to {
            writers[partition as usize].append(at, json.clone())?;
        }
        told += 1;
        if told % AT_ONCE == 0 {
            for writer in &mut writers {
                writer.flush()?;
            }
            if let Some(each) = Duration::from_secs(1).checked_div(a_second) {
                wanted += each * u32::try_from(AT_ONCE).unwrap_or(u32::MAX);
                thread::sleep(wanted.saturating_sub(began.elapsed()));
            }
        }
        Ok(())
    })?;
    let mut after = 0;
    for writer in &mut writers {
        after += writer.flush()?;
    }
    Ok((before, after))
}

/// All inputs in their order: the place of each, the partitions that it goes to, and what it is; how many events there were.
///
/// # Errors
///
/// What `give` says, and where the data is not what it was.
pub fn inputs(
    source: Source,
    mut give: impl FnMut(u64, &[u32], &Event<'_>) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let partitions = Partitions::new(PARTITIONS)?;
    let flows = source::flows()?;
    let router = Router::new(partitions, flows.iter().map(Flow::trigger));
    let all: Vec<u32> = (0..PARTITIONS).collect();
    // Every new instant is told: then deadlines pass as in one engine.
    let mut watermark = Watermark::new(Duration::ZERO);
    let mut at = 0;
    for event in source.events()? {
        let time = event.time().ok_or("an event without a time")?;
        if let Some(told) = watermark.note(time)? {
            give(at, &all, &Watermark::event(told)?)?;
        }
        let to = router.route(&event)?;
        if !to.is_empty() {
            give(at + 1, &to, &event)?;
        }
        at += 2;
    }
    if let Some(latest) = watermark.latest() {
        give(at, &all, &Watermark::event(latest + AFTER)?)?;
    }
    Ok(at / 2)
}

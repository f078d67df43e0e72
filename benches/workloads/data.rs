//! The data of SPEC section 13, and what both sides emit.

use chrono::{DateTime, Utc};
use tripline::engine::{Engine, EngineBuilder, FiringBrief};

/// The source of every series.
pub(crate) const SOURCE: &str = "/instances/contoso";

/// The instant of the first timed observation; the others are a millisecond apart.
const START_MILLIS: i64 = 1_700_000_000_000;

/// An engine whose tables are laid out alike in every run, as far as it is asked.
pub(crate) fn builder() -> EngineBuilder {
    Engine::builder().with_hash_seed(0x7219_11E0)
}

/// splitmix64, as SPEC writes it.
#[derive(Debug, Clone)]
pub(crate) struct SplitMix {
    state: u64,
}

impl SplitMix {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((self.next() >> 32) * n) >> 32
    }

    /// A step of a walk that is mirrored at 0 and `high`.
    pub(crate) fn walk(&mut self, at: i64, step: i64, high: i64) -> i64 {
        let next = at + self.below(2 * step.unsigned_abs() + 1).cast_signed() - step;
        if next < 0 {
            -next
        } else if next > high {
            2 * high - next
        } else {
            next
        }
    }
}

pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The instant of the observation with this number; -1 is the untimed first one.
pub(crate) fn instant(number: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(START_MILLIS + number).unwrap_or_default()
}

/// The name of a series of `spread`.
pub(crate) fn push_name(text: &mut String, series: usize) {
    use std::fmt::Write;
    // Writing to a `String` does not fail.
    let _ = write!(text, "segment/{series:06}");
}

pub(crate) fn name(series: usize) -> String {
    let mut text = String::new();
    push_name(&mut text, series);
    text
}

/// What a limit emits: as little as says which trigger fired, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) trigger: u32,
    pub(crate) time: DateTime<Utc>,
}

/// How many firings there were, and their sum in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) count: usize,
    pub(crate) checksum: u64,
}

impl Digest {
    pub(crate) fn of_records(records: &[Record]) -> Self {
        digest(records.iter().map(|record| (record.trigger.into(), record.time)))
    }

    pub(crate) fn of_briefs(briefs: &[FiringBrief]) -> Self {
        digest(briefs.iter().map(|brief| (brief.trigger() as u64, brief.time())))
    }
}

fn digest(firings: impl Iterator<Item = (u64, DateTime<Utc>)>) -> Digest {
    let mut digest = Digest { count: 0, checksum: 0 };
    for (trigger, time) in firings {
        digest.count += 1;
        let one = mix(mix(trigger) ^ time.timestamp_millis().cast_unsigned());
        digest.checksum = digest.checksum.wrapping_add(one);
    }
    digest
}

/// Both sides must have given the same firings.
pub(crate) fn verify(what: &str, engine: Digest, limit: Digest) -> Result<(), crate::Failure> {
    if engine == limit {
        return Ok(());
    }
    Err(format!("{what}: the engine gave {engine:?}, the limit {limit:?}").into())
}

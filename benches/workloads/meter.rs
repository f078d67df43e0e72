//! Measures time and allocations, and what many rounds of both say.

use std::alloc::System;
use std::time::Instant;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts what is asked of the system's allocator, and asks it.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One lane in one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) nanos_per_event: f64,
    pub(crate) allocations_per_event: f64,
}

/// Runs `work`, which handles so many events.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time; the library is given it")]
pub(crate) fn measure<T>(events: usize, work: impl FnOnce() -> T) -> (T, Sample) {
    let before = ALLOCATOR.stats();
    let start = Instant::now();
    let result = std::hint::black_box(work());
    let elapsed = start.elapsed();
    let made = ALLOCATOR.stats() - before;
    let events = events as f64;
    let sample = Sample {
        nanos_per_event: elapsed.as_secs_f64() * 1e9 / events,
        allocations_per_event: (made.allocations + made.reallocations) as f64 / events,
    };
    (result, sample)
}

/// The bytes that are allocated now.
pub(crate) fn live_bytes() -> f64 {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as f64 - stats.bytes_deallocated as f64
}

/// A lane and its limit, a pair a round.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    pairs: Vec<(Sample, Sample)>,
}

impl Rounds {
    pub(crate) fn push(&mut self, lane: Sample, limit: Sample) {
        self.pairs.push((lane, limit));
    }

    fn sorted(&self, of: impl Fn(&(Sample, Sample)) -> f64) -> Vec<f64> {
        let mut numbers: Vec<f64> = self.pairs.iter().map(of).collect();
        numbers.sort_by(f64::total_cmp);
        numbers
    }

    fn median(&self, of: impl Fn(&(Sample, Sample)) -> f64) -> f64 {
        let numbers = self.sorted(of);
        let middle = numbers.len() / 2;
        match numbers.len() % 2 {
            0 => f64::midpoint(numbers[middle - 1], numbers[middle]),
            _ => numbers[middle],
        }
    }

    /// Median, minimum and maximum of the lane in ns per event.
    pub(crate) fn lane(&self) -> (f64, f64, f64) {
        let numbers = self.sorted(|(lane, _)| lane.nanos_per_event);
        (self.median(|(lane, _)| lane.nanos_per_event), numbers[0], numbers[numbers.len() - 1])
    }

    pub(crate) fn limit(&self) -> f64 {
        self.median(|(_, limit)| limit.nanos_per_event)
    }

    /// The median of the rounds' ratios: what disturbs a round disturbs both of its sides.
    pub(crate) fn ratio(&self) -> f64 {
        self.median(|(lane, limit)| lane.nanos_per_event / limit.nanos_per_event)
    }

    pub(crate) fn allocations(&self) -> f64 {
        self.median(|(lane, _)| lane.allocations_per_event)
    }
}

//! `--growth`: how the cost of an event grows with the number of triggers.

use crate::report::Report;
use crate::{Failure, Size, spread, stacked};

pub(crate) fn run(size: Size, report: &mut Report) -> Result<(), Failure> {
    const SPREAD: [usize; 7] = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];
    const STACKED: [usize; 7] = [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000];
    spread::rows(size.pick(&SPREAD, &SPREAD[..5], &[10]), size, report)?;
    stacked::rows(size.pick(&STACKED, &STACKED[..5], &[10]), size, report)
}

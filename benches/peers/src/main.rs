//! The workloads of `benches/workloads` beside what a user might pick instead:
//! one process, the same data, the same limit, the same rounds.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml -- [ROW...] [--json] [--quick]`
//!
//! Every side must give the firings of the limit (count and checksum over trigger
//! and time). A peer that needs long is given the first events of each round only
//! (`events` in its row) and is told the other values untimed; its ratio is to the
//! limit's time per event in the same round. With `--test` everything runs once,
//! tiny, and only the verification is reported.

#[path = "../../workloads/data.rs"]
mod data;
#[path = "../../workloads/meter.rs"]
mod meter;
#[path = "../../workloads/report.rs"]
#[allow(dead_code, reason = "peers have no target to count")]
mod report;
#[path = "../../workloads/selective.rs"]
#[allow(dead_code, reason = "its own rounds are not run here")]
mod selective;
#[path = "../../workloads/size.rs"]
mod size;
#[path = "../../workloads/spread.rs"]
#[allow(dead_code, reason = "its own rounds are not run here")]
mod spread;
#[path = "../../workloads/stacked.rs"]
#[allow(dead_code, reason = "its own rounds are not run here")]
mod stacked;

mod cel_host;
mod host;
mod peer;
mod rete;
mod rhai_host;
mod rows;
mod zen_host;

use std::error::Error;

use report::Report;
use size::{BATCH, Size};

type Failure = Box<dyn Error>;

/// Runs one row at every n.
type Workload = fn(Size, &mut Report) -> Result<(), Failure>;

const ROWS: [(&str, Workload); 3] =
    [("spread", rows::spread), ("stacked", rows::stacked), ("selective", rows::selective)];

fn main() -> Result<(), Failure> {
    let (mut size, mut json, mut wanted) = (Size::Full, false, Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--test" => size = Size::Test,
            "--quick" => size = Size::Quick,
            "--json" => json = true,
            row if ROWS.iter().any(|(name, _)| *name == row) => wanted.push(argument),
            other => {
                let known = ROWS.map(|(name, _)| name).join(", ");
                return Err(
                    format!("{other:?} is neither --json, --quick, --test nor a row ({known})").into()
                );
            }
        }
    }
    let mut report = Report::new(json, size == Size::Test);
    for (name, run) in ROWS {
        if wanted.is_empty() || wanted.iter().any(|row| row == name) {
            run(size, &mut report)?;
        }
    }
    Ok(())
}

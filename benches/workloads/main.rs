//! The workloads of SPEC section 13, each interleaved in one process with a
//! limit written by hand, so that a ratio means something on a busy machine.
//!
//! `cargo bench --bench workloads -- [ROW...] [--json] [--quick]`
//!
//! Every row verifies first that both sides gave the same firings (count and
//! checksum over trigger and time). Rounds go on where the one before stopped:
//! the first is the data of SPEC, the others continue its walks. A ratio is the
//! median over rounds of lane / limit of the *same* round. Without `--bench`
//! (`cargo test`) or with `--test` everything runs once, tiny, and only the
//! verification is reported.

mod data;
mod lines;
mod memory;
mod meter;
mod report;
mod selective;
mod size;
mod spread;
mod stacked;

use std::error::Error;

use report::Report;
use size::{BATCH, Size};

type Failure = Box<dyn Error>;

struct Arguments {
    size: Size,
    json: bool,
    rows: Vec<String>,
}

/// Runs one row at every n.
type Workload = fn(Size, &mut Report) -> Result<(), Failure>;

const ROWS: [(&str, Workload); 5] = [
    ("spread", spread::run),
    ("stacked", stacked::run),
    ("selective", selective::run),
    ("lines", lines::run),
    ("memory", memory::run),
];

fn arguments() -> Result<Arguments, Failure> {
    let (mut bench, mut test, mut quick, mut json, mut rows) = (false, false, false, false, Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--bench" => bench = true,
            "--test" => test = true,
            "--quick" => quick = true,
            "--json" => json = true,
            row if ROWS.iter().any(|(name, _)| *name == row) => rows.push(argument),
            other => {
                let known = ROWS.map(|(name, _)| name).join(", ");
                return Err(
                    format!("{other:?} is neither --json, --quick, --test nor a row ({known})").into()
                );
            }
        }
    }
    let size = match (test || !bench, quick) {
        (true, _) => Size::Test,
        (false, true) => Size::Quick,
        (false, false) => Size::Full,
    };
    Ok(Arguments { size, json, rows })
}

fn main() -> Result<(), Failure> {
    if memory::is_child() {
        return memory::child();
    }
    let arguments = arguments()?;
    let mut report = Report::new(arguments.json, arguments.size == Size::Test);
    for (name, run) in ROWS {
        if arguments.rows.is_empty() || arguments.rows.iter().any(|row| row == name) {
            run(arguments.size, &mut report)?;
        }
    }
    report.close();
    Ok(())
}

//! The workloads of SPEC section 13, each interleaved in one process with a
//! limit written by hand, so that a ratio means something on a busy machine.
//!
//! `cargo bench --bench workloads -- [ROW...] [--json] [--quick]`
//!
//! `durable` needs the feature `journal-file`.
//!
//! `--growth` runs the sizes of the plots in `docs/performance.md` in place of
//! the rows, `--count` what `.ci/counts` counts the instructions of.
//!
//! Every row verifies first that both sides gave the same firings (count and
//! checksum over trigger and time). Rounds go on where the one before stopped:
//! the first are the data of SPEC, the others continue its walks, thirty in all
//! (75 in `stacked`). They are short, so that whoever shares the machine disturbs
//! few of them. In `spread` each side first judges as many events again untimed,
//! so that it finds the caches as it leaves them itself and not as whatever ran
//! before it did. A ratio is the median over rounds of lane / limit of the
//! *same* round. Without `--bench` (`cargo test`) or with `--test` everything
//! runs once, tiny, and only the verification is reported.

mod count;
mod data;
#[cfg(all(feature = "flow", feature = "signing"))]
mod deliver;
#[cfg(feature = "journal-file")]
mod durable;
mod growth;
mod lines;
mod memory;
mod meter;
mod options;
mod report;
mod restore;
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
    mode: Mode,
    json: bool,
    rows: Vec<String>,
}

/// What is run.
#[derive(Clone, Copy)]
enum Mode {
    Rows,
    /// The rows of the plots of `docs/performance.md`.
    Growth,
    /// The lanes whose instructions `.ci/counts` counts.
    Count,
}

/// Runs one row at every n.
type Workload = fn(Size, &mut Report) -> Result<(), Failure>;

const ROWS: &[(&str, Workload)] = &[
    ("spread", spread::run),
    ("stacked", stacked::run),
    ("selective", selective::run),
    ("lines", lines::run),
    ("memory", memory::run),
    ("memory-options", options::run),
    ("restore", restore::run),
    #[cfg(all(feature = "flow", feature = "signing"))]
    ("deliver", deliver::run),
    #[cfg(feature = "journal-file")]
    ("durable", durable::run),
];

fn arguments() -> Result<Arguments, Failure> {
    let (mut bench, mut test, mut quick, mut json, mut rows) = (false, false, false, false, Vec::new());
    let mut mode = Mode::Rows;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--bench" => bench = true,
            "--test" => test = true,
            "--quick" => quick = true,
            "--json" => json = true,
            "--growth" => mode = Mode::Growth,
            "--count" => mode = Mode::Count,
            row if ROWS.iter().any(|(name, _)| *name == row) => rows.push(argument),
            other => {
                let known = ROWS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                return Err(format!(
                    "{other:?} is no option (--json, --quick, --test, --growth, --count) and no row ({known})"
                )
                .into());
            }
        }
    }
    let size = match (test || !bench, quick) {
        (true, _) => Size::Test,
        (false, true) => Size::Quick,
        (false, false) => Size::Full,
    };
    Ok(Arguments { size, mode, json, rows })
}

fn main() -> Result<(), Failure> {
    if memory::is_child() {
        return memory::child();
    }
    let arguments = arguments()?;
    if let Mode::Count = arguments.mode {
        return count::run();
    }
    let mut report = Report::new(arguments.json, arguments.size == Size::Test);
    if let Mode::Growth = arguments.mode {
        growth::run(arguments.size, &mut report)?;
        report.close();
        return Ok(());
    }
    for &(name, run) in ROWS {
        if arguments.rows.is_empty() || arguments.rows.iter().any(|row| row == name) {
            run(arguments.size, &mut report)?;
        }
    }
    report.close();
    Ok(())
}

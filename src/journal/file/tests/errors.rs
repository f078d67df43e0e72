//! The disk refuses, at every call: no room, no device, half a write.

use std::io::ErrorKind;

use super::run::{DAY, Run};
use super::sim::{Fault, Sim};

const FAULTS: [Fault; 4] = [
    Fault::Error(ErrorKind::Other),
    Fault::Error(ErrorKind::StorageFull),
    Fault::Error(ErrorKind::Interrupted),
    Fault::Short,
];

pub(super) fn suite() -> Result<(), String> {
    let whole = Sim::new();
    Run::default().drive(&whole, DAY)?;
    for fault in FAULTS {
        for call in 0..whole.calls() {
            let place = |found| format!("{fault:?} at call {call}: {found}");
            let sim = Sim::new().with_fault(call, fault);
            let mut run = Run::default();
            run.drive(&sim, DAY).map_err(place)?;
            // And then a crash, which takes with it what only seemed to be there.
            for image in sim.crashed(call as u64, 2) {
                run.check_crashed(&image).map_err(place)?;
            }
        }
    }
    Ok(())
}

#[test]
fn a_disk_that_refuses_at_any_call_poisons_the_handle_and_loses_nothing() {
    suite().unwrap();
}

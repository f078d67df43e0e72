//! `--count`: each hot path once, on a small fixed workload.
//!
//! `.ci/counts` runs this under callgrind, which counts inside the functions named
//! `*_lane` alone and writes a profile whenever one of them is left. What is
//! printed here names the profiles in their order.

#[cfg(all(feature = "flow", feature = "signing"))]
use crate::deliver;
use crate::spread::Lane;
use crate::{Failure, lines, restore, selective, spread, stacked};

const N: usize = 1_000;
const EVENTS: usize = 20_000;
const LINES: usize = 5_000;
/// How many firings are delivered.
#[cfg(all(feature = "flow", feature = "signing"))]
const FIRINGS: usize = 1_000;

pub(crate) fn run() -> Result<(), Failure> {
    for (name, lane) in [("name", Lane::Name), ("batch", Lane::Batch), ("handle", Lane::Handle)] {
        spread::Sides::new(N, EVENTS)?.round(lane, EVENTS, false, |_, _| Ok(()))?;
        say(&format!("spread/{name}"), EVENTS);
    }
    for (name, switches) in [("explain/off", &[true, false][..]), ("explain/on", &[true])] {
        let mut sides = spread::Sides::new(N, EVENTS)?;
        switches.iter().for_each(|&on| sides.set_explain(on));
        sides.round(Lane::Name, EVENTS, false, |_, _| Ok(()))?;
        say(name, EVENTS);
    }
    let (bounds, walk) = stacked::bounds(N);
    for (name, rearm) in [("plain", false), ("rearm", true)] {
        let ticks = walk.clone().next(EVENTS);
        stacked::Sides::new(&bounds, rearm)?.round(&ticks, false)?;
        say(&format!("stacked/{name}"), EVENTS);
    }
    for lane in selective::Lane::ALL {
        selective::Sides::new(N, EVENTS)?.round(lane, EVENTS, false, |_, _| Ok(()))?;
        say(&format!("selective/{}", lane.name()), EVENTS);
    }
    lines::Sides::new(N, LINES)?.round(LINES, false)?;
    say("lines", LINES);
    restore::Sides::new(N)?.round()?;
    say("snapshot", N);
    say("restore", N);
    #[cfg(all(feature = "flow", feature = "signing"))]
    for (name, has_flows) in [("deliver/dispatcher", false), ("deliver/flow", true)] {
        deliver::Sides::new(N, has_flows)?.round(FIRINGS, 1, false)?;
        say(name, FIRINGS);
    }
    Ok(())
}

/// A lane and by what its instructions are to be divided.
fn say(lane: &str, events: usize) {
    println!("{lane} {events}");
}

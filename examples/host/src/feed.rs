//! Events from files, handed in before anything else is done.

use std::sync::Arc;

use tripline::connector::Handler;
use tripline::event::{Event, Reader};

use crate::Failure;
use crate::intake::Intake;
use crate::outside::Outside;

/// Most events that are handed in at once.
const MOST: usize = 1_000;

/// Hands events in, in their order; what was seen before is dropped.
pub fn feed(handler: &Arc<Handler<Outside>>, intake: &Intake, events: &[Event<'_>]) -> Result<(), Failure> {
    for events in events.chunks(MOST) {
        let receipt = handler.with(|service| intake.take(service.pipeline_mut(), events))??;
        for (place, error) in receipt.refused() {
            eprintln!("the event {}: {error}", events[*place].id());
        }
    }
    Ok(())
}

/// The events of a file of CloudEvents, a line each; the first that is none is told with its line.
pub fn read_lines(text: &str) -> Result<Vec<Event<'_>>, Failure> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(number, line)| Ok(Reader::new().with_first_line(number).read(line.as_bytes())?)).collect()
}

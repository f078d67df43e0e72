//! The records of a batch as they stand in the journal: a later build must read them.

use serde_json::json;
use tripline::action::ActionError;
use tripline::journal::{Batch, Journal, Lsn};
use tripline::pipeline::Pipeline;

use super::{at, builder, crossed, members, persist, tell};

const GOLDEN: &str = include_str!("../../data/pipeline/journal.txt");

/// The batches as text, a record a line, an empty line after each batch.
pub(super) fn text(journal: &impl Journal) -> String {
    let mut text = String::new();
    for entry in journal.read(Lsn::FIRST).unwrap() {
        for record in entry.unwrap().batch().records() {
            text += std::str::from_utf8(record).unwrap();
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_records_are_written_as_they_always_were_and_read_back() {
    let (mut pipeline, mut journal, _) = crossed(tell());
    let work = persist(&mut pipeline, &mut journal).pop().unwrap();
    let error = ActionError::throttled("busy").with_retry_after(std::time::Duration::from_secs(30));
    let _ = pipeline.complete(at(3), work.lease(), Err(error)).unwrap();
    let letter = pipeline.dispatcher().dead_letters().next().unwrap().delivery().id().clone();
    let _ = pipeline.redrive(at(4), letter.as_str()).unwrap();
    let _ = pipeline.handle_timeout(at(33)).unwrap(); // the target wanted a pause
    let work = persist(&mut pipeline, &mut journal).pop().unwrap();
    let _ = pipeline.complete(at(35), work.lease(), Ok(json!({"note": 17, "at": 0.1}))).unwrap();
    let _ = pipeline.handle_event(at(36), &members("5", 36, 900.0)).unwrap();
    let _ = pipeline.remove(at(37), "vip").unwrap();
    let _ = pipeline.handle_restart(at(38)).unwrap();
    persist(&mut pipeline, &mut journal);
    let written = text(&journal);
    assert_eq!(written, GOLDEN, "the journal's records have changed:\n{written}");

    assert_eq!(read_back(GOLDEN).snapshot(), pipeline.snapshot());
}

/// A pipeline that has gone through batches that stand as text.
pub(super) fn read_back(golden: &str) -> Pipeline {
    let mut read = builder().build().unwrap();
    for (number, batch) in (1..).zip(golden.split_terminator("\n\n")) {
        let mut records = Batch::new();
        batch.lines().for_each(|line| records.push(line.as_bytes()));
        read.replay(Lsn::new(number), &records).unwrap();
    }
    read
}

//! Dynamics 365 Customer Insights: its diagnostic logs read into events, and the service itself, asked and polled.

mod asked;
mod fake;
mod fields;
mod frames;
mod hostile;
mod night;
mod poll;
mod random;

use tripline::Error;
use tripline::builtin::customer_insights::{LogReader, LogReport};
use tripline::event::Event;

/// What a reader gave, in order: an event as JSON, or why there is none.
type Said = Vec<Result<String, String>>;

/// Reads the whole of `log`, handed in in pieces of `piece` bytes.
fn read_in_pieces(mut reader: LogReader, log: &[u8], piece: usize) -> (Said, LogReport) {
    let mut said = Vec::new();
    let mut offset = 0;
    for piece in log.chunks(piece) {
        reader.push(piece).unwrap();
        offset = drain(&mut reader, offset, &mut said);
    }
    reader.finish();
    drain(&mut reader, offset, &mut said);
    assert_eq!(reader.offset(), log.len() as u64, "all is read at the end");
    (said, reader.report().clone())
}

fn drain(reader: &mut LogReader, mut offset: u64, said: &mut Said) -> u64 {
    while let Some(event) = reader.poll_event() {
        assert!(reader.offset() >= offset, "what is read stays read");
        offset = reader.offset();
        said.push(event.map(|event| event.to_json()).map_err(|error| error.to_string()));
    }
    offset
}

/// Reads `log` whole, and makes sure that neither pieces nor a second reading change anything.
fn read(log: impl AsRef<[u8]>) -> (Said, LogReport) {
    read_with(&LogReader::new(), log)
}

fn read_with(reader: &LogReader, log: impl AsRef<[u8]>) -> (Said, LogReport) {
    let log = log.as_ref();
    let whole = read_in_pieces(reader.clone(), log, log.len().max(1));
    for piece in [1, 2, 3, 7, 64, 1000] {
        let cut = read_in_pieces(reader.clone(), log, piece);
        assert_eq!(cut, whole, "in pieces of {piece} bytes:\n{}", String::from_utf8_lossy(log));
    }
    let (said, report) = &whole;
    let (events, refusals) =
        (said.iter().flatten().count(), said.iter().filter(|said| said.is_err()).count());
    assert_eq!((report.events(), report.refused().count()), (events as u64, refusals as u64));
    assert_eq!(report.records(), report.told() + report.ignored_in_all() + report.refused().count());
    whole
}

/// The events of a log without faults.
fn events(log: &str) -> Vec<Event<'static>> {
    LogReader::new().read(log.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{log}"))
}

/// Why a log is refused.
fn refusal(log: &str) -> Error {
    match LogReader::new().read(log.as_bytes()) {
        Err(error) => error,
        Ok(events) => panic!("{events:?}\n{log}"),
    }
}

fn data<'a>(event: &'a Event<'_>) -> &'a str {
    event.data().and_then(|data| data.as_json()).unwrap()
}

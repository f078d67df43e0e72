//! One event or tick, read from its text.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use tripline::Error;
use tripline::event::{Event, Reader};

use crate::input::Item;

#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and a box would be an allocation for each event"
)]
pub(crate) enum Line<'a> {
    /// The clock moves, nothing else.
    Tick(DateTime<Utc>),
    Event(Event<'a>),
}

/// What is wrong, and where.
pub(crate) struct BadLine {
    pub(crate) line: u64,
    pub(crate) reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tick {
    tick: String,
}

impl<'a> Line<'a> {
    pub(crate) fn read(item: &Item<'a>) -> Result<Self, BadLine> {
        let bad = |reason: String| BadLine { line: item.line, reason };
        let text = item.text.clone().map_err(bad)?;
        if let Some(tick) = tick(text) {
            return tick.map(Line::Tick).map_err(bad);
        }
        let event = Reader::new().with_first_line(item.line).read(text);
        event.map(Line::Event).map_err(|error| BadLine::new(item, &error))
    }
}

impl BadLine {
    /// What the library says about the text of `item`, where its own place is a line and a column.
    pub(crate) fn new(item: &Item<'_>, error: &Error) -> Self {
        let message = error.to_string();
        let place = error.place().and_then(|place| {
            let (line, column) = place.split_once(':')?;
            let message = message.strip_prefix(place)?.strip_prefix(": ")?;
            Some((line.parse::<u64>().ok()?, column.parse::<u64>().ok()?, message))
        });
        let Some((line, column, message)) = place else {
            return Self { line: item.line, reason: message };
        };
        // Only the first line of an event may begin in the middle of a line.
        let before = if line == item.line { item.column - 1 } else { 0 };
        Self { line, reason: format!("column {}: {message}", column + before) }
    }
}

/// `None` where the text is no tick but an event, or nothing at all.
fn tick(text: &[u8]) -> Option<Result<DateTime<Utc>, String>> {
    let inside = text.trim_ascii_start().strip_prefix(b"{")?;
    if !inside.trim_ascii_start().starts_with(br#""tick""#) {
        return None;
    }
    match serde_json::from_slice::<Tick>(text) {
        Ok(Tick { tick }) => Some(time(&tick).map_err(|why| format!("tick: {why}"))),
        // An event may have an extension attribute of that name.
        Err(_) if text.windows(13).any(|word| word == br#""specversion""#) => None,
        Err(error) => {
            let said = error.to_string();
            let said = said.split(" at line ").next().unwrap_or(&said);
            Some(Err(format!("a tick is {{\"tick\":\"TIME\"}} and nothing else: {said}")))
        }
    }
}

/// Reads an RFC 3339 time that the engine can hold.
pub(crate) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let time = DateTime::parse_from_rfc3339(text)
        .map_err(|error| format!("{text:?} is not an RFC 3339 time such as 2026-03-01T02:00:07Z: {error}"))?
        .to_utc();
    match time.timestamp_nanos_opt() {
        Some(_) => Ok(time),
        None => Err(format!("{text:?} is outside the years 1677 to 2262")),
    }
}

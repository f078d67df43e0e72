//! Segments: how many members they have.

use serde_json::Value;

use super::answer::{number, short, text, time};
use super::cursor::{Cursor, Mark};
use super::group::{Group, Trace};
use super::id::{digest, id};
use super::limits::Limits;
use super::named::named;
use super::report::Notes;
use crate::event::{Event, Outcome, SeriesKind, ValueObserved};
use crate::time::datetime;

/// What the segments of an answer say that was not told yet.
pub(super) fn read(
    entries: &[Value],
    source: &str,
    cursor: &mut Cursor,
    limits: &Limits,
    notes: &mut Notes<'_>,
) -> Vec<Group> {
    let listed = named(entries, &["name"], "a segment", &mut cursor.segments, limits, notes);
    listed.into_iter().filter_map(|(name, entry)| one(entry, name, source, cursor, notes)).collect()
}

fn one(entry: &Value, name: &str, source: &str, cursor: &Cursor, notes: &mut Notes<'_>) -> Option<Group> {
    let place = format!("segment {}", short(name));
    // One that was never evaluated has none.
    let status = entry.get("evaluationStatus").filter(|status| !status.is_null())?;
    let Some(word) = text(status, "jobStatus") else {
        notes.faulty(&place, "evaluationStatus.jobStatus");
        return None;
    };
    let (outcome, _) = notes.outcome(&place, word)?;
    if outcome != Outcome::SUCCEEDED {
        return None;
    }
    let count = status.get("entityCount").and_then(number);
    let Some(count) = count.filter(|count| *count >= 0.0 && count.fract() == 0.0) else {
        notes.faulty(&place, "evaluationStatus.entityCount");
        return None;
    };
    let at = time(status, "evaluationDate");
    let what = digest(&[&count.to_string()]);
    let before = cursor.segments.get(name);
    if before.is_some_and(|mark| mark.at == at && mark.what == what) {
        return None;
    }
    if before.is_some_and(|mark| at.is_some() && at < mark.at) {
        notes.counts.early += 1;
        return None;
    }
    let turn = before.map_or(0, |mark| mark.turn) + u64::from(at.is_none());
    let when = at.map_or_else(|| format!("?{turn}"), |at| at.to_string());
    let event_id = id(&["segment", name, &when, &count.to_string()]);
    match ValueObserved::new(SeriesKind::SEGMENT, name.to_owned(), count).into_event(event_id, source) {
        Ok(event) => {
            let event = at.map(datetime).into_iter().fold(event, Event::with_time);
            let mark = Mark { at, what, turn, busy: false };
            Some(Group { events: vec![event], trace: Trace::Segment(name.to_owned(), mark) })
        }
        Err(_) => {
            notes.faulty(&place, "name");
            None
        }
    }
}

//! Data sources: how their refreshes ended.

use serde_json::Value;

use super::answer::{short, text, time};
use super::cursor::{Cursor, Mark};
use super::group::{Group, Trace};
use super::id::{digest, id};
use super::limits::Limits;
use super::named::named;
use super::report::Notes;
use crate::builtin::customer_insights::vocabulary::{Status, outcome_of};
use crate::event::{Event, Failure, Item, Process, RefreshCompleted};
use crate::time::{Nanos, datetime};

/// What the data sources of an answer say that was not told yet.
pub(super) fn read(
    entries: &[Value],
    source: &str,
    cursor: &mut Cursor,
    limits: &Limits,
    notes: &mut Notes<'_>,
) -> Vec<Group> {
    let fields = ["dataSourceId", "name"];
    let listed = named(entries, &fields, "a data source", &mut cursor.sources, limits, notes);
    listed.into_iter().filter_map(|(name, entry)| one(entry, name, source, cursor, notes)).collect()
}

fn one(entry: &Value, name: &str, source: &str, cursor: &Cursor, notes: &mut Notes<'_>) -> Option<Group> {
    let place = format!("data source {}", short(name));
    let Some(word) = text(entry, "refreshState") else {
        notes.faulty(&place, "refreshState");
        return None;
    };
    let before = cursor.sources.get(name);
    let (outcome, kind) = match outcome_of(word) {
        Status::Ended(outcome, kind) => (outcome, kind),
        Status::NotEnded => {
            notes.counts.not_ended += 1;
            // Remembered, so that the same end once more is another end.
            let new = || Mark { at: time(entry, "lastRefresh"), ..Mark::default() };
            let mark = before.cloned().unwrap_or_else(new);
            let mark = (!mark.busy).then(|| Mark { busy: true, turn: mark.turn + 1, ..mark });
            return mark
                .map(|mark| Group { events: Vec::new(), trace: Trace::Source(name.to_owned(), mark) });
        }
        Status::Unknown => {
            notes.unknown_word(&place, word);
            return None;
        }
    };
    let at = time(entry, "lastRefresh");
    let what = digest(&[outcome.as_str(), &at.map(|at| at.to_string()).unwrap_or_default()]);
    if before.is_some_and(|mark| !mark.busy && mark.what == what) {
        return None;
    }
    let mut mark = Mark { at, what, turn: before.map_or(0, |mark| mark.turn), busy: false };
    if before.is_none() && at.is_none_or(|at| at < cursor.start) {
        notes.counts.early += 1;
        return Some(Group { events: Vec::new(), trace: Trace::Source(name.to_owned(), mark) });
    }
    // A time that was there before is that of an earlier refresh.
    let own: Option<Nanos> = at.filter(|at| before.is_none_or(|mark| mark.at != Some(*at)));
    if own.is_none() {
        mark.turn += 1;
    }
    let when = own.map_or_else(|| format!("?{}", mark.turn), |at| at.to_string());
    let id = id(&["source", name, outcome.as_str(), &when]);
    let shown = ["friendlyName", "name"].iter().find_map(|field| text(entry, field));
    let item = Item::new(name.to_owned());
    let item = shown.into_iter().fold(item, |item, shown| item.with_name(shown.to_owned()));
    let mut refresh = RefreshCompleted::new(Process::INGESTION, outcome).with_item(item);
    refresh =
        kind.into_iter().fold(refresh, |refresh, kind| refresh.with_failure(Failure::new().with_kind(kind)));
    refresh = own.map(datetime).into_iter().fold(refresh, RefreshCompleted::with_ended_at);
    match refresh.into_event(id, source) {
        Ok(event) => {
            let event = own.map(datetime).into_iter().fold(event, Event::with_time);
            Some(Group { events: vec![event], trace: Trace::Source(name.to_owned(), mark) })
        }
        Err(_) => {
            notes.faulty(&place, "dataSourceId");
            None
        }
    }
}

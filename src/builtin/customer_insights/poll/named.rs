//! Lists of things that have names, and the marks that are kept of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::answer::text;
use super::cursor::Mark;
use super::limits::Limits;
use super::report::Notes;

/// The entries that have a name, each name once, as far as there is room for
/// their marks. Marks of what is listed no more are dropped.
pub(super) fn named<'v>(
    entries: &'v [Value],
    fields: &[&str],
    what: &str,
    marks: &mut BTreeMap<String, Mark>,
    limits: &Limits,
    notes: &mut Notes<'_>,
) -> Vec<(&'v str, &'v Value)> {
    let mut names = BTreeSet::new();
    let mut listed = Vec::new();
    for entry in entries {
        match fields.iter().find_map(|field| text(entry, field)) {
            None => notes.faulty(what, fields[0]),
            Some(name) if names.insert(name) => listed.push((name, entry)),
            Some(_) => {}
        }
    }
    marks.retain(|name, _| names.contains(name.as_str()));
    let mut room = limits.series().saturating_sub(marks.len());
    listed.retain(|(name, _)| {
        if marks.contains_key(*name) {
            return true;
        }
        notes.counts.over += u64::from(room == 0);
        let has_room = room > 0;
        room = room.saturating_sub(1);
        has_room
    });
    listed
}

//! One trigger: what it is asked for, which events concern it, and what it remembers.

use serde_json::Value;

use super::event::{Event, JOB, REFRESH};
use super::model::Key;
use super::task::{Settling, Silence};
use crate::model::filter::compares;
use crate::model::{Ns, clock};

pub(crate) const PHASES: [&str; 3] = ["map", "match", "merge"];

pub(crate) struct Trigger {
    pub(super) json: Value,
    pub(super) enabled: bool,
    pub(super) settle: Ns,
    pub(super) within: Ns,
    /// The name in the last event of an item that had one.
    names: Vec<(Key, String)>,
    pub(super) settling: Vec<(Key, Settling)>,
    pub(super) silences: Vec<(Key, Silence)>,
    pub(super) told: Vec<(Key, Told)>,
    /// The times of all that was emitted, for `limit`.
    pub(super) emitted: Vec<Ns>,
}

/// What was told of one key.
#[derive(Clone, Default)]
pub(crate) struct Told {
    pub(super) times: Vec<Ns>,
    pub(super) suppressed: u64,
}

impl Trigger {
    pub(super) fn new(json: &Value, now: Ns) -> Trigger {
        let from_start = json["on"]["fromStart"] == true;
        let silences = if from_start { vec![(Key::Whole, Silence::new(now))] } else { vec![] };
        Trigger {
            json: json.clone(),
            enabled: json["enabled"] != false,
            settle: span(&json["on"]["settle"]),
            within: span(&json["on"]["within"]),
            names: vec![],
            settling: vec![],
            silences,
            told: vec![],
            emitted: vec![],
        }
    }

    pub(super) fn id(&self) -> &str {
        self.json["id"].as_str().unwrap_or_default()
    }

    pub(super) fn kind(&self) -> &str {
        self.on("type").unwrap_or_default()
    }

    /// A text in `on`.
    pub(super) fn on(&self, name: &str) -> Option<&str> {
        self.json["on"][name].as_str()
    }

    /// The word asked for in `on`, unless any will do.
    pub(super) fn asks(&self, name: &str, have: Option<&str>) -> bool {
        self.on(name).is_none_or(|want| want == "any" || Some(want) == have)
    }

    pub(super) fn cooldown(&self) -> Ns {
        span(&self.json["cooldown"])
    }

    pub(super) fn limit(&self) -> Option<(usize, Ns)> {
        let limit = self.json.get("limit")?;
        Some((limit["max"].as_u64()? as usize, span(&limit["per"])))
    }

    pub(super) fn matcher(&self) -> &Value {
        let name = match self.kind() {
            "dataSourceRefreshFailed" | "dataSourceRefreshSucceeded" => "dataSource",
            "refreshCompleted" => "item",
            "noData" => "name",
            _ => return &Value::Null,
        };
        &self.json["on"][name]
    }

    pub(super) fn is_concerned(&self, e: &Event) -> bool {
        self.is_shown(e)
            && self.accepts_item(e)
            && accepts(&self.json["source"], e.source())
            && self.json["where"].as_array().into_iter().flatten().all(|filter| passes(filter, e))
    }

    /// Whether such events are this trigger's at all.
    fn is_shown(&self, e: &Event) -> bool {
        let process = e.data("process");
        match self.kind() {
            "refreshCompleted" => e.is(REFRESH) && self.on("process").is_none_or(|p| Some(p) == process),
            "unificationCompleted" => e.is(REFRESH) && process.is_some_and(|p| PHASES.contains(&p)),
            "fullRefreshCompleted" => e.is(JOB),
            "eventReceived" => self.on("eventType").is_some_and(|event_type| e.is(event_type)),
            _ => e.is(REFRESH) && process == Some("ingestion"),
        }
    }

    fn accepts_item(&self, e: &Event) -> bool {
        let matcher = self.matcher();
        if is_any(matcher) {
            return true;
        }
        let (Some(id), Some(key)) = (e.item_id(), e.item_key()) else { return false };
        let known = || self.names.iter().find(|(k, _)| *k == key).map(|(_, name)| name.as_str());
        let name = e.item_name().or_else(known);
        accepts(matcher, id) || name.is_some_and(|name| accepts(matcher, name))
    }

    /// What an event calls its item, whatever `where` says of it.
    pub(super) fn note_name(&mut self, e: &Event) {
        let (Some(_), Some(name), Some(key)) = (e.item_id(), e.item_name(), e.item_key()) else { return };
        if self.is_shown(e) {
            self.names.retain(|(k, _)| *k != key);
            self.names.push((key, name.to_owned()));
        }
    }

    pub(super) fn dues(&self) -> impl Iterator<Item = (&Key, Ns)> {
        let failures = self.settling.iter().map(|(key, s)| (key, s.due(self.settle)));
        let silences = self.silences.iter().map(|(key, s)| (key, s.due(self.within)));
        failures.chain(silences).filter_map(|(key, due)| Some((key, due?)))
    }
}

/// 0 where there is none.
fn span(v: &Value) -> Ns {
    v.as_str().and_then(clock::span).unwrap_or(0)
}

pub(super) fn is_any(matcher: &Value) -> bool {
    matcher.is_null() || *matcher == "*"
}

fn accepts(matcher: &Value, text: &str) -> bool {
    let word = |name: &str| matcher[name].as_str();
    is_any(matcher)
        || *matcher == text
        || word("prefix").is_some_and(|prefix| text.starts_with(prefix))
        || word("suffix").is_some_and(|suffix| text.ends_with(suffix))
        || matcher["oneOf"].as_array().into_iter().flatten().any(|one| one == text)
}

fn passes(filter: &Value, e: &Event) -> bool {
    let Some((word, body)) = filter.as_object().and_then(|f| f.iter().next()) else { return false };
    let nested = || body.as_array().into_iter().flatten();
    match word.as_str() {
        "all" => nested().all(|f| passes(f, e)),
        "any" => nested().any(|f| passes(f, e)),
        "not" => !passes(body, e),
        "data" => compares(body, &e.json["data"]),
        _ => body.as_object().into_iter().flatten().all(|(attribute, want)| {
            let (Some(have), Some(want)) = (e.attribute(attribute), want.as_str()) else { return false };
            match word.as_str() {
                "exact" => have == want,
                "prefix" => have.starts_with(want),
                _ => have.ends_with(want),
            }
        }),
    }
}

/// What is kept under a key, made where there is nothing yet.
pub(super) fn under<'a, V>(all: &'a mut Vec<(Key, V)>, key: &Key, new: impl FnOnce() -> V) -> &'a mut V {
    let i = all.iter().position(|(k, _)| k == key).unwrap_or_else(|| {
        all.push((key.clone(), new()));
        all.len() - 1
    });
    &mut all[i].1
}

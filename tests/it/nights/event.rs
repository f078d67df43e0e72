//! One event as the model reads it: its JSON, and what must be in it.

use serde_json::Value;

use super::model::Key;
use crate::model::{Ns, clock};

pub(crate) const REFRESH: &str = "tripline.refresh.completed";
pub(crate) const JOB: &str = "tripline.job.completed";
pub(crate) const VALUE: &str = "tripline.value.observed";

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(super) json: Value,
    pub(super) at: Ns,
}

impl Event {
    pub(super) fn read(json: &Value, now: Ns) -> Event {
        let at = json["time"].as_str().and_then(clock::instant).unwrap_or(now);
        Event { json: json.clone(), at }
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.json.get(name).filter(|_| name != "data")?.as_str()
    }

    pub(super) fn id(&self) -> &str {
        self.attribute("id").unwrap_or_default()
    }

    pub(super) fn source(&self) -> &str {
        self.attribute("source").unwrap_or_default()
    }

    pub(super) fn is(&self, event_type: &str) -> bool {
        self.attribute("type") == Some(event_type)
    }

    /// A text in the data.
    pub(super) fn data(&self, name: &str) -> Option<&str> {
        self.json["data"][name].as_str()
    }

    pub(super) fn item_id(&self) -> Option<&str> {
        self.json["data"]["item"]["id"].as_str()
    }

    pub(super) fn item_name(&self) -> Option<&str> {
        self.json["data"]["item"]["name"].as_str()
    }

    /// The item of a task, which may be none.
    pub(super) fn item_key(&self) -> Option<Key> {
        self.is(REFRESH).then(|| Key::Item {
            source: self.source().to_owned(),
            process: self.data("process").unwrap_or_default().to_owned(),
            id: self.item_id().map(str::to_owned),
        })
    }

    pub(super) fn job_key(&self) -> Option<Key> {
        let id = self.data("jobId")?.to_owned();
        Some(Key::Job { source: self.source().to_owned(), id })
    }

    /// Those that the data of the three known types names.
    pub(super) fn owners(&self) -> Vec<String> {
        let known = [REFRESH, JOB, VALUE].iter().any(|known| self.is(known));
        let owners = self.json["data"]["owners"].as_array().filter(|_| known);
        owners.into_iter().flatten().filter_map(|o| o.as_str().map(str::to_owned)).collect()
    }

    /// The places of what is wrong with the data, sorted.
    pub(super) fn faults(&self) -> Vec<String> {
        let (texts, full): (&[(&str, bool)], &[&str]) = if self.is(REFRESH) {
            (&[("process", true), ("outcome", true), ("jobId", false)], &["process", "outcome", "jobId"])
        } else if self.is(JOB) {
            let texts = &[
                ("jobId", true),
                ("scope", true),
                ("submission", false),
                ("operation", false),
                ("outcome", true),
            ];
            (texts, &["jobId", "outcome"])
        } else if self.is(VALUE) {
            (&[("kind", true), ("name", true)], &[])
        } else {
            return vec![];
        };
        let Some(data) = self.json.get("data").filter(|data| data.is_object()) else {
            return vec!["data".into()];
        };
        let mut faults = Vec::new();
        let mut text = |of: &Value, place: &str, name: &str, required: bool, full: bool| {
            let is_good = match of.get(name) {
                None | Some(Value::Null) => !required,
                Some(Value::String(s)) => !(full && s.is_empty()),
                Some(_) => false,
            };
            if !is_good {
                faults.push(format!("{place}{name}"));
            }
        };
        for (name, required) in texts {
            text(data, "data.", name, *required, full.contains(name));
        }
        if self.is(REFRESH) {
            let (item, failure) = (&data["item"], &data["failure"]);
            if item.is_object() {
                text(item, "data.item.", "id", true, true);
                text(item, "data.item.", "name", false, false);
            }
            if failure.is_object() {
                text(failure, "data.failure.", "kind", false, false);
                text(failure, "data.failure.", "message", false, false);
            }
            for (name, object) in [("item", item), ("failure", failure)] {
                if !object.is_object() && !object.is_null() {
                    faults.push(format!("data.{name}"));
                }
            }
        }
        for name in ["startedAt", "endedAt"] {
            let asked = if name == "endedAt" { !self.is(VALUE) } else { self.is(JOB) };
            let is_time = || data[name].as_str().is_some_and(|at| clock::instant(at).is_some());
            if asked && !data[name].is_null() && !is_time() {
                faults.push(format!("data.{name}"));
            }
        }
        match &data["owners"] {
            Value::Array(owners) => {
                let wrong = owners.iter().enumerate().filter(|(_, owner)| !owner.is_string());
                faults.extend(wrong.map(|(n, _)| format!("data.owners[{n}]")));
            }
            Value::Null => {}
            _ => faults.push("data.owners".into()),
        }
        faults.sort();
        faults
    }
}

//! A firing in a machine's snapshot: nothing of it is lost, and it is read back.

use serde::{Deserialize, Serialize};

use super::{EventRef, Facts, Firing, Key, Parts};
use crate::event::{Dimensions, Failure, Item, Series};
use crate::threshold::Transition;
use crate::time::Nanos;
use crate::trigger::Trigger;

/// The parts as texts and numbers; floats as their bits, for not all of them are JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FiringRecord {
    trigger: String,
    key: KeyRecord,
    transition: String,
    time: Nanos,
    ordinal: u64,
    value: Option<u64>,
    previous: Option<u64>,
    crossed_at: Option<Nanos>,
    due_at: Option<Nanos>,
    suppressed: u64,
    event: Option<(String, String, String, Nanos)>,
    owners: Vec<String>,
    facts: Option<FactsRecord>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum KeyRecord {
    Series { source: String, kind: String, name: String, dimensions: Vec<(String, String)> },
    Item { source: String, process: String, id: Option<String> },
    Job { source: String, id: String },
    Whole,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct FactsRecord {
    process: Option<String>,
    item: Option<(String, Option<String>)>,
    outcome: Option<String>,
    failure: Option<(Option<String>, Option<String>)>,
    job_id: Option<String>,
    scope: Option<String>,
    submission: Option<String>,
    operation: Option<String>,
    phases: Option<[(String, String); 3]>,
}

impl FiringRecord {
    pub(crate) fn of(firing: &Firing) -> Self {
        let (trigger, parts) = firing.parts();
        let event = parts.event.as_ref().map(|event| {
            (event.source().to_owned(), event.id().to_owned(), event.event_type().to_owned(), event.instant())
        });
        Self {
            trigger: trigger.to_json(),
            key: key_record(&parts.key),
            transition: parts.transition.as_str().to_owned(),
            time: parts.time,
            ordinal: parts.ordinal,
            value: parts.value.map(f64::to_bits),
            previous: parts.previous.map(f64::to_bits),
            crossed_at: parts.crossed_at,
            due_at: parts.due_at,
            suppressed: parts.suppressed,
            event,
            owners: parts.owners.iter().map(ToString::to_string).collect(),
            facts: parts.facts.as_deref().map(facts_record),
        }
    }

    /// The firing, or what of it does not read.
    pub(crate) fn read(self) -> Result<Firing, String> {
        let trigger =
            Trigger::from_json(&self.trigger).map_err(|error| format!("a trigger does not read: {error}"))?;
        let transitions =
            [Transition::Crossed, Transition::Cleared, Transition::Reminder, Transition::Occurred];
        let transition = transitions.into_iter().find(|transition| transition.as_str() == self.transition);
        let parts = Parts {
            key: key(self.key),
            transition: transition.ok_or_else(|| format!("{:?} is no transition", self.transition))?,
            time: self.time,
            ordinal: self.ordinal,
            value: self.value.map(f64::from_bits),
            previous: self.previous.map(f64::from_bits),
            crossed_at: self.crossed_at,
            due_at: self.due_at,
            suppressed: self.suppressed,
            event: self.event.map(|(source, id, event_type, time)| {
                EventRef::new(&source, &id, time).with_type(&event_type)
            }),
            owners: self.owners.into_iter().map(Into::into).collect(),
            facts: self.facts.map(|facts| Box::new(read_facts(facts))),
        };
        Ok(Firing::new(trigger, parts))
    }
}

fn key_record(key: &Key) -> KeyRecord {
    match key {
        Key::Series(series) => KeyRecord::Series {
            source: series.source().to_owned(),
            kind: series.kind().as_str().to_owned(),
            name: series.name().to_owned(),
            dimensions: series
                .dimensions()
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        },
        Key::Item { source, process, id } => KeyRecord::Item {
            source: source.to_string(),
            process: process.as_str().to_owned(),
            id: id.as_deref().map(str::to_owned),
        },
        Key::Job { source, id } => KeyRecord::Job { source: source.to_string(), id: id.to_string() },
        Key::Whole => KeyRecord::Whole,
    }
}

fn key(record: KeyRecord) -> Key {
    match record {
        KeyRecord::Series { source, kind, name, dimensions } => {
            let dimensions: Dimensions = dimensions.iter().map(|(name, value)| (&**name, &**value)).collect();
            Key::Series(Series::new(source, &*kind, name).with_dimensions(dimensions))
        }
        KeyRecord::Item { source, process, id } => {
            Key::Item { source: source.into(), process: (&*process).into(), id: id.map(Into::into) }
        }
        KeyRecord::Job { source, id } => Key::Job { source: source.into(), id: id.into() },
        KeyRecord::Whole => Key::Whole,
    }
}

fn facts_record(facts: &Facts) -> FactsRecord {
    FactsRecord {
        process: facts.process.as_ref().map(|process| process.as_str().to_owned()),
        item: facts.item.as_ref().map(|item| (item.id().to_owned(), item.name().map(str::to_owned))),
        outcome: facts.outcome.as_ref().map(|outcome| outcome.as_str().to_owned()),
        failure: facts.failure.as_ref().map(|failure| {
            (failure.kind().map(|kind| kind.as_str().to_owned()), failure.message().map(str::to_owned))
        }),
        job_id: facts.job_id.as_deref().map(str::to_owned),
        scope: facts.scope.as_ref().map(|scope| scope.as_str().to_owned()),
        submission: facts.submission.as_ref().map(|submission| submission.as_str().to_owned()),
        operation: facts.operation.as_deref().map(str::to_owned),
        phases: facts.phases.as_ref().map(|phases| {
            phases.each_ref().map(|(phase, outcome)| (phase.as_str().to_owned(), outcome.as_str().to_owned()))
        }),
    }
}

fn read_facts(record: FactsRecord) -> Facts {
    Facts {
        process: record.process.map(|process| (&*process).into()),
        item: record.item.map(|(id, name)| {
            let item = Item::new(id);
            match name {
                Some(name) => item.with_name(name),
                None => item,
            }
        }),
        outcome: record.outcome.map(|outcome| (&*outcome).into()),
        failure: record.failure.map(|(kind, message)| {
            let failure = kind.iter().fold(Failure::new(), |failure, kind| failure.with_kind(&**kind));
            message.into_iter().fold(failure, Failure::with_message)
        }),
        job_id: record.job_id.map(Into::into),
        scope: record.scope.map(|scope| (&*scope).into()),
        submission: record.submission.map(|submission| (&*submission).into()),
        operation: record.operation.map(Into::into),
        phases: record
            .phases
            .map(|phases| phases.map(|(phase, outcome)| ((&*phase).into(), (&*outcome).into()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_firing_is_read_back_as_it_was() {
        let trigger = Trigger::event_received("e", "x.y").build().unwrap();
        let facts = Facts {
            process: Some("ingestion".into()),
            item: Some(Item::new("ds-42").with_name("Loyalty")),
            outcome: Some("failed".into()),
            failure: Some(Failure::new().with_kind("permanent").with_message("login refused")),
            job_id: Some("j-9".into()),
            scope: Some("full".into()),
            submission: Some("scheduled".into()),
            operation: Some("all".into()),
            phases: Some([
                ("map".into(), "succeeded".into()),
                ("match".into(), "failed".into()),
                ("merge".into(), "odd".into()),
            ]),
        };
        let series = Series::new("/s", "segment", "vip").with_dimension("region", "EMEA");
        let keys = [
            Key::Series(series),
            Key::Item { source: "/s".into(), process: "ingestion".into(), id: Some("ds-42".into()) },
            Key::Job { source: "/s".into(), id: "j-9".into() },
            Key::Whole,
        ];
        for (key, facts) in keys.into_iter().flat_map(|key| {
            [None, Some(Facts::default()), Some(facts.clone())].map(|facts| (key.clone(), facts))
        }) {
            let parts = Parts {
                key,
                transition: Transition::Reminder,
                time: 17,
                ordinal: u64::MAX,
                value: Some(f64::INFINITY),
                previous: Some(-0.0),
                crossed_at: Some(-1),
                due_at: None,
                suppressed: 3,
                event: Some(EventRef::new("/s", "t-17", 16).with_type("x.y")),
                owners: ["ana@contoso.example".into()].into_iter().collect(),
                facts: facts.map(Box::new),
            };
            let firing = Firing::new(trigger.clone(), parts);
            let text = serde_json::to_string(&FiringRecord::of(&firing)).unwrap();
            let record: FiringRecord = serde_json::from_str(&text).unwrap();
            assert_eq!(record.read().unwrap(), firing);
        }
    }
}

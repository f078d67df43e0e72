//! The `on` of a trigger in JSON, of every type: read and written.

use std::time::Duration;

use super::body::{Body, Patience, Silence};
use super::fields::Fields;
use super::object::Object;
use super::reader::Reader;
use super::tree::Node;
use super::{Matcher, Trigger, TriggerKind, matchers, thresholds};
use crate::event::{Outcome, Process, SeriesKind, Submission};
use crate::threshold::{Threshold, ThresholdBuilder};
use crate::time::format_duration;

type OfType = (&'static str, fn(&mut Fields<'_, '_, '_>) -> On);

/// The types, and how the fields of each are read.
const TYPES: [OfType; 9] = [
    ("dataSourceRefreshFailed", read_refresh_failed),
    ("dataSourceRefreshSucceeded", read_refresh_succeeded),
    ("segmentThresholdCrossed", read_segment),
    ("measureThresholdCrossed", read_measure),
    ("fullRefreshCompleted", read_full_refresh),
    ("unificationCompleted", read_unification),
    ("refreshCompleted", read_refresh),
    ("noData", read_silence),
    ("eventReceived", read_event),
];

/// The fields of `on`, of all types together; `name` is one beside it as well.
pub(crate) const INNER: &[&str] = &[
    "type",
    "dataSource",
    "includeRetrying",
    "settle",
    "submission",
    "outcome",
    "process",
    "item",
    "eventType",
    "segment",
    "measure",
    "dimensions",
    "kind",
    "within",
    "fromStart",
    "above",
    "atOrAbove",
    "below",
    "atOrBelow",
    "entersRange",
    "leavesRange",
    "changesBy",
    "rearm",
    "hold",
    "keep",
    "occurrences",
    "onFirst",
    "onMissing",
    "staleAfter",
    "lateness",
    "remindEvery",
    "notifyCleared",
];

/// The fields of a trigger beside those of `on`.
const OUTER: &[&str] = &["id", "name", "enabled", "source", "where", "cooldown", "limit"];

/// What `on` says. Where a part is faulty something stands in for it that is
/// allowed.
pub(super) struct On {
    pub(super) subject: Matcher,
    pub(super) draft: Body<ThresholdBuilder>,
    /// A condition whose faults were noted already.
    pub(super) noted: Option<&'static str>,
}

impl On {
    fn new(subject: Option<Matcher>, draft: Body<ThresholdBuilder>) -> Self {
        Self { subject: subject.unwrap_or(Matcher::Any), draft, noted: None }
    }

    /// What stands in for all of it.
    pub(super) fn placeholder() -> Self {
        Self::new(None, Body::Segment(Threshold::above(0.0)))
    }
}

pub(super) fn read<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<On> {
    let mut fields = reader.fields(node)?;
    fields.elsewhere(OUTER, "beside `on`");
    let Some(read_fields) = fields.required("type", |reader, node| reader.word(node, &TYPES)) else {
        fields.close();
        return None;
    };
    let on = read_fields(&mut fields);
    fields.end();
    Some(on)
}

fn read_refresh_failed(fields: &mut Fields<'_, '_, '_>) -> On {
    let data_source = fields.optional("dataSource", matchers::read);
    let include_retrying = fields.optional("includeRetrying", Reader::boolean).unwrap_or_default();
    let settle = fields.optional("settle", Reader::duration).unwrap_or_default();
    On::new(data_source, Body::RefreshFailed(Box::new(Patience { include_retrying, settle })))
}

fn read_refresh_succeeded(fields: &mut Fields<'_, '_, '_>) -> On {
    On::new(fields.optional("dataSource", matchers::read), Body::RefreshSucceeded)
}

fn read_segment(fields: &mut Fields<'_, '_, '_>) -> On {
    let segment = fields.required("segment", matchers::read);
    let read = thresholds::read(fields);
    On { noted: read.noted, ..On::new(segment, Body::Segment(read.builder)) }
}

fn read_measure(fields: &mut Fields<'_, '_, '_>) -> On {
    let measure = fields.required("measure", matchers::read);
    let dimensions = fields.optional("dimensions", matchers::read_dimensions).unwrap_or_default();
    let read = thresholds::read(fields);
    On { noted: read.noted, ..On::new(measure, Body::Measure(Box::new((dimensions, read.builder)))) }
}

fn read_full_refresh(fields: &mut Fields<'_, '_, '_>) -> On {
    let submission = fields.optional("submission", Reader::text).map(Submission::from);
    let outcome = read_outcome(fields);
    On::new(None, Body::FullRefresh(Box::new((submission, outcome))))
}

fn read_unification(fields: &mut Fields<'_, '_, '_>) -> On {
    On::new(None, Body::Unification(Box::new(read_outcome(fields))))
}

fn read_refresh(fields: &mut Fields<'_, '_, '_>) -> On {
    let process = fields.optional("process", Reader::text).map(Process::from);
    let item = fields.optional("item", matchers::read);
    let outcome = read_outcome(fields);
    On::new(item, Body::Refresh(Box::new((process, outcome))))
}

fn read_silence(fields: &mut Fields<'_, '_, '_>) -> On {
    let kind = fields.required("kind", Reader::text).map_or(SeriesKind::SEGMENT, SeriesKind::from);
    let name = fields.required("name", matchers::read);
    let within = fields.required("within", Reader::duration).unwrap_or(Duration::from_secs(1));
    let from_start = fields.optional("fromStart", Reader::boolean).unwrap_or_default();
    On::new(name, Body::NoData(Box::new(Silence { kind, within, from_start })))
}

fn read_event(fields: &mut Fields<'_, '_, '_>) -> On {
    let event_type = fields.required("eventType", Reader::text);
    On::new(event_type.map(Matcher::exact), Body::Event)
}

fn read_outcome(fields: &mut Fields<'_, '_, '_>) -> Option<Outcome> {
    fields.optional("outcome", Reader::text).map(Outcome::from)
}

/// Writes the fields in the order of the contract; what is at its default is
/// left out.
pub(super) fn write(object: &mut Object<'_>, trigger: &Trigger) {
    object.text("type", trigger.type_name());
    match trigger.kind() {
        TriggerKind::DataSourceRefreshFailed { data_source, include_retrying, settle } => {
            matchers::write_unless_any(object, "dataSource", data_source);
            write_if(object, "includeRetrying", include_retrying);
            thresholds::write_duration(object, "settle", Some(settle));
        }
        TriggerKind::DataSourceRefreshSucceeded { data_source } => {
            matchers::write_unless_any(object, "dataSource", data_source);
        }
        TriggerKind::SegmentThresholdCrossed { segment, threshold } => {
            matchers::write(object, "segment", segment);
            thresholds::write(object, threshold);
        }
        TriggerKind::MeasureThresholdCrossed { measure, dimensions, threshold } => {
            matchers::write(object, "measure", measure);
            matchers::write_dimensions(object, dimensions);
            thresholds::write(object, threshold);
        }
        TriggerKind::FullRefreshCompleted { submission, outcome } => {
            write_given(object, "submission", submission.map(Submission::as_str));
            write_given(object, "outcome", outcome.map(Outcome::as_str));
        }
        TriggerKind::UnificationCompleted { outcome } => {
            write_given(object, "outcome", outcome.map(Outcome::as_str));
        }
        TriggerKind::RefreshCompleted { process, item, outcome } => {
            write_given(object, "process", process.map(Process::as_str));
            matchers::write_unless_any(object, "item", item);
            write_given(object, "outcome", outcome.map(Outcome::as_str));
        }
        TriggerKind::NoData { kind, name, within, from_start } => {
            object.text("kind", kind.as_str());
            matchers::write(object, "name", name);
            object.text("within", &format_duration(within));
            write_if(object, "fromStart", from_start);
        }
        TriggerKind::EventReceived { event_type } => object.text("eventType", event_type),
    }
}

fn write_given(object: &mut Object<'_>, name: &'static str, text: Option<&str>) {
    if let Some(text) = text {
        object.text(name, text);
    }
}

fn write_if(object: &mut Object<'_>, name: &'static str, value: bool) {
    if value {
        object.boolean(name, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_reads_fields_that_are_known_to_belong_inside_and_gives_its_own_kind() {
        let root = Node::parse("{}").unwrap();
        for (name, read_fields) in TYPES {
            let mut reader = Reader::new("{}", &root);
            let mut fields = reader.fields(&root).unwrap();
            assert_eq!(read_fields(&mut fields).draft.type_name(), name);
            let unknown = |field: &&&str| **field != "name" && !INNER.contains(*field);
            assert_eq!(fields.asked.iter().find(unknown), None, "{name}");
        }
    }
}

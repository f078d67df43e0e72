//! One record read into the events it stands for.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::super::vocabulary::{Status, outcome_of, process_of, scope_of, submission_of};
use super::fields::{Fields, json_name};
use super::frame::{Refused, Spot};
use super::id::Identity;
use super::report::Ignored;
use crate::error::{Error, ErrorKind};
use crate::event::{
    Event, Failure, FailureKind, Item, JobCompleted, Outcome, Process, RefreshCompleted, ValueObserved,
    strict,
};
use crate::time::instant;

/// What a sound record gives.
#[derive(Debug)]
pub(super) enum Reading {
    Events(Box<Events>),
    Ignored(Ignored, Option<String>),
}

#[derive(Debug)]
pub(super) struct Events {
    pub(super) event: Event<'static>,
    /// A segment's member count.
    pub(super) value: Option<Event<'static>>,
    /// Optional fields whose value is of no use.
    pub(super) set_aside: Vec<&'static str>,
}

/// Reads the record `bytes`, which starts at `spot`.
pub(super) fn read(bytes: &[u8], spot: Spot, max_depth: usize) -> Result<Reading, Refused> {
    let text = json(bytes, spot, max_depth)?;
    let reading = Record::read(text, max_depth).and_then(Record::into_reading);
    reading.map_err(|(error, name)| Refused { error: error.at(spot.place()), name, lost: 0 })
}

fn json(bytes: &[u8], spot: Spot, max_depth: usize) -> Result<&str, Refused> {
    let refused = |offset: usize, kind, message: String, name| {
        let mut place = spot;
        place.pass(&bytes[..offset]);
        Refused { error: Error::new(kind, message).at(place.place()), name, lost: 0 }
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let message = format!("the byte 0x{:02x} is not UTF-8 here", bytes[at]);
        refused(at, ErrorKind::Syntax, message, json_name(ErrorKind::Syntax))
    })?;
    strict::verify(text, max_depth)
        .map_err(|fault| refused(fault.offset, fault.kind, fault.message, json_name(fault.kind)))?;
    if !text.starts_with('{') {
        let message = format!("a record must be an object, found {}", strict::type_name(text));
        return Err(refused(0, ErrorKind::Invalid, message, "record"));
    }
    Ok(text)
}

/// An error without its place, and its name for the report.
type Named = (Error, &'static str);

/// What of the record is read, as raw JSON; `properties` and `additionalInfo` as objects, however they are held.
struct Record<'a> {
    fields: Fields,
    time: Option<&'a str>,
    resource_id: Option<&'a str>,
    operation_name: Option<&'a str>,
    category: Option<&'a str>,
    result_type: Option<&'a str>,
    duration: Option<&'a str>,
    level: Option<&'a str>,
    correlation_id: Option<&'a str>,
    properties: Option<Cow<'a, str>>,
    max_depth: usize,
}

impl<'a> Record<'a> {
    fn read(text: &'a str, max_depth: usize) -> Result<Self, Named> {
        let names = [
            "time",
            "resourceId",
            "operationName",
            "category",
            "resultType",
            "durationMs",
            "level",
            "correlationId",
            "properties",
        ];
        let [
            time,
            resource_id,
            operation_name,
            category,
            result_type,
            duration,
            level,
            correlation_id,
            properties,
        ] = strict::members(text, names);
        let mut fields = Fields::default();
        // An audit record's properties are no concern of ours, whatever they hold.
        let is_audit = category.and_then(strict::string).is_some_and(|category| is(&category, "Audit"));
        let properties = if is_audit { Ok(None) } else { fields.object("properties", properties, max_depth) };
        Ok(Self {
            properties: properties?,
            fields,
            time,
            resource_id,
            operation_name,
            category,
            result_type,
            duration,
            level,
            correlation_id,
            max_depth,
        })
    }

    fn into_reading(mut self) -> Result<Reading, Named> {
        let ignored = |reason, name: Option<&str>| Ok(Reading::Ignored(reason, name.map(str::to_owned)));
        let held = self.properties.take();
        let properties = Properties::new(held.as_deref());
        let category = self.fields.text("category", self.category);
        let event_type = self.fields.text("properties.eventType", properties.event_type);
        if category.is_some_and(|category| is(&category, "Audit")) {
            return ignored(Ignored::ApiEvent, None);
        }
        match event_type.as_deref() {
            Some(name) if is(name, "ApiEvent") => return ignored(Ignored::ApiEvent, None),
            Some(name) if !is(name, "WorkflowEvent") => {
                return ignored(Ignored::UnknownEventType, Some(name));
            }
            _ => {}
        }
        let operation = self.fields.required("operationName", self.operation_name);
        let (operation_type, what) = match operation.as_deref().map(Operation::of) {
            Some(Some(Operation { what: What::Started, .. })) => return ignored(Ignored::Started, None),
            Some(Some(Operation { operation_type, what })) => (operation_type, Some(what)),
            Some(None) => return ignored(Ignored::UnknownOperation, operation.as_deref()),
            None => ("", None),
        };
        let result = self.fields.required("resultType", self.result_type);
        let ended = match result.as_deref().map(outcome_of) {
            Some(Status::Ended(outcome, kind)) => Some((outcome, kind)),
            Some(Status::NotEnded) => return ignored(Ignored::NotEnded, result.as_deref()),
            Some(Status::Unknown) => return ignored(Ignored::UnknownResult, result.as_deref()),
            None => None,
        };
        let time = self.fields.required_time("time", self.time);
        let source = self.source(&properties);
        let (Some(what), Some((outcome, kind)), Some(time)) = (what, ended, time) else {
            return Err(self.fields.into_error());
        };
        let info = self.fields.object("properties.additionalInfo", properties.info, self.max_depth)?;
        let identity = self.identity(time, held.as_deref(), info.as_deref())?;
        let ended = Ended { operation_type, outcome, kind, time, source, id: identity.id() };
        if what == What::TaskCompleted {
            task(self.fields, &properties, info.as_deref(), ended)
        } else {
            workflow(self.fields, &properties, ended)
        }
    }

    /// The instance that wrote the record.
    fn source(&mut self, properties: &Properties<'_>) -> String {
        let instance = self.fields.text("properties.instanceId", properties.instance_id);
        let resource = self.fields.text("resourceId", self.resource_id);
        match (instance, resource) {
            (Some(instance), _) => format!("/instances/{instance}"),
            (None, Some(resource)) => source_of_resource(&resource),
            (None, None) => {
                let is_empty = |raw: Option<&str>| raw.is_none_or(|raw| raw == "\"\"");
                if is_empty(properties.instance_id) && is_empty(self.resource_id) {
                    let message = "is missing, and so is `resourceId`: one of them says which instance it is";
                    self.fields.refuse("properties.instanceId", message);
                }
                String::new()
            }
        }
    }

    fn identity<'b>(
        &self,
        time: DateTime<Utc>,
        properties: Option<&'b str>,
        info: Option<&'b str>,
    ) -> Result<Identity<'b>, Named>
    where
        'a: 'b,
    {
        let envelope = [
            self.operation_name,
            self.result_type,
            self.category,
            self.resource_id,
            self.duration,
            self.level,
            self.correlation_id,
        ];
        let time = instant(time).map_err(|error| (error, "time"))?;
        Ok(Identity { time, envelope, properties, info })
    }
}

#[derive(Clone, Copy)]
struct Properties<'a> {
    event_type: Option<&'a str>,
    job_id: Option<&'a str>,
    operation_type: Option<&'a str>,
    workflow_type: Option<&'a str>,
    submission: Option<&'a str>,
    started: Option<&'a str>,
    ended: Option<&'a str>,
    instance_id: Option<&'a str>,
    identifier: Option<&'a str>,
    friendly_name: Option<&'a str>,
    error: Option<&'a str>,
    info: Option<&'a str>,
}

impl<'a> Properties<'a> {
    fn new(object: Option<&'a str>) -> Self {
        let names = [
            "eventType",
            "workflowJobId",
            "operationType",
            "workflowType",
            "workflowSubmissionKind",
            "startTimestamp",
            "endTimestamp",
            "instanceId",
            "identifier",
            "friendlyName",
            "error",
            "additionalInfo",
        ];
        let [
            event_type,
            job_id,
            operation_type,
            workflow_type,
            submission,
            started,
            ended,
            instance_id,
            identifier,
            friendly_name,
            error,
            info,
        ] = strict::members(object.unwrap_or("{}"), names);
        Self {
            event_type,
            job_id,
            operation_type,
            workflow_type,
            submission,
            started,
            ended,
            instance_id,
            identifier,
            friendly_name,
            error,
            info,
        }
    }
}

/// What tasks and workflows that have ended share.
struct Ended<'a> {
    operation_type: &'a str,
    outcome: Outcome,
    kind: Option<FailureKind>,
    time: DateTime<Utc>,
    source: String,
    id: String,
}

fn task(
    mut fields: Fields,
    properties: &Properties<'_>,
    info: Option<&str>,
    ended: Ended<'_>,
) -> Result<Reading, Named> {
    let Ended { operation_type, outcome, kind, time, source, id } = ended;
    let process = process_of(operation_type);
    let is_counted = process == Process::SEGMENTATION && outcome == Outcome::SUCCEEDED;
    fields.text("properties.operationType", properties.operation_type);
    fields.text("properties.startTimestamp", properties.started);
    let identifier = fields.text("properties.identifier", properties.identifier);
    let friendly_name = fields.text("properties.friendlyName", properties.friendly_name);
    let message = fields.text("properties.error", properties.error).filter(|_| outcome != Outcome::SUCCEEDED);
    let job_id = fields.text("properties.workflowJobId", properties.job_id);
    let ended_at = fields.time("properties.endTimestamp", properties.ended);
    let members = if is_counted { member_count(&mut fields, info) } else { None };
    if members.is_some() && identifier.is_none() && properties.identifier.is_none_or(|raw| raw == "\"\"") {
        fields.refuse("properties.identifier", "is missing, and without it nobody knows what was counted");
    }
    if !fields.is_sound() {
        return Err(fields.into_error());
    }
    let value = match (members, &identifier) {
        (Some(members), Some(segment)) => {
            let value = ValueObserved::new("segment", &**segment, members);
            Some(value.into_event(format!("{id}.value"), source.as_str()).map_err(unnamed)?.with_time(time))
        }
        _ => None,
    };
    let mut refresh = RefreshCompleted::new(process, outcome).with_ended_at(ended_at.unwrap_or(time));
    refresh = match (identifier, friendly_name) {
        (Some(id), Some(name)) => refresh.with_item(Item::new(id).with_name(name)),
        (Some(id), None) | (None, Some(id)) => refresh.with_item(Item::new(id)),
        (None, None) => refresh,
    };
    if kind.is_some() || message.is_some() {
        let failure = kind.into_iter().fold(Failure::new(), Failure::with_kind);
        refresh = refresh.with_failure(message.into_iter().fold(failure, Failure::with_message));
    }
    refresh = job_id.into_iter().fold(refresh, RefreshCompleted::with_job_id);
    let event = refresh.into_event(id, source).map_err(unnamed)?.with_time(time);
    Ok(Reading::Events(Box::new(Events { event, value, set_aside: fields.into_set_aside() })))
}

fn workflow(mut fields: Fields, properties: &Properties<'_>, ended: Ended<'_>) -> Result<Reading, Named> {
    let Ended { operation_type, outcome, time, source, id, .. } = ended;
    let job_id = fields.required("properties.workflowJobId", properties.job_id);
    let scope = fields.required("properties.workflowType", properties.workflow_type);
    let submission = fields.text("properties.workflowSubmissionKind", properties.submission);
    let own_type = fields.text("properties.operationType", properties.operation_type);
    let started_at = fields.time("properties.startTimestamp", properties.started);
    let ended_at = fields.time("properties.endTimestamp", properties.ended);
    let (Some(job_id), Some(scope), true) = (job_id, scope, fields.is_sound()) else {
        return Err(fields.into_error());
    };
    let operation_type = own_type.as_deref().unwrap_or(operation_type);
    let operation = match operation_type {
        all if is(all, "all") => "all".to_owned(),
        operation_type => process_of(operation_type).as_str().to_owned(),
    };
    let mut job = JobCompleted::new(job_id, scope_of(&scope), outcome)
        .with_operation(operation)
        .with_ended_at(ended_at.unwrap_or(time));
    job = started_at.into_iter().fold(job, JobCompleted::with_started_at);
    job = submission.iter().fold(job, |job, submission| job.with_submission(submission_of(submission)));
    let event = job.into_event(id, source).map_err(unnamed)?.with_time(time);
    Ok(Reading::Events(Box::new(Events { event, value: None, set_aside: fields.into_set_aside() })))
}

/// What older logs call `entityCount`.
fn member_count(fields: &mut Fields, info: Option<&str>) -> Option<f64> {
    let [table_count, entity_count] = strict::members(info?, ["tableCount", "entityCount"]);
    match (table_count, entity_count) {
        (Some(count), _) => fields.count("properties.additionalInfo.tableCount", count),
        (None, Some(count)) => fields.count("properties.additionalInfo.entityCount", count),
        (None, None) => None,
    }
}

/// `{operation type}.{what}`, in any case.
struct Operation<'a> {
    operation_type: &'a str,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Started,
    TaskCompleted,
    WorkflowCompleted,
}

impl<'a> Operation<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let (operation_type, what) = name.rsplit_once('.')?;
        let what = match what {
            what if is(what, "TaskCompleted") => What::TaskCompleted,
            what if is(what, "WorkflowCompleted") => What::WorkflowCompleted,
            what if is(what, "TaskStarted") || is(what, "WorkflowStarted") => What::Started,
            _ => return None,
        };
        (!operation_type.is_empty()).then_some(Self { operation_type, what })
    }
}

/// The instance at the end of an Azure resource id, whose case means nothing; else the whole.
fn source_of_resource(resource: &str) -> String {
    let resource = resource.to_ascii_lowercase();
    match resource.rsplit_once("/instances/") {
        Some((_, instance)) if !instance.is_empty() => format!("/instances/{instance}"),
        _ => resource,
    }
}

fn is(word: &str, known: &str) -> bool {
    word.eq_ignore_ascii_case(known)
}

/// An event that its own type would refuse; the fields are checked before.
fn unnamed(error: Error) -> Named {
    (error, "record")
}

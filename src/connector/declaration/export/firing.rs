//! What a notification and a poll hand over: a firing, as [`Firing::to_json`](crate::firing::Firing::to_json) writes it.

use serde_json::Value;

use super::json::{Json, Object};
use crate::connector::Profile;

/// The name of the schema among the definitions.
pub(super) fn definition_name(profile: &Profile) -> String {
    format!("{}Firing", profile.operation())
}

/// The schema of this profile's firings.
pub(super) fn schema(profile: &Profile) -> Object {
    let mut members = Members::default();
    members.text("id", "Firing", "The id of the firing, the same however often it is delivered.", true);
    members.text("trigger", "Trigger", "The id of the trigger that fired.", true);
    members.text("type", "Type", "The type of the trigger.", true);
    members.text("transition", "Transition", "What happened: crossed or occurred.", true);
    members.time("time", "Time", "When it happened.", true);
    match profile.name() {
        "segmentThresholdCrossed" | "measureThresholdCrossed" => of_series(&mut members),
        "dataSourceRefreshFailed" | "dataSourceRefreshSucceeded" => of_task(&mut members),
        "fullRefreshCompleted" => of_job(&mut members),
        _ => of_unification(&mut members),
    }
    members.whole("suppressed", "Suppressed", "How many firings a cooldown has swallowed since the last.");
    members.object("event", "Event", "The event that it goes back to.", false, |event| {
        event.text("source", "Event source", "The source of the event.", true);
        event.text("id", "Event id", "The id of the event.", true);
        event.text("type", "Event type", "The type of the event.", true);
        event.time("time", "Event time", "The time of the event.", true);
    });
    let owner = Object::new().with("type", "string");
    members.put("owners", array(owner), "Owners", "Who owns the data, where the event says so.", false);
    members.schema()
}

/// A firing of this profile, as it is sent.
pub(super) fn sample(profile: &Profile) -> Value {
    let text = match profile.name() {
        "dataSourceRefreshFailed" => include_str!("samples/data_source_refresh_failed.json"),
        "dataSourceRefreshSucceeded" => include_str!("samples/data_source_refresh_succeeded.json"),
        "segmentThresholdCrossed" => include_str!("samples/segment_threshold_crossed.json"),
        "measureThresholdCrossed" => include_str!("samples/measure_threshold_crossed.json"),
        "fullRefreshCompleted" => include_str!("samples/full_refresh_completed.json"),
        _ => include_str!("samples/unification_completed.json"),
    };
    serde_json::from_str(text).unwrap_or_default()
}

fn of_series(members: &mut Members) {
    members.object("series", "Series", "What was watched.", true, |series| {
        series.text("source", "Source", "Where it is: the instance.", true);
        series.text("kind", "Kind", "What it is: segment or measure.", true);
        series.text("name", "Name", "The name of the segment or the measure.", true);
    });
    members.number("value", "Value", "The value that passed the threshold.", false);
    members.number("previousValue", "Previous value", "The value before it.", false);
    members.object("condition", "Condition", "The condition that came to hold.", true, |condition| {
        condition.number("above", "Above", "The threshold, where the value is to be above it.", false);
        condition.number("atOrAbove", "At or above", "The threshold, where the value is to reach it.", false);
        condition.number("below", "Below", "The threshold, where the value is to be below it.", false);
        condition.number(
            "atOrBelow",
            "At or below",
            "The threshold, where the value is to sink to it.",
            false,
        );
    });
    members.time("crossedAt", "Crossed at", "When the value passed the threshold.", false);
    members.time("dueAt", "Due at", "When the time was over that it had to hold.", false);
}

fn of_task(members: &mut Members) {
    members.text("source", "Source", "Where the data source is: the instance.", true);
    members.text("process", "Process", "What was done: ingestion.", true);
    members.object("item", "Data source", "The data source.", false, |item| {
        item.text("id", "Data source id", "The id of the data source.", true);
        item.text("name", "Data source name", "The name of the data source.", false);
    });
    members.text("outcome", "Outcome", "How it ended.", true);
    members.object("failure", "Failure", "What the failure was.", false, |failure| {
        failure.text("kind", "Failure kind", "Whether it is permanent or retrying.", false);
        failure.text("message", "Failure message", "What the platform says of it.", false);
    });
    members.text("jobId", "Job", "The id of the job that it was part of.", false);
}

fn of_job(members: &mut Members) {
    members.text("source", "Source", "Where the job ran: the instance.", true);
    members.text("outcome", "Outcome", "How the job ended.", true);
    members.text("jobId", "Job", "The id of the job.", true);
    members.text("scope", "Scope", "How much was refreshed: full.", true);
    members.text("submission", "Submission", "How it was started: scheduled or onDemand.", false);
    members.text("operation", "Operation", "What it ran.", false);
}

fn of_unification(members: &mut Members) {
    members.text("source", "Source", "Where the job ran: the instance.", true);
    members.text("outcome", "Outcome", "How the three phases ended together.", true);
    members.text("jobId", "Job", "The id of the job.", true);
    members.object("phases", "Phases", "How each phase ended.", true, |phases| {
        phases.text("map", "Map", "How map ended.", true);
        phases.text("match", "Match", "How match ended.", true);
        phases.text("merge", "Merge", "How merge ended.", true);
    });
}

/// An array of such elements.
pub(super) fn array(element: Object) -> Object {
    Object::new().with("type", "array").with("items", element)
}

/// The members of an object being described.
#[derive(Default)]
struct Members {
    properties: Object,
    required: Vec<Json>,
}

impl Members {
    fn schema(self) -> Object {
        let schema = Object::new().with("type", "object");
        let schema = if self.required.is_empty() {
            schema
        } else {
            schema.with("required", Json::Array(self.required))
        };
        schema.with("properties", self.properties)
    }

    fn put(&mut self, name: &str, schema: Object, title: &str, description: &str, is_required: bool) {
        let schema = schema.with("x-ms-summary", title).with("description", description);
        self.properties.put(name, schema);
        if is_required {
            self.required.push(name.into());
        }
    }

    fn text(&mut self, name: &str, title: &str, description: &str, is_required: bool) {
        self.put(name, Object::new().with("type", "string"), title, description, is_required);
    }

    fn time(&mut self, name: &str, title: &str, description: &str, is_required: bool) {
        let schema = Object::new().with("type", "string").with("format", "date-time");
        self.put(name, schema, title, description, is_required);
    }

    fn number(&mut self, name: &str, title: &str, description: &str, is_required: bool) {
        let schema = Object::new().with("type", "number").with("format", "double");
        self.put(name, schema, title, description, is_required);
    }

    fn whole(&mut self, name: &str, title: &str, description: &str) {
        let schema = Object::new().with("type", "integer").with("format", "int64");
        self.put(name, schema, title, description, true);
    }

    fn object(
        &mut self,
        name: &str,
        title: &str,
        description: &str,
        is_required: bool,
        describe: impl FnOnce(&mut Self),
    ) {
        let mut members = Self::default();
        describe(&mut members);
        self.put(name, members.schema(), title, description, is_required);
    }
}

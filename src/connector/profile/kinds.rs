//! The six profiles, and their texts.

use super::Profile;
use crate::action::{Choice, DynamicChoices, Field, Visibility};

/// The most characters of a name: longer than any that a person chose.
const MAX_NAME: usize = 1_024;
/// The most characters of a duration: `P106751DT23H47M16.854775807S` has 28.
const MAX_DURATION_TEXT: usize = 64;
/// The most characters of a callback's URL, whatever a guard allows.
const MAX_CALLBACK_URL: usize = 8_192;
/// The most characters of a polling state.
const MAX_STATE: usize = 4_096;

/// Which of them it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    RefreshFailed,
    RefreshSucceeded,
    Segment,
    Measure,
    FullRefresh,
    Unification,
}

pub(super) fn all() -> Vec<Profile> {
    vec![
        Profile {
            name: "dataSourceRefreshFailed",
            operation: "DataSourceRefreshFailed",
            title: "When a data source refresh fails",
            description: "Triggers when the refresh of a data source fails or takes too long, and the platform will not try it again by itself.",
            hint: "To see it work now, refresh a data source that cannot be reached.",
            fields: vec![instance(), data_source()],
            kind: Kind::RefreshFailed,
        },
        Profile {
            name: "dataSourceRefreshSucceeded",
            operation: "DataSourceRefreshSucceeded",
            title: "When a data source refresh succeeds",
            description: "Triggers when the refresh of a data source ends with success.",
            hint: "To see it work now, refresh a data source.",
            fields: vec![instance(), data_source()],
            kind: Kind::RefreshSucceeded,
        },
        Profile {
            name: "segmentThresholdCrossed",
            operation: "SegmentThresholdCrossed",
            title: "When a segment passes a threshold",
            description: "Triggers when the number of members of a segment passes a threshold, once for each time that it does. The first number that is known does not trigger it.",
            hint: "To see it work now, choose a threshold just above the segment's number of members, and let it grow.",
            fields: [vec![instance(), segment()], threshold()].concat(),
            kind: Kind::Segment,
        },
        Profile {
            name: "measureThresholdCrossed",
            operation: "MeasureThresholdCrossed",
            title: "When a business measure passes a threshold",
            description: "Triggers when the value of a business measure without dimensions passes a threshold, once for each time that it does. The first value that is known does not trigger it.",
            hint: "To see it work now, choose a threshold just above the measure's value, and let it grow.",
            fields: [vec![instance(), measure()], threshold()].concat(),
            kind: Kind::Measure,
        },
        Profile {
            name: "fullRefreshCompleted",
            operation: "FullRefreshCompleted",
            title: "When a full refresh completes",
            description: "Triggers when a full refresh of the whole instance ends, however it was started and however it ends, unless a choice says otherwise.",
            hint: "To see it work now, start a full refresh and wait for its end.",
            fields: vec![instance(), submission(), outcome()],
            kind: Kind::FullRefresh,
        },
        Profile {
            name: "unificationCompleted",
            operation: "UnificationCompleted",
            title: "When unification completes",
            description: "Triggers once for each job when map, match and merge, the three phases of unification, have all ended.",
            hint: "To see it work now, run the unification and wait for its end.",
            fields: vec![instance(), outcome()],
            kind: Kind::Unification,
        },
    ]
}

/// Where a subscription's firings are sent.
pub(in crate::connector) fn callback_url() -> Field {
    Field::string("callbackUrl")
        .with_title("Callback URL")
        .with_description("Where the platform wants to be told.")
        .with_required(true)
        .with_visibility(Visibility::Internal)
        .with_max_length(MAX_CALLBACK_URL)
}

/// How far a poll has read.
pub(in crate::connector) fn trigger_state() -> Field {
    Field::string("triggerState")
        .with_title("Trigger state")
        .with_description("How far the trigger has been read: what the last answer gave.")
        .with_visibility(Visibility::Internal)
        .with_max_length(MAX_STATE)
}

fn instance() -> Field {
    Field::string("instance")
        .with_title("Instance")
        .with_description("The instance to watch, by its id, or * for all of them.")
        .with_required(true)
        .with_visibility(Visibility::Important)
        .with_max_length(MAX_NAME)
        .with_dynamic_choices("instances")
}

fn named(name: &str, title: &str, description: &str, list: &str) -> Field {
    Field::string(name)
        .with_title(title)
        .with_description(description)
        .with_visibility(Visibility::Important)
        .with_max_length(MAX_NAME)
        .with_dynamic_choices(DynamicChoices::new(list).with_parameter("instance", "instance"))
}

fn data_source() -> Field {
    let description = "The data source to watch, by its id or its name; all of them where it is left empty.";
    named("dataSource", "Data source", description, "datasources")
}

fn segment() -> Field {
    let description = "The segment to watch, by its name, or * for every one by itself.";
    named("segment", "Segment", description, "segments").with_required(true)
}

fn measure() -> Field {
    let description = "The business measure to watch, by its name, or * for every one by itself.";
    named("measure", "Measure", description, "measures").with_required(true)
}

fn threshold() -> Vec<Field> {
    let conditions = [
        Choice::new("above").with_title("Above the threshold"),
        Choice::new("atOrAbove").with_title("At or above the threshold"),
        Choice::new("below").with_title("Below the threshold"),
        Choice::new("atOrBelow").with_title("At or below the threshold"),
    ];
    vec![
        Field::number("threshold")
            .with_title("Threshold")
            .with_description("The number to pass.")
            .with_required(true)
            .with_visibility(Visibility::Important),
        Field::string("condition")
            .with_title("Condition")
            .with_description("On which side of the threshold the trigger fires.")
            .with_visibility(Visibility::Advanced)
            .with_choices(conditions)
            .with_default("above"),
        Field::number("rearm")
            .with_title("Re-arm at")
            .with_description("How far the value must come back before the trigger can fire again; to the threshold where it is left empty.")
            .with_visibility(Visibility::Advanced),
        Field::string("hold")
            .with_title("Hold")
            .with_description("How long the value must stay past the threshold before the trigger fires, as an ISO 8601 duration such as PT10M; no time where it is left empty.")
            .with_visibility(Visibility::Advanced)
            .with_max_length(MAX_DURATION_TEXT),
    ]
}

fn submission() -> Field {
    let ways = [
        Choice::new("any").with_title("Either"),
        Choice::new("scheduled").with_title("By schedule"),
        Choice::new("onDemand").with_title("On demand"),
    ];
    Field::string("submission")
        .with_title("Started")
        .with_description("Which refreshes count, by how they were started.")
        .with_choices(ways)
        .with_default("any")
}

fn outcome() -> Field {
    let outcomes = [
        Choice::new("any").with_title("Any"),
        Choice::new("succeeded").with_title("Succeeded"),
        Choice::new("failed").with_title("Failed"),
        Choice::new("timedOut").with_title("Timed out"),
        Choice::new("canceled").with_title("Canceled"),
        Choice::new("skipped").with_title("Skipped"),
    ];
    Field::string("outcome")
        .with_title("Outcome")
        .with_description("Which ends count.")
        .with_choices(outcomes)
        .with_default("any")
}

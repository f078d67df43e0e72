//! Every documented field: absent, of a wrong type, too large; and what it becomes.

use serde_json::{Value, json};
use tripline::event::{Event, JobCompleted, RefreshCompleted, ValueObserved};

use super::{data, events, read, refusal};

fn segment() -> Value {
    json!({
        "time": "2026-03-01T02:04:00.5Z",
        "resourceId": "/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.D365CUSTOMERINSIGHTS/INSTANCES/CONTOSO",
        "operationName": "Segmentation.TaskCompleted",
        "category": "Operational",
        "resultType": "Successful",
        "durationMs": 20_000,
        "correlationId": "c-1",
        "properties": {
            "eventType": "WorkflowEvent",
            "workflowJobId": "j-9",
            "operationType": "Segmentation",
            "startTimestamp": "2026-03-01T02:03:40.00000Z",
            "endTimestamp": "2026-03-01T02:04:00.00000Z",
            "submittedTimestamp": "2026-03-01T02:00:00.00000Z",
            "instanceId": "contoso",
            "identifier": "vip",
            "friendlyName": "VIP customers",
            "error": "none",
            "additionalInfo": {"tableCount": 1004, "Kind": "k", "AffectedTables": ["a"], "MessageCode": "m"},
        },
        "level": "Informational",
    })
}

fn workflow() -> Value {
    json!({
        "time": "2026-03-01T02:05:01Z",
        "resourceId": "/x/instances/contoso",
        "operationName": "All.WorkflowCompleted",
        "category": "Operational",
        "resultType": "Successful",
        "properties": {
            "eventType": "WorkflowEvent",
            "workflowJobId": "j-9",
            "operationType": "All",
            "tasksCount": 11,
            "submittedBy": "somebody",
            "workflowType": "full",
            "workflowSubmissionKind": "Scheduled",
            "workflowStatus": "Successful",
            "startTimestamp": "2026-03-01T02:00:00.00000Z",
            "endTimestamp": "2026-03-01T02:05:01.00000Z",
            "submittedTimestamp": "2026-03-01T02:00:00.00000Z",
            "instanceId": "contoso",
        },
        "level": "Informational",
    })
}

/// What a change of one field comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// So many events are given, as if nothing had been.
    Given(usize),
    /// The record is refused, and this field is named.
    Refused(&'static str),
}

use Then::{Given, Refused};

/// The record, the field as a JSON Pointer, and what happens where it is absent and where it is of a wrong type.
type Row = (fn() -> Value, &'static str, Then, Then);

const FIELDS: &[Row] = &[
    (segment, "/time", Refused("time"), Refused("time")),
    (segment, "/operationName", Refused("operationName"), Refused("operationName")),
    (segment, "/resultType", Refused("resultType"), Refused("resultType")),
    (segment, "/category", Given(2), Refused("category")),
    (segment, "/resourceId", Given(2), Refused("resourceId")),
    (segment, "/durationMs", Given(2), Given(2)),
    (segment, "/level", Given(2), Given(2)),
    (segment, "/correlationId", Given(2), Given(2)),
    (segment, "/properties", Given(1), Refused("properties")),
    (segment, "/properties/eventType", Given(2), Refused("properties.eventType")),
    (segment, "/properties/workflowJobId", Given(2), Refused("properties.workflowJobId")),
    (segment, "/properties/operationType", Given(2), Refused("properties.operationType")),
    (segment, "/properties/startTimestamp", Given(2), Refused("properties.startTimestamp")),
    (segment, "/properties/endTimestamp", Given(2), Refused("properties.endTimestamp")),
    (segment, "/properties/submittedTimestamp", Given(2), Given(2)),
    (segment, "/properties/instanceId", Given(2), Refused("properties.instanceId")),
    (segment, "/properties/identifier", Refused("properties.identifier"), Refused("properties.identifier")),
    (segment, "/properties/friendlyName", Given(2), Refused("properties.friendlyName")),
    (segment, "/properties/error", Given(2), Refused("properties.error")),
    (segment, "/properties/additionalInfo", Given(1), Refused("properties.additionalInfo")),
    (
        segment,
        "/properties/additionalInfo/tableCount",
        Given(1),
        Refused("properties.additionalInfo.tableCount"),
    ),
    (segment, "/properties/additionalInfo/Kind", Given(2), Given(2)),
    (segment, "/properties/additionalInfo/AffectedTables", Given(2), Given(2)),
    (segment, "/properties/additionalInfo/MessageCode", Given(2), Given(2)),
    (workflow, "/time", Refused("time"), Refused("time")),
    (workflow, "/operationName", Refused("operationName"), Refused("operationName")),
    (workflow, "/resultType", Refused("resultType"), Refused("resultType")),
    (workflow, "/category", Given(1), Refused("category")),
    (workflow, "/resourceId", Given(1), Refused("resourceId")),
    (workflow, "/level", Given(1), Given(1)),
    (workflow, "/properties", Refused("properties.workflowJobId"), Refused("properties")),
    (workflow, "/properties/eventType", Given(1), Refused("properties.eventType")),
    (
        workflow,
        "/properties/workflowJobId",
        Refused("properties.workflowJobId"),
        Refused("properties.workflowJobId"),
    ),
    (workflow, "/properties/operationType", Given(1), Refused("properties.operationType")),
    (workflow, "/properties/tasksCount", Given(1), Given(1)),
    (workflow, "/properties/submittedBy", Given(1), Given(1)),
    (
        workflow,
        "/properties/workflowType",
        Refused("properties.workflowType"),
        Refused("properties.workflowType"),
    ),
    (workflow, "/properties/workflowSubmissionKind", Given(1), Refused("properties.workflowSubmissionKind")),
    (workflow, "/properties/workflowStatus", Given(1), Given(1)),
    (workflow, "/properties/startTimestamp", Given(1), Refused("properties.startTimestamp")),
    (workflow, "/properties/endTimestamp", Given(1), Refused("properties.endTimestamp")),
    (workflow, "/properties/submittedTimestamp", Given(1), Given(1)),
    (workflow, "/properties/instanceId", Given(1), Refused("properties.instanceId")),
];

/// The record with another value for a field, or without it.
fn with(record: Value, pointer: &str, value: Option<Value>) -> String {
    let mut record = record;
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = record.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
    record.to_string()
}

/// Reads the record in the second of three lines, and holds it against `then`.
#[track_caller]
fn check(record: &str, then: Then) {
    let neighbour = workflow();
    let (said, report) = read(format!("{neighbour}\n{record}\n{neighbour}"));
    assert!(said[0].is_ok() && said[said.len() - 1].is_ok(), "neighbours are not harmed: {said:?}");
    match (then, &said[1..said.len() - 1]) {
        (Given(count), events) => {
            assert!(events.len() == count && events.iter().all(Result::is_ok), "{record}: {events:?}");
        }
        (Refused(path), [Err(refusal)]) => {
            assert!(refusal.starts_with("2:1: ") && refusal.contains(path), "{record}: {refusal}");
            assert_eq!(report.refused().names().collect::<Vec<_>>(), [(path, 1)], "{record}");
            assert_eq!(report.refused().first(), Some("2:1"));
        }
        (_, other) => panic!("{record}: {other:?}"),
    }
}

#[test]
fn every_documented_field_is_in_the_table() {
    for record in [segment as fn() -> Value, workflow] {
        let is_listed =
            |pointer: &str| FIELDS.iter().any(|(of, listed, ..)| of() == record() && *listed == pointer);
        for (name, value) in record().as_object().unwrap() {
            assert!(is_listed(&format!("/{name}")), "{name}");
            for (inner, value) in value.as_object().into_iter().flatten() {
                assert!(is_listed(&format!("/{name}/{inner}")), "{name}.{inner}");
                for (last, _) in value.as_object().into_iter().flatten() {
                    assert!(is_listed(&format!("/{name}/{inner}/{last}")), "{name}.{inner}.{last}");
                }
            }
        }
    }
}

#[test]
fn an_absent_field_is_harmless_or_refused_by_its_name_and_null_is_absent() {
    for (record, pointer, absent, _) in FIELDS {
        check(&with(record(), pointer, None), *absent);
        check(&with(record(), pointer, Some(Value::Null)), *absent);
    }
}

#[test]
fn a_field_of_a_wrong_type_is_harmless_or_refused_by_its_name() {
    for (record, pointer, _, wrong) in FIELDS {
        let values = match *pointer {
            "/properties" | "/properties/additionalInfo" => {
                vec![
                    json!(7),
                    json!(true),
                    json!([]),
                    json!([{}]),
                    json!("text"),
                    json!("[]"),
                    json!("7"),
                    json!("{"),
                    json!("{}x"),
                    json!(r#"{"a":1,"a":2}"#),
                ]
            }
            "/properties/additionalInfo/tableCount" => {
                vec![
                    json!(true),
                    json!([]),
                    json!({}),
                    json!("many"),
                    json!("-1"),
                    json!("1.5"),
                    json!(""),
                    json!(-1),
                    json!(1.5),
                    json!(9_007_199_254_740_993_u64),
                    json!("9007199254740993"),
                ]
            }
            _ => {
                vec![json!(7), json!(1.5), json!(true), json!([]), json!(["x"]), json!({}), json!({"a": "x"})]
            }
        };
        for value in values {
            check(&with(record(), pointer, Some(value)), *wrong);
        }
    }
}

#[test]
fn an_oversized_field_is_refused_with_its_record_whatever_the_field() {
    let long = "x".repeat(256 << 10);
    let neighbour = workflow();
    for (record, pointer, ..) in FIELDS {
        let record = with(record(), pointer, Some(json!(long)));
        let log = format!("{neighbour}\n{record}\n{neighbour}");
        let mut reader = tripline::builtin::customer_insights::LogReader::new();
        reader.push(log.as_bytes()).unwrap();
        reader.finish();
        assert!(reader.poll_event().unwrap().is_ok());
        let error = reader.poll_event().unwrap().unwrap_err();
        let expected = format!("2:1: the record has {} bytes, over the limit of 262144", record.len());
        assert_eq!((error.to_string(), error.is_limit()), (expected, true), "{pointer}");
        assert!(reader.poll_event().unwrap().is_ok());
        assert!(reader.poll_event().is_none());
        assert_eq!(reader.report().refused().names().collect::<Vec<_>>(), [("bytes", 1)]);
        assert_eq!(reader.report().lost_bytes(), record.len() as u64);
    }
}

#[test]
fn all_faults_of_a_record_are_told_at_once() {
    let record = r#"{"time":"yesterday","operationName":"All.WorkflowCompleted","resultType":"Failure","category":7,"properties":{"instanceId":"i","workflowType":[]}}"#;
    let error = refusal(record);
    let faults: Vec<String> = error.faults().iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            "category: must be a string, found a number",
            "time: \"yesterday\" is not an RFC 3339 time: it is too short for YYYY-MM-DDThh:mm:ssZ",
        ],
        "where the time is unknown, nothing else is read"
    );
    let error = refusal(&record.replace("yesterday", "2026-03-01T02:00:07Z"));
    let paths: Vec<&str> = error.faults().iter().map(|fault| fault.path()).collect();
    assert_eq!(paths, ["category", "properties.workflowJobId", "properties.workflowType"]);
}

#[test]
fn a_time_must_be_one_and_within_the_years_that_are_kept() {
    for time in
        ["", "soon", "2026-03-01", "2026-03-01T02:00:07", "0001-01-01T00:00:00Z", "2300-01-01T00:00:00Z"]
    {
        check(&with(segment(), "/time", Some(json!(time))), Refused("time"));
    }
    check(&with(segment(), "/time", Some(json!("2026-03-01T02:00:07Z".repeat(1000)))), Refused("time"));
    for time in ["2026-03-01T02:04:00.1234567Z", "2026-03-01T03:04:00.1234567+01:00"] {
        let events = events(&with(segment(), "/time", Some(json!(time))));
        assert_eq!(events[0].attribute("time").as_deref(), Some("2026-03-01T02:04:00.1234567Z"));
        assert_eq!(events[1].time(), events[0].time());
    }
}

#[test]
fn a_start_or_an_end_that_is_no_time_is_set_aside_and_counted() {
    for (record, name) in
        [(segment as fn() -> Value, "endTimestamp"), (workflow, "endTimestamp"), (workflow, "startTimestamp")]
    {
        for time in ["soon", "2026-03-01T02:00:07", "0001-01-01T00:00:00Z"] {
            let record = with(record(), &format!("/properties/{name}"), Some(json!(time)));
            let (said, report) = read(&record);
            assert!(said.iter().all(Result::is_ok), "{said:?}");
            let name = format!("properties.{name}");
            assert_eq!(report.set_aside().names().collect::<Vec<_>>(), [(&*name, 1)]);
            assert_eq!((report.set_aside().count(), report.set_aside().first()), (1, Some("1:1")));
        }
    }
    let late = events(&with(segment(), "/properties/endTimestamp", Some(json!(""))));
    assert!(data(&late[0]).contains(r#""endedAt":"2026-03-01T02:04:00.5Z""#), "the record's own time");
}

/// The data of the first event.
#[track_caller]
fn first(record: &str, expected: &str) {
    assert_eq!(data(&events(record)[0]), expected, "{record}");
}

#[test]
fn a_task_becomes_a_refresh() {
    let task = |name: &str, result: &str, properties: &str| {
        format!(
            r#"{{"time":"2026-03-01T02:04:00Z","operationName":"{name}","resultType":"{result}","properties":{{"instanceId":"i"{properties}}}}}"#
        )
    };
    let ended = r#","endedAt":"2026-03-01T02:04:00Z"}"#;
    for (name, result, properties, expected) in [
        ("Map.TaskCompleted", "Successful", "", r#"{"process":"map","outcome":"succeeded""#),
        ("mAP.taskCOMPLETED", "sUCCESSFUL", "", r#"{"process":"map","outcome":"succeeded""#),
        ("EntityMeasures.TaskCompleted", "Skipped", "", r#"{"process":"entityMeasures","outcome":"skipped""#),
        ("tablemeasures.TaskCompleted", "Skipped", "", r#"{"process":"entityMeasures","outcome":"skipped""#),
        ("Brand.New.TaskCompleted", "Skipped", "", r#"{"process":"Brand.New","outcome":"skipped""#),
        // The name of the operation says what the task does, whatever workflow it belongs to.
        (
            "Match.TaskCompleted",
            "Skipped",
            r#","operationType":"All""#,
            r#"{"process":"match","outcome":"skipped""#,
        ),
        ("Ingestion.TaskCompleted", "Failure", "", r#"{"process":"ingestion","outcome":"failed""#),
        (
            "Ingestion.TaskCompleted",
            "Failure",
            r#","error":"""#,
            r#"{"process":"ingestion","outcome":"failed""#,
        ),
        (
            "Ingestion.TaskCompleted",
            "Failure",
            r#","error":"a \"b\"","workflowJobId":"j""#,
            r#"{"process":"ingestion","outcome":"failed","failure":{"message":"a \"b\""},"jobId":"j""#,
        ),
        (
            "Ingestion.TaskCompleted",
            "Failed (Permanent)",
            "",
            r#"{"process":"ingestion","outcome":"failed","failure":{"kind":"permanent"}"#,
        ),
        (
            "Ingestion.TaskCompleted",
            "FAILED (retrying)",
            r#","error":"e","identifier":"d","friendlyName":"D""#,
            r#"{"process":"ingestion","item":{"id":"d","name":"D"},"outcome":"failed","failure":{"kind":"retrying","message":"e"}"#,
        ),
        (
            "Export.TaskCompleted",
            "Cancelled",
            r#","error":"by ana","friendlyName":"List""#,
            r#"{"process":"export","item":{"id":"List"},"outcome":"canceled","failure":{"message":"by ana"}"#,
        ),
        (
            "Export.TaskCompleted",
            "Success",
            r#","error":"none","identifier":"x""#,
            r#"{"process":"export","item":{"id":"x"},"outcome":"succeeded""#,
        ),
        ("Search.TaskCompleted", "TIMEDOUT", "", r#"{"process":"search","outcome":"timedOut""#),
    ] {
        first(&task(name, result, properties), &format!("{expected}{ended}"));
    }
    first(
        &task("Map.TaskCompleted", "Successful", r#","endTimestamp":"2026-03-01T02:03:59.12345Z""#),
        r#"{"process":"map","outcome":"succeeded","endedAt":"2026-03-01T02:03:59.12345Z"}"#,
    );
}

#[test]
fn a_workflow_becomes_a_job() {
    let job = |name: &str, properties: &str| {
        format!(
            r#"{{"time":"2026-03-01T02:04:00Z","operationName":"{name}.WorkFlowCompleted","resultType":"Failure","properties":{{"instanceId":"i","workflowJobId":"j",{properties}}}}}"#
        )
    };
    let ended = r#","outcome":"failed","endedAt":"2026-03-01T02:04:00Z"}"#;
    for (name, properties, expected) in [
        ("All", r#""workflowType":"full""#, r#"{"jobId":"j","scope":"full","operation":"all""#),
        (
            "x",
            r#""workflowType":"FULL","operationType":"ALL""#,
            r#"{"jobId":"j","scope":"full","operation":"all""#,
        ),
        (
            "x",
            r#""workflowType":"Incremental","operationType":"TableMeasures","workflowSubmissionKind":"ONDEMAND""#,
            r#"{"jobId":"j","scope":"incremental","submission":"onDemand","operation":"entityMeasures""#,
        ),
        (
            "segmentation",
            r#""workflowType":"Partial","workflowSubmissionKind":"Chained","operationType":"""#,
            r#"{"jobId":"j","scope":"Partial","submission":"Chained","operation":"segmentation""#,
        ),
    ] {
        first(&job(name, properties), &format!("{expected}{ended}"));
    }
    let event = &events(&workflow().to_string())[0];
    let job = JobCompleted::from_event(event).unwrap().unwrap();
    assert_eq!(job.started_at().unwrap().to_rfc3339(), "2026-03-01T02:00:00+00:00");
    assert_eq!(job.ended_at(), event.time());
}

#[test]
fn a_member_count_becomes_a_value_of_the_segment() {
    let count = |count: &str| {
        let record = with(segment(), "/properties/additionalInfo", Some(json!("COUNT")));
        record.replace("\"COUNT\"", count)
    };
    for (info, expected) in [
        (r#"{"tableCount":0}"#, Some(0.0)),
        (r#"{"tableCount":-0}"#, Some(0.0)),
        (r#"{"tableCount":1e3}"#, Some(1000.0)),
        (r#"{"tableCount":12.0}"#, Some(12.0)),
        (r#"{"tableCount":"0012"}"#, Some(12.0)),
        (r#"{"tableCount":"000"}"#, Some(0.0)),
        (r#"{"tableCount":9007199254740992}"#, Some(9_007_199_254_740_992.0)),
        (r#"{"entityCount":7}"#, Some(7.0)),
        (r#"{"entityCount":7,"tableCount":8}"#, Some(8.0)),
        (r#"{"entityCount":7,"tableCount":null}"#, Some(7.0)),
        (r#"{"entityCount":[],"tableCount":8}"#, Some(8.0)),
        (r#""{\"tableCount\":9}""#, Some(9.0)),
        (r#"" ""#, None),
        ("{}", None),
    ] {
        let events = events(&count(info));
        let value = events.get(1).map(|event| ValueObserved::from_event(event).unwrap().unwrap());
        assert_eq!(value.as_ref().and_then(ValueObserved::value), expected, "{info}");
        assert!(value.is_none_or(|value| value.name() == "vip"));
    }
    for (info, why) in [
        (
            r#"{"tableCount":9007199254740993}"#,
            "9007199254740993 cannot be held exactly by a 64-bit float; nearest 9007199254740992",
        ),
        (r#"{"tableCount":-3}"#, "must not be negative, found -3"),
        (r#"{"tableCount":0.5}"#, "must be whole, found 0.5"),
        (r#"{"tableCount":"1e3"}"#, "must be a number, found a string"),
    ] {
        assert_eq!(
            refusal(&count(info)).to_string(),
            format!("1:1: properties.additionalInfo.tableCount: {why}")
        );
    }
    let error = refusal(&count(r#"{"entityCount":{}}"#));
    assert_eq!(
        error.to_string(),
        "1:1: properties.additionalInfo.entityCount: must be a number, found an object"
    );
    let beyond = "1:{}: 1e309 is beyond the range of a 64-bit float, about 1.8e308";
    let record = count(r#"{"tableCount":1e309}"#);
    let column = record.find("1e309").unwrap() + 1;
    assert_eq!(refusal(&record).to_string(), beyond.replace("{}", &column.to_string()));
}

#[test]
fn only_a_segmentation_that_succeeded_tells_a_count() {
    for (pointer, value) in
        [("/resultType", "Failure"), ("/resultType", "Skipped"), ("/operationName", "Export.TaskCompleted")]
    {
        let record = with(segment(), pointer, Some(json!(value)));
        assert_eq!(events(&record).len(), 1, "{value}");
        let bad = record.replace("1004", "\"many\"");
        assert_eq!(events(&bad).len(), 1, "where a count is not read it may be anything");
    }
    assert_eq!(
        events(&with(segment(), "/operationName", Some(json!("SEGMENTATION.TASKCOMPLETED")))).len(),
        2
    );
}

#[test]
fn the_source_is_the_instance() {
    let source = |instance: Value, resource: Value| {
        let record: Value =
            serde_json::from_str(&with(segment(), "/properties/instanceId", Some(instance))).unwrap();
        events(&with(record, "/resourceId", Some(resource)))[0].source().to_owned()
    };
    assert_eq!(source(json!("Contoso-1"), json!("/x/instances/other")), "/instances/Contoso-1");
    assert_eq!(
        source(Value::Null, json!("/S/PROVIDERS/MICROSOFT.D365CUSTOMERINSIGHTS/INSTANCES/AB-12")),
        "/instances/ab-12"
    );
    assert_eq!(source(json!(""), json!("/S/Instances/a/Instances/AB-12")), "/instances/ab-12");
    assert_eq!(source(Value::Null, json!("Somewhere")), "somewhere");
    assert_eq!(source(Value::Null, json!("/x/instances/")), "/x/instances/");
    let nobody = json!({"time": "2026-03-01T02:00:07Z", "operationName": "Map.TaskCompleted", "resultType": "Skipped"});
    assert_eq!(
        refusal(&nobody.to_string()).to_string(),
        "1:1: properties.instanceId: is missing, and so is `resourceId`: one of them says which instance it is"
    );
}

#[test]
fn properties_in_a_string_give_the_same_event_with_the_same_id() {
    for record in [segment(), workflow()] {
        let plain = events(&record.to_string());
        let properties = record["properties"].clone();
        let mut string = record.clone();
        string["properties"] = json!(properties.to_string());
        assert_eq!(events(&string.to_string()), plain);
        assert_eq!(events(&serde_json::to_string_pretty(&string).unwrap()), plain);
        string["properties"] = json!(format!(" {} \n", serde_json::to_string_pretty(&properties).unwrap()));
        assert_eq!(events(&string.to_string()), plain);
        if let Some(info) = properties.get("additionalInfo") {
            let mut inner = properties.clone();
            inner["additionalInfo"] = json!(info.to_string());
            string["properties"] = json!(inner.to_string());
            assert_eq!(events(&string.to_string()), plain);
            string["properties"] = inner;
            assert_eq!(events(&string.to_string()), plain);
        }
    }
}

#[test]
fn a_change_of_any_documented_field_makes_another_id_and_that_of_another_none() {
    for record in [segment as fn() -> Value, workflow] {
        let id = events(&record().to_string())[0].id().to_owned();
        assert_eq!(id.len(), 22);
        let mut ids = std::collections::BTreeSet::from([id.clone()]);
        let mut changed = 0;
        for (of, pointer, ..) in FIELDS.iter().filter(|(of, ..)| of() == record()) {
            let value = match of().pointer(pointer) {
                Some(Value::String(text)) if text.starts_with("2026") => json!("2026-03-01T01:59:59.99999Z"),
                Some(Value::String(text)) if *pointer == "/operationName" => {
                    json!(text.replace("Se", "se").replace('A', "a"))
                }
                Some(Value::String(text)) if ["/category", "/resultType"].contains(pointer) => {
                    json!(text.to_uppercase())
                }
                Some(Value::String(text)) if *pointer == "/properties/eventType" => {
                    json!(text.to_lowercase())
                }
                Some(Value::String(text)) => json!(format!("{text}2")),
                Some(Value::Number(_)) => json!(5),
                Some(Value::Array(_)) => json!(["a", "b"]),
                _ => continue,
            };
            for value in [Some(value), None] {
                let record = with(of(), pointer, value);
                if let Ok(events) =
                    tripline::builtin::customer_insights::LogReader::new().read(record.as_bytes())
                {
                    changed += 1;
                    assert!(ids.insert(events[0].id().to_owned()), "{pointer} makes no difference");
                }
            }
        }
        assert!(changed > 20, "{changed}");
        for (pointer, value) in
            [("/EventProcessedUtcTime", json!("now")), ("/PartitionId", json!(3)), ("/durationms", json!(1))]
        {
            assert_eq!(events(&with(record(), pointer, Some(value)))[0].id(), id);
        }
        for pointer in ["/properties/new", "/properties/error2"] {
            assert_eq!(events(&with(record(), pointer, Some(Value::Null)))[0].id(), id);
            assert_ne!(events(&with(record(), pointer, Some(json!(1))))[0].id(), id);
        }
    }
}

#[test]
fn typed_readers_take_every_event_that_is_given() {
    let take = |event: &Event<'_>| match event.event_type() {
        RefreshCompleted::EVENT_TYPE => RefreshCompleted::from_event(event).unwrap().is_some(),
        JobCompleted::EVENT_TYPE => JobCompleted::from_event(event).unwrap().is_some(),
        ValueObserved::EVENT_TYPE => ValueObserved::from_event(event).unwrap().is_some(),
        _ => false,
    };
    for record in [segment(), workflow()] {
        for event in events(&record.to_string()) {
            assert!(take(&event));
            assert_eq!(Event::from_json(event.to_json().as_bytes()).unwrap(), event);
        }
    }
}

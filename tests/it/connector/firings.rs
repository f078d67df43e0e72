//! What is really sent, held against what the definition says is sent.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tripline::connector::Profile;
use tripline::engine::Engine;
use tripline::event::{Event, Failure, Item, JobCompleted, RefreshCompleted, ValueObserved};
use tripline::firing::Firing;

use super::{declared, definition};
use crate::oracle;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_330_400 + second, 0).unwrap()
}

/// The firings of the trigger that these fields mean, when it sees the events, one a minute, and then an hour passes.
fn fired(name: &str, fields: &Value, events: Vec<Event<'static>>) -> Vec<Firing> {
    let mut engine = Engine::new();
    engine.add(at(0), Profile::named(name).unwrap().read("s-17", &fields.to_string()).unwrap()).unwrap();
    for (minute, event) in (0..).zip(events) {
        let event = event.with_time(at(60 * minute));
        let _ = engine.handle_event(at(60 * minute), &event).unwrap();
    }
    engine.handle_timeout(at(3_600)).unwrap();
    std::iter::from_fn(|| engine.poll_firing()).collect()
}

const SOURCE: &str = "/instances/contoso";

fn value(kind: &'static str, name: &'static str, id: &str, value: f64) -> Event<'static> {
    let observed = ValueObserved::new(kind, name, value).with_owners(["ana@contoso.example"]);
    observed.into_event(id.to_owned(), SOURCE).unwrap()
}

fn task(id: &str, task: RefreshCompleted<'static>) -> Event<'static> {
    task.into_event(id.to_owned(), SOURCE).unwrap()
}

fn job(id: &str, job: JobCompleted<'static>) -> Event<'static> {
    job.into_event(id.to_owned(), SOURCE).unwrap()
}

fn loyalty(outcome: &'static str) -> RefreshCompleted<'static> {
    RefreshCompleted::new("ingestion", outcome)
        .with_item(Item::new("ds-42").with_name("Loyalty CSV"))
        .with_job_id("j-9")
        .with_owners(["ana@contoso.example"])
}

/// Of every type: first the firing that is the sample, then others, with as little and as much in them as there can be.
fn all() -> Vec<(&'static Profile, Vec<Firing>)> {
    let failure = Failure::new().with_kind("permanent").with_message("login refused");
    let segment = |fields| {
        let events = [("t-16", 998.0), ("t-17", 1004.0), ("t-18", 990.0), ("t-19", 1004.5)];
        fired(
            "segmentThresholdCrossed",
            &fields,
            events.map(|(id, it)| value("segment", "vip", id, it)).into(),
        )
    };
    let measure = |fields| {
        let events = [("t-20", 0.071), ("t-21", 0.048)];
        fired(
            "measureThresholdCrossed",
            &fields,
            events.map(|(id, it)| value("measure", "churn-rate", id, it)).into(),
        )
    };
    let failed = [
        task("t-22", loyalty("failed").with_failure(failure)),
        task("t-23", RefreshCompleted::new("ingestion", "timedOut")),
        task(
            "t-24",
            RefreshCompleted::new("ingestion", "failed")
                .with_item(Item::new("ds-7"))
                .with_failure(Failure::new()),
        ),
    ];
    let succeeded = [
        task("t-22", loyalty("succeeded")),
        // Whoever tells of a success may say what it was like before.
        task(
            "t-33",
            loyalty("succeeded").with_failure(Failure::new().with_kind("retrying").with_message("busy")),
        ),
    ];
    let jobs = [
        job(
            "t-25",
            JobCompleted::new("j-9", "full", "succeeded")
                .with_submission("scheduled")
                .with_operation("all")
                .with_owners(["ana@contoso.example"]),
        ),
        job("t-26", JobCompleted::new("j-10", "full", "burnt")),
    ];
    let phase = |id, process: &'static str, outcome: &'static str, job: &'static str| {
        task(id, RefreshCompleted::new(process, outcome).with_job_id(job))
    };
    let phases = [
        phase("t-27", "map", "succeeded", "j-9"),
        phase("t-28", "match", "succeeded", "j-9"),
        task(
            "t-29",
            RefreshCompleted::new("merge", "failed").with_job_id("j-9").with_owners(["ana@contoso.example"]),
        ),
        phase("t-30", "merge", "skipped", "j-10"),
        phase("t-31", "match", "succeeded", "j-10"),
        phase("t-32", "map", "succeeded", "j-10"),
    ];
    let mut crossed = segment(json!({"instance": "contoso", "segment": "vip", "threshold": 1000}));
    crossed.extend(segment(json!({"instance": "*", "segment": "*", "threshold": 1000, "hold": "PT30S"})));
    crossed.extend(segment(
        json!({"instance": "*", "segment": "vip", "threshold": 998, "condition": "atOrAbove", "rearm": 995}),
    ));
    let mut sunk = measure(
        json!({"instance": "contoso", "measure": "churn-rate", "threshold": 0.05, "condition": "below"}),
    );
    sunk.extend(measure(
        json!({"instance": "*", "measure": "*", "threshold": 0.05, "condition": "atOrBelow", "rearm": 0.06}),
    ));
    let any = json!({"instance": "contoso"});
    let all = [
        ("dataSourceRefreshFailed", fired("dataSourceRefreshFailed", &any, failed.into())),
        ("dataSourceRefreshSucceeded", fired("dataSourceRefreshSucceeded", &any, succeeded.into())),
        ("segmentThresholdCrossed", crossed),
        ("measureThresholdCrossed", sunk),
        ("fullRefreshCompleted", fired("fullRefreshCompleted", &any, jobs.into())),
        ("unificationCompleted", fired("unificationCompleted", &any, phases.into())),
    ];
    all.map(|(name, firings)| (Profile::named(name).unwrap(), firings)).into()
}

fn schema_of(definition: &Value, profile: &Profile) -> Value {
    let path = format!("/subscriptions/{}", profile.name());
    let schema = &definition["paths"][path]["x-ms-notification-content"]["schema"];
    let polled =
        &definition["paths"][format!("/poll/{}", profile.name())]["get"]["responses"]["200"]["schema"];
    assert_eq!((&polled["type"], &polled["items"]), (&json!("array"), schema), "both ways tell the same");
    let name = schema["$ref"].as_str().unwrap().strip_prefix("#/definitions/").unwrap();
    definition["definitions"][name].clone()
}

/// What a value has that its schema does not say, or lacks that it says. Only what schemas of firings use is known.
fn faults(schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let kind = schema["type"].as_str().unwrap();
    let fits = match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{place}: the type {other}"),
    };
    if !fits {
        return vec![format!("{place}: {value} is no {kind}")];
    }
    let mut faults = Vec::new();
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            faults.push(format!("{place}.{name} is missing"));
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(schema) => faults.extend(self::faults(schema, member, &format!("{place}.{name}"))),
            None => faults.push(format!("{place}.{name} is not declared")),
        }
    }
    for element in value.as_array().into_iter().flatten() {
        faults.extend(self::faults(&schema["items"], element, &format!("{place}[]")));
    }
    faults
}

fn json_of(firing: &Firing) -> Value {
    serde_json::from_str(&firing.to_json()).unwrap()
}

#[test]
fn whatever_fires_is_what_the_definition_says_is_sent() {
    let definition = definition(&declared());
    for (profile, firings) in all() {
        let schema = schema_of(&definition, profile);
        for firing in &firings {
            assert_eq!(firing.trigger_type(), profile.name());
            let firing = json_of(firing);
            assert_eq!(faults(&schema, &firing, ""), [""; 0], "{firing}");
        }
    }
}

#[test]
fn every_member_that_is_declared_is_sent_by_some_firing() {
    let definition = definition(&declared());
    for (profile, firings) in all() {
        let schema = schema_of(&definition, profile);
        let sent: Vec<Value> = firings.iter().map(json_of).collect();
        let unsent = unsent(&schema, &sent.iter().collect::<Vec<_>>(), "");
        // A wait for a success is no field of the flat form; a condition is one of four.
        let expected: &[&str] = match profile.name() {
            "measureThresholdCrossed" => &[".condition.above", ".condition.atOrAbove", ".dueAt"],
            "segmentThresholdCrossed" => &[".condition.atOrBelow", ".condition.below"],
            _ => &[],
        };
        assert_eq!(unsent, expected, "{}", profile.name());
    }
}

fn unsent(schema: &Value, values: &[&Value], place: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let members: Vec<&Value> = values.iter().filter_map(|value| value.get(name)).collect();
        let place = format!("{place}.{name}");
        if members.is_empty() {
            found.push(place);
        } else {
            found.extend(unsent(schema, &members, &place));
        }
    }
    found.sort();
    found
}

#[test]
fn a_member_too_many_one_too_few_and_one_of_another_type_are_seen() {
    let definition = definition(&declared());
    for (profile, firings) in all() {
        let schema = schema_of(&definition, profile);
        let mut more = json_of(&firings[0]);
        more["colour"] = json!("red");
        assert_eq!(faults(&schema, &more, ""), [".colour is not declared"]);
        let mut other = json_of(&firings[0]);
        other["suppressed"] = json!("0");
        other["event"]["id"] = Value::Null;
        assert_eq!(faults(&schema, &other, "").len(), 2);
        let mut fewer = json_of(&firings[0]);
        fewer.as_object_mut().unwrap().remove("id");
        assert_eq!(faults(&schema, &fewer, ""), [".id is missing"]);
    }
}

#[test]
fn the_sample_of_every_trigger_was_really_sent() {
    let definition = definition(&declared());
    for (profile, firings) in all() {
        let firing = json_of(&firings[0]);
        if std::env::var_os("TRIPLINE_GOLDEN").is_some() {
            let file = profile.name().chars().fold(String::new(), |mut file, c| {
                file.push_str(if c.is_ascii_uppercase() { "_" } else { "" });
                file.push(c.to_ascii_lowercase());
                file
            });
            let folder =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("src/connector/declaration/export/samples");
            std::fs::write(folder.join(file + ".json"), format!("{firing:#}\n")).unwrap();
            continue;
        }
        assert_eq!(schema_of(&definition, profile)["example"], firing, "{}", profile.name());
        let polled = &definition["paths"][format!("/poll/{}", profile.name())]["get"]["responses"]["200"];
        assert_eq!(polled["examples"]["application/json"], json!([firing]));
    }
}

#[test]
fn the_sample_of_every_subscription_is_one_that_is_read() {
    let definition = definition(&declared());
    for profile in Profile::all() {
        let path = format!("/subscriptions/{}", profile.name());
        let body = &definition["paths"][path]["post"]["parameters"][0]["schema"];
        let read = profile.read_subscription("s-1", &body["example"].to_string(), |url| {
            if url.starts_with("https://") { Ok(()) } else { Err(url.to_owned()) }
        });
        assert!(read.is_ok(), "{read:?}");
        let mut fields: Vec<&str> = profile.fields().iter().map(|field| field.name()).collect();
        fields.push("callbackUrl");
        fields.sort_unstable();
        let declared: Vec<&String> = body["properties"].as_object().unwrap().keys().collect();
        assert_eq!(declared, fields, "the body is what a subscription is read from");
    }
}

#[test]
fn jsonschema_takes_whatever_fires_and_refuses_what_does_not() {
    let definition = definition(&declared());
    let (mut input, mut expected) = (String::new(), Vec::new());
    for (profile, firings) in all() {
        let schema = schema_of(&definition, profile);
        for firing in &firings {
            input += &format!("{}\n", json!({"schema": schema, "value": json_of(firing)}));
            expected.push(true);
        }
        for (name, wrong) in [("id", Value::Null), ("colour", json!("red")), ("time", json!("yesterday"))] {
            let mut value = json_of(&firings[0]);
            value[name] = wrong;
            input += &format!("{}\n", json!({"schema": schema, "value": value}));
            expected.push(false);
        }
    }
    let Some(answers) = oracle::python("connector_schemas.py", &["values"], &input) else { return };
    assert_eq!(answers.len(), expected.len());
    for ((answer, is_good), line) in answers.iter().zip(expected).zip(input.lines()) {
        assert_eq!(answer == "ok", is_good, "{answer}: {line}");
    }
}

//! The poller, one answer at a time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::header::RETRY_AFTER;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tripline::ErrorKind;
use tripline::action::{ActionError, AnswerLimits, Rate, RetryPolicy};
use tripline::builtin::customer_insights::poll::{Cursor, Limits, PollEffect, Poller, PollerBuilder};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_330_400 + second, 0).unwrap()
}

/// `2026-03-01T02:00:00Z` and so many seconds.
fn text(second: i64) -> String {
    at(second).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// What was asked, as path and query, and what was told, as JSON.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    asked: Vec<String>,
    told: Vec<Value>,
    batches: usize,
}

/// A poller that asks once each time, so that a refusal ends the question.
fn builder() -> PollerBuilder {
    Poller::builder("contoso").with_retry(RetryPolicy::none(), 7)
}

/// Lets it go on at a time, each question answered so, until it waits.
fn drive(poller: &mut Poller, now: DateTime<Utc>, mut answer: impl FnMut(&str) -> Response<Vec<u8>>) -> Seen {
    let mut seen = Seen::default();
    poller.handle_timeout(now).unwrap();
    while let Some(effect) = poller.poll_effect() {
        match effect {
            PollEffect::Send(request) => {
                let uri = request.request().uri().to_string();
                let asked = uri.strip_prefix("https://api.ci.ai.dynamics.com/v1/instances/contoso").unwrap();
                seen.asked.push(asked.to_owned());
                poller.handle_response(now, request.id(), &answer(asked)).unwrap();
            }
            PollEffect::Commit(batch) => {
                let text = batch.cursor().to_json();
                assert_eq!(&Cursor::from_json(&text).unwrap(), batch.cursor(), "{text}");
                seen.batches += 1;
                seen.told.extend(
                    batch.events().iter().map(|event| serde_json::from_str(&event.to_json()).unwrap()),
                );
                poller.handle_committed(now).unwrap();
            }
            PollEffect::Renew(_) => poller.handle_renewed(now).unwrap(),
            _ => panic!("nothing else is asked for"),
        }
    }
    seen
}

fn body(value: &Value) -> Response<Vec<u8>> {
    Response::new(value.to_string().into_bytes())
}

fn nothing(_: &str) -> Response<Vec<u8>> {
    body(&json!([]))
}

/// This list for the questions that begin so, and an empty one for all others.
fn only(path: &'static str, list: Value) -> impl Fn(&str) -> Response<Vec<u8>> {
    move |asked| if asked.starts_with(path) { body(&list) } else { nothing(asked) }
}

/// A poller that has begun, with nothing to tell.
fn begun(builder: PollerBuilder) -> Poller {
    let mut poller = builder.build(at(0)).unwrap();
    drive(&mut poller, at(0), nothing);
    poller
}

fn names(told: &[Value], pointer: &str) -> Vec<Value> {
    told.iter().map(|event| event.pointer(pointer).cloned().unwrap_or_default()).collect()
}

#[test]
fn a_round_asks_these_questions_in_this_order() {
    let mut poller = builder().build(at(0)).unwrap();
    let expected = [
        "/workflows/main/status",
        "/workflows/main/jobs?top=50&includeTasks=true",
        "/workflows/main/history?top=50",
        "/manage/segments?includeHistoricStats=false",
        "/manage/measures",
    ];
    assert_eq!(drive(&mut poller, at(0), nothing).asked, expected);
    assert_eq!(poller.poll_timeout(), Some(at(60)));
    assert_eq!(drive(&mut poller, at(59), nothing), Seen::default(), "too early");
    assert_eq!(drive(&mut poller, at(60), nothing).asked, expected);
    let mut poller = begun(builder().with_data_sources(true).with_base("https://api.ci.ai.dynamics.com/v1"));
    assert_eq!(drive(&mut poller, at(60), nothing).asked[3], "/manage/datasources");
    assert_eq!(poller.counts().rounds(), 2);
}

#[test]
fn a_request_carries_its_limits_and_no_login() {
    let limits = Limits::default().with_answer_bytes(1_000);
    let mut poller =
        builder().with_limits(limits).with_answer_time(Duration::from_secs(5)).build(at(0)).unwrap();
    assert!(matches!(poller.poll_effect(), Some(PollEffect::Commit(_))));
    poller.handle_committed(at(0)).unwrap();
    let Some(PollEffect::Send(request)) = poller.poll_effect() else { panic!("a request") };
    let request: Request<Vec<u8>> = request.into_request();
    let limits = AnswerLimits::of(&request);
    assert_eq!((limits.max_bytes(), limits.time()), (1_000, Duration::from_secs(5)));
    let headers: Vec<&str> = request.headers().keys().map(|name| name.as_str()).collect();
    assert_eq!(headers, ["accept"]);
}

#[test]
fn a_job_and_its_tasks_are_told_each_once_as_they_end() {
    let mut poller = begun(builder());
    let job = |status: &str, map: &str, merge: &str| {
        let ended = |word: &str| if word == "running" { Value::Null } else { json!(text(70)) };
        json!([{"jobId": "j-9", "jobType": "Full", "jobSubmissionKind": "Scheduled", "jobStatus": status,
                "operationType": "All", "submittedTimestamp": text(61), "endTimestamp": ended(status), "tasks": [
            {"operationType": "Map", "taskStatus": map, "endTimestamp": ended(map)},
            {"operationType": "merge", "taskStatus": merge, "endTimestamp": ended(merge), "error": "no table"}]}])
    };
    let ask = |poller: &mut Poller, minute: i64, list: Value| {
        drive(poller, at(60 * minute), only("/workflows/main/jobs", list)).told
    };
    assert_eq!(ask(&mut poller, 2, job("running", "running", "running")), [Value::Null; 0]);
    let told = ask(&mut poller, 3, job("running", "successful", "running"));
    assert_eq!(
        names(&told, "/data"),
        [json!({"process": "map", "outcome": "succeeded", "jobId": "j-9", "endedAt": text(70)})]
    );
    let told = ask(&mut poller, 4, job("failed", "successful", "failed"));
    assert_eq!(
        names(&told, "/data"),
        [
            json!({"process": "merge", "outcome": "failed", "failure": {"message": "no table"}, "jobId": "j-9", "endedAt": text(70)}),
            json!({"jobId": "j-9", "scope": "full", "submission": "scheduled", "operation": "all", "outcome": "failed",
               "startedAt": text(61), "endedAt": text(70)}),
        ]
    );
    assert_eq!(names(&told, "/time"), [json!(text(70)), json!(text(70))]);
    assert_eq!(ask(&mut poller, 5, job("failed", "successful", "failed")), [Value::Null; 0]);
    assert_eq!(poller.counts().events(), 3);
}

#[test]
fn the_words_of_all_three_vocabularies_are_understood_and_unknown_ones_are_kept() {
    let words = [
        ("successful", "succeeded", ""),
        ("Successful", "succeeded", ""),
        ("Success", "succeeded", ""),
        ("FAILED", "failed", ""),
        ("Failure", "failed", ""),
        ("Failed (permanent)", "failed", "permanent"),
        ("Failed (retrying)", "failed", "retrying"),
        ("timedOut", "timedOut", ""),
        ("aborted", "canceled", ""),
        ("Canceled", "canceled", ""),
        ("deleted", "canceled", ""),
        ("Skipped", "skipped", ""),
    ];
    let others = [
        "queued",
        "needsUpdate",
        "running",
        "Refreshing",
        "Processing",
        "Not started",
        "HalfDone",
        "HalfDone",
    ];
    let all = words.iter().map(|(word, ..)| *word).chain(others);
    let tasks: Vec<Value> = all
        .enumerate()
        .map(|(n, word)| json!({"operationType": "Export", "identifier": n.to_string(), "taskStatus": word, "endTimestamp": text(10)}))
        .collect();
    let job = json!({"jobId": "j", "jobType": "full", "jobStatus": "Pondering", "tasks": tasks});
    let mut poller = begun(builder());
    let told = drive(&mut poller, at(60), only("/workflows/main/status", job)).told;
    let said: Vec<(String, String)> = told
        .iter()
        .map(|event| {
            let text =
                |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            (text("/data/outcome"), text("/data/failure/kind"))
        })
        .collect();
    let expected: Vec<_> =
        words.iter().map(|(_, outcome, kind)| ((*outcome).to_owned(), (*kind).to_owned())).collect();
    assert_eq!(said, expected);
    let unknown = poller.report().unknown_words();
    assert_eq!(unknown.names().collect::<Vec<_>>(), [("HalfDone", 2), ("Pondering", 1)]);
    assert_eq!((unknown.first(), poller.counts().not_ended()), (Some("job j"), 6));
}

#[test]
fn what_ended_before_the_start_is_not_told_and_what_ends_at_it_is() {
    let job = |id: &str, second: i64| {
        json!({"jobId": id, "jobType": "full", "jobStatus": "successful", "endTimestamp": text(second),
               "tasks": [{"operationType": "Map", "taskStatus": "successful", "endTimestamp": text(second)}]})
    };
    let list = json!([job("old", -1), job("new", 0)]);
    let mut poller = builder().build(at(0)).unwrap();
    let told = drive(&mut poller, at(0), only("/workflows/main/jobs", list)).told;
    assert_eq!(names(&told, "/data/jobId"), [json!("new"), json!("new")]);
    assert_eq!(poller.counts().early(), 1);
}

#[test]
fn where_nothing_is_known_in_a_full_list_more_is_asked_for() {
    let all: Vec<Value> = (0..30)
        .map(|n| json!({"jobId": format!("j-{n}"), "jobType": "full", "jobStatus": "successful", "endTimestamp": text(60 - n), "tasks": []}))
        .collect();
    let ask = |poller: &mut Poller, second: i64, all: &[Value]| {
        drive(poller, at(second), |asked| match asked.strip_prefix("/workflows/main/jobs?top=") {
            Some(rest) => {
                let top: usize = rest.split('&').next().unwrap().parse().unwrap();
                body(&json!(all.iter().take(top).collect::<Vec<_>>()))
            }
            None => nothing(asked),
        })
    };
    let limits = Limits::default().with_top(4).with_max_top(20).with_jobs(40);
    let mut poller = begun(builder().with_limits(limits.clone()));
    let seen = ask(&mut poller, 60, &all);
    let tops: Vec<&String> = seen.asked.iter().filter(|asked| asked.contains("/jobs")).collect();
    assert_eq!(tops.len(), 2, "the second reaches back to what the first has told: {tops:?}");
    assert_eq!((seen.told.len(), poller.counts().gaps()), (8, 0));
    let seen = ask(&mut poller, 120, &all);
    assert_eq!((seen.told.len(), seen.asked.len()), (0, 5));
}

#[test]
fn a_list_that_may_not_reach_back_is_a_gap_and_is_counted() {
    let job =
        |n: i64| json!({"jobId": format!("j-{n}"), "jobType": "full", "jobStatus": "running", "tasks": []});
    let all: Vec<Value> = (0..30).map(job).collect();
    let limits = Limits::default().with_top(4).with_max_top(10).with_jobs(40);
    let mut poller = begun(builder().with_limits(limits));
    let seen = drive(&mut poller, at(60), only("/workflows/main/jobs", json!(all)));
    let tops: Vec<&String> = seen.asked.iter().filter(|asked| asked.contains("/jobs")).collect();
    assert_eq!(
        tops,
        ["4", "8", "10"]
            .map(|top| format!("/workflows/main/jobs?top={top}&includeTasks=true"))
            .iter()
            .collect::<Vec<_>>()
    );
    assert_eq!(poller.counts().gaps(), 1);
}

#[test]
fn a_job_that_is_listed_no_more_is_told_from_the_history() {
    let job = |status: &str, end: Value| json!([{"jobId": "j", "jobType": "full", "jobStatus": status, "endTimestamp": end, "tasks": []}]);
    let mut poller = begun(builder());
    drive(&mut poller, at(60), only("/workflows/main/jobs", job("running", Value::Null)));
    let told =
        drive(&mut poller, at(120), only("/workflows/main/history", job("aborted", json!(text(90))))).told;
    assert_eq!(names(&told, "/data/outcome"), [json!("canceled")]);
}

#[test]
fn a_job_that_is_listed_nowhere_is_given_up_after_two_days() {
    let running = json!([{"jobId": "j", "jobType": "full", "jobStatus": "running", "tasks": []}]);
    let mut poller = begun(builder());
    drive(&mut poller, at(60), only("/workflows/main/jobs", running));
    for (second, vanished) in [(60 + 48 * 3_600, 0), (61 + 49 * 3_600, 1)] {
        drive(&mut poller, at(second), nothing);
        assert_eq!(poller.counts().vanished(), vanished, "{second}");
    }
}

#[test]
fn of_the_jobs_that_are_over_so_many_are_remembered_and_the_first_to_end_make_room() {
    let job = |n: i64| json!({"jobId": format!("j-{n}"), "jobType": "full", "jobStatus": "successful", "endTimestamp": text(n), "tasks": []});
    let limits = Limits::default().with_top(2).with_max_top(2).with_jobs(4);
    let mut poller = begun(builder().with_limits(limits));
    let mut told = 0;
    for n in 1..20 {
        let list = json!([job(n), job(n - 1)]);
        told += drive(&mut poller, at(60 * n), only("/workflows/main/jobs", list)).told.len();
    }
    assert_eq!(told, 20, "each once");
    assert!(poller.cursor().to_json().len() < 700, "{}", poller.cursor().to_json());
    // One that ended before those that are remembered was told.
    let told = drive(&mut poller, at(3_600), only("/workflows/main/jobs", json!([job(3)]))).told;
    assert_eq!((told.len(), poller.counts().early()), (0, 1));
}

#[test]
fn data_sources_tell_in_place_of_the_tasks_and_each_refresh_once() {
    let source = |state: &str, last: Value| json!([{"dataSourceId": "ds-42", "name": "Loyalty", "refreshState": state, "lastRefresh": last}]);
    let mut poller = builder().with_data_sources(true).build(at(0)).unwrap();
    let mut outcomes = Vec::new();
    for (minute, (state, last)) in [
        ("updated", json!(text(-600))), // before the start
        ("updated", json!(text(-600))),
        ("updating", json!(text(-600))),
        ("updateFailed", json!(text(-600))), // its time is still that of the last success
        ("updateFailed", json!(text(-600))),
        ("updating", json!(text(-600))),
        ("updateFailed", json!(text(-600))), // once more
        ("updated", json!(text(400))),
        ("updated", json!(text(400))),
        ("updated", json!(text(500))), // nobody saw it running
        ("notUpdated", Value::Null),
        ("updateCancelled", json!(text(600))),
        ("Sleeping", json!(text(600))),
    ]
    .into_iter()
    .enumerate()
    {
        let told =
            drive(&mut poller, at(60 * minute as i64), only("/manage/datasources", source(state, last))).told;
        outcomes.extend(told.iter().map(|event| {
            assert_eq!(event["data"]["process"], "ingestion");
            assert_eq!(event["data"]["item"], json!({"id": "ds-42", "name": "Loyalty"}));
            (minute, event["data"]["outcome"].clone(), event.get("time").cloned())
        }));
    }
    assert_eq!(
        outcomes,
        [
            (3, json!("failed"), None),
            (6, json!("failed"), None),
            (7, json!("succeeded"), Some(json!(text(400)))),
            (9, json!("succeeded"), Some(json!(text(500)))),
            (11, json!("canceled"), Some(json!(text(600)))),
        ]
    );
    let task = json!([{"jobId": "j", "jobType": "full", "jobStatus": "running",
                       "tasks": [{"operationType": "Ingestion", "taskStatus": "failed", "endTimestamp": text(700)}]}]);
    let seen = drive(&mut poller, at(1_200), only("/workflows/main/jobs", task));
    assert_eq!((seen.told.len(), poller.counts().left_to_sources()), (0, 1));
}

#[test]
fn a_segment_is_told_when_it_was_evaluated_anew() {
    let mut poller = begun(builder());
    let mut told = Vec::new();
    for (minute, (state, date, count)) in [
        ("CompletedSuccess", json!(text(-60)), json!(998)), // before the start: a threshold begins with it
        ("Running", json!(text(-60)), json!(998)),
        ("CompletedFailure", json!(text(100)), Value::Null),
        ("NotQualified", json!(text(100)), json!(5)),
        ("CompletedSuccess", json!(text(200)), json!(1_004)),
        ("CompletedSuccess", json!(text(200)), json!(1_004)),
        ("CompletedSuccess", json!(text(100)), json!(7)), // older than what was told
        ("CompletedSuccess", json!(text(300)), json!(1_004)),
        ("CompletedSuccess", json!(text(400)), json!(-1)),
        ("CompletedSuccess", json!(text(400)), json!(1.5)),
        ("CompletedSuccess", json!(text(400)), json!("7")),
        ("CompletedSuccess", json!(text(400)), json!(9_007_199_254_740_993_u64)),
        ("CompletedSuccess", json!(text(400)), Value::Null),
    ]
    .into_iter()
    .enumerate()
    {
        let list = json!([{"name": "vip", "evaluationStatus": {"jobStatus": state, "evaluationDate": date, "entityCount": count}}]);
        let seen = drive(&mut poller, at(60 * (minute as i64 + 1)), only("/manage/segments", list));
        told.extend(
            seen.told.iter().map(|event| (minute, event["data"]["value"].clone(), event["time"].clone())),
        );
    }
    assert_eq!(
        told,
        [
            (0, json!(998), json!(text(-60))),
            (4, json!(1_004), json!(text(200))),
            (7, json!(1_004), json!(text(300))),
        ]
    );
    assert_eq!(poller.report().faulty().names().collect::<Vec<_>>(), [("evaluationStatus.entityCount", 5)]);
}

#[test]
fn a_segment_without_a_date_is_told_when_its_count_changes_under_an_id_of_its_own() {
    let mut poller = begun(builder());
    let mut ids = std::collections::BTreeSet::new();
    for (minute, count) in [5, 5, 6, 5].into_iter().enumerate() {
        let list = json!([{"name": "vip", "evaluationStatus": {"jobStatus": "CompletedSuccess", "entityCount": count}}]);
        let seen = drive(&mut poller, at(60 * (minute as i64 + 1)), only("/manage/segments", list));
        ids.extend(seen.told.iter().map(|event| event["id"].to_string()));
    }
    assert_eq!(ids.len(), 3);
}

#[test]
fn the_values_of_a_measure_are_asked_for_where_the_list_does_not_say_them() {
    let measure = |values: Option<Value>| {
        let mut measure = json!({"name": "a/b", "definition": {"dimensions": ["region"]},
                                 "latestEvaluation": {"state": "completed", "evaluationDate": text(30)}});
        if let Some(values) = values {
            measure["output"] = json!({ "values": values });
        }
        measure
    };
    let mut poller = begun(builder());
    let answer = |asked: &str| match asked {
        "/manage/measures" => body(&json!([measure(None)])),
        "/manage/measures/a%2Fb" => body(&measure(Some(json!({"EMEA": 1.5, "APAC": null, "odd": "7"})))),
        _ => nothing(asked),
    };
    let seen = drive(&mut poller, at(60), answer);
    assert_eq!(
        names(&seen.told, "/data"),
        [
            json!({"kind": "measure", "name": "a/b", "dimensions": {"region": "APAC"}, "value": null}),
            json!({"kind": "measure", "name": "a/b", "dimensions": {"region": "EMEA"}, "value": 1.5}),
        ]
    );
    assert_eq!(poller.counts().faulty(), 1);
    let seen = drive(&mut poller, at(120), answer);
    assert_eq!((seen.told.len(), seen.asked.len()), (0, 5), "it is known, and not asked for again");
}

#[test]
fn the_history_of_a_measure_tells_what_was_missed() {
    let measure = |evaluations: &[(i64, i64)]| {
        let all: Vec<Value> = evaluations.iter().map(|(second, value)| json!({"evaluationDate": text(*second), "values": {"revenue": value, "cost": 1}})).collect();
        json!([{"name": "revenue", "latestEvaluation": {"state": "completed", "evaluationDate": text(evaluations.last().unwrap().0)},
                "output": all.last(), "outputHistory": all}])
    };
    let mut poller = builder().build(at(0)).unwrap();
    let ask = |poller: &mut Poller, second: i64, evaluations: &[(i64, i64)]| {
        let told = drive(poller, at(second), only("/manage/measures", measure(evaluations))).told;
        names(&told, "/data/value")
    };
    assert_eq!(ask(&mut poller, 0, &[(-20, 1), (-10, 2)]), [json!(2)], "the latest alone of what was before");
    assert_eq!(
        ask(&mut poller, 60, &[(-20, 1), (-10, 2), (40, 3), (20, 4), (50, 5)]),
        [json!(4), json!(3), json!(5)]
    );
    assert_eq!(ask(&mut poller, 120, &[(20, 4), (50, 5)]), [Value::Null; 0]);
}

#[test]
fn entries_that_cannot_be_read_harm_no_others() {
    let good = json!({"jobId": "good", "jobType": "full", "jobStatus": "successful", "endTimestamp": text(30), "tasks": []});
    let list = json!([7, null, {}, {"jobId": ""}, {"jobId": "a"}, {"jobId": "b", "jobStatus": "failed", "tasks": 7, "endTimestamp": "soon"},
                      {"jobId": "c", "jobStatus": 9}, good, {"jobId": "good", "jobStatus": "failed"}]);
    let mut poller = begun(builder());
    let told = drive(&mut poller, at(60), only("/workflows/main/jobs", list)).told;
    assert_eq!(names(&told, "/data/jobId"), [json!("good")]);
    let faulty: Vec<(&str, u64)> = poller.report().faulty().names().collect();
    assert_eq!(faulty, [("jobId", 4), ("jobStatus", 2), ("jobType", 1), ("tasks", 1)]);
    for (path, field) in [("/manage/segments", "name"), ("/manage/measures", "name")] {
        let before = poller.counts().faulty();
        let now = poller.poll_timeout().unwrap();
        drive(&mut poller, now, only(path, json!([{}, 7, {"name": ""}])));
        assert_eq!(poller.counts().faulty(), before + 3, "{field}");
    }
}

#[test]
fn what_is_over_a_bound_is_counted_and_told_when_there_is_room() {
    let segment = |name: &str| json!({"name": name, "evaluationStatus": {"jobStatus": "CompletedSuccess", "evaluationDate": text(1), "entityCount": 1}});
    let mut poller = begun(builder().with_limits(Limits::default().with_series(2)));
    let ask = |poller: &mut Poller, second: i64, names_of: &[&str]| {
        let list: Vec<Value> = names_of.iter().map(|name| segment(name)).collect();
        let told = drive(poller, at(second), only("/manage/segments", json!(list))).told;
        names(&told, "/data/name")
    };
    assert_eq!(ask(&mut poller, 60, &["a", "b", "c"]), [json!("a"), json!("b")]);
    assert_eq!(poller.counts().over(), 1);
    assert_eq!(ask(&mut poller, 120, &["c", "b", "a"]), [Value::Null; 0]);
    assert_eq!(ask(&mut poller, 180, &["b", "c"]), [json!("c")]);

    let task = |n: u32| json!({"operationType": "Export", "identifier": n.to_string(), "taskStatus": "successful", "endTimestamp": text(1)});
    let job = json!([{"jobId": "j", "jobType": "full", "jobStatus": "running", "tasks": (0..5).map(task).collect::<Vec<_>>()}]);
    let mut poller = begun(builder().with_limits(Limits::default().with_tasks(3)));
    assert_eq!(drive(&mut poller, at(60), only("/workflows/main/jobs", job)).told.len(), 3);
    assert_eq!(poller.counts().over(), 2);

    let values: serde_json::Map<String, Value> = (0..5).map(|n| (n.to_string(), json!(n))).collect();
    let measure = json!([{"name": "m", "definition": {"dimensions": ["d"]}, "output": {"values": values},
                          "latestEvaluation": {"state": "completed", "evaluationDate": text(1)}}]);
    let limits = Limits::default().with_values(3).with_events(1);
    let mut poller = begun(builder().with_limits(limits));
    let seen = drive(&mut poller, at(60), only("/manage/measures", measure));
    assert_eq!(
        (seen.told.len(), seen.batches, poller.counts().over()),
        (3, 1, 2),
        "one evaluation is one batch"
    );
}

#[test]
fn a_batch_holds_so_many_events_and_the_next_waits_for_it() {
    let job = |n: i64| json!({"jobId": format!("j-{n}"), "jobType": "full", "jobStatus": "failed", "endTimestamp": text(n), "tasks": []});
    let list = json!((0..5).map(job).collect::<Vec<_>>());
    let mut poller = begun(builder().with_limits(Limits::default().with_events(2)));
    let seen = drive(&mut poller, at(60), only("/workflows/main/jobs", list));
    assert_eq!((seen.told.len(), seen.batches), (5, 3));
    assert_eq!(names(&seen.told, "/data/jobId"), ["j-0", "j-1", "j-2", "j-3", "j-4"].map(|id| json!(id)));
}

fn refused(status: u16, pause: Option<u64>) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    if let Some(pause) = pause {
        response.headers_mut().insert(RETRY_AFTER, pause.into());
    }
    response
}

/// Up to the first request of the first round.
fn asking(builder: PollerBuilder) -> (Poller, u64) {
    let mut poller = builder.build(at(0)).unwrap();
    assert!(matches!(poller.poll_effect(), Some(PollEffect::Commit(_))));
    poller.handle_committed(at(0)).unwrap();
    let Some(PollEffect::Send(request)) = poller.poll_effect() else { panic!("a request") };
    (poller, request.id())
}

fn next_request(poller: &mut Poller) -> Option<u64> {
    match poller.poll_effect() {
        Some(PollEffect::Send(request)) => Some(request.id()),
        None => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_may_work_next_time_is_asked_again_with_growing_pauses_and_then_given_up() {
    let policy = RetryPolicy::fixed(2, Duration::from_secs(30)).build().unwrap();
    let garbage = || Response::new(b"<html>".to_vec());
    for answer in
        [garbage(), refused(503, None), refused(500, Some(7)), refused(408, None), refused(429, None)]
    {
        let (mut poller, mut id) = asking(Poller::builder("contoso").with_retry(policy.clone(), 7));
        for second in [0, 30, 60] {
            poller.handle_timeout(at(second - 1)).unwrap();
            if second > 0 {
                assert_eq!(next_request(&mut poller), None, "too early");
                poller.handle_timeout(at(second)).unwrap();
                id = next_request(&mut poller).expect("another attempt");
            }
            poller.handle_response(at(second), id, &answer).unwrap();
            assert!(poller.trouble().is_some());
        }
        assert_eq!((poller.counts().failed(), poller.counts().given_up()), (3, 1), "{answer:?}");
        assert!(next_request(&mut poller).is_some(), "the next question");
    }
}

#[test]
fn what_never_works_is_not_asked_again_in_its_round() {
    for status in [400, 403, 404, 410, 301] {
        let (mut poller, id) = asking(Poller::builder("contoso"));
        poller.handle_response(at(0), id, &refused(status, None)).unwrap();
        assert_eq!((poller.counts().failed(), poller.counts().given_up()), (1, 1), "{status}");
        let next = next_request(&mut poller).expect("the next question");
        poller.handle_response(at(0), next, &nothing("")).unwrap();
        assert!(poller.trouble().is_none(), "since one had an answer");
    }
}

#[test]
fn a_pause_that_the_service_asks_for_is_kept_for_every_question() {
    for (status, pause) in [(429, 200), (403, 200)] {
        let (mut poller, id) = asking(builder());
        poller.handle_response(at(0), id, &refused(status, Some(pause))).unwrap();
        assert_eq!(next_request(&mut poller), None);
        assert_eq!(
            poller.poll_timeout(),
            Some(at(200)),
            "the question is given up, and the next waits as long"
        );
        poller.handle_timeout(at(199)).unwrap();
        assert_eq!(next_request(&mut poller), None);
        poller.handle_timeout(at(200)).unwrap();
        assert!(next_request(&mut poller).is_some());
    }
}

#[test]
fn no_more_is_asked_than_the_rate_allows() {
    let rate = Rate::new(3, Duration::from_secs(100)).unwrap();
    let mut poller = builder().with_rate(rate).with_interval(Duration::from_secs(10)).build(at(0)).unwrap();
    let mut times = Vec::new();
    let mut now = at(0);
    while times.len() < 20 {
        let seen = drive(&mut poller, now, nothing);
        times.extend(seen.asked.iter().map(|_| now));
        now = poller.poll_timeout().unwrap();
    }
    for window in times.windows(4) {
        assert!(window[3] - window[0] >= TimeDelta::seconds(100), "{window:?}");
    }
    assert!(poller.counts().throttled() > 3);
}

#[test]
fn a_refused_token_is_renewed_once_and_the_same_is_asked_again() {
    let (mut poller, id) = asking(Poller::builder("contoso"));
    poller.handle_response(at(0), id, &refused(401, None)).unwrap();
    assert!(matches!(poller.poll_effect(), Some(PollEffect::Renew(number)) if number == id));
    assert!(poller.poll_effect().is_none() && poller.poll_timeout().is_none(), "it waits for the host");
    poller.handle_timeout(at(30)).unwrap();
    assert!(poller.poll_effect().is_none());
    poller.handle_renewed(at(30)).unwrap();
    let again = next_request(&mut poller).expect("the same question");
    assert!(again > id);
    poller.handle_response(at(30), again, &refused(401, None)).unwrap();
    // Nothing else would be answered either.
    assert!(poller.poll_effect().is_none());
    assert_eq!((poller.counts().renewals(), poller.poll_timeout()), (1, Some(at(60))));
    assert!(poller.trouble().is_some_and(ActionError::is_auth_expired));
}

#[test]
fn a_renewal_that_fails_is_asked_for_again_with_the_next_attempt_or_in_the_next_round() {
    let (mut poller, id) = asking(Poller::builder("contoso"));
    poller.handle_response(at(0), id, &refused(401, None)).unwrap();
    let Some(PollEffect::Renew(id)) = poller.poll_effect() else { panic!("a renewal") };
    poller.handle_failure(at(1), id, &ActionError::transient("the tokens are out")).unwrap();
    let due = poller.poll_timeout().expect("another attempt");
    poller.handle_timeout(due).unwrap();
    let id = next_request(&mut poller).unwrap();
    poller.handle_response(due, id, &refused(401, None)).unwrap();
    let Some(PollEffect::Renew(id)) = poller.poll_effect() else { panic!("another renewal") };
    poller.handle_failure(due, id, &ActionError::permanent("you are not known here")).unwrap();
    assert!(poller.poll_effect().is_none());
    assert_eq!(poller.poll_timeout(), Some(at(60)), "the next round");
}

#[test]
fn a_request_that_nobody_answers_is_lost_after_a_while_and_a_late_answer_is_ignored() {
    let (mut poller, id) = asking(Poller::builder("contoso"));
    assert_eq!(poller.poll_timeout(), Some(at(40)));
    poller.handle_timeout(at(39)).unwrap();
    assert_eq!(poller.counts().failed(), 0);
    poller.handle_timeout(at(40)).unwrap();
    assert_eq!(poller.counts().failed(), 1);
    let due = poller.poll_timeout().unwrap();
    poller.handle_timeout(due).unwrap();
    let again = next_request(&mut poller).unwrap();
    poller.handle_response(due, id, &nothing("")).unwrap();
    assert_eq!((poller.counts().ignored_answers(), poller.counts().answers()), (1, 0));
    poller.handle_response(due, again, &nothing("")).unwrap();
    assert_eq!(poller.counts().answers(), 1);
}

#[test]
fn calls_that_nothing_waits_for_change_nothing() {
    let mut poller = builder().build(at(0)).unwrap();
    poller.handle_committed(at(0)).unwrap(); // it was not handed out yet
    poller.handle_renewed(at(0)).unwrap();
    poller.handle_response(at(0), 1, &nothing("")).unwrap();
    assert!(matches!(poller.poll_effect(), Some(PollEffect::Commit(_))));
    poller.handle_renewed(at(0)).unwrap();
    poller.handle_failure(at(0), 0, &ActionError::gone("no")).unwrap();
    assert!(poller.poll_effect().is_none());
    assert_eq!(poller.counts().ignored_answers(), 2);
    let error = poller.handle_committed(DateTime::<Utc>::MAX_UTC).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    poller.handle_committed(at(-600)).unwrap(); // the clock was put back
    assert!(next_request(&mut poller).is_some());
}

#[test]
fn a_measure_whose_name_no_path_can_hold_keeps_no_other_from_being_asked_for() {
    let measure = |name: &str| json!({"name": name, "latestEvaluation": {"state": "completed", "evaluationDate": text(1)}});
    let list = json!([measure(".."), measure("a\nb"), measure("good")]);
    let mut poller = begun(builder());
    let seen =
        drive(
            &mut poller,
            at(60),
            move |asked| if asked == "/manage/measures" { body(&list) } else { nothing(asked) },
        );
    assert_eq!(seen.asked.last().unwrap(), "/manage/measures/good");
    assert_eq!(poller.counts().given_up(), 2);
}

#[test]
fn a_cursor_that_is_damaged_of_another_version_or_of_another_instance_is_refused() {
    let cursor = builder().build(at(0)).unwrap().cursor().clone();
    let text = cursor.to_json();
    for damaged in [
        "",
        "null",
        &text[1..],
        &text[..text.len() - 1],
        &text.replace("\"version\":1", "\"version\":2"),
        &text.replace("\"open\"", "\"opened\""),
        &text.replace("{\"version\"", "{\"more\":1,\"version\""),
    ] {
        assert_eq!(Cursor::from_json(damaged).unwrap_err().kind(), ErrorKind::Snapshot, "{damaged}");
    }
    let error = Poller::builder("fabrikam").with_cursor(cursor).build(at(0)).unwrap_err();
    assert_eq!(error.to_string(), "cursor: it is of the instance \"contoso\", not \"fabrikam\"");
}

#[test]
fn a_poller_that_could_do_nothing_is_not_built_and_every_fault_is_told() {
    let limits = Limits::default()
        .with_answer_bytes(0)
        .with_top(0)
        .with_jobs(0)
        .with_tasks(0)
        .with_series(0)
        .with_values(0)
        .with_events(0);
    let error = Poller::builder("")
        .with_base("nowhere")
        .with_interval(Duration::ZERO)
        .with_answer_time(Duration::MAX)
        .with_limits(limits)
        .build(at(0))
        .unwrap_err();
    let places: Vec<&str> = error.faults().iter().map(|fault| fault.path()).collect();
    assert_eq!(
        places,
        [
            "base",
            "instance",
            "interval",
            "answerTime",
            "limits.answerBytes",
            "limits.top",
            "limits.jobs",
            "limits.tasks",
            "limits.series",
            "limits.values",
            "limits.events"
        ]
    );
    let error =
        builder().with_limits(Limits::default().with_top(101).with_max_top(100)).build(at(0)).unwrap_err();
    let places: Vec<&str> = error.faults().iter().map(|fault| fault.path()).collect();
    assert_eq!(places, ["limits.jobs", "limits.maxTop"]);
    assert_eq!(builder().build(DateTime::<Utc>::MAX_UTC).unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn names_that_are_too_long_for_an_event_are_faulty_and_long_messages_are_cut() {
    let (fits, long) = ("n".repeat(1_024), "n".repeat(1_025));
    let segment = |name: &str| json!({"name": name, "evaluationStatus": {"jobStatus": "CompletedSuccess", "evaluationDate": text(1), "entityCount": 1}});
    let mut poller = begun(builder());
    let told =
        drive(&mut poller, at(60), only("/manage/segments", json!([segment(&fits), segment(&long)]))).told;
    assert_eq!(names(&told, "/data/name"), [json!(fits)]);
    let values = json!({"EMEA": 1, long.as_str(): 2});
    let measure = json!([{"name": "m", "definition": {"dimensions": ["d"]}, "output": {"values": values},
                          "latestEvaluation": {"state": "completed", "evaluationDate": text(1)}}]);
    let told = drive(&mut poller, at(120), only("/manage/measures", measure)).told;
    assert_eq!(names(&told, "/data/dimensions/d"), [json!("EMEA")]);
    let task = json!({"operationType": "Map", "taskStatus": "failed", "endTimestamp": text(100), "error": format!("é{}", "é".repeat(1_000))});
    let job = json!([{"jobId": "j", "jobType": "full", "jobStatus": "running", "tasks": [task]}]);
    let told = drive(&mut poller, at(180), only("/workflows/main/jobs", job)).told;
    assert_eq!(told[0]["data"]["failure"]["message"], json!("é".repeat(512)));
    assert_eq!(poller.counts().faulty(), 2);
}

#[test]
fn an_answer_that_comes_twice_does_not_count_as_the_renewals_failure() {
    let (mut poller, id) = asking(Poller::builder("contoso"));
    poller.handle_response(at(0), id, &refused(401, None)).unwrap();
    let Some(PollEffect::Renew(_)) = poller.poll_effect() else { panic!("a renewal") };
    poller.handle_response(at(0), id, &refused(401, None)).unwrap();
    poller.handle_renewed(at(0)).unwrap();
    assert!(next_request(&mut poller).is_some(), "the same question");
    assert_eq!((poller.counts().ignored_answers(), poller.counts().given_up()), (1, 0));
}

#[test]
fn a_job_that_ended_while_nobody_asked_for_days_tells_only_what_was_not_told() {
    let job = |status: &str, end: Value| {
        json!([{"jobId": "j", "jobType": "full", "jobStatus": status, "endTimestamp": end,
                "tasks": [{"operationType": "Map", "taskStatus": "successful", "endTimestamp": text(50)}]}])
    };
    let mut poller = begun(builder());
    assert_eq!(
        drive(&mut poller, at(60), only("/workflows/main/jobs", job("running", Value::Null))).told.len(),
        1
    );
    let cursor = Cursor::from_json(&poller.cursor().to_json()).unwrap();
    let later = 5 * 86_400;
    let mut poller = builder().with_cursor(cursor).build(at(later)).unwrap();
    let told =
        drive(&mut poller, at(later), only("/workflows/main/jobs", job("successful", json!(text(90))))).told;
    assert_eq!(names(&told, "/type"), [json!("tripline.job.completed")]);
}

#[test]
fn a_cursor_has_the_form_of_the_golden_file_which_stays_readable() {
    let list = |what: &'static str| match what {
        "jobs" => json!([
            {"jobId": "j-1", "jobType": "full", "jobStatus": "successful", "endTimestamp": text(30), "tasks": []},
            {"jobId": "j-2", "jobType": "full", "jobStatus": "running",
             "tasks": [{"operationType": "Map", "taskStatus": "failed", "endTimestamp": text(40)}]}]),
        "datasources" => {
            json!([{"dataSourceId": "ds-1", "refreshState": "updating", "lastRefresh": text(-9)}])
        }
        "segments" => {
            json!([{"name": "vip", "evaluationStatus": {"jobStatus": "CompletedSuccess", "evaluationDate": text(20), "entityCount": 7}}])
        }
        _ => {
            json!([{"name": "revenue", "latestEvaluation": {"state": "completed"}, "output": {"values": {"revenue": 1.5}}}])
        }
    };
    let mut poller = builder().with_data_sources(true).build(at(0)).unwrap();
    drive(&mut poller, at(0), |asked| {
        let what =
            ["jobs", "datasources", "segments", "measures"].into_iter().find(|what| asked.contains(what));
        what.map_or_else(|| nothing(asked), |what| body(&list(what)))
    });
    let text = serde_json::from_str::<Value>(&poller.cursor().to_json()).unwrap();
    let shown = format!("{text:#}\n");
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/customer_insights/cursor.json");
    if std::env::var_os("TRIPLINE_GOLDEN").is_some() {
        std::fs::write(&path, &shown).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert_eq!(shown, golden);
    assert_eq!(Cursor::from_json(&golden).unwrap(), *poller.cursor());
}

#[test]
fn whatever_is_damaged_in_an_answer_the_poller_goes_on() {
    let good = [
        json!([{"jobId": "j-1", "jobType": "full", "jobStatus": "successful", "endTimestamp": text(30), "submittedTimestamp": text(1),
                "tasks": [{"operationType": "Map", "taskStatus": "failed", "endTimestamp": text(40), "error": "é"}]}]),
        json!([{"name": "vip", "evaluationStatus": {"jobStatus": "CompletedSuccess", "evaluationDate": text(20), "entityCount": 7}}]),
        json!({"value": [{"name": "revenue", "definition": {"dimensions": [{"name": "region"}]}, "latestEvaluation": {"state": "completed", "evaluationDate": text(5)},
                "output": {"values": {"EMEA": 1.5}}, "outputHistory": [{"evaluationDate": text(4), "values": {"EMEA": 1e3}}]}]}),
        json!([{"dataSourceId": "ds-1", "refreshState": "updateFailed", "lastRefresh": text(9)}]),
    ];
    let mut random = crate::random::Random(11);
    let mut poller = builder().with_data_sources(true).build(at(0)).unwrap();
    let mut now = at(0);
    for _ in 0..400 {
        drive(&mut poller, now, |_| {
            let mut bytes = good[random.below(good.len())].to_string().into_bytes();
            for _ in 0..random.below(4) {
                let place = random.below(bytes.len());
                match random.below(3) {
                    0 => bytes[place] = random.pick(b"\"{}[],:0123456789-ez\\ \xff\x00"),
                    1 => drop(bytes.remove(place)),
                    _ => bytes.truncate(place.max(1)),
                }
            }
            Response::new(bytes)
        });
        now = poller.poll_timeout().unwrap().max(now + TimeDelta::seconds(1));
    }
    let counts = poller.counts();
    assert!(counts.unreadable() > 200 && counts.answers() > 200 && counts.faulty() > 20, "{counts:?}");
    let told = drive(
        &mut poller,
        now,
        only(
            "/manage/segments",
            json!([{"name": "last", "evaluationStatus":
        {"jobStatus": "CompletedSuccess", "evaluationDate": text(20), "entityCount": 7}}]),
        ),
    )
    .told;
    assert_eq!(names(&told, "/data/name"), [json!("last")]);
}

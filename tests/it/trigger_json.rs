//! Triggers in JSON: every fault with its path and place, and one spelling out.

use std::time::Duration;

use tripline::event::{Dimensions, Outcome, Process, SeriesKind, Submission};
use tripline::threshold::Threshold;
use tripline::trigger::{DimensionRule, Matcher, PartitionKey, TriggerBuilder, TriggerKind};
use tripline::{Error, ErrorKind, Trigger};

fn paths(error: &Error) -> Vec<&str> {
    error.faults().iter().map(|fault| fault.path()).collect()
}

/// A trigger on a segment with these fields in `on`.
fn segment(fields: &str) -> String {
    format!(r#"{{"id":"x","on":{{"type":"segmentThresholdCrossed","segment":"vip",{fields}}}}}"#)
}

/// A sound trigger with these fields beside `on`.
fn beside(fields: &str) -> String {
    format!(r#"{{"id":"x","on":{{"type":"segmentThresholdCrossed","segment":"vip","above":1}},{fields}}}"#)
}

/// A sound trigger with one filter.
fn filter(filter: &str) -> String {
    beside(&format!(r#""where":[{filter}]"#))
}

fn check(cases: &[(String, &[&str])]) {
    for (text, expected) in cases {
        let error = Trigger::from_json(text).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{text}");
        assert_eq!(paths(&error), *expected, "{text}\n{error}");
        for fault in error.faults() {
            assert!(fault.message().contains("(line 1, column "), "{fault}");
        }
    }
}

#[test]
fn a_trigger_must_have_an_id_and_something_to_watch() {
    let on = r#""on":{"type":"segmentThresholdCrossed","segment":"vip","above":1}"#;
    let long = "x".repeat(129);
    check(&[
        ("{}".into(), &["id", "on"]),
        ("[]".into(), &[""]),
        ("17".into(), &[""]),
        (format!("{{{on}}}"), &["id"]),
        (format!(r#"{{"id":"",{on}}}"#), &["id"]),
        (format!(r#"{{"id":"{long}",{on}}}"#), &["id"]),
        (format!(r#"{{"id":"vip 1000",{on}}}"#), &["id"]),
        (format!(r#"{{"id":"vip/1000",{on}}}"#), &["id"]),
        (format!(r#"{{"id":"vïp",{on}}}"#), &["id"]),
        (format!(r#"{{"id":7,{on}}}"#), &["id"]),
        (format!(r#"{{"id":null,{on}}}"#), &["id"]),
        (r#"{"id":"x"}"#.into(), &["on"]),
        (r#"{"id":"x","on":"segmentThresholdCrossed"}"#.into(), &["on"]),
        (r#"{"id":"x","on":{}}"#.into(), &["on.type"]),
        (r#"{"id":"x","on":{"type":1}}"#.into(), &["on.type"]),
        (r#"{"id":"x","on":{"type":"segmentThreshold"}}"#.into(), &["on.type"]),
        (r#"{"id":"x","on":{"type":"EventReceived","eventType":"t"}}"#.into(), &["on.type"]),
    ]);
    let fine = "x".repeat(128);
    assert!(Trigger::from_json(&format!(r#"{{"id":"{fine}",{on}}}"#)).is_ok());
    assert!(Trigger::from_json(&format!(r#"{{"id":"aZ09._:-",{on}}}"#)).is_ok());
}

#[test]
fn the_fields_beside_on_are_checked() {
    check(&[
        (beside(r#""name":"""#), &["name"]),
        (beside(r#""name":1"#), &["name"]),
        (beside(r#""enabled":"yes""#), &["enabled"]),
        (beside(r#""color":"red""#), &["color"]),
        (beside(r#""Cooldown":"PT1H""#), &["Cooldown"]),
        (beside(r#""above":3"#), &["above"]),
        (beside(r#""source":"""#), &["source"]),
        (beside(r#""source":3"#), &["source"]),
        (beside(r#""source":{}"#), &["source"]),
        (beside(r#""source":{"prefix":""}"#), &["source.prefix"]),
        (beside(r#""source":{"prefix":"a","suffix":"b"}"#), &["source"]),
        (beside(r#""source":{"oneOf":[]}"#), &["source.oneOf"]),
        (beside(r#""source":{"oneOf":["a","b","a"]}"#), &["source.oneOf[2]"]),
        (
            beside(r#""source":{"oneOf":["a",1,"",true]}"#),
            &["source.oneOf[1]", "source.oneOf[2]", "source.oneOf[3]"],
        ),
        (beside(r#""source":{"regex":"a"}"#), &["source", "source.regex"]),
        (beside(r#""cooldown":3600"#), &["cooldown"]),
        (beside(r#""cooldown":"1h""#), &["cooldown"]),
        (beside(r#""cooldown":"P1M""#), &["cooldown"]),
        (beside(r#""cooldown":"P200000D""#), &["cooldown"]),
        (beside(r#""limit":30"#), &["limit"]),
        (beside(r#""limit":{}"#), &["limit.max", "limit.per"]),
        (beside(r#""limit":{"max":0,"per":"PT0S"}"#), &["limit.max", "limit.per"]),
        (beside(r#""limit":{"max":1.5,"per":"PT1H"}"#), &["limit.max"]),
        (beside(r#""limit":{"max":-1,"per":"PT1H"}"#), &["limit.max"]),
        (beside(r#""limit":{"max":1000001,"per":"PT1H"}"#), &["limit.max"]),
        (beside(r#""limit":{"max":5000000000,"per":"PT1H","burst":2}"#), &["limit.max", "limit.burst"]),
        (beside(r#""id":"y""#), &["id"]),
        (beside(r#""where":{}"#), &["where"]),
    ]);
}

#[test]
fn exactly_one_condition_is_needed() {
    check(&[
        (segment(r#""hold":"PT1M""#), &["on"]),
        (segment(r#""above":1,"below":0"#), &["on"]),
        (segment(r#""above":1,"changesBy":{"amount":1},"hold":"x""#), &["on", "on.hold"]),
        (segment(r#""above":"1","below":null"#), &["on", "on.above", "on.below"]),
        (segment(r#""abov":1"#), &["on", "on.abov"]),
        (segment(r#""above":1,"above":2"#), &["on.above"]),
    ]);
    let error = Trigger::from_json(&segment(r#""above":1,"below":0"#)).unwrap_err();
    assert!(error.to_string().contains("`above` and `below`"), "{error}");
    let error = Trigger::from_json(&segment(r#""abov":1"#)).unwrap_err();
    assert!(error.to_string().contains("did you mean `above`?"), "{error}");
}

#[test]
fn numbers_are_finite_and_exact() {
    check(&[
        (segment(r#""above":"1000""#), &["on.above"]),
        (segment(r#""above":null"#), &["on.above"]),
        (segment(r#""atOrAbove":1e999"#), &["on.atOrAbove"]),
        (segment(r#""below":-1e999"#), &["on.below"]),
        (segment(r#""atOrBelow":9007199254740993"#), &["on.atOrBelow"]),
        (segment(r#""above":1,"rearm":-9007199254740993"#), &["on.rearm"]),
        (segment(r#""above":1e-999"#), &["on.above"]),
        (segment(r#""above":1,"rearm":true"#), &["on.rearm"]),
    ]);
    let error = Trigger::from_json(&segment(r#""above":9007199254740993"#)).unwrap_err();
    assert!(error.to_string().contains("9007199254740993"), "{error}");
    assert!(Trigger::from_json(&segment(r#""above":9007199254740992"#)).is_ok());
}

#[test]
fn a_rearm_must_be_reachable() {
    check(&[
        (segment(r#""above":1000,"rearm":1000.5"#), &["on.rearm"]),
        (segment(r#""atOrAbove":1000,"rearm":1001"#), &["on.rearm"]),
        (segment(r#""below":10,"rearm":9"#), &["on.rearm"]),
        (segment(r#""atOrBelow":10,"rearm":9.5"#), &["on.rearm"]),
        (segment(r#""entersRange":{"low":1,"high":2},"rearm":-1"#), &["on.rearm"]),
        (segment(r#""entersRange":{"low":-1e308,"high":1},"rearm":1e308"#), &["on.rearm"]),
        (segment(r#""leavesRange":{"low":1,"high":2},"rearm":0.75"#), &["on.rearm"]),
        (segment(r#""above":1,"rearm":0,"occurrences":{"atLeast":1,"ofLast":1}"#), &["on.rearm"]),
    ]);
}

#[test]
fn ranges_and_steps_are_whole_and_possible() {
    check(&[
        (segment(r#""entersRange":5"#), &["on.entersRange"]),
        (segment(r#""entersRange":[1,2]"#), &["on.entersRange"]),
        (segment(r#""entersRange":{}"#), &["on.entersRange.low", "on.entersRange.high"]),
        (segment(r#""entersRange":{"low":2,"high":1}"#), &["on.entersRange"]),
        (segment(r#""entersRange":{"low":1,"high":1,"includeLow":false}"#), &["on.entersRange"]),
        (segment(r#""leavesRange":{"low":1,"high":"2","step":1}"#), &["on.leavesRange.high", "on.leavesRange.step"]),
        (segment(r#""leavesRange":{"low":1,"high":1e400}"#), &["on.leavesRange.high"]),
        (segment(r#""leavesRange":{"low":1,"high":2,"includeHigh":0}"#), &["on.leavesRange.includeHigh"]),
        (segment(r#""changesBy":10"#), &["on.changesBy"]),
        (segment(r#""changesBy":{}"#), &["on.changesBy.amount"]),
        (segment(r#""changesBy":{"amount":0}"#), &["on.changesBy.amount"]),
        (segment(r#""changesBy":{"amount":-5,"percent":1}"#), &["on.changesBy.amount", "on.changesBy.percent"]),
        (segment(r#""changesBy":{"amount":5,"direction":"sideways"}"#), &["on.changesBy.direction"]),
        (
            segment(
                r#""changesBy":{"amount":5},"rearm":1,"hold":"PT1M","keep":"PT1M","occurrences":{"atLeast":1,"ofLast":2},
                "remindEvery":"PT1H","notifyCleared":true"#
            )
            .replace('\n', " "),
            &["on.rearm", "on.hold", "on.keep", "on.occurrences", "on.remindEvery", "on.notifyCleared"],
        ),
        // A faulty amount hides nothing of what a step excludes.
        (segment(r#""changesBy":{"amount":"5"},"hold":"PT1M""#), &["on.changesBy.amount", "on.hold"]),
    ]);
}

#[test]
fn options_are_of_their_type_and_in_bounds() {
    check(&[
        (segment(r#""above":1,"hold":60"#), &["on.hold"]),
        (segment(r#""above":1,"hold":"-PT1M""#), &["on.hold"]),
        (segment(r#""above":1,"keep":"10M""#), &["on.keep"]),
        (segment(r#""above":1,"lateness":"PT""#), &["on.lateness"]),
        (segment(r#""above":1,"staleAfter":"PT0S""#), &["on.staleAfter"]),
        (segment(r#""above":1,"remindEvery":"PT59.999999999S""#), &["on.remindEvery"]),
        (segment(r#""above":1,"notifyCleared":"true""#), &["on.notifyCleared"]),
        (segment(r#""above":1,"onFirst":"Fire""#), &["on.onFirst"]),
        (segment(r#""above":1,"onMissing":"zero""#), &["on.onMissing"]),
        (segment(r#""above":1,"occurrences":3"#), &["on.occurrences"]),
        (segment(r#""above":1,"occurrences":{}"#), &["on.occurrences", "on.occurrences.atLeast"]),
        (segment(r#""above":1,"occurrences":{"atLeast":3}"#), &["on.occurrences"]),
        (segment(r#""above":1,"occurrences":{"atLeast":3,"ofLast":5,"within":"PT1H"}"#), &["on.occurrences"]),
        (segment(r#""above":1,"occurrences":{"atLeast":0,"ofLast":5}"#), &["on.occurrences.atLeast"]),
        (segment(r#""above":1,"occurrences":{"atLeast":6,"ofLast":5}"#), &["on.occurrences.ofLast"]),
        (segment(r#""above":1,"occurrences":{"atLeast":1,"ofLast":1001}"#), &["on.occurrences.ofLast"]),
        (
            segment(r#""above":1,"occurrences":{"atLeast":2.5,"within":"PT0S"}"#),
            &["on.occurrences.atLeast", "on.occurrences.within"],
        ),
        // What stands in for a faulty part is no fault, and what the whole excludes is one still.
        (
            segment(r#""above":1,"rearm":0,"occurrences":{"atLeast":"3","ofLast":5}"#),
            &["on.rearm", "on.occurrences.atLeast"],
        ),
        (segment(r#""above":1,"stale_after":"PT1H""#), &["on.stale_after"]),
        (segment(r#""above":1,"cooldown":"PT1H""#), &["on.cooldown"]),
        (segment(r#""above":1,"dimensions":"each""#), &["on.dimensions"]),
        (segment(r#""above":1,"":1"#), &[r#"on[""]"#]),
    ]);
    let error = Trigger::from_json(&segment(r#""above":1,"onFirst":"Fire""#)).unwrap_err();
    assert!(error.to_string().contains("\"Fire\" is not one of `quiet`, `fire`"), "{error}");
    let error = Trigger::from_json(&segment(r#""above":1,"cooldown":"PT1H""#)).unwrap_err();
    assert!(error.to_string().contains("it belongs beside `on`"), "{error}");
}

#[test]
fn each_kind_knows_its_own_fields() {
    let measure =
        |fields: &str| format!(r#"{{"id":"x","on":{{"type":"measureThresholdCrossed",{fields}}}}}"#);
    let silence = |fields: &str| format!(r#"{{"id":"x","on":{{"type":"noData",{fields}}}}}"#);
    check(&[
        (r#"{"id":"x","on":{"type":"segmentThresholdCrossed","above":1}}"#.into(), &["on.segment"]),
        (
            r#"{"id":"x","on":{"type":"segmentThresholdCrossed","segment":"","above":1}}"#.into(),
            &["on.segment"],
        ),
        (
            r#"{"id":"x","on":{"type":"segmentThresholdCrossed","segment":["a"],"above":1}}"#.into(),
            &["on.segment"],
        ),
        (measure(r#""segment":"vip","above":1"#), &["on.measure", "on.segment"]),
        (measure(r#""measure":{"suffix":""},"above":1"#), &["on.measure.suffix"]),
        (measure(r#""measure":"m","dimensions":"all","above":1"#), &["on.dimensions"]),
        (measure(r#""measure":"m","dimensions":["region"],"above":1"#), &["on.dimensions"]),
        (
            measure(r#""measure":"m","dimensions":{"region":1,"":"x"},"above":1"#),
            &["on.dimensions", "on.dimensions.region"],
        ),
        (measure(r#""measure":"m","dimensions":{"a":"1","a":"2"},"above":1"#), &["on.dimensions.a"]),
        (r#"{"id":"x","on":{"type":"noData"}}"#.into(), &["on.kind", "on.name", "on.within"]),
        (silence(r#""kind":"segment","name":"vip","within":"PT0S""#), &["on.within"]),
        (silence(r#""kind":"datasource","name":"crm","within":"P1D""#), &["on.kind"]),
        (
            silence(r#""kind":"dataSource","name":{"prefix":""},"within":"PT0S""#),
            &["on.name.prefix", "on.within"],
        ),
        (silence(r#""kind":"Segment","name":"vip","within":"P1D""#), &["on.kind"]),
        (
            silence(r#""kind":"segment","name":"vip","within":"P1D","fromStart":1,"above":3"#),
            &["on.fromStart", "on.above"],
        ),
    ]);
}

/// A trigger with these fields in `on`.
fn on(fields: &str) -> String {
    format!(r#"{{"id":"x","on":{{{fields}}}}}"#)
}

#[test]
fn the_kinds_for_tasks_jobs_and_events_know_their_own_fields() {
    let failed = |fields: &str| on(&format!(r#""type":"dataSourceRefreshFailed",{fields}"#));
    let succeeded = |fields: &str| on(&format!(r#""type":"dataSourceRefreshSucceeded",{fields}"#));
    let full = |fields: &str| on(&format!(r#""type":"fullRefreshCompleted",{fields}"#));
    let unified = |fields: &str| on(&format!(r#""type":"unificationCompleted",{fields}"#));
    let refresh = |fields: &str| on(&format!(r#""type":"refreshCompleted",{fields}"#));
    let event = |fields: &str| on(&format!(r#""type":"eventReceived",{fields}"#));
    check(&[
        (failed(r#""dataSource":"""#), &["on.dataSource"]),
        (failed(r#""dataSource":null"#), &["on.dataSource"]),
        (failed(r#""dataSource":["crm"]"#), &["on.dataSource"]),
        (failed(r#""dataSource":{}"#), &["on.dataSource"]),
        (failed(r#""dataSource":{"prefix":""}"#), &["on.dataSource.prefix"]),
        (failed(r#""dataSource":{"suffix":1}"#), &["on.dataSource.suffix"]),
        (
            failed(r#""dataSource":{"oneOf":["a","","a"]}"#),
            &["on.dataSource.oneOf[1]", "on.dataSource.oneOf[2]"],
        ),
        (failed(r#""dataSource":"crm","dataSource":"erp""#), &["on.dataSource"]),
        (failed(r#""includeRetrying":"yes""#), &["on.includeRetrying"]),
        (failed(r#""includeRetrying":null"#), &["on.includeRetrying"]),
        (failed(r#""settle":600"#), &["on.settle"]),
        (failed(r#""settle":"10M""#), &["on.settle"]),
        (failed(r#""settle":"-PT1M""#), &["on.settle"]),
        (failed(r#""settle":"P200000D""#), &["on.settle"]),
        (failed(r#""item":"crm","outcome":"failed""#), &["on.item", "on.outcome"]),
        (succeeded(r#""dataSource":3"#), &["on.dataSource"]),
        (succeeded(r#""dataSource":{"regex":"a"}"#), &["on.dataSource", "on.dataSource.regex"]),
        (succeeded(r#""includeRetrying":true,"settle":"PT1H""#), &["on.includeRetrying", "on.settle"]),
        (full(r#""submission":"","outcome":"""#), &["on.submission", "on.outcome"]),
        (full(r#""submission":["scheduled"],"outcome":null"#), &["on.submission", "on.outcome"]),
        (full(r#""process":"ingestion","item":"crm""#), &["on.process", "on.item"]),
        (full(r#""outcome":"failed","outcome":"any""#), &["on.outcome"]),
        (unified(r#""outcome":"""#), &["on.outcome"]),
        (unified(r#""outcome":7"#), &["on.outcome"]),
        (unified(r#""submission":"scheduled""#), &["on.submission"]),
        (refresh(r#""process":"","item":"","outcome":"""#), &["on.process", "on.item", "on.outcome"]),
        (refresh(r#""process":{},"item":1,"outcome":[]"#), &["on.process", "on.item", "on.outcome"]),
        (refresh(r#""item":{"oneOf":[]}"#), &["on.item.oneOf"]),
        (refresh(r#""dataSource":"crm","submission":"any""#), &["on.dataSource", "on.submission"]),
        (on(r#""type":"eventReceived""#), &["on.eventType"]),
        (event(r#""eventType":"""#), &["on.eventType"]),
        (event(r#""eventType":null"#), &["on.eventType"]),
        (event(r#""eventType":{"prefix":"com."}"#), &["on.eventType"]),
        (event(r#""eventtype":"t""#), &["on.eventType", "on.eventtype"]),
        (event(r#""eventType":"t","source":"/s","above":1"#), &["on.source", "on.above"]),
        (segment(r#""above":1,"outcome":"failed","eventType":"t""#), &["on.outcome", "on.eventType"]),
        // Between `on` and its sides every field knows where it belongs.
        (
            r#"{"id":"x","dataSource":"crm","settle":"PT1H","on":{"type":"dataSourceRefreshFailed"}}"#.into(),
            &["dataSource", "settle"],
        ),
    ]);
    for (text, hint) in [
        (event(r#""eventtype":"t""#), "unknown field `eventtype`; did you mean `eventType`?"),
        (event(r#""eventType":"t","source":"/s""#), "unknown field `source`; it belongs beside `on`"),
        (refresh(r#""outcomes":"failed""#), "unknown field `outcomes`; did you mean `outcome`?"),
        (
            on(r#""type":"refreshcompleted""#),
            "\"refreshcompleted\" is not one of `dataSourceRefreshFailed`, ",
        ),
    ] {
        let error = Trigger::from_json(&text).unwrap_err();
        assert!(error.to_string().contains(hint), "{error}");
    }
}

#[test]
fn all_faults_of_tasks_jobs_and_events_are_listed_with_line_and_column() {
    let text = r#"[
  {"id": "a", "on": {"type": "dataSourceRefreshFailed", "dataSource": {"oneOf": []},
     "includeRetrying": 1, "settle": "1h", "outcome": "failed"}},
  {"id": "b", "on": {"type": "refreshCompleted", "process": "", "item": {"suffix": ""}, "outcome": 3}, "cooldown": 1},
  {"id": "c", "on": {"type": "fullRefreshCompleted", "submission": "", "outcome": ""}},
  {"id": "d", "on": {"type": "unificationCompleted", "outcome": ""}},
  {"id": "e", "on": {"type": "eventReceived"}, "eventType": "t"},
  {"id": "f", "on": {"type": "noData", "kind": "job", "name": "", "within": "PT0S"}}
]"#;
    let error = Trigger::list_from_json(text).unwrap_err();
    let faults: Vec<String> = error.faults().iter().map(ToString::to_string).collect();
    let expected = [
        "[0].on.dataSource.oneOf: the list is empty: nothing would match (line 2, column 81)",
        "[0].on.includeRetrying: 1 is not a boolean (line 3, column 25)",
        "[0].on.settle: \"1h\" is not a duration such as PT10M or P1DT2H: it does not start with P (line 3, column 38)",
        "[0].on.outcome: unknown field `outcome` (line 3, column 55)",
        "[1].on.process: the text is empty (line 4, column 61)",
        "[1].on.item.suffix: the text is empty (line 4, column 84)",
        "[1].on.outcome: 3 is not a string (line 4, column 100)",
        "[1].cooldown: 1 is not a duration such as \"PT10M\" (line 4, column 116)",
        "[2].on.submission: the text is empty (line 5, column 68)",
        "[2].on.outcome: the text is empty (line 5, column 83)",
        "[3].on.outcome: the text is empty (line 6, column 65)",
        "[4].on.eventType: `eventType` is missing (line 7, column 21)",
        "[4].eventType: unknown field `eventType`; it belongs inside `on` (line 7, column 61)",
        "[5].on.kind: \"job\" is not one of `dataSource`, `segment`, `measure` (line 8, column 48)",
        "[5].on.name: the text is empty (line 8, column 63)",
        "[5].on.within: PT0S is too short: it must be above zero (line 8, column 77)",
    ];
    assert_eq!(faults, expected);
}

#[test]
fn every_kind_is_the_same_from_rust_and_from_json_and_is_written_in_one_spelling() {
    let hour = Duration::from_secs(3600);
    let one_of = || Matcher::one_of(["crm", "erp"]);
    let over = || Threshold::above(1.0);
    // What is read, what is written (empty: the same), and what is built.
    let cases: [(&str, &str, TriggerBuilder); 22] = [
        (r#""type":"dataSourceRefreshFailed""#, "", Trigger::data_source_refresh_failed("x", Matcher::Any)),
        (
            r#""settle":"PT0S","includeRetrying":false,"dataSource":"*","type":"dataSourceRefreshFailed""#,
            r#""type":"dataSourceRefreshFailed""#,
            Trigger::data_source_refresh_failed("x", "*")
                .with_settle(Duration::ZERO)
                .with_including_retrying(false),
        ),
        (
            r#""type":"dataSourceRefreshFailed","dataSource":"crm","includeRetrying":true,"settle":"PT1H""#,
            "",
            Trigger::data_source_refresh_failed("x", "crm").with_settle(hour).with_including_retrying(true),
        ),
        (
            r#""type":"dataSourceRefreshFailed","dataSource":{"prefix":"crm-"},"settle":"PT0.5S""#,
            "",
            Trigger::data_source_refresh_failed("x", Matcher::prefix("crm-"))
                .with_settle(Duration::from_millis(500)),
        ),
        (
            r#""type":"dataSourceRefreshSucceeded","dataSource":{"suffix":"-eu"}"#,
            "",
            Trigger::data_source_refresh_succeeded("x", Matcher::suffix("-eu")),
        ),
        (
            r#""type":"dataSourceRefreshSucceeded","dataSource":{"oneOf":["crm","erp"]}"#,
            "",
            Trigger::data_source_refresh_succeeded("x", one_of()),
        ),
        (
            r#""type":"dataSourceRefreshSucceeded","dataSource":{"oneOf":["*"]}"#,
            "",
            Trigger::data_source_refresh_succeeded("x", Matcher::exact("*")),
        ),
        (
            r#""dataSource":"*","type":"dataSourceRefreshSucceeded""#,
            r#""type":"dataSourceRefreshSucceeded""#,
            Trigger::data_source_refresh_succeeded("x", Matcher::Any),
        ),
        (
            r#""type":"segmentThresholdCrossed","segment":"*","above":1"#,
            "",
            Trigger::segment_threshold_crossed("x", "*", over()),
        ),
        (
            r#""type":"measureThresholdCrossed","measure":"m","dimensions":"each","above":1"#,
            "",
            Trigger::measure_threshold_crossed("x", "m", over()).with_each_dimensions(),
        ),
        (r#""type":"fullRefreshCompleted""#, "", Trigger::full_refresh_completed("x")),
        (
            r#""type":"fullRefreshCompleted","outcome":"any","submission":"any""#,
            r#""type":"fullRefreshCompleted""#,
            Trigger::full_refresh_completed("x").with_submission("any").with_outcome("any"),
        ),
        (
            r#""type":"fullRefreshCompleted","outcome":"timedOut","submission":"onDemand""#,
            r#""type":"fullRefreshCompleted","submission":"onDemand","outcome":"timedOut""#,
            Trigger::full_refresh_completed("x")
                .with_submission(Submission::ON_DEMAND)
                .with_outcome(Outcome::TIMED_OUT),
        ),
        (
            r#""type":"fullRefreshCompleted","submission":"Any","outcome":"half \u00bd done""#,
            r#""type":"fullRefreshCompleted","submission":"Any","outcome":"half ½ done""#,
            Trigger::full_refresh_completed("x").with_submission("Any").with_outcome("half ½ done"),
        ),
        (r#""type":"unificationCompleted""#, "", Trigger::unification_completed("x").with_outcome("any")),
        (
            r#""type":"unificationCompleted","outcome":"succeeded""#,
            "",
            Trigger::unification_completed("x").with_outcome(Outcome::SUCCEEDED),
        ),
        (
            r#""type":"refreshCompleted","outcome":"any","item":"*","process":"any""#,
            r#""type":"refreshCompleted""#,
            Trigger::refresh_completed("x"),
        ),
        (
            r#""type":"refreshCompleted","process":"export","item":{"oneOf":["crm","erp"]},"outcome":"skipped""#,
            "",
            Trigger::refresh_completed("x")
                .with_item(one_of())
                .with_process(Process::EXPORT)
                .with_outcome("skipped"),
        ),
        (
            r#""type":"noData","kind":"dataSource","name":"crm","within":"PT1H""#,
            "",
            Trigger::no_data("x", SeriesKind::DATA_SOURCE, "crm", hour),
        ),
        (
            r#""type":"noData","kind":"dataSource","name":"*","within":"PT60M","fromStart":true"#,
            r#""type":"noData","kind":"dataSource","name":"*","within":"PT1H","fromStart":true"#,
            Trigger::no_data("x", "dataSource", "*", hour).with_from_start(true),
        ),
        (
            r#""type":"eventReceived","eventType":"com.example.paid""#,
            "",
            Trigger::event_received("x", "com.example.paid"),
        ),
        (r#""type":"eventReceived","eventType":"*""#, "", Trigger::event_received("x", "*")),
    ];
    for (read, written, builder) in cases {
        let written = on(if written.is_empty() { read } else { written });
        let built = builder.build().unwrap();
        assert_eq!(Trigger::from_json(&on(read)).unwrap(), built, "{read}");
        assert_eq!(built.to_json(), written);
        assert_eq!(Trigger::from_json(&written).unwrap(), built, "{written}");
    }
}

#[test]
fn a_kind_shows_what_was_asked_of_it() {
    let kind = |fields: &str, check: fn(TriggerKind<'_>) -> bool| {
        let trigger = Trigger::from_json(&on(fields)).unwrap();
        assert!(check(trigger.kind()), "{trigger:?}");
        assert!(trigger.threshold().is_none());
        assert!(trigger.to_json().contains(trigger.type_name()));
    };
    kind(r#""type":"dataSourceRefreshFailed","settle":"PT1S""#, |kind| {
        let settle = Duration::from_secs(1);
        kind == TriggerKind::DataSourceRefreshFailed {
            data_source: &Matcher::Any,
            include_retrying: false,
            settle,
        }
    });
    kind(r#""type":"dataSourceRefreshSucceeded","dataSource":"crm""#, |kind| {
        kind == TriggerKind::DataSourceRefreshSucceeded { data_source: &Matcher::exact("crm") }
    });
    kind(r#""type":"fullRefreshCompleted","submission":"scheduled""#, |kind| {
        kind == TriggerKind::FullRefreshCompleted { submission: Some(&Submission::SCHEDULED), outcome: None }
    });
    kind(r#""type":"unificationCompleted","outcome":"odd""#, |kind| {
        kind == TriggerKind::UnificationCompleted { outcome: Some(&Outcome::from("odd")) }
    });
    kind(r#""type":"refreshCompleted","process":"match","item":"*""#, |kind| {
        kind == TriggerKind::RefreshCompleted {
            process: Some(&Process::MATCH),
            item: &Matcher::Any,
            outcome: None,
        }
    });
    kind(r#""type":"eventReceived","eventType":"*""#, |kind| {
        kind == TriggerKind::EventReceived { event_type: "*" }
    });
}

#[test]
fn filters_are_checked_at_every_depth() {
    check(&[
        (filter("1"), &["where[0]"]),
        (filter("{}"), &["where[0]"]),
        (filter(r#"{"sql":"source = 'x'"}"#), &["where[0]", "where[0].sql"]),
        (filter(r#"{"exact":{"type":"t"},"prefix":{"source":""}}"#), &["where[0]", "where[0].prefix.source"]),
        (filter(r#"{"exact":{}}"#), &["where[0].exact"]),
        (filter(r#"{"exact":{"type":""}}"#), &["where[0].exact.type"]),
        (filter(r#"{"exact":{"Type":"t","source":4}}"#), &["where[0].exact.Type", "where[0].exact.source"]),
        (filter(r#"{"suffix":"vip"}"#), &["where[0].suffix"]),
        (filter(r#"{"all":[]}"#), &["where[0].all"]),
        (filter(r#"{"any":{"exact":{"type":"t"}}}"#), &["where[0].any"]),
        (
            filter(r#"{"any":[{"exact":{"type":"t"}},{"not":{"all":[{"prefix":{"type":""}},{"x":1}]}}]}"#),
            &[
                "where[0].any[1].not.all[0].prefix.type",
                "where[0].any[1].not.all[1]",
                "where[0].any[1].not.all[1].x",
            ],
        ),
        (filter(r#"{"not":[]}"#), &["where[0].not"]),
        (filter(r#"{"data":{}}"#), &["where[0].data.path", "where[0].data.op", "where[0].data.value"]),
        (filter(r#"{"data":{"path":"value","op":"gt","value":1}}"#), &["where[0].data.path"]),
        (
            filter(r#"{"data":{"path":"value","op":"like","value":1}}"#),
            &["where[0].data.path", "where[0].data.op"],
        ),
        (filter(r#"{"data":{"path":"/value","op":"gt","value":[1]}}"#), &["where[0].data.value"]),
        (filter(r#"{"data":{"path":"/value","op":"gt","value":null}}"#), &["where[0].data.value"]),
        (filter(r#"{"data":{"path":"/value","op":"eq"}}"#), &["where[0].data.value"]),
        (
            filter(r#"{"data":{"path":"/value","op":"exists","value":1,"x":2}}"#),
            &["where[0].data.value", "where[0].data.x"],
        ),
    ]);
    for fine in [
        r#"{"exact":{"type":"t","source":"/s"}}"#,
        r#"{"data":{"path":"/item/id","op":"exists"}}"#,
        r#"{"data":{"path":"/a","op":"eq","value":9007199254740993}}"#,
        r#"{"all":[{"any":[{"not":{"suffix":{"subject":".csv"}}}]}]}"#,
    ] {
        let trigger = Trigger::from_json(&filter(fine)).unwrap();
        assert_eq!(trigger.filters().len(), 1);
        assert_eq!(Trigger::from_json(&trigger.to_json()).unwrap(), trigger);
    }
}

#[test]
fn all_faults_of_a_file_are_listed_in_the_order_of_the_text() {
    let text = r#"{
  "triggers": [
    {"id": "vip-1000", "on": {"type": "segmentThresholdCrossed", "segment": "vip", "above": 1000, "rearm": 1200}},
    {"id": "vip 2", "enabled": 1, "on": {"type": "segmentThresholdCrossed", "segment": "", "below": 10, "hold": "5"},
     "cooldown": "PT1X"},
    17,
    {"id": "vip-1000", "on": {"type": "noData", "kind": "segment", "within": "P1D"}}
  ],
  "version": 2
}"#;
    let error = Trigger::list_from_json(text).unwrap_err();
    let faults: Vec<String> = error.faults().iter().map(ToString::to_string).collect();
    let expected = [
        "triggers[0].on.rearm: 1200 is above the bound 1000: `above` takes a rearm at or below it (line 3, column 108)",
        "triggers[1].id: \"vip 2\" has ' ': an id is 1 to 128 characters of A-Z a-z 0-9 . _ : - (line 4, column 12)",
        "triggers[1].enabled: 1 is not a boolean (line 4, column 32)",
        "triggers[1].on.segment: the text is empty (line 4, column 88)",
        "triggers[1].on.hold: \"5\" is not a duration such as PT10M or P1DT2H: it does not start with P (line 4, column 113)",
        "triggers[1].cooldown: \"PT1X\" is not a duration such as PT10M or P1DT2H: after T only H, M and S are known (line 5, column 18)",
        "triggers[2]: 17 is not an object (line 6, column 5)",
        "triggers[3].id: \"vip-1000\" is the id of trigger [0] too: ids are unique (line 7, column 12; the first is at line 3, column 12)",
        "triggers[3].on.name: `name` is missing (line 7, column 30)",
        "version: unknown field `version` (line 9, column 14)",
    ];
    assert_eq!(faults, expected);
    assert_eq!(error.to_string(), expected.join("; "));
}

#[test]
fn a_list_is_one_trigger_an_array_or_an_object_of_triggers() {
    let one = segment(r#""above":1"#);
    let two = one.replace("\"x\"", "\"y\"");
    for text in [one.clone(), format!("[{one}]"), format!(r#"{{"triggers":[{one}]}}"#), format!(" \n{one}\n")]
    {
        assert_eq!(Trigger::list_from_json(&text).unwrap().len(), 1, "{text}");
    }
    assert_eq!(Trigger::list_from_json(&format!("[{one},{two}]")).unwrap().len(), 2);
    assert!(Trigger::list_from_json("[]").unwrap().is_empty());
    for (text, expected) in [
        ("7".to_owned(), ""),
        (r#"{"triggers":{}}"#.to_owned(), "triggers"),
        (format!("[{one},{one}]"), "[1].id"),
        (format!("[{one},null]"), "[1]"),
        (format!(r#"{{"triggers":[{one}],"triggers":[]}}"#), "triggers"),
    ] {
        let error = Trigger::list_from_json(&text).unwrap_err();
        assert_eq!(paths(&error), [expected], "{text}");
    }
}

#[test]
fn text_that_is_not_json_is_refused_at_its_line_and_column() {
    for (text, place) in
        [("", "1:1"), ("{\"id\":\n \"a\",}", "2:6"), ("{\"id\":\"\\ud800\"}", "1:7"), ("[] []", "1:4")]
    {
        let error = Trigger::list_from_json(text).unwrap_err();
        assert_eq!((error.kind(), error.place()), (ErrorKind::Syntax, Some(place)), "{text} {error}");
    }
    let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
    assert!(Trigger::list_from_json(&deep).unwrap_err().is_limit());
}

#[test]
fn the_example_of_the_specification_is_read_and_written_as_it_stands() {
    let text = concat!(
        r#"{"id":"vip-1000","name":"VIP segment passes 1,000 members","#,
        r#""on":{"type":"segmentThresholdCrossed","segment":"vip","above":1000,"rearm":950},"#,
        r#""where":[{"prefix":{"source":"/instances/contoso"}}],"cooldown":"PT1H"}"#,
    );
    let trigger = Trigger::from_json(&text.replace(r#""on""#, r#""enabled":true,"on""#)).unwrap();
    assert_eq!(trigger.to_json(), text);
    assert_eq!((trigger.id(), trigger.enabled()), ("vip-1000", true));
    assert_eq!(trigger.cooldown(), Some(Duration::from_secs(3600)));
    assert_eq!(trigger.threshold().unwrap().rearm(), Some(950.0));
}

#[test]
fn every_option_is_written_in_one_order_and_only_where_it_is_not_the_default() {
    let text = concat!(
        r#"{"id":"a","name":"A","enabled":false,"on":{"type":"measureThresholdCrossed","measure":{"oneOf":["m","n"]},"#,
        r#""dimensions":{"region":"EMEA"},"entersRange":{"low":-0.5,"high":9007199254740992,"includeHigh":false},"#,
        r#""hold":"PT10M","keep":"PT0.5S","occurrences":{"atLeast":3,"within":"PT1H"},"onFirst":"fire","#,
        r#""onMissing":"outside","staleAfter":"P1D","lateness":"PT5S","remindEvery":"PT1H","notifyCleared":true},"#,
        r#""source":{"suffix":"/eu"},"where":[{"not":{"exact":{"subject":"x"}}}],"cooldown":"PT1H","#,
        r#""limit":{"max":30,"per":"PT1H"}}"#,
    );
    let written = Trigger::from_json(text).unwrap().to_json();
    // From 2^53 on a float is written as one.
    assert_eq!(written, text.replace("9007199254740992", "9007199254740992.0"));

    let defaults = segment(concat!(
        r#""atOrBelow":-0,"hold":"PT0S","keep":"PT0S","onFirst":"quiet","onMissing":"keep","lateness":"PT0S","#,
        r#""notifyCleared":false"#
    ));
    let plain = Trigger::segment_threshold_crossed("x", "vip", Threshold::at_or_below(0.0)).build().unwrap();
    assert_eq!(Trigger::from_json(&defaults).unwrap(), plain);
    assert_eq!(plain.to_json(), segment(r#""atOrBelow":0"#));
    let same = beside(r#""source":"*","cooldown":"PT0S","where":[],"enabled":true"#);
    assert_eq!(Trigger::from_json(&same).unwrap().to_json(), segment(r#""above":1"#));
}

#[test]
fn dimensions_are_none_exact_or_each() {
    let read = |dimensions: &str| {
        let text = format!(
            r#"{{"id":"x","on":{{"type":"measureThresholdCrossed","measure":"m"{dimensions},"above":1}}}}"#
        );
        let trigger = Trigger::from_json(&text).unwrap();
        let TriggerKind::MeasureThresholdCrossed { dimensions, .. } = trigger.kind() else {
            panic!("{trigger:?}")
        };
        dimensions.clone()
    };
    assert_eq!(read(""), DimensionRule::None);
    assert_eq!(read(r#","dimensions":{}"#), DimensionRule::None);
    assert_eq!(read(r#","dimensions":"each""#), DimensionRule::Each);
    let emea = Dimensions::from_iter([("region", "EMEA")]);
    assert_eq!(read(r#","dimensions":{"region":"EMEA"}"#), DimensionRule::Exact(emea));
}

#[test]
fn the_partition_is_the_whole_where_one_state_stands_for_many() {
    let day = Duration::from_secs(86_400);
    let vip = || Trigger::segment_threshold_crossed("x", "*", Threshold::above(1.0));
    let quiet = |kind: SeriesKind, name: Matcher| Trigger::no_data("x", kind, name, day);
    let start = |name: &str| quiet(SeriesKind::SEGMENT, name.into()).with_from_start(true);
    for (builder, expected) in [
        (vip(), PartitionKey::Series),
        (vip().with_limit(1, day), PartitionKey::Whole),
        (quiet(SeriesKind::SEGMENT, "vip".into()), PartitionKey::Series),
        (quiet(SeriesKind::SEGMENT, Matcher::prefix("v")), PartitionKey::Series),
        (quiet(SeriesKind::SEGMENT, Matcher::Any), PartitionKey::Whole),
        (start("vip"), PartitionKey::Whole),
        (start("vip").with_source("/s"), PartitionKey::Series),
        (start("vip").with_source(Matcher::one_of(["/s"])), PartitionKey::Series),
        (start("vip").with_source(Matcher::prefix("/s")), PartitionKey::Whole),
        (quiet(SeriesKind::MEASURE, "m".into()).with_source("/s").with_from_start(true), PartitionKey::Whole),
        (quiet(SeriesKind::DATA_SOURCE, "crm".into()), PartitionKey::Item),
        (quiet(SeriesKind::DATA_SOURCE, Matcher::suffix("m")), PartitionKey::Item),
        (quiet(SeriesKind::DATA_SOURCE, Matcher::exact("*")), PartitionKey::Item),
        (quiet(SeriesKind::DATA_SOURCE, Matcher::Any), PartitionKey::Whole),
        (
            quiet(SeriesKind::DATA_SOURCE, "crm".into()).with_source("/s").with_from_start(true),
            PartitionKey::Whole,
        ),
        (quiet(SeriesKind::DATA_SOURCE, "crm".into()).with_limit(1, day), PartitionKey::Whole),
        (Trigger::data_source_refresh_failed("x", "*"), PartitionKey::Item),
        (Trigger::data_source_refresh_failed("x", "crm").with_limit(1, day), PartitionKey::Whole),
        (Trigger::data_source_refresh_succeeded("x", "crm"), PartitionKey::Item),
        (Trigger::refresh_completed("x"), PartitionKey::Item),
        (Trigger::full_refresh_completed("x"), PartitionKey::Job),
        (Trigger::unification_completed("x"), PartitionKey::Job),
        (Trigger::unification_completed("x").with_limit(1, day), PartitionKey::Whole),
        (Trigger::event_received("x", "t").with_source("/s"), PartitionKey::Whole),
    ] {
        let trigger = builder.build().unwrap();
        assert_eq!(trigger.partition_key(), expected, "{trigger:?}");
    }
}

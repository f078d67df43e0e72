//! Random logs: what is sound is read as a model says, and what is damaged
//! costs no more than what is damaged.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tripline::builtin::customer_insights::LogReader;

use super::{events, read, read_in_pieces};

const OUTCOMES: &[(&str, &str, Option<&str>)] = &[
    ("Successful", "succeeded", None),
    ("Failure", "failed", None),
    ("Skipped", "skipped", None),
    ("Failed (retrying)", "failed", Some("retrying")),
    ("Cancelled", "canceled", None),
    ("timedOut", "timedOut", None),
];

const PROCESSES: &[(&str, &str)] = &[
    ("Ingestion", "ingestion"),
    ("Segmentation", "segmentation"),
    ("SEGMENTATION", "segmentation"),
    ("TableMeasures", "entityMeasures"),
    ("Odd", "Odd"),
];

/// A record, and the data of the events it should give, written down side by side.
fn task() -> impl Strategy<Value = (Value, Vec<Value>)> {
    let texts = || proptest::option::of("[a-z\"\\\\\u{e9}\u{1f600} {}\\[\\],:\n]{1,6}");
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let fields = (texts(), texts(), texts(), texts(), proptest::option::of(0_u64..5000));
    (0..PROCESSES.len(), 0..OUTCOMES.len(), 0_u32..86_400, fields, flags).prop_map(
        |(process, outcome, second, (identifier, name, error, job, count), (string, inner, old))| {
            let (operation, process) = PROCESSES[process];
            let (word, outcome, kind) = OUTCOMES[outcome];
            let time = format!("2026-03-01T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60);
            let identifier = identifier.or(count.map(|_| "named".to_owned()));
            let mut properties = Map::from_iter([("instanceId".to_owned(), json!("i"))]);
            for (key, text) in
                [("identifier", &identifier), ("friendlyName", &name), ("error", &error), ("workflowJobId", &job)]
            {
                properties.extend(text.as_ref().map(|text| (key.to_owned(), json!(text))));
            }
            if let Some(count) = count {
                let info = json!({if old { "entityCount" } else { "tableCount" }: count});
                let info = if inner { json!(info.to_string()) } else { info };
                properties.insert("additionalInfo".to_owned(), info);
            }
            let properties = Value::Object(properties);
            let properties = if string { json!(properties.to_string()) } else { properties };
            let record = json!({"time": time, "operationName": format!("{operation}.TaskCompleted"), "resultType": word, "properties": properties});

            let mut data = Map::from_iter([("process".to_owned(), json!(process))]);
            match (&identifier, &name) {
                (Some(id), Some(name)) => drop(data.insert("item".into(), json!({"id": id, "name": name}))),
                (Some(id), None) | (None, Some(id)) => drop(data.insert("item".into(), json!({"id": id}))),
                (None, None) => {}
            }
            data.insert("outcome".into(), json!(outcome));
            let message = error.filter(|_| outcome != "succeeded");
            match (kind, message) {
                (Some(kind), Some(message)) => drop(data.insert("failure".into(), json!({"kind": kind, "message": message}))),
                (Some(kind), None) => drop(data.insert("failure".into(), json!({"kind": kind}))),
                (None, Some(message)) => drop(data.insert("failure".into(), json!({"message": message}))),
                (None, None) => {}
            }
            data.extend(job.map(|job| ("jobId".to_owned(), json!(job))));
            data.insert("endedAt".into(), json!(time));
            let mut events = vec![Value::Object(data)];
            if process == "segmentation" && outcome == "succeeded" {
                events.extend(count.map(|count| json!({"kind": "segment", "name": identifier, "value": count})));
            }
            (record, events)
        },
    )
}

/// The records in some shape.
fn shape(records: &[Value], shape: usize) -> String {
    let texts: Vec<String> = records.iter().map(Value::to_string).collect();
    match shape {
        0 => texts.join("\n"),
        1 => format!("[{}]", texts.join(",")),
        2 => format!("{{\"records\":[{}]}}", texts.join(" , ")),
        3 => serde_json::to_string_pretty(records).unwrap(),
        4 => texts.iter().map(|text| format!("{{\"records\":[{text}]}}\n")).collect(),
        5 => serde_json::to_string_pretty(&[json!({"a": [1], "records": records, "z": {}})]).unwrap(),
        _ => records.iter().map(|record| serde_json::to_string_pretty(record).unwrap() + "\n").collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sound_logs_give_what_the_model_says_in_every_shape(tasks in proptest::collection::vec(task(), 0..6)) {
        let (records, expected): (Vec<Value>, Vec<Vec<Value>>) = tasks.into_iter().unzip();
        let expected: Vec<Value> = expected.into_iter().flatten().collect();
        let mut ids: Option<Vec<String>> = None;
        for kind in 0..7 {
            let log = shape(&records, kind);
            let given = events(&log);
            let data: Vec<Value> = given
                .iter()
                .map(|event| serde_json::from_str(event.data().unwrap().as_json().unwrap()).unwrap())
                .collect();
            prop_assert_eq!(&data, &expected, "{}", log);
            let same: Vec<String> = given.iter().map(|event| event.id().to_owned()).collect();
            prop_assert_eq!(ids.get_or_insert_with(|| same.clone()), &same);
            let (cut, _) = read_in_pieces(LogReader::new(), log.as_bytes(), 5);
            prop_assert_eq!(cut, given.iter().map(|event| Ok(event.to_json())).collect::<Vec<_>>());
        }
        let ids = ids.unwrap_or_default();
        let records: std::collections::BTreeSet<String> = records.iter().map(Value::to_string).collect();
        let distinct: std::collections::BTreeSet<&String> = ids.iter().filter(|id| !id.ends_with(".value")).collect();
        prop_assert!(distinct.len() <= records.len());
    }

    #[test]
    fn any_text_is_read_to_its_end_the_same_however_it_is_cut(
        parts in proptest::collection::vec((0..PARTS.len(), any::<u8>()), 0..24),
    ) {
        let mut log = Vec::new();
        for (part, byte) in parts {
            match PARTS[part] {
                "" => log.push(byte),
                part => log.extend_from_slice(part.as_bytes()),
            }
        }
        let (said, report) = read(&log);
        prop_assert!(said.len() as u64 <= 2 * report.records());
        prop_assert!(report.lost_bytes() <= log.len() as u64);
    }
}

const PARTS: &[&str] = &[
    "",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\n",
    " ",
    "\n",
    "{\"records\":[",
    "\"records\":[",
    "]}",
    "{\"a\":",
    "\"b\"",
    "1e400",
    "NaN",
    "\u{feff}",
    GOOD,
    GOOD,
    "\n",
    "{\"category\":\"Audit\"}",
];

const GOOD: &str = r#"{"time":"2026-03-01T02:00:07Z","operationName":"Map.TaskCompleted","resultType":"Successful","properties":{"instanceId":"i"}}"#;

#[test]
fn a_damaged_line_costs_no_other_line() {
    let line =
        |job: &str| GOOD.replace(r#""i""#, &format!(r#""i","workflowJobId":"{job}","x":["\"",{{"y":[]}}]"#));
    let lines = ["a", "b", "c", "d"].map(line);
    let [a, b, c, d] = lines.each_ref().map(|line| events(line)[0].to_json());
    let log = lines.join("\n");
    let starts = lines[0].len() + 1;
    for at in starts..starts + lines[1].len() {
        for byte in *b"\"\\{}[],: \nx0\xff\xc3\x00" {
            let mut damaged = log.clone().into_bytes();
            damaged[at] = byte;
            let (said, report) = read_in_pieces(LogReader::new(), &damaged, 1 << 20);
            let mut given: Vec<&String> = said.iter().flatten().collect();
            // The damaged line itself may still give an event, another one or even its own.
            if given.len() == 4 {
                given.remove(1);
            }
            assert_eq!(
                given,
                [&a, &c, &d],
                "byte {at} is {byte:?}: {report}\n{}",
                String::from_utf8_lossy(&damaged)
            );
        }
        // Cut off: the rest of the line is gone.
        let cut = [&log.as_bytes()[..at], &log.as_bytes()[starts + lines[1].len()..]].concat();
        let (said, _) = read_in_pieces(LogReader::new(), &cut, 1 << 20);
        let given: Vec<&String> = said.iter().flatten().collect();
        assert_eq!(given, [&a, &c, &d], "cut at {at}");
    }
    assert_eq!(read(&log).0, [Ok(a), Ok(b), Ok(c), Ok(d)]);
}

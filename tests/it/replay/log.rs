//! The diagnostic log of Dynamics 365 Customer Insights as input.

use std::fs;
use std::path::Path;

use super::run::{Folder, Ran};

const TRIGGERS: &str = r#"{"triggers":[
    {"id":"failed","on":{"type":"dataSourceRefreshFailed"}},
    {"id":"broken","on":{"type":"dataSourceRefreshFailed","settle":"PT30M"}},
    {"id":"fine","on":{"type":"dataSourceRefreshSucceeded"},"cooldown":"PT5M"},
    {"id":"vip","on":{"type":"segmentThresholdCrossed","segment":"vip","above":1000,"lateness":"PT1H"}},
    {"id":"any-segment","on":{"type":"segmentThresholdCrossed","segment":"*","changesBy":{"amount":1},"lateness":"PT1H"}},
    {"id":"full","on":{"type":"fullRefreshCompleted"}},
    {"id":"unified","on":{"type":"unificationCompleted"}},
    {"id":"export","on":{"type":"refreshCompleted","process":"export"}},
    {"id":"quiet","on":{"type":"noData","kind":"dataSource","name":"*","within":"PT12H"}},
    {"id":"skipped","on":{"type":"eventReceived","eventType":"tripline.refresh.completed"},
     "where":[{"data":{"path":"/outcome","op":"eq","value":"skipped"}}]}]}"#;

const END: [&str; 2] = ["--until", "2026-03-04T00:00:00Z"];

/// The nights of the quickstart example.
fn records() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/contoso-nights.jsonl");
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn replay(folder: &Folder, log: &str, more: &[&str]) -> Ran {
    folder.write("triggers.json", TRIGGERS);
    folder.write("log.json", log);
    let arguments = ["--triggers", "triggers.json", "--events", "log.json", "--format", "customer-insights"];
    folder.replay(&[&arguments, more].concat()).good()
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn three_nights_fire_every_trigger_and_what_gave_no_event_is_reported() {
    let folder = Folder::new("log-nights");
    let ran = replay(&folder, &records().join("\n"), &END);
    let ids = TRIGGERS.split(r#"{"id":""#).skip(1).filter_map(|rest| rest.split('"').next());
    for id in ids {
        assert!(ran.stdout.contains(&format!(r#""trigger":"{id}""#)), "{id} does not fire");
    }
    let report = ran.stderr.lines().next().unwrap();
    assert!(report.starts_with("99 records, 84 events; ignored 33: 1 apiEvent"), "{report}");
    assert!(ran.stderr.lines().last().unwrap().contains("duplicates 3"), "{}", ran.stderr);
}

#[test]
fn a_log_as_lines_as_an_array_or_as_event_hubs_messages_gives_the_same_firings() {
    let folder = Folder::new("log-shapes");
    let records = records();
    let lines = replay(&folder, &records.join("\n"), &END).stdout;
    let array = format!("[\n  {}\n]\n", records.join(",\n  "));
    assert_eq!(replay(&folder, &array, &END).stdout, lines);
    let messages: Vec<String> =
        records.chunks(7).map(|records| format!(r#"{{"records":[{}]}}"#, records.join(","))).collect();
    assert_eq!(replay(&folder, &messages.join("\n"), &END).stdout, lines);
}

#[test]
fn a_night_told_twice_gives_no_more_firings_also_when_it_is_told_again_after_a_restart() {
    let folder = Folder::new("log-twice");
    let night = records()[66..].join("\n");
    let once = replay(&folder, &night, &END).stdout;
    assert!(once.lines().count() > 10, "{once}");
    assert_eq!(replay(&folder, &format!("{night}\n{night}"), &END).stdout, once);
    let first = replay(&folder, &night, &["--snapshot", "state"]).stdout;
    let second = replay(&folder, &night, &["--snapshot", "state", END[0], END[1]]).stdout;
    assert_eq!(first + &second, once);
}

#[test]
fn a_log_shuffled_within_the_lateness_gives_the_same_firings() {
    let folder = Folder::new("log-shuffled");
    let records = records();
    let whole = replay(&folder, &records.join("\n"), &END).stdout;
    let mut state = 7_u64;
    for _ in 0..8 {
        // Each record is up to ten minutes behind its time.
        let mut shuffled: Vec<(u64, &String)> = (records.iter())
            .map(|record| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (second(record) + (state >> 33) % 600, record)
            })
            .collect();
        shuffled.sort_by_key(|(behind, _)| *behind);
        let log: Vec<&str> = shuffled.iter().map(|(_, record)| record.as_str()).collect();
        let ran = replay(&folder, &log.join("\n"), &END);
        assert_eq!(steady(&ran.stdout), steady(&whole));
    }
}

/// Without the one trigger that has a cooldown: what that swallows depends on the order.
fn steady(text: &str) -> Vec<&str> {
    sorted(text).into_iter().filter(|line| !line.contains(r#""trigger":"fine""#)).collect()
}

/// The second of March in which the record was written.
fn second(record: &str) -> u64 {
    let time = record.split('"').nth(3).unwrap();
    let number = |at: usize| time[at..at + 2].parse::<u64>().unwrap();
    ((number(8) * 24 + number(11)) * 60 + number(14)) * 60 + number(17)
}

#[test]
fn a_log_cut_anywhere_gives_the_same_firings() {
    let folder = Folder::new("log-cut");
    let records = records();
    let whole = replay(&folder, &records.join("\n"), &END);
    for place in (1..records.len()).step_by(9) {
        let _ = fs::remove_file(folder.path("state"));
        let snapshot = ["--snapshot", "state"];
        let first = replay(&folder, &records[..place].join("\n"), &snapshot);
        let second = replay(&folder, &records[place..].join("\n"), &[&snapshot[..], &END].concat());
        assert_eq!(first.stdout + &second.stdout, whole.stdout, "cut before record {}", place + 1);
    }
    assert!(sorted(&whole.stdout).len() > 30);
}

#[test]
fn a_bad_record_ends_the_run_with_its_place_or_is_skipped_and_counted() {
    let folder = Folder::new("log-bad");
    let records = records();
    let bad = records[5].replacen(r#""time":""#, r#""time":"x"#, 1);
    let log = [&records[..5], &[bad], &records[6..]].concat().join("\n");
    folder.write("triggers.json", TRIGGERS);
    folder.write("log.json", &log);
    let arguments = ["--triggers", "triggers.json", "--events", "log.json", "--format", "customer-insights"];
    let ran = folder.replay(&arguments);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("log.json:6: column 1: time: "), "{}", ran.stderr);
    let skipped = replay(&folder, &log, &["--skip-invalid"]);
    assert!(skipped.stderr.lines().last().unwrap().contains("invalid 1,"), "{}", skipped.stderr);
}

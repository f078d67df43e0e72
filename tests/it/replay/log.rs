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
fn a_log_told_twice_gives_no_more_firings() {
    let folder = Folder::new("log-twice");
    let (records, snapshot) = (records(), ["--snapshot", "state"]);
    let once = replay(&folder, &records.join("\n"), &snapshot);
    let again = replay(&folder, &records.join("\n"), &snapshot);
    // What was accepted more than a day before is an event like any other by then.
    let last_day = again.stdout.lines().find(|line| !line.contains("2026-03-01T"));
    assert_eq!(last_day, None);
    let doubled = format!("{0}\n{0}", records[66..].join("\n"));
    let night = replay(&folder, &records[66..].join("\n"), &END);
    assert_eq!(replay(&folder, &doubled, &END).stdout, night.stdout);
    assert!(once.stdout.lines().count() > 30);
}

#[test]
fn a_log_shuffled_within_the_lateness_gives_the_same_firings() {
    let folder = Folder::new("log-shuffled");
    let records = records();
    let whole = replay(&folder, &records.join("\n"), &END).stdout;
    let steady = |text: &str| -> Vec<String> {
        // What a cooldown or a silence swallows depends on the order, and is told so.
        let lines = text.lines().filter(|line| !line.contains(r#""trigger":"fine""#));
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    let mut state = 7_u64;
    for _ in 0..8 {
        let mut shuffled = records.clone();
        for at in 0..shuffled.len() - 1 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Neighbours change places; the nights stay apart.
            let other = (at + 1 + (state >> 60) as usize % 3).min(shuffled.len() - 1);
            if time(&shuffled[at])[..10] == time(&shuffled[other])[..10] {
                shuffled.swap(at, other);
            }
        }
        let ran = replay(&folder, &shuffled.join("\n"), &END);
        assert_eq!(steady(&ran.stdout), steady(&whole));
    }
}

fn time(record: &str) -> &str {
    record.split('"').nth(3).unwrap()
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

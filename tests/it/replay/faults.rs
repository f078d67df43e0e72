//! Everything that ends a run with exit 2, and what `--skip-invalid` makes of it.

use super::run::Folder;
use super::{TRIGGERS, owned, told, vip};

#[test]
fn a_wrong_command_line_is_named_with_the_usage() {
    let needed = ["--triggers", "t", "--events", "e"];
    let cases: [(&[&str], &str); 10] = [
        (&[], "--triggers is missing"),
        (&["--triggers", "t"], "--events is missing"),
        (&["--events", "-"], "--triggers is missing"),
        (&["--triggers"], "--triggers needs a value"),
        (&[&needed[..], &["--explain", "--explain"]].concat(), "--explain is given twice"),
        (&[&needed[..], &["--verbose"]].concat(), "--verbose is not a flag"),
        (&[&needed[..], &["more"]].concat(), "more is not a flag"),
        (&[&needed[..], &["--until", "noon"]].concat(), "--until: \"noon\" is not an RFC 3339 time"),
        (&[&needed[..], &["--until", "1600-01-01T00:00:00Z"]].concat(), "outside the years 1677 to 2262"),
        (&[&needed[..], &["--format", "xml"]].concat(), "--format xml is unknown"),
    ];
    let folder = Folder::new("usage");
    for (arguments, message) in cases {
        let stderr = folder.replay(arguments).refused();
        assert!(stderr.lines().next().unwrap().contains(message), "{arguments:?}: {stderr}");
        assert!(stderr.contains("\nusage: replay "), "{arguments:?}: {stderr}");
    }
}

#[test]
fn every_fault_of_the_trigger_file_is_listed_before_any_event_is_read() {
    let triggers = r#"{"triggers":[
        {"id":"a","on":{"type":"segmentThresholdCrossed","segment":"vip","above":1000,"rearm":1200}},
        {"id":"b","on":{"type":"noData","kind":"segment","name":"vip","within":"10M"},"color":"red"}]}"#;
    let folder = Folder::new("triggers");
    folder.write("triggers.json", triggers);
    let arguments = ["--triggers", "triggers.json", "--events", "there-is-none.ndjson", "--skip-invalid"];
    let stderr = folder.replay(&arguments).refused();
    let places: Vec<&str> = stderr.lines().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(places, ["triggers[0].on.rearm", "triggers[1].on.within", "triggers[1].color"], "{stderr}");
    assert!(stderr.lines().all(|line| line.starts_with("triggers.json: ")), "{stderr}");

    folder.write("triggers.json", "[\n  {]");
    let stderr = folder.replay(&arguments).refused();
    assert!(stderr.starts_with("triggers.json:2:4: ") && stderr.lines().count() == 1, "{stderr}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Folder::new("files");
    folder.write("triggers.json", TRIGGERS);
    folder.write("latin-1.json", b"\"\xe9\"");
    for (triggers, events, name) in [
        ("none.json", "-", "none.json: "),
        ("latin-1.json", "-", "latin-1.json: "),
        ("triggers.json", "none.ndjson", "none.ndjson: "),
        ("triggers.json", ".", ".: "),
    ] {
        let stderr = folder.replay(&["--triggers", triggers, "--events", events]).refused();
        assert!(stderr.starts_with(name) && stderr.lines().count() == 1, "{stderr}");
    }
}

#[test]
fn a_bad_line_ends_the_run_after_the_firings_before_it() {
    let lines = [vip("a", 0, 998), vip("b", 1, 1004), String::new(), "nonsense".into(), vip("c", 20, 1)];
    let folder = Folder::new("bad-line");
    let ran = folder.replay_text(TRIGGERS, lines.join("\n"), &["--snapshot", "state"]);
    assert_eq!(ran.code, Some(2));
    assert_eq!(told(&ran.stdout), owned(&[("plain", "00:01:00Z")]));
    let (place, reason) = ran.stderr.split_at("events.ndjson:4: ".len());
    assert_eq!((place, reason.lines().count()), ("events.ndjson:4: ", 1), "{reason}");
    assert_eq!(folder.names(), ["events.ndjson", "triggers.json"], "there is no state of such a run");

    let ran = folder.replay_from(b"\nnonsense", &["--triggers", "triggers.json", "--events", "-"]);
    assert!(ran.stderr.starts_with("-:2: "), "{}", ran.stderr);
}

/// Lines that are no events, and a word of the reason.
fn bad_lines() -> Vec<(String, &'static str)> {
    let event = vip("x", 5, 7);
    let with = |from: &str, to: &str| event.replace(from, to);
    vec![
        ("nonsense".into(), "not a JSON value"),
        ("7".into(), "object"),
        ("[]".into(), "object"),
        ("\u{feff}{}".into(), "byte order mark"),
        (event[..40].into(), "the text ends"),
        (format!("{event}{event}"), "follows"),
        (format!("{event},"), "follows"),
        (with(r#""id":"x","#, ""), "`id` is missing"),
        (with("1.0", "0.3"), "1.0"),
        (with("2026-03-01", "2026-02-30"), "time"),
        (with("2026-03-01", "1600-03-01"), "1677"),
        (with(r#""value":7"#, r#""value":9007199254740993"#), "data.value: 9007199254740993"),
        (with(r#""value":7"#, r#""value":1e999"#), "1e999"),
        (with(r#","value":7"#, ""), "data.value: is missing"),
        (with(r#""data":{"#, r#""more":{"#), "more"),
        (format!("{{\"data\":{}{}}}", "[".repeat(64), "]".repeat(64)), "deep"),
        (r#"{"tick":"noon"}"#.into(), "tick: \"noon\""),
        (r#"{"tick":5}"#.into(), "a tick is {\"tick\":\"TIME\"}"),
        (r#"{"tick":"2026-03-01T00:00:00Z","tock":1}"#.into(), "tock"),
        (r#"{"tick":"2300-01-01T00:00:00Z"}"#.into(), "2262"),
    ]
}

#[test]
fn each_bad_line_is_refused_with_its_place_and_reason() {
    let folder = Folder::new("each");
    for (line, word) in bad_lines() {
        let text = format!("{}\n{line}\n{}\n", vip("a", 0, 998), vip("b", 1, 1004));
        let stderr = folder.replay_text(TRIGGERS, text, &[]).refused();
        assert!(stderr.starts_with("events.ndjson:2: ") && stderr.contains(word), "{line}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[test]
fn skip_invalid_reports_and_counts_them_all_and_goes_on() {
    let bad = bad_lines();
    let lines: Vec<&str> = bad.iter().map(|(line, _)| line.as_str()).collect();
    let text = format!("{}\n{}\n{}\n", vip("a", 0, 998), lines.join("\n"), vip("b", 1, 1004));
    let ran = Folder::new("skip").replay_text(TRIGGERS, text, &["--skip-invalid"]).good();
    assert_eq!(told(&ran.stdout), owned(&[("plain", "00:01:00Z")]));
    let reports: Vec<&str> = ran.stderr.lines().collect();
    for (number, (report, (_, word))) in reports.iter().zip(&bad).enumerate() {
        assert!(
            report.starts_with(&format!("events.ndjson:{}: ", number + 2)) && report.contains(word),
            "{report}"
        );
    }
    let count = bad.len();
    let counts = format!("events {}, duplicates 0, late 0, invalid {count}, ignored 0, firings 1", count + 2);
    assert_eq!(reports[count..], [counts]);
}

#[test]
fn an_event_without_a_time_is_no_event_before_a_time_is_seen() {
    let timeless = vip("a", 0, 1).replace(r#""time":"2026-03-01T00:00:00Z","#, "");
    let ran = Folder::new("no-time").replay_text(TRIGGERS, format!("{timeless}\n{timeless}"), &[]);
    assert_eq!(ran.refused(), "events.ndjson:1: the event has no time, and no time was seen before it\n");
}

#[test]
fn a_line_over_the_limit_is_refused_and_the_one_behind_it_is_read() {
    let (limit, event) = (256 << 10, vip("b", 1, 1004));
    let folder = Folder::new("long");
    let padded = |length: usize, end: &str| {
        let line = format!("{event}{}", " ".repeat(length - event.len()));
        format!("{}\n{line}{end}\n{}\n", vip("a", 0, 998), vip("c", 2, 1))
    };
    for end in ["", "\r"] {
        let ran = folder.replay_text(TRIGGERS, padded(limit, end), &[]).good();
        assert_eq!(told(&ran.stdout), owned(&[("plain", "00:01:00Z")]));
    }
    let stderr = folder.replay_text(TRIGGERS, padded(limit + 1, ""), &[]).refused();
    assert_eq!(stderr, "events.ndjson:2: the line has 262145 bytes, over the limit of 262144\n");

    let long = format!("{}\n{}\n{event}\n", vip("a", 0, 998), "x".repeat(3 * limit));
    let ran = folder.replay_text(TRIGGERS, long, &["--skip-invalid"]).good();
    assert_eq!(told(&ran.stdout), owned(&[("plain", "00:01:00Z")]));
    assert!(ran.stderr.starts_with("events.ndjson:2: the line has 786432 bytes, "), "{}", ran.stderr);
}

#[test]
fn a_fault_in_an_array_has_the_line_where_it_stands() {
    let (a, b) = (vip("a", 0, 998), vip("b", 1, 1004));
    let cases = [
        (
            format!("[\n  {a},\n  {{\"specversion\":\"1.0\",\n   \"id\":7}}\n]"),
            4,
            "column 9: `id` must be a string",
        ),
        (format!("[{a},\n  {{\"id\":7}}]"), 2, "column 9: `id` must be a string"),
        (format!("[{a}, {{\"id\":7}}]"), 1, "`id` must be a string"),
        (format!("[\n{a}\n{b}\n]"), 3, "follows"),
        (format!("[\n{a},\n,{b}]"), 3, "an event is missing before the ','"),
        (format!("[\n{a},\n{b},\n]"), 4, "an event is missing before the ']'"),
        (format!("[\n{a},\n{b}\n"), 3, "the element that starts here does not end"),
        (format!("[\n{a},\n\n"), 4, "the array is not closed"),
        (format!("[\n{a},\n\n{{\"id\":\"x\n"), 4, "the element that starts here does not end"),
        (format!("[\n{a}\n]\n\n{b}\n"), 5, "something follows the end of the array"),
        (format!("[\n{a},\n{{\"x\":\"{}\"}}]", "x".repeat(256 << 10)), 3, "over the limit of 262144"),
        (format!("[\n{a},\n{{\"tick\":\"noon\"}}]"), 3, "tick: \"noon\""),
    ];
    let folder = Folder::new("array-faults");
    for (text, line, reason) in cases {
        let stderr = folder.replay_text(TRIGGERS, &text, &[]);
        assert_eq!(stderr.code, Some(2), "{reason}");
        let stderr = stderr.stderr;
        assert!(
            stderr.starts_with(&format!("events.ndjson:{line}: ")) && stderr.contains(reason),
            "{stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        let skipped = folder.replay_text(TRIGGERS, &text, &["--skip-invalid"]).good();
        assert!(
            skipped.stderr.starts_with(stderr.trim_end()) && skipped.stderr.contains(" invalid 1,"),
            "{}",
            skipped.stderr
        );
    }
}

//! What is read and what is printed, while all is well.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use super::run::Folder;
use super::{TRIGGERS, owned, told, vip};

const STORY: [&str; 3] = [
    include_str!("../../../examples/data/replay.triggers.json"),
    include_str!("../../../examples/data/replay.events.ndjson"),
    include_str!("../../../examples/data/replay.expected.ndjson"),
];
const STORY_COUNTS: &str =
    "events 33, duplicates 1, late 2, invalid 0, ignored 1, firings 14, suppressed 1, disabled 3\n";

/// The story's lines as the elements of an array.
fn elements() -> Vec<String> {
    let lines = STORY[1].lines().filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

#[test]
fn the_story_gives_the_firings_that_were_worked_out_by_hand_and_the_counts() {
    let ran = Folder::new("story").replay_text(STORY[0], STORY[1], &[]).good();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (STORY[2], STORY_COUNTS));
}

#[test]
fn stdin_and_the_format_by_name_change_nothing() {
    let folder = Folder::new("stdin");
    folder.write("triggers.json", STORY[0]);
    let arguments = ["--triggers", "triggers.json", "--events", "-", "--format", "cloudevents"];
    let ran = folder.replay_from(STORY[1].as_bytes(), &arguments).good();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (STORY[2], STORY_COUNTS));
}

#[test]
fn carriage_returns_blank_lines_and_a_missing_line_end_change_nothing() {
    let lines = elements();
    let texts =
        [lines.join("\r\n"), lines.join("\n\n  \r\n\t\n"), format!("\n \n  {}\r\n", lines.join("\n"))];
    for (number, text) in texts.iter().enumerate() {
        let ran = Folder::new(&format!("lines-{number}")).replay_text(STORY[0], text, &[]).good();
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (STORY[2], STORY_COUNTS), "{number}");
    }
}

#[test]
fn one_array_is_read_like_lines_however_it_is_laid_out() {
    let values: Vec<serde_json::Value> =
        elements().iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let pretty = serde_json::to_string_pretty(&values).unwrap();
    let texts = [
        format!("[{}]", elements().join(",")),
        format!("\n\n  [\n{}\n]\n", elements().join("\n ,\n")),
        pretty.replace('\n', "\r\n"),
        pretty,
    ];
    for (number, text) in texts.iter().enumerate() {
        let ran = Folder::new(&format!("array-{number}")).replay_text(STORY[0], text, &[]).good();
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (STORY[2], STORY_COUNTS), "{number}");
    }
}

#[test]
fn brackets_commas_and_quotes_inside_strings_do_not_end_an_element() {
    let event = vip("a", 0, 1).replace(r#""data":"#, r#""note":"]}, [{ \" \\","data":"#);
    let ran = Folder::new("strings")
        .replay_text(TRIGGERS, format!("[{event} , {}]", vip("b", 1, 1004)), &[])
        .good();
    assert_eq!(told(&ran.stdout), owned(&[("plain", "00:01:00Z")]));
}

#[test]
fn nothing_at_all_is_no_fault() {
    for (number, text) in ["", "\n\n", "[]", " [ \n ] \n"].iter().enumerate() {
        let folder = Folder::new(&format!("nothing-{number}"));
        let ran = folder.replay_text(TRIGGERS, text, &["--until", "2026-03-01T00:00:00Z"]).good();
        let counts = "events 0, duplicates 0, late 0, invalid 0, ignored 0, firings 0\n";
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", counts));
    }
}

#[test]
fn a_tick_moves_the_clock_and_is_no_event() {
    let tick = |minute: u32| format!(r#" {{ "tick" : "2026-03-01T00:{minute:02}:00Z" }} "#);
    let lines = [vip("a", 0, 998), vip("b", 1, 1004), tick(10), tick(11), tick(2), vip("c", 12, 1)];
    let ran = Folder::new("tick").replay_text(TRIGGERS, lines.join("\n"), &[]).good();
    assert_eq!(told(&ran.stdout), owned(&[("plain", "00:01:00Z"), ("held", "00:11:00Z")]));
    assert!(ran.stderr.starts_with("events 3,"), "{}", ran.stderr);
}

#[test]
fn an_event_may_have_an_extension_named_tick() {
    let named = vip("b", 1, 1004).replacen('{', r#"{"tick":"2030-01-01T00:00:00Z","#, 1);
    let ran =
        Folder::new("extension").replay_text(TRIGGERS, [vip("a", 0, 998), named].join("\n"), &[]).good();
    assert_eq!(told(&ran.stdout), owned(&[("plain", "00:01:00Z")]), "the hold is not due by an extension");
}

#[test]
fn an_event_without_a_time_happens_at_the_largest_time_seen() {
    let timeless = vip("c", 0, 1004).replace(r#""time":"2026-03-01T00:00:00Z","#, "");
    let lines = [vip("a", 5, 998), vip("b", 3, 997), timeless];
    let ran = Folder::new("timeless").replay_text(TRIGGERS, lines.join("\n"), &[]).good();
    assert_eq!(told(&ran.stdout), owned(&[("plain", "00:05:00Z")]));
}

#[test]
fn until_moves_the_clock_at_the_end_and_judges_what_waits_for_lateness() {
    let triggers = TRIGGERS.replace(r#""hold": "PT10M""#, r#""hold": "PT10M", "lateness": "PT1H""#);
    let lines = [vip("a", 0, 998), vip("b", 1, 1004)].join("\n");
    let folder = Folder::new("until");
    let times = |until: &[&str]| told(&folder.replay_text(&triggers, &lines, until).good().stdout);
    let plain = ("plain", "00:01:00Z");
    assert_eq!(times(&[]), owned(&[plain]));
    assert_eq!(times(&["--until", "2026-03-01T00:10:59.999999999Z"]), owned(&[plain]));
    assert_eq!(times(&["--until", "2026-03-01T01:11:00+01:00"]), owned(&[plain, ("held", "00:11:00Z")]));
    assert_eq!(times(&["--until", "2020-01-01T00:00:00Z"]), owned(&[plain]), "the clock never goes back");
}

#[test]
fn silence_from_the_start_is_measured_from_the_first_time_seen() {
    let triggers = r#"{"id":"quiet","on":{"type":"noData","kind":"segment","name":"vip","within":"PT1H","fromStart":true}}"#;
    let first = [r#"{"tick":"2026-03-01T00:00:00Z"}"#.to_owned(), vip("a", 0, 1).replace("vip", "other")];
    for (number, line) in first.iter().enumerate() {
        let folder = Folder::new(&format!("from-start-{number}"));
        let ran = folder.replay_text(triggers, line, &["--until", "2026-03-01T01:00:00Z"]).good();
        assert_eq!(told(&ran.stdout), owned(&[("quiet", "01:00:00Z")]));
    }
}

#[test]
fn explanations_come_before_the_firings_of_their_event_and_leave_the_firings_as_they_were() {
    let lines = [vip("a", 0, 998), vip("b", 1, 1004), vip("b", 2, 1), vip("c", 20, 1)].join("\n");
    let folder = Folder::new("explain");
    let ran = folder.replay_text(TRIGGERS, &lines, &["--explain"]).good();
    let read = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let shown: Vec<String> = ran
        .stdout
        .lines()
        .map(read)
        .map(|line| match line.get("explain") {
            Some(said) => {
                let word = |name: &str| said[name].as_str().unwrap_or("-").to_owned();
                assert!(!word("reason").is_empty() && word("reason") != "-", "{line}");
                format!("{} {} {} {}", word("event"), word("trigger"), word("side"), word("phase"))
            }
            None => format!("{} fires", line["trigger"].as_str().unwrap()),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "a plain outside armed",
            "a held outside armed",
            "b plain inside fired",
            "b held inside holding",
            "plain fires",
            "b - - -",
            "- held inside fired",
            "c plain outside armed",
            "c held outside armed",
            "held fires",
        ]
    );
    let plain = folder.replay_text(TRIGGERS, &lines, &[]).good();
    let firings: Vec<&str> = ran.stdout.lines().filter(|line| !line.starts_with(r#"{"explain""#)).collect();
    assert_eq!(plain.stdout.lines().collect::<Vec<_>>(), firings);
}

#[test]
fn more_firings_than_the_engine_holds_back_at_once_all_come_out() {
    // One tick over 100 days of reminders, one a minute.
    let triggers = r#"{"id":"r","on":{"type":"segmentThresholdCrossed","segment":"vip","above":1000,"remindEvery":"PT1M"}}"#;
    let lines = [vip("a", 0, 998), vip("b", 0, 1004), r#"{"tick":"2026-06-09T00:00:00Z"}"#.to_owned()];
    let ran = Folder::new("full").replay_text(triggers, lines.join("\n"), &[]).good();
    assert_eq!(ran.stdout.lines().count(), 1 + 100 * 24 * 60);
    assert!(ran.stderr.ends_with("firings 144001\n"), "{}", ran.stderr);
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly_and_leaves_no_snapshot() {
    let folder = Folder::new("pipe");
    folder.write("triggers.json", TRIGGERS);
    // Each hour over and back: far more output than a pipe holds.
    let hours = (0..24).flat_map(|hour| {
        [vip(&format!("{hour}a"), hour * 60, 1), vip(&format!("{hour}b"), hour * 60 + 1, 1004)]
    });
    let day: Vec<String> = hours.collect();
    let days = (10..28).flat_map(|of| {
        day.iter().map(move |line| {
            line.replace("03-01T", &format!("03-{of}T")).replace(r#""id":""#, &format!(r#""id":"{of}-"#))
        })
    });
    folder.write("events.ndjson", days.collect::<Vec<_>>().join("\n"));
    let arguments = ["--triggers", "triggers.json", "--events", "events.ndjson", "--snapshot", "state"];
    let mut command = folder.command(&arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
    assert!(first.starts_with(r#"{"id":""#));
    assert_eq!(
        folder.names(),
        ["events.ndjson", "triggers.json"],
        "its firings went nowhere: no state says they are told"
    );
}

#[test]
fn help_is_printed_when_asked_for() {
    let ran = Folder::new("help").replay(&["--help"]).good();
    for flag in ["--triggers", "--events", "--format", "--until", "--explain", "--skip-invalid", "--snapshot"]
    {
        assert!(ran.stdout.contains(flag), "{flag}");
    }
    assert_eq!(ran.stderr, "");
}

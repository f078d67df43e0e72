//! `--snapshot`, apart from the cuts.

use super::run::Folder;
use super::{TRIGGERS, owned, told, vip};

const SNAPSHOT: &[&str] = &["--snapshot", "state"];

#[test]
fn the_state_is_left_in_the_file_and_nothing_beside_it() {
    let folder = Folder::new("left");
    folder.replay_text(TRIGGERS, vip("a", 0, 998), SNAPSHOT).good();
    assert_eq!(folder.names(), ["events.ndjson", "state", "triggers.json"]);
    let before = folder.read("state");
    let ran = folder.replay_text(TRIGGERS, vip("b", 1, 1004), SNAPSHOT).good();
    assert_eq!(told(&ran.stdout), owned(&[("plain", "00:01:00Z")]));
    assert_eq!(
        ran.stderr, "events 1, duplicates 0, late 0, invalid 0, ignored 0, firings 1\n",
        "of this run alone"
    );
    assert_ne!(folder.read("state"), before);
    let ran = folder.replay_text(TRIGGERS, vip("b", 1, 1004), SNAPSHOT).good();
    assert_eq!(ran.stderr, "events 1, duplicates 1, late 0, invalid 0, ignored 0, firings 0\n");
}

#[test]
fn a_damaged_snapshot_ends_the_run_before_any_event_and_stays_as_it_is() {
    let folder = Folder::new("damaged");
    folder.replay_text(TRIGGERS, vip("a", 0, 998), SNAPSHOT).good();
    let good = folder.read("state");
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    let mut newer = good.clone();
    newer[8] = 99;
    for bytes in [&b""[..], b"tripline", &good[..good.len() - 1], &flipped, &newer] {
        folder.write("state", bytes);
        let stderr = folder.replay_text(TRIGGERS, vip("b", 1, 1004), SNAPSHOT).refused();
        assert!(stderr.starts_with("state: ") && stderr.lines().count() == 1, "{stderr}");
        assert_eq!(folder.read("state"), bytes);
    }
}

#[test]
fn a_snapshot_that_can_never_be_written_is_refused_before_the_events() {
    let folder = Folder::new("nowhere");
    for name in ["no-such-folder/state", ".."] {
        let stderr = folder.replay_text(TRIGGERS, vip("a", 0, 998), &["--snapshot", name]).refused();
        assert!(stderr.starts_with(&format!("{name}: ")) && stderr.lines().count() == 1, "{stderr}");
    }
}

#[test]
fn triggers_that_are_not_as_they_were_are_named() {
    let trigger = |id: &str, bound: u32| {
        format!(
            r#"{{"id":"{id}","on":{{"type":"segmentThresholdCrossed","segment":"vip","above":{bound}}}}}"#
        )
    };
    let folder = Folder::new("changed");
    let before = format!("[{},{},{}]", trigger("same", 1000), trigger("changed", 900), trigger("gone", 1));
    folder.replay_text(&before, vip("a", 0, 950), SNAPSHOT).good();
    let after = format!("[{},{},{}]", trigger("new", 1000), trigger("changed", 1000), trigger("same", 1000));
    let ran = folder.replay_text(&after, vip("b", 1, 1004), SNAPSHOT).good();
    let told = told(&ran.stdout);
    assert_eq!(
        told,
        owned(&[("changed", "00:01:00Z"), ("same", "00:01:00Z")]),
        "a new one has seen no value"
    );
    let reports: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(
        reports[..3],
        [
            "state: trigger changed has changed since: its state is carried over",
            "state: trigger new is not in it: it starts anew",
            "state: trigger gone is there no more: its state is dropped",
        ]
    );
    assert!(reports[3].starts_with("events 1,"), "{reports:?}");
}

#[test]
fn a_new_trigger_measures_silence_from_where_the_snapshot_stopped() {
    let quiet = r#"{"id":"quiet","on":{"type":"noData","kind":"segment","name":"other","within":"PT1H","fromStart":true}}"#;
    let folder = Folder::new("new-silence");
    folder.replay_text(TRIGGERS, vip("a", 30, 998), SNAPSHOT).good();
    let both = TRIGGERS.replacen('[', &format!("[{quiet},"), 1);
    let ran = folder.replay_text(&both, vip("b", 120, 998), SNAPSHOT).good();
    assert_eq!(told(&ran.stdout), owned(&[("quiet", "01:30:00Z")]));
}

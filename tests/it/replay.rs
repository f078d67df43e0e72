//! The example `replay` as its user meets it: the command line of SPEC section 5, run as a process of its own.

mod cut;
mod faults;
mod generate;
mod log;
mod run;
mod shapes;
mod state;

/// Two triggers that are easy to predict: a plain one, and one that needs a deadline.
const TRIGGERS: &str = r#"[
  {"id": "plain", "on": {"type": "segmentThresholdCrossed", "segment": "vip", "above": 1000}},
  {"id": "held", "on": {"type": "segmentThresholdCrossed", "segment": "vip", "above": 1000, "hold": "PT10M"}}
]"#;

/// A member count of the segment `vip`, so many minutes after midnight.
fn vip(id: &str, minute: u32, members: i64) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/s","type":"tripline.value.observed","time":"2026-03-01T{:02}:{:02}:00Z","data":{{"kind":"segment","name":"vip","value":{members}}}}}"#,
        minute / 60,
        minute % 60
    )
}

/// Trigger and time of every firing on stdout.
fn told(stdout: &str) -> Vec<(String, String)> {
    let member = |line: &serde_json::Value, name: &str| line[name].as_str().unwrap().to_owned();
    let lines = stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.map(|line| (member(&line, "trigger"), member(&line, "time")[11..].to_owned())).collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

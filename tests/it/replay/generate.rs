//! A stream in which everything happens: overtaking, repeats, missing values, ticks, lines that are no events.

use crate::random::Random;

/// Triggers with every option, so that every kind of state is in the snapshot at some cut.
pub(super) const TRIGGERS: &str = r#"[
 {"id":"plain","on":{"type":"segmentThresholdCrossed","segment":"*","above":50}},
 {"id":"first","on":{"type":"segmentThresholdCrossed","segment":{"prefix":"a"},"atOrBelow":40,"onFirst":"fire"}},
 {"id":"rearm","on":{"type":"segmentThresholdCrossed","segment":"alpha","above":60,"rearm":40,"notifyCleared":true}},
 {"id":"held","on":{"type":"segmentThresholdCrossed","segment":"alpha","above":45,"hold":"PT3M"},"cooldown":"PT20M"},
 {"id":"kept","on":{"type":"segmentThresholdCrossed","segment":"beta","below":45,"keep":"PT4M","notifyCleared":true,"remindEvery":"PT7M"}},
 {"id":"late","on":{"type":"segmentThresholdCrossed","segment":"beta","above":55,"lateness":"PT5M"}},
 {"id":"late-held","on":{"type":"segmentThresholdCrossed","segment":"alpha","above":45,"lateness":"PT4M","hold":"PT2M","keep":"PT1M","notifyCleared":true}},
 {"id":"range","on":{"type":"segmentThresholdCrossed","segment":"beta","leavesRange":{"low":30,"high":70},"rearm":5,"onMissing":"inside"}},
 {"id":"often","on":{"type":"segmentThresholdCrossed","segment":"gamma","above":50,"occurrences":{"atLeast":3,"ofLast":5}}},
 {"id":"within","on":{"type":"segmentThresholdCrossed","segment":"alpha","above":50,"occurrences":{"atLeast":3,"within":"PT10M"}}},
 {"id":"stale","on":{"type":"segmentThresholdCrossed","segment":"gamma","above":50,"staleAfter":"PT6M","hold":"PT1M"}},
 {"id":"outside","on":{"type":"segmentThresholdCrossed","segment":"beta","above":50,"staleAfter":"PT5M","onMissing":"outside","notifyCleared":true}},
 {"id":"drop","on":{"type":"measureThresholdCrossed","measure":"revenue","dimensions":"each","changesBy":{"amount":30,"percent":true,"direction":"down"}},"limit":{"max":3,"per":"PT30M"}},
 {"id":"emea","on":{"type":"measureThresholdCrossed","measure":"revenue","dimensions":{"region":"EMEA"},"below":50},"where":[{"data":{"path":"/value","op":"ge","value":10}}],"cooldown":"PT10M"},
 {"id":"off","enabled":false,"on":{"type":"segmentThresholdCrossed","segment":"alpha","above":50}},
 {"id":"quiet","on":{"type":"noData","kind":"segment","name":"gamma","within":"PT9M"}},
 {"id":"quiet-all","on":{"type":"noData","kind":"measure","name":"*","within":"PT6M"}},
 {"id":"quiet-start","on":{"type":"noData","kind":"segment","name":"never","within":"PT15M","fromStart":true}}
]"#;

/// So many lines; about two in a hundred are no events.
pub(super) fn lines(count: usize, seed: u64) -> Vec<String> {
    let mut random = Random(seed);
    let mut lines: Vec<String> = vec![
        // Before any time is seen: no time at all, a time whose event is refused.
        event("none", "", r#""kind":"segment","name":"alpha","value":1"#),
        event("bad", &time(0), r#""kind":"segment","name":"alpha""#),
    ];
    let mut clock = 60_u64;
    while lines.len() < count {
        clock += random.below(90) * random.below(2);
        let id = format!("e{}", lines.len());
        let at = clock.saturating_sub(if random.below(8) == 0 { random.below(600) } else { 0 });
        let value = match random.below(20) {
            0 => "null".to_owned(),
            _ => format!("{}", random.below(101)),
        };
        let line = match random.below(100) {
            0..4 => format!(r#"{{"tick":"{}"}}"#, time(clock + random.below(900))),
            4..9 => lines[random.below(lines.len() as u64) as usize].clone(),
            9..11 => "no event".to_owned(),
            11..13 => event(&id, &time(at), r#""kind":"segment","value":true"#),
            13..15 => event(&id, &time(at), "").replace("tripline.value.observed", "com.example.other"),
            15..35 => {
                let region = ["EMEA", "APAC"][random.below(2) as usize];
                let data = format!(
                    r#""kind":"measure","name":"revenue","dimensions":{{"region":"{region}"}},"value":{value}"#
                );
                event(&id, &time(at), &data)
            }
            shape => {
                let name = ["alpha", "beta", "gamma"][random.below(3) as usize];
                let sequence = if shape % 7 == 0 {
                    format!(r#","sequence":{}"#, random.below(3))
                } else {
                    String::new()
                };
                let owners = if shape % 5 == 0 { r#","owners":["ana@contoso.example"]"# } else { "" };
                let data = format!(r#""kind":"segment","name":"{name}","value":{value}{sequence}{owners}"#);
                let at = if shape % 11 == 0 { String::new() } else { time(at) };
                let source = if shape % 4 == 0 { "/t" } else { "/s" };
                event(&id, &at, &data).replace("/s", source)
            }
        };
        lines.push(line);
    }
    lines
}

fn event(id: &str, time: &str, data: &str) -> String {
    let time = if time.is_empty() { String::new() } else { format!(r#""time":"{time}","#) };
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/s","type":"tripline.value.observed",{time}"data":{{{data}}}}}"#
    )
}

/// So many seconds after a midnight.
fn time(second: u64) -> String {
    chrono::DateTime::from_timestamp(1_772_323_200 + second as i64, 0)
        .unwrap()
        .to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

//! What comes out: the gates a firing passes, its id, and its JSON, member by member.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::event::Event;
use super::model::{Key, Model};
use super::trigger::{PHASES, Told, Trigger, under};
use crate::model::Ns;

/// The members of a firing that depend on the type of its trigger, in their order.
#[derive(Default)]
pub(crate) struct Members(String);

impl Members {
    fn with(mut self, name: &str, value: Option<&str>) -> Members {
        if let Some(value) = value {
            self = self.with_json(name, &quoted(value));
        }
        self
    }

    fn with_json(mut self, name: &str, value: &str) -> Members {
        self.0 += &format!(",{}:{value}", quoted(name));
        self
    }

    pub(super) fn with_due(self, due: Ns) -> Members {
        self.with("dueAt", Some(&stamp(due)))
    }
}

/// Of a task.
pub(super) fn task(e: &Event) -> Members {
    let mut m = Members::default().with("source", Some(e.source())).with("process", e.data("process"));
    if let Some(item) = item(e) {
        m = m.with_json("item", &item);
    }
    m = m.with("outcome", e.data("outcome"));
    let failure = &e.json["data"]["failure"];
    if failure.is_object() {
        let of = Members::default().with("kind", failure["kind"].as_str());
        m = m.with_json("failure", &object(of.with("message", failure["message"].as_str())));
    }
    m.with("jobId", e.data("jobId"))
}

/// Of a whole run.
pub(super) fn job(e: &Event) -> Members {
    let names = ["outcome", "jobId", "scope", "submission", "operation"];
    let source = Members::default().with("source", Some(e.source()));
    names.iter().fold(source, |m, name| m.with(name, e.data(name)))
}

/// Of a unification, whose last end is `last`.
pub(super) fn unification(outcome: &str, ends: &[Event; 3], last: &Event) -> Members {
    let phases = Members::default();
    let phases = (PHASES.iter().zip(ends)).fold(phases, |m, (phase, end)| m.with(phase, end.data("outcome")));
    Members::default()
        .with("source", Some(last.source()))
        .with("outcome", Some(outcome))
        .with("jobId", last.data("jobId"))
        .with_json("phases", &object(phases))
}

/// Of a silence, after the event of the last report.
pub(super) fn silence(key: &Key, last: Option<&Event>, t: &Trigger, due: Ns) -> Members {
    let mut m = Members::default();
    if *key == Key::Whole {
        // The name where it is one name, else any.
        let name = t.on("name").unwrap_or("*");
        m = m.with_json("series", &format!("{{\"kind\":\"dataSource\",\"name\":{}}}", quoted(name)));
    } else if let Some(last) = last {
        m = m.with("source", Some(last.source())).with("process", last.data("process"));
        m = m.with_json("item", &item(last).unwrap_or_default());
    }
    m.with_json("condition", &format!("{{\"within\":{}}}", quoted(&duration(t.within)))).with_due(due)
}

fn item(e: &Event) -> Option<String> {
    let id = e.item_id()?;
    Some(object(Members::default().with("id", Some(id)).with("name", e.item_name())))
}

fn object(members: Members) -> String {
    format!("{{{}}}", members.0.strip_prefix(',').unwrap_or_default())
}

fn quoted(text: &str) -> String {
    json!(text).to_string()
}

impl Model {
    /// Enabled, cooldown, limit, and then out.
    pub(super) fn emit(&mut self, ti: usize, key: &Key, time: Ns, event: Option<&Event>, members: Members) {
        let t = &mut self.triggers[ti];
        if !t.enabled {
            return self.count("disabled", 1);
        }
        let (cooldown, limit) = (t.cooldown(), t.limit());
        let told = under(&mut t.told, key, Told::default);
        let from = told.times.iter().max();
        if cooldown > 0 && from.is_some_and(|from| time < from + cooldown) {
            told.suppressed += 1;
            return self.count("suppressed", 1);
        }
        if limit.is_some_and(|(max, per)| t.emitted.iter().filter(|&&at| at > time - per).count() >= max) {
            return self.count("limited", 1);
        }
        let suppressed = std::mem::take(&mut told.suppressed);
        let ordinal = ordinal(&told.times, time, if *key == Key::Whole { 1024 } else { 16 });
        told.times.push(time);
        t.emitted.push(time);
        let mut m = Members::default()
            .with("id", Some(&firing_id(t.id(), key, time, ordinal)))
            .with("trigger", Some(t.id()))
            .with("type", Some(t.kind()))
            .with("transition", Some("occurred"))
            .with("time", Some(&stamp(time)));
        m.0 += &members.0;
        m = m.with_json("suppressed", &suppressed.to_string());
        if let Some(e) = event {
            let of =
                ["source", "id", "type"].iter().fold(Members::default(), |m, a| m.with(a, e.attribute(a)));
            m = m.with_json("event", &object(of.with("time", Some(&stamp(e.at)))));
        }
        let owners = event.map(Event::owners).unwrap_or_default();
        if !owners.is_empty() {
            m = m.with_json("owners", &json!(owners).to_string());
        }
        self.firings.push(object(m));
        self.count("firings", 1);
    }
}

/// How many firings of the key came before at this time; for a time older than the latest `most` ones how many at all.
fn ordinal(times: &[Ns], time: Ns, most: usize) -> u64 {
    let mut latest = times.to_vec();
    latest.sort_by(|a, b| b.cmp(a));
    latest.dedup();
    let is_older = latest.len() >= most && time < latest[most - 1];
    if is_older { times.len() as u64 } else { times.iter().filter(|&&t| t == time).count() as u64 }
}

fn firing_id(trigger: &str, key: &Key, time: Ns, ordinal: u64) -> String {
    let words: Vec<&str> = match key {
        Key::Whole => vec!["whole"],
        Key::Item { source, process, id: None } => vec!["item", source, process],
        Key::Item { source, process, id: Some(id) } => vec!["item", source, process, id],
        Key::Job { source, id } => vec!["job", source, id],
    };
    let key = words.iter().flat_map(|word| framed(word.as_bytes())).collect::<Vec<u8>>();
    let (time, ordinal) = ((time as i64).to_be_bytes(), ordinal.to_be_bytes());
    let parts = [trigger.as_bytes(), &key, b"occurred", &time, &ordinal];
    let digest = Sha256::digest(parts.iter().flat_map(|part| framed(part)).collect::<Vec<u8>>());
    base64url(&digest[..16])
}

fn framed(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

fn base64url(bytes: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |i| byte >> i & 1)).collect();
    let six = |bits: &[u8]| (0..6).fold(0, |n, i| n * 2 + usize::from(*bits.get(i).unwrap_or(&0)));
    bits.chunks(6).map(|bits| char::from(alphabet[six(bits)])).collect()
}

/// The shortest form: days, hours, minutes, seconds.
fn duration(span: Ns) -> String {
    let (seconds, parts) = (span / 1_000_000_000, span % 1_000_000_000);
    let mut text = "P".to_owned();
    let unit = |text: &mut String, n: Ns, word: &str| {
        if n > 0 {
            *text += &format!("{n}{word}");
        }
    };
    unit(&mut text, seconds / 86_400, "D");
    if span % (86_400 * 1_000_000_000) > 0 || span == 0 {
        text += "T";
    }
    unit(&mut text, seconds / 3_600 % 24, "H");
    unit(&mut text, seconds / 60 % 60, "M");
    if parts > 0 {
        text += format!("{}.{parts:09}", seconds % 60).trim_end_matches('0');
        text += "S";
    } else {
        unit(&mut text, seconds % 60, "S");
    }
    if span == 0 { "PT0S".into() } else { text }
}

/// RFC 3339, in UTC; from 1970 on.
pub(super) fn stamp(t: Ns) -> String {
    let (seconds, parts) = (t / 1_000_000_000, t % 1_000_000_000);
    let leap = |year: Ns| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut year, mut month, mut day) = (1970, 0, seconds / 86_400);
    while day >= 365 + Ns::from(leap(year)) {
        day -= 365 + Ns::from(leap(year));
        year += 1;
    }
    let february = 28 + Ns::from(leap(year));
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        month += 1;
        if day < length {
            break;
        }
        day -= length;
    }
    let fraction = if parts == 0 { String::new() } else { format!(".{parts:09}") };
    let fraction = fraction.trim_end_matches('0');
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z", day + 1)
}

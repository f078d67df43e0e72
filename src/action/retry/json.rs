//! A policy in JSON: read and written.

use std::time::Duration;

use serde::de::Error as _;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Kind, MAX_INTERVAL, RetryPolicy, RetryPolicyBuilder};
use crate::error::Error;
use crate::time::format_duration;
use crate::trigger::{Fields, Node, Reader};

#[derive(Clone, Copy)]
enum Type {
    None,
    Fixed,
    Exponential,
    StandardWebhooks,
}

const TYPES: [(&str, Type); 4] = [
    ("none", Type::None),
    ("fixed", Type::Fixed),
    ("exponential", Type::Exponential),
    ("standardWebhooks", Type::StandardWebhooks),
];

pub(super) fn from_text(text: &str) -> Result<RetryPolicy, Error> {
    let root = Node::parse(text)?;
    let mut reader = Reader::new(text, &root);
    let policy = read(&mut reader, &root);
    reader.finish(policy)
}

/// Reads the policy that stands at a place of a larger document.
pub(crate) fn read<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<RetryPolicy> {
    let mut fields = reader.fields(node)?;
    let Some(kind) = fields.required("type", |reader, node| reader.word(node, &TYPES)) else {
        // Which other fields there may be is not known.
        fields.close();
        return None;
    };
    let is_set = |fields: &Fields<'_, '_, 't>, name| fields.node.get(name).is_some();
    let builder = match kind {
        Type::None => {
            fields.end();
            return Some(RetryPolicy::none());
        }
        Type::Fixed => {
            let count = fields.required("count", Reader::count);
            let interval = fields.required("interval", Reader::duration);
            // Where one has a fault, something sound stands in, so that the rest is judged.
            RetryPolicy::fixed(count.unwrap_or(0), interval.unwrap_or(MAX_INTERVAL))
        }
        Type::Exponential => {
            let mut builder = RetryPolicy::exponential();
            if let Some(count) = fields.optional("count", Reader::count) {
                builder = builder.with_count(count);
            }
            if let Some(interval) = fields.optional("interval", Reader::duration) {
                builder = builder.with_interval(interval);
            }
            let minimum = fields.optional("minimumInterval", Reader::duration);
            let maximum = fields.optional("maximumInterval", Reader::duration);
            // Against a longest wait that could not be read the shortest cannot be held.
            let unread = maximum.is_none() && is_set(&fields, "maximumInterval");
            if let Some(maximum) = maximum.or(unread.then_some(MAX_INTERVAL)) {
                builder = builder.with_maximum_interval(maximum);
            }
            if let Some(minimum) = minimum {
                builder = builder.with_minimum_interval(minimum);
            }
            builder
        }
        Type::StandardWebhooks => RetryPolicyBuilder::from(RetryPolicy::standard_webhooks()),
    };
    let mut builder = builder;
    if let Some(budget) = fields.optional("budget", Reader::duration) {
        builder = builder.with_budget(budget);
    }
    if let Some(cap) = fields.optional("maximumRetryAfter", Reader::duration) {
        builder = builder.with_max_retry_after(cap);
    }
    fields.end();
    let faults = builder.faults();
    for fault in &faults {
        reader.fault_below(node, fault.path(), fault.message());
    }
    builder.build().ok()
}

pub(super) fn to_text(policy: &RetryPolicy) -> String {
    let members: Vec<String> =
        members(policy).into_iter().map(|(name, member)| format!("\"{name}\":{member}")).collect();
    format!("{{{}}}", members.join(","))
}

impl Serialize for RetryPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = members(self);
        let mut out = serializer.serialize_struct("RetryPolicy", members.len())?;
        for (name, member) in &members {
            match member {
                Member::Number(number) => out.serialize_field(name, number)?,
                Member::Text(text) => out.serialize_field(name, text)?,
            }
        }
        out.end()
    }
}

impl<'de> Deserialize<'de> for RetryPolicy {
    /// As [`RetryPolicy::from_json`] reads it; all faults are in the one message.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        from_text(&value.to_string()).map_err(D::Error::custom)
    }
}

enum Member {
    Number(u32),
    Text(String),
}

impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            // Words and durations have nothing to escape.
            Self::Text(text) => write!(f, "\"{text}\""),
        }
    }
}

fn members(policy: &RetryPolicy) -> Vec<(&'static str, Member)> {
    let text = |duration: Duration| Member::Text(format_duration(duration));
    let mut members = vec![("type", Member::Text(policy.kind.name().to_owned()))];
    match policy.kind {
        Kind::None | Kind::StandardWebhooks => {}
        Kind::Fixed { count, interval } => {
            members.extend([("count", Member::Number(count)), ("interval", text(interval))]);
        }
        Kind::Exponential { count, interval, minimum, maximum } => members.extend([
            ("count", Member::Number(count)),
            ("interval", text(interval)),
            ("minimumInterval", text(minimum)),
            ("maximumInterval", text(maximum)),
        ]),
    }
    members.extend(policy.budget.map(|budget| ("budget", text(budget))));
    if policy.max_retry_after != MAX_INTERVAL {
        members.push(("maximumRetryAfter", text(policy.max_retry_after)));
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn faults(text: &str) -> Vec<String> {
        RetryPolicy::from_json(text).unwrap_err().faults().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_written_is_read_back_and_by_serde_too() {
        let minute = Duration::from_secs(60);
        for policy in [
            RetryPolicy::none(),
            RetryPolicy::default(),
            RetryPolicy::standard_webhooks(),
            RetryPolicy::fixed(0, minute).build().unwrap(),
            RetryPolicy::fixed(90, minute).with_budget(minute).with_max_retry_after(minute).build().unwrap(),
            RetryPolicy::exponential().with_count(1).with_minimum_interval(minute).build().unwrap(),
        ] {
            let text = policy.to_json();
            assert_eq!(RetryPolicy::from_json(&text).unwrap(), policy, "{text}");
            assert_eq!(serde_json::to_string(&policy).unwrap(), text);
            assert_eq!(serde_json::from_str::<RetryPolicy>(&text).unwrap(), policy, "{text}");
        }
    }

    #[test]
    fn the_policies_of_logic_apps_own_documentation_are_read() {
        let text = r#"{"type":"exponential","interval":"PT7S","count":4,
            "minimumInterval":"PT5S","maximumInterval":"PT1H"}"#;
        assert_eq!(RetryPolicy::from_json(text).unwrap(), RetryPolicy::default());
        let text = r#"{"type":"fixed","interval":"PT30S","count":2}"#;
        let fixed = RetryPolicy::fixed(2, Duration::from_secs(30)).build().unwrap();
        assert_eq!(RetryPolicy::from_json(text).unwrap(), fixed);
        assert_eq!(RetryPolicy::from_json(r#"{"type":"none"}"#).unwrap(), RetryPolicy::none());
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        assert_eq!(
            faults(
                "{\"type\":\"exponential\",\"count\":91,\"interval\":\"7S\",\n\"minimumInterval\":\"PT2H\",\"max\":1,\"budget\":\"PT0S\",\"maximumRetryAfter\":5}"
            ),
            [
                "count: 91 retries are over the limit of 90 (line 1, column 31)",
                "interval: \"7S\" is not a duration such as PT10M or P1DT2H: it does not start with P (line 1, column 45)",
                "minimumInterval: PT2H is over `maximumInterval`, which is PT1H (line 2, column 19)",
                "max: unknown field `max` (line 2, column 32)",
                "budget: PT0S is not a budget: it takes more than none, up to 292 years (line 2, column 43)",
                "maximumRetryAfter: 5 is not a duration such as \"PT10M\" (line 2, column 70)",
            ]
        );
        for (text, expected) in [
            ("7", ": 7 is not an object"),
            ("{}", "type: `type` is missing"),
            (r#"{"type":"linear","x":1,"x":2}"#, "type: \"linear\" is not one of `none`, `fixed`"),
            (r#"{"type":"none","count":0}"#, "count: unknown field `count`"),
            (r#"{"type":"fixed"}"#, "count: `count` is missing"),
            (r#"{"type":"fixed","count":-1,"interval":"PT5S"}"#, "count: -1 is not a whole number"),
            (
                r#"{"type":"fixed","count":1,"interval":"PT5S","count":1}"#,
                "count: the field `count` is repeated",
            ),
            (r#"{"type":"standardWebhooks","interval":"PT5S"}"#, "interval: unknown field `interval`"),
        ] {
            let faults = faults(text);
            assert!(
                faults[0].trim_start_matches(": ").starts_with(expected.trim_start_matches(": ")),
                "{faults:?}"
            );
        }
        assert_eq!(faults(r#"{"type":"fixed"}"#).len(), 2);
        assert_eq!(RetryPolicy::from_json("{").unwrap_err().kind(), ErrorKind::Syntax);
        let error =
            serde_json::from_str::<RetryPolicy>(r#"{"type":"fixed","count":91}"#).unwrap_err().to_string();
        assert!(error.contains("count: 91") && error.contains("interval: `interval` is missing"), "{error}");
    }
}

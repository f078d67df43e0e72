//! The flat fields of a connector's trigger, as a body and as a query. The first byte chooses the profile.

use serde_json::{Map, Value};
use tripline::Trigger;
use tripline::connector::Profile;

use super::told::refused;

pub(crate) fn body(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(first) = text.chars().next() else { return };
    let rest = &text[first.len_utf8()..];
    let profile = &Profile::all()[first as usize % Profile::all().len()];
    match profile.read("s-1", rest) {
        Ok(trigger) => {
            is_written(profile, &trigger);
            assert_eq!(profile.read("s-1", rest).ok(), Some(trigger));
        }
        Err(error) => refused(&error, rest.len()),
    }
    let with_callback =
        profile.read_subscription("s-1", rest, |url| if url.len() < 100 { Ok(()) } else { Err("long") });
    if let Err(error) = with_callback {
        refused(&error, rest.len());
    }
    match profile.read_poll("s-1", rest) {
        Ok((trigger, state)) => {
            is_written(profile, &trigger);
            let body = as_body(profile, rest);
            assert_eq!(profile.read("s-1", &body).ok(), Some(trigger), "{body}");
            assert_eq!(
                state.is_some(),
                values(rest).any(|(name, value)| name == "triggerState" && !value.is_empty())
            );
        }
        Err(error) => refused(&error, rest.len()),
    }
}

fn is_written(profile: &Profile, trigger: &Trigger) {
    let json = trigger.to_json();
    let again = Trigger::from_json(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert_eq!((&again, trigger.type_name()), (trigger, profile.name()), "{json}");
}

/// What a query that was read says, as JSON.
fn as_body(profile: &Profile, query: &str) -> String {
    let mut members = Map::new();
    for (name, value) in values(query).filter(|(name, value)| name != "triggerState" && !value.is_empty()) {
        let is_number = ["threshold", "rearm"].contains(&name.as_str());
        let value = if is_number {
            serde_json::from_str(&value).expect("it is a number")
        } else {
            Value::String(value)
        };
        assert!(profile.fields().iter().any(|field| field.name() == name), "{name} is read");
        assert!(members.insert(name, value).is_none(), "a field is read twice");
    }
    Value::Object(members).to_string()
}

/// The pairs of a form, by the plainest reader there is.
fn values(query: &str) -> impl Iterator<Item = (String, String)> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let digits: Vec<u8> = rest.by_ref().take(2).collect();
                    let digits = std::str::from_utf8(&digits).unwrap_or_default();
                    u8::from_str_radix(digits, 16).unwrap_or(b'%')
                }
                other => other,
            });
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    query.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

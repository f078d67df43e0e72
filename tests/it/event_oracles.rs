//! Events held against what others make of them: the official CloudEvents SDKs
//! for Rust and for Python, and the published JSON Schema.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use cloudevents::event::ExtensionValue as SdkValue;
use cloudevents::{AttributesReader as _, EventBuilder as _, EventBuilderV10};
use proptest::prelude::*;
use serde_json::Value;
use tripline::event::{Data, Event, ExtensionValue, Reader};

use crate::oracle;

/// Events that every reader should understand alike: all attributes, all kinds of data.
/// Times are whole microseconds, which is what Python keeps.
pub(crate) fn samples() -> Vec<Event<'static>> {
    let json = |text: &'static str| Data::json(text).unwrap();
    let payloads: Vec<(Option<&str>, Option<Data<'static>>)> = vec![
        (None, None),
        (
            None,
            Some(json(r#"{"kind":"segment","name":"vip","value":1004,"owners":["ana@contoso.example"]}"#)),
        ),
        (None, Some(json(r#"[1, 2.5, -1e-7, 9007199254740993, true, false, null, {"é\"\\": "\u0000"}]"#))),
        (None, Some(json("17"))),
        (None, Some(json(r#""a string""#))),
        (Some("application/json"), Some(json("{\n  \"a\": {\n    \"b\": []\n  }\n}"))),
        (Some("application/vnd.example+json"), Some(json("{}"))),
        (Some("text/plain"), Some(Data::Text("line one\nline \"two\"\\ é 😀 \u{1}".into()))),
        (Some("text/xml"), Some(Data::Text("<much wow=\"xml\"/>".into()))),
        (Some("application/octet-stream"), Some(Data::Binary((0..=255).collect::<Vec<u8>>().into()))),
        (Some("image/png"), Some(Data::Binary(vec![0x89].into()))),
        (Some("image/png"), Some(Data::Binary(vec![0x89, 0x50].into()))),
    ];
    let time = |micros| DateTime::<Utc>::from_timestamp_micros(micros).unwrap();
    let plain = |id: &'static str| Event::new(id, "/instances/contoso", "tripline.value.observed").unwrap();
    let contexts = [
        plain("1").with_time(time(1_772_330_407_000_000)),
        plain("é 😀 \"\\\u{8}\u{c}\n\r\t\u{1}\u{7f}").with_time(time(1_772_330_407_123_456)),
        plain("2")
            .with_time(time(0))
            .with_subject("vip")
            .with_data_schema("https://schemas.example/vip.json"),
        plain("3")
            .with_time(time(-1))
            .with_extension("flag", true)
            .and_then(|event| event.with_extension("noflag", false))
            .and_then(|event| event.with_extension("count", i32::MAX))
            .and_then(|event| event.with_extension("less", i32::MIN))
            .and_then(|event| event.with_extension("text", ""))
            .and_then(|event| event.with_extension("twentycharactersname", "x"))
            .unwrap(),
    ];
    let mut events = Vec::new();
    for context in &contexts {
        for (content_type, data) in &payloads {
            let mut event = context.clone();
            if let Some(content_type) = content_type {
                event = event.with_data_content_type(*content_type);
            }
            if let Some(data) = data {
                event = event.with_data(data.clone());
            }
            events.push(event);
        }
    }
    events
}

/// What an event says: the spelling of JSON and the order of extensions make no difference to it.
#[derive(Debug, PartialEq)]
pub(crate) struct Meaning {
    attributes: Vec<Option<String>>,
    extensions: BTreeMap<String, ExtensionValue<'static>>,
    json_or_text: Option<Value>,
    binary: Option<Vec<u8>>,
}

pub(crate) fn meaning(event: &Event<'_>) -> Meaning {
    let attributes = ["id", "source", "type", "time", "subject", "datacontenttype", "dataschema"];
    let event = event.clone().into_owned();
    Meaning {
        attributes: attributes.map(|name| event.attribute(name).map(|text| text.into_owned())).into(),
        extensions: event.extensions().map(|(name, value)| (name.to_owned(), value.clone())).collect(),
        json_or_text: event.data().and_then(|data| match data.as_json() {
            Some(json) => Some(serde_json::from_str(json).unwrap()),
            None => data.as_text().map(|text| Value::from(text.to_owned())),
        }),
        binary: event.data().and_then(Data::as_binary).map(<[u8]>::to_vec),
    }
}

#[test]
fn the_rust_sdk_reads_what_is_written_here_and_the_other_way_round() {
    for event in samples() {
        there_and_back(&event);
    }
}

fn there_and_back(event: &Event<'_>) {
    let text = event.to_json();
    let theirs: cloudevents::Event =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!((theirs.id(), theirs.ty()), (event.id(), event.event_type()));
    assert_eq!(theirs.source().as_str(), event.source());
    assert_eq!(theirs.subject(), event.subject());
    assert_eq!(theirs.time().copied(), event.time(), "{text}");
    assert_eq!(theirs.datacontenttype(), event.data_content_type());
    assert_eq!(theirs.dataschema().map(|schema| schema.as_str()), event.data_schema());
    assert_eq!(theirs.iter_extensions().count(), event.extensions().count());
    let back = serde_json::to_string(&theirs).unwrap();
    let ours = Event::from_json(back.as_bytes()).unwrap_or_else(|error| panic!("{back}: {error}"));
    assert_eq!(meaning(&ours), meaning(event), "{back}");
}

#[test]
fn what_the_rust_sdk_builds_is_read_and_comes_back_to_it_unchanged() {
    let plain = || EventBuilderV10::new().id("1").source("/s").ty("t");
    let built = [
        plain().build(),
        plain()
            .time("2026-03-01T02:00:07.123456789+01:00")
            .subject("a")
            .extension("n", 7_i64)
            .extension("b", true)
            .build(),
        plain().data("application/json", serde_json::json!({"a": [1, 2.5, null, "é"]})).build(),
        plain().data("application/json", serde_json::json!(null)).build(),
        plain().data("text/plain", "hello\n").build(),
        plain().data("application/octet-stream", vec![0_u8, 255, 1]).extension("x", "é\"").build(),
        plain()
            .data_with_schema("application/json", "http://localhost/schema", serde_json::json!([]))
            .build(),
    ];
    for theirs in built.map(Result::unwrap) {
        let text = serde_json::to_string(&theirs).unwrap();
        let ours = Event::from_json(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
        for (name, value) in theirs.iter_extensions() {
            let same = match (value, ours.extension(name)) {
                (SdkValue::String(left), Some(ExtensionValue::String(right))) => left == right,
                (SdkValue::Boolean(left), Some(ExtensionValue::Boolean(right))) => left == right,
                (SdkValue::Integer(left), Some(ExtensionValue::Integer(right))) => *left == i64::from(*right),
                _ => false,
            };
            assert!(same, "{name} of {text}");
        }
        let back: cloudevents::Event = serde_json::from_str(&ours.to_json()).unwrap();
        assert_eq!(back, theirs, "{text}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no number for it", |number| number.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inside| {
        prop_oneof![
            prop::collection::vec(inside.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inside, 0..6)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

pub(crate) fn any_event() -> impl Strategy<Value = Event<'static>> {
    let text = || any::<String>().prop_filter("not empty", |text| !text.is_empty());
    let time = (i64::MIN..i64::MAX).prop_map(DateTime::<Utc>::from_timestamp_nanos);
    let extension = prop_oneof![
        any::<bool>().prop_map(ExtensionValue::from),
        any::<i32>().prop_map(ExtensionValue::from),
        any::<String>().prop_map(ExtensionValue::from),
    ];
    let extensions = prop::collection::btree_map("x[a-z0-9]{0,19}", extension, 0..20);
    let data = prop_oneof![
        Just((None, None)),
        any_json().prop_map(|json| (None, Some(Data::json(json.to_string()).unwrap()))),
        any_json()
            .prop_map(|json| (Some("application/json"), Some(Data::json(format!("{json:#}")).unwrap()))),
        any::<String>().prop_map(|text| (Some("text/plain"), Some(Data::Text(text.into())))),
        any::<Vec<u8>>().prop_map(|bytes| (Some("image/png"), Some(Data::Binary(bytes.into())))),
    ];
    let attributes = (text(), text(), text(), prop::option::of(time), any::<String>(), data);
    (attributes, extensions).prop_map(
        |((id, source, event_type, time, subject, (content_type, data)), extensions)| {
            let mut event = Event::new(id, source, event_type).unwrap().with_subject(subject);
            if let Some(time) = time {
                event = event.with_time(time);
            }
            if let Some(content_type) = content_type {
                event = event.with_data_content_type(content_type);
            }
            if let Some(data) = data {
                event = event.with_data(data);
            }
            extensions
                .into_iter()
                .fold(event, |event, (name, value)| event.with_extension(name, value).unwrap())
        },
    )
}

proptest! {
    #[test]
    fn any_event_comes_back_equal_from_its_own_text_and_from_the_rust_sdk(event in any_event()) {
        let text = event.to_json();
        prop_assert!(!text.contains('\n'));
        let again = Event::from_json(text.as_bytes()).unwrap();
        prop_assert_eq!(&again, &event);
        prop_assert_eq!(again.to_json(), text);
        there_and_back(&event);
        let batch = Event::batch_to_json(&[event.clone(), event.clone()]);
        prop_assert_eq!(Event::batch_from_json(batch.as_bytes()).unwrap(), [event.clone(), event]);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in any::<Vec<u8>>(), text in r#"[\[\]{}:,"\\a0\-.e \n]{0,40}"#) {
        for input in [&bytes[..], text.as_bytes()] {
            let _ = (Event::from_json(input), Reader::new().read_batch(input), Data::json(text.clone()));
        }
    }
}

#[test]
fn the_python_sdk_reads_what_is_written_here_and_writes_it_back_the_same() {
    let events = samples();
    let Some(lines) = roundtrip(&["again"], &in_lines(&events)) else { return };
    assert_eq!(lines.len(), events.len());
    for (line, event) in lines.iter().zip(&events) {
        let back = Event::from_json(line.as_bytes()).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(meaning(&back), meaning(event), "{line}");
    }
}

#[test]
fn what_the_python_sdk_makes_is_read_and_is_the_same_to_it_when_written_here() {
    let Some(made) = roundtrip(&["make"], "") else { return };
    assert!(made.len() > 50, "it made only {}", made.len());
    let mut pairs = String::new();
    for line in &made {
        let event = Event::from_json(line.as_bytes()).unwrap_or_else(|error| panic!("{line}: {error}"));
        pairs.push_str(&format!("{line}\n{}\n", event.to_json()));
    }
    assert_eq!(roundtrip(&["same"], &pairs).unwrap(), [made.len().to_string()]);
}

#[test]
fn what_is_written_here_is_valid_under_the_published_schema() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cloudevents-1.0.schema.json");
    let events = samples();
    let Some(lines) = roundtrip(&["schema", schema.to_str().unwrap()], &in_lines(&events)) else { return };
    assert_eq!(lines, [events.len().to_string()]);
}

fn roundtrip(arguments: &[&str], input: &str) -> Option<Vec<String>> {
    oracle::python("cloudevents_roundtrip.py", arguments, input)
}

fn in_lines(events: &[Event<'_>]) -> String {
    events.iter().map(|event| event.to_json() + "\n").collect()
}

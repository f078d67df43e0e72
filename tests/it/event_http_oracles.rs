//! HTTP messages held against what others make of them: the official CloudEvents SDKs for Rust and for Python.

use cloudevents::binding::http::{Builder, Serializer, to_event};
use cloudevents::message::{BinaryDeserializer as _, StructuredDeserializer as _};
use cloudevents::{AttributesReader as _, EventBuilder as _, EventBuilderV10};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use serde_json::{Value, json};
use tripline::event::http::{Content, Message, Mode};
use tripline::event::{Data, Event};

use crate::event_http::as_binary_mode_has_it;
use crate::event_oracles::{meaning, samples};
use crate::oracle;

// Rust. The SDK neither encodes nor decodes percent sequences, so only plain values are shown to it in binary mode.

fn is_plain(event: &Event<'_>) -> bool {
    let names = event.extensions().map(|(name, _)| name);
    ["id", "source", "type", "subject", "dataschema"].into_iter().chain(names).all(|name| {
        let value = event.attribute(name).unwrap_or_default();
        value.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'%'))
    })
}

/// Messages as the SDK writes them.
#[derive(Default)]
struct Sent {
    headers: HeaderMap,
}

impl Builder<(HeaderMap, Vec<u8>)> for Sent {
    fn header(&mut self, key: &str, value: HeaderValue) {
        self.headers.append(HeaderName::from_bytes(key.as_bytes()).unwrap(), value);
    }

    fn body(&mut self, bytes: Vec<u8>) -> cloudevents::message::Result<(HeaderMap, Vec<u8>)> {
        Ok((std::mem::take(&mut self.headers), bytes))
    }

    fn finish(&mut self) -> cloudevents::message::Result<(HeaderMap, Vec<u8>)> {
        self.body(Vec::new())
    }
}

#[test]
fn the_rust_sdk_reads_what_is_sent_here_in_binary_mode() {
    let plain: Vec<Event<'_>> = samples().into_iter().filter(is_plain).collect();
    assert!(plain.len() > 20);
    for event in plain {
        let content = Content::binary(&event).unwrap();
        let there = as_binary_mode_has_it(&event);
        let theirs = to_event(content.headers(), content.body().to_vec()).unwrap();
        assert_eq!((theirs.id(), theirs.ty()), (event.id(), event.event_type()));
        assert_eq!((theirs.source().as_str(), theirs.subject()), (event.source(), event.subject()));
        assert_eq!(theirs.time().copied(), event.time());
        assert_eq!(theirs.dataschema().map(|schema| schema.as_str()), event.data_schema());
        assert_eq!(theirs.datacontenttype(), there.data_content_type());
        assert_eq!(theirs.iter_extensions().count(), event.extensions().count());
        for (name, value) in theirs.iter_extensions() {
            assert_eq!(value.to_string(), event.attribute(name).unwrap(), "{name}");
        }
        let body: Option<Vec<u8>> = theirs.data().cloned().map(|data| data.try_into().unwrap());
        assert_eq!(body.unwrap_or_default(), content.body());
    }
}

#[test]
fn the_rust_sdk_reads_what_is_sent_here_in_structured_mode() {
    for event in samples() {
        let content = Content::structured(&event);
        let theirs = to_event(content.headers(), content.body().to_vec()).unwrap();
        let back = serde_json::to_string(&theirs).unwrap();
        assert_eq!(meaning(&Event::from_json(back.as_bytes()).unwrap()), meaning(&event));
    }
}

#[test]
fn what_the_rust_sdk_sends_is_read() {
    let plain = || EventBuilderV10::new().id("1").source("/s").ty("t").time("2026-03-01T02:00:07.5Z");
    for theirs in [
        plain().build(),
        plain().subject("a").extension("n", 7_i64).extension("b", true).extension("s", "x/y").build(),
        plain().data("application/json", json!({"a": [1, 2.5, null, "é"]})).build(),
        plain().data("text/plain", "hello\n").build(),
        plain().data("application/octet-stream", vec![0_u8, 255, 1]).build(),
        plain().data_with_schema("application/json", "http://localhost/schema", json!([])).build(),
    ]
    .map(Result::unwrap)
    {
        let (headers, body) = theirs.clone().deserialize_binary(Serializer::new(Sent::default())).unwrap();
        let message = Message::read(&headers, &body).unwrap();
        let text = serde_json::to_string(&theirs).unwrap();
        let meant = Event::from_json(text.as_bytes()).unwrap();
        assert_eq!(message.mode(), Mode::Binary);
        assert_eq!(meaning(&message.events()[0]), meaning(&as_binary_mode_has_it(&meant)), "{text}");

        let request: Request<Option<Vec<u8>>> = theirs.clone().try_into().unwrap();
        let (parts, body) = request.into_parts();
        let body = body.unwrap_or_default();
        assert_eq!(Message::read(&parts.headers, &body).unwrap(), message);

        let (headers, body) = theirs.deserialize_structured(Serializer::new(Sent::default())).unwrap();
        let message = Message::read(&headers, &body).unwrap();
        assert_eq!(message.mode(), Mode::Structured);
        assert_eq!(meaning(&message.events()[0]), meaning(&meant), "{text}");
    }
}

// Python. A message is a line: {"headers": {…}, "body": [bytes]}.

fn line(content: &Content) -> String {
    let headers: serde_json::Map<String, Value> = content
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), Value::from(value.to_str().unwrap())))
        .collect();
    json!({"headers": headers, "body": content.body()}).to_string() + "\n"
}

fn parts(line: &str) -> (HeaderMap, Vec<u8>) {
    let value: Value = serde_json::from_str(line).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in value["headers"].as_object().unwrap() {
        headers.append(HeaderName::try_from(name).unwrap(), value.as_str().unwrap().try_into().unwrap());
    }
    let body = value["body"].as_array().unwrap().iter();
    (headers, body.map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap()).collect())
}

fn event_of(line: &str) -> Event<'static> {
    let (headers, body) = parts(line);
    let message = Message::read(&headers, &body).unwrap_or_else(|error| panic!("{line}: {error}"));
    message.into_events().remove(0).into_owned()
}

#[test]
fn the_python_sdk_reads_what_is_sent_here() {
    let events = samples();
    let mut sent = String::new();
    let mut meant = Vec::new();
    for event in &events {
        sent.push_str(&line(&Content::binary(event).unwrap()));
        meant.push(as_binary_mode_has_it(event));
        sent.push_str(&line(&Content::structured(event)));
        meant.push(event.clone());
    }
    let Some(read) = oracle::python("cloudevents_http.py", &["read"], &sent) else { return };
    assert_eq!(read.len(), meant.len());
    for (line, event) in read.iter().zip(&meant) {
        let theirs = Event::from_json(line.as_bytes()).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(meaning(&theirs), meaning(event), "{line}");
    }
}

#[test]
fn what_the_python_sdk_sends_back_is_read_as_the_same_event() {
    // The SDK sends JSON other than objects as the text that Python has for it, which no JSON reader takes.
    let is_sent_well = |event: &Event<'_>| {
        let data = event.data().and_then(Data::as_json);
        data.is_none_or(|json| json.starts_with('{'))
    };
    let events: Vec<Event<'_>> =
        samples().iter().filter(|event| is_sent_well(event)).map(as_binary_mode_has_it).collect();
    let sent: String = events.iter().map(|event| line(&Content::structured(event))).collect();
    for mode in ["binary", "structured"] {
        let Some(back) = oracle::python("cloudevents_http.py", &["again", mode], &sent) else { return };
        assert_eq!(back.len(), events.len());
        for (line, event) in back.iter().zip(&events) {
            assert_eq!(meaning(&event_of(line)), meaning(event), "{line}");
        }
    }
}

#[test]
fn what_the_python_sdk_makes_and_sends_is_read_as_it_reads_it_itself() {
    for mode in ["binary", "structured"] {
        let Some(made) = oracle::python("cloudevents_http.py", &["make", mode], "") else { return };
        assert!(made.len() > 100, "it made only {}", made.len() / 2);
        for pair in made.chunks(2) {
            let theirs = Event::from_json(pair[1].as_bytes()).unwrap();
            assert_eq!(meaning(&event_of(&pair[0])), meaning(&theirs), "{}", pair[0]);
        }
    }
}

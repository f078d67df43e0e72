//! The HTTP protocol binding of CloudEvents 1.0.2, section by section: what the
//! specification says, what its conformance suite asks, and what strangers send.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use proptest::prelude::*;
use tripline::event::http::{Content, Message, Mode};
use tripline::event::{Data, Event, ExtensionValue, Outcome, Reader, RefreshCompleted};
use tripline::{Error, ErrorKind};

use crate::event_oracles::any_event;

/// An HTTP/1.1 message as it stands in the specification: a start line, headers, an empty line, a body.
fn message(text: &str) -> Request<Vec<u8>> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut request = Request::builder();
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(':').unwrap();
        request = request.header(name.trim(), value.trim());
    }
    request.body(body.as_bytes().to_vec()).unwrap()
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

/// What every event has, and `more`.
fn with(more: &[(&str, &str)]) -> HeaderMap {
    let required = [("ce-specversion", "1.0"), ("ce-id", "7"), ("ce-source", "/s"), ("ce-type", "t")];
    headers(&[&required, more].concat())
}

fn one(headers: &HeaderMap, body: &[u8]) -> Result<Event<'static>, Error> {
    let mut events = Message::read(headers, body)?.into_events();
    assert_eq!(events.len(), 1);
    Ok(events.remove(0).into_owned())
}

fn faults(headers: &HeaderMap, body: &[u8]) -> Vec<String> {
    let error = Message::read(headers, body).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    error.faults().iter().map(ToString::to_string).collect()
}

/// The event of the examples of the specification.
fn assert_is_the_example(event: &Event<'_>, content_type: &str) {
    for (name, value) in [
        ("id", "1234-1234-1234"),
        ("specversion", "1.0"),
        ("type", "com.example.someevent"),
        ("source", "/mycontext/subcontext"),
        ("time", "2018-04-05T03:56:24Z"),
        ("datacontenttype", content_type),
    ] {
        assert_eq!(event.attribute(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(event.data(), Some(&Data::json(r#"{"message":"Hello World!"}"#).unwrap()));
}

// What the conformance suite asks.

#[test]
fn binary_mode_takes_the_attributes_from_the_headers_and_the_data_from_the_body() {
    for content_type in ["application/json", "application/json; charset=utf-8"] {
        for start in ["POST /someresource HTTP/1.1\nHost: example.com", "HTTP/1.1 200 OK"] {
            let request = message(&format!(
                "{start}\nce-specversion: 1.0\nce-type: com.example.someevent\nce-time: 2018-04-05T03:56:24Z\n\
                 ce-id: 1234-1234-1234\nce-source: /mycontext/subcontext\nContent-Type: {content_type}\n\
                 Content-Length: 33\n\n{{\n    \"message\": \"Hello World!\"\n}}\n"
            ));
            let read = Message::read(request.headers(), request.body()).unwrap();
            assert_eq!(read.mode(), Mode::Binary);
            assert_is_the_example(&read.events()[0], content_type);
        }
    }
}

const STRUCTURED: &str = r#"{
    "specversion": "1.0",
    "type": "com.example.someevent",
    "time": "2018-04-05T03:56:24Z",
    "id": "1234-1234-1234",
    "source": "/mycontext/subcontext",
    "datacontenttype": "application/json",
    "data": {
        "message": "Hello World!"
    }
}"#;

#[test]
fn structured_mode_takes_all_from_the_body() {
    for content_type in [
        "application/cloudevents+json",
        "application/cloudevents+json; charset=utf-8",
        "application/cloudevents+json;charset=\"UTF-8\"",
        "Application/CloudEvents+JSON ; Charset=UTF-8; version=1",
    ] {
        let request = message(&format!("PUT / HTTP/1.1\nContent-Type: {content_type}\n\n{STRUCTURED}"));
        let read = Message::read(request.headers(), request.body()).unwrap();
        assert_eq!(read.mode(), Mode::Structured, "{content_type}");
        assert_is_the_example(&read.events()[0], "application/json");
    }
}

#[test]
fn batch_mode_takes_any_number_of_events_from_the_body() {
    for content_type in
        ["application/cloudevents-batch+json", "application/cloudevents-batch+JSON; charset=UTF-8"]
    {
        for count in [0, 1, 3] {
            let body = format!("[{}]", [STRUCTURED].repeat(count).join(","));
            let headers = headers(&[("content-type", content_type)]);
            let read = Message::read(&headers, body.as_bytes()).unwrap();
            assert_eq!((read.mode(), read.events().len()), (Mode::Batch, count));
            for event in read.events() {
                assert_is_the_example(event, "application/json");
            }
        }
    }
    let headers = headers(&[("content-type", "application/cloudevents-batch+json")]);
    assert_eq!(Message::read(&headers, b"[\n7]").unwrap_err().place(), Some("2:1"));
}

// Section 3: which mode it is.

#[test]
fn the_content_type_decides_whatever_headers_stand_beside_it() {
    let mut both = with(&[("content-type", "application/cloudevents+json"), ("ce-broken-name", "%")]);
    assert_eq!(one(&both, STRUCTURED.as_bytes()).unwrap().id(), "1234-1234-1234");
    both.remove("content-type");
    assert_eq!(faults(&both, STRUCTURED.as_bytes()).len(), 1, "without it the headers count");
}

#[test]
fn a_format_that_is_not_read_is_named_and_so_is_the_one_that_is() {
    for (content_type, wanted) in [
        ("application/cloudevents+xml", "application/cloudevents+json"),
        ("application/cloudevents+avro; charset=utf-8", "application/cloudevents+json"),
        ("application/cloudevents", "application/cloudevents+json"),
        ("application/cloudevents+jsonl", "application/cloudevents+json"),
        ("APPLICATION/CLOUDEVENTS-BATCH+XML", "application/cloudevents-batch+json"),
        ("application/cloudevents-batch", "application/cloudevents-batch+json"),
    ] {
        let faults = faults(&with(&[("content-type", content_type)]), STRUCTURED.as_bytes());
        assert_eq!(faults.len(), 1);
        let named = content_type.split(';').next().unwrap();
        assert!(faults[0].starts_with(&format!("content-type: {named:?} is a format")), "{faults:?}");
        assert!(faults[0].contains(wanted), "{faults:?}");
    }
}

#[test]
fn json_of_events_is_utf_8_and_its_content_type_is_well_formed() {
    for (content_type, why) in [
        ("application/cloudevents+json; charset=utf-16", "the character set is \"utf-16\"; JSON is UTF-8"),
        ("application/cloudevents+json; charset=\"latin1\"", "the character set is \"latin1\""),
        ("application/cloudevents+json; charset=utf-8; charset=utf-16", "has two character sets"),
        ("application/cloudevents+json; charset", "a parameter has no value"),
        ("application/cloudevents+json; charset=\"utf-8", "a quoted string is open"),
        ("application/cloudevents+json, application/json", "is not a media type"),
        ("application/cloudevents+json\u{e9}", "not printable ASCII"),
    ] {
        let faults = faults(&headers(&[("content-type", content_type)]), STRUCTURED.as_bytes());
        assert!(faults[0].starts_with("content-type: ") && faults[0].contains(why), "{faults:?}");
    }
    let twice = headers(&[("content-type", "application/cloudevents+json"), ("content-type", "text/plain")]);
    assert_eq!(faults(&twice, STRUCTURED.as_bytes()), ["content-type: comes 2 times; a body has one type"]);
}

#[test]
fn what_is_no_event_is_told_apart_without_reading_it() {
    assert_eq!(Mode::of(&headers(&[("content-type", "application/json")])), None);
    assert_eq!(
        Mode::of(&headers(&[("content-type", "application/json"), ("ce-specversion", "0.3")])),
        Some(Mode::Binary)
    );
    assert_eq!(
        Mode::of(&headers(&[("content-type", " application/CloudEvents+xml")])),
        Some(Mode::Structured)
    );
    assert_eq!(
        faults(&headers(&[("content-type", "application/json")]), b"{}"),
        ["ce-specversion: is missing", "ce-id: is missing", "ce-source: is missing", "ce-type: is missing"]
    );
}

// Section 3.1: binary mode.

#[test]
fn every_attribute_has_its_header_in_any_case() {
    let headers = with(&[
        ("CE-Subject", "vip"),
        ("Ce-Time", "2026-03-01T03:00:07.5%2B01:00"),
        ("ce-dataschema", "https://schemas.example/vip.json"),
        ("cE-ZZ9", "z"),
        ("ce-comexampleextension1", "Hello"),
        ("content-type", "text/xml"),
        ("user-agent", "curl"),
    ]);
    let event = one(&headers, b"<much wow=\"xml\"/>").unwrap();
    let expected = Event::new("7", "/s", "t").unwrap().with_subject("vip").with_data_content_type("text/xml");
    let expected = expected.with_data_schema("https://schemas.example/vip.json");
    let expected = expected.with_time("2026-03-01T02:00:07.5Z".parse().unwrap());
    let expected = expected.with_extension("comexampleextension1", "Hello").unwrap();
    let expected = expected.with_extension("zz9", "z").unwrap();
    assert_eq!(event, expected.with_data(Data::Text("<much wow=\"xml\"/>".into())));
}

#[test]
fn extensions_come_in_one_order_whatever_order_the_headers_have() {
    let names = ["ce-b", "ce-z", "ce-a", "ce-m"];
    for turn in 0..names.len() {
        let mut turned = names;
        turned.rotate_left(turn);
        let event = one(&with(&turned.map(|name| (name, "x"))), b"").unwrap();
        assert_eq!(event.extensions().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "b", "m", "z"]);
    }
}

#[test]
fn extensions_are_strings_for_http_has_no_types() {
    let event = Event::new("7", "/s", "t").unwrap().with_extension("flag", true).unwrap();
    let event = event.with_extension("count", -3).unwrap();
    let (headers, body) = Content::binary(&event).unwrap().into_parts();
    assert_eq!(
        (&headers["ce-flag"], &headers["ce-count"]),
        (&"true".parse().unwrap(), &"-3".parse().unwrap())
    );
    let read = one(&headers, &body).unwrap();
    assert_eq!(read.extension("count"), Some(&ExtensionValue::String("-3".into())));
    assert_eq!(read.attribute("flag"), event.attribute("flag"), "filters see the same");
}

#[test]
fn values_are_percent_encoded_and_come_back() {
    let event = Event::new("7", "/s", "t").unwrap().with_subject("Euro \u{20ac} \u{1f600}");
    let event = event.with_extension("quote", "50% of \"it\"\n").unwrap();
    let (headers, body) = Content::binary(&event).unwrap().into_parts();
    assert_eq!(headers["ce-subject"], "Euro%20%E2%82%AC%20%F0%9F%98%80");
    assert_eq!(headers["ce-quote"], "50%25%20of%20%22it%22%0A");
    assert_eq!(one(&headers, &body).unwrap(), event);
}

#[test]
fn what_older_senders_send_is_understood() {
    for (header, value) in [
        ("\"Hello \\\"World\\\"\"", "Hello \"World\""),
        ("Hello World", "Hello World"),
        ("\"caf%C3%A9\"", "caf\u{e9}"),
        ("%48ello", "Hello"),
        ("%2525", "%25"),
    ] {
        assert_eq!(one(&with(&[("ce-subject", header)]), b"").unwrap().subject(), Some(value), "{header}");
    }
}

#[test]
fn every_faulty_header_is_named_with_what_is_wrong() {
    let bad = headers(&[
        ("ce-specversion", "0.3"),
        ("ce-id", ""),
        ("ce-source", "/s"),
        ("ce-source", "/t"),
        ("ce-subject", ""),
        ("ce-time", "lunchtime"),
        ("ce-datacontenttype", "text/plain"),
        ("ce-data", "{}"),
        ("ce-data_base64", ""),
        ("ce-", "x"),
        ("ce-my-extension", "x"),
        ("ce-a", "%C0%A0"),
        ("ce-b", "100%"),
        ("ce-c", "caf\u{e9}"),
        ("ce-d", "\"open"),
        ("ce-e", "x"),
        ("content-type", ""),
    ]);
    assert_eq!(
        faults(&bad, b""),
        [
            "ce-: cannot name an attribute: it is empty",
            "ce-a: encodes bytes that are not UTF-8, the first of them 0xC0",
            "ce-b: holds \"%\"; a percent sign must be followed by two hexadecimal digits",
            "ce-c: holds the byte 0xc3; what is not printable ASCII must be percent-encoded",
            "ce-d: has a double quote that is not closed",
            "ce-data: cannot name an attribute: CloudEvents has a meaning for it",
            "ce-data_base64: cannot name an attribute: CloudEvents has a meaning for it",
            "ce-datacontenttype: must not be there: the header content-type stands for it",
            "ce-id: must not be empty",
            "ce-my-extension: cannot name an attribute: only a-z and 0-9 may stand in it",
            "ce-source: comes 2 times; an attribute has one value",
            "ce-specversion: is \"0.3\"; only \"1.0\" is read",
            "ce-subject: must not be empty",
            "ce-time: \"lunchtime\" is not an RFC 3339 time: it is too short for YYYY-MM-DDThh:mm:ssZ",
            "content-type: must not be empty",
            "ce-type: is missing",
        ]
    );
}

#[test]
fn an_attribute_that_the_specification_calls_invalid_is_refused() {
    for (name, value) in [
        ("ce-time", "2018-04-05T18:31Z"),
        ("ce-time", "2018-04-05T18:31:00X"),
        ("ce-time", "2018-04-05T18:31:00+25:00"),
        ("ce-time", "2018-04-05T18:31:00+xx:00"),
        ("ce-time", "2018-04-05T18:31:00+05"),
        ("ce-time", ""),
        ("ce-dataschema", ""),
        ("ce-subject", "\"\""),
        ("ce-my.extension", "bad"),
        ("ce-subject", "%ED%A0%80"),
    ] {
        let faults = faults(&with(&[(name, value)]), b"");
        assert!(faults.len() == 1 && faults[0].starts_with(&format!("{name}: ")), "{faults:?}");
    }
    for name in ["ce-specversion", "ce-id", "ce-source", "ce-type"] {
        let mut headers = with(&[]);
        headers.remove(name);
        assert_eq!(faults(&headers, b""), [format!("{name}: is missing")]);
    }
}

#[test]
fn data_is_what_its_content_type_says() {
    let data = |content_type: &str, body: &'static [u8]| {
        one(&with(&[("content-type", content_type)]), body).unwrap().data().cloned()
    };
    let json = |text: &'static str| Some(Data::json(text).unwrap());
    let text = |text: &'static str| Some(Data::Text(text.into()));
    let binary = |bytes: &'static [u8]| Some(Data::Binary(bytes.into()));
    assert_eq!(data("application/json", b" [1]\n"), json("[1]"));
    assert_eq!(data("application/vnd.example+json; x=y", b"\"a\""), json("\"a\""));
    assert_eq!(data("TEXT/JSON;charset=UTF-8", b"null"), json("null"));
    assert_eq!(data("application/json; charset=utf-16", b"{\0}\0"), binary(b"{\0}\0"));
    assert_eq!(data("text/plain", "caf\u{e9}\r\n".as_bytes()), text("caf\u{e9}\r\n"));
    assert_eq!(data("text/plain; charset=us-ascii", b"{}"), text("{}"));
    assert_eq!(data("text/plain; charset=iso-8859-1", b"caf\xe9"), binary(b"caf\xe9"));
    assert_eq!(data("text/plain", b"caf\xe9"), binary(b"caf\xe9"));
    assert_eq!(data("application/soap+xml", b"<a/>"), text("<a/>"));
    assert_eq!(data("application/octet-stream", b"{}"), binary(b"{}"));
    assert_eq!(data("not a media type", b"{}"), binary(b"{}"));
    for content_type in ["application/json", "text/plain", "image/png"] {
        assert_eq!(data(content_type, b""), None, "an empty body is no data");
    }
}

#[test]
fn without_a_content_type_data_is_json_if_it_can_be() {
    let data = |body| one(&with(&[]), body).unwrap().data().cloned();
    assert_eq!(data(b""), None);
    assert_eq!(data(br#"{"a":1}"#), Some(Data::json(r#"{"a":1}"#).unwrap()));
    for bytes in [&br#"{"a":1,"a":2}"#[..], b"{", b"\xff", b"hello"] {
        assert_eq!(data(bytes), Some(Data::Binary(bytes.into())));
    }
}

#[test]
fn json_in_a_body_is_read_as_strictly_as_in_an_event() {
    let json = with(&[("content-type", "application/json")]);
    for (body, kind, place) in [
        (&b"{\"a\":\n 1,}"[..], ErrorKind::Syntax, "2:4"),
        (b"{\"a\":1,\"a\":2}", ErrorKind::Invalid, "1:8"),
        (b"[1e999]", ErrorKind::Invalid, "1:2"),
        (b"{\"a\":1", ErrorKind::Syntax, "1:7"),
        (b"\"\xff\"", ErrorKind::Syntax, "1:2"),
        (b"\xef\xbb\xbf{}", ErrorKind::Syntax, "1:1"),
        (b"  ", ErrorKind::Syntax, "1:3"),
        (b"{} {}", ErrorKind::Syntax, "1:4"),
    ] {
        let error = Message::read(&json, body).unwrap_err();
        assert_eq!((error.kind(), error.place()), (kind, Some(place)), "{error}");
    }
}

#[test]
fn a_task_is_understood_in_every_mode() {
    let refresh = RefreshCompleted::new("ingestion", "failed").with_job_id("j-9");
    let event = refresh.clone().into_event("t-17", "/instances/contoso").unwrap();
    for content in [
        Content::binary(&event).unwrap(),
        Content::structured(&event),
        Content::batch(std::slice::from_ref(&event)),
    ] {
        let message = Message::read(content.headers(), content.body()).unwrap();
        let read = RefreshCompleted::from_event(&message.events()[0]).unwrap().unwrap();
        assert_eq!((read.outcome(), &read), (&Outcome::FAILED, &refresh));
    }
}

// Bounds.

#[test]
fn the_bounds_of_the_reader_hold_in_every_mode() {
    let reader = Reader::new();
    let json = with(&[("content-type", "application/json"), ("x-other", "does not count")]);
    // Names and values of what belongs to the event, and the body.
    let size = "ce-specversion1.0ce-id7ce-source/sce-typetcontent-typeapplication/json[]".len();
    assert!(reader.clone().with_max_bytes(size).read_http(&json, b"[]").is_ok());
    let error = reader.clone().with_max_bytes(size - 1).read_http(&json, b"[]").unwrap_err();
    assert!(error.is_limit());
    assert_eq!(error.to_string(), format!("the event has {size} bytes, over the limit of {}", size - 1));

    let structured = headers(&[("content-type", "application/cloudevents+json")]);
    let body = STRUCTURED.as_bytes();
    assert!(reader.clone().with_max_bytes(body.len()).read_http(&structured, body).is_ok());
    assert!(
        reader.clone().with_max_bytes(body.len() - 1).read_http(&structured, body).unwrap_err().is_limit()
    );

    let batch = headers(&[("content-type", "application/cloudevents-batch+json")]);
    let two = format!("[{STRUCTURED},{STRUCTURED}]");
    assert!(reader.clone().with_max_batch(2).read_http(&batch, two.as_bytes()).is_ok());
    assert!(reader.clone().with_max_batch(1).read_http(&batch, two.as_bytes()).unwrap_err().is_limit());
}

#[test]
fn data_may_nest_as_deep_in_a_body_as_in_an_event() {
    for levels in 1..6 {
        let reader = Reader::new().with_max_depth(levels);
        for nested in 0..6 {
            let data = format!("{}1{}", "[".repeat(nested), "]".repeat(nested));
            let event = Event::new("7", "/s", "t").unwrap().with_data(Data::json(data).unwrap());
            let binary = Content::binary(&event).unwrap();
            let whole = Content::structured(&event);
            let read = reader.read_http(binary.headers(), binary.body());
            assert_eq!(read.is_ok(), nested < levels, "{levels} {nested}");
            assert_eq!(read.is_ok(), reader.read_http(whole.headers(), whole.body()).is_ok());
            assert!(read.err().is_none_or(|error| error.is_limit()));
        }
    }
}

#[test]
fn very_many_headers_and_very_long_ones_are_only_a_matter_of_size() {
    let names: Vec<String> = (0..5_000).map(|number| format!("ce-x{number}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "y")).collect();
    assert_eq!(one(&with(&many), b"").unwrap().extensions().count(), 5_000);
    let long = "%41".repeat(80_000);
    assert_eq!(one(&with(&[("ce-x", &long)]), b"").unwrap().attribute("x").unwrap().len(), 80_000);
    let longer = "%41".repeat(90_000);
    assert!(Message::read(&with(&[("ce-x", &longer)]), b"").unwrap_err().is_limit());
    let error = Message::read(&with(&[(&*format!("ce-{}-", "x".repeat(1_000)), "y")]), b"").unwrap_err();
    assert!(error.to_string().len() < 300, "{error}");
}

// Writing.

#[test]
fn data_without_a_content_type_is_sent_with_the_one_it_has_by_default() {
    let event = Event::new("7", "/s", "t").unwrap();
    let sent = |event: Event<'_>| Content::binary(&event).unwrap().into_parts();
    assert_eq!(sent(event.clone()).0.get("content-type"), None);
    let (headers, body) = sent(event.clone().with_data(Data::json("\"a\"").unwrap()));
    assert_eq!((&headers["content-type"], &*body), (&"application/json".parse().unwrap(), &b"\"a\""[..]));
    let (headers, body) = sent(event.with_data(Data::Binary(b"12".as_slice().into())));
    assert_eq!(
        (&headers["content-type"], &*body),
        (&"application/octet-stream".parse().unwrap(), &b"12"[..])
    );
    assert_eq!(one(&headers, &body).unwrap().data().unwrap().as_binary(), Some(&b"12"[..]));
}

#[test]
fn what_would_be_another_message_when_read_is_not_sent() {
    let event = Event::new("7", "/s", "t").unwrap();
    for content_type in [
        "application/cloudevents+json",
        "Application/CloudEvents",
        "text/plain\r\nce-id: 8",
        "text/caf\u{e9}",
        " text/plain",
        "text/plain ",
    ] {
        let error = Content::binary(&event.clone().with_data_content_type(content_type)).unwrap_err();
        assert_eq!((error.kind(), error.place()), (ErrorKind::Invalid, Some("datacontenttype")), "{error}");
    }
    let long = event.clone().with_extension("x".repeat(70_000), "y").unwrap();
    assert!(Content::binary(&long).unwrap_err().is_limit());
    let many = (0..40_000).fold(String::new(), |text, number| format!("{text},\"x{number}\":1"));
    let text = format!(r#"{{"specversion":"1.0","id":"7","source":"/s","type":"t"{many}}}"#);
    let many = Reader::new().with_max_bytes(1 << 20).read(text.as_bytes()).unwrap();
    assert!(Content::binary(&many).unwrap_err().is_limit());
}

#[test]
fn a_message_becomes_a_request_or_a_response_and_nothing_else_is_in_it() {
    let event = Event::new("7", "/s", "t").unwrap();
    let request = Content::binary(&event).unwrap().into_request(Method::PUT, Uri::from_static("/events?x=1"));
    assert_eq!((request.method(), request.uri().query()), (&Method::PUT, Some("x=1")));
    let mut names: Vec<&str> = request.headers().keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["ce-id", "ce-source", "ce-specversion", "ce-type"]);
    let response = Content::structured(&event).into_response(StatusCode::ACCEPTED);
    assert_eq!((response.status(), response.headers().len()), (StatusCode::ACCEPTED, 1));
    let message = Message::read(response.headers(), response.body()).unwrap();
    assert_eq!(message.into_events(), [event]);
}

// Whatever comes.

/// The event as it is on the other side of binary mode.
pub(crate) fn as_binary_mode_has_it(event: &Event<'_>) -> Event<'static> {
    let is_empty = |data: &Data<'_>| match data {
        Data::Text(text) => text.is_empty(),
        Data::Binary(bytes) => bytes.is_empty(),
        _ => false,
    };
    let mut there = Event::new(event.id(), event.source(), event.event_type()).unwrap();
    if let Some(time) = event.time() {
        there = there.with_time(time);
    }
    there = there
        .with_subject(event.subject().unwrap_or_default())
        .with_data_schema(event.data_schema().unwrap_or_default())
        .with_data_content_type(event.data_content_type().unwrap_or_default());
    match (event.data(), event.data_content_type()) {
        (Some(Data::Binary(_)), None) => there = there.with_data_content_type("application/octet-stream"),
        (Some(_), None) => there = there.with_data_content_type("application/json"),
        _ => {}
    }
    if let Some(data) = event.data().filter(|data| !is_empty(data)) {
        there = there.with_data(data.clone());
    }
    let mut extensions: Vec<&str> = event.extensions().map(|(name, _)| name).collect();
    extensions.sort_unstable();
    for name in extensions {
        there = there.with_extension(name, event.attribute(name).unwrap()).unwrap();
    }
    there.into_owned()
}

fn any_headers() -> impl Strategy<Value = HeaderMap> {
    let name = prop_oneof![
        prop::sample::select(
            &["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time", "ce-subject", "content-type"][..]
        )
        .prop_map(str::to_owned),
        "ce-[a-z0-9_.-]{0,6}",
        "[a-z-]{1,8}",
    ];
    let value = prop_oneof![
        Just(b"1.0".to_vec()),
        Just(b"2026-03-01T02:00:07Z".to_vec()),
        Just(b"application/json".to_vec()),
        Just(b"application/cloudevents+json".to_vec()),
        "[ %\"\\\\0-9A-Fa-z;=/+]{0,12}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec((name, value), 0..10).prop_map(|pairs| {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&value)) {
                headers.append(name, value);
            }
        }
        headers
    })
}

proptest! {
    #[test]
    fn any_event_comes_back_from_every_mode(event in any_event()) {
        let binary = Content::binary(&event).unwrap();
        prop_assert!(binary.headers().values().all(|value| value.to_str().is_ok()));
        let reader = Reader::new().with_max_bytes(1 << 20);
        let read = reader.read_http(binary.headers(), binary.body()).unwrap().into_events().remove(0);
        prop_assert_eq!(&read, &as_binary_mode_has_it(&event));
        let again = Content::binary(&read).unwrap();
        prop_assert_eq!(&again, &Content::binary(&read.clone().into_owned()).unwrap());
        prop_assert_eq!(again.body(), binary.body());

        let structured = Content::structured(&event);
        let read = Message::read(structured.headers(), structured.body()).unwrap().into_events();
        prop_assert_eq!(&read[..], std::slice::from_ref(&event));
        let batch = Content::batch(&[event.clone(), event.clone()]);
        let read = Message::read(batch.headers(), batch.body()).unwrap().into_events();
        prop_assert_eq!(&read[..], &[event.clone(), event][..]);
    }

    #[test]
    fn no_message_makes_the_reader_panic_and_what_is_read_can_be_sent_on(
        headers in any_headers(),
        body in prop_oneof![
            any::<Vec<u8>>(),
            Just(STRUCTURED.as_bytes().to_vec()),
            "[\\[\\]{}:,\"\\\\a0\\-.e \\n]{0,40}".prop_map(String::into_bytes),
        ],
    ) {
        match Message::read(&headers, &body) {
            Ok(message) => for event in message.events() {
                let content = Content::binary(event);
                prop_assert!(content.is_ok() || message.mode() != Mode::Binary, "{event:?}");
                prop_assert!(content.is_err() || Message::read(content.as_ref().unwrap().headers(), content.as_ref().unwrap().body()).is_ok());
                let whole = Content::structured(event);
                let read = Message::read(whole.headers(), whole.body()).unwrap();
                prop_assert_eq!(&read.events()[0], event);
            },
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn a_body_cut_short_is_never_taken_for_a_whole_one(cut in 0..STRUCTURED.len()) {
        for content_type in ["application/cloudevents+json", "application/json"] {
            let headers = with(&[("content-type", content_type)]);
            let read = Message::read(&headers, &STRUCTURED.as_bytes()[..cut]);
            if cut == 0 && content_type == "application/json" {
                prop_assert!(read.unwrap().events()[0].data().is_none());
            } else {
                prop_assert_eq!(read.unwrap_err().kind(), ErrorKind::Syntax);
            }
        }
    }
}

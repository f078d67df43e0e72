//! Documents that mean harm, or were cut short, or come from a careless
//! producer: each is refused with the right kind, at the right byte, in words
//! that name what is wrong; none makes the reader panic.

use tripline::ErrorKind::{self, Invalid, Limit, Syntax};
use tripline::event::{Data, Event, Reader, ValueObserved};

/// Stands before the offending byte.
const MARK: char = '▸';
/// Stands for the attributes that every event has.
const REQUIRED: (char, &str) = ('@', r#""specversion":"1.0","id":"1","source":"/s","type":"t""#);

/// (the document with its mark, the kind of the error, a part of its message)
const DOCUMENTS: &[(&str, ErrorKind, &str)] = &[
    // No event at all.
    ("▸", Syntax, "the text is empty"),
    ("   ▸", Syntax, "the text is empty"),
    ("\n\n▸", Syntax, "the text is empty"),
    ("▸[]", Invalid, "an event is a JSON object, found an array"),
    (" ▸[{@}]", Invalid, "found an array"),
    ("▸\"event\"", Invalid, "found a string"),
    ("▸17", Invalid, "found a number"),
    ("▸-1.5e3", Invalid, "found a number"),
    ("▸true", Invalid, "found a boolean"),
    ("▸null", Invalid, "found null"),
    ("▸hello", Syntax, "hello is not a JSON value"),
    ("nul▸", Syntax, "ends inside a value"),
    ("▸nulL", Syntax, "nulL is not a JSON value"),
    ("▸'{}'", Syntax, "'\\''"),
    ("▸<event/>", Syntax, "'<'"),
    ("▸\u{feff}{@}", Syntax, "byte order mark"),
    ("▸\u{a0}{@}", Syntax, "'\\u{a0}'"),
    ("▸// a comment\n{@}", Syntax, "'/'"),
    // Cut short.
    ("{▸", Syntax, "ends inside an object"),
    ("{\n▸", Syntax, "ends inside an object"),
    ("{\"▸", Syntax, "ends inside a string"),
    ("{\"id▸", Syntax, "ends inside a string"),
    ("{\"id\"▸", Syntax, "ends inside an object"),
    ("{\"id\":▸", Syntax, "ends inside a value"),
    ("{\"id\":\"▸", Syntax, "ends inside a string"),
    ("{\"id\":\"1\\▸", Syntax, "ends inside a string"),
    ("{\"id\":\"1\"▸", Syntax, "ends inside an object"),
    ("{\"id\":\"1\",▸", Syntax, "ends inside a value"),
    ("{@▸", Syntax, "ends inside an object"),
    ("{@,\"data\":▸", Syntax, "ends inside a value"),
    ("{@,\"data\":{▸", Syntax, "ends inside an object"),
    ("{@,\"data\":[▸", Syntax, "ends inside a list"),
    ("{@,\"data\":[1▸", Syntax, "ends inside a list"),
    ("{@,\"data\":[1,▸", Syntax, "ends inside a value"),
    ("{@,\"data\":{\"a\":1▸", Syntax, "ends inside an object"),
    ("{@,\"data\":{\"a\":1}▸", Syntax, "ends inside an object"),
    ("{@,\"data\":1▸", Syntax, "ends inside an object"),
    // Punctuation.
    ("{▸,}", Syntax, "key must be a string"),
    ("{▸id:\"1\"}", Syntax, "key must be a string, found id"),
    ("{▸1:2}", Syntax, "key must be a string, found 1"),
    ("{▸null:1}", Syntax, "key must be a string, found null"),
    ("{▸'id':1}", Syntax, "key must be a string"),
    ("{\"id\"▸}", Syntax, "expected `:`"),
    ("{\"id\"▸=\"1\"}", Syntax, "expected `:`"),
    ("{\"id\" ▸\"1\"}", Syntax, "expected `:`"),
    ("{\"id\":▸}", Syntax, "expected a value, found '}'"),
    ("{\"id\":▸,}", Syntax, "expected a value, found ','"),
    ("{\"id\":▸:1}", Syntax, "expected a value"),
    ("{\"id\":\"1\"▸\"source\":\"/s\"}", Syntax, "expected `,` or `}`"),
    ("{\"id\":\"1\"▸;\"source\":\"/s\"}", Syntax, "expected `,` or `}`"),
    ("{@,▸}", Syntax, "trailing comma"),
    ("{@,▸,\"a\":1}", Syntax, "key must be a string"),
    ("{@▸]", Syntax, "expected `,` or `}`"),
    ("{@,\"data\":[1 ▸2]}", Syntax, "expected `,` or `]`"),
    ("{@,\"data\":[1,▸]}", Syntax, "trailing comma"),
    ("{@,\"data\":[▸,1]}", Syntax, "expected a value"),
    ("{@,\"data\":[1▸}}", Syntax, "expected `,` or `]`"),
    ("{@,\"data\":{\"a\":1▸]}", Syntax, "expected `,` or `}`"),
    ("{@,\"data\":{\"a\"▸,\"b\":1}}", Syntax, "expected `:`"),
    ("{@,\"data\":{▸1:1}}", Syntax, "key must be a string"),
    ("{@,\"data\":{\"a\":1,▸}}", Syntax, "trailing comma"),
    // Something follows.
    ("{@}▸}", Syntax, "'}' follows"),
    ("{@}▸{@}", Syntax, "'{' follows"),
    ("{@}\n▸{@}", Syntax, "'{' follows"),
    ("{@} ▸x", Syntax, "x follows"),
    ("{@}▸,", Syntax, "',' follows"),
    ("{@}▸\u{0}", Syntax, "'\\0' follows"),
    ("{@}▸é", Syntax, "'é' follows"),
    // A key twice.
    ("{@,▸\"id\":\"2\"}", Invalid, "the key \"id\" comes twice"),
    ("{@,▸\"id\":null}", Invalid, "the key \"id\" comes twice"),
    ("{@,▸\"i\\u0064\":\"2\"}", Invalid, "the key \"id\" comes twice"),
    ("{@, ▸\"specversion\":\"1.0\"}", Invalid, "the key \"specversion\" comes twice"),
    ("{@,\"data\":1,▸\"data\":1}", Invalid, "the key \"data\" comes twice"),
    ("{@,\"data\":{\"a\":1},▸\"data\":{}}", Invalid, "the key \"data\" comes twice"),
    ("{@,\"data\":{\"a\":1},▸\"d\\u0061ta\":{}}", Invalid, "the key \"data\" comes twice"),
    ("{@,\"d\\u0061ta\":{\"a\":1},▸\"data\":{}}", Invalid, "the key \"data\" comes twice"),
    ("{@,\"data\":null,▸\"data\":null}", Invalid, "the key \"data\" comes twice"),
    ("{@,\"data_base64\":\"\",▸\"data_base64\":\"\"}", Invalid, "comes twice"),
    ("{@,\"ext\":1,▸\"ext\":1}", Invalid, "the key \"ext\" comes twice"),
    ("{@,\"ext\":null,▸\"ext\":1}", Invalid, "the key \"ext\" comes twice"),
    ("{@,\"ext\":1,▸\"\\u0065xt\" : 1}", Invalid, "the key \"ext\" comes twice"),
    ("{@,\"\\u0065xt\":1,▸\"ext\":1}", Invalid, "the key \"ext\" comes twice"),
    ("{@,\"data\":{\"a\":1,▸\"a\":1}}", Invalid, "the key \"a\" comes twice"),
    ("{@,\"data\":{\"a\":1,▸\"\\u0061\":1}}", Invalid, "the key \"a\" comes twice"),
    ("{@,\"data\":{\"\\\\\":1,▸\"\\u005c\" : 1}}", Invalid, "comes twice"),
    ("{@,\"data\":{\"\\\"\":1,▸\"\\\"\":1}}", Invalid, "comes twice"),
    ("{@,\"data\":{\"name\":1,▸\"name\":2}}", Invalid, "the key \"name\" comes twice"),
    ("{@,\"data\":{\"name\":\"a\",▸\"name\":\"b\"}}", Invalid, "the key \"name\" comes twice"),
    ("{@,\"data\":{\"value\":1,▸\"value\":{}}}", Invalid, "the key \"value\" comes twice"),
    ("{@,\"data\":{\"value\":{},▸\"v\\u0061lue\":1}}", Invalid, "the key \"value\" comes twice"),
    ("{@,\"data\":{\"dimensions\":{\"r\":\"1\",▸\"r\":\"2\"}}}", Invalid, "the key \"r\" comes twice"),
    ("{@,\"data\":{\"x\":[{\"a\":{\"b\":1,▸\"b\":1}}]}}", Invalid, "the key \"b\" comes twice"),
    ("{@,\"data\":[{},{\"\":1,▸\"\":2}]}", Invalid, "the key \"\" comes twice"),
    ("{@,\"data\":\n  {\"é\":1,\n   ▸\"é\":2}}", Invalid, "the key \"é\" comes twice"),
    // Numbers.
    ("{@,\"data\":▸NaN}", Syntax, "NaN is not a JSON value"),
    ("{@,\"data\":{\"value\":▸NaN}}", Syntax, "NaN is not a JSON value"),
    ("{@,\"data\":{\"value\":▸Infinity}}", Syntax, "Infinity is not a JSON value"),
    ("{@,\"data\":{\"value\":▸-Infinity}}", Syntax, "-Infinity is not a JSON value"),
    ("{@,\"data\":{\"x\":▸nan}}", Syntax, "nan is not a JSON value"),
    ("{@,\"data\":[1,▸-NaN]}", Syntax, "-NaN is not a JSON value"),
    ("{@,\"data\":{\"value\":▸01}}", Syntax, "01 is not a JSON value"),
    ("{@,\"data\":[▸-01]}", Syntax, "-01 is not a JSON value"),
    ("{@,\"data\":[▸00]}", Syntax, "00 is not a JSON value"),
    ("{@,\"data\":[▸+1]}", Syntax, "+1 is not a JSON value"),
    ("{@,\"data\":[▸.5]}", Syntax, ".5 is not a JSON value"),
    ("{@,\"data\":[▸1.]}", Syntax, "1. is not a JSON value"),
    ("{@,\"data\":[▸-]}", Syntax, "- is not a JSON value"),
    ("{@,\"data\":[▸1e]}", Syntax, "1e is not a JSON value"),
    ("{@,\"data\":[▸1e+]}", Syntax, "1e+ is not a JSON value"),
    ("{@,\"data\":[1▸x10]}", Syntax, "expected `,` or `]`"),
    ("{@,\"data\":[0▸x10]}", Syntax, "expected `,` or `]`"),
    ("{@,\"data\":▸1e999}", Invalid, "1e999 is beyond the range of a 64-bit float"),
    ("{@,\"data\":{\"value\":▸1e999}}", Invalid, "1e999 is beyond the range"),
    ("{@,\"data\":{\"value\":▸-1e309}}", Invalid, "-1e309 is beyond the range"),
    ("{@,\"data\":{\"other\":[1,▸1.8e308,2]}}", Invalid, "1.8e308 is beyond the range"),
    ("{@,\"data\":[\n1,\n ▸1E+400]}", Invalid, "1E+400 is beyond the range"),
    ("{@,\"ext\":▸1e999}", Invalid, "an integer of 32 bits"),
    // Strings.
    ("{\"id\":\"a▸\nb\"}", Syntax, "the control character 0x0a"),
    ("{\"id\":\"a▸\tb\"}", Syntax, "the control character 0x09"),
    ("{\"id\":\"▸\u{0}\"}", Syntax, "the control character 0x00"),
    ("{\"id\":\"é▸\u{1f}\"}", Syntax, "the control character 0x1f"),
    ("{\"i▸\nd\":\"a\"}", Syntax, "the control character 0x0a"),
    ("{@,\"data\":\"▸\n\"}", Syntax, "the control character 0x0a"),
    ("{@,\"data\":{\"name\":\"a▸\rb\"}}", Syntax, "the control character 0x0d"),
    ("{@,\"data\":{\"▸\u{1}\":1}}", Syntax, "the control character 0x01"),
    ("{@,\"data\":[\"\\n\",\"▸\n\"]}", Syntax, "the control character 0x0a"),
    ("{\"id\":\"▸\\x41\"}", Syntax, "invalid escape"),
    ("{\"id\":\"▸\\'\"}", Syntax, "invalid escape"),
    ("{\"id\":\"a▸\\u12\"}", Syntax, "invalid escape"),
    ("{\"id\":\"▸\\uZZZZ\"}", Syntax, "invalid escape"),
    ("{\"id\":\"▸\\ud800\"}", Syntax, "\\ud800"),
    ("{\"id\":\"▸\\udc00\"}", Syntax, "lone leading surrogate"),
    ("{\"id\":\"▸\\ud800x\"}", Syntax, "\\ud800"),
    ("{\"id\":\"\\ud800▸\\n\"}", Syntax, "unexpected end of hex escape"),
    ("{\"id\":\"\\ud800▸\\ud800\"}", Syntax, "lone leading surrogate"),
    ("{\"▸\\udead\":\"1\"}", Syntax, "lone leading surrogate"),
    ("{@,\"data\":\"▸\\udead\"}", Syntax, "lone leading surrogate"),
    ("{@,\"data\":{\"name\":\"▸\\udead\"}}", Syntax, "lone leading surrogate"),
    ("{@,\"data\":{\"n\":[\"▸\\udead\"]}}", Syntax, "lone leading surrogate"),
    ("{@,\"data\":{\"▸\\udead\":1}}", Syntax, "lone leading surrogate"),
    // Attributes that every event has.
    ("▸{}", Invalid, "`specversion` is missing"),
    (" \n ▸{}", Invalid, "`specversion` is missing"),
    ("▸{\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}", Invalid, "`specversion` is missing"),
    ("▸{\"specversion\":\"1.0\",\"source\":\"/s\",\"type\":\"t\"}", Invalid, "`id` is missing"),
    ("▸{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\"}", Invalid, "`source` is missing"),
    ("▸{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\"}", Invalid, "`type` is missing"),
    ("▸{\"specversion\":\"1.0\",\"id\":null,\"source\":\"/s\",\"type\":\"t\"}", Invalid, "`id` is missing"),
    (
        "▸{\"specversion\":null,\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}",
        Invalid,
        "`specversion` is missing",
    ),
    ("{\"specversion\":▸\"0.3\"}", Invalid, "`specversion` is \"0.3\"; only \"1.0\" is read"),
    ("{\"specversion\":▸\"1.0.2\"}", Invalid, "`specversion` is \"1.0.2\""),
    ("{\"specversion\":▸1.0}", Invalid, "`specversion` must be a string, found a number"),
    ("{\"specversion\":▸\"\"}", Invalid, "`specversion` must not be empty"),
    ("{\"id\":▸\"\"}", Invalid, "`id` must not be empty"),
    ("{\"source\":▸\"\"}", Invalid, "`source` must not be empty"),
    ("{\"type\": ▸\"\"}", Invalid, "`type` must not be empty"),
    ("{\"id\":▸17}", Invalid, "`id` must be a string, found a number"),
    ("{\"id\":▸true}", Invalid, "`id` must be a string, found a boolean"),
    ("{\"id\":\n▸{\"a\":1}}", Invalid, "`id` must be a string, found an object"),
    ("{\"source\":▸[\"/s\"]}", Invalid, "`source` must be a string, found an array"),
    ("{\"i\\u0064\": ▸17}", Invalid, "`id` must be a string, found a number"),
    ("{\"id\":▸NaN}", Syntax, "NaN is not a JSON value"),
    // Attributes that an event may have.
    ("{@,\"subject\":▸\"\"}", Invalid, "`subject` must not be empty"),
    ("{@,\"subject\":▸1}", Invalid, "`subject` must be a string"),
    ("{@,\"datacontenttype\":▸{}}", Invalid, "`datacontenttype` must be a string, found an object"),
    ("{@,\"dataschema\":▸\"\"}", Invalid, "`dataschema` must not be empty"),
    ("{@,\"time\":▸1772330407}", Invalid, "`time` must be a string, found a number"),
    ("{@,\"time\":▸\"\"}", Invalid, "`time` must not be empty"),
    ("{@,\"time\":▸\"yesterday\"}", Syntax, "`time`: \"yesterday\" is not an RFC 3339 time"),
    ("{@,\"time\":▸\"2026-03-01\"}", Syntax, "is not an RFC 3339 time"),
    ("{@,\"time\":▸\"2026-03-01T02:00:07\"}", Syntax, "is not an RFC 3339 time"),
    ("{@,\"time\":▸\"2026-02-30T02:00:07Z\"}", Syntax, "there is no such day"),
    ("{@,\"time\":▸\"2026-03-01T02:00:07.0000000001Z\"}", Syntax, "nine fractional digits"),
    ("{@,\"time\":▸\"9999-12-31T23:59:59Z\"}", Limit, "years 1677 to 2262"),
    // Extensions.
    ("{@,▸\"\":1}", Invalid, "\"\" cannot name an extension attribute: it is empty"),
    ("{@,▸\"Ext\":1}", Invalid, "\"Ext\" cannot name an extension attribute: only a-z and 0-9"),
    ("{@,▸\"my_ext\":1}", Invalid, "\"my_ext\" cannot name"),
    ("{@,▸\"ext-1\":1}", Invalid, "\"ext-1\" cannot name"),
    ("{@,▸\"é\":1}", Invalid, "\"é\" cannot name"),
    ("{@,▸\"\\u0041\":1}", Invalid, "\"A\" cannot name"),
    ("{@,▸\"Ext\":null}", Invalid, "\"Ext\" cannot name"),
    (
        "{@,\"ext\":▸1.5}",
        Invalid,
        "the extension `ext` must be a boolean, a string or an integer of 32 bits, found 1.5",
    ),
    ("{@,\"ext\":▸1e2}", Invalid, "found 1e2"),
    ("{@,\"ext\":▸2147483648}", Invalid, "found 2147483648"),
    ("{@,\"ext\":▸-2147483649}", Invalid, "found -2147483649"),
    ("{@,\"ext\":▸{\"a\":1}}", Invalid, "found an object"),
    ("{@,\"ext\":▸[]}", Invalid, "found an array"),
    ("{@,\"ext\":▸[[[[[[[[[[[[[[]]]]]]]]]]]]]]}", Invalid, "found an array"),
    // Data.
    ("{@,\"data\":1,\"data_base64\":▸\"eA==\"}", Invalid, "exclude each other"),
    ("{@,\"data_base64\":▸\"eA==\",\"data\":{}}", Invalid, "exclude each other"),
    ("{@,\"data_base64\":▸7}", Invalid, "`data_base64` must be a string, found a number"),
    ("{@,\"data_base64\":\"eA▸\"}", Invalid, "groups of four"),
    ("{@,\"data_base64\":\"eA=▸\"}", Invalid, "groups of four"),
    ("{@,\"data_base64\":▸\"eA\\n==\"}", Invalid, "only A-Z"),
    ("{@,\"data_base64\":\"eA▸-_\"}", Invalid, "only A-Z, a-z, 0-9, + and /"),
    ("{@,\"data_base64\":\"e▸B==\"}", Invalid, "bits that belong to no byte"),
    ("{@,\"data_base64\":\"eA▸===\"}", Invalid, "= at its end"),
    ("{@,\"data_base64\":\"▸ eA==\"}", Invalid, "only A-Z"),
];

/// (the members of a value.observed's data, the path of every fault, a part of the message)
const OBSERVATIONS: &[(&str, &[&str], &str)] = &[
    ("", &["data.kind", "data.name", "data.value"], "data.kind: is missing"),
    (r#""kind":"segment","name":"vip""#, &["data.value"], "is missing; null stands for no usable value"),
    (r#""kind":"segment","value":1"#, &["data.name"], "is missing"),
    (
        r#""kind":1,"name":2,"value":"3""#,
        &["data.kind", "data.name", "data.value"],
        "must be a string, found a number",
    ),
    (r#""kind":null,"name":null,"value":null"#, &["data.kind", "data.name"], "must be a string, found null"),
    (
        r#""kind":"segment","name":"vip","value":true"#,
        &["data.value"],
        "must be a number, or null for no usable value, found a boolean",
    ),
    (r#""kind":"segment","name":"vip","value":[1]"#, &["data.value"], "found an array"),
    (r#""kind":"segment","name":"vip","value":{"v":1}"#, &["data.value"], "found an object"),
    (
        r#""kind":"segment","name":"vip","value":9007199254740993"#,
        &["data.value"],
        "9007199254740993 cannot be held exactly by a 64-bit float; nearest 9007199254740992",
    ),
    (
        r#""kind":"segment","name":"vip","value":-9007199254740993"#,
        &["data.value"],
        "nearest -9007199254740992",
    ),
    (
        r#""kind":"segment","name":"vip","value":18446744073709551617"#,
        &["data.value"],
        "nearest 18446744073709551616",
    ),
    (
        r#""kind":"segment","name":"vip","value":100000000000000000000000"#,
        &["data.value"],
        "nearest 99999999999999991611392",
    ),
    (
        r#""kind":"segment","name":"vip","value":1,"sequence":1.5"#,
        &["data.sequence"],
        "a whole number of 64 bits, found 1.5",
    ),
    (
        r#""kind":"segment","name":"vip","value":1,"sequence":9223372036854775808"#,
        &["data.sequence"],
        "found 9223372036854775808",
    ),
    (r#""kind":"segment","name":"vip","value":1,"sequence":"1""#, &["data.sequence"], "found \"1\""),
    (
        r#""kind":"segment","name":"vip","value":1,"dimensions":["a"]"#,
        &["data.dimensions"],
        "an object of strings, found an array",
    ),
    (r#""kind":"segment","name":"vip","value":1,"dimensions":"r""#, &["data.dimensions"], "found a string"),
    (
        r#""kind":"segment","name":"vip","value":1,"dimensions":{"r":1,"p":null,"q":"ok"}"#,
        &["data.dimensions.r", "data.dimensions.p"],
        "must be a string, found a number",
    ),
    (
        r#""kind":"segment","name":"vip","value":1,"owners":{"a":"b"}"#,
        &["data.owners"],
        "an array of strings, found an object",
    ),
    (
        r#""kind":"segment","name":"vip","value":1,"owners":["a",1,null]"#,
        &["data.owners[1]", "data.owners[2]"],
        "found a number",
    ),
    (
        r#""value":"x","owners":1,"dimensions":2,"sequence":3.5,"name":4,"kind":5"#,
        &["data.kind", "data.name", "data.value", "data.sequence", "data.dimensions", "data.owners"],
        "found a string",
    ),
];

#[test]
fn every_hostile_document_is_refused_at_its_offending_byte_in_clear_words() {
    assert!(DOCUMENTS.len() >= 150, "only {}", DOCUMENTS.len());
    let mut wrong = Vec::new();
    for (marked, kind, part) in DOCUMENTS {
        let (document, place) = unmarked(marked);
        let error = Event::from_json(document.as_bytes()).err();
        let found = error.as_ref().map(|error| (error.kind(), error.place().unwrap_or("nowhere").to_owned()));
        let said = error.map_or_else(String::new, |error| error.to_string());
        if found != Some((*kind, place.clone())) || !said.contains(part) {
            wrong.push(format!(
                "{marked}\n  wanted {kind:?} at {place}: …{part}…\n  found  {found:?}: {said}"
            ));
        }
        let control = said.chars().any(char::is_control);
        if control || said.ends_with('.') || said.len() > 250 {
            wrong.push(format!("{marked}\n  is not said well: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), DOCUMENTS.len(), wrong.join("\n"));
}

/// The document without its mark, and the line and column where that stood.
fn unmarked(marked: &str) -> (String, String) {
    let full = marked.replace(REQUIRED.0, REQUIRED.1);
    let (before, after) = full.split_once(MARK).unwrap();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().len() + 1;
    (format!("{before}{after}"), format!("{line}:{column}"))
}

#[test]
fn a_long_value_is_cut_where_a_message_shows_it() {
    let (digits, word) = ("1".repeat(1_000), "é".repeat(1_000));
    for text in [
        format!("{{\"specversion\":\"{word}\"}}"),
        format!("{{{},\"time\":\"{word}\"}}", REQUIRED.1),
        format!("{{{},\"time\":\"2026-03-01T02:00:07.{digits}Z\"}}", REQUIRED.1),
        format!("{{{},\"{word}\":1}}", REQUIRED.1),
        format!("{{{},\"{digits}\":1,\"{digits}\":1}}", REQUIRED.1),
        format!("{{{},\"ext\":{digits}}}", REQUIRED.1),
        format!("{{{},\"{digits}\":1.5}}", REQUIRED.1),
        format!("{{{},\"data\":{digits}}}", REQUIRED.1),
        format!("{{{},\"data\":-0{digits}}}", REQUIRED.1),
        format!("{{{},\"data\":{{\"{word}\":1,\"{word}\":1}}}}", REQUIRED.1),
        format!("{{{},\"data\":x{digits}}}", REQUIRED.1),
        format!("{{{}}}{digits}", REQUIRED.1),
        format!("{{{digits}:1}}"),
        word.clone(),
    ] {
        let said = Event::from_json(text.as_bytes()).unwrap_err().to_string();
        assert!(said.contains('…') || said.len() < 60, "{said}");
        assert!(said.len() < 300, "{said}");
    }
    let data = format!(r#"{{"kind":{digits},"name":"vip","value":{},"sequence":{digits}}}"#, &digits[..300]);
    let said = ValueObserved::from_data_json(&data).unwrap_err().to_string();
    assert!(said.contains('…') && said.len() < 500, "{said}");
}

#[test]
fn every_fault_of_an_observation_is_listed_with_its_path() {
    for (members, paths, part) in OBSERVATIONS {
        let text = format!(r#"{{{},"data":{{{members}}}}}"#, REQUIRED.1)
            .replace("\"t\"", "\"tripline.value.observed\"");
        let event = Event::from_json(text.as_bytes()).unwrap();
        let alone = format!("{{{members}}}");
        for error in [ValueObserved::from_event(&event).err(), ValueObserved::from_data_json(&alone).err()] {
            let error = error.unwrap_or_else(|| panic!("{members} is taken"));
            let found: Vec<&str> = error.faults().iter().map(tripline::Fault::path).collect();
            assert_eq!((error.kind(), &found[..]), (Invalid, *paths), "{members}: {error}");
            assert!(error.to_string().contains(part), "{members}: {error}");
        }
    }
}

#[test]
fn an_observation_needs_data_that_is_an_object() {
    for data in ["", r#","data":null"#, r#","data":[1]"#, r#","data":"x""#, r#","data_base64":"eA==""#] {
        let text = format!(r#"{{{}{data}}}"#, REQUIRED.1).replace("\"t\"", "\"tripline.value.observed\"");
        let event = Event::from_json(text.as_bytes()).unwrap();
        let error = ValueObserved::from_event(&event).unwrap_err();
        assert_eq!((error.kind(), error.faults()[0].path()), (Invalid, "data"), "{text}");
    }
}

#[test]
fn bytes_that_are_no_utf_8_are_refused_where_they_stand() {
    for (bytes, place, part) in [
        (&b"\xff"[..], "1:1", "0xff"),
        (b"{\"id\":\"\xff\"}", "1:8", "0xff"),
        (b"{\n\"id\": \"a\xc3\"}", "2:9", "0xc3"),
        (b"{\"id\":\"\xed\xa0\x80\"}", "1:8", "0xed"),
        (b"{\"id\":\"\xc0\xaf\"}", "1:8", "0xc0"),
        (b"{\"id\":\"\xf4\x90\x80\x80\"}", "1:8", "0xf4"),
        (b"{\"\x80\":1}", "1:3", "0x80"),
        (b"\xef\xbb\xbf{}", "1:1", "byte order mark"),
        (b"\xfe\xff\x00{", "1:1", "0xfe"),
        (b"{\"id\":\"caf\xe9\"}", "1:11", "0xe9"),
    ] {
        let error = Event::from_json(bytes).unwrap_err();
        assert_eq!((error.kind(), error.place()), (Syntax, Some(place)), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn a_size_over_the_limit_names_both_and_one_at_it_is_taken() {
    let event = |pad: usize| format!(r#"{{{},"data":"{}"}}"#, REQUIRED.1, "x".repeat(pad));
    let limit = 256 << 10;
    let fits = event(limit - event(0).len());
    assert!(Event::from_json(fits.as_bytes()).is_ok());
    let over = format!("{fits}\n");
    let error = Event::from_json(over.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "1:262145: the event has 262145 bytes, over the limit of 262144");
    let batch = format!("[{fits},\n{over}]");
    assert!(Event::batch_from_json(batch.as_bytes()).is_ok(), "white space around is not the event's");
    let error = Event::batch_from_json(format!("[{fits},\n {}]", event(limit)).as_bytes()).unwrap_err();
    assert_eq!((error.kind(), error.place()), (Limit, Some("2:2")));
}

#[test]
fn a_depth_over_the_limit_is_refused_at_the_bracket_that_is_too_deep() {
    let nested =
        |levels: usize| format!(r#"{{{},"data":{}1{}}}"#, REQUIRED.1, "[".repeat(levels), "]".repeat(levels));
    let start = nested(0).find("1}").unwrap();
    assert!(Event::from_json(nested(63).as_bytes()).is_ok(), "the event is the first level");
    for levels in [64, 65, 127, 128, 129, 1_000, 100_000] {
        let error = Event::from_json(nested(levels).as_bytes()).unwrap_err();
        assert_eq!((error.kind(), error.place()), (Limit, Some(&*format!("1:{}", start + 64))), "{levels}");
        assert!(error.to_string().ends_with("nested deeper than the limit of 64 levels"), "{error}");
    }
    let objects = format!(r#"{{{},"data":{}1{}}}"#, REQUIRED.1, r#"{"a":"#.repeat(64), "}".repeat(64));
    let error = Event::from_json(objects.as_bytes()).unwrap_err();
    assert_eq!((error.kind(), error.place()), (Limit, Some(&*format!("1:{}", start + 63 * 5 + 1))));
    for field in ["dimensions", "name", "other"] {
        let text = nested(63).replace("\"data\":", &format!("\"data\":{{\"{field}\":")).replace("]}", "]}}");
        assert_eq!(Event::from_json(text.as_bytes()).unwrap_err().kind(), Limit, "{field}");
    }
    let deepest = Reader::new().with_max_depth(usize::MAX);
    assert!(deepest.read(nested(126).as_bytes()).is_ok());
    assert_eq!(deepest.read(nested(127).as_bytes()).unwrap_err().kind(), Limit);
    assert_eq!(Reader::new().with_max_depth(1).read(nested(1).as_bytes()).unwrap_err().kind(), Limit);
    assert!(Reader::new().with_max_depth(1).read(nested(0).as_bytes()).is_ok());
    assert!(Data::json("[".repeat(63) + &"]".repeat(63)).is_ok());
    assert_eq!(Data::json("[".repeat(64) + &"]".repeat(64)).unwrap_err().place(), Some("1:64"));
}

#[test]
fn a_batch_is_bounded_and_its_faults_are_placed_in_the_whole_text() {
    let event = format!("{{{}}}", REQUIRED.1);
    let batch = |events: usize| format!("[{}]", vec![&*event; events].join(",\n"));
    assert_eq!(Event::batch_from_json(batch(10_000).as_bytes()).unwrap().len(), 10_000);
    let error = Event::batch_from_json(batch(10_001).as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "10001:1: the batch holds more events than the limit of 10000");
    for (text, kind, place) in [
        ("".to_owned(), Syntax, "1:1"),
        (event.clone(), Invalid, "1:1"),
        ("[".to_owned(), Syntax, "1:2"),
        (format!("[{event}"), Syntax, "1:57"),
        (format!("[{event},]"), Syntax, "1:58"),
        (format!("[{event}] x"), Syntax, "1:59"),
        (format!("[{event},\n  17]"), Invalid, "2:3"),
        (format!("[{event},\n  {{\"id\": 7}}]"), Invalid, "2:10"),
        (format!("[[{event}]]"), Invalid, "1:2"),
        (format!("[{event},\n{{\"id\":\"\\udead\"}}]"), Syntax, "2:8"),
        ("[null]".to_owned(), Invalid, "1:2"),
    ] {
        let error = Event::batch_from_json(text.as_bytes()).unwrap_err();
        assert_eq!((error.kind(), error.place()), (kind, Some(place)), "{text}: {error}");
        let error = Reader::new().with_first_line(40).read_batch(text.as_bytes()).unwrap_err();
        let (line, column) = place.split_once(':').unwrap();
        let moved = format!("{}:{column}", line.parse::<u64>().unwrap() + 39);
        assert_eq!(error.place(), Some(&*moved));
    }
}

#[test]
fn an_object_of_very_many_keys_takes_no_quadratic_time() {
    let keys: Vec<String> = (0..20_000).map(|i| format!(r#""{i:06}":0"#)).collect();
    let (inside, outside) = (keys.join(","), keys.join(",").replace(":0", ":null"));
    for text in
        [format!(r#"{{{},"data":{{{inside}}}}}"#, REQUIRED.1), format!("{{{},{outside}}}", REQUIRED.1)]
    {
        assert!(Reader::new().with_max_bytes(1 << 20).read(text.as_bytes()).is_ok());
        let twice = text.replacen("019999", "000007", 1);
        let error = Reader::new().with_max_bytes(1 << 20).read(twice.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("\"000007\" comes twice"), "{error}");
    }
}

/// What a reader must survive in every mutilation: all members, escapes, every type.
const WHOLE: &str = r#" {"specversion":"1.0","id":"t-1é\u00e9","source":"/s","type":"tripline.value.observed",
 "time":"2026-03-01T02:00:07.5+01:00","subject":"a","datacontenttype":"application/json","dataschema":"https://x/y",
 "ext1":true,"ext2":-17,"ext3":"\ud83d\ude00","ext4":null,"d\u0061ta_base64":null,
 "data" : {"kind":"segment","name":"vip","dimensions":{"r":"EM\"EA","p":"x"},"value":-12.5e1,"sequence":3,
 "owners":["ana@contoso.example"],"more":[{"a":[1,2,{"b":null}],"c":true},"x",false,[]]} } "#;

#[test]
fn no_prefix_of_a_document_is_taken_and_none_makes_the_reader_panic() {
    assert!(Event::from_json(WHOLE.as_bytes()).is_ok());
    let bytes = WHOLE.trim_end().as_bytes();
    for end in 0..bytes.len() {
        let error = Event::from_json(&bytes[..end]).unwrap_err();
        assert!(error.place().is_some(), "{error}");
        assert!(Event::batch_from_json(&bytes[..end]).is_err());
    }
}

#[test]
fn no_byte_replaced_left_out_or_doubled_makes_the_reader_panic() {
    let bytes = WHOLE.as_bytes();
    let mut refused = 0;
    let mut read = |bytes: &[u8]| match Event::from_json(bytes) {
        Ok(event) => {
            assert!(serde_json::from_slice::<serde_json::Value>(bytes).is_ok(), "{}", bytes.escape_ascii());
            assert_eq!(Event::from_json(event.to_json().as_bytes()).unwrap(), event);
            // What the reader noted on its way, and what the data alone says.
            let owned = event.clone().into_owned();
            match (ValueObserved::from_event(&event), ValueObserved::from_event(&owned)) {
                (Ok(noted), Ok(said)) => assert_eq!(noted, said),
                (noted, said) => assert_eq!(noted.unwrap_err().to_string(), said.unwrap_err().to_string()),
            }
        }
        Err(error) => {
            refused += 1;
            let (line, column) = error.place().unwrap().split_once(':').unwrap();
            assert!(
                line.parse::<usize>().unwrap() <= 6 && column.parse::<usize>().unwrap() <= 200,
                "{error}"
            );
        }
    };
    for at in 0..bytes.len() {
        for byte in
            [0x00, 0xff, b'"', b'{', b'}', b'[', b'\\', b',', b':', b'0', b'e', b'-', b'\n', b' ', 0x80]
        {
            let mut changed = bytes.to_vec();
            changed[at] = byte;
            read(&changed);
        }
        read(&[&bytes[..at], &bytes[at + 1..]].concat());
        read(&[&bytes[..at], &bytes[at..=at], &bytes[at..]].concat());
    }
    assert!(refused > bytes.len(), "only {refused} were refused");
}

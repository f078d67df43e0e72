//! What nobody sends by accident: every refusal is said, counted, and harms nothing else.

use super::{read, read_with};
use tripline::ErrorKind;
use tripline::builtin::customer_insights::{Ignored, LogReader};

const GOOD: &str = r#"{"time":"2026-03-01T02:00:07Z","operationName":"Map.TaskCompleted","resultType":"Successful","properties":{"instanceId":"i"}}"#;

/// Puts `bad` between two good records in all the shapes, and gives what is said of it.
fn between(bad: &[u8]) -> Vec<String> {
    let good = GOOD.as_bytes();
    let mut all: Vec<Vec<String>> = Vec::new();
    for (start, separator, end) in
        [("", "\n", "\n"), ("[", ",", "]"), ("{\"records\":[", ",", "]}"), ("[\n", ",\n", "\n]\n")]
    {
        let log =
            [start.as_bytes(), good, separator.as_bytes(), bad, separator.as_bytes(), good, end.as_bytes()];
        let (said, report) = read(log.concat());
        let shown = String::from_utf8_lossy(&log.concat()).into_owned();
        assert!(said.len() >= 2 && said[0].is_ok() && said[said.len() - 1].is_ok(), "{shown}: {said:?}");
        assert_eq!(report.events(), 2, "{shown}");
        assert_eq!(report.lost_bytes(), 0, "{shown}");
        let refusals = said.into_iter().filter_map(Result::err);
        // The place differs from shape to shape.
        all.push(refusals.map(|refusal| refusal.split_once(": ").unwrap().1.to_owned()).collect());
    }
    assert!(all.iter().all(|said| *said == all[0]), "{all:?}");
    all.swap_remove(0)
}

fn task(properties: &str) -> String {
    GOOD.replace(r#"{"instanceId":"i"}"#, properties)
}

#[test]
fn bytes_that_are_no_utf_8_are_refused() {
    for bytes in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\xaf"] {
        let record = [br#"{"time":""#, bytes, br#""}"#].concat();
        let expected = format!("the byte 0x{:02x} is not UTF-8 here", bytes[0]);
        assert_eq!(between(&record), [expected]);
    }
}

#[test]
fn lone_surrogates_bad_escapes_and_control_characters_are_refused() {
    for text in [r"\ud800", r"\udc00", r"\ud800\u0041", r"\x", r"\u12", "\u{0}", "\t"] {
        let said = between(task(&format!(r#"{{"instanceId":"i","error":"{text}"}}"#)).as_bytes());
        assert_eq!(said.len(), 1, "{text}: {said:?}");
    }
    assert_eq!(
        between(task(r#""{\"instanceId\":\"i\",\"error\":\"\\ud800\"}""#).as_bytes()),
        [r#"`properties` holds no JSON at byte 28 of its text: unexpected end of hex escape: "\\ud800""#]
    );
}

#[test]
fn a_key_twice_is_refused_wherever_it_is() {
    let said = r#"the key "time" comes twice in one object"#;
    assert_eq!(between(br#"{"time":"2026-03-01T02:00:07Z","time":"2026-03-01T02:00:07Z"}"#), [said]);
    assert_eq!(between(br#"{"time":"2026-03-01T02:00:07Z","ti\u006de":7}"#), [said]);
    assert_eq!(
        between(task(r#"{"instanceId":"i","instanceId":"j"}"#).as_bytes()),
        [r#"the key "instanceId" comes twice in one object"#]
    );
    assert_eq!(
        between(task(r#""{\"instanceId\":\"i\",\"instanceId\":\"j\"}""#).as_bytes()),
        [
            r#"`properties` holds no JSON at byte 19 of its text: the key "instanceId" comes twice in one object"#
        ]
    );
}

#[test]
fn what_is_no_json_number_is_refused() {
    for (number, said) in [
        ("NaN", "NaN is not a JSON value"),
        ("Infinity", "Infinity is not a JSON value"),
        ("-Infinity", "-Infinity is not a JSON value"),
        ("01", "01 is not a JSON value"),
        ("1e999", "1e999 is beyond the range of a 64-bit float, about 1.8e308"),
        ("+1", "+1 is not a JSON value"),
        (".5", ".5 is not a JSON value"),
    ] {
        let said_of = between(task(&format!(r#"{{"instanceId":"i","tasksCount":{number}}}"#)).as_bytes());
        assert_eq!(said_of.len(), 1, "{number}");
        assert!(said_of[0] == said || number == "01", "{number}: {said_of:?}");
    }
}

#[test]
fn nesting_is_bounded_and_the_bound_holds_in_a_string_too() {
    // The record and its properties are two levels.
    let nested =
        |levels: usize| format!(r#"{{"instanceId":"i","x":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    assert_eq!(between(task(&nested(1000)).as_bytes()), ["nested deeper than the limit of 64 levels"]);
    assert_eq!(between(task(&nested(63)).as_bytes()), ["nested deeper than the limit of 64 levels"]);
    let held = |levels: usize| task(&serde_json::to_string(&nested(levels)).unwrap());
    assert_eq!(
        between(held(64).as_bytes()),
        ["`properties` holds no JSON at byte 86 of its text: nested deeper than the limit of 64 levels"]
    );
    for sound in [task(&nested(62)), held(63)] {
        assert!(read(&sound).0[0].is_ok(), "{sound}");
    }
    let mut reader = LogReader::new();
    let error = reader.read(held(64).as_bytes()).unwrap_err();
    assert_eq!((error.kind(), error.place()), (ErrorKind::Limit, Some("1:1")));
    assert_eq!(reader.report().refused().names().collect::<Vec<_>>(), [("properties", 1)]);
    assert!(reader.read(task(&nested(63)).as_bytes()).unwrap_err().is_limit());
    assert_eq!(reader.report().refused().names().collect::<Vec<_>>(), [("depth", 1), ("properties", 1)]);
}

#[test]
fn a_byte_order_mark_is_allowed_at_the_start_and_nowhere_else() {
    assert!(read(format!("\u{feff}{GOOD}")).0[0].is_ok());
    let (said, _) = read(format!("{GOOD}\n\u{feff}{GOOD}\n{GOOD}"));
    assert_eq!(said.iter().filter(|said| said.is_ok()).count(), 2);
    assert!(
        said[1]
            .as_ref()
            .is_err_and(|said| said.starts_with("2:1: expected a record at 2:1, found the byte 0xef"))
    );
    for cut in [&b"\xef"[..], b"\xef\xbb", b"\xef\xbbx", b"\xef{}"] {
        assert_eq!(read(cut).0.len(), 1, "{cut:?}");
    }
}

#[test]
fn a_huge_string_that_never_ends_costs_no_memory_and_is_told() {
    let mut reader = LogReader::new();
    reader.push(GOOD.as_bytes()).unwrap();
    assert!(reader.poll_event().unwrap().is_ok());
    assert!(reader.poll_event().is_none());
    reader.push(b"{\"a\":\"").unwrap();
    for _ in 0..64 {
        assert!(reader.poll_event().is_none());
        reader.push(&[b'x'; 64 << 10]).unwrap();
    }
    reader.finish();
    let error = reader.poll_event().unwrap().unwrap_err();
    assert!(error.to_string().ends_with("the record has 4194310 bytes, over the limit of 262144"), "{error}");
    assert!(reader.poll_event().is_none());
}

#[test]
fn lines_made_to_be_read_again_and_again_are_read_in_time() {
    // Each line could be the start of a record that takes all the others in.
    for (line, end) in [
        ("{\"a\":\n", "\"\n"),
        ("[\n", "\"\n"),
        ("[[\n", "\"\n"),
        ("{\"a\":[\n", "}\n"),
        ("{\"a\":[1,2,3,4,5,6,7,8,9],\"b\":[\n", "}\n"),
        ("{\"records\":[\n", "\"\n"),
        ("[{\"records\":[\n", "\"\n"),
        ("{\"a\":\"\\\n", "\n"),
    ] {
        for bytes in [200 << 10, 1 << 20] {
            let log = line.repeat(bytes / line.len()) + end + GOOD;
            let mut reader = LogReader::new();
            reader.push(log.as_bytes()).unwrap();
            reader.finish();
            let said: Vec<_> = std::iter::from_fn(|| reader.poll_event()).collect();
            assert!(said.iter().any(Result::is_err), "{line:?}");
            assert_eq!(reader.offset(), log.len() as u64);
        }
    }
}

#[test]
fn words_and_operations_without_end_are_counted_within_a_bound() {
    let log: String = (0..500)
        .map(|n| {
            GOOD.replace("Successful", &format!("word {n:03}"))
                + "\n"
                + &GOOD.replace("Map.Task", &format!("o{n:03}."))
                + "\n"
        })
        .collect();
    let (said, report) = read(log);
    assert!(said.is_empty());
    for reason in [Ignored::UnknownResult, Ignored::UnknownOperation] {
        let tally = report.ignored(reason);
        assert_eq!((tally.count(), tally.names().count(), tally.unnamed()), (500, 64, 436));
    }
    assert!(report.to_string().contains(", 436 others"), "{report}");
}

#[test]
fn what_gives_no_event_is_told_by_its_reason_whatever_else_is_wrong_with_it() {
    for (record, reason, name) in [
        (r#"{"category":"Audit"}"#, Ignored::ApiEvent, None),
        (r#"{"category":"AUDIT","properties":7,"time":[]}"#, Ignored::ApiEvent, None),
        (r#"{"properties":{"eventType":"apievent"}}"#, Ignored::ApiEvent, None),
        (r#"{"properties":"{\"eventType\":\"ApiEvent\"}"}"#, Ignored::ApiEvent, None),
        (
            r#"{"operationName":"Map.TaskCompleted","properties":{"eventType":"Other"}}"#,
            Ignored::UnknownEventType,
            Some("Other"),
        ),
        (r#"{"operationName":"Map.TaskStarted"}"#, Ignored::Started, None),
        (r#"{"operationName":"all.WORKFLOWSTARTED","resultType":7}"#, Ignored::Started, None),
        (r#"{"operationName":"Map"}"#, Ignored::UnknownOperation, Some("Map")),
        (r#"{"operationName":".TaskCompleted"}"#, Ignored::UnknownOperation, Some(".TaskCompleted")),
        (r#"{"operationName":"Map.TaskCanceled"}"#, Ignored::UnknownOperation, Some("Map.TaskCanceled")),
        (
            r#"{"operationName":"Map.TaskCompleted","resultType":"Running"}"#,
            Ignored::NotEnded,
            Some("Running"),
        ),
        (
            r#"{"operationName":"Map.WorkflowCompleted","resultType":"not started"}"#,
            Ignored::NotEnded,
            Some("not started"),
        ),
        (
            r#"{"operationName":"Map.TaskCompleted","resultType":"ClientError"}"#,
            Ignored::UnknownResult,
            Some("ClientError"),
        ),
    ] {
        let (said, report) = read(format!("{GOOD}{record}"));
        assert_eq!(said.len(), 1, "{record}: {said:?}");
        let tally = report.ignored(reason);
        assert_eq!((report.ignored_in_all(), tally.count()), (1, 1), "{record}");
        assert_eq!(tally.first(), Some(&*format!("1:{}", GOOD.len() + 1)), "{record}");
        assert_eq!(tally.names().next(), name.map(|name| (name, 1)), "{record}");
    }
}

#[test]
fn a_reader_with_other_bounds_keeps_them_for_every_text() {
    let reader = LogReader::new().with_max_bytes(GOOD.len()).with_max_depth(2);
    assert!(read_with(&reader, GOOD).0[0].is_ok());
    let mut reader = reader;
    for _ in 0..3 {
        assert!(reader.read(GOOD.as_bytes()).is_ok());
        assert!(reader.read(GOOD.replace("Map", "Maps").as_bytes()).unwrap_err().is_limit());
        assert!(reader.read(task(r#"{"x":[]}"#).as_bytes()).unwrap_err().is_limit());
    }
    assert!(LogReader::new().with_max_depth(0).read(b"{}").is_err());
}

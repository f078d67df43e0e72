//! One night's log in every shape it can come in.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tripline::Trigger;
use tripline::builtin::customer_insights::{Ignored, LogReader};
use tripline::engine::{Engine, Receipt};
use tripline::threshold::Threshold;

use super::{read, read_in_pieces};

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/customer_insights").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

const SHAPES: [&str; 4] = ["night.jsonl", "night.eventhub.json", "night.array.json", "night.messages.json"];

#[test]
fn a_night_gives_the_same_events_in_every_shape_and_however_it_is_cut() {
    let expected: Vec<Result<String, String>> = String::from_utf8(file("night.events.ndjson"))
        .unwrap()
        .lines()
        .map(|line| Ok(line.to_owned()))
        .collect();
    for shape in SHAPES {
        let (said, report) = read(file(shape));
        assert_eq!(said.len(), expected.len(), "{shape}");
        for (said, expected) in said.iter().zip(&expected) {
            assert_eq!(said, expected, "{shape}");
        }
        assert_eq!((report.records(), report.told(), report.events()), (20, 14, 16), "{shape}");
    }
}

#[test]
fn what_a_night_gives_no_event_for_is_counted_and_named() {
    let (_, report) = read(file("night.jsonl"));
    assert_eq!(
        report.to_string(),
        "20 records, 16 events; ignored 6: 2 apiEvent, 2 started, 1 notEnded (Running), 1 unknownResult (PartlyDone); \
         set aside 1: properties.startTimestamp (first at 20:1)"
    );
    let first = |reason| report.ignored(reason).first().unwrap().to_owned();
    assert_eq!(first(Ignored::ApiEvent), "5:1");
    assert_eq!(first(Ignored::Started), "1:1");
    assert_eq!(first(Ignored::NotEnded), "15:1");
    assert_eq!(first(Ignored::UnknownResult), "17:1");
}

#[test]
fn a_log_read_twice_gives_duplicates_that_an_engine_ignores() {
    let now: DateTime<Utc> = "2026-03-01T03:00:00Z".parse().unwrap();
    let mut engine = Engine::new();
    let vip = Threshold::above(1000.0).with_on_first(tripline::threshold::OnFirst::Fire);
    for trigger in [
        Trigger::segment_threshold_crossed("vip-1000", "vip", vip),
        Trigger::no_data("churn-silent", "segment", "churn_risk", Duration::from_secs(86_400)),
    ] {
        engine.add(now, trigger.build().unwrap()).unwrap();
    }
    for (reading, shape) in SHAPES.iter().enumerate() {
        let mut reader = LogReader::new();
        for event in reader.read(&file(shape)).unwrap() {
            if event.event_type() == "tripline.value.observed" {
                let receipt = engine.handle_event(now, &event).unwrap();
                let expected = if reading == 0 { Receipt::Accepted } else { Receipt::Duplicate };
                assert_eq!(receipt, expected, "{shape}: {}", event.to_json());
            }
        }
    }
    let firing = engine.poll_firing().unwrap();
    assert_eq!((firing.trigger(), firing.value()), ("vip-1000", Some(1004.0)));
    assert!(engine.poll_firing().is_none());
}

#[test]
fn a_reader_started_at_the_offset_of_another_gives_the_rest() {
    let log = file("night.jsonl");
    let (whole, _) = read_in_pieces(LogReader::new(), &log, 4096);
    for cut in (0..log.len()).step_by(97) {
        let mut reader = LogReader::new();
        let mut said = Vec::new();
        reader.push(&log[..cut]).unwrap();
        while let Some(event) = reader.poll_event() {
            said.push(event.map(|event| event.to_json()).map_err(|error| error.to_string()));
        }
        let offset = usize::try_from(reader.offset()).unwrap();
        assert!(offset <= cut);
        said.extend(read_in_pieces(LogReader::new(), &log[offset..], 4096).0);
        assert_eq!(said, whole, "cut at {cut}, read on at {offset}");
    }
}

#[test]
fn between_the_two_events_of_a_record_the_offset_is_before_it() {
    let log = concat!(
        r#"{"category":"Audit"}"#,
        "\n",
        r#"{"time":"2026-03-01T02:03:00Z","operationName":"Segmentation.TaskCompleted","resultType":"Successful","#,
        r#""properties":{"instanceId":"contoso","identifier":"vip","additionalInfo":{"tableCount":7}}}"#,
    );
    let mut reader = LogReader::new();
    reader.push(log.as_bytes()).unwrap();
    assert!(reader.poll_event().is_some_and(|event| event.is_ok()));
    assert_eq!(reader.offset(), 21);
    assert!(reader.poll_event().is_some_and(|event| event.is_ok()));
    assert_eq!(reader.offset(), log.len() as u64);
}

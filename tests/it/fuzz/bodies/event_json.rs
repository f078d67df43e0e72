//! An event, or a batch of them, from JSON; and what the engine makes of it.

use chrono::DateTime;
use tripline::Trigger;
use tripline::engine::Engine;
use tripline::event::{Event, Reader, ValueObserved};

use super::told::refused;

pub(crate) fn body(data: &[u8]) {
    match Event::from_json(data) {
        Ok(event) => {
            is_written(&event);
            is_judged(&event);
            let limits = Reader::new().with_max_bytes(data.len()).with_max_depth(128);
            assert_eq!(limits.read(data).expect("it is as long as allowed"), event);
            let short = Reader::new().with_max_bytes(data.len() - 1).read(data);
            assert!(short.is_err_and(|error| error.is_limit()));
        }
        Err(error) => refused(&error, data.len()),
    }
    match Event::batch_from_json(data) {
        Ok(events) => {
            events.iter().for_each(is_written);
            let json = Event::batch_to_json(&events);
            assert_eq!(
                Event::batch_from_json(json.as_bytes()).expect("what is written is read"),
                events,
                "{json}"
            );
        }
        Err(error) => refused(&error, data.len()),
    }
}

fn is_written(event: &Event<'_>) {
    let json = event.to_json();
    let again = Event::from_json(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert_eq!(again, *event, "{json}");
    assert_eq!(again.to_json(), json);
    if let Ok(Some(observed)) = ValueObserved::from_event(event) {
        let data = observed.to_data_json();
        assert_eq!(ValueObserved::from_data_json(&data).as_ref().ok(), Some(&observed), "{data}");
    }
}

/// The engine refuses it or takes it, and the second time calls it a duplicate where it took it.
fn is_judged(event: &Event<'_>) {
    let mut engine = Engine::builder().with_skew(None).build();
    for json in TRIGGERS {
        let trigger = Trigger::from_json(json).expect("a trigger of ours");
        engine.add(DateTime::UNIX_EPOCH, trigger).expect("a trigger of ours");
    }
    let before = engine.snapshot();
    if engine.handle_event(DateTime::UNIX_EPOCH, event).is_err() {
        assert!(engine.poll_firing().is_none());
        assert_eq!(engine.triggers().count(), TRIGGERS.len());
        return;
    }
    let fired = std::iter::from_fn(|| engine.poll_firing()).count();
    let after = engine.snapshot();
    assert!(fired == 0 || before != after);
    let _ = engine.handle_event(DateTime::UNIX_EPOCH, event).expect("what was taken once is not refused");
    let again: Vec<_> = std::iter::from_fn(|| engine.poll_firing()).collect();
    assert!(again.is_empty(), "it fires twice: {again:?}");
}

const TRIGGERS: [&str; 8] = [
    r#"{"id":"segment","on":{"type":"segmentThresholdCrossed","segment":"*","above":3,"onFirst":"fire"}}"#,
    r#"{"id":"measure","on":{"type":"measureThresholdCrossed","measure":"*","below":3,"onFirst":"fire"}}"#,
    r#"{"id":"silent","on":{"type":"noData","kind":"segment","name":"*","within":"P1D"}}"#,
    r#"{"id":"failed","on":{"type":"dataSourceRefreshFailed","dataSource":"*"}}"#,
    r#"{"id":"well","on":{"type":"dataSourceRefreshSucceeded","dataSource":"*"}}"#,
    r#"{"id":"full","on":{"type":"fullRefreshCompleted"}}"#,
    r#"{"id":"unified","on":{"type":"unificationCompleted"}}"#,
    r#"{"id":"any","on":{"type":"eventReceived","eventType":"x.y"}}"#,
];

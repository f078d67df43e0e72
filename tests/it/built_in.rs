//! The built-in actions: what they put on the wire, held against golden files, against hostile input and against what
//! others make of it. (The conformance suite of `testing` runs on each of them from here too.)

#[cfg(feature = "testing")]
mod conformance;
mod customer_insights;
mod email;
mod teams;
mod webhook;

use chrono::{DateTime, Utc};
use http::Request;
use serde_json::Value;
use tripline::Trigger;
use tripline::action::ActionContext;
use tripline::engine::Engine;
use tripline::event::{Event, Failure, Item, RefreshCompleted, ValueObserved};
use tripline::firing::Firing;
use tripline::threshold::Threshold;

/// What must be seen nowhere.
const CANARY: &str = "CANARY-7f3a";

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_330_400 + second, 0).unwrap()
}

/// What fires when `trigger` sees these events, one a minute.
fn fired(trigger: Trigger, events: impl IntoIterator<Item = Event<'static>>) -> Firing {
    let mut engine = Engine::new();
    engine.add(at(0), trigger).unwrap();
    for (minute, event) in (0..).zip(events) {
        let _ = engine.handle_event(at(60 * minute), &event.with_time(at(60 * minute))).unwrap();
    }
    engine.poll_firing().expect("it fires")
}

/// A data source whose refresh failed, with what comes from outside in every place.
fn failed_refresh(name: &str, message: &str, owners: &[&str]) -> Firing {
    let trigger = Trigger::data_source_refresh_failed("loyalty", "*").build().unwrap();
    let task = RefreshCompleted::new("ingestion", "failed")
        .with_item(Item::new("ds-42").with_name(name.to_owned()))
        .with_failure(Failure::new().with_message(message.to_owned()))
        .with_job_id("j-9")
        .with_owners(owners.iter().map(|owner| (*owner).to_owned()));
    fired(trigger, [task.into_event("t-17", "/instances/contoso").unwrap().into_owned()])
}

fn crossed_segment(name: &str, owners: &[&str]) -> Firing {
    let trigger =
        Trigger::segment_threshold_crossed("vip-1000", name, Threshold::above(1000.0)).build().unwrap();
    fired(
        trigger,
        [(998.0, "t-16"), (1004.0, "t-17")].map(|(members, id)| {
            let value = ValueObserved::new("segment", name.to_owned(), members)
                .with_owners(owners.iter().map(|owner| (*owner).to_owned()));
            value.into_event(id, "/instances/contoso").unwrap().into_owned()
        }),
    )
}

fn context(firing: Firing) -> ActionContext {
    let key = firing.id().to_string();
    ActionContext::new(at(3_600), key).with_firing(firing)
}

/// A request as a person reads it: the line, the headers in order, the body (JSON over several lines).
fn shown(request: &Request<Vec<u8>>) -> String {
    let mut text = format!("{} {}\n", request.method(), request.uri());
    let mut headers: Vec<_> = request.headers().iter().collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
    }
    text.push('\n');
    match serde_json::from_slice::<Value>(request.body()) {
        Ok(json) => text.push_str(&serde_json::to_string_pretty(&json).unwrap()),
        Err(_) => text.push_str(std::str::from_utf8(request.body()).unwrap()),
    }
    text.push('\n');
    text
}

/// Held byte for byte. `TRIPLINE_GOLDEN=write` writes the file, to be read before it is committed.
fn assert_golden(file: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    if std::env::var_os("TRIPLINE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == text, "{file} is not what is sent:\n{text}");
}

/// Every ASCII control character in the middle of an otherwise good text, and what breaks lines beyond ASCII.
fn hostile_lines() -> impl Iterator<Item = String> {
    let controls = (0..0x20).chain([0x7f]).map(char::from);
    controls
        .chain(['\u{85}', '\u{2028}', '\u{2029}', '\u{202E}'])
        .map(|odd| format!("a{odd}Bcc: eve@evil.example"))
}

/// Polls until it is ready; nothing here waits for another thread.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

//! Templates and conditions over data of strangers.

use serde_json::{Value, json};
use tripline::Trigger;
use tripline::engine::Engine;
use tripline::event::ValueObserved;
use tripline::firing::Firing;
use tripline::flow::{Flow, Flows, Step};

use super::input::Input;
use super::scenario::{at, registry};

/// The most bytes that a template may make (SPEC section 11).
const MOST: usize = 256 << 10;

pub(crate) fn body(data: &[u8]) {
    let mut input = Input(data);
    let (template, condition) = (input.until(0), input.until(0));
    let (template, condition) = (String::from_utf8_lossy(template), String::from_utf8_lossy(condition));
    let hostile = String::from_utf8_lossy(input.0);
    let Some(firing) = firing(&hostile) else { return };
    author(&firing, &template, &condition);
    stranger(&firing);
}

/// Whatever its author writes: refused when it is defined, or rendered within bounds, or failed with a reason.
fn author(firing: &Firing, template: &str, condition: &str) {
    let step = |name: &str| {
        Step::new(name, "postNote")
            .with_input("text", template)
            .with_input("body", template)
            .with_input("link", template)
            .with_input("to", json!([template]))
    };
    let mut flow = Flow::builder(trigger()).with_step(step("plain"));
    if !condition.is_empty() {
        flow = flow.with_step(step("asked").with_run_at_once().with_condition(condition));
    }
    let flow = match flow.build() {
        Ok(flow) => flow,
        Err(error) => {
            assert!(!error.faults().is_empty(), "{error}");
            for fault in error.faults() {
                assert!(fault.path().starts_with("steps[") && fault.message().len() < 1_000, "{fault}");
            }
            return;
        }
    };
    let again = Flow::from_json(&flow.to_json()).expect("what is written is read");
    assert_eq!(again, flow);
    let (once, twice) = (run(&flow, firing), run(&flow, firing));
    assert_eq!(once, twice, "it does not render the same twice");
    for (input, failure) in once {
        // Neither, where its condition is not met.
        assert!(input.is_none() || failure.is_none());
        let written = input.map(|input| input.to_string().len()).unwrap_or_default();
        assert!(written <= 8 * MOST, "{written} bytes of {template:?}");
        assert!(failure.is_none_or(|why| !why.is_empty() && why.len() < 4_000));
    }
}

/// What comes from data stands where the author put it, as it is or escaped, and is never a template.
fn stranger(firing: &Firing) {
    let name = firing.series().expect("of a series").name().to_owned();
    let step = Step::new("a", "postNote")
        .with_input("text", "{{ trigger.series.name }}")
        .with_input("body", "<p>{{ trigger.series.name }}</p>")
        .with_input("link", "https://x.example/{{ trigger.series.name }}?q")
        .with_input("card", json!({"head": "<{{ trigger.series.name }}>"}));
    let flow = Flow::builder(trigger()).with_step(step).build().expect("a flow of ours");
    for (input, failure) in run(&flow, firing) {
        let Some(input) = input else {
            // Only what its fields refuse.
            assert!(failure.is_some_and(|why| !why.contains("template")));
            continue;
        };
        assert_eq!(input["text"], *name);
        assert_eq!(input["card"]["head"], format!("<{name}>"));
        let body = input["body"].as_str().expect("a text");
        let inner =
            body.strip_prefix("<p>").and_then(|body| body.strip_suffix("</p>")).expect("the author's tags");
        assert!(!inner.contains(['<', '>', '"', '\'']), "{inner}");
        assert_eq!(unescaped(inner), name);
        let link = input["link"].as_str().expect("a text");
        let inner = link
            .strip_prefix("https://x.example/")
            .and_then(|link| link.strip_suffix("?q"))
            .expect("the author's");
        assert!(!inner.contains(['/', '?', '#', '&', '=', '\\', ' ', '"']) && inner.is_ascii(), "{inner}");
    }
}

fn run(flow: &Flow, firing: &Firing) -> Vec<(Option<Value>, Option<String>)> {
    let mut flows = Flows::new(registry());
    if let Err(error) = flows.define(at(0), flow.clone()) {
        assert!(!error.faults().is_empty(), "{error}");
        return Vec::new();
    }
    let receipt = flows.handle_firing(at(1), firing).expect("there is room");
    let rendered = receipt.rendered().iter();
    rendered.map(|one| (one.input().cloned(), one.failure().map(str::to_owned))).collect()
}

fn trigger() -> Trigger {
    let json =
        r#"{"id":"f","on":{"type":"segmentThresholdCrossed","segment":"*","above":1000,"onFirst":"fire"}}"#;
    Trigger::from_json(json).expect("a trigger of ours")
}

fn firing(name: &str) -> Option<Firing> {
    let mut engine = Engine::new();
    engine.add(at(0), trigger()).expect("a trigger of ours");
    let observed = ValueObserved::new("segment", name, 1_004.0).with_owners([name, "ana"]);
    let event = observed.into_event("e-1", "/s").ok()?.with_time(at(0));
    let _ = engine.handle_event(at(0), &event).ok()?;
    engine.poll_firing()
}

fn unescaped(text: &str) -> String {
    let pairs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#39;", "'"), ("&#x2f;", "/")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)).replace("&amp;", "&")
}

//! Flows in JSON: read, written, and every fault of a file at once.

use std::time::Duration;

use serde_json::json;
use tripline::action::{Registry, RetryPolicy};
use tripline::event::filter::Filter;
use tripline::flow::{Concurrency, Flow, Step, StepOutcome};
use tripline::threshold::Threshold;
use tripline::{ErrorKind, Trigger};

use super::registry;

const GOLDEN: &str = r#"{"id":"vip-1000","name":"VIPs","enabled":false,"trigger":{"type":"segmentThresholdCrossed","segment":"vip","above":1000,"rearm":950},"source":"/instances/contoso","where":[{"prefix":{"subject":"eu/"}}],"cooldown":"PT1H","limit":{"max":30,"per":"P1D"},"steps":[{"name":"tell","action":"postNote","inputs":{"copies":2,"text":"VIPs: {{ trigger.value }}","to":["ana@contoso.example"]},"if":"trigger.value > 1200","retry":{"type":"fixed","count":2,"interval":"PT30S"},"retryUnsafe":true,"timeout":"PT5M","connection":"board/sales"},{"name":"log","action":"log","runAfter":{}},{"name":"complain","action":"postNote","inputs":{"text":"{{ steps.tell.error }}"},"runAfter":{"log":["succeeded"],"tell":["failed","timedOut"]}}],"concurrency":{"runs":1,"waiting":7}}"#;

fn golden() -> Flow {
    let trigger =
        Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0).with_rearm(950.0))
            .with_name("VIPs")
            .with_enabled(false)
            .with_source("/instances/contoso")
            .with_filter(Filter::prefix([("subject", "eu/")]).unwrap())
            .with_cooldown(Duration::from_secs(3600))
            .with_limit(30, Duration::from_secs(86_400))
            .build()
            .unwrap();
    let tell = Step::new("tell", "postNote")
        .with_input("text", "VIPs: {{ trigger.value }}")
        .with_input("copies", 2)
        .with_input("to", json!(["ana@contoso.example"]))
        .with_condition("trigger.value > 1200")
        .with_retry(RetryPolicy::fixed(2, Duration::from_secs(30)).build().unwrap())
        .with_retry_unsafe(true)
        .with_timeout(Duration::from_secs(300))
        .with_connection("board/sales");
    let complain = Step::new("complain", "postNote")
        .with_input("text", "{{ steps.tell.error }}")
        .with_run_after("tell", [StepOutcome::TimedOut, StepOutcome::Failed])
        .with_run_after("log", [StepOutcome::Succeeded]);
    Flow::builder(trigger)
        .with_step(tell)
        .with_step(Step::new("log", "log").with_run_at_once())
        .with_step(complain)
        .with_concurrency(Concurrency::of(1).with_waiting(7))
        .build()
        .unwrap()
}

fn faults(text: &str, registry: Option<&Registry>) -> Vec<String> {
    let error = match registry {
        Some(registry) => Flow::list_from_json_checked(text, registry).unwrap_err(),
        None => Flow::list_from_json(text).unwrap_err(),
    };
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    error.faults().iter().map(ToString::to_string).collect()
}

#[test]
fn a_flow_is_written_as_its_golden_text_and_read_back_the_same() {
    let flow = golden();
    assert_eq!(flow.to_json(), GOLDEN);
    assert_eq!(Flow::from_json(GOLDEN).unwrap(), flow);
    flow.validate(&registry()).unwrap();
}

#[test]
fn a_file_is_one_flow_an_array_or_an_object_with_flows() {
    for text in [GOLDEN.to_owned(), format!("[{GOLDEN}]"), format!("{{\"flows\":[{GOLDEN}]}}")] {
        assert_eq!(Flow::list_from_json(&text).unwrap(), [golden()]);
        assert_eq!(Flow::list_from_json_checked(&text, &registry()).unwrap(), [golden()]);
    }
    assert_eq!(Flow::list_from_json("[]").unwrap(), []);
    assert_eq!(
        faults("7", None),
        ["7 is neither a flow nor a list of flows (line 1, column 1)"]
            .map(|text| text.replace("7 is", "a number is"))
    );
    let twice = format!("[{GOLDEN},{GOLDEN}]");
    let fault = &faults(&twice, None)[0];
    assert!(fault.starts_with("[1].id: \"vip-1000\" is the id of flow [0] too: ids are unique"), "{fault}");
}

#[test]
fn every_fault_of_a_file_is_told_with_its_path_and_line() {
    let text = r#"{"flows":[
{"id":"a b","trigger":{"type":"segmentThresholdCrossed","segment":"vip","above":1000,"rearm":1200},
 "segment":"vip","colour":"red","concurrency":{"runs":0,"wait":1},
 "steps":[
  {"name":"tell","action":"postNot","inputs":{"text":"{{ trigger.valeu }}"},"if":"trigger.value >"},
  {"name":"tell","action":"postNote","inputs":{"txt":"hi","copies":"{{ trigger.value }} times","to":["ana",7]},
   "runAfter":{"notify":["failed"],"tell":["done",5],"x":"failed"}},
  {"name":"2nd","action":"log","inputs":{"any":{"n":12345678901234567890123},"any":1},"timeout":"PT0S","connection":""},
  {"action":"log","retry":{"type":"fixed","count":91,"interval":"PT5S"},"timeout":"5M","retryUnsafe":1},
  "step",
  {"name":"b","action":"log","runAfter":{"c":["succeeded"]}},
  {"name":"c","action":"log","runAfter":{"b":[]}}]}]}"#;
    assert_eq!(
        faults(text, Some(&registry())),
        [
            "flows[0].id: \"a b\" has ' ': an id is 1 to 128 characters of A-Z a-z 0-9 . _ : - (line 2, column 7)",
            "flows[0].trigger.rearm: 1200 is above the bound 1000: `above` takes a rearm at or below it (line 2, column 94)",
            "flows[0].segment: unknown field `segment`; it belongs inside `trigger` (line 3, column 12)",
            "flows[0].colour: unknown field `colour` (line 3, column 27)",
            "flows[0].concurrency.runs: 0 is not between 1 and 10000 (line 3, column 55)",
            "flows[0].concurrency.wait: unknown field `wait` (line 3, column 64)",
            "flows[0].steps[0].action: there is no action \"postNot\" (line 5, column 27)",
            "flows[0].steps[0].inputs.text: `trigger` has no `valeu`; did you mean `value`? (line 5, column 54)",
            "flows[0].steps[0].if: this is no template: unexpected end of variable block (line 5, column 82)",
            "flows[0].steps[1].name: \"tell\" is the name of steps[0] too: names are unique (line 6, column 11)",
            "flows[0].steps[1].inputs.text: is missing (line 6, column 47)",
            "flows[0].steps[1].inputs.txt: is no field of postNote (line 6, column 54)",
            "flows[0].steps[1].inputs.copies: \"{{ trigger.value }} times\" is not a whole number (line 6, column 68)",
            "flows[0].steps[1].inputs.to[0]: \"ana\" is not the address of a mailbox: it is not of the form name@host (line 6, column 102)",
            "flows[0].steps[1].inputs.to[1]: 7 is not a string (line 6, column 108)",
            "flows[0].steps[1].runAfter.notify: there is no step \"notify\" (line 7, column 25)",
            "flows[0].steps[1].runAfter.tell[0]: \"done\" is not one of `succeeded`, `failed`, `skipped`, `timedOut` (line 7, column 44)",
            "flows[0].steps[1].runAfter.tell[1]: 5 is not a string (line 7, column 51)",
            "flows[0].steps[1].runAfter.x: \"failed\" is not an array (line 7, column 58)",
            "flows[0].steps[1].runAfter.x: there is no step \"x\" (line 7, column 58)",
            "flows[0].steps[2].name: \"2nd\" is no name for a step: 1 to 64 of A-Z a-z 0-9 _, and no digit first (line 8, column 11)",
            "flows[0].steps[2].inputs.any.n: 12345678901234567890123 is beyond what a number holds exactly (line 8, column 53)",
            "flows[0].steps[2].inputs.any: the field `any` is repeated (line 8, column 84; the first is at line 8, column 48)",
            "flows[0].steps[2].timeout: PT0S: it takes more than none, up to 292 years (line 8, column 97)",
            "flows[0].steps[2].connection: 0 bytes: it takes 1 to 512 (line 8, column 117)",
            "flows[0].steps[3].name: `name` is missing (line 9, column 3)",
            "flows[0].steps[3].retry.count: 91 retries are over the limit of 90 (line 9, column 51)",
            "flows[0].steps[3].timeout: \"5M\" is not a duration such as PT10M or P1DT2H: it does not start with P (line 9, column 83)",
            "flows[0].steps[3].retryUnsafe: 1 is not a boolean (line 9, column 102)",
            "flows[0].steps[4]: \"step\" is not an object (line 10, column 3)",
            "flows[0].steps[5].runAfter: the steps run after each other in a circle: b after c after b (line 11, column 41)",
            "flows[0].steps[6].runAfter.b: no outcome is given, so that it would never run (line 12, column 46)",
        ]
    );
}

#[test]
fn what_stands_in_for_something_else_is_no_flow() {
    for (text, place) in [
        ("{}", "id"),
        (r#"{"id":"a","trigger":{"type":"unificationCompleted"}}"#, "steps"),
        (r#"{"id":"a","trigger":{"type":"unificationCompleted"},"steps":{}}"#, "steps"),
        (r#"{"id":"a","trigger":{"type":"unificationCompleted"},"steps":[]}"#, "steps"),
        (r#"{"id":"a","trigger":"x","steps":[{"name":"a","action":"log"}]}"#, "trigger"),
        (
            r#"{"id":"a","on":{"type":"unificationCompleted"},"steps":[{"name":"a","action":"log"}]}"#,
            "trigger",
        ),
    ] {
        let error = Flow::from_json(text).unwrap_err();
        assert!(error.faults().iter().any(|fault| fault.path() == place), "{text}: {error}");
    }
    assert_eq!(Flow::from_json("{").unwrap_err().kind(), ErrorKind::Syntax);
}

#[test]
fn literals_are_held_against_the_fields_and_templates_only_against_their_names() {
    let validate = |step: Step| {
        let flow = super::flow("f").with_step(step).build().unwrap();
        match flow.validate(&registry()) {
            Ok(()) => Vec::new(),
            Err(error) => error.faults().iter().map(ToString::to_string).collect(),
        }
    };
    let post = |name: &str, value: serde_json::Value| {
        Step::new("a", "postNote").with_input("text", "hi").with_input(name, value)
    };
    for sound in [
        post("text", json!("{{ trigger.id }}")),
        post("copies", json!("{{ trigger.value }}")),
        post("to", json!("{{ trigger.owners }}")),
        post("to", json!(["{{ trigger.owners[0] }}", "ana@contoso.example", "x{{ trigger.id }}"])),
        post("card", json!({"head": "{{ trigger.id }}!", "pin": "{{ trigger.id }}"})),
        post("link", json!("https://x.example/{{ trigger.id }}")),
    ] {
        assert_eq!(validate(sound), [""; 0]);
    }
    for (wrong, expected) in [
        (Step::new("a", "postNote"), "steps[0].inputs.text: is missing"),
        (
            Step::new("a", "PostNote"),
            "steps[0].action: there is no action \"PostNote\"; did you mean \"postNote\"?",
        ),
        (post("copies", json!("many")), "steps[0].inputs.copies: \"many\" is not a whole number"),
        (post("copies", json!(11)), "steps[0].inputs.copies: 11 is above 10"),
        (
            post("copies", json!("{{ trigger.value }}0")),
            "steps[0].inputs.copies: \"{{ trigger.value }}0\" is not a whole number",
        ),
        (
            post("copies", json!(["{{ trigger.value }}"])),
            "steps[0].inputs.copies: an array is not a whole number",
        ),
        (post("colour", json!("{{ trigger.id }}")), "steps[0].inputs.colour: is no field of postNote"),
        (post("card", json!({"hed": "{{ trigger.id }}"})), "steps[0].inputs.card.hed: is no field of card"),
        (
            post("to", json!(["{{ trigger.id }}", "ana"])),
            "steps[0].inputs.to[1]: \"ana\" is not the address of a mailbox: it is not of the form name@host",
        ),
    ] {
        assert_eq!(validate(wrong), [expected]);
    }
}

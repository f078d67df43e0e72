use chrono::DateTime;
use tripline::action::{ActionError, Field, Metadata, Registry, action_fn};
use tripline::dispatch::Dispatcher;
use tripline::flow::{Flow, Flows, RunStatus};
# use tripline::{engine::Engine, event::SeriesRef};

let mut registry = Registry::new();
let post = Metadata::new("postNote").with_input(Field::string("text").with_required(true));
registry.add(action_fn(post, |_, _: serde_json::Value| async { Ok(()) }))?; // in earnest it posts

let flow = Flow::from_json(
    r#"{"id":"vip-1000","trigger":{"type":"segmentThresholdCrossed","segment":"vip","above":1000},
        "steps":[
          {"name":"tell","action":"postNote","inputs":{"text":"VIPs: {{ trigger.value }}"},"connection":"board/sales"},
          {"name":"complain","action":"postNote","connection":"board/ops",
           "inputs":{"text":"not told: {{ steps.tell.error }}"},"runAfter":{"tell":["failed","timedOut"]}}]}"#,
)?;
let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap(); // the host's clock
let mut flows = Flows::new(registry);
let mut dispatcher = Dispatcher::new();
# let mut engine = Engine::new();
# engine.add(now, flow.trigger().clone())?;
# for members in [998.0, 1004.0] {
#     let _ = engine.observe_series(now, &SeriesRef::segment("/s", "vip"), now, members)?;
# }
let _ = flows.define(now, flow)?;

let firing = engine.poll_firing().unwrap(); // the engine has the flow's trigger
let run = flows.handle_firing(now, &firing)?.started()[0];
let told = flows.poll_delivery().unwrap();
assert_eq!((told.target(), told.input()), ("board/sales", &json!({"text": "VIPs: 1004"})));

let _ = dispatcher.handle_delivery(now, told)?; // and have it made
let lease = dispatcher.poll_work().unwrap().lease();
let _ = dispatcher.complete(now, lease, Err(ActionError::permanent("there is no such board")))?;
let _ = flows.handle_outcome(now, &dispatcher.poll_outcome().unwrap())?;
let complaint = flows.poll_delivery().unwrap();
assert_eq!(complaint.input()["text"], "not told: trying again changes nothing: there is no such board");

let _ = dispatcher.handle_delivery(now, complaint)?;
let lease = dispatcher.poll_work().unwrap().lease();
let _ = dispatcher.complete(now, lease, Ok(json!({})))?;
let _ = flows.handle_outcome(now, &dispatcher.poll_outcome().unwrap())?;
assert_eq!(flows.run(run.as_str()).unwrap().status(), RunStatus::Succeeded, "the failure was dealt with");

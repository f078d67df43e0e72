# use chrono::DateTime;
# use serde_json::json;
# use tripline::action::{Field, Metadata, Registry, action_fn};
# use tripline::flow::{Flow, Flows, Step};
# use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
# let mut registry = Registry::new();
# let post = Metadata::new("postNote").with_input(Field::string("text").with_required(true));
# registry.add(action_fn(post, |_, _: serde_json::Value| async { Ok(()) }))?;
# let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
# let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
# let mut engine = Engine::new();
# engine.add(now, trigger.clone())?;
# for members in [998.0, 1004.0] {
#     let _ = engine.observe_series(now, &SeriesRef::segment("/s", "vip"), now, members)?;
# }
# let firing = engine.poll_firing().unwrap();
let tell = Step::new("tell", "postNote").with_input("text", "VIPs: {{ trigger.value }}");
let mut flows = Flows::new(registry);
let _ = flows.define(now, Flow::builder(trigger).with_step(tell).build()?)?;

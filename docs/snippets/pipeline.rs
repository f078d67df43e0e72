use serde_json::json;
# use chrono::DateTime;
# use tripline::action::{Field, Metadata, Registry, action_fn};
# use tripline::event::ValueObserved;
use tripline::flow::{Flow, Step};
use tripline::journal::{Journal, MemoryJournal, MemorySnapshots};
use tripline::pipeline::{Pipeline, recover};
# use tripline::{threshold::Threshold, Trigger};
# let mut registry = Registry::new();
# let post = Metadata::new("postNote").with_input(Field::string("text").with_required(true));
# registry.add(action_fn(post, |_, _: serde_json::Value| async { Ok(()) }))?;
# let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
# let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();

let (mut journal, mut snapshots) = (MemoryJournal::new(), MemorySnapshots::new()); // in earnest, files
let (mut pipeline, _) = recover(Pipeline::builder(registry.clone()), now, &journal, &mut snapshots)?;

let tell = Step::new("tell", "postNote").with_input("text", "VIPs: {{ trigger.value }}");
pipeline.set_flows(now, [Flow::builder(trigger).with_step(tell).build()?])?;

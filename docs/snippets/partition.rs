# use chrono::DateTime;
# use serde_json::Value;
# use tripline::action::{Field, Metadata, Registry, action_fn};
use tripline::engine::Engine;
# use tripline::event::ValueObserved;
# use tripline::flow::{Flow, Step};
use tripline::journal::{Journal, Lsn, MemoryJournal};
use tripline::partition::Partitions;
use tripline::pipeline::{Commit, Pipeline};
# use tripline::{threshold::Threshold, Trigger};
# let mut registry = Registry::new();
# let post = Metadata::new("postNote").with_input(Field::string("text").with_required(true));
# registry.add(action_fn(post, |_, _: Value| async { Ok(()) }))?;
# let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
# let tell = Step::new("tell", "postNote").with_input("text", "VIPs: {{ trigger.value }}");
# let flow = Flow::builder(trigger).with_step(tell).build()?;
# let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
# let vip = |id: &'static str, members: f64| {
#     Ok::<_, tripline::Error>(ValueObserved::new("segment", "vip", members).into_event(id, "/instances/contoso")?.with_time(now))
# };

let partition = Partitions::new(16)?.get(5)?; // who owns the segment `vip` of Contoso
let engine = Engine::builder().with_partition(partition);
let mut pipeline = Pipeline::builder(registry.clone()).with_engine(engine.clone()).build()?;
pipeline.set_flows(now, [flow])?;
let _ = pipeline.handle_log(now, 1, &[vip("t-16", 998.0)?])?;
let receipt = pipeline.handle_log(now, 2, &[vip("t-17", 1004.0)?])?;

let mut journal = MemoryJournal::new();
while let Some(persist) = pipeline.poll_persist() {
    persist.append_to(&mut journal)?;
}
pipeline.persisted(journal.sync()?);

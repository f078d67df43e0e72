# use chrono::DateTime;
use serde_json::{Value, json};
# use tripline::action::{Effect, Field, Metadata, Registry, action_fn};
use tripline::engine::Engine;
# use tripline::event::ValueObserved;
# use tripline::flow::{Flow, Step};
use tripline::journal::{MemoryJournal, MemorySnapshots};
use tripline::partition::Partitions;
use tripline::pipeline::Pipeline;
use tripline::shard::{MemoryInputs, Shard};
# use tripline::{threshold::Threshold, Trigger};
# let mut registry = Registry::new();
# let post = Metadata::new("postNote").with_effect(Effect::Guarded).with_input(Field::string("text").with_required(true));
# registry.add(action_fn(post, |_, _: Value| async { Ok(()) }))?;
# let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
# let tell = Step::new("tell", "postNote").with_input("text", "VIPs: {{ trigger.value }}");
# let flow = Flow::builder(trigger).with_step(tell).build()?;
# let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
# let vip = |id: &'static str, members: f64| {
#     Ok::<_, tripline::Error>(ValueObserved::new("segment", "vip", members).into_event(id, "/instances/contoso")?.with_time(now))
# };

// In earnest: a log, a table, a bucket that outlive this process.
let (inputs, journal, snapshots) = (MemoryInputs::new(), MemoryJournal::new(), MemorySnapshots::new());
let partition = Partitions::new(16)?.get(5)?; // who owns the segment `vip` of Contoso
let open = || {
    let engine = Engine::builder().with_partition(partition);
    let pipeline = Pipeline::builder(registry.clone()).with_engine(engine);
    Shard::open(pipeline, now, inputs.clone(), journal.reopen(), snapshots.clone())
};
let mut shard = open()?;
shard.set_flows(now, [flow])?;

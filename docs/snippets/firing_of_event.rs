# use chrono::DateTime;
# use tripline::{engine::Engine, event::ValueObserved, threshold::Threshold, Trigger};
# let (mut engine, at) = (Engine::new(), |second| DateTime::from_timestamp(second, 0).unwrap());
# engine.add(at(0), Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?)?;
# for (second, members, id) in [(0, 998.0, "t-16"), (60, 1004.0, "t-17")] {
#     let event = ValueObserved::new("segment", "vip", members).into_event(id, "/instances/contoso")?;
#     let _ = engine.handle_event(at(second), &event.with_time(at(second)))?;
# }
let firing = engine.poll_firing().unwrap();
let event = firing.event().unwrap();

# use chrono::DateTime;
# use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
# let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
# engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?)?;
# let vip = SeriesRef::segment("/s", "vip");
# let _ = engine.observe_series(at, &vip, at, 998.0)?;
let state = engine.state_of("vip", &vip).unwrap(); // after one value, 998

# use chrono::DateTime;
# use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
# let (mut engine, at) = (Engine::new(), |second| DateTime::from_timestamp(second, 0).unwrap());
# engine.add(at(0), Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?)?;
# for (second, members) in [(0, 998.0), (60, 1004.0)] {
#     let _ = engine.observe_series(at(second), &SeriesRef::segment("/s", "vip"), at(second), members)?;
# }
let firing = engine.poll_firing().unwrap(); // "vip" went from 998 to 1004 at second 60

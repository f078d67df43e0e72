# use chrono::DateTime;
# use tripline::{engine::Engine, event::JobCompleted, Trigger};
#
# let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
# engine.add(at, Trigger::full_refresh_completed("full").build()?)?;
# let job = JobCompleted::new("j-9", "full", "succeeded").with_submission("scheduled").with_operation("all");
# let _ = engine.handle_event(at, &job.into_event("t-18", "/instances/contoso")?)?;
# let firing = engine.poll_firing().unwrap();

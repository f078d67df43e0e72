# use chrono::DateTime;
# use tripline::{engine::Engine, event::{Failure, Item, RefreshCompleted}, Trigger};
#
# let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
# engine.add(at, Trigger::data_source_refresh_failed("loyalty", "Loyalty CSV").build()?)?;
# let task = RefreshCompleted::new("ingestion", "failed")
#     .with_item(Item::new("ds-42").with_name("Loyalty CSV"))
#     .with_failure(Failure::new().with_message("login refused"))
#     .with_job_id("j-9");
# let _ = engine.handle_event(at, &task.into_event("t-17", "/instances/contoso")?)?;
# let firing = engine.poll_firing().unwrap();

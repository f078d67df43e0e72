# struct StandingStill;
# #[tripline::action::async_trait]
# impl tripline::dispatch::Timer for StandingStill {
#     fn now(&self) -> chrono::DateTime<chrono::Utc> { chrono::DateTime::UNIX_EPOCH }
#     async fn sleep_until(&self, _: chrono::DateTime<chrono::Utc>) { std::future::pending().await }
# }
# let mut dispatcher = tripline::dispatch::Dispatcher::new();
# let (registry, timer) = (tripline::action::Registry::new(), StandingStill);

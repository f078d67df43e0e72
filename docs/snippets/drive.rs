# fn block_on<F: Future>(future: F) -> F::Output {
#     let mut future = std::pin::pin!(future);
#     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
#     loop {
#         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
#             return output;
#         }
#     }
# }
# struct StandingStill;
# #[tripline::action::async_trait]
# impl tripline::dispatch::Timer for StandingStill {
#     fn now(&self) -> chrono::DateTime<chrono::Utc> { chrono::DateTime::UNIX_EPOCH }
#     async fn sleep_until(&self, _: chrono::DateTime<chrono::Utc>) { std::future::pending().await }
# }
# let mut dispatcher = tripline::dispatch::Dispatcher::new();
# let (registry, timer) = (tripline::action::Registry::new(), StandingStill);

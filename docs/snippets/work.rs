# use chrono::DateTime;
# use serde_json::json;
# use tripline::dispatch::{Delivery, DeliveryId, Dispatcher};
# let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
# let mut dispatcher = Dispatcher::new();
let delivery = Delivery::new(DeliveryId::new("d-17")?, "board", "postNote", json!({"text": "hi"}));
let _ = dispatcher.handle_delivery(now, delivery)?;
let work = dispatcher.poll_work().unwrap();

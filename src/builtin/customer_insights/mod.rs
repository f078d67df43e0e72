//! Dynamics 365 Customer Insights: what the service says, read into events.
//!
//! [`LogReader`] reads its diagnostic logs, which Azure Monitor writes to
//! storage as JSON lines and sends to Event Hubs in `{"records":[…]}`.
//! [`vocabulary`] holds the service's words, for those who read it otherwise.
//! [`connector`] is what users of Power Automate see of it.
//!
//! ```
//! use chrono::DateTime;
//! use tripline::{builtin::customer_insights::LogReader, engine::Engine, threshold::Threshold, Trigger};
//!
//! let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap(); // the host's clock
//! let mut engine = Engine::new();
//! engine.add(now, Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?)?;
//!
//! let mut reader = LogReader::new();
//! for (time, members) in [("2026-03-01T02:00:00Z", 998), ("2026-03-01T03:00:00Z", 1004)] {
//!     let line = format!(
//!         r#"{{"time":"{time}","operationName":"Segmentation.TaskCompleted","resultType":"Successful",
//!             "properties":{{"instanceId":"contoso","identifier":"vip","additionalInfo":{{"tableCount":{members}}}}}}}"#
//!     );
//!     reader.push(line.as_bytes())?;
//!     while let Some(event) = reader.poll_event() {
//!         let _ = engine.handle_event(now, &event?)?;
//!     }
//! }
//! let firing = engine.poll_firing().expect("1004 is above 1000");
//! assert_eq!((firing.previous_value(), firing.value()), (Some(998.0), Some(1004.0)));
//! # Ok::<(), tripline::Error>(())
//! ```

mod actions;
mod error;
mod log;
mod manifest;
pub mod poll;
mod service;
pub mod vocabulary;

pub use actions::{
    CreateItem, Entities, Entity, GetAllItems, GetEntities, GetItem, GetItems, GetPartitionData,
    GetPartitions, GetPartitionsV2, Instance, Item, ItemChange, ItemKey, ItemPage, ItemQuery, ItemSearch,
    Items, NewItem, Partition, Partitions, SendStatusReport, SendStatusReportV2, Sent, StatusReport, Stopped,
    UpdateItem, Written,
};
pub use error::ApiErrorResult;
pub use log::{Ignored, LogReader, LogReport, Tally};
pub use manifest::connector;
pub use service::{BASE, MAX_ANSWER_BYTES, MAX_ITEM_BYTES, RATE, subscription_key};

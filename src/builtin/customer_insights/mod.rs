//! Dynamics 365 Customer Insights: its logs read, the service polled, its connector's actions carried out.
//!
//! | I want to… | go to… |
//! |---|---|
//! | read its diagnostic logs, from storage or Event Hubs | [`LogReader`] |
//! | ask the service what has happened | [`poll`], [`Poller`](poll::Poller) |
//! | create, change or get an item | [`CreateItem`], [`UpdateItem`], [`GetItem`] |
//! | get the items of an entity | [`GetItems`], one page; [`GetAllItems`], page after page |
//! | know what entities and partitions there are | [`GetEntities`], [`GetPartitions`], [`GetPartitionsV2`], [`GetPartitionData`] |
//! | send the status report | [`SendStatusReport`], [`SendStatusReportV2`] |
//! | log in | [`subscription_key`], beside a bearer token |
//! | stay below its limit of calls | [`RATE`] |
//! | know what a refusal says | [`ApiErrorResult`] |
//! | know the service's words | [`vocabulary`] |
//! | offer all of it to users of Power Automate | [`connector`] |
//!
//! # What Microsoft documents, and what is this project's own
//!
//! | | documented | this project's own |
//! |---|---|---|
//! | address, logins | [`BASE`], a bearer token, `Ocp-Apim-Subscription-Key` | |
//! | [100 calls in 60 seconds](https://learn.microsoft.com/connectors/customerinsights/#throttling-limits) for each connection | the number | that the window slides |
//! | the [ten operations](https://learn.microsoft.com/connectors/customerinsights/#actions) of the connector | what each is called and does; `dataset` and `reportType`, both required | the actions' names, the names of all other inputs, the outputs |
//! | [`GetItems`] | [path and query options](https://learn.microsoft.com/dynamics365/customer-insights/data/odata-examples) | at most 1,000 items a page |
//! | [`GetEntities`] | `/manage/entities/{name}` | that the path without a name lists all |
//! | [`CreateItem`], [`UpdateItem`], [`GetItem`] | | `POST`, `PATCH` and `GET` below `/data/{entity}` |
//! | [`GetPartitions`], [`GetPartitionsV2`], [`GetPartitionData`] | | `/data/{entity}/partitions`, with `/v2` before it, and `/{partition}` behind it |
//! | [`SendStatusReport`], [`SendStatusReportV2`] | | `POST /reports/{reportType}`, with `/v2` before it |
//! | [`ApiErrorResult`] | its members | what to do next |
//! | [`poll`] | the paths and the fields named there | what is listed there |
//!
//! Whoever knows a path of the service's better puts another address in (`with_base`), or writes an
//! [`HttpAction`](crate::action::HttpAction) of their own with the logins and the rate of here.
//!
//! # From a log to a firing
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

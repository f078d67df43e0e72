//! What happened: events, and what they say about a series.
//!
//! An [`Event`] is a CloudEvents 1.0 event. It is read from structured JSON
//! with [`Event::from_json`], or with a [`Reader`] that has its own bounds; its
//! text borrows from the bytes it was read from. Three types of event have
//! data of a known form: [`ValueObserved`] (a segment or measure has a value;
//! a [`Series`] is what such values belong to), [`RefreshCompleted`] (one task
//! of a refresh ended) and [`JobCompleted`] (a whole run ended). [`filter`] holds
//! the CloudEvents Subscriptions filters that a trigger's `where` is made of,
//! [`mod@http`] reads and writes events as HTTP messages.
//!
//! ```
//! use tripline::event::{Event, ValueObserved};
//!
//! let text = br#"{"specversion":"1.0","id":"7","source":"/instances/contoso","type":"tripline.value.observed",
//!     "data":{"kind":"segment","name":"vip","value":1004}}"#;
//! let event = Event::from_json(text)?;
//! assert_eq!(event.source(), "/instances/contoso");
//! if let Some(observed) = ValueObserved::from_event(&event)? {
//!     assert_eq!((observed.name(), observed.value()), ("vip", Some(1004.0)));
//! }
//! # Ok::<(), tripline::Error>(())
//! ```

mod attribute;
mod data;
mod envelope;
mod fields;
pub mod filter;
pub mod http;
mod item;
mod job;
mod json;
mod members;
mod number;
mod observed;
mod owners;
mod parse;
mod place;
mod reader;
mod refresh;
mod scan;
mod series;
pub(crate) mod strict;
mod text;
mod usual;
mod words;
mod writer;

pub use attribute::ExtensionValue;
pub use data::Data;
pub use envelope::Event;
pub use item::{Failure, Item};
pub use job::JobCompleted;
pub use observed::ValueObserved;
pub use reader::Reader;
pub use refresh::RefreshCompleted;
pub use series::{Dimensions, Series, SeriesKind, SeriesRef};
pub use words::{FailureKind, Outcome, Process, Scope, Submission};

pub(crate) use text::{push_json_count, push_json_number, push_json_string, push_json_string_end};

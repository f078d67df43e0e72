//! The integration tests, one binary: the rules of the house first, then what the library does.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

// The rules of the house.
mod architecture;
mod dependencies;
mod docs_rules;
mod source;

// What the library does: one line for each module below.
mod bounds;
mod built_in;
#[cfg(feature = "testing")]
mod conformance;
#[cfg(feature = "testing")]
mod conformance_faults;
mod connector;
#[cfg(all(feature = "flow", feature = "signing"))]
mod connector_service;
mod corpus;
mod customer_insights;
mod differential;
mod dispatch;
#[cfg(feature = "testing")]
mod driven;
mod engine_subject;
mod event_data;
mod event_http;
mod event_http_oracles;
mod event_oracles;
#[cfg(feature = "flow")]
mod flow;
mod fuzz;
mod hostile_json;
#[cfg(feature = "testing")]
mod journal;
mod model;
mod monitor;
mod nights;
mod oracle;
mod partition;
#[cfg(feature = "flow")]
mod pipeline;
mod properties;
mod random;
mod replay;
#[cfg(all(feature = "flow", feature = "testing"))]
mod shard;
#[cfg(feature = "flow")]
mod simulation;
mod task_batches;
mod tasks;
mod throttle;
mod trigger_json;
mod trigger_properties;
mod webhook;
mod webhook_oracles;

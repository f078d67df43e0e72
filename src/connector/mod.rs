//! A connector: what Power Automate and Logic Apps are told about the triggers and actions of a host.
//!
//! A form there has no nested fields, so the connector offers the triggers in a flat
//! [`Profile`] each: a handful of names, numbers and words to choose.
//!
//! | I want to… | go to… |
//! |---|---|
//! | say what a connector offers, and what people are told about it | [`Connector`] |
//! | know what Microsoft would refuse in it, and what mends that | [`Connector::validate`], [`Finding`] |
//! | write the two files that are uploaded | [`Connector::export`], [`Export`]; `cargo run --example export_connector` |
//! | choose how a connection says who it is | [`Authentication`], [`OAuth2`] |
//! | fill a drop-down of an action from a list | [`ChoiceList`] |
//! | change an operation that flows use already | [`Revision`] |
//! | answer the requests that the files describe | [`ConnectorService`], or [`Handler`] as a plain function |
//! | tell who asks by an API key | [`ApiKeys`] |
//! | tell subscriptions what has fired | [`Notify`], [`Callbacks`], [`ResolvedCallbacks`] |
//! | know which triggers there are, and their fields | [`Profile::all`] |
//! | make a [`Trigger`](crate::Trigger) of a subscription's body, with every fault by its field | [`Profile::read_subscription`] |
//! | make one of the query of a poll | [`Profile::read_poll`] |
//!
//! The surface that the files describe, all of it JSON:
//!
//! | request | answer |
//! |---|---|
//! | `POST /subscriptions/{type}` with the fields and `callbackUrl` | 201, `Location`, the id and the signing secret |
//! | `GET /subscriptions/{id}`, `DELETE /subscriptions/{id}` | 200 how it stands, 204 |
//! | `GET /poll/{type}?fields` | 200 firings or 202 nothing yet, both with `Location` and `Retry-After` |
//! | `GET /instances`, `/datasources`, `/segments`, `/measures` | `{"value":[{"id","name"}]}` |
//! | `GET /connection` | 200 where the connection is good |
//! | `POST /actions/{name}` with the input | 200 with the output |
//!
//! A notification is a `POST` to the callback's URL of the firing as [`Firing::to_json`](crate::firing::Firing::to_json) writes it.
//!
//! ```
//! use tripline::connector::Profile;
//!
//! let profile = Profile::named("segmentThresholdCrossed").expect("it is one of the six");
//! let trigger = profile.read("s-1", r#"{"instance":"contoso","segment":"vip","threshold":1000}"#)?;
//! assert_eq!(trigger.threshold().unwrap().condition().name(), "above");
//!
//! let error = profile.read("s-1", r#"{"instance":"contoso","threshold":"1000"}"#).unwrap_err();
//! let faults: Vec<String> = error.faults().iter().map(ToString::to_string).collect();
//! assert_eq!(faults, ["segment: is missing", "threshold: \"1000\" is not a number"]);
//! # Ok::<(), tripline::Error>(())
//! ```

mod authentication;
mod contact;
mod declaration;
mod finding;
mod list;
mod profile;
mod revision;
#[cfg(all(feature = "flow", feature = "signing"))]
mod service;

pub use authentication::{Authentication, OAuth2};
pub use contact::Contact;
pub use declaration::{Connector, Export};
pub use finding::Finding;
pub use list::ChoiceList;
pub use profile::Profile;
pub use revision::Revision;
#[cfg(all(feature = "flow", feature = "signing"))]
pub use service::{
    ApiKeys, BoxError, Callbacks, Choose, ConnectorService, ConnectorServiceBuilder, Counts, Effect, Handler,
    HostKey, Limits, NoInput, Notify, Ports, RequestId, Resolve, ResolvedCallbacks, Resolver, Run, Sealer,
};

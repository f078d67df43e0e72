//! A connector: what Power Automate and Logic Apps are told about the triggers and actions of a host.
//!
//! A form there has no nested fields, so the connector offers the triggers in a flat
//! [`Profile`] each: a handful of names, numbers and words to choose.
//!
//! | I want to… | go to… |
//! |---|---|
//! | know which triggers a connector offers, and their fields | [`Profile::all`] |
//! | make a [`Trigger`](crate::Trigger) of a subscription's body, with every fault by its field | [`Profile::read_subscription`] |
//! | make one of the query of a poll | [`Profile::read_poll`] |
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
mod export;
mod finding;
mod list;
mod operation;
mod profile;
mod revision;
mod validate;

pub use authentication::{Authentication, OAuth2};
pub use contact::Contact;
pub use declaration::Connector;
pub use export::Export;
pub use finding::Finding;
pub use list::ChoiceList;
pub use profile::Profile;
pub use revision::Revision;

//! Webhooks: a firing handed to another program.
//!
//! [`Webhook`] posts a firing to a URL, as a CloudEvent or as plain JSON, and
//! signs it after Standard Webhooks (feature `signing`). The URL may come from
//! a stranger: a [`Guard`](crate::webhook::Guard) judges it and the addresses that its
//! host resolved to, and the transport connects to these alone.
//!
//! ```
//! use tripline::action::{ActionContext, CheckedAddresses, HttpAction, SecretUrl};
//! use tripline::builtin::webhook::{Payload, Webhook};
#![doc = include_str!("../../../docs/snippets/firing.rs")]
//!
//! let webhook = Webhook::new(SecretUrl::new("https://hooks.contoso.example/in?key=s3cr3t")?);
//! let addresses = CheckedAddresses::new(["93.184.215.14".parse()?]); // what the host resolved
//! let ctx = ActionContext::new(at(61), firing.id().to_string()).with_firing(firing).with_checked_addresses(addresses);
//! let request = webhook.encode(&ctx, &Payload::default())?;
//! assert_eq!(request.headers()["content-type"], "application/cloudevents+json");
//! assert_eq!(request.headers()["webhook-id"], ctx.idempotency_key());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod action;
mod payload;
#[cfg(feature = "signing")]
mod signing;

pub use action::Webhook;
pub use payload::{Form, Payload};

//! Microsoft Teams: messages with an Adaptive Card.
//!
//! [`TeamsWebhook`] posts to the URL that a workflow in Teams ("When a Teams
//! webhook request is received") gives out; [`TeamsChannelMessage`] posts to a
//! channel through Microsoft Graph, in the name of whoever is logged in. Both
//! take a [`Notice`](super::Notice) and make a [`card`](card()) of it.
//!
//! An accepted message is not yet a shown one: the workflow posts it later. Teams
//! knows no idempotency key, so both are [unsafe](crate::action::Effect::Unsafe) to
//! repeat. Of one app it takes about four requests a second: see [`SPACING`].
//!
//! ```
//! use tripline::action::{HttpAction, SecretUrl};
//! use tripline::builtin::{Notice, teams::TeamsWebhook};
//! # use tripline::action::ActionContext;
#![doc = include_str!("../../../docs/snippets/firing_of_task.rs")]
//!
//! let url = SecretUrl::new("https://prod-12.westeurope.logic.azure.example/workflows/9f/invoke?sig=s3cr3t")?;
//! let webhook = TeamsWebhook::new(url);
//! let ctx = ActionContext::new(at, firing.id().to_string()).with_firing(firing);
//! let request = webhook.encode(&ctx, &Notice::default())?; // all of it from the firing
//! let body = String::from_utf8(request.into_body())?;
//! assert!(body.contains(r#"Refresh of data source \"Loyalty CSV\" failed"#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod card;
mod channel;
mod markdown;
mod webhook;

pub use card::card;
pub use channel::{ChannelMessage, TeamsChannelMessage};
pub use markdown::escape_markdown;
pub use webhook::TeamsWebhook;

use std::time::Duration;

use http::Request;

use crate::action::ActionError;

/// The most bytes of a request's body: 28 KiB, from
/// [Limits and specifications for Microsoft Teams](https://learn.microsoft.com/microsoftteams/limits-specifications-teams)
/// and "Create an Incoming Webhook".
pub const MAX_BODY_BYTES: usize = 28 * 1024;

/// The least time between two messages: a quarter of a second, since Teams takes
/// about four requests a second, from
/// [Create an Incoming Webhook](https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook).
///
/// ```
/// use tripline::action::{Rate, Throttle};
/// use tripline::builtin::teams;
/// let throttle = Throttle::new(Rate::spaced(teams::SPACING)?);
/// # Ok::<(), tripline::Error>(())
/// ```
pub const SPACING: Duration = Duration::from_millis(250);

/// What a card is called in an attachment.
const CARD_TYPE: &str = "application/vnd.microsoft.card.adaptive";

/// A message that Teams would cut or refuse is not sent.
fn within_limit(request: Request<Vec<u8>>) -> Result<Request<Vec<u8>>, ActionError> {
    let size = request.body().len();
    if size > MAX_BODY_BYTES {
        let message = format!("the message has {size} bytes, the limit of Teams is {MAX_BODY_BYTES}");
        return Err(ActionError::invalid_input("", message));
    }
    Ok(request)
}

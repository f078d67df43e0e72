//! A message to a channel through a workflow's URL.

use std::fmt;

use http::{Request, Response};
use serde_json::{Value, json};

use super::{CARD_TYPE, card, within_limit};
use crate::action::{
    ActionContext, ActionError, Effect, Field, HttpAction, HttpRequest, Metadata, SecretUrl,
};
use crate::builtin::Notice;
use crate::builtin::target::Target;
use crate::webhook::Guard;

/// Posts a card to the URL of a workflow in Teams: the action `postTeamsWebhook`.
///
/// The URL is a secret, for whoever has it can post. `Debug` shows its scheme
/// and host, and errors none of it. A [`Guard`] judges it before every attempt. The answer
/// 202 says that the message was accepted.
///
/// ```
/// use chrono::DateTime;
/// use tripline::action::{ActionContext, HttpAction, SecretUrl};
/// use tripline::builtin::{Notice, teams::TeamsWebhook};
///
/// let url = SecretUrl::new("https://prod-12.westeurope.logic.azure.example/workflows/9f/invoke?sig=s3cr3t")?;
/// let webhook = TeamsWebhook::new(url);
/// assert!(!format!("{webhook:?}").contains("s3cr3t"));
///
/// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
/// let request = webhook.encode(&ctx, &Notice::new("Full refresh failed"))?;
/// let message: serde_json::Value = serde_json::from_slice(request.body())?;
/// assert_eq!(message["attachments"][0]["content"]["type"], "AdaptiveCard");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TeamsWebhook {
    target: Target,
}

impl TeamsWebhook {
    /// The webhook at a URL, judged by [`Guard::new`].
    ///
    /// ```
    /// # use tripline::action::SecretUrl;
    /// # use tripline::builtin::teams::TeamsWebhook;
    /// let webhook = TeamsWebhook::new(SecretUrl::new("https://prod-12.example.com/invoke?sig=s3cr3t")?);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn new(url: SecretUrl) -> Self {
        Self { target: Target::new(url) }
    }

    /// The webhook at a URL that is a secret of the
    /// [context](ActionContext::secret), looked up at every attempt.
    ///
    /// ```
    /// # use tripline::builtin::teams::TeamsWebhook;
    /// assert_eq!(format!("{:?}", TeamsWebhook::named("teams-ops")), "TeamsWebhook(secret \"teams-ops\")");
    /// ```
    pub fn named(secret: impl Into<String>) -> Self {
        Self { target: Target::named(secret.into()) }
    }

    /// The same with another guard, such as one for a proxy of one's own.
    ///
    /// ```
    /// # use tripline::builtin::teams::TeamsWebhook;
    /// # use tripline::webhook::Guard;
    /// let guard = Guard::new().with_allowed_host(".logic.azure.com");
    /// let webhook = TeamsWebhook::named("teams-ops").with_guard(guard);
    /// ```
    #[must_use]
    pub fn with_guard(mut self, guard: Guard) -> Self {
        self.target = self.target.with_guard(guard);
        self
    }
}

impl HttpAction for TeamsWebhook {
    type Input = Notice;
    type Output = Value;

    fn metadata(&self) -> Metadata {
        Notice::fields()
            .into_iter()
            .fold(Metadata::new("postTeamsWebhook"), Metadata::with_input)
            .with_title("Post a message to Teams through a workflow")
            .with_description(
                "Posts a card to the channel or chat of a workflow that waits for webhook requests.",
            )
            .with_effect(Effect::Unsafe)
            .with_output(
                Field::integer("status").with_title("Status").with_description("202: accepted, shown later."),
            )
            .with_sample(
                json!({"title": "Refresh of data source \"Loyalty CSV\" failed",
                       "facts": [{"name": "Failure", "value": "login refused"}],
                       "link": "https://ci.example.com/sources/ds-42", "linkTitle": "Open the data source"}),
                json!({"status": 202}),
            )
    }

    fn encode(&self, ctx: &ActionContext, input: &Notice) -> Result<Request<Vec<u8>>, ActionError> {
        let url = self.target.check(ctx)?.url;
        let message = json!({
            "type": "message",
            "attachments": [
                {"contentType": CARD_TYPE, "contentUrl": null, "content": card(&input.complete(ctx)?)?},
            ],
        });
        within_limit(HttpRequest::post(url.as_str()).with_json(&message).build()?)
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Value, ActionError> {
        Ok(json!({"status": response.status().as_u16()}))
    }

    fn needs_whole_answer(&self) -> bool {
        false
    }
}

impl fmt::Debug for TeamsWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TeamsWebhook({:?})", self.target)
    }
}

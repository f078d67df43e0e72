//! A message to a channel through Microsoft Graph.

use http::{Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{CARD_TYPE, card, within_limit};
use crate::action::{
    ActionContext, ActionError, AnswerLimits, Effect, Field, HttpAction, HttpRequest, Metadata,
};
use crate::builtin::{Notice, graph};

/// Most bytes of an answer: it repeats the message.
const MAX_ANSWER: usize = 128 * 1024;

/// Posts a card to a channel through Microsoft Graph
/// ([`POST /teams/{id}/channels/{id}/messages`](https://learn.microsoft.com/graph/api/channel-post-messages)):
/// the action `postTeamsChannelMessage`.
///
/// Graph takes such messages from people who are logged in (scope
/// `ChannelMessage.Send`), so the login is theirs:
/// [`OverHttp::with_login`](crate::action::OverHttp::with_login).
///
/// ```
/// use chrono::DateTime;
/// use tripline::action::{ActionContext, HttpAction};
/// use tripline::builtin::{Notice, teams::{ChannelMessage, TeamsChannelMessage}};
///
/// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
/// let message = ChannelMessage::new("02bd9fd6", "19:4b6b@thread.tacv2", Notice::new("Full refresh failed"));
/// let request = TeamsChannelMessage::new().encode(&ctx, &message)?;
/// assert_eq!(
///     request.uri(),
///     "https://graph.microsoft.com/v1.0/teams/02bd9fd6/channels/19%3A4b6b%40thread.tacv2/messages"
/// );
/// let body: serde_json::Value = serde_json::from_slice(request.body())?;
/// assert!(body["attachments"][0]["content"].is_string(), "a string of JSON");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TeamsChannelMessage {
    base: String,
}

/// A notice and the channel it is for: the input of [`TeamsChannelMessage`].
///
/// ```
/// use tripline::builtin::{Notice, teams::ChannelMessage};
/// let message: ChannelMessage =
///     serde_json::from_str(r#"{"teamId":"02bd9fd6","channelId":"19:4b6b@thread.tacv2","title":"VIPs"}"#)?;
/// assert_eq!(message, ChannelMessage::new("02bd9fd6", "19:4b6b@thread.tacv2", Notice::new("VIPs")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelMessage {
    team_id: String,
    channel_id: String,
    #[serde(flatten)]
    notice: Notice,
}

impl ChannelMessage {
    /// A notice for the channel of a team, by their ids.
    ///
    /// ```
    /// # use tripline::builtin::{Notice, teams::ChannelMessage};
    /// let message = ChannelMessage::new("02bd9fd6", "19:4b6b@thread.tacv2", Notice::new("VIPs"));
    /// ```
    pub fn new(team_id: impl Into<String>, channel_id: impl Into<String>, notice: Notice) -> Self {
        Self { team_id: team_id.into(), channel_id: channel_id.into(), notice }
    }
}

impl TeamsChannelMessage {
    /// Through the Graph of the global cloud.
    ///
    /// ```
    /// # use tripline::builtin::teams::TeamsChannelMessage;
    /// let action = TeamsChannelMessage::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { base: graph::BASE.to_owned() }
    }

    /// Through another Graph, such as that of a national cloud; the URL ends with the version.
    ///
    /// ```
    /// # use tripline::builtin::teams::TeamsChannelMessage;
    /// let action = TeamsChannelMessage::new().with_base("https://graph.microsoft.us/v1.0");
    /// ```
    #[must_use]
    pub fn with_base(mut self, base: impl Into<String>) -> Self {
        self.base = base.into();
        self
    }
}

impl Default for TeamsChannelMessage {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpAction for TeamsChannelMessage {
    type Input = ChannelMessage;
    type Output = Value;

    fn metadata(&self) -> Metadata {
        let of_channel = Metadata::new("postTeamsChannelMessage")
            .with_input(Field::string("teamId").with_title("Team").with_required(true))
            .with_input(Field::string("channelId").with_title("Channel").with_required(true));
        Notice::fields()
            .into_iter()
            .fold(of_channel, Metadata::with_input)
            .with_title("Post a message to a Teams channel")
            .with_description("Posts a card to a channel, in the name of whoever is logged in.")
            .with_effect(Effect::Unsafe)
            .with_output(Field::string("messageId").with_title("Id of the message"))
            .with_output(Field::string("webUrl").with_title("URL of the message"))
            .with_sample(
                json!({"teamId": "02bd9fd6-8f93-4758-87c3-1fb73740a315", "channelId": "19:4b6b@thread.tacv2",
                       "title": "Segment \"vip\" is above 1000", "facts": [{"name": "Value", "value": "1004"}]}),
                json!({"messageId": "1616990032035"}),
            )
    }

    fn encode(&self, ctx: &ActionContext, input: &ChannelMessage) -> Result<Request<Vec<u8>>, ActionError> {
        let id = attachment_id(ctx.idempotency_key());
        let address = HttpRequest::post(&self.base)
            .with_segment("", "teams")
            .with_segment("teamId", &input.team_id)
            .with_segment("", "channels")
            .with_segment("channelId", &input.channel_id)
            .with_segment("", "messages");
        let notice = input.notice.complete(ctx).map_err(|error| {
            // Whoever mends the notice wants to hear of the address too.
            let faults = address.clone().build().err();
            let fields = faults.iter().flat_map(ActionError::fields);
            fields.fold(error, |error, fault| error.with_field(fault.path(), fault.message()))
        })?;
        let card = card(&notice)?;
        let message = json!({
            "body": {"contentType": "html", "content": format!("<attachment id=\"{id}\"></attachment>")},
            "attachments": [{"id": id, "contentType": CARD_TYPE, "contentUrl": null, "content": card.to_string()}],
        });
        let mut request = address.with_json(&message).build()?;
        request.extensions_mut().insert(AnswerLimits::new().with_max_bytes(MAX_ANSWER));
        within_limit(request)
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Value, ActionError> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Posted {
            id: Option<String>,
            web_url: Option<String>,
        }
        // It was posted, whatever becomes of the answer.
        let posted: Posted = serde_json::from_slice(response.body()).unwrap_or_default();
        let mut output = json!({});
        for (name, value) in [("messageId", posted.id), ("webUrl", posted.web_url)] {
            if let Some(value) = value {
                output[name] = value.into();
            }
        }
        Ok(output)
    }

    fn explain(&self, _: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        graph::explain(response, error)
    }

    fn needs_whole_answer(&self) -> bool {
        false
    }
}

/// 32 digits, the same for every attempt of a delivery.
fn attachment_id(key: &str) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(key.as_bytes());
    digest.iter().take(16).fold(String::with_capacity(32), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}

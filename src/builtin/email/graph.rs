//! A message sent through Microsoft Graph.

use http::{Request, Response};
use serde_json::{Value, json};

use super::Mail;
use super::body::html;
use super::mail::{delivery_id, described, sample};
use crate::action::{ActionContext, ActionError, Field, HttpAction, HttpRequest, Metadata};
use crate::builtin::graph;

/// The most bytes of a request: what Graph takes, less than the 4 MB of a JSON body.
const MAX_BODY: usize = 3 * 1024 * 1024;

/// Sends an e-mail through Microsoft Graph
/// ([`POST /users/{id}/sendMail`](https://learn.microsoft.com/graph/api/user-sendmail), permission
/// `Mail.Send`): the action `sendGraphMail`.
///
/// 202 means that Graph has taken it. It knows no idempotency key, so the
/// action is [unsafe](crate::action::Effect::Unsafe) to repeat; the delivery's
/// key goes with the message, as the header `x-tripline-delivery`. Owners that are
/// no e-mail addresses do not keep the others from being told; the message names them.
///
/// ```
/// use chrono::DateTime;
/// use tripline::action::{ActionContext, HttpAction};
/// use tripline::builtin::{Notice, email::{GraphMail, Mail}};
///
/// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
/// let mail = Mail::new(Notice::new("Full refresh failed")).with_to("Ana Müller <ana@contoso.example>");
/// let request = GraphMail::new("alerts@contoso.example").encode(&ctx, &mail)?;
/// assert_eq!(request.uri(), "https://graph.microsoft.com/v1.0/users/alerts%40contoso.example/sendMail");
///
/// let nobody = Mail::new(Notice::new("Full refresh failed"));
/// let error = GraphMail::new("alerts@contoso.example").encode(&ctx, &nobody).unwrap_err();
/// assert_eq!(error.to_string(), "to: is needed where nothing has fired");
/// # Ok::<(), tripline::action::ActionError>(())
/// ```
#[derive(Debug, Clone)]
pub struct GraphMail {
    base: String,
    sender: String,
}

impl GraphMail {
    /// Sends in the name of a user: an id or a user principal name.
    ///
    /// ```
    /// # use tripline::builtin::email::GraphMail;
    /// let action = GraphMail::new("alerts@contoso.example");
    /// ```
    pub fn new(sender: impl Into<String>) -> Self {
        Self { base: graph::BASE.to_owned(), sender: sender.into() }
    }

    /// Through another Graph, such as that of a national cloud; the URL ends with the version.
    ///
    /// ```
    /// # use tripline::builtin::email::GraphMail;
    /// let action = GraphMail::new("alerts@contoso.example").with_base("https://graph.microsoft.us/v1.0");
    /// ```
    #[must_use]
    pub fn with_base(mut self, base: impl Into<String>) -> Self {
        self.base = base.into();
        self
    }
}

impl HttpAction for GraphMail {
    type Input = Mail;
    type Output = Value;

    fn metadata(&self) -> Metadata {
        described(Metadata::new("sendGraphMail"))
            .with_title("Send an e-mail")
            .with_description(
                "Sends an e-mail to the owners of the data, or to those it names, through Microsoft Graph.",
            )
            .with_output(Field::integer("status").with_title("Status").with_description("202: accepted."))
            .with_sample(sample(), json!({"status": 202}))
    }

    fn encode(&self, ctx: &ActionContext, input: &Mail) -> Result<Request<Vec<u8>>, ActionError> {
        let mail = input.complete(ctx)?;
        let to = mail.to.iter().map(|mailbox| match mailbox.name() {
            Some(name) => json!({"emailAddress": {"address": mailbox.address(), "name": name}}),
            None => json!({"emailAddress": {"address": mailbox.address()}}),
        });
        let message = json!({
            "message": {
                "subject": mail.notice.title(),
                "body": {"contentType": "HTML", "content": html(&mail.notice)},
                "toRecipients": to.collect::<Vec<_>>(),
                "internetMessageHeaders": [{"name": "x-tripline-delivery", "value": delivery_id(ctx.idempotency_key())}],
            },
        });
        let request = HttpRequest::post(&self.base)
            .with_segment("", "users")
            .with_segment("", &self.sender)
            .with_segment("", "sendMail")
            .with_json(&message)
            .build()?;
        if request.body().len() > MAX_BODY {
            let message = format!("the message has {} bytes, the limit is {MAX_BODY}", request.body().len());
            return Err(ActionError::invalid_input("", message));
        }
        Ok(request)
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Value, ActionError> {
        Ok(json!({"status": response.status().as_u16()}))
    }

    fn explain(&self, _: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        graph::explain(response, error)
    }

    fn needs_whole_answer(&self) -> bool {
        false
    }
}

//! What is posted, and how it is written.

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::action::{ActionContext, ActionError};
use crate::error::Error;
use crate::event::http::Content;
use crate::event::{Data, Event};

/// The type of an event that carries a firing.
const FIRING: &str = "tripline.firing";
/// The type of an event that carries something else.
const MESSAGE: &str = "tripline.message";

/// What is posted: the firing, or something else in its place. The input of [`Webhook`](super::Webhook).
///
/// ```
/// use serde_json::json;
/// use tripline::builtin::webhook::Payload;
/// let payload: Payload = serde_json::from_value(json!({"payload": {"vips": 1004}}))?;
/// assert_eq!(payload, Payload::of(json!({"vips": 1004})));
/// assert_eq!(serde_json::from_value::<Payload>(json!({}))?, Payload::default(), "the firing");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Payload {
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Value>,
}

impl Payload {
    /// A JSON object in the place of the firing.
    ///
    /// ```
    /// # use tripline::builtin::webhook::Payload;
    /// let payload = Payload::of(serde_json::json!({"vips": 1004}));
    /// ```
    pub fn of(payload: impl Into<Value>) -> Self {
        Self { payload: Some(payload.into()) }
    }
}

/// How a payload is written.
///
/// ```
/// use tripline::builtin::webhook::Form;
/// assert_eq!(Form::default(), Form::StructuredEvent);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// A CloudEvent in structured mode: all of it in the body, and so under the signature.
    #[default]
    StructuredEvent,
    /// A CloudEvent in binary mode: its attributes are headers, which no signature covers.
    BinaryEvent,
    /// The JSON alone.
    Json,
}

/// The headers and the body of a payload.
pub(super) fn written(
    ctx: &ActionContext,
    form: Form,
    input: &Payload,
) -> Result<(HeaderMap, Vec<u8>), ActionError> {
    let payload = input.payload.as_ref().map(Value::to_string);
    let Some(text) = payload.clone().or_else(|| ctx.firing().map(|firing| firing.to_json())) else {
        return Err(ActionError::invalid_input("payload", "is needed where nothing has fired"));
    };
    if form == Form::Json {
        let json = HeaderValue::from_static("application/json");
        return Ok((HeaderMap::from_iter([(CONTENT_TYPE, json)]), text.into_bytes()));
    }
    let of_event =
        |error: Error| ActionError::permanent("the payload cannot be written as an event").with_source(error);
    let event = event(ctx, payload.is_none(), text).map_err(of_event)?;
    let content = match form {
        Form::BinaryEvent => Content::binary(&event).map_err(of_event)?,
        _ => Content::structured(&event),
    };
    Ok(content.into_parts())
}

fn event(ctx: &ActionContext, is_firing: bool, text: String) -> Result<Event<'static>, Error> {
    let event = match ctx.firing().filter(|_| is_firing) {
        Some(firing) => {
            let source = format!("/triggers/{}", firing.trigger());
            Event::new(firing.id().to_string(), source, FIRING)?
                .with_subject(firing.trigger().to_owned())
                .with_time(firing.time())
        }
        None => Event::new(ctx.idempotency_key().to_owned(), "/tripline", MESSAGE)?,
    };
    Ok(event.with_data_content_type("application/json").with_data(Data::json(text)?))
}

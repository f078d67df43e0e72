//! What is posted, and how it is written.

use std::ops::Range;

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::action::{ActionContext, ActionError};
use crate::error::Error;
use crate::event::http::Content;
use crate::event::{Data, Event, push_json_string_end};
use crate::firing::{Firing, Written};
use crate::time::push_instant;

/// The type of an event that carries a firing.
const FIRING: &str = "tripline.firing";
/// The beginning of its source; the trigger's id follows.
const SOURCE: &str = "/triggers/";
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

/// The headers of what is posted, so far.
pub(super) enum Headers {
    /// The content's type alone.
    Type(HeaderValue),
    All(HeaderMap),
}

impl Headers {
    pub(super) fn into_map(self) -> HeaderMap {
        match self {
            Self::Type(content) => HeaderMap::from_iter([(CONTENT_TYPE, content)]),
            Self::All(headers) => headers,
        }
    }
}

/// The headers and the body of a payload.
pub(super) fn written(
    ctx: &ActionContext,
    form: Form,
    input: &Payload,
) -> Result<(Headers, Vec<u8>), ActionError> {
    let payload = input.payload.as_ref();
    if form == Form::Json {
        let text = payload.map(Value::to_string).or_else(|| ctx.firing().map(Firing::to_json));
        let text = text.ok_or_else(nothing)?;
        let json = HeaderValue::from_static("application/json");
        return Ok((Headers::Type(json), text.into_bytes()));
    }
    let of_event =
        |error: Error| ActionError::permanent("the payload cannot be written as an event").with_source(error);
    let event = match (payload, ctx.firing()) {
        (Some(payload), _) => event_of(ctx, payload),
        (None, Some(firing)) if form == Form::StructuredEvent => {
            let content = HeaderValue::from_static("application/cloudevents+json");
            return Ok((Headers::Type(content), structured(firing)));
        }
        (None, Some(firing)) => event_of_firing(firing),
        (None, None) => return Err(nothing()),
    };
    let event = event.map_err(of_event)?;
    let content = match form {
        Form::BinaryEvent => Content::binary(&event).map_err(of_event)?,
        _ => Content::structured(&event),
    };
    let (headers, body) = content.into_parts();
    Ok((Headers::All(headers), body))
}

fn nothing() -> ActionError {
    ActionError::invalid_input("payload", "is needed where nothing has fired")
}

fn event_of(ctx: &ActionContext, payload: &Value) -> Result<Event<'static>, Error> {
    let event = Event::new(ctx.idempotency_key().to_owned(), "/tripline", MESSAGE)?;
    Ok(event.with_data_content_type("application/json").with_data(Data::json(payload.to_string())?))
}

/// The body of [`Content::structured`] of [`event_of_firing`], written in one go: what most webhooks send.
fn structured(firing: &Firing) -> Vec<u8> {
    // Room for most; allocators keep blocks of less than 1 KiB at hand.
    let mut text = String::with_capacity(960);
    text.push_str(r#"{"specversion":"1.0","id":""#);
    // It needs no escapes, and neither does the beginning of the source.
    let id = push(&mut text, |text| text.push_str(firing.id().as_str()));
    text.push_str(r#"","source":"/triggers/"#);
    let trigger = push(&mut text, |text| push_json_string_end(text, firing.trigger()));
    text.push_str(r#","type":"tripline.firing","time":""#);
    let time = push(&mut text, |text| push_instant(text, firing.parts().1.time));
    text.push_str(r#"","subject":""#);
    text.extend_from_within(trigger.clone());
    text.push_str(r#","datacontenttype":"application/json","data":"#);
    firing.push_json_after(&mut text, Written { id, trigger, time });
    text.push('}');
    text.into_bytes()
}

/// Appends something; where it stands.
fn push(text: &mut String, write: impl FnOnce(&mut String)) -> Range<usize> {
    let start = text.len();
    write(text);
    start..text.len()
}

fn event_of_firing(firing: &Firing) -> Result<Event<'_>, Error> {
    let source = format!("{SOURCE}{}", firing.trigger());
    let event = Event::new(firing.id().to_string(), source, FIRING)?
        .with_subject(firing.trigger())
        .with_time(firing.time());
    Ok(event.with_data_content_type("application/json").with_data(Data::written(firing.to_json())))
}

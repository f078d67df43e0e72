//! The operations of triggers and of subscriptions.

use serde_json::{Value, json};

use super::answers::{answer, header, member, not_found, object, reference, with_refusals};
use super::firing;
use super::json::{Json, Object};
use super::schema::{self, Stands};
use crate::action::{Field, FieldType};
use crate::connector::profile::{callback_url, trigger_state};
use crate::connector::{Connector, Profile};

/// `POST /subscriptions/{name}`.
pub(super) fn webhook(connector: &Connector, profile: &Profile) -> Object {
    let callback = callback_url();
    let mut properties = Object::new();
    for field in profile.fields() {
        properties.put(field.name(), schema::field(connector, field, Stands::Body("")));
    }
    let url = schema::field(connector, &callback, Stands::Body("")).with("x-ms-notification-url", true);
    properties.put(callback.name(), url);
    let fields: Vec<Field> = profile.fields().iter().cloned().chain([callback]).collect();
    let body = schema::with_required(Object::new().with("type", "object"), &fields)
        .with("properties", properties)
        .with("example", sample_of_body(profile));
    let location = header("string", "The URL of the subscription: what removes it when it is deleted.");
    let created = answer("The subscription was made.")
        .with("schema", reference("Subscription"))
        .with("headers", Object::new().with("Location", location));
    triggers("single", profile)
        .with("parameters", Json::array([super::body(body)]))
        .with("responses", with_refusals(Object::new().with("201", created), true))
}

/// `x-ms-notification-content` of the webhook's path.
pub(super) fn notification(profile: &Profile) -> Object {
    Object::new()
        .with("description", "What has fired.")
        .with("schema", reference(&firing::definition_name(profile)))
}

/// `GET /poll/{name}`.
pub(super) fn polling(connector: &Connector, profile: &Profile) -> Object {
    let state = trigger_state();
    let parameters = profile.fields().iter().chain([&state]).map(|field| parameter(connector, field));
    let headers = || {
        let location = header("string", "The URL to ask next: it says how far all was read.");
        let wait = header("integer", "In how many seconds to ask; none while more waits.");
        Object::new().with("Location", location).with("Retry-After", wait)
    };
    let some = answer("What has fired since, the oldest first.")
        .with("schema", firing::array(reference(&firing::definition_name(profile))))
        .with("headers", headers())
        .with("examples", Object::new().with("application/json", json!([firing::sample(profile)])));
    let none = answer("Nothing has fired since.").with("headers", headers());
    triggers("batch", profile)
        .with("parameters", Json::array(parameters))
        .with("responses", with_refusals(Object::new().with("200", some).with("202", none), true))
}

/// `GET /subscriptions/{id}`.
pub(super) fn status() -> Object {
    let status = answer("How the subscription stands.").with("schema", reference("SubscriptionStatus"));
    let responses = with_refusals(Object::new().with("200", status), false);
    Object::new()
        .with("summary", "Get a subscription")
        .with("description", "Says how a subscription stands, and why nothing fires.")
        .with("x-ms-visibility", "internal")
        .with("parameters", Json::array([id()]))
        .with("responses", not_found(responses, "There is no such subscription, or none of one's own."))
}

/// `DELETE /subscriptions/{id}`.
pub(super) fn unsubscribe() -> Object {
    let gone = answer("The subscription is no more, whether it was there or not.");
    Object::new()
        .with("summary", "Remove a subscription")
        .with("description", "Removes a subscription, as often as it is asked to.")
        .with("x-ms-visibility", "internal")
        .with("parameters", Json::array([id()]))
        .with("responses", with_refusals(Object::new().with("204", gone), false))
}

/// What subscribing answers.
pub(super) fn subscription() -> Object {
    let secret =
        member("string", "Signing secret", "What notifications are signed with; it is told this once.");
    object(
        ["id"],
        Object::new()
            .with("id", member("string", "Subscription", "The id of the subscription."))
            .with("secret", secret.with("format", "password").with("x-ms-visibility", "internal")),
    )
}

/// What is told of a subscription.
pub(super) fn subscription_status() -> Object {
    let time = |title, description| member("string", title, description).with("format", "date-time");
    let last = |title: &str, description: &str, properties: Object| {
        object([], properties).with("x-ms-summary", title).with("description", description)
    };
    object(
        ["id", "type"],
        Object::new()
            .with("id", member("string", "Subscription", "The id of the subscription."))
            .with("type", member("string", "Type", "The type of its trigger."))
            .with("expires", time("Expires", "When it ends, if nothing is delivered or read until then."))
            .with("reason", member("string", "Reason", "Why nothing fires, in words."))
            .with("series", firing::array(series()).with("x-ms-summary", "Series"))
            .with(
                "lastFiring",
                last(
                    "Last firing",
                    "What has fired last.",
                    Object::new()
                        .with("id", member("string", "Firing", "The id of the firing."))
                        .with("time", time("Time", "When it happened.")),
                ),
            )
            .with(
                "lastDelivery",
                last(
                    "Last delivery",
                    "What was delivered last, or tried.",
                    Object::new()
                        .with("id", member("string", "Firing", "The id of the firing."))
                        .with("time", time("Time", "When it was tried."))
                        .with("outcome", member("string", "Outcome", "What became of it.")),
                ),
            ),
    )
}

/// How the trigger stands on one series.
fn series() -> Object {
    object(
        [],
        Object::new()
            .with("name", member("string", "Name", "The name of the segment or the measure."))
            .with("side", member("string", "Side", "On which side of the threshold the value is."))
            .with("phase", member("string", "Phase", "What the trigger waits for."))
            .with("reason", member("string", "Reason", "Why it does not fire, in words.")),
    )
}

fn triggers(mode: &str, profile: &Profile) -> Object {
    let (title, description) = (profile.title(), profile.description());
    let title = if mode == "batch" { format!("{title} (polling)") } else { title.to_owned() };
    Object::new()
        .with("summary", title)
        .with("description", description)
        .with("x-ms-trigger", mode)
        .with("x-ms-trigger-hint", profile.hint())
}

/// A field in the query.
fn parameter(connector: &Connector, field: &Field) -> Object {
    let kind = if field.field_type() == &FieldType::Number { "number" } else { "string" };
    let parameter = Object::new()
        .with("name", field.name())
        .with("in", "query")
        .with("required", schema::must_be_sent(field))
        .with("type", kind)
        .with_some("format", (kind == "number").then_some("double"));
    schema::described(connector, parameter, field, Stands::Query)
}

fn id() -> Object {
    Object::new()
        .with("name", "id")
        .with("in", "path")
        .with("required", true)
        .with("type", "string")
        .with("x-ms-summary", "Subscription")
        .with("description", "The id of the subscription.")
        .with("x-ms-url-encoding", "single")
}

/// What might be filled in.
fn sample_of_body(profile: &Profile) -> Value {
    let callback = callback_url();
    let values = profile.fields().iter().chain([&callback]).filter_map(|field| {
        let value = match field.name() {
            "instance" => json!("contoso"),
            "dataSource" => json!("Loyalty CSV"),
            "segment" => json!("vip"),
            "measure" => json!("churn-rate"),
            "threshold" => json!(1000),
            "callbackUrl" => json!("https://flows.contoso.example/callback"),
            _ => return None,
        };
        Some((field.name().to_owned(), value))
    });
    Value::Object(values.collect())
}

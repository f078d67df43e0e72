//! The operations of triggers and of subscriptions.

use serde_json::{Value, json};

use super::answers::{Refuses, answer, header, member, object, reference, responses};
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
        .with("responses", responses(Object::new().with("201", created), Refuses::Watching))
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
    let missed = header("integer", "How many firings came and were forgotten before they were asked for.");
    let some = answer("What has fired since, the oldest first.")
        .with("schema", firing::array(reference(&firing::definition_name(profile))))
        .with("headers", headers().with("Tripline-Missed", missed))
        .with("examples", Object::new().with("application/json", json!([firing::sample(profile)])));
    let none = answer("Nothing has fired since.").with("headers", headers());
    triggers("batch", profile)
        .with("parameters", Json::array(parameters))
        .with("responses", responses(Object::new().with("200", some).with("202", none), Refuses::Watching))
}

/// `GET /subscriptions/{id}`.
pub(super) fn status() -> Object {
    let status = answer("How the subscription stands.").with("schema", reference("SubscriptionStatus"));
    Object::new()
        .with("summary", "Get a subscription")
        .with("description", "Says how a subscription stands, and why nothing fires.")
        .with("x-ms-visibility", "internal")
        .with("parameters", Json::array([id()]))
        .with("responses", responses(Object::new().with("200", status), Refuses::Unknown))
}

/// `DELETE /subscriptions/{id}`.
pub(super) fn unsubscribe() -> Object {
    let gone = answer("The subscription is no more, whether it was there or not.");
    Object::new()
        .with("summary", "Remove a subscription")
        .with("description", "Removes a subscription, as often as it is asked to.")
        .with("x-ms-visibility", "internal")
        .with("parameters", Json::array([id()]))
        .with("responses", responses(Object::new().with("204", gone), Refuses::Nothing))
}

/// What subscribing answers.
pub(super) fn subscription() -> Object {
    let secret =
        member("string", "Signing secret", "What notifications are signed with; it is told this once.");
    object(
        ["id", "triggerType", "signingSecret", "expiresAt"],
        Object::new()
            .with("id", member("string", "Subscription", "The id of the subscription."))
            .with("triggerType", member("string", "Trigger type", "The type of its trigger."))
            .with("signingSecret", secret.with("x-ms-visibility", "internal"))
            .with(
                "expiresAt",
                time("Expires at", "When it ends, if nothing is delivered or read until then."),
            ),
    )
}

/// What is told of a subscription. What may be `null` is marked, since Swagger 2.0 has no word for it.
pub(super) fn subscription_status() -> Object {
    let count = |title, description| member("integer", title, description);
    let text = |title, description| member("string", title, description);
    let firing = Object::new().with("type", "object").with("additionalProperties", true);
    let last_delivery = object(
        [],
        Object::new()
            .with("time", nullable(time("Time", "When it was made, or given up.")))
            .with("outcome", text("Outcome", "What became of it: delivered or failed."))
            .with("reason", nullable(text("Reason", "Why it failed."))),
    );
    let any = Object::new().with("type", "object").with("additionalProperties", true);
    object(
        ["id", "triggerType", "createdAt", "expiresAt", "side", "phase", "reason", "series", "fired"],
        Object::new()
            .with("id", text("Subscription", "The id of the subscription."))
            .with("triggerType", text("Trigger type", "The type of its trigger."))
            .with("trigger", any.with("description", "What it watches for."))
            .with("callback", nullable(text("Callback", "The host that notifications go to.")))
            .with("createdAt", time("Created at", "When it was made."))
            .with(
                "expiresAt",
                time("Expires at", "When it ends, if nothing is delivered or read until then."),
            )
            .with("side", text("Side", "On which side of the threshold the value is."))
            .with("phase", text("Phase", "What the trigger waits for."))
            .with("reason", text("Reason", "Why nothing fires, in words."))
            .with("series", firing::array(series()).with("description", "Each series that it watches."))
            .with("fired", count("Fired", "How often it has fired."))
            .with("lastFiring", nullable(firing.with("description", "What has fired last.")))
            .with("delivered", count("Delivered", "How many notifications have arrived."))
            .with("failed", count("Failed", "How many notifications were given up."))
            .with("lastDelivery", nullable(last_delivery))
            .with("waiting", count("Waiting", "How many notifications are on their way."))
            .with("waitsFor", nullable(text("Waits for", "What the first of them waits for."))),
    )
}

/// How the trigger stands on one series.
fn series() -> Object {
    let text = |title, description| member("string", title, description);
    let name = object(
        ["source", "kind", "name"],
        Object::new()
            .with("source", text("Source", "Where it is: the instance."))
            .with("kind", text("Kind", "What it is: segment or measure."))
            .with("name", text("Name", "The name of the segment or the measure."))
            .with("dimensions", Object::new().with("type", "object").with("additionalProperties", true)),
    );
    object(
        ["series", "side", "phase", "reason"],
        Object::new()
            .with("series", name)
            .with("side", text("Side", "On which side of the threshold the value is."))
            .with("phase", text("Phase", "What the trigger waits for."))
            .with("value", nullable(member("number", "Value", "The last value.")))
            .with("reportedAt", nullable(time("Reported at", "When it was reported.")))
            .with("nextDeadline", nullable(time("Next deadline", "When something is due without a report.")))
            .with("suppressed", member("integer", "Suppressed", "How many firings a cooldown has swallowed."))
            .with("reason", text("Reason", "Why it does not fire, in words.")),
    )
}

fn time(title: &str, description: &str) -> Object {
    member("string", title, description).with("format", "date-time")
}

fn nullable(schema: Object) -> Object {
    schema.with("x-nullable", true)
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

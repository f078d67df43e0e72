//! The operations of actions, of lists, and the connection test.

use super::answers::{Refuses, answer, member, object, responses};
use super::json::{Json, Object};
use super::schema::{self, Stands};
use crate::action::Metadata;
use crate::connector::list::capitalised;
use crate::connector::{ChoiceList, Connector};

/// `POST /actions/{name}`.
pub(super) fn action(connector: &Connector, action: &Metadata) -> Object {
    let sample = action.samples().first();
    let input = sample.map(|sample| schema::sample(action.inputs(), sample.input()));
    let body = schema::object(connector, action.inputs(), Stands::Body("")).with_some("example", input);
    let output = sample.map(|sample| schema::sample(action.outputs(), sample.output()));
    let examples = output
        .filter(|output| output.is_object())
        .map(|output| Object::new().with("application/json", output));
    let done = answer("What came of it.")
        .with("schema", schema::object(connector, action.outputs(), Stands::Answer))
        .with_some("examples", examples);
    Object::new()
        .with("summary", action.title())
        .with_some("description", action.description())
        .with("parameters", Json::array([super::body(body)]))
        .with("responses", responses(Object::new().with("200", done), Refuses::Doing))
}

/// `GET /{list}`.
pub(super) fn list(list: &ChoiceList) -> Object {
    let title = list.title();
    let parameters: Vec<Json> = list
        .parameters()
        .map(|name| {
            Object::new()
                .with("name", name)
                .with("in", "query")
                .with("required", true)
                .with("type", "string")
                .with("x-ms-summary", capitalised(name))
                .with("description", "What the list is for.")
                .into()
        })
        .collect();
    let entry = object(
        ["id", "name"],
        Object::new()
            .with("id", member("string", "Id", "What is sent."))
            .with("name", member("string", "Name", "What is shown.")),
    );
    let entries = Object::new().with("type", "array").with("items", entry);
    let listed = object(
        ["value"],
        Object::new()
            .with("value", entries)
            .with("truncated", member("boolean", "Truncated", "Whether there are more than are listed."))
            .with("limit", member("integer", "Limit", "How many are listed at most.")),
    );
    let listed = answer("The entries of the list.").with("schema", listed);
    let has_input = !parameters.is_empty();
    let refuses = if has_input { Refuses::Input } else { Refuses::Nothing };
    Object::new()
        .with("summary", format!("List {title}"))
        .with("description", format!("Lists the {title} that can be chosen."))
        .with("x-ms-visibility", "internal")
        .with_some("parameters", has_input.then_some(Json::Array(parameters)))
        .with("responses", responses(Object::new().with("200", listed), refuses))
}

/// `GET /connection`.
pub(super) fn test() -> Object {
    let names = || Object::new().with("type", "array").with("items", Object::new().with("type", "string"));
    let good = object(
        ["status", "triggers", "actions"],
        Object::new()
            .with("status", member("string", "Status", "ok, where the connection is good."))
            .with("triggers", names().with("description", "The triggers that it is good for."))
            .with("actions", names().with("description", "The actions that it is good for.")),
    );
    let good = answer("The connection is good.").with("schema", good);
    Object::new()
        .with("summary", "Test the connection")
        .with("description", "Says whether the connection is good.")
        .with("x-ms-visibility", "internal")
        .with("responses", responses(Object::new().with("200", good), Refuses::Nothing))
}

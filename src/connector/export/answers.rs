//! The answers that operations have in common.

use super::json::{Json, Object};

/// An answer with nothing but its meaning.
pub(super) fn answer(description: &str) -> Object {
    Object::new().with("description", description)
}

/// A reference to one of the definitions.
pub(super) fn reference(definition: &str) -> Object {
    Object::new().with("$ref", format!("#/definitions/{definition}"))
}

/// `responses`, begun with the good ones and ended by those that every operation has.
pub(super) fn with_refusals(responses: Object, has_input: bool) -> Object {
    let refused = |description| answer(description).with("schema", reference("Problem"));
    let wait = header("integer", "In how many seconds to try again.");
    let responses = if has_input {
        responses.with("400", refused("Something is wrong with the input; every fault is told by its field."))
    } else {
        responses
    };
    responses.with("401", refused("Nobody is known by this key.")).with(
        "429",
        refused("That was too much; wait.").with("headers", Object::new().with("Retry-After", wait)),
    )
}

pub(super) fn not_found(responses: Object, description: &str) -> Object {
    responses.with("404", answer(description).with("schema", reference("Problem")))
}

/// A header of an answer.
pub(super) fn header(kind: &str, description: &str) -> Object {
    Object::new().with("type", kind).with("description", description)
}

/// A member of an answer.
pub(super) fn member(kind: &str, title: &str, description: &str) -> Object {
    Object::new().with("type", kind).with("x-ms-summary", title).with("description", description)
}

/// An object of an answer, with the members that are always there.
pub(super) fn object<const N: usize>(required: [&str; N], properties: Object) -> Object {
    let schema = Object::new().with("type", "object");
    let schema = if N == 0 { schema } else { schema.with("required", Json::array(required)) };
    schema.with("properties", properties)
}

/// Whatever is refused says why in this form.
pub(super) fn problem() -> Object {
    let fault = object(
        ["field", "message"],
        Object::new()
            .with("field", member("string", "Field", "The field at fault."))
            .with("message", member("string", "Message", "What is wrong with it.")),
    );
    let faults = Object::new().with("type", "array").with("items", fault);
    let error = object(
        ["code", "message"],
        Object::new()
            .with("code", member("string", "Code", "The kind of the problem, in one word."))
            .with("message", member("string", "Message", "What is wrong, in words."))
            .with("fields", faults),
    );
    object(["error"], Object::new().with("error", error))
}

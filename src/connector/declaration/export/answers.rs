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

/// What an operation may refuse for, beside what all may.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Refuses {
    Nothing,
    /// An input that is not right.
    Input,
    /// The same, and to watch what is not one's own.
    Watching,
    /// What does not exist, or is not one's own.
    Unknown,
    /// An input that is not right, and to do what could not be done.
    Doing,
}

/// The answers of an operation: the good ones, and those with which it refuses.
pub(super) fn responses(good: Object, refuses: Refuses) -> Object {
    let refused = |description: &str| answer(description).with("schema", reference("Problem"));
    let later = |description: &str| {
        let wait = header("integer", "In how many seconds to try again.");
        refused(description).with("headers", Object::new().with("Retry-After", wait))
    };
    let takes_input = matches!(refuses, Refuses::Input | Refuses::Watching | Refuses::Doing);
    let is = |this: Refuses| (refuses == this).then_some(());
    let faulty =
        takes_input.then(|| refused("Something is wrong with the input; every fault is told by its field."));
    let foreign = is(Refuses::Watching).map(|()| refused("That is not one's own to watch."));
    let unknown = is(Refuses::Unknown).map(|()| refused("There is none of this id, or none of one's own."));
    let undone = is(Refuses::Doing).map(|()| refused("It cannot be done, however often it is tried."));
    let unasked = is(Refuses::Doing).map(|()| refused("The service behind the action does not let it in."));
    let slow = is(Refuses::Doing).map(|()| refused("The action took too long; it may have been done."));
    good.with_some("400", faulty)
        .with("401", refused("Nobody is known by these credentials."))
        .with_some("403", foreign)
        .with_some("404", unknown)
        .with_some("422", undone)
        .with("429", later("That was too much; wait."))
        .with_some("502", unasked)
        .with("503", later("It cannot be done just now; wait."))
        .with_some("504", slow)
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

/// Whatever is refused says why in this form: [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457).
pub(super) fn problem() -> Object {
    let fault = object(
        ["field", "message"],
        Object::new()
            .with("field", member("string", "Field", "The field at fault."))
            .with("message", member("string", "Message", "What is wrong with it.")),
    );
    let faults = Object::new().with("type", "array").with("items", fault);
    let unknown = "Whether it may have been done all the same.";
    object(
        ["title", "status", "detail"],
        Object::new()
            .with("title", member("string", "Title", "What the status means."))
            .with("status", member("integer", "Status", "The status of the answer."))
            .with("detail", member("string", "Detail", "What is wrong, in words."))
            .with("errors", faults.with("description", "Every fault, by its field."))
            .with("limit", member("integer", "Limit", "The limit that was passed."))
            .with("outcomeUnknown", member("boolean", "Outcome unknown", unknown)),
    )
}

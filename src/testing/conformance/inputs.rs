//! What an action says of its inputs, and what it does with wrong ones.

use std::collections::BTreeSet;

use http::Request;
use serde_json::{Value, json};

use super::Check;
use super::lab::{Attempt, End, KEY, Lab, difference};
use super::values::{edges, members, right, texts, with_suffix, wrong};
use crate::action::{Action, ActionError, Choices, Field, FieldType, Format};

/// A name that no action has, for what is put in to break out.
const EVIL: &str = "tripline-evil";

/// Everything about inputs; `baseline` is an attempt with the usual one.
pub(super) fn check<A: Action + 'static>(lab: &Lab<'_, A>, baseline: &Attempt) {
    samples(lab);
    fields(lab);
    if !baseline.sent.is_empty() {
        idle_fields(lab, baseline);
    }
    input_faults(lab);
    injection(lab, baseline);
}

fn attempt_with<A: Action + 'static>(lab: &Lab<'_, A>, case: &str, input: Value) -> Attempt {
    let bench = lab.bench();
    let ctx = lab.context(&bench, KEY, 1);
    lab.attempt(&bench, case, &ctx, input, usize::MAX)
}

fn samples<A: Action + 'static>(lab: &Lab<'_, A>) {
    if !lab.wants(Check::Samples) {
        return;
    }
    for (at, sample) in lab.metadata.samples().iter().enumerate() {
        if let Err(error) = lab.bench().action.check(sample.input().clone()) {
            lab.found(Check::Samples, format!("samples[{at}].input: the action does not take it: {error}"));
        }
    }
}

/// What the metadata allows, the action's type takes.
fn fields<A: Action + 'static>(lab: &Lab<'_, A>) {
    if !lab.wants(Check::Fields) {
        return;
    }
    let bench = lab.bench();
    let takes = |case: String, input: Value| {
        if lab.metadata.check_input(&input).is_ok()
            && let Err(error) = bench.action.check(input)
        {
            lab.found(Check::Fields, format!("{case}, and the action's type does not take it: {error}"));
        }
    };
    for field in lab.metadata.inputs() {
        let name = field.name();
        let mut input = members(&lab.input);
        if !field.is_required() && input.remove(name).is_some() {
            takes(format!("{name}: it may be left out"), Value::Object(input.clone()));
        }
        for value in [right(field)].into_iter().chain(edges(field)) {
            let shown = if field.is_secret() { "it".to_owned() } else { value.to_string() };
            input.insert(name.to_owned(), value);
            takes(format!("{name}: {shown} is allowed"), Value::Object(input.clone()));
        }
    }
}

/// A field that changes nothing is one that the action's type does not know.
fn idle_fields<A: Action + 'static>(lab: &Lab<'_, A>, baseline: &Attempt) {
    if !lab.wants(Check::Fields) {
        return;
    }
    let differs = |left: &Attempt, right: &Attempt| {
        difference(&left.sent, &right.sent).is_some()
            || !matches!((&left.end, &right.end), (End::Done(left), End::Done(right)) if left == right)
    };
    for field in lab.metadata.inputs().iter().filter(|field| is_free(field)) {
        let name = field.name();
        let mut input = members(&lab.input);
        match (field.field_type(), input.get_mut(name)) {
            (FieldType::Object(_), Some(Value::Object(object))) => {
                object.insert(EVIL.to_owned(), json!("x"));
            }
            (FieldType::Object(_), _) => {
                input.insert(name.to_owned(), json!({EVIL: "x"}));
            }
            (_, Some(Value::String(text))) => text.push('x'),
            _ => {
                input.insert(name.to_owned(), right(field));
            }
        }
        let input = Value::Object(input);
        if lab.metadata.check_input(&input).is_ok()
            && !differs(baseline, &attempt_with(lab, &format!("{name} changed"), input))
        {
            lab.found(Check::Fields, format!("{name}: it is taken, and what stands in it changes nothing"));
        }
    }
}

/// Whether the field may hold anything, so that another value is another meaning.
fn is_free(field: &Field) -> bool {
    let is_open = match field.field_type() {
        FieldType::String(format) => matches!(format, Format::Plain | Format::Html),
        FieldType::Object(members) => members.is_empty(),
        _ => false,
    };
    is_open && !field.is_secret() && !matches!(field.choices(), Some(Choices::Static(_)))
}

fn input_faults<A: Action + 'static>(lab: &Lab<'_, A>) {
    if !lab.wants(Check::InputFaults) {
        return;
    }
    let refused = |case: &str, input: Value, wanted: &[String]| {
        let attempt = attempt_with(lab, case, input);
        refused_in_time(lab, case, &attempt);
        match attempt.error().filter(|error| error.is_invalid_input()) {
            None => lab.found(
                Check::InputFaults,
                format!("{case}: it ends in {}, wanted: InvalidInput", attempt.told()),
            ),
            Some(error) => {
                for field in wanted.iter().filter(|field| !names(error, field)) {
                    lab.found(Check::InputFaults, format!("{case}: {field} is wrong too, and is not named"));
                }
            }
        }
    };
    let all: Vec<&Field> = lab.metadata.inputs().iter().collect();
    let required = |field: &&&Field| field.is_required() && field.default().is_none();
    let missing: Vec<&Field> = all.iter().filter(required).copied().collect();
    let named =
        |fields: &[&Field]| -> Vec<String> { fields.iter().map(|field| field.name().to_owned()).collect() };

    for several in
        all.iter().map(std::slice::from_ref).chain([&all[..]]).filter(|several| !several.is_empty())
    {
        let mut input = members(&lab.input);
        input.extend(several.iter().map(|field| (field.name().to_owned(), wrong(field))));
        refused(
            &format!("{} of another type", named(several).join(", ")),
            Value::Object(input),
            &named(several),
        );
    }
    for several in
        missing.iter().map(std::slice::from_ref).chain([&missing[..]]).filter(|several| !several.is_empty())
    {
        let mut input = members(&lab.input);
        input.retain(|name, _| several.iter().all(|field| field.name() != name));
        refused(&format!("without {}", named(several).join(", ")), Value::Object(input), &named(several));
    }
    let mut input = members(&lab.input);
    input.insert(EVIL.to_owned(), json!(1));
    refused("a field that nobody knows", Value::Object(input), &[EVIL.to_owned()]);
    for (at, (input, wanted)) in lab.capabilities.invalid.iter().enumerate() {
        refused(&format!("invalid input {at}"), input.clone(), wanted);
    }
}

/// An input is refused before anything is changed for it; to look something up is allowed.
fn refused_in_time<A: Action + 'static>(lab: &Lab<'_, A>, case: &str, attempt: &Attempt) {
    if attempt.effects().next().is_some() {
        lab.found(Check::InputFaults, format!("{case}: a request was sent before the input was refused"));
    }
}

fn names(error: &ActionError, field: &str) -> bool {
    error.fields().iter().any(|fault| fault.path() == field)
}

/// Texts that would mean something else where they must not: in a header, in
/// JSON, in a URL.
fn injection<A: Action + 'static>(lab: &Lab<'_, A>, baseline: &Attempt) {
    if !lab.wants(Check::Injection) {
        return;
    }
    let payloads = [
        format!("\r\nx-{EVIL}: 1"),
        "\0".to_owned(),
        format!("\",\"{EVIL}\":\"1"),
        format!("/../{EVIL}?{EVIL}=1&{EVIL}=2#{EVIL}"),
        "/..".to_owned(),
        "\u{202e}\u{1f980}\u{7f}\\".to_owned(),
    ];
    let texts = texts(&lab.input);
    for payload in &payloads {
        let mut refused = Vec::new();
        for (path, pointer) in &texts {
            let case = format!("{path} with {payload:?} behind it");
            let input = with_suffix(&lab.input, pointer, payload);
            let is_allowed = lab.metadata.check_input(&input).is_ok();
            let attempt = attempt_with(lab, &case, input);
            match attempt.error() {
                Some(error) if error.is_invalid_input() && names(error, path) => {
                    refused_in_time(lab, &case, &attempt);
                    // What the metadata refuses is told before the action is asked.
                    refused.extend(is_allowed.then_some((path, pointer)));
                }
                Some(_) if attempt.sent.is_empty() => {
                    lab.found(
                        Check::Injection,
                        format!("{case}: it ends in {}, and the field is not named", attempt.told()),
                    );
                }
                _ => {
                    // A URL that the user gives may lead anywhere: that is for a guard to judge.
                    let is_url = lab
                        .input
                        .pointer(pointer)
                        .and_then(Value::as_str)
                        .is_some_and(|text| text.contains("://"));
                    for what in broken_out(&attempt, baseline, is_url) {
                        lab.found(Check::Injection, format!("{case}: {what}"));
                    }
                }
            }
        }
        all_at_once(lab, payload, &refused);
    }
}

/// What is refused one by one is refused together, with every field named.
fn all_at_once<A: Action + 'static>(lab: &Lab<'_, A>, payload: &str, refused: &[(&String, &String)]) {
    if refused.len() < 2 || !lab.wants(Check::InputFaults) {
        return;
    }
    let input = refused.iter().fold(lab.input.clone(), |input, (_, at)| with_suffix(&input, at, payload));
    let case = format!("{} fields with {payload:?} behind them", refused.len());
    let attempt = attempt_with(lab, &case, input);
    let Some(error) = attempt.error() else { return };
    for (path, _) in refused.iter().filter(|(path, _)| !names(error, path)) {
        lab.found(Check::InputFaults, format!("{case}: {path} is wrong too, and is not named"));
    }
}

/// Where the payload has broken out of its place.
fn broken_out(attempt: &Attempt, baseline: &Attempt, is_url: bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let hosts: BTreeSet<_> = baseline.sent.iter().map(|sent| sent.request().uri().host()).collect();
    for request in attempt.sent.iter().map(super::Sent::request) {
        if request.headers().keys().any(|name| name.as_str().contains(EVIL)) || has_evil_line(request) {
            found.insert("it makes a header of its own".to_owned());
        }
        if is_evil_json(request) {
            found.insert("it breaks the JSON of the body".to_owned());
        }
        if is_url {
            continue;
        }
        if !hosts.contains(&request.uri().host()) {
            found.insert("the request goes to another host".to_owned());
        }
        let path = request.uri().path();
        if path.split('/').any(|segment| segment == ".." || segment == EVIL) {
            found.insert("it leads to another path".to_owned());
        }
        let query = request.uri().query().unwrap_or_default();
        if query.split('&').any(|pair| pair.starts_with(EVIL)) {
            found.insert("it makes a parameter of its own".to_owned());
        }
    }
    found
}

/// Whether the header of a mail in the body has a line of its own (RFC 5322, section 2.1).
fn has_evil_line(request: &Request<Vec<u8>>) -> bool {
    let content = request.headers().get("content-type").and_then(|value| value.to_str().ok());
    if !content.is_some_and(|content| content.starts_with("message/rfc822")) {
        return false;
    }
    let text = String::from_utf8_lossy(request.body());
    let header = text.split("\r\n\r\n").next().unwrap_or_default();
    header.lines().any(|line| line.starts_with(&format!("x-{EVIL}")))
}

/// Whether a body that says it is JSON is none, or has a member of the payload's.
fn is_evil_json(request: &Request<Vec<u8>>) -> bool {
    let content = request.headers().get("content-type").and_then(|value| value.to_str().ok());
    if !content.is_some_and(|content| content.contains("json")) {
        return false;
    }
    serde_json::from_slice::<Value>(request.body()).map_or(true, |body| has_evil_member(&body))
}

fn has_evil_member(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(has_evil_member),
        Value::Object(members) => members.iter().any(|(name, value)| name == EVIL || has_evil_member(value)),
        _ => false,
    }
}

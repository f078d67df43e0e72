//! Every answer and every notification, held against what the exported definition declares.

use std::sync::LazyLock;

use http::{Method, Response, Uri};
use serde_json::Value;

static DEFINITION: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/connector/apiDefinition.swagger.json")).unwrap()
});

/// Nothing that is answered is otherwise than declared: a refusal is a problem, all else what its operation gives.
pub(super) fn check_answer(method: &Method, uri: &Uri, answer: &Response<Vec<u8>>) {
    let status = answer.status();
    let body: Option<Value> =
        (!answer.body().is_empty()).then(|| serde_json::from_slice(answer.body()).unwrap());
    assert_eq!(answer.headers()["cache-control"], "no-store");
    if status.as_u16() >= 400 {
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem = body.expect("a refusal says why");
        assert_eq!(faults(&DEFINITION["definitions"]["Problem"], &problem, ""), [""; 0], "{problem}");
        return;
    }
    let path = uri.path().strip_prefix("/v1").unwrap_or(uri.path());
    let operation = match path.split_once("/subscriptions/") {
        Some(_) if *method != Method::POST => "/subscriptions/{id}",
        _ => path,
    };
    let operation = &DEFINITION["paths"][operation][method.as_str().to_ascii_lowercase()];
    // The actions of these tests are their own.
    if operation.is_null() && path.starts_with("/actions/") {
        return;
    }
    let declared = &operation["responses"][status.as_str()];
    assert!(declared.is_object(), "{method} {path} answers {status}, which is not declared");
    let needs_body = declared.get("schema").is_some();
    assert_eq!(needs_body, body.is_some(), "{method} {path} {status}");
    if let Some(body) = body {
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(faults(&declared["schema"], &body, ""), [""; 0], "{method} {path}: {body}");
    }
    for name in declared["headers"].as_object().into_iter().flatten().map(|(name, _)| name) {
        let is_there = answer.headers().contains_key(name.as_str());
        // This one alone is there only where there is something to tell.
        assert!(is_there || name == "Tripline-Missed", "{method} {path} {status} lacks {name}");
    }
}

/// What is posted to a callback is what is declared as the notification's content.
pub(super) fn check_notification(body: &[u8]) {
    let body: Value = serde_json::from_slice(body).unwrap();
    let path = format!("/subscriptions/{}", body["type"].as_str().unwrap());
    let schema = &DEFINITION["paths"][path]["x-ms-notification-content"]["schema"];
    assert_eq!(faults(schema, &body, ""), [""; 0], "{body}");
}

/// What a value has that its schema does not say, or lacks that it says.
fn faults(schema: &Value, value: &Value, place: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.strip_prefix("#/definitions/").unwrap();
        return faults(&DEFINITION["definitions"][name], value, place);
    }
    if value.is_null() && schema["x-nullable"] == true {
        return Vec::new();
    }
    let kind = schema["type"].as_str().unwrap_or_else(|| panic!("{place}: {schema} has no type"));
    let fits = match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{place}: the type {other}"),
    };
    if !fits {
        return vec![format!("{place}: {value} is no {kind}")];
    }
    let mut found = Vec::new();
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            found.push(format!("{place}.{name} is missing"));
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(schema) => found.extend(faults(schema, member, &format!("{place}.{name}"))),
            None if schema["additionalProperties"] == true => {}
            None => found.push(format!("{place}.{name} is not declared")),
        }
    }
    for element in value.as_array().into_iter().flatten() {
        found.extend(faults(&schema["items"], element, &format!("{place}[]")));
    }
    found
}

//! `where`: CloudEvents filters, and the data filter.

use serde_json::{Map, Value, json};

use super::Obs;

/// Whether a filter looks at nothing but what all observations of a series share.
pub(crate) fn is_static(filter: &Value) -> bool {
    let Some((word, body)) = filter.as_object().and_then(|f| f.iter().next()) else { return false };
    let attributes =
        || body.as_object().into_iter().flatten().all(|(name, _)| name == "source" || name == "type");
    matches!(word.as_str(), "exact" | "prefix" | "suffix") && attributes()
}

/// The data of the event an observation came in, as far as filters look at it.
fn data_of(o: &Obs) -> Value {
    let mut data =
        json!({"kind": o.series.kind, "name": o.series.name, "value": o.value, "owners": o.owners});
    if !o.series.dimensions.is_empty() {
        data["dimensions"] =
            o.series.dimensions.iter().map(|(k, v)| (k.clone(), json!(v))).collect::<Map<_, _>>().into();
    }
    if let Some(n) = o.sequence {
        data["sequence"] = json!(n);
    }
    data
}

pub(crate) fn passes(filter: &Value, o: &Obs) -> bool {
    let Some((word, body)) = filter.as_object().and_then(|f| f.iter().next()) else { return false };
    let nested = |v: &Value| v.as_array().cloned().unwrap_or_default();
    match word.as_str() {
        "all" => nested(body).iter().all(|f| passes(f, o)),
        "any" => nested(body).iter().any(|f| passes(f, o)),
        "not" => !passes(body, o),
        "data" => compares(body, &data_of(o)),
        _ => body.as_object().into_iter().flatten().all(|(attribute, want)| {
            let have = match attribute.as_str() {
                "id" => o.id.as_deref(),
                "source" => Some(o.series.source.as_str()),
                "type" => Some("tripline.value.observed"),
                "specversion" => Some("1.0"),
                "subject" => o.subject.as_deref(),
                _ => None,
            };
            let (Some(have), Some(want)) = (have, want.as_str()) else { return false };
            match word.as_str() {
                "exact" => have == want,
                "prefix" => have.starts_with(want),
                _ => have.ends_with(want),
            }
        }),
    }
}

pub(crate) fn compares(body: &Value, data: &Value) -> bool {
    let found = data.pointer(body["path"].as_str().unwrap_or_default());
    let op = body["op"].as_str().unwrap_or_default();
    if op == "exists" {
        return found.is_some() == body.get("value").and_then(Value::as_bool).unwrap_or(true);
    }
    let (Some(have), Some(want)) = (found, body.get("value")) else { return false };
    let order = match (have, want) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        (Value::String(a), Value::String(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        _ => None,
    };
    let equal = order.map_or(have == want, |o| o.is_eq());
    match op {
        "eq" => equal,
        "ne" => !equal,
        "lt" => order.is_some_and(|o| o.is_lt()),
        "le" => order.is_some_and(|o| o.is_le()),
        "gt" => order.is_some_and(|o| o.is_gt()),
        "ge" => order.is_some_and(|o| o.is_ge()),
        "contains" => match (have, want) {
            (Value::String(a), Value::String(b)) => a.contains(b.as_str()),
            (Value::Array(a), b) => a.contains(b),
            _ => false,
        },
        _ => false,
    }
}

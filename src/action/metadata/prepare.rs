//! A checked input as the action is to see it.

use serde_json::{Map, Value};

use super::{Field, FieldType};

/// What an f64 counts without leaving out any whole number.
pub(super) const EXACT: f64 = 9_007_199_254_740_991.0;

/// The members of a checked object: defaults filled in, `null` taken out.
pub(super) fn object(fields: &[Field], value: Value) -> Map<String, Value> {
    let Value::Object(mut members) = value else { return Map::new() };
    for field in fields {
        let given = members.remove(field.name()).filter(|value| !value.is_null());
        if let Some(value) = given.or_else(|| field.default().cloned()) {
            members.insert(field.name().to_owned(), of(field, value));
        }
    }
    members
}

fn of(field: &Field, value: Value) -> Value {
    match (field.field_type(), value) {
        (FieldType::Integer, Value::Number(number)) => whole(&number).unwrap_or(Value::Number(number)),
        (FieldType::Object(members), value) if !members.is_empty() => Value::Object(object(members, value)),
        (FieldType::Array(element), Value::Array(values)) => {
            values.into_iter().map(|value| of(element, value)).collect()
        }
        (_, value) => value,
    }
}

/// A number such as `7.0` as a whole one; `None` where it is one already, or none at all.
fn whole(number: &serde_json::Number) -> Option<Value> {
    let float = number.as_f64().filter(|_| number.is_f64())?;
    is_whole(float).then(|| Value::from(float as i64))
}

/// Whether a float means one whole number and no other.
pub(super) fn is_whole(float: f64) -> bool {
    float.fract() == 0.0 && float.abs() <= EXACT
}

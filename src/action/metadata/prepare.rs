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

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
    use serde_json::json;

    use super::super::Metadata;
    use super::*;

    fn metadata() -> Metadata {
        let member = Field::object("m", [Field::integer("i").with_default(3), Field::string("s")]);
        Metadata::new("a")
            .with_input(Field::integer("i").with_range(-5.0, 5.0).with_default(1))
            .with_input(Field::number("n").with_choices([0.5, 1.0]))
            .with_input(Field::string("s").with_max_length(3))
            .with_input(Field::date_time("d"))
            .with_input(Field::array("v", Field::integer("e")).with_min_length(1))
            .with_input(Field::array("w", member.clone()))
            .with_input(member)
            .with_input(Field::object("o", []))
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-6_i64..7).prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-12_i64..13).prop_map(|half| json!(half as f64 / 2.0)),
            any::<f64>().prop_map(Value::from),
            ".{0,4}".prop_map(Value::from),
            Just(json!("2026-03-01T02:00:07Z")),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[inmsdvwox]", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_the_action_sees_passes_again_unchanged(input in values()) {
            let metadata = metadata();
            if let Ok(seen) = metadata.prepare(input.clone()) {
                prop_assert_eq!(&seen["i"].as_f64(), &input["i"].as_f64().or(Some(1.0)));
                prop_assert!(seen["i"].is_i64() && !seen.values().any(Value::is_null));
                let again = metadata.prepare(Value::Object(seen.clone()));
                prop_assert_eq!(again.map_err(|error| error.to_string()), Ok(seen));
            }
        }

        #[test]
        fn every_fault_names_a_place_that_is_there_or_is_missing(input in values()) {
            for fault in metadata().check_input(&input).err().iter().flat_map(|error| error.fields()) {
                let top = fault.path().split(['.', '[']).next().unwrap_or_default();
                prop_assert!(top.is_empty() || input.get(top).is_some() || fault.message() == "is missing");
            }
        }
    }
}

//! Values for fields: right ones, wrong ones, and where the texts of an input stand.

use serde_json::{Map, Number, Value, json};

use super::CANARY;
use crate::action::{Choices, Field, FieldType, Format, Metadata};

/// A value that the field takes, as far as it can be known.
pub(super) fn right(field: &Field) -> Value {
    if let Some(default) = field.default() {
        return default.clone();
    }
    if let Some(Choices::Static(choices)) = field.choices()
        && let Some(first) = choices.first()
    {
        return first.value().clone();
    }
    match field.field_type() {
        FieldType::String(format) => Value::String(text(field, *format)),
        FieldType::Integer => number(field).map_or(json!(1), |bound| json!(whole(bound.ceil()))),
        FieldType::Number => number(field).map_or(json!(1.5), |bound| json!(bound)),
        FieldType::Boolean => json!(true),
        FieldType::Object(members) => {
            Value::Object(members.iter().map(|member| (member.name().to_owned(), right(member))).collect())
        }
        FieldType::Array(element) => json!(vec![right(element); field.min_length().unwrap_or(1)]),
    }
}

/// A value of another type than the field's.
pub(super) fn wrong(field: &Field) -> Value {
    match field.field_type() {
        FieldType::String(_) => json!(7),
        FieldType::Array(_) | FieldType::Object(_) => json!(true),
        _ => json!("x"),
    }
}

/// Values at the edges of what the field takes, each of which its type must take too.
pub(super) fn edges(field: &Field) -> Vec<Value> {
    if let Some(Choices::Static(choices)) = field.choices() {
        return choices.iter().map(|choice| choice.value().clone()).collect();
    }
    let bounds = [field.minimum(), field.maximum()];
    match field.field_type() {
        FieldType::Integer => {
            let inside = [bounds[0].map(f64::ceil), bounds[1].map(f64::floor)];
            inside.into_iter().flatten().map(|bound| json!(whole(bound))).collect()
        }
        FieldType::Number => bounds.into_iter().flatten().map(|bound| json!(bound)).collect(),
        FieldType::Boolean => vec![json!(true), json!(false)],
        _ => Vec::new(),
    }
}

/// The input with the canary for every secret in it.
pub(super) fn with_canary(metadata: &Metadata, mut input: Value) -> Value {
    if let Value::Object(members) = &mut input {
        for field in metadata.inputs().iter().filter(|field| field.is_secret()) {
            let Some(value) = members.get_mut(field.name()) else { continue };
            let hidden = match (field.field_type(), &*value) {
                (FieldType::String(Format::Uri), Value::String(url)) => {
                    let mark = if url.contains('?') { '&' } else { '?' };
                    json!(format!("{url}{mark}sig={CANARY}"))
                }
                (FieldType::String(_), _) => json!(CANARY),
                _ => continue,
            };
            *value = hidden;
        }
    }
    input
}

/// Every text of an input: where it stands for a person, and for a machine.
pub(super) fn texts(input: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(input, String::new(), String::new(), &mut found);
    found
}

fn walk(value: &Value, path: String, pointer: String, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(_) => found.push((path, pointer)),
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                walk(value, format!("{path}[{at}]"), format!("{pointer}/{at}"), found);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                let dot = if path.is_empty() { "" } else { "." };
                let escaped = name.replace('~', "~0").replace('/', "~1");
                walk(value, format!("{path}{dot}{name}"), format!("{pointer}/{escaped}"), found);
            }
        }
        _ => {}
    }
}

/// The input with something put behind the text at a place.
pub(super) fn with_suffix(input: &Value, pointer: &str, suffix: &str) -> Value {
    let mut input = input.clone();
    if let Some(Value::String(text)) = input.pointer_mut(pointer) {
        text.push_str(suffix);
    }
    input
}

/// The members of an input; an input is always an object.
pub(super) fn members(input: &Value) -> Map<String, Value> {
    input.as_object().cloned().unwrap_or_default()
}

fn text(field: &Field, format: Format) -> String {
    let text = match format {
        Format::Email => "someone@example.com",
        Format::Uri => "https://example.com/x",
        Format::DateTime => "2026-03-01T02:00:00Z",
        Format::Html => "<p>text</p>",
        _ if field.is_secret() => CANARY,
        _ => "text",
    };
    if !matches!(format, Format::Plain) {
        return text.to_owned();
    }
    let padding = field.min_length().unwrap_or_default().saturating_sub(text.len());
    let text = format!("{text}{}", "x".repeat(padding));
    text.chars().take(field.max_length().unwrap_or(usize::MAX)).collect()
}

fn number(field: &Field) -> Option<f64> {
    field.minimum().or(field.maximum())
}

/// A whole number within the bounds that a field can have, which are below 2^53.
#[allow(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
fn whole(bound: f64) -> Number {
    Number::from(bound as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_value_is_taken_and_a_wrong_one_is_not() {
        let fields = [
            Field::string("a").with_min_length(9),
            Field::string("a").with_max_length(2),
            Field::email("a"),
            Field::uri("a"),
            Field::html("a"),
            Field::date_time("a"),
            Field::secret("a"),
            Field::integer("a").with_range(3.0, 9.0),
            Field::integer("a").with_maximum(-3.0),
            Field::number("a").with_minimum(0.5),
            Field::number("a"),
            Field::boolean("a"),
            Field::string("a").with_choices(["x", "y"]),
            Field::integer("a").with_default(7),
            Field::object("a", [Field::string("b").with_required(true), Field::integer("c")]),
            Field::array("a", Field::email("e")).with_min_length(2),
        ];
        for field in fields {
            let metadata = Metadata::new("m").with_input(field.clone());
            let input = |value| json!({"a": value});
            assert!(metadata.check_input(&input(right(&field))).is_ok(), "{field:?} {}", right(&field));
            assert!(metadata.check_input(&input(wrong(&field))).is_err(), "{field:?}");
            for edge in edges(&field) {
                assert!(metadata.check_input(&input(edge)).is_ok(), "{field:?}");
            }
        }
    }

    #[test]
    fn every_text_is_found_and_secrets_become_the_canary() {
        let input = json!({"a": "x", "b": [1, {"c": "y", "d/e": "z"}], "url": "https://example.com/?v=1"});
        let found: Vec<String> = texts(&input).into_iter().map(|(path, _)| path).collect();
        assert_eq!(found, ["a", "b[1].c", "b[1].d/e", "url"]);
        let changed = texts(&input).iter().fold(input.clone(), |input, (_, at)| with_suffix(&input, at, "!"));
        assert_eq!(changed["b"][1], json!({"c": "y!", "d/e": "z!"}));

        let fields = [Field::secret("a"), Field::uri("url").with_secret(true)];
        let metadata = fields.into_iter().fold(Metadata::new("m"), Metadata::with_input);
        let hidden = with_canary(&metadata, input);
        assert_eq!(hidden["a"], CANARY);
        assert_eq!(hidden["url"], format!("https://example.com/?v=1&sig={CANARY}"));
    }
}

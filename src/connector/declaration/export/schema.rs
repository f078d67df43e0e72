//! Fields as schemas.

use serde_json::{Number, Value};

use super::json::{Json, Object};
use crate::action::{Choices, DynamicChoices, Field, FieldType, Format, Visibility};
use crate::connector::{ChoiceList, Connector};

/// Where a field stands, for what refers to its neighbours.
#[derive(Clone, Copy)]
pub(super) enum Stands<'a> {
    /// In the query.
    Query,
    /// In the body, below this path, which is empty or ends with a slash.
    Body(&'a str),
    /// In an answer, where nothing is chosen.
    Answer,
}

/// The schema of an object with these members.
pub(super) fn object(connector: &Connector, fields: &[Field], stands: Stands<'_>) -> Object {
    let schema = Object::new().with("type", "object");
    if fields.is_empty() {
        return schema.with("additionalProperties", true);
    }
    let mut properties = Object::new();
    for field in fields {
        properties.put(field.name(), self::field(connector, field, stands));
    }
    with_required(schema, fields).with("properties", properties)
}

/// The schema with the names of the members that must be there.
pub(super) fn with_required(schema: Object, fields: &[Field]) -> Object {
    let names: Vec<Json> =
        fields.iter().filter(|field| must_be_sent(field)).map(|field| field.name().into()).collect();
    if names.is_empty() { schema } else { schema.with("required", Json::Array(names)) }
}

/// The schema of one field.
pub(super) fn field(connector: &Connector, field: &Field, stands: Stands<'_>) -> Object {
    let schema = Object::new();
    let schema = match field.field_type() {
        FieldType::String(format) => {
            let format = if field.is_secret() { Some("password") } else { format_of(*format) };
            schema.with("type", "string").with_some("format", format)
        }
        FieldType::Integer => schema.with("type", "integer").with("format", "int64"),
        FieldType::Number => schema.with("type", "number").with("format", "double"),
        FieldType::Boolean => schema.with("type", "boolean"),
        FieldType::Object(fields) => {
            let below = match stands {
                Stands::Body(path) => format!("{path}{}/", field.name()),
                _ => String::new(),
            };
            let stands = if let Stands::Body(_) = stands { Stands::Body(&below) } else { stands };
            object(connector, fields, stands)
        }
        FieldType::Array(element) => {
            schema.with("type", "array").with("items", self::field(connector, element, stands))
        }
    };
    described(connector, schema, field, stands)
}

/// The parts that a parameter of a query has as well as a member of a body.
pub(super) fn described(connector: &Connector, schema: Object, field: &Field, stands: Stands<'_>) -> Object {
    let is_array = matches!(field.field_type(), FieldType::Array(_));
    let (least, most) = if is_array { ("minItems", "maxItems") } else { ("minLength", "maxLength") };
    let schema = schema
        .with_some("x-ms-summary", field.title())
        .with_some("description", field.description())
        .with_some("minimum", field.minimum().and_then(number))
        .with_some("maximum", field.maximum().and_then(number))
        .with_some(least, field.min_length())
        .with_some(most, field.max_length());
    let schema = chosen(connector, schema, field, stands);
    let is_input = !matches!(stands, Stands::Answer);
    schema
        .with_some("default", field.default().filter(|_| is_input).map(|value| plain(field, value)))
        .with_some("x-ms-visibility", visibility(field.visibility()))
}

/// Whether a request without it is refused. The platform sends what it hides only where it must.
pub(super) fn must_be_sent(field: &Field) -> bool {
    let is_internal = field.visibility() == Visibility::Internal;
    field.is_required() || (is_internal && field.default().is_some())
}

/// A sample without what is secret in it.
pub(super) fn sample(fields: &[Field], value: &Value) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let kept =
        members.iter().filter_map(|(name, value)| match fields.iter().find(|field| field.name() == name) {
            Some(field) if field.is_secret() => None,
            Some(field) => Some((name.clone(), sample_of(field, value))),
            None => Some((name.clone(), value.clone())),
        });
    Value::Object(kept.collect())
}

fn sample_of(field: &Field, value: &Value) -> Value {
    match (field.field_type(), value) {
        (FieldType::Object(fields), _) => sample(fields, value),
        (FieldType::Array(element), Value::Array(values)) => {
            values.iter().filter(|_| !element.is_secret()).map(|value| sample_of(element, value)).collect()
        }
        _ => value.clone(),
    }
}

fn chosen(connector: &Connector, schema: Object, field: &Field, stands: Stands<'_>) -> Object {
    match field.choices() {
        Some(Choices::Static(choices)) => {
            let values: Vec<Json> =
                choices.iter().map(|choice| plain(field, choice.value()).into()).collect();
            let schema = schema.with("enum", Json::Array(values));
            if choices.iter().all(|choice| choice.title().is_none()) {
                return schema;
            }
            let shown = choices.iter().map(|choice| {
                let value = plain(field, choice.value());
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let title = choice.title().map_or(text, str::to_owned);
                Object::new().with("value", value).with("displayName", title)
            });
            schema.with("x-ms-enum-values", Json::array(shown))
        }
        Some(Choices::Dynamic(choices)) if !matches!(stands, Stands::Answer) => {
            let list = connector.lists.iter().find(|list| list.name() == choices.list());
            list.map_or(schema.clone(), |list| looked_up(schema, list, choices, stands))
        }
        _ => schema,
    }
}

/// Designers of today read the second extension; the first is for the older ones, and cannot
/// refer to what lies deeper than the top of a body.
fn looked_up(schema: Object, list: &ChoiceList, choices: &DynamicChoices, stands: Stands<'_>) -> Object {
    let (below, is_deep) = match stands {
        Stands::Body(path) => (format!("body/{path}"), !path.is_empty()),
        _ => (String::new(), false),
    };
    let (mut values, mut members) = (Object::new(), Object::new());
    for (parameter, source) in choices.parameters() {
        values.put(parameter, Object::new().with("parameter", source));
        members.put(parameter, Object::new().with("parameterReference", format!("{below}{source}")));
    }
    let is_told_by_the_old = values.is_empty() || !is_deep;
    let some = |object: Object| (!object.is_empty()).then_some(object);
    let of_values = Object::new()
        .with("operationId", list.operation())
        .with_some("parameters", some(values))
        .with("value-collection", "value")
        .with("value-path", "id")
        .with("value-title", "name");
    let of_list = Object::new()
        .with("operationId", list.operation())
        .with_some("parameters", some(members))
        .with("itemsPath", "value")
        .with("itemValuePath", "id")
        .with("itemTitlePath", "name");
    schema
        .with_some("x-ms-dynamic-values", is_told_by_the_old.then_some(of_values))
        .with("x-ms-dynamic-list", of_list)
}

pub(super) fn visibility(visibility: Visibility) -> Option<&'static str> {
    match visibility {
        Visibility::Normal => None,
        Visibility::Important => Some("important"),
        Visibility::Advanced => Some("advanced"),
        Visibility::Internal => Some("internal"),
    }
}

fn format_of(format: Format) -> Option<&'static str> {
    match format {
        Format::Plain => None,
        Format::Email => Some("email"),
        Format::Uri => Some("uri"),
        Format::Html => Some("html"),
        Format::DateTime => Some("date-time"),
    }
}

/// A value of the field as its type is written: a whole number without a fraction.
fn plain(field: &Field, value: &Value) -> Value {
    match (field.field_type(), value) {
        (FieldType::Integer | FieldType::Number, Value::Number(given)) => {
            given.as_f64().filter(|_| given.is_f64()).and_then(number).unwrap_or(value.clone())
        }
        _ => value.clone(),
    }
}

fn number(float: f64) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_991.0;
    if float.fract() == 0.0 && float.abs() <= EXACT {
        return Some(Value::from(float as i64));
    }
    Number::from_f64(float).map(Value::Number)
}

//! Values held against fields: every fault, each with its path.

use serde_json::{Map, Number, Value};

use super::prepare::is_whole;
use super::{Choice, Choices, Field, FieldType, Format, Metadata};
use crate::error::Fault;
use crate::event::strict::shown;
use crate::time::parse_instant;

/// The longest address of a mailbox (RFC 5321, section 4.5.3.1.3, without its brackets).
const MAX_EMAIL: usize = 254;

pub(super) fn input(metadata: &Metadata, input: &Value) -> Vec<Fault> {
    let mut check = Check { action: metadata.name(), faults: Vec::new() };
    match input {
        Value::Object(members) => check.members("", metadata.inputs(), members),
        other => check.fault("", format!("the input is {}, not an object", noun(other))),
    }
    check.faults
}

pub(super) fn output(metadata: &Metadata, output: &Value) -> Vec<Fault> {
    let mut check = Check { action: metadata.name(), faults: Vec::new() };
    match output {
        Value::Object(members) => check.members("", metadata.outputs(), members),
        Value::Null => check.members("", metadata.outputs(), &Map::new()),
        other => check.fault("", format!("the output is {}, not an object", noun(other))),
    }
    check.faults
}

/// What is wrong with one value of a field, its name not counted.
pub(super) fn value(field: &Field, value: &Value) -> Vec<Fault> {
    let mut check = Check { action: "", faults: Vec::new() };
    check.value("", field, value);
    check.faults
}

struct Check<'a> {
    action: &'a str,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn fault(&mut self, path: &str, message: impl Into<String>) {
        self.faults.push(Fault::new(path, message));
    }

    fn members(&mut self, path: &str, fields: &[Field], members: &Map<String, Value>) {
        for field in fields {
            match members.get(field.name()) {
                None | Some(Value::Null) if field.default().is_some() => {}
                None | Some(Value::Null) if field.is_required() => {
                    self.fault(&join(path, field.name()), "is missing");
                }
                None | Some(Value::Null) => {}
                Some(value) => self.value(&join(path, field.name()), field, value),
            }
        }
        for name in members.keys().filter(|name| fields.iter().all(|field| field.name() != **name)) {
            let owner = if path.is_empty() { self.action } else { path };
            self.fault(&join(path, name), format!("is no field of {owner}"));
        }
    }

    fn value(&mut self, path: &str, field: &Field, value: &Value) {
        let wrong = |article: &str| format!("{} is not {article}", written(field, value));
        match (field.field_type(), value) {
            (FieldType::String(format), Value::String(text)) => {
                if let Some(message) = fault_of_text(*format, text) {
                    self.fault(path, format!("{} {message}", written(field, value)));
                }
                self.length(path, field, text.chars().count(), "characters");
            }
            (FieldType::Integer, Value::Number(number)) if !is_integer(number) => {
                self.fault(path, wrong("a whole number"));
            }
            (FieldType::Integer | FieldType::Number, Value::Number(number)) => {
                self.range(path, field, number)
            }
            (FieldType::Boolean, Value::Bool(_)) => {}
            (FieldType::Object(fields), Value::Object(members)) => {
                if !fields.is_empty() {
                    self.members(path, fields, members);
                }
            }
            (FieldType::Array(element), Value::Array(values)) => {
                self.length(path, field, values.len(), "elements");
                for (at, value) in values.iter().enumerate() {
                    self.value(&format!("{path}[{at}]"), element, value);
                }
            }
            (FieldType::String(_), _) => self.fault(path, wrong("a string")),
            (FieldType::Integer, _) => self.fault(path, wrong("a whole number")),
            (FieldType::Number, _) => self.fault(path, wrong("a number")),
            (FieldType::Boolean, _) => self.fault(path, wrong("true or false")),
            (FieldType::Object(_), _) => self.fault(path, wrong("an object")),
            (FieldType::Array(_), _) => self.fault(path, wrong("an array")),
        }
        if let Some(Choices::Static(choices)) = field.choices()
            && has_type(field, value)
            && !choices.iter().any(|choice| same(choice.value(), value))
        {
            self.fault(path, format!("{} is not one of {}", written(field, value), listed(choices)));
        }
    }

    fn range(&mut self, path: &str, field: &Field, number: &Number) {
        // Bounds of whole numbers are below 2^53, so that no rounding of the number passes one.
        let Some(float) = number.as_f64() else { return };
        if let Some(minimum) = field.minimum().filter(|minimum| float < *minimum) {
            self.fault(path, format!("{number} is below {minimum}"));
        }
        if let Some(maximum) = field.maximum().filter(|maximum| float > *maximum) {
            self.fault(path, format!("{number} is above {maximum}"));
        }
    }

    fn length(&mut self, path: &str, field: &Field, length: usize, unit: &str) {
        if let Some(least) = field.min_length().filter(|least| length < *least) {
            self.fault(path, format!("has {length} {unit}, at least {least} are needed"));
        }
        if let Some(most) = field.max_length().filter(|most| length > *most) {
            self.fault(path, format!("has {length} {unit}, the limit is {most}"));
        }
    }
}

/// Whether two values are the same, however a number is written.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

/// Whether the value is of the field's JSON type, so that its choices can be asked.
fn has_type(field: &Field, value: &Value) -> bool {
    match field.field_type() {
        FieldType::String(_) => value.is_string(),
        FieldType::Integer | FieldType::Number => value.is_number(),
        FieldType::Boolean => value.is_boolean(),
        FieldType::Object(_) => value.is_object(),
        FieldType::Array(_) => value.is_array(),
    }
}

fn is_integer(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(is_whole)
}

fn fault_of_text(format: Format, text: &str) -> Option<String> {
    match format {
        Format::Plain | Format::Html => None,
        Format::Email => fault_of_email(text).map(|why| format!("is not the address of a mailbox: {why}")),
        Format::Uri => fault_of_uri(text).map(|why| format!("is not an absolute URI: {why}")),
        Format::DateTime => parse_instant(text)
            .is_err()
            .then(|| "is not an RFC 3339 time such as 2026-03-01T02:00:07Z".to_owned()),
    }
}

fn fault_of_email(text: &str) -> Option<&'static str> {
    if text.len() > MAX_EMAIL {
        return Some("it has more than 254 bytes");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"')) {
        return Some("it holds a space, a control character or one of < > , ; \"");
    }
    match text.rsplit_once('@') {
        Some((local, host)) if !local.is_empty() && !host.is_empty() && !local.contains('@') => None,
        _ => Some("it is not of the form name@host"),
    }
}

fn fault_of_uri(text: &str) -> Option<&'static str> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("it holds a space, a control character or a character outside ASCII");
    }
    let (scheme, rest) = text.split_once(':').unwrap_or_default();
    let starts = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_scheme = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    (!starts || !is_scheme || rest.is_empty()).then_some("it does not start with a scheme such as https:")
}

/// The value as messages show it; a secret is not shown, and nothing that may hold one.
fn written(field: &Field, value: &Value) -> String {
    match value {
        _ if field.is_secret() => "the secret".to_owned(),
        Value::Object(_) | Value::Array(_) | Value::Null => noun(value).to_owned(),
        Value::String(text) => format!("{:?}", shown(text)),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The choices as messages show them, not all where there are many.
fn listed(choices: &[Choice]) -> String {
    const MOST: usize = 20;
    let shown: Vec<String> = choices.iter().take(MOST).map(|choice| choice.value().to_string()).collect();
    let more = choices.len().saturating_sub(MOST);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &rest
}

/// The path of a member. A name that would be misread is quoted, and one that is too long is cut.
pub(crate) fn join(path: &str, name: &str) -> String {
    let is_plain =
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@'));
    match (is_plain, path) {
        (false, path) => format!("{path}[{:?}]", shown(name)),
        (true, "") => shown(name),
        (true, path) => format!("{path}.{}", shown(name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata() -> Metadata {
        Metadata::new("post")
            .with_input(Field::string("text").with_required(true).with_min_length(1).with_max_length(5))
            .with_input(Field::integer("copies").with_range(1.0, 10.0))
            .with_input(Field::number("share").with_choices([0.5, 1.0]))
            .with_input(Field::boolean("pinned"))
            .with_input(Field::date_time("until"))
            .with_input(Field::array("to", Field::email("address")).with_max_length(2))
            .with_input(Field::uri("link"))
            .with_input(Field::secret("key").with_max_length(3))
            .with_input(Field::object("card", [Field::string("head").with_required(true)]))
            .with_input(Field::object("any", []))
    }

    fn faults(value: &Value) -> Vec<String> {
        input(&metadata(), value).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sound_input_has_no_fault() {
        let sound = json!({
            "text": "héllo", "copies": 7.0, "share": 1, "pinned": false, "until": "2026-03-01T02:00:07+01:00",
            "to": ["ana@contoso.example"], "link": "https://example.com/a?b#c", "key": "abc", "card": {"head": ""},
            "any": {"x": [1, {"y": null}]},
        });
        assert_eq!(faults(&sound), [""; 0]);
        assert_eq!(faults(&json!({"text": "a", "copies": null, "card": null})), [""; 0]);
    }

    #[test]
    fn every_faulty_field_is_told_at_once() {
        let wrong = json!({
            "text": "", "copies": 1.5, "share": 0.7, "pinned": "yes", "until": "tomorrow",
            "to": ["ana", 7, "b@c"], "link": "example.com", "key": "KEYKEY", "card": {"hed": 1}, "any": [],
            "a.b": 1, "": 2,
        });
        assert_eq!(
            faults(&wrong),
            [
                "text: has 0 characters, at least 1 are needed",
                "copies: 1.5 is not a whole number",
                "share: 0.7 is not one of 0.5, 1.0",
                "pinned: \"yes\" is not true or false",
                "until: \"tomorrow\" is not an RFC 3339 time such as 2026-03-01T02:00:07Z",
                "to: has 3 elements, the limit is 2",
                "to[0]: \"ana\" is not the address of a mailbox: it is not of the form name@host",
                "to[1]: 7 is not a string",
                "link: \"example.com\" is not an absolute URI: it does not start with a scheme such as https:",
                "key: has 6 characters, the limit is 3",
                "card.head: is missing",
                "card.hed: is no field of card",
                "any: an array is not an object",
                "[\"\"]: is no field of post",
                "[\"a.b\"]: is no field of post",
            ]
        );
        for other in [json!([]), json!(null), json!("x")] {
            assert_eq!(input(&metadata(), &other).len(), 1, "{other}");
        }
    }

    #[test]
    fn a_secret_is_in_no_message() {
        for key in [json!("KEYKEY"), json!(4711), json!({"KEY": 1}), json!(["KEY"])] {
            let all = faults(&json!({"text": "a", "key": key})).join("\n");
            assert!(all.starts_with("key: ") && !all.contains("KEY") && !all.contains("4711"), "{all}");
        }
    }

    #[test]
    fn what_breaks_out_of_a_header_is_neither_an_address_nor_a_uri() {
        for text in
            ["a@b\r\nBcc: c@d", "a\0@b", "a b@c", "a@b@c", "@b", "a@", "<a@b>", "a@b,c@d", "a@\u{2028}b"]
        {
            assert!(fault_of_email(text).is_some(), "{text:?}");
        }
        assert!(fault_of_email(&format!("{}@b", "a".repeat(253))).is_some());
        for text in
            ["https://a/\r\nx: y", "https://a/ b", "https://\0", "", ":", "a:", "1a:b", "é:b", "//a/b"]
        {
            assert!(fault_of_uri(text).is_some(), "{text:?}");
        }
        assert!(fault_of_uri("urn:x").is_none() && fault_of_uri("git+ssh://h").is_none());
    }

    #[test]
    fn whole_numbers_are_compared_exactly() {
        let field = Field::integer("n").with_range(-9_007_199_254_740_991.0, 9_007_199_254_740_991.0);
        assert_eq!(value(&field, &json!(9_007_199_254_740_991_i64)).len(), 0);
        for beyond in [json!(9_007_199_254_740_992_i64), json!(u64::MAX), json!(i64::MIN)] {
            assert_eq!(value(&field, &beyond).len(), 1, "{beyond}");
        }
        assert_eq!(value(&Field::integer("n"), &json!(1e300)).len(), 1);
    }

    #[test]
    fn a_long_value_and_a_long_list_are_cut_in_messages() {
        let field = Field::string("n").with_choices((0..50).map(|n| n.to_string()));
        let message = value(&field, &json!("x".repeat(10_000)))[0].to_string();
        assert!(message.len() < 300 && message.ends_with("\"19\" and 30 more"), "{message}");
    }
}

//! Metadata held against itself.

use serde_json::Value;

use super::prepare::is_whole;
use super::{Choices, Field, FieldType, Metadata, check};
use crate::error::Fault;
use crate::event::strict::shown;

/// The longest name of an action.
const MAX_NAME: usize = 64;

/// The longest name of a field.
const MAX_FIELD_NAME: usize = 128;

/// How deep fields may be nested.
const MAX_DEPTH: usize = 16;

pub(super) fn faults(metadata: &Metadata) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !is_name(metadata.name()) {
        let name = shown(metadata.name());
        let rule = format!("one to {MAX_NAME} ASCII letters and digits, a letter first");
        faults.push(Fault::new("name", format!("{name:?} is not {rule}")));
    }
    members("input", metadata.inputs(), 1, &mut faults);
    members("output", metadata.outputs(), 1, &mut faults);
    for (at, sample) in metadata.samples().iter().enumerate() {
        let place = |part: &str| format!("samples[{at}].{part}");
        let input = check::input(metadata, sample.input());
        faults.extend(input.into_iter().map(|fault| fault.under(&place("input"))));
        let output = check::output(metadata, sample.output());
        faults.extend(output.into_iter().map(|fault| fault.under(&place("output"))));
    }
    faults
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_field_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-$@.".contains(&byte);
    !name.is_empty() && name.len() <= MAX_FIELD_NAME && name.bytes().all(is_plain)
}

fn members(place: &str, fields: &[Field], depth: usize, faults: &mut Vec<Fault>) {
    for (at, field) in fields.iter().enumerate() {
        let place = check::join(place, field.name());
        if !is_field_name(field.name()) {
            let rule = format!("one to {MAX_FIELD_NAME} ASCII letters, digits and _ - $ @ .");
            faults.push(Fault::new(&*place, format!("the name is not {rule}")));
        }
        if fields[..at].iter().any(|other| other.name() == field.name()) {
            faults.push(Fault::new(&*place, "another field has this name"));
        }
        one(&place, field, fields, depth, faults);
    }
}

fn one(place: &str, field: &Field, beside: &[Field], depth: usize, faults: &mut Vec<Fault>) {
    if depth > MAX_DEPTH {
        faults.push(Fault::new(place, format!("fields are nested deeper than {MAX_DEPTH}")));
        return;
    }
    let mut fault = |part: &str, message: String| faults.push(Fault::new(format!("{place}.{part}"), message));
    let is_text = matches!(field.field_type(), FieldType::String(_));
    if field.is_secret() && !is_text {
        fault("secret", "only a string can be a secret".to_owned());
    }
    limits(field, &mut fault);
    if let Some(default) = field.default() {
        if field.is_secret() {
            fault("default", "a secret has no default: whoever reads the metadata would see it".to_owned());
        } else {
            let all = check::value(field, default);
            all.into_iter().for_each(|wrong| fault("default", wrong.to_string()));
        }
    }
    choices(field, beside, &mut fault);
    match field.field_type() {
        FieldType::Object(fields) => members(place, fields, depth + 1, faults),
        FieldType::Array(element) => one(&format!("{place}[]"), element, &[], depth + 1, faults),
        _ => {}
    }
}

fn limits(field: &Field, fault: &mut impl FnMut(&str, String)) {
    let is_number = matches!(field.field_type(), FieldType::Integer | FieldType::Number);
    for (part, bound) in [("minimum", field.minimum()), ("maximum", field.maximum())] {
        let Some(bound) = bound else { continue };
        if !is_number {
            fault(part, "only a number has one".to_owned());
        } else if !bound.is_finite() {
            fault(part, format!("{bound} is not a finite number"));
        } else if field.field_type() == &FieldType::Integer && !is_whole(bound) {
            fault(part, format!("{bound} is not a whole number below 2^53"));
        }
    }
    if let (Some(minimum), Some(maximum)) = (field.minimum(), field.maximum())
        && minimum > maximum
    {
        fault("minimum", format!("{minimum} is above the maximum {maximum}"));
    }
    let has_length = matches!(field.field_type(), FieldType::String(_) | FieldType::Array(_));
    for (part, length) in [("minLength", field.min_length()), ("maxLength", field.max_length())] {
        if length.is_some() && !has_length {
            fault(part, "only a string or an array has one".to_owned());
        }
    }
    if let (Some(least), Some(most)) = (field.min_length(), field.max_length())
        && least > most
    {
        fault("minLength", format!("{least} is above the maximum {most}"));
    }
}

fn choices(field: &Field, beside: &[Field], fault: &mut impl FnMut(&str, String)) {
    let is_simple = !matches!(field.field_type(), FieldType::Object(_) | FieldType::Array(_));
    match field.choices() {
        None => {}
        Some(_) if !is_simple => fault("choices", "an object or an array has none".to_owned()),
        Some(_) if field.is_secret() => fault("choices", "a secret has none".to_owned()),
        Some(Choices::Static(choices)) => {
            if choices.is_empty() {
                fault("choices", "there are none".to_owned());
            }
            for (at, choice) in choices.iter().enumerate() {
                let plain = Field::new(field.name(), field.field_type().clone());
                for wrong in check::value(&plain, choice.value()) {
                    fault(&format!("choices[{at}]"), wrong.to_string());
                }
                if choices[..at].iter().any(|other| check::same(other.value(), choice.value())) {
                    fault(&format!("choices[{at}]"), format!("{} is there twice", short(choice.value())));
                }
            }
        }
        Some(Choices::Dynamic(dynamic)) => {
            if dynamic.list().is_empty() {
                fault("choices", "the list has no name".to_owned());
            }
            for (parameter, source) in dynamic.parameters() {
                if source == field.name() || beside.iter().all(|other| other.name() != source) {
                    let source = shown(source);
                    fault("choices", format!("{parameter}: {source:?} is no other field beside this one"));
                }
            }
        }
    }
}

fn short(value: &Value) -> String {
    shown(&value.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::DynamicChoices;
    use super::*;

    fn paths(metadata: &Metadata) -> Vec<String> {
        faults(metadata).iter().map(|fault| fault.path().to_owned()).collect()
    }

    fn field(field: Field) -> Vec<String> {
        let faults = faults(&Metadata::new("a").with_input(field));
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_is_letters_and_digits() {
        for name in ["a", "postNote", "PostV2", &"a".repeat(64)] {
            assert_eq!(paths(&Metadata::new(name)), [""; 0], "{name}");
        }
        for name in ["", "1a", "post note", "post.note", "post_note", "é", "a\n", &"a".repeat(65)] {
            assert_eq!(paths(&Metadata::new(name)), ["name"], "{name}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_told_with_its_place() {
        for (wrong, expected) in [
            (
                Field::string(""),
                "input[\"\"]: the name is not one to 128 ASCII letters, digits and _ - $ @ .",
            ),
            (
                Field::string("a b"),
                "input[\"a b\"]: the name is not one to 128 ASCII letters, digits and _ - $ @ .",
            ),
            (Field::integer("n").with_secret(true), "input.n.secret: only a string can be a secret"),
            (Field::string("n").with_minimum(1.0), "input.n.minimum: only a number has one"),
            (Field::number("n").with_maximum(f64::NAN), "input.n.maximum: NaN is not a finite number"),
            (Field::integer("n").with_minimum(0.5), "input.n.minimum: 0.5 is not a whole number below 2^53"),
            (Field::number("n").with_range(2.0, 1.0), "input.n.minimum: 2 is above the maximum 1"),
            (Field::number("n").with_min_length(1), "input.n.minLength: only a string or an array has one"),
            (
                Field::string("n").with_min_length(2).with_max_length(1),
                "input.n.minLength: 2 is above the maximum 1",
            ),
            (Field::integer("n").with_default("1"), "input.n.default: \"1\" is not a whole number"),
            (
                Field::string("n").with_choices(["a"]).with_default("b"),
                "input.n.default: \"b\" is not one of \"a\"",
            ),
            (Field::object("n", []).with_choices(["a"]), "input.n.choices: an object or an array has none"),
            (Field::secret("n").with_choices(["a"]), "input.n.choices: a secret has none"),
            (Field::string("n").with_choices([""; 0]), "input.n.choices: there are none"),
            (Field::integer("n").with_choices([1.5]), "input.n.choices[0]: 1.5 is not a whole number"),
            (
                Field::number("n").with_choices([json!(1), json!(1.0)]),
                "input.n.choices[1]: 1.0 is there twice",
            ),
            (Field::string("n").with_dynamic_choices(""), "input.n.choices: the list has no name"),
            (
                Field::string("n").with_dynamic_choices(DynamicChoices::new("l").with_parameter("p", "n")),
                "input.n.choices: p: \"n\" is no other field beside this one",
            ),
            (
                Field::array("n", Field::object("e", [Field::integer("m").with_default(true)])),
                "input.n[].m.default: true is not a whole number",
            ),
        ] {
            assert_eq!(field(wrong), [expected]);
        }
        let secret = field(Field::secret("n").with_default("KEY")).join("");
        assert!(secret.starts_with("input.n.default: ") && !secret.contains("KEY"), "{secret}");
    }

    #[test]
    fn two_fields_of_one_name_and_samples_that_do_not_fit_are_told() {
        let metadata = Metadata::new("a")
            .with_input(Field::string("x").with_required(true))
            .with_input(Field::string("x"))
            .with_output(Field::integer("y").with_required(true))
            .with_sample(json!({"x": 1}), json!({"y": 1}))
            .with_sample(json!({"x": "1"}), json!(null));
        assert_eq!(
            paths(&metadata),
            ["input.x", "samples[0].input.x", "samples[0].input.x", "samples[1].output.y"]
        );
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| (0..depth).fold(Field::string("x"), |field, _| Field::array("x", field));
        assert_eq!(field(nested(15)), [""; 0]);
        assert_eq!(field(nested(40)).len(), 1);
    }
}
